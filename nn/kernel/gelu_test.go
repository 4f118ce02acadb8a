package kernel

import (
	"math"
	"testing"
)

func geluRef(x float64, exact bool) float64 {
	if exact {
		return 0.5 * x * math.Erfc(-x/math.Sqrt2)
	}
	return 0.5 * x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
}

func TestGELU(t *testing.T) {
	rng := rngFor(t)
	var x []float32
	for v := float32(-12); v < 12; v += 0.00173 {
		x = append(x, v)
	}
	for e := -40; e < 30; e++ {
		x = append(x, float32(math.Ldexp(1, e)), -float32(math.Ldexp(1, e)))
	}
	dy := random(rng, len(x))
	for _, exact := range []bool{false, true} {
		forward := func() []float64 {
			y := make([]float64, len(x))
			for i, v := range x {
				y[i] = geluRef(float64(v), exact)
			}
			return y
		}
		slope := make([]float64, len(x))
		for i, v := range x {
			const h = 1e-5
			if v := float64(v); math.Abs(v) < 1e4 {
				slope[i] = float64(dy[i]) * (geluRef(v+h, exact) - geluRef(v-h, exact)) / (2 * h)
			} else {
				slope[i] = float64(dy[i]) * max(0, math.Copysign(1, v))
			}
		}
		eachThreads(t, func(t *testing.T, o *ops, threads int) [][]float32 {
			y, dx := nans(len(x)), nans(len(x))
			o.gelu(threads, y, x, exact)
			o.geluGrad(threads, dx, x, dy, exact)
			near(t, "y", y, forward(), 5e-7)
			near(t, "dx", dx, slope, 1.5e-6)
			inPlace := append([]float32(nil), x...)
			o.gelu(threads, inPlace, inPlace, exact)
			agree(t, "in place", inPlace, y, 0)
			return [][]float32{y, dx}
		})
	}
}

// TestGELULong has more elements than one goroutine takes.
func TestGELULong(t *testing.T) {
	const n = 150_007
	rng := rngFor(t)
	x, dy := random(rng, n), random(rng, n)
	eachThreads(t, func(t *testing.T, o *ops, threads int) [][]float32 {
		var all [][]float32
		for _, exact := range []bool{false, true} {
			y, dx := nans(n), nans(n)
			o.gelu(threads, y, x, exact)
			o.geluGrad(threads, dx, x, dy, exact)
			all = append(all, y, dx)
		}
		return all
	})
}
