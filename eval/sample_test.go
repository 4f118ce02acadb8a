package eval

import (
	"fmt"
	"math/rand/v2"
)

// sampleOutcomes invents what a model of the given skill makes of n documents.
func sampleOutcomes(n int, skill float64, seed uint64) []Outcome {
	categories := []string{"Governing Law", "Effective Date", "Parties", "Cap On Liability", "Audit Rights", "Non-Compete"}
	rng := rand.New(rand.NewPCG(seed, 1))
	outcomes := make([]Outcome, n)
	for d := range outcomes {
		o := Outcome{
			DocID: fmt.Sprintf("doc-%03d", d), Group: fmt.Sprintf("group-%03d", d/2*2), Origin: "gold",
			NearTrain: d%17 == 16, Answered: true, Tokens: 20 + rng.IntN(60),
			Counts: map[string]Counts{}, Positives: map[string]int{}, Values: map[string]float64{},
			Reference: "Governed by the laws of the State of Delaware.",
			Answer:    "Governing Law: the laws of the State of Delaware\nCap On Liability: fees paid in the prior year",
		}
		for i, c := range categories {
			if rng.Float64() < 0.3+0.08*float64(i) {
				continue
			}
			o.Positives[c] = 1
			confidence := rng.Float64()
			var counts Counts
			found := rng.Float64() < skill-0.05*float64(i)
			switch {
			case found:
				counts.TP = 1
			default:
				counts.FN = 1
			}
			o.Scored = append(o.Scored, Scored{c, 0.4 + 0.6*confidence, found})
			if rng.Float64() < 0.6*(1-skill) {
				counts.FP = 1
				o.Scored = append(o.Scored, Scored{c, 0.8 * confidence, false})
			}
			o.Counts[c] = counts
			if counts.TP+counts.FP > 0 {
				claim := Claim{Kind: "supported", Category: c, Text: "the laws of the State of Delaware", Supported: true, Start: 10, End: 43}
				if rng.Float64() < 0.25*(1-skill) {
					claim = Claim{Kind: "fabricated quote", Category: c, Text: "fees paid in the prior year"}
				}
				o.Claims = append(o.Claims, claim)
			}
		}
		o.Answered = len(o.Claims) > 0
		o.Values[ExactMatch] = float64(rng.IntN(2))
		outcomes[d] = o
	}
	return outcomes
}

// sampleReport is a report with every part filled in.
func sampleReport() Report {
	opt := Options{Resamples: 500, Seed: 7}
	candidate, champion, base := sampleOutcomes(80, 0.82, 1), sampleOutcomes(80, 0.7, 2), sampleOutcomes(80, 0.35, 3)
	cs, hs, bs := Summarize(candidate, opt), Summarize(champion, opt), Summarize(base, opt)
	general := [][]LogLoss{{{610, 200}, {605, 200}, {633, 200}, {590, 200}}, {{600, 200}, {601, 200}, {620, 200}, {585, 200}}}
	cs.Set(GeneralPerplexity, PerplexityFigure(general[0], opt))
	cs.Set(GeneralPerplexityRatio, PerplexityRatio(general[0], general[1], opt))
	hs.Set(GeneralPerplexity, PerplexityFigure(general[1], opt))
	bs.Set(GeneralPerplexity, PerplexityFigure(general[1], opt))
	paired := Compare(candidate, champion, opt)
	rules := []Rule{
		{Metric: ExtractionF1, Min: new(0.6), Margin: new(0.01)},
		{Metric: HallucinationRate, Max: new(0.05)},
		{Metric: AnswerRate, Min: new(0.5)},
		{Metric: GeneralPerplexityRatio, Max: new(1.2)},
		{Metric: ExtractionF1, Category: "Non-Compete", Min: new(0.3), MinDocuments: 60},
	}
	return Report{
		Title: "Contracts of the spring", Domain: "legal", RunID: "legal-7f3a",
		Verdict:          Judge(rules, cs, &hs, &paired),
		Candidate:        ModelInfo{"legal-2", "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8", "full fine-tuning"},
		Champion:         ModelInfo{"legal-1", "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b", "full fine-tuning"},
		CandidateSummary: &cs, ChampionSummary: &hs, BaseSummary: &bs,
		Baselines:  []NamedSummary{{"Nearest training neighbour", Summarize(sampleOutcomes(40, 0.5, 4), opt)}},
		Comparison: &paired,
		Data: DataInfo{
			Read: 412, Quarantined: []NameCount{{"encrypted", 2}, {"no text", 5}}, Duplicates: 9,
			Skipped: []NameCount{{"no findings section", 3}}, Examples: 12840,
			Splits:  []SplitInfo{{"train", 290, 12840}, {"dev", 42, 1790}, {"test", 80, 3310}},
			Labels:  []NameCount{{"Governing Law", 377}, {"Effective Date", 310}, {"Parties", 1204}, {"Cap On Liability", 221}, {"Audit Rights", 160}, {"Non-Compete", 88}},
			Origins: []NameCount{{"gold", 380}, {"rules", 32}}, Removed: []NameCount{{"NAME", 912}, {"PHONE", 41}},
			Leakage: "Split by groups of near-duplicates; 4 test documents are near training documents.",
		},
		Training: sampleTraining(),
		Settings: []NameValue{{"threshold Governing Law", "0.41"}, {"threshold Parties", "0.52"}},
		Lineage:  []NameValue{{"Config", "config:4be1c0ffee00"}, {"Data set", "dataset:0badcafe1234"}, {"Seed", "1"}, {"Code", "v0.1.0"}},
		Worst:    Worst(candidate, champion, 3, func(id string) string { return "contracts/" + id }),
		Notes:    []string{"The test documents of this run are the same as those of the last run."},
	}
}

func sampleTraining() TrainingInfo {
	t := TrainingInfo{Steps: 400, BestStep: 320, StopReason: "no better dev loss in 2 evaluations"}
	for step := 20; step <= 400; step += 20 {
		x := float64(step)
		p := CurvePoint{Step: step, Loss: new(0.4 + 60/(x+20)), LR: 3e-4 * (1 - x/450)}
		if step%40 == 0 {
			p.DevLoss = new(0.6 + 50/(x+20) + max(0, x-320)/800)
		}
		t.Curve = append(t.Curve, p)
	}
	return t
}
