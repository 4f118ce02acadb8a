package ingest

import (
	"cmp"
	"slices"
	"strings"
)

// dicomReport makes the text of a structured report's content tree: containers
// are headings, their items paragraphs "name: value". Who observed what, which
// names people, is left out, and so are references to images.
func dicomReport(set *dicomSet) (part, error) {
	r := srWriter{charset: set.charset}
	if err := r.item(set, 1, ""); err != nil {
		return part{}, err
	}
	p := r.out.part()
	if p.Text == "" || len(r.sections)+r.values == 0 {
		return part{}, quarantine(ReasonNoText, "the structured report holds no text, code or number; leave it out")
	}
	p.Sections = r.sections
	meta := map[string]string{"modality": "SR"}
	if flag := set.ascii(tagCompletion); flag == "COMPLETE" || flag == "PARTIAL" {
		meta["completion"] = strings.ToLower(flag)
	}
	if flag := set.ascii(tagVerification); flag == "VERIFIED" || flag == "UNVERIFIED" {
		meta["verification"] = strings.ToLower(flag)
	}
	p.Meta = meta
	return p, nil
}

type srWriter struct {
	out      blockText
	sections []Section
	charset  string
	values   int
}

// item writes an item of the tree and the items under it. The parser bounds
// the depth.
func (w *srWriter) item(s *dicomSet, level int, section string) error {
	name, err := w.code(s, tagConceptName)
	if err != nil {
		return err
	}
	kind := s.ascii(tagValueType)
	inner := cmp.Or(sectionName(name), section)
	from := -1
	if kind == "CONTAINER" || kind == "" && level == 1 {
		w.out.add(emptyLineGap, Block{Kind: BlockHeading, Level: level}, name)
		if inner != section {
			from = w.out.text.Len()
		}
	} else {
		value, err := w.value(s, kind)
		if err != nil {
			return err
		}
		if value != "" {
			w.line(name, value, section)
		}
	}
	for _, child := range s.items[tagContent] {
		switch relation := child.ascii(tagRelationship); {
		case relation == "HAS OBS CONTEXT" || relation == "SELECTED FROM":
		case relation == "HAS CONCEPT MOD" && level == 1: // the language
		default:
			if err := w.item(child, level+1, inner); err != nil {
				return err
			}
		}
	}
	if from >= 0 {
		w.section(inner, from)
	}
	return nil
}

// line writes a value under its name, which is left out where the section it
// stands in says the same.
func (w *srWriter) line(name, value, section string) {
	w.values++
	own := sectionName(name)
	label := name + ": "
	if name == "" || own != "" && own == section {
		label = ""
	}
	g := lineGap
	if own != "" && own != section {
		g = emptyLineGap
	}
	w.out.add(g, Block{Kind: BlockParagraph}, label+value)
	if own != "" && own != section {
		w.section(own, w.out.text.Len()-len(strings.TrimRight(value, " \t\n")))
	}
}

// section names the text from an offset to the end of what is written.
func (w *srWriter) section(name string, from int) {
	text := w.out.text.String()
	start, end := trimSpan(text, from, len(text))
	if start < end {
		w.sections = append(w.sections, Section{Name: name, Start: start, End: end})
		slices.SortStableFunc(w.sections, func(a, b Section) int { return a.Start - b.Start })
	}
}

// value returns the value of an item that has one.
func (w *srWriter) value(s *dicomSet, kind string) (string, error) {
	switch kind {
	case "TEXT":
		return w.text(s, tagText)
	case "CODE":
		return w.code(s, tagConceptCode)
	case "NUM":
		if m := s.first(tagMeasured); m != nil {
			unit, err := w.code(m, tagUnits)
			return strings.TrimSpace(m.ascii(tagNumeric) + " " + strings.TrimPrefix(unit, "no units")), err
		}
	case "DATE":
		return s.ascii(tagDate), nil
	case "TIME":
		return s.ascii(tagTime), nil
	case "DATETIME":
		return s.ascii(tagDateTime), nil
	case "PNAME":
		name, err := w.text(s, tagPersonName)
		return strings.TrimSpace(strings.ReplaceAll(name, "^", " ")), err
	}
	return "", nil
}

// code returns the meaning of a code, else the code.
func (w *srWriter) code(s *dicomSet, tag dicomTag) (string, error) {
	c := s.first(tag)
	if c == nil {
		return "", nil
	}
	meaning, err := w.text(c, tagCodeMeaning)
	return cmp.Or(meaning, c.ascii(tagCodeValue)), err
}

func (w *srWriter) text(s *dicomSet, tag dicomTag) (string, error) {
	text, err := dicomText(s.values[tag], w.charset)
	return strings.TrimSpace(text), err
}

// dicomText decodes a value. Escapes that only switch to the second set of an
// encoding vanish.
func dicomText(value []byte, charset string) (string, error) {
	s := strings.TrimRight(string(value), " \x00")
	s = strings.NewReplacer("\x1b$)C", "", "\x1b$)A", "").Replace(s)
	text, _, err := decodeDeclared([]byte(s), charset)
	return text, err
}

// patient keeps the identifier and the names that the object declares.
func (s *dicomSet) patient(p *part) {
	text := func(tag dicomTag) string {
		t, err := dicomText(s.values[tag], s.charset)
		if err != nil {
			return ""
		}
		return strings.TrimSpace(t)
	}
	p.Subject = text(tagPatientID)
	for _, tag := range []dicomTag{tagOtherIDs, tagAddress, tagPhones} {
		p.Known = append(p.Known, strings.Split(text(tag), `\`)...)
	}
	for _, tag := range []dicomTag{tagPatientName, tagOtherNames, tagBirthName, tagMotherName} {
		// Up to three spellings apart by "=", each of components apart by "^".
		for name := range strings.FieldsFuncSeq(text(tag), func(r rune) bool { return r == '=' || r == '\\' }) {
			components := strings.Split(name, "^")
			p.Known = append(p.Known, components...)
			if len(components) > 1 {
				given := strings.TrimSpace(strings.Join(components[1:min(len(components), 3)], " "))
				p.Known = append(p.Known, given+" "+components[0], components[0]+" "+given)
			}
		}
	}
}
