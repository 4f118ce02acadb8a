package activities

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"adapt/activities/api"
	"adapt/internal/live"
	"adapt/progress"
	"adapt/registry"
)

const (
	beatEvery = 2 * time.Second        // a sign of life to Temporal
	showEvery = 500 * time.Millisecond // a line for those who follow
	// maxFaults is after how many attempts a fault is taken to be lasting.
	maxFaults = 5
)

// run does the work of an activity: it gives signs of life while do runs,
// stops it when the worker shuts down, and turns its error into one that tells
// the workflow whether trying again can help.
func run[T any](ctx context.Context, a *Activities, job api.Job, step string, do func(context.Context, *meter) (T, error)) (T, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	m := &meter{step: progress.Step{Name: step, Status: progress.Running}}
	var beating sync.WaitGroup
	beating.Go(func() { a.beat(ctx, job, m) })
	stopped := activity.GetWorkerStopChannel(ctx)
	beating.Go(func() {
		select {
		case <-stopped:
			cancel(errStopped)
		case <-ctx.Done():
		}
	})
	v, err := guarded(ctx, a, step, m, do)
	err = a.classify(ctx, step, err)
	cancel(nil)
	beating.Wait()
	return v, err
}

var errStopped = errors.New("the worker was shut down")

// guarded turns a panic into an error. The panic's text may quote a document,
// so it goes to the log of the data folder alone.
func guarded[T any](ctx context.Context, a *Activities, step string, m *meter, do func(context.Context, *meter) (T, error)) (v T, err error) {
	defer func() {
		if p := recover(); p != nil {
			a.log().Error("fault", "step", step, "panic", p, "stack", string(debug.Stack()))
			err = errors.New("a fault of the program; the data folder's logs/adapt.log has the details")
		}
	}()
	return do(ctx, m)
}

// beat gives signs of life until ctx ends.
func (a *Activities) beat(ctx context.Context, job api.Job, m *meter) {
	show := time.NewTicker(showEvery)
	defer show.Stop()
	activity.RecordHeartbeat(ctx, m.snapshot().Done)
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			a.show(job, m)
			return
		case <-show.C:
		}
		a.show(job, m)
		if time.Since(last) >= beatEvery {
			activity.RecordHeartbeat(ctx, m.snapshot().Done)
			last = time.Now()
		}
	}
}

// show writes how far the step is for those who follow, when that has changed.
func (a *Activities) show(job api.Job, m *meter) {
	if !m.changed() {
		return
	}
	if err := live.Write(a.Home, job.RunID, m.snapshot()); err != nil {
		a.log().Warn("progress", "error", err)
	}
}

// classify makes of an error one with a type of package api, where it has one.
func (a *Activities) classify(ctx context.Context, step string, err error) error {
	var app *temporal.ApplicationError
	var bad *inputError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &app):
		return err
	case errors.As(err, &bad):
		return temporal.NewNonRetryableApplicationError(bad.Error(), api.BadInput, nil)
	case errors.Is(err, registry.ErrConflict):
		return temporal.NewNonRetryableApplicationError(err.Error(), api.Conflict, nil)
	case errors.Is(context.Cause(ctx), errStopped):
		return temporal.NewApplicationError(step+": "+errStopped.Error(), api.Stopped)
	case ctx.Err() != nil:
		return ctx.Err()
	}
	msg := step + ": " + withoutPath(err)
	if activity.GetInfo(ctx).Attempt >= maxFaults {
		return temporal.NewNonRetryableApplicationError(msg, "Fault", nil)
	}
	return temporal.NewApplicationError(msg, "Fault")
}

// withoutPath is an error's text without the path of a file, which may name
// people.
func withoutPath(err error) string {
	msg := err.Error()
	var p *fs.PathError
	if errors.As(err, &p) {
		msg = strings.ReplaceAll(msg, p.Path, "(file)")
	}
	return msg
}

// An inputError is about what the user gave; it says what to change.
type inputError struct{ msg string }

func (e *inputError) Error() string { return e.msg }

func badInput(format string, args ...any) error { return &inputError{fmt.Sprintf(format, args...)} }

// once is registry.Once for a step with the given parts in its key.
func once[T any](ctx context.Context, a *Activities, key string, do func(context.Context) (T, error)) (T, error) {
	v, _, err := registry.Once(ctx, a.Registry, key, do)
	return v, err
}

// alone is once for a step that keeps what it has half done: of two attempts,
// one waits and then finds what the other made.
func alone[T any](ctx context.Context, a *Activities, key string, do func(context.Context) (T, error)) (v T, err error) {
	err = a.Home.Exclusively(ctx, key, func() (err error) {
		v, err = once(ctx, a, key, do)
		return err
	})
	return v, err
}

// A meter counts what a step has done. It is safe for concurrent use.
type meter struct {
	mu    sync.Mutex
	step  progress.Step
	from  int64 // done by an earlier attempt
	begun time.Time
	dirty bool
}

// start says how many units there are and how many an earlier attempt has done.
func (m *meter) start(unit string, done, total int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.step.Unit, m.step.Done, m.step.Total = unit, int64(done), int64(total)
	m.from, m.begun, m.dirty = int64(done), time.Now(), true
}

// add counts units that were done.
func (m *meter) add(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.set(m.step.Done + int64(n))
}

// at says how many units are done in all.
func (m *meter) at(done int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.set(int64(done))
}

func (m *meter) set(done int64) {
	m.step.Done, m.dirty = done, true
	seconds := time.Since(m.begun).Seconds()
	if here := done - m.from; here > 0 && seconds > 0.5 {
		m.step.Rate = float64(here) / seconds
		m.step.ETA = float64(m.step.Total-done) / m.step.Rate
	}
}

// say sets the line for people.
func (m *meter) say(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.step.Detail, m.dirty = fmt.Sprintf(format, args...), true
}

func (m *meter) snapshot() progress.Step {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.step
}

// changed reports whether anything was counted since it was last asked.
func (m *meter) changed() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.dirty
	m.dirty = false
	return c
}
