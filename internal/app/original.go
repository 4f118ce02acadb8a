package app

import (
	"context"
	"errors"
	"fmt"

	"adapt/artifact"
	"adapt/ingest"
	"adapt/registry"
	"adapt/vault"
)

// errReread says that a raw file gives other documents than it did.
var errReread = errors.New("the document was read by another version of its reader; run again over its folder, then ask again")

// Original returns a document's text as it was read, before identifiers were
// removed, and notes first that by looks at it. With an end greater than 0 it
// is the words behind the range [start,end) of the text that labels and pages
// show.
func (a *App) Original(ctx context.Context, id string, start, end int, by string) (string, error) {
	docs, err := a.Registry.FindDocuments(ctx, registry.DeleteDocument, id)
	if err != nil {
		return "", err
	}
	if len(docs) == 0 {
		return "", fmt.Errorf("document: %w; give the whole ID, as labels and pages show it", registry.ErrNotFound)
	}
	if err := a.Registry.NoteLook(ctx, id, by); err != nil {
		return "", err
	}
	text, err := a.asRead(ctx, docs[0])
	if err != nil || end <= 0 {
		return text, err
	}
	d, err := a.stored(ctx, id)
	if err != nil {
		return "", err
	}
	if start < 0 || start > end || end > len(d.Text) {
		return "", usage("the document has %d bytes; give a range within them", len(d.Text))
	}
	from, to := d.OriginalRange(start, end)
	if from > to || to > len(text) {
		return "", errReread
	}
	return text[from:to], nil
}

// asRead reads a document again from the vault.
func (a *App) asRead(ctx context.Context, doc registry.ReadDocument) (string, error) {
	v, err := vault.OpenIn(a.Home.Dir())
	if err != nil {
		return "", err
	}
	f, err := v.Get(doc.Raw)
	if err != nil {
		return "", err
	}
	read, _, err := a.readers.Parse(ctx, f.Name, f.Data, ingest.Limits{})
	if err != nil {
		return "", err
	}
	for _, d := range read {
		if d.ID == doc.ID {
			return d.Text, nil
		}
	}
	return "", errReread
}

// stored returns a document as the last run that read it has stored it.
func (a *App) stored(ctx context.Context, id string) (ingest.Document, error) {
	runs, err := a.Registry.ListRuns(ctx, registry.RunFilter{})
	if err != nil {
		return ingest.Document{}, err
	}
	for _, run := range runs {
		s, err := a.Summary(ctx, run.ID)
		if err != nil || s.Documents.IsZero() || !a.Registry.Store().Has(s.Documents) {
			continue // a run that ended before it had documents
		}
		docs, err := artifact.Lines[ingest.Document](a.Registry.Store(), s.Documents)
		if err != nil {
			return ingest.Document{}, err
		}
		for _, d := range docs {
			if d.ID == id {
				return d, nil
			}
		}
	}
	return ingest.Document{}, fmt.Errorf("the document's text: %w; no run has kept it", registry.ErrNotFound)
}
