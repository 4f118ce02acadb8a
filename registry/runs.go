package registry

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"adapt/artifact"
)

// A Status is where a run is.
type Status string

// The states of a run. The first two are of a run that goes on, the others
// are ends.
const (
	StatusRunning   Status = "running"
	StatusWaiting   Status = "waiting"   // for a person's decision
	StatusPromoted  Status = "promoted"  // the candidate is the champion
	StatusRejected  Status = "rejected"  // by the gate, by a person, or by the deadline
	StatusFailed    Status = "failed"    // the error says what to do
	StatusCancelled Status = "cancelled" // by a person; nothing was promoted
	StatusUnchanged Status = "unchanged" // no new documents, so nothing was trained
)

var statuses = []Status{StatusRunning, StatusWaiting, StatusPromoted, StatusRejected, StatusFailed, StatusCancelled, StatusUnchanged}

// Final reports whether a run in this state has ended.
func (s Status) Final() bool { return s != StatusRunning && s != StatusWaiting }

// The triggers of a run.
const (
	TriggerManual   = "manual"
	TriggerSchedule = "schedule"
	TriggerDemo     = "demo"
)

// A Run is one adaptation of a model to a domain.
type Run struct {
	ID     string `json:"id"`
	Domain string `json:"domain"`
	// FolderHash names the folder of documents without saying its path.
	FolderHash string `json:"folder_hash,omitempty"`
	Status     Status `json:"status"`
	Trigger    string `json:"trigger"`
	StartedBy  string `json:"started_by"`
	// Config is the configuration with every default, as the run used it.
	Config  artifact.Ref `json:"config,omitzero"`
	Created time.Time    `json:"created"` // when the run was first saved
	Updated time.Time    `json:"updated"`
	// Summary is what the run came to, in the form of whoever finished it.
	Summary json.RawMessage `json:"summary,omitempty"`
}

// Report returns the report that the run's summary refers to, or the zero Ref.
func (run Run) Report() artifact.Ref {
	for _, ref := range refsIn(run.Summary) {
		if ref.Kind == artifact.KindReport {
			return ref
		}
	}
	return artifact.Ref{}
}

// SaveRun writes run, new or again; Created and Updated are the registry's to
// set. Saving a run that had ended begins it again.
func (r *Registry) SaveRun(ctx context.Context, run Run) error {
	if err := required("run ID", run.ID, "domain", run.Domain); err != nil {
		return fmt.Errorf("registry: saving a run: %w", err)
	}
	if !slices.Contains(statuses, run.Status) {
		return fmt.Errorf("registry: saving run %s: %w: unknown status %q", run.ID, ErrInvalid, run.Status)
	}
	config, err := refText(run.Config)
	if err != nil {
		return fmt.Errorf("registry: saving run %s: config: %w", run.ID, err)
	}
	summary, err := jsonText(run.Summary)
	if err != nil {
		return fmt.Errorf("registry: saving run %s: summary: %w", run.ID, err)
	}
	now := timeText(r.now())
	_, err = r.db.ExecContext(ctx, `
		INSERT INTO runs (id, domain, folder_hash, status, cause, started_by, config, summary, created, updated)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET domain = excluded.domain, folder_hash = excluded.folder_hash,
			status = excluded.status, cause = excluded.cause, started_by = excluded.started_by,
			config = excluded.config, summary = excluded.summary, updated = excluded.updated`,
		run.ID, run.Domain, run.FolderHash, run.Status, run.Trigger, run.StartedBy, config, summary, now, now)
	if err != nil {
		return fmt.Errorf("registry: saving run %s: %w", run.ID, err)
	}
	return nil
}

// SetStatus moves a run that goes on between running and waiting. A run that
// has ended stays ended: ErrConflict.
func (r *Registry) SetStatus(ctx context.Context, id string, status Status) error {
	if status.Final() {
		return fmt.Errorf("registry: run %s: %w: status %q is an end; use Finish", id, ErrInvalid, status)
	}
	err := r.update(ctx, func(tx *sql.Tx) error {
		run, err := getRun(ctx, tx, id)
		if err != nil {
			return err
		}
		if run.Status.Final() {
			return fmt.Errorf("%w: it has ended as %s", ErrConflict, run.Status)
		}
		_, err = tx.ExecContext(ctx, `UPDATE runs SET status = ?, updated = ? WHERE id = ?`, status, timeText(r.now()), id)
		return err
	})
	if err != nil {
		return fmt.Errorf("registry: run %s: %w", id, err)
	}
	return nil
}

// Finish ends a run with a final status and a summary. Finishing it again the
// same way changes nothing; another way is ErrConflict.
func (r *Registry) Finish(ctx context.Context, id string, status Status, summary json.RawMessage) error {
	if !status.Final() || !slices.Contains(statuses, status) {
		return fmt.Errorf("registry: finishing run %s: %w: %q is not an end", id, ErrInvalid, status)
	}
	text, err := jsonText(summary)
	if err != nil {
		return fmt.Errorf("registry: finishing run %s: summary: %w", id, err)
	}
	err = r.update(ctx, func(tx *sql.Tx) error {
		run, err := getRun(ctx, tx, id)
		if err != nil {
			return err
		}
		if run.Status == status {
			return nil
		}
		if run.Status.Final() {
			return fmt.Errorf("%w: it has ended as %s already", ErrConflict, run.Status)
		}
		_, err = tx.ExecContext(ctx, `UPDATE runs SET status = ?, summary = ?, updated = ? WHERE id = ?`, status, text, timeText(r.now()), id)
		return err
	})
	if err != nil {
		return fmt.Errorf("registry: finishing run %s: %w", id, err)
	}
	return nil
}

// GetRun returns a run, or ErrNotFound.
func (r *Registry) GetRun(ctx context.Context, id string) (Run, error) {
	run, err := getRun(ctx, r.db, id)
	if err != nil {
		return Run{}, fmt.Errorf("registry: run %q: %w", id, err)
	}
	return run, nil
}

// A RunFilter chooses runs; its zero value chooses all.
type RunFilter struct {
	Domain string // empty: every domain
	Status Status // empty: every status
	Limit  int    // 0: no limit
}

// ListRuns returns the chosen runs, newest first.
func (r *Registry) ListRuns(ctx context.Context, f RunFilter) ([]Run, error) {
	limit := f.Limit
	if limit <= 0 {
		limit = -1
	}
	runs, err := collect(ctx, r.db, scanRun, selectRun+`
		WHERE (?1 = '' OR domain = ?1) AND (?2 = '' OR status = ?2)
		ORDER BY created DESC, id DESC LIMIT ?3`, f.Domain, f.Status, limit)
	if err != nil {
		return nil, fmt.Errorf("registry: listing runs: %w", err)
	}
	return runs, nil
}

const selectRun = `SELECT id, domain, folder_hash, status, cause, started_by, config, summary, created, updated FROM runs `

func scanRun(s scanner) (Run, error) {
	var run Run
	err := s.Scan(&run.ID, &run.Domain, &run.FolderHash, &run.Status, &run.Trigger, &run.StartedBy,
		refColumn{&run.Config}, jsonColumn{&run.Summary}, timeColumn{&run.Created}, timeColumn{&run.Updated})
	return run, err
}

func getRun(ctx context.Context, q querier, id string) (Run, error) {
	run, err := scanRun(q.QueryRowContext(ctx, selectRun+`WHERE id = ?`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return Run{}, fmt.Errorf("%w; `adapt status` lists the runs", ErrNotFound)
	}
	return run, err
}
