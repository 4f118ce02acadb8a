package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"adapt/activities/api"
	"adapt/artifact"
	"adapt/workflows"
)

// A Schedule retrains on a folder when new documents have come in.
type Schedule struct {
	ID     string    `json:"id"`
	Domain string    `json:"domain"`
	Folder string    `json:"folder"`
	Cron   string    `json:"cron,omitempty"`
	Every  string    `json:"every,omitempty"`
	Paused bool      `json:"paused"`
	Next   time.Time `json:"next,omitzero"`
	By     string    `json:"by"`
}

// ScheduleRequest asks for a schedule. One of Cron and Every is set.
type ScheduleRequest struct {
	Request
	Cron  string // "0 2 * * *": at two each night, UTC
	Every time.Duration
}

// memo holds the references by which a listing finds the folder. It holds no
// path itself.
const (
	memoDomain = "domain"
	memoSource = "source"
	memoBy     = "by"
	memoWhen   = "when"
)

// CreateSchedule makes a schedule and returns its ID.
func (a *App) CreateSchedule(ctx context.Context, r ScheduleRequest) (string, error) {
	spec := client.ScheduleSpec{}
	when := r.Cron
	switch {
	case (r.Cron == "") == (r.Every == 0):
		return "", usage("give one of --cron and --every, such as --cron \"0 2 * * *\" or --every 24h")
	case r.Cron != "":
		spec.CronExpressions = []string{r.Cron}
	case r.Every < time.Minute:
		return "", usage("--every %v is too often; it must be at least a minute", r.Every)
	default:
		spec.Intervals = []client.ScheduleIntervalSpec{{Every: r.Every}}
		when = r.Every.String()
	}
	p, _, err := a.check(r.Request)
	if err != nil {
		return "", err
	}
	id := fmt.Sprintf("%s-%s", p.domain, p.source.Short())
	_, err = a.Client.ScheduleClient().Create(ctx, client.ScheduleOptions{
		ID: id, Spec: spec,
		// A run that waits for a person may take days; the next one waits.
		Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_SKIP,
		Action: &client.ScheduleWorkflowAction{
			ID: "retrain-" + id, Workflow: workflows.Retrain, TaskQueue: api.Queue,
			Args: []any{workflows.RetrainInput{Domain: p.domain, Config: p.config, Source: p.source, StartedBy: p.by}},
		},
		Memo: map[string]any{memoDomain: p.domain, memoSource: p.source, memoBy: p.by, memoWhen: when},
	})
	if errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return "", usage("there is a schedule for this folder already: %s; `adapt schedule delete %s` makes room", id, id)
	}
	if err != nil {
		return "", fmt.Errorf("making the schedule: %w", err)
	}
	return id, nil
}

// Schedules lists the schedules, by ID.
func (a *App) Schedules(ctx context.Context) ([]Schedule, error) {
	list, err := a.Client.ScheduleClient().List(ctx, client.ScheduleListOptions{PageSize: 100})
	if err != nil {
		return nil, fmt.Errorf("listing schedules: %w", err)
	}
	var out []Schedule
	for list.HasNext() {
		e, err := list.Next()
		if err != nil {
			return nil, fmt.Errorf("listing schedules: %w", err)
		}
		s, err := a.describe(ctx, e.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(x, y Schedule) int { return strings.Compare(x.ID, y.ID) })
	return out, nil
}

func (a *App) describe(ctx context.Context, id string) (Schedule, error) {
	s := Schedule{ID: id}
	d, err := a.Client.ScheduleClient().GetHandle(ctx, id).Describe(ctx)
	if err != nil {
		return s, scheduleError(id, err)
	}
	if d.Schedule.State != nil {
		s.Paused = d.Schedule.State.Paused
	}
	if next := d.Info.NextActionTimes; len(next) > 0 {
		s.Next = next[0]
	}
	var source artifact.Ref
	var when string
	for name, to := range map[string]any{memoDomain: &s.Domain, memoSource: &source, memoBy: &s.By, memoWhen: &when} {
		p, ok := d.Memo.GetFields()[name]
		if !ok {
			continue
		}
		if err := dataConverter.FromPayload(p, to); err != nil {
			return s, fmt.Errorf("schedule %s: %w", id, err)
		}
	}
	if strings.Contains(when, " ") || strings.HasPrefix(when, "@") {
		s.Cron = when
	} else {
		s.Every = when
	}
	var src api.Source
	if a.Registry.Store().JSON(source, &src) == nil {
		s.Folder = src.Folder
	}
	return s, nil
}

// PauseSchedule pauses a schedule, or lets it go on.
func (a *App) PauseSchedule(ctx context.Context, id string, pause bool) error {
	h := a.Client.ScheduleClient().GetHandle(ctx, id)
	if pause {
		return scheduleError(id, h.Pause(ctx, client.SchedulePauseOptions{}))
	}
	return scheduleError(id, h.Unpause(ctx, client.ScheduleUnpauseOptions{}))
}

// TriggerSchedule runs a schedule now.
func (a *App) TriggerSchedule(ctx context.Context, id string) error {
	return scheduleError(id, a.Client.ScheduleClient().GetHandle(ctx, id).Trigger(ctx, client.ScheduleTriggerOptions{}))
}

// DeleteSchedule deletes a schedule. What it started goes on.
func (a *App) DeleteSchedule(ctx context.Context, id string) error {
	return scheduleError(id, a.Client.ScheduleClient().GetHandle(ctx, id).Delete(ctx))
}

func scheduleError(id string, err error) error {
	var gone *serviceerror.NotFound
	switch {
	case err == nil:
		return nil
	case errors.As(err, &gone):
		return usage("there is no schedule %q; `adapt schedule list` lists them", id)
	}
	return fmt.Errorf("schedule %s: %w", id, err)
}
