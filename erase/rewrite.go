package erase

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strings"

	"adapt/artifact"
	"adapt/eval"
	"adapt/label"
	"adapt/registry"
)

// A rewriting makes artifacts anew without some documents. References never
// form a circle (an artifact's name is its content), so that each artifact is
// looked at once, after those that it refers to.
type rewriting struct {
	store *artifact.Store
	held  map[string]bool // the hashes of all that the store holds
	ids   []string        // of the documents and of their files
	done  map[string]artifact.Ref

	replaced []registry.Replacement
	gone     []artifact.Ref // to remove when nothing refers to them any more
	reports  int
}

func newRewriting(store *artifact.Store, p Plan) *rewriting {
	w := &rewriting{store: store, held: map[string]bool{}, done: map[string]artifact.Ref{}}
	for _, d := range p.Documents {
		w.ids = append(w.ids, d.ID)
	}
	if p.Others == 0 {
		w.ids = append(w.ids, p.Raws...) // the files put aside are known by these
	}
	return w
}

// run makes what is new. Nothing is removed yet.
func (w *rewriting) run(ctx context.Context) error {
	hashes, err := w.store.Hashes()
	if err != nil {
		return err
	}
	for _, h := range hashes {
		w.held[h] = true
	}
	for _, h := range hashes {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := w.fresh(h); err != nil {
			return err
		}
	}
	return nil
}

// fresh returns what takes the place of an artifact: itself, a new one, or the
// zero Ref for one that is dropped.
func (w *rewriting) fresh(hash string) (artifact.Ref, error) {
	if ref, ok := w.done[hash]; ok {
		return ref, nil
	}
	old, err := w.json(hash)
	if err != nil {
		return artifact.Ref{}, err
	}
	same := artifact.Ref{SHA256: hash, Size: int64(len(old))}
	w.done[hash] = same
	if old == nil {
		return same, nil
	}
	b, err := w.repoint(old)
	if err == nil {
		b, err = w.without(b)
	}
	if err != nil {
		return artifact.Ref{}, fmt.Errorf("artifact %.12s: %w", hash, err)
	}
	if bytes.Equal(b, old) {
		return same, nil
	}
	w.gone = append(w.gone, same)
	if b == nil {
		w.done[hash] = artifact.Ref{}
		return artifact.Ref{}, nil
	}
	ref, err := w.store.PutBytes("", b)
	if err != nil {
		return ref, err
	}
	w.done[hash] = ref
	w.replaced = append(w.replaced, registry.Replacement{Old: same, New: ref})
	return ref, nil
}

// json returns an artifact of JSON, or nil for others: weights and pages.
func (w *rewriting) json(hash string) ([]byte, error) {
	f, err := os.Open(w.store.Path(artifact.Ref{SHA256: hash}))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var first [1]byte
	if _, err := io.ReadFull(f, first[:]); err != nil || first[0] != '{' && first[0] != '[' {
		return nil, nil
	}
	rest, err := io.ReadAll(f)
	return append(first[:], rest...), err
}

// hashes finds what may be references.
var hashes = regexp.MustCompile(`\b[0-9a-f]{64}\b`)

// repoint puts new references in the place of old ones.
func (w *rewriting) repoint(b []byte) ([]byte, error) {
	var pairs []string
	seen := map[string]bool{}
	for _, m := range hashes.FindAll(b, -1) {
		hash := string(m)
		if seen[hash] || !w.held[hash] {
			continue
		}
		seen[hash] = true
		size, err := w.size(hash)
		if err != nil {
			return nil, err
		}
		ref, err := w.fresh(hash)
		if err != nil {
			return nil, err
		}
		if !ref.IsZero() && ref.SHA256 != hash {
			pairs = append(pairs, artifact.Ref{SHA256: hash, Size: size}.JSONTail(), ref.JSONTail(), hash, ref.SHA256)
		}
	}
	if pairs == nil {
		return b, nil
	}
	return []byte(strings.NewReplacer(pairs...).Replace(string(b))), nil
}

func (w *rewriting) size(hash string) (int64, error) {
	fi, err := os.Stat(w.store.Path(artifact.Ref{SHA256: hash}))
	if err != nil {
		return 0, err
	}
	return fi.Size(), nil
}

// without returns an artifact as it is without the documents, and nil for one
// that is about one of them alone. A data set keeps their IDs: it says what
// models were trained on.
func (w *rewriting) without(b []byte) ([]byte, error) {
	if tree, ok := reportTree(b); ok {
		return w.report(b, tree)
	}
	if !w.mentions(b) {
		return b, nil
	}
	if isLines(b) {
		return w.lines(b), nil
	}
	var d label.Dataset
	if json.Unmarshal(b, &d) == nil && d.Domain != "" && len(d.Splits) > 0 {
		return b, nil
	}
	var r eval.Report
	if json.Unmarshal(b, &r) == nil && r.RunID != "" && r.Verdict.Status != "" {
		return b, nil // written anew with the list of the report's files
	}
	return nil, nil
}

func (w *rewriting) mentions(b []byte) bool {
	for _, id := range w.ids {
		if bytes.Contains(b, []byte(id)) {
			return true
		}
	}
	return false
}

// isLines tells JSON lines from one JSON value.
func isLines(b []byte) bool {
	line, _, ok := bytes.Cut(b, []byte("\n"))
	return ok && json.Valid(line)
}

// lines drops the lines that speak of a document.
func (w *rewriting) lines(b []byte) []byte {
	kept := []byte{}
	for line := range bytes.Lines(b) {
		if !w.mentions(line) {
			kept = append(kept, line...)
		}
	}
	return kept
}

// reportFile is the part of a report that the others are made from.
const reportFile = "report.json"

// reportTree reads the list of files of a report.
func reportTree(b []byte) (artifact.Tree, bool) {
	var t artifact.Tree
	if json.Unmarshal(b, &t) != nil {
		return t, false
	}
	for _, f := range t.Files {
		if f.Path == reportFile {
			return t, true
		}
	}
	return t, false
}

// report writes a report anew without the cases of the documents.
func (w *rewriting) report(b []byte, tree artifact.Tree) ([]byte, error) {
	var r eval.Report
	for _, f := range tree.Files {
		if f.Path != reportFile {
			continue
		}
		err := w.store.JSON(f.Ref, &r)
		if errors.Is(err, artifact.ErrNotFound) {
			return b, nil
		}
		if err != nil {
			return nil, err
		}
	}
	n := eval.Redact(&r, w.ids)
	if n == 0 {
		return b, nil
	}
	dir, err := os.MkdirTemp("", "adapt-report-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := eval.WriteReport(dir, r); err != nil {
		return nil, err
	}
	ref, err := w.store.PutDir(artifact.KindReport, dir)
	if err != nil {
		return nil, err
	}
	w.reports++
	for _, f := range tree.Files {
		w.gone = append(w.gone, f.Ref)
	}
	return w.store.Bytes(ref)
}
