package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"adapt/activities/api"
	"adapt/artifact"
	"adapt/domains"
	"adapt/eval"
	"adapt/ingest"
	"adapt/label"
	"adapt/registry"
)

// score measures what the models answered, judges the candidate and writes the
// report.
func (a *Activities) score(ctx context.Context, in api.ScoreInput) (api.Scored, error) {
	return run(ctx, a, in.Job, "evaluate", func(ctx context.Context, m *meter) (api.Scored, error) {
		s, err := a.setting(in.Job)
		if err != nil {
			return api.Scored{}, err
		}
		key := registry.StepKey("score", in, s.domain.Version(), a.Code)
		return once(ctx, a, key, func(ctx context.Context) (api.Scored, error) {
			m.say("scoring")
			e, err := a.gatherEvidence(ctx, in, s)
			if err != nil {
				return api.Scored{}, err
			}
			return a.conclude(ctx, e, m)
		})
	})
}

// evidence is all that the verdict rests on.
type evidence struct {
	in      api.ScoreInput
	setting setting
	docs    map[string]*ingest.Document
	truths  map[string]label.Truth
	dataset label.Dataset
	all     []*ingest.Document
	labeled []label.Labeled
	near    map[string]bool

	candidate, champion, base *contender
}

// A contender is a model with what it answered.
type contender struct {
	api.Contender
	info      eval.ModelInfo
	dev, test []domains.Answer
	settings  domains.Settings
	losses    []eval.LogLoss
	outcomes  []eval.Outcome
	summary   eval.Summary
}

func (a *Activities) gatherEvidence(ctx context.Context, in api.ScoreInput, s setting) (*evidence, error) {
	e := &evidence{in: in, setting: s, docs: map[string]*ingest.Document{}, truths: map[string]label.Truth{}, near: map[string]bool{}}
	var err error
	if e.all, err = a.documents(in.Documents); err != nil {
		return nil, err
	}
	if e.labeled, err = a.labeled(in.Labeled.Labeled); err != nil {
		return nil, err
	}
	if e.dataset, err = a.dataset(in.Split.Dataset); err != nil {
		return nil, err
	}
	if e.setting.domain, err = a.withVotes(s.domain, in.Labeled.Votes); err != nil {
		return nil, err
	}
	for _, d := range e.all {
		e.docs[d.ID] = d
	}
	for _, l := range e.labeled {
		e.truths[l.DocID] = l.Truth
	}
	for _, n := range e.dataset.NearTrain {
		e.near[n.ID] = true
	}
	for _, c := range []struct {
		from api.Contender
		to   **contender
	}{{in.Candidate, &e.candidate}, {in.Champion, &e.champion}, {in.Base, &e.base}} {
		if *c.to, err = a.contender(ctx, e, c.from); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// contender reads a model's answers and decides its settings: those that it
// went live with, or the best on the dev part.
func (a *Activities) contender(ctx context.Context, e *evidence, from api.Contender) (*contender, error) {
	c := &contender{Contender: from}
	var err error
	if c.dev, err = artifact.Lines[domains.Answer](a.store(), from.Dev); err != nil {
		return nil, err
	}
	if c.test, err = artifact.Lines[domains.Answer](a.store(), from.Test); err != nil {
		return nil, err
	}
	if c.losses, err = artifact.Lines[eval.LogLoss](a.store(), from.General); err != nil {
		return nil, err
	}
	dir, err := a.modelDir(from.Model)
	if err != nil {
		return nil, err
	}
	kept, ok, err := ReadSettings(dir)
	if err != nil {
		return nil, err
	}
	if ok && kept.Domain == e.setting.domain.Name() {
		c.settings = kept.Settings
	} else {
		docs, truths := e.beside(c.dev)
		c.settings = e.setting.domain.Tune(docs, c.dev, truths)
	}
	c.info = eval.ModelInfo{Name: "base-" + from.Model.Short(), SHA256: from.Model.SHA256, Kind: "base"}
	if m, err := a.Registry.GetModel(ctx, e.in.Domain, from.Model.SHA256); err == nil {
		c.info.Name, c.info.Kind = m.Name, m.Kind
	}
	e.weigh(c)
	return c, nil
}

// beside returns the documents and the truths of answers.
func (e *evidence) beside(answers []domains.Answer) ([]*ingest.Document, []label.Truth) {
	docs := make([]*ingest.Document, len(answers))
	truths := make([]label.Truth, len(answers))
	for i, ans := range answers {
		docs[i], truths[i] = e.docs[ans.DocID], e.truths[ans.DocID]
	}
	return docs, truths
}

// weigh turns answers to the test part into outcomes and their summary.
func (e *evidence) weigh(c *contender) {
	c.outcomes = e.outcomes(c.test, c.settings)
	c.summary = eval.Summarize(c.outcomes, e.options())
	c.summary.Set(eval.GeneralPerplexity, eval.PerplexityFigure(c.losses, e.options()))
}

func (e *evidence) outcomes(answers []domains.Answer, s domains.Settings) []eval.Outcome {
	out := make([]eval.Outcome, len(answers))
	for i, ans := range answers {
		out[i] = e.setting.domain.Outcome(e.docs[ans.DocID], e.truths[ans.DocID], ans, s)
		out[i].NearTrain = e.near[ans.DocID]
	}
	return out
}

func (e *evidence) options() eval.Options {
	return eval.Options{Resamples: e.setting.config.Eval.Bootstrap, Seed: uint64(e.setting.config.Seed)}
}

// conclude judges, writes the report and adds the candidate to the registry.
func (a *Activities) conclude(ctx context.Context, e *evidence, m *meter) (api.Scored, error) {
	for _, c := range []*contender{e.candidate, e.champion} {
		c.summary.Set(eval.GeneralPerplexityRatio, eval.PerplexityRatio(c.losses, e.base.losses, e.options()))
	}
	compared := eval.Compare(e.candidate.outcomes, e.champion.outcomes, e.options())
	verdict := eval.Judge(e.gates(), e.candidate.summary, &e.champion.summary, &compared)

	settings := ModelSettings{Domain: e.in.Domain, Version: e.setting.domain.Version(), Settings: e.candidate.settings}
	candidate, err := a.withSettings(e.in.Candidate.Model, settings)
	if err != nil {
		return api.Scored{}, err
	}
	m.say("writing the report")
	report, err := a.writeReport(ctx, e, candidate, verdict, compared)
	if err != nil {
		return api.Scored{}, err
	}
	figures := e.figures()
	if err := a.addCandidate(ctx, e, candidate, report, figures); err != nil {
		return api.Scored{}, err
	}
	out := api.Scored{Candidate: candidate, Report: report, Verdict: string(verdict.Status), Figures: figures}
	for _, r := range verdict.Reasons {
		out.Reasons = append(out.Reasons, r.Sentence)
	}
	return out, nil
}

func (e *evidence) gates() []eval.Rule {
	if e.setting.config.Gates != nil {
		return e.setting.config.Gates
	}
	return e.setting.domain.Gates()
}

func (a *Activities) writeReport(ctx context.Context, e *evidence, candidate artifact.Ref, v eval.Verdict, compared eval.Comparison) (artifact.Ref, error) {
	r, err := a.report(e, candidate, v, compared)
	if err != nil {
		return artifact.Ref{}, err
	}
	if err := a.checkReport(ctx, e, &r); err != nil {
		return artifact.Ref{}, err
	}
	dir, err := os.MkdirTemp(a.Home.Path("work"), "report-*")
	if err != nil {
		return artifact.Ref{}, err
	}
	defer os.RemoveAll(dir)
	if err := eval.WriteReport(dir, r); err != nil {
		return artifact.Ref{}, err
	}
	return a.store().PutDir(artifact.KindReport, dir)
}

func (a *Activities) addCandidate(ctx context.Context, e *evidence, ref, report artifact.Ref, figures []api.Figure) error {
	settings, err := json.Marshal(e.candidate.settings)
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	metrics, err := json.Marshal(figures)
	if err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	_, err = a.Registry.AddModel(ctx, registry.Model{
		Ref: ref, Domain: e.in.Domain, Kind: registry.KindCandidate, Parent: e.in.Base.Model, RunID: e.in.RunID,
		Settings: settings, Metrics: metrics, Report: report,
		Lineage: registry.Lineage{
			Documents: []artifact.Ref{e.in.Documents}, Dataset: e.in.Split.Dataset, Config: e.in.Config,
			Seed: e.setting.config.Seed, Code: a.Code,
		},
	})
	return err
}

// shown are the metrics of a run's summary, in order.
var shown = []string{
	eval.ExtractionF1, eval.ExtractionPrecision, eval.ExtractionRecall, eval.AUPR, eval.RougeL,
	eval.HallucinationRate, eval.AnswerRate, eval.GeneralPerplexityRatio,
}

// figures sets candidate and champion beside each other.
func (e *evidence) figures() []api.Figure {
	var out []api.Figure
	for _, name := range shown {
		metric, _ := eval.MetricByName(name)
		f := api.Figure{
			Metric: name, Title: metric.Title, Unit: string(metric.Unit),
			Candidate: value(e.candidate.summary.Figure(name, "")), Champion: value(e.champion.summary.Figure(name, "")),
		}
		if f.Candidate != nil || f.Champion != nil {
			out = append(out, f)
		}
	}
	return out
}

func value(f eval.Figure) *float64 {
	if !f.Defined {
		return nil
	}
	return &f.Value
}
