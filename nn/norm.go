package nn

import (
	"adapt/nn/kernel"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// RMSNorm scales each row of x [tokens, width] to unit root mean square and
// multiplies it by weight [width] (Zhang and Sennrich 2019, arXiv:1910.07467).
func (g *Graph) RMSNorm(x, weight *G.Node, eps float32, train bool) *G.Node {
	width := x.Shape()[1]
	must(weight.Shape()[0] == width, "norm weight has %v, want %d", weight.Shape(), width)
	return g.add(&op{
		name: "rmsNorm", shape: x.Shape().Clone(), wrt: []bool{true, train},
		run: func(out []float32, in [][]float32) error {
			kernel.RMSNorm(g.Threads, out, in[0], in[1], g.Tokens, width, eps)
			return nil
		},
		diff: func(in G.Nodes, _, grad *G.Node) (G.Nodes, error) {
			dw := make([]float32, width)
			dx := g.add(&op{
				name: "rmsNormGrad", shape: x.Shape().Clone(),
				run: func(out []float32, in [][]float32) error {
					kernel.RMSNormGrad(g.Threads, out, dw, in[0], in[1], in[2], g.Tokens, width, eps)
					return nil
				},
			}, in[0], in[1], grad)
			if !train {
				return G.Nodes{dx, nil}, nil
			}
			return G.Nodes{dx, g.handOut("rmsNormGradW", dx, tensor.Shape{width}, dw)}, nil
		},
	}, x, weight)
}

// Residual returns x + y, both [tokens, width].
func (g *Graph) Residual(x, y *G.Node) *G.Node {
	return g.add(&op{
		name: "residual", shape: x.Shape().Clone(), wrt: []bool{true, true},
		run: func(out []float32, in [][]float32) error {
			copy(out, in[0])
			kernel.Add(out, in[1])
			return nil
		},
		diff: func(_ G.Nodes, _, grad *G.Node) (G.Nodes, error) { return G.Nodes{grad, grad}, nil },
	}, x, y)
}

// SwiGLU takes gate and up, packed one after the other by [Graph.Linear] from
// two weights, and returns silu(gate)*up, [tokens, width] (Shazeer 2020,
// arXiv:2002.05202).
func (g *Graph) SwiGLU(gateUp *G.Node, width int) *G.Node {
	n := g.Tokens * width
	must(gateUp.Shape().TotalSize() == 2*n, "SwiGLU got %v, want twice %d×%d", gateUp.Shape(), g.Tokens, width)
	return g.add(&op{
		name: "swiGLU", shape: tensor.Shape{g.Tokens, width}, wrt: []bool{true},
		run: func(out []float32, in [][]float32) error {
			kernel.SwiGLU(g.Threads, out, in[0][:n], in[0][n:])
			return nil
		},
		diff: func(in G.Nodes, _, grad *G.Node) (G.Nodes, error) {
			d := g.add(&op{
				name: "swiGLUGrad", shape: in[0].Shape().Clone(),
				run: func(out []float32, in [][]float32) error {
					kernel.SwiGLUGrad(g.Threads, out[:n], out[n:], in[0][:n], in[0][n:], in[1])
					return nil
				},
			}, in[0], grad)
			return G.Nodes{d}, nil
		},
	}, gateUp)
}
