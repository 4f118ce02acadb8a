package reference

import (
	"math"
	"testing"
)

// near reports a relative difference (absolute below one) above 1e-7.
func near(t *testing.T, what string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range got {
		if !(math.Abs(got[i]-want[i]) <= 1e-7*max(1, math.Abs(want[i]))) {
			t.Errorf("%s[%d] = %.10f, want %.10f", what, i, got[i], want[i])
		}
	}
}

func TestGradient(t *testing.T) {
	x := []float64{0.5, -2, 30}
	got := Gradient(func(x []float64) float64 { return math.Sin(x[0])*x[1] + math.Log(x[2]) }, x)
	near(t, "gradient", got, []float64{-2 * math.Cos(0.5), math.Sin(0.5), 1.0 / 30})
	near(t, "x", x, []float64{0.5, -2, 30})
}

func TestRelativeError(t *testing.T) {
	for _, test := range []struct {
		got  []float32
		want []float64
		err  float64
	}{
		{[]float32{1, 2}, []float64{1, 2}, 0},
		{[]float32{1, -2}, []float64{1, -4}, 0.5},
		{[]float32{0.25, 0}, []float64{0, 0}, 0.25},
		{[]float32{float32(math.NaN()), 1}, []float64{0, 1}, math.Inf(1)},
	} {
		if err := RelativeError(test.got, test.want); err != test.err {
			t.Errorf("%v for %v: %g, want %g", test.got, test.want, err, test.err)
		}
	}
}

// TestFormulas compares operations with values worked out by hand or taken
// from tables.
func TestFormulas(t *testing.T) {
	near(t, "linear", Linear([]float64{1, 2, 3, 4}, []float64{1, 0, 0, 1, 1, 1}, []float64{0, 0, 10}, 2, 3), []float64{1, 2, 13, 3, 4, 17})
	near(t, "embedding", Embedding([]float64{1, 2, 3, 4, 5, 6}, 2, []int32{2, 0, 2}), []float64{5, 6, 1, 2, 5, 6})
	// The row 1, 3 has mean 2, variance 1 and mean square 5.
	near(t, "layer norm", LayerNorm([]float64{1, 3}, []float64{2, 3}, []float64{1, 1}, 0), []float64{-1, 4})
	near(t, "layer norm with eps", LayerNorm([]float64{1, 3}, []float64{2, 3}, []float64{1, 1}, 3), []float64{0, 2.5})
	near(t, "rms norm", RMSNorm([]float64{1, 3}, []float64{2, 1}, 4), []float64{2.0 / 3, 1})
	// Φ(1) = 0.8413447461 and Φ(-2) = 0.0227501319.
	near(t, "gelu", GELUErf([]float64{0, 1, -2}), []float64{0, 0.8413447461, -0.0455002639})
	if got := GELUTanh([]float64{1, -2}); math.Abs(got[0]-0.841192) > 1e-6 || math.Abs(got[1]+0.045402) > 1e-6 {
		t.Errorf("GELU by tanh of 1 and -2: %v", got)
	}
	near(t, "silu", SiLU([]float64{0, math.Log(3)}), []float64{0, 0.75 * math.Log(3)})
	near(t, "swiglu", SwiGLU([]float64{math.Log(3)}, []float64{4}), []float64{3 * math.Log(3)})
	near(t, "softmax", Softmax([]float64{0, math.Log(3), 1000, math.Inf(-1)}, 2), []float64{0.25, 0.75, 1, 0})
	near(t, "log softmax", LogSoftmax([]float64{1000, 1000}, 2), []float64{-math.Ln2, -math.Ln2})
}

func TestLosses(t *testing.T) {
	logits := []float64{0, math.Log(3), 0, 0, 5, -5}
	targets, weights := []int32{1, 0, -1}, []float64{2, 0.5, 7}
	ln3, ln4, ln2 := math.Log(3), math.Log(4), math.Ln2
	near(t, "cross-entropy", []float64{
		CrossEntropy(logits, 2, targets, nil, 0), CrossEntropy(logits, 2, targets, weights, 0), CrossEntropy(logits, 2, targets, weights, 0.1),
	}, []float64{
		ln4 - ln3 + ln2, 2*(ln4-ln3) + 0.5*ln2, 2*(0.95*(ln4-ln3)+0.05*ln4) + 0.5*ln2,
	})
	// From (1/2, 1/2) to (1/4, 3/4), and from (1/4, 3/4) to (1/2, 1/2).
	teacher := []float64{1, 1, 0, math.Log(3), 0, 0}
	near(t, "divergence", []float64{KL(teacher, logits, 2, targets, weights), KL(logits, logits, 2, targets, nil)}, []float64{
		2*(0.5*math.Log(2)+0.5*math.Log(2.0/3)) + 0.5*(0.25*math.Log(0.5)+0.75*math.Log(1.5)), 0,
	})
}

// TestLlama3Frequencies works out one frequency of each kind for a head of 128
// in Llama 3.1, whose theta is 500000 and whose limits are 2048 and 8192
// positions.
func TestLlama3Frequencies(t *testing.T) {
	plain := Frequencies(128, 500000, nil)
	scaled := Frequencies(128, 500000, &Llama3Scaling{Factor: 8, LowFreqFactor: 1, HighFreqFactor: 4, OriginalPositions: 8192})
	for i, f := range plain {
		wavelength := 2 * math.Pi / f
		want := f
		switch {
		case wavelength > 8192:
			want = f / 8
		case wavelength > 2048:
			smooth := (8192/wavelength - 1) / 3
			want = (1-smooth)*f/8 + smooth*f
		}
		if math.Abs(scaled[i]/want-1) > 1e-12 {
			t.Errorf("frequency %d is %g, want %g", i, scaled[i], want)
		}
	}
	near(t, "first and second frequency", plain[:2], []float64{1, math.Pow(500000, -1.0/64)})
	if scaled[28] != plain[28] || scaled[31] >= plain[31] || scaled[31] <= plain[31]/8 || scaled[40] != plain[40]/8 {
		t.Errorf("frequencies 28, 31, 40: %g, %g, %g of %g, %g, %g", scaled[28], scaled[31], scaled[40], plain[28], plain[31], plain[40])
	}
}

func TestRotary(t *testing.T) {
	// One head of 4 at position 1, its pairs (0, 2) and (1, 3) turned by 90 and
	// 180 degrees.
	got := Rotary([]float64{1, 2, 3, 4}, 1, 4, []int32{1}, []float64{math.Pi / 2, math.Pi})
	near(t, "rotated", got, []float64{-3, -2, 1, -4})
	// The product of a query and a key depends on their distance alone.
	q, k, freqs := random(6, 0, 1, 1, 1), random(6, 0, 1, 1, 2), Frequencies(6, 100, nil)
	product := func(i, j int32) (sum float64) {
		a, b := Rotary(q, 1, 6, []int32{i}, freqs), Rotary(k, 1, 6, []int32{j}, freqs)
		for d := range a {
			sum += a[d] * b[d]
		}
		return sum
	}
	near(t, "products at distance 4", []float64{product(4, 0), product(10, 6)}, []float64{product(5, 1), product(5, 1)})
}

func TestMask(t *testing.T) {
	for _, test := range []struct {
		mask Mask
		want []string
	}{
		{Mask{}, []string{"1000", "1100", "1110", "1111"}},
		{Mask{Window: 2}, []string{"1000", "1100", "0110", "0011"}},
		{Mask{Prefix: 3}, []string{"1110", "1110", "1110", "1111"}},
		{Mask{Prefix: 3, Window: 2}, []string{"1110", "1110", "1110", "0011"}},
	} {
		for i, row := range test.want {
			for j, c := range row {
				if test.mask.Sees(i, j) != (c == '1') {
					t.Errorf("%+v: position %d sees %d: %v", test.mask, i, j, test.mask.Sees(i, j))
				}
			}
		}
	}
}

// TestAttention knows the weights: equal keys give the mean of the visible
// values, and a key far along the query gives its own value.
func TestAttention(t *testing.T) {
	// Two heads share one key and value head of width 1.
	values, zeros := []float64{1, 2, 6}, []float64{0, 0, 0}
	queries := []float64{5, 0, 5, 0, 5, 0}
	near(t, "equal keys", Attention(queries, zeros, values, 2, 1, 1, Mask{}), []float64{1, 1, 1.5, 1.5, 3, 3})
	near(t, "a window", Attention(queries, zeros, values, 2, 1, 1, Mask{Window: 2}), []float64{1, 1, 1.5, 1.5, 4, 4})
	near(t, "a prefix", Attention(queries, zeros, values, 2, 1, 1, Mask{Prefix: 2}), []float64{1.5, 1.5, 1.5, 1.5, 3, 3})
	near(t, "a strong key", Attention(queries, []float64{0, 100, 0}, values, 2, 1, 1, Mask{}), []float64{1, 1, 2, 1.5, 2, 3})
	// Scores are over √dim: 4·ln 3/√16.
	q, k, v := make([]float64, 32), make([]float64, 32), make([]float64, 32)
	q[16], k[16], v[16] = 4, math.Log(3), 1
	if got := Attention(q, k, v, 1, 1, 16, Mask{}); math.Abs(got[16]-0.75) > 1e-12 {
		t.Errorf("weight of the second key %g, want 0.75", got[16])
	}
}
