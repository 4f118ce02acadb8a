package nn

import (
	"adapt/nn/kernel"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Heads describes grouped-query attention (Ainslie et al. 2023,
// arXiv:2305.13245).
type Heads struct {
	Query, KeyValue int // number of heads
	Dim             int // of each
	// Cos and Sin are the tables of rotary positions (Su et al. 2021,
	// arXiv:2104.09864), [positions, Dim/2]; nil: none.
	Cos, Sin []float32
	// Window is how many tokens back a token sees, itself included (Jiang et al.
	// 2023, arXiv:2310.06825); 0: all.
	Window int
}

// Attention takes queries, keys and values, packed one after the other by
// [Graph.Linear], and returns attention within each sequence, [tokens,
// Query*Dim]: causal, but for the prefix that Batch.Prefix gives, which sees
// itself in both directions. It rotates queries and keys where they are: no other op may read
// qkv.
func (g *Graph) Attention(qkv *G.Node, h Heads) *G.Node {
	a := &attention{
		g: g, h: h, nq: g.Tokens * h.Query * h.Dim, nk: g.Tokens * h.KeyValue * h.Dim,
		lse: newBuf(g.Tokens * h.Query),
	}
	must(qkv.Shape().TotalSize() == a.nq+2*a.nk, "attention got %v for %d tokens", qkv.Shape(), g.Tokens)
	a.op = &op{
		name: "attention", shape: tensor.Shape{g.Tokens, h.Query * h.Dim}, wrt: []bool{true},
		saves: []*buf{a.lse}, run: a.forward, diff: a.diff,
	}
	return g.forward(a.op, qkv)
}

type attention struct {
	op     *op
	g      *Graph
	h      Heads
	nq, nk int
	lse    *buf
}

func (a *attention) split(qkv []float32) (q, k, v []float32) {
	return qkv[:a.nq], qkv[a.nq : a.nq+a.nk], qkv[a.nq+a.nk:]
}

func (a *attention) rotate(q, k []float32, back bool) {
	g, h := a.g, a.h
	if h.Cos == nil {
		return
	}
	kernel.Rope(g.Threads, q, g.Tokens, h.Query, h.Dim, g.Batch.Pos, h.Cos, h.Sin, back)
	kernel.Rope(g.Threads, k, g.Tokens, h.KeyValue, h.Dim, g.Batch.Pos, h.Cos, h.Sin, back)
}

func (a *attention) mask() kernel.Mask {
	return kernel.Mask{Prefix: a.g.Batch.Prefix, Window: a.h.Window}
}

func (a *attention) forward(out []float32, in [][]float32) error {
	g, h := a.g, a.h
	q, k, v := a.split(in[0])
	a.rotate(q, k, false)
	clear(out[g.Batch.used()*h.Query*h.Dim:]) // padding rows attend to nothing
	kernel.Attention(g.Threads, out, a.lse.data, q, k, v, h.Query, h.KeyValue, h.Dim, g.Batch.Bounds, a.mask())
	return nil
}

func (a *attention) diff(in G.Nodes, out, grad *G.Node) (G.Nodes, error) {
	return G.Nodes{a.g.add(&op{
		name: "gradient of the attention", layer: a.op.layer, shape: in[0].Shape().Clone(), reads: []*buf{a.lse},
		run: func(d []float32, in [][]float32) error {
			g, h := a.g, a.h
			q, k, v := a.split(in[0])
			dq, dk, dv := a.split(d)
			used := g.Batch.used()
			clear(dq[used*h.Query*h.Dim:])
			clear(dk[used*h.KeyValue*h.Dim:])
			clear(dv[used*h.KeyValue*h.Dim:])
			kernel.AttentionGrad(g.Threads, dq, dk, dv, q, k, v, in[1], a.lse.data, in[2], h.Query, h.KeyValue, h.Dim, g.Batch.Bounds, a.mask())
			a.rotate(dq, dk, true)
			return nil
		},
	}, in[0], out, grad)}, nil
}
