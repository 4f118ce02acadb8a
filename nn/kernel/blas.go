package kernel

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// BLAS is Gonum's BLAS with the float32 products of this package. Given to
// gorgonia.Use, it makes Gorgonia's own matrix products run on [Gemm].
type BLAS struct {
	gonum.Implementation

	// Threads is how many goroutines a product may use; 0 is one.
	Threads int
}

var _ interface {
	blas.Float32
	blas.Float64
	blas.Complex64
	blas.Complex128
} = BLAS{}

// Sgemm computes C = alpha*op(A)*op(B) + beta*C; see [Gemm].
func (b BLAS) Sgemm(tA, tB blas.Transpose, m, n, k int, alpha float32, x []float32, ldx int, y []float32, ldy int, beta float32, c []float32, ldc int) {
	Gemm(b.Threads, transposed(tA), transposed(tB), m, n, k, alpha, x, ldx, y, ldy, beta, c, ldc)
}

// Sgemv computes y = alpha*op(A)*x + beta*y for an A of m×n.
func (b BLAS) Sgemv(tA blas.Transpose, m, n int, alpha float32, a []float32, lda int, x []float32, incX int, beta float32, y []float32, incY int) {
	if incX != 1 || incY != 1 || m == 0 || n == 0 {
		b.Implementation.Sgemv(tA, m, n, alpha, a, lda, x, incX, beta, y, incY)
		return
	}
	// As rows: y = x*transpose(op(A)).
	if transposed(tA) {
		Gemm(b.Threads, false, false, 1, n, m, alpha, x, m, a, lda, beta, y, n)
	} else {
		Gemm(b.Threads, false, true, 1, m, n, alpha, x, n, a, lda, beta, y, m)
	}
}

// Sdot returns the inner product of n elements of x and y.
func (b BLAS) Sdot(n int, x []float32, incX int, y []float32, incY int) float32 {
	if incX != 1 || incY != 1 || n < 0 {
		return b.Implementation.Sdot(n, x, incX, y, incY)
	}
	return Dot(x[:n], y[:n])
}

func transposed(t blas.Transpose) bool {
	switch t {
	case blas.NoTrans:
		return false
	case blas.Trans, blas.ConjTrans:
		return true
	}
	panic("kernel: a matrix is neither blas.NoTrans nor blas.Trans nor blas.ConjTrans")
}
