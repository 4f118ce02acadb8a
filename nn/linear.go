package nn

import (
	"adapt/nn/kernel"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// A Weight is a linear map: a weight [out, in], as Hugging Face stores Llama's,
// and what goes with it.
type Weight struct {
	W      *Param         // or, frozen in any form of storage:
	Stored *kernel.Matrix // [out, in]
	Bias   *Param         // [out]; nil: none
	// Outs cuts out into blocks of the result, as queries, keys and values of one
	// fused weight; nil: one block.
	Outs []int
	LoRA *LowRank // nil: none
}

func (w *Weight) shape() (out, in int) {
	if w.W == nil {
		return w.Stored.Rows, w.Stored.Cols
	}
	shape := w.W.Value.Shape()
	return shape[0], shape[1]
}

// Linear returns x·Wᵀ, plus bias, for each weight. With one weight of one block
// the result is [tokens, out]; otherwise it is one vector that holds a [tokens,
// width] block for each, one after the other, so that x and its gradient are
// touched once.
func (g *Graph) Linear(x *G.Node, weights ...Weight) *G.Node {
	l := &linear{g: g, in: x.Shape()[1], weights: weights}
	args, wrt := G.Nodes{x}, []bool{true}
	argument := func(p *Param) int {
		if p == nil {
			return -1
		}
		args, wrt = append(args, p.Node), append(wrt, p.Train)
		return len(args) - 1
	}
	for _, w := range weights {
		out, in := w.shape()
		must(in == l.in, "linear weight has %d columns, want %d", in, l.in)
		if w.Outs == nil {
			w.Outs = []int{out}
		}
		first, at := 0, len(l.blocks)
		for _, n := range w.Outs {
			l.blocks = append(l.blocks, block{weight: len(l.args), row: first, n: n, at: g.Tokens * l.out})
			first, l.out = first+n, l.out+n
		}
		l.of = append(l.of, l.blocks[at:])
		must(first == out, "blocks of %d rows for a weight of %d", first, out)
		must(w.Bias == nil || w.Bias.Value.Shape().Eq(tensor.Shape{out}), "bias of a weight with %d rows", out)
		l.args = append(l.args, weightArgs{w: argument(w.W), bias: argument(w.Bias)})
	}
	l.addLowRank(argument)
	shape := tensor.Shape{g.Tokens * l.out}
	if len(l.blocks) == 1 {
		shape = tensor.Shape{g.Tokens, l.out}
	}
	l.op = &op{name: "linear", shape: shape, wrt: wrt, run: l.forward, diff: l.diff}
	l.low.declare(l.op)
	l.reserveStored()
	return g.forward(l.op, args...)
}

// linear is what the ops of one Linear share.
type linear struct {
	g       *Graph
	op      *op
	in, out int
	weights []Weight
	args    []weightArgs
	blocks  []block
	of      [][]block // of each weight
	low     lowRank
	wide    *buf // a fused stored weight's result before it is cut into blocks
}

// weightArgs are the places of a weight's parts among the op's arguments, -1
// for parts that it does not have.
type weightArgs struct{ w, bias, a, b, magnitude int }

// A block is a [tokens, n] part of the result: rows row to row+n of a weight.
type block struct {
	weight, row, n int
	at             int // of the block in the result
}

func (l *linear) part(packed []float32, b block) []float32 { return packed[b.at:][:l.g.Tokens*b.n] }

func (l *linear) forward(out []float32, in [][]float32) error {
	l.lowForward(in)
	for i, w := range l.weights {
		if w.Stored != nil {
			l.storedForward(i, out, in[0])
		}
	}
	for _, b := range l.blocks {
		y, w, args := l.part(out, b), l.weights[b.weight], l.args[b.weight]
		if w.Stored == nil {
			l.g.gemm(false, true, l.g.Tokens, b.n, l.in, 1, in[0], l.in, in[args.w][b.row*l.in:], l.in, 0, y, b.n)
		}
		l.lowForwardBlock(b, y, in)
		if w.Bias != nil {
			kernel.AddRows(l.g.Threads, y, in[args.bias][b.row:][:b.n], l.g.Tokens, b.n)
		}
	}
	return nil
}

// reserveStored makes room for the result of a stored weight of several blocks.
func (l *linear) reserveStored() {
	most := 0
	for i, w := range l.weights {
		if w.Stored != nil && len(l.of[i]) > 1 {
			most = max(most, l.g.Tokens*w.Stored.Rows)
		}
	}
	if most > 0 {
		l.wide = newBuf(most)
		l.op.scratch = append(l.op.scratch, l.wide)
	}
}

func (l *linear) storedForward(i int, out, x []float32) {
	w, tokens, of := l.weights[i].Stored, l.g.Tokens, l.of[i]
	if len(of) == 1 {
		l.g.gemmStored(true, tokens, x, l.in, w, 0, l.part(out, of[0]), w.Rows)
		return
	}
	l.g.gemmStored(true, tokens, x, l.in, w, 0, l.wide.data, w.Rows)
	for _, b := range of {
		y := l.part(out, b)
		for t := range tokens {
			copy(y[t*b.n:(t+1)*b.n], l.wide.data[t*w.Rows+b.row:])
		}
	}
}

// diff makes one op for the gradient of x and one for each trained part of the
// weights.
func (l *linear) diff(in G.Nodes, out, grad *G.Node) (G.Nodes, error) {
	grads := make(G.Nodes, len(in))
	dy := l.scaled(in, out, grad) // the gradient before DoRA's magnitudes; grad without them
	dlow := l.lowGrad(in, dy)
	args := append(append(G.Nodes{}, in...), dy)
	if dlow != nil {
		args = append(args, dlow)
	}
	dx := &op{name: "gradient of the linear input", layer: l.op.layer, shape: in[0].Shape().Clone(), run: l.gradX}
	l.low.declareGradX(dx)
	if l.wide != nil {
		dx.scratch = append(dx.scratch, l.wide)
	}
	grads[0] = l.g.add(dx, args...)
	for i, w := range l.weights {
		a := l.args[i]
		if w.W != nil && w.W.Train {
			grads[a.w] = l.gradW(i, in[0], dy)
		}
		if w.Bias != nil && w.Bias.Train {
			grads[a.bias] = l.gradBias(i, grad)
		}
	}
	l.lowDiff(grads, in, dy, dlow)
	return grads, nil
}

func (l *linear) gradW(weight int, x, dy *G.Node) *G.Node {
	return l.g.gradOf(l.weights[weight].W, l.op, nil, func(dw []float32, beta float32, in [][]float32) error {
		for _, b := range l.of[weight] {
			l.g.gemm(true, false, b.n, l.in, l.g.Tokens, 1, l.part(in[1], b), b.n, in[0], l.in, beta, dw[b.row*l.in:], l.in)
		}
		return nil
	}, x, dy)
}

func (l *linear) gradBias(weight int, dy *G.Node) *G.Node {
	return l.g.gradOf(l.weights[weight].Bias, l.op, nil, func(db []float32, beta float32, in [][]float32) error {
		for _, b := range l.of[weight] {
			kernel.SumRows(l.g.Threads, db[b.row:][:b.n], l.part(in[0], b), l.g.Tokens, b.n, beta != 0)
		}
		return nil
	}, dy)
}

// gradX takes the op's arguments, the gradient of the result and, with
// adapters, that of the low-rank products.
func (l *linear) gradX(dx []float32, in [][]float32) error {
	dy := in[len(l.op.inputs)]
	var beta float32
	for i, w := range l.weights {
		if w.Stored != nil {
			l.storedGradX(i, dx, dy, beta)
			beta = 1
		}
	}
	for _, b := range l.blocks {
		if a := l.args[b.weight]; a.w >= 0 {
			l.g.gemm(false, false, l.g.Tokens, l.in, b.n, 1, l.part(dy, b), b.n, in[a.w][b.row*l.in:], l.in, beta, dx, l.in)
			beta = 1
		}
	}
	l.lowGradX(dx, in)
	return nil
}

func (l *linear) storedGradX(i int, dx, dy []float32, beta float32) {
	w, tokens, of := l.weights[i].Stored, l.g.Tokens, l.of[i]
	from := l.part(dy, of[0])
	if len(of) > 1 {
		from = l.wide.data
		for _, b := range of {
			y := l.part(dy, b)
			for t := range tokens {
				copy(from[t*w.Rows+b.row:][:b.n], y[t*b.n:])
			}
		}
	}
	l.g.gemmStored(false, tokens, from, w.Rows, w, beta, dx, l.in)
}
