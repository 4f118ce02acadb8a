package nn

import (
	"adapt/nn/kernel"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// lossChunk is how many rows of logits exist at a time.
const lossChunk = 512

// Loss returns the weighted cross-entropy of predicting the batch's targets
// from x [tokens, width] through head [vocabulary, width], divided by
// Batch.Norm. Rows without a target cost nothing, and at most 512 rows of
// logits are in memory: each chunk's gradient is taken while it is there.
// With evalOnly no gradient is computed.
func (g *Graph) Loss(x, head *G.Node, trainHead, evalOnly bool) *G.Node {
	l := &loss{g: g, width: x.Shape()[1], vocab: head.Shape()[0], train: trainHead, evalOnly: evalOnly}
	must(head.Shape()[1] == l.width, "head has %v, want [_, %d]", head.Shape(), l.width)
	if !evalOnly {
		l.dx = make([]float32, g.Tokens*l.width)
		if trainHead {
			l.dhead = make([]float32, l.vocab*l.width)
		}
	}
	return g.add(&op{
		name: "loss", shape: tensor.Shape{}, wrt: []bool{true, trainHead}, run: l.forward, diff: l.diff,
	}, x, head)
}

type loss struct {
	g               *Graph
	width, vocab    int
	train, evalOnly bool
	dx, dhead       []float32
	rows            []int32   // rows of x that have a target
	x, dxChunk      []float32 // those rows of a chunk, gathered
	logits, losses  []float32
	targets         []int32
	weights         []float32
}

func (l *loss) forward(out []float32, in [][]float32) error {
	b := l.g.Batch
	l.rows = l.rows[:0]
	for i, t := range b.Targets {
		if t >= 0 && b.Weights[i] != 0 {
			l.rows = append(l.rows, int32(i))
		}
	}
	clear(l.dx)
	clear(l.dhead)
	b.Sum = 0
	for first := 0; first < len(l.rows); first += lossChunk {
		l.chunk(l.rows[first:min(first+lossChunk, len(l.rows))], in[0], in[1])
	}
	out[0] = float32(b.Sum / float64(b.Norm))
	return nil
}

func (l *loss) chunk(rows []int32, x, head []float32) {
	b, n, w, threads := l.g.Batch, len(rows), l.width, l.g.Threads
	l.reserve()
	for i, r := range rows {
		copy(l.x[i*w:(i+1)*w], x[int(r)*w:])
		l.targets[i], l.weights[i] = b.Targets[r], b.Weights[r]
	}
	kernel.Gemm(threads, false, true, n, l.vocab, w, 1, l.x, w, head, w, 0, l.logits, l.vocab)
	kernel.CrossEntropy(threads, l.logits[:n*l.vocab], l.vocab, l.targets[:n], l.weights[:n], l.losses[:n], 1/b.Norm, 0)
	for i := range n {
		b.Sum += float64(l.weights[i]) * float64(l.losses[i])
	}
	if l.evalOnly {
		return
	}
	kernel.Gemm(threads, false, false, n, w, l.vocab, 1, l.logits, l.vocab, head, w, 0, l.dxChunk, w)
	for i, r := range rows {
		copy(l.dx[int(r)*w:(int(r)+1)*w], l.dxChunk[i*w:])
	}
	if l.train {
		kernel.Gemm(threads, true, false, l.vocab, w, n, 1, l.logits, l.vocab, l.x, w, 1, l.dhead, w)
	}
}

// reserve makes the buffers of a chunk when the loss is first computed.
func (l *loss) reserve() {
	if l.logits != nil {
		return
	}
	n := min(lossChunk, l.g.Tokens)
	l.x, l.dxChunk = make([]float32, n*l.width), make([]float32, n*l.width)
	l.logits, l.losses = make([]float32, n*l.vocab), make([]float32, n)
	l.targets, l.weights = make([]int32, n), make([]float32, n)
}

// diff hands out what forward computed: the gradient of the loss with respect
// to itself is one, as in every training graph.
func (l *loss) diff(in G.Nodes, out, _ *G.Node) (G.Nodes, error) {
	grads := G.Nodes{l.g.handOut("lossGradX", out, in[0].Shape().Clone(), l.dx), nil}
	if l.train {
		grads[1] = l.g.handOut("lossGradHead", out, in[1].Shape().Clone(), l.dhead)
	}
	return grads, nil
}
