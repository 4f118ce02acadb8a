package nn

import (
	"adapt/nn/kernel"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// A Weight is a linear map W [out, in], as Hugging Face stores it, with an
// optional low-rank update Scale·B·A (Hu et al. 2021, arXiv:2106.09685).
type Weight struct {
	W     *G.Node
	Train bool // whether W gets a gradient
	// A is [rank, in] and B [out, rank]; both nil without LoRA, both trained
	// otherwise.
	A, B  *G.Node
	Scale float32
}

// Linear returns x·Wᵀ for each weight. With one weight the result is
// [tokens, out]; with several it is one vector that holds a [tokens, out]
// block for each, one after the other, so that x and its gradient are
// touched once.
func (g *Graph) Linear(x *G.Node, weights ...Weight) *G.Node {
	l := &linear{g: g, in: x.Shape()[1], weights: weights}
	nodes, wrt := G.Nodes{x}, []bool{true}
	for _, w := range weights {
		must(w.W.Shape()[1] == l.in, "linear weight has %v, want [_, %d]", w.W.Shape(), l.in)
		l.outs = append(l.outs, w.W.Shape()[0])
		l.arg = append(l.arg, len(nodes))
		nodes, wrt = append(nodes, w.W), append(wrt, w.Train)
		if w.A != nil {
			must(w.B.Shape()[1] == w.A.Shape()[0], "LoRA has A %v and B %v", w.A.Shape(), w.B.Shape())
			nodes, wrt = append(nodes, w.A, w.B), append(wrt, true, true)
			rank := w.A.Shape()[0]
			l.low = append(l.low, make([]float32, g.Tokens*rank))
			l.lowGrad = append(l.lowGrad, make([]float32, g.Tokens*rank))
		} else {
			l.low, l.lowGrad = append(l.low, nil), append(l.lowGrad, nil)
		}
	}
	return g.add(&op{name: "linear", shape: l.shape(), wrt: wrt, run: l.forward, diff: l.diff}, nodes...)
}

// linear is the state that the ops of one Linear share.
type linear struct {
	g            *Graph
	in           int
	outs         []int
	arg          []int // of each weight's W among the op's arguments
	weights      []Weight
	low, lowGrad [][]float32 // x·Aᵀ and Scale·dy·B, [tokens, rank]
}

func (l *linear) shape() tensor.Shape {
	if len(l.outs) == 1 {
		return tensor.Shape{l.g.Tokens, l.outs[0]}
	}
	sum := 0
	for _, o := range l.outs {
		sum += o
	}
	return tensor.Shape{l.g.Tokens * sum}
}

// blocks calls f with each weight's block of a packed result.
func (l *linear) blocks(packed []float32, f func(i int, block []float32)) {
	for i, o := range l.outs {
		n := l.g.Tokens * o
		f(i, packed[:n])
		packed = packed[n:]
	}
}

func (l *linear) forward(out []float32, in [][]float32) error {
	n, threads := l.g.Tokens, l.g.Threads
	l.blocks(out, func(i int, y []float32) {
		w, o := in[l.arg[i]], l.outs[i]
		kernel.Gemm(threads, false, true, n, o, l.in, 1, in[0], l.in, w, l.in, 0, y, o)
		if l.low[i] == nil {
			return
		}
		a, b, r := in[l.arg[i]+1], in[l.arg[i]+2], l.weights[i].A.Shape()[0]
		kernel.Gemm(threads, false, true, n, r, l.in, 1, in[0], l.in, a, l.in, 0, l.low[i], r)
		kernel.Gemm(threads, false, true, n, o, r, l.weights[i].Scale, l.low[i], r, b, r, 1, y, o)
	})
	return nil
}

// diff makes one op for the gradient of x, which also computes what the
// gradients of A share, and one for each trained weight.
func (l *linear) diff(in G.Nodes, out, grad *G.Node) (G.Nodes, error) {
	g := l.g
	dx := g.add(&op{
		name: "linearGradX", shape: in[0].Shape().Clone(), run: l.gradX,
	}, append(append(G.Nodes{}, in...), grad)...)
	grads := G.Nodes{dx}
	offset := 0
	for i, w := range l.weights {
		o, at := l.outs[i], offset
		offset += g.Tokens * o
		grads = append(grads, nil)
		if w.Train {
			grads[len(grads)-1] = g.add(&op{
				name: "linearGradW", shape: w.W.Shape().Clone(),
				run: func(dw []float32, in [][]float32) error {
					dy := in[1][at : at+g.Tokens*o]
					kernel.Gemm(g.Threads, true, false, o, l.in, g.Tokens, 1, dy, o, in[0], l.in, 0, dw, l.in)
					return nil
				},
			}, in[0], grad)
		}
		if w.A == nil {
			continue
		}
		r := w.A.Shape()[0]
		// dx and out are arguments so that lowGrad and low are there.
		grads = append(grads, g.add(&op{
			name: "loraGradA", shape: w.A.Shape().Clone(),
			run: func(da []float32, in [][]float32) error {
				kernel.Gemm(g.Threads, true, false, r, l.in, g.Tokens, 1, l.lowGrad[i], r, in[0], l.in, 0, da, l.in)
				return nil
			},
		}, in[0], dx), g.add(&op{
			name: "loraGradB", shape: w.B.Shape().Clone(),
			run: func(db []float32, in [][]float32) error {
				dy := in[0][at : at+g.Tokens*o]
				kernel.Gemm(g.Threads, true, false, o, r, g.Tokens, w.Scale, dy, o, l.low[i], r, 0, db, r)
				return nil
			},
		}, grad, out))
	}
	return grads, nil
}

func (l *linear) gradX(dx []float32, in [][]float32) error {
	n, threads := l.g.Tokens, l.g.Threads
	var beta float32
	l.blocks(in[len(in)-1], func(i int, dy []float32) {
		w, o := in[l.arg[i]], l.outs[i]
		kernel.Gemm(threads, false, false, n, l.in, o, 1, dy, o, w, l.in, beta, dx, l.in)
		beta = 1
		if l.low[i] == nil {
			return
		}
		a, b, r := in[l.arg[i]+1], in[l.arg[i]+2], l.weights[i].A.Shape()[0]
		kernel.Gemm(threads, false, false, n, r, o, l.weights[i].Scale, dy, o, b, r, 0, l.lowGrad[i], r)
		kernel.Gemm(threads, false, false, n, l.in, r, 1, l.lowGrad[i], r, a, l.in, 1, dx, l.in)
	})
	return nil
}
