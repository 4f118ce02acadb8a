package bench

import (
	"fmt"

	"adapt/nn/kernel"
)

const (
	gflops = "GFLOP/s"
	gbs    = "GB/s"
)

// A pass is a kernel that goes over its data once.
type pass struct {
	name, shape string
	work        float64 // of a run: FLOPs, or bytes that must be read and written
	unit        string
	run         func(threads int)
}

// over returns a pass that reads and writes that many float32 arrays of n
// elements.
func over(name, shape string, arrays, n int, run func(threads int)) pass {
	return pass{name, shape, 4 * float64(arrays) * float64(n), gbs, run}
}

// passes lists the kernels of a step of GPT-2's shape that are no matrix
// products: tokens rows of width, in sequences of length.
func passes(tokens, width, heads, length, vocab int) []pass {
	x, y, dy := random(tokens*width), random(tokens*width), random(tokens*width)
	w, b, dw, db := random(width), random(width), make([]float32, width), make([]float32, width)
	wide, dwide, out := random(tokens*width*4), random(tokens*width*4), make([]float32, tokens*width*4)
	shape, wideShape := fmt.Sprintf("%d×%d", tokens, width), fmt.Sprintf("%d×%d", tokens, 4*width)
	list := attention(tokens, heads, width/heads, length)
	list = append(list,
		over("layer norm", shape, 2, len(x), func(threads int) {
			kernel.LayerNorm(threads, y, x, w, b, tokens, width, 1e-5)
		}),
		over("layer norm gradient", shape, 3, len(x), func(threads int) {
			kernel.LayerNormGrad(threads, y, dw, db, x, w, dy, tokens, width, 1e-5)
		}),
		over("GELU", wideShape, 2, len(wide), func(threads int) { kernel.GELU(threads, out, wide, false) }),
		over("GELU gradient", wideShape, 3, len(wide), func(threads int) { kernel.GELUGrad(threads, out, wide, dwide, false) }),
		over("add", shape, 3, len(x), func(threads int) { kernel.AddTo(threads, y, x, dy) }),
	)
	rows := min(tokens, 512)
	logits, weights, loss := random(rows*vocab), random(rows), make([]float32, rows)
	targets := make([]int32, rows)
	list = append(list, over("cross-entropy with gradient", fmt.Sprintf("%d×%d", rows, vocab), 2, len(logits), func(threads int) {
		// The logits become their gradient, which are logits as good as any.
		kernel.CrossEntropy(threads, logits, vocab, targets, weights, loss, 1, 0)
	}))
	params := 16 * tokens * width
	p, g, m, v := random(params), random(params), make([]float32, params), make([]float32, params)
	return append(list, over("AdamW", fmt.Sprint(params), 7, params, func(threads int) {
		kernel.AdamW(threads, p, g, m, v, 1e-6, 0.9, 0.95, 1e-8, 0.1, 0.1, 0.05)
	}))
}

// attention counts what causal attention needs: each token sees itself and those
// before it, by two products forward and five backward, which computes the
// scores again.
func attention(tokens, heads, dim, length int) []pass {
	n := tokens * heads * dim
	q, k, v, dout := random(n), random(n), random(n), random(n)
	dq, dk, dv, out, lse := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, tokens*heads)
	var bounds []int32
	for at := 0; at <= tokens; at += length {
		bounds = append(bounds, int32(at))
	}
	product := 2 * float64(tokens/length) * float64(length*(length+1)/2) * float64(heads*dim)
	shape := fmt.Sprintf("%d×%d, %d heads", tokens/length, length, heads)
	return []pass{
		{"attention", shape, 2 * product, gflops, func(threads int) {
			kernel.Attention(threads, out, lse, q, k, v, heads, heads, dim, bounds, kernel.Mask{})
		}},
		{"attention gradient", shape, 5 * product, gflops, func(threads int) {
			kernel.AttentionGrad(threads, dq, dk, dv, q, k, v, out, lse, dout, heads, heads, dim, bounds, kernel.Mask{})
		}},
	}
}
