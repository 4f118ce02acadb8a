// Package label holds labeled data: gold annotations, examples, the truth
// that answers are measured against, and the splits between them.
package label

import "adapt/prompt"

// Origin says who gave a label.
type Origin string

// The origins of labels, most trusted first.
const (
	OriginGold    Origin = "gold"    // a person's annotation
	OriginReview  Origin = "review"  // a reviewer's answer in the browser
	OriginReport  Origin = "report"  // the document's own words (a report's impression)
	OriginTeacher Origin = "teacher" // a teacher model's proposal that the source supports
	OriginRules   Origin = "rules"   // labeling functions
)

// A Gold is one annotation by a person, as it was found in a file beside the
// documents. It is matched to a document by Key and to a place by Text.
type Gold struct {
	Key      string `json:"key"` // ingest.Document.Key, or the last element of it
	Category string `json:"category"`
	Text     string `json:"text,omitempty"`  // the quote; empty with Absent
	Start    int    `json:"start,omitempty"` // byte offset hint in the source text, for quotes that occur twice
	Absent   bool   `json:"absent,omitempty"`
	// Attrs qualify structured labels: "presence", "side", "severity", "value".
	Attrs map[string]string `json:"attrs,omitempty"`
	// By names the annotator where the file does.
	By string `json:"by,omitempty"`
}

// A Span is a labeled range of a document's text.
type Span struct {
	Category string            `json:"category"`
	Start    int               `json:"start"` // byte offsets, end exclusive
	End      int               `json:"end"`
	Text     string            `json:"text"`
	Origin   Origin            `json:"origin"`
	Attrs    map[string]string `json:"attrs,omitempty"`
	// Confidence is the label model's probability that the label is right; 0
	// where a person gave it and nothing was estimated.
	Confidence float64 `json:"confidence,omitempty"`
}

// Truth is what a document says, as far as the labels go.
type Truth struct {
	DocID  string `json:"doc_id"`
	Group  string `json:"group"`
	Origin Origin `json:"origin"`
	Spans  []Span `json:"spans,omitempty"`
	// Unlocated counts gold quotes that were not found in the text (a reader
	// lost them): they count as misses of every model.
	Unlocated map[string]int `json:"unlocated,omitempty"`
	// Reference is the text that a person wrote (an impression).
	Reference string `json:"reference,omitempty"`
}

// An Example is one exchange for training.
type Example struct {
	ID     string        `json:"id"` // "<doc id>/<number>"
	DocID  string        `json:"doc_id"`
	Group  string        `json:"group"`
	Origin Origin        `json:"origin"`
	Turns  []prompt.Turn `json:"turns"`
	// Rejected is a worse answer to the last turn, where one is known.
	Rejected string `json:"rejected,omitempty"`
	// Start and End delimit the source in the document's text.
	Start int `json:"start"`
	End   int `json:"end"`
	// Counts of labels by category, for the data set's table.
	Labels map[string]int `json:"labels,omitempty"`
}

// Labeled is what labeling makes of one document.
type Labeled struct {
	DocID string `json:"doc_id"`
	Truth Truth  `json:"truth"`
	// Examples is empty when the document can be evaluated but not trained on.
	Examples []Example `json:"examples"`
	// Votes are what the labeling functions said, for the reviewers' queue.
	Votes []Vote `json:"votes,omitempty"`
	// Skipped says why the document gives nothing at all ("no findings section").
	Skipped string `json:"skipped,omitempty"`
}

// Split is a part of a data set.
type Split string

// The splits. Test is frozen: a document seen there is never trained on.
const (
	Train Split = "train"
	Dev   Split = "dev"
	Test  Split = "test"
)
