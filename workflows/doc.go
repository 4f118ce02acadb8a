// Package workflows is the control flow of adaptation: which step follows on
// which, what is asked of people, and what happens when something fails. All
// work is done by activities, named in package api; a workflow holds
// references and counts only.
//
// The errors that a workflow fails with are ApplicationErrors with one of the
// types in package api; those of type BadInput say what the user should do.
package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// heartbeat is after how long without a sign of life an activity is given to
// another worker. It bounds how long a run stands still after a worker died.
const heartbeat = 15 * time.Second

// short is for activities that take seconds.
func short(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 10 * time.Minute,
		HeartbeatTimeout:    heartbeat,
		RetryPolicy:         retries(20),
		WaitForCancellation: true,
	})
}

// long is for activities that take minutes to days and go on from what they
// have on disk.
func long(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 14 * 24 * time.Hour,
		HeartbeatTimeout:    heartbeat,
		RetryPolicy:         retries(100),
		WaitForCancellation: true,
	})
}

// retries are mostly for workers that were shut down or died. Of faults that
// come again, activities give up by themselves long before.
func retries(n int32) *temporal.RetryPolicy {
	return &temporal.RetryPolicy{
		InitialInterval:    time.Second,
		BackoffCoefficient: 2,
		MaximumInterval:    30 * time.Second,
		MaximumAttempts:    n,
	}
}

// do runs an activity and returns what it made.
func do[T any](ctx workflow.Context, activity string, in any) (T, error) {
	var out T
	err := workflow.ExecuteActivity(ctx, activity, in).Get(ctx, &out)
	return out, err
}
