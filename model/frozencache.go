package model

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"adapt/internal/atomicfile"
	"adapt/nn/kernel"
)

// This file writes converted weights: a safetensors file in which a matrix is
// the tensor of its weight's name and further parts named after it, each at a
// multiple of cacheAlign bytes of the file.

const (
	cacheAlign = 64
	cachePad   = "pad." // tensors that fill the space between
)

// A frozenMatrix is a weight and how it is to be stored.
type frozenMatrix struct {
	*Tensor
	kind kernel.Kind
}

// parts describes the tensors of a file that hold the matrix.
func (w frozenMatrix) parts() ([]kernel.Part, error) {
	parts, err := kernel.MatrixParts(w.kind, w.Shape[0], w.Shape[1])
	for i := range parts {
		if parts[i].Name == "weight" {
			parts[i].Name = w.Name
		} else {
			parts[i].Name = strings.TrimSuffix(w.Name, ".weight") + "." + parts[i].Name
		}
	}
	return parts, err
}

// isStored reports whether the folder's files hold the matrix in its form, at
// a place in memory where it can be used.
func (w frozenMatrix) isStored(in *located) bool {
	p := in.at[w.Name]
	h := p.file.headers[p.name]
	size := int64(4)
	switch {
	case in.m.transposed(w.Name):
		return false
	case w.kind == kernel.F32 && h.Dtype == "F32":
	case w.kind == kernel.BF16 && h.Dtype == "BF16":
		size = 2
	default:
		return false
	}
	return (p.file.base+h.Offsets[0])%size == 0
}

// fingerprint names the weights in the files without reading them.
func (in *located) fingerprint(kind kernel.Kind) (string, error) {
	c, err := json.Marshal(in.m.Config)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "1 %s %s\n", kind, c)
	for _, f := range in.files {
		fi, err := f.f.Stat()
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s %d %d\n", fi.Name(), fi.Size(), fi.ModTime().UnixNano())
	}
	return hex.EncodeToString(h.Sum(nil))[:32], nil
}

// openFrozenCache opens the file of converted matrices, and writes it first
// where it is missing.
func openFrozenCache(path string, in *located, matrices []frozenMatrix, threads int) (*tensorFile, error) {
	cache, err := openTensors(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return cache, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	// Two processes may convert at once: each into a file of its own.
	own := fmt.Sprintf("%s.%d", path, os.Getpid())
	if err := atomicfile.Write(own, func(w *bufio.Writer) error { return writeFrozen(w, in, matrices, threads) }); err != nil {
		return nil, fmt.Errorf("converting: %w", err)
	}
	if err := os.Rename(own, path); err != nil {
		return nil, err
	}
	return openTensors(path)
}

// writeFrozen converts matrix after matrix.
func writeFrozen(w io.Writer, in *located, matrices []frozenMatrix, threads int) error {
	header, pads, err := frozenHeader(matrices)
	if err != nil {
		return err
	}
	if err := binary.Write(w, binary.LittleEndian, uint64(len(header))); err != nil {
		return err
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	for _, f := range matrices {
		t := Tensor{TensorShape: f.TensorShape, Data: make([]float32, f.size())}
		if err := in.read(&t); err != nil {
			return err
		}
		m, err := kernel.QuantizeMatrix(threads, f.kind, f.Shape[0], f.Shape[1], t.Data)
		if err != nil {
			return fmt.Errorf("tensor %q: %w", f.Name, err)
		}
		for _, p := range m.Parts() {
			if _, err := w.Write(p.Data); err != nil {
				return err
			}
			if _, err := w.Write(make([]byte, pads[0])); err != nil {
				return err
			}
			pads = pads[1:]
		}
	}
	return nil
}

// frozenHeader returns the header, and how many bytes fill the space after
// each part.
func frozenHeader(matrices []frozenMatrix) (header []byte, pads []int64, err error) {
	entries := map[string]tensorHeader{}
	var at int64
	for _, f := range matrices {
		parts, err := f.parts()
		if err != nil {
			return nil, nil, err
		}
		for _, p := range parts {
			end := at + int64(p.Size())
			entries[p.Name] = tensorHeader{p.DType, p.Shape, [2]int64{at, end}}
			pad := (cacheAlign - end%cacheAlign) % cacheAlign
			if pad > 0 {
				entries[fmt.Sprintf("%s%d", cachePad, len(pads))] = tensorHeader{"U8", []int{int(pad)}, [2]int64{end, end + pad}}
			}
			pads, at = append(pads, pad), end+pad
		}
	}
	if header, err = json.Marshal(entries); err != nil {
		return nil, nil, err
	}
	for (len(header)+8)%cacheAlign != 0 {
		header = append(header, ' ')
	}
	return header, pads, nil
}
