package generate

import (
	"fmt"
	"math"
	"reflect"

	"adapt/model"
	"adapt/nn/kernel"
)

// A layer holds the weights of one layer by what they do; see
// [model.LayerParts].
type layer struct {
	attnNorm norm
	qkv      []linear // their results lie side by side
	out      linear
	mlpNorm  norm
	gateUp   []linear // gate and up, or up alone
	down     linear
}

func (l *layer) linears() []linear {
	all := append([]linear(nil), l.qkv...)
	all = append(all, l.out)
	all = append(all, l.gateUp...)
	return append(all, l.down)
}

// A norm is RMSNorm, or with a bias LayerNorm.
type norm struct{ weight, bias []float32 }

// A linear is a linear layer with what an adapter adds to it.
type linear struct {
	w    *kernel.Matrix // [out, in]
	bias []float32      // nil: none
	low  *lowRank       // nil: none
}

func (l linear) sizeBytes() int {
	n := l.w.SizeBytes() + 4*len(l.bias)
	if l.low != nil {
		n += l.low.a.SizeBytes() + l.low.b.SizeBytes()
	}
	return n
}

// A lowRank is an update of a weight: + scale·B·A, then each row times its gain.
type lowRank struct {
	a, b  *kernel.Matrix // [rank, in] and [out, rank]
	scale float32
	gain  []float32 // of DoRA: magnitude over length; nil: ones
}

// weights finds the weights of a decoder by name. It keeps the first error.
type weights struct {
	o       Options
	tensors map[string]*model.Tensor
	err     error
}

func newWeights(m *model.Model, o Options) (*weights, error) {
	w := &weights{o: o, tensors: map[string]*model.Tensor{}}
	shapes := m.Config.Shapes()
	for i := range m.Tensors {
		w.tensors[m.Tensors[i].Name] = &m.Tensors[i]
	}
	if o.Adapter == nil {
		return w, nil
	}
	if !reflect.DeepEqual(o.Adapter.Config.Shapes(), shapes) {
		return nil, fmt.Errorf("generate: %w: the adapter belongs to a model of other weights", model.ErrUnsupported)
	}
	for i := range o.Adapter.Saved {
		s := &o.Adapter.Saved[i]
		w.tensors[s.Name] = s
	}
	return w, nil
}

func (w *weights) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf("generate: %w: "+format, append([]any{model.ErrUnsupported}, args...)...)
	}
}

// tensor returns a weight that has its shape's elements.
func (w *weights) tensor(name string) *model.Tensor {
	t := w.tensors[name]
	if t == nil {
		w.fail("the model has no weight %s", name)
		return nil
	}
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	switch {
	case t.Stored != nil && len(t.Shape) == 2 && t.Stored.Rows == t.Shape[0] && t.Stored.Cols == t.Shape[1]:
	case t.Stored == nil && len(t.Data) == n:
	default:
		w.fail("the weight %s has %d elements, want %v", name, len(t.Data), t.Shape)
		return nil
	}
	return t
}

func (w *weights) matrix(name string) *kernel.Matrix {
	t := w.tensor(name)
	switch {
	case t == nil:
		return nil
	case t.Stored != nil:
		return t.Stored
	case len(t.Shape) != 2:
		w.fail("the weight %s of %v is no matrix", name, t.Shape)
		return nil
	}
	return kernel.FloatMatrix(t.Shape[0], t.Shape[1], t.Data)
}

// vector returns a weight in float32, nil for no name.
func (w *weights) vector(name string) []float32 {
	if name == "" {
		return nil
	}
	t := w.tensor(name)
	if t == nil {
		return nil
	}
	if t.Stored != nil {
		w.fail("the weight %s is stored as %v, want float32", name, t.Stored.Kind)
	}
	return t.Data
}

func (w *weights) norm(n model.Norm) norm { return norm{w.vector(n.Weight), w.vector(n.Bias)} }

func (w *weights) layer(l model.LayerParts) layer {
	out := layer{attnNorm: w.norm(l.AttnNorm), mlpNorm: w.norm(l.MLPNorm), out: w.linear(l.Out), down: w.linear(l.Down)}
	for _, part := range l.QKV {
		out.qkv = append(out.qkv, w.linear(part))
	}
	if l.Gate != nil {
		out.gateUp = append(out.gateUp, w.linear(*l.Gate))
	}
	out.gateUp = append(out.gateUp, w.linear(l.Up))
	return out
}

func (w *weights) linear(l model.Linear) linear {
	out := linear{w: w.matrix(l.Name), bias: w.vector(l.Bias)}
	p := w.o.Adapter.Pair(l.Name)
	if p == nil || out.w == nil {
		return out
	}
	lora := w.o.Adapter.LoRA
	if len(p.A.Data) != lora.R*l.In || len(p.B.Data) != l.Out()*lora.R || lora.DoRA && len(p.Magnitude.Data) != l.Out() {
		w.fail("the adapter of %s has %d and %d elements, want rank %d", l.Name, len(p.A.Data), len(p.B.Data), lora.R)
		return out
	}
	out.low = &lowRank{
		a: kernel.FloatMatrix(lora.R, l.In, p.A.Data), b: kernel.FloatMatrix(l.Out(), lora.R, p.B.Data), scale: lora.Scale(),
	}
	if lora.DoRA {
		out.low.gain = out.low.gains(w.o.Threads, out.w, p.Magnitude.Data)
	}
	return out
}

// gains returns magnitude over length for each row of W + scale·B·A. A row of no
// length stays as it is.
func (l *lowRank) gains(threads int, w *kernel.Matrix, magnitude []float32) []float32 {
	const rows = 64 // at a time
	in, rank := w.Cols, l.a.Rows
	a, b := l.floats(l.a), l.floats(l.b)
	gain, block := make([]float32, w.Rows), make([]float32, rows*in)
	for lo := 0; lo < w.Rows; lo += rows {
		n := min(rows, w.Rows-lo)
		w.DecodeRows(block, lo, lo+n)
		kernel.Gemm(threads, false, false, n, in, rank, l.scale, b[lo*rank:], rank, a, in, 1, block, in)
		for i := range n {
			gain[lo+i] = 1
			if length := math.Sqrt(kernel.SumSquares(block[i*in : (i+1)*in])); length > 0 {
				gain[lo+i] = float32(float64(magnitude[lo+i]) / length)
			}
		}
	}
	return gain
}

func (*lowRank) floats(m *kernel.Matrix) []float32 {
	x := make([]float32, m.Rows*m.Cols)
	m.DecodeRows(x, 0, m.Rows)
	return x
}
