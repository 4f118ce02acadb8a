package registry

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"adapt/artifact"
)

// A Review is a run's question to people: are these labels right?
type Review struct {
	RunID     string `json:"run_id"`
	Domain    string `json:"domain"`
	Wanted    int    `json:"wanted"`    // labels that people are to decide
	Reviewers int    `json:"reviewers"` // people who decide each of them: 1 or 2
	// Elsewhere counts labels that people had decided before, on documents of
	// the run that it does not ask about.
	Elsewhere int       `json:"elsewhere,omitempty"`
	Deadline  time.Time `json:"deadline"`
	Opened    time.Time `json:"opened"`          // set by the registry
	Closed    time.Time `json:"closed,omitzero"` // set by the registry; zero while it is open
}

// A ReviewDocument is a document that a review asks about.
type ReviewDocument struct {
	Document string       `json:"document"`  // its ID
	TextHash string       `json:"text_hash"` // of the text that labels point into
	Source   artifact.Ref `json:"source"`    // the document with its suggested labels
}

// A ReviewTask is one label that a review asks about.
type ReviewTask struct {
	Document   string  `json:"document"`
	Item       string  `json:"item"`
	Category   string  `json:"category"`
	Confidence float64 `json:"confidence,omitempty"`
	Why        string  `json:"why"`
}

// Why a label is asked about.
const (
	WhyUnsure    = "unsure"     // the label model could not tell
	WhyConflict  = "conflict"   // labeling functions contradict each other
	WhySpotCheck = "spot check" // drawn at random, so that the sample is fair
)

// OpenReview records what a run asks: documents and tasks, in the order in
// which they are to be done. Opening a run's review again replaces what was
// asked; answers stay.
func (r *Registry) OpenReview(ctx context.Context, rev Review, docs []ReviewDocument, tasks []ReviewTask) error {
	err := required("run ID", rev.RunID, "domain", rev.Domain)
	if err == nil {
		err = r.update(ctx, func(tx *sql.Tx) error { return openReview(ctx, tx, rev, docs, tasks, r.now()) })
	}
	if err != nil {
		return fmt.Errorf("registry: opening the review of run %s: %w", rev.RunID, err)
	}
	return nil
}

func openReview(ctx context.Context, tx *sql.Tx, rev Review, docs []ReviewDocument, tasks []ReviewTask, now time.Time) error {
	for _, table := range []string{"review_tasks", "review_documents", "reviews"} {
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE run_id = ?`, rev.RunID); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO reviews (run_id, domain, wanted, reviewers, elsewhere, deadline, opened, closed) VALUES (?, ?, ?, ?, ?, ?, ?, '')`,
		rev.RunID, rev.Domain, rev.Wanted, rev.Reviewers, rev.Elsewhere, timeText(rev.Deadline), timeText(now))
	if err != nil {
		return err
	}
	for _, d := range docs {
		source, err := refText(d.Source)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO review_documents (run_id, document, text_hash, source) VALUES (?, ?, ?, ?)`,
			rev.RunID, d.Document, d.TextHash, source); err != nil {
			return err
		}
	}
	for i, t := range tasks {
		if _, err := tx.ExecContext(ctx, `INSERT INTO review_tasks (run_id, place, document, item, category, confidence, why) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			rev.RunID, i, t.Document, t.Item, t.Category, t.Confidence, t.Why); err != nil {
			return err
		}
	}
	return nil
}

// CloseReview ends a run's review; one that is closed, or was never opened,
// stays as it is.
func (r *Registry) CloseReview(ctx context.Context, runID string) error {
	_, err := r.db.ExecContext(ctx, `UPDATE reviews SET closed = ? WHERE run_id = ? AND closed = ''`, timeText(r.now()), runID)
	if err != nil {
		return fmt.Errorf("registry: closing the review of run %s: %w", runID, err)
	}
	return nil
}

const selectReview = `SELECT run_id, domain, wanted, reviewers, elsewhere, deadline, opened, closed FROM reviews `

func scanReview(s scanner) (Review, error) {
	var v Review
	var closed string
	err := s.Scan(&v.RunID, &v.Domain, &v.Wanted, &v.Reviewers, &v.Elsewhere, timeColumn{&v.Deadline}, timeColumn{&v.Opened}, &closed)
	if err == nil && closed != "" {
		err = timeColumn{&v.Closed}.Scan(closed)
	}
	return v, err
}

// GetReview returns a run's review, or ErrNotFound.
func (r *Registry) GetReview(ctx context.Context, runID string) (Review, error) {
	v, err := scanReview(r.db.QueryRowContext(ctx, selectReview+`WHERE run_id = ?`, runID))
	if errors.Is(err, sql.ErrNoRows) {
		err = fmt.Errorf("%w: the run asks nobody about its labels; label.review.count in adapt.yaml says for how many to ask", ErrNotFound)
	}
	if err != nil {
		return Review{}, fmt.Errorf("registry: review of run %q: %w", runID, err)
	}
	return v, nil
}

// OpenReviews returns the reviews that are not closed, the oldest first.
func (r *Registry) OpenReviews(ctx context.Context) ([]Review, error) {
	all, err := collect(ctx, r.db, scanReview, selectReview+`WHERE closed = '' ORDER BY opened, run_id`)
	if err != nil {
		return nil, fmt.Errorf("registry: open reviews: %w", err)
	}
	return all, nil
}

// ReviewDocuments returns the documents that a run asks about, by ID.
func (r *Registry) ReviewDocuments(ctx context.Context, runID string) ([]ReviewDocument, error) {
	docs, err := collect(ctx, r.db, func(s scanner) (d ReviewDocument, err error) {
		err = s.Scan(&d.Document, &d.TextHash, refColumn{&d.Source})
		return d, err
	}, `SELECT document, text_hash, source FROM review_documents WHERE run_id = ? ORDER BY document`, runID)
	if err != nil {
		return nil, fmt.Errorf("registry: documents of the review of run %s: %w", runID, err)
	}
	return docs, nil
}

// ReviewTasks returns what a run asks, in order.
func (r *Registry) ReviewTasks(ctx context.Context, runID string) ([]ReviewTask, error) {
	tasks, err := collect(ctx, r.db, func(s scanner) (t ReviewTask, err error) {
		err = s.Scan(&t.Document, &t.Item, &t.Category, &t.Confidence, &t.Why)
		return t, err
	}, `SELECT document, item, category, confidence, why FROM review_tasks WHERE run_id = ? ORDER BY place`, runID)
	if err != nil {
		return nil, fmt.Errorf("registry: tasks of the review of run %s: %w", runID, err)
	}
	return tasks, nil
}

// A ReviewAnswer is what a person said of a label, kept for ever. It points
// into a document and holds none of its text.
type ReviewAnswer struct {
	ID       int64  `json:"id"` // set by the registry
	Domain   string `json:"domain"`
	RunID    string `json:"run_id"` // the run that asked
	Document string `json:"document"`
	TextHash string `json:"text_hash"`
	// Item is the label that was asked about, or the added one's own.
	Item   string `json:"item,omitempty"`
	Action string `json:"action"` // one of the Answer constants
	// Was is the label as it was suggested; empty for one that was added.
	Was LabelRange `json:"was,omitzero"`
	// Now is the label as the person left it; empty when it was rejected.
	Now   LabelRange        `json:"now,omitzero"`
	Attrs map[string]string `json:"attrs,omitempty"` // of Now
	// Undoes is the ID of the answer that an undo takes back.
	Undoes   int64  `json:"undoes,omitempty"`
	Reviewer string `json:"reviewer"`
	// Informed says that the person could see what others had answered.
	Informed bool      `json:"informed,omitempty"`
	Seconds  float64   `json:"seconds"` // that the person took
	At       time.Time `json:"at"`      // set by the registry
}

// A LabelRange is a category with the byte range that shows it, end exclusive.
type LabelRange struct {
	Category string `json:"category"`
	Start    int    `json:"start"`
	End      int    `json:"end"`
}

// The actions of answers.
const (
	AnswerAccept   = "accept"
	AnswerFix      = "fix" // another range, category or attributes
	AnswerReject   = "reject"
	AnswerAdd      = "add"
	AnswerComplete = "complete" // the document has no other labels
	AnswerUndo     = "undo"
)

// RecordAnswer appends a person's answer and returns its ID.
func (r *Registry) RecordAnswer(ctx context.Context, a ReviewAnswer) (int64, error) {
	err := required("domain", a.Domain, "document ID", a.Document, "hash of the text", a.TextHash, "name", a.Reviewer)
	if err != nil {
		return 0, fmt.Errorf("registry: recording an answer: %w", err)
	}
	attrs := []byte("{}")
	if len(a.Attrs) > 0 {
		if attrs, err = json.Marshal(a.Attrs); err != nil {
			return 0, fmt.Errorf("registry: recording an answer: %w", err)
		}
	}
	res, err := r.db.ExecContext(ctx, `
		INSERT INTO review_answers (domain, run_id, document, text_hash, item, action, was_category, was_start, was_end,
			category, start, end, attrs, undoes, reviewer, informed, seconds, at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		a.Domain, a.RunID, a.Document, a.TextHash, a.Item, a.Action, a.Was.Category, a.Was.Start, a.Was.End,
		a.Now.Category, a.Now.Start, a.Now.End, string(attrs), a.Undoes, a.Reviewer, a.Informed, a.Seconds, timeText(r.now()))
	if err != nil {
		return 0, fmt.Errorf("registry: recording an answer: %w", err)
	}
	return res.LastInsertId()
}

const selectAnswer = `
	SELECT id, domain, run_id, document, text_hash, item, action, was_category, was_start, was_end,
		category, start, end, attrs, undoes, reviewer, informed, seconds, at
	FROM review_answers `

func scanAnswer(s scanner) (ReviewAnswer, error) {
	var a ReviewAnswer
	err := s.Scan(&a.ID, &a.Domain, &a.RunID, &a.Document, &a.TextHash, &a.Item, &a.Action, &a.Was.Category, &a.Was.Start, &a.Was.End,
		&a.Now.Category, &a.Now.Start, &a.Now.End, jsonColumn{&a.Attrs}, &a.Undoes, &a.Reviewer, &a.Informed, &a.Seconds, timeColumn{&a.At})
	return a, err
}

// Answers returns every answer on a domain's documents, in the order in which
// they were given, also those that were undone.
func (r *Registry) Answers(ctx context.Context, domain string) ([]ReviewAnswer, error) {
	all, err := collect(ctx, r.db, scanAnswer, selectAnswer+`WHERE domain = ? ORDER BY id`, domain)
	if err != nil {
		return nil, fmt.Errorf("registry: answers of %s: %w", domain, err)
	}
	return all, nil
}

// DocumentAnswers is Answers for one document and one text of it.
func (r *Registry) DocumentAnswers(ctx context.Context, domain, document, textHash string) ([]ReviewAnswer, error) {
	all, err := collect(ctx, r.db, scanAnswer, selectAnswer+`WHERE domain = ? AND document = ? AND text_hash = ? ORDER BY id`, domain, document, textHash)
	if err != nil {
		return nil, fmt.Errorf("registry: answers on a document: %w", err)
	}
	return all, nil
}
