package gguf

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
)

// block makes a block of zeros with a binary16 number at an offset.
func block(size int, halves map[int]uint16) []byte {
	b := make([]byte, size)
	for at, h := range halves {
		binary.LittleEndian.PutUint16(b[at:], h)
	}
	return b
}

const (
	two   = 0x4000 // binary16
	halfs = 0x3800 // 0.5
)

// TestBlocks decodes blocks that were computed by hand from the layouts in
// ggml-common.h.
func TestBlocks(t *testing.T) {
	q8 := block(34, map[int]uint16{0: halfs})
	q8[2], q8[2+31] = 0x80, 127 // -128 and 127

	q4 := block(18, map[int]uint16{0: two})
	q4[2], q4[2+15] = 0x9f, 0x30 // elements 0 and 16: 15 and 9; 15 and 31: 0 and 3

	// Scale 2, minimum 0.5. Group 1: scale 3, minimum 5. Group 6: scale 0b110101
	// and minimum 0b100011, whose upper two bits lie above those of group 2.
	q4k := block(144, map[int]uint16{0: two, 2: halfs})
	q4k[4+1], q4k[4+5] = 3, 5
	q4k[4+10] = 0x35
	q4k[4+2], q4k[4+6] = 0b11<<6, 0b10<<6
	q4k[16+7] = 0xc0    // group 1, element 7: 12
	q4k[16+96+31] = 0x9 // group 6, element 31: 9

	// Scale 0.5; the scale of elements 160 to 175 is -3, of 0 to 15 is 7.
	q6k := block(210, map[int]uint16{208: halfs})
	q6k[192+10], q6k[192] = 0xfd, 7
	q6k[64+32+4] = 0x0b    // low bits of element 128+32+4: 11
	q6k[128+32+4] = 0b1100 // its high bits: 3
	q6k[0] = 0x05          // element 0: 5, high bits 0

	for _, test := range []struct {
		name string
		kind Type
		raw  []byte
		want map[int]float32
	}{
		{"q8", Q8_0, q8, map[int]float32{0: -64, 31: 63.5, 1: 0}},
		{"q4", Q4_0, q4, map[int]float32{0: 14, 16: 2, 15: -16, 31: -10, 1: -16}},
		{"q4k", Q4_K, q4k, map[int]float32{39: 2*3*12 - 0.5*5, 40: -0.5 * 5, 192 + 31: 2*53*9 - 0.5*35, 192: -0.5 * 35, 0: 0}},
		{"q6k", Q6_K, q6k, map[int]float32{164: 0.5 * -3 * (59 - 32), 161: 0.5 * -3 * -32, 0: 0.5 * 7 * (5 - 32), 15: 0.5 * 7 * -32, 16: 0, 32: 0}},
	} {
		f := formats[test.kind]
		if len(test.raw) != f.bytes {
			t.Fatalf("%s: %d bytes, the format has %d", test.name, len(test.raw), f.bytes)
		}
		got := make([]float32, f.elements)
		f.decode(got, test.raw)
		for i, want := range test.want {
			if got[i] != want {
				t.Errorf("%s: element %d is %g, want %g", test.name, i, got[i], want)
			}
		}
	}
}

// TestEncodeQ8 wants no element farther off than half a step, and zeros kept.
func TestEncodeQ8(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	raw, got := make([]byte, 34), make([]float32, 32)
	for range 100 {
		src := make([]float32, 32)
		largest := 0.0
		for i := range src {
			src[i] = float32(rng.NormFloat64())
			largest = max(largest, math.Abs(float64(src[i])))
		}
		encodeQ8(raw, src)
		decodeQ8(got, raw)
		for i := range src {
			// Half a step, and 2^-11 of the scale's own rounding.
			if d := math.Abs(float64(got[i] - src[i])); d > largest/127*0.5+largest/2048 {
				t.Fatalf("%g came back as %g where the largest is %g", src[i], got[i], largest)
			}
		}
	}
	encodeQ8(raw, make([]float32, 32))
	decodeQ8(got, raw)
	for _, v := range got {
		if v != 0 {
			t.Errorf("zero came back as %g", v)
		}
	}
}
