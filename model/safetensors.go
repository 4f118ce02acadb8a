package model

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"

	"adapt/internal/atomicfile"
	"adapt/internal/half"
	"adapt/nn/kernel"
)

// This file reads and writes safetensors: a little-endian uint64 with the
// length of a JSON header, the header, then the tensors' bytes without gaps
// (https://huggingface.co/docs/safetensors, "Format").

type tensorHeader struct {
	Dtype   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

const (
	maxHeader   = 100 << 20 // as the reference implementation limits it
	metadataKey = "__metadata__"
)

// A tensorFile gives access to the tensors of one safetensors file.
type tensorFile struct {
	f       *os.File
	base    int64
	headers map[string]tensorHeader
}

func openTensors(path string) (*tensorFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	t := &tensorFile{f: f}
	if err := t.readHeader(); err != nil {
		f.Close()
		return nil, fmt.Errorf("%w; download or copy the file again", err)
	}
	return t, nil
}

func (t *tensorFile) close() error { return t.f.Close() }

func (t *tensorFile) readHeader() error {
	fi, err := t.f.Stat()
	if err != nil {
		return err
	}
	var n uint64
	if err := binary.Read(t.f, binary.LittleEndian, &n); err != nil {
		return fmt.Errorf("safetensors file has no header: %w", err)
	}
	if n > maxHeader || int64(n) > fi.Size()-8 {
		return fmt.Errorf("safetensors header says %d bytes in a file of %d", n, fi.Size())
	}
	raw := make([]byte, n)
	if _, err := io.ReadFull(t.f, raw); err != nil {
		return fmt.Errorf("safetensors header is cut off: %w", err)
	}
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(raw, &entries); err != nil {
		return fmt.Errorf("safetensors header: %w", err)
	}
	t.base = 8 + int64(n)
	t.headers = make(map[string]tensorHeader, len(entries))
	for name, raw := range entries {
		if name == metadataKey {
			continue
		}
		var h tensorHeader
		if err := json.Unmarshal(raw, &h); err != nil {
			return fmt.Errorf("safetensors header of %q: %w", name, err)
		}
		if err := h.check(fi.Size() - t.base); err != nil {
			return fmt.Errorf("safetensors tensor %q: %w", name, err)
		}
		t.headers[name] = h
	}
	return nil
}

// check reports whether the tensor lies within a file's data and has as many
// bytes as its shape needs.
func (h tensorHeader) check(data int64) error {
	if h.Offsets[0] < 0 || h.Offsets[1] < h.Offsets[0] || h.Offsets[1] > data {
		return fmt.Errorf("bytes %v lie outside the file's %d bytes of data", h.Offsets, data)
	}
	size, err := dtypeSize(h.Dtype)
	if err != nil {
		return nil // an error once it is needed; buffers are not
	}
	want := size
	for _, d := range h.Shape {
		if d < 0 || (d > 0 && want > math.MaxInt64/int64(d)) {
			return fmt.Errorf("shape %v", h.Shape)
		}
		want *= int64(d)
	}
	if got := h.Offsets[1] - h.Offsets[0]; got != want {
		return fmt.Errorf("%d bytes for shape %v of %s, want %d", got, h.Shape, h.Dtype, want)
	}
	return nil
}

func dtypeSize(dtype string) (int64, error) {
	switch dtype {
	case "F32":
		return 4, nil
	case "F16", "BF16":
		return 2, nil
	}
	return 0, fmt.Errorf("%w: tensors of type %s", ErrUnsupported, dtype)
}

// read decodes a tensor to float32.
func (t *tensorFile) read(name string, dst []float32) error {
	h := t.headers[name]
	size, err := dtypeSize(h.Dtype)
	if err != nil {
		return fmt.Errorf("reading tensor %q: %w", name, err)
	}
	at := t.base + h.Offsets[0]
	raw := make([]byte, int(size)*min(len(dst), 1<<18))
	for part := range slices.Chunk(dst, 1<<18) {
		raw := raw[:int(size)*len(part)]
		if _, err := t.f.ReadAt(raw, at); err != nil {
			return fmt.Errorf("reading tensor %q: %w", name, err)
		}
		decode(h.Dtype, part, raw)
		at += int64(len(raw))
	}
	return nil
}

// decode converts elements to float32.
func decode(dtype string, dst []float32, raw []byte) {
	switch dtype {
	case "F32":
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		}
	case "BF16":
		for i := range dst {
			dst[i] = half.BF16To32(binary.LittleEndian.Uint16(raw[2*i:]))
		}
	case "F16":
		for i := range dst {
			dst[i] = half.To32(binary.LittleEndian.Uint16(raw[2*i:]))
		}
	}
}

// A Tensor is a named weight in row-major order.
type Tensor struct {
	TensorShape
	Data []float32
	// Stored holds a frozen weight in another form of storage; Data is nil then.
	Stored *kernel.Matrix
}

// A storedTensor is a tensor as a file holds it; data is called once, when it
// is written.
type storedTensor struct {
	TensorShape
	data func() []float32
}

// writeTensors writes tensors in the order given, as F32 or BF16. The same
// tensors give the same bytes.
func writeTensors(path string, tensors []storedTensor, dtype string) (err error) {
	size, err := dtypeSize(dtype)
	if err != nil {
		return err
	}
	if dtype == "F16" {
		return errors.New("writing F16 is not supported; use F32 or BF16")
	}
	header := map[string]any{metadataKey: map[string]string{"format": "pt"}}
	var at int64
	for _, t := range tensors {
		end := at + int64(t.size())*size
		header[t.Name] = tensorHeader{Dtype: dtype, Shape: t.Shape, Offsets: [2]int64{at, end}}
		at = end
	}
	raw, err := json.Marshal(header)
	if err != nil {
		return err
	}
	// The data begins at a multiple of 8, padded by spaces as the format asks.
	for len(raw)%8 != 0 {
		raw = append(raw, ' ')
	}
	return atomicfile.Write(path, func(w *bufio.Writer) error {
		if err := binary.Write(w, binary.LittleEndian, uint64(len(raw))); err != nil {
			return err
		}
		if _, err := w.Write(raw); err != nil {
			return err
		}
		for _, t := range tensors {
			if err := writeData(w, t.data(), dtype); err != nil {
				return err
			}
		}
		return nil
	})
}

func writeData(w io.Writer, data []float32, dtype string) error {
	var buf []byte
	for part := range slices.Chunk(data, 1<<16) {
		buf = buf[:0]
		for _, v := range part {
			if dtype == "BF16" {
				buf = binary.LittleEndian.AppendUint16(buf, half.BF16From32(v))
			} else {
				buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
			}
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	return nil
}

// WriteTensors writes tensors, in the order given, as a safetensors file in
// float32. The file appears whole or not at all.
func WriteTensors(path string, tensors []Tensor) error {
	stored := make([]storedTensor, len(tensors))
	for i, t := range tensors {
		stored[i] = storedTensor{t.TensorShape, func() []float32 { return t.Data }}
	}
	if err := writeTensors(path, stored, "F32"); err != nil {
		return fmt.Errorf("model: writing tensors: %w", err)
	}
	return nil
}

// ReadTensors reads the named tensors of a safetensors file into their data.
// A missing, extra or wrongly shaped tensor is an error.
func ReadTensors(path string, tensors []Tensor) error {
	f, err := openTensors(path)
	if err != nil {
		return fmt.Errorf("model: reading tensors: %w", err)
	}
	defer f.close()
	if len(f.headers) != len(tensors) {
		return fmt.Errorf("model: file has %d tensors, want %d", len(f.headers), len(tensors))
	}
	for _, t := range tensors {
		h, ok := f.headers[t.Name]
		if !ok || !slices.Equal(h.Shape, t.Shape) {
			return fmt.Errorf("model: file has no tensor %q of shape %v", t.Name, t.Shape)
		}
		if err := f.read(t.Name, t.Data); err != nil {
			return fmt.Errorf("model: %w", err)
		}
	}
	return nil
}
