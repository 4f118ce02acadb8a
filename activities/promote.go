package activities

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"adapt/activities/api"
	"adapt/artifact"
	"adapt/domains"
	"adapt/ingest"
	"adapt/label"
	"adapt/registry"
)

// probes is how many documents a candidate answers again before it goes live.
const probes = 3

// promote makes the candidate the champion, after it has answered some
// documents again, loaded anew from the registry, as it did when it was
// evaluated.
func (a *Activities) promote(ctx context.Context, in api.PromoteInput) error {
	_, err := run(ctx, a, in.Job, "promote", func(ctx context.Context, m *meter) (struct{}, error) {
		s, err := a.setting(in.Job)
		if err != nil {
			return struct{}{}, err
		}
		if err := a.stillThere(ctx, in); err != nil {
			return struct{}{}, err
		}
		if err := a.probe(ctx, in, s, m); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, a.Registry.Promote(ctx, registry.Promotion{
			Domain: in.Domain, Model: in.Candidate, Previous: in.Previous, RunID: in.RunID,
			By: in.By, Reason: in.Reason, Kind: in.Kind,
		})
	})
	return err
}

// stillThere checks that the registry has the candidate and that the champion
// is the one that it was compared with, before the work of probing. The
// registry checks the latter again in the transaction that promotes.
func (a *Activities) stillThere(ctx context.Context, in api.PromoteInput) error {
	if _, err := a.Registry.GetModel(ctx, in.Domain, in.Candidate.SHA256); err != nil {
		return err
	}
	champion, ok, err := a.Registry.Champion(ctx, in.Domain)
	if err != nil {
		return err
	}
	if ok && champion.Ref != in.Previous && champion.Ref != in.Candidate {
		return fmt.Errorf("%w: model %s has become the champion while this run went on; run again to compare with it", registry.ErrConflict, champion.Ref.Short())
	}
	return nil
}

// probe compares the candidate's answers with those of its evaluation.
func (a *Activities) probe(ctx context.Context, in api.PromoteInput, s setting, m *meter) error {
	docs, want, err := a.probeSet(in)
	if err != nil {
		return err
	}
	model, err := a.load(in.Candidate)
	if err != nil {
		return err
	}
	m.start("documents", 0, len(docs))
	return each(ctx, model.Parallel(), len(docs), func(ctx context.Context, i int) error {
		got, err := s.domain.Answer(ctx, model, docs[i])
		if err != nil {
			return err
		}
		m.add(1)
		if !sameAnswer(got, want[docs[i].ID]) {
			return errors.New("the candidate, loaded anew, answers otherwise than when it was evaluated, so it does not go live; is the memory or the disk of this machine sound?")
		}
		return nil
	})
}

// probeSet returns the first dev documents and what was answered to them.
func (a *Activities) probeSet(in api.PromoteInput) ([]*ingest.Document, map[string]domains.Answer, error) {
	all, err := a.documents(in.Documents)
	if err != nil {
		return nil, nil, err
	}
	d, err := a.dataset(in.Dataset)
	if err != nil {
		return nil, nil, err
	}
	answers, err := artifact.Lines[domains.Answer](a.store(), in.Answers)
	if err != nil {
		return nil, nil, err
	}
	want := map[string]domains.Answer{}
	for _, ans := range answers {
		want[ans.DocID] = ans
	}
	docs := part(all, d, label.Dev)
	return docs[:min(probes, len(docs))], want, nil
}

// sameAnswer compares to the last bit: the same program gives the same bits.
func sameAnswer(a, b domains.Answer) bool {
	if len(a.Items) == 0 && len(b.Items) == 0 {
		a.Items, b.Items = nil, nil
	}
	return reflect.DeepEqual(a, b)
}
