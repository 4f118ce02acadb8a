package kernel

import (
	"runtime"
	"time"
)

// PeakFMA runs fused multiply-adds on registers alone for about d on each of
// threads goroutines, and returns the GFLOP/s of the best moment of each, added
// up: what a matrix product could reach at most.
func PeakFMA(threads int, d time.Duration) float64 {
	const rounds = 1 << 13
	kern := &active.gemm
	threads = max(threads, 1)
	best := make([]time.Duration, threads)
	start := time.Now()
	Parallel(threads, threads, func(lo, hi int) {
		for t := lo; t < hi; t++ {
			best[t] = time.Hour
			for time.Since(start) < d || best[t] == time.Hour {
				begin := time.Now()
				kern.peak(rounds)
				best[t] = max(min(best[t], time.Since(begin)), 1)
			}
		}
	})
	var sum float64
	for _, b := range best {
		sum += rounds * float64(kern.peakOps) / float64(b.Nanoseconds())
	}
	return sum
}

// MemoryBandwidth returns at how many GB/s (10^9 bytes) threads goroutines
// together read a buffer much larger than any cache, the best of the sweeps that
// fit into about d, and of three at least: what decoding, which reads every weight
// once for a token, could reach at most.
func MemoryBandwidth(threads int, d time.Duration) float64 {
	const (
		piece  = 1 << 19 // elements
		pieces = 256     // 512 MiB
	)
	// From the heap, so that it can be freed; written, so that it is there.
	x := make([]float32, pieces*piece)
	dynamic(threads, pieces, func(i int) {
		for j := range x[i*piece : (i+1)*piece] {
			x[i*piece+j] = 1
		}
	})
	best := time.Hour
	start := time.Now()
	for sweeps := 0; sweeps < 3 || time.Since(start) < d; sweeps++ {
		begin := time.Now()
		dynamic(threads, pieces, func(i int) { active.read(x[i*piece : (i+1)*piece]) })
		best = min(best, time.Since(begin))
	}
	return float64(len(x)*size) / float64(best.Nanoseconds())
}

func readGo(x []float32) {
	var s0, s1, s2, s3 float32
	for ; len(x) >= 16; x = x[16:] { // one of four elements is enough to fetch a cache line
		s0 += x[0]
		s1 += x[4]
		s2 += x[8]
		s3 += x[12]
	}
	runtime.KeepAlive(s0 + s1 + s2 + s3)
}
