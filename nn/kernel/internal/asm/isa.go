package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// isa is an instruction set for the loops over vectors, which are written once
// for both.
type isa struct {
	name  string
	lanes int // of a register, of 4 bytes
}

var (
	avx2   = isa{"AVX2", 8}
	avx512 = isa{"AVX512", 16}
)

// vec returns a register that is not in use.
func (v isa) vec() VecVirtual {
	if v.lanes == 16 {
		return ZMM()
	}
	return YMM()
}

func (v isa) zero() VecVirtual {
	r := v.vec()
	if v.lanes == 16 {
		VPXORD(r, r, r)
	} else {
		VXORPS(r, r, r)
	}
	return r
}

// broadcast fills a register with the value at m.
func (v isa) broadcast(m Op) VecVirtual {
	r := v.vec()
	VBROADCASTSS(m, r)
	return r
}

// param fills a register with the float32 parameter.
func (v isa) param(name string) VecVirtual {
	c, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return v.broadcast(c.Addr)
}

// mask selects the first n lanes, 0 < n < lanes, or all if reg is nil.
type mask struct{ reg Register }

// firstLanes is the table from which AVX2 masks are read.
var firstLanes Mem

func (v isa) mask(n Register) mask {
	if v.lanes == 8 {
		r, at := YMM(), GP64()
		LEAQ(firstLanes, at)
		NEGQ(n)
		VMOVDQU(Mem{Base: at, Index: n, Scale: 4, Disp: 4 * 8}, r)
		return mask{r}
	}
	bits, k := GP64(), K()
	MOVQ(n, RCX)
	MOVQ(U32(1), bits)
	SHLQ(CL, bits)
	DECQ(bits)
	KMOVW(bits.As32(), k)
	return mask{k}
}

// load reads the lanes in m; the others become 0.
func (v isa) load(at Mem, m mask) VecVirtual {
	r := v.vec()
	switch {
	case m.reg == nil:
		VMOVUPS(at, r)
	case v.lanes == 8:
		VMASKMOVPS(at, m.reg, r)
	default:
		VMOVUPS_Z(at, m.reg, r)
	}
	return r
}

func (v isa) store(r Register, m mask, at Mem) {
	switch {
	case m.reg == nil:
		VMOVUPS(r, at)
	case v.lanes == 8:
		VMASKMOVPS(r, m.reg, at)
	default:
		VMOVUPS(r, m.reg, at)
	}
}

// keep zeroes the lanes of r that are not in m.
func (v isa) keep(r Register, m mask) {
	switch {
	case m.reg == nil:
	case v.lanes == 8:
		VANDPS(m.reg, r, r)
	default:
		VMOVAPS_Z(r, m.reg, r)
	}
}

// fold splits the lanes of r in two and combines them by f, until one is left.
func (v isa) fold(r VecVirtual, f func(from, to Register)) {
	y := r.AsY()
	if v.lanes == 16 {
		high := YMM()
		VEXTRACTF64X4(Imm(1), r, high)
		f(high, y)
	}
	x, high := r.AsX(), XMM()
	VEXTRACTF128(Imm(1), y, high)
	f(high, x)
	VPERMILPS(Imm(0b1110), x, high)
	f(high, x)
	VPERMILPS(Imm(0b01), x, high)
	f(high, x)
}

func add(from, to Register) { VADDPS(from, to, to) }

// Constants are vectors in memory, as wide as the widest register.
var constants = map[string]Mem{}

func constant(name string) Mem { return constants[name] }

// laneMasks lays firstLanes out.
func laneMasks() {
	firstLanes = GLOBL("firstLanes", 8|16)
	for i := range 16 {
		var x uint32
		if i < 8 {
			x = math.MaxUint32
		}
		DATA(4*i, U32(x))
	}
}

// data lays the constants out.
func data() {
	for _, c := range []struct {
		name  string
		value float32
	}{
		{"one", 1},
		{"expHigh", 89},  // exp is +Inf above
		{"expLow", -110}, // exp is 0 below
		{"log2e", math.Log2E},
		{"ln2High", 0.693359375},
		{"ln2Low", -2.12194440e-4},
		{"exp5", 1.9875691500e-4},
		{"exp4", 1.3981999507e-3},
		{"exp3", 8.3334519073e-3},
		{"exp2", 4.1665795894e-2},
		{"exp1", 1.6666665459e-1},
		{"exp0", 5.0000001201e-1},
		{"negInf", float32(math.Inf(-1))},
		{"sign", float32(math.Copysign(0, -1))},
		{"magnitude", math.Float32frombits(math.MaxInt32)},
		{"minusHalf", -0.5},
		{"geluMax", 9}, // beyond it GELU's slope is 0 or 1
		{"gelu1", gelu1},
		{"gelu3", gelu1 * 0.044715},
		{"gelu3x", gelu1 * 0.044715 * 3},
		{"erfP", 0.2316419},
		{"erf1", 0.319381530 * invSqrt2Pi},
		{"erf2", -0.356563782 * invSqrt2Pi},
		{"erf3", 1.781477937 * invSqrt2Pi},
		{"erf4", -1.821255978 * invSqrt2Pi},
		{"erf5", 1.330274429 * invSqrt2Pi},
		{"invSqrt2Pi", invSqrt2Pi},
	} {
		constants[c.name] = GLOBL("c"+c.name, 8|16)
		for i := range 16 {
			DATA(4*i, U32(math.Float32bits(c.value)))
		}
	}
	for _, c := range []struct {
		name  string
		value uint32
	}{
		{"bias", 127},
		{"lanesAVX2", 8},
		{"lanesAVX512", 16},
		{"murmur1", 0x85ebca6b},
		{"murmur2", 0xc2b2ae35},
	} {
		constants[c.name] = GLOBL("c"+c.name, 8|16)
		for i := range 16 {
			DATA(4*i, U32(c.value))
		}
	}
	laneNumbers = GLOBL("laneNumbers", 8|16)
	for i := range 16 {
		DATA(4*i, U32(i))
	}
}

// laneNumbers holds the number of each lane.
var laneNumbers Mem

// GELU's constants: see gelu.go of package kernel.
const (
	gelu1      = 1.5957691216057308
	invSqrt2Pi = 0.3989422804014327
)

// exp replaces x by e to the x: 2^n * exp(r), where n is the nearest integer to
// x*log2(e). low and high are registers with the constants of these names.
func (v isa) exp(x, low, high Register) {
	n, p, r2 := v.vec(), v.vec(), v.vec()
	VMINPS(x, high, x) // if x is NaN the result is x
	VMAXPS(x, low, x)
	VMULPS(constant("log2e"), x, n)
	if v.lanes == 16 {
		VRNDSCALEPS(Imm(0), n, n)
	} else {
		VROUNDPS(Imm(0), n, n)
	}
	VFNMADD231PS(constant("ln2High"), n, x)
	VFNMADD231PS(constant("ln2Low"), n, x)
	VMOVUPS(constant("exp5"), p)
	for _, c := range []string{"exp4", "exp3", "exp2", "exp1", "exp0"} {
		VFMADD213PS(constant(c), x, p)
	}
	VMULPS(x, x, r2)
	VFMADD213PS(x, r2, p)
	VADDPS(constant("one"), p, p)
	if v.lanes == 16 {
		VSCALEFPS(n, p, x)
		return
	}
	// In two steps, as 2^128 is no float32.
	half := YMM()
	VCVTPS2DQ(n, n)
	VPSRAD(Imm(1), n, half)
	VPSUBD(half, n, n)
	for _, e := range []Register{half, n} {
		VPADDD(constant("bias"), e, e)
		VPSLLD(Imm(23), e, e)
		VMULPS(e, p, p)
	}
	VMOVAPS(p, x)
}

// each is a loop over slices of one length: body gets a register for each of the
// slices in, and returns what to store in each of the slices out.
func (v isa) each(name, signature string, in, out []string, prepare func(), body func(x []VecVirtual) []VecVirtual) {
	TEXT(name+v.name, NOSPLIT, signature)
	Pragma("noescape")
	base := map[string]Register{}
	for _, s := range append(append([]string{}, in...), out...) {
		if base[s] == nil {
			base[s] = Load(Param(s).Base(), GP64())
		}
	}
	n := Load(Param(in[0]).Len(), GP64())
	if prepare != nil {
		prepare()
	}
	i := GP64()
	XORQ(i, i)
	one := func(m mask) {
		x := make([]VecVirtual, len(in))
		for j, s := range in {
			x[j] = v.load(Mem{Base: base[s], Index: i, Scale: 4}, m)
		}
		for j, y := range body(x) {
			v.store(y, m, Mem{Base: base[out[j]], Index: i, Scale: 4})
		}
	}
	SUBQ(Imm(uint64(v.lanes)), n)
	JL(LabelRef("rest"))
	Label("loop")
	one(mask{})
	ADDQ(Imm(uint64(v.lanes)), i)
	SUBQ(Imm(uint64(v.lanes)), n)
	JGE(LabelRef("loop"))
	Label("rest")
	ADDQ(Imm(uint64(v.lanes)), n)
	JZ(LabelRef("end"))
	one(v.mask(n))
	Label("end")
	VZEROUPPER()
	RET()
}

// reduce is a loop that combines slices of one length into a float32. step gets
// a register for each slice and combines it with one of the accumulators, which
// start as init says; fold combines accumulators and then lanes. store, if not
// nil, is the slice to which the first register goes back.
func (v isa) reduce(name, signature string, slices []string, init func() VecVirtual, step func(x []VecVirtual, acc VecVirtual, m mask), fold func(from, to Register), store string) {
	const unroll = 4
	TEXT(name+v.name, NOSPLIT, signature)
	Pragma("noescape")
	base := map[string]Register{}
	for _, s := range slices {
		base[s] = Load(Param(s).Base(), GP64())
	}
	n := Load(Param(slices[0]).Len(), GP64())
	var acc [unroll]VecVirtual
	for j := range acc {
		acc[j] = init()
	}
	i := GP64()
	XORQ(i, i)
	one := func(j int, m mask) {
		x := make([]VecVirtual, len(slices))
		at := func(s string) Mem { return Mem{Base: base[s], Index: i, Scale: 4, Disp: 4 * v.lanes * j} }
		for k, s := range slices {
			x[k] = v.load(at(s), m)
		}
		step(x, acc[j], m)
		if store != "" {
			v.store(x[0], m, at(store))
		}
	}
	lanes := uint64(v.lanes)
	SUBQ(Imm(unroll*lanes), n)
	JL(LabelRef("rest"))
	Label("loop")
	for j := range unroll {
		one(j, mask{})
	}
	ADDQ(Imm(unroll*lanes), i)
	SUBQ(Imm(unroll*lanes), n)
	JGE(LabelRef("loop"))
	Label("rest")
	ADDQ(Imm(unroll*lanes), n)
	SUBQ(Imm(lanes), n)
	JL(LabelRef("last"))
	Label("single")
	one(0, mask{})
	ADDQ(Imm(lanes), i)
	SUBQ(Imm(lanes), n)
	JGE(LabelRef("single"))
	Label("last")
	ADDQ(Imm(lanes), n)
	JZ(LabelRef("end"))
	one(0, v.mask(n))
	Label("end")
	fold(acc[1], acc[0])
	fold(acc[3], acc[2])
	fold(acc[2], acc[0])
	v.fold(acc[0], fold)
	Store(acc[0].AsX(), ReturnIndex(0))
	VZEROUPPER()
	RET()
}
