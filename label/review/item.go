// Package review is people's part in labeling: which labels they are asked
// about, what their answers come to, and how well two of them agree.
//
// Suggestions (what labeling functions and teachers propose) and answers are
// kept apart: suggestions are artifacts, answers are rows of the registry that
// point into a document's text by its ID, a hash of the text, and byte ranges.
// An answer holds for its document in every later run, as long as the text is
// the same.
package review

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"adapt/ingest"
	"adapt/label"
	"adapt/label/teacher"
	"adapt/registry"
)

// A Source is a document with the labels that people are asked about.
type Source struct {
	Document *ingest.Document `json:"document"`
	TextHash string           `json:"text_hash"`
	Items    []Item           `json:"items"` // by place
}

// An Item is a suggested label.
type Item struct {
	ID string `json:"id"`
	registry.LabelRange
	Attrs      map[string]string `json:"attrs,omitempty"`
	Origin     label.Origin      `json:"origin"`
	Confidence float64           `json:"confidence,omitempty"` // 0: not estimated
	// Candidate says that a teacher or a function voted for it and that this did
	// not carry it: while nobody answers, it is no label.
	Candidate bool `json:"candidate,omitempty"`
	// For and Against are the labeling functions that voted on the range.
	For     []string `json:"for,omitempty"`
	Against []string `json:"against,omitempty"`
}

// Conflict reports whether functions contradict each other.
func (it Item) Conflict() bool { return len(it.Against) > 0 }

// Name is what the document is called before people: its file, or, where that
// may name a person and was left out, a part of its ID.
func (s Source) Name() string {
	if s.Document.File != "" {
		return s.Document.File
	}
	return "document " + s.Document.ID[:min(8, len(s.Document.ID))]
}

// TextHash names a text: answers hold for one text of a document.
func TextHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

// ItemID names a label of a text by its place. The same suggestion has the
// same name in every run.
func ItemID(textHash string, r registry.LabelRange) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%d\x00%d", textHash, r.Category, r.Start, r.End))
	return hex.EncodeToString(sum[:8])
}

// NewSource gathers what can be asked about a document: its suggested labels,
// and the ranges that are none although a teacher proposes them or functions
// contradict each other.
func NewSource(doc *ingest.Document, l label.Labeled) Source {
	s := Source{Document: doc, TextHash: TextHash(doc.Text)}
	for _, span := range l.Truth.Spans {
		s.add(Item{
			LabelRange: registry.LabelRange{Category: span.Category, Start: span.Start, End: span.End},
			Attrs:      span.Attrs, Origin: span.Origin, Confidence: span.Confidence,
		})
	}
	suggested := len(s.Items)
	candidate := func(r registry.LabelRange, origin label.Origin) {
		if !slices.ContainsFunc(s.Items[:suggested], func(it Item) bool { return it.Category == r.Category && shared(it.LabelRange, r) > 0 }) {
			s.add(Item{LabelRange: r, Origin: origin, Candidate: true})
		}
	}
	for _, v := range l.Votes {
		if v.Func == teacher.Func && !v.Against {
			candidate(rangeOf(v), label.OriginTeacher)
		}
	}
	for _, c := range contested(l.Votes) {
		candidate(c, label.OriginRules)
	}
	slices.SortStableFunc(s.Items, func(a, b Item) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End), cmp.Compare(a.Category, b.Category))
	})
	s.vote(l.Votes)
	return s
}

// add appends an item that lies in the text and is not there yet.
func (s *Source) add(it Item) {
	if it.Start < 0 || it.End > len(s.Document.Text) || it.Start >= it.End {
		return
	}
	it.ID = ItemID(s.TextHash, it.LabelRange)
	if !slices.ContainsFunc(s.Items, func(have Item) bool { return have.ID == it.ID }) {
		s.Items = append(s.Items, it)
	}
}

// vote notes for each item which functions spoke of its range.
func (s *Source) vote(votes []label.Vote) {
	by := map[string][]label.Vote{}
	for _, v := range votes {
		by[v.Category] = append(by[v.Category], v)
	}
	for i := range s.Items {
		it := &s.Items[i]
		for _, v := range by[it.Category] {
			if shared(it.LabelRange, rangeOf(v)) == 0 {
				continue
			}
			side := &it.For
			if v.Against {
				side = &it.Against
			}
			if !slices.Contains(*side, v.Func) {
				*side = append(*side, v.Func)
			}
		}
		slices.Sort(it.For)
		slices.Sort(it.Against)
	}
}

// contested returns the ranges with votes for and against a category.
func contested(votes []label.Vote) []registry.LabelRange {
	against := map[registry.LabelRange]bool{}
	for _, v := range votes {
		if v.Against {
			against[rangeOf(v)] = true
		}
	}
	var out []registry.LabelRange
	for _, v := range votes {
		if r := rangeOf(v); !v.Against && against[r] {
			delete(against, r) // once
			out = append(out, r)
		}
	}
	return out
}

func rangeOf(v label.Vote) registry.LabelRange {
	return registry.LabelRange{Category: v.Category, Start: v.Start, End: v.End}
}

// shared is how many bytes two ranges have in common.
func shared(a, b registry.LabelRange) int { return max(min(a.End, b.End)-max(a.Start, b.Start), 0) }

// same reports whether two labels are of one category and their ranges have at
// least half of what they cover together in common: the measure by which
// quotes are compared everywhere.
func same(a, b registry.LabelRange) bool {
	n := shared(a, b)
	return a.Category == b.Category && n > 0 && 2*n >= a.End-a.Start+b.End-b.Start-n
}
