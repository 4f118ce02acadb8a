package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// normLoops writes the loops of LayerNorm; layernorm.go says what each computes.
func (v isa) normLoops() {
	v.reduce("sum", "func(x []float32) float32", []string{"x"}, v.zero, func(x []VecVirtual, acc VecVirtual, _ mask) {
		VADDPS(x[0], acc, acc)
	}, add, "")

	// mean is read before the first accumulator is made.
	var mean VecVirtual
	first := func() func() VecVirtual {
		mean = nil
		return func() VecVirtual {
			if mean == nil {
				mean = v.param("mean")
			}
			return v.zero()
		}
	}
	v.reduce("squaresAround", "func(x []float32, mean float32) float32", []string{"x"}, first(), func(x []VecVirtual, acc VecVirtual, m mask) {
		VSUBPS(mean, x[0], x[0])
		v.keep(x[0], m)
		VFMADD231PS(x[0], x[0], acc)
	}, add, "")
	v.reduce("dot3Around", "func(x, w, dy []float32, mean float32) float32", []string{"x", "w", "dy"}, first(), func(x []VecVirtual, acc VecVirtual, m mask) {
		VSUBPS(mean, x[0], x[0])
		v.keep(x[0], m)
		VMULPS(x[1], x[0], x[0])
		VFMADD231PS(x[0], x[2], acc)
	}, add, "")

	var inv, shift, c VecVirtual
	v.each("layerNorm", "func(y, x, w, b []float32, mean, inv float32)", []string{"x", "w", "b"}, []string{"y"}, func() {
		mean, inv = v.param("mean"), v.param("inv")
	}, func(x []VecVirtual) []VecVirtual {
		VSUBPS(mean, x[0], x[0])
		VMULPS(inv, x[0], x[0])
		VFMADD213PS(x[2], x[1], x[0])
		return x[:1]
	})
	prepare := func() {
		mean, inv, shift, c = v.param("mean"), v.param("inv"), v.param("shift"), v.param("c")
	}
	// slope leaves x-mean in x and inv*dy in dy, and returns dx.
	slope := func(x, w, dy VecVirtual) VecVirtual {
		dx := v.vec()
		VSUBPS(mean, x, x)
		VMULPS(inv, dy, dy)
		VMOVAPS(shift, dx)
		VFMADD231PS(x, c, dx)
		VFMSUB231PS(w, dy, dx)
		return dx
	}
	v.each("layerGradX", "func(dx, x, w, dy []float32, mean, inv, shift, c float32)", []string{"x", "w", "dy"}, []string{"dx"}, prepare, func(x []VecVirtual) []VecVirtual {
		return []VecVirtual{slope(x[0], x[1], x[2])}
	})
	v.each("layerGrad", "func(dx, dw, db, x, w, dy []float32, mean, inv, shift, c float32)", []string{"x", "w", "dy", "dw", "db"}, []string{"dx", "dw", "db"}, prepare, func(r []VecVirtual) []VecVirtual {
		x, w, dy, dw, db := r[0], r[1], r[2], r[3], r[4]
		VADDPS(dy, db, db)
		dx := slope(x, w, dy)
		VFMADD231PS(x, dy, dw)
		return []VecVirtual{dx, dw, db}
	})
}

// geluLoops writes the loops of gelu.go, which says what they compute.
func (v isa) geluLoops() {
	var low, high, one VecVirtual
	prepare := func() {
		low, high = v.broadcast(constant("expLow")), v.broadcast(constant("expHigh"))
		one = v.broadcast(constant("one"))
	}
	// expTanh returns exp(-x*(gelu1+gelu3*x²)) and x².
	expTanh := func(x VecVirtual) (e, square VecVirtual) {
		e, square = v.vec(), v.vec()
		VMULPS(x, x, square)
		VMOVUPS(constant("gelu3"), e)
		VFMADD213PS(constant("gelu1"), square, e)
		VMULPS(x, e, e)
		VXORPS(constant("sign"), e, e)
		v.exp(e, low, high)
		return e, square
	}
	v.each("geluTanh", "func(y, x []float32)", []string{"x"}, []string{"y"}, prepare, func(x []VecVirtual) []VecVirtual {
		e, _ := expTanh(x[0])
		VADDPS(one, e, e)
		VDIVPS(e, x[0], x[0])
		return x
	})
	v.each("geluTanhGrad", "func(dx, x, dy []float32)", []string{"x", "dy"}, []string{"dx"}, prepare, func(r []VecVirtual) []VecVirtual {
		x, dy := r[0], r[1]
		limit, s, t := v.vec(), v.vec(), v.vec()
		VMOVUPS(constant("geluMax"), limit)
		VMINPS(x, limit, x) // if x is NaN the result is x
		VXORPS(constant("sign"), limit, limit)
		VMAXPS(x, limit, x)
		e, square := expTanh(x)
		VADDPS(one, e, s)
		VDIVPS(s, one, s)
		VMOVUPS(constant("gelu3x"), t)
		VFMADD213PS(constant("gelu1"), square, t)
		VMULPS(x, t, t)
		VMULPS(s, e, e)
		VMULPS(e, t, t)
		VFMADD213PS(s, s, t)
		VMULPS(t, dy, dy)
		return r[1:]
	})

	// tail returns a = min(|x|, geluMax), 1-Phi(a) and exp(-a²/2).
	tail := func(x VecVirtual) (a, tail, e VecVirtual) {
		a, e = v.vec(), v.vec()
		t, p := v.vec(), v.vec()
		VMOVUPS(constant("geluMax"), t)
		VANDPS(constant("magnitude"), x, a)
		VMINPS(a, t, a)
		VMULPS(constant("minusHalf"), a, e)
		VMULPS(a, e, e)
		v.exp(e, low, high)
		VMOVUPS(constant("erfP"), t)
		VFMADD213PS(one, a, t)
		VDIVPS(t, one, t)
		VMOVUPS(constant("erf5"), p)
		for _, c := range []string{"erf4", "erf3", "erf2", "erf1"} {
			VFMADD213PS(constant(c), t, p)
		}
		VMULPS(t, p, p)
		VMULPS(e, p, p)
		return a, p, e
	}
	v.each("geluErf", "func(y, x []float32)", []string{"x"}, []string{"y"}, prepare, func(x []VecVirtual) []VecVirtual {
		a, p, _ := tail(x[0])
		zero := v.zero()
		VMAXPS(x[0], zero, x[0])
		VFNMADD231PS(a, p, x[0])
		return x
	})
	v.each("geluErfGrad", "func(dx, x, dy []float32)", []string{"x", "dy"}, []string{"dx"}, prepare, func(r []VecVirtual) []VecVirtual {
		x, dy := r[0], r[1]
		a, p, e := tail(x)
		// p becomes 1 minus the slope at |x|, which is the slope at -|x|.
		VMULPS(constant("invSqrt2Pi"), a, a)
		VFNMADD231PS(e, a, p)
		VSUBPS(p, one, a)
		v.ifNegative(x, p, a)
		VMULPS(a, dy, dy)
		return r[1:]
	})
}

// ifNegative replaces to by from in the lanes where x has a sign.
func (v isa) ifNegative(x, from, to Register) {
	if v.lanes == 8 {
		VBLENDVPS(x, from, to, to)
		return
	}
	k := K()
	VPMOVD2M(x, k)
	VMOVAPS(from, k, to)
}

// lossLoops writes the loops of loss.go and of sums of slices.
func (v isa) lossLoops() {
	v.each("addTo", "func(out, x, y []float32)", []string{"x", "y"}, []string{"out"}, nil, func(x []VecVirtual) []VecVirtual {
		VADDPS(x[1], x[0], x[0])
		return x[:1]
	})
	var a, b VecVirtual
	v.each("scaleAdd", "func(x []float32, a, b float32)", []string{"x"}, []string{"x"}, func() {
		a, b = v.param("a"), v.param("b")
	}, func(x []VecVirtual) []VecVirtual {
		VFMADD213PS(b, a, x[0])
		return x
	})
	var zero VecVirtual
	v.reduce("dotDiff", "func(p, x, y []float32) float32", []string{"p", "x", "y"}, func() VecVirtual {
		zero = v.zero()
		return v.zero()
	}, func(r []VecVirtual, acc VecVirtual, _ mask) {
		p, x, y := r[0], r[1], r[2]
		const notEqual = 4 // or unordered
		VSUBPS(y, x, x)
		if v.lanes == 8 {
			k := v.vec()
			VCMPPS(Imm(notEqual), zero, p, k)
			VANDPS(k, x, x)
			VFMADD231PS(p, x, acc)
			return
		}
		k := K()
		VCMPPS(Imm(notEqual), zero, p, k)
		VFMADD231PS(p, x, k, acc)
	}, add, "")

	// read keeps four streams of a quarter of x each in flight.
	TEXT("read"+v.name, NOSPLIT, "func(x []float32)")
	Pragma("noescape")
	at := []Register{Load(Param("x").Base(), GP64()), GP64(), GP64(), GP64()}
	n := Load(Param("x").Len(), GP64()) // as many bytes are a quarter
	for j := 1; j < len(at); j++ {
		LEAQ(Mem{Base: at[j-1], Index: n, Scale: 1}, at[j])
	}
	acc := []VecVirtual{v.zero(), v.zero(), v.zero(), v.zero()}
	i := GP64()
	XORQ(i, i)
	TESTQ(n, n)
	JZ(LabelRef("end"))
	Label("loop")
	for disp := 0; disp < 256; disp += 4 * v.lanes {
		for j := range at {
			VADDPS(Mem{Base: at[j], Index: i, Scale: 1, Disp: disp}, acc[j], acc[j])
		}
	}
	ADDQ(U32(256), i)
	CMPQ(i, n)
	JL(LabelRef("loop"))
	Label("end")
	VZEROUPPER()
	RET()
}

// drawLoops writes the loops of dropout.go. They read their constants from d, in
// the order of the fields of type draw.
func (v isa) drawLoops() {
	var d Register
	var counter, key0, key1 VecVirtual
	prepare := func() {
		d = Load(Param("d"), GP64())
		key0, key1, counter = v.field(d, 0), v.field(d, 1), v.field(d, 2)
		VPADDD(laneNumbers, counter, counter)
	}
	// next returns the draws of the counters, and counts on.
	next := func() VecVirtual {
		x := v.vec()
		v.xor(key0, counter, x)
		v.mix(x)
		v.xor(key1, x, x)
		v.mix(x)
		VPSRLD(Imm(8), x, x)
		VPADDD(constant("lanes"+v.name), counter, counter)
		return x
	}
	var limit, scale, shift VecVirtual
	v.each("dropout", "func(y, x []float32, d *uint32)", []string{"x"}, []string{"y"}, func() {
		prepare()
		limit, scale = v.field(d, 3), v.field(d, 4)
	}, func(x []VecVirtual) []VecVirtual {
		n := next()
		VMULPS(scale, x[0], x[0])
		if v.lanes == 8 {
			VPCMPGTD(n, limit, n) // limit > n: dropped
			VPANDN(x[0], n, x[0])
			return x
		}
		k := K()
		VPCMPGTD(n, limit, k)
		KNOTW(k, k)
		VMOVAPS_Z(x[0], k, x[0])
		return x
	})
	v.each("noise", "func(y, x []float32, d *uint32)", []string{"x"}, []string{"y"}, func() {
		prepare()
		scale, shift = v.field(d, 4), v.field(d, 5)
	}, func(x []VecVirtual) []VecVirtual {
		n := next()
		VCVTDQ2PS(n, n)
		VFMADD213PS(shift, scale, n)
		VADDPS(n, x[0], x[0])
		return x
	})
}

// field fills a register with the field of 4 bytes at number i.
func (v isa) field(d Register, i int) VecVirtual { return v.broadcast(Mem{Base: d, Disp: 4 * i}) }

func (v isa) xor(a Op, b, to Register) {
	if v.lanes == 16 {
		VPXORD(a, b, to)
	} else {
		VPXOR(a, b, to)
	}
}

// mix is mix32 of dropout.go.
func (v isa) mix(x VecVirtual) {
	t := v.vec()
	fold := func(shift uint64) {
		VPSRLD(Imm(shift), x, t)
		v.xor(t, x, x)
	}
	fold(16)
	VPMULLD(constant("murmur1"), x, x)
	fold(13)
	VPMULLD(constant("murmur2"), x, x)
	fold(16)
}
