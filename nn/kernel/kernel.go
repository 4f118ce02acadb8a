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

import "sync"

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

// parallelCost is Parallel for work of n items that cost about the given number
// of float operations each; it stays on the caller's goroutine when starting
// another would take longer than it saves.
func parallelCost(threads, n, cost int, f func(lo, hi int)) {
	const worth = 1 << 16 // operations that outweigh starting a goroutine
	if most := n * cost / worth; threads > most {
		threads = most
	}
	Parallel(threads, n, f)
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
func HasNaNInf(x []float32) bool { return !active.finite(x) }
