package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// vectors writes the loops over vectors; the portable ones in portable.go say
// what each computes.
func (v isa) vectors() {
	v.reductions()
	v.maps()
	v.exponentials()
	v.sumSquares()
	v.adamw()
	v.normLoops()
	v.geluLoops()
	v.lossLoops()
	v.drawLoops()
}

func (v isa) reductions() {
	v.reduce("dot", "func(a, b []float32) float32", []string{"a", "b"}, v.zero, func(x []VecVirtual, acc VecVirtual, _ mask) {
		VFMADD231PS(x[0], x[1], acc)
	}, add, "")
	v.reduce("dot3", "func(a, b, c []float32) float32", []string{"a", "b", "c"}, v.zero, func(x []VecVirtual, acc VecVirtual, _ mask) {
		VMULPS(x[0], x[1], x[0])
		VFMADD231PS(x[0], x[2], acc)
	}, add, "")

	var zero VecVirtual
	v.reduce("zeros", "func(x []float32) float32", []string{"x"}, func() VecVirtual {
		zero = v.zero()
		return v.zero()
	}, func(x []VecVirtual, acc VecVirtual, _ mask) {
		VFMADD231PS(x[0], zero, acc) // 0, but NaN if x is not finite
	}, add, "")

	v.reduce("max", "func(x []float32) float32", []string{"x"}, func() VecVirtual {
		return v.broadcast(constant("negInf"))
	}, func(x []VecVirtual, acc VecVirtual, m mask) {
		switch {
		case m.reg == nil:
			VMAXPS(acc, x[0], acc)
		case v.lanes == 8:
			VMAXPS(acc, x[0], x[0])
			VBLENDVPS(m.reg, x[0], acc, acc)
		default:
			VMAXPS(acc, x[0], m.reg, acc)
		}
	}, func(from, to Register) { VMAXPS(from, to, to) }, "")
}

func (v isa) maps() {
	var a, b VecVirtual
	v.each("axpy", "func(dst []float32, a float32, x []float32)", []string{"x", "dst"}, []string{"dst"}, func() {
		a = v.param("a")
	}, func(x []VecVirtual) []VecVirtual {
		VFMADD231PS(x[0], a, x[1])
		return x[1:]
	})
	v.each("add", "func(dst, x []float32)", []string{"x", "dst"}, []string{"dst"}, nil, func(x []VecVirtual) []VecVirtual {
		VADDPS(x[0], x[1], x[1])
		return x[1:]
	})
	v.each("scale", "func(x []float32, a float32)", []string{"x"}, []string{"x"}, func() {
		a = v.param("a")
	}, func(x []VecVirtual) []VecVirtual {
		VMULPS(x[0], a, x[0])
		return x
	})
	v.each("scaleMul", "func(y, x, w []float32, a float32)", []string{"x", "w"}, []string{"y"}, func() {
		a = v.param("a")
	}, func(x []VecVirtual) []VecVirtual {
		VMULPS(x[0], a, x[0])
		VMULPS(x[1], x[0], x[0])
		return x[:1]
	})
	v.each("mulSub", "func(x, p []float32, a float32)", []string{"x", "p"}, []string{"x"}, func() {
		a = v.param("a")
	}, func(x []VecVirtual) []VecVirtual {
		VSUBPS(a, x[0], x[0])
		VMULPS(x[1], x[0], x[0])
		return x[:1]
	})
	v.each("normGrad", "func(dx, dw, x, w, dy []float32, inv, c float32)", []string{"x", "w", "dy", "dw"}, []string{"dx", "dw"}, func() {
		a, b = v.param("inv"), v.param("c")
	}, func(x []VecVirtual) []VecVirtual {
		x, w, dy, dw := x[0:1], x[1], x[2], x[3]
		dx := v.vec()
		VMULPS(dy, a, dy)
		VFMADD231PS(x[0], dy, dw)
		VMULPS(x[0], b, dx)
		VFMSUB231PS(w, dy, dx)
		return []VecVirtual{dx, dw}
	})
	v.each("rotate", "func(x, y, cos, sin []float32)", []string{"x", "y", "cos", "sin"}, []string{"x", "y"}, nil, func(r []VecVirtual) []VecVirtual {
		x, y, cos, sin := r[0], r[1], r[2], r[3]
		s, t := v.vec(), v.vec()
		VMULPS(y, sin, s)
		VFMSUB231PS(x, cos, s) // x*cos - y*sin
		VMULPS(x, sin, t)
		VFMADD231PS(y, cos, t)
		return []VecVirtual{s, t}
	})
}

func (v isa) exponentials() {
	var low, high, shift VecVirtual
	constants := func() { low, high = v.broadcast(constant("expLow")), v.broadcast(constant("expHigh")) }

	first := true
	init := func() VecVirtual {
		if first {
			constants()
			shift = v.param("shift")
			first = false
		}
		return v.zero()
	}
	step := func(x []VecVirtual, acc VecVirtual, m mask) {
		VSUBPS(shift, x[0], x[0])
		v.exp(x[0], low, high)
		v.keep(x[0], m)
		VADDPS(x[0], acc, acc)
	}
	v.reduce("expSum", "func(x []float32, shift float32) float32", []string{"x"}, init, step, add, "x")
	first = true
	v.reduce("sumExp", "func(x []float32, shift float32) float32", []string{"x"}, init, step, add, "")

	var one VecVirtual
	prepare := func() {
		constants()
		one = v.broadcast(constant("one"))
	}
	// denominator returns 1+exp(-g).
	denominator := func(g VecVirtual) VecVirtual {
		e := v.zero()
		VSUBPS(g, e, e)
		v.exp(e, low, high)
		VADDPS(one, e, e)
		return e
	}
	v.each("swiglu", "func(y, gate, up []float32)", []string{"gate", "up"}, []string{"y"}, prepare, func(x []VecVirtual) []VecVirtual {
		d := denominator(x[0])
		VDIVPS(d, x[0], x[0])
		VMULPS(x[1], x[0], x[0])
		return x[:1]
	})
	v.each("swigluGrad", "func(dgate, dup, gate, up, dy []float32)", []string{"gate", "up", "dy"}, []string{"dgate", "dup"}, prepare, func(x []VecVirtual) []VecVirtual {
		g, up, dy := x[0], x[1], x[2]
		s := denominator(g)
		VDIVPS(s, one, s)
		VMULPS(dy, up, up)
		VMULPS(s, up, up) // dy*up*s
		t := v.vec()
		VMULPS(s, g, t)
		VMULPS(t, dy, dy) // dy*g*s
		VSUBPS(s, one, s)
		VFMADD213PS(one, g, s) // 1 + g*(1-s)
		VMULPS(s, up, up)
		return []VecVirtual{up, dy}
	})
}

// sumSquares sums in float64.
func (v isa) sumSquares() {
	TEXT("sumSquares"+v.name, NOSPLIT, "func(x []float32) float64")
	Pragma("noescape")
	x := Load(Param("x").Base(), GP64())
	n := Load(Param("x").Len(), GP64())
	half := v.lanes / 2 // float64s in a register
	const unroll = 4
	var acc [unroll]VecVirtual
	for j := range acc {
		acc[j] = v.zero()
	}
	one := func(j int) {
		d := v.vec()
		VCVTPS2PD(Mem{Base: x, Disp: 4 * half * j}, d)
		VFMADD231PD(d, d, acc[j])
	}
	loop := func(label string, unroll int) {
		SUBQ(Imm(uint64(unroll*half)), n)
		JL(LabelRef(label + "end"))
		Label(label)
		for j := range unroll {
			one(j)
		}
		ADDQ(Imm(uint64(4*unroll*half)), x)
		SUBQ(Imm(uint64(unroll*half)), n)
		JGE(LabelRef(label))
		Label(label + "end")
		ADDQ(Imm(uint64(unroll*half)), n)
	}
	loop("four", unroll)
	loop("one", 1)
	VADDPD(acc[1], acc[0], acc[0])
	VADDPD(acc[3], acc[2], acc[2])
	VADDPD(acc[2], acc[0], acc[0])
	y := acc[0].AsY()
	if v.lanes == 16 {
		high := YMM()
		VEXTRACTF64X4(Imm(1), acc[0], high)
		VADDPD(high, y, y)
	}
	s, high := acc[0].AsX(), XMM()
	VEXTRACTF128(Imm(1), y, high)
	VADDPD(high, s, s)
	VPERMILPD(Imm(1), s, high)
	VADDSD(high, s, s)
	TESTQ(n, n)
	JZ(LabelRef("end"))
	Label("single")
	d := XMM()
	VMOVSS(Mem{Base: x}, d)
	VCVTSS2SD(d, d, d)
	VFMADD231SD(d, d, s)
	ADDQ(Imm(4), x)
	DECQ(n)
	JNZ(LabelRef("single"))
	Label("end")
	Store(s, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// adamw reads its constants from p, in the order of the fields of type adam.
func (v isa) adamw() {
	var beta1, rest1, beta2, rest2, step, inv2, eps, keep VecVirtual
	v.each("adamw", "func(w, g, m, v []float32, p *float32)", []string{"w", "g", "m", "v"}, []string{"w", "m", "v"}, func() {
		p := Load(Param("p"), GP64())
		for i, r := range []*VecVirtual{&beta1, &rest1, &beta2, &rest2, &step, &inv2, &eps, &keep} {
			*r = v.broadcast(Mem{Base: p, Disp: 4 * i})
		}
	}, func(x []VecVirtual) []VecVirtual {
		w, g, m, u := x[0], x[1], x[2], x[3]
		d := v.vec()
		VMULPS(beta1, m, m)
		VFMADD231PS(g, rest1, m)
		VMULPS(g, g, g)
		VMULPS(beta2, u, u)
		VFMADD231PS(g, rest2, u)
		VMULPS(inv2, u, d)
		VSQRTPS(d, d)
		VADDPS(eps, d, d)
		VMULPS(step, m, g)
		VDIVPS(d, g, g)
		VFMSUB213PS(g, keep, w)
		return []VecVirtual{w, m, u}
	})
}
