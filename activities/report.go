package activities

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"adapt/activities/api"
	"adapt/artifact"
	"adapt/config"
	"adapt/domains"
	"adapt/eval"
	"adapt/label"
	"adapt/registry"
	"adapt/train"
)

// worstShown is how many of the candidate's worst documents a report shows.
const worstShown = 12

// report lays the evidence out.
func (a *Activities) report(e *evidence, candidate artifact.Ref, v eval.Verdict, compared eval.Comparison) (eval.Report, error) {
	in, c := e.in, e.setting.config
	training, err := a.training(in.Trained)
	if err != nil {
		return eval.Report{}, err
	}
	r := eval.Report{
		Title: in.Domain + " " + in.RunID, Domain: in.Domain, RunID: in.RunID, Verdict: v,
		Candidate: eval.ModelInfo{
			Name:   registry.ModelName(registry.Model{Domain: in.Domain, Kind: registry.KindCandidate, RunID: in.RunID}),
			SHA256: candidate.SHA256, Kind: method(c.Train),
		},
		Champion:         e.champion.info,
		CandidateSummary: &e.candidate.summary,
		ChampionSummary:  &e.champion.summary,
		Baselines:        e.baselines(),
		Comparison:       &compared,
		Data:             e.data(),
		Training:         training,
		Settings:         settingLines(e.candidate.settings),
		Lineage: []eval.NameValue{
			{Name: "configuration", Value: in.Config.SHA256},
			{Name: "documents", Value: in.Documents.SHA256},
			{Name: "data set", Value: in.Split.Dataset.SHA256},
			{Name: "base model", Value: in.Base.Model.SHA256},
			{Name: "seed", Value: strconv.FormatInt(c.Seed, 10)},
			{Name: "program", Value: a.Code},
		},
		Worst: eval.Worst(e.candidate.outcomes, e.champion.outcomes, worstShown, func(id string) string { return e.docs[id].Key }),
		Notes: e.notes(),
	}
	if in.Base.Model != in.Champion.Model {
		r.BaseSummary = &e.base.summary
	}
	return r, nil
}

func method(t config.Train) string {
	if t.Method == config.MethodLoRA {
		return fmt.Sprintf("LoRA r=%d", t.LoRA.R)
	}
	return "full fine-tuning"
}

// baselines measures the domain's floors on the same test documents.
func (e *evidence) baselines() []eval.NamedSummary {
	b, ok := e.setting.domain.(domains.Baseliner)
	if !ok {
		return nil
	}
	docs := part(e.all, e.dataset, label.Train)
	truths := make([]label.Truth, len(docs))
	for i, d := range docs {
		truths[i] = e.truths[d.ID]
	}
	var out []eval.NamedSummary
	for _, base := range b.Baselines(docs, truths) {
		answers := make([]domains.Answer, len(e.candidate.test))
		for i, ans := range e.candidate.test {
			answers[i] = base.Answer(e.docs[ans.DocID])
			answers[i].DocID = ans.DocID
		}
		// A baseline says all that it says with full confidence.
		s := eval.Summarize(e.outcomes(answers, domains.Settings{}), e.options())
		out = append(out, eval.NamedSummary{Name: base.Name, Summary: s})
	}
	return out
}

// data says what became of the documents.
func (e *evidence) data() eval.DataInfo {
	in := e.in
	d := eval.DataInfo{
		Read: in.Ingested.Count, Duplicates: in.Ingested.Duplicates, Examples: in.Labeled.Examples,
		Skipped: counts(e.dataset.Skipped), Leakage: e.leakage(),
	}
	for _, r := range in.Ingested.Reasons {
		d.Quarantined = append(d.Quarantined, eval.NameCount{Name: r.Reason, Count: r.Count})
	}
	labels, origins := map[string]int{}, map[string]int{}
	for _, split := range []label.Split{label.Train, label.Dev, label.Test} {
		c := e.dataset.Splits[split]
		d.Splits = append(d.Splits, eval.SplitInfo{Name: string(split), Documents: c.Docs, Examples: c.Examples})
		for name, n := range c.Labels {
			labels[name] += n
		}
		for o, n := range c.Origins {
			origins[string(o)] += n
		}
	}
	for _, name := range e.setting.domain.Categories() {
		if labels[name] > 0 {
			d.Labels = append(d.Labels, eval.NameCount{Name: name, Count: labels[name]})
		}
	}
	d.Origins, d.Removed = counts(origins), e.removed()
	return d
}

// removed counts what de-identification replaced, by kind.
func (e *evidence) removed() []eval.NameCount {
	kinds := map[string]int{}
	for _, d := range e.all {
		for _, edit := range d.Edits {
			kinds[edit.Kind]++
		}
	}
	return counts(kinds)
}

// counts lists a map's entries, the largest first.
func counts(m map[string]int) []eval.NameCount {
	var out []eval.NameCount
	for name, n := range m {
		out = append(out, eval.NameCount{Name: name, Count: n})
	}
	slices.SortFunc(out, func(a, b eval.NameCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name))
	})
	return out
}

func (e *evidence) leakage() string {
	groups := 0
	for _, split := range []label.Split{label.Train, label.Dev, label.Test} {
		groups += e.dataset.Splits[split].Groups
	}
	near := len(e.near)
	return fmt.Sprintf("Documents at least %.0f%% alike share a part: %d groups of %d documents were divided. %d documents of dev and test are nearly training documents all the same; they are left out of the deciding figures.",
		100*e.setting.config.Ingest.NearDuplicates, groups, len(e.dataset.Docs), near)
}

// training reads the learning curve.
func (a *Activities) training(t api.Trained) (eval.TrainingInfo, error) {
	var res train.Result
	if err := a.store().JSON(t.Curve, &res); err != nil {
		return eval.TrainingInfo{}, err
	}
	info := eval.TrainingInfo{Steps: res.Steps, BestStep: res.BestStep, StopReason: res.StopReason}
	for _, p := range res.Curve {
		point := eval.CurvePoint{Step: p.Step, LR: p.LearningRate, DevLoss: p.DevLoss}
		if p.Step > 0 {
			point.Loss = &p.Loss
		}
		info.Curve = append(info.Curve, point)
	}
	info.Forgetting = forgetFacts(res)
	return info, nil
}

// forgetFacts say what was done against forgetting, and what it did.
func forgetFacts(res train.Result) []eval.NameValue {
	var facts []eval.NameValue
	add := func(name, format string, args ...any) {
		facts = append(facts, eval.NameValue{Name: name, Value: fmt.Sprintf(format, args...)})
	}
	if res.Replayed > 0 {
		add("General text replayed", "%d of %d tokens", res.Replayed, res.Tokens)
	}
	if res.GeneralBefore > 0 {
		add("Loss of held-out general text", "%.3f before, %.3f after (nats a token)", res.GeneralBefore, res.GeneralAfter)
	}
	if res.Metric != 0 || res.FirstMetric != 0 {
		add("Extraction F1 on dev documents", "%.1f%% before, %.1f%% after", 100*res.FirstMetric, 100*res.Metric)
	}
	if res.FirstKL != 0 || res.LastKL != 0 {
		add("Divergence from the base on the dev set", "%.3f before, %.3f after (nats a token)", res.FirstKL, res.LastKL)
	}
	return facts
}

// settingLines lists what was tuned on the dev part.
func settingLines(s domains.Settings) []eval.NameValue {
	lines := []eval.NameValue{{Name: "threshold", Value: strconv.FormatFloat(s.Threshold, 'g', 4, 64)}}
	var names []string
	for name := range s.ByCategory {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		lines = append(lines, eval.NameValue{Name: "threshold for " + name, Value: strconv.FormatFloat(s.ByCategory[name], 'g', 4, 64)})
	}
	return lines
}

// notes say what a reviewer should know before deciding.
func (e *evidence) notes() []string {
	var notes []string
	if e.in.Champion.Model == e.in.Base.Model {
		notes = append(notes, "The champion is the base model as it came, without fine-tuning.")
	}
	if e.in.Labeled.Gold == 0 {
		notes = append(notes, "No person annotated these documents: accuracy is measured against labeling rules or against what the documents' authors wrote.")
	}
	if n := len(e.candidate.test); n < eval.DefaultMinDocuments {
		notes = append(notes, fmt.Sprintf("The test part has %d documents; more would make the figures surer.", n))
	}
	if t := e.in.Trained; t.Best == 0 {
		notes = append(notes, "No step of the training made the development loss better, so the candidate has the base model's weights.")
	}
	return notes
}
