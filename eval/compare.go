package eval

import (
	"math"
	"slices"
)

// A Comparison sets two models beside each other on the same documents.
type Comparison struct {
	Documents int `json:"documents"` // that both answered to, near-training ones left out
	Groups    int `json:"groups"`
	// OnlyCandidate and OnlyChampion count documents left out because the other
	// model has no outcome for them.
	OnlyCandidate int     `json:"only_candidate,omitempty"`
	OnlyChampion  int     `json:"only_champion,omitempty"`
	Deltas        []Delta `json:"deltas"`
}

// A Delta is candidate minus champion in one metric, with the 95% interval
// and the p-value of the paired bootstrap over documents.
type Delta struct {
	Metric   string `json:"metric"`
	Category string `json:"category,omitempty"`
	Figure
	// P is the two-sided p-value that there is no difference.
	P float64 `json:"p"`
}

// Compare measures the difference between candidate and champion by paired
// bootstrap (Efron and Tibshirani, 1993): both models are resampled on the
// same documents, so that what is hard about a document cancels out. The
// p-value is twice the share of resamples on the far side of zero.
func Compare(candidate, champion []Outcome, opt Options) Comparison {
	a, b, c := pair(candidate, champion)
	n := namesOf(a, b)
	c.Groups = len(n.groups)
	p, q := newPanel(a, n), newPanel(b, n)
	if len(n.groups) == 0 {
		return c
	}
	c.Deltas = append(c.Deltas, deltas(p, q, opt)...)
	return c
}

// pair keeps the documents that both sides have.
func pair(candidate, champion []Outcome) (a, b []Outcome, c Comparison) {
	candidate, _ = apart(candidate)
	champion, _ = apart(champion)
	inChampion, inCandidate := docs(champion), docs(candidate)
	for _, o := range candidate {
		if inChampion[o.DocID] {
			a = append(a, o)
		} else {
			c.OnlyCandidate++
		}
	}
	group := map[string]string{}
	for _, o := range a {
		group[o.DocID] = o.Group
	}
	for _, o := range champion {
		if inCandidate[o.DocID] {
			o.Group = group[o.DocID] // pairs must be drawn together
			b = append(b, o)
		} else {
			c.OnlyChampion++
		}
	}
	c.Documents = len(a)
	return a, b, c
}

func docs(outcomes []Outcome) map[string]bool {
	m := make(map[string]bool, len(outcomes))
	for _, o := range outcomes {
		m[o.DocID] = true
	}
	return m
}

func deltas(p, q *panel, opt Options) []Delta {
	both := func(heavy bool) func(w []float64) []float64 {
		width, n, weigh, weighQ := p.light.width, len(p.lightKeys), p.weighLight, q.weighLight
		if heavy {
			width, n, weigh, weighQ = p.heavy.width, len(p.heavyKeys), p.weighHeavy, q.weighHeavy
		}
		sums, x, y := make([]float64, width), make([]float64, n), make([]float64, n)
		return func(w []float64) []float64 {
			weigh(w, sums, x)
			weighQ(w, sums, y)
			for i := range x {
				x[i] -= y[i]
			}
			return x
		}
	}
	light, heavy := both(false), both(true)
	resamples := opt.resamples()
	fewer := min(heavyResamples(p, resamples), heavyResamples(q, resamples))
	lightDrawn, heavyDrawn := newSeries(len(p.lightKeys), resamples), newSeries(len(p.heavyKeys), fewer)
	draw(len(p.groups), resamples, opt.Seed, func(r int, w []float64) {
		lightDrawn.add(light(w))
		if r < fewer {
			heavyDrawn.add(heavy(w))
		}
	})
	ones := make([]float64, len(p.groups))
	for i := range ones {
		ones[i] = 1
	}
	lightN, heavyN := pairedEvidence(p, q)
	var all []Delta
	for i, v := range light(ones) {
		all = append(all, newDelta(p.lightKeys[i], v, lightN[i], lightDrawn[i]))
	}
	for i, v := range heavy(ones) {
		all = append(all, newDelta(p.heavyKeys[i], v, heavyN[i], heavyDrawn[i]))
	}
	return all
}

// pairedEvidence is the smaller evidence of both sides.
func pairedEvidence(p, q *panel) (light, heavy []int) {
	light, heavy = p.evidence()
	otherLight, otherHeavy := q.evidence()
	for i := range light {
		light[i] = min(light[i], otherLight[i])
	}
	for i := range heavy {
		heavy[i] = min(heavy[i], otherHeavy[i])
	}
	return light, heavy
}

func newDelta(k key, value float64, n int, drawn []float64) Delta {
	d := Delta{Metric: k.metric, Category: k.category, Figure: Figure{N: n}, P: 1}
	if math.IsNaN(value) {
		return d
	}
	drawn = append(defined(drawn), value) // the sample itself is one of the draws: never empty
	slices.Sort(drawn)
	const tail = (1 - confidence) / 2
	d.Figure = newFigure(value, quantile(drawn, tail), quantile(drawn, 1-tail), n)
	down, up := 0, 0
	for _, v := range drawn {
		if v <= 0 {
			down++
		}
		if v >= 0 {
			up++
		}
	}
	// One is added so that no p-value claims more than the number of resamples
	// can show.
	d.P = round(min(1, 2*float64(min(down, up)+1)/float64(len(drawn))))
	return d
}

// Delta finds the difference in a metric; it is undefined when it was not
// measured on both sides.
func (c Comparison) Delta(metric, category string) Delta {
	for _, d := range c.Deltas {
		if d.Metric == metric && d.Category == category {
			return d
		}
	}
	return Delta{Metric: metric, Category: category, P: 1}
}
