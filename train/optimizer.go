package train

import (
	"fmt"
	"math"

	"adapt/nn"
	"adapt/nn/kernel"

	G "gorgonia.org/gorgonia"
)

// AdamW is a Gorgonia solver with decoupled weight decay (Loshchilov and
// Hutter 2019, arXiv:1711.05101). Vectors, which are norms, do not decay.
type AdamW struct {
	Beta1, Beta2, Eps, Decay float64
	Clip                     float64 // global norm that gradients are scaled down to; 0: none
	Threads                  int
	Rate                     float64 // of the next step
	Norm                     float64 // of the last step's gradients, before clipping

	count int // steps taken
	m, v  [][]float32
}

var _ G.Solver = (*AdamW)(nil)

// Step updates the weights in place. Gradients that are not finite leave
// everything as it was and return an error that names the first such weight.
func (o *AdamW) Step(params []G.ValueGrad) error {
	w, g := make([][]float32, len(params)), make([][]float32, len(params))
	sum := 0.0
	for i, p := range params {
		grad, err := p.Grad()
		if err != nil {
			return fmt.Errorf("train: gradient %d: %w", i, err)
		}
		w[i], g[i] = p.Value().Data().([]float32), grad.Data().([]float32)
		s := kernel.SumSquares(g[i])
		if math.IsNaN(s) || math.IsInf(s, 0) {
			return fmt.Errorf("%w: the gradient of %v is not finite", ErrDiverged, p)
		}
		sum += s
	}
	o.Norm = math.Sqrt(sum)
	o.reserve(w)
	o.count++
	c1, c2 := 1-math.Pow(o.Beta1, float64(o.count)), 1-math.Pow(o.Beta2, float64(o.count))
	for i, p := range params {
		if o.Clip > 0 && o.Norm > o.Clip {
			kernel.Scale(g[i], float32(o.Clip/o.Norm))
		}
		decay := o.Decay
		if p.Value().Shape().Dims() < 2 {
			decay = 0
		}
		kernel.AdamW(o.Threads, w[i], g[i], o.m[i], o.v[i], float32(o.Rate), float32(o.Beta1), float32(o.Beta2),
			float32(o.Eps), float32(decay), float32(c1), float32(c2))
	}
	return nil
}

func (o *AdamW) reserve(w [][]float32) {
	if o.m != nil {
		return
	}
	for _, p := range w {
		o.m, o.v = append(o.m, make([]float32, len(p))), append(o.v, make([]float32, len(p)))
	}
}

// A trained is a weight with its gradient, as solvers take it.
type trained struct{ *nn.Param }

func (t trained) Value() G.Value         { return t.Param.Value }
func (t trained) Grad() (G.Value, error) { return t.Param.Grad(), nil }
func (t trained) String() string         { return t.Name }
