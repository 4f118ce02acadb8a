package gguf

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"adapt/internal/half"
)

// A Type is how a tensor's elements are stored, by ggml's numbers.
type Type uint32

// The types that are read. F32, F16, BF16 and Q8_0 are written too.
const (
	F32  Type = 0
	F16  Type = 1
	Q4_0 Type = 2
	Q8_0 Type = 8
	Q4_K Type = 12
	Q6_K Type = 14
	BF16 Type = 30
)

var typeNames = map[Type]string{
	F32: "F32", F16: "F16", Q4_0: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", Q8_0: "Q8_0", 9: "Q8_1", 10: "Q2_K", 11: "Q3_K",
	Q4_K: "Q4_K", 13: "Q5_K", Q6_K: "Q6_K", 15: "Q8_K", BF16: "BF16",
}

func (t Type) String() string {
	if name, ok := typeNames[t]; ok {
		return name
	}
	return fmt.Sprintf("Type(%d)", uint32(t))
}

// A format stores elements in blocks.
type format struct {
	elements, bytes int // of a block
	decode          func(dst []float32, block []byte)
	encode          func(block []byte, src []float32) // nil: not written
}

var formats = map[Type]format{
	F32:  {1, 4, decodeF32, encodeF32},
	F16:  {1, 2, decodeF16, encodeF16},
	BF16: {1, 2, decodeBF16, encodeBF16},
	Q8_0: {32, 34, decodeQ8, encodeQ8},
	Q4_0: {32, 18, decodeQ4, nil},
	Q4_K: {256, 144, decodeQ4K, nil},
	Q6_K: {256, 210, decodeQ6K, nil},
}

func readable() string {
	var all []string
	for _, t := range slices.Sorted(maps.Keys(formats)) {
		all = append(all, t.String())
	}
	return strings.Join(all, ", ")
}

// size is the number of bytes of n elements, a multiple of the block's.
func (t Type) size(n int64) int64 {
	f := formats[t]
	return n / int64(f.elements) * int64(f.bytes)
}

func decodeF32(dst []float32, b []byte) {
	dst[0] = math.Float32frombits(binary.LittleEndian.Uint32(b))
}

func encodeF32(b []byte, src []float32) { binary.LittleEndian.PutUint32(b, math.Float32bits(src[0])) }

func decodeF16(dst []float32, b []byte) { dst[0] = half.To32(binary.LittleEndian.Uint16(b)) }

func encodeF16(b []byte, src []float32) { binary.LittleEndian.PutUint16(b, half.From32(src[0])) }

func decodeBF16(dst []float32, b []byte) { dst[0] = half.BF16To32(binary.LittleEndian.Uint16(b)) }

func encodeBF16(b []byte, src []float32) { binary.LittleEndian.PutUint16(b, half.BF16From32(src[0])) }

// The blocks below are ggml's (ggml-common.h, ggml-quants.c).

// decodeQ8: the scale d as binary16, 32 signed bytes q; x = d·q.
func decodeQ8(dst []float32, b []byte) {
	d := half.To32(binary.LittleEndian.Uint16(b))
	for i, q := range b[2:34] {
		dst[i] = d * float32(int8(q))
	}
}

func encodeQ8(b []byte, src []float32) {
	largest := float32(0)
	for _, v := range src {
		largest = max(largest, float32(math.Abs(float64(v))))
	}
	d := largest / 127
	inverse := float32(0)
	if d != 0 {
		inverse = 1 / d
	}
	binary.LittleEndian.PutUint16(b, half.From32(d))
	for i, v := range src {
		b[2+i] = byte(int8(max(-127, min(127, math.Round(float64(v*inverse))))))
	}
}

// decodeQ4: the scale d as binary16, 16 bytes of which the low halves are the
// elements 0 to 15 and the high ones 16 to 31; x = d·(q-8).
func decodeQ4(dst []float32, b []byte) {
	d := half.To32(binary.LittleEndian.Uint16(b))
	for i, q := range b[2:18] {
		dst[i] = d * float32(int(q&15)-8)
		dst[i+16] = d * float32(int(q>>4)-8)
	}
}

// decodeQ4K: the scales d and m as binary16, 12 bytes with the 6-bit scale and
// minimum of each of 8 groups, 128 bytes of 4-bit q, 32 of which hold a group
// in the low and the next in the high halves; x = d·scale·q - m·minimum.
func decodeQ4K(dst []float32, b []byte) {
	d, m := half.To32(binary.LittleEndian.Uint16(b)), half.To32(binary.LittleEndian.Uint16(b[2:]))
	scales, qs := b[4:16], b[16:144]
	for group := range 8 {
		scale, minimum := scaleQ4K(scales, group)
		ds, mm := d*float32(scale), m*float32(minimum)
		shift := group % 2 * 4
		for i, q := range qs[group/2*32 : group/2*32+32] {
			dst[group*32+i] = ds*float32(q>>shift&15) - mm
		}
	}
}

// scaleQ4K unpacks the 6 bits each of a group's scale and minimum.
func scaleQ4K(s []byte, group int) (scale, minimum byte) {
	if group < 4 {
		return s[group] & 63, s[group+4] & 63
	}
	return s[group+4]&15 | s[group-4]>>6<<4, s[group+4]>>4 | s[group]>>6<<4
}

// decodeQ6K: 128 bytes with the low 4 bits and 64 with the high 2 bits of q, 16
// signed scales, one for 16 elements, and d as binary16; x = d·scale·(q-32).
func decodeQ6K(dst []float32, b []byte) {
	low, high, scales := b[:128], b[128:192], b[192:208]
	d := half.To32(binary.LittleEndian.Uint16(b[208:]))
	for part := range 2 { // of 128 elements
		ql, qh := low[part*64:], high[part*32:]
		for quarter := range 4 { // of 32 elements
			for i := range 32 {
				q := ql[quarter%2*32+i] >> (quarter / 2 * 4) & 15
				q |= qh[i] >> (quarter * 2) & 3 << 4
				at := part*128 + quarter*32 + i
				dst[at] = d * float32(int8(scales[at/16])) * float32(int(q)-32)
			}
		}
	}
}
