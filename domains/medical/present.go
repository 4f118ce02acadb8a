package medical

import (
	"slices"

	"adapt/domains"
	"adapt/eval"
	"adapt/ingest"
)

// An Impression is what `adapt predict` prints for a report.
type Impression struct {
	Impression string `json:"impression"`
	// Complete is false when the answer was cut at its greatest length.
	Complete bool    `json:"complete"`
	LogProb  float64 `json:"logprob"`
	Read     *Place  `json:"findings_read,omitempty"` // set when only a part of the findings fitted
	// Findings are what the impression says, with offsets into the impression.
	Findings []Finding `json:"findings"`
	// Claims are the findings, numbers and comparisons checked against the
	// report, with offsets into the document.
	Claims []Stated `json:"claims"`
	// Unsupported repeats the claims that a person must check.
	Unsupported []Stated `json:"unsupported"`
	// Report is what the report itself says of those of the 14 observations of
	// the CheXpert labeler that it speaks of.
	Report []Observation `json:"report"`
}

// Stated is a claim of the impression with the place that bears it out.
type Stated struct {
	Category  string `json:"category"`
	Text      string `json:"text"`
	Supported bool   `json:"supported"`
	Problem   string `json:"problem,omitempty"`
	// Source is the place in the document that supports the claim, or speaks
	// against it.
	Source *Place `json:"source,omitempty"`
}

// A Place is a range of bytes of the document's text.
type Place struct {
	Start int    `json:"start"`
	End   int    `json:"end"`
	Page  int    `json:"page,omitempty"`
	Text  string `json:"text,omitempty"`
}

// Present returns an [Impression]. Its findings are read with the wordings
// that the model was trained with.
func (m Medical) Present(doc *ingest.Document, a domains.Answer, s domains.Settings) any {
	v := m.words()
	if own, err := withTerms(s.Terms); err == nil && len(s.Terms) > 0 {
		v = own
	}
	out := Impression{Impression: a.Text, Complete: a.Finished, LogProb: a.LogProb,
		Findings: append([]Finding{}, v.extract(a.Text)...), Claims: []Stated{}, Unsupported: []Stated{}, Report: slices.DeleteFunc(v.report(doc), func(o Observation) bool { return o.Presence == "" })}
	for _, item := range a.Items {
		if item.Category == readCategory {
			out.Read = place(doc, item.Start, item.End, false)
		}
	}
	for _, claim := range v.checker(readReport(doc)).check(a.Text) {
		s := stated(doc, claim)
		out.Claims = append(out.Claims, s)
		if !s.Supported {
			out.Unsupported = append(out.Unsupported, s)
		}
	}
	return out
}

func stated(doc *ingest.Document, c eval.Claim) Stated {
	s := Stated{Category: c.Category, Text: c.Text, Supported: c.Supported}
	if !c.Supported {
		s.Problem = c.Kind
	}
	if c.End > c.Start {
		s.Source = place(doc, c.Start, c.End, true)
	}
	return s
}

func place(doc *ingest.Document, start, end int, quote bool) *Place {
	p := &Place{Start: start, End: end, Page: doc.PageAt(start)}
	if quote {
		p.Text = doc.Text[start:end]
	}
	return p
}
