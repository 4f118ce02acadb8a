package kernel

import "math"

// portable is the implementation in plain Go. The others are tested against it.
var portable = &ops{
	level:      "portable",
	dot:        dotGo,
	dot3:       dot3Go,
	axpy:       axpyGo,
	add:        addGo,
	scale:      scaleGo,
	scaleMul:   scaleMulGo,
	sumSquares: sumSquaresGo,
	finite:     finiteGo,
	max:        maxGo,
	expSum:     expSumGo,
	sumExp:     sumExpGo,
	swiglu:     swigluGo,
	swigluGrad: swigluGradGo,
	mulSub:     mulSubGo,
	normGrad:   normGradGo,
	rotate:     rotateGo,
	adamw:      adamwGo,

	sum:           sumGo,
	squaresAround: squaresAroundGo,
	dot3Around:    dot3AroundGo,
	layerNorm:     layerNormGo,
	layerGradX:    layerGradXGo,
	layerGrad:     layerGradGo,
	geluTanh:      geluTanhGo,
	geluTanhGrad:  geluTanhGradGo,
	geluErf:       geluErfGo,
	geluErfGrad:   geluErfGradGo,
	addTo:         addToGo,
	scaleAdd:      scaleAddGo,
	dotDiff:       dotDiffGo,
	dropout:       dropoutGo,
	noise:         noiseGo,
	read:          readGo,

	stored: [...]storedLoops{
		BF16: {decode: decodeBF16Go},
		Int8: {decode: decodeInt8Go},
		NF4:  {decode: decodeNF4Go},
	},

	gemm:     gemmGo,
	gemmBF16: gemmGo.rounding(),
}

func dotGo(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	b = b[:len(a)]
	for len(a) >= 4 {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
		a, b = a[4:], b[4:]
	}
	for i, x := range a {
		s0 += x * b[i]
	}
	return (s0 + s1) + (s2 + s3)
}

func dot3Go(a, b, c []float32) float32 {
	var s0, s1 float32
	b, c = b[:len(a)], c[:len(a)]
	i := 0
	for ; i+2 <= len(a); i += 2 {
		s0 += a[i] * b[i] * c[i]
		s1 += a[i+1] * b[i+1] * c[i+1]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i] * c[i]
	}
	return s0 + s1
}

func axpyGo(dst []float32, a float32, x []float32) {
	for i, v := range x {
		dst[i] += a * v
	}
}

func addGo(dst, x []float32) {
	for i, v := range x {
		dst[i] += v
	}
}

func addToGo(out, x, y []float32) {
	for i, v := range x {
		out[i] = v + y[i]
	}
}

func scaleGo(x []float32, a float32) {
	for i := range x {
		x[i] *= a
	}
}

func scaleMulGo(y, x, w []float32, a float32) {
	for i, v := range x {
		y[i] = a * v * w[i]
	}
}

func sumSquaresGo(x []float32) float64 {
	var s float64
	for _, v := range x {
		s += float64(v) * float64(v)
	}
	return s
}

func finiteGo(x []float32) bool {
	for _, v := range x {
		if math.Float32bits(v)&0x7f800000 == 0x7f800000 {
			return false
		}
	}
	return true
}

func maxGo(x []float32) float32 {
	m := float32(math.Inf(-1))
	for _, v := range x {
		if v > m {
			m = v
		}
	}
	return m
}

// Constants of exp, after Cephes expf: exp(x) = 2^n * exp(r), where n is the
// nearest integer to x*log2(e), and r = x - n*ln(2) is in [-0.35, 0.35].
const (
	expMax  = 88.72283  // above: +Inf
	expMin  = -87.33654 // below: 0, as denormal results are not worth their price
	log2e   = 1.44269504088896341
	ln2High = 0.693359375
	ln2Low  = -2.12194440e-4
	exp5    = 1.9875691500e-4
	exp4    = 1.3981999507e-3
	exp3    = 8.3334519073e-3
	exp2    = 4.1665795894e-2
	exp1    = 1.6666665459e-1
	exp0    = 5.0000001201e-1
)

// expGo is e to the x with a relative error of about 1e-7.
func expGo(x float32) float32 {
	switch {
	case x != x:
		return x
	case x > expMax:
		return float32(math.Inf(1))
	case x < expMin:
		return 0
	}
	n := float32(math.RoundToEven(float64(x * log2e)))
	r := x - n*ln2High
	r -= n * ln2Low
	p := float32(exp5)
	p = p*r + exp4
	p = p*r + exp3
	p = p*r + exp2
	p = p*r + exp1
	p = p*r + exp0
	p = p*r*r + r + 1
	// In two steps, as 2^128 is no float32.
	h := int32(n) >> 1
	return p * math.Float32frombits(uint32(h+127)<<23) * math.Float32frombits(uint32(int32(n)-h+127)<<23)
}

func expSumGo(x []float32, shift float32) float32 {
	var s float32
	for i, v := range x {
		e := expGo(v - shift)
		x[i] = e
		s += e
	}
	return s
}

func sumExpGo(x []float32, shift float32) float32 {
	var s float32
	for _, v := range x {
		s += expGo(v - shift)
	}
	return s
}

func swigluGo(y, gate, up []float32) {
	for i, g := range gate {
		y[i] = g / (1 + expGo(-g)) * up[i]
	}
}

func swigluGradGo(dgate, dup, gate, up, dy []float32) {
	for i, g := range gate {
		s := 1 / (1 + expGo(-g))
		u, d := up[i], dy[i]
		dup[i] = d * g * s
		dgate[i] = d * u * s * (1 + g*(1-s))
	}
}

func mulSubGo(x, p []float32, a float32) {
	for i, v := range x {
		x[i] = p[i] * (v - a)
	}
}

func normGradGo(dx, dw, x, w, dy []float32, inv, c float32) {
	for i, v := range x {
		g := inv * dy[i]
		dx[i] = g*w[i] - c*v
		dw[i] += g * v
	}
}

func rotateGo(x, y, cos, sin []float32) {
	for i, c := range cos {
		s, a, b := sin[i], x[i], y[i]
		x[i] = a*c - b*s
		y[i] = b*c + a*s
	}
}

func adamwGo(w, g, m, v []float32, p *adam) {
	for i, gi := range g {
		mi := p.beta1*m[i] + p.rest1*gi
		vi := p.beta2*v[i] + p.rest2*gi*gi
		m[i], v[i] = mi, vi
		step := p.step * mi / (float32(math.Sqrt(float64(vi*p.inv2))) + p.eps)
		w[i] = w[i]*p.keep - step
	}
}
