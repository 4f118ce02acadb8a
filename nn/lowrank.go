package nn

import (
	"math"

	"adapt/nn/kernel"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// LowRank is a trained update of a frozen weight W: W + Scale·B·A (Hu et al.
// 2021, arXiv:2106.09685).
type LowRank struct {
	A       *Param // [rank, in]
	B       *Param // [out, rank]
	Scale   float32
	Dropout float32 // of A's input, in training; the same for all weights of a Linear
	// Magnitude [out] makes the update DoRA (Liu et al. 2024, arXiv:2402.09353):
	// each row of W + Scale·B·A is scaled to this length. As in the paper, the
	// length that is divided by counts as a constant in the gradient. nil: LoRA.
	Magnitude *Param
}

// lowRank is what a Linear keeps for its adapters. The matrices A of all
// weights, which share x, are joined to one of rank rows.
type lowRank struct {
	rank    int
	first   []int // row of each weight's A in the joined matrix
	a       *buf  // the joined matrix, [rank, in]
	low     *buf  // x·aᵀ, [tokens, rank]
	dropped *buf  // x after dropout, [tokens, in]; nil without dropout
	back    *buf  // gradient of dropped
	dropout float32
	dora    []*dora // of each weight; nil: none
}

// dora is what one weight with a magnitude keeps.
type dora struct {
	norm  *buf      // length of each row of W + Scale·B·A, [out]
	plain *buf      // the result before scaling, [tokens, out] in the blocks' order
	row   *buf      // rows of W + Scale·B·A under way
	sums  []float64 // of gradient times plain, one for each row
	grad  *G.Node   // of the result, once it is differentiated
}

const doraRows = 64

func (l *linear) addLowRank(argument func(*Param) int) {
	low := &l.low
	for i, w := range l.weights {
		low.first, low.dora = append(low.first, low.rank), append(low.dora, nil)
		if w.LoRA == nil {
			l.args[i].a, l.args[i].b, l.args[i].magnitude = -1, -1, -1
			continue
		}
		r, out := w.LoRA.A.Value.Shape()[0], w.LoRA.B.Value.Shape()[0]
		want, _ := w.shape()
		must(w.LoRA.B.Value.Shape()[1] == r && out == want, "LoRA has A %v and B %v", w.LoRA.A.Value.Shape(), w.LoRA.B.Value.Shape())
		must(low.rank == 0 || low.dropout == w.LoRA.Dropout, "dropout of %g and %g in one linear layer", low.dropout, w.LoRA.Dropout)
		low.rank, low.dropout = low.rank+r, w.LoRA.Dropout
		l.args[i].a, l.args[i].b = argument(w.LoRA.A), argument(w.LoRA.B)
		l.args[i].magnitude = argument(w.LoRA.Magnitude)
		if w.LoRA.Magnitude != nil {
			low.dora[i] = &dora{norm: newBuf(out), plain: newBuf(l.g.Tokens * out), row: newBuf(doraRows * l.in), sums: make([]float64, out)}
		}
	}
	if low.rank == 0 {
		return
	}
	low.a, low.low = newBuf(low.rank*l.in), newBuf(l.g.Tokens*low.rank)
	if low.dropout > 0 && l.g.Train {
		low.dropped, low.back = newBuf(l.g.Tokens*l.in), newBuf(l.g.Tokens*l.in)
	}
}

func (low *lowRank) declare(o *op) {
	if low.rank == 0 {
		return
	}
	o.saves = append(o.saves, low.a, low.low)
	if low.dropped != nil {
		o.saves = append(o.saves, low.dropped)
	}
	for _, d := range low.dora {
		if d != nil {
			o.saves, o.scratch = append(o.saves, d.norm, d.plain), append(o.scratch, d.row)
		}
	}
}

func (low *lowRank) declareGradX(o *op) {
	if low.rank == 0 {
		return
	}
	o.reads = append(o.reads, low.a)
	if low.dropped != nil {
		o.scratch = append(o.scratch, low.back)
	}
}

// seed is the layer's own for dropout in this micro-batch.
func (l *linear) seed() uint64 { return l.g.Batch.Seed ^ l.op.id<<40 }

// input is what the low-rank products are of.
func (l *linear) input(x []float32) []float32 {
	if l.low.dropped == nil {
		return x
	}
	return l.low.dropped.data
}

// lowForward computes the low-rank products of all weights at once.
func (l *linear) lowForward(in [][]float32) {
	low, g := &l.low, l.g
	if low.rank == 0 {
		return
	}
	for i, a := range l.args {
		if a.a >= 0 {
			copy(low.a.data[low.first[i]*l.in:], in[a.a])
		}
	}
	if low.dropped != nil {
		kernel.Dropout(g.Threads, low.dropped.data, in[0], low.dropout, l.seed(), 0)
	}
	g.gemm(false, true, g.Tokens, low.rank, l.in, 1, l.input(in[0]), l.in, low.a.data, l.in, 0, low.low.data, low.rank)
	for i, d := range low.dora {
		if d != nil {
			l.rowNorms(i, d, in)
		}
	}
}

// rowNorms computes the length of each row of W + Scale·B·A.
func (l *linear) rowNorms(i int, d *dora, in [][]float32) {
	w, a := l.weights[i], l.args[i]
	out, _ := w.shape()
	r := w.LoRA.A.Value.Shape()[0]
	for first := 0; first < out; first += doraRows {
		n := min(doraRows, out-first)
		rows := d.row.data[:n*l.in]
		if w.Stored != nil {
			w.Stored.DecodeRows(rows, first, first+n)
		} else {
			copy(rows, in[a.w][first*l.in:])
		}
		l.g.gemm(false, false, n, l.in, r, w.LoRA.Scale, in[a.b][first*r:], r, in[a.a], l.in, 1, rows, l.in)
		for j := range n {
			d.norm.data[first+j] = float32(math.Sqrt(kernel.SumSquares(rows[j*l.in : (j+1)*l.in])))
		}
	}
}

// lowForwardBlock adds a weight's update to a block of the result.
func (l *linear) lowForwardBlock(b block, y []float32, in [][]float32) {
	low, a := &l.low, l.args[b.weight]
	if a.a < 0 {
		return
	}
	lora := l.weights[b.weight].LoRA
	r := lora.A.Value.Shape()[0]
	l.g.gemm(false, true, l.g.Tokens, b.n, r, lora.Scale, low.low.data[low.first[b.weight]:], low.rank, in[a.b][b.row*r:], r, 1, y, b.n)
	if d := low.dora[b.weight]; d != nil {
		copy(d.plain.data[l.g.Tokens*b.row:], y)
		scaleColumns(y, y, in[a.magnitude][b.row:][:b.n], d.norm.data[b.row:])
	}
}

// scaleColumns writes y = x·m/norm for rows as wide as m.
func scaleColumns(y, x, m, norm []float32) {
	for t := 0; t < len(y); t += len(m) {
		for j, v := range m {
			y[t+j] = x[t+j] * v / norm[j]
		}
	}
}

// scaled makes the op that takes the gradient of the result back through the
// magnitudes of DoRA.
func (l *linear) scaled(in G.Nodes, out, grad *G.Node) *G.Node {
	o := &op{name: "gradient of the magnitudes' scaling", layer: l.op.layer, shape: grad.Shape().Clone()}
	args := G.Nodes{grad}
	magnitude := map[int]int{}
	for i, d := range l.low.dora {
		if d != nil {
			magnitude[i] = len(args)
			args, o.reads = append(args, in[l.args[i].magnitude]), append(o.reads, d.norm)
		}
	}
	if len(magnitude) == 0 {
		return grad
	}
	o.run = func(dy []float32, in [][]float32) error {
		for _, b := range l.blocks {
			if d := l.low.dora[b.weight]; d != nil {
				scaleColumns(l.part(dy, b), l.part(in[0], b), in[magnitude[b.weight]][b.row:][:b.n], d.norm.data[b.row:])
			} else {
				copy(l.part(dy, b), l.part(in[0], b))
			}
		}
		return nil
	}
	for i := range magnitude {
		l.low.dora[i].grad = grad
	}
	return l.g.add(o, args...)
}

// lowGrad makes the op of the gradient of the low-rank products, [tokens, rank].
func (l *linear) lowGrad(in G.Nodes, dy *G.Node) *G.Node {
	low, g := &l.low, l.g
	if low.rank == 0 {
		return nil
	}
	args := append(append(G.Nodes{}, in...), dy)
	return g.add(&op{
		name: "gradient of the low-rank products", layer: l.op.layer, shape: tensor.Shape{g.Tokens, low.rank},
		run: func(out []float32, in [][]float32) error {
			for _, b := range l.blocks {
				a := l.args[b.weight]
				if a.a < 0 {
					continue
				}
				lora := l.weights[b.weight].LoRA
				r := lora.A.Value.Shape()[0]
				var beta float32
				if b.row > 0 { // a later block of the same weight
					beta = 1
				}
				g.gemm(false, false, g.Tokens, r, b.n, lora.Scale, l.part(in[len(in)-1], b), b.n, in[a.b][b.row*r:], r, beta, out[low.first[b.weight]:], low.rank)
			}
			return nil
		},
	}, args...)
}

// lowGradX adds to dx what comes through the adapters.
func (l *linear) lowGradX(dx []float32, in [][]float32) {
	low, g := &l.low, l.g
	if low.rank == 0 {
		return
	}
	dlow := in[len(in)-1]
	if low.dropped == nil {
		g.gemm(false, false, g.Tokens, l.in, low.rank, 1, dlow, low.rank, low.a.data, l.in, 1, dx, l.in)
		return
	}
	back := low.back.data
	g.gemm(false, false, g.Tokens, l.in, low.rank, 1, dlow, low.rank, low.a.data, l.in, 0, back, l.in)
	kernel.Dropout(g.Threads, back, back, low.dropout, l.seed(), 0)
	kernel.AddTo(g.Threads, dx, dx, back)
}

// lowDiff makes the ops of the adapters' gradients.
func (l *linear) lowDiff(grads, in G.Nodes, dy, dlow *G.Node) {
	low, g := &l.low, l.g
	for i, w := range l.weights {
		a := l.args[i]
		if a.a < 0 {
			continue
		}
		r := w.LoRA.A.Value.Shape()[0]
		var reads []*buf
		if low.dropped != nil {
			reads = []*buf{low.dropped}
		}
		grads[a.a] = g.gradOf(w.LoRA.A, l.op, reads, func(da []float32, beta float32, in [][]float32) error {
			g.gemm(true, false, r, l.in, g.Tokens, 1, in[1][low.first[i]:], low.rank, l.input(in[0]), l.in, beta, da, l.in)
			return nil
		}, in[0], dlow)
		grads[a.b] = g.gradOf(w.LoRA.B, l.op, []*buf{low.low}, func(db []float32, beta float32, in [][]float32) error {
			for _, b := range l.of[i] {
				g.gemm(true, false, b.n, r, g.Tokens, w.LoRA.Scale, l.part(in[0], b), b.n, low.low.data[low.first[i]:], low.rank, beta, db[b.row*r:], r)
			}
			return nil
		}, dy)
		if d := low.dora[i]; d != nil {
			grads[a.magnitude] = l.gradMagnitude(i, d)
		}
	}
}

// gradMagnitude is the sum over tokens of gradient times unscaled result, over
// the row's length.
func (l *linear) gradMagnitude(i int, d *dora) *G.Node {
	tokens := l.g.Tokens
	return l.g.gradOf(l.weights[i].LoRA.Magnitude, l.op, []*buf{d.norm, d.plain}, func(dm []float32, beta float32, in [][]float32) error {
		for _, b := range l.of[i] {
			dy, plain := l.part(in[0], b), d.plain.data[tokens*b.row:]
			sums := d.sums[:b.n]
			clear(sums)
			for at := 0; at < tokens*b.n; at += b.n {
				for j := range sums {
					sums[j] += float64(dy[at+j]) * float64(plain[at+j])
				}
			}
			for j, sum := range sums {
				at := b.row + j
				dm[at] = beta*dm[at] + float32(sum)/d.norm.data[at]
			}
		}
		return nil
	}, d.grad)
}
