package kernel

import "time"

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
