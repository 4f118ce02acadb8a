package workflows

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"adapt/activities/api"
	"adapt/progress"
)

// reviews is what a run knows of the labels that it waits for.
type reviews struct {
	asked  api.Review
	heard  int    // labels that people have decided on, as far as the run was told
	goOn   bool   // somebody asked to go on with what there is
	goOnBy string // the person's name
}

// review waits until people have decided on as many labels as the
// configuration asks for, and then labels anew with their answers. Answers are
// kept in the registry; the run is told how many there are by updates, and
// looks for itself before it goes on, so that waiting costs nothing.
func (r *adaptation) review(ctx workflow.Context, docs api.DocumentsInput) error {
	if r.reviews.asked.Count == 0 {
		r.skip("not asked for", StepReview)
		return nil
	}
	return r.step(StepReview, func() (string, error) {
		deadline := workflow.Now(ctx).Add(r.reviews.asked.Deadline)
		asked, err := do[api.Asked](long(ctx), api.AskReview, api.ReviewInput{
			Job: r.in.Job, Documents: docs.Documents, Labeled: r.sum.Labeled.Suggestions(), Deadline: deadline,
		})
		if err != nil {
			return "", err
		}
		if asked.Reviewed >= asked.Wanted {
			return fmt.Sprintf("%d labels are reviewed already", asked.Reviewed), nil
		}
		return r.waitForReviews(ctx, docs, asked, deadline)
	})
}

func (r *adaptation) waitForReviews(ctx workflow.Context, docs api.DocumentsInput, asked api.Asked, deadline time.Time) (string, error) {
	if err := r.untilReviewed(ctx, asked, deadline); err != nil {
		return "", err
	}
	done, err := do[api.Reviewed](short(ctx), api.EndReview, r.in.Job)
	if err != nil {
		return "", err
	}
	if done.Reviewed < asked.Wanted && !r.reviews.goOn && r.reviews.asked.Stop {
		r.sum.Status = statusRejected
		r.sum.Reasons = []string{fmt.Sprintf("people reviewed %d of %d labels within %v; their answers are kept, and the next run goes on with them", done.Reviewed, asked.Wanted, r.reviews.asked.Deadline)}
		return fmt.Sprintf("%d labels reviewed by the deadline, %d asked for", done.Reviewed, asked.Wanted), errEnded
	}
	labeled, err := r.label(ctx, docs)
	if err != nil {
		return "", err
	}
	r.note(StepLabel, labeled)
	detail := fmt.Sprintf("%d labels reviewed, %d asked for", done.Reviewed, asked.Wanted)
	if done.Disputed > 0 {
		detail += fmt.Sprintf(", %d disputed and left as they were suggested", done.Disputed)
	}
	if done.Reviewed < asked.Wanted && r.reviews.goOn {
		detail += "; " + r.reviews.goOnBy + " asked to go on"
	}
	return detail, nil
}

// untilReviewed returns when enough labels are reviewed, somebody asks to go
// on, or the deadline has passed.
func (r *adaptation) untilReviewed(ctx workflow.Context, asked api.Asked, deadline time.Time) error {
	run := &r.state.run
	run.Status = statusWaiting
	run.Reviews = progress.Reviews{Wanted: asked.Wanted, Reviewed: asked.Reviewed, Deadline: deadline}
	r.noteReviews()
	defer func() { run.Status, run.Reviews = statusRunning, progress.Reviews{} }()
	for {
		left := deadline.Sub(workflow.Now(ctx))
		if left <= 0 {
			return nil
		}
		heard, err := workflow.AwaitWithTimeout(ctx, left, func() bool { return r.reviews.goOn || r.reviews.heard >= asked.Wanted })
		if err != nil || !heard || r.reviews.goOn {
			return err
		}
		counted, err := do[api.Reviewed](short(ctx), api.CountReview, r.in.Job)
		if err != nil || counted.Reviewed >= asked.Wanted {
			return err
		}
		// Somebody took an answer back meanwhile, or the news were wrong.
		r.reviews.heard, run.Reviews.Reviewed = counted.Reviewed, counted.Reviewed
		r.noteReviews()
	}
}

func (s *state) noteReviews() {
	s.note(StepReview, fmt.Sprintf("waiting for reviews: %d of %d", s.run.Reviews.Reviewed, s.run.Reviews.Wanted))
}

// hearOfLabels registers the update by which a run is told of reviews.
func (s *state) hearOfLabels(ctx workflow.Context) error {
	return workflow.SetUpdateHandlerWithOptions(ctx, progress.Labels,
		func(_ workflow.Context, n progress.LabelNews) error {
			s.reviews.heard, s.run.Reviews.Reviewed = n.Reviewed, n.Reviewed
			if n.GoOn {
				s.reviews.goOn, s.reviews.goOnBy = true, strings.TrimSpace(n.By)
			}
			s.noteReviews()
			return nil
		},
		workflow.UpdateHandlerOptions{Validator: s.validateNews})
}

// validateNews refuses what can not be. A refused update leaves no trace in
// the history.
func (s *state) validateNews(n progress.LabelNews) error {
	switch {
	case !s.run.Reviews.Waiting() || s.reviews.goOn:
		return refuse("run %s does not wait for reviews: it is %s", s.run.RunID, s.run.Status)
	case n.Reviewed < 0:
		return refuse("%d labels can not have been reviewed", n.Reviewed)
	case n.GoOn && strings.TrimSpace(n.By) == "":
		return refuse("to go on with fewer reviews needs the name of who asks for it")
	}
	return nil
}
