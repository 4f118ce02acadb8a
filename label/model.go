package label

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

// ExpectedPrecision is what a labeling function is taken to be worth before
// anything is known of it, as in Snorkel.
const ExpectedPrecision = 0.7

const (
	// anchor is how many votes of a function its author's expectation counts
	// for. Two functions alone can not tell which of them is right (it takes
	// three that agree and disagree); the expectation decides then.
	anchorVotes = 10
	// smoothing is how many votes every function casts at random beside its own,
	// so that nothing is impossible.
	smoothing = 1
	// patternVotes is how many annotated candidates of a pattern the model's own
	// view of it counts for.
	patternVotes = 8
	// rounds and settled end the estimation: settled is the largest change of a
	// posterior.
	rounds  = 300
	settled = 1e-7
)

// A Model weighs the votes of labeling functions: it says how probable it is
// that a segment shows a category, given who voted how. See [Fit].
type Model struct {
	Of map[string]*CategoryModel `json:"of"` // by category
	// Docs, Segments and Gold say what it was learned from.
	Docs     int `json:"docs"`
	Segments int `json:"segments"`
	Gold     int `json:"gold"`
}

// A CategoryModel is what was learned of the functions of one category.
type CategoryModel struct {
	Funcs []string `json:"funcs"` // in the order of the patterns
	// Expected is what their authors expect of their precision, or 0: what votes
	// are worth where there was no candidate to learn from.
	Expected []float64 `json:"expected"`
	// Balance is the estimated share of all segments that show the category.
	Balance float64 `json:"balance"`
	// Shown and Not are how often each function votes for, votes against and
	// abstains, on segments that show the category and on those that do not.
	// Votes against are counted among candidates alone.
	Shown []Rates `json:"shown"`
	Not   []Rates `json:"not"`
	// Calibrated maps the log-odds of the votes to those of gold; the identity
	// without gold.
	Calibrated Platt `json:"calibrated"`
	// Gold counts the truth of each pattern where people annotated it: functions
	// that copy each other deserve less than their votes' product.
	Gold map[Pattern]Truths `json:"gold,omitempty"`
	// Candidates is how many there were to learn from, and Rounds how long it
	// took.
	Candidates int `json:"candidates"`
	Rounds     int `json:"rounds"`
}

// Truths count candidates that do and do not show the category.
type Truths struct {
	Right int `json:"right"`
	Wrong int `json:"wrong"`
}

// Rates are the probabilities of the three opinions; For and Against of those
// that a function was asked about.
type Rates struct {
	For     float64 `json:"for"`
	Against float64 `json:"against"`
	Abstain float64 `json:"abstain"`
}

func (r Rates) of(o Opinion) float64 {
	switch o {
	case For:
		return r.For
	case Against:
		return r.Against
	}
	return r.Abstain
}

// Fit learns how much each labeling function's votes are worth, from how often
// they agree: by expectation maximization for functions that are independent
// given the truth and may abstain (Dawid and Skene, 1979; the abstention is a
// third outcome, as in Ratner et al., 2019). No gold is needed. Where there is
// some, its segments count with their truth, and the probabilities are
// calibrated on them.
//
// It is deterministic, and neither the order of documents nor that of functions
// changes the result. The cost is O(patterns × functions) a round, however many
// documents were tallied.
func Fit(t *Tally) *Model {
	m := &Model{Of: map[string]*CategoryModel{}, Docs: t.Docs, Segments: t.Segments, Gold: t.Gold}
	for category, c := range t.Of {
		f := newFitting(c, t.Segments, anyHalf)
		f.run()
		m.Of[category] = f.model()
		m.Of[category].calibrate(c, anyHalf)
	}
	return m
}

// Halves of the annotated documents whose gold is used.
const (
	anyHalf = -1
	noGold  = -2
)

// goldOf counts the gold of rows in a half of the documents.
func (r *Rows) goldOf(half int) (right, wrong float64) {
	switch half {
	case noGold:
		return 0, 0
	case anyHalf:
		return float64(r.Right[0] + r.Right[1]), float64(r.Wrong[0] + r.Wrong[1])
	}
	return float64(r.Right[half]), float64(r.Wrong[half])
}

// A fitting is an estimation under way for one category.
type fitting struct {
	c        *CategoryTally
	patterns []Pattern
	n        []float64    // candidates of each pattern whose truth is not known
	known    [][2]float64 // those that people judged: not shown, shown
	silent   float64      // segments that no function votes for
	start    []float64    // the posterior that the expectations alone give
	prior    [2][]Rates   // what the expectations say of the functions
	q        []float64    // posterior of each pattern
	qSilent  float64
	balance  float64
	rates    [2][]Rates
	rounds   int
}

func newFitting(c *CategoryTally, segments, half int) *fitting {
	f := &fitting{c: c, patterns: c.patterns()}
	candidates := 0.0
	for _, p := range f.patterns {
		r := c.Rows[p]
		right, wrong := r.goldOf(half)
		f.n = append(f.n, float64(r.N)-right-wrong)
		f.known = append(f.known, [2]float64{wrong, right})
		candidates += float64(r.N)
		f.start = append(f.start, logistic(expectedOdds(c.Expected, p)))
	}
	f.silent = math.Max(float64(segments)-candidates, 0)
	f.q = slices.Clone(f.start)
	return f
}

// expectedOdds are the log-odds of a pattern when every function is worth what
// its author expects.
func expectedOdds(expected []float64, p Pattern) float64 {
	z := 0.0
	for j, a := range expected {
		if a == 0 {
			a = ExpectedPrecision
		}
		z += float64(p.At(j)) * math.Log(a/(1-a))
	}
	return z
}

func (f *fitting) run() {
	f.maximize(0)
	f.prior = f.rates
	for f.rounds = 1; f.rounds < rounds; f.rounds++ {
		f.maximize(anchorVotes)
		if f.expect() < settled {
			break
		}
	}
}

// maximize sets the balance and the rates to what the posteriors make most
// probable. strength is how many votes the expectations count for.
func (f *fitting) maximize(strength float64) {
	k := len(f.c.Funcs)
	var counts [2][]Rates  // of votes
	var asked [2][]float64 // candidates that a function was asked about
	var candidates [2]float64
	for y := range 2 {
		counts[y], asked[y] = make([]Rates, k), make([]float64, k)
	}
	for i, p := range f.patterns {
		for y, w := range [2]float64{f.n[i]*(1-f.q[i]) + f.known[i][0], f.n[i]*f.q[i] + f.known[i][1]} {
			candidates[y] += w
			for j := range k {
				if p.asked(j) {
					asked[y][j] += w
				}
				switch p.At(j) {
				case For:
					counts[y][j].For += w
				case Against:
					counts[y][j].Against += w
				}
			}
		}
	}
	shown, not := candidates[1]+f.silent*f.qSilent, candidates[0]+f.silent*(1-f.qSilent)
	f.balance = (shown + smoothing) / (shown + not + 2*smoothing)
	among := candidates[1] / math.Max(candidates[0]+candidates[1], 1)
	var rates [2][]Rates
	for y := range 2 {
		rates[y] = make([]Rates, k)
		for j := range k {
			silent := math.Max(float64(f.c.Asked[j])-asked[0][j]-asked[1][j], 0) * math.Abs(float64(1-y)-f.qSilent)
			r := &rates[y][j]
			var expected [2]Rates
			if strength > 0 {
				expected = [2]Rates{f.prior[0][j], f.prior[1][j]}
			}
			r.For = rate(counts[y][j].For, asked[y][j]+silent, strength, [2]float64{expected[0].For, expected[1].For}, f.balance, y)
			r.Against = rate(counts[y][j].Against, asked[y][j], strength, [2]float64{expected[0].Against, expected[1].Against}, among, y)
			r.Abstain = math.Max(1-r.For-r.Against, 1e-6)
		}
	}
	f.rates = rates
}

// rate is n of total segments of class y, of which the share among all is
// shown, drawn to what was expected of both classes as by strength votes.
func rate(n, total, strength float64, expected [2]float64, shown float64, y int) float64 {
	share := math.Abs(float64(1-y) - shown)
	n += smoothing * share
	total += smoothing * share
	if all := expected[0]*(1-shown) + expected[1]*shown; strength > 0 && all > 0 {
		// So many segments hold strength votes.
		more := strength / all * share
		n += expected[y] * more
		total += more
	}
	return math.Min(n/math.Max(total, 1e-9), 1)
}

// expect computes the posteriors and returns their largest change.
func (f *fitting) expect() float64 {
	w := newWeights(f.balance, f.rates)
	change := 0.0
	for i, p := range f.patterns {
		q := logistic(w.odds(p))
		change = math.Max(change, math.Abs(q-f.q[i]))
		f.q[i] = q
	}
	z := w.balance
	for j := range f.c.Funcs {
		z += math.Log(math.Max(1-f.rates[1][j].For, 1e-6)) - math.Log(math.Max(1-f.rates[0][j].For, 1e-6))
	}
	f.qSilent = logistic(z)
	return change
}

// weights are what each opinion of each function adds to the log-odds, and what
// these are before any.
type weights struct {
	balance float64
	of      [][3]float64 // by function: against, abstain, for
}

func newWeights(balance float64, rates [2][]Rates) weights {
	w := weights{balance: logit(balance), of: make([][3]float64, len(rates[0]))}
	for j := range w.of {
		for o := Against; o <= For; o++ {
			w.of[j][o+1] = math.Log(rates[1][j].of(o)) - math.Log(rates[0][j].of(o))
		}
	}
	return w
}

// odds are the log-odds that a candidate with this pattern shows the category.
func (w weights) odds(p Pattern) float64 {
	z := w.balance
	for j := range len(p) {
		if p.asked(j) {
			z += w.of[j][p.At(j)+1]
		}
	}
	return z
}

func (f *fitting) model() *CategoryModel {
	m := &CategoryModel{Funcs: f.c.Funcs, Expected: f.c.Expected, Balance: f.balance, Shown: f.rates[1], Not: f.rates[0], Calibrated: Platt{Slope: 1}, Rounds: f.rounds}
	for i := range f.patterns {
		m.Candidates += int(f.n[i] + f.known[i][0] + f.known[i][1])
	}
	return m
}

// probability is the calibrated probability that a candidate shows the
// category. What gold says of its very pattern counts beside what the votes make
// of it.
func (m *CategoryModel) probability(p Pattern) float64 {
	if m.Candidates == 0 {
		return logistic(expectedOdds(m.Expected, p))
	}
	q := logistic(m.Calibrated.apply(m.rawOdds(p)))
	if g, ok := m.Gold[p]; ok {
		return (float64(g.Right) + patternVotes*q) / (float64(g.Right+g.Wrong) + patternVotes)
	}
	return q
}

// weight is what a function's opinion adds to the log-odds.
func (m *CategoryModel) weight(j int, o Opinion) float64 {
	if m.Candidates == 0 {
		e := m.Expected[j]
		if e == 0 {
			e = ExpectedPrecision
		}
		return float64(o) * logit(e)
	}
	return m.Calibrated.Slope * (math.Log(m.Shown[j].of(o)) - math.Log(m.Not[j].of(o)))
}

func (m *CategoryModel) rawOdds(p Pattern) float64 {
	return newWeights(m.Balance, [2][]Rates{m.Not, m.Shown}).odds(p)
}

// Probability is how probable it is that a candidate with this pattern shows
// the category, from 0 to 1. A category that the model does not know is
// undecided, 0.5.
func (m *Model) Probability(category string, p Pattern) float64 {
	c := m.Of[category]
	if c == nil || len(c.Funcs) != len(p) {
		return 0.5
	}
	return c.probability(p)
}

// Decided reports whether a probability gives a label. An exact tie does not.
func Decided(p float64) bool { return p > 0.5+1e-9 }

func logistic(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

func logit(p float64) float64 { return math.Log(p) - math.Log1p(-p) }

// UnmarshalJSON reads a model and refuses one whose parts do not fit together.
func (m *Model) UnmarshalJSON(b []byte) error {
	type plain Model
	var v plain
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	for category, c := range v.Of {
		if c == nil || len(c.Shown) != len(c.Funcs) || len(c.Not) != len(c.Funcs) || len(c.Expected) != len(c.Funcs) {
			return fmt.Errorf("label: the label model is damaged at the category %q", category)
		}
	}
	*m = Model(v)
	return nil
}
