package ingest

import (
	"slices"
	"strings"
)

// A numbering follows the sequences of numbers that are open at a place of a
// document, the outer ones first. The zero value is that of its beginning.
type numbering struct {
	open    []reading
	seconds map[string]bool // styles of which there is a second number
}

// note tells of a label that the document has somewhere at the beginning of a
// paragraph.
func (n *numbering) note(l numberLabel) {
	for _, r := range l.readings {
		if len(r.path) == 1 && r.path[0] == 2 {
			if n.seconds == nil {
				n.seconds = make(map[string]bool)
			}
			n.seconds[r.style] = true
		}
	}
}

const maxOpen = 12 // sequences inside each other

func (n *numbering) reset()     { n.open = n.open[:0] }
func (n *numbering) depth() int { return len(n.open) }

// next takes a label that stands at the beginning of a paragraph, and returns
// its level from 1; ok is false where no sequence goes on or begins with it.
// The paragraph may be apart from the one before by an empty line, and titled
// by a heading without a number.
func (n *numbering) next(l numberLabel, apart, titled bool) (level int, ok bool) {
	if titled && n.restarts(l) {
		n.reset()
	}
	if level, ok := n.goOn(l, 1); ok {
		return level, true
	}
	if level, ok := n.begin(l); ok {
		return level, true
	}
	if apart {
		// A number or two that were not recognized, or a clause left out.
		return n.goOn(l, 4)
	}
	return 0, false
}

// inside takes a label that stands inside a paragraph, which must go on with a
// sequence exactly. A first one is taken after a colon, and 4.1 inside 4.
func (n *numbering) inside(l numberLabel, before string) (level int, ok bool) {
	if level, ok := n.goOn(l, 1); ok {
		return level, true
	}
	before = strings.TrimRight(before[max(len(before)-40, 0):], " \n\t")
	r := l.readings[0]
	if len(r.path) > 1 {
		if _, ok := n.parent(r.path[:len(r.path)-1]); ok {
			return n.begin(l)
		}
		return 0, false
	}
	if strings.HasSuffix(before, ":") {
		return n.begin(l)
	}
	return 0, false
}

// restarts says whether a label begins the outermost sequence anew.
func (n *numbering) restarts(l numberLabel) bool {
	for _, r := range l.readings {
		if len(n.open) > 0 && alike(r.style, n.open[0].style) && r.first() {
			return true
		}
	}
	return false
}

// goOn continues the innermost sequence that the label may be the next of, or
// one of the next few.
func (n *numbering) goOn(l numberLabel, reach int) (level int, ok bool) {
	for depth := len(n.open) - 1; depth >= 0; depth-- {
		for _, r := range l.readings {
			if !r.follows(n.open[depth], reach) || !n.under(r, depth) {
				continue
			}
			n.open = append(n.open[:depth], r)
			return depth + 1, true
		}
	}
	return 0, false
}

// under says whether a number of several parts, 4.2, agrees with the sequence
// around it, 4.
func (n *numbering) under(r reading, depth int) bool {
	if len(r.path) < 2 || depth == 0 {
		return true
	}
	outer := n.open[depth-1].path
	return !numeric(n.open[depth-1].style) || outer[len(outer)-1] == r.path[len(r.path)-2]
}

// begin opens a sequence with a label that is a first one: 1, (a), I, or 4.1
// inside 4.
func (n *numbering) begin(l numberLabel) (level int, ok bool) {
	for _, r := range l.readings {
		if !r.first() || r.weak() && !n.seconds[r.style] {
			continue
		}
		// A word's numbers do not nest in themselves: ARTICLE I again is a new
		// outermost sequence.
		if at := slices.IndexFunc(n.open, func(o reading) bool { return o.style == r.style }); at >= 0 && strings.Contains(r.style, " ") {
			n.open = n.open[:at]
		}
		if r.outermost() && len(n.open) > 0 && !n.open[0].outermost() {
			n.reset() // a list of parties or recitals before the first clause
		}
		if len(r.path) > 1 {
			if depth, ok := n.parent(r.path[:len(r.path)-1]); ok {
				n.open = n.open[:depth+1]
			} else if slices.ContainsFunc(n.open, func(o reading) bool { return numeric(o.style) }) {
				// 4.1 inside 7 is no clause, unless sections count on under
				// headings without numbers.
				continue
			}
		}
		if len(n.open) == maxOpen {
			return 0, false
		}
		n.open = append(n.open, r)
		return len(n.open), true
	}
	return 0, false
}

// parent finds the open sequence that is at the number path.
func (n *numbering) parent(path []int) (depth int, ok bool) {
	for depth := len(n.open) - 1; depth >= 0; depth-- {
		o := n.open[depth]
		if !numeric(o.style) {
			continue
		}
		if slices.Equal(o.path, path) || len(o.path) == 1 && len(path) == 1 && o.path[0] == path[0] {
			return depth, true
		}
	}
	return 0, false
}

// force takes a label as the document's format says, whatever is open.
func (n *numbering) force(l numberLabel, level int) {
	level = min(level, maxOpen)
	n.open = n.open[:min(level-1, len(n.open))]
	n.open = append(n.open, l.readings[0])
}

// numeric says whether other numbers can be inside those of a style: 4.2 is
// inside 4, 4. and Article IV, but not inside (d).
func numeric(style string) bool {
	return style[0] == '1' || strings.Contains(style, " ")
}

// weak says whether a label needs company: "1 Scope" alone is no clause, nor
// is "A. Smith".
func (r reading) weak() bool {
	return r.style == "1" || r.style == "A." || r.style == "a." || r.style == "I." || r.style == "i."
}

// outermost says whether a style is one of those that a document's first level
// has: 1, 1., Article 1. Letters and numbers in parentheses stand inside them.
func (r reading) outermost() bool {
	return len(r.path) == 1 && (r.style == "1" || r.style == "1." || strings.Contains(r.style, " "))
}

// alike says whether labels of two styles may be of one sequence.
func alike(a, b string) bool {
	return a == b || strings.TrimSuffix(a, ".") == "1" && strings.TrimSuffix(b, ".") == "1"
}

func (r reading) first() bool {
	last := r.path[len(r.path)-1]
	return last == 1 || last == 0 && len(r.path) > 1
}

// follows says whether r is the next of a sequence, or up to reach numbers
// further. 2.1 follows 1.9 too.
func (r reading) follows(o reading, reach int) bool {
	if !alike(r.style, o.style) {
		return false
	}
	last := len(r.path) - 1
	step := r.path[last] - o.path[last]
	if slices.Equal(r.path[:last], o.path[:last]) {
		return step >= 1 && step <= reach
	}
	for i := last - 1; i >= 0; i-- {
		if r.path[i] == o.path[i]+1 && slices.Equal(r.path[:i], o.path[:i]) {
			return r.first() && !slices.ContainsFunc(r.path[i+1:last], func(p int) bool { return p != 1 })
		}
	}
	return false
}
