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

// ahead is how many bytes before their use weights are fetched: they come from
// memory, in order, through all rows.
const ahead = 4096

// storedDots writes to out the inner products of rows rows of blocks, which follow
// each other, with x. For NF4 x has in each 32 elements first those with even
// numbers, then those with odd ones: so are the halves of bytes.
func (v isa) storedDots(s stored) {
	TEXT("dots"+s.name+v.name, NOSPLIT, "func(out *float32, rows int, w *byte, blocks int, scales, table, x *float32)")
	Pragma("noescape")
	out, rows := Load(Param("out"), GP64()), Load(Param("rows"), GP64())
	w, blocks, x := Load(Param("w"), GP64()), Load(Param("blocks"), GP64()), Load(Param("x"), GP64())
	var scales Register
	var t table
	if s.scaled {
		scales = Load(Param("scales"), GP64())
	}
	if s.table {
		t = v.table(Load(Param("table"), GP64()))
	}
	at, n := GP64(), GP64()

	Label("row")
	acc := []VecVirtual{v.zero(), v.zero(), v.zero(), v.zero()}
	if s.scaled {
		acc = acc[:2]
	}
	MOVQ(x, at)
	MOVQ(blocks, n)
	Label("loop")
	for d := 0; d < s.bytes; d += 64 {
		PREFETCHT0(Mem{Base: w, Disp: ahead + d})
	}
	v.dotBlock(s, w, at, scales, t, acc)
	if s.scaled {
		ADDQ(Imm(4), scales)
	}
	ADDQ(U32(4*block), at)
	ADDQ(U32(s.bytes), w)
	DECQ(n)
	JNZ(LabelRef("loop"))
	for ; len(acc) > 1; acc = acc[:len(acc)/2] {
		for j := range len(acc) / 2 {
			VADDPS(acc[len(acc)/2+j], acc[j], acc[j])
		}
	}
	v.fold(acc[0], add)
	VMOVSS(acc[0].AsX(), Mem{Base: out})
	ADDQ(Imm(4), out)
	DECQ(rows)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// dotBlock adds the products of a block to acc.
func (v isa) dotBlock(s stored, w, x, scales Register, t table, acc []VecVirtual) {
	to := acc // of a scaled block the sums before scaling
	if s.scaled {
		to = []VecVirtual{v.vec(), v.vec()}
	}
	used := map[VecVirtual]bool{}
	product := func(i int, w VecVirtual, j int) {
		r := to[i%len(to)]
		m := Mem{Base: x, Disp: 4 * j}
		if s.scaled && !used[r] {
			used[r] = true
			VMULPS(m, w, r)
		} else {
			VFMADD231PS(m, w, r)
		}
	}
	if s.name != "NF4" {
		for i := range block / v.lanes {
			product(i, v.lanesOf(s, Mem{Base: w}, i*v.lanes, t), i*v.lanes)
		}
	} else {
		// As many bytes at a time as a register has lanes.
		for i := range block / 2 / v.lanes {
			even, odd := v.vec(), v.vec()
			VPMOVZXBD(Mem{Base: w, Disp: i * v.lanes}, odd)
			VPSRLD(Imm(4), odd, even)
			v.look(t, even)
			v.look(t, odd)
			group := i * v.lanes / 16 * 32 // 16 bytes, 32 elements
			j := group + i*v.lanes%16
			product(2*i, even, j)
			product(2*i+1, odd, j+16)
		}
	}
	if s.scaled {
		scale := v.broadcast(Mem{Base: scales})
		for i := range to {
			VFMADD231PS(scale, to[i], acc[i])
		}
	}
}
