package app

import (
	"context"
	"errors"
	"path/filepath"

	"adapt/activities"
	"adapt/config"
	"adapt/domains"
	"adapt/domains/all"
	"adapt/ingest"
	"adapt/label"
	"adapt/label/formats"
)

// Functions says what labeling functions did.
type Functions struct {
	Domain      string             `json:"domain"`
	Docs        int                `json:"docs"`
	Segments    int                `json:"segments"`
	Annotated   int                `json:"annotated"` // documents
	Unreadable  int                `json:"unreadable,omitempty"`
	Calibration label.Calibration  `json:"calibration"`
	Functions   []label.FuncReport `json:"functions"`
}

func newFunctions(domain string, w *label.Weighed) *Functions {
	return &Functions{
		Domain: domain, Docs: w.Tally.Docs, Segments: w.Tally.Segments, Annotated: w.Tally.Gold,
		Calibration: w.Calibration, Functions: label.Analyze(w.Tally, w.Model),
	}
}

// RunFunctions says what the labeling functions did in a run.
func (a *App) RunFunctions(ctx context.Context, runID string) (*Functions, error) {
	s, err := a.Summary(ctx, runID)
	if err != nil {
		return nil, err
	}
	if s.Labeled.Votes.IsZero() {
		return nil, usage("run %s kept no votes: it has not ended, it failed before labeling, or its domain has no labeling functions that are weighed; `adapt data functions --domain DOMAIN FOLDER` asks them about a folder", runID)
	}
	var w label.Weighed
	if err := a.Registry.Store().JSON(s.Labeled.Votes, &w); err != nil {
		return nil, err
	}
	return newFunctions(s.Domain, &w), nil
}

// FolderFunctions asks a domain's labeling functions, and those of the
// configuration, about the documents of a folder, without a run. said is told
// how many files are done.
func (a *App) FolderFunctions(ctx context.Context, r Request, said func(done, all int)) (*Functions, error) {
	d, err := all.Get(r.Domain)
	if err != nil {
		return nil, usageError{err}
	}
	folder, err := filepath.Abs(r.Folder)
	if err != nil {
		return nil, usageError{err}
	}
	c, err := readConfig(r, folder)
	if err != nil {
		return nil, usageError{err}
	}
	if d, err = activities.WithFunctions(d, c); err != nil {
		return nil, usageError{err}
	}
	v, ok := d.(domains.Voter)
	if !ok {
		return nil, usage("the domain %s has no labeling functions that are weighed", r.Domain)
	}
	gold, err := folderGold(c.Label.Gold, folder)
	if err != nil {
		return nil, usageError{err}
	}
	files, err := ingest.Scan(folder, c.Ingest.Include)
	if err != nil {
		return nil, usage("%s: %w", folder, err)
	}
	tally := label.NewTally(v.Panel())
	unreadable := 0
	for i, f := range files {
		docs, _, err := a.readers.Read(ctx, folder, f, ingest.Limits{})
		var q *ingest.Quarantine
		if errors.As(err, &q) {
			unreadable++
		} else if err != nil {
			return nil, err
		}
		for j := range docs {
			doc := &docs[j]
			b, err := v.Vote(doc, gold.Document(doc.Key, doc.ID, doc.Text))
			if err != nil {
				return nil, err
			}
			tally.Add(b.Segments, b.Candidates, b.Known, label.Half(doc.ID))
		}
		said(i+1, len(files))
	}
	w, err := label.Weigh(v.Panel(), tally, v.Known())
	if err != nil {
		return nil, err
	}
	out := newFunctions(r.Domain, w)
	out.Unreadable = unreadable
	return out, nil
}

// folderGold reads the annotations that label.gold names.
func folderGold(path, folder string) (label.GoldIndex, error) {
	switch {
	case path == config.GoldNone:
		return nil, nil
	case path == config.GoldAuto:
		if path = formats.Find(folder); path == "" {
			return nil, nil
		}
	case !filepath.IsAbs(path):
		path = filepath.Join(folder, path)
	}
	set, err := formats.Load(path)
	if err != nil {
		return nil, err
	}
	return label.Index(set.Gold()), nil
}
