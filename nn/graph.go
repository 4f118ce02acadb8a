package nn

import (
	"fmt"
	"runtime"

	"adapt/nn/kernel"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Gorgonia keeps its BLAS in a global variable and would otherwise take Gonum's,
// which is some thirty times slower here.
func init() { G.Use(kernel.BLAS{Threads: runtime.GOMAXPROCS(0)}) }

// Options say how a graph computes.
type Options struct {
	Threads int
	Train   bool // whether dropout and noise are active and weights may have gradients
	BF16    bool // round the operands of the linear layers' products to bfloat16
	// Checkpoint forgets what the forward pass of a layer computed, but for its
	// result, and computes it again in the backward pass (Chen et al. 2016,
	// arXiv:1604.06174).
	Checkpoint bool
}

// A Graph builds the operations of one packed step of a fixed number of
// tokens. Operations panic on wrong shapes while a graph is built; package
// model turns that into an error.
type Graph struct {
	*G.ExprGraph
	Options
	Tokens int // rows of every activation
	Batch  *Batch
	// Accumulate says that a run adds to the gradients of the weights instead of
	// overwriting them: for the second and later micro-batches of a step.
	Accumulate bool

	// Stream is told which layer runs, for weights that are not all in memory;
	// nil: nobody.
	Stream Stream

	next    uint64
	layer   *layer
	layers  int
	segment int
}

// A layer is what operations between two calls of Begin belong to.
type layer struct {
	name  string
	index int // from 0, in the order of the forward pass
}

// A Stream brings the weights of layers into memory and out of it.
type Stream interface {
	Prefetch(layer int) error // is about to be used
	Release(layer int) error  // is not used for a while
}

// NewGraph returns an empty graph for steps of that many tokens.
func NewGraph(tokens int, o Options) *Graph {
	return &Graph{
		ExprGraph: G.NewGraph(), Tokens: tokens, Options: o,
		Batch: &Batch{
			IDs: make([]int32, tokens), Targets: make([]int32, tokens),
			Weights: make([]float32, tokens), Pos: make([]int32, tokens), Losses: make([]float32, tokens),
		},
	}
}

// A Batch is what changes from step to step. Its slices are read when the
// graph runs. Rows beyond the last bound are padding: their IDs are any valid
// id and their Targets are negative.
type Batch struct {
	IDs     []int32   // token ids, packed
	Targets []int32   // the token to predict at each row; negative: none
	Weights []float32 // of each row in the loss
	Pos     []int32   // position of each row in its sequence
	Bounds  []int32   // sequence i is rows Bounds[i] to Bounds[i+1]
	// Prefix is how many rows of each sequence see each other in both
	// directions; nil: attention is causal everywhere.
	Prefix []int32
	// Norm divides the weighted sum of losses: the sum of the weights of all
	// micro-batches of a step, so that they add up to the gradient of one batch.
	Norm float32
	// Seed decides dropout and noise: another number for every micro-batch.
	Seed uint64

	// Of the last run: the weighted sum of losses before Norm, the same of the
	// divergence from the reference, and each row's loss without its weight.
	Sum    float64
	KLSum  float64
	Losses []float32
}

// used is the number of rows that belong to sequences.
func (b *Batch) used() int {
	if len(b.Bounds) == 0 {
		return 0
	}
	return int(b.Bounds[len(b.Bounds)-1])
}

// Begin names the layer that the next operations belong to. Layers are what
// activation checkpointing computes again; the empty name is in no layer.
func (g *Graph) Begin(name string) {
	g.layer, g.segment = nil, 0
	if name != "" {
		g.next++
		g.layer, g.segment = &layer{name, g.layers}, int(g.next)
		g.layers++
	}
}

// A Param is a weight of the graph.
type Param struct {
	Name  string
	Node  *G.Node
	Value *tensor.Dense
	Train bool

	grad     *tensor.Dense
	gradient []float32 // of grad
	gradOf   *op       // the op that the gradient is of
	tiedHead bool      // whether the loss writes this weight's gradient first
}

// Param adds a weight whose values stay in data, which an optimizer may
// change between runs. Without train it gets no gradient.
func (g *Graph) Param(name string, shape []int, data []float32, train bool) *Param {
	t := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))
	n := G.NewTensor(g.ExprGraph, tensor.Float32, len(shape), G.WithShape(shape...), G.WithName(name), G.WithValue(t))
	return &Param{Name: name, Node: n, Value: t, Train: train && g.Train}
}

// Grad is the gradient that the last run computed or added to; nil when the
// weight is not trained.
func (p *Param) Grad() *tensor.Dense { return p.grad }

// reserve makes room for the gradient of the weight as used by one op: a second
// would overwrite it.
func (p *Param) reserve(of *op) []float32 {
	must(p.gradOf == nil || p.gradOf == of, "%s is a weight of two operations, of which only one would get its gradient", p.Name)
	if p.grad == nil {
		shape := p.Value.Shape().Clone()
		p.gradOf, p.gradient = of, make([]float32, shape.TotalSize())
		p.grad = dense(shape, p.gradient)
	}
	return p.gradient
}

// add makes a node of o over in.
func (g *Graph) add(o *op, in ...*G.Node) *G.Node {
	g.next++
	o.id, o.inputs = g.next, in
	if o.layer == nil {
		o.layer = g.layer
	}
	if o.wrt == nil {
		o.wrt = make([]bool, len(in))
	}
	n, err := G.ApplyOp(o, in...)
	if err != nil {
		panic(fmt.Errorf("nn: %s: %w", o.name, err))
	}
	return n
}

// forward makes a node of the forward pass, which a checkpointed layer runs twice.
func (g *Graph) forward(o *op, in ...*G.Node) *G.Node {
	o.segment = g.segment
	return g.add(o, in...)
}

// gradOf makes the node of a trained weight's gradient. run adds to or
// overwrites it as beta, 1 or 0, says.
func (g *Graph) gradOf(p *Param, of *op, reads []*buf, run func(grad []float32, beta float32, in [][]float32) error, in ...*G.Node) *G.Node {
	if !p.Train {
		return nil
	}
	return g.add(&op{
		name: "gradient of " + p.Name, layer: of.layer, shape: p.Value.Shape().Clone(), fixed: p.reserve(of), reads: reads,
		run: func(out []float32, in [][]float32) error {
			var beta float32
			if g.Accumulate {
				beta = 1
			}
			return run(out, beta, in)
		},
	}, in...)
}

// addInto writes or, with beta 1, adds x to grad.
func addInto(grad []float32, beta float32, x []float32) {
	if beta == 0 {
		copy(grad, x)
		return
	}
	kernel.Add(grad, x)
}

// gemm is the product of the linear layers in the precision of the graph; its
// arguments are those of [kernel.Gemm].
func (g *Graph) gemm(transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	product := kernel.Gemm
	if g.BF16 {
		product = kernel.GemmBF16
	}
	product(g.Threads, transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}

// gemmStored is gemm with a stored matrix; its arguments are those of
// [kernel.GemmMatrix].
func (g *Graph) gemmStored(transW bool, m int, x []float32, ldx int, w *kernel.Matrix, beta float32, y []float32, ldy int) {
	product := kernel.GemmMatrix
	if g.BF16 {
		product = kernel.GemmMatrixBF16
	}
	product(g.Threads, transW, m, x, ldx, w, beta, y, ldy)
}

func must(ok bool, format string, args ...any) {
	if !ok {
		panic(fmt.Errorf("nn: "+format, args...))
	}
}
