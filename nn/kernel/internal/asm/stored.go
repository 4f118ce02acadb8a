package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// stored is a form of stored weights, decoded in blocks of 64 elements.
type stored struct {
	name   string
	bytes  int  // of a block
	scaled bool // each block is multiplied by a scale
	table  bool // the elements are indexes of a table of 16 float32s
}

var storedForms = []stored{
	{name: "BF16", bytes: 128},
	{name: "Int8", bytes: 64, scaled: true},
	{name: "NF4", bytes: 32, scaled: true, table: true},
}

// block is how many elements have a scale in common.
const block = 64

// storedLoops writes for each form the loop that decodes whole blocks, and the one
// that multiplies rows of them with a vector; matrix_portable.go says what each
// computes.
func (v isa) storedLoops() {
	for _, s := range storedForms {
		v.decode(s)
		v.storedDots(s)
	}
}

// table is the 16 float32s of a table in registers: one for AVX-512, two for AVX2.
type table []VecVirtual

func (v isa) table(at Register) table {
	var t table
	for i := 0; i < 16; i += v.lanes {
		r := v.vec()
		VMOVUPS(Mem{Base: at, Disp: 4 * i}, r)
		t = append(t, r)
	}
	return t
}

// look replaces the low 4 bits of each lane of x by their entry.
func (v isa) look(t table, x VecVirtual) {
	if v.lanes == 16 {
		VPERMPS(t[0], x, x)
		return
	}
	high := v.vec()
	VPERMPS(t[1], x, high)
	sign := v.vec()
	VPSLLD(Imm(28), x, sign) // bit 3 as the sign
	VPERMPS(t[0], x, x)
	VBLENDVPS(sign, high, x, x)
}

// lanesOf returns lanes elements of a block from number j, in order and without
// their scale.
func (v isa) lanesOf(s stored, at Mem, j int, t table) VecVirtual {
	x := v.vec()
	switch s.name {
	case "BF16":
		VPMOVZXWD(at.Offset(2*j), x)
		VPSLLD(Imm(16), x, x)
	case "Int8":
		VPMOVSXBD(at.Offset(j), x)
		VCVTDQ2PS(x, x)
	case "NF4":
		// A byte holds two elements, the first in its high half: make it the two
		// halves of a lane of 8 bytes.
		low := v.vec()
		VPMOVZXBQ(at.Offset(j/2), x)
		VPSLLQ(Imm(32), x, low)
		VPSRLQ(Imm(4), x, x)
		if v.lanes == 16 {
			VPORQ(low, x, x)
		} else {
			VPOR(low, x, x)
		}
		v.look(t, x)
	}
	return x
}

// decode writes blocks of float32s to dst.
func (v isa) decode(s stored) {
	TEXT("decode"+s.name+v.name, NOSPLIT, "func(dst *float32, src *byte, blocks int, scales, table *float32)")
	Pragma("noescape")
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	n := Load(Param("blocks"), GP64())
	var scales Register
	var t table
	if s.scaled {
		scales = Load(Param("scales"), GP64())
	}
	if s.table {
		t = v.table(Load(Param("table"), GP64()))
	}
	TESTQ(n, n)
	JZ(LabelRef("end"))
	Label("loop")
	var scale VecVirtual
	if s.scaled {
		scale = v.broadcast(Mem{Base: scales})
		ADDQ(Imm(4), scales)
	}
	for j := 0; j < block; j += v.lanes {
		x := v.lanesOf(s, Mem{Base: src}, j, t)
		if s.scaled {
			VMULPS(scale, x, x)
		}
		VMOVUPS(x, Mem{Base: dst, Disp: 4 * j})
	}
	ADDQ(U32(4*block), dst)
	ADDQ(U32(s.bytes), src)
	DECQ(n)
	JNZ(LabelRef("loop"))
	Label("end")
	VZEROUPPER()
	RET()
}

// ahead is how many bytes before their use weights of less than 16 bits are
// fetched.
const ahead = 1024

// storedDots writes to out the inner products of x with 4 rows of blocks, ldw bytes
// apart, whose scales are lds bytes apart. x is in the order in which dotBlock gets
// the elements: see type storedLoops of package kernel.
func (v isa) storedDots(s stored) {
	TEXT("dots"+s.name+v.name, NOSPLIT, "func(out *float32, w *byte, ldw, blocks int, scales *float32, lds int, table, x *float32)")
	Pragma("noescape")
	out, x := Load(Param("out"), GP64()), Load(Param("x"), GP64())
	n := Load(Param("blocks"), GP64())
	rows := v.fourRows("w", "ldw")
	var scales []Mem
	var t table
	if s.scaled {
		scales = v.fourRows("scales", "lds")
	}
	if s.table {
		t = v.table(Load(Param("table"), GP64()))
	}
	upper := K() // lanes 8 to 15
	if s.name == "NF4" && v.lanes == 16 {
		bits := GP32()
		MOVL(U32(0xff00), bits)
		KMOVW(bits, upper)
	}
	acc := []VecVirtual{v.zero(), v.zero(), v.zero(), v.zero()}
	one := func(blocks int) {
		if s.scaled { // others are fetched well enough without
			for _, w := range rows {
				PREFETCHT0(w.Offset(ahead))
			}
		}
		for r, w := range rows {
			switch {
			case s.name == "NF4" && v.lanes == 16:
				if r == 0 {
					dotRowsNF4(blocks, rows, x, scales, t[0], upper, acc)
				}
			case s.name == "BF16":
				v.dotBF16(w, x, acc[r])
			case s.name == "Int8":
				v.dotInt8(w, x, scales[r], acc[r])
			default:
				v.dotNF4(blocks, w, x, scales[r], t, upper, acc[r])
			}
		}
		if s.scaled {
			ADDQ(Imm(uint64(4*blocks)), scales[0].Base)
		}
		ADDQ(U32(4*block*blocks), x)
		ADDQ(U32(s.bytes*blocks), rows[0].Base)
	}
	if s.name == "NF4" {
		SUBQ(Imm(2), n)
		JL(LabelRef("last"))
		Label("loop")
		one(2)
		SUBQ(Imm(2), n)
		JGE(LabelRef("loop"))
		Label("last")
		ADDQ(Imm(2), n)
		JZ(LabelRef("sum"))
		one(1)
	} else {
		Label("loop")
		one(1)
		DECQ(n)
		JNZ(LabelRef("loop"))
	}
	Label("sum")
	for r := range acc {
		v.fold(acc[r], add)
		VMOVSS(acc[r].AsX(), Mem{Base: out, Disp: 4 * r})
	}
	VZEROUPPER()
	RET()
}

// fourRows returns the addresses of 4 rows that are the parameter ld bytes apart.
func (v isa) fourRows(name, ld string) []Mem {
	base, step := Load(Param(name), GP64()), Load(Param(ld), GP64())
	step3 := GP64()
	LEAQ(Mem{Base: step, Index: step, Scale: 2}, step3)
	rows := make([]Mem, 4)
	for i := range rows {
		rows[i] = rowAt(base, step, step3, i)
	}
	return rows
}

// chain returns a function that adds w times lanes of x from number j on to the
// register that it returns.
func (v isa) chain(x Register) (product func(w VecVirtual, j int) VecVirtual) {
	var sum VecVirtual
	return func(w VecVirtual, j int) VecVirtual {
		m := Mem{Base: x, Disp: 4 * j}
		if sum == nil {
			sum = v.vec()
			VMULPS(m, w, sum)
		} else {
			VFMADD231PS(m, w, sum)
		}
		return sum
	}
}

// dotBF16 takes pairs of elements as lanes of 4 bytes: shifted up, the first is a
// float32, and without its lower half, the second.
func (v isa) dotBF16(w Mem, x Register, acc VecVirtual) {
	product := v.chain(x)
	var sum VecVirtual
	for i := 0; i < block/2; i += v.lanes { // pairs
		first, second := v.vec(), v.vec()
		VMOVUPS(w.Offset(4*i), second)
		VPSLLD(Imm(16), second, first)
		VPSRLD(Imm(16), second, second)
		VPSLLD(Imm(16), second, second)
		j := i/16*32 + i%16
		product(first, j)
		sum = product(second, j+16)
	}
	VADDPS(sum, acc, acc)
}

func (v isa) dotInt8(w Mem, x Register, scale Mem, acc VecVirtual) {
	product := v.chain(x)
	var sum VecVirtual
	for j := 0; j < block; j += v.lanes {
		e := v.vec()
		VPMOVSXBD(w.Offset(j), e)
		VCVTDQ2PS(e, e)
		sum = product(e, j)
	}
	v.addScaled(sum, scale, acc)
}

// addScaled adds sum times the float32 at scale to acc.
func (v isa) addScaled(sum VecVirtual, scale Mem, acc VecVirtual) {
	if v.lanes == 16 {
		VFMADD231PS_BCST(scale, sum, acc)
	} else {
		VFMADD231PS(v.broadcast(scale), sum, acc)
	}
}

// dotRowsNF4 is dotNF4 with AVX-512 for all rows, which read x once.
func dotRowsNF4(blocks int, rows []Mem, x Register, scales []Mem, t VecVirtual, upper Register, acc []VecVirtual) {
	raw, sums := make([]VecVirtual, len(rows)), make([]VecVirtual, len(rows))
	for r, w := range rows {
		raw[r], sums[r] = ZMM(), ZMM()
		if blocks == 1 {
			VMOVDQU32(w, raw[r].AsY()) // the upper lanes become 0, as they are in x
		} else {
			VMOVUPS(w, raw[r])
		}
	}
	for k := range 8 {
		of := ZMM()
		VMOVUPS(Mem{Base: x, Disp: 4 * 16 * k}, of)
		for r := range rows {
			e := ZMM()
			if k == 0 { // the table takes the low 4 bits
				VPERMPS(t, raw[r], e)
				VMULPS(of, e, sums[r])
				continue
			}
			VPSRLD(Imm(uint64(4*k)), raw[r], e)
			VPERMPS(t, e, e)
			VFMADD231PS(of, e, sums[r])
		}
	}
	for r, scale := range scales {
		if blocks == 1 {
			VFMADD231PS_BCST(scale, sums[r], acc[r])
			continue
		}
		s := ZMM()
		VBROADCASTSS(scale, s)
		VBROADCASTSS(scale.Offset(4), upper, s)
		VFMADD231PS(s, sums[r], acc[r])
	}
}

// dotNF4 takes eight elements as a lane of 4 bytes, and looks up one of each lane at
// a time: two blocks are 16 lanes, of which the upper 8 have another scale, and one
// is 8.
func (v isa) dotNF4(blocks int, w Mem, x Register, scale Mem, t table, upper Register, acc VecVirtual) {
	const eights = block / 8
	for i := 0; i < eights*blocks; i += v.lanes {
		product := v.chain(x)
		var sum VecVirtual
		raw := v.vec()
		if v.lanes == 16 && blocks == 1 {
			VMOVDQU(w, raw.AsY()) // the upper lanes become 0, as they are in x
		} else {
			VMOVUPS(w.Offset(4*i), raw)
		}
		for k := range 8 {
			e := v.vec()
			VPSRLD(Imm(uint64(4*k)), raw, e)
			v.look(t, e)
			sum = product(e, 16*k+i)
		}
		if v.lanes == 16 && blocks == 2 {
			s := v.broadcast(scale)
			VBROADCASTSS(scale.Offset(4), upper, s)
			VFMADD231PS(s, sum, acc)
		} else {
			v.addScaled(sum, scale.Offset(4*i/eights), acc)
		}
	}
}
