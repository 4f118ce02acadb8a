package kernel

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// TestRowsAlone wants each row of a product to have the same bits alone, among
// others, and for any number of goroutines: of few rows by GemmRows, and of more
// than FewRows by GemmMatrix.
func TestRowsAlone(t *testing.T) {
	const most = 45
	for _, o := range machineLevels() {
		for _, s := range []struct{ out, in int }{{3, 64}, {64, 64}, {70, 128}, {301, 192}, {33, 100}, {7, 5}, {130, 1100}} {
			for kind := F32; kind < kinds; kind++ {
				t.Run(fmt.Sprintf("%s/%v/%d×%d", o.level, kind, s.out, s.in), func(t *testing.T) {
					rng := rngFor(t)
					x, y0 := random(rng, most*s.in), random(rng, most*s.out)
					w, err := QuantizeMatrix(1, kind, s.out, s.in, random(rng, s.out*s.in))
					if err != nil {
						t.Fatal(err)
					}
					decoded := make([]float32, s.out*s.in)
					w.DecodeRows(decoded, 0, s.out)
					alone := slices.Clone(y0)
					for i := range most {
						o.gemmRows(1, 1, x[i*s.in:], s.in, []RowProduct{{W: w, Beta: 1, Y: alone[i*s.out:], LdY: s.out}})
					}
					want := slices.Clone(y0)
					gemmRef(false, true, most, s.out, s.in, 1, x, s.in, decoded, s.in, 1, want, s.out)
					for i, v := range alone {
						if math.Abs(float64(v-want[i])) > 1e-4*math.Sqrt(float64(s.in)) {
							t.Fatalf("element %d is %g, want %g", i, v, want[i])
						}
					}
					for _, m := range []int{2, 3, 5, 8, 9, 16, 31, most} {
						for threads := 1; threads <= 3; threads++ {
							y, second := slices.Clone(y0), make([]float32, m*s.out)
							o.gemmRows(threads, m, x, s.in, []RowProduct{{W: w, Beta: 1, Y: y, LdY: s.out}, {W: w, Y: second, LdY: s.out}})
							if !slices.Equal(y[:m*s.out], alone[:m*s.out]) {
								t.Errorf("%d rows on %d threads differ from rows alone", m, threads)
							}
						}
					}
					wide := slices.Clone(y0)
					o.gemmMatrix(1, true, most, x, s.in, w, 1, wide, s.out)
					for _, m := range []int{FewRows + 1, 14, 30} {
						y := slices.Clone(y0)
						o.gemmMatrix(2, true, m, x[s.in:], s.in, w, 1, y[s.out:], s.out)
						if !slices.Equal(y[s.out:(m+1)*s.out], wide[s.out:(m+1)*s.out]) {
							t.Errorf("%d of %d rows differ", m, most)
						}
					}
				})
			}
		}
	}
}

// TestCachedAttention compares with attention by its definition.
func TestCachedAttention(t *testing.T) {
	for _, c := range []struct {
		n, first, heads, kvHeads, hd int
		mask                         view
	}{
		{1, 0, 2, 1, 16, view{}}, {1, 300, 4, 2, 16, view{}}, {1, 8000, 3, 3, 8, view{}},
		{7, 130, 4, 2, 32, view{}}, {200, 0, 2, 2, 64, view{}}, {150, 90, 6, 2, 20, view{}},
		{1, 300, 4, 2, 16, view{window: 140}}, {150, 90, 2, 1, 16, view{window: 7}}, {300, 0, 2, 1, 16, view{window: 200}},
		{90, 0, 2, 1, 16, view{prefix: 90}}, {200, 0, 2, 1, 16, view{prefix: 130}}, {20, 60, 2, 1, 16, view{prefix: 60}},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			rng := rngFor(t)
			total := c.first + c.n
			c.mask.n = total
			ldq, ldo, kv := c.heads*c.hd+3, c.heads*c.hd, c.kvHeads*c.hd
			q, k, v := random(rng, c.n*ldq), random(rng, total*kv), random(rng, total*kv)
			want := make([]float64, c.n*ldo)
			sees := func(i, j int) bool {
				return i < c.mask.prefix && j < c.mask.prefix || j <= i && (c.mask.window == 0 || j > i-c.mask.window)
			}
			for i := range c.n {
				for h := range c.heads {
					at, sum := h/(c.heads/c.kvHeads)*c.hd, 0.0
					to := want[i*ldo+h*c.hd:][:c.hd]
					for j := range total {
						if !sees(c.first+i, j) {
							continue
						}
						dot := 0.0
						for d := range c.hd {
							dot += float64(q[i*ldq+h*c.hd+d]) * float64(k[j*kv+at+d])
						}
						p := math.Exp(dot / math.Sqrt(float64(c.hd)))
						sum += p
						for d := range c.hd {
							to[d] += p * float64(v[j*kv+at+d])
						}
					}
					for d := range to {
						to[d] /= sum
					}
				}
			}
			ldk := total + 5
			keys, values := random(rng, kv*ldk+CachePad), append(v, random(rng, CachePad)...)
			for j := range total {
				for i := range kv {
					keys[i*ldk+j] = k[j*kv+i]
				}
			}
			for _, o := range machineLevels() {
				out := make([]float32, c.n*ldo)
				for g := range c.kvHeads {
					o.cachedAttention(out, ldo, q, ldq, keys, ldk, values, c.n, c.first, g, c.heads, c.kvHeads, c.hd, c.mask)
				}
				for i, x := range out {
					if !(math.Abs(float64(x)-want[i]) < 1e-5) {
						t.Fatalf("%s: element %d is %g, want %g", o.level, i, x, want[i])
					}
				}
			}
		})
	}
}
