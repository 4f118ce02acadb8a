package kernel

// gemmKernel is the part of a matrix product that differs between machines.
type gemmKernel struct{}

var gemmGo = gemmKernel{}

// Gemm computes C = alpha*op(A)*op(B) + beta*C, where op(A) is m×k and op(B) is
// k×n; op transposes if transA or transB says so. lda, ldb and ldc are the
// distances between rows of A, B and C as they are stored. With beta 0 C is only
// written, so that it may hold anything. At most threads goroutines work on it;
// the result is the same to the last bit for every number of them.
func Gemm(threads int, transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	active.gemmAll(threads, transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}

func (o *ops) gemmAll(threads int, transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	rows := func(lo, hi int) {
		for i := lo; i < hi; i++ {
			row := c[i*ldc:][:n]
			if beta == 0 {
				clear(row)
			} else if beta != 1 {
				o.scale(row, beta)
			}
			for p := range k {
				x := alpha
				if transA {
					x *= a[p*lda+i]
				} else {
					x *= a[i*lda+p]
				}
				if transB {
					for j := range row {
						row[j] += x * b[j*ldb+p]
					}
				} else {
					o.axpy(row, x, b[p*ldb:][:n])
				}
			}
		}
	}
	parallelCost(threads, m, 2*n*k, rows)
}

// peak runs n rounds of independent multiply-adds and returns how many float
// operations that was.
func (gemmKernel) peak(n int) float64 {
	var a, b, c, d float32 = 1, 2, 3, 4
	x := float32(n) * 1e-9
	for range n {
		a, b, c, d = a*x+x, b*x+x, c*x+x, d*x+x
	}
	if a+b+c+d == 0 {
		return 0
	}
	return float64(n) * 8
}
