package nn

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"adapt/internal/reference"
	"adapt/nn/kernel"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// A gradientCase is a graph of one operation, or a few, and the same in
// float64.
type gradientCase struct {
	name   string
	tokens int
	// build makes the graph. It returns its result, which may be a loss, and a
	// function that computes that result from s.values.
	build func(s *scene) (result *G.Node, want func() []float64)
}

// A scene is a graph under test with the weights that it trains.
type scene struct {
	g      *Graph
	params []*Param
	values map[*Param][]float64 // of each weight, which finite differences move
}

func newScene(tokens int, o Options) *scene {
	o.Train = true
	s := &scene{g: NewGraph(tokens, o), values: map[*Param][]float64{}}
	s.g.Batch.Seed = 3
	return s
}

// param adds a trained weight of normally distributed values.
func (s *scene) param(dims ...int) *Param { return s.around(0, 1, dims...) }

func (s *scene) around(mean, deviation float32, dims ...int) *Param {
	i := len(s.values)
	data := random(tensor.Shape(dims).TotalSize(), uint64(100+i))
	for i := range data {
		data[i] = mean + deviation*data[i]
	}
	p := s.g.Param(fmt.Sprint("weight ", i), dims, data, true)
	s.params, s.values[p] = append(s.params, p), reference.Float64(data)
	return p
}

// positive adds a trained weight of values from 0.5 on.
func (s *scene) positive(n int) *Param {
	p := s.param(n)
	data := p.Value.Data().([]float32)
	for i, v := range data {
		data[i] = 0.5 + float32(math.Abs(float64(v)))
	}
	s.values[p] = reference.Float64(data)
	return p
}

// freeze leaves a weight as it is.
func (s *scene) freeze(p *Param) *Param {
	p.Train = false
	s.params = slices.DeleteFunc(s.params, func(q *Param) bool { return q == p })
	return p
}

// objective is the result when that is a loss, or else its elements' sum, each
// times a factor.
func (s *scene) objective(result *G.Node) (scalar *G.Node, factors []float32) {
	if len(result.Shape()) == 0 {
		return result, []float32{1}
	}
	factors = random(result.Shape().TotalSize(), 77)
	return weightedSum(s.g, result, factors), factors
}

// gradients differentiates the objective by every trained weight.
func (s *scene) gradients(t *testing.T, objective *G.Node) G.Nodes {
	t.Helper()
	nodes := make(G.Nodes, len(s.params))
	for i, p := range s.params {
		nodes[i] = p.Node
	}
	grads, err := G.Grad(objective, nodes...)
	if err != nil {
		t.Fatal(err)
	}
	return grads
}

// weightedSum stands where the loss of a model does.
func weightedSum(g *Graph, x *G.Node, factors []float32) *G.Node {
	return g.add(&op{
		name: lossName, shape: tensor.Shape{}, wrt: []bool{true},
		run: func(out []float32, in [][]float32) error {
			sum := 0.0
			for i, v := range in[0] {
				sum += float64(v) * float64(factors[i])
			}
			out[0] = float32(sum)
			return nil
		},
		diff: func(in G.Nodes, out, _ *G.Node) (G.Nodes, error) {
			return G.Nodes{g.add(&op{
				name: "gradient of the sum", shape: in[0].Shape().Clone(),
				run: func(dx []float32, _ [][]float32) error {
					copy(dx, factors)
					return nil
				},
			}, out)}, nil
		},
	}, x)
}

// copied lets an op that works in place have a weight as its argument.
func copied(g *Graph, x *G.Node) *G.Node {
	copyTo := func(out []float32, in [][]float32) error {
		copy(out, in[0])
		return nil
	}
	return g.forward(&op{
		name: "copy", shape: x.Shape().Clone(), wrt: []bool{true}, run: copyTo,
		diff: func(in G.Nodes, _, grad *G.Node) (G.Nodes, error) {
			return G.Nodes{g.add(&op{name: "gradient of the copy", shape: in[0].Shape().Clone(), run: copyTo}, grad)}, nil
		},
	}, x)
}

// TestGradients compares every result with one in float64, and every gradient
// with finite differences of that.
func TestGradients(t *testing.T) {
	const tolerance = 2e-6 // of the largest element
	for _, c := range gradientCases() {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(c.tokens, Options{Threads: 2})
			result, want := c.build(s)
			objective, factors := s.objective(result)
			grads := s.gradients(t, objective)
			vm, err := run(t, s.g, append(G.Nodes{objective, result}, grads...)...)
			if err != nil {
				t.Fatal(err)
			}
			if e := reference.RelativeError(vm.Value(result), want()); e > tolerance {
				t.Errorf("the result is off by %.1e", e)
			}
			once := make([][]float32, len(grads))
			for i, p := range s.params {
				numeric := reference.Gradient(func([]float64) float64 {
					sum := 0.0
					for i, v := range want() {
						sum += v * float64(factors[i])
					}
					return sum
				}, s.values[p])
				once[i] = slices.Clone(vm.Value(grads[i]))
				e := reference.RelativeError(once[i], numeric)
				if e > tolerance {
					t.Errorf("%s, %v: the gradient is off by %.1e", p.Name, p.Value.Shape(), e)
				}
			}
			s.g.Accumulate = true
			if err := vm.RunAll(); err != nil {
				t.Fatal(err)
			}
			for i, p := range s.params {
				if p.Grad() == nil {
					continue // the input of an op, of which no weight's memory keeps the gradient
				}
				if e := reference.RelativeError(p.Grad().Data().([]float32), doubled(once[i])); e > 1e-6 {
					t.Errorf("%s: a second run does not add the gradient again: off by %.1e", p.Name, e)
				}
			}
		})
	}
}

func doubled(x []float32) []float64 {
	y := reference.Float64(x)
	for i := range y {
		y[i] *= 2
	}
	return y
}

func gradientCases() []gradientCase {
	return slices.Concat(linearCases(), rowCases(), attentionCases(), tableCases(), lossCases())
}

// A weightSpec describes one weight of a linear layer.
type weightSpec struct {
	out    int
	outs   []int // blocks; nil: one
	frozen bool
	stored kernel.Kind // F32: not stored
	bias   bool
	rank   int // of LoRA; 0: none
	dora   bool
}

func linearCases() []gradientCase {
	fused := []int{6, 3, 4}
	cases := []gradientCase{
		linearCase("linear", 5, 9, 0, weightSpec{out: 7}),
		linearCase("linear of a frozen weight", 5, 9, 0, weightSpec{out: 7, frozen: true}),
		linearCase("linear at a vector's width", 9, 40, 0, weightSpec{out: 33, bias: true}),
		linearCase("linear of more rows than a block", 70, 3, 0, weightSpec{out: 5, bias: true}),
		linearCase("linear of several weights", 5, 9, 0, weightSpec{out: 7}, weightSpec{out: 2, bias: true}, weightSpec{out: 4}),
		linearCase("linear of a fused weight", 5, 9, 0, weightSpec{out: 13, outs: fused}),
		linearCase("linear of a fused weight with bias", 5, 9, 0, weightSpec{out: 13, outs: fused, bias: true}),
		linearCase("linear of several weights, one fused", 5, 9, 0, weightSpec{out: 3, bias: true}, weightSpec{out: 13, outs: fused, bias: true}),

		linearCase("LoRA", 5, 9, 0, weightSpec{out: 7, frozen: true, rank: 2}),
		linearCase("LoRA beside a trained weight with bias", 5, 9, 0, weightSpec{out: 7, rank: 2, bias: true}),
		linearCase("LoRA on some of several weights", 5, 9, 0, weightSpec{out: 7, frozen: true, rank: 2}, weightSpec{out: 4, frozen: true}, weightSpec{out: 5, frozen: true, rank: 3}),
		linearCase("LoRA on a fused weight", 5, 9, 0, weightSpec{out: 4, rank: 1}, weightSpec{out: 13, outs: fused, frozen: true, bias: true, rank: 2}),
		linearCase("LoRA with dropout", 5, 9, 0.3, weightSpec{out: 7, frozen: true, rank: 2}),
		linearCase("LoRA with dropout on several weights", 5, 40, 0.5, weightSpec{out: 7, rank: 2}, weightSpec{out: 13, outs: fused, frozen: true, rank: 3}),

		linearCase("DoRA", 5, 9, 0, weightSpec{out: 7, frozen: true, rank: 2, dora: true}),
		linearCase("DoRA with bias", 5, 9, 0, weightSpec{out: 7, frozen: true, rank: 2, dora: true, bias: true}),
		linearCase("DoRA of more rows than are decoded at once", 3, 4, 0, weightSpec{out: 2*doraRows + 3, frozen: true, rank: 2, dora: true}),
		linearCase("DoRA on a fused weight, LoRA and none beside it", 5, 9, 0,
			weightSpec{out: 3, frozen: true, rank: 1}, weightSpec{out: 13, outs: fused, frozen: true, bias: true, rank: 2, dora: true}, weightSpec{out: 2}),
		linearCase("DoRA with dropout", 5, 9, 0.4, weightSpec{out: 7, frozen: true, rank: 2, dora: true}, weightSpec{out: 4, frozen: true, rank: 3, dora: true}),
	}
	for _, kind := range []kernel.Kind{kernel.BF16, kernel.Int8, kernel.NF4} {
		name := func(what string) string { return fmt.Sprint(what, " in ", kind) }
		cases = append(cases,
			linearCase(name("linear"), 5, 9, 0, weightSpec{out: 7, stored: kind}),
			linearCase(name("linear of more rows than are read at once"), 12, 70, 0, weightSpec{out: 7, stored: kind, bias: true}),
			linearCase(name("linear of several weights, stored and not,"), 5, 64, 0, weightSpec{out: 3}, weightSpec{out: 7, stored: kind}, weightSpec{out: 5, stored: kind, bias: true}),
			linearCase(name("linear of a fused weight"), 5, 9, 0, weightSpec{out: 13, outs: fused, stored: kind}),
			linearCase(name("linear of fused weights"), 5, 9, 0, weightSpec{out: 5, outs: []int{2, 3}, stored: kind}, weightSpec{out: 13, outs: fused, stored: kind, bias: true}),
			linearCase(name("LoRA on a fused weight"), 5, 9, 0.2, weightSpec{out: 13, outs: fused, stored: kind, rank: 2}),
			linearCase(name("DoRA on a fused weight"), 5, 9, 0, weightSpec{out: 13, outs: fused, stored: kind, rank: 2, dora: true}),
		)
	}
	return cases
}

// linearCase is a linear layer of random weights over an input of that width.
func linearCase(name string, tokens, in int, dropout float32, specs ...weightSpec) gradientCase {
	return gradientCase{name, tokens, func(s *scene) (*G.Node, func() []float64) {
		const scale = 0.75
		x := s.param(tokens, in)
		var weights []Weight
		var wants []func(mask []float64) []float64
		for _, spec := range specs {
			w := Weight{Outs: spec.outs}
			value := func() []float64 { return s.values[w.W] }
			if spec.stored != kernel.F32 {
				w.Stored = stored(spec.stored, spec.out, in)
				decoded := make([]float32, spec.out*in)
				w.Stored.DecodeRows(decoded, 0, spec.out)
				value = func() []float64 { return reference.Float64(decoded) }
			} else if w.W = s.param(spec.out, in); spec.frozen {
				s.freeze(w.W)
			}
			if spec.bias {
				w.Bias = s.param(spec.out)
			}
			if spec.rank > 0 {
				w.LoRA = &LowRank{A: s.param(spec.rank, in), B: s.param(spec.out, spec.rank), Scale: scale, Dropout: dropout}
			}
			var norm []float64 // of the rows, a constant
			if spec.dora {
				w.LoRA.Magnitude = s.positive(spec.out)
				norm = rowLengths(value(), s.values[w.LoRA.A], s.values[w.LoRA.B], scale, in, spec.rank)
			}
			weights = append(weights, w)
			wants = append(wants, func(mask []float64) []float64 {
				y := reference.Linear(s.values[x], value(), nil, in, spec.out)
				if w.LoRA != nil {
					low := reference.Linear(times(s.values[x], mask), s.values[w.LoRA.A], nil, in, spec.rank)
					for i, v := range reference.Linear(low, s.values[w.LoRA.B], nil, spec.rank, spec.out) {
						y[i] += scale * v
					}
				}
				for i := range y {
					if j := i % spec.out; norm != nil {
						y[i] *= s.values[w.LoRA.Magnitude][j] / norm[j]
					}
					if w.Bias != nil {
						y[i] += s.values[w.Bias][i%spec.out]
					}
				}
				return cut(y, spec.out, spec.outs)
			})
		}
		result := s.g.Linear(x.Node, weights...)
		mask := random(tokens*in, 0)
		for i := range mask {
			mask[i] = 1
		}
		kernel.Dropout(1, mask, mask, dropout, s.g.Batch.Seed^result.Op().(*op).id<<40, 0)
		return result, func() []float64 {
			var y []float64
			for _, want := range wants {
				y = append(y, want(reference.Float64(mask))...)
			}
			return y
		}
	}}
}

func stored(kind kernel.Kind, rows, cols int) *kernel.Matrix {
	w, err := kernel.QuantizeMatrix(1, kind, rows, cols, random(rows*cols, uint64(rows)))
	if err != nil {
		panic(err)
	}
	return w
}

// rowLengths are the lengths of the rows of w + scale·b·a.
func rowLengths(w, a, b []float64, scale float64, in, rank int) []float64 {
	lengths := make([]float64, len(w)/in)
	for o := range lengths {
		sum := 0.0
		for i := range in {
			v := w[o*in+i]
			for r := range rank {
				v += scale * b[o*rank+r] * a[r*in+i]
			}
			sum += v * v
		}
		lengths[o] = math.Sqrt(sum)
	}
	return lengths
}

func times(x, y []float64) []float64 {
	z := slices.Clone(x)
	for i := range z {
		z[i] *= y[i]
	}
	return z
}

func plus(x, y []float64) []float64 {
	z := slices.Clone(x)
	for i := range z {
		z[i] += y[i]
	}
	return z
}

// cut puts blocks of the columns of y one after the other.
func cut(y []float64, width int, blocks []int) []float64 {
	if blocks == nil {
		return y
	}
	var z []float64
	first := 0
	for _, n := range blocks {
		for row := 0; row < len(y); row += width {
			z = append(z, y[row+first:][:n]...)
		}
		first += n
	}
	return z
}

// rowCases are of the ops that handle each row, or each element, alone.
func rowCases() []gradientCase {
	var cases []gradientCase
	for _, size := range [][2]int{{5, 7}, {3, 40}, {normBlock + 6, 3}} {
		rows, width := size[0], size[1]
		name := func(what string) string { return fmt.Sprintf("%s of %d×%d", what, rows, width) }
		cases = append(cases, gradientCase{name("RMS norm"), rows, func(s *scene) (*G.Node, func() []float64) {
			x, w := s.param(rows, width), s.around(1, 0.3, width)
			return s.g.RMSNorm(x.Node, w, 1e-3), func() []float64 { return reference.RMSNorm(s.values[x], s.values[w], float64(float32(1e-3))) }
		}}, gradientCase{name("layer norm"), rows, func(s *scene) (*G.Node, func() []float64) {
			x, w, b := s.around(1, 1, rows, width), s.around(1, 0.3, width), s.param(width)
			return s.g.LayerNorm(x.Node, w, b, 1e-3), func() []float64 {
				return reference.LayerNorm(s.values[x], s.values[w], s.values[b], float64(float32(1e-3)))
			}
		}}, gradientCase{name("SwiGLU"), rows, func(s *scene) (*G.Node, func() []float64) {
			x := s.param(2 * rows * width)
			return s.g.SwiGLU(x.Node, width), func() []float64 {
				return reference.SwiGLU(s.values[x][:rows*width], s.values[x][rows*width:])
			}
		}}, gradientCase{name("GELU by erf"), rows, func(s *scene) (*G.Node, func() []float64) {
			x := s.around(0, 2, rows, width)
			return s.g.GELU(x.Node, true), func() []float64 { return reference.GELUErf(s.values[x]) }
		}}, gradientCase{name("GELU by tanh"), rows, func(s *scene) (*G.Node, func() []float64) {
			x := s.around(0, 2, rows, width)
			return s.g.GELU(x.Node, false), func() []float64 { return reference.GELUTanh(s.values[x]) }
		}}, gradientCase{name("residual"), rows, func(s *scene) (*G.Node, func() []float64) {
			x, y := s.param(rows, width), s.param(rows, width)
			return s.g.Residual(x.Node, y.Node), func() []float64 { return plus(s.values[x], s.values[y]) }
		}})
	}
	return append(cases,
		gradientCase{"frozen norms", 5, func(s *scene) (*G.Node, func() []float64) {
			x, w, b := s.param(5, 7), s.freeze(s.around(1, 0.3, 7)), s.freeze(s.param(7))
			y := s.g.LayerNorm(s.g.RMSNorm(x.Node, w, 1e-5), w, b, 1e-5)
			return y, func() []float64 {
				return reference.LayerNorm(reference.RMSNorm(s.values[x], s.values[w], 1e-5), s.values[w], s.values[b], 1e-5)
			}
		}},
		gradientCase{"frozen weight of a norm", 5, func(s *scene) (*G.Node, func() []float64) {
			x, w, b := s.param(5, 7), s.freeze(s.around(1, 0.3, 7)), s.param(7)
			return s.g.LayerNorm(x.Node, w, b, 1e-5), func() []float64 {
				return reference.LayerNorm(s.values[x], s.values[w], s.values[b], 1e-5)
			}
		}},
		gradientCase{"frozen bias of a norm", 5, func(s *scene) (*G.Node, func() []float64) {
			x, w, b := s.param(5, 7), s.around(1, 0.3, 7), s.freeze(s.param(7))
			return s.g.LayerNorm(x.Node, w, b, 1e-5), func() []float64 {
				return reference.LayerNorm(s.values[x], s.values[w], s.values[b], 1e-5)
			}
		}},
		// x is read by three ops, so that its gradient is a sum.
		gradientCase{"sum of gradients", 5, func(s *scene) (*G.Node, func() []float64) {
			x, w, v := s.param(5, 6), s.param(6, 6), s.param(6, 6)
			h := s.g.Residual(x.Node, s.g.GELU(s.g.Linear(x.Node, Weight{W: w}), false))
			y := s.g.Residual(h, s.g.Residual(s.g.Linear(h, Weight{W: v}), x.Node))
			return y, func() []float64 {
				x := s.values[x]
				h := plus(x, reference.GELUTanh(reference.Linear(x, s.values[w], nil, 6, 6)))
				return plus(h, plus(reference.Linear(h, s.values[v], nil, 6, 6), x))
			}
		}},
		gradientCase{"residual of a value with itself", 5, func(s *scene) (*G.Node, func() []float64) {
			x := s.param(5, 6)
			h := s.g.GELU(x.Node, true)
			return s.g.Residual(h, h), func() []float64 {
				h := reference.GELUErf(s.values[x])
				return plus(h, h)
			}
		}},
	)
}

// normBlock is how many rows the kernels sum into one partial gradient of a
// norm's weight.
const normBlock = 64

func attentionCases() []gradientCase {
	return []gradientCase{
		attentionCase("attention", 6, Heads{Query: 2, KeyValue: 2, Dim: 4}, false, 6),
		attentionCase("attention in groups", 5, Heads{Query: 6, KeyValue: 2, Dim: 3}, false, 5),
		attentionCase("attention of one group", 5, Heads{Query: 3, KeyValue: 1, Dim: 4}, false, 5),
		attentionCase("attention with rotary positions", 6, Heads{Query: 2, KeyValue: 1, Dim: 6}, true, 6),
		attentionCase("attention of packed sequences", 12, Heads{Query: 2, KeyValue: 2, Dim: 4}, false, 4, 1, 7),
		attentionCase("attention of packed sequences and padding, rotary", 14, Heads{Query: 4, KeyValue: 2, Dim: 4}, true, 4, 1, 6),
		attentionCase("attention of padding alone", 3, Heads{Query: 2, KeyValue: 1, Dim: 4}, true),
		attentionCase("attention at a vector's width", 9, Heads{Query: 2, KeyValue: 1, Dim: 32}, true, 9),
		attentionCase("attention of more rows than a tile", 70, Heads{Query: 1, KeyValue: 1, Dim: 2}, true, 67),
		attentionCase("attention in a window", 12, Heads{Query: 4, KeyValue: 2, Dim: 4, Window: 3}, true, 4, 7),
		prefixed(attentionCase("attention to prefixes", 14, Heads{Query: 2, KeyValue: 2, Dim: 4}, false, 4, 1, 8), 2, 0, 5),
		prefixed(attentionCase("attention to prefixes in a window", 14, Heads{Query: 2, KeyValue: 1, Dim: 4, Window: 3}, true, 4, 1, 8), 2, 1, 3),
	}
}

// prefixed lets the first tokens of each sequence see each other.
func prefixed(c gradientCase, prefix ...int32) gradientCase {
	build := c.build
	c.build = func(s *scene) (*G.Node, func() []float64) {
		s.g.Batch.Prefix = prefix
		return build(s)
	}
	return c
}

// attentionCase is attention within packed sequences of those lengths.
func attentionCase(name string, tokens int, h Heads, rotary bool, lengths ...int) gradientCase {
	return gradientCase{name, tokens, func(s *scene) (*G.Node, func() []float64) {
		packed(s.g.Batch, lengths...)
		freqs := reference.Frequencies(h.Dim, 100, nil)
		if rotary {
			for p := range tokens {
				for _, f := range freqs {
					sin, cos := math.Sincos(float64(p) * f)
					h.Cos, h.Sin = append(h.Cos, float32(cos)), append(h.Sin, float32(sin))
				}
			}
		}
		nq, nk := h.Query*h.Dim, h.KeyValue*h.Dim
		qkv := s.param(tokens * (nq + 2*nk))
		return s.g.Attention(copied(s.g, qkv.Node), h), func() []float64 {
			x := s.values[qkv]
			q, k, v := x[:tokens*nq], x[tokens*nq:][:tokens*nk], x[tokens*(nq+nk):]
			if rotary {
				q = reference.Rotary(q, h.Query, h.Dim, s.g.Batch.Pos, freqs)
				k = reference.Rotary(k, h.KeyValue, h.Dim, s.g.Batch.Pos, freqs)
			}
			var y []float64
			lo := 0
			for i, n := range lengths {
				hi, mask := lo+n, reference.Mask{Window: h.Window}
				if s.g.Batch.Prefix != nil {
					mask.Prefix = int(s.g.Batch.Prefix[i])
				}
				y = append(y, reference.Attention(q[lo*nq:hi*nq], k[lo*nk:hi*nk], v[lo*nk:hi*nk], h.Query, h.KeyValue, h.Dim, mask)...)
				lo = hi
			}
			return append(y, make([]float64, (tokens-lo)*nq)...) // padding attends to nothing
		}
	}}
}

// packed fills a batch with sequences of those lengths and random ids below 5;
// the rest is padding.
func packed(b *Batch, lengths ...int) {
	b.Bounds = []int32{0}
	at := 0
	for _, n := range lengths {
		for i := range n {
			b.Pos[at] = int32(i)
			at++
		}
		b.Bounds = append(b.Bounds, int32(at))
	}
	for i := range b.IDs {
		b.IDs[i], b.Targets[i], b.Weights[i] = int32(i*i+i)%5, -1, 1
	}
	for i := range at {
		b.Targets[i] = int32(3*i+1) % 5
	}
	b.Norm = 4
}

func tableCases() []gradientCase {
	const tokens, vocab, width = 9, 5, 8
	return []gradientCase{
		{"embedding of repeated ids", tokens, func(s *scene) (*G.Node, func() []float64) {
			packed(s.g.Batch, 4, 5)
			table := s.param(vocab, width)
			return s.g.Embed(Table{W: table}, Noise{}), func() []float64 {
				return reference.Embedding(s.values[table], width, s.g.Batch.IDs)
			}
		}},
		{"embedding with noise", tokens, func(s *scene) (*G.Node, func() []float64) {
			packed(s.g.Batch, 4, 5)
			table, noise := s.param(vocab, width), make([]float32, tokens*width)
			for _, seq := range [][2]int{{0, 4}, {4, 9}} {
				lo, hi := seq[0]*width, seq[1]*width
				a := 3 / math.Sqrt(float64(hi-lo)) // alpha/√(length·width)
				kernel.UniformNoise(1, noise[lo:hi], float32(a), s.g.Batch.Seed, uint64(lo))
			}
			return s.g.Embed(Table{W: table}, Noise{Alpha: 3}), func() []float64 {
				return plus(reference.Embedding(s.values[table], width, s.g.Batch.IDs), reference.Float64(noise))
			}
		}},
		{"embedding from a stored table", tokens, func(s *scene) (*G.Node, func() []float64) {
			packed(s.g.Batch, 4, 5)
			table, w := stored(kernel.NF4, vocab, width), s.param(3, width)
			decoded := make([]float32, vocab*width)
			table.DecodeRows(decoded, 0, vocab)
			return s.g.Linear(s.g.Embed(Table{Stored: table}, Noise{}), Weight{W: w}), func() []float64 {
				x := reference.Embedding(reference.Float64(decoded), width, s.g.Batch.IDs)
				return reference.Linear(x, s.values[w], nil, width, 3)
			}
		}},
		{"positions", tokens, func(s *scene) (*G.Node, func() []float64) {
			packed(s.g.Batch, 3, 6)
			x, table := s.param(tokens, width), s.param(7, width)
			return s.g.AddPositions(x.Node, table), func() []float64 {
				return plus(s.values[x], reference.Embedding(s.values[table], width, s.g.Batch.Pos))
			}
		}},
		{"positions over an embedding, with padding", tokens, func(s *scene) (*G.Node, func() []float64) {
			packed(s.g.Batch, 3, 4)
			ids, pos, head := s.param(vocab, width), s.param(7, width), s.param(vocab, width)
			x := s.g.AddPositions(s.g.Embed(Table{W: ids}, Noise{}), pos)
			return s.g.Loss(x, Head{W: head}), func() []float64 {
				x := plus(reference.Embedding(s.values[ids], width, s.g.Batch.IDs), reference.Embedding(s.values[pos], width, s.g.Batch.Pos))
				return crossEntropy(s.g.Batch, reference.Linear(x, s.values[head], nil, width, vocab), 0)
			}
		}},
	}
}

// crossEntropy is what Loss computes from logits.
func crossEntropy(b *Batch, logits []float64, smoothing float64) []float64 {
	vocab := len(logits) / len(b.Targets)
	return []float64{reference.CrossEntropy(logits, vocab, b.Targets, reference.Float64(b.Weights), smoothing) / float64(b.Norm)}
}

func lossCases() []gradientCase {
	const tokens, vocab, width = 9, 5, 8
	// weighted is a batch of which some rows have no target or no weight.
	weighted := func(b *Batch) {
		packed(b, 3, 5)
		for i := range b.Weights {
			b.Weights[i] = float32(i%4) / 4
		}
		b.Targets[2], b.Targets[6] = -1, -1
	}
	plain := func(name string, tokens, vocab, width int, smoothing float32, fill func(b *Batch)) gradientCase {
		return gradientCase{name, tokens, func(s *scene) (*G.Node, func() []float64) {
			fill(s.g.Batch)
			x, w := s.param(tokens, width), s.param(vocab, width)
			return s.g.Loss(x.Node, Head{W: w, Smoothing: smoothing}), func() []float64 {
				return crossEntropy(s.g.Batch, reference.Linear(s.values[x], s.values[w], nil, width, vocab), float64(smoothing))
			}
		}}
	}
	cases := []gradientCase{
		plain("loss", tokens, vocab, width, 0, func(b *Batch) { packed(b, tokens) }),
		plain("loss of weighted and masked rows", tokens, vocab, width, 0, weighted),
		plain("loss of smoothed labels", tokens, vocab, width, 0.2, weighted),
		plain("loss at a vector's width", tokens, 20, 33, 0.1, weighted),
		plain("loss of more rows than a chunk", lossRows+90, vocab, 2, 0, func(b *Batch) {
			packed(b, 300, lossRows-300+80)
			b.Norm = 100
		}),
		{"loss of a frozen head", tokens, func(s *scene) (*G.Node, func() []float64) {
			weighted(s.g.Batch)
			x, w := s.param(tokens, width), s.freeze(s.param(vocab, width))
			return s.g.Loss(x.Node, Head{W: w}), func() []float64 {
				return crossEntropy(s.g.Batch, reference.Linear(s.values[x], s.values[w], nil, width, vocab), 0)
			}
		}},
		{"loss of a tied head", tokens, func(s *scene) (*G.Node, func() []float64) {
			weighted(s.g.Batch)
			table, w := s.param(vocab, width), s.param(width, width)
			h := s.g.Linear(s.g.Embed(Table{W: table}, Noise{}), Weight{W: w})
			return s.g.Loss(h, Head{W: table, Tied: true}), func() []float64 {
				x := reference.Embedding(s.values[table], width, s.g.Batch.IDs)
				h := reference.Linear(x, s.values[w], nil, width, width)
				return crossEntropy(s.g.Batch, reference.Linear(h, s.values[table], nil, width, vocab), 0)
			}
		}},
	}
	for _, kind := range []kernel.Kind{kernel.BF16, kernel.Int8, kernel.NF4} {
		cases = append(cases, gradientCase{fmt.Sprint("loss of a head in ", kind), tokens, func(s *scene) (*G.Node, func() []float64) {
			weighted(s.g.Batch)
			x, head := s.param(tokens, width), stored(kind, vocab, width)
			w := make([]float32, vocab*width)
			head.DecodeRows(w, 0, vocab)
			return s.g.Loss(x.Node, Head{Stored: head, Smoothing: 0.1}), func() []float64 {
				return crossEntropy(s.g.Batch, reference.Linear(s.values[x], reference.Float64(w), nil, width, vocab), float64(float32(0.1)))
			}
		}})
	}
	for _, stays := range []bool{false, true} {
		name := "loss with a divergence from a reference"
		if stays {
			name += " in int8"
		}
		cases = append(cases, gradientCase{name, tokens, func(s *scene) (*G.Node, func() []float64) {
			const beta = 0.75
			weighted(s.g.Batch)
			x, w := s.param(tokens, width), s.param(vocab, width)
			ref := &Reference{Hidden: random(tokens*width, 50), W: random(vocab*width, 51)}
			teacher := reference.Linear(reference.Float64(ref.Hidden), reference.Float64(ref.W), nil, width, vocab)
			if stays {
				ref.Stored, ref.W = stored(kernel.Int8, vocab, width), nil
				decoded := make([]float32, vocab*width)
				ref.Stored.DecodeRows(decoded, 0, vocab)
				teacher = reference.Linear(reference.Float64(ref.Hidden), reference.Float64(decoded), nil, width, vocab)
			}
			return s.g.Loss(x.Node, Head{W: w, Reference: ref, KL: beta}), func() []float64 {
				b := s.g.Batch
				logits := reference.Linear(s.values[x], s.values[w], nil, width, vocab)
				loss := crossEntropy(b, logits, 0)
				loss[0] += beta * reference.KL(teacher, logits, vocab, b.Targets, reference.Float64(b.Weights)) / float64(b.Norm)
				return loss
			}
		}})
	}
	return cases
}
