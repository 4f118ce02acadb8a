package activities

import (
	"context"

	"adapt/activities/api"
	"adapt/artifact"
	"adapt/ingest"
	"adapt/label"
	"adapt/prompt"
	"adapt/registry"
	"adapt/tokenizer"
)

// split divides the documents and freezes the test part. It is remembered for
// the run: a second attempt must not see what the first one froze as another
// past.
func (a *Activities) split(ctx context.Context, in api.SplitInput) (api.Split, error) {
	return run(ctx, a, in.Job, "split", func(ctx context.Context, m *meter) (api.Split, error) {
		s, err := a.setting(in.Job)
		if err != nil {
			return api.Split{}, err
		}
		key := registry.StepKey("split", in.RunID, in.Documents, in.Labeled, in.Agreement, in.Config)
		return once(ctx, a, key, func(ctx context.Context) (api.Split, error) {
			return a.divide(ctx, in, s, m)
		})
	})
}

func (a *Activities) divide(ctx context.Context, in api.SplitInput, s setting, m *meter) (api.Split, error) {
	docs, err := a.documents(in.Documents)
	if err != nil {
		return api.Split{}, err
	}
	labeled, err := a.labeled(in.Labeled)
	if err != nil {
		return api.Split{}, err
	}
	frozen, err := a.Registry.FrozenTest(ctx, in.Domain)
	if err != nil {
		return api.Split{}, err
	}
	usable := usableGroups(docs, labeled)
	c := s.config
	splits := label.SplitDocs(usable, c.Split.Dev, c.Split.Test, c.Seed, frozen)
	tok, err := tokenizer.Starter() // any measure will do for the table of tokens
	if err != nil {
		return api.Split{}, err
	}
	d := label.Dataset{
		Domain: in.Domain, Version: s.domain.Version(), Seed: c.Seed,
		Refs: map[string]string{"documents": in.Documents.String(), "labeled": in.Labeled.String()},
	}
	formats := formatsOf(docs)
	for _, l := range labeled {
		d.Add(l, splits[l.DocID], formats[l.DocID], lengths(tok, l.Examples))
	}
	d.CountGroups(usable)
	if !in.Agreement.IsZero() {
		if err := a.store().JSON(in.Agreement, &d.Agreement); err != nil {
			return api.Split{}, err
		}
	}
	m.say("looking for near copies across the parts")
	if err := a.addExchanges(s, in.Documents, tok, &d); err != nil {
		return api.Split{}, err
	}
	err = leakage(c, artifact.Each[*ingest.Document](a.store(), in.Documents), artifact.Each[label.Labeled](a.store(), in.Labeled), &d)
	if err != nil {
		return api.Split{}, err
	}
	out := api.Split{
		Train: d.Splits[label.Train].Docs, Dev: d.Splits[label.Dev].Docs, Test: d.Splits[label.Test].Docs,
		TrainExamples: d.Splits[label.Train].Examples, DevExamples: d.Splits[label.Dev].Examples,
	}
	if err := enough(out); err != nil {
		return out, err
	}
	if out.Dataset, err = a.store().PutJSON(artifact.KindDataset, d); err != nil {
		return out, err
	}
	err = a.Registry.AddDataset(ctx, registry.DatasetVersion{
		Ref: out.Dataset, Documents: in.Documents, Labeled: in.Labeled, Domain: in.Domain, RunID: in.RunID,
	})
	if err != nil {
		return out, err
	}
	var test []string
	for _, doc := range part(docs, d, label.Test) {
		test = append(test, doc.ID)
	}
	return out, a.Registry.FreezeTest(ctx, in.Domain, test)
}

func enough(s api.Split) error {
	switch {
	case s.Train == 0 || s.Dev == 0 || s.Test == 0:
		return badInput("there are too few usable documents: %d to train on, %d for development and %d to test on, and each part needs one; add documents, or change the shares under split", s.Train, s.Dev, s.Test)
	case s.TrainExamples == 0 || s.DevExamples == 0:
		return badInput("the documents give no examples to learn from (%d for training, %d for development); add documents with labels, or look at label.gold", s.TrainExamples, s.DevExamples)
	}
	return nil
}

// usableGroups returns the documents with a truth, with their groups.
func usableGroups(docs []*ingest.Document, labeled []label.Labeled) []label.DocGroup {
	skipped := map[string]bool{}
	for _, l := range labeled {
		skipped[l.DocID] = l.Skipped != ""
	}
	var groups []label.DocGroup
	for _, d := range docs {
		if !skipped[d.ID] {
			groups = append(groups, label.DocGroup{ID: d.ID, Group: d.Group})
		}
	}
	return groups
}

// lengths returns how long examples are in tokens.
func lengths(tok tokenizer.Tokenizer, examples []label.Example) []int {
	n := make([]int, len(examples))
	for i, e := range examples {
		n[i] = len(prompt.Render(tok, e.Turns).IDs)
	}
	return n
}

// formatsOf returns what each document was read from.
func formatsOf(docs []*ingest.Document) map[string]string {
	formats := make(map[string]string, len(docs))
	for _, d := range docs {
		formats[d.ID] = d.Format
	}
	return formats
}
