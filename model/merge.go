package model

import "adapt/nn/kernel"

// Merge puts the adapter's updates into the weights of m, for good.
func (a *Adapter) Merge(m *Model, threads int) {
	for i := range a.Pairs {
		a.Pairs[i].merge(a.LoRA, m.Tensor(a.Pairs[i].Name), threads)
	}
	for _, s := range a.Saved {
		copy(m.Tensor(s.Name), s.Data)
	}
}

// merge changes a weight [out, in] by its pair.
func (p *Pair) merge(l LoRA, w []float32, threads int) {
	out, in := p.B.Shape[0], p.A.Shape[1]
	kernel.Gemm(threads, false, false, out, in, l.R, l.Scale(), p.B.Data, l.R, p.A.Data, in, 1, w, in)
	if !l.DoRA {
		return
	}
	for o, magnitude := range p.Magnitude.Data {
		r := row(w, o, in)
		norm := length(r)
		if norm == 0 {
			continue // a row without direction stays zero
		}
		scale := float32(float64(magnitude) / norm)
		for i := range r {
			r[i] *= scale
		}
	}
}
