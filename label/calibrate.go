package label

import (
	"maps"
	"math"
	"slices"
)

// Platt maps log-odds to calibrated ones: Slope·z + Shift (Platt, 1999).
type Platt struct {
	Slope float64 `json:"slope"`
	Shift float64 `json:"shift"`
}

func (c Platt) apply(z float64) float64 { return c.Slope*z + c.Shift }

// belief is how strongly calibration holds to the identity: as the squared
// distance of the slope from 1 and the shift from 0 does, times belief, in nats.
const belief = 2.0

// calibrate takes up the gold of a half of the documents.
func (m *CategoryModel) calibrate(c *CategoryTally, half int) {
	m.Calibrated = platt(m, c, half)
	for _, p := range c.patterns() {
		if right, wrong := c.Rows[p].goldOf(half); right+wrong > 0 {
			if m.Gold == nil {
				m.Gold = map[Pattern]Truths{}
			}
			m.Gold[p] = Truths{int(right), int(wrong)}
		}
	}
}

// platt fits Platt's map to the gold of a half of the documents, by Newton's
// method on the penalized likelihood, which is convex. Without gold it is the
// identity.
func platt(m *CategoryModel, c *CategoryTally, half int) Platt {
	type point struct{ z, right, wrong float64 }
	var points []point
	n := 0.0
	for _, p := range c.patterns() {
		right, wrong := c.Rows[p].goldOf(half)
		if right+wrong > 0 {
			// Beyond certainty the odds of a misfit model say nothing more.
			z := math.Max(math.Min(m.rawOdds(p), 12), -12)
			points = append(points, point{z, right, wrong})
			n += right + wrong
		}
	}
	fit := Platt{Slope: 1}
	if n == 0 {
		return fit
	}
	loss := func(f Platt) float64 {
		l := belief / 2 * ((f.Slope-1)*(f.Slope-1) + f.Shift*f.Shift)
		for _, p := range points {
			z := f.apply(p.z)
			l += (p.right+p.wrong)*softplus(z) - p.right*z
		}
		return l
	}
	now := loss(fit)
	for range 100 {
		ga, gb := belief*(fit.Slope-1), belief*fit.Shift
		haa, hab, hbb := belief, 0.0, belief
		for _, p := range points {
			q := logistic(fit.apply(p.z))
			g := (p.right+p.wrong)*q - p.right
			w := (p.right + p.wrong) * q * (1 - q)
			ga += g * p.z
			gb += g
			haa += w * p.z * p.z
			hab += w * p.z
			hbb += w
		}
		det := haa*hbb - hab*hab
		da, db := (hbb*ga-hab*gb)/det, (haa*gb-hab*ga)/det
		// Half the step until it leads down: far away, the second-order view
		// that gives it does not hold.
		step, next, then := 1.0, fit, now
		for range 60 {
			next = Platt{fit.Slope - step*da, fit.Shift - step*db}
			if then = loss(next); then <= now {
				break
			}
			step /= 2
		}
		if then >= now {
			break
		}
		fit, now = next, then
	}
	// A negative slope would turn the votes around on the word of few labels.
	fit.Slope = math.Max(fit.Slope, 0)
	return fit
}

func softplus(z float64) float64 { return math.Max(z, 0) + math.Log1p(math.Exp(-math.Abs(z))) }

// Calibration says how well probabilities agree with gold.
type Calibration struct {
	Candidates int     `json:"candidates"` // with gold
	Before     float64 `json:"before"`     // expected calibration error without any gold
	After      float64 `json:"after"`      // with the gold of the other half of the documents
}

// bins is how many equal parts the probabilities are cut into for the expected
// calibration error (Guo et al., 2017).
const bins = 10

// Calibrate measures calibration where gold exists: of a model that saw none,
// and of one that saw the gold of one half of the documents, on the other half.
func Calibrate(t *Tally) Calibration {
	var before, after reliability
	for _, category := range slices.Sorted(maps.Keys(t.Of)) {
		c := t.Of[category]
		plain := fitHalf(c, t.Segments, noGold)
		for half := range 2 {
			cm := fitHalf(c, t.Segments, half)
			for _, p := range c.patterns() {
				right, wrong := c.Rows[p].goldOf(1 - half)
				before.add(plain.probability(p), right, wrong)
				after.add(cm.probability(p), right, wrong)
			}
		}
	}
	return Calibration{Candidates: int(before.total()), Before: before.error(), After: after.error()}
}

// CalibrationError is the expected calibration error of a model on the annotated
// candidates of a tally, and how many these are.
func CalibrationError(m *Model, t *Tally) (candidates int, ece float64) {
	var r reliability
	for _, category := range slices.Sorted(maps.Keys(t.Of)) {
		c := t.Of[category]
		for _, p := range c.patterns() {
			right, wrong := c.Rows[p].goldOf(anyHalf)
			r.add(m.Probability(category, p), right, wrong)
		}
	}
	return int(r.total()), r.error()
}

func fitHalf(c *CategoryTally, segments, half int) *CategoryModel {
	f := newFitting(c, segments, half)
	f.run()
	m := f.model()
	m.calibrate(c, half)
	return m
}

// reliability compares probabilities with how often they were right, in bins.
type reliability struct {
	n, sum, right [bins]float64
}

func (r *reliability) add(p, right, wrong float64) {
	b := min(int(p*bins), bins-1)
	r.n[b] += right + wrong
	r.sum[b] += p * (right + wrong)
	r.right[b] += right
}

func (r *reliability) total() float64 {
	n := 0.0
	for _, k := range r.n {
		n += k
	}
	return n
}

// error is the expected calibration error: the mean distance of confidence
// from accuracy.
func (r *reliability) error() float64 {
	e, n := 0.0, r.total()
	if n == 0 {
		return 0
	}
	for b := range bins {
		e += math.Abs(r.sum[b] - r.right[b])
	}
	return e / n
}
