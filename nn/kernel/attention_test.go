package kernel

import (
	"fmt"
	"math"
	"testing"
)

// sees is the definition of a mask.
func sees(m Mask, sequence, i, j int) bool {
	prefix := 0
	if m.Prefix != nil {
		prefix = int(m.Prefix[sequence])
	}
	return i < prefix && j < prefix || j <= i && (m.Window == 0 || i-j < m.Window)
}

// attentionRef is attention by its definition, in float64.
func attentionRef(q, k, v []float32, heads, kvHeads, hd int, bounds []int32, mask Mask) (out, lse []float64) {
	out, lse = make([]float64, len(q)), make([]float64, len(q)/hd)
	at := func(x []float32, token, heads, h, i int) float64 { return float64(x[(token*heads+h)*hd+i]) }
	for s := range len(bounds) - 1 {
		for t := int(bounds[s]); t < int(bounds[s+1]); t++ {
			for h := range heads {
				kv := h / (heads / kvHeads)
				var scores []float64
				most := math.Inf(-1)
				for u := int(bounds[s]); u < int(bounds[s+1]); u++ {
					if !sees(mask, s, t-int(bounds[s]), u-int(bounds[s])) {
						scores = append(scores, math.Inf(-1))
						continue
					}
					var dot float64
					for i := range hd {
						dot += at(q, t, heads, h, i) * at(k, u, kvHeads, kv, i)
					}
					dot /= math.Sqrt(float64(hd))
					scores = append(scores, dot)
					most = max(most, dot)
				}
				var sum float64
				for _, x := range scores {
					sum += math.Exp(x - most)
				}
				lse[t*heads+h] = most + math.Log(sum)
				for u, x := range scores {
					p := math.Exp(x - lse[t*heads+h])
					for i := range hd {
						out[(t*heads+h)*hd+i] += p * at(v, int(bounds[s])+u, kvHeads, kv, i)
					}
				}
			}
		}
	}
	return out, lse
}

func TestAttention(t *testing.T) {
	cases := []struct {
		heads, kvHeads, hd int
		bounds             []int32
		mask               Mask
	}{
		{1, 1, 8, []int32{0, 1}, Mask{}},
		{2, 1, 16, []int32{0, 5, 5, 70}, Mask{}},
		{4, 2, 32, []int32{0, 129, 200}, Mask{}},
		{2, 2, 64, []int32{0, 33, 97, 98}, Mask{}},
		{3, 1, 20, []int32{0, 300}, Mask{}},
		{1, 1, 8, []int32{0, 530}, Mask{}},
		{2, 1, 8, []int32{0, 40, 370}, Mask{Window: 1}},
		{2, 1, 36, []int32{0, 40, 370}, Mask{Window: 17}},
		{1, 1, 8, []int32{0, 370}, Mask{Window: 100}},
		{2, 1, 8, []int32{0, 40, 150, 160}, Mask{Prefix: []int32{0, 75, 99}}},
		{1, 1, 8, []int32{0, 400, 470}, Mask{Prefix: []int32{300, 1}}},
		{1, 1, 8, []int32{0, 200, 240}, Mask{Prefix: []int32{150, 39}, Window: 30}},
	}
	for _, c := range cases {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			rng := rngFor(t)
			tokens := int(c.bounds[len(c.bounds)-1])
			q, k, v := random(rng, tokens*c.heads*c.hd), random(rng, tokens*c.kvHeads*c.hd), random(rng, tokens*c.kvHeads*c.hd)
			want, wantLSE := attentionRef(q, k, v, c.heads, c.kvHeads, c.hd, c.bounds, c.mask)
			dout := random(rng, len(q))
			var grads [][]float32 // of the first level
			eachThreads(t, func(t *testing.T, o *ops, threads int) [][]float32 {
				out, lse := nans(len(q)), nans(tokens*c.heads)
				args := attentionArgs{
					out: out, lse: lse, q: q, k: k, v: v, headsOf: headsOf{c.heads, c.kvHeads, c.hd}, bounds: c.bounds, mask: c.mask,
				}
				o.attention(threads, args)
				near(t, "out", out, want, 1e-5)
				near(t, "lse", lse, wantLSE, 1e-5)
				dq, dk, dv := nans(len(q)), nans(len(k)), nans(len(v))
				args.dq, args.dk, args.dv, args.dout = dq, dk, dv, dout
				o.attentionGrad(threads, args)
				if grads == nil {
					grads = [][]float32{dq, dk, dv}
				}
				for i, x := range [][]float32{dq, dk, dv} {
					agree(t, []string{"dq", "dk", "dv"}[i], x, grads[i], 1e-4)
				}
				return [][]float32{out, lse, dq, dk, dv}
			})
			loss := func() float64 {
				out, _ := attentionRef(q, k, v, c.heads, c.kvHeads, c.hd, c.bounds, c.mask)
				return dot64(out, dout)
			}
			checkGrad(t, "dq", q, grads[0], loss)
			checkGrad(t, "dk", k, grads[1], loss)
			checkGrad(t, "dv", v, grads[2], loss)
		})
	}
}

func nans(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(math.NaN())
	}
	return x
}

func near(t *testing.T, name string, got []float32, want []float64, tol float64) {
	t.Helper()
	for i, w := range want {
		if d := math.Abs(float64(got[i]) - w); !(d <= tol*(1+math.Abs(w))) {
			t.Fatalf("%s[%d] is %g, want %g", name, i, got[i], w)
		}
	}
}

func dot64(a []float64, b []float32) float64 {
	var s float64
	for i, x := range a {
		s += x * float64(b[i])
	}
	return s
}

// checkGrad compares d, the gradient of loss with respect to x, with central
// differences at a few elements.
func checkGrad(t *testing.T, name string, x, d []float32, loss func() float64) {
	t.Helper()
	rng := rngFor(t)
	for range 4 {
		i := rng.IntN(len(x))
		old := x[i]
		x[i] = old + 1e-2
		up, xUp := loss(), x[i]
		x[i] = old - 1e-2
		down, xDown := loss(), x[i]
		x[i] = old
		want := (up - down) / (float64(xUp) - float64(xDown))
		if e := math.Abs(float64(d[i]) - want); !(e <= 2e-3*(1+math.Abs(want))) {
			t.Errorf("%s[%d] is %g, finite differences give %g", name, i, d[i], want)
		}
	}
}
