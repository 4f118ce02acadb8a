package kernel

import (
	"errors"
	"fmt"
	"math"
	"testing"
)

var storedShapes = [][2]int{{1, 1}, {1, 64}, {3, 7}, {5, 64}, {33, 128}, {40, 172}, {17, 192}, {70, 63}, {129, 320}, {9, 65}}

func quantize(t *testing.T, kind Kind, rows, cols int, data []float32) *Matrix {
	t.Helper()
	w, err := QuantizeMatrix(2, kind, rows, cols, data)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// decodeRef decodes element by element, from the layout that the documentation
// gives.
func decodeRef(w *Matrix) []float32 {
	p := w.Parts()
	f32 := func(b []byte, i int) float32 {
		return math.Float32frombits(uint32(b[4*i]) | uint32(b[4*i+1])<<8 | uint32(b[4*i+2])<<16 | uint32(b[4*i+3])<<24)
	}
	x := make([]float32, w.Rows*w.Cols)
	for i := range x {
		row, col := i/w.Cols, i%w.Cols
		switch w.Kind {
		case F32:
			x[i] = f32(p[0].Data, i)
		case BF16:
			x[i] = math.Float32frombits(uint32(p[0].Data[2*i])<<16 | uint32(p[0].Data[2*i+1])<<24)
		case Int8:
			x[i] = float32(int8(p[0].Data[i])) * f32(p[1].Data, row*((w.Cols+63)/64)+col/64)
		case NF4:
			code := p[0].Data[i/2] >> 4
			if i%2 == 1 {
				code = p[0].Data[i/2] & 15
			}
			absmax := dynamicLevels[p[1].Data[i/64]]*f32(p[2].Data, i/64/256) + f32(p[3].Data, 0)
			x[i] = nf4Levels[code] * absmax
		}
	}
	return x
}

func TestDecodeRows(t *testing.T) {
	for kind := range Kind(kinds) {
		for _, s := range storedShapes {
			rows, cols := s[0], s[1]
			rng := rngFor(t)
			w := quantize(t, kind, rows, cols, random(rng, rows*cols))
			want := decodeRef(w)
			for _, o := range machineLevels() {
				for range 4 {
					lo := rng.IntN(rows)
					hi := lo + rng.IntN(rows-lo+1)
					got := nans((hi-lo)*cols + 1)
					o.decodeRows(w, got, lo, hi)
					agree(t, fmt.Sprint(o.level, kind, s), got[:len(got)-1], want[lo*cols:hi*cols], 0)
					if got[len(got)-1] == 0 {
						t.Fatalf("%s %v: wrote past the rows", o.level, kind)
					}
				}
			}
		}
	}
}

// TestQuantize checks how far values are from what is stored of them.
func TestQuantize(t *testing.T) {
	const rows, cols = 90, 333
	x := random(rngFor(t), rows*cols)
	for i := range 64 {
		x[cols*3+i] = 0
	}
	x[5] = 60 // a block of another magnitude
	for _, c := range []struct {
		kind Kind
		rms  float64 // of the error, relative
		bits float64 // an element, at most
	}{{F32, 0, 32}, {BF16, 0.003, 16}, {Int8, 0.03, 8.6}, {NF4, 0.12, 4.2}} {
		w := quantize(t, c.kind, rows, cols, x)
		var errs, squares float64
		for i, v := range decodeRef(w) {
			if i < 128 { // the block of the outlier, and one that may share a row with it
				continue
			}
			errs += (float64(v) - float64(x[i])) * (float64(v) - float64(x[i]))
			squares += float64(x[i]) * float64(x[i])
		}
		if rms := math.Sqrt(errs / squares); !(rms <= c.rms) {
			t.Errorf("%v: the relative error is %g, want at most %g", c.kind, rms, c.rms)
		}
		if bits := float64(w.SizeBytes()) * 8 / (rows * cols); bits > c.bits {
			t.Errorf("%v: an element takes %g bits, want at most %g", c.kind, bits, c.bits)
		}
	}
}

func TestQuantizeSpecialValues(t *testing.T) {
	tiny := float32(math.SmallestNonzeroFloat32)
	for _, x := range [][]float32{{0}, {0, 0, 0}, {tiny, -tiny, 0}, {3e38, -3e38}, {5, 5, 5}} {
		for kind := range Kind(kinds) {
			w := quantize(t, kind, 1, len(x), x)
			for i, v := range decodeRef(w) {
				if d := math.Abs(float64(v) - float64(x[i])); !(d <= 0.02*math.Abs(float64(x[i])) || d <= 2*float64(tiny)) && kind != BF16 {
					t.Errorf("%v: %g is stored as %g", kind, x[i], v)
				}
			}
		}
		for _, bad := range []float32{nan, inf, -inf} {
			y := append([]float32{bad}, x...)
			for _, kind := range []Kind{Int8, NF4} {
				if _, err := QuantizeMatrix(1, kind, 1, len(y), y); err == nil {
					t.Errorf("%v stored %g", kind, bad)
				}
			}
			if got := decodeRef(quantize(t, BF16, 1, len(y), y))[0]; got != bad && got == got {
				t.Errorf("bf16 stored %g as %g", bad, got)
			}
		}
	}
	// Halves go to even: 1+2^-8 lies between 1 and 1+2^-7.
	for x, want := range map[float32]float32{1 + 0x1p-8: 1, 1 + 0x3p-8: 1 + 0x1p-6, -1 - 0x1p-8: -1, 1 + 0x1p-8 + 0x1p-20: 1 + 0x1p-7} {
		if got := decodeRef(quantize(t, BF16, 1, 1, []float32{x}))[0]; got != want {
			t.Errorf("bf16 stored %g as %g, want %g", x, got, want)
		}
	}
}

// TestDynamicLevels checks what is known of bitsandbytes' map.
func TestDynamicLevels(t *testing.T) {
	for i, want := range map[int]float32{0: -0.99296875, 1: -0.97890625, 255: 1, 254: 0.99296875, 127: 0, 126: -5.5e-7, 128: 5.5e-7, 129: 3.25e-6} {
		if got := dynamicLevels[i]; math.Abs(float64(got-want)) > 1e-6*math.Abs(float64(want)) {
			t.Errorf("level %d is %g, want %g", i, got, want)
		}
	}
	for i := 1; i < 256; i++ {
		if dynamicLevels[i] <= dynamicLevels[i-1] {
			t.Errorf("level %d is %g after %g", i, dynamicLevels[i], dynamicLevels[i-1])
		}
	}
}

func TestMatrixFromBytes(t *testing.T) {
	const rows, cols = 6, 100
	x := random(rngFor(t), rows*cols)
	for kind := range Kind(kinds) {
		w := quantize(t, kind, rows, cols, x)
		var data [][]byte
		size := 0
		for _, p := range w.Parts() {
			data = append(data, p.Data)
			size += len(p.Data)
		}
		if w.SizeBytes() != size {
			t.Errorf("%v: SizeBytes is %d, want %d", kind, w.SizeBytes(), size)
		}
		again, err := MatrixFromBytes(kind, rows, cols, data...)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]float32, len(x))
		again.DecodeRows(got, 0, rows)
		agree(t, kind.String(), got, decodeRef(w), 0)

		if _, err := MatrixFromBytes(kind, rows, cols, data[1:]...); err == nil {
			t.Errorf("%v: a part is missing, but there is no error", kind)
		}
		for i := range data {
			for _, wrong := range [][]byte{nil, data[i][1:], append(data[i][:len(data[i]):len(data[i])], 0)} {
				parts := append([][]byte(nil), data...)
				parts[i] = wrong
				if _, err := MatrixFromBytes(kind, rows, cols, parts...); err == nil {
					t.Errorf("%v: part %d has %d bytes, but there is no error", kind, i, len(wrong))
				}
			}
			parts := append([][]byte(nil), data...)
			parts[i] = alignedBytes(len(data[i]) + 1)[1:]
			_, err := MatrixFromBytes(kind, rows, cols, parts...)
			if d := w.Parts()[i].DType; (d == "F32" || d == "BF16") != errors.Is(err, ErrUnaligned) {
				t.Errorf("%v: part %d of %s lies at an odd address: %v", kind, i, d, err)
			}
		}
	}
	for _, s := range [][2]int{{0, 1}, {1, 0}, {-1, -1}, {math.MaxInt, 2}, {1 << 40, 1 << 40}, {math.MaxInt / 2, 3}} {
		for kind := range Kind(kinds) {
			if _, err := MatrixFromBytes(kind, s[0], s[1], nil); err == nil {
				t.Errorf("%v: no error for %d×%d", kind, s[0], s[1])
			}
		}
	}
	for _, kind := range []Kind{-1, kinds} {
		if _, err := MatrixFromBytes(kind, 1, 1, make([]byte, 4)); err == nil {
			t.Errorf("no error for %v", kind)
		}
	}
}

func TestGemmMatrix(t *testing.T) {
	shapes := append([][2]int{{1500, 768}, {100, 20_000}}, storedShapes...)
	for kind := range Kind(kinds) {
		for _, s := range shapes {
			rows, cols := s[0], s[1]
			rng := rngFor(t)
			w := quantize(t, kind, rows, cols, random(rng, rows*cols))
			decoded := decodeRef(w)
			for _, m := range []int{1, 2, 5, 8, 11} {
				betas := []float32{0, 1, 0.5}
				if rows*cols > 1<<20 { // several blocks
					if betas = betas[2:]; m != 1 && m != 11 {
						continue
					}
				}
				for _, transW := range []bool{true, false} {
					for _, beta := range betas {
						n, k := cols, rows
						if transW {
							n, k = rows, cols
						}
						ldx, ldy := k+rng.IntN(3), n+rng.IntN(3)
						x, y := random(rng, m*ldx), random(rng, m*ldy)
						want := append([]float32(nil), y...)
						gemmRef(false, transW, m, n, k, 1, x, ldx, decoded, cols, beta, want, ldy)
						for _, o := range machineLevels() {
							var first []float32
							for _, threads := range []int{1, 3} {
								got := append([]float32(nil), y...)
								o.gemmMatrix(threads, transW, m, x, ldx, w, beta, got, ldy)
								name := fmt.Sprint(o.level, kind, s, m, transW, beta, threads)
								agree(t, name, got, want, 3e-6*math.Sqrt(float64(k))+2e-6)
								if first == nil {
									first = got
								}
								if i := differs(first, got); i >= 0 {
									t.Fatalf("%s: element %d is %g with 1 thread, %g with %d", name, i, first[i], got[i], threads)
								}
							}
						}
					}
				}
			}
		}
	}
}

// TestGemmMatrixNotFinite checks that NaN in x is seen, also beside weights of 0.
func TestGemmMatrixNotFinite(t *testing.T) {
	const rows, cols = 20, 128
	for kind := range Kind(kinds) {
		w := quantize(t, kind, rows, cols, make([]float32, rows*cols))
		for _, m := range []int{1, 3, 10} {
			for _, o := range machineLevels() {
				x, y := make([]float32, m*cols), make([]float32, m*rows)
				x[(m-1)*cols+77] = nan
				o.gemmMatrix(1, true, m, x, cols, w, 0, y, rows)
				for i, v := range y {
					if (v != v) != (i/rows == m-1) {
						t.Fatalf("%s %v: with NaN in row %d, row %d is %g", o.level, kind, m-1, i/rows, v)
					}
				}
			}
		}
	}
}
