// Package medical turns the findings of a radiology report into its
// impression.
//
// A model reads the findings section and writes the impression. What an
// impression asserts is read by rules ([Extract]): findings with presence,
// side, severity, change and numbers. The same rules check every claim of an
// answer against the findings section, and so measure accuracy and
// hallucination. The rules are general clinical vocabulary: deepest for films
// of the chest, and with the common findings of computed tomography of chest,
// abdomen and head and of films of the knee. What they miss, they miss alike
// in references and answers.
package medical

import (
	"fmt"

	"adapt/domains"
	"adapt/eval"
	"adapt/ingest"
	"adapt/ingest/deid"
	"adapt/label"
	"adapt/prompt"
	"adapt/tokenizer"
)

// Medical is the domain. The zero value is ready for use.
type Medical struct {
	vocabulary *vocabulary // nil: the standard one
}

var (
	_ domains.Domain    = Medical{}
	_ domains.Baseliner = Medical{}
	_ domains.Termed    = Medical{}
)

// New returns the domain.
func New() Medical { return Medical{} }

// WithTerms returns the domain with a team's own wordings by the name of their
// finding, one of Categories, or under "ignore" those that hold the words of a
// finding and are none. They are denied, doubted and located as the domain's
// own are. The error says which wording can not be and why.
func (Medical) WithTerms(terms map[string][]string) (domains.Domain, error) {
	v, err := withTerms(terms)
	return Medical{v}, err
}

func (m Medical) words() *vocabulary {
	if m.vocabulary == nil {
		return standard()
	}
	return m.vocabulary
}

// Name is "medical".
func (Medical) Name() string { return "medical" }

// Describe says what a model of the domain does.
func (Medical) Describe() string {
	return "writes the impression of a radiology report from its findings"
}

// Version changes with the rules, the prompt and the scores.
func (m Medical) Version() string { return "medical-4" + m.words().version() }

// Categories are the findings that [Extract] knows, in report order.
func (Medical) Categories() []string { return names() }

// Deid lists what is removed from reports, after the identifiers that the
// Safe Harbor method names (45 CFR 164.514(b)(2)) and that text can hold.
func (Medical) Deid() deid.Rules {
	return deid.Rules{Kinds: deid.SafeHarbor}
}

// Gates are the limits that a candidate must keep by default.
func (Medical) Gates() []eval.Rule {
	limit := func(v float64) *float64 { return &v }
	return []eval.Rule{
		{Metric: "extraction_f1", Min: limit(0.40), Margin: limit(0.02)},
		{Metric: "hallucination_rate", Max: limit(0.15)},
		{Metric: "answer_rate", Min: limit(0.9)},
		{Metric: "general_perplexity_ratio", Max: limit(1.5)},
	}
}

// Label takes the truth from the report's own impression. The report is
// evaluated, but gives no training example, when its impression asserts what
// the findings do not bear out: such an example teaches a model to invent. So
// does one that is longer than maxTokens.
func (m Medical) Label(doc *ingest.Document, _ []label.Gold, tok tokenizer.Tokenizer, maxTokens int) (label.Labeled, error) {
	out := label.Labeled{DocID: doc.ID}
	r := readReport(doc)
	switch {
	case !r.has(partFindings):
		out.Skipped = "no findings section"
		return out, nil
	case !r.has(partImpression):
		out.Skipped = "no impression section"
		return out, nil
	}
	impression := r.text(partImpression)
	out.Truth = label.Truth{DocID: doc.ID, Group: doc.Group, Origin: label.OriginReport,
		Spans: m.words().truth(r), Reference: collapse(impression)}
	if len(unsupported(m.words().checker(r).check(impression))) > 0 {
		return out, nil
	}
	exchange := m.words().turns(r)
	if len(prompt.Render(tok, exchange).IDs) > maxTokens {
		return out, nil
	}
	f := r.parts[partFindings]
	example := label.Example{ID: fmt.Sprintf("%s/0", doc.ID), DocID: doc.ID, Group: doc.Group, Origin: label.OriginReport,
		Turns: exchange, Start: f.start, End: f.end, Labels: map[string]int{}}
	for _, s := range out.Truth.Spans {
		example.Labels[s.Category]++
	}
	out.Examples = []label.Example{example}
	return out, nil
}

// truth returns what the impression asserts, and "No Finding" when it
// calls the study normal.
func (v *vocabulary) truth(r report) []label.Span {
	at := r.parts[partImpression]
	text := r.text(partImpression)
	findings := v.extract(text)
	normal := normalReading(findings)
	var out []label.Span
	for _, f := range findings {
		if f.Name == noFinding || !f.Asserted() {
			continue
		}
		out = append(out, label.Span{Category: f.Name, Start: at.start + f.Start, End: at.start + f.End,
			Text: text[f.Start:f.End], Origin: label.OriginReport, Attrs: attrs(f)})
	}
	if normal {
		out = append(out, label.Span{Category: noFinding, Start: at.start, End: at.end, Text: text,
			Origin: label.OriginReport, Attrs: map[string]string{"presence": Present}})
	}
	return out
}

func attrs(f Finding) map[string]string {
	out := map[string]string{"presence": f.Presence}
	for k, v := range map[string]string{"side": f.Side, "severity": f.Severity, "change": f.Change} {
		if v != "" {
			out[k] = v
		}
	}
	return out
}

// Tune keeps the team's wordings with the model; nothing else is to be set: an
// impression is asserted as it is written.
func (m Medical) Tune([]*ingest.Document, []domains.Answer, []label.Truth) domains.Settings {
	return domains.Settings{Terms: m.words().terms}
}
