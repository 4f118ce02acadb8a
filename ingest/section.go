package ingest

import (
	"slices"
	"strings"
)

// A textBuilder writes a document of named parts: "FINDINGS: …", parts apart
// by an empty line, and keeps the ranges of the parts as sections.
type textBuilder struct {
	text     strings.Builder
	sections []Section
}

// add appends a named part. Its section is the text without the heading; an
// empty name adds text without heading and section.
func (b *textBuilder) add(name, text string) {
	text = strings.TrimSpace(text)
	if text == "" {
		return
	}
	if b.text.Len() > 0 {
		b.text.WriteString("\n\n")
	}
	if name != "" && name != "text" {
		b.text.WriteString(strings.ToUpper(name) + ": ")
	}
	start := b.text.Len()
	b.text.WriteString(text)
	if name != "" {
		b.sections = append(b.sections, Section{Name: name, Start: start, End: b.text.Len()})
	}
}

// part returns what was written.
func (b *textBuilder) part(index int, key string) part {
	return part{Index: index, Key: key, Text: b.text.String(), Sections: b.sections}
}

// sectionNames are the parts of a report, with the words that name them in
// columns, observation names and codes.
var sectionNames = []struct {
	name  string
	words []string
}{
	{"findings", []string{"findings", "finding", "gdt"}},
	{"impression", []string{"impression", "impressions", "conclusion", "conclusions", "imp"}},
	{"indication", []string{"indication", "indications", "history", "reason"}},
	{"comparison", []string{"comparison", "comparisons"}},
	{"technique", []string{"technique"}},
}

// sectionName returns the section that a name speaks of, or "".
func sectionName(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return r < 'a' || r > 'z'
	})
	for _, s := range sectionNames {
		for _, w := range s.words {
			if slices.Contains(words, w) {
				return s.name
			}
		}
	}
	return ""
}
