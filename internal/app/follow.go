package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"adapt/activities/api"
	"adapt/internal/live"
	"adapt/label/review"
	"adapt/progress"
	"adapt/registry"
	"adapt/web"
	"adapt/workflows"
)

var _ web.RunService = (*App)(nil)

// queryTimeout is how long a run's workflow may take to answer.
const queryTimeout = 5 * time.Second

// Progress says how far a run is: what its workflow answers, with what the
// activity under way has counted.
func (a *App) Progress(ctx context.Context, runID string) (progress.Run, error) {
	if a.Client == nil {
		return progress.Run{}, errors.New("no process runs the workflows now; start one with `adapt up`")
	}
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	v, err := a.Client.QueryWorkflow(ctx, runID, "", progress.Query)
	if err != nil {
		return progress.Run{}, fmt.Errorf("run %s: asking how far it is: %w", runID, err)
	}
	var run progress.Run
	if err := v.Get(&run); err != nil {
		return progress.Run{}, fmt.Errorf("run %s: %w", runID, err)
	}
	live.Merge(a.Home, &run)
	return run, nil
}

// Recorded is what the registry alone knows of how far a run is.
func (a *App) Recorded(ctx context.Context, runID string) (progress.Run, error) {
	r, err := a.Registry.GetRun(ctx, runID)
	if err != nil {
		return progress.Run{}, err
	}
	run := progress.Run{RunID: r.ID, Domain: r.Domain, Status: string(r.Status), StartedBy: r.StartedBy}
	if !r.Status.Final() {
		for _, name := range workflows.Steps() {
			run.Steps = append(run.Steps, progress.Step{Name: name, Status: progress.Waiting})
		}
		return run, nil
	}
	sum, err := summary(r)
	if err != nil {
		return run, err
	}
	run.Verdict, run.Reasons, run.Report, run.Candidate, run.Error = sum.Verdict, sum.Reasons, sum.Report, sum.Candidate, sum.Error
	return run, nil
}

// Summary returns what a run that has ended came to.
func (a *App) Summary(ctx context.Context, runID string) (api.Summary, error) {
	r, err := a.Registry.GetRun(ctx, runID)
	if err != nil {
		return api.Summary{}, err
	}
	return summary(r)
}

func summary(r registry.Run) (api.Summary, error) {
	s := api.Summary{RunID: r.ID, Domain: r.Domain, Status: string(r.Status)}
	if len(r.Summary) == 0 {
		return s, nil
	}
	if err := json.Unmarshal(r.Summary, &s); err != nil {
		return s, fmt.Errorf("run %s: reading its summary: %w", r.ID, err)
	}
	return s, nil
}

// pollEvery is how often a run that is followed is asked how far it is.
const pollEvery = 500 * time.Millisecond

// Follow shows how far a run is until it has ended or waits for a person, and
// returns its status.
func (a *App) Follow(ctx context.Context, runID string, show func(progress.Run)) (registry.Status, error) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		r, err := a.Registry.GetRun(ctx, runID)
		if err != nil {
			return "", err
		}
		if run, err := a.Progress(ctx, runID); err == nil {
			show(run)
			if run.ForPeople() {
				return registry.StatusWaiting, nil
			}
		}
		if r.Status.Final() {
			return r.Status, nil
		}
		if err := a.alive(ctx, runID); err != nil {
			return "", err
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-tick.C:
		}
	}
}

// alive returns an error when the workflow of a run that has not ended is gone
// or has ended by itself: nothing would ever end the run then.
func (a *App) alive(ctx context.Context, runID string) error {
	d, err := a.Client.DescribeWorkflow(ctx, runID, "")
	var gone *serviceerror.NotFound
	if errors.As(err, &gone) {
		return fmt.Errorf("run %s: its workflow is gone; the same command starts it again and it goes on with what it has made", runID)
	}
	if err != nil || d.WorkflowCloseTime == nil {
		return nil // a moment's fault, or it goes on
	}
	r, err := a.Registry.GetRun(ctx, runID) // the end may just have been written
	if err != nil || r.Status.Final() {
		return err
	}
	return fmt.Errorf("run %s: its workflow has ended (%s) without a result; the same command starts it again", runID, d.Status)
}

// Decide gives a person's decision to a run that waits for one.
func (a *App) Decide(ctx context.Context, runID string, d progress.Decision) error {
	return a.tell(ctx, runID, progress.Update, d, "does not wait for a decision; `adapt review list` shows those that do")
}

// LabelNews tells a run that waits for reviews how far they are.
func (a *App) LabelNews(ctx context.Context, runID string, n progress.LabelNews) error {
	return a.tell(ctx, runID, progress.Labels, n, "does not wait for reviews of its labels; `adapt review list` shows those that do")
}

// tell sends an update to a run's workflow; gone says what it means when there
// is none.
func (a *App) tell(ctx context.Context, runID, update string, arg any, gone string) error {
	if a.Client == nil {
		return errors.New("no process runs the workflows now; start one with `adapt up`")
	}
	h, err := a.Client.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: runID, UpdateName: update, Args: []any{arg}, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = h.Get(ctx, nil)
	}
	var none *serviceerror.NotFound
	var app *temporal.ApplicationError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &app):
		return errors.New(app.Message())
	case errors.As(err, &none):
		return fmt.Errorf("run %s %s", runID, gone)
	}
	return fmt.Errorf("run %s: %w", runID, err)
}

// tellAll tells every run that waits for reviews how far they are. A process
// that was killed between keeping an answer and telling of it would else leave
// a run waiting for what it has.
func (a *App) tellAll(ctx context.Context) {
	open, err := a.Registry.OpenReviews(ctx)
	if err != nil {
		a.log.Warn("reviews", "error", err)
	}
	for _, rev := range open {
		t, err := review.Count(ctx, a.Registry, rev.RunID)
		if err == nil {
			err = a.LabelNews(ctx, rev.RunID, progress.LabelNews{Reviewed: t.Reviewed})
		}
		if err != nil {
			a.log.Info("a run was not told of its reviews", "run", rev.RunID, "error", err)
		}
	}
}

// Cancel ends a run; nothing is promoted.
func (a *App) Cancel(ctx context.Context, runID string) error {
	if _, err := a.Registry.GetRun(ctx, runID); err != nil {
		return err
	}
	if err := a.Client.CancelWorkflow(ctx, runID, ""); err != nil {
		return fmt.Errorf("run %s: cancelling: %w", runID, err)
	}
	return nil
}
