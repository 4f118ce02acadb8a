// Package erase deletes documents for good, because a patient, a client or the
// law asks for it: the raw files, the examples and answers made of them, and
// their cases in reports. It also says which models were trained on them: what
// a model has learned can not be taken out of it.
//
// Artifacts are immutable and named by their content. Those that hold a
// deleted document are written anew without it, so are those that refer to
// them, and so on; the registry then refers to the new ones in one
// transaction, and at last the old bytes are removed. Whatever stops it, doing
// it again does the rest.
package erase

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"adapt/internal/home"
	"adapt/label"
	"adapt/registry"
	"adapt/vault"
)

// ErrRunning: a run goes on, which may hold what is to be deleted.
var ErrRunning = errors.New("a run goes on; wait until it has ended, or stop it with `adapt cancel`")

// A Request says what to delete.
type Request struct {
	// Kind is registry.DeleteDocument, DeleteRaw or DeleteSubject; Value is the
	// document's ID, the file's SHA-256 or the patient's keyed hash.
	Kind, Value string
	// By is who deletes, Reason why. Both are kept for ever: the reason should
	// name a case number, not a person.
	By, Reason string
}

// A Plan is what a request comes to.
type Plan struct {
	Documents []registry.ReadDocument `json:"documents"`
	// Raws are the SHA-256s of the files that hold them. They are deleted whole,
	// also when a file holds other documents too: those stay, but their original
	// can not be looked at any more.
	Raws []string `json:"raw_files"`
	// Others counts those other documents.
	Others int `json:"other_documents"`
	// Models were trained on at least one of the documents.
	Models []Trained `json:"models"`
}

// Trained is a model with how many of the documents it was trained on.
type Trained struct {
	registry.Model
	Documents int  `json:"trained_on"`
	Champion  bool `json:"champion"`
}

// A Result is what was deleted.
type Result struct {
	Plan
	Rewritten int `json:"rewritten"` // artifacts that were written anew
	Removed   int `json:"removed"`   // artifacts that are gone, the old forms of those included
	Reports   int `json:"reports"`   // reports that lost a case
}

// Eraser is a data folder to delete from.
type Eraser struct {
	Home     *home.Home
	Registry *registry.Registry
	Vault    *vault.Vault
}

// Plan finds what a request concerns. A request that fits no document is
// registry.ErrNotFound.
func (e *Eraser) Plan(ctx context.Context, req Request) (Plan, error) {
	docs, err := e.Registry.FindDocuments(ctx, req.Kind, req.Value)
	if err != nil {
		return Plan{}, err
	}
	if len(docs) == 0 {
		return Plan{}, fmt.Errorf("no document that was read fits: %w; `adapt data list` shows the data sets", registry.ErrNotFound)
	}
	p := Plan{Documents: docs}
	gone := map[string]bool{}
	for _, d := range docs {
		gone[d.ID] = true
		p.Raws = append(p.Raws, d.Raw)
	}
	slices.Sort(p.Raws)
	p.Raws = slices.Compact(p.Raws)
	for _, raw := range p.Raws {
		beside, err := e.Registry.FindDocuments(ctx, registry.DeleteRaw, raw)
		if err != nil {
			return p, err
		}
		for _, d := range beside {
			if !gone[d.ID] {
				p.Others++
			}
		}
	}
	p.Models, err = trained(ctx, e.Registry, gone)
	return p, err
}

// trained returns the models that learned from any of the documents.
func trained(ctx context.Context, reg *registry.Registry, docs map[string]bool) ([]Trained, error) {
	models, err := reg.ListModels(ctx, "")
	if err != nil {
		return nil, err
	}
	var out []Trained
	for _, m := range models {
		n, err := learned(reg, m, docs)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			continue
		}
		live, ok, err := reg.Champion(ctx, m.Domain)
		if err != nil {
			return nil, err
		}
		out = append(out, Trained{Model: m, Documents: n, Champion: ok && live.Ref == m.Ref})
	}
	return out, nil
}

// learned counts the documents in a model's training part.
func learned(reg *registry.Registry, m registry.Model, docs map[string]bool) (int, error) {
	if m.Lineage.Dataset.IsZero() {
		return 0, nil
	}
	var d label.Dataset
	if err := reg.Store().JSON(m.Lineage.Dataset, &d); err != nil {
		return 0, fmt.Errorf("the data set of model %s: %w", m.Name, err)
	}
	n := 0
	for id, split := range d.Docs {
		if split == label.Train && docs[id] {
			n++
		}
	}
	return n, nil
}

// Marks returns, by the name of every model that was trained on documents which
// were deleted since, how many these are.
func Marks(ctx context.Context, reg *registry.Registry) (map[string]int, error) {
	deleted, err := reg.Deletions(ctx)
	if err != nil || len(deleted) == 0 {
		return nil, err
	}
	ids := map[string]bool{}
	for _, d := range deleted {
		if d.Kind == registry.DeleteDocument {
			ids[d.Value] = true
		}
	}
	models, err := trained(ctx, reg, ids)
	marks := map[string]int{}
	for _, m := range models {
		marks[m.Name] = m.Documents
	}
	return marks, err
}

// Erase deletes what the plan names. It refuses while a run goes on.
func (e *Eraser) Erase(ctx context.Context, p Plan, req Request) (Result, error) {
	out := Result{Plan: p}
	for _, status := range []registry.Status{registry.StatusRunning, registry.StatusWaiting} {
		runs, err := e.Registry.ListRuns(ctx, registry.RunFilter{Status: status, Limit: 1})
		if err != nil {
			return out, err
		}
		if len(runs) > 0 {
			return out, fmt.Errorf("%s: %w", runs[0].ID, ErrRunning)
		}
	}
	w := newRewriting(e.Registry.Store(), p)
	if err := w.run(ctx); err != nil {
		return out, err
	}
	if err := e.Registry.Erase(ctx, deletions(p, req), w.replaced); err != nil {
		return out, err
	}
	for _, raw := range p.Raws {
		if err := e.Vault.Delete(raw); err != nil {
			return out, err
		}
	}
	for _, ref := range w.gone {
		if err := e.Registry.Store().Remove(ref); err != nil {
			return out, err
		}
	}
	out.Rewritten, out.Removed, out.Reports = len(w.replaced), len(w.gone), w.reports
	return out, e.clean()
}

// deletions are the notes to keep: of what was asked for, of each document and,
// where no other document is in them, of their files, so that none of them is
// read again.
func deletions(p Plan, req Request) []registry.Deletion {
	all := []registry.Deletion{{Kind: req.Kind, Value: req.Value, By: req.By, Reason: req.Reason}}
	for _, d := range p.Documents {
		all = append(all, registry.Deletion{Kind: registry.DeleteDocument, Value: d.ID, By: req.By, Reason: req.Reason})
	}
	if p.Others == 0 {
		for _, raw := range p.Raws {
			all = append(all, registry.Deletion{Kind: registry.DeleteRaw, Value: raw, By: req.By, Reason: req.Reason})
		}
	}
	return all
}

// clean removes what runs left half done, the examples that they showed before
// training, and the reports that were laid out to be looked at: all may quote a
// document. No run goes on that needs them, and reports are laid out anew.
func (e *Eraser) clean() error {
	for _, pattern := range []string{"work/*", "training/*/data.txt", "reports/*"} {
		paths, err := filepath.Glob(e.Home.Path(filepath.FromSlash(pattern)))
		if err != nil {
			return fmt.Errorf("data folder: %w", err)
		}
		for _, path := range paths {
			if err := os.RemoveAll(path); err != nil {
				return fmt.Errorf("data folder: %w", err)
			}
		}
	}
	return nil
}
