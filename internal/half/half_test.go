package half

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestTo32(t *testing.T) {
	for h, want := range map[uint16]float32{
		0x3c00: 1, 0xc000: -2, 0x7bff: 65504, 0x0001: 1.0 / (1 << 24), 0x8400: -1.0 / (1 << 14), 0: 0,
		0x7c00: float32(math.Inf(1)), 0xfc00: float32(math.Inf(-1)),
	} {
		if got := To32(h); got != want {
			t.Errorf("To32(%#x) = %g, want %g", h, got, want)
		}
	}
	if got := To32(0x7e00); got == got {
		t.Errorf("To32 of NaN is %g", got)
	}
}

// TestEveryHalf converts every binary16 and bfloat16 there and back.
func TestEveryHalf(t *testing.T) {
	for h := range 1 << 16 {
		if f := To32(uint16(h)); f == f && From32(f) != uint16(h) {
			t.Fatalf("binary16 %#x is %g and came back as %#x", h, f, From32(f))
		}
		if f := BF16To32(uint16(h)); f == f && BF16From32(f) != uint16(h) {
			t.Fatalf("bfloat16 %#x is %g and came back as %#x", h, f, BF16From32(f))
		}
	}
	nan := float32(math.NaN())
	if a, b := To32(From32(nan)), BF16To32(BF16From32(nan)); a == a || b == b {
		t.Errorf("NaN came back as %g and %g", a, b)
	}
}

// TestNearest compares rounding with both neighbours.
func TestNearest(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200000 {
		f := float32(math.Ldexp(1+rng.Float64(), rng.IntN(44)-27))
		h := From32(f)
		for _, other := range []uint16{h - 1, h + 1} {
			if h == 0 || other == 0x7c00 || h == 0x7c00 {
				continue
			}
			here, there := math.Abs(float64(To32(h)-f)), math.Abs(float64(To32(other)-f))
			if there < here || there == here && h&1 == 1 {
				t.Fatalf("%g became %#x, but %#x is nearer or even", f, h, other)
			}
		}
	}
	for f, want := range map[float32]uint16{65519: 0x7bff, 65520: 0x7c00, 1e9: 0x7c00, 0x1p-25: 0, 0x1.8p-24: 2, 1e-10: 0} {
		if got := From32(f); got != want {
			t.Errorf("From32(%g) = %#x, want %#x", f, got, want)
		}
	}
}
