package activities

import (
	"context"
	"encoding/json"
	"errors"

	"adapt/activities/api"
	"adapt/registry"
)

// wait marks a run as waiting for a person.
func (a *Activities) wait(ctx context.Context, job api.Job) error {
	return record(ctx, a, job, "approve", func(ctx context.Context) error {
		return a.Registry.SetStatus(ctx, job.RunID, registry.StatusWaiting)
	})
}

// decide records what a person decided.
func (a *Activities) decide(ctx context.Context, in api.DecideInput) error {
	return record(ctx, a, in.Job, "approve", func(ctx context.Context) error {
		err := a.Registry.RecordDecision(ctx, registry.Decision{RunID: in.RunID, Approve: in.Approve, By: in.By, Reason: in.Reason})
		if err != nil {
			return err
		}
		return a.Registry.SetStatus(ctx, in.RunID, registry.StatusRunning)
	})
}

// finish ends a run in the registry. The files of a run that got to a verdict
// count as seen: a schedule does not train on them alone again.
func (a *Activities) finish(ctx context.Context, in api.FinishInput) error {
	return record(ctx, a, in.Job, "finish", func(ctx context.Context) error {
		if in.Summary.Verdict != "" {
			if err := a.remember(ctx, in.Job, in.Summary.Ingested.Manifest); err != nil {
				return err
			}
		}
		if err := a.Registry.CloseReview(ctx, in.RunID); err != nil {
			return err
		}
		b, err := json.Marshal(in.Summary)
		if err != nil {
			return err
		}
		err = a.Registry.Finish(ctx, in.RunID, registry.Status(in.Summary.Status), b)
		if errors.Is(err, registry.ErrNotFound) {
			// The run failed before it could be noted.
			return a.Registry.SaveRun(ctx, registry.Run{
				ID: in.RunID, Domain: in.Domain, FolderHash: in.Source.SHA256, Config: in.Config,
				Status: registry.Status(in.Summary.Status), Trigger: registry.TriggerManual, Summary: b,
			})
		}
		return err
	})
}

// record is run for an activity without a result.
func record(ctx context.Context, a *Activities, job api.Job, step string, do func(context.Context) error) error {
	_, err := run(ctx, a, job, step, func(ctx context.Context, _ *meter) (struct{}, error) {
		return struct{}{}, do(ctx)
	})
	return err
}
