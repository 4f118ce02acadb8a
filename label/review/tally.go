package review

import (
	"context"

	"adapt/label"
	"adapt/registry"
)

// A Tally says how far a run's review is.
type Tally struct {
	Review   registry.Review `json:"review"`
	Reviewed int             `json:"reviewed"` // labels that are decided
	Disputed int             `json:"disputed"` // that two people decided otherwise, and nobody settled
	Complete int             `json:"complete"` // documents of which people say that they hold no other labels
	// Agreement is that of the answers on the documents that the run asks about.
	Agreement label.Agreement                    `json:"agreement"`
	Reviewers []ReviewerTally                    `json:"reviewers"` // in the order in which they began
	Documents []DocumentTally                    `json:"documents"` // by ID
	Answers   map[string][]registry.ReviewAnswer `json:"-"`         // by document
}

// A ReviewerTally is one person's part.
type ReviewerTally struct {
	Name    string  `json:"name"`
	Answers int     `json:"answers"` // that hold
	Seconds float64 `json:"seconds"` // that they took
}

// A DocumentTally is one document's part.
type DocumentTally struct {
	registry.ReviewDocument
	Decided  int  `json:"decided"`
	Disputed int  `json:"disputed"`
	Complete bool `json:"complete"`
}

// Count tallies a run's review from the registry.
func Count(ctx context.Context, r *registry.Registry, runID string) (Tally, error) {
	rev, err := r.GetReview(ctx, runID)
	if err != nil {
		return Tally{}, err
	}
	docs, err := r.ReviewDocuments(ctx, runID)
	if err != nil {
		return Tally{}, err
	}
	t := Tally{Review: rev, Reviewed: rev.Elsewhere, Answers: map[string][]registry.ReviewAnswer{}}
	people := map[string]int{}
	var pairs []label.RatedPair
	for _, d := range docs {
		answers, err := r.DocumentAnswers(ctx, rev.Domain, d.Document, d.TextHash)
		if err != nil {
			return Tally{}, err
		}
		o := Settle(answers, rev.Reviewers)
		t.Documents = append(t.Documents, DocumentTally{d, len(o.Finals), len(o.Disputed), o.Complete})
		t.Answers[d.Document] = answers
		t.Reviewed += len(o.Finals)
		t.Disputed += len(o.Disputed)
		if o.Complete {
			t.Complete++
		}
		pairs = append(pairs, Pairs(answers)...)
		for _, a := range Live(answers) {
			i, ok := people[Person(a.Reviewer)]
			if !ok {
				i = len(t.Reviewers)
				people[Person(a.Reviewer)] = i
				t.Reviewers = append(t.Reviewers, ReviewerTally{Name: a.Reviewer})
			}
			t.Reviewers[i].Answers++
			t.Reviewers[i].Seconds += a.Seconds
		}
	}
	t.Agreement = label.Agree(pairs)
	return t, nil
}
