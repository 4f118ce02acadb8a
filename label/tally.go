package label

import (
	"errors"
	"maps"
	"slices"
)

// A Tally counts how functions voted over any number of documents. It is all
// that the label model and the analysis need, and does not grow with the
// documents: what is counted is how often each pattern of opinions occurred.
// Counting commutes, so that neither the order of documents nor of functions
// shows in it.
type Tally struct {
	Docs     int                       `json:"docs"`
	Segments int                       `json:"segments"`
	Gold     int                       `json:"gold"` // documents that a person annotated
	Of       map[string]*CategoryTally `json:"of"`   // by category
}

// A CategoryTally counts the votes on one category.
type CategoryTally struct {
	// Funcs are the names of the functions, in the order of the patterns.
	Funcs []string `json:"funcs"`
	// Expected is what their authors expect of their precision, or 0.
	Expected []float64 `json:"expected"`
	// Asked is how many segments each function was asked about.
	Asked []int             `json:"asked"`
	Rows  map[Pattern]*Rows `json:"rows"`
	// Positives are the segments that people labeled with the category, found by
	// a function or not.
	Positives int `json:"positives,omitempty"`
}

// Rows count the candidates of one pattern.
type Rows struct {
	N int `json:"n"`
	// Right and Wrong count those in documents that a person annotated, in two
	// halves of documents, so that what is learned on one is measured on the
	// other.
	Right [2]int `json:"right,omitzero"`
	Wrong [2]int `json:"wrong,omitzero"`
}

// NewTally returns an empty count of a panel's votes.
func NewTally(p *Panel) *Tally {
	t := &Tally{Of: map[string]*CategoryTally{}}
	for i, category := range p.categories {
		c := &CategoryTally{Rows: map[Pattern]*Rows{}}
		for _, f := range p.funcs[i] {
			c.Funcs = append(c.Funcs, f.Name)
			c.Expected = append(c.Expected, f.Precision)
		}
		c.Asked = make([]int, len(c.Funcs))
		t.Of[category] = c
	}
	return t
}

// A Known is what people say of a document: the categories of each of its
// segments.
type Known func(segment int, category string) bool

// Add counts a document's candidates among segments segments. known is nil
// where no person annotated the document; half, 0 or 1, is the half that an
// annotated document belongs to.
func (t *Tally) Add(segments int, candidates []Candidate, known Known, half int) {
	t.Docs++
	t.Segments += segments
	for _, c := range t.Of {
		for j := range c.Asked {
			c.Asked[j] += segments
		}
	}
	for _, c := range candidates {
		rows := t.Of[c.Category].row(c.Pattern)
		rows.N++
		switch {
		case known == nil:
		case known(c.Segment, c.Category):
			rows.Right[half]++
		default:
			rows.Wrong[half]++
		}
	}
	if known == nil {
		return
	}
	t.Gold++
	for category, c := range t.Of {
		for i := range segments {
			if known(i, category) {
				c.Positives++
			}
		}
	}
}

func (c *CategoryTally) row(p Pattern) *Rows {
	r := c.Rows[p]
	if r == nil {
		r = &Rows{}
		c.Rows[p] = r
	}
	return r
}

// Merge adds what another tally of the same panel counted.
func (t *Tally) Merge(o *Tally) error {
	if len(t.Of) != len(o.Of) {
		return errors.New("label: tallies of different functions can not be added up")
	}
	for category, from := range o.Of {
		to := t.Of[category]
		if to == nil || !slices.Equal(to.Funcs, from.Funcs) {
			return errors.New("label: tallies of different functions can not be added up")
		}
		to.Positives += from.Positives
		for j, n := range from.Asked {
			to.Asked[j] += n
		}
		for p, n := range from.Rows {
			to.row(p).add(n)
		}
	}
	t.Docs += o.Docs
	t.Segments += o.Segments
	t.Gold += o.Gold
	return nil
}

func (r *Rows) add(o *Rows) {
	r.N += o.N
	for h := range 2 {
		r.Right[h] += o.Right[h]
		r.Wrong[h] += o.Wrong[h]
	}
}

// patterns returns the patterns that occurred, sorted, so that sums over them
// always come out alike.
func (c *CategoryTally) patterns() []Pattern { return slices.Sorted(maps.Keys(c.Rows)) }

// For returns the tally as one of another panel's votes: functions are found by
// name, those that the panel lacks are dropped, and those that it has more were
// never asked.
func (t *Tally) For(p *Panel) *Tally {
	out := NewTally(p)
	out.Docs, out.Segments, out.Gold = t.Docs, t.Segments, t.Gold
	for category, to := range out.Of {
		from := t.Of[category]
		if from == nil {
			continue
		}
		at := make([]int, len(to.Funcs)) // in the patterns of from, or -1
		for j, name := range to.Funcs {
			if at[j] = slices.Index(from.Funcs, name); at[j] >= 0 {
				to.Asked[j] = from.Asked[at[j]]
			}
		}
		to.Positives = from.Positives
		for _, p := range from.patterns() {
			b := make([]byte, len(at))
			for j, i := range at {
				if b[j] = notAsked; i >= 0 {
					b[j] = p[i]
				}
			}
			if slices.Contains(b, '+') {
				to.row(Pattern(b)).add(from.Rows[p])
			}
		}
	}
	return out
}

// WithoutGold returns the tally as if nobody had annotated a document.
func (t *Tally) WithoutGold() *Tally {
	out := &Tally{Docs: t.Docs, Segments: t.Segments, Of: map[string]*CategoryTally{}}
	for category, c := range t.Of {
		blind := &CategoryTally{Funcs: c.Funcs, Expected: c.Expected, Asked: c.Asked, Rows: map[Pattern]*Rows{}}
		for p, r := range c.Rows {
			blind.Rows[p] = &Rows{N: r.N}
		}
		out.Of[category] = blind
	}
	return out
}
