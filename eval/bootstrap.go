package eval

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Options of a bootstrap.
type Options struct {
	// Resamples is how often documents are drawn; 0 stands for 10,000. Figures
	// that need every category or every candidate use at most 1,000.
	Resamples int
	// Seed makes the intervals reproducible.
	Seed uint64
}

func (o Options) resamples() int {
	if o.Resamples <= 0 {
		return 10_000
	}
	return o.Resamples
}

// A Figure is a measured value with its 95% confidence interval.
type Figure struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	// N counts the documents that speak to the figure (for a hallucination
	// rate those with claims); near-duplicates count once.
	N int `json:"n"`
	// Defined is false when there was nothing to measure: the values are 0 and
	// mean nothing.
	Defined bool `json:"defined"`
}

const confidence = 0.95

// draw calls visit with the weights of each resample: how often each of n
// groups was drawn when n are drawn with replacement. visit must not keep w.
func draw(n int, resamples int, seed uint64, visit func(r int, w []float64)) {
	rng := rand.New(rand.NewPCG(seed, 0x65_76_61_6c)) // the stream is "eval"
	w := make([]float64, n)
	for r := range resamples {
		clear(w)
		for range n {
			w[rng.IntN(n)]++
		}
		visit(r, w)
	}
}

// leaveOut calls visit with weights that leave out one block of groups after
// the other, at most 200 blocks.
func leaveOut(n int, visit func(w []float64)) {
	blocks := min(n, 200)
	w := make([]float64, n)
	for b := range blocks {
		for i := range w {
			w[i] = 1
			if i%blocks == b {
				w[i] = 0
			}
		}
		visit(w)
	}
}

// heavyResamples bounds the work on the heavy measures: 1,000 resamples, fewer
// (but 200) where there are a great many candidates.
func heavyResamples(p *panel, resamples int) int {
	cost := len(p.groups)*p.heavy.width + len(p.pool.candidates)
	for _, c := range p.byCat {
		cost += len(c.candidates)
	}
	return min(resamples, 1000, max(200, 200_000_000/max(1, cost)))
}

// bca returns the bias-corrected and accelerated bootstrap interval (Efron,
// 1987) of a value, from its resampled and its jackknife values; NaNs among
// them are left out. It falls back on percentiles where the correction is
// undefined.
func bca(value float64, resampled, jackknife []float64) (low, high float64) {
	resampled = defined(resampled)
	if len(resampled) == 0 {
		return value, value
	}
	slices.Sort(resampled)
	const tail = (1 - confidence) / 2
	below := 0.0
	for _, v := range resampled {
		switch {
		case v < value:
			below++
		case v == value:
			below += 0.5
		}
	}
	bias := normalQuantile(below / float64(len(resampled)))
	acceleration := skew(defined(jackknife))
	at := func(p float64) float64 {
		z := bias + normalQuantile(p)
		q := normalCDF(bias + z/(1-acceleration*z))
		if math.IsNaN(q) {
			q = p
		}
		return quantile(resampled, q)
	}
	if math.IsInf(bias, 0) {
		return quantile(resampled, tail), quantile(resampled, 1-tail)
	}
	return min(at(tail), value), max(at(1-tail), value)
}

// skew is the acceleration: a sixth of the skewness of the jackknife's
// influence values.
func skew(jackknife []float64) float64 {
	mean := 0.0
	for _, v := range jackknife {
		mean += v / float64(len(jackknife))
	}
	squares, cubes := 0.0, 0.0
	for _, v := range jackknife {
		d := mean - v
		squares += d * d
		cubes += d * d * d
	}
	if squares == 0 {
		return 0
	}
	return cubes / (6 * math.Pow(squares, 1.5))
}

// interval completes a figure. A bootstrap knows nothing of what it never
// saw: from 20 documents without an error it would conclude that errors are
// impossible. Where a share stands at 0 or 1 in every resample, the open side
// is therefore the exact binomial bound for n independent documents (the
// "rule of three"); a single document says nothing about others.
func interval(value float64, n int, m Metric, resampled, jackknife []float64) Figure {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return Figure{N: n}
	}
	low, high := bca(value, resampled, jackknife)
	// A recall that no threshold reaches is not a share of documents.
	unreached := value == 0 && (m.Name == PrecisionAt80Recall || m.Name == PrecisionAt90Recall)
	if m.Unit == Share && !unreached {
		low, high = max(low, 0), min(high, 1)
		bound := 1 - math.Pow((1-confidence)/2, 1/float64(max(n, 1)))
		switch {
		case n <= 1:
			low, high = 0, 1
		case low == high && value == 0:
			high = bound
		case low == high && value == 1:
			low = 1 - bound
		}
	}
	return newFigure(value, low, high, n)
}

// newFigure rounds to nine decimals, so that processors that fuse
// multiplications with additions write the same reports as those that do not.
func newFigure(value, low, high float64, n int) Figure {
	return Figure{Value: round(value), Low: round(low), High: round(high), N: n, Defined: true}
}

func round(v float64) float64 { return math.Round(v*1e9) / 1e9 }

func defined(values []float64) []float64 {
	return slices.DeleteFunc(slices.Clone(values), math.IsNaN)
}

// quantile interpolates between the order statistics of sorted values.
func quantile(sorted []float64, p float64) float64 {
	at := min(max(p, 0), 1) * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

func normalQuantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }

func normalCDF(z float64) float64 { return (1 + math.Erf(z/math.Sqrt2)) / 2 }
