// Package nn holds the operations of a decoder-only transformer as Gorgonia
// ops: each is one node of the graph with its own gradient, computed by the
// kernels of package nn/kernel. A [Machine] runs the graph.
//
// Token sequences are packed: a step sees one matrix of tokens × width, and
// [Batch] says where one sequence ends and the next begins. Attention never
// looks across that border, so that a packed step equals its sequences alone.
package nn

import (
	"encoding/binary"
	"fmt"
	"hash"
	"hash/fnv"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// An op is a Gorgonia op over float32 slices. What it says of its memory lets a
// [Machine] place every result in one arena; on Gorgonia's own machines it owns
// its memory instead.
type op struct {
	name  string
	layer *layer // nil: none
	id    uint64 // ops with equal hashes are merged: every op is its own
	shape tensor.Shape
	wrt   []bool // arguments that have a gradient

	inputs  G.Nodes
	segment int    // the layer that activation checkpointing computes again; 0: none
	cheap   bool   // whether computing it again costs less than keeping it
	inplace []int  // arguments whose memory the result may take over
	saves   []*buf // written here and read by later ops
	reads   []*buf // written by earlier ops
	scratch []*buf // needed during the op alone

	// fixed is the result's memory where it is not for a machine to choose: the
	// gradient of a weight.
	fixed []float32
	run   func(out []float32, in [][]float32) error
	diff  func(in G.Nodes, out, grad *G.Node) (G.Nodes, error)

	own *tensor.Dense // the result on Gorgonia's machines
	in  [][]float32
}

// A buf is memory of n elements that ops share beside their results.
type buf struct {
	n    int
	data []float32
}

func newBuf(n int) *buf { return &buf{n: n} }

var (
	_ G.Op   = (*op)(nil)
	_ G.SDOp = (*op)(nil)
)

func (o *op) Arity() int { return len(o.inputs) }

func (o *op) Type() hm.Type {
	types := make([]hm.Type, 0, len(o.inputs)+1)
	for _, n := range o.inputs {
		types = append(types, tensorType(len(n.Shape())))
	}
	return hm.NewFnType(append(types, tensorType(len(o.shape)))...)
}

func tensorType(dims int) hm.Type {
	if dims == 0 {
		return tensor.Float32
	}
	return G.TensorType{Dims: dims, Of: tensor.Float32}
}

func (o *op) InferShape(...G.DimSizer) (tensor.Shape, error) { return o.shape, nil }

// Do runs the op in memory of its own.
func (o *op) Do(values ...G.Value) (G.Value, error) {
	o.in = o.in[:0]
	for i, v := range values {
		data, ok := v.Data().([]float32)
		if !ok {
			x, scalar := v.Data().(float32)
			if !scalar {
				return nil, fmt.Errorf("nn: %s: argument %d has type %T, want float32", o.name, i, v.Data())
			}
			data = []float32{x}
		}
		o.in = append(o.in, data)
	}
	for _, b := range append(append([]*buf(nil), o.saves...), o.scratch...) {
		if b.data == nil {
			b.data = make([]float32, b.n)
		}
	}
	if o.own == nil {
		data := o.fixed
		if data == nil {
			data = make([]float32, o.shape.TotalSize())
		}
		o.own = dense(o.shape, data)
	}
	out := o.own.Data().([]float32)
	if err := o.compute(out, o.in); err != nil {
		return nil, err
	}
	if len(o.shape) == 0 {
		return G.NewF32(out[0]), nil
	}
	return o.own, nil
}

func (o *op) compute(out []float32, in [][]float32) error {
	if err := o.run(out, in); err != nil {
		return fmt.Errorf("nn: %s: %w", o.where(), err)
	}
	return nil
}

// where names the op and its layer.
func (o *op) where() string {
	if o.layer == nil {
		return o.name
	}
	return o.layer.name + ", " + o.name
}

func dense(shape tensor.Shape, data []float32) *tensor.Dense {
	if len(shape) == 0 {
		shape = tensor.Shape{1}
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))
}

func (o *op) ReturnsPtr() bool     { return false }
func (o *op) CallsExtern() bool    { return false }
func (o *op) OverwritesInput() int { return -1 }
func (o *op) String() string       { return o.name }

func (o *op) WriteHash(h hash.Hash) {
	h.Write([]byte(o.name))
	binary.Write(h, binary.LittleEndian, o.id)
}

func (o *op) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

func (o *op) DiffWRT(int) []bool { return o.wrt }

func (o *op) SymDiff(in G.Nodes, out, grad *G.Node) (G.Nodes, error) {
	if o.diff == nil {
		return nil, fmt.Errorf("nn: %s has no gradient", o.name)
	}
	return o.diff(in, out, grad)
}
