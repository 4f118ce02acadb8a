package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// rows512 is the height of the AVX-512 tile: 14 rows of two registers are 28
// accumulators, which leaves two registers for B and two for A.
const (
	rows512 = 14
	cols512 = 32
)

var zmm = []VecPhysical{
	Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15,
	Z16, Z17, Z18, Z19, Z20, Z21, Z22, Z23, Z24, Z25, Z26, Z27, Z28, Z29, Z30, Z31,
}

const microSignature = "func(kc int, a, b *float32, ldb int, c *float32, ldc int, alpha float32, add int, mask uint32, next *float32)"

// micro512 computes a tile of C of rows×32. A is packed as kc columns of rows
// elements; the rows of B are ldb bytes apart, and those of C ldc bytes. Only the
// columns in mask are stored.
func micro512(rows int) {
	micro512With(fmt.Sprintf("micro%dx32avx512", rows), rows, func(b, a, acc VecPhysical) { VFMADD231PS(b, a, acc) })
}

// microBF16 is micro512 on pairs of bf16 in the place of float32s.
func microBF16(rows int) {
	micro512With(fmt.Sprintf("micro%dx32bf16", rows), rows, vdpbf16ps)
}

// micro512With uses multiplyAdd, which adds to acc the products of a and b.
func micro512With(name string, rows int, multiplyAdd func(b, a, acc VecPhysical)) {
	TEXT(name, NOSPLIT, microSignature)
	Pragma("noescape")
	kc := Load(Param("kc"), GP64())
	a := Load(Param("a"), GP64())
	b := Load(Param("b"), GP64())
	ldb := Load(Param("ldb"), GP64())
	c := Load(Param("c"), GP64())
	ldc := Load(Param("ldc"), GP64())
	next := Load(Param("next"), GP64())
	acc := func(i, j int) VecPhysical { return zmm[2*i+j] }

	Comment("Fetch C while the product is computed.")
	at := GP64()
	MOVQ(c, at)
	for i := range rows {
		PREFETCHT1(Mem{Base: at})
		PREFETCHT1(Mem{Base: at, Disp: 64})
		if i < rows-1 {
			ADDQ(ldc, at)
		}
	}
	for i := range 2 * rows {
		VPXORD(zmm[i], zmm[i], zmm[i])
	}
	step := func(p int) {
		VMOVUPS(Mem{Base: b}, Z28)
		VMOVUPS(Mem{Base: b, Disp: 64}, Z29)
		ADDQ(ldb, b)
		for i := range rows {
			x := zmm[30+i%2]
			VBROADCASTSS(Mem{Base: a, Disp: 4 * (p*rows + i)}, x)
			multiplyAdd(Z28, x, acc(i, 0))
			multiplyAdd(Z29, x, acc(i, 1))
		}
	}
	loop(kc, 4, func(n int) {
		if n == 4 {
			PREFETCHT1(Mem{Base: next})
			ADDQ(Imm(64), next)
		}
		for p := range n {
			step(p)
		}
		ADDQ(Imm(uint64(4*n*rows)), a)
	})

	store512(rows, false, c, ldc)
}

// spread512 is micro512 for an A that is not packed: the element in its row i and
// column p is rowA*i + colA*p bytes after a.
// The half of it computes the first 16 columns alone.
func spread512(rows int, half bool) {
	cols, stride := cols512, 2
	if half {
		cols, stride = cols512/2, 1
	}
	TEXT(fmt.Sprintf("spread%dx%davx512", rows, cols), NOSPLIT, spreadSignature)
	Pragma("noescape")
	kc := Load(Param("kc"), GP64())
	a, rowA, colA := spreadRows(rows)
	b := Load(Param("b"), GP64())
	ldb := Load(Param("ldb"), GP64())
	for i := range stride * rows {
		VPXORD(zmm[i], zmm[i], zmm[i])
	}
	loop(kc, 4, func(n int) {
		for range n {
			VMOVUPS(Mem{Base: b}, Z28)
			if !half {
				VMOVUPS(Mem{Base: b, Disp: 64}, Z29)
			}
			ADDQ(ldb, b)
			for i := range rows {
				x := zmm[30+i%2]
				VBROADCASTSS(rowAt(a[i/3], rowA, nil, i%3), x)
				VFMADD231PS(Z28, x, zmm[stride*i])
				if !half {
					VFMADD231PS(Z29, x, zmm[2*i+1])
				}
			}
			for _, r := range a {
				ADDQ(colA, r)
			}
		}
	})
	store512(rows, half, Load(Param("c"), GP64()), Load(Param("ldc"), GP64()))
}

const spreadSignature = "func(kc int, a *float32, rowA, colA int, b *float32, ldb int, c *float32, ldc int, alpha float32, add int, mask uint32)"

// spreadRows returns addresses of each third row of A.
func spreadRows(rows int) (a []Register, rowA, colA Register) {
	rowA = Load(Param("rowA"), GP64())
	colA = Load(Param("colA"), GP64())
	a = []Register{Load(Param("a"), GP64())}
	for i := 3; i < rows; i += 3 {
		next := GP64()
		LEAQ(Mem{Base: a[len(a)-1], Index: rowA, Scale: 1}, next)
		LEAQ(Mem{Base: next, Index: rowA, Scale: 2}, next)
		a = append(a, next)
	}
	return a, rowA, colA
}

// param returns a parameter of four bytes in memory.
func param(name string) Mem {
	c, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return c.Addr
}

// store512 ends a kernel whose tile is in the first 2*rows registers, or of which
// the left half is in the first rows registers.
func store512(rows int, half bool, c, ldc Register) {
	parts := 2
	if half {
		parts = 1
	}
	mask := GP32()
	Load(Param("mask"), mask)
	KMOVW(mask, K1)
	SHRL(Imm(16), mask)
	KMOVW(mask, K2)
	at := func(j int) (to Mem, mask Register) { return Mem{Base: c, Disp: 64 * j}, []Register{K1, K2}[j] }
	VBROADCASTSS(param("alpha"), Z28)
	add := Load(Param("add"), GP64())
	TESTQ(add, add)
	JZ(LabelRef("store"))
	for i := range rows {
		for j := range parts {
			to, mask := at(j)
			VFMADD213PS(to, Z28, mask, zmm[parts*i+j])
		}
		for j := range parts {
			to, mask := at(j)
			VMOVUPS(zmm[parts*i+j], mask, to)
		}
		ADDQ(ldc, c)
	}
	VZEROUPPER()
	RET()
	Label("store")
	for i := range rows {
		for j := range parts {
			VMULPS(Z28, zmm[parts*i+j], zmm[parts*i+j])
		}
		for j := range parts {
			to, mask := at(j)
			VMOVUPS(zmm[parts*i+j], mask, to)
		}
		ADDQ(ldc, c)
	}
	VZEROUPPER()
	RET()
}

// loop emits body unrolled by unroll for as long as n is at least that, and body
// for one at a time for the rest. It uses n up.
func loop(n Register, unroll int, body func(n int)) {
	name := fmt.Sprintf("loop%d", unroll)
	SUBQ(Imm(uint64(unroll)), n)
	JL(LabelRef(name + "rest"))
	Label(name)
	body(unroll)
	SUBQ(Imm(uint64(unroll)), n)
	JGE(LabelRef(name))
	Label(name + "rest")
	ADDQ(Imm(uint64(unroll)), n)
	JZ(LabelRef(name + "end"))
	Label(name + "one")
	body(1)
	DECQ(n)
	JNZ(LabelRef(name + "one"))
	Label(name + "end")
}

// packTrans512 turns up to 16 rows of src, n elements each, into n columns: a
// transposition of 16×16 elements at a time, in registers.
func packTrans512() {
	packTransWith("packTransAVX512", 1, func(at Mem, z VecPhysical) { VMOVUPS_Z(at, K1, z) })
}

// packTransBF16 is packTrans512 for bf16: two columns become one of pairs.
func packTransBF16() {
	packTransWith("packTransBF16", 2, func(at Mem, z VecPhysical) {
		VMOVUPS_Z(at, K1, Z30)
		VMOVUPS_Z(at.Offset(64), K3, Z31)
		vcvtne2ps2bf16(Z30, Z31, z)
	})
}

// packTransWith uses load, which makes 16 steps of so many times perStep elements:
// of the first 16 those in K1 and of the rest those in K3.
func packTransWith(name string, perStep int, load func(at Mem, z VecPhysical)) {
	TEXT(name, NOSPLIT, "func(dst *float32, dstStride int, src *float32, srcStride, rows, n int)")
	Pragma("noescape")
	dst := Load(Param("dst"), GP64())
	dstStride := Load(Param("dstStride"), GP64())
	src := Load(Param("src"), GP64())
	srcStride := Load(Param("srcStride"), GP64())
	rows := Load(Param("rows"), GP64())
	n := Load(Param("n"), GP64())
	ahead := GP64() // an eighth of the distance to the rows to fetch
	LEAQ(Mem{Base: srcStride, Index: srcStride, Scale: 1}, ahead)

	MOVQ(rows, RCX)
	mask := GP64()
	MOVQ(U32(1), mask)
	SHLQ(CL, mask)
	DECQ(mask)
	KMOVW(mask.As32(), K2)
	MOVQ(U32(0xffff), mask)
	KMOVW(mask.As32(), K1)
	KMOVW(mask.As32(), K3)
	for i := range 16 {
		VPXORD(zmm[i], zmm[i], zmm[i])
	}
	block := func(name string, store func(z VecPhysical)) {
		at := GP64()
		MOVQ(src, at)
		for i := range 16 {
			if i > 0 {
				CMPQ(rows, Imm(uint64(i)))
				JLE(LabelRef(name + "loaded"))
				ADDQ(srcStride, at)
			}
			load(Mem{Base: at}, zmm[i])
			for j := range perStep {
				PREFETCHT0(Mem{Base: at, Index: ahead, Scale: 8, Disp: 64 * j})
			}
		}
		Label(name + "loaded")
		// Four rows at a time to 4×4 blocks: afterwards register 16+4g+c has in
		// its lane l rows 4g to 4g+3 of column 4l+c.
		for g := range 4 {
			r, t := zmm[4*g:], zmm[16+4*g:]
			VUNPCKLPS(r[1], r[0], t[0])
			VUNPCKHPS(r[1], r[0], t[1])
			VUNPCKLPS(r[3], r[2], t[2])
			VUNPCKHPS(r[3], r[2], t[3])
			VUNPCKLPD(t[2], t[0], r[0])
			VUNPCKHPD(t[2], t[0], r[1])
			VUNPCKLPD(t[3], t[1], r[2])
			VUNPCKHPD(t[3], t[1], r[3])
		}
		// Then the lanes of the four groups.
		col := make([]VecPhysical, 16)
		for c := range 4 {
			g0, g1, g2, g3 := zmm[c], zmm[4+c], zmm[8+c], zmm[12+c]
			t := zmm[16+4*c:]
			VSHUFF32X4(Imm(0x88), g1, g0, t[0])
			VSHUFF32X4(Imm(0xdd), g1, g0, t[1])
			VSHUFF32X4(Imm(0x88), g3, g2, t[2])
			VSHUFF32X4(Imm(0xdd), g3, g2, t[3])
			VSHUFF32X4(Imm(0x88), t[2], t[0], g0)
			VSHUFF32X4(Imm(0x88), t[3], t[1], g1)
			VSHUFF32X4(Imm(0xdd), t[2], t[0], g2)
			VSHUFF32X4(Imm(0xdd), t[3], t[1], g3)
			col[c], col[4+c], col[8+c], col[12+c] = g0, g1, g2, g3
		}
		for _, z := range col {
			VMOVUPS(z, K2, Mem{Base: dst})
			ADDQ(dstStride, dst)
			if store != nil {
				store(z)
			}
		}
		// The rows that were not loaded hold columns now; they are never stored.
	}
	SUBQ(Imm(uint64(16*perStep)), n)
	JL(LabelRef("rest"))
	Label("blocks")
	block("full", nil)
	ADDQ(Imm(uint64(64*perStep)), src)
	SUBQ(Imm(uint64(16*perStep)), n)
	JGE(LabelRef("blocks"))
	Label("rest")
	ADDQ(Imm(uint64(16*perStep)), n)
	JZ(LabelRef("end"))
	MOVQ(n, RCX)
	rest := GP64()
	MOVQ(U32(1), rest)
	SHLQ(CL, rest)
	DECQ(rest)
	KMOVW(rest.As32(), K1)
	SHRQ(Imm(16), rest)
	KMOVW(rest.As32(), K3)
	block("part", func(VecPhysical) {
		SUBQ(Imm(uint64(perStep)), n)
		JLE(LabelRef("end"))
	})
	Label("end")
	VZEROUPPER()
	RET()
}

// packCols512 copies n rows of panels*cols elements, panel after panel: a row of a
// panel is cols elements after the one before, and its panels are dstPanel apart.
// It reads up to 2 elements after a row, and writes as many after a panel.
func packCols512(cols int) {
	TEXT(fmt.Sprintf("packCols%dAVX512", cols), NOSPLIT, "func(dst *float32, dstPanel int, src *float32, srcStride, panels, n int)")
	Pragma("noescape")
	dst := Load(Param("dst"), GP64())
	dstPanel := Load(Param("dstPanel"), GP64())
	src := Load(Param("src"), GP64())
	srcStride := Load(Param("srcStride"), GP64())
	panels := Load(Param("panels"), GP64())
	n := Load(Param("n"), GP64())
	left, from, to, next := GP64(), GP64(), GP64(), GP64()
	Label("row")
	MOVQ(src, from)
	MOVQ(srcStride, next)
	SHLQ(Imm(3), next) // 8 rows ahead
	ADDQ(src, next)
	MOVQ(dst, to)
	MOVQ(panels, left)
	Label("panel")
	for i := 0; i < cols; i += 16 {
		VMOVUPS(Mem{Base: from, Disp: 4 * i}, zmm[i/16])
		PREFETCHT0(Mem{Base: next, Disp: 4 * i})
	}
	for i := 0; i < cols; i += 16 {
		VMOVUPS(zmm[i/16], Mem{Base: to, Disp: 4 * i})
	}
	ADDQ(Imm(uint64(4*cols)), from)
	ADDQ(Imm(uint64(4*cols)), next)
	ADDQ(dstPanel, to)
	DECQ(left)
	JNZ(LabelRef("panel"))
	ADDQ(srcStride, src)
	ADDQ(Imm(uint64(4*cols)), dst)
	DECQ(n)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// packRows512 copies n rows of up to 32 elements, those in mask.
func packRows512() {
	TEXT("packRowsAVX512", NOSPLIT, "func(dst *float32, dstStride int, src *float32, srcStride int, mask uint32, n int)")
	Pragma("noescape")
	dst := Load(Param("dst"), GP64())
	dstStride := Load(Param("dstStride"), GP64())
	src := Load(Param("src"), GP64())
	srcStride := Load(Param("srcStride"), GP64())
	mask := GP32()
	Load(Param("mask"), mask)
	n := Load(Param("n"), GP64())
	KMOVW(mask, K1)
	SHRL(Imm(16), mask)
	KMOVW(mask, K2)
	loop(n, 4, func(n int) {
		for p := range n {
			VMOVUPS_Z(Mem{Base: src}, K1, zmm[2*p])
			VMOVUPS_Z(Mem{Base: src, Disp: 64}, K2, zmm[2*p+1])
			ADDQ(srcStride, src)
		}
		for p := range n {
			VMOVUPS(zmm[2*p], K1, Mem{Base: dst})
			VMOVUPS(zmm[2*p+1], K2, Mem{Base: dst, Disp: 64})
			ADDQ(dstStride, dst)
		}
	})
	VZEROUPPER()
	RET()
}

const dotsSignature = "func(n int, x *float32, ldx int, w *float32, ldw int, out *float32)"

// dots512 computes the inner products of rows rows of x with four rows of w, all
// of n elements; out[4*i+j] is that of row i of x and row j of w.
func dots512(rows int) {
	TEXT(fmt.Sprintf("dots%dx4avx512", rows), NOSPLIT, dotsSignature)
	Pragma("noescape")
	n := Load(Param("n"), GP64())
	x := Load(Param("x"), GP64())
	ldx := Load(Param("ldx"), GP64())
	w := Load(Param("w"), GP64())
	ldw := Load(Param("ldw"), GP64())
	out := Load(Param("out"), GP64())
	ldx3, ldw3 := GP64(), GP64()
	LEAQ(Mem{Base: ldx, Index: ldx, Scale: 2}, ldx3)
	LEAQ(Mem{Base: ldw, Index: ldw, Scale: 2}, ldw3)
	for i := range 4 * rows {
		VPXORD(zmm[i], zmm[i], zmm[i])
	}
	SUBQ(Imm(16), n)
	JL(LabelRef("rest"))
	Label("loop")
	for j := range 4 {
		VMOVUPS(rowAt(w, ldw, ldw3, j), zmm[16+j])
	}
	for i := range rows {
		VMOVUPS(rowAt(x, ldx, ldx3, i), zmm[20+i])
		for j := range 4 {
			VFMADD231PS(zmm[16+j], zmm[20+i], zmm[4*i+j])
		}
	}
	ADDQ(Imm(64), x)
	ADDQ(Imm(64), w)
	SUBQ(Imm(16), n)
	JGE(LabelRef("loop"))
	Label("rest")
	ADDQ(Imm(16), n)
	JZ(LabelRef("sum"))
	MOVQ(n, RCX)
	rest := GP64()
	MOVQ(U32(1), rest)
	SHLQ(CL, rest)
	DECQ(rest)
	KMOVW(rest.As32(), K1)
	for j := range 4 {
		VMOVUPS_Z(rowAt(w, ldw, ldw3, j), K1, zmm[16+j])
	}
	for i := range rows {
		VMOVUPS_Z(rowAt(x, ldx, ldx3, i), K1, zmm[20+i])
		for j := range 4 {
			VFMADD231PS(zmm[16+j], zmm[20+i], zmm[4*i+j])
		}
	}
	Label("sum")
	for i := range rows {
		var r []VecPhysical
		for _, z := range zmm[4*i : 4*i+4] {
			y := z.AsY().(VecPhysical)
			VEXTRACTF64X4(Imm(1), z, Y16)
			VADDPS(Y16, y, y)
			r = append(r, y)
		}
		sum4(r, Mem{Base: out, Disp: 16 * i})
	}
	VZEROUPPER()
	RET()
}

// rowAt is the address of row i, up to 3, of rows that are ld bytes apart; ld3 is
// three times ld.
func rowAt(base, ld, ld3 Register, i int) Mem {
	switch i {
	case 0:
		return Mem{Base: base}
	case 3:
		return Mem{Base: base, Index: ld3, Scale: 1}
	}
	return Mem{Base: base, Index: ld, Scale: uint8(i)}
}

// sum4 stores the sums of the lanes of four registers.
func sum4(y []VecPhysical, at Mem) {
	VHADDPS(y[1], y[0], y[0])
	VHADDPS(y[3], y[2], y[2])
	VHADDPS(y[2], y[0], y[0])
	VEXTRACTF128(Imm(1), y[0], y[1].AsX())
	VADDPS(y[1].AsX(), y[0].AsX(), y[0].AsX())
	VMOVUPS(y[0].AsX(), at)
}

// peak512 runs n rounds of 24 independent multiply-adds of 16 lanes.
func peak512() {
	peak512With("peakAVX512", func(b, a, acc VecPhysical) { VFMADD231PS(b, a, acc) })
}

// peakBF16 is peak512 on pairs of bf16.
func peakBF16() { peak512With("peakBF16", vdpbf16ps) }

func peak512With(name string, multiplyAdd func(b, a, acc VecPhysical)) {
	TEXT(name, NOSPLIT, "func(n int)")
	n := Load(Param("n"), GP64())
	for i := range 32 {
		VPXORD(zmm[i], zmm[i], zmm[i])
	}
	Label("loop")
	for i := range 24 {
		multiplyAdd(Z30, Z31, zmm[i])
	}
	DECQ(n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
