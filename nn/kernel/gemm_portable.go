package kernel

import "unsafe"

var gemmGo = gemmKernel{
	rows: 4,
	cols: 4,
	micro: []microFunc{
		func(kc int, a, b *float32, ldb int, c *float32, ldc int, alpha float32, add int, mask uint32) {
			microAnyGo(1, kc, a, b, ldb, c, ldc, alpha, add, mask)
		},
		func(kc int, a, b *float32, ldb int, c *float32, ldc int, alpha float32, add int, mask uint32) {
			microAnyGo(2, kc, a, b, ldb, c, ldc, alpha, add, mask)
		},
		func(kc int, a, b *float32, ldb int, c *float32, ldc int, alpha float32, add int, mask uint32) {
			microAnyGo(3, kc, a, b, ldb, c, ldc, alpha, add, mask)
		},
		microGo,
	},
	packTrans: packTransGo,
	transRows: 4,
	packRows:  packRowsGo,
	peak:      peakGo,
	peakOps:   16,
}

// row is the n elements at p plus stride bytes times i.
func row(p *float32, stride, i, n int) []float32 {
	return unsafe.Slice((*float32)(unsafe.Add(unsafe.Pointer(p), stride*i)), n)
}

// microGo computes a tile of 4×4.
func microGo(kc int, a, b *float32, ldb int, c *float32, ldc int, alpha float32, add int, mask uint32) {
	var s00, s01, s02, s03, s10, s11, s12, s13 float32
	var s20, s21, s22, s23, s30, s31, s32, s33 float32
	pa := unsafe.Slice(a, 4*kc)
	for p := range kc {
		x, y := pa[4*p:4*p+4:4*p+4], row(b, ldb, p, 4)
		a0, a1, a2, a3 := x[0], x[1], x[2], x[3]
		b0, b1, b2, b3 := y[0], y[1], y[2], y[3]
		s00 += a0 * b0
		s01 += a0 * b1
		s02 += a0 * b2
		s03 += a0 * b3
		s10 += a1 * b0
		s11 += a1 * b1
		s12 += a1 * b2
		s13 += a1 * b3
		s20 += a2 * b0
		s21 += a2 * b1
		s22 += a2 * b2
		s23 += a2 * b3
		s30 += a3 * b0
		s31 += a3 * b1
		s32 += a3 * b2
		s33 += a3 * b3
	}
	sums := [16]float32{s00, s01, s02, s03, s10, s11, s12, s13, s20, s21, s22, s23, s30, s31, s32, s33}
	storeGo(4, &sums, c, ldc, alpha, add, mask)
}

// microAnyGo computes a tile of rows×4.
func microAnyGo(rows, kc int, a, b *float32, ldb int, c *float32, ldc int, alpha float32, add int, mask uint32) {
	var sums [16]float32
	for p := range kc {
		x, y := row(a, 4*rows, p, rows), row(b, ldb, p, 4)
		for i, v := range x {
			for j, w := range y {
				sums[4*i+j] += v * w
			}
		}
	}
	storeGo(rows, &sums, c, ldc, alpha, add, mask)
}

func storeGo(rows int, sums *[16]float32, c *float32, ldc int, alpha float32, add int, mask uint32) {
	for i := range rows {
		for j := range 4 {
			if mask&(1<<j) == 0 {
				break
			}
			p := &row(c, ldc, i, j+1)[j]
			v := alpha * sums[4*i+j]
			if add != 0 {
				v += *p
			}
			*p = v
		}
	}
}

func packTransGo(dst *float32, dstStride int, src *float32, srcStride, rows, n int) {
	for i := range rows {
		for p, v := range row(src, srcStride, i, n) {
			row(dst, dstStride, p, i+1)[i] = v
		}
	}
}

func packRowsGo(dst *float32, dstStride int, src *float32, srcStride int, mask uint32, n int) {
	w := 0
	for mask>>w != 0 {
		w++
	}
	for p := range n {
		copy(row(dst, dstStride, p, w), row(src, srcStride, p, w))
	}
}

var peakSink float32

func peakGo(n int) {
	var s0, s1, s2, s3, s4, s5, s6, s7 float32
	x := float32(n) * 1e-9
	for range n {
		s0, s1, s2, s3 = s0*x+x, s1*x+x, s2*x+x, s3*x+x
		s4, s5, s6, s7 = s4*x+x, s5*x+x, s6*x+x, s7*x+x
	}
	if s := s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7; s != s {
		peakSink = s // never, but the compiler does not know
	}
}
