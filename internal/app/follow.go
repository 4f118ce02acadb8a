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
			if run.Waiting {
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
	if a.Client == nil {
		return errors.New("no process runs the workflows now; start one with `adapt up`")
	}
	h, err := a.Client.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: runID, UpdateName: progress.Update, Args: []any{d}, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = h.Get(ctx, nil)
	}
	var gone *serviceerror.NotFound
	var app *temporal.ApplicationError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &app):
		return errors.New(app.Message())
	case errors.As(err, &gone):
		return fmt.Errorf("run %s does not wait for a decision; `adapt review list` shows those that do", runID)
	}
	return fmt.Errorf("run %s: %w", runID, err)
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
