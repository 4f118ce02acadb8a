package kernel

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

var peaks = [3]func() float64{
	1: sync.OnceValue(func() float64 { return PeakFMA(1, 100*time.Millisecond) }),
	2: sync.OnceValue(func() float64 { return PeakFMA(2, 100*time.Millisecond) }),
}

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
				peak := peaks[threads]()
				Gemm(threads, s.transA, s.transB, s.m, s.n, s.k, 1, x, lda, y, ldb, 0, z, s.n)
				b.ReportAllocs()
				for b.Loop() {
					Gemm(threads, s.transA, s.transB, s.m, s.n, s.k, 1, x, lda, y, ldb, 0, z, s.n)
				}
				rate := 2 * float64(s.m) * float64(s.n) * float64(s.k) * float64(b.N) / b.Elapsed().Seconds() / 1e9
				b.ReportMetric(rate, "GFLOP/s")
				b.ReportMetric(rate/peak, "of-peak")
			})
		}
	}
}
