package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// rows2 is the height of the AVX2 tile: six rows of two registers are 12
// accumulators, which leaves two registers for B and two for A.
const rows2 = 6

var ymm = []VecPhysical{Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y8, Y9, Y10, Y11, Y12, Y13, Y14, Y15}

// micro2 is micro512 for a tile of rows×16.
func micro2(rows int) {
	TEXT(fmt.Sprintf("micro%dx16avx2", rows), NOSPLIT, microSignature)
	Pragma("noescape")
	kc := Load(Param("kc"), GP64())
	a := Load(Param("a"), GP64())
	b := Load(Param("b"), GP64())
	ldb := Load(Param("ldb"), GP64())
	c := Load(Param("c"), GP64())
	ldc := Load(Param("ldc"), GP64())

	at := GP64()
	MOVQ(c, at)
	for i := range rows {
		PREFETCHT0(Mem{Base: at})
		PREFETCHT0(Mem{Base: at, Disp: 60})
		if i < rows-1 {
			ADDQ(ldc, at)
		}
	}
	for i := range 2 * rows {
		VXORPS(ymm[i], ymm[i], ymm[i])
	}
	loop(kc, 4, func(n int) {
		for p := range n {
			VMOVUPS(Mem{Base: b}, Y12)
			VMOVUPS(Mem{Base: b, Disp: 32}, Y13)
			ADDQ(ldb, b)
			for i := range rows {
				x := ymm[14+i%2]
				VBROADCASTSS(Mem{Base: a, Disp: 4 * (p*rows + i)}, x)
				VFMADD231PS(Y12, x, ymm[2*i])
				VFMADD231PS(Y13, x, ymm[2*i+1])
			}
		}
		ADDQ(Imm(uint64(4*n*rows)), a)
	})

	store2(rows, c, ldc)
}

// spread2 is spread512 for a tile of rows×16.
func spread2(rows int) {
	TEXT(fmt.Sprintf("spread%dx16avx2", rows), NOSPLIT, spreadSignature)
	Pragma("noescape")
	kc := Load(Param("kc"), GP64())
	a, rowA, colA := spreadRows(rows)
	b := Load(Param("b"), GP64())
	ldb := Load(Param("ldb"), GP64())
	for i := range 2 * rows {
		VXORPS(ymm[i], ymm[i], ymm[i])
	}
	loop(kc, 4, func(n int) {
		for range n {
			VMOVUPS(Mem{Base: b}, Y12)
			VMOVUPS(Mem{Base: b, Disp: 32}, Y13)
			ADDQ(ldb, b)
			for i := range rows {
				x := ymm[14+i%2]
				VBROADCASTSS(rowAt(a[i/3], rowA, nil, i%3), x)
				VFMADD231PS(Y12, x, ymm[2*i])
				VFMADD231PS(Y13, x, ymm[2*i+1])
			}
			for _, r := range a {
				ADDQ(colA, r)
			}
		}
	})
	store2(rows, Load(Param("c"), GP64()), Load(Param("ldc"), GP64()))
}

// store2 is store512 for a tile of rows×16.
func store2(rows int, c, ldc Register) {
	acc := func(i, j int) VecPhysical { return ymm[2*i+j] }
	mask := GP32()
	Load(Param("mask"), mask)
	VBROADCASTSS(param("alpha"), Y12)
	add := Load(Param("add"), GP64())
	// Masked stores are slow on some machines: whole tiles do without.
	CMPL(mask, U32(0xffff))
	JNE(LabelRef("masked"))
	TESTQ(add, add)
	JZ(LabelRef("store"))
	for i := range rows {
		for j := range 2 {
			VFMADD213PS(Mem{Base: c, Disp: 32 * j}, Y12, acc(i, j))
			VMOVUPS(acc(i, j), Mem{Base: c, Disp: 32 * j})
		}
		ADDQ(ldc, c)
	}
	VZEROUPPER()
	RET()
	Label("store")
	for i := range rows {
		for j := range 2 {
			VMULPS(Y12, acc(i, j), acc(i, j))
			VMOVUPS(acc(i, j), Mem{Base: c, Disp: 32 * j})
		}
		ADDQ(ldc, c)
	}
	VZEROUPPER()
	RET()

	Label("masked")
	masks2(mask, Y15, Y13, Y14)
	TESTQ(add, add)
	JZ(LabelRef("maskedstore"))
	for i := range rows {
		for j := range 2 {
			VMASKMOVPS(Mem{Base: c, Disp: 32 * j}, ymm[13+j], Y15)
			VFMADD213PS(Y15, Y12, acc(i, j))
			VMASKMOVPS(acc(i, j), ymm[13+j], Mem{Base: c, Disp: 32 * j})
		}
		ADDQ(ldc, c)
	}
	VZEROUPPER()
	RET()
	Label("maskedstore")
	for i := range rows {
		for j := range 2 {
			VMULPS(Y12, acc(i, j), acc(i, j))
			VMASKMOVPS(acc(i, j), ymm[13+j], Mem{Base: c, Disp: 32 * j})
		}
		ADDQ(ldc, c)
	}
	VZEROUPPER()
	RET()
}

// laneBits holds 1<<lane for 16 lanes.
var laneBits Mem

// laneBitTable lays laneBits out.
func laneBitTable() {
	laneBits = GLOBL("laneBits", 8|16)
	for i := range 16 {
		DATA(4*i, U32(1<<i))
	}
}

// masks2 makes lane masks of the low 16 bits of mask, using t.
func masks2(mask Register, t, low, high VecPhysical) {
	VMOVD(mask, t.AsX())
	VPBROADCASTD(t.AsX(), t)
	VPAND(laneBits, t, low)
	VPCMPEQD(laneBits, low, low)
	VPAND(laneBits.Offset(32), t, high)
	VPCMPEQD(laneBits.Offset(32), high, high)
}

// packTrans2 turns up to 8 rows of n elements into n columns. It writes all 8
// elements of a column, of which those after the last row are overwritten by the
// next column or the next panel.
func packTrans2() {
	TEXT("packTransAVX2", NOSPLIT, "func(dst *float32, dstStride int, src *float32, srcStride, rows, n int)")
	Pragma("noescape")
	dst := Load(Param("dst"), GP64())
	dstStride := Load(Param("dstStride"), GP64())
	src := Load(Param("src"), GP64())
	srcStride := Load(Param("srcStride"), GP64())
	rows := Load(Param("rows"), GP64())
	n := Load(Param("n"), GP64())
	for i := range 8 {
		VXORPS(ymm[i], ymm[i], ymm[i])
	}
	block := func(name string, load func(at Mem, y VecPhysical), store func()) {
		at := GP64()
		MOVQ(src, at)
		for i := range 8 {
			if i > 0 {
				CMPQ(rows, Imm(uint64(i)))
				JLE(LabelRef(name + "loaded"))
				ADDQ(srcStride, at)
			}
			load(Mem{Base: at}, ymm[i])
		}
		Label(name + "loaded")
		for g := range 2 {
			r, t := ymm[4*g:], ymm[8+4*g:]
			VUNPCKLPS(r[1], r[0], t[0])
			VUNPCKHPS(r[1], r[0], t[1])
			VUNPCKLPS(r[3], r[2], t[2])
			VUNPCKHPS(r[3], r[2], t[3])
			VUNPCKLPD(t[2], t[0], r[0])
			VUNPCKHPD(t[2], t[0], r[1])
			VUNPCKLPD(t[3], t[1], r[2])
			VUNPCKHPD(t[3], t[1], r[3])
		}
		for c := range 4 {
			VPERM2F128(Imm(0x20), ymm[4+c], ymm[c], ymm[8+c])
			VPERM2F128(Imm(0x31), ymm[4+c], ymm[c], ymm[12+c])
		}
		for _, y := range ymm[8:] {
			VMOVUPS(y, Mem{Base: dst})
			ADDQ(dstStride, dst)
			if store != nil {
				store()
			}
		}
	}
	SUBQ(Imm(8), n)
	JL(LabelRef("rest"))
	Label("blocks")
	block("full", func(at Mem, y VecPhysical) { VMOVUPS(at, y) }, nil)
	ADDQ(Imm(32), src)
	SUBQ(Imm(8), n)
	JGE(LabelRef("blocks"))
	Label("rest")
	ADDQ(Imm(8), n)
	JZ(LabelRef("end"))
	table, back := GP64(), GP64()
	LEAQ(firstLanes, table)
	MOVQ(n, back)
	NEGQ(back)
	VMOVUPS(Mem{Base: table, Index: back, Scale: 4, Disp: 4 * 8}, Y15)
	block("part", func(at Mem, y VecPhysical) { VMASKMOVPS(at, Y15, y) }, func() {
		DECQ(n)
		JZ(LabelRef("end"))
	})
	Label("end")
	VZEROUPPER()
	RET()
}

// packRows2 copies n rows of up to 16 elements, those in mask. Like packTrans2 it
// writes whole registers.
func packRows2() {
	TEXT("packRowsAVX2", NOSPLIT, "func(dst *float32, dstStride int, src *float32, srcStride int, mask uint32, n int)")
	Pragma("noescape")
	dst := Load(Param("dst"), GP64())
	dstStride := Load(Param("dstStride"), GP64())
	src := Load(Param("src"), GP64())
	srcStride := Load(Param("srcStride"), GP64())
	mask := GP32()
	Load(Param("mask"), mask)
	n := Load(Param("n"), GP64())
	CMPL(mask, U32(0xffff))
	JE(LabelRef("whole"))
	masks2(mask, Y15, Y13, Y14)
	SHRL(Imm(8), mask)
	Label("part")
	VMASKMOVPS(Mem{Base: src}, Y13, Y0)
	VMOVUPS(Y0, Mem{Base: dst})
	TESTL(mask, mask)
	JZ(LabelRef("narrow"))
	VMASKMOVPS(Mem{Base: src, Disp: 32}, Y14, Y1)
	VMOVUPS(Y1, Mem{Base: dst, Disp: 32})
	Label("narrow")
	ADDQ(srcStride, src)
	ADDQ(dstStride, dst)
	DECQ(n)
	JNZ(LabelRef("part"))
	VZEROUPPER()
	RET()
	Label("whole")
	loop(n, 4, func(n int) {
		for range n {
			VMOVUPS(Mem{Base: src}, Y0)
			VMOVUPS(Mem{Base: src, Disp: 32}, Y1)
			ADDQ(srcStride, src)
			VMOVUPS(Y0, Mem{Base: dst})
			VMOVUPS(Y1, Mem{Base: dst, Disp: 32})
			ADDQ(dstStride, dst)
		}
	})
	VZEROUPPER()
	RET()
}

// dots2 is dots512 for up to three rows of x.
func dots2(rows int) {
	TEXT(fmt.Sprintf("dots%dx4avx2", rows), NOSPLIT, dotsSignature)
	Pragma("noescape")
	n := Load(Param("n"), GP64())
	x := Load(Param("x"), GP64())
	ldx := Load(Param("ldx"), GP64())
	w := Load(Param("w"), GP64())
	ldw := Load(Param("ldw"), GP64())
	out := Load(Param("out"), GP64())
	ldw3 := GP64()
	LEAQ(Mem{Base: ldw, Index: ldw, Scale: 2}, ldw3)
	for i := range 4 * rows {
		VXORPS(ymm[i], ymm[i], ymm[i])
	}
	step := func(load func(at Mem, y VecPhysical)) {
		for i := range rows {
			load(rowAt(x, ldx, nil, i), ymm[12+i])
		}
		for j := range 4 {
			load(rowAt(w, ldw, ldw3, j), Y15)
			for i := range rows {
				VFMADD231PS(Y15, ymm[12+i], ymm[4*i+j])
			}
		}
	}
	SUBQ(Imm(8), n)
	JL(LabelRef("rest"))
	Label("loop")
	step(func(at Mem, y VecPhysical) { VMOVUPS(at, y) })
	ADDQ(Imm(32), x)
	ADDQ(Imm(32), w)
	SUBQ(Imm(8), n)
	JGE(LabelRef("loop"))
	Label("rest")
	ADDQ(Imm(8), n)
	JZ(LabelRef("sum"))
	Label("one")
	step(func(at Mem, y VecPhysical) { VMOVSS(at, y.AsX()) })
	ADDQ(Imm(4), x)
	ADDQ(Imm(4), w)
	DECQ(n)
	JNZ(LabelRef("one"))
	Label("sum")
	for i := range rows {
		sum4(ymm[4*i:4*i+4], Mem{Base: out, Disp: 16 * i})
	}
	VZEROUPPER()
	RET()
}

// peak2 runs n rounds of 12 independent multiply-adds of 8 lanes.
func peak2() {
	TEXT("peakAVX2", NOSPLIT, "func(n int)")
	n := Load(Param("n"), GP64())
	for i := range 16 {
		VXORPS(ymm[i], ymm[i], ymm[i])
	}
	Label("loop")
	for i := range 12 {
		VFMADD231PS(Y14, Y15, ymm[i])
	}
	DECQ(n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
