package nn

import (
	"adapt/nn/kernel"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// lossRows is how many rows of logits exist at a time.
const lossRows = 512

const lossName = "loss"

// Head is what turns the last hidden states into logits, and how the loss is
// made of them.
type Head struct {
	W         *Param         // [vocabulary, width], or, frozen:
	Stored    *kernel.Matrix // [vocabulary, width]
	Tied      bool           // whether W is also the table of Embed
	Smoothing float32        // of the labels (Szegedy et al. 2016, arXiv:1512.00567)

	// With a Reference, KL times the divergence of the reference's distribution
	// from the model's is added to each row's loss.
	Reference *Reference
	KL        float32
}

// A Reference is the model that training must not move far from. Its hidden
// states are there before the graph runs.
type Reference struct {
	Hidden []float32 // [tokens, width]
	W      []float32 // [vocabulary, width], or:
	Stored *kernel.Matrix
}

// Loss returns the weighted cross-entropy of predicting the batch's targets
// from x [tokens, width] through the head, divided by Batch.Norm. Rows without a
// target cost nothing, and at most 512 rows of logits are in memory: each
// chunk's gradient is taken while it is there.
func (g *Graph) Loss(x *G.Node, head Head) *G.Node {
	l := &loss{g: g, head: head, width: x.Shape()[1]}
	args, wrt := G.Nodes{x}, []bool{true}
	if head.W != nil {
		l.vocab = head.W.Value.Shape()[0]
		must(head.W.Value.Shape()[1] == l.width, "head has %v, want [_, %d]", head.W.Value.Shape(), l.width)
		// The embedding hands out the gradient of a tied head.
		head.W.tiedHead = head.Tied
		args, wrt = append(args, head.W.Node), append(wrt, head.W.Train && !head.Tied)
	} else {
		l.vocab = head.Stored.Rows
		must(head.Stored.Cols == l.width, "head has %d columns, want %d", head.Stored.Cols, l.width)
	}
	rows := min(lossRows, g.Tokens)
	l.rows, l.targets = make([]int32, 0, g.Tokens), make([]int32, rows)
	l.weights, l.losses, l.kl = make([]float32, rows), make([]float32, rows), make([]float32, rows)
	l.x, l.logits = newBuf(rows*l.width), newBuf(rows*l.vocab)
	l.op = &op{name: lossName, shape: tensor.Shape{}, wrt: wrt, scratch: []*buf{l.x, l.logits}, run: l.forward, diff: l.diff}
	l.dxRows = newBuf(rows * l.width)
	l.op.scratch = append(l.op.scratch, l.dxRows)
	if g.Train {
		l.dx = newBuf(g.Tokens * l.width)
		l.op.saves = []*buf{l.dx}
	}
	if head.Reference != nil {
		must(head.Smoothing == 0, "smoothed labels and a reference in one loss")
		l.ref = newBuf(rows * l.vocab)
		l.op.scratch = append(l.op.scratch, l.ref)
	}
	return g.add(l.op, args...)
}

type loss struct {
	g            *Graph
	op           *op
	head         Head
	width, vocab int
	rows         []int32 // rows of x that have a target
	x, logits    *buf    // those rows of a chunk, gathered
	ref          *buf    // the reference's logits of a chunk
	dx, dxRows   *buf
	targets      []int32
	weights      []float32
	losses, kl   []float32
}

func (l *loss) forward(out []float32, in [][]float32) error {
	b := l.g.Batch
	l.rows = l.rows[:0]
	clear(b.Losses)
	for i, t := range b.Targets {
		if t >= 0 && b.Weights[i] != 0 {
			l.rows = append(l.rows, int32(i))
		}
	}
	if l.g.Train {
		clear(l.dx.data)
		if w := l.head.W; w != nil && !l.g.Accumulate {
			clear(w.gradient)
		}
	}
	b.Sum, b.KLSum = 0, 0
	for first := 0; first < len(l.rows); first += lossRows {
		l.chunk(l.rows[first:min(first+lossRows, len(l.rows))], in)
	}
	out[0] = float32((b.Sum + float64(l.head.KL)*b.KLSum) / float64(b.Norm))
	return nil
}

// project computes logits of rows hidden states.
func (l *loss) project(logits, x []float32, rows int, w []float32, stored *kernel.Matrix) {
	if stored != nil {
		l.g.gemmStored(true, rows, x, l.width, stored, 0, logits, l.vocab)
		return
	}
	l.g.gemm(false, true, rows, l.vocab, l.width, 1, x, l.width, w, l.width, 0, logits, l.vocab)
}

func (l *loss) chunk(rows []int32, in [][]float32) {
	b, n, w, threads := l.g.Batch, len(rows), l.width, l.g.Threads
	gather(l.x.data, in[0], rows, w)
	for i, r := range rows {
		l.targets[i], l.weights[i] = b.Targets[r], b.Weights[r]
	}
	var head []float32
	if l.head.W != nil {
		head = in[1]
	}
	logits := l.logits.data[:n*l.vocab]
	l.project(logits, l.x.data, n, head, l.head.Stored)
	if ref := l.head.Reference; ref != nil {
		refs := l.ref.data[:n*l.vocab]
		gather(l.dxRows.data, ref.Hidden, rows, w) // dxRows is free until the gradient
		l.project(refs, l.dxRows.data, n, ref.W, ref.Stored)
		kernel.CrossEntropyKL(threads, logits, refs, l.vocab, l.targets[:n], l.weights[:n], l.losses[:n], l.kl[:n], 1/b.Norm, l.head.KL)
	} else {
		kernel.CrossEntropy(threads, logits, l.vocab, l.targets[:n], l.weights[:n], l.losses[:n], 1/b.Norm, l.head.Smoothing)
	}
	for i, r := range rows {
		b.Losses[r] = l.losses[i]
		b.Sum += float64(l.weights[i]) * float64(l.losses[i])
		b.KLSum += float64(l.weights[i]) * float64(l.kl[i])
	}
	if !l.g.Train {
		return
	}
	if l.head.Stored != nil {
		l.g.gemmStored(false, n, logits, l.vocab, l.head.Stored, 0, l.dxRows.data, w)
	} else {
		l.g.gemm(false, false, n, w, l.vocab, 1, logits, l.vocab, head, w, 0, l.dxRows.data, w)
	}
	for i, r := range rows {
		copy(l.dx.data[int(r)*w:(int(r)+1)*w], l.dxRows.data[i*w:])
	}
	if p := l.head.W; p != nil && p.gradient != nil {
		l.g.gemm(true, false, l.vocab, w, n, 1, logits, l.vocab, l.x.data, w, 1, p.gradient, w)
	}
}

// gather copies rows of x, width wide, to dst.
func gather(dst, x []float32, rows []int32, width int) {
	for i, r := range rows {
		copy(dst[i*width:(i+1)*width], x[int(r)*width:])
	}
}

// diff hands out what forward computed: the gradient of the loss with respect
// to itself is one, as in every training graph.
func (l *loss) diff(in G.Nodes, out, _ *G.Node) (G.Nodes, error) {
	grads := make(G.Nodes, len(in))
	grads[0] = l.g.add(&op{
		name: "gradient of the loss", shape: in[0].Shape().Clone(), reads: []*buf{l.dx},
		run: func(dx []float32, _ [][]float32) error {
			copy(dx, l.dx.data)
			return nil
		},
	}, out)
	if w := l.head.W; w != nil && w.Train && !l.head.Tied {
		grads[1] = l.g.add(&op{
			name: "gradient of " + w.Name, shape: in[1].Shape().Clone(), fixed: w.reserve(l.op),
			run: func([]float32, [][]float32) error { return nil }, // the loss has written it
		}, out)
	}
	return grads, nil
}
