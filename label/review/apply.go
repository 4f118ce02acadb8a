package review

import (
	"cmp"
	"slices"

	"adapt/label"
	"adapt/registry"
)

// Decides reports whether people have decided about a suggestion.
func (o Outcome) Decides(r registry.LabelRange) bool {
	return o.Complete || slices.ContainsFunc(o.Finals, func(f Final) bool { return f.About(r) })
}

// About reports whether a decision concerns a suggestion, which may be from
// another run and lie a little otherwise.
func (f Final) About(r registry.LabelRange) bool {
	return same(f.Was, r) || f.Keep && same(f.Now, r)
}

// Apply puts people's decisions in the place of suggestions: what they kept or
// added is a label as they left it, what they rejected is none, and of the
// other suggestions those stay that no complete review speaks against.
func Apply(text string, suggested []label.Span, o Outcome) []label.Span {
	var out []label.Span
	for _, s := range suggested {
		if !o.Decides(registry.LabelRange{Category: s.Category, Start: s.Start, End: s.End}) {
			out = append(out, s)
		}
	}
	var kept []registry.LabelRange
	for _, f := range o.Finals {
		r := f.Now
		if !f.Keep || r.Start < 0 || r.End > len(text) || r.Start >= r.End ||
			slices.ContainsFunc(kept, func(k registry.LabelRange) bool { return same(k, r) }) {
			continue
		}
		kept = append(kept, r)
		out = append(out, label.Span{
			Category: r.Category, Start: r.Start, End: r.End, Text: text[r.Start:r.End],
			Origin: label.OriginReview, Attrs: f.Attrs,
		})
	}
	slices.SortStableFunc(out, ByPlace)
	return out
}

// ByPlace compares labels by where they are, then by category.
func ByPlace(a, b label.Span) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End), cmp.Compare(a.Category, b.Category))
}
