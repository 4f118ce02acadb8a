package nn

import (
	"adapt/nn/kernel"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// SwiGLU takes gate and up, packed one after the other by [Graph.Linear] from
// two weights, and returns silu(gate)*up, [tokens, width] (Shazeer 2020,
// arXiv:2002.05202).
func (g *Graph) SwiGLU(gateUp *G.Node, width int) *G.Node {
	n := g.Tokens * width
	must(gateUp.Shape().TotalSize() == 2*n, "SwiGLU got %v, want twice %d×%d", gateUp.Shape(), g.Tokens, width)
	o := &op{name: "SwiGLU", cheap: true, shape: tensor.Shape{g.Tokens, width}, wrt: []bool{true}}
	o.run = func(out []float32, in [][]float32) error {
		kernel.SwiGLU(g.Threads, out, in[0][:n], in[0][n:])
		return nil
	}
	o.diff = func(in G.Nodes, _, grad *G.Node) (G.Nodes, error) {
		return G.Nodes{g.add(&op{
			name: "gradient of SwiGLU", layer: o.layer, shape: in[0].Shape().Clone(), inplace: []int{0},
			run: func(out []float32, in [][]float32) error {
				kernel.SwiGLUGrad(g.Threads, out[:n], out[n:], in[0][:n], in[0][n:], in[1])
				return nil
			},
		}, in[0], grad)}, nil
	}
	return g.forward(o, gateUp)
}

// GELU returns x·Φ(x), element by element (Hendrycks and Gimpel 2016,
// arXiv:1606.08415): exactly, or as GPT-2 does by a hyperbolic tangent.
func (g *Graph) GELU(x *G.Node, exact bool) *G.Node {
	o := &op{name: "GELU", cheap: true, shape: x.Shape().Clone(), wrt: []bool{true}}
	o.run = func(out []float32, in [][]float32) error {
		kernel.GELU(g.Threads, out, in[0], exact)
		return nil
	}
	o.diff = func(in G.Nodes, _, grad *G.Node) (G.Nodes, error) {
		return G.Nodes{g.add(&op{
			name: "gradient of GELU", layer: o.layer, shape: in[0].Shape().Clone(), inplace: []int{0, 1},
			run: func(out []float32, in [][]float32) error {
				kernel.GELUGrad(g.Threads, out, in[0], in[1], exact)
				return nil
			},
		}, in[0], grad)}, nil
	}
	return g.forward(o, x)
}
