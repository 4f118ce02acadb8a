package eval

import (
	"cmp"
	"math"
	"slices"
)

// A curve is a precision-recall curve over candidates, for any weights of
// their groups.
type curve struct {
	candidates []candidate
	positives  []float64 // true items by group, proposed or not
	empty      bool      // nobody proposed anything
}

type candidate struct {
	confidence float64
	group      int32
	correct    bool
}

// prepare sorts the candidates, most confident first, and drops those behind
// the last correct one: they change no measure of the curve.
func (c *curve) prepare() {
	c.empty = len(c.candidates) == 0
	slices.SortFunc(c.candidates, func(a, b candidate) int {
		if d := cmp.Compare(b.confidence, a.confidence); d != 0 {
			return d
		}
		return cmp.Compare(a.group, b.group)
	})
	last := 0
	for i, k := range c.candidates {
		if k.correct {
			last = i + 1
		}
	}
	for last > 0 && last < len(c.candidates) && c.candidates[last].confidence == c.candidates[last-1].confidence {
		last++ // candidates of one confidence stand or fall together
	}
	c.candidates = slices.Clip(c.candidates[:last])
}

// sweep lowers the threshold from the most confident candidate to the least.
// It returns the average precision, the sum over thresholds of precision times
// the recall gained, without interpolation (Davis and Goadrich, 2006, show
// that the linear one is too kind), and the best precision at recalls of at
// least 80% and 90%, 0 where no threshold reaches them. All are NaN without
// positives or without any candidate.
func (c *curve) sweep(w []float64) (average, at80, at90 float64) {
	total := 0.0
	for g, n := range c.positives {
		total += w[g] * n
	}
	if total == 0 || c.empty {
		return math.NaN(), math.NaN(), math.NaN()
	}
	right, proposed, recall := 0.0, 0.0, 0.0
	for i := 0; i < len(c.candidates); {
		level := c.candidates[i].confidence
		for ; i < len(c.candidates) && c.candidates[i].confidence == level; i++ {
			k := c.candidates[i]
			proposed += w[k.group]
			if k.correct {
				right += w[k.group]
			}
		}
		if proposed == 0 {
			continue
		}
		// A domain that proposes one item twice can not recall more than all.
		precision, next := right/proposed, min(right/total, 1)
		average += precision * (next - recall)
		recall = next
		// The sums are of whole numbers, yet 0.8 is no binary fraction.
		if recall >= 0.8-1e-12 {
			at80 = max(at80, precision)
		}
		if recall >= 0.9-1e-12 {
			at90 = max(at90, precision)
		}
	}
	return average, at80, at90
}
