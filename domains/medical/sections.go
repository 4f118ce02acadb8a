package medical

import (
	"regexp"
	"slices"
	"strings"

	"adapt/ingest"
)

// A part of a report.
type part string

const (
	partIndication part = "indication"
	partComparison part = "comparison"
	partTechnique  part = "technique"
	partFindings   part = "findings"
	partImpression part = "impression"
	partOther      part = "other"
)

// headings gives the part that a heading begins, by its words in lower case.
var headings = map[string]part{
	"indication": partIndication, "indications": partIndication, "history": partIndication, "clinical history": partIndication,
	"clinical indication": partIndication, "clinical information": partIndication, "clinical data": partIndication, "clinical details": partIndication,
	"reason for exam": partIndication, "reason for examination": partIndication, "reason for study": partIndication, "relevant history": partIndication,
	"patient history": partIndication, "chief complaint": partIndication,

	"comparison": partComparison, "comparisons": partComparison, "comparison study": partComparison, "comparison studies": partComparison,
	"prior studies": partComparison, "prior": partComparison, "compared to": partComparison,

	"technique": partTechnique, "exam": partTechnique, "examination": partTechnique, "procedure": partTechnique, "study": partTechnique,
	"views": partTechnique, "protocol": partTechnique, "type of exam": partTechnique,

	"findings": partFindings, "finding": partFindings, "report": partFindings, "description": partFindings, "observations": partFindings,
	"radiographic findings": partFindings, "imaging findings": partFindings, "narrative": partFindings, "result": partFindings, "results": partFindings,
	"findings and impression": partFindings, "findings/impression": partFindings,

	"impression": partImpression, "impressions": partImpression, "conclusion": partImpression, "conclusions": partImpression, "opinion": partImpression,
	"assessment": partImpression, "interpretation": partImpression, "summary": partImpression, "final impression": partImpression,
	"diagnosis": partImpression, "radiological diagnosis": partImpression,

	"recommendation": partOther, "recommendations": partOther, "signed": partOther, "electronically signed": partOther, "electronically signed by": partOther,
	"signed by": partOther, "dictated by": partOther, "dictated": partOther, "transcribed by": partOther, "transcribed": partOther, "reported by": partOther, "verified by": partOther, "read by": partOther,
	"radiologist": partOther, "attending radiologist": partOther, "addendum": partOther, "attestation": partOther, "patient": partOther, "patient name": partOther,
	"name": partOther, "mrn": partOther, "date": partOther, "date of exam": partOther, "dob": partOther, "accession": partOther, "accession number": partOther, "referring physician": partOther,
	"ordering physician": partOther, "notification": partOther, "communication": partOther, "critical results": partOther, "cc": partOther, "d": partOther, "t": partOther, "dd": partOther, "dt": partOther,
}

// A span is a range of byte offsets in a document's text.
type span struct{ start, end int }

// A report is a document cut into its parts.
type report struct {
	doc   *ingest.Document
	parts map[part]span
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
			r.set(p, span{s.Start, s.End})
		}
	}
	if r.has(partFindings) && r.has(partImpression) {
		return r
	}
	for _, h := range underHeadings(doc.Text) {
		r.set(h.part, h.span)
	}
	// A field that holds the whole report under headings ("report" or
	// "narrative") gives way to the headings within it.
	r.narrow()
	return r
}

// set keeps the first range of a part that holds words.
func (r report) set(p part, s span) {
	s = trim(r.doc.Text, s)
	if _, ok := r.parts[p]; !ok && s.start < s.end {
		r.parts[p] = s
	}
}

// narrow replaces a declared findings section that itself has headings.
func (r report) narrow() {
	f, ok := r.parts[partFindings]
	if !ok {
		return
	}
	for _, h := range underHeadings(r.doc.Text[f.start:f.end]) {
		s := trim(r.doc.Text, span{f.start + h.start, f.start + h.end})
		if s.start >= s.end {
			continue
		}
		if h.part == partFindings {
			r.parts[partFindings] = s
		} else if _, ok := r.parts[h.part]; !ok {
			r.parts[h.part] = s
		}
	}
	if i, ok := r.parts[partImpression]; ok {
		if f = r.parts[partFindings]; i.start > f.start && i.start < f.end {
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

type headed struct {
	part part
	span
}

// headingLine matches a heading at the beginning of a line, with its mark: a
// colon, a dash, or nothing else in the line.
var headingLine = regexp.MustCompile(`(?m)^[ \t>*#_\d.)]*([A-Za-z][A-Za-z/]*(?:[ \t]+[A-Za-z/]+){0,3})[ \t*_]*(:|[ \t]-+[ \t]|[ \t]?[–—][ \t]?|-+[ \t]|\r?$)[ \t*_]*`)

// headingCaps matches a heading in capitals before the text of its line.
var headingCaps = regexp.MustCompile(`(?m)^[ \t]*([A-Z]{4,}(?: [A-Z]+){0,2})[ \t]+`)

// headingInline matches a heading within a line, after a sentence.
var headingInline = regexp.MustCompile(`(?:[.!?;][ \t]+|[ \t]{2,})([A-Z][A-Za-z]+(?: [A-Za-z]+){0,2}):[ \t]*`)

// trailer matches the beginning of a line that ends a report without being a
// heading.
var trailer = regexp.MustCompile(`(?im)^[ \t]*[\[(]?(?:(?:electronically |digitally )?signed\b|(?:dictated|transcribed|reported|interpreted|read|verified|reviewed|approved)(?:, | and )?(?:by|but|on)?\b[^\n]*(?:\bdr\b|\bm\.?d\b|read|\[name\])|(?:results|findings|these findings|critical results?)(?: were| was)? (?:telephoned|called|communicated|discussed|conveyed)\b|end of (?:report|impression)|_{5,}|-{5,})`)

// underHeadings cuts text at the headings that it knows. Any other heading
// ("LUNGS:") belongs to the part that it stands in.
func underHeadings(text string) []headed {
	type cut struct {
		part       part
		head, body int
	}
	var cuts []cut
	for _, re := range []*regexp.Regexp{headingLine, headingCaps, headingInline} {
		for _, m := range re.FindAllStringSubmatchIndex(text, -1) {
			if p, ok := headings[strings.ToLower(collapse(text[m[2]:m[3]]))]; ok {
				head := m[0] // with the marks before it
				if re == headingInline {
					head = m[2] // what stands before it ends a sentence
				}
				cuts = append(cuts, cut{p, head, m[1]})
			}
		}
	}
	for _, m := range trailer.FindAllStringIndex(text, -1) {
		cuts = append(cuts, cut{partOther, m[0], m[1]})
	}
	slices.SortStableFunc(cuts, func(a, b cut) int { return a.head - b.head })
	cuts = slices.CompactFunc(cuts, func(a, b cut) bool { return a.head == b.head })
	var out []headed
	for i, c := range cuts {
		end := len(text)
		if i+1 < len(cuts) {
			end = cuts[i+1].head
		}
		out = append(out, headed{c.part, span{c.body, max(c.body, end)}})
	}
	return out
}

// collapse makes every run of white space one space.
func collapse(s string) string { return strings.Join(strings.Fields(s), " ") }
