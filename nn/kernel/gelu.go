package kernel

import "math"

// GELU writes the Gaussian error linear unit of x, x*Phi(x) with the normal
// distribution's Phi (Hendrycks and Gimpel 2016, arXiv:1606.08415). If exact is
// false Phi is approximated by tanh: 0.5*(1+tanh(sqrt(2/pi)*(x+0.044715*x³))), as
// GPT-2 does. Hugging Face calls the two forms gelu and gelu_new. y may be x.
func GELU(threads int, y, x []float32, exact bool) { active.gelu(threads, y, x, exact) }

func (o *ops) gelu(threads int, y, x []float32, exact bool) {
	f := o.geluTanh
	if exact {
		f = o.geluErf
	}
	type args struct {
		f    func(y, x []float32)
		y, x []float32
	}
	parallelWith(threads, chunks(len(x)), 10*chunk, args{f, y, x}, func(g *args, lo, hi int) {
		lo, hi = elements(lo, hi, len(g.x))
		g.f(g.y[lo:hi], g.x[lo:hi])
	})
}

// GELUGrad writes dx, the gradient of [GELU] at x, given dy, the gradient of y.
// dx may be x or dy.
func GELUGrad(threads int, dx, x, dy []float32, exact bool) {
	active.geluGrad(threads, dx, x, dy, exact)
}

func (o *ops) geluGrad(threads int, dx, x, dy []float32, exact bool) {
	f := o.geluTanhGrad
	if exact {
		f = o.geluErfGrad
	}
	type args struct {
		f         func(dx, x, dy []float32)
		dx, x, dy []float32
	}
	parallelWith(threads, chunks(len(x)), 14*chunk, args{f, dx, x, dy}, func(g *args, lo, hi int) {
		lo, hi = elements(lo, hi, len(g.x))
		g.f(g.dx[lo:hi], g.x[lo:hi], g.dy[lo:hi])
	})
}

// The tanh form is x*sigmoid(v) with v = gelu1*x + gelu3*x³, as
// 0.5*(1+tanh(u)) = sigmoid(2u).
const (
	gelu1  = 1.5957691216057308 // 2*sqrt(2/pi)
	gelu3  = gelu1 * 0.044715
	gelu3x = 3 * gelu3

	// Where |x| is larger, the slope is 0 or 1 to the last bit.
	geluMax = 9
)

// The exact form takes 1-Phi(|x|) from Abramowitz and Stegun 26.2.17, with an
// absolute error below 7.5e-8: exp(-x²/2) times a polynomial in
// 1/(1+erfP*|x|). Their coefficients are divided by sqrt(2*pi).
const (
	erfP = 0.2316419
	erf1 = 0.319381530 * invSqrt2Pi
	erf2 = -0.356563782 * invSqrt2Pi
	erf3 = 1.781477937 * invSqrt2Pi
	erf4 = -1.821255978 * invSqrt2Pi
	erf5 = 1.330274429 * invSqrt2Pi

	invSqrt2Pi = 0.3989422804014327
)

func geluTanhGo(y, x []float32) {
	for i, v := range x {
		y[i] = v / (1 + expGo(-v*(gelu1+gelu3*(v*v))))
	}
}

func geluTanhGradGo(dx, x, dy []float32) {
	for i, v := range x {
		v = max(-geluMax, min(geluMax, v))
		sq := v * v
		e := expGo(-v * (gelu1 + gelu3*sq))
		s := 1 / (1 + e)
		dx[i] = dy[i] * (s + v*(gelu1+gelu3x*sq)*(e*s)*s)
	}
}

// normalTail returns 1-Phi(a) and exp(-a²/2) for 0 <= a <= geluMax.
func normalTail(a float32) (tail, e float32) {
	e = expGo(-0.5 * a * a)
	t := 1 / (1 + erfP*a)
	p := float32(erf5)
	p = p*t + erf4
	p = p*t + erf3
	p = p*t + erf2
	p = p*t + erf1
	return p * t * e, e
}

func geluErfGo(y, x []float32) {
	for i, v := range x {
		a := min(geluMax, abs(v))
		tail, _ := normalTail(a)
		y[i] = max(v, 0) - a*tail
	}
}

func geluErfGradGo(dx, x, dy []float32) {
	for i, v := range x {
		a := min(geluMax, abs(v))
		tail, e := normalTail(a)
		// Phi(x) + x*phi(x), for |x|; at -x it is one minus that.
		slope := 1 - tail + a*invSqrt2Pi*e
		if v < 0 {
			slope = 1 - slope
		}
		dx[i] = dy[i] * slope
	}
}

func abs(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }
