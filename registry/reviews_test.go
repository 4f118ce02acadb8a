package registry

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"adapt/artifact"
)

func aReview(run string) Review {
	return Review{RunID: run, Domain: "legal", Wanted: 3, Reviewers: 2, Deadline: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}
}

func TestAReviewIsAskedAndClosed(t *testing.T) {
	r := open(t)
	ctx := t.Context()
	_, err := r.GetReview(ctx, "run-1")
	wantErr(t, err, ErrNotFound)
	noErr(t, r.CloseReview(ctx, "run-1"))

	source, err := r.Store().PutBytes(artifact.KindReview, []byte("{}"))
	noErr(t, err)
	docs := []ReviewDocument{{"a", "ha", source}, {"b", "hb", source}}
	tasks := []ReviewTask{{"b", "i2", "Parties", 0.5, WhyUnsure}, {"a", "i1", "Parties", 0, WhyConflict}, {"a", "i3", "Expiration Date", 0.99, WhySpotCheck}}
	for range 2 { // a retry asks the same
		noErr(t, r.OpenReview(ctx, aReview("run-1"), docs, tasks))
	}
	got, err := r.GetReview(ctx, "run-1")
	noErr(t, err)
	if got.Wanted != 3 || got.Reviewers != 2 || !got.Closed.IsZero() || got.Opened.IsZero() || !got.Deadline.Equal(aReview("").Deadline) {
		t.Errorf("the review is %+v", got)
	}
	if d, err := r.ReviewDocuments(ctx, "run-1"); err != nil || !reflect.DeepEqual(d, docs) {
		t.Errorf("documents are %+v, %v", d, err)
	}
	if k, err := r.ReviewTasks(ctx, "run-1"); err != nil || !reflect.DeepEqual(k, tasks) {
		t.Errorf("tasks are %+v, %v", k, err)
	}
	noErr(t, r.OpenReview(ctx, aReview("run-2"), nil, nil))
	noErr(t, r.CloseReview(ctx, "run-1"))
	if all, err := r.OpenReviews(ctx); err != nil || len(all) != 1 || all[0].RunID != "run-2" {
		t.Errorf("open reviews are %+v, %v", all, err)
	}
	if got, err = r.GetReview(ctx, "run-1"); err != nil || got.Closed.IsZero() {
		t.Errorf("the closed review is %+v, %v", got, err)
	}
	wantErr(t, r.OpenReview(ctx, Review{Domain: "legal"}, nil, nil), ErrInvalid)
	if err := r.OpenReview(ctx, Review{RunID: "x", Domain: "legal", Wanted: 1, Reviewers: 3}, nil, nil); err == nil {
		t.Error("three reviewers were taken")
	}
}

func TestAnswersAreKeptForEver(t *testing.T) {
	r := open(t)
	ctx := t.Context()
	a := ReviewAnswer{Domain: "legal", RunID: "run-1", Document: "d", TextHash: "h", Item: "i", Action: AnswerFix,
		Was: LabelRange{"Parties", 3, 9}, Now: LabelRange{"Document Name", 4, 8}, Attrs: map[string]string{"side": "left"},
		Reviewer: "Ada", Informed: true, Seconds: 2.5}
	id, err := r.RecordAnswer(ctx, a)
	noErr(t, err)
	undo := ReviewAnswer{Domain: "legal", Document: "d", TextHash: "h", Action: AnswerUndo, Undoes: id, Reviewer: "Ada"}
	_, err = r.RecordAnswer(ctx, undo)
	noErr(t, err)
	other := ReviewAnswer{Domain: "medical", Document: "d", TextHash: "h2", Action: AnswerComplete, Reviewer: "Bea"}
	_, err = r.RecordAnswer(ctx, other)
	noErr(t, err)

	all, err := r.Answers(ctx, "legal")
	noErr(t, err)
	if len(all) != 2 || all[1].Undoes != id {
		t.Fatalf("answers are %+v", all)
	}
	got := all[0]
	if got.At.IsZero() {
		t.Error("the answer has no time")
	}
	a.ID, got.At = id, a.At
	if !reflect.DeepEqual(got, a) {
		t.Errorf("got %+v, want %+v", got, a)
	}
	if one, err := r.DocumentAnswers(ctx, "legal", "d", "another text"); err != nil || len(one) != 0 {
		t.Errorf("answers on another text: %+v, %v", one, err)
	}
	if one, err := r.DocumentAnswers(ctx, "legal", "d", "h"); err != nil || len(one) != 2 {
		t.Errorf("answers on the document: %+v, %v", one, err)
	}
	for _, change := range []string{`UPDATE review_answers SET category = 'x'`, `DELETE FROM review_answers`} {
		if _, err := r.db.Exec(change); err == nil || !strings.Contains(err.Error(), "audit trail") {
			t.Errorf("%s: %v", change, err)
		}
	}
	a.Reviewer = " "
	_, err = r.RecordAnswer(ctx, a)
	wantErr(t, err, ErrInvalid)
	a.Reviewer, a.Action = "Ada", "guess"
	if _, err = r.RecordAnswer(ctx, a); err == nil {
		t.Error("an unknown action was taken")
	}
}
