package eval

import (
	"errors"
	"fmt"
	"math"
	"strings"
)

// A Status is how a gate, or all of them, came out.
type Status string

// The statuses.
const (
	Pass         Status = "pass"
	Fail         Status = "fail"
	Insufficient Status = "insufficient evidence"
)

// A Verdict says whether a candidate may be promoted, and why.
type Verdict struct {
	Status  Status   `json:"status"`
	Reasons []Reason `json:"reasons"` // one for each limit of each rule, in their order
}

// A Reason is the outcome of one limit.
type Reason struct {
	Rule   Rule   `json:"rule"`
	Limit  string `json:"limit"` // "min", "max" or "margin"
	Status Status `json:"status"`
	// Sentence says it all: "Hallucination rate 3.1% [2.2–4.3], at most 2.0%
	// allowed: fails."
	Sentence string `json:"sentence"`
	// Figure is what was judged: the candidate's figure, or, for a margin, its
	// difference from the champion.
	Figure Figure `json:"figure"`
}

// fewest is how many documents a bootstrap interval needs before it means
// anything: fewer never show that a limit is kept, unless the rule's
// MinDocuments says that they do.
const fewest = 5

// Judge holds the candidate against the rules.
//
// A min or max fails when the candidate's value misses it. It passes when the
// value keeps it and so does the whole 95% interval, or when at least
// Rule.MinDocuments documents speak, and then the value decides. A value that
// keeps the limit on fewer documents, with an interval that does not, is
// insufficient evidence.
//
// A margin looks at how much better the candidate is than the champion on the
// same documents (in the metric's better direction). It passes when the
// paired interval lies above −margin. It fails when the interval lies below.
// Between, with at least MinDocuments documents, a candidate that is no worse
// than the champion (and better by −margin where that is demanded) passes and
// one beyond the margin fails; all else is insufficient evidence.
//
// Metrics on a fixed text ([Metric.FixedText]) are no samples: their value
// decides. A metric without anything to measure is insufficient evidence, and
// so is an empty list of rules. One failure fails the whole; else one lack of
// evidence is the whole's.
func Judge(rules []Rule, candidate Summary, champion *Summary, paired *Comparison) Verdict {
	v := Verdict{Status: Pass}
	for i, r := range rules {
		if err := validateRule(r); err != nil {
			r.Min, r.Max, r.Margin = nil, nil, nil // perhaps no numbers, which no report can hold
			v.add(Reason{Rule: r, Status: Insufficient, Sentence: fmt.Sprintf("Gate %d can not be judged: %v.", i+1, err)})
			continue
		}
		m, _ := MetricByName(r.Metric)
		f := candidate.Figure(r.Metric, r.Category)
		if r.Min != nil {
			v.add(judgeLimit(r, m, f, "min", *r.Min))
		}
		if r.Max != nil {
			v.add(judgeLimit(r, m, f, "max", *r.Max))
		}
		if r.Margin != nil {
			v.add(judgeMargin(r, m, f, champion, paired))
		}
	}
	if len(rules) == 0 {
		v.add(Reason{Status: Insufficient, Sentence: "No gates are set, so nothing shows that the candidate is good enough; set gates in adapt.yaml."})
	}
	return v
}

func (v *Verdict) add(r Reason) {
	v.Reasons = append(v.Reasons, r)
	if r.Status == Fail || r.Status == Insufficient && v.Status == Pass {
		v.Status = r.Status
	}
}

func judgeLimit(r Rule, m Metric, f Figure, limit string, bound float64) Reason {
	reason := Reason{Rule: r, Limit: limit, Figure: f}
	words, keeps := "at least %s wanted", func(v float64) bool { return v >= bound }
	if limit == "max" {
		words, keeps = "at most %s allowed", func(v float64) bool { return v <= bound }
	}
	subject := title(m, r.Category)
	if !f.Defined {
		reason.Status = Insufficient
		reason.Sentence = fmt.Sprintf("%s is undefined: %s; %s: insufficient evidence.",
			subject, whyUndefined(m), fmt.Sprintf(words, m.Unit.Format(bound)))
		return reason
	}
	var why string
	switch {
	case !keeps(f.Value):
		reason.Status = Fail
		if m.Unit.Format(f.Value) == m.Unit.Format(bound) {
			why = " by less than is shown"
		}
	case m.FixedText:
		reason.Status = Pass
	case f.N < min(fewest, r.minDocuments()):
		reason.Status, why = Insufficient, fmt.Sprintf(" on %s", documents(f.N))
	case keeps(f.Low) && keeps(f.High):
		reason.Status = Pass
	case f.N >= r.minDocuments():
		reason.Status, why = Pass, fmt.Sprintf(" by its value on %s", documents(f.N))
	default:
		reason.Status, why = Insufficient, fmt.Sprintf(", for the interval crosses the limit and only %s of %d speak", documents(f.N), r.minDocuments())
	}
	reason.Sentence = fmt.Sprintf("%s %s, %s: %s%s.", subject, m.Unit.Interval(f),
		fmt.Sprintf(words, m.Unit.Format(bound)), reason.Status.verb(), why)
	return reason
}

func judgeMargin(r Rule, m Metric, f Figure, champion *Summary, paired *Comparison) Reason {
	reason := Reason{Rule: r, Limit: "margin"}
	margin := *r.Margin
	subject := title(m, r.Category)
	words := fmt.Sprintf("at most %s worse allowed", m.Unit.Step(margin))
	if margin < 0 {
		words = fmt.Sprintf("at least %s better wanted", m.Unit.Step(-margin))
	} else if margin == 0 {
		words = "no worse allowed"
	}
	var d Figure
	if paired != nil {
		d = paired.Delta(r.Metric, r.Category).Figure
	}
	if m.FixedText && champion != nil {
		d = fixedDifference(f, champion.Figure(r.Metric, r.Category))
	}
	if !d.Defined {
		why := "there is nothing to compare it with"
		switch {
		case champion == nil && paired == nil:
			why = "there is no champion to compare with"
		case !f.Defined:
			why = whyUndefined(m)
		case champion != nil && !champion.Figure(r.Metric, r.Category).Defined:
			why = "for the champion, " + whyUndefined(m)
		}
		reason.Status = Insufficient
		reason.Sentence = fmt.Sprintf("%s against the champion is undefined: %s; %s: insufficient evidence.", subject, why, words)
		return reason
	}
	reason.Figure = d
	gain, low, high := d.Value, d.Low, d.High
	if !m.Higher {
		gain, low, high = -d.Value, -d.High, -d.Low
	}
	least := r.minDocuments()
	// Sums of floating-point numbers do not hit a limit exactly.
	const eps = 1e-12
	var why string
	switch {
	case m.FixedText && gain >= -margin-eps:
		reason.Status = Pass
	case m.FixedText:
		reason.Status = Fail
	case d.N < min(fewest, least):
		reason.Status, why = Insufficient, fmt.Sprintf(" on %s", documents(d.N))
	case low >= -margin-eps:
		reason.Status = Pass
	case high < -margin-eps:
		reason.Status = Fail
	case d.N >= least && gain >= max(0, -margin)-eps:
		reason.Status, why = Pass, fmt.Sprintf(" by its value on %s", documents(d.N))
	case d.N >= least && gain < -margin-eps:
		reason.Status, why = Fail, fmt.Sprintf(" by its value on %s", documents(d.N))
	default:
		reason.Status, why = Insufficient, fmt.Sprintf(", for the interval on %s crosses the limit", documents(d.N))
	}
	reason.Sentence = fmt.Sprintf("%s %s against the champion, %s: %s%s.", subject, m.Unit.Difference(d), words, reason.Status.verb(), why)
	return reason
}

// fixedDifference is the difference of two figures on the same fixed text.
func fixedDifference(a, b Figure) Figure {
	if !a.Defined || !b.Defined {
		return Figure{}
	}
	v := a.Value - b.Value
	return Figure{Value: v, Low: v, High: v, N: min(a.N, b.N), Defined: true}
}

func (s Status) verb() string {
	switch s {
	case Pass:
		return "passes"
	case Fail:
		return "fails"
	}
	return string(s)
}

func whyUndefined(m Metric) string {
	switch m.Name {
	case HallucinationRate:
		return "the model made no claims"
	case HallucinatedAnswers:
		return "the model answered no document"
	case ExtractionPrecision:
		return "the model extracted nothing"
	case ExtractionRecall, ExtractionF1, ExtractionMacroF1:
		return "the documents have no true items"
	case AUPR, PrecisionAt80Recall, PrecisionAt90Recall:
		return "there are no true items or no candidates with a confidence"
	case GeneralPerplexity, GeneralPerplexityRatio:
		return "perplexity was not measured"
	}
	return "no document gave a value"
}

func title(m Metric, category string) string {
	if category == "" {
		return m.Title
	}
	return fmt.Sprintf("%s of %s", m.Title, category)
}

func documents(n int) string {
	if n == 1 {
		return "1 document"
	}
	return fmt.Sprintf("%d documents", n)
}

// ValidateRules reports every rule that can not be judged. Its error names
// the rule's place and what to write instead.
func ValidateRules(rules []Rule) error {
	var errs []error
	for i, r := range rules {
		if err := validateRule(r); err != nil {
			errs = append(errs, fmt.Errorf("gate %d: %w", i+1, err))
		}
	}
	return errors.Join(errs...)
}

func validateRule(r Rule) error {
	m, ok := MetricByName(r.Metric)
	if !ok {
		return fmt.Errorf("unknown metric %q; known are %s", r.Metric, strings.Join(metricNames(), ", "))
	}
	if r.Category != "" && !m.ByCategory {
		return fmt.Errorf("%s is not measured by category; leave category out", m.Name)
	}
	if r.Min == nil && r.Max == nil && r.Margin == nil {
		return fmt.Errorf("%s has no limit; set min, max or margin", m.Name)
	}
	if r.MinDocuments < 0 {
		return fmt.Errorf("%s: min_documents is %d; it can not be negative", m.Name, r.MinDocuments)
	}
	for _, l := range []struct {
		name  string
		value *float64
		least float64
	}{{"min", r.Min, 0}, {"max", r.Max, 0}, {"margin", r.Margin, -1}} {
		switch {
		case l.value == nil:
		case math.IsNaN(*l.value) || math.IsInf(*l.value, 0):
			return fmt.Errorf("%s: %s is not a number", m.Name, l.name)
		case m.Unit == Share && (*l.value < l.least || *l.value > 1):
			return fmt.Errorf("%s: %s is %g; it is a share from %g to 1, so write 0.8 for 80%%", m.Name, l.name, *l.value, l.least)
		}
	}
	if r.Min != nil && r.Max != nil && *r.Min > *r.Max {
		return fmt.Errorf("%s: min %g is above max %g, which no model can keep", m.Name, *r.Min, *r.Max)
	}
	return nil
}
