// Package legal extracts the clauses of contracts: the 41 categories of the
// Contract Understanding Atticus Dataset, each as a quote with its place.
//
// A contract is cut into segments, about a sentence each. A model is shown a
// run of segments, one a turn, and answers each with the codes of the
// categories that it shows, " none" mostly. So the model points and the
// quotes are the document's own words; where a category asks for a value, a
// date or a name, a deterministic step narrows the segment to it.
package legal

import (
	"adapt/domains"
	"adapt/eval"
	"adapt/ingest/deid"
	"adapt/label"
)

// Options choose the form of answers. The zero value is the default.
type Options struct {
	// Answer is "point" (a model answers each segment with codes; the default)
	// or "quote" (it writes "code: quote" lines for a whole window).
	Answer string
}

// The forms of answers.
const (
	Point = "point"
	Quote = "quote"
)

// Domain implements domains.Domain for contracts.
type Domain struct {
	opt   Options
	panel *label.Panel
	model func() *label.Model // what the votes are worth
}

var (
	_ domains.Domain    = (*Domain)(nil)
	_ domains.Baseliner = (*Domain)(nil)
	_ domains.Voter     = (*Domain)(nil)
)

// New returns the domain.
func New(opt Options) *Domain {
	if opt.Answer == "" {
		opt.Answer = Point
	}
	return &Domain{opt: opt, panel: panel(), model: known}
}

// Name implements domains.Domain.
func (d *Domain) Name() string { return "legal" }

// Describe implements domains.Domain.
func (d *Domain) Describe() string {
	return "finds the clauses of a contract in 41 categories, from its parties to its governing law, and quotes each with its place"
}

// Version implements domains.Domain. It changes with segments, codes, labels
// or scores.
func (d *Domain) Version() string { return "legal-3-" + d.opt.Answer }

// Categories implements domains.Domain.
func (d *Domain) Categories() []string {
	names := make([]string, len(categories))
	for i, c := range categories {
		names[i] = c.name
	}
	return names
}

// About says in a few words what a category is, or "" for an unknown one.
func About(category string) string {
	i, ok := byName[category]
	if !ok {
		return ""
	}
	return categories[i].about
}

// Deid implements domains.Domain. Companies, dates and places are what a
// contract is about and stay; persons, ways to reach them, and their numbers
// are removed.
func (d *Domain) Deid() deid.Rules {
	return deid.Rules{Kinds: []deid.Kind{deid.Name, deid.Email, deid.Phone, deid.Account, deid.SSN, deid.Tax}, Formal: true}
}

// Gates implements domains.Domain.
func (d *Domain) Gates() []eval.Rule {
	limit := func(v float64) *float64 { return &v }
	return []eval.Rule{
		{Metric: "extraction_f1", Min: limit(0.50), Margin: limit(0.02)},
		{Metric: "hallucination_rate", Max: limit(0.20)},
		{Metric: "general_perplexity_ratio", Max: limit(1.5)},
	}
}
