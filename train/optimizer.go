package train

import (
	"fmt"
	"math"
	"slices"

	"adapt/nn"
	"adapt/nn/kernel"

	G "gorgonia.org/gorgonia"
)

// AdamW is a Gorgonia solver with decoupled weight decay (Loshchilov and
// Hutter 2019, arXiv:1711.05101). Vectors, which are norms and biases, do not
// decay.
type AdamW struct {
	Beta1, Beta2, Eps, Decay float64
	Clip                     float64 // global norm that gradients are scaled down to; 0: none
	Threads                  int
	Rate                     float64 // of the next step
	Norm                     float64 // of the last step's gradients, before clipping

	count  int           // steps taken
	params []G.ValueGrad // whose weights and gradients w and g are
	w, g   [][]float32
	m, v   [][]float32
}

var _ G.Solver = (*AdamW)(nil)

// Step updates the weights in place. Gradients that are not finite leave
// everything as it was and return an error that names the first such weight.
func (o *AdamW) Step(params []G.ValueGrad) error {
	if err := o.bind(params); err != nil {
		return err
	}
	sum := 0.0
	for i, g := range o.g {
		s := kernel.SumSquaresN(o.Threads, g)
		if !finite(s) {
			return fmt.Errorf("%w: the gradient of %v is not finite", ErrDiverged, params[i])
		}
		sum += s
	}
	o.Norm = math.Sqrt(sum)
	o.reserve(o.w)
	o.count++
	c1, c2 := 1-math.Pow(o.Beta1, float64(o.count)), 1-math.Pow(o.Beta2, float64(o.count))
	for i, w := range o.w {
		if o.Clip > 0 && o.Norm > o.Clip {
			kernel.Scale(o.g[i], float32(o.Clip/o.Norm))
		}
		decay := o.Decay
		if params[i].Value().Shape().Dims() < 2 {
			decay = 0
		}
		kernel.AdamW(o.Threads, w, o.g[i], o.m[i], o.v[i], float32(o.Rate), float32(o.Beta1), float32(o.Beta2),
			float32(o.Eps), float32(decay), float32(c1), float32(c2))
	}
	return nil
}

// bind looks up the memory of weights and gradients, which stays where it is
// from step to step.
func (o *AdamW) bind(params []G.ValueGrad) error {
	if slices.Equal(params, o.params) {
		return nil
	}
	o.w, o.g, o.params = nil, nil, nil
	for i, p := range params {
		grad, err := p.Grad()
		if err != nil {
			return fmt.Errorf("train: gradient %d: %w", i, err)
		}
		o.w, o.g = append(o.w, p.Value().Data().([]float32)), append(o.g, grad.Data().([]float32))
	}
	o.params = slices.Clone(params)
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
