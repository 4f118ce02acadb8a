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
		if threads == 1 {
			near(t, "y", y, forward(), 1e-5)
			checkGrad(t, "dx", x, dx, loss)
			checkGrad(t, "dw", w, dw, loss)
		}
		return [][]float32{y, dx, dw}
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

func TestCrossEntropy(t *testing.T) {
	const rows, vocab, scale = 90, 331, 0.25
	rng := rngFor(t)
	logits, weights, targets := random(rng, rows*vocab), random(rng, rows), make([]int32, rows)
	for i := range targets {
		targets[i] = int32(rng.IntN(vocab))
		logits[i*vocab] += 200 // would overflow if the largest were not subtracted
	}
	targets[3], targets[50] = -1, -100
	forward := func() []float64 {
		loss := make([]float64, rows)
		for i, target := range targets {
			if target < 0 {
				continue
			}
			row := logits[i*vocab : (i+1)*vocab]
			most, sum := float64(row[0]), 0.0
			for _, x := range row {
				most = max(most, float64(x))
			}
			for _, x := range row {
				sum += math.Exp(float64(x) - most)
			}
			loss[i] = math.Log(sum) + most - float64(row[target])
		}
		return loss
	}
	total := func() float64 { return scale * dot64(forward(), weights) }
	eachThreads(t, func(t *testing.T, o *ops, threads int) [][]float32 {
		grad, loss := append([]float32(nil), logits...), nans(rows)
		o.crossEntropy(threads, grad, vocab, targets, weights, loss, scale)
		if threads == 1 {
			near(t, "loss", loss, forward(), 1e-6)
			checkGrad(t, "logits", logits, grad, total)
			for _, i := range []int{3, 50} {
				for j, x := range grad[i*vocab : (i+1)*vocab] {
					if x != 0 {
						t.Fatalf("the gradient of ignored row %d is %g at %d", i, x, j)
					}
				}
			}
		}
		return [][]float32{grad, loss}
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

		for _, bad := range []float32{nan, inf} {
			x := []float32{1, bad, 2}
			if got := o.logSumExp(x); got == got && bad != inf {
				t.Errorf("%s: LogSumExp with %g is %g", o.level, bad, got)
			}
			if o.softmax(x); x[1] == x[1] {
				t.Errorf("%s: Softmax hides %g", o.level, bad)
			}
		}
		for _, x := range [][]float32{nil, {-inf, -inf}} {
			if got := o.logSumExp(x); got != -inf {
				t.Errorf("%s: LogSumExp of %v is %g", o.level, x, got)
			}
		}
	}
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
