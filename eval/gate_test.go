package eval

import (
	"math"
	"strings"
	"testing"
)

func TestJudgeLimit(t *testing.T) {
	figure := func(value, low, high float64, n int) Figure { return Figure{value, low, high, n, true} }
	for _, test := range []struct {
		name     string
		rule     Rule
		figure   Figure
		want     Status
		sentence string
	}{
		{"missed", Rule{Metric: HallucinationRate, Max: new(0.02)}, figure(0.031, 0.022, 0.043, 50), Fail,
			"Hallucination rate 3.1% [2.2–4.3], at most 2.0% allowed: fails."},
		{"missed by little", Rule{Metric: HallucinationRate, Max: new(0.02)}, figure(0.0204, 0.01, 0.043, 50), Fail,
			"Hallucination rate 2.0% [1.0–4.3], at most 2.0% allowed: fails by less than is shown."},
		{"missed by little data too", Rule{Metric: ExtractionF1, Min: new(0.8)}, figure(0.5, 0, 1, 1), Fail,
			"Extraction F1 50.0% [0.0–100.0], at least 80.0% wanted: fails."},
		{"kept by the whole interval", Rule{Metric: ExtractionF1, Min: new(0.6)}, figure(0.71, 0.65, 0.77, 10), Pass,
			"Extraction F1 71.0% [65.0–77.0], at least 60.0% wanted: passes."},
		{"kept by the value on enough", Rule{Metric: ExtractionF1, Min: new(0.7)}, figure(0.71, 0.65, 0.77, 20), Pass,
			"Extraction F1 71.0% [65.0–77.0], at least 70.0% wanted: passes by its value on 20 documents."},
		{"kept by the value on too few", Rule{Metric: ExtractionF1, Min: new(0.7)}, figure(0.71, 0.65, 0.77, 19), Insufficient,
			"Extraction F1 71.0% [65.0–77.0], at least 70.0% wanted: insufficient evidence, for the interval crosses the limit and only 19 documents of 20 speak."},
		{"the rule says what is enough", Rule{Metric: ExtractionF1, Min: new(0.7), MinDocuments: 10}, figure(0.71, 0.65, 0.77, 19), Pass, "by its value on 19 documents."},
		{"no interval of so few", Rule{Metric: HallucinationRate, Max: new(0.5)}, figure(0.1, 0.1, 0.1, 4), Insufficient, "on 4 documents."},
		{"unless the rule says so", Rule{Metric: HallucinationRate, Max: new(0.5), MinDocuments: 2}, figure(0.1, 0.1, 0.1, 4), Pass, "passes."},
		{"exactly at the limit", Rule{Metric: AnswerRate, Min: new(0.5)}, figure(0.5, 0.5, 0.6, 30), Pass, "passes."},
		{"a category", Rule{Metric: ExtractionF1, Category: "Parties", Min: new(0.5)}, Figure{}, Insufficient,
			"Extraction F1 of Parties is undefined: the documents have no true items; at least 50.0% wanted: insufficient evidence."},
		{"no claims", Rule{Metric: HallucinationRate, Max: new(0.02)}, Figure{}, Insufficient,
			"Hallucination rate is undefined: the model made no claims; at most 2.0% allowed: insufficient evidence."},
		{"a fixed text is no sample", Rule{Metric: GeneralPerplexityRatio, Max: new(1.1)}, figure(1.05, 1.0, 1.2, 1), Pass,
			"Perplexity against the base 1.050 [1.000–1.200], at most 1.100 allowed: passes."},
		{"nor spared", Rule{Metric: GeneralPerplexityRatio, Max: new(1.1)}, figure(1.15, 1.0, 1.2, 1), Fail, "fails."},
	} {
		s := Summary{Figures: map[string]Figure{test.rule.Metric: test.figure}}
		v := Judge([]Rule{test.rule}, s, nil, nil)
		if v.Status != test.want || len(v.Reasons) != 1 || !strings.HasSuffix(v.Reasons[0].Sentence, test.sentence) {
			t.Errorf("%s: %+v, want %s: %s", test.name, v, test.want, test.sentence)
		}
	}
}

func TestJudgeMargin(t *testing.T) {
	for _, test := range []struct {
		name             string
		metric           string
		margin           float64
		value, low, high float64
		n                int
		want             Status
	}{
		{"clearly not worse", ExtractionF1, 0.02, 0.01, -0.01, 0.03, 30, Pass},
		{"clearly worse", ExtractionF1, 0.02, -0.05, -0.08, -0.03, 30, Fail},
		{"clearly worse on few", ExtractionF1, 0.02, -0.05, -0.08, -0.03, 6, Fail},
		{"beyond the margin on enough", ExtractionF1, 0.02, -0.03, -0.08, 0.01, 30, Fail},
		{"beyond the margin on few", ExtractionF1, 0.02, -0.03, -0.08, 0.01, 10, Insufficient},
		{"somewhat better on enough", ExtractionF1, 0.02, 0.01, -0.05, 0.06, 30, Pass},
		{"somewhat better on few", ExtractionF1, 0.02, 0.01, -0.05, 0.06, 10, Insufficient},
		{"somewhat worse", ExtractionF1, 0.02, -0.01, -0.05, 0.03, 30, Insufficient},
		{"superiority shown", ExtractionF1, -0.02, 0.05, 0.03, 0.08, 30, Pass},
		{"superiority by its value", ExtractionF1, -0.02, 0.03, 0.01, 0.08, 30, Pass},
		{"not superior enough", ExtractionF1, -0.02, 0.01, 0, 0.05, 30, Fail},
		{"surely not superior enough", ExtractionF1, -0.02, 0.005, 0, 0.01, 30, Fail},
		{"fewer inventions", HallucinationRate, 0, -0.02, -0.04, -0.01, 30, Pass},
		{"more inventions", HallucinationRate, 0.01, 0.04, 0.02, 0.07, 30, Fail},
		{"the same", ExtractionF1, 0, 0, 0, 0, 30, Pass},
		{"the same on two", ExtractionF1, 0, 0, 0, 0, 2, Insufficient},
	} {
		c := &Comparison{Deltas: []Delta{{Metric: test.metric, Figure: Figure{test.value, test.low, test.high, test.n, true}}}}
		v := Judge([]Rule{{Metric: test.metric, Margin: &test.margin}}, Summary{}, &Summary{}, c)
		if v.Status != test.want {
			t.Errorf("%s: %s, want %s: %s", test.name, v.Status, test.want, v.Reasons[0].Sentence)
		}
	}
}

func TestJudgeMarginSentence(t *testing.T) {
	c := &Comparison{Deltas: []Delta{{Metric: ExtractionF1, Figure: Figure{0.021, -0.003, 0.044, 12, true}}}}
	v := Judge([]Rule{{Metric: ExtractionF1, Margin: new(0.02)}}, Summary{}, &Summary{}, c)
	want := "Extraction F1 +2.1 points [−0.3 to +4.4] against the champion, at most 2.0 points worse allowed: passes."
	if got := v.Reasons[0].Sentence; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	for champion, want := range map[*Summary]string{
		nil:          "Extraction F1 against the champion is undefined: there is no champion to compare with; at least 2.0 points better wanted: insufficient evidence.",
		new(Summary): "Extraction F1 against the champion is undefined: for the champion, the documents have no true items; at least 2.0 points better wanted: insufficient evidence.",
	} {
		candidate := Summary{Figures: map[string]Figure{ExtractionF1: {Value: 1, Low: 1, High: 1, N: 30, Defined: true}}}
		v := Judge([]Rule{{Metric: ExtractionF1, Margin: new(-0.02)}}, candidate, champion, nil)
		if got := v.Reasons[0].Sentence; v.Status != Insufficient || got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}

func TestJudgeFixedTextAgainstChampion(t *testing.T) {
	perplexity := func(v float64) Summary {
		return Summary{Figures: map[string]Figure{GeneralPerplexity: {Value: v, Low: v, High: v, N: 1, Defined: true}}}
	}
	champion := perplexity(20)
	for value, want := range map[float64]Status{19: Pass, 21: Pass, 21.5: Fail} {
		v := Judge([]Rule{{Metric: GeneralPerplexity, Margin: new(1.)}}, perplexity(value), &champion, nil)
		if v.Status != want {
			t.Errorf("perplexity %g against 20: %s, want %s: %s", value, v.Status, want, v.Reasons[0].Sentence)
		}
	}
}

func TestVerdictOfAll(t *testing.T) {
	s := Summary{Figures: map[string]Figure{ExtractionF1: {0.8, 0.75, 0.85, 40, true}}}
	pass, fail := Rule{Metric: ExtractionF1, Min: new(0.7)}, Rule{Metric: ExtractionF1, Min: new(0.9)}
	unknown := Rule{Metric: HallucinationRate, Max: new(0.1)}
	for _, test := range []struct {
		rules []Rule
		want  Status
	}{
		{[]Rule{pass}, Pass},
		{[]Rule{pass, unknown}, Insufficient},
		{[]Rule{unknown, fail, pass}, Fail},
		{[]Rule{fail, unknown}, Fail},
		{[]Rule{pass, {Metric: "misspelt", Min: new(0.1)}}, Insufficient},
		{nil, Insufficient},
	} {
		v := Judge(test.rules, s, nil, nil)
		if v.Status != test.want || len(v.Reasons) != max(1, len(test.rules)) {
			t.Errorf("%v: %+v, want %s", test.rules, v, test.want)
		}
	}
	two := Judge([]Rule{{Metric: ExtractionF1, Min: new(0.7), Max: new(0.75)}}, s, nil, nil)
	if len(two.Reasons) != 2 || two.Reasons[0].Status != Pass || two.Reasons[1].Status != Fail || two.Status != Fail {
		t.Errorf("a rule with two limits: %+v", two)
	}
}

func TestValidateRules(t *testing.T) {
	for _, test := range []struct {
		rule Rule
		want string // "" for a good rule
	}{
		{Rule{Metric: ExtractionF1, Min: new(0.5)}, ""},
		{Rule{Metric: ExtractionF1, Category: "Parties", Min: new(0.5), Margin: new(-0.1), MinDocuments: 5}, ""},
		{Rule{Metric: GeneralPerplexityRatio, Max: new(1.5)}, ""},
		{Rule{Metric: "f1", Min: new(0.5)}, `unknown metric "f1"; known are extraction_f1, extraction_precision`},
		{Rule{Metric: ExtractionF1}, "set min, max or margin"},
		{Rule{Metric: AnswerRate, Category: "Parties", Min: new(0.5)}, "not measured by category"},
		{Rule{Metric: ExtractionF1, Min: new(80.)}, "min is 80; it is a share from 0 to 1, so write 0.8 for 80%"},
		{Rule{Metric: ExtractionF1, Margin: new(-2.)}, "share from -1 to 1"},
		{Rule{Metric: ExtractionF1, Min: new(math.NaN())}, "min is not a number"},
		{Rule{Metric: ExtractionF1, Min: new(0.9), Max: new(0.1)}, "no model can keep"},
		{Rule{Metric: ExtractionF1, Min: new(0.9), MinDocuments: -1}, "can not be negative"},
	} {
		err := ValidateRules([]Rule{{Metric: AnswerRate, Min: new(0.)}, test.rule})
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%+v: %v", test.rule, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "gate 2: ")):
			t.Errorf("%+v: %v, want %q", test.rule, err, test.want)
		}
	}
	if err := ValidateRules(nil); err != nil {
		t.Error(err)
	}
}
