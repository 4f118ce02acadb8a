package nn

import (
	"slices"

	"adapt/nn/kernel"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// RMSNorm scales each row of x [tokens, width] to unit root mean square and
// multiplies it by weight [width] (Zhang and Sennrich 2019, arXiv:1910.07467).
func (g *Graph) RMSNorm(x *G.Node, weight *Param, eps float32) *G.Node {
	width := checkNorm(x, weight)
	dw := gradBuf(weight)
	o := &op{name: "RMS norm", cheap: true, shape: x.Shape().Clone(), wrt: []bool{true, weight.Train}}
	o.run = func(out []float32, in [][]float32) error {
		kernel.RMSNorm(g.Threads, out, in[0], in[1], g.Tokens, width, eps)
		return nil
	}
	o.diff = func(in G.Nodes, _, grad *G.Node) (G.Nodes, error) {
		dx := g.add(&op{
			name: "gradient of the RMS norm", layer: o.layer, shape: x.Shape().Clone(), inplace: []int{2}, saves: filled(dw),
			run: func(out []float32, in [][]float32) error {
				kernel.RMSNormGrad(g.Threads, out, dw.data, in[0], in[1], in[2], g.Tokens, width, eps)
				return nil
			},
		}, in[0], in[1], grad)
		return G.Nodes{dx, g.gradFrom(weight, o, dw, dx)}, nil
	}
	return g.forward(o, x, weight.Node)
}

// LayerNorm gives each row of x [tokens, width] mean zero and variance one, and
// multiplies it by weight and adds bias, both [width] (Ba et al. 2016,
// arXiv:1607.06450).
func (g *Graph) LayerNorm(x *G.Node, weight, bias *Param, eps float32) *G.Node {
	width := checkNorm(x, weight)
	checkNorm(x, bias)
	dw, db := gradBuf(weight), gradBuf(bias)
	o := &op{name: "layer norm", cheap: true, shape: x.Shape().Clone(), wrt: []bool{true, weight.Train, bias.Train}}
	o.run = func(out []float32, in [][]float32) error {
		kernel.LayerNorm(g.Threads, out, in[0], in[1], in[2], g.Tokens, width, eps)
		return nil
	}
	o.diff = func(in G.Nodes, _, grad *G.Node) (G.Nodes, error) {
		dx := g.add(&op{
			name: "gradient of the layer norm", layer: o.layer, shape: x.Shape().Clone(), inplace: []int{2}, saves: filled(dw, db),
			run: func(out []float32, in [][]float32) error {
				kernel.LayerNormGrad(g.Threads, out, dw.data, db.data, in[0], in[1], in[2], g.Tokens, width, eps)
				return nil
			},
		}, in[0], in[1], grad)
		return G.Nodes{dx, g.gradFrom(weight, o, dw, dx), g.gradFrom(bias, o, db, dx)}, nil
	}
	return g.forward(o, x, weight.Node, bias.Node)
}

func checkNorm(x *G.Node, weight *Param) int {
	width := x.Shape()[1]
	must(weight.Value.Shape().Eq(tensor.Shape{width}), "norm weight has %v, want %d", weight.Value.Shape(), width)
	return width
}

// gradBuf is where an op writes the gradient of a weight beside its result: nowhere,
// with no memory, if the weight is not trained.
func gradBuf(p *Param) *buf {
	if !p.Train {
		return newBuf(0)
	}
	return newBuf(p.Value.Shape().TotalSize())
}

// filled are those of the buffers that have memory.
func filled(bufs ...*buf) []*buf {
	return slices.DeleteFunc(bufs, func(b *buf) bool { return b.n == 0 })
}

// gradFrom takes a weight's gradient from a buffer that the op behind filled
// has written.
func (g *Graph) gradFrom(p *Param, of *op, from *buf, filled *G.Node) *G.Node {
	return g.gradOf(p, of, []*buf{from}, func(grad []float32, beta float32, _ [][]float32) error {
		addInto(grad, beta, from.data)
		return nil
	}, filled)
}

// Residual returns x + y, both [tokens, width].
func (g *Graph) Residual(x, y *G.Node) *G.Node {
	must(x.Shape().Eq(y.Shape()), "residual of %v and %v", x.Shape(), y.Shape())
	return g.forward(&op{
		name: "residual", shape: x.Shape().Clone(), wrt: []bool{true, true}, inplace: []int{1, 0},
		run: func(out []float32, in [][]float32) error {
			kernel.AddTo(g.Threads, out, in[0], in[1])
			return nil
		},
		diff: func(_ G.Nodes, _, grad *G.Node) (G.Nodes, error) { return G.Nodes{grad, grad}, nil },
	}, x, y)
}
