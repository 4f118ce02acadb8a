package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"path"

	"adapt/artifact"
	"adapt/ingest"
	"adapt/ingest/deid"
	"adapt/registry"
)

// readerVersion is part of the key under which read files are remembered.
// Count it up when a reader comes to give another text for the same file.
const readerVersion = 6

// A batch is what one batch of files gave.
type batch struct {
	Files []string    `json:"files"` // the short keys of their readings, in order
	Sums  []string    `json:"sums"`  // the SHA-256s of their bytes, in order
	Parts []batchPart `json:"parts"` // where to find what they gave
	Count int         `json:"count"` // documents
	Put   int         `json:"put"`   // aside
}

// A batchPart is what files gave that were read together. One that was read in an
// earlier run is found among others, which may not be in the folder any more.
type batchPart struct {
	Documents artifact.Ref `json:"documents"` // JSON lines of ingest.Document, without groups
	Index     artifact.Ref `json:"index"`     // JSON lines of entry, in the order of the documents
	Aside     artifact.Ref `json:"aside"`     // JSON lines of Aside
}

// A fileRead is what is remembered of a file.
type fileRead struct {
	Part  batchPart `json:"part"`
	Count int       `json:"count"`
	Put   int       `json:"put"`
}

// An entry is what is known of a document without its text.
type entry struct {
	ID        string      `json:"id"`
	Of        string      `json:"of,omitempty"`        // the short key of its file's reading
	Sum       []byte      `json:"sum,omitempty"`       // ingest.TextSum
	Signature []byte      `json:"signature,omitempty"` // ingest.Signature
	Removed   int         `json:"removed,omitempty"`   // identifiers
	Leaks     []deid.Kind `json:"leaks,omitempty"`     // kinds of identifiers that are left
}

// shortKey is the part of a step's key that names a file's reading in lists.
func shortKey(key string) string { return key[:32] }

// readBatch reads a batch of the manifest. Only files are read whose content no
// run has read under these settings; what the others gave is found. each, which
// may be nil, is called after each file. A run looks at its files once: what it
// asks for again is what it found then.
func (a *Activities) readBatch(ctx context.Context, r *reading, i int, each func()) (batch, error) {
	if i < 0 || i >= len(r.list.Batches) {
		return batch{}, fmt.Errorf("the manifest has no batch %d", i)
	}
	again := registry.StepKey("batch", readerVersion, r.runID, r.manifest, i, r.keyOf(ingest.File{}, ""))
	return once(ctx, a, again, func(ctx context.Context) (batch, error) {
		var b batch
		w := &batchWriter{a: a, known: map[string]any{}}
		defer w.discard()
		parts := map[batchPart]bool{}
		for _, place := range r.list.Batches[i] {
			f := r.list.Files[place]
			sum := fileSum(r.folder, f.Path)
			key := r.keyOf(f, sum)
			b.Files, b.Sums = append(b.Files, shortKey(key)), append(b.Sums, sum)
			raw, found, err := a.Registry.Lookup(ctx, key)
			if err != nil {
				return b, err
			}
			var have fileRead
			if found && !r.deleted[registry.DeleteRaw][sum] && json.Unmarshal(raw, &have) == nil {
				if !parts[have.Part] {
					parts[have.Part] = true
					b.Parts = append(b.Parts, have.Part)
				}
			} else if have, err = w.read(ctx, r, f, key, sum); err != nil {
				return b, err
			}
			b.Count, b.Put = b.Count+have.Count, b.Put+have.Put
			if each != nil {
				each()
			}
		}
		fresh, err := w.keep(ctx)
		if fresh != nil {
			b.Parts = append(b.Parts, *fresh)
		}
		return b, err
	})
}

// keyOf is the key under which what a file gives is remembered: all that
// decides it, its content and name among them.
func (r *reading) keyOf(f ingest.File, sum string) string {
	remove := ""
	if r.engine != nil {
		remove = r.engine.Key()
	}
	return registry.StepKey("read", readerVersion, f.Path, sum, r.limits, remove)
}

// A batchWriter reads files and stores what they give. A document is in memory
// until its file is read; then it is stored without its identifiers.
type batchWriter struct {
	a         *Activities
	documents *artifact.Writer
	index     []entry
	aside     []Aside
	notes     []registry.ReadDocument
	known     map[string]any // what is remembered, by key
}

func (w *batchWriter) discard() {
	if w.documents != nil {
		w.documents.Discard()
	}
}

// read reads one file; what can not be used of it is put aside.
func (w *batchWriter) read(ctx context.Context, r *reading, f ingest.File, key, sum string) (fileRead, error) {
	docs, bad, err := w.a.parse(ctx, r, f, sum)
	if err != nil {
		return fileRead{}, err
	}
	if w.documents == nil {
		if w.documents, err = w.a.store().Create(artifact.KindDocuments); err != nil {
			return fileRead{}, err
		}
	}
	of := shortKey(key)
	for i := range docs {
		w.notes = append(w.notes, registry.ReadDocument{Domain: r.domain.Name(), ID: docs[i].ID, Raw: docs[i].RawSHA, Subject: docs[i].Subject})
		e := cleaned(&docs[i], r.engine)
		e.Of = of
		if err := w.documents.Line(&docs[i]); err != nil {
			return fileRead{}, err
		}
		docs[i] = ingest.Document{}
		w.index = append(w.index, e)
	}
	for _, b := range bad {
		w.aside = append(w.aside, Aside{File: path.Join(f.Path, b.Inner), Index: b.Index, SHA256: sum, Reason: b.Quarantine.Reason, Detail: b.Quarantine.Detail, Of: of})
	}
	have := fileRead{Count: len(docs), Put: len(bad)}
	w.known[key] = have
	return have, nil
}

// cleaned takes the identifiers out of a document: nothing of it is stored
// before. What the engine still finds then is noted for the check that follows.
func cleaned(d *ingest.Document, engine *deid.Engine) entry {
	e := entry{ID: d.ID}
	if engine != nil {
		engine.Apply(d)
		e.Removed, e.Leaks = len(d.Edits), engine.Leaks(d)
	}
	sum := ingest.TextSum(d.Text)
	e.Sum = sum[:]
	e.Signature = ingest.Sign(d.Text).Bytes()
	return e
}

// keep stores what was read, if anything was, and remembers it by file.
func (w *batchWriter) keep(ctx context.Context) (*batchPart, error) {
	if w.documents == nil {
		return nil, nil
	}
	var p batchPart
	var err error
	if p.Documents, err = w.documents.Keep(); err != nil {
		return nil, err
	}
	if p.Index, err = artifact.PutLines(w.a.store(), artifact.KindManifest, w.index); err != nil {
		return nil, err
	}
	if p.Aside, err = artifact.PutLines(w.a.store(), artifact.KindManifest, w.aside); err != nil {
		return nil, err
	}
	for key, have := range w.known {
		f := have.(fileRead)
		f.Part = p
		w.known[key] = f
	}
	if err := w.a.Registry.NoteDocuments(ctx, w.notes); err != nil {
		return nil, err
	}
	return &p, w.a.Registry.RememberAll(ctx, w.known)
}
