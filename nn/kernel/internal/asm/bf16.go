package main

import (
	"encoding/binary"
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The instructions of AVX512_BF16, which Go's assembler does not know, as bytes:
// see volume 2 of Intel's Software Developer's Manual, "EVEX Encoding".
const (
	prefixF3 = 2
	prefixF2 = 3
)

// vdpbf16ps adds to each float32 of acc the two products of the bf16 pairs in a
// and b: EVEX.512.F3.0F38.W0 52 /r.
func vdpbf16ps(b, a, acc VecPhysical) {
	Comment(fmt.Sprintf("VDPBF16PS %s, %s, %s", name(b), name(a), name(acc)))
	evex(prefixF3, 0x52, b, a, acc)
}

// vcvtne2ps2bf16 rounds low to the lower half of to, and high to the upper:
// EVEX.512.F2.0F38.W0 72 /r.
func vcvtne2ps2bf16(low, high, to VecPhysical) {
	Comment(fmt.Sprintf("VCVTNE2PS2BF16 %s, %s, %s", name(low), name(high), name(to)))
	evex(prefixF2, 0x72, low, high, to)
}

func name(z VecPhysical) string { return fmt.Sprintf("Z%d", z.PhysicalIndex()) }

// evex writes an instruction of map 0F38 on whole ZMM registers; the operands
// stand in the order of Go's assembler.
func evex(prefix, opcode byte, rm, vvvv, reg VecPhysical) {
	m, v, r := byte(rm.PhysicalIndex()), byte(vvvv.PhysicalIndex()), byte(reg.PhysicalIndex())
	bit := func(x byte, i, at int) byte { return (^x >> i & 1) << at } // inverted
	code := []byte{
		0x62,
		bit(r, 3, 7) | bit(m, 4, 6) | bit(m, 3, 5) | bit(r, 4, 4) | 2,
		(^v&15)<<3 | 1<<2 | prefix,
		2<<5 | bit(v, 4, 3),
		opcode,
		3<<6 | r&7<<3 | m&7,
	}
	Instruction(&ir.Instruction{Opcode: "LONG", Operands: []Op{U32(binary.LittleEndian.Uint32(code))}})
	Instruction(&ir.Instruction{Opcode: "WORD", Operands: []Op{U16(binary.LittleEndian.Uint16(code[4:]))}})
}

// pairWords is the order of 16-bit words that puts those of the lower and of the
// upper half in turn.
var pairWords Mem

func pairWordTable() {
	pairWords = GLOBL("pairWords", 8|16)
	for i := range 16 {
		DATA(4*i, U32(i|(16+i)<<16))
	}
}

// packPair rounds two rows of 16 elements to 16 pairs, using order.
func packPair(first, second, order, to VecPhysical) {
	vcvtne2ps2bf16(first, second, to)
	VPERMW(to, order, to)
}

// packRowsBF16 is packRows512 for bf16: two rows become one of pairs.
func packRowsBF16() {
	TEXT("packRowsBF16", NOSPLIT, "func(dst *float32, dstStride int, src *float32, srcStride int, mask uint32, n int)")
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
	VMOVUPS(pairWords, Z31)
	pair := func(second bool) {
		VMOVUPS_Z(Mem{Base: src}, K1, Z0)
		VMOVUPS_Z(Mem{Base: src, Disp: 64}, K2, Z1)
		if second {
			VMOVUPS_Z(Mem{Base: src, Index: srcStride, Scale: 1}, K1, Z2)
			VMOVUPS_Z(Mem{Base: src, Index: srcStride, Scale: 1, Disp: 64}, K2, Z3)
		} else {
			VPXORD(Z2, Z2, Z2)
			VPXORD(Z3, Z3, Z3)
		}
		packPair(Z0, Z2, Z31, Z4)
		packPair(Z1, Z3, Z31, Z5)
		VMOVUPS(Z4, K1, Mem{Base: dst})
		VMOVUPS(Z5, K2, Mem{Base: dst, Disp: 64})
	}
	SUBQ(Imm(2), n)
	JL(LabelRef("rest"))
	Label("pair")
	pair(true)
	LEAQ(Mem{Base: src, Index: srcStride, Scale: 2}, src)
	ADDQ(dstStride, dst)
	SUBQ(Imm(2), n)
	JGE(LabelRef("pair"))
	Label("rest")
	ADDQ(Imm(2), n)
	JZ(LabelRef("end"))
	pair(false)
	Label("end")
	VZEROUPPER()
	RET()
}

// packColsBF16 is packCols512 for bf16: two rows become one of pairs.
func packColsBF16(cols int) {
	TEXT(fmt.Sprintf("packCols%dBF16", cols), NOSPLIT, "func(dst *float32, dstPanel int, src *float32, srcStride, panels, n int)")
	Pragma("noescape")
	dst := Load(Param("dst"), GP64())
	dstPanel := Load(Param("dstPanel"), GP64())
	src := Load(Param("src"), GP64())
	srcStride := Load(Param("srcStride"), GP64())
	panels := Load(Param("panels"), GP64())
	n := Load(Param("n"), GP64())
	VMOVUPS(pairWords, Z31)
	left, from, to, next := GP64(), GP64(), GP64(), GP64()
	row := func(second bool) {
		label := fmt.Sprint("panel", second)
		MOVQ(src, from)
		MOVQ(srcStride, next)
		SHLQ(Imm(3), next) // 8 rows ahead
		ADDQ(src, next)
		MOVQ(dst, to)
		MOVQ(panels, left)
		Label(label)
		for i := 0; i < cols; i += 16 {
			first, second2 := zmm[i/16], zmm[2+i/16]
			VMOVUPS(Mem{Base: from, Disp: 4 * i}, first)
			if second {
				VMOVUPS(Mem{Base: from, Index: srcStride, Scale: 1, Disp: 4 * i}, second2)
				PREFETCHT0(Mem{Base: next, Disp: 4 * i})
				PREFETCHT0(Mem{Base: next, Index: srcStride, Scale: 1, Disp: 4 * i})
			} else {
				VPXORD(second2, second2, second2)
			}
			packPair(first, second2, Z31, zmm[4+i/16])
		}
		for i := 0; i < cols; i += 16 {
			VMOVUPS(zmm[4+i/16], Mem{Base: to, Disp: 4 * i})
		}
		ADDQ(Imm(uint64(4*cols)), from)
		ADDQ(Imm(uint64(4*cols)), next)
		ADDQ(dstPanel, to)
		DECQ(left)
		JNZ(LabelRef(label))
	}
	SUBQ(Imm(2), n)
	JL(LabelRef("rest"))
	Label("pair")
	row(true)
	LEAQ(Mem{Base: src, Index: srcStride, Scale: 2}, src)
	ADDQ(Imm(uint64(4*cols)), dst)
	SUBQ(Imm(2), n)
	JGE(LabelRef("pair"))
	Label("rest")
	ADDQ(Imm(2), n)
	JZ(LabelRef("end"))
	row(false)
	Label("end")
	VZEROUPPER()
	RET()
}
