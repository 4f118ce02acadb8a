package kernel

import "math"

// GemmBF16 is [Gemm] with the elements of A and B rounded to bfloat16, to the
// nearest and half to even. Their products are added up in float32; C is never
// rounded. Subnormal elements may count as zeros. On machines that multiply
// bfloat16s, see [HasBF16], it is nearly twice as fast as Gemm, and on others
// somewhat slower.
func GemmBF16(threads int, transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	active.gemmOf(true, threads, transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}

// HasBF16 reports whether the machine has instructions that [GemmBF16] uses.
func HasBF16() bool { return active.gemmBF16.perStep == 2 }

// rounding returns a kernel for [GemmBF16] on machines that have no instructions
// for it: it rounds the operands and multiplies float32s.
func (k gemmKernel) rounding() gemmKernel {
	k.rounds = true
	k.dots, k.spread, k.half = nil, nil, nil
	return k
}

func roundAllBF16(x []float32) {
	for i, v := range x {
		x[i] = math.Float32frombits(uint32(roundBF16(v)) << 16)
	}
}
