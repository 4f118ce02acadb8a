package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

func BenchmarkGemm(b *testing.B) {
	shapes := []struct {
		name           string
		transA, transB bool
		m, n, k        int
	}{
		{"square", false, false, 1024, 1024, 1024},
		{"forward", false, true, 2048, 256, 256},
		{"forward", false, true, 2048, 768, 256},
		{"forward", false, true, 2048, 256, 768},
		{"logits", false, true, 2048, 8208, 256},
		{"input", false, false, 2048, 256, 768},
		{"weight", true, false, 256, 256, 2048},
		{"weight", true, false, 768, 256, 2048},
		{"weight", true, false, 8208, 256, 2048},
		{"decode", false, true, 1, 768, 256},
		{"decode", false, true, 1, 8208, 256},
		{"decode", false, true, 8, 8208, 256},
		{"scores", false, true, 64, 128, 32},
		{"values", false, false, 64, 32, 128},
	}
	for _, s := range shapes {
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
				peak := PeakFMA(threads, 20*time.Millisecond)
				Gemm(threads, s.transA, s.transB, s.m, s.n, s.k, 1, x, lda, y, ldb, 0, z, s.n)
				b.ReportAllocs()
				best := time.Hour
				for b.Loop() {
					start := time.Now()
					Gemm(threads, s.transA, s.transB, s.m, s.n, s.k, 1, x, lda, y, ldb, 0, z, s.n)
					best = min(best, time.Since(start))
				}
				rate := 2 * float64(s.m) * float64(s.n) * float64(s.k) / float64(best.Nanoseconds())
				b.ReportMetric(rate, "best-GFLOP/s")
				b.ReportMetric(rate/peak, "of-peak")
			})
		}
	}
}
