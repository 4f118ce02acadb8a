package label

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// maxLine bounds one line of a gold file. Long contracts have lines of some
// hundred kilobytes.
const maxLine = 64 << 20

// LoadGold reads annotations. The format is recognized by content:
//
//   - gold.jsonl, one [Gold] a line;
//   - CUAD's clauses.jsonl, one (contract_id, category, answers) a line, where
//     no answers mean that the category is absent;
//   - CUAD's SQuAD form, one JSON object with "data".
//
// Errors name the line and never quote the file's text.
func LoadGold(path string) ([]Gold, error) {
	f, err := os.Open(path)
	if err != nil {
		var pe *os.PathError
		if errors.As(err, &pe) {
			err = pe.Err // the path may name people
		}
		return nil, fmt.Errorf("label: opening the gold file: %w; check label.gold in adapt.yaml", err)
	}
	defer f.Close()
	return ReadGold(f)
}

// ReadGold is LoadGold for an open file.
func ReadGold(r io.Reader) ([]Gold, error) {
	br := bufio.NewReaderSize(r, 1<<16)
	if bom, _ := br.Peek(3); bytes.Equal(bom, []byte("\ufeff")) {
		br.Discard(3)
	}
	first, err := peekKeys(br)
	if err != nil {
		return nil, err
	}
	switch {
	case first["data"]:
		return readSquad(br)
	case first["contract_id"]:
		return readLines(br, clauseLine)
	case first["key"]:
		return readLines(br, goldLine)
	}
	return nil, errors.New(`label: the gold file is in no known format; line 1 should be an object with "key" (gold.jsonl), "contract_id" (CUAD clauses.jsonl) or "data" (SQuAD form)`)
}

// peekKeys returns the names of the first JSON object's leading fields,
// without consuming anything.
func peekKeys(br *bufio.Reader) (map[string]bool, error) {
	head, err := br.Peek(1 << 16)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("label: reading the gold file: %w", err)
	}
	if len(bytes.TrimSpace(head)) == 0 {
		return nil, errors.New("label: the gold file is empty; remove it or set label.gold to none")
	}
	keys := map[string]bool{}
	dec := json.NewDecoder(bytes.NewReader(head))
	depth, key := 0, false
	for {
		t, err := dec.Token()
		if err != nil {
			return keys, nil // cut at the peeked size, or malformed: reading will say where
		}
		switch t := t.(type) {
		case json.Delim:
			switch t {
			case '{', '[':
				depth++
			default:
				depth--
			}
			if depth == 0 {
				return keys, nil
			}
			key = depth == 1
		case string:
			if depth == 1 && key {
				keys[t] = true
				key = false
				continue
			}
			key = depth == 1
		default:
			key = depth == 1
		}
	}
}

func readLines(br *bufio.Reader, parse func(line []byte) ([]Gold, error)) ([]Gold, error) {
	var gold []Gold
	sc := bufio.NewScanner(br)
	sc.Buffer(make([]byte, 1<<16), maxLine)
	n := 0
	for sc.Scan() {
		n++
		line := bytes.TrimSpace(sc.Bytes())
		if len(line) == 0 {
			continue
		}
		if !utf8.Valid(line) {
			return nil, fmt.Errorf("label: gold line %d is not UTF-8; save the file as UTF-8", n)
		}
		g, err := parse(line)
		if err != nil {
			return nil, fmt.Errorf("label: gold line %d: %w", n, err)
		}
		gold = append(gold, g...)
	}
	if err := sc.Err(); err != nil {
		return nil, fmt.Errorf("label: gold line %d: %w", n+1, err)
	}
	return gold, nil
}

func goldLine(line []byte) ([]Gold, error) {
	var g Gold
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&g); err != nil {
		return nil, jsonProblem(err)
	}
	if dec.More() {
		return nil, errors.New("more than one JSON value; write one annotation a line")
	}
	switch {
	case g.Key == "":
		return nil, errors.New(`"key" is missing; it names the document, as its file does without the extension`)
	case g.Category == "":
		return nil, errors.New(`"category" is missing`)
	case g.Absent && g.Text != "":
		return nil, errors.New(`"absent" and "text" exclude each other`)
	case !g.Absent && g.Text == "" && len(g.Attrs) == 0:
		return nil, errors.New(`"text" is empty; give the quote, or "absent": true`)
	case g.Start < 0:
		return nil, errors.New(`"start" is negative`)
	}
	return []Gold{g}, nil
}

// clause is a line of CUAD's clauses.jsonl. Offsets in code points are of no
// use here: byte_start is taken.
type clause struct {
	Contract string `json:"contract_id"`
	Category string `json:"category"`
	Answers  *[]struct {
		Text      string `json:"text"`
		ByteStart int    `json:"byte_start"`
	} `json:"answers"`
}

func clauseLine(line []byte) ([]Gold, error) {
	var c clause
	if err := json.Unmarshal(line, &c); err != nil {
		return nil, jsonProblem(err)
	}
	switch {
	case c.Contract == "":
		return nil, errors.New(`"contract_id" is missing`)
	case c.Category == "":
		return nil, errors.New(`"category" is missing`)
	case c.Answers == nil:
		return nil, errors.New(`"answers" is missing; give an empty list when the category is absent`)
	}
	if len(*c.Answers) == 0 {
		return []Gold{{Key: c.Contract, Category: c.Category, Absent: true}}, nil
	}
	var gold []Gold
	for i, a := range *c.Answers {
		if a.Text == "" || a.ByteStart < 0 {
			return nil, fmt.Errorf(`answer %d has no "text" or a negative "byte_start"`, i+1)
		}
		gold = append(gold, Gold{Key: c.Contract, Category: c.Category, Text: a.Text, Start: a.ByteStart})
	}
	return gold, nil
}

// squad is CUAD's own form: a SQuAD file with one title a contract and one
// question a category. Offsets are code points into the context.
type squad struct {
	Data []struct {
		Title      string `json:"title"`
		Paragraphs []struct {
			Context string `json:"context"`
			QAs     []struct {
				ID       string `json:"id"`
				Question string `json:"question"`
				Answers  []struct {
					Text  string `json:"text"`
					Start int    `json:"answer_start"`
				} `json:"answers"`
			} `json:"qas"`
		} `json:"paragraphs"`
	} `json:"data"`
}

func readSquad(r io.Reader) ([]Gold, error) {
	var s squad
	if err := json.NewDecoder(r).Decode(&s); err != nil {
		return nil, fmt.Errorf("label: the gold file in SQuAD form: %w", jsonProblem(err))
	}
	var gold []Gold
	for i, d := range s.Data {
		if d.Title == "" {
			return nil, fmt.Errorf(`label: the gold file in SQuAD form: entry %d of "data" has no "title"`, i+1)
		}
		before := 0 // bytes of the contexts before this one: together they are the document
		for _, p := range d.Paragraphs {
			offsets := byteOffsets(p.Context)
			for j, q := range p.QAs {
				category := squadCategory(q.ID, q.Question)
				if category == "" {
					return nil, fmt.Errorf(`label: the gold file in SQuAD form: question %d of entry %d names no category: its "id" should end in "__Category"`, j+1, i+1)
				}
				if len(q.Answers) == 0 {
					gold = append(gold, Gold{Key: d.Title, Category: category, Absent: true})
				}
				for k, a := range q.Answers {
					if a.Text == "" || a.Start < 0 || a.Start >= len(offsets) {
						return nil, fmt.Errorf("label: the gold file in SQuAD form: answer %d of question %d of entry %d lies outside its context", k+1, j+1, i+1)
					}
					gold = append(gold, Gold{Key: d.Title, Category: category, Text: a.Text, Start: before + offsets[a.Start]})
				}
			}
			before += len(p.Context)
		}
	}
	return gold, nil
}

// squadCategory reads the category off "TITLE__Category", or off the
// question, where it is quoted after "related to".
func squadCategory(id, question string) string {
	if i := strings.LastIndex(id, "__"); i >= 0 && i+2 < len(id) {
		return strings.TrimSpace(id[i+2:])
	}
	_, rest, ok := strings.Cut(question, `related to "`)
	if !ok {
		return ""
	}
	category, _, _ := strings.Cut(rest, `"`)
	return category
}

// byteOffsets maps code points to bytes.
func byteOffsets(s string) []int {
	offsets := make([]int, 0, len(s))
	for i := range s {
		offsets = append(offsets, i)
	}
	return offsets
}

// jsonProblem says what is wrong with a JSON text without quoting it.
func jsonProblem(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("not valid JSON near byte %d", syntax.Offset)
	case errors.As(err, &kind):
		return fmt.Errorf("field %q should be of another type than it is", kind.Field)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the JSON text ends too early")
	case strings.HasPrefix(err.Error(), "json: unknown field"):
		return errors.New(`a field is not one of "key", "category", "text", "start", "absent", "attrs"`)
	}
	return errors.New("not valid JSON")
}

// FindGold returns the path of gold.jsonl or clauses.jsonl in folder or its
// parent, in that order, or "" when there is none.
func FindGold(folder string) string {
	for _, dir := range []string{folder, filepath.Dir(filepath.Clean(folder))} {
		for _, name := range []string{"gold.jsonl", "clauses.jsonl"} {
			p := filepath.Join(dir, name)
			if st, err := os.Stat(p); err == nil && st.Mode().IsRegular() {
				return p
			}
		}
	}
	return ""
}

// A GoldIndex finds the annotations of a document by its key.
type GoldIndex map[string][]Gold

// Index groups annotations by document, keeping their order. A document is
// found by its whole key and by the last element of it; where two annotated
// documents share a last element, only their whole keys find them.
func Index(gold []Gold) GoldIndex {
	index := GoldIndex{}
	owner := map[string]string{} // of a last element: the one key that has it, or ""
	for _, g := range gold {
		key := canonicalKey(g.Key)
		index[key] = append(index[key], g)
		last := path.Base(key)
		if o, ok := owner[last]; ok && o != key {
			owner[last] = ""
		} else {
			owner[last] = key
		}
	}
	for last, key := range owner {
		if _, taken := index[last]; !taken && key != "" {
			index[last] = index[key]
		}
	}
	return index
}

// For returns the annotations of the document with that ingest.Document.Key,
// or nil.
func (x GoldIndex) For(key string) []Gold {
	key = canonicalKey(key)
	if g, ok := x[key]; ok {
		return g
	}
	return x[path.Base(key)]
}

// canonicalKey drops a known file extension, and tells neither blanks from
// underscores (CUAD's titles have the one, its file names the other) nor the
// two kinds of slashes.
func canonicalKey(key string) string {
	key = strings.NewReplacer(" ", "_", `\`, "/").Replace(strings.TrimSpace(key))
	switch ext := path.Ext(key); strings.ToLower(ext) {
	case ".txt", ".text", ".pdf", ".docx", ".json", ".hl7", ".csv", ".md":
		key = strings.TrimSuffix(key, ext)
	}
	return key
}
