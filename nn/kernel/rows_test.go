package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// eachThreads runs f with several numbers of threads on every level, and checks
// that the tensors it returns have the same bits; it returns those of the last
// level.
func eachThreads(t *testing.T, f func(t *testing.T, o *ops, threads int) [][]float32) {
	t.Helper()
	for _, o := range machineLevels() {
		t.Run(o.level, func(t *testing.T) {
			first := f(t, o, 1)
			for _, threads := range []int{2, 3, 8} {
				for i, x := range f(t, o, threads) {
					if j := differs(first[i], x); j >= 0 {
						t.Fatalf("tensor %d, element %d is %g with 1 thread, %g with %d", i, j, first[i][j], x[j], threads)
					}
				}
			}
		})
	}
}

func TestRMSNorm(t *testing.T) {
	const rows, dim, eps = 700, 69, 1e-5
	rng := rngFor(t)
	x, w, dy := random(rng, rows*dim), random(rng, dim), random(rng, rows*dim)
	forward := func() []float64 {
		y := make([]float64, len(x))
		for r := range rows {
			var sum float64
			for i := range dim {
				sum += float64(x[r*dim+i]) * float64(x[r*dim+i])
			}
			inv := 1 / math.Sqrt(sum/dim+eps)
			for i := range dim {
				y[r*dim+i] = float64(x[r*dim+i]) * inv * float64(w[i])
			}
		}
		return y
	}
	loss := func() float64 { return dot64(forward(), dy) }
	eachThreads(t, func(t *testing.T, o *ops, threads int) [][]float32 {
		y, dx, dw := nans(len(x)), nans(len(x)), nans(dim)
		o.rmsNorm(threads, y, x, w, rows, dim, eps)
		o.rmsNormGrad(threads, dx, dw, x, w, dy, rows, dim, eps)
		frozen := nans(len(x))
		o.rmsNormGrad(threads, frozen, nil, x, w, dy, rows, dim, eps)
		agree(t, "dx with a frozen weight", frozen, dx, 1e-6)
		if threads == 1 {
			near(t, "y", y, forward(), 1e-5)
			checkGrad(t, "dx", x, dx, loss)
			checkGrad(t, "dw", w, dw, loss)
		}
		return [][]float32{y, dx, dw, frozen}
	})
}

func TestSwiGLU(t *testing.T) {
	const n = 40_003
	rng := rngFor(t)
	gate, up, dy := random(rng, n), random(rng, n), random(rng, n)
	forward := func() []float64 {
		y := make([]float64, n)
		for i, g := range gate {
			y[i] = float64(g) / (1 + math.Exp(-float64(g))) * float64(up[i])
		}
		return y
	}
	loss := func() float64 { return dot64(forward(), dy) }
	eachThreads(t, func(t *testing.T, o *ops, threads int) [][]float32 {
		y, dgate, dup := nans(n), nans(n), nans(n)
		o.swiGLU(threads, y, gate, up)
		o.swiGLUGrad(threads, dgate, dup, gate, up, dy)
		if threads == 1 {
			near(t, "y", y, forward(), 1e-6)
			checkGrad(t, "dgate", gate, dgate, loss)
			checkGrad(t, "dup", up, dup, loss)
		}
		return [][]float32{y, dgate, dup}
	})
}

func TestSoftmax(t *testing.T) {
	for _, o := range machineLevels() {
		x := []float32{1000, 1001, -inf, 999.5, 1000, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1001, 500}
		lse := o.logSumExp(x)
		if want := 1001 + math.Log(2+2*math.Exp(-1)+math.Exp(-1.5)); math.Abs(float64(lse)-want) > 1e-4 {
			t.Errorf("%s: LogSumExp is %g, want %g", o.level, lse, want)
		}
		want := make([]float64, len(x))
		for i, v := range x {
			want[i] = math.Exp(float64(v) - 1001 - math.Log(2+2*math.Exp(-1)+math.Exp(-1.5)))
		}
		o.softmax(x)
		near(t, o.level, x, want, 1e-6)
		o.softmax(nil)

		for _, n := range lengths[3:] {
			for _, bad := range []float32{nan, inf} {
				for _, i := range []int{0, n / 2, n - 1} {
					x := random(rngFor(t), n)
					x[(i+1)%n] = -inf
					x[i] = bad
					if got := o.logSumExp(x); bad == inf && got != inf || bad != bad && got == got {
						t.Errorf("%s: LogSumExp with %g is %g", o.level, bad, got)
					}
					o.softmax(x)
					for j, v := range x {
						if v == v {
							t.Fatalf("%s: Softmax with %g at %d of %d is %g at %d", o.level, bad, i, n, v, j)
						}
					}
				}
			}
		}
		if x := []float32{inf, nan}; o.logSumExp(x) == o.logSumExp(x) {
			t.Errorf("%s: LogSumExp hides NaN behind Inf", o.level)
		}
		for _, x := range [][]float32{nil, {-inf, -inf}} {
			if got := o.logSumExp(x); got != -inf {
				t.Errorf("%s: LogSumExp of %v is %g", o.level, x, got)
			}
		}
	}
}

func TestRowSums(t *testing.T) {
	const rows, dim = 1999, 69
	rng := rngFor(t)
	y, b, db := random(rng, rows*dim), random(rng, dim), random(rng, dim)
	added, sums, both := make([]float64, len(y)), make([]float64, dim), make([]float64, dim)
	for i, v := range y {
		added[i] = float64(v) + float64(b[i%dim])
		sums[i%dim] += float64(v)
	}
	for i := range both {
		both[i] = sums[i] + float64(db[i])
	}
	eachThreads(t, func(t *testing.T, o *ops, threads int) [][]float32 {
		got, sum, acc := append([]float32(nil), y...), nans(dim), append([]float32(nil), db...)
		o.addRows(threads, got, b, rows, dim)
		near(t, "added", got, added, 1e-6)
		o.sumRows(threads, sum, y, rows, dim, false)
		near(t, "sum", sum, sums, 1e-5)
		o.sumRows(threads, acc, y, rows, dim, true)
		near(t, "accumulated", acc, both, 1e-5)
		none := nans(dim)
		o.sumRows(threads, none, nil, 0, dim, false)
		agree(t, "sum of no rows", none, make([]float32, dim), 0)
		out := nans(len(y))
		o.addToAll(threads, out, y, got)
		for i := range out {
			if out[i] != y[i]+got[i] {
				t.Fatalf("element %d of a sum is %g", i, out[i])
			}
		}
		return [][]float32{got, sum, acc}
	})
}

func TestRope(t *testing.T) {
	const tokens, heads, hd, positions = 50, 3, 36, 20
	rng := rngFor(t)
	x := random(rng, tokens*heads*hd)
	pos := make([]int32, tokens)
	cos, sin := make([]float32, positions*hd/2), make([]float32, positions*hd/2)
	for i := range cos {
		s, c := math.Sincos(rng.Float64() * 6)
		cos[i], sin[i] = float32(c), float32(s)
	}
	want := make([]float64, len(x))
	for i := range pos {
		pos[i] = int32(rng.IntN(positions))
		for h := range heads {
			for j := range hd / 2 {
				a, b := (i*heads+h)*hd+j, (i*heads+h)*hd+j+hd/2
				c, s := float64(cos[int(pos[i])*hd/2+j]), float64(sin[int(pos[i])*hd/2+j])
				want[a] = float64(x[a])*c - float64(x[b])*s
				want[b] = float64(x[b])*c + float64(x[a])*s
			}
		}
	}
	eachThreads(t, func(t *testing.T, o *ops, threads int) [][]float32 {
		y := append([]float32(nil), x...)
		o.rope(threads, y, tokens, heads, hd, pos, cos, sin, false)
		near(t, "rotated", y, want, 1e-6)
		back := append([]float32(nil), y...)
		o.rope(threads, back, tokens, heads, hd, pos, cos, sin, true)
		agree(t, "rotated back", back, x, 1e-6)
		return [][]float32{y, back}
	})
}

func TestAdamW(t *testing.T) {
	const n, steps = 30_011, 3
	lr, beta1, beta2, eps, decay := 1e-2, 0.9, 0.95, 1e-8, 0.1
	rng := rngFor(t)
	w0 := random(rng, n)
	want, m, v := make([]float64, n), make([]float64, n), make([]float64, n)
	grad := func(step int) []float32 { return random(rand.New(rand.NewPCG(3, uint64(step))), n) }
	for i := range want {
		want[i] = float64(w0[i])
	}
	for s := 1; s <= steps; s++ {
		for i, g := range grad(s) {
			g := float64(g)
			m[i] = beta1*m[i] + (1-beta1)*g
			v[i] = beta2*v[i] + (1-beta2)*g*g
			mhat, vhat := m[i]/(1-math.Pow(beta1, float64(s))), v[i]/(1-math.Pow(beta2, float64(s)))
			want[i] -= lr * (mhat/(math.Sqrt(vhat)+eps) + decay*want[i])
		}
	}
	eachThreads(t, func(t *testing.T, o *ops, threads int) [][]float32 {
		w, fm, fv := append([]float32(nil), w0...), make([]float32, n), make([]float32, n)
		for s := 1; s <= steps; s++ {
			c1, c2 := 1-math.Pow(beta1, float64(s)), 1-math.Pow(beta2, float64(s))
			o.adamW(threads, w, grad(s), fm, fv, float32(lr), float32(beta1), float32(beta2), float32(eps), float32(decay), float32(c1), float32(c2))
		}
		near(t, "w", w, want, 1e-6)
		near(t, "m", fm, m, 1e-6)
		near(t, "v", fv, v, 1e-6)
		return [][]float32{w, fm, fv}
	})
}

func TestParallel(t *testing.T) {
	for n := range 20 {
		for threads := range 9 {
			seen := make([]int, n)
			Parallel(threads, n, func(lo, hi int) {
				for i := lo; i < hi; i++ {
					seen[i]++
				}
			})
			for i, times := range seen {
				if times != 1 {
					t.Fatalf("%d threads saw item %d of %d %d times", threads, i, n, times)
				}
			}
		}
	}
}

// TestRowsAllocateNothing runs what a training step runs over and over.
func TestRowsAllocateNothing(t *testing.T) {
	const rows, dim = 256, 256
	rng := rngFor(t)
	x, y, z := random(rng, rows*dim), random(rng, rows*dim), make([]float32, rows*dim)
	w, b, pos, targets := random(rng, dim), random(rng, dim), make([]int32, rows), make([]int32, rows)
	u, loss, kl := make([]float32, rows*dim), make([]float32, rows), make([]float32, rows)
	weight, err := QuantizeMatrix(1, NF4, rows, dim, x)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]func(threads int){
		"RMSNorm":        func(n int) { RMSNorm(n, z, x, w, rows, dim, 1e-5) },
		"RMSNormGrad":    func(n int) { RMSNormGrad(n, z, b, x, w, y, rows, dim, 1e-5) },
		"LayerNorm":      func(n int) { LayerNorm(n, z, x, w, b, rows, dim, 1e-5) },
		"LayerNormGrad":  func(n int) { LayerNormGrad(n, z, b, b, x, w, y, rows, dim, 1e-5) },
		"GELU":           func(n int) { GELU(n, z, x, true) },
		"GELUGrad":       func(n int) { GELUGrad(n, z, x, y, false) },
		"SwiGLU":         func(n int) { SwiGLU(n, z, x, y) },
		"SwiGLUGrad":     func(n int) { SwiGLUGrad(n, z, u, x, y, y) },
		"AddRows":        func(n int) { AddRows(n, z, b, rows, dim) },
		"SumRows":        func(n int) { SumRows(n, b, x, rows, dim, true) },
		"AddTo":          func(n int) { AddTo(n, z, x, y) },
		"Dropout":        func(n int) { Dropout(n, z, x, 0.1, 1, 2) },
		"UniformNoise":   func(n int) { UniformNoise(n, z, 0.1, 1, 2) },
		"SumSquaresN":    func(n int) { SumSquaresN(n, x) },
		"HasNaNInf":      func(n int) { HasNaNInf(n, x) },
		"AdamW":          func(n int) { AdamW(n, z, x, u, u, 1e-3, 0.9, 0.95, 1e-8, 0.1, 0.1, 0.05) },
		"Rope":           func(n int) { Rope(n, z, rows, 8, 32, pos, w, b, false) },
		"CrossEntropy":   func(n int) { CrossEntropy(n, z, dim, targets, loss, loss, 1, 0.1) },
		"CrossEntropyKL": func(n int) { CrossEntropyKL(n, z, x, dim, targets, loss, loss, kl, 1, 0.1) },
		"GemmMatrix":     func(n int) { GemmMatrix(n, true, 4, x, dim, weight, 0, z, rows) },
		"GemmMatrix all": func(n int) { GemmMatrix(n, false, rows, x, rows, weight, 1, z, dim) },
	} {
		for threads := 1; threads <= 2; threads++ {
			f(threads)
			if n := testing.AllocsPerRun(20, func() { f(threads) }); n >= 1 {
				t.Errorf("%s with %d threads allocates %g times a call", name, threads, n)
			}
		}
	}
}
