package artifact

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"os"
	"path/filepath"
)

// A Writer makes an artifact piece by piece. It exists when Keep returns;
// Discard after that does nothing.
type Writer struct {
	store *Store
	kind  Kind
	tmp   *os.File
	buf   *bufio.Writer
	hash  hash.Hash
	size  int64
}

// Create begins an artifact.
func (s *Store) Create(kind Kind) (*Writer, error) {
	tmp, err := os.CreateTemp(filepath.Join(s.dir, "tmp"), "put-*")
	if err != nil {
		return nil, fmt.Errorf("artifact: put %s: %w", kind, err)
	}
	return &Writer{store: s, kind: kind, tmp: tmp, buf: bufio.NewWriterSize(tmp, 1<<16), hash: sha256.New()}, nil
}

// Write appends bytes.
func (w *Writer) Write(b []byte) (int, error) {
	w.hash.Write(b)
	w.size += int64(len(b))
	return w.buf.Write(b)
}

// Line appends v as a line of JSON, as PutLines does.
func (w *Writer) Line(v any) error {
	if err := json.NewEncoder(w).Encode(v); err != nil {
		return fmt.Errorf("artifact: put %s: %w", w.kind, err)
	}
	return nil
}

// Keep stores what was written and returns its reference.
func (w *Writer) Keep() (Ref, error) {
	defer w.Discard()
	ref := Ref{Kind: w.kind, SHA256: hex.EncodeToString(w.hash.Sum(nil)), Size: w.size}
	if w.store.Has(ref) {
		return ref, nil
	}
	dst := w.store.Path(ref)
	for _, step := range []func() error{
		w.buf.Flush,
		w.tmp.Sync,
		func() error { return os.MkdirAll(filepath.Dir(dst), 0o700) },
		func() error { return os.Rename(w.tmp.Name(), dst) },
	} {
		if err := step(); err != nil {
			return Ref{}, fmt.Errorf("artifact: put %s: %w", w.kind, err)
		}
	}
	return ref, nil
}

// Discard drops what was not kept.
func (w *Writer) Discard() {
	w.tmp.Close()
	os.Remove(w.tmp.Name())
}
