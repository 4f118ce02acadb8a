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
	heads, err := a.heads(in)
	if err != nil {
		return api.Split{}, err
	}
	frozen, err := a.Registry.FrozenTest(ctx, in.Domain)
	if err != nil {
		return api.Split{}, err
	}
	usable := usableGroups(heads)
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
	if err := a.count(ctx, in.Labeled, splits, heads, tok, &d, m); err != nil {
		return api.Split{}, err
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
	for _, h := range heads {
		if d.Docs[h.ID] == label.Test {
			test = append(test, h.ID)
		}
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

// A head is what is needed of a document and of what labeling made of it before
// their texts.
type head struct {
	ID     string `json:"id"`
	Format string `json:"format"`
	Group  string `json:"group"`

	skipped bool
}

// heads returns those of all documents, in their order.
func (a *Activities) heads(in api.SplitInput) ([]head, error) {
	var heads []head
	place := map[string]int{}
	for h, err := range artifact.Each[head](a.store(), in.Documents) {
		if err != nil {
			return nil, err
		}
		place[h.ID] = len(heads)
		heads = append(heads, h)
	}
	type labeledHead struct {
		DocID   string `json:"doc_id"`
		Skipped string `json:"skipped"`
	}
	for l, err := range artifact.Each[labeledHead](a.store(), in.Labeled) {
		if err != nil {
			return nil, err
		}
		if i, ok := place[l.DocID]; ok {
			heads[i].skipped = l.Skipped != ""
		}
	}
	return heads, nil
}

// usableGroups returns the documents with a truth, with their groups.
func usableGroups(heads []head) []label.DocGroup {
	var groups []label.DocGroup
	for _, h := range heads {
		if !h.skipped {
			groups = append(groups, label.DocGroup{ID: h.ID, Group: h.Group})
		}
	}
	return groups
}

// count counts what labeling made into the data set, a chunk of documents at a
// time.
func (a *Activities) count(ctx context.Context, ref artifact.Ref, splits map[string]label.Split, heads []head, tok tokenizer.Tokenizer, d *label.Dataset, m *meter) error {
	formats := make(map[string]string, len(heads))
	for _, h := range heads {
		formats[h.ID] = h.Format
	}
	m.start("documents", 0, len(heads))
	var chunk []label.Labeled
	add := func() error {
		tokens := make([][]int, len(chunk))
		err := each(ctx, workers(), len(chunk), func(_ context.Context, i int) error {
			tokens[i] = lengths(tok, chunk[i].Examples)
			return nil
		})
		for i, l := range chunk {
			d.Add(l, splits[l.DocID], formats[l.DocID], tokens[i])
		}
		m.add(len(chunk))
		chunk = chunk[:0]
		return err
	}
	for l, err := range artifact.Each[label.Labeled](a.store(), ref) {
		if err != nil {
			return err
		}
		if chunk = append(chunk, l); len(chunk) == labelChunk {
			if err := add(); err != nil {
				return err
			}
		}
	}
	return add()
}

// lengths returns how long examples are in tokens.
func lengths(tok tokenizer.Tokenizer, examples []label.Example) []int {
	n := make([]int, len(examples))
	for i, e := range examples {
		n[i] = len(prompt.Render(tok, e.Turns).IDs)
	}
	return n
}
