package ingest

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A paragraph is a run of lines that belong together.
type paragraph struct {
	start, end int
	apart      bool      // an empty line stands before it
	afterStop  bool      // or a line that ends a sentence or is short
	followed   int       // bytes of the paragraph after it
	kind       BlockKind // set where the lines tell it: a table
	heading    bool      // the markup says that it is a heading
	level      int
}

// A line is one of a text, without the white space around it.
type line struct {
	start, end int
	blank      bool // before it: an empty line or a new page
	page       bool // before it: a page number or the like
	cells      int  // columns that it seems to have
}

// paragraphs cuts a text by its lines. Page numbers and lines that come back
// on many pages are left out, and a sentence that goes on after them is one.
func paragraphs(text string) []paragraph {
	lines := withoutFurniture(text, linesOf(text))
	width := usualWidth(lines)
	var out []paragraph
	for i := 0; i < len(lines); {
		if n := tableRun(lines[i:]); n > 0 {
			out = append(out, paragraph{start: lines[i].start, end: lines[i+n-1].end, apart: true, kind: BlockTable})
			i += n
			continue
		}
		p := paragraph{start: lines[i].start, end: lines[i].end, apart: i == 0 || lines[i].blank}
		if i > 0 && !p.apart {
			p.afterStop = endsThere(text, lines[i-1], width)
		}
		for i++; i < len(lines) && tableRun(lines[i:]) == 0 && joins(text, p, lines[i-1], lines[i], width); i++ {
			p.end = lines[i].end
		}
		out = append(out, p)
	}
	for i := range out[:max(len(out)-1, 0)] {
		out[i].followed = out[i+1].end - out[i+1].start
		if parseable(text[out[i+1].start:out[i+1].end]) {
			out[i].followed = longText
		}
	}
	return out
}

func parseable(text string) bool {
	_, ok := parseLabel(text)
	return ok
}

// linesOf returns the lines that hold something.
func linesOf(text string) []line {
	var lines []line
	blank := true
	for start := 0; start < len(text); {
		end := start + strings.IndexAny(text[start:], "\n\f\v")
		next := end + 1
		if end < start {
			end, next = len(text), len(text)
		}
		s, e := trimSpan(text, start, end)
		if s < e {
			lines = append(lines, line{start: s, end: e, blank: blank, cells: cellCount(text[s:e])})
			blank = false
		} else {
			blank = true
		}
		if end < len(text) && text[end] != '\n' {
			blank = true
		}
		start = next
	}
	return lines
}

// withoutFurniture drops page numbers, and short lines that come back often in
// a long text. What follows one stands apart only if it stood apart of it.
func withoutFurniture(text string, lines []line) []line {
	counts := make(map[string]int)
	long := len(text) > 5000
	if long {
		for _, l := range lines {
			if l.end-l.start <= 120 {
				counts[furnitureKey(text[l.start:l.end])]++
			}
		}
	}
	var kept []line
	dropped := false
	for _, l := range lines {
		s := text[l.start:l.end]
		if isPageNumber(s) || long && len(s) <= 120 && len(s) >= 12 && counts[furnitureKey(s)] >= 4 && !parseable(s) {
			dropped = true
			continue
		}
		if dropped {
			l.blank, l.page = true, true
		}
		dropped = false
		kept = append(kept, l)
	}
	return kept
}

// furnitureKey is a line without its digits, so that numbered footers agree.
func furnitureKey(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) || unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}

// isPageNumber says whether a line is a page number: "12", "- 12 -", "Page 2 of
// 49", "A-3".
func isPageNumber(s string) bool {
	if len(s) > 20 {
		return false
	}
	lower := strings.ToLower(s)
	if rest, ok := strings.CutPrefix(lower, "page "); ok {
		return strings.Trim(strings.Replace(rest, " of ", "", 1), "0123456789 ") == ""
	}
	numbers := strings.Fields(strings.Trim(s, "-–— []|"))
	for _, n := range numbers {
		if len(n) > 4 || strings.Trim(n, "0123456789") != "" {
			return false
		}
	}
	return len(numbers) == 1 || len(numbers) == 2 // two where pages were joined
}

// usualWidth returns the length that lines are broken at, or 0 where a
// paragraph is one line.
func usualWidth(lines []line) int {
	var lengths [256]int
	full := 0
	for i := 1; i < len(lines); i++ {
		if n := lines[i-1].end - lines[i-1].start; n >= 40 && !lines[i].blank {
			lengths[min(n, 255)]++
			full++
		}
	}
	if full < 8 {
		return 0
	}
	seen := 0
	for n := 255; n >= 0; n-- {
		if seen += lengths[n]; seen*10 >= full {
			return n
		}
	}
	return 0
}

// endsThere says whether a line ends a paragraph by itself: with the end of a
// sentence, or well before the edge.
func endsThere(text string, l line, width int) bool {
	last, _ := utf8.DecodeLastRuneInString(strings.TrimRight(text[l.start:l.end], `"'”’)]`))
	return strings.ContainsRune(".;:!?", last) || l.end-l.start < width*2/3
}

// joins says whether a line goes on with the paragraph p, whose last line is
// before.
func joins(text string, p paragraph, before, l line, width int) bool {
	s, done := text[l.start:l.end], text[p.start:p.end]
	begin := text[p.start:min(p.end, p.start+2*maxHeading)] // a part, so that time stays linear
	first := firstRuneOf(s)
	goesOn := unicode.IsLower(first) && !endsSentence(done)
	if l.blank {
		// Across an empty line or a page only a sentence goes on.
		_, labelled := parseLabel(s)
		cut := l.page && !endsSentence(done) && !isUpper(s)
		return (goesOn || cut) && !labelled && len(done) >= maxTitle
	}
	if label, ok := parseLabel(s); ok {
		if label.bullet || endsThere(text, before, width) {
			return false
		}
	}
	switch {
	case goesOn:
		return true
	case before.start == p.start && isUpper(begin) && len(done) <= maxHeading && !isUpper(s):
		return false // a heading above its text
	case isUpper(s) && len(s) <= maxHeading && !isUpper(begin) && endsThere(text, before, width):
		return false
	case width == 0:
		return !endsSentence(done) && (before.end-before.start > 60 || hangs(done))
	}
	return !(endsSentence(done) && before.end-before.start < width*4/5)
}

// hangs says whether a line ends in a word that another must follow.
func hangs(s string) bool {
	last := s[strings.LastIndexAny(s, " \n\t")+1:]
	return strings.HasSuffix(last, ",") || smallWords[strings.ToLower(last)] && len(last) > 1
}

func endsSentence(s string) bool {
	last, _ := utf8.DecodeLastRuneInString(strings.TrimRight(s, `"'”’)]`))
	return strings.ContainsRune(".;:!?", last)
}

// cellCount counts the columns of a line: parts between " | ", tabs or wide
// gaps.
func cellCount(s string) int {
	if n := strings.Count(s, " | "); n > 0 {
		return n + 1
	}
	if l, ok := parseLabel(s); ok {
		s = s[l.end:]
	}
	n, spaces := 1, 0
	for i := range len(s) {
		switch {
		case s[i] == '\t':
			spaces += 3
		case s[i] == ' ':
			spaces++
		default:
			if spaces >= 3 && i > spaces {
				n++
			}
			spaces = 0
		}
	}
	return n
}

// tableRun returns how many lines from the first on are rows of a table: three
// or more neighbours of the same number of columns, one of which may differ,
// or two of three columns.
func tableRun(lines []line) int {
	n := 0
	for n < len(lines) && lines[n].cells >= 2 && (n == 0 || !lines[n].blank || lines[n].cells == lines[n-1].cells) {
		n++
	}
	if n >= 3 || n == 2 && lines[0].cells >= 3 && lines[0].cells == lines[1].cells {
		return n
	}
	return 0
}
