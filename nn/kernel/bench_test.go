package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// gemmShape is a product of op(A), m×k, and op(B), k×n.
type gemmShape struct {
	name           string
	transA, transB bool
	m, n, k        int
}

// layer lists the products of a linear layer: its output, y = x*transpose(w), the
// gradient of x and the gradient of w.
func layer(name string, tokens, in, out int) []gemmShape {
	return []gemmShape{
		{name + "/y", false, true, tokens, out, in},
		{name + "/dx", false, false, tokens, in, out},
		{name + "/dw", true, false, out, in, tokens},
	}
}

func gemmShapes() []gemmShape {
	return slices.Concat(
		[]gemmShape{
			{"square/NN", false, false, 1024, 1024, 1024},
			{"square/NT", false, true, 1024, 1024, 1024},
			{"square/TN", true, false, 1024, 1024, 1024},
		},
		// GPT-2 of 124M parameters, 4 sequences of 256 tokens.
		layer("gpt2", 1024, 768, 768),
		layer("gpt2", 1024, 768, 2304),
		layer("gpt2", 1024, 768, 3072),
		layer("gpt2", 1024, 3072, 768),
		layer("gpt2head", 512, 768, 50257),
		// A small model of width 256, 8 sequences of 512 tokens.
		layer("small", 4096, 256, 256),
		layer("small", 4096, 256, 128),
		layer("small", 4096, 256, 704),
		layer("small", 4096, 704, 256),
		layer("smallhead", 1024, 256, 8208),
		// LoRA of rank 16: the low-rank product, its gradient from the result and to x.
		layer("lora", 1024, 768, 16),
		layer("lora", 1024, 3072, 16),
		layer("lora", 1024, 16, 2304),
		[]gemmShape{
			{"decode", false, true, 1, 768, 256},
			{"decode", false, true, 1, 8208, 256},
			{"decode", false, true, 8, 8208, 256},
			{"scores", false, true, 64, 128, 32},
			{"values", false, false, 64, 32, 128},
		},
	)
}

// BenchmarkGemm reports the rate of the best run, and its share of what
// [PeakFMA] measures just before.
func BenchmarkGemm(b *testing.B) { benchmarkGemm(b, Gemm) }

// BenchmarkGemmBF16 is BenchmarkGemm for GemmBF16: the share is of what float32s
// could reach.
func BenchmarkGemmBF16(b *testing.B) { benchmarkGemm(b, GemmBF16) }

func benchmarkGemm(b *testing.B, gemm func(threads int, transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int)) {
	for _, s := range gemmShapes() {
		for threads := 1; threads <= 2; threads++ {
			b.Run(fmt.Sprintf("%s/%dx%dx%d/threads=%d", s.name, s.m, s.n, s.k, threads), func(b *testing.B) {
				rng := rand.New(rand.NewPCG(1, 2))
				x, y, z := random(rng, s.m*s.k), random(rng, s.n*s.k), make([]float32, s.m*s.n)
				lda, ldb := s.k, s.n
				if s.transA {
					lda = s.m
				}
				if s.transB {
					ldb = s.k
				}
				run := func() { gemm(threads, s.transA, s.transB, s.m, s.n, s.k, 1, x, lda, y, ldb, 0, z, s.n) }
				run()
				peak := PeakFMA(threads, 20*time.Millisecond)
				b.ReportAllocs()
				best := time.Hour
				for b.Loop() {
					start := time.Now()
					run()
					best = min(best, time.Since(start))
				}
				rate := 2 * float64(s.m) * float64(s.n) * float64(s.k) / float64(best.Nanoseconds())
				b.ReportMetric(rate, "best-GFLOP/s")
				b.ReportMetric(rate/peak, "of-peak")
			})
		}
	}
}

// benchmark times f by its best run, and reports the time of each of n elements.
func benchmark(b *testing.B, name string, n int, f func(threads int)) {
	for threads := 1; threads <= 2; threads++ {
		b.Run(fmt.Sprintf("%s/threads=%d", name, threads), func(b *testing.B) {
			f(threads)
			b.ReportAllocs()
			best := time.Hour
			for b.Loop() {
				start := time.Now()
				f(threads)
				best = min(best, time.Since(start))
			}
			b.ReportMetric(float64(best.Nanoseconds())/float64(n), "best-ns/element")
		})
	}
}

func BenchmarkRows(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	const rows, dim = 2048, 256
	x, y, w, dw := random(rng, rows*dim), random(rng, rows*dim), random(rng, dim), random(rng, dim)
	z, u, v := random(rng, rows*dim), make([]float32, rows*dim), make([]float32, rows*dim)
	benchmark(b, "RMSNorm", len(x), func(threads int) { RMSNorm(threads, u, x, w, rows, dim, 1e-5) })
	benchmark(b, "RMSNormGrad", len(x), func(threads int) { RMSNormGrad(threads, u, dw, x, w, y, rows, dim, 1e-5) })
	benchmark(b, "LayerNorm", len(x), func(threads int) { LayerNorm(threads, u, x, w, dw, rows, dim, 1e-5) })
	db := make([]float32, dim)
	benchmark(b, "LayerNormGrad", len(x), func(threads int) { LayerNormGrad(threads, u, dw, db, x, w, y, rows, dim, 1e-5) })
	benchmark(b, "GELU", len(x), func(threads int) { GELU(threads, u, x, false) })
	benchmark(b, "GELUGrad", len(x), func(threads int) { GELUGrad(threads, u, x, y, false) })
	benchmark(b, "GELUExact", len(x), func(threads int) { GELU(threads, u, x, true) })
	benchmark(b, "GELUExactGrad", len(x), func(threads int) { GELUGrad(threads, u, x, y, true) })
	benchmark(b, "AddRows", len(x), func(threads int) { AddRows(threads, u, w, rows, dim) })
	benchmark(b, "SumRows", len(x), func(threads int) { SumRows(threads, db, x, rows, dim, false) })
	benchmark(b, "AddTo", len(x), func(threads int) { AddTo(threads, u, x, y) })
	benchmark(b, "Dropout", len(x), func(threads int) { Dropout(threads, u, x, 0.1, 1, 2) })
	benchmark(b, "UniformNoise", len(x), func(threads int) { UniformNoise(threads, u, 0.1, 1, 2) })
	benchmark(b, "SumSquaresN", len(x), func(threads int) { SumSquaresN(threads, x) })
	benchmark(b, "HasNaNInf", len(x), func(threads int) { HasNaNInf(threads, x) })
	benchmark(b, "SwiGLU", len(x), func(threads int) { SwiGLU(threads, u, x, y) })
	benchmark(b, "SwiGLUGrad", len(x), func(threads int) { SwiGLUGrad(threads, u, v, x, y, z) })
	m, s := make([]float32, len(x)), make([]float32, len(x))
	benchmark(b, "AdamW", len(x), func(threads int) { AdamW(threads, u, x, m, s, 1e-3, 0.9, 0.95, 1e-8, 0.1, 0.1, 0.05) })
	benchmark(b, "SumSquares", len(x), func(int) { SumSquares(x) })
	benchmark(b, "Dot", len(x), func(int) { Dot(x, y) })
	benchmark(b, "Axpy", len(x), func(int) { Axpy(u, 0.1, y) })

	const vocab, tokens = 8208, 128
	logits, weights, loss, targets := random(rng, tokens*vocab), random(rng, tokens), make([]float32, tokens), make([]int32, tokens)
	benchmark(b, "CrossEntropy", len(logits), func(threads int) { CrossEntropy(threads, logits, vocab, targets, weights, loss, 1, 0) })
	ref, kl := random(rng, len(logits)), make([]float32, tokens)
	benchmark(b, "CrossEntropySmooth", len(logits), func(threads int) { CrossEntropy(threads, logits, vocab, targets, weights, loss, 1, 0.1) })
	benchmark(b, "CrossEntropyKL", len(logits), func(threads int) {
		CrossEntropyKL(threads, logits, ref, vocab, targets, weights, loss, kl, 1, 0.1)
	})
	pos, table := make([]int32, rows), random(rng, rows*16)
	benchmark(b, "Rope", len(x), func(threads int) { Rope(threads, x, rows, 8, 32, pos, table, table, false) })
}

func BenchmarkAttention(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, s := range []struct{ heads, kvHeads, hd, length, n int }{
		{8, 4, 32, 512, 8}, {12, 12, 64, 256, 4}, {8, 4, 32, 2048, 1},
	} {
		tokens := s.length * s.n
		var bounds []int32
		for i := range s.n + 1 {
			bounds = append(bounds, int32(i*s.length))
		}
		q, k, v := random(rng, tokens*s.heads*s.hd), random(rng, tokens*s.kvHeads*s.hd), random(rng, tokens*s.kvHeads*s.hd)
		dq, dk, dv, dout := random(rng, len(q)), random(rng, len(k)), random(rng, len(v)), random(rng, len(q))
		out, lse := make([]float32, len(q)), make([]float32, tokens*s.heads)
		pairs := s.n * s.heads * s.length * (s.length + 1) / 2
		name := fmt.Sprintf("%dx%d/heads=%d,%d/hd=%d", s.n, s.length, s.heads, s.kvHeads, s.hd)
		benchmark(b, "forward/"+name, pairs*s.hd, func(threads int) {
			Attention(threads, out, lse, q, k, v, s.heads, s.kvHeads, s.hd, bounds, Mask{})
		})
		benchmark(b, "backward/"+name, pairs*s.hd, func(threads int) {
			AttentionGrad(threads, dq, dk, dv, q, k, v, out, lse, dout, s.heads, s.kvHeads, s.hd, bounds, Mask{})
		})
	}
}

// BenchmarkDecode multiplies one row by a weight that does not fit the caches, as
// decoding does, and compares the rate at which the weight is read with the limit.
func BenchmarkDecode(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, s := range []struct{ rows, cols, m int }{{50257, 768, 1}, {50257, 3072, 1}, {50257, 768, 4}, {50257, 768, 8}} {
		data := random(rng, s.rows*s.cols)
		x, y := random(rng, s.m*s.cols), make([]float32, s.m*s.rows)
		for kind := range Kind(kinds) {
			w, err := QuantizeMatrix(2, kind, s.rows, s.cols, data)
			if err != nil {
				b.Fatal(err)
			}
			for threads := 1; threads <= 2; threads++ {
				b.Run(fmt.Sprintf("%v/%dx%d/m=%d/threads=%d", kind, s.rows, s.cols, s.m, threads), func(b *testing.B) {
					limit := MemoryBandwidth(threads, 200*time.Millisecond)
					GemmMatrix(threads, true, s.m, x, s.cols, w, 0, y, s.rows)
					b.ReportAllocs()
					best := time.Hour
					for b.Loop() {
						start := time.Now()
						GemmMatrix(threads, true, s.m, x, s.cols, w, 0, y, s.rows)
						best = min(best, time.Since(start))
					}
					rate := float64(w.SizeBytes()) / float64(best.Nanoseconds())
					b.ReportMetric(rate, "best-GB/s")
					b.ReportMetric(rate/limit, "of-bandwidth")
				})
			}
		}
	}
}

// BenchmarkGemmMatrix multiplies a batch by a stored weight, forward and back.
func BenchmarkGemmMatrix(b *testing.B) {
	const m, rows, cols = 1024, 3072, 768
	rng := rand.New(rand.NewPCG(1, 2))
	data, x, y := random(rng, rows*cols), random(rng, m*rows), make([]float32, m*rows)
	for kind := range Kind(kinds) {
		w, err := QuantizeMatrix(2, kind, rows, cols, data)
		if err != nil {
			b.Fatal(err)
		}
		for _, back := range []bool{false, true} {
			ldx, ldy := cols, rows
			if back {
				ldx, ldy = rows, cols
			}
			name := fmt.Sprintf("%v/back=%v", kind, back)
			benchmark(b, name, 2*m*rows*cols, func(threads int) { GemmMatrix(threads, !back, m, x, ldx, w, 0, y, ldy) })
		}
	}
}
