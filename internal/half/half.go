// Package half converts the 16-bit floating-point formats of model files.
package half

import "math"

// To32 converts IEEE 754 binary16, exactly.
func To32(h uint16) float32 {
	sign, exp, frac := uint32(h>>15)<<31, uint32(h>>10)&31, uint32(h)&1023
	switch {
	case exp == 31:
		return math.Float32frombits(sign | 0xff<<23 | frac<<13)
	case exp != 0:
		return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
	}
	return math.Float32frombits(sign | math.Float32bits(float32(frac)/(1<<24)))
}

// From32 rounds to binary16: to nearest, ties to even; NaN stays NaN, and
// what is too large becomes infinite.
func From32(f float32) uint16 {
	b := math.Float32bits(f)
	sign, abs := uint16(b>>16)&0x8000, b&0x7fffffff
	switch {
	case abs > 0x7f800000:
		return sign | 0x7e00
	case abs >= 0x477ff000: // 65520, half way to what would come after 65504
		return sign | 0x7c00
	case abs < 0x38800000: // below 2^-14: a multiple of 2^-24
		return sign | uint16(math.RoundToEven(float64(math.Float32frombits(abs))*(1<<24)))
	}
	abs += 0xfff + abs>>13&1
	return sign | uint16(abs>>13-112<<10)
}

// BF16To32 converts bfloat16, exactly.
func BF16To32(h uint16) float32 { return math.Float32frombits(uint32(h) << 16) }

// BF16From32 rounds to bfloat16: to nearest, ties to even; NaN stays NaN.
func BF16From32(f float32) uint16 {
	b := math.Float32bits(f)
	if f != f {
		return uint16(b>>16) | 0x40
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}
