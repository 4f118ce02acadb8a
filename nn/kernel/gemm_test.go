package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// random returns n values from a normal distribution.
func random(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}

func rngFor(t testing.TB) *rand.Rand {
	t.Helper()
	return rand.New(rand.NewPCG(1, 2))
}

// gemmRef is the product by its definition, in float64.
func gemmRef(transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	for i := range m {
		for j := range n {
			var s float64
			for p := range k {
				x, y := i*lda+p, p*ldb+j
				if transA {
					x = p*lda + i
				}
				if transB {
					y = j*ldb + p
				}
				s += float64(a[x]) * float64(b[y])
			}
			s *= float64(alpha)
			if beta != 0 {
				s += float64(beta) * float64(c[i*ldc+j])
			}
			c[i*ldc+j] = float32(s)
		}
	}
}

// variant is Gemm or GemmBF16 on one level.
type variant struct {
	*ops
	name string
	bf16 bool
}

func variants() []variant {
	var all []variant
	for _, o := range machineLevels() {
		all = append(all, variant{o, o.level, false}, variant{o, o.level + " bf16", true})
		if o.gemmBF16.perStep > 1 { // as on a machine without these instructions
			rounding := *o
			rounding.gemmBF16 = o.gemm.rounding()
			all = append(all, variant{&rounding, o.level + " rounding", true})
		}
	}
	return all
}

// operand returns x as the variant takes it.
func (v variant) operand(x []float32) []float32 {
	x = slices.Clone(x)
	if v.bf16 {
		roundAllBF16(x)
	}
	return x
}

func TestGemm(t *testing.T) {
	shapes := [][3]int{{1, 1, 1}, {1, 256, 64}, {2, 7, 3}, {3, 33, 17}, {5, 40, 300}, {8, 100, 129}, {13, 31, 15}, {14, 32, 64}, {15, 33, 65},
		{29, 95, 31}, {64, 64, 32}, {100, 47, 10}, {57, 130, 700}, {200, 260, 1}, {129, 513, 33}, {4, 4, 0}, {0, 3, 3}, {3, 0, 3}}
	coefs := [][2]float32{{1, 0}, {0.5, 1}, {-2, 0.25}, {0, 1}}
	for _, s := range shapes {
		for trans := range 4 {
			for i, coef := range coefs {
				if s[0]*s[1]*s[2] < 1<<16 || i == trans {
					testGemm(t, trans&1 != 0, trans&2 != 0, s[0], s[1], s[2], coef[0], coef[1])
				}
			}
		}
	}
}

// testGemm compares Gemm on every level with gemmRef.
func testGemm(t *testing.T, transA, transB bool, m, n, k int, alpha, beta float32) {
	t.Helper()
	rng := rngFor(t)
	rowsA, colsA, rowsB, colsB := m, k, k, n
	if transA {
		rowsA, colsA = k, m
	}
	if transB {
		rowsB, colsB = n, k
	}
	lda, ldb, ldc := colsA+rng.IntN(5), colsB+rng.IntN(5), n+1+rng.IntN(4)
	a, b := random(rng, rowsA*lda), random(rng, rowsB*ldb)
	c := random(rng, m*ldc)
	if beta == 0 {
		for i := range m {
			for j := range n {
				c[i*ldc+j] = float32(math.NaN())
			}
		}
	}
	exact, rounded := slices.Clone(c), slices.Clone(c)
	gemmRef(transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, exact, ldc)
	roundedA, roundedB := variant{bf16: true}.operand(a), variant{bf16: true}.operand(b)
	gemmRef(transA, transB, m, n, k, alpha, roundedA, lda, roundedB, ldb, beta, rounded, ldc)
	for _, v := range variants() {
		name := fmt.Sprint(v.name, transA, transB, m, n, k, alpha, beta)
		want := exact
		if v.bf16 {
			want = rounded
		}
		var first []float32
		for _, threads := range []int{1, 2, 3} {
			got := append([]float32(nil), c...)
			v.gemmOf(v.bf16, threads, transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, got, ldc)
			tol := 3e-7 * float64(k+16) * max(1, math.Abs(float64(alpha)))
			for i := range got {
				if d := math.Abs(float64(got[i] - want[i])); !(d <= tol) {
					t.Fatalf("%s, %d threads: element %d is %g, want %g", name, threads, i, got[i], want[i])
				}
			}
			if first == nil {
				first = got
			}
			if i := differs(first, got); i >= 0 {
				t.Fatalf("%s: element %d is %g with 1 thread and %g with %d", name, i, first[i], got[i], threads)
			}
		}
	}
}

// differs returns the index of the first element whose bits differ, or -1.
func differs(a, b []float32) int {
	for i := range a {
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) {
			return i
		}
	}
	return -1
}

func TestGemmSplits(t *testing.T) {
	// So much k and so much B that the product is cut into several.
	rng := rngFor(t)
	const m, n, k = 3, 5, 2*maxDepth + 101
	a, b := random(rng, m*k), random(rng, n*k)
	for _, v := range variants() {
		want, c := make([]float32, m*n), make([]float32, m*n)
		gemmRef(true, false, m, n, k, 1, v.operand(a), m, v.operand(b), n, 0, want, n)
		v.gemmOf(v.bf16, 2, true, false, m, n, k, 1, a, m, b, n, 0, c, n)
		agree(t, v.name, c, want, 1e-3)
	}
	const wide = maxPackedB/maxDepth + 50
	b = random(rng, wide*maxDepth)
	c, want := make([]float32, wide), make([]float32, wide)
	gemmRef(false, false, 1, wide, maxDepth, 1, a, k, b, wide, 0, want, wide)
	for _, o := range machineLevels() {
		o.gemmAll(2, false, false, 1, wide, maxDepth, 1, a, k, b, wide, 0, c, wide)
		agree(t, o.level, c, want, 1e-3)
	}
}

func TestGemmRandomShapes(t *testing.T) {
	rng := rngFor(t)
	for range 40 {
		m, n, k := 1+rng.IntN(100), 1+rng.IntN(150), 1+rng.IntN(100)
		testGemm(t, rng.IntN(2) == 0, rng.IntN(2) == 0, m, n, k, 1, float32(rng.IntN(3)))
	}
	// Several slices of k, and enough work for many items.
	testGemm(t, true, false, 150, 200, sliceDepth+51, 1, 0)
	testGemm(t, false, true, 300, 200, 401, 1, 1)
}

func TestGemmNarrow(t *testing.T) {
	// Tiles that are full, half full, and more or less than that; rows that compete
	// for the cache; more than one depth of k.
	for _, n := range []int{1, 15, 16, 17, 31, 33, 48, 49, 64, 65} {
		for trans := range 4 {
			testGemm(t, trans&1 != 0, trans&2 != 0, 4*n+3, n, turnedDepth+1, 1, float32(n%3))
		}
	}
	testGemm(t, false, true, 100, 16, 3*depth+5, -2, 0.5)
	rng := rngFor(t)
	const m, n, k = 70, 16, 1024
	for _, o := range machineLevels() {
		a, b := random(rng, m*k), random(rng, k*n)
		want, c := make([]float32, m*n), make([]float32, m*n)
		gemmRef(false, false, m, n, k, 1, a, k, b, n, 0, want, n)
		o.gemmAll(2, false, false, m, n, k, 1, a, k, b, n, 0, c, n)
		agree(t, o.level, c, want, 1e-3)
	}
}

func TestGemmMatrixBF16(t *testing.T) {
	const rows, cols = 70, 96
	for kind := range Kind(kinds) {
		for _, m := range []int{3, 20} {
			for _, transW := range []bool{true, false} {
				rng := rngFor(t)
				w := quantize(t, kind, rows, cols, random(rng, rows*cols))
				n, k := cols, rows
				if transW {
					n, k = rows, cols
				}
				x, y := random(rng, m*k), random(rng, m*n)
				for _, v := range variants() {
					if !v.bf16 {
						continue
					}
					operand := v.operand
					if transW && m <= fewRows {
						operand = slices.Clone
					}
					want, got := slices.Clone(y), slices.Clone(y)
					gemmRef(false, transW, m, n, k, 1, operand(x), k, operand(decodeRef(w)), cols, 0.5, want, n)
					v.gemmMatrixOf(true, 2, transW, m, x, k, w, 0.5, got, n)
					agree(t, fmt.Sprint(v.name, kind, m, transW), got, want, 1e-5)
				}
			}
		}
	}
}

func TestGemmNotFinite(t *testing.T) {
	// A value that is not finite reaches its row or column and no other.
	const m, n, k = 20, 40, 33
	for _, o := range variants() {
		for _, bad := range []float32{nan, inf} {
			rng := rngFor(t)
			a, b, c := random(rng, m*k), random(rng, k*n), make([]float32, m*n)
			a[7*k+5] = bad
			b[9*n+35] = nan
			o.gemmOf(o.bf16, 2, false, false, m, n, k, 1, a, k, b, n, 0, c, n)
			for i := range m {
				for j := range n {
					if got, want := !o.finite(c[i*n+j:][:1]), i == 7 || j == 35; got != want {
						t.Fatalf("%s: C[%d,%d] is %g", o.name, i, j, c[i*n+j])
					}
				}
			}
		}
	}
}

func TestGemmPanics(t *testing.T) {
	x := make([]float32, 100)
	for name, f := range map[string]func(){
		"A":  func() { Gemm(1, false, false, 11, 2, 10, 1, x, 10, x, 2, 0, make([]float32, 22), 2) },
		"B":  func() { Gemm(1, false, true, 2, 11, 10, 1, x, 10, x, 10, 0, make([]float32, 22), 11) },
		"C":  func() { Gemm(1, false, false, 10, 10, 10, 1, x, 10, x, 10, 0, make([]float32, 99), 10) },
		"ld": func() { Gemm(1, true, false, 10, 10, 10, 1, x, 9, x, 10, 0, make([]float32, 100), 10) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s is too short, but Gemm did not panic", name)
				}
			}()
			f()
		}()
	}
}
