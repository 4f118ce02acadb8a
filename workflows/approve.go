package workflows

import (
	"errors"
	"fmt"
	"strings"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"adapt/activities/api"
	"adapt/progress"
)

// promotion is what is asked of the promote activity when no person decides.
func (r *adaptation) promotion(candidate api.Contender) api.PromoteInput {
	by := r.in.StartedBy
	if by == "" {
		by = "adapt"
	}
	return api.PromoteInput{
		Job: r.in.Job, Candidate: r.sum.Candidate, Previous: r.sum.Champion,
		Documents: r.sum.Documents, Dataset: r.sum.Split.Dataset, Answers: candidate.Dev,
		Kind: promotionGate, By: by, Reason: "all gates passed and no approval is required",
	}
}

// approve waits for a person where the configuration wants one.
func (r *adaptation) approve(ctx workflow.Context, p *api.PromoteInput) error {
	if !r.approval.Required {
		r.skip("not required", StepApprove)
		return nil
	}
	return r.step(StepApprove, func() (string, error) {
		d, err := r.wait(ctx)
		if err != nil {
			return "", err
		}
		if d == nil {
			r.sum.Status = statusRejected
			r.sum.Reasons = append([]string{fmt.Sprintf("nobody decided within %v", r.approval.Deadline)}, r.sum.Reasons...)
			return "nobody decided", errEnded
		}
		r.sum.DecidedBy = d.By
		err = workflow.ExecuteActivity(short(ctx), api.Decide, api.DecideInput{Job: r.in.Job, Approve: d.Approve, By: d.By, Reason: d.Reason}).Get(ctx, nil)
		if err != nil {
			return "", err
		}
		if !d.Approve {
			r.sum.Status = statusRejected
			r.sum.Reasons = append([]string{"rejected by " + d.By + ": " + d.Reason}, r.sum.Reasons...)
			return "rejected by " + d.By, errEnded
		}
		p.Kind, p.By, p.Reason = promotionApproval, d.By, d.Reason
		return "approved by " + d.By, nil
	})
}

// wait returns a person's decision, or nil when the deadline passed.
func (r *adaptation) wait(ctx workflow.Context) (*progress.Decision, error) {
	if err := workflow.ExecuteActivity(short(ctx), api.Wait, r.in.Job).Get(ctx, nil); err != nil {
		return nil, err
	}
	run := &r.state.run
	run.Status, run.Waiting, run.Deadline = statusWaiting, true, workflow.Now(ctx).Add(r.approval.Deadline)
	_, err := workflow.AwaitWithTimeout(ctx, r.approval.Deadline, func() bool { return r.decision != nil })
	run.Status, run.Waiting = statusRunning, false
	if err != nil {
		return nil, err
	}
	if r.decision == nil {
		return nil, nil
	}
	d := *r.decision
	d.By, d.Reason = strings.TrimSpace(d.By), strings.TrimSpace(d.Reason)
	return &d, nil
}

// promote makes the candidate the champion. Once begun it is not cancelled:
// the registry moves the champion in one transaction, and a run that is
// cancelled a moment later has been promoted.
func (r *adaptation) promote(ctx workflow.Context, p api.PromoteInput) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	return r.step(StepPromote, func() (string, error) {
		err := workflow.ExecuteActivity(long(ctx), api.Promote, p).Get(ctx, nil)
		var app *temporal.ApplicationError
		if errors.As(err, &app) && app.Type() == api.Conflict {
			r.sum.Status = statusRejected
			r.sum.Reasons = append([]string{app.Message()}, r.sum.Reasons...)
			return "the champion has changed", errEnded
		}
		if err != nil {
			return "", err
		}
		r.sum.Status = statusPromoted
		return "model " + p.Candidate.Short() + " is live", nil
	})
}

// finish writes the run's end to the registry, also when it was cancelled.
func (r *adaptation) finish(ctx workflow.Context, err error) (api.Summary, error) {
	switch {
	case errors.Is(err, errEnded):
		err = nil
	case temporal.IsCanceledError(err):
		r.sum.Status = statusCancelled
		r.sum.Reasons = []string{"cancelled; nothing was promoted"}
	case err != nil:
		r.sum.Status, r.sum.Error = statusFailed, message(err)
		r.sum.Reasons = []string{r.sum.Error}
	}
	r.state.run.Error, r.state.run.Reasons = r.sum.Error, r.sum.Reasons
	done, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	ferr := workflow.ExecuteActivity(short(done), api.Finish, api.FinishInput{Job: r.in.Job, Summary: r.sum}).Get(done, nil)
	r.end(r.sum.Status)
	if err == nil {
		err = ferr
	}
	return r.sum, err
}

// message is an error's cause in the words of the activity that met it.
func message(err error) string {
	var app *temporal.ApplicationError
	if errors.As(err, &app) {
		return app.Message()
	}
	var timeout *temporal.TimeoutError
	if errors.As(err, &timeout) {
		return "a step got no sign of life from its worker, again and again; look into the data folder's logs, then run the same command again"
	}
	return err.Error()
}
