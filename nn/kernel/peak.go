package kernel

import (
	"runtime"
	"time"
)

// PeakFMA runs fused multiply-adds on registers alone for about d on each of
// threads goroutines, and returns the GFLOP/s of all together: what a matrix
// product could reach at best.
func PeakFMA(threads int, d time.Duration) float64 {
	threads = max(threads, 1)
	done := make([]float64, threads)
	start := time.Now()
	Parallel(threads, threads, func(lo, hi int) {
		for time.Since(start) < d {
			done[lo] += active.gemm.peak(1 << 16)
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
