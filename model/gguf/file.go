// Package gguf reads and writes model files of llama.cpp and Ollama: GGUF
// version 3 (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).
//
// A file is, in little-endian order, the magic "GGUF", the version as uint32,
// the numbers of tensors and of metadata entries as uint64, the entries (key,
// type, value), the tensors' descriptions (name, dimensions from the fastest,
// type, offset), and the tensors' data, each at a multiple of the alignment.
package gguf

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
)

const (
	magic          = "GGUF"
	alignmentKey   = "general.alignment"
	alignment      = 32 // unless the file says otherwise
	maxEntries     = 1 << 16
	maxDims        = 4
	maxString      = 1 << 24
	maxArrayLength = 1 << 24
)

// ErrFormat is returned, wrapped, for a file that is no whole GGUF.
var ErrFormat = errors.New("not a whole GGUF file; download or convert it again")

// Types of metadata values.
const (
	typeUint8 = iota
	typeInt8
	typeUint16
	typeInt16
	typeUint32
	typeInt32
	typeFloat32
	typeBool
	typeString
	typeArray
	typeUint64
	typeInt64
	typeFloat64
)

// scalarSize is the number of bytes of each type of value with a fixed size.
var scalarSize = map[uint32]int64{
	typeUint8: 1, typeInt8: 1, typeUint16: 2, typeInt16: 2, typeUint32: 4, typeInt32: 4, typeFloat32: 4, typeBool: 1,
	typeUint64: 8, typeInt64: 8, typeFloat64: 8,
}

// A File is an open GGUF file.
type File struct {
	// Meta holds the metadata: int64 for every integer type, float64, bool,
	// string, and slices of these.
	Meta    map[string]any
	Tensors []Tensor
	byName  map[string]*Tensor
	r       io.ReaderAt
	file    io.Closer
	data    int64 // where the tensors' data begins
}

// A Tensor describes a tensor of a file.
type Tensor struct {
	Name   string
	Shape  []int // from the slowest dimension, as everywhere else here
	Type   Type
	offset int64
}

func (t *Tensor) elements() int64 {
	n := int64(1)
	for _, d := range t.Shape {
		n *= int64(d)
	}
	return n
}

// row is the length of the fastest dimension.
func (t *Tensor) row() int64 {
	if len(t.Shape) == 0 {
		return 1
	}
	return int64(t.Shape[len(t.Shape)-1])
}

// Open reads the header of a file.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("gguf: %w", err)
	}
	fi, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("gguf: %w", err)
	}
	g, err := readHeader(f, fi.Size())
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("gguf: %w", err)
	}
	g.file = f
	return g, nil
}

// Close closes the file.
func (g *File) Close() error { return g.file.Close() }

// Tensor returns the description of a tensor, nil when there is none.
func (g *File) Tensor(name string) *Tensor { return g.byName[name] }

// readHeader reads all but the tensors' data of a file of the given size.
func readHeader(r io.ReaderAt, size int64) (*File, error) {
	d := &decoder{r: bufio.NewReaderSize(io.NewSectionReader(r, 0, size), 1<<16), left: size}
	if string(d.bytes(4)) != magic {
		return nil, fmt.Errorf("%w: the magic number is not there", ErrFormat)
	}
	if v := d.uint32(); v != 2 && v != 3 {
		return nil, fmt.Errorf("gguf version %d, want 2 or 3", v)
	}
	tensors, entries := d.uint64(), d.uint64()
	if d.err == nil && (tensors > maxEntries || entries > maxEntries) {
		return nil, fmt.Errorf("%w: %d tensors and %d entries", ErrFormat, tensors, entries)
	}
	g := &File{Meta: map[string]any{}, byName: map[string]*Tensor{}, r: r}
	for range entries {
		key := d.string()
		value := d.value(d.uint32(), 0)
		if d.err != nil {
			return nil, fmt.Errorf("metadata %q: %w", key, d.err)
		}
		if _, twice := g.Meta[key]; twice {
			return nil, fmt.Errorf("%w: metadata %q is there twice", ErrFormat, key)
		}
		g.Meta[key] = value
	}
	for range tensors {
		t, err := d.tensor()
		if err != nil {
			return nil, err
		}
		g.Tensors = append(g.Tensors, t)
	}
	if d.err != nil {
		return nil, d.err
	}
	return g, g.place(size-d.left, size)
}

// place finds where the data begins and checks that every tensor lies in it.
func (g *File) place(header, size int64) error {
	align := int64(alignment)
	if v, ok := g.Meta[alignmentKey]; ok {
		n, ok := v.(int64)
		if !ok || n <= 0 || n > 1<<20 || n&(n-1) != 0 {
			return fmt.Errorf("%w: %s is %v", ErrFormat, alignmentKey, v)
		}
		align = n
	}
	g.data = (header + align - 1) / align * align
	for i := range g.Tensors {
		t := &g.Tensors[i]
		bytes := t.Type.size(t.elements())
		if t.offset%align != 0 || t.offset > size-g.data || bytes > size-g.data-t.offset {
			return fmt.Errorf("%w: tensor %q has %d bytes at %d of %d", ErrFormat, t.Name, bytes, t.offset, size-g.data)
		}
		if g.byName[t.Name] != nil {
			return fmt.Errorf("%w: tensor %q is there twice", ErrFormat, t.Name)
		}
		g.byName[t.Name] = t
	}
	return nil
}

// A decoder reads a header. After an error all reads give zeros.
type decoder struct {
	r    io.Reader
	left int64 // bytes of the file not yet read
	err  error
}

func (d *decoder) bytes(n int64) []byte {
	if d.err == nil && n > d.left {
		d.err = fmt.Errorf("%w: it ends in its header", ErrFormat)
	}
	if d.err != nil {
		return nil
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(d.r, b); err != nil {
		d.err = err
		return nil
	}
	d.left -= n
	return b
}

func (d *decoder) uint32() uint32 {
	if b := d.bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (d *decoder) uint64() uint64 {
	if b := d.bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (d *decoder) string() string {
	n := d.uint64()
	if d.err == nil && n > maxString {
		d.err = fmt.Errorf("%w: a string of %d bytes", ErrFormat, n)
	}
	return string(d.bytes(int64(n)))
}

// value reads a metadata value; arrays of arrays are not used by models.
func (d *decoder) value(kind uint32, depth int) any {
	switch {
	case kind == typeString:
		return d.string()
	case kind == typeArray && depth == 0:
		return d.array()
	}
	size, ok := scalarSize[kind]
	if !ok {
		if d.err == nil {
			d.err = fmt.Errorf("%w: value of type %d", ErrFormat, kind)
		}
		return nil
	}
	b := d.bytes(size)
	if b == nil {
		return nil
	}
	return scalar(kind, b)
}

func scalar(kind uint32, b []byte) any {
	switch kind {
	case typeUint8:
		return int64(b[0])
	case typeInt8:
		return int64(int8(b[0]))
	case typeBool:
		return b[0] != 0
	case typeUint16:
		return int64(binary.LittleEndian.Uint16(b))
	case typeInt16:
		return int64(int16(binary.LittleEndian.Uint16(b)))
	case typeUint32:
		return int64(binary.LittleEndian.Uint32(b))
	case typeInt32:
		return int64(int32(binary.LittleEndian.Uint32(b)))
	case typeFloat32:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
	case typeFloat64:
		return math.Float64frombits(binary.LittleEndian.Uint64(b))
	}
	return int64(binary.LittleEndian.Uint64(b))
}

func (d *decoder) array() any {
	kind, n := d.uint32(), d.uint64()
	least := scalarSize[kind]
	if kind == typeString {
		least = 8
	}
	if d.err == nil && (least == 0 || n > maxArrayLength || int64(n)*least > d.left) {
		d.err = fmt.Errorf("%w: an array of %d values of type %d", ErrFormat, n, kind)
	}
	if d.err != nil {
		return nil
	}
	switch kind {
	case typeString:
		return list[string](d, kind, n)
	case typeBool:
		return list[bool](d, kind, n)
	case typeFloat32, typeFloat64:
		return list[float64](d, kind, n)
	}
	return list[int64](d, kind, n)
}

func list[T any](d *decoder, kind uint32, n uint64) []T {
	all := make([]T, 0, n)
	for range n {
		v, ok := d.value(kind, 1).(T)
		if !ok {
			return nil
		}
		all = append(all, v)
	}
	return all
}

func (d *decoder) tensor() (Tensor, error) {
	t := Tensor{Name: d.string()}
	dims := d.uint32()
	if d.err == nil && dims > maxDims {
		return t, fmt.Errorf("%w: tensor %q has %d dimensions", ErrFormat, t.Name, dims)
	}
	t.Shape = make([]int, dims)
	elements := uint64(1)
	for i := range t.Shape {
		n := d.uint64()
		if n > 1<<48/max(elements, 1) {
			return t, fmt.Errorf("%w: tensor %q has a dimension of %d", ErrFormat, t.Name, n)
		}
		elements *= n
		t.Shape[len(t.Shape)-1-i] = int(n)
	}
	t.Type = Type(d.uint32())
	offset := d.uint64()
	if d.err != nil {
		return t, d.err
	}
	f, ok := formats[t.Type]
	if !ok {
		return t, fmt.Errorf("tensor %q is of type %s, which is not read: want one of %s", t.Name, t.Type, readable())
	}
	if t.row()%int64(f.elements) != 0 {
		return t, fmt.Errorf("%w: tensor %q has rows of %d elements in blocks of %d", ErrFormat, t.Name, t.row(), f.elements)
	}
	if offset > math.MaxInt64/2 {
		return t, fmt.Errorf("%w: tensor %q lies at %d", ErrFormat, t.Name, offset)
	}
	t.offset = int64(offset)
	return t, nil
}

// Read decodes a tensor into dst, which has room for all elements.
func (g *File) Read(t *Tensor, dst []float32) error {
	f := formats[t.Type]
	const blocks = 1 << 12 // at a time
	raw := make([]byte, blocks*f.bytes)
	at := g.data + t.offset
	for len(dst) > 0 {
		n := min(len(dst)/f.elements, blocks)
		part := raw[:n*f.bytes]
		if _, err := g.r.ReadAt(part, at); err != nil {
			return fmt.Errorf("gguf: reading tensor %q: %w", t.Name, err)
		}
		for i := range n {
			f.decode(dst[i*f.elements:(i+1)*f.elements], part[i*f.bytes:(i+1)*f.bytes])
		}
		dst, at = dst[n*f.elements:], at+int64(len(part))
	}
	return nil
}
