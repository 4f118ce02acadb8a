package activities

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"adapt/activities/api"
	"adapt/artifact"
	"adapt/config"
	"adapt/domains"
	"adapt/ingest"
	"adapt/label"
)

// setting is what a job's references name.
type setting struct {
	config config.Config
	domain domains.Domain
	folder string
}

// setting reads the job's configuration and the rest of what decides a run.
func (a *Activities) setting(job api.Job) (setting, error) {
	var s setting
	if err := a.store().JSON(job.Config, &s.config); err != nil {
		return s, err
	}
	if err := s.config.Validate(); err != nil {
		return s, badInput("the configuration: %v", err)
	}
	var src api.Source
	if err := a.store().JSON(job.Source, &src); err != nil {
		return s, err
	}
	s.folder = src.Folder
	d, err := a.Domain(job.Domain)
	if err != nil {
		return s, badInput("%v", err)
	}
	if s.domain, err = WithTerms(d, s.config); err != nil {
		return s, badInput("%v", err)
	}
	if s.domain, err = WithFunctions(s.domain, s.config); err != nil {
		return s, badInput("%v", err)
	}
	return s, nil
}

// WithTerms returns the domain with the wordings of a team's configuration.
func WithTerms(d domains.Domain, c config.Config) (domains.Domain, error) {
	if len(c.Label.Terms) == 0 {
		return d, nil
	}
	t, ok := d.(domains.Termed)
	if !ok {
		return nil, fmt.Errorf("label.terms: the domain %s has no wordings to add to; leave label.terms empty", d.Name())
	}
	out, err := t.WithTerms(c.Label.Terms)
	if err != nil {
		return nil, fmt.Errorf("label.terms: %w", err)
	}
	return out, nil
}

// documents reads documents, which are sorted by ID.
func (a *Activities) documents(ref artifact.Ref) ([]*ingest.Document, error) {
	return artifact.Lines[*ingest.Document](a.store(), ref)
}

// putDocuments stores documents sorted by ID.
func (a *Activities) putDocuments(docs []*ingest.Document) (artifact.Ref, error) {
	slices.SortFunc(docs, func(x, y *ingest.Document) int { return cmp.Compare(x.ID, y.ID) })
	return artifact.PutLines(a.store(), artifact.KindDocuments, docs)
}

// labeled reads what labeling made, by document.
func (a *Activities) labeled(ref artifact.Ref) ([]label.Labeled, error) {
	return artifact.Lines[label.Labeled](a.store(), ref)
}

// dataset reads a data set.
func (a *Activities) dataset(ref artifact.Ref) (label.Dataset, error) {
	var d label.Dataset
	err := a.store().JSON(ref, &d)
	return d, err
}

// part returns the documents of one split, in the order of docs.
func part(docs []*ingest.Document, d label.Dataset, split label.Split) []*ingest.Document {
	var in []*ingest.Document
	for _, doc := range docs {
		if d.Docs[doc.ID] == split {
			in = append(in, doc)
		}
	}
	return in
}

// each calls f for 0 … n-1, parallel at a time, and stops at the first error.
func each(ctx context.Context, parallel, n int, f func(ctx context.Context, i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for i := range n {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return f(ctx, i)
		})
	}
	return g.Wait()
}
