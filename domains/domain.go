// Package domains defines what a professional domain brings to adapt: its
// labels, its prompts and answers, and how to tell a right claim from an
// invented one. Everything else is the same for every domain.
package domains

import (
	"context"

	"adapt/eval"
	"adapt/ingest"
	"adapt/ingest/deid"
	"adapt/label"
	"adapt/prompt"
	"adapt/tokenizer"
)

// A Domain is stateless and safe for use by several goroutines. Its methods
// are deterministic: equal arguments give equal results.
type Domain interface {
	// Name is the word on the command line: "legal".
	Name() string
	// Describe says in a sentence what a model of this domain does.
	Describe() string
	// Version changes whenever labels, prompts or scores would come out
	// differently; cached artifacts of another version are not reused.
	Version() string
	// Categories are the kinds of things that answers assert, in report order.
	Categories() []string
	// Deid says which identifiers are removed from the domain's text.
	Deid() deid.Rules
	// Gates are the default gates.
	Gates() []eval.Rule

	// Label makes the truth and the training examples of a document. gold holds
	// the annotations for this document, empty when there are none; the
	// domain's labeling functions speak then. No example is longer than
	// maxTokens when rendered with tok.
	Label(doc *ingest.Document, gold []label.Gold, tok tokenizer.Tokenizer, maxTokens int) (label.Labeled, error)

	// Answer has a model read the document. The answer holds every candidate
	// with its confidence; Settings decide later which are asserted.
	Answer(ctx context.Context, m Model, doc *ingest.Document) (Answer, error)
	// Tune picks settings on development documents, never on test documents.
	Tune(docs []*ingest.Document, answers []Answer, truths []label.Truth) Settings
	// Outcome scores an answer and checks each of its claims against the source.
	Outcome(doc *ingest.Document, truth label.Truth, a Answer, s Settings) eval.Outcome
	// Present is what `adapt predict` prints: the asserted items with offsets
	// into the document's text and pages.
	Present(doc *ingest.Document, a Answer, s Settings) any
}

// Model, Session and Written are what package prompt says of answering.
type (
	Model   = prompt.Model
	Session = prompt.Session
	Written = prompt.Written
)

// An Answer is what a model says of a document.
type Answer struct {
	DocID string `json:"doc_id"`
	// Items point at the document: candidates with confidences.
	Items []Item `json:"items,omitempty"`
	// Text is a written answer (an impression).
	Text     string  `json:"text,omitempty"`
	LogProb  float64 `json:"logprob,omitempty"`
	Tokens   int     `json:"tokens"`
	Finished bool    `json:"finished"`
}

// An Item is a candidate: a category and the quote that shows it.
type Item struct {
	Category   string  `json:"category"`
	Start      int     `json:"start"` // byte offsets in the document's text
	End        int     `json:"end"`
	Text       string  `json:"text"`
	Confidence float64 `json:"confidence"`
}

// Settings are decided on development data and kept with the model.
type Settings struct {
	// Threshold is the least confidence at which an item is asserted.
	Threshold float64 `json:"threshold"`
	// ByCategory overrides Threshold.
	ByCategory map[string]float64 `json:"by_category,omitempty"`
	// Terms are the team's own wordings that labels were made with.
	Terms map[string][]string `json:"terms,omitempty"`
}

// A Termed is a Domain whose labels come from wordings that a team may add to.
type Termed interface {
	Domain
	// WithTerms returns the domain with a team's wordings by category. The error
	// says which can not be.
	WithTerms(terms map[string][]string) (Domain, error)
}

// A Baseliner is a Domain with floors that make its numbers mean something.
type Baseliner interface {
	// Baselines are built on training documents only.
	Baselines(docs []*ingest.Document, truths []label.Truth) []Baseline
}

// A Voter is a Domain with labeling functions, whose votes are weighed over all
// documents before labels are made of them.
type Voter interface {
	Domain
	// Panel is the domain's labeling functions, those of With among them.
	Panel() *label.Panel
	// Vote has the functions read a document. gold holds a person's annotations
	// of it, empty when there are none.
	Vote(doc *ingest.Document, gold []label.Gold) (Ballot, error)
	// With returns the domain with a team's own functions beside its own, whose
	// labels come from what the model learned of their votes. Without a model,
	// nil, labels come from what is known of the functions beforehand.
	With(own []label.Func, m *label.Model) (Voter, error)
	// Known is the votes of the domain's own functions on documents that came
	// annotated with it, or nil: the label model begins with them.
	Known() *label.Tally
}

// A Ballot is what labeling functions say of a document.
type Ballot struct {
	Segments   int
	Candidates []label.Candidate
	// Known is what people say of the segments; nil where nobody annotated.
	Known label.Known
}

// A Baseline answers without a model.
type Baseline struct {
	Name   string // "nearest training neighbour"
	Answer func(doc *ingest.Document) Answer
}
