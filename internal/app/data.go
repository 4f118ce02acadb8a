package app

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"adapt/artifact"
	"adapt/domains/all"
	"adapt/ingest"
	"adapt/label"
	"adapt/label/formats"
	"adapt/registry"
)

// A Data is a data set with where it comes from.
type Data struct {
	registry.DatasetVersion
	Version string        `json:"version"`
	Dataset label.Dataset `json:"dataset"`
}

// Data returns a data set by its version or its run's ID; with "" the newest.
func (a *App) Data(ctx context.Context, name string) (Data, error) {
	var v registry.DatasetVersion
	if name == "" {
		versions, err := a.Registry.ListDatasets(ctx, "")
		if err != nil {
			return Data{}, err
		}
		if len(versions) == 0 {
			return Data{}, errors.New("no data sets yet; `adapt run DOMAIN FOLDER` makes one")
		}
		v = versions[0]
	} else {
		var err error
		if v, err = a.Registry.GetDataset(ctx, name); err != nil {
			return Data{}, err
		}
	}
	return a.data(v)
}

func (a *App) data(v registry.DatasetVersion) (Data, error) {
	d := Data{DatasetVersion: v, Version: v.Version()}
	err := a.Registry.Store().JSON(v.Ref, &d.Dataset)
	return d, err
}

// AllData returns the data sets of a domain, or of all with "", newest first.
func (a *App) AllData(ctx context.Context, domain string) ([]Data, error) {
	versions, err := a.Registry.ListDatasets(ctx, domain)
	if err != nil {
		return nil, err
	}
	out := make([]Data, len(versions))
	for i, v := range versions {
		if out[i], err = a.data(v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// CompareData says how two data sets differ.
func (a *App) CompareData(ctx context.Context, from, to string) (label.DataDiff, error) {
	old, err := a.Data(ctx, from)
	if err != nil {
		return label.DataDiff{}, err
	}
	now, err := a.Data(ctx, to)
	if err != nil {
		return label.DataDiff{}, err
	}
	if old.Domain != now.Domain {
		return label.DataDiff{}, fmt.Errorf("%s is of the domain %s and %s of %s; compare data sets of one domain", from, old.Domain, to, now.Domain)
	}
	s := a.Registry.Store()
	return label.CompareData(old.Dataset, now.Dataset, artifact.Each[label.Labeled](s, old.Labeled), artifact.Each[label.Labeled](s, now.Labeled))
}

// An Export says what of a data set is written, and how.
type Export struct {
	Data   string // its version or run; empty: the newest
	Format string // one of formats.Names
	Splits []label.Split
	Dir    string
	// Names writes the documents' names, which may name people; without it
	// their IDs stand in their place.
	Names bool
}

// An Exported is what was written.
type Exported struct {
	Version   string        `json:"version"`
	Format    string        `json:"format"`
	Dir       string        `json:"dir"`
	Documents int           `json:"documents"`
	Labels    int           `json:"labels"`
	Exchanges int           `json:"exchanges"`
	Notes     formats.Notes `json:"notes,omitempty"`
}

// ExportData writes a data set for other tools.
func (a *App) ExportData(ctx context.Context, e Export) (Exported, error) {
	d, err := a.Data(ctx, e.Data)
	if err != nil {
		return Exported{}, err
	}
	domain, err := all.Get(d.Domain)
	if err != nil {
		return Exported{}, err
	}
	out := Exported{Version: d.Version, Format: e.Format, Dir: e.Dir}
	w, err := formats.Create(e.Dir, e.Format, formats.Info{
		Name: d.Domain + "-" + d.Version, Version: d.Version,
		Description: "Documents of the domain " + d.Domain + " with their labels, as adapt trained and measured on them. De-identified where the domain asks for it; look before you share.",
	})
	if err != nil {
		return Exported{}, usageError{err}
	}
	x := exporter{Data: d, Export: e, w: w, out: &out, categories: domain.Categories()}
	if err := x.all(ctx, a.Registry.Store()); err != nil {
		return Exported{}, errors.Join(err, formats.Discard(w))
	}
	if out.Notes, err = w.Close(); errors.Is(err, formats.ErrNothing) {
		return Exported{}, usage("%w: the data set has %s", err, x.holds())
	} else if err != nil {
		return Exported{}, err
	}
	if x.unlocated > 0 {
		out.Notes = append(out.Notes, formats.Note{What: "annotated quotes that were not found in their document, which are left out", Count: x.unlocated})
	}
	return out, nil
}

// An exporter writes one data set.
type exporter struct {
	Data
	Export
	w          formats.Writer
	out        *Exported
	categories []string
	rejected   int
	unlocated  int
}

// all writes every document of the splits beside what labeling made of it, and
// then the exchanges that were made of no document. The two artifacts have the
// documents in one order.
func (x *exporter) all(ctx context.Context, s *artifact.Store) error {
	labeled := map[string]label.Labeled{} // that came before their document
	next, stop := iter.Pull2(artifact.Each[label.Labeled](s, x.Labeled))
	defer stop()
	for doc, err := range artifact.Each[*ingest.Document](s, x.Documents) {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		l, ok := labeled[doc.ID]
		for !ok {
			v, err, more := next()
			if err != nil {
				return err
			}
			if !more {
				break
			}
			if v.DocID == doc.ID {
				l, ok = v, true
			} else {
				labeled[v.DocID] = v
			}
		}
		delete(labeled, doc.ID)
		split, in := x.Dataset.Docs[doc.ID]
		if !ok || !in || !slices.Contains(x.Splits, split) {
			continue
		}
		if err := x.one(doc, l, split); err != nil {
			return err
		}
	}
	if x.Dataset.Exchanges.IsZero() || !slices.Contains(x.Splits, label.Train) {
		return nil
	}
	for e, err := range artifact.Each[label.Example](s, x.Dataset.Exchanges) {
		if err == nil {
			err = x.exchange(e, "", label.Train)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (x *exporter) exchange(e label.Example, doc string, split label.Split) error {
	x.out.Exchanges++
	if e.Rejected != "" {
		x.rejected++
	}
	return x.w.Exchange(&formats.Exchange{ID: e.ID, Doc: doc, Split: split, Turns: e.Turns, Rejected: e.Rejected})
}

func (x *exporter) one(doc *ingest.Document, l label.Labeled, split label.Split) error {
	d := formats.Doc{Key: doc.ID, Text: doc.Text, Split: split, Reference: l.Truth.Reference}
	if x.Names {
		d.Key = doc.Key
	}
	shown := map[string]bool{}
	for _, sp := range l.Truth.Spans {
		shown[sp.Category] = true
		d.Labels = append(d.Labels, formats.Label{
			Gold:   label.Gold{Key: d.Key, Category: sp.Category, Text: doc.Text[sp.Start:sp.End], Start: sp.Start, Attrs: sp.Attrs},
			Origin: sp.Origin, Confidence: sp.Confidence,
		})
	}
	for category, n := range l.Truth.Unlocated {
		shown[category] = true
		x.unlocated += n
	}
	// A person who annotated a document says of the rest that it is not there.
	if o := l.Truth.Origin; o == label.OriginGold || o == label.OriginReview {
		for _, c := range x.categories {
			if !shown[c] {
				d.Labels = append(d.Labels, formats.Label{Gold: label.Gold{Key: d.Key, Category: c, Absent: true}, Origin: o})
			}
		}
	}
	x.out.Documents++
	x.out.Labels += len(l.Truth.Spans)
	if err := x.w.Doc(&d); err != nil {
		return err
	}
	for _, e := range l.Examples {
		if err := x.exchange(e, d.Key, split); err != nil {
			return err
		}
	}
	return nil
}

// holds says what there was to write.
func (x *exporter) holds() string {
	return fmt.Sprintf("%d documents, %d labels, %d exchanges and %d rejected answers in the chosen splits", x.out.Documents, x.out.Labels, x.out.Exchanges, x.rejected)
}
