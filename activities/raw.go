package activities

import (
	"context"
	"errors"
	"slices"

	"adapt/ingest"
	"adapt/registry"
	"adapt/vault"
)

// parse reads one file of the folder, keeps it as it was found, and puts aside
// what can not be used of it and what was deleted on request.
func (a *Activities) parse(ctx context.Context, r *reading, f ingest.File, sum string) ([]ingest.Document, []ingest.BadPart, error) {
	if r.deleted[registry.DeleteRaw][sum] {
		return nil, []ingest.BadPart{{Quarantine: deletedOnRequest}}, nil
	}
	data, err := ingest.Load(r.folder, f, r.limits)
	var docs []ingest.Document
	var bad []ingest.BadPart
	if err == nil {
		docs, bad, err = a.Readers.Parse(ctx, f.Path, data, r.limits)
	}
	var q *ingest.Quarantine
	if errors.As(err, &q) {
		return nil, []ingest.BadPart{{Quarantine: *q}}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	all := len(docs)
	docs = slices.DeleteFunc(docs, func(d ingest.Document) bool {
		gone := r.deleted.holds(d)
		if gone {
			bad = append(bad, ingest.BadPart{Index: d.Index, Quarantine: deletedOnRequest})
		}
		return gone
	})
	if r.vault == nil || all == 0 || len(docs) < all {
		return docs, bad, nil // a raw file goes whole or not at all
	}
	_, err = r.vault.Put(vault.File{Name: f.Path, Data: data})
	return docs, bad, err
}

var deletedOnRequest = ingest.Quarantine{
	Reason: ingest.ReasonDeleted, Detail: "it was deleted on request and is not read again; take it out of the folder too",
}

// rawFiles opens the vault, unless raw files are not kept.
func (a *Activities) rawFiles(s setting) (*vault.Vault, error) {
	if !s.config.Ingest.KeepRaw {
		return nil, nil
	}
	v, err := vault.OpenIn(a.Home.Dir())
	if err != nil {
		return nil, badInput("%v; or set ingest.keep_raw to false", err)
	}
	return v, nil
}

// deletions are what was deleted on request, by kind and value.
type deletions map[string]map[string]bool

func (a *Activities) deletions(ctx context.Context) (deletions, error) {
	all, err := a.Registry.Deletions(ctx)
	if err != nil {
		return nil, err
	}
	d := deletions{}
	for _, one := range all {
		if d[one.Kind] == nil {
			d[one.Kind] = map[string]bool{}
		}
		d[one.Kind][one.Value] = true
	}
	return d, nil
}

// holds reports whether a document was deleted.
func (d deletions) holds(doc ingest.Document) bool {
	return d[registry.DeleteDocument][doc.ID] || d[registry.DeleteSubject][doc.Subject]
}
