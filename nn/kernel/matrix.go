package kernel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unsafe"
)

// Kind is a form in which the elements of a [Matrix] are stored.
type Kind int

const (
	// F32 is float32.
	F32 Kind = iota
	// BF16 is bfloat16: the upper half of a float32.
	BF16
	// Int8 is a signed byte times the float32 scale of its block. Blocks are 64
	// columns of a row, of which the last may be shorter; a scale is the largest
	// magnitude of its block divided by 127.
	Int8
	// NF4 is the 4-bit NormalFloat of QLoRA (Dettmers et al. 2023,
	// arXiv:2305.14314) with double quantization, in the layout of bitsandbytes.
	// Blocks are 64 elements of the rows, one after the other. An element is one of
	// 16 levels times its block's scale, the largest magnitude of the block; two
	// elements share a byte, the first in the high half. A scale is a byte that
	// stands for one of 256 levels, times the largest magnitude of its group of 256
	// scales, plus an offset, the mean of all scales.
	NF4

	kinds = iota
)

func (k Kind) String() string {
	if k < 0 || k >= kinds {
		return fmt.Sprintf("Kind(%d)", int(k))
	}
	return [kinds]string{"f32", "bf16", "int8", "nf4"}[k]
}

// ParseKind returns the kind that configurations call float32, bf16, int8 or nf4.
func ParseKind(name string) (Kind, error) {
	for k, n := range [kinds]string{"float32", "bf16", "int8", "nf4"} {
		if n == name {
			return Kind(k), nil
		}
	}
	return 0, fmt.Errorf("weights are stored as %q; want float32, bf16, int8 or nf4", name)
}

// Lengths of blocks and groups, in elements and in scales.
const (
	blockLen = 64
	groupLen = 256
)

// Matrix is a frozen weight of Rows×Cols elements in row-major order, which is
// decoded as it is used. Its memory may be a file mapped into memory; nothing
// writes to it. A Matrix may be used by several goroutines.
type Matrix struct {
	Kind       Kind
	Rows, Cols int

	parts []Part
}

// Part is a piece of a [Matrix] as a file stores it.
type Part struct {
	Name  string // "weight", or else what follows it: "scale", "absmax", "absmax_scale", "absmax_offset"
	DType string // as safetensors calls it: F32, BF16, I8 or U8
	Shape []int
	Data  []byte // little-endian; nil in a description
}

// ErrUnaligned says that a part does not lie at a multiple of the size of its
// elements in memory, so that it must be copied to be used.
var ErrUnaligned = errors.New("kernel: part of a stored matrix is not aligned: copy it into memory of its own")

// MatrixParts describes, without data, the parts of a matrix of rows×cols.
func MatrixParts(kind Kind, rows, cols int) ([]Part, error) {
	if rows <= 0 || cols <= 0 || rows > math.MaxInt/16/cols {
		return nil, fmt.Errorf("kernel: a stored matrix of %d×%d: want at least 1×1 and fewer than 2^59 elements", rows, cols)
	}
	n := rows * cols
	switch kind {
	case F32:
		return []Part{{Name: "weight", DType: "F32", Shape: []int{rows, cols}}}, nil
	case BF16:
		return []Part{{Name: "weight", DType: "BF16", Shape: []int{rows, cols}}}, nil
	case Int8:
		return []Part{
			{Name: "weight", DType: "I8", Shape: []int{rows, cols}},
			{Name: "scale", DType: "F32", Shape: []int{rows, ceilDiv(cols, blockLen)}},
		}, nil
	case NF4:
		blocks := ceilDiv(n, blockLen)
		return []Part{
			{Name: "weight", DType: "U8", Shape: []int{ceilDiv(n, 2)}},
			{Name: "absmax", DType: "U8", Shape: []int{blocks}},
			{Name: "absmax_scale", DType: "F32", Shape: []int{ceilDiv(blocks, groupLen)}},
			{Name: "absmax_offset", DType: "F32", Shape: []int{1}},
		}, nil
	}
	return nil, fmt.Errorf("kernel: a stored matrix of %v: want f32, bf16, int8 or nf4", kind)
}

// Size is how many bytes the part has.
func (p Part) Size() int {
	n := map[string]int{"F32": 4, "BF16": 2, "I8": 1, "U8": 1}[p.DType]
	for _, d := range p.Shape {
		n *= d
	}
	return n
}

// MatrixFromBytes returns the matrix whose parts, in the order of [MatrixParts],
// hold the given bytes. They are not copied, and must stay as they are while the
// matrix is in use. The error is [ErrUnaligned] if a part must be copied first.
func MatrixFromBytes(kind Kind, rows, cols int, data ...[]byte) (*Matrix, error) {
	parts, err := MatrixParts(kind, rows, cols)
	if err != nil {
		return nil, err
	}
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		return nil, errors.New("kernel: stored matrices are little-endian, but this machine is not")
	}
	if len(data) != len(parts) {
		return nil, fmt.Errorf("kernel: a %v matrix has %d parts, got %d", kind, len(parts), len(data))
	}
	for i := range parts {
		p := &parts[i]
		if len(data[i]) != p.Size() {
			return nil, fmt.Errorf("kernel: %s of a %v matrix of %d×%d has %d bytes, want %d", p.Name, kind, rows, cols, len(data[i]), p.Size())
		}
		align := uintptr(map[string]int{"F32": 4, "BF16": 2}[p.DType])
		if align > 0 && uintptr(unsafe.Pointer(&data[i][0]))%align != 0 {
			return nil, fmt.Errorf("%w (%s, %s)", ErrUnaligned, p.Name, p.DType)
		}
		p.Data = data[i]
	}
	return &Matrix{kind, rows, cols, parts}, nil
}

// Parts returns the parts of the matrix with their data, which is not copied.
func (w *Matrix) Parts() []Part { return append([]Part(nil), w.parts...) }

// SizeBytes is how many bytes the parts have together.
func (w *Matrix) SizeBytes() int {
	n := 0
	for _, p := range w.parts {
		n += len(p.Data)
	}
	return n
}

// DecodeRows writes rows lo to hi to dst, which must have room for them.
func (w *Matrix) DecodeRows(dst []float32, lo, hi int) { active.decodeRows(w, dst, lo, hi) }

func (o *ops) decodeRows(w *Matrix, dst []float32, lo, hi int) {
	if lo < 0 || hi < lo || hi > w.Rows || len(dst) < (hi-lo)*w.Cols {
		panic(fmt.Sprintf("kernel: decoding rows %d to %d of a matrix of %d×%d into %d elements", lo, hi, w.Rows, w.Cols, len(dst)))
	}
	dst = dst[:(hi-lo)*w.Cols]
	switch w.Kind {
	case F32:
		copy(dst, w.floats(0)[lo*w.Cols:])
	case BF16:
		o.decodeBF16(dst, w.parts[0].Data[2*lo*w.Cols:])
	case Int8:
		o.decodeInt8(w, dst, lo, hi)
	case NF4:
		o.decodeNF4(w, dst, lo*w.Cols)
	}
}

func (o *ops) decodeBF16(dst []float32, src []byte) {
	blocks := len(dst) / blockLen
	if blocks > 0 {
		o.stored[BF16].decode(&dst[0], &src[0], blocks, nil, nil)
	}
	for i := blocks * blockLen; i < len(dst); i++ {
		dst[i] = bf16(src[2*i:])
	}
}

func (o *ops) decodeInt8(w *Matrix, dst []float32, lo, hi int) {
	scales, perRow := w.floats(1), ceilDiv(w.Cols, blockLen)
	for r := lo; r < hi; r++ {
		row, src := dst[(r-lo)*w.Cols:][:w.Cols], w.parts[0].Data[r*w.Cols:]
		s := scales[r*perRow:][:perRow]
		blocks := w.Cols / blockLen
		if blocks > 0 {
			o.stored[Int8].decode(&row[0], &src[0], blocks, &s[0], nil)
		}
		for i := blocks * blockLen; i < w.Cols; i++ {
			row[i] = float32(int8(src[i])) * s[blocks]
		}
	}
}

// decodeNF4 writes the elements from number at on.
func (o *ops) decodeNF4(w *Matrix, dst []float32, at int) {
	first, last := at/blockLen, ceilDiv(at+len(dst), blockLen)
	buf := getBuffer(last - first)
	defer putBuffer(buf)
	scales := buf.data
	w.absmax(scales, first)
	src := w.parts[0].Data
	single := func(n int) {
		for i := range dst[:n] {
			dst[i] = nf4Levels[nibble(src, at+i)] * scales[(at+i)/blockLen-first]
		}
		dst, at = dst[n:], at+n
	}
	single(min(len(dst), (blockLen-at%blockLen)%blockLen)) // up to a block's start
	if blocks := len(dst) / blockLen; blocks > 0 {
		o.stored[NF4].decode(&dst[0], &src[at/2], blocks, &scales[at/blockLen-first], &nf4Levels[0])
		dst, at = dst[blocks*blockLen:], at+blocks*blockLen
	}
	single(len(dst))
}

// absmax writes the scales of the NF4 blocks from number first on.
func (w *Matrix) absmax(dst []float32, first int) {
	groups, offset := w.floats(2), w.floats(3)[0]
	for len(dst) > 0 {
		g := first / groupLen
		n := min(len(dst), (g+1)*groupLen-first)
		scale := groups[g]
		for i, code := range w.parts[1].Data[first:][:n] {
			dst[:n][i] = dynamicLevels[code]*scale + offset
		}
		dst, first = dst[n:], first+n
	}
}

func nibble(src []byte, i int) byte {
	if i%2 == 0 {
		return src[i/2] >> 4
	}
	return src[i/2] & 15
}

func bf16(b []byte) float32 {
	return math.Float32frombits(uint32(b[0])<<16 | uint32(b[1])<<24)
}

// floats is part i as float32s: the matrix was made of aligned memory.
func (w *Matrix) floats(i int) []float32 {
	b := w.parts[i].Data
	return unsafe.Slice((*float32)(unsafe.Pointer(&b[0])), len(b)/4)
}

// storedLoops are the loops over whole blocks of one kind.
type storedLoops struct {
	// decode writes blocks of float32s. scales and table are nil for kinds without.
	decode func(dst *float32, src *byte, blocks int, scales, table *float32)

	// dots writes to out the products with x of 4 rows of that many blocks, ldw
	// bytes apart, whose scales are lds bytes apart. It may be nil. x is in the order
	// that [arrange] gives it.
	dots func(out *float32, w *byte, ldw, blocks int, scales *float32, lds int, table, x *float32)
}

func decodeBF16Go(dst *float32, src *byte, blocks int, _, _ *float32) {
	n := blocks * blockLen
	from := unsafe.Slice(src, 2*n)
	for i := range unsafe.Slice(dst, n) {
		unsafe.Slice(dst, n)[i] = bf16(from[2*i:])
	}
}

func decodeInt8Go(dst *float32, src *byte, blocks int, scales, _ *float32) {
	to, from := unsafe.Slice(dst, blocks*blockLen), unsafe.Slice(src, blocks*blockLen)
	for b, s := range unsafe.Slice(scales, blocks) {
		for i := b * blockLen; i < (b+1)*blockLen; i++ {
			to[i] = float32(int8(from[i])) * s
		}
	}
}

func decodeNF4Go(dst *float32, src *byte, blocks int, scales, table *float32) {
	to, from := unsafe.Slice(dst, blocks*blockLen), unsafe.Slice(src, blocks*blockLen/2)
	levels := (*[16]float32)(unsafe.Pointer(table))
	for b, s := range unsafe.Slice(scales, blocks) {
		for i := b * blockLen / 2; i < (b+1)*blockLen/2; i++ {
			to[2*i] = levels[from[i]>>4] * s
			to[2*i+1] = levels[from[i]&15] * s
		}
	}
}
