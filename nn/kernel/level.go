package kernel

import "os"

// ops is one implementation of the inner loops. Slices that one call takes have
// the same length, unless said otherwise; the caller has checked it.
type ops struct {
	level string

	dot        func(a, b []float32) float32
	dot3       func(a, b, c []float32) float32 // sum of a*b*c
	axpy       func(dst []float32, a float32, x []float32)
	add        func(dst, x []float32)
	scale      func(x []float32, a float32)
	scaleMul   func(y, x, w []float32, a float32) // y = a*x*w
	sumSquares func(x []float32) float64
	finite     func(x []float32) bool
	max        func(x []float32) float32                // -Inf for an empty x
	expSum     func(x []float32, shift float32) float32 // x = exp(x-shift); returns the sum
	sumExp     func(x []float32, shift float32) float32 // expSum that leaves x alone
	swiglu     func(y, gate, up []float32)
	swigluGrad func(dgate, dup, gate, up, dy []float32)
	mulSub     func(x, p []float32, a float32)                  // x = p*(x-a)
	normGrad   func(dx, dw, x, w, dy []float32, inv, c float32) // dx = inv*w*dy - c*x; dw += inv*x*dy
	rotate     func(x, y, cos, sin []float32)                   // x, y = x*cos-y*sin, y*cos+x*sin
	adamw      func(w, g, m, v []float32, p *adam)

	sum           func(x []float32) float32
	squaresAround func(x []float32, mean float32) float32                           // sum of (x-mean)²
	dot3Around    func(x, w, dy []float32, mean float32) float32                    // sum of (x-mean)*w*dy
	layerNorm     func(y, x, w, b []float32, mean, inv float32)                     // y = (x-mean)*inv*w + b
	layerGradX    func(dx, x, w, dy []float32, mean, inv, shift, c float32)         // dx = inv*w*dy - shift - c*(x-mean)
	layerGrad     func(dx, dw, db, x, w, dy []float32, mean, inv, shift, c float32) // also dw += inv*(x-mean)*dy; db += dy
	geluTanh      func(y, x []float32)
	geluTanhGrad  func(dx, x, dy []float32)
	geluErf       func(y, x []float32)
	geluErfGrad   func(dx, x, dy []float32)
	addTo         func(out, x, y []float32)
	scaleAdd      func(x []float32, a, b float32) // x = a*x + b
	dotDiff       func(p, x, y []float32) float32 // sum of p*(x-y) where p is not 0
	dropout       func(y, x []float32, d draw)
	noise         func(y, x []float32, d draw) // y = x + noise
	read          func(x []float32)            // only reads x, whose length is a multiple of 256

	stored [kinds]storedLoops // of stored weights, by [Kind]; F32 has none

	gemm, gemmBF16 gemmKernel
}

// Level names the implementation in use: "avx512", "avx2" or "portable". The
// environment variable ADAPT_KERNEL, read when the program starts, may name a
// lower one than the machine's best.
func Level() string { return active.level }

var active = choose(machineLevels(), os.Getenv("ADAPT_KERNEL"))

// choose returns the level that has the name, or else the first.
func choose(levels []*ops, name string) *ops {
	for _, o := range levels {
		if o.level == name {
			return o
		}
	}
	return levels[0]
}
