package label

import (
	"maps"
	"slices"
)

// A FuncReport says what a labeling function did over all documents, as
// Snorkel's LFAnalysis does. Shares are of all segments.
type FuncReport struct {
	Func     string `json:"func"`
	Category string `json:"category"`
	// Polarity lists the opinions that it ever had: "for", "against".
	Polarity []string `json:"polarity"`
	Votes    int      `json:"votes"`    // segments that it voted on
	Coverage float64  `json:"coverage"` // share of the segments that it was asked about
	Overlaps float64  `json:"overlaps"` // of these, where another function of the category voted, too
	Conflict float64  `json:"conflict"` // of these, where another one voted otherwise
	// Right and Wrong count its votes in documents that people annotated, and
	// Missed the segments there whose truth it could have said and did not: those
	// of the category for a function that votes for it, and the candidates that
	// are not of it for one that votes against.
	Right  int `json:"right"`
	Wrong  int `json:"wrong"`
	Missed int `json:"missed"`
	// Learned is how many of its votes the label model believes, and Weight what
	// a vote adds to the log-odds.
	Learned float64 `json:"learned"`
	Weight  float64 `json:"weight"`
}

// Precision returns the share of its votes that gold bears out; ok is false
// where no vote has gold.
func (r FuncReport) Precision() (p float64, ok bool) { return ratio(r.Right, r.Right+r.Wrong) }

// Recall returns the share of what it could have said that it said; ok is false
// where gold has none.
func (r FuncReport) Recall() (p float64, ok bool) { return ratio(r.Right, r.Right+r.Missed) }

func ratio(a, b int) (float64, bool) {
	if b == 0 {
		return 0, false
	}
	return float64(a) / float64(b), true
}

// Analyze tables what the functions did, by category and name, given what a
// label model learned of them, or nil.
func Analyze(t *Tally, m *Model) []FuncReport {
	var out []FuncReport
	for _, category := range slices.Sorted(maps.Keys(t.Of)) {
		c := t.Of[category]
		var cm *CategoryModel
		if m != nil {
			cm = m.Of[category]
		}
		for j, name := range c.Funcs {
			out = append(out, analyze(c, cm, category, name, j))
		}
	}
	return out
}

func analyze(c *CategoryTally, m *CategoryModel, category, name string, j int) FuncReport {
	r := FuncReport{Func: name, Category: category, Polarity: []string{}}
	var votesFor, votesAgainst, overlaps, conflicts, positives, negatives, foundFor int
	believed := 0.0
	for _, p := range c.patterns() {
		n := c.Rows[p]
		right, wrong := n.Right[0]+n.Right[1], n.Wrong[0]+n.Wrong[1]
		positives += right
		negatives += wrong
		o := p.At(j)
		if o == Abstain {
			continue
		}
		q := 0.5
		if m != nil {
			q = m.probability(p)
		}
		if o == For {
			votesFor += n.N
			r.Right += right
			r.Wrong += wrong
			foundFor += right
			believed += q * float64(n.N)
		} else {
			votesAgainst += n.N
			r.Right += wrong
			r.Wrong += right
			believed += (1 - q) * float64(n.N)
		}
		also, otherwise := p.others(j)
		if also {
			overlaps += n.N
		}
		if otherwise {
			conflicts += n.N
		}
	}
	r.Votes = votesFor + votesAgainst
	if votesFor > 0 {
		r.Polarity = append(r.Polarity, "for")
		r.Missed += c.Positives - foundFor
	}
	if votesAgainst > 0 {
		r.Polarity = append(r.Polarity, "against")
		r.Missed += negatives - (r.Right - foundFor)
	}
	if asked := float64(c.Asked[j]); asked > 0 {
		r.Coverage, r.Overlaps, r.Conflict = float64(r.Votes)/asked, float64(overlaps)/asked, float64(conflicts)/asked
	}
	if r.Votes > 0 {
		r.Learned = believed / float64(r.Votes)
	}
	if m != nil {
		o := For
		if votesAgainst > votesFor {
			o = Against
		}
		r.Weight = m.weight(j, o)
	}
	return r
}

// others reports whether another function than the j-th voted, and whether one
// voted otherwise.
func (p Pattern) others(j int) (also, otherwise bool) {
	for i := range len(p) {
		if o := p.At(i); i != j && o != Abstain {
			also = true
			otherwise = otherwise || o != p.At(j)
		}
	}
	return also, otherwise
}
