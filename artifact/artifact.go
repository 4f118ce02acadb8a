// Package artifact names immutable pieces of data by what they contain.
//
// Everything that a run makes (documents, data sets, checkpoints, models,
// reports) is an artifact: bytes in a content-addressed [Store], named by a
// [Ref]. Only Refs travel between workflow activities, so that no document
// text, example or weight ever enters a workflow history.
package artifact

import (
	"encoding/hex"
	"fmt"
)

// Kind says what an artifact's bytes are. It is part of a Ref for people and
// for checks; the bytes alone decide the hash.
type Kind string

// The kinds of artifacts that a run makes, in the order in which it makes them.
const (
	KindRaw       Kind = "raw"       // a file as it was found, unchanged
	KindConfig    Kind = "config"    // an adapt.yaml, complete with defaults, as JSON
	KindManifest  Kind = "manifest"  // a list of files or documents, as JSON
	KindDocuments Kind = "documents" // JSON lines of ingest.Document
	KindExamples  Kind = "examples"  // JSON lines of label.Example
	KindDataset   Kind = "dataset"   // a label.Dataset as JSON
	KindVotes     Kind = "votes"     // a label.Weighed as JSON
	KindReview    Kind = "review"    // a document with the labels that people are asked about, as JSON
	KindModel     Kind = "model"     // a folder listing (Tree) with weights and tokenizer
	KindAnswers   Kind = "answers"   // JSON lines of domains.Answer
	KindOutcomes  Kind = "outcomes"  // JSON lines of eval.Outcome
	KindReport    Kind = "report"    // a folder listing (Tree) with HTML, JSON and Markdown
)

// A Ref names an artifact by its content. It is small, comparable and safe to
// log: it holds nothing of what the artifact says.
type Ref struct {
	Kind   Kind   `json:"kind"`
	SHA256 string `json:"sha256"` // lower-case hex, 64 digits
	Size   int64  `json:"size"`   // bytes
}

// IsZero reports whether r names nothing.
func (r Ref) IsZero() bool { return r == Ref{} }

// Short returns the first 12 digits of the hash, for people.
func (r Ref) Short() string {
	if len(r.SHA256) < 12 {
		return r.SHA256
	}
	return r.SHA256[:12]
}

// String returns kind:hash.
func (r Ref) String() string { return string(r.Kind) + ":" + r.SHA256 }

// Validate reports whether r is well formed, so that a Ref from outside can
// not reach beyond the store's folder.
func (r Ref) Validate() error {
	if len(r.SHA256) != 64 {
		return fmt.Errorf("artifact: hash %q has %d characters, want 64", r.SHA256, len(r.SHA256))
	}
	if _, err := hex.DecodeString(r.SHA256); err != nil {
		return fmt.Errorf("artifact: hash %q is not hexadecimal", r.SHA256)
	}
	if r.Size < 0 {
		return fmt.Errorf("artifact: negative size %d", r.Size)
	}
	return nil
}
