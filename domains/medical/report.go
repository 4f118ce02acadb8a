package medical

import (
	"regexp"
	"slices"
	"strings"

	"adapt/ingest"
)

// A span is a range of byte offsets in a document's text.
type span struct{ start, end int }

// A report is a document cut into its parts.
type report struct {
	doc   *ingest.Document
	parts map[part]span
	// sections are in order, apart and cover the text; empty where the format
	// declares findings and impression.
	sections []section
}

// readReport finds the parts of a document: the sections that its format
// declares, else those under headings in its text.
func readReport(doc *ingest.Document) report {
	r := report{doc: doc, parts: map[part]span{}}
	for _, s := range doc.Sections {
		if s.Start < 0 || s.End > len(doc.Text) || s.Start > s.End {
			continue
		}
		if p, ok := headings[strings.ToLower(strings.TrimSpace(s.Name))]; ok {
			r.set(settled(p), span{s.Start, s.End})
		}
	}
	declared := len(r.parts) > 0
	// A field that holds the whole report under headings ("report" or
	// "narrative") gives way to the headings within it.
	r.narrow()
	if !r.has(partFindings) || !r.has(partImpression) {
		r.sections = sections(doc.Text, doc.Blocks)
		r.choose(declared)
	}
	return r
}

// settled is the part of a declared field, whose name stands for itself.
func settled(p part) part {
	switch p {
	case partBody, partViews:
		return partFindings
	case partReading:
		return partImpression
	}
	return p
}

// set keeps the first range of a part that holds words.
func (r report) set(p part, s span) {
	s = trim(r.doc.Text, s)
	if _, ok := r.parts[p]; !ok && s.start < s.end {
		r.parts[p] = s
	}
}

// choose takes the parts from the sections: the first of each with words, but
// the findings of several regions up to the one impression that follows them.
// What has the plain names goes before what can be meant by others.
func (r report) choose(declared bool) {
	first := func(want, as part) {
		for _, s := range r.sections {
			if s.part == want {
				r.set(as, span{s.body, s.end})
			}
		}
	}
	for _, p := range []part{partIndication, partComparison, partTechnique, partImpression} {
		first(p, p)
	}
	r.regions()
	if r.has(partFindings) {
		first(partReading, partImpression)
	} else {
		first(partBody, partFindings)
		first(partViews, partFindings)
	}
	if r.has(partImpression) {
		if !r.has(partFindings) {
			first(partReading, partFindings)
		}
		if !r.has(partFindings) && !declared {
			r.unheaded()
		}
	} else {
		first(partReading, partImpression)
	}
	for _, s := range r.sections {
		if s.part == partViews && r.parts[partFindings] != trim(r.doc.Text, span{s.body, s.end}) {
			r.set(partTechnique, span{s.body, s.end})
		}
	}
}

// regions sets the findings: the first section of findings, and those after it
// that the same impression follows ("CHEST FINDINGS … ABDOMEN FINDINGS …
// IMPRESSION").
func (r report) regions() {
	var f span
	found := false
	for _, s := range r.sections {
		body := trim(r.doc.Text, span{s.body, s.end})
		switch {
		case body.start >= body.end:
		case s.part == partFindings && !found:
			f, found = body, true
		case s.part == partFindings:
			f.end = body.end
		case s.part == partImpression && found:
			r.set(partFindings, f)
			return
		}
	}
	if found {
		r.set(partFindings, f)
	}
}

// leastFindings is how many words make a paragraph without a heading findings.
const leastFindings = 8

// unheaded looks for findings without a heading: the paragraphs before the
// impression that follow the first one under another heading, or that follow
// none at all.
func (r report) unheaded() {
	last := slices.IndexFunc(r.sections, func(s section) bool { return s.part == partImpression })
	for i := last - 1; i >= 0; i-- {
		s := r.sections[i]
		start := s.body
		switch s.part {
		case partIndication, partComparison, partTechnique, partViews:
			blank := blankLineIn.FindStringIndex(r.doc.Text[start:s.end])
			if blank == nil {
				continue
			}
			start += blank[1]
		case partOther:
			if s.body > s.start {
				continue
			}
		default:
			continue
		}
		if len(strings.Fields(r.doc.Text[start:s.end])) >= leastFindings {
			r.set(partFindings, span{start, s.end})
			return
		}
	}
}

var blankLineIn = regexp.MustCompile(`\n[ \t\r]*\n`)

// narrow replaces a findings section that itself has headings.
func (r report) narrow() {
	f, ok := r.parts[partFindings]
	if !ok {
		return
	}
	for _, h := range sections(r.doc.Text[f.start:f.end], nil) {
		s := trim(r.doc.Text, span{f.start + h.body, f.start + h.end})
		if s.start >= s.end || h.body == h.start {
			continue
		}
		switch h.part {
		case partFindings:
			r.parts[partFindings] = s
		case partIndication, partComparison, partTechnique, partImpression:
			if _, ok := r.parts[h.part]; !ok {
				r.parts[h.part] = s
			}
		}
	}
	if i, ok := r.parts[partImpression]; ok {
		if f = r.parts[partFindings]; i.start > f.start && i.start < f.end {
			// The heading is no part of the findings either.
			for _, h := range sections(r.doc.Text[f.start:f.end], nil) {
				if h.part == partImpression {
					r.parts[partFindings] = trim(r.doc.Text, span{f.start, f.start + h.start})
					return
				}
			}
			r.parts[partFindings] = trim(r.doc.Text, span{f.start, i.start})
		}
	}
}

func (r report) has(p part) bool {
	_, ok := r.parts[p]
	return ok
}

// text returns the words of a part, "" where there is none.
func (r report) text(p part) string {
	s := r.parts[p]
	return r.doc.Text[s.start:s.end]
}

// spoken returns the findings and the impression, of every study where the
// report holds several, or the whole text where it has neither.
func (r report) spoken() string {
	var out []string
	chosen := []span{}
	for _, p := range []part{partFindings, partImpression} {
		if r.has(p) {
			out, chosen = append(out, r.text(p)), append(chosen, r.parts[p])
		}
	}
	if len(out) == 0 {
		return r.doc.Text
	}
	for _, s := range r.sections {
		switch s.part {
		case partFindings, partImpression, partAddendum:
		default:
			continue
		}
		body := trim(r.doc.Text, span{s.body, s.end})
		if !slices.ContainsFunc(chosen, func(c span) bool { return body.start < c.end && c.start < body.end }) {
			out = append(out, r.doc.Text[body.start:body.end])
		}
	}
	return strings.Join(out, "\n\n")
}

func trim(text string, s span) span {
	t := text[s.start:s.end]
	s.start += len(t) - len(strings.TrimLeft(t, " \t\r\n\f\v"))
	return span{s.start, max(s.start, s.end-(len(t)-len(strings.TrimRight(t, " \t\r\n\f\v"))))}
}

// collapse makes every run of white space one space.
func collapse(s string) string { return strings.Join(strings.Fields(s), " ") }
