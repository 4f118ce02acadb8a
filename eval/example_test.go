package eval_test

import (
	"fmt"
	"os"

	"adapt/eval"
)

// The whole way from outcomes to a report.
func Example() {
	law := func(id string, right bool) eval.Outcome {
		o := eval.Outcome{DocID: id, Origin: "gold", Answered: true, Tokens: 12,
			Positives: map[string]int{"Governing Law": 1},
			Scored:    []eval.Scored{{Category: "Governing Law", Confidence: 0.9, Correct: right}},
			Claims:    []eval.Claim{{Kind: "supported", Category: "Governing Law", Text: "the laws of Ohio", Supported: true}}}
		o.Counts = map[string]eval.Counts{"Governing Law": {TP: 1}}
		if !right {
			o.Counts = map[string]eval.Counts{"Governing Law": {FP: 1, FN: 1}}
		}
		return o
	}
	var candidate, champion []eval.Outcome
	for i := range 40 {
		candidate = append(candidate, law(fmt.Sprint(i), i%10 != 0))
		champion = append(champion, law(fmt.Sprint(i), i%2 == 0))
	}

	opt := eval.Options{Resamples: 10_000, Seed: 1}
	cand, champ := eval.Summarize(candidate, opt), eval.Summarize(champion, opt)
	losses := []eval.LogLoss{{Nats: 320, Tokens: 100}, {Nats: 340, Tokens: 100}} // of stretches of general text
	cand.Set(eval.GeneralPerplexityRatio, eval.PerplexityRatio(losses, losses, opt))
	paired := eval.Compare(candidate, champion, opt)

	rules := []eval.Rule{
		{Metric: eval.ExtractionF1, Min: new(0.8), Margin: new(0.02)},
		{Metric: eval.HallucinationRate, Max: new(0.01)},
		{Metric: eval.GeneralPerplexityRatio, Max: new(1.2)},
	}
	if err := eval.ValidateRules(rules); err != nil {
		fmt.Println(err)
		return
	}
	verdict := eval.Judge(rules, cand, &champ, &paired)
	fmt.Println(verdict.Status)
	for _, r := range verdict.Reasons {
		fmt.Println(r.Sentence)
	}

	dir, err := os.MkdirTemp("", "report")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	err = eval.WriteReport(dir, eval.Report{
		Title: "Contracts", Domain: "legal", RunID: "run-1", Verdict: verdict,
		Candidate: eval.ModelInfo{Name: "legal-2"}, Champion: eval.ModelInfo{Name: "legal-1"},
		CandidateSummary: &cand, ChampionSummary: &champ, Comparison: &paired,
		Data:     eval.DataInfo{Read: 200, Splits: []eval.SplitInfo{{Name: "test", Documents: 40}}},
		Training: eval.TrainingInfo{Steps: 10, Curve: []eval.CurvePoint{{Step: 10, Loss: new(1.2), LR: 1e-4}}},
		Lineage:  []eval.NameValue{{Name: "Seed", Value: "1"}},
		Worst:    eval.Worst(candidate, champion, 5, nil),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	// Output:
	// pass
	// Extraction F1 90.0% [77.5–97.5], at least 80.0% wanted: passes by its value on 40 documents.
	// Extraction F1 +40.0 points [+17.5 to +60.0] against the champion, at most 2.0 points worse allowed: passes.
	// Hallucination rate 0.0% [0.0–8.8], at most 1.0% allowed: passes by its value on 40 documents.
	// Perplexity against the base 1.000, at most 1.200 allowed: passes.
}
