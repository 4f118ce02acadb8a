package formats

import (
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"adapt/label"
)

// brat keeps annotations in lines beside the text
// (https://brat.nlplab.org/standoff.html): DOC.txt and DOC.ann. Offsets are
// code points.
//
//	T1	Governing_Law 10 30;31 40	the text of the fragments, apart by blanks
//	A1	presence T1 absent
//
// Of the other lines relations, events, equivalences, normalizations and notes
// are counted and left out.

// readBrat reads every .ann file below a folder. The first folder of a path is
// the split where it is named so.
func readBrat(s *Set, dir fs.FS) error {
	s.Format = "brat"
	return fs.WalkDir(dir, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".ann" {
			return err
		}
		return readBratFile(s, dir, name)
	})
}

func readBratFile(s *Set, dir fs.FS, name string) error {
	stem := strings.TrimSuffix(name, ".ann")
	// Errors may not name the file, which may name people.
	e := &entry{where: fmt.Sprintf("document %d in the order of names", len(s.Docs)+1)}
	text, err := readSmall(dir, stem+".txt")
	if err != nil {
		return e.fail("its .txt file can not be read; brat keeps one beside each .ann")
	}
	ann, err := readSmall(dir, name)
	if err != nil {
		return e.fail("its .ann file can not be read")
	}
	if !utf8.ValidString(text) || !utf8.ValidString(ann) {
		return e.fail("it is not UTF-8; save it as UTF-8")
	}
	key, split := stem, label.Split("")
	if first, rest, ok := strings.Cut(stem, "/"); ok && (knownSplit(label.Split(first)) || first == "all") {
		key = rest
		if first != "all" {
			split = label.Split(first)
		}
	}
	d, err := s.document(e, unescapeKey(key), text, split)
	if err != nil {
		return err
	}
	labels, err := parseAnn(s, e.where, ann, text)
	for i := range labels {
		labels[i].Key = d.Key
	}
	d.Labels = append(d.Labels, labels...)
	return err
}

// readSmall reads a whole file.
func readSmall(dir fs.FS, name string) (string, error) {
	f, err := dir.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxEntry+1))
	if len(b) > maxEntry {
		err = fmt.Errorf("it has more than %d MB", maxEntry>>20)
	}
	return string(b), err
}

// parseAnn reads the lines of an .ann file. Lines end with a line feed alone:
// a label's text may hold any other character.
func parseAnn(s *Set, where, ann, text string) ([]Label, error) {
	r := newRuler(text, codePoints)
	var labels []Label
	byID := map[string]int{}
	type attr struct {
		e    *entry
		line string
	}
	var attrs []attr
	for i, line := range strings.Split(ann, "\n") {
		e := &entry{where: fmt.Sprintf("%s, line %d of the .ann file", where, i+1)}
		if strings.TrimSpace(line) == "" {
			continue
		}
		switch line[0] {
		case 'T':
			id, l, err := parseTextBound(s, e, strings.TrimSuffix(line, "\r"), r)
			if err != nil {
				return nil, err
			}
			if _, ok := byID[id]; ok {
				return nil, e.fail("its identifier was given before; number the annotations anew")
			}
			byID[id], labels = len(labels), append(labels, l)
		case 'A', 'M': // modifications were attributes in older files
			attrs = append(attrs, attr{e, strings.TrimSpace(line)})
		case 'R', '*':
			s.Notes.add(noteRelations, 1)
		case 'E', 'N', '#':
			s.Notes.add("events, normalizations and notes of brat, which are left out", 1)
		default:
			return nil, e.fail("it begins with none of T, A, M, R, E, N, # and *, as lines of brat do")
		}
	}
	for _, a := range attrs {
		if err := parseAttr(s, a.e, a.line, labels, byID); err != nil {
			return nil, err
		}
	}
	return labels, nil
}

// parseTextBound reads "T1<tab>Type 0 5;8 12<tab>text".
func parseTextBound(s *Set, e *entry, line string, r *ruler) (id string, l Label, err error) {
	bad := func() (string, Label, error) {
		return "", Label{}, e.fail("it should be an identifier, a tab, a type with offsets, a tab and the text: T1⇥Type 0 5⇥words")
	}
	id, rest, ok := strings.Cut(line, "\t")
	if !ok {
		return bad()
	}
	head, quote, _ := strings.Cut(rest, "\t")
	name, offsets, ok := strings.Cut(head, " ")
	if !ok || name == "" {
		return bad()
	}
	var parts []string
	first, last, joined := -1, -1, true
	for _, part := range strings.Split(offsets, ";") {
		from, to, ok := strings.Cut(part, " ")
		start, err1 := strconv.Atoi(from)
		end, err2 := strconv.Atoi(to)
		if !ok || err1 != nil || err2 != nil {
			return bad()
		}
		words, at, ok := r.span(start, end)
		if !ok || at < last {
			return "", Label{}, e.fail("its offsets lie outside the text or out of order; they count characters (code points) of the .txt file")
		}
		if first < 0 {
			first = at
		} else if strings.TrimFunc(r.text[last:at], unicode.IsSpace) != "" {
			joined = false
		}
		last = at + len(words)
		parts = append(parts, words)
	}
	// Trailing blanks get lost in editors; old files join fragments directly.
	if same := strings.TrimRightFunc(quote, unicode.IsSpace); quote != "" &&
		same != strings.TrimRightFunc(strings.Join(parts, " "), unicode.IsSpace) && same != strings.TrimRightFunc(strings.Join(parts, ""), unicode.IsSpace) {
		return "", Label{}, e.fail("its text is not what stands at its offsets; was the .txt file changed after it was annotated?")
	}
	if !joined {
		s.Notes.add("labels in several fragments, which are read as the whole range from the first to the last", 1)
	}
	return id, Label{Gold: label.Gold{Category: fromBratName(name), Text: r.text[first:last], Start: first}}, nil
}

// parseAttr reads "A1<tab>Name T1 value", where no value means that the
// attribute holds.
func parseAttr(s *Set, e *entry, line string, labels []Label, byID map[string]int) error {
	_, rest, ok := strings.Cut(line, "\t")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 2 || len(fields) > 3 {
		return e.fail("it should be an identifier, a tab, and an attribute's name, target and value: A1⇥Name T1 value")
	}
	i, ok := byID[fields[1]]
	switch {
	case !ok && strings.HasPrefix(fields[1], "T"):
		return e.fail("it speaks of an annotation that is not in the file")
	case !ok: // of an event or a relation
		s.Notes.add("attributes of other things than labels, which are left out", 1)
		return nil
	}
	value := "true"
	if len(fields) == 3 {
		value = fromBratName(fields[2])
	}
	l := &labels[i]
	if l.Attrs == nil {
		l.Attrs = map[string]string{}
	}
	l.Attrs[fromBratName(fields[0])] = value
	return nil
}

// Names in brat are letters, digits, hyphens and underscores. A blank is an
// underscore, any other character _xHH_ with its code point.

var bratEscape = regexp.MustCompile(`_x([0-9A-F]{2,6})_`)

func toBratName(s string) string {
	name := bratName(s, func(c rune) bool { return c == ' ' })
	if fromBratName(name) != s {
		name = bratName(s, func(rune) bool { return false })
	}
	return name
}

func bratName(s string, blank func(rune) bool) string {
	var b strings.Builder
	for _, c := range s {
		switch {
		case c < utf8.RuneSelf && (unicode.IsLetter(c) || unicode.IsDigit(c)), c == '-':
			b.WriteRune(c)
		case blank(c):
			b.WriteByte('_')
		default:
			fmt.Fprintf(&b, "_x%02X_", c)
		}
	}
	return b.String()
}

func fromBratName(name string) string {
	var b strings.Builder
	for name != "" {
		at := bratEscape.FindStringSubmatchIndex(name)
		if at == nil {
			break
		}
		b.WriteString(strings.ReplaceAll(name[:at[0]], "_", " "))
		if c, err := strconv.ParseUint(name[at[2]:at[3]], 16, 32); err == nil && utf8.ValidRune(rune(c)) {
			b.WriteRune(rune(c))
		} else {
			b.WriteString(strings.ReplaceAll(name[at[0]:at[1]], "_", " "))
		}
		name = name[at[1]:]
	}
	b.WriteString(strings.ReplaceAll(name, "_", " "))
	return b.String()
}

// A document's key is its path. What no file's name may hold, or what would
// lead elsewhere, is written as %HH.

func escapeKey(key string) string {
	parts := strings.Split(key, "/")
	for i, p := range parts {
		var b strings.Builder
		for j := range len(p) {
			c := p[j]
			if c < 0x20 || strings.IndexByte(`%\:*?"<>|`, c) >= 0 || c == '.' && (j == 0 || j == len(p)-1) || c == ' ' && j == len(p)-1 {
				fmt.Fprintf(&b, "%%%02X", c)
			} else {
				b.WriteByte(c)
			}
		}
		if p == "" {
			b.WriteString("%")
		}
		parts[i] = b.String()
	}
	return strings.Join(parts, "/")
}

var keyEscape = regexp.MustCompile(`%[0-9A-F]{2}|%`)

func unescapeKey(name string) string {
	return keyEscape.ReplaceAllStringFunc(name, func(e string) string {
		if len(e) == 1 {
			return ""
		}
		c, err := strconv.ParseUint(e[1:], 16, 8)
		if err != nil {
			return e // the pattern has digits alone
		}
		return string([]byte{byte(c)})
	})
}
