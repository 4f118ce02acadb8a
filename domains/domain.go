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

// A Model answers prompts. generate.Text implements it.
type Model interface {
	// Begin starts an exchange with an empty context.
	Begin(ctx context.Context) (Session, error)
	// Tokenizer is the model's own.
	Tokenizer() tokenizer.Tokenizer
	// MaxTokens is how long a context may get.
	MaxTokens() int
}

// A Session is one exchange, rendered as package prompt renders it. It is not
// safe for concurrent use.
type Session interface {
	// Ask appends an input; the model is about to answer.
	Ask(input string) error
	// Next returns the log-probability (natural, over the whole vocabulary) that
	// the answer goes on with each of choices; "" stands for the end of the
	// answer. Choices are encoded as they are, so they usually begin with a space.
	Next(choices []string) ([]float64, error)
	// Say appends text to the answer, End closes it.
	Say(text string) error
	End() error
	// Write decodes greedily until the end of the answer or max tokens and
	// closes the answer.
	Write(max int) (Written, error)
	// Len is the number of tokens in the context.
	Len() int
}

// Written is an answer that a model wrote.
type Written struct {
	Text     string
	LogProb  float64 // sum over the tokens, the end included when Finished
	Tokens   int
	Finished bool // the model ended the answer itself
}

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
}

// A Baseliner is a Domain with floors that make its numbers mean something.
type Baseliner interface {
	// Baselines are built on training documents only.
	Baselines(docs []*ingest.Document, truths []label.Truth) []Baseline
}

// A Baseline answers without a model.
type Baseline struct {
	Name   string // "nearest training neighbour"
	Answer func(doc *ingest.Document) Answer
}
