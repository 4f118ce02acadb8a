package nn

import (
	"adapt/nn/kernel"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Heads describes grouped-query attention (Ainslie et al. 2023,
// arXiv:2305.13245) with rotary positions (Su et al. 2021, arXiv:2104.09864).
type Heads struct {
	Query, KeyValue int // number of heads
	Dim             int // of each
	// Cos and Sin are the rotary tables, [positions, Dim/2].
	Cos, Sin []float32
}

// Attention takes queries, keys and values, packed one after the other by
// [Graph.Linear] from three weights, rotates the first two and returns causal
// attention within each sequence, [tokens, Query*Dim].
func (g *Graph) Attention(qkv *G.Node, h Heads) *G.Node {
	a := &attention{
		g: g, h: h, nq: g.Tokens * h.Query * h.Dim, nk: g.Tokens * h.KeyValue * h.Dim,
		lse: make([]float32, g.Tokens*h.Query),
	}
	must(qkv.Shape().TotalSize() == a.nq+2*a.nk, "attention got %v for %d tokens", qkv.Shape(), g.Tokens)
	a.rotated = make([]float32, a.nq+a.nk)
	return g.add(&op{
		name: "attention", shape: tensor.Shape{g.Tokens, h.Query * h.Dim}, wrt: []bool{true},
		run: a.forward, diff: a.diff,
	}, qkv)
}

type attention struct {
	g       *Graph
	h       Heads
	nq, nk  int
	rotated []float32 // queries and keys after rotation
	lse     []float32
}

func (a *attention) forward(out []float32, in [][]float32) error {
	g, h := a.g, a.h
	copy(a.rotated, in[0])
	q, k := a.rotated[:a.nq], a.rotated[a.nq:]
	kernel.Rope(g.Threads, q, g.Tokens, h.Query, h.Dim, g.Batch.Pos, h.Cos, h.Sin, false)
	kernel.Rope(g.Threads, k, g.Tokens, h.KeyValue, h.Dim, g.Batch.Pos, h.Cos, h.Sin, false)
	clear(out[g.Batch.used()*h.Query*h.Dim:]) // padding rows attend to nothing
	kernel.Attention(g.Threads, out, a.lse, q, k, in[0][a.nq+a.nk:], h.Query, h.KeyValue, h.Dim, g.Batch.Bounds)
	return nil
}

func (a *attention) diff(in G.Nodes, out, grad *G.Node) (G.Nodes, error) {
	d := a.g.add(&op{
		name: "attentionGrad", shape: in[0].Shape().Clone(),
		run: func(d []float32, in [][]float32) error {
			g, h := a.g, a.h
			q, k := a.rotated[:a.nq], a.rotated[a.nq:]
			dq, dk, dv := d[:a.nq], d[a.nq:a.nq+a.nk], d[a.nq+a.nk:]
			used := g.Batch.used()
			clear(dq[used*h.Query*h.Dim:])
			clear(dk[used*h.KeyValue*h.Dim:])
			clear(dv[used*h.KeyValue*h.Dim:])
			kernel.AttentionGrad(g.Threads, dq, dk, dv, q, k, in[0][a.nq+a.nk:], in[1], a.lse, in[2], h.Query, h.KeyValue, h.Dim, g.Batch.Bounds)
			kernel.Rope(g.Threads, dq, g.Tokens, h.Query, h.Dim, g.Batch.Pos, h.Cos, h.Sin, true)
			kernel.Rope(g.Threads, dk, g.Tokens, h.KeyValue, h.Dim, g.Batch.Pos, h.Cos, h.Sin, true)
			return nil
		},
	}, in[0], out, grad)
	return G.Nodes{d}, nil
}
