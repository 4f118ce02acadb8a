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

// A section is a range of a report under one heading, with the heading.
type section struct {
	part part
	span
	body int // where the heading ends
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
	for i, s := range r.sections {
		if s.part == partImpression {
			end := s.start
			for j := i - 1; j >= 0; j-- {
				from := r.sections[j]
				start := from.body
				switch from.part {
				case partIndication, partComparison, partTechnique, partViews:
					blank := blankLineIn.FindStringIndex(r.doc.Text[start:end])
					if blank == nil {
						continue
					}
					start += blank[1]
				case partOther:
					if from.body > from.start {
						continue
					}
				default:
					continue
				}
				if len(strings.Fields(r.doc.Text[start:end])) >= leastFindings {
					r.set(partFindings, span{start, min(end, from.end)})
					return
				}
			}
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

func trim(text string, s span) span {
	t := text[s.start:s.end]
	s.start += len(t) - len(strings.TrimLeft(t, " \t\r\n\f\v"))
	return span{s.start, max(s.start, s.end-(len(t)-len(strings.TrimRight(t, " \t\r\n\f\v"))))}
}

// opening is what may stand before a heading in its line: marks of Markdown,
// brackets and numbers.
const opening = `[ \t>*#_=<\[(•]*(?:(?:\d{1,2}|[IVX]{1,4})[.)][ \t]*)?[*_]*`

var (
	// headingLine matches a heading at the beginning of a line, with its mark: a
	// colon, a dash, or nothing else in the line.
	headingLine = regexp.MustCompile(`(?m)^` + opening + `([A-Za-z][A-Za-z/&'’.]*(?:[ \t]+[A-Za-z/&'’.]+){0,11}?)[ \t]*(\([^()\n]{0,40}\))?[ \t*_=>\])]*(:|：|;|[ \t]-+[ \t]|[ \t]?[–—][ \t]?|-+[ \t]|\t|\r?$)[ \t*_=]*`)
	// headingCaps matches a heading in capitals before the text of its line.
	headingCaps = regexp.MustCompile(`(?m)^` + opening + `([A-Z]{4,}(?:[ /&]+[A-Z]+){0,3})[ \t*_]+`)
	// headingInline matches a heading within a line, after a sentence or a gap.
	headingInline = regexp.MustCompile(`(?:[.!?;)\]][ \t*_]*|[ \t]{2,}[*_]*)([A-Z][A-Za-z/&]+(?:[ \t]+[A-Za-z/&]+){0,4})[ \t*_]*[:：][ \t*_]*`)
	// headingCapsInline matches one in capitals within a line, without a mark.
	headingCapsInline = regexp.MustCompile(`[.!?;][ \t*_]+([A-Z]{7,}(?:[ /&]+[A-Z]{3,}){0,2})[ \t*_]+`)
	// headingViews matches the names of views: "CHEST, TWO VIEWS:".
	headingViews = regexp.MustCompile(`(?m)^` + opening + `([A-Za-z0-9][A-Za-z0-9 ,/()&-]{1,80}):[ \t*_]*`)
	// ruleLine is a line of marks: under a heading, or between two parts.
	ruleLine = regexp.MustCompile(`(?m)^[ \t]*[-_=*~]{3,}[ \t\r]*$`)
)

// trailer matches the beginning of a line that ends a report without being a
// heading.
var trailer = regexp.MustCompile(`(?im)^[ \t]*[\[(]?(?:(?:electronically |digitally )?signed\b|(?:dictated|transcribed|reported|interpreted|read|verified|reviewed|approved)(?:, | and )?(?:by|but|on)?\b[^\n]*(?:\bdr\b|\bm\.?d\b|read|\[name\])|(?:results|findings|these findings|critical results?)(?: were| was)? (?:telephoned|called|communicated|discussed|conveyed)\b|end of (?:report|impression)|original report\b|final report\b[ \t]*$)`)

// A cut is where a section begins.
type cut struct {
	part       part
	head, body int
}

// sections cuts a text at the headings that it knows and at the headings among
// its blocks. Any other heading ("LUNGS:") belongs to the section that it
// stands in. The sections cover the text: what stands before the first heading
// is one too.
func sections(text string, blocks []ingest.Block) []section {
	cuts := append(lineCuts(text), blockCuts(text, blocks)...)
	for _, m := range trailer.FindAllStringIndex(text, -1) {
		cuts = append(cuts, cut{partOther, m[0], m[0]})
	}
	slices.SortStableFunc(cuts, func(a, b cut) int { return a.head - b.head })
	cuts = titles(text, rules(text, apart(cuts)))
	var out []section
	if len(cuts) == 0 || cuts[0].head > 0 {
		cuts = append([]cut{{partOther, 0, 0}}, cuts...)
	}
	amending := false
	for i, c := range cuts {
		end := len(text)
		if i+1 < len(cuts) {
			end = cuts[i+1].head
		}
		p := c.part
		// An addendum may have headings of its own up to the report itself.
		switch {
		case p == partAddendum:
			amending = true
		case p == partFindings || p == partTechnique || p == partIndication || p == partOther && c.body == c.head:
			amending = false
		case amending && (p == partImpression || p == partReading || p == partBody):
			p = partAddendum
		}
		out = append(out, section{p, span{c.head, end}, min(c.body, end)})
	}
	return out
}

// lineCuts finds the headings in the lines of a text.
func lineCuts(text string) []cut {
	var cuts []cut
	add := func(re *regexp.Regexp, find func(words string, m []int) (part, bool), inline bool) {
		for _, m := range re.FindAllStringSubmatchIndex(text, -1) {
			p, ok := find(text[m[2]:m[3]], m)
			if !ok {
				continue
			}
			head := m[0] // with the marks before it
			if inline {
				head = m[2] // what stands before it ends a sentence
			}
			cuts = append(cuts, cut{p, head, m[1]})
		}
	}
	add(headingLine, func(words string, m []int) (part, bool) {
		mark := strings.TrimSpace(text[m[6]:m[7]])
		p, ok := headingPart(words, mark == ":" || mark == "：" || capitals(words))
		if ok && mark == "" && !strings.HasSuffix(text[m[6]:m[7]], "\t") && weak(p) && !capitals(words) && text[m[2]] == text[m[0]] {
			return "", false // "Report" alone in a line is a word like others
		}
		return p, ok
	}, false)
	add(headingCaps, func(words string, _ []int) (part, bool) {
		p, ok := headingPart(words, true)
		return p, ok && !weak(p)
	}, false)
	add(headingInline, func(words string, _ []int) (part, bool) { return headingPart(words, true) }, true)
	add(headingCapsInline, func(words string, _ []int) (part, bool) {
		p, ok := headingPart(words, true)
		return p, ok && !weak(p)
	}, true)
	add(headingViews, func(words string, _ []int) (part, bool) { return partViews, namesViews(words) }, false)
	return cuts
}

// weak parts have headings that are words of a sentence as well.
func weak(p part) bool {
	return p == partBody || p == partReading || p == partOther || p == partComparison
}

func capitals(s string) bool { return s == strings.ToUpper(s) }

// blockCuts finds the headings that the format marks.
func blockCuts(text string, blocks []ingest.Block) []cut {
	var cuts []cut
	for _, b := range blocks {
		if b.Kind != ingest.BlockHeading || b.Start < 0 || b.End > len(text) || b.Start >= b.End || b.End-b.Start > 80 {
			continue
		}
		if p, ok := headingPart(strings.TrimPrefix(text[b.Start:b.End], b.Label), true); ok {
			cuts = append(cuts, cut{p, b.Start, b.End})
		}
	}
	return cuts
}

// apart drops the cuts that begin within the heading of another one; of those
// that begin together the one with the most words of heading stays.
func apart(cuts []cut) []cut {
	var out []cut
	for _, c := range cuts {
		if n := len(out); n > 0 && c.head < max(out[n-1].body, out[n-1].head+1) {
			if c.head == out[n-1].head && c.body > out[n-1].body {
				out[n-1] = c
			}
			continue
		}
		out = append(out, c)
	}
	return out
}

// rules moves the beginning of a section's words behind a line of marks under
// its heading, and ends an impression at a line of marks within it.
func rules(text string, cuts []cut) []cut {
	var out []cut
	lines := ruleLine.FindAllStringIndex(text, -1)
	for i, c := range cuts {
		end := len(text)
		if i+1 < len(cuts) {
			end = cuts[i+1].head
		}
		out = append(out, c)
		for ; len(lines) > 0 && lines[0][1] <= end; lines = lines[1:] {
			l := lines[0]
			switch {
			case l[0] < c.body:
			case strings.TrimSpace(text[c.body:l[0]]) == "":
				out[len(out)-1].body = l[1]
				c.body = l[1]
			case c.part == partImpression:
				out = append(out, cut{partOther, l[0], l[1]})
				c.part = partOther
			}
		}
	}
	return out
}

// titles ends an impression before the title of the next study: a line in
// capitals right above the headings of another report.
func titles(text string, cuts []cut) []cut {
	var out []cut
	for i, c := range cuts {
		out = append(out, c)
		if c.part != partImpression || i+1 >= len(cuts) {
			continue
		}
		switch cuts[i+1].part {
		case partFindings, partTechnique, partIndication, partComparison, partViews, partBody:
		default:
			continue
		}
		body := strings.TrimRight(text[c.body:cuts[i+1].head], " \t\r\n")
		at := strings.LastIndexByte(body, '\n') + 1
		line := strings.TrimSpace(body[at:])
		if at > 0 && len(line) > 2 && len(line) <= 60 && capitals(line) && !strings.ContainsAny(line, ".;") && strings.ToLower(line) != line {
			out = append(out, cut{partOther, c.body + at, c.body + at})
		}
	}
	return out
}

// collapse makes every run of white space one space.
func collapse(s string) string { return strings.Join(strings.Fields(s), " ") }
