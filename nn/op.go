// Package nn holds the operations of a decoder-only transformer as Gorgonia
// ops: each is one node of the graph with its own gradient, computed by the
// kernels of package nn/kernel.
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

// An op is a Gorgonia op whose result lives in a tensor that the op owns, so
// that a step allocates nothing after the first.
type op struct {
	name  string
	id    uint64 // ops with equal hashes are merged: every op is its own
	args  []int  // dimensions of each argument
	shape tensor.Shape
	wrt   []bool // arguments that have a gradient
	out   *tensor.Dense
	// run computes out. It is nil for an op that hands out a buffer which
	// another op, its argument, has filled.
	run  func(out []float32, in [][]float32) error
	diff func(in G.Nodes, out, grad *G.Node) (G.Nodes, error)
	in   [][]float32
}

var (
	_ G.Op   = (*op)(nil)
	_ G.SDOp = (*op)(nil)
)

func (o *op) Arity() int { return len(o.args) }

func (o *op) Type() hm.Type {
	types := make([]hm.Type, 0, len(o.args)+1)
	for _, dims := range o.args {
		types = append(types, tensorType(dims))
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
	if o.out == nil {
		o.out = dense(o.shape, make([]float32, o.shape.TotalSize()))
	}
	out := o.out.Data().([]float32)
	if o.run != nil {
		if err := o.run(out, o.in); err != nil {
			return nil, fmt.Errorf("nn: %s: %w", o.name, err)
		}
	}
	if len(o.shape) == 0 {
		return G.NewF32(out[0]), nil
	}
	return o.out, nil
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
