// Package kernel computes: matrix products, normalization, attention, losses
// and optimizer steps on float32 slices in row-major order.
//
// Every function takes the number of goroutines that it may use, and gives the
// same bits for every such number: work is cut into pieces that do not depend
// on it, and no sum is split between goroutines.
//
// The inner loops exist three times: in portable Go, for AVX2 with FMA, and for
// AVX-512. The best that the machine can run is chosen when the program starts;
// see [Level].
package kernel

import (
	"sync"
	"sync/atomic"
)

// Parallel cuts [0,n) into at most threads contiguous chunks of nearly equal
// length, calls f on each, and returns when all are done. With threads <= 1 f
// runs on the caller's goroutine.
func Parallel(threads, n int, f func(lo, hi int)) {
	if n <= 0 {
		return
	}
	if threads > n {
		threads = n
	}
	if threads <= 1 {
		f(0, n)
		return
	}
	var wg sync.WaitGroup
	for t := 1; t < threads; t++ {
		wg.Go(func() { f(t*n/threads, (t+1)*n/threads) })
	}
	f(0, n/threads)
	wg.Wait()
}

// parallelCost calls f on chunks of [0,n) whose items cost about the given number
// of float operations each, on as many goroutines as that is worth.
func parallelCost(threads, n, cost int, f func(lo, hi int)) {
	const worth = 1 << 18 // operations that outweigh starting a goroutine
	threads = min(threads, n*cost/worth)
	if threads <= 1 {
		Parallel(1, n, f)
		return
	}
	pieces := min(n, 8*threads)
	dynamic(threads, pieces, func(i int) { f(i*n/pieces, (i+1)*n/pieces) })
}

// dynamic calls f for each item of [0,n). At most threads goroutines take one item
// after the other as they become free: none waits for a slower one, and one that
// gets no processor in time is not waited for at all.
func dynamic(threads, n int, f func(item int)) {
	if min(threads, n) <= 1 {
		for i := range n {
			f(i)
		}
		return
	}
	var next atomic.Int64
	var open sync.WaitGroup
	open.Add(n)
	work := func() {
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			f(i)
			open.Done()
		}
	}
	for range min(threads, n) - 1 {
		go work()
	}
	work()
	open.Wait()
}

// Add adds x to dst, element by element.
func Add(dst, x []float32) { active.add(dst[:len(x)], x) }

// Axpy adds a*x to dst.
func Axpy(dst []float32, a float32, x []float32) { active.axpy(dst[:len(x)], a, x) }

// Scale multiplies x by a in place.
func Scale(x []float32, a float32) { active.scale(x, a) }

// Dot returns the inner product of a and b, which have the same length.
func Dot(a, b []float32) float32 { return active.dot(a, b[:len(a)]) }

// SumSquares returns the sum of the squares of x, summed in float64 in an order
// that depends on the length only.
func SumSquares(x []float32) float64 { return active.sumSquares(x) }

// HasNaNInf reports whether x holds a value that is not finite.
func HasNaNInf(threads int, x []float32) bool { return !active.finiteAll(threads, x) }

func (o *ops) finiteAll(threads int, x []float32) bool {
	const block = 1 << 14
	var bad atomic.Bool
	parallelCost(threads, ceilDiv(len(x), block), block, func(lo, hi int) {
		for b := lo; b < hi && !bad.Load(); b++ {
			if !o.finite(x[b*block : min(len(x), (b+1)*block)]) {
				bad.Store(true)
			}
		}
	})
	return !bad.Load()
}
