package gguf

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"math"

	"adapt/internal/atomicfile"
)

// An entry is one metadata value: uint32, float32, bool, string, []string,
// []int32 or []float32.
type entry struct {
	key   string
	value any
}

// An output is a tensor to be written; data is called once.
type output struct {
	name  string
	shape []int
	kind  Type
	data  func() []float32
}

// create writes a file, which appears whole or not at all.
func create(path string, entries []entry, tensors []output) error {
	return atomicfile.Write(path, func(w *bufio.Writer) error {
		e := &encoder{w: w}
		return e.file(entries, tensors)
	})
}

// An encoder writes a file and counts its bytes. A bufio.Writer keeps its
// first error until Flush.
type encoder struct {
	w  *bufio.Writer
	at int64
}

func (e *encoder) write(b []byte) {
	e.w.Write(b)
	e.at += int64(len(b))
}

func (e *encoder) uint32(v uint32) { e.write(binary.LittleEndian.AppendUint32(nil, v)) }
func (e *encoder) uint64(v uint64) { e.write(binary.LittleEndian.AppendUint64(nil, v)) }

func (e *encoder) string(s string) {
	e.uint64(uint64(len(s)))
	e.write([]byte(s))
}

func (e *encoder) pad() {
	if n := e.at % alignment; n != 0 {
		e.write(make([]byte, alignment-n))
	}
}

func (e *encoder) file(entries []entry, tensors []output) error {
	e.write([]byte(magic))
	e.uint32(3)
	e.uint64(uint64(len(tensors)))
	e.uint64(uint64(len(entries)))
	for _, entry := range entries {
		e.string(entry.key)
		if err := e.value(entry.value); err != nil {
			return fmt.Errorf("metadata %q: %w", entry.key, err)
		}
	}
	var at int64
	for _, t := range tensors {
		e.string(t.name)
		e.uint32(uint32(len(t.shape)))
		n := int64(1)
		for i := len(t.shape) - 1; i >= 0; i-- {
			e.uint64(uint64(t.shape[i]))
			n *= int64(t.shape[i])
		}
		e.uint32(uint32(t.kind))
		e.uint64(uint64(at))
		at += (t.kind.size(n) + alignment - 1) / alignment * alignment
	}
	e.pad()
	for _, t := range tensors {
		e.tensor(t)
		e.pad()
	}
	return nil
}

func (e *encoder) tensor(t output) {
	f, data := formats[t.kind], t.data()
	block := make([]byte, f.bytes)
	for len(data) > 0 {
		f.encode(block, data[:f.elements])
		e.write(block)
		data = data[f.elements:]
	}
}

func (e *encoder) value(v any) error {
	switch v := v.(type) {
	case uint32:
		e.uint32(typeUint32)
		e.uint32(v)
	case float32:
		e.uint32(typeFloat32)
		e.uint32(math.Float32bits(v))
	case bool:
		e.uint32(typeBool)
		b := byte(0)
		if v {
			b = 1
		}
		e.write([]byte{b})
	case string:
		e.uint32(typeString)
		e.string(v)
	case []string:
		e.array(typeString, len(v))
		for _, s := range v {
			e.string(s)
		}
	case []int32:
		e.array(typeInt32, len(v))
		for _, n := range v {
			e.uint32(uint32(n))
		}
	case []float32:
		e.array(typeFloat32, len(v))
		for _, x := range v {
			e.uint32(math.Float32bits(x))
		}
	default:
		return fmt.Errorf("value of type %T", v)
	}
	return nil
}

func (e *encoder) array(kind uint32, n int) {
	e.uint32(typeArray)
	e.uint32(kind)
	e.uint64(uint64(n))
}
