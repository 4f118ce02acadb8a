package reference

import (
	"fmt"
	"math"
	"testing"
)

// TestOperations compares the gradient of every operation of the tape, in all
// its arguments, with finite differences.
func TestOperations(t *testing.T) {
	ids, pos := []int32{2, 0, 2, 1}, []int32{0, 1, 2, 3}
	freqs := Frequencies(4, 50, nil)
	for _, test := range []struct {
		name   string
		shapes [][2]int
		op     func(t *tape, in []*matrix) *matrix
	}{
		{"embed", [][2]int{{3, 2}}, func(t *tape, in []*matrix) *matrix { return t.embed(in[0], ids) }},
		{"mulT", [][2]int{{2, 3}, {4, 3}}, func(t *tape, in []*matrix) *matrix { return t.mulT(in[0], in[1]) }},
		{"mul", [][2]int{{2, 3}, {3, 4}}, func(t *tape, in []*matrix) *matrix { return t.mul(in[0], in[1]) }},
		{"add", [][2]int{{2, 3}, {2, 3}}, func(t *tape, in []*matrix) *matrix { return t.add(in[0], in[1]) }},
		{"times", [][2]int{{2, 3}, {2, 3}}, func(t *tape, in []*matrix) *matrix { return t.times(in[0], in[1]) }},
		{"times itself", [][2]int{{2, 3}}, func(t *tape, in []*matrix) *matrix { return t.times(in[0], in[0]) }},
		{"over", [][2]int{{2, 3}, {2, 3}}, func(t *tape, in []*matrix) *matrix { return t.over(in[0], in[1]) }},
		{"scale", [][2]int{{2, 3}}, func(t *tape, in []*matrix) *matrix { return t.scale(in[0], -1.5) }},
		{"gelu", [][2]int{{2, 3}}, func(t *tape, in []*matrix) *matrix { return t.gelu(in[0]) }},
		{"geluErf", [][2]int{{2, 3}}, func(t *tape, in []*matrix) *matrix { return t.geluErf(in[0]) }},
		{"silu", [][2]int{{2, 3}}, func(t *tape, in []*matrix) *matrix { return t.silu(in[0]) }},
		{"addRow", [][2]int{{2, 3}, {1, 3}}, func(t *tape, in []*matrix) *matrix { return t.addRow(in[0], in[1]) }},
		{"scaleRows", [][2]int{{2, 3}, {2, 1}}, func(t *tape, in []*matrix) *matrix { return t.scaleRows(in[0], in[1]) }},
		{"rowNorm", [][2]int{{2, 3}}, func(t *tape, in []*matrix) *matrix { return t.rowNorm(in[0]) }},
		{"columns", [][2]int{{2, 5}}, func(t *tape, in []*matrix) *matrix { return t.columns(in[0], 1, 4) }},
		{"beside", [][2]int{{2, 1}, {2, 3}}, func(t *tape, in []*matrix) *matrix { return t.beside(in) }},
		{"layerNorm", [][2]int{{2, 5}, {1, 5}, {1, 5}}, func(t *tape, in []*matrix) *matrix { return t.layerNorm(in[0], in[1], in[2], 0.1) }},
		{"rmsNorm", [][2]int{{2, 5}, {1, 5}}, func(t *tape, in []*matrix) *matrix { return t.rmsNorm(in[0], in[1], 0.1) }},
		{"rotary", [][2]int{{4, 8}}, func(t *tape, in []*matrix) *matrix { return t.rotary(in[0], 2, 4, pos, freqs) }},
		{"softmax", [][2]int{{4, 4}}, func(t *tape, in []*matrix) *matrix { return t.softmax(in[0], Mask{Prefix: 2, Window: 2}) }},
		{"logSoftmax", [][2]int{{2, 4}}, func(t *tape, in []*matrix) *matrix { return t.logSoftmax(in[0]) }},
		{"dot", [][2]int{{2, 2}}, func(t *tape, in []*matrix) *matrix { return t.dot(in[0], []float64{1, -2, 0.5, 3}) }},
		{"attention", [][2]int{{4, 8}, {4, 4}, {4, 4}}, func(t *tape, in []*matrix) *matrix {
			return t.attention(in[0], in[1], in[2], 4, 2, 2, Mask{})
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var data [][]float64
			for i, s := range test.shapes {
				data = append(data, random(s[0]*s[1], 0.3, 1, 1, uint64(i)))
			}
			// The loss weighs every element of the result differently.
			loss := func() (*matrix, []*matrix) {
				tp := &tape{}
				var in []*matrix
				for i, s := range test.shapes {
					in = append(in, tp.leaf(s[0], s[1], data[i]))
				}
				y := test.op(tp, in)
				l := tp.dot(y, random(len(y.data), 0, 1, 2, 0))
				tp.backward(l)
				return l, in
			}
			_, in := loss()
			for i, x := range data {
				want := Gradient(func([]float64) float64 { l, _ := loss(); return l.data[0] }, x)
				near(t, fmt.Sprintf("gradient of argument %d", i), in[i].grad, want)
			}
		})
	}
}

// TestAttentionTwice compares the tape's attention, made of products, with the
// loops of Attention.
func TestAttentionTwice(t *testing.T) {
	const rows, heads, kvHeads, dim = 7, 6, 2, 4
	q, k, v := random(rows*heads*dim, 0, 1, 3, 0), random(rows*kvHeads*dim, 0, 1, 3, 1), random(rows*kvHeads*dim, 0, 1, 3, 2)
	for _, m := range []Mask{{}, {Prefix: 4}, {Window: 3}, {Prefix: 5, Window: 2}} {
		tp := &tape{}
		got := tp.attention(tp.leaf(rows, heads*dim, q), tp.leaf(rows, kvHeads*dim, k), tp.leaf(rows, kvHeads*dim, v), heads, kvHeads, dim, m)
		want := Attention(q, k, v, heads, kvHeads, dim, m)
		for i := range want {
			if math.Abs(got.data[i]-want[i]) > 1e-12 {
				t.Fatalf("%+v: element %d is %g and %g", m, i, got.data[i], want[i])
			}
		}
	}
}
