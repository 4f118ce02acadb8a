package ingest

import (
	"sort"
	"unicode/utf8"
)

const (
	gutterGap    = 1.0 // between columns, as a share of the font size
	columnLines  = 8   // side by side, fewest of a column of running text
	columnText   = 20  // characters of a line of running text, on average
	columnFilled = 0.7 // share of the lines side by side that begin at their column's edge
)

// splitColumns takes lines that go across two columns of running text apart,
// as pages have them that are drawn line by line: first the left column, then
// the right. Tables and signatures, whose lines are short or few, stay as they
// are.
func splitColumns(lines []textLine) []textLine {
	wide := 0
	for i := range lines {
		lines[i].order()
		if lines[i].hasGap() {
			wide++
		}
	}
	if wide < columnLines {
		return lines
	}
	var out []textLine
	for i := 0; i < len(lines); {
		if at, n, ok := columnsAt(lines[i:]); ok {
			left, right := cutLines(lines[i:i+n], at)
			out = append(append(out, left...), right...)
			i += n
			continue
		}
		out = append(out, lines[i])
		i++
	}
	return out
}

// columnsAt finds a gutter that begins with the first line. It returns its
// place and how many lines it divides.
func columnsAt(lines []textLine) (at float64, n int, ok bool) {
	for _, gap := range lines[0].gaps() {
		at := (gap[0] + gap[1]) / 2
		n := 0
		for n < len(lines) && !lines[n].crosses(at) {
			n++
		}
		for n > 0 && lines[n-1].side(at) != 0 {
			n-- // what stands on one side alone, below, is no column
		}
		if n >= columnLines && runningColumns(lines[:n], at) {
			return at, n, true
		}
	}
	return 0, 0, false
}

// runningColumns says whether both sides of a gutter hold running text.
func runningColumns(lines []textLine, at float64) bool {
	left, right := cutLines(lines, at)
	both := 0
	for i := range lines {
		if lines[i].side(at) == 0 {
			both++
		}
	}
	if both < columnLines || both*10 < len(lines)*7 {
		return false
	}
	for _, side := range [][]textLine{left, right} {
		chars, starts := 0, make(map[int]int)
		most := 0
		for i := range side {
			for _, f := range side[i].fragments {
				chars += utf8.RuneCountInString(f.text)
			}
			start := int(side[i].left / 3)
			starts[start]++
			most = max(most, starts[start]+starts[start-1])
		}
		if chars < columnText*len(side) || float64(most) < columnFilled*float64(len(side)) {
			return false
		}
	}
	return true
}

// cutLines divides lines at a gutter.
func cutLines(lines []textLine, at float64) (left, right []textLine) {
	for _, l := range lines {
		i := sort.Search(len(l.fragments), func(i int) bool { return l.fragments[i].x >= at })
		for side, part := range [][]fragment{l.fragments[:i], l.fragments[i:]} {
			if len(part) == 0 {
				continue
			}
			half := textLine{fragments: part, y: l.y, size: l.size, left: part[0].x}
			if side == 0 {
				left = append(left, half)
			} else {
				right = append(right, half)
			}
		}
	}
	return left, right
}

// order puts the fragments of a line from left to right.
func (l *textLine) order() {
	if !drawnInOrder(l.fragments) {
		sort.SliceStable(l.fragments, func(i, j int) bool { return l.fragments[i].x < l.fragments[j].x })
	}
}

// gaps returns the empty places of a line that could be a gutter.
func (l *textLine) gaps() (gaps [][2]float64) {
	for i := 1; i < len(l.fragments); i++ {
		if p, f := l.fragments[i-1], l.fragments[i]; isGap(p, f) {
			gaps = append(gaps, [2]float64{p.end, f.x})
		}
	}
	return gaps
}

func isGap(p, f fragment) bool { return f.x-p.end > gutterGap*max(f.size, p.size) }

func (l *textLine) hasGap() bool {
	for i := 1; i < len(l.fragments); i++ {
		if isGap(l.fragments[i-1], l.fragments[i]) {
			return true
		}
	}
	return false
}

// crosses says whether a line has text at that place, or too close to it.
func (l *textLine) crosses(at float64) bool {
	for _, f := range l.fragments {
		if f.x < at+0.3*f.size && f.end > at-0.3*f.size {
			return true
		}
	}
	return false
}

// side is -1 for a line left of a place, 1 for one right of it, 0 for both.
func (l *textLine) side(at float64) int {
	first, last := l.fragments[0].x < at, l.fragments[len(l.fragments)-1].x >= at
	switch {
	case first && last:
		return 0
	case first:
		return -1
	}
	return 1
}
