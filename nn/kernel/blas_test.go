package kernel

import (
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

func TestBLAS(t *testing.T) {
	const m, n, k = 19, 37, 23
	rng := rngFor(t)
	a, b, c := random(rng, m*k), random(rng, k*n), random(rng, m*n)
	fast, slow := BLAS{Threads: 2}, gonum.Implementation{}
	trans := []blas.Transpose{blas.NoTrans, blas.Trans, blas.ConjTrans}
	ld := func(t blas.Transpose, rows, cols int) int {
		if t == blas.NoTrans {
			return cols
		}
		return rows
	}
	for _, tA := range trans {
		for _, tB := range trans {
			got, want := append([]float32(nil), c...), append([]float32(nil), c...)
			fast.Sgemm(tA, tB, m, n, k, 0.5, a, ld(tA, m, k), b, ld(tB, k, n), 2, got, n)
			slow.Sgemm(tA, tB, m, n, k, 0.5, a, ld(tA, m, k), b, ld(tB, k, n), 2, want, n)
			agree(t, "Sgemm", got, want, 1e-5)
		}
		for _, inc := range []int{1, 2, -1} {
			x := random(rng, 2*max(m, k))
			got := random(rng, 2*max(m, k))
			want := append([]float32(nil), got...)
			fast.Sgemv(tA, m, k, 0.5, a, k, x, inc, 2, got, inc)
			slow.Sgemv(tA, m, k, 0.5, a, k, x, inc, 2, want, inc)
			agree(t, "Sgemv", got, want, 1e-5)
			got[0], want[0] = fast.Sdot(m, x, inc, a, inc), slow.Sdot(m, x, inc, a, inc)
			agree(t, "Sdot", got[:1], want[:1], 1e-5)
		}
	}
}
