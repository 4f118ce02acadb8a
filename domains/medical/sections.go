package medical

import (
	"regexp"
	"slices"
	"strings"

	"adapt/ingest"
)

// A section is a range of a report under one heading, with the heading.
type section struct {
	part part
	span
	body int // where the heading ends
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
