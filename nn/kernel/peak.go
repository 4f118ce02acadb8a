package kernel

import (
	"runtime"
	"time"
)

// PeakFMA runs fused multiply-adds on registers alone for about d on each of
// threads goroutines, and returns the GFLOP/s of all together: what a matrix
// product could reach at best.
func PeakFMA(threads int, d time.Duration) float64 {
	const rounds = 1 << 14
	threads = max(threads, 1)
	done := make([]float64, threads)
	start := time.Now()
	Parallel(threads, threads, func(lo, hi int) {
		for time.Since(start) < d {
			active.gemm.peak(rounds)
			done[lo] += rounds * float64(active.gemm.peakOps)
			runtime.Gosched()
		}
	})
	elapsed := time.Since(start).Seconds()
	var sum float64
	for _, x := range done {
		sum += x
	}
	return sum / elapsed / 1e9
}
