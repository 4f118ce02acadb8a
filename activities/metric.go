package activities

import (
	"context"

	"adapt/activities/api"
	"adapt/domains"
	"adapt/eval"
	"adapt/generate"
	"adapt/ingest"
	"adapt/label"
	"adapt/model"
	"adapt/tokenizer"
)

// metricDocuments is how many dev documents are answered at most each time the
// trainer asks how good the weights are.
const metricDocuments = 40

// devF1 returns a function that has a model read dev documents and gives its
// extraction F1, with the settings that are the best on them.
func (a *Activities) devF1(in api.TrainInput, s setting, tok tokenizer.Tokenizer) (func(context.Context, *model.Model) (float64, error), error) {
	all, err := a.documents(in.Documents)
	if err != nil {
		return nil, err
	}
	dataset, err := a.dataset(in.Dataset)
	if err != nil {
		return nil, err
	}
	labeled, err := a.labeled(in.Labeled)
	if err != nil {
		return nil, err
	}
	truths := map[string]label.Truth{}
	for _, l := range labeled {
		truths[l.DocID] = l.Truth
	}
	docs := part(all, dataset, label.Dev)
	docs = docs[:min(len(docs), metricDocuments)]
	return func(ctx context.Context, m *model.Model) (float64, error) {
		text, err := together(m, tok, s.config.Train.PrefixLM)
		if err != nil {
			return 0, err
		}
		return f1(ctx, text, s.domain, docs, truths)
	}, nil
}

func f1(ctx context.Context, m *generate.Text, d domains.Domain, docs []*ingest.Document, truths map[string]label.Truth) (float64, error) {
	answers, truth := make([]domains.Answer, len(docs)), make([]label.Truth, len(docs))
	err := each(ctx, m.Parallel(), len(docs), func(ctx context.Context, i int) (err error) {
		truth[i] = truths[docs[i].ID]
		answers[i], err = d.Answer(ctx, m, docs[i])
		return err
	})
	if err != nil {
		return 0, err
	}
	settings := d.Tune(docs, answers, truth)
	outcomes := make([]eval.Outcome, len(docs))
	for i := range docs {
		outcomes[i] = d.Outcome(docs[i], truth[i], answers[i], settings)
	}
	return eval.Summarize(outcomes, eval.Options{Resamples: 1, Seed: 1}).Figure(eval.ExtractionF1, "").Value, nil
}
