package formats

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

const (
	// maxEntry bounds one line or entry. Long contracts take some hundred
	// kilobytes.
	maxEntry = 64 << 20
	// maxFile bounds a file that is read.
	maxFile = 1 << 30
)

// An entry is one JSON object of a file.
type entry struct {
	where string // "line 3", "entry 3"
	raw   []byte
	// kinds maps the object's fields to the first byte of their value, which
	// tells objects, lists, texts and numbers apart.
	kinds map[string]byte
}

// fail is an error about an entry.
func (e *entry) fail(format string, args ...any) error {
	return fmt.Errorf("%s: %w", e.where, fmt.Errorf(format, args...))
}

// decode decodes the entry into v, ignoring fields that v does not have.
func (e *entry) decode(v any) error {
	if err := json.Unmarshal(e.raw, v); err != nil {
		return e.fail("%w", jsonProblem(err))
	}
	return nil
}

// A form recognizes and reads the entries of one format.
type form struct {
	name string
	is   func(kinds map[string]byte) bool
	// start returns what reads the entries of one file into s, and what is
	// called after the last one, which may be nil.
	start func(s *Set) (read func(*entry) error, end func() error)
}

// has makes a form's is of fields that must be there.
func has(fields ...string) func(map[string]byte) bool {
	return func(kinds map[string]byte) bool {
		for _, f := range fields {
			if kinds[f] == 0 {
				return false
			}
		}
		return true
	}
}

// each makes a form's start of a function for one entry.
func each(read func(*Set, *entry) error) func(*Set) (func(*entry) error, func() error) {
	return func(s *Set) (func(*entry) error, func() error) {
		return func(e *entry) error { return read(s, e) }, nil
	}
}

// forms are tried in this order on the first entry of a file.
var forms []form

func init() { // the forms' functions refer to forms
	forms = []form{
		{"gold", func(k map[string]byte) bool {
			return k["key"] != 0 && k["label"] == 0 && k["labels"] == 0 && k["entities"] == 0
		}, each(readGoldLine)},
		{"cuad", has("contract_id"), each(readClause)},
		{"squad", func(k map[string]byte) bool { return k["data"] == '[' }, each(readSquad)},
		{"squad", has("context", "question", "answers"), each(readSquadRow)},
		{"label-studio", func(k map[string]byte) bool { return k["data"] == '{' }, startStudio},
		{"label-studio", has("annotation_id", "lead_time"), each(refuseStudioMin)},
		{"datasets", has("doc_id", "text", "labels"), each(readDocumentRow)},
		{"openai", has("messages"), each(readChat)},
		{"trl-preference", has("chosen", "rejected"), each(readPreference)},
		{"trl", has("prompt", "completion"), each(readTRL)},
		{"doccano", func(k map[string]byte) bool {
			return k["text"] != 0 && (k["label"] != 0 || k["labels"] != 0 || k["entities"] != 0)
		}, each(readDoccano)},
	}
}

var errUnknown = errors.New(`no known format: the first entry should be an object with "key" and "category" (gold.jsonl), ` +
	`"contract_id" (CUAD clauses.jsonl), "data" (SQuAD or Label Studio JSON), "text" with "label" or "entities" (doccano), ` +
	`"messages" (OpenAI chat), "prompt" with "completion" or "chosen" with "rejected" (TRL)`)

// Read reads a file: JSON lines, a JSON list, or one JSON object.
func Read(r io.Reader) (*Set, error) {
	s := &Set{}
	if err := readInto(s, r); err != nil {
		return nil, err
	}
	return s, nil
}

func readInto(s *Set, r io.Reader) error {
	read := reader(s)
	if err := entries(r, read.entry); err != nil {
		return err
	}
	if read.form == nil {
		return errors.New("the file is empty; remove it, or save it again from the tool that made it")
	}
	return read.end()
}

// A fileReader reads the entries of one file, whose first tells the format.
type fileReader struct {
	s     *Set
	form  *form
	read  func(*entry) error
	after func() error
}

func reader(s *Set) *fileReader { return &fileReader{s: s} }

func (r *fileReader) entry(e *entry) error {
	if r.form == nil {
		f, err := recognize(e)
		if err != nil {
			return err
		}
		if r.s.Format == "" {
			r.s.Format = f.name
		}
		r.form = &f
		r.read, r.after = f.start(r.s)
	}
	return r.read(e)
}

func (r *fileReader) end() error {
	if r.after == nil {
		return nil
	}
	return r.after()
}

func recognize(e *entry) (form, error) {
	for _, f := range forms {
		if f.is(e.kinds) {
			return f, nil
		}
	}
	return form{}, e.fail("%w", errUnknown)
}

// entries calls do for each object of a JSON list, of JSON lines, or for the
// one object that the file is.
func entries(r io.Reader, do func(*entry) error) error {
	limited := &io.LimitedReader{R: r, N: maxFile + 1}
	br := bufio.NewReaderSize(limited, 1<<16)
	if bom, _ := br.Peek(3); bytes.Equal(bom, []byte("\ufeff")) {
		br.Discard(3)
	}
	err := jsonEntries(br, do)
	if limited.N <= 0 {
		return fmt.Errorf("the file is larger than %d MB; split it", maxFile>>20)
	}
	return err
}

func jsonEntries(br *bufio.Reader, do func(*entry) error) error {
	first, err := firstByte(br)
	if err == io.EOF {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the file: %w", err)
	}
	if first == '[' {
		return listEntries(br, do)
	}
	return lineEntries(br, do)
}

// firstByte peeks at the first byte that is no white space.
func firstByte(br *bufio.Reader) (byte, error) {
	for {
		b, err := br.ReadByte()
		if err != nil {
			return 0, err
		}
		if strings.IndexByte(" \t\r\n", b) < 0 {
			return b, br.UnreadByte()
		}
	}
}

func listEntries(r io.Reader, do func(*entry) error) error {
	dec := json.NewDecoder(r)
	if _, err := dec.Token(); err != nil {
		return jsonProblem(err)
	}
	n := 0
	for dec.More() {
		n++
		var raw json.RawMessage
		e := &entry{where: fmt.Sprintf("entry %d", n)}
		if err := dec.Decode(&raw); err != nil {
			return e.fail("%w", jsonProblem(err))
		}
		e.raw = raw
		if err := one(e, do); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return fmt.Errorf("after entry %d: %w", n, jsonProblem(err))
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("something follows after the JSON list; save it again from the tool that made it")
	}
	return nil
}

// lineEntries reads JSON lines. A file that is one object over many lines is
// one entry.
func lineEntries(br *bufio.Reader, do func(*entry) error) error {
	n := 0
	for {
		n++
		line, err := readLine(br)
		if err != nil && err != io.EOF {
			return fmt.Errorf("line %d: %w", n, err)
		}
		if trimmed := bytes.TrimSpace(line); len(trimmed) > 0 {
			if n == 1 && err == nil && !json.Valid(trimmed) {
				if whole, ok := wholeObject(line, br); ok {
					return one(&entry{where: "the file", raw: whole}, do)
				}
			}
			if err := one(&entry{where: fmt.Sprintf("line %d", n), raw: trimmed}, do); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
	}
}

// readLine reads one line of any length up to maxEntry.
func readLine(br *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := br.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxEntry {
			return nil, fmt.Errorf("it has more than %d MB; write one entry a line", maxEntry>>20)
		}
		if err != bufio.ErrBufferFull {
			return line, err
		}
	}
}

// wholeObject returns what begins with line as one JSON object, where it is.
func wholeObject(line []byte, br *bufio.Reader) ([]byte, bool) {
	// A broken line of JSON lines ends with its object; an object over many
	// lines goes on.
	if t := bytes.TrimSpace(line); t[0] != '{' || t[len(t)-1] == '}' {
		return nil, false
	}
	rest, err := io.ReadAll(br)
	if err != nil {
		return nil, false
	}
	return append(line, rest...), true
}

// one checks an entry and gives it to do.
func one(e *entry, do func(*entry) error) error {
	if !utf8.Valid(e.raw) {
		return e.fail("it is not UTF-8; save the file as UTF-8")
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(e.raw, &fields); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			return e.fail("it is not a JSON object")
		}
		if dec := json.NewDecoder(bytes.NewReader(e.raw)); dec.Decode(&fields) == nil {
			return e.fail("it has more than one JSON value; write one entry a line")
		}
		return e.fail("%w", jsonProblem(err))
	}
	e.kinds = make(map[string]byte, len(fields))
	for name, raw := range fields {
		if len(raw) > 0 && raw[0] != 'n' { // null is as good as nothing
			e.kinds[name] = raw[0]
		}
	}
	return do(e)
}

// jsonProblem says what is wrong with a JSON text without quoting it.
func jsonProblem(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), err != nil && err.Error() == "unexpected end of JSON input":
		return errors.New("the JSON text ends too early")
	case errors.As(err, &syntax):
		return fmt.Errorf("not valid JSON near byte %d", syntax.Offset)
	case errors.As(err, &kind):
		return fmt.Errorf("field %q should be of another type than it is", kind.Field)
	case strings.HasPrefix(err.Error(), "json: unknown field"):
		return errors.New(`a field is not one of "key", "category", "text", "start", "absent", "attrs", "by"`)
	}
	return errors.New("not valid JSON")
}
