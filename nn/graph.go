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

// A Graph builds the operations of one packed step of a fixed number of
// tokens. Operations panic on wrong shapes while a graph is built; package
// model turns that into an error.
type Graph struct {
	*G.ExprGraph
	Tokens  int // rows of every activation
	Threads int
	Batch   *Batch
	next    uint64
}

// NewGraph returns an empty graph for steps of that many tokens.
func NewGraph(tokens, threads int) *Graph {
	return &Graph{
		ExprGraph: G.NewGraph(), Tokens: tokens, Threads: threads,
		Batch: &Batch{
			IDs: make([]int32, tokens), Targets: make([]int32, tokens),
			Weights: make([]float32, tokens), Pos: make([]int32, tokens),
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
	// Norm divides the weighted sum of losses: the sum of the weights of all
	// micro-batches of a step, so that they add up to the gradient of one batch.
	Norm float32
	// Sum is the weighted sum of losses of the last run, before Norm.
	Sum float64
}

// A Param is a weight of the graph.
type Param struct {
	Name  string
	Node  *G.Node
	Value *tensor.Dense
}

// Param adds a weight whose values stay in data, which an optimizer may
// change between runs.
func (g *Graph) Param(name string, shape []int, data []float32) *Param {
	t := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))
	n := G.NewTensor(g.ExprGraph, tensor.Float32, len(shape), G.WithShape(shape...), G.WithName(name), G.WithValue(t))
	return &Param{Name: name, Node: n, Value: t}
}

// add makes a node of o over in.
func (g *Graph) add(o *op, in ...*G.Node) *G.Node {
	g.next++
	o.id = g.next
	for _, n := range in {
		o.args = append(o.args, len(n.Shape()))
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

// handOut makes a node for a buffer that the op behind filled computes.
func (g *Graph) handOut(name string, filled *G.Node, shape tensor.Shape, buf []float32) *G.Node {
	return g.add(&op{name: name, shape: shape, out: dense(shape, buf)}, filled)
}

func must(ok bool, format string, args ...any) {
	if !ok {
		panic(fmt.Errorf("nn: "+format, args...))
	}
}
