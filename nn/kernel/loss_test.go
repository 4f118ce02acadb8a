package kernel

import (
	"math"
	"testing"
)

// softmax64 returns the softmax of x, and the logarithm of the sum of exponentials.
func softmax64(x []float32) (p []float64, lse float64) {
	most, sum := math.Inf(-1), 0.0
	for _, v := range x {
		most = max(most, float64(v))
	}
	for _, v := range x {
		sum += math.Exp(float64(v) - most)
	}
	for _, v := range x {
		p = append(p, math.Exp(float64(v)-most)/sum)
	}
	return p, math.Log(sum) + most
}

func TestCrossEntropy(t *testing.T) {
	const rows, vocab, scale, beta = 90, 331, 0.25, 0.7
	rng := rngFor(t)
	logits, ref, weights, targets := random(rng, rows*vocab), random(rng, rows*vocab), random(rng, rows), make([]int32, rows)
	for i := range targets {
		targets[i] = int32(rng.IntN(vocab))
		logits[i*vocab] += 200 // would overflow if the largest were not subtracted
		ref[i*vocab] += 195
	}
	targets[3], targets[50] = -1, -100
	forward := func(smooth float64) (loss, kl []float64) {
		loss, kl = make([]float64, rows), make([]float64, rows)
		for i, target := range targets {
			if target < 0 {
				continue
			}
			row := logits[i*vocab : (i+1)*vocab]
			_, lse := softmax64(row)
			r, lseR := softmax64(ref[i*vocab : (i+1)*vocab])
			for j, x := range row {
				q := smooth / vocab
				if j == int(target) {
					q += 1 - smooth
				}
				loss[i] -= q * (float64(x) - lse)
				kl[i] += r[j] * (float64(ref[i*vocab+j]) - lseR - float64(x) + lse)
			}
		}
		return loss, kl
	}
	check := func(t *testing.T, grad []float32, total func() float64) {
		checkGrad(t, "logits", logits, grad, total)
		for _, i := range []int{3, 50} {
			for j, x := range grad[i*vocab : (i+1)*vocab] {
				if x != 0 {
					t.Fatalf("the gradient of ignored row %d is %g at %d", i, x, j)
				}
			}
		}
	}
	for _, smooth := range []float32{0, 0.1} {
		eachThreads(t, func(t *testing.T, o *ops, threads int) [][]float32 {
			grad, loss := append([]float32(nil), logits...), nans(rows)
			o.crossEntropy(threads, grad, vocab, targets, weights, loss, scale, smooth)
			if threads == 1 {
				want, _ := forward(float64(smooth))
				near(t, "loss", loss, want, 1e-6)
				check(t, grad, func() float64 {
					loss, _ := forward(float64(smooth))
					return scale * dot64(loss, weights)
				})
			}
			return [][]float32{grad, loss}
		})
	}
	eachThreads(t, func(t *testing.T, o *ops, threads int) [][]float32 {
		grad, before := append([]float32(nil), logits...), append([]float32(nil), ref...)
		loss, kl := nans(rows), nans(rows)
		o.crossEntropyKL(threads, grad, ref, vocab, targets, weights, loss, kl, scale, beta)
		agree(t, "reference", ref, before, 0)
		if threads == 1 {
			wantLoss, wantKL := forward(0)
			near(t, "loss", loss, wantLoss, 1e-6)
			near(t, "kl", kl, wantKL, 1e-5)
			check(t, grad, func() float64 {
				loss, kl := forward(0)
				return scale * (dot64(loss, weights) + beta*dot64(kl, weights))
			})
		}
		return [][]float32{grad, loss, kl}
	})
}

// TestDivergenceFromItself checks that equal logits do not diverge and give the
// gradient of the cross-entropy alone.
func TestDivergenceFromItself(t *testing.T) {
	const vocab = 50_257
	x := random(rngFor(t), vocab)
	for _, o := range machineLevels() {
		plain, both := append([]float32(nil), x...), append([]float32(nil), x...)
		loss, kl, weights, targets := nans(1), nans(1), []float32{1}, []int32{17}
		o.crossEntropy(1, plain, vocab, targets, weights, loss, 1, 0)
		o.crossEntropyKL(1, both, x, vocab, targets, weights, loss, kl, 1, 3)
		if !(math.Abs(float64(kl[0])) < 1e-6) {
			t.Errorf("%s: the divergence from itself is %g", o.level, kl[0])
		}
		agree(t, "gradient", both, plain, 1e-8)
	}
}

func TestLossNotFinite(t *testing.T) {
	const vocab = 100
	for _, o := range machineLevels() {
		for _, c := range []struct {
			bad  float32
			at   int  // the target is 40
			want bool // whether the loss is a number
		}{{nan, 0, false}, {nan, 40, false}, {nan, 99, false}, {inf, 0, false}, {inf, 40, false}, {-inf, 0, true}, {-inf, 99, true}} {
			rng := rngFor(t)
			weights, targets := []float32{1, 1}, []int32{40, 40}
			x, ref := random(rng, 2*vocab), random(rng, 2*vocab)
			x[c.at] = c.bad
			if c.want {
				ref[c.at] = c.bad // a token that neither model allows
			}
			for _, smooth := range []float32{0, 0.1} {
				if c.want && smooth != 0 {
					continue // smoothing asks for every token
				}
				grad, loss := append([]float32(nil), x...), nans(2)
				o.crossEntropy(1, grad, vocab, targets, weights, loss, 1, smooth)
				if got := loss[0] == loss[0]; got != c.want || o.finite(grad[:vocab]) != c.want {
					t.Errorf("%s: with logit %d %g the loss is %g", o.level, c.at, c.bad, loss[0])
				}
				if !o.finite(loss[1:]) || !o.finite(grad[vocab:]) {
					t.Errorf("%s: logit %d of another row makes the loss %g", o.level, c.at, loss[1])
				}
			}
			grad, loss, kl := append([]float32(nil), x...), nans(2), nans(2)
			o.crossEntropyKL(1, grad, ref, vocab, targets, weights, loss, kl, 1, 0.5)
			if o.finite(kl[:1]) != c.want || o.finite(loss[:1]) != c.want || o.finite(grad[:vocab]) != c.want {
				t.Errorf("%s: with logit %d %g the loss is %g, the divergence %g", o.level, c.at, c.bad, loss[0], kl[0])
			}
			if !o.finite(kl[1:]) || !o.finite(grad[vocab:]) {
				t.Errorf("%s: logit %d of another row makes the divergence %g", o.level, c.at, kl[1])
			}
			if !c.want {
				x, ref = random(rng, 2*vocab), random(rng, 2*vocab)
				ref[c.at] = c.bad
				o.crossEntropyKL(1, x, ref, vocab, targets, weights, loss, kl, 1, 0.5)
				if kl[0] == kl[0] || o.finite(x[:vocab]) {
					t.Errorf("%s: with reference logit %d %g the divergence is %g", o.level, c.at, c.bad, kl[0])
				}
			}
		}
	}
}
