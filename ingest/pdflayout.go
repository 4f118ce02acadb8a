package ingest

import (
	"math"
	"sort"
	"strings"
	"unicode"
)

// Distances of the layout, as shares of the font size.
const (
	sameBaseline = 0.4  // of two fragments of a line; superscripts lie within
	wordGap      = 0.17 // between words
	columnJump   = 2.5  // upwards, between lines drawn in order
	paragraphGap = 1.45 // times the usual distance of lines
)

// A textLine is the fragments on one baseline.
type textLine struct {
	fragments []fragment
	y, size   float64
	left      float64
}

// layoutPage returns the text of a page: lines from baselines, spaces from
// gaps, empty lines from wide line distances. Text in other directions follows.
func layoutPage(fragments []fragment) string {
	var blocks []string
	for quadrant := range 4 {
		var some []fragment
		for _, f := range fragments {
			if f.quadrant == quadrant {
				some = append(some, f)
			}
		}
		if text := layoutLines(splitColumns(readingOrder(baselines(some)))); text != "" {
			blocks = append(blocks, text)
		}
	}
	return strings.Join(blocks, "\n\n")
}

// baselines joins fragments that follow each other on one baseline into
// lines, in the order of drawing.
func baselines(fragments []fragment) []textLine {
	var lines []textLine
	for _, f := range fragments {
		if n := len(lines); n > 0 && lines[n-1].takes(f) {
			lines[n-1].add(f)
			continue
		}
		if strings.TrimSpace(f.text) == "" {
			continue
		}
		lines = append(lines, textLine{fragments: []fragment{f}, y: f.y, size: f.size, left: f.x})
	}
	return lines
}

func (l *textLine) takes(f fragment) bool {
	return math.Abs(l.y-f.y) <= sameBaseline*max(l.size, f.size)
}

func (l *textLine) add(f fragment) {
	l.fragments = append(l.fragments, f)
	l.left = min(l.left, f.x)
	// A superscript does not move its line.
	if f.size > l.size {
		l.y, l.size = f.y, f.size
	}
}

// readingOrder keeps the order of drawing where it runs down the page, with a
// few jumps up for columns, and sorts from top to bottom where it does not.
// Lines on one baseline that were drawn apart are joined when sorted or when
// nothing else lies between.
func readingOrder(lines []textLine) []textLine {
	jumps := 0
	for i := 1; i < len(lines); i++ {
		if lines[i].y-lines[i-1].y > columnJump*lines[i].size {
			jumps++
		}
	}
	if jumps > 1+len(lines)/15 {
		sort.SliceStable(lines, func(i, j int) bool { return lines[i].y > lines[j].y })
	}
	var out []textLine
	for _, l := range lines {
		if n := len(out); n > 0 && math.Abs(out[n-1].y-l.y) <= sameBaseline*min(out[n-1].size, l.size) {
			for _, f := range l.fragments {
				out[n-1].add(f)
			}
			continue
		}
		out = append(out, l)
	}
	return out
}

func layoutLines(lines []textLine) string {
	usual := usualDistance(lines)
	var b strings.Builder
	for i, l := range lines {
		text := l.text()
		if text == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
			gap := lines[i-1].y - l.y
			if usual > 0 && (gap > paragraphGap*usual || gap < -columnJump*l.size) {
				b.WriteByte('\n')
			}
		}
		b.WriteString(text)
	}
	return b.String()
}

// usualDistance is the most common distance of lines, to a tenth of a point.
func usualDistance(lines []textLine) float64 {
	counts := make(map[int]int)
	for i := 1; i < len(lines); i++ {
		if gap := lines[i-1].y - lines[i].y; gap > 0 && gap < 10*lines[i].size {
			counts[int(math.Round(gap*10))]++
		}
	}
	best, most := 0, 0
	for gap, n := range counts {
		if n > most || n == most && gap < best {
			best, most = gap, n
		}
	}
	return float64(best) / 10
}

// text returns the words of a line from left to right.
func (l textLine) text() string {
	l.order()
	var b strings.Builder
	for i, f := range l.fragments {
		if i > 0 {
			p := l.fragments[i-1]
			if f.text == p.text && math.Abs(f.x-p.x) < 0.1*f.size {
				continue // drawn twice to look bold
			}
			if f.x-p.end > wordGap*min(f.size, p.size) {
				b.WriteByte(' ')
			}
		}
		b.WriteString(f.text)
	}
	return cleanLine(b.String())
}

func drawnInOrder(fragments []fragment) bool {
	for i := 1; i < len(fragments); i++ {
		if fragments[i].x < fragments[i-1].x-0.5*fragments[i].size {
			return false
		}
	}
	return true
}

var ligatures = strings.NewReplacer(
	"ﬀ", "ff", "ﬁ", "fi", "ﬂ", "fl", "ﬃ", "ffi", "ﬄ", "ffl", "ﬅ", "st", "ﬆ", "st",
	"\u037e", ";", "\u00a0", " ", "\u00ad", "", "\u200b", "", "\ufeff", "",
)

// cleanLine spells ligatures out, drops what is invisible and collapses white
// space.
func cleanLine(s string) string {
	if isClean(s) {
		return s
	}
	s = ligatures.Replace(s)
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// isClean says whether a line is as cleanLine would make it: most are.
func isClean(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' && (c != ' ' || i == 0 || i == len(s)-1 || s[i+1] == ' ') || c >= 0x7f {
			return false
		}
	}
	return true
}
