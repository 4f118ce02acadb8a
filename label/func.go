package label

import (
	"cmp"
	"slices"
)

// A Func is a labeling function: it votes that a segment shows a category, or
// abstains.
type Func struct {
	Name     string
	Category string
	Vote     func(segment string) bool
}

// A Vote is one function's opinion on one range of a text.
type Vote struct {
	Category string `json:"category"`
	Start    int    `json:"start"`
	End      int    `json:"end"`
	Func     string `json:"func"`
	Against  bool   `json:"against,omitempty"` // it says that the range does not show the category
}

// A Range is a range of bytes, end exclusive.
type Range struct{ Start, End int }

// Votes asks every function about every segment of text.
func Votes(funcs []Func, text string, segments []Range) []Vote {
	var votes []Vote
	for _, s := range segments {
		for _, f := range funcs {
			if f.Vote(text[s.Start:s.End]) {
				votes = append(votes, Vote{Category: f.Category, Start: s.Start, End: s.End, Func: f.Name})
			}
		}
	}
	return votes
}

// Combine makes one label of the votes of at least min functions for the same
// category on the same range: 1 takes any vote. Labels are sorted by place,
// then by category.
func Combine(votes []Vote, min int) []Span {
	type key struct {
		start, end int
		category   string
	}
	count := map[key]int{}
	for _, v := range votes {
		count[key{v.Start, v.End, v.Category}]++
	}
	var spans []Span
	for k, n := range count {
		if n >= min {
			spans = append(spans, Span{Category: k.category, Start: k.start, End: k.end, Origin: OriginRules})
		}
	}
	slices.SortFunc(spans, func(a, b Span) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End), cmp.Compare(a.Category, b.Category))
	})
	return spans
}

// A FuncReport says what a labeling function did on a set of segments.
type FuncReport struct {
	Func     string
	Category string
	Coverage int // segments that it voted on
	Overlap  int // of these, also voted on by another function for the same category
	Conflict int // of these, also voted on by a function for another category
	// TP, FP and FN are against gold, and all 0 without.
	TP, FP, FN int
}

// Precision returns TP/(TP+FP), or 0.
func (r FuncReport) Precision() float64 { return ratio(r.TP, r.TP+r.FP) }

// Recall returns TP/(TP+FN), or 0.
func (r FuncReport) Recall() float64 { return ratio(r.TP, r.TP+r.FN) }

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// Analyze tables what funcs did. gold maps the segments that a person labeled
// to their categories; nil when nobody did.
func Analyze(funcs []Func, votes []Vote, gold map[Range]map[string]bool) []FuncReport {
	bySegment := map[Range][]Vote{}
	for _, v := range votes {
		r := Range{v.Start, v.End}
		bySegment[r] = append(bySegment[r], v)
	}
	positives := map[string]int{}
	for _, categories := range gold {
		for c := range categories {
			positives[c]++
		}
	}
	reports := make([]FuncReport, len(funcs))
	for i, f := range funcs {
		r := FuncReport{Func: f.Name, Category: f.Category}
		for seg, vs := range bySegment {
			voted, overlap, conflict := false, false, false
			for _, v := range vs {
				voted = voted || v.Func == f.Name
				overlap = overlap || v.Func != f.Name && v.Category == f.Category
				conflict = conflict || v.Category != f.Category
			}
			if !voted {
				continue
			}
			r.Coverage++
			r.Overlap += count(overlap)
			r.Conflict += count(conflict)
			if gold != nil {
				r.TP += count(gold[seg][f.Category])
				r.FP += count(!gold[seg][f.Category])
			}
		}
		r.FN = max(positives[f.Category]-r.TP, 0)
		reports[i] = r
	}
	return reports
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}
