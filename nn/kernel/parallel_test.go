package kernel

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// calls are functions that must allocate nothing once they have run.
func calls() map[string]func(threads int) {
	const m, n, k = 100, 200, 300
	x, y, z := make([]float32, m*k), make([]float32, k*n), make([]float32, m*n)
	gemm := func(transA, transB bool, m int) func(threads int) {
		lda, ldb := k, n
		if transA {
			lda = m
		}
		if transB {
			ldb = k
		}
		return func(threads int) { Gemm(threads, transA, transB, m, n, k, 1, x, lda, y, ldb, 0, z, n) }
	}
	scale := func(a *[]float32, lo, hi int) {
		for i := lo; i < hi; i++ {
			(*a)[i] *= 2
		}
	}
	nothing := func(lo, hi int) {}
	const heads, kvHeads, hd, tokens = 4, 2, 16, 100
	bounds := []int32{0, 70, tokens}
	q, kv, lse := make([]float32, tokens*heads*hd), make([]float32, tokens*kvHeads*hd), make([]float32, tokens*heads)
	out, dq, dk, dv := make([]float32, len(q)), make([]float32, len(q)), make([]float32, len(kv)), make([]float32, len(kv))
	return map[string]func(threads int){
		"Attention": func(threads int) {
			Attention(threads, out, lse, q, kv, kv, heads, kvHeads, hd, bounds, Mask{})
		},
		"AttentionGrad": func(threads int) {
			AttentionGrad(threads, dq, dk, dv, q, kv, kv, out, lse, q, heads, kvHeads, hd, bounds, Mask{})
		},
		"Gemm NN":      gemm(false, false, m),
		"Gemm NT":      gemm(false, true, m),
		"Gemm TN":      gemm(true, false, m),
		"Gemm few":     gemm(false, true, 3),
		"Gemm narrow":  func(threads int) { Gemm(threads, false, true, m, 16, k, 1, x, k, y, k, 0, z, 16) },
		"Gemm turned":  func(threads int) { Gemm(threads, true, false, m, 16, k, 1, x, m, y, 16, 0, z, 16) },
		"Parallel":     func(threads int) { Parallel(threads, 10, nothing) },
		"parallelWith": func(threads int) { parallelWith(threads, len(x), 100, x, scale) },
		"dynamicWith":  func(threads int) { dynamicWith(threads, len(x), x, scale) },
	}
}

func TestNoAllocations(t *testing.T) {
	for name, call := range calls() {
		for _, threads := range []int{1, 2, 3} {
			if n := testing.AllocsPerRun(100, func() { call(threads) }); n != 0 {
				t.Errorf("%s with %d threads allocates %g times a call", name, threads, n)
			}
		}
	}
}

func TestNoAllocationsAtOnce(t *testing.T) {
	const goroutines, rounds = 3, 100
	for name, call := range calls() {
		run := func() {
			var all sync.WaitGroup
			for range goroutines {
				all.Go(func() {
					for range rounds {
						call(2)
					}
				})
			}
			all.Wait()
		}
		run()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		run()
		runtime.ReadMemStats(&after)
		// The goroutines of run, and what more of them need at the same moment than
		// did before.
		if n := after.Mallocs - before.Mallocs; n > goroutines*rounds/4 {
			t.Errorf("%s allocates %d times in %d calls", name, n, goroutines*rounds)
		}
	}
}

func TestParallelWith(t *testing.T) {
	type args struct {
		seen []int32
		sum  *atomic.Int64
	}
	for _, n := range []int{0, 1, 2, 7, 1000} {
		for _, threads := range []int{-1, 0, 1, 2, 3, 64} {
			for _, cost := range []int{1, 1 << 20} {
				a := args{make([]int32, n), new(atomic.Int64)}
				parallelWith(threads, n, cost, a, func(a *args, lo, hi int) {
					for i := lo; i < hi; i++ {
						a.seen[i]++
						a.sum.Add(int64(i))
					}
				})
				for i, v := range a.seen {
					if v != 1 {
						t.Fatalf("item %d of %d was done %d times by %d threads", i, n, v, threads)
					}
				}
				if got, want := a.sum.Load(), int64(n*(n-1)/2); got != want {
					t.Fatalf("the items of %d sum up to %d by %d threads", n, got, threads)
				}
			}
		}
	}
}
