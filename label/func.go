package label

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"adapt/ingest"
)

// A Range is a range of bytes, end exclusive.
type Range struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// An Opinion is what a labeling function says of a segment.
type Opinion int8

// The opinions. The zero value abstains.
const (
	Against Opinion = -1
	Abstain Opinion = 0
	For     Opinion = 1
)

// A Segment is a range of a document with what labeling functions see of it.
type Segment struct {
	Range
	Doc *ingest.Document
	// Text has each run of white space as one blank; Lower is Text in lower case.
	Text, Lower string
	// Headings are those that the segment stands under, the outermost first.
	Headings []string
	// Before is the segment before this one, nil for the first.
	Before *Segment
	// Index is the segment's place among the Count segments of the document.
	Index, Count int
}

// A Func is a labeling function: it votes that a segment shows a category, or
// that it does not, or abstains. Equal segments get equal opinions.
type Func struct {
	// Name is unique among the functions of a domain: "legal/law/governed".
	Name     string
	Category string
	Vote     func(*Segment) Opinion
	// Only is the one opinion that it ever has, or Abstain when it may have both.
	// One that only votes against is not asked where nobody votes for.
	Only Opinion
	// Needs are words in lower case: where none of them is in the segment's Lower,
	// the function abstains and need not be asked. Nil asks it always.
	Needs []string
	// Precision is the share of its votes that its author expects to be right,
	// between 0 and 1; 0 stands for [ExpectedPrecision].
	Precision float64
}

// A Vote is one function's opinion on one range of a text.
type Vote struct {
	Category string `json:"category"`
	Start    int    `json:"start"`
	End      int    `json:"end"`
	Func     string `json:"func"`
	Against  bool   `json:"against,omitempty"` // it says that the range does not show the category
}

// A Panel is a set of labeling functions that vote together. It is immutable
// and safe for use by several goroutines.
type Panel struct {
	categories []string // sorted
	funcs      [][]Func // of each category, sorted by name
	gate       *gate
}

// NewPanel puts functions together. Their order does not matter. A name that is
// there twice, or a function without a name, category or vote, is an error.
func NewPanel(funcs []Func) (*Panel, error) {
	sorted := slices.Clone(funcs)
	slices.SortFunc(sorted, func(a, b Func) int {
		return cmp.Or(cmp.Compare(a.Category, b.Category), cmp.Compare(a.Name, b.Name))
	})
	p := &Panel{}
	seen := map[string]bool{}
	for _, f := range sorted {
		switch {
		case f.Name == "" || f.Category == "" || f.Vote == nil:
			return nil, fmt.Errorf("label: the labeling function %q for the category %q has no name, category or vote", f.Name, f.Category)
		case seen[f.Name]:
			return nil, fmt.Errorf("label: two labeling functions are called %q; give one another name", f.Name)
		case f.Precision < 0 || f.Precision >= 1:
			return nil, fmt.Errorf("label: the labeling function %q has a precision of %v; it is a share between 0 and 1", f.Name, f.Precision)
		}
		seen[f.Name] = true
		if n := len(p.categories); n == 0 || p.categories[n-1] != f.Category {
			p.categories = append(p.categories, f.Category)
			p.funcs = append(p.funcs, nil)
		}
		last := len(p.funcs) - 1
		p.funcs[last] = append(p.funcs[last], f)
	}
	p.gate = newGate(p.funcs)
	return p, nil
}

// Categories returns the categories that any function votes on, sorted.
func (p *Panel) Categories() []string { return slices.Clone(p.categories) }

// Of returns the functions of a category, sorted by name.
func (p *Panel) Of(category string) []Func {
	i, ok := slices.BinarySearch(p.categories, category)
	if !ok {
		return nil
	}
	return slices.Clone(p.funcs[i])
}

// A Candidate is a segment that at least one function votes for, with what
// every function of the category says of it.
type Candidate struct {
	Segment  int // index
	Category string
	Pattern  Pattern
}

// A Pattern is the opinions of a category's functions on one segment, in the
// order of their names: "+" for, "-" against, "." abstained, "?" was not asked.
type Pattern string

const notAsked = '?'

func (p Pattern) asked(i int) bool { return p[i] != notAsked }

// At returns the opinion of the i-th function.
func (p Pattern) At(i int) Opinion {
	switch p[i] {
	case '+':
		return For
	case '-':
		return Against
	}
	return Abstain
}

// Vote asks every function about every segment. A segment that nobody votes
// for is no candidate for the category: votes against it are not kept, as there
// is nothing to be against. Candidates are in the order of segments, then of
// categories. The cost is that of the functions, each called at most once a
// segment.
func (p *Panel) Vote(segments []Segment) []Candidate {
	var out []Candidate
	var buf []byte
	words, may := newSet(p.gate.index.words), newSet(p.gate.n)
	for i := range segments {
		s := &segments[i]
		p.gate.admit(s.Lower, words, may)
		first := 0 // the number of the category's first function
		for c, funcs := range p.funcs {
			buf = buf[:0]
			found := false
			for j, f := range funcs {
				o := Abstain
				if f.Only != Against && may.has(first+j) {
					o = f.Vote(s)
				}
				found = found || o == For
				buf = append(buf, o.symbol())
			}
			if found {
				for j, f := range funcs {
					if f.Only == Against && may.has(first+j) {
						buf[j] = f.Vote(s).symbol()
					}
				}
				out = append(out, Candidate{i, p.categories[c], Pattern(buf)})
			}
			first += len(funcs)
		}
	}
	return out
}

func (o Opinion) symbol() byte {
	switch o {
	case For:
		return '+'
	case Against:
		return '-'
	}
	return '.'
}

// Votes spells candidates out, for reviewers: who voted how on which range.
func (p *Panel) Votes(segments []Segment, candidates []Candidate) []Vote {
	var out []Vote
	for _, c := range candidates {
		i, _ := slices.BinarySearch(p.categories, c.Category)
		r := segments[c.Segment].Range
		for j, f := range p.funcs[i] {
			if o := c.Pattern.At(j); o != Abstain {
				out = append(out, Vote{Category: c.Category, Start: r.Start, End: r.End, Func: f.Name, Against: o == Against})
			}
		}
	}
	return out
}

// NewSegments prepares ranges of a document, which must be in order and apart,
// for labeling functions. headings gives the headings of each; nil takes those
// that the document's reader found ([ingest.Document.Blocks]).
func NewSegments(doc *ingest.Document, ranges []Range, headings func(i int) []string) []Segment {
	if headings == nil {
		headings = blockHeadings(doc, ranges)
	}
	out := make([]Segment, len(ranges))
	for i, r := range ranges {
		text := strings.Join(strings.Fields(doc.Text[r.Start:r.End]), " ")
		out[i] = Segment{Range: r, Doc: doc, Text: text, Lower: lowerCase(text), Headings: headings(i), Index: i, Count: len(ranges)}
		if i > 0 {
			out[i].Before = &out[i-1]
		}
	}
	return out
}

// blockHeadings walks the document's headings along with the ranges: one of a
// level ends those of the same and of deeper levels.
func blockHeadings(doc *ingest.Document, ranges []Range) func(int) []string {
	type open struct {
		level int
		text  string
	}
	var stack []open
	under := make([][]string, len(ranges))
	next := 0
	var names []string
	for i, r := range ranges {
		for ; next < len(doc.Blocks) && doc.Blocks[next].Start < r.End; next++ {
			b := doc.Blocks[next]
			if b.Kind != ingest.BlockHeading {
				continue
			}
			for len(stack) > 0 && stack[len(stack)-1].level >= b.Level {
				stack = stack[:len(stack)-1]
			}
			stack = append(stack, open{b.Level, strings.Join(strings.Fields(doc.Text[b.Start:b.End]), " ")})
			names = make([]string, len(stack))
			for k, o := range stack {
				names[k] = o.text
			}
		}
		under[i] = names
	}
	return func(i int) []string { return under[i] }
}
