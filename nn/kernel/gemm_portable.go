package kernel

import (
	"math/bits"
	"runtime"
	"unsafe"
)

// gemmGo has tiles of 2×4: the sums of a larger one do not stay in the registers
// of all machines.
var gemmGo = gemmKernel{
	rows:      2,
	cols:      4,
	perStep:   1,
	micro:     []microFunc{micro1Go, micro2Go},
	spread:    []spreadFunc{spread1Go, spread2Go},
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

func micro1Go(kc int, a, b *float32, ldb int, c *float32, ldc int, alpha float32, add int, mask uint32, next *float32) {
	var s0, s1, s2, s3 float32
	for p, x := range unsafe.Slice(a, kc) {
		y := (*[4]float32)(unsafe.Add(unsafe.Pointer(b), p*ldb))
		s0 += x * y[0]
		s1 += x * y[1]
		s2 += x * y[2]
		s3 += x * y[3]
	}
	storeGo([4]float32{s0, s1, s2, s3}, row(c, ldc, 0, bits.Len32(mask)), alpha, add)
}

func micro2Go(kc int, a, b *float32, ldb int, c *float32, ldc int, alpha float32, add int, mask uint32, next *float32) {
	var s0, s1, s2, s3, t0, t1, t2, t3 float32
	for p, x := range unsafe.Slice((*[2]float32)(unsafe.Pointer(a)), kc) {
		y := (*[4]float32)(unsafe.Add(unsafe.Pointer(b), p*ldb))
		s0 += x[0] * y[0]
		t0 += x[1] * y[0]
		s1 += x[0] * y[1]
		t1 += x[1] * y[1]
		s2 += x[0] * y[2]
		t2 += x[1] * y[2]
		s3 += x[0] * y[3]
		t3 += x[1] * y[3]
	}
	n := bits.Len32(mask)
	storeGo([4]float32{s0, s1, s2, s3}, row(c, ldc, 0, n), alpha, add)
	storeGo([4]float32{t0, t1, t2, t3}, row(c, ldc, 1, n), alpha, add)
}

func spread1Go(kc int, a *float32, rowA, colA int, b *float32, ldb int, c *float32, ldc int, alpha float32, add int, mask uint32) {
	var s0, s1, s2, s3 float32
	for p := range kc {
		x := *(*float32)(unsafe.Add(unsafe.Pointer(a), p*colA))
		y := (*[4]float32)(unsafe.Add(unsafe.Pointer(b), p*ldb))
		s0 += x * y[0]
		s1 += x * y[1]
		s2 += x * y[2]
		s3 += x * y[3]
	}
	storeGo([4]float32{s0, s1, s2, s3}, row(c, ldc, 0, bits.Len32(mask)), alpha, add)
}

func spread2Go(kc int, a *float32, rowA, colA int, b *float32, ldb int, c *float32, ldc int, alpha float32, add int, mask uint32) {
	spread1Go(kc, a, rowA, colA, b, ldb, c, ldc, alpha, add, mask)
	spread1Go(kc, (*float32)(unsafe.Add(unsafe.Pointer(a), rowA)), rowA, colA, b, ldb, (*float32)(unsafe.Add(unsafe.Pointer(c), ldc)), ldc, alpha, add, mask)
}

func storeGo(sums [4]float32, c []float32, alpha float32, add int) {
	for j := range c {
		v := alpha * sums[j]
		if add != 0 {
			v += c[j]
		}
		c[j] = v
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
	w := bits.Len32(mask)
	for p := range n {
		copy(row(dst, dstStride, p, w), row(src, srcStride, p, w))
	}
}

func peakGo(n int) {
	var s0, s1, s2, s3, s4, s5, s6, s7 float32
	x := float32(n) * 1e-9
	for range n {
		s0, s1, s2, s3 = s0*x+x, s1*x+x, s2*x+x, s3*x+x
		s4, s5, s6, s7 = s4*x+x, s5*x+x, s6*x+x, s7*x+x
	}
	runtime.KeepAlive(s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7) // so that the compiler keeps the loop
}
