package kernel

import (
	"fmt"
	"math"
	"testing"
)

var (
	nan = float32(math.NaN())
	inf = float32(math.Inf(1))
)

var lengths = []int{0, 1, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 63, 64, 65, 100, 127, 128, 129, 200, 1000}

// agree checks that got is want up to a relative error, where NaN and infinite
// values must be the same.
func agree(t *testing.T, name string, got, want []float32, tol float64) {
	t.Helper()
	for i, w := range want {
		g := got[i]
		if g == w || g != g && w != w {
			continue
		}
		if d := math.Abs(float64(g) - float64(w)); !(d <= tol*(1+math.Abs(float64(w)))) {
			t.Fatalf("%s: element %d of %d is %g, want %g", name, i, len(want), g, w)
		}
	}
}

// TestVectors compares the loops of every level with those in portable Go, and
// checks that they write nothing outside their slices.
func TestVectors(t *testing.T) {
	p := &adam{0.9, 0.1, 0.95, 0.05, 1e-3 / 0.2, 1 / 0.3, 1e-8, 1 - 1e-4}
	kernels := []struct {
		name   string
		slices int
		run    func(o *ops, x [][]float32) float32
	}{
		{"dot", 2, func(o *ops, x [][]float32) float32 { return o.dot(x[0], x[1]) }},
		{"dot3", 3, func(o *ops, x [][]float32) float32 { return o.dot3(x[0], x[1], x[2]) }},
		{"axpy", 2, func(o *ops, x [][]float32) float32 { o.axpy(x[0], 0.3, x[1]); return 0 }},
		{"add", 2, func(o *ops, x [][]float32) float32 { o.add(x[0], x[1]); return 0 }},
		{"scale", 1, func(o *ops, x [][]float32) float32 { o.scale(x[0], 0.3); return 0 }},
		{"scaleMul", 3, func(o *ops, x [][]float32) float32 { o.scaleMul(x[0], x[1], x[2], 0.3); return 0 }},
		{"sumSquares", 1, func(o *ops, x [][]float32) float32 { return float32(o.sumSquares(x[0])) }},
		{"max", 1, func(o *ops, x [][]float32) float32 { return o.max(x[0]) }},
		{"expSum", 1, func(o *ops, x [][]float32) float32 { return o.expSum(x[0], 0.7) }},
		{"sumExp", 1, func(o *ops, x [][]float32) float32 { return o.sumExp(x[0], 0.7) }},
		{"swiglu", 3, func(o *ops, x [][]float32) float32 { o.swiglu(x[0], x[1], x[2]); return 0 }},
		{"swigluGrad", 5, func(o *ops, x [][]float32) float32 { o.swigluGrad(x[0], x[1], x[2], x[3], x[4]); return 0 }},
		{"swigluGrad in place", 3, func(o *ops, x [][]float32) float32 { o.swigluGrad(x[0], x[1], x[0], x[1], x[2]); return 0 }},
		{"mulSub", 2, func(o *ops, x [][]float32) float32 { o.mulSub(x[0], x[1], 0.3); return 0 }},
		{"normGrad", 5, func(o *ops, x [][]float32) float32 { o.normGrad(x[0], x[1], x[2], x[3], x[4], 0.3, 0.2); return 0 }},
		{"normGrad in place", 4, func(o *ops, x [][]float32) float32 { o.normGrad(x[0], x[1], x[2], x[3], x[0], 0.3, 0.2); return 0 }},
		{"rotate", 4, func(o *ops, x [][]float32) float32 { o.rotate(x[0], x[1], x[2], x[3]); return 0 }},
		{"sum", 1, func(o *ops, x [][]float32) float32 { return o.sum(x[0]) }},
		{"squaresAround", 1, func(o *ops, x [][]float32) float32 { return o.squaresAround(x[0], 0.3) }},
		{"dot3Around", 3, func(o *ops, x [][]float32) float32 { return o.dot3Around(x[0], x[1], x[2], 0.3) }},
		{"layerNorm", 4, func(o *ops, x [][]float32) float32 { o.layerNorm(x[0], x[1], x[2], x[3], 0.3, 0.8); return 0 }},
		{"layerNorm in place", 3, func(o *ops, x [][]float32) float32 { o.layerNorm(x[0], x[0], x[1], x[2], 0.3, 0.8); return 0 }},
		{"layerGradX", 4, func(o *ops, x [][]float32) float32 {
			o.layerGradX(x[0], x[1], x[2], x[3], 0.3, 0.8, 0.1, 0.2)
			return 0
		}},
		{"layerGradX in place", 3, func(o *ops, x [][]float32) float32 {
			o.layerGradX(x[0], x[1], x[2], x[0], 0.3, 0.8, 0.1, 0.2)
			return 0
		}},
		{"layerGrad", 6, func(o *ops, x [][]float32) float32 {
			o.layerGrad(x[0], x[1], x[2], x[3], x[4], x[5], 0.3, 0.8, 0.1, 0.2)
			return 0
		}},
		{"layerGrad in place", 5, func(o *ops, x [][]float32) float32 {
			o.layerGrad(x[0], x[1], x[2], x[3], x[4], x[0], 0.3, 0.8, 0.1, 0.2)
			return 0
		}},
		{"geluTanh", 2, func(o *ops, x [][]float32) float32 { o.geluTanh(x[1], x[0]); return 0 }},
		{"geluTanh in place", 1, func(o *ops, x [][]float32) float32 { o.geluTanh(x[0], x[0]); return 0 }},
		{"geluTanhGrad", 3, func(o *ops, x [][]float32) float32 { o.geluTanhGrad(x[2], x[0], x[1]); return 0 }},
		{"geluTanhGrad in place", 2, func(o *ops, x [][]float32) float32 { o.geluTanhGrad(x[1], x[0], x[1]); return 0 }},
		{"geluErf", 2, func(o *ops, x [][]float32) float32 { o.geluErf(x[1], x[0]); return 0 }},
		{"geluErfGrad", 3, func(o *ops, x [][]float32) float32 { o.geluErfGrad(x[2], x[0], x[1]); return 0 }},
		{"geluErfGrad in place", 2, func(o *ops, x [][]float32) float32 { o.geluErfGrad(x[0], x[0], x[1]); return 0 }},
		{"addTo", 3, func(o *ops, x [][]float32) float32 { o.addTo(x[0], x[1], x[2]); return 0 }},
		{"scaleAdd", 1, func(o *ops, x [][]float32) float32 { o.scaleAdd(x[0], 0.3, -0.2); return 0 }},
		{"dotDiff", 3, func(o *ops, x [][]float32) float32 {
			for i := range x[0] {
				if i%3 == 0 { // what is infinite there does not count
					x[0][i], x[1][i], x[2][i] = 0, -inf, -inf
				}
			}
			return o.dotDiff(x[0], x[1], x[2])
		}},
		{"dropout", 2, func(o *ops, x [][]float32) float32 {
			o.dropout(x[0], x[1], draw{key0: 5, key1: 6, first: math.MaxUint32 - 20, limit: 1 << 23, scale: 2})
			return 0
		}},
		{"noise", 2, func(o *ops, x [][]float32) float32 {
			o.noise(x[1], x[0], draw{key0: 5, key1: 6, first: 7, scale: 0x1p-23, shift: -1})
			return 0
		}},
		{"adamw", 4, func(o *ops, x [][]float32) float32 {
			for i, v := range x[3] {
				if v < 0 {
					x[3][i] = -v // the second moment
				}
			}
			o.adamw(x[0], x[1], x[2], x[3], p)
			return 0
		}},
	}
	const guard = 40
	for _, o := range machineLevels() {
		for _, k := range kernels {
			t.Run(o.level+"/"+k.name, func(t *testing.T) {
				rng := rngFor(t)
				for _, n := range lengths {
					for _, special := range []float32{0, nan, inf, -inf} {
						whole, got, want := make([][]float32, k.slices), make([][]float32, k.slices), make([][]float32, k.slices)
						for i := range got {
							x := random(rng, n+2*guard)
							if special != 0 && n > 0 && i == 0 {
								x[guard+rng.IntN(n)] = special
							}
							whole[i] = x
							want[i] = append([]float32(nil), x...)[guard : guard+n]
							got[i] = x[guard : guard+n]
						}
						var outside [][]float32
						for _, x := range whole {
							outside = append(outside, append(append([]float32(nil), x[:guard]...), x[guard+n:]...))
						}
						g, w := k.run(o, got), k.run(portable, want)
						agree(t, "result", []float32{g}, []float32{w}, 4e-7*float64(n+8))
						for i, x := range whole {
							agree(t, fmt.Sprintf("slice %d", i), got[i], want[i], 2e-6)
							if j := differs(outside[i], append(append([]float32(nil), x[:guard]...), x[guard+n:]...)); j >= 0 {
								t.Fatalf("a loop of length %d wrote outside slice %d", n, i)
							}
						}
					}
				}
			})
		}
	}
}

func TestExp(t *testing.T) {
	for _, o := range machineLevels() {
		var x []float32
		for v := float32(-87.3); v < 88.7; v += 0.0173 {
			x = append(x, v)
		}
		for i := range 1000 {
			x = append(x, float32(i)*1e-6, -float32(i)*1e-6)
		}
		y := append([]float32(nil), x...)
		o.expSum(y, 0)
		for i, v := range x {
			want := math.Exp(float64(v))
			if e := math.Abs(float64(y[i])-want) / want; !(e < 3e-7) {
				t.Errorf("%s: exp(%g) is %g, want %g: relative error %g", o.level, v, y[i], want, e)
			}
		}
		y = []float32{nan, inf, -inf, 1000, -1000, 0}
		o.expSum(y, 0)
		agree(t, o.level, y, []float32{nan, inf, 0, inf, 0, 1}, 0)
	}
}

func TestFinite(t *testing.T) {
	for _, o := range machineLevels() {
		for _, n := range lengths {
			x := random(rngFor(t), n)
			if !o.finite(x) {
				t.Errorf("%s: finite values of length %d are not finite", o.level, n)
			}
			for i := range x {
				for _, v := range []float32{nan, inf, -inf} {
					old := x[i]
					x[i] = v
					if o.finite(x) {
						t.Errorf("%s: %g at %d of %d is finite", o.level, v, i, n)
					}
					x[i] = old
				}
			}
		}
		if !o.finite([]float32{math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32}) {
			t.Errorf("%s: extreme values are not finite", o.level)
		}
	}
}

func TestSumSquaresIsFloat64(t *testing.T) {
	x := make([]float32, 1000)
	for i := range x {
		x[i] = 1e30
	}
	for _, o := range machineLevels() {
		if got, want := o.sumSquares(x), 1000*float64(x[0])*float64(x[0]); math.Abs(got-want) > 1e-12*want {
			t.Errorf("%s: sum of squares is %g, want %g", o.level, got, want)
		}
	}
}

func TestChoose(t *testing.T) {
	levels := machineLevels()
	for _, o := range levels {
		if got := choose(levels, o.level); got != o {
			t.Errorf("asked for %s, got %s", o.level, got.level)
		}
	}
	for _, name := range []string{"", "avx9"} {
		if got := choose(levels, name); got != levels[0] {
			t.Errorf("asked for %q, got %s", name, got.level)
		}
	}
}

func TestHasNaNInf(t *testing.T) {
	x := random(rngFor(t), 1<<20+77)
	if HasNaNInf(2, nil) {
		t.Error("nothing is not finite")
	}
	for threads := 1; threads <= 3; threads++ {
		if HasNaNInf(threads, x) {
			t.Fatal("finite values are not finite")
		}
		for _, i := range []int{0, 1 << 19, len(x) - 1} {
			old := x[i]
			x[i] = nan
			if !HasNaNInf(threads, x) {
				t.Errorf("%d threads overlook NaN at %d", threads, i)
			}
			x[i] = old
		}
	}
}

func TestSumSquaresN(t *testing.T) {
	x := random(rngFor(t), 1<<20+77)
	var want float64
	for _, v := range x {
		want += float64(v) * float64(v)
	}
	if got := SumSquaresN(2, nil); got != 0 {
		t.Errorf("the sum of no squares is %g", got)
	}
	for _, o := range machineLevels() {
		first := o.sumSquaresAll(1, x)
		if math.Abs(first-want) > 1e-12*want {
			t.Errorf("%s: sum of squares is %g, want %g", o.level, first, want)
		}
		for threads := 2; threads < 5; threads++ {
			if got := o.sumSquaresAll(threads, x); got != first {
				t.Errorf("%s: sum of squares is %g with 1 thread, %g with %d", o.level, first, got, threads)
			}
		}
	}
}
