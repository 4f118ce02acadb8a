package registry

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// A Decision is what a person decided about a run, kept for ever.
type Decision struct {
	RunID   string    `json:"run_id"`
	Approve bool      `json:"approve"`
	By      string    `json:"by"`     // required
	Reason  string    `json:"reason"` // required
	At      time.Time `json:"at"`     // set by the registry
}

// RecordDecision writes d to the audit trail. Writing the run's latest
// decision again changes nothing, so that a retry is harmless.
func (r *Registry) RecordDecision(ctx context.Context, d Decision) error {
	err := required("run ID", d.RunID, "name", d.By, "reason", d.Reason)
	if err == nil {
		err = r.update(ctx, func(tx *sql.Tx) error { return recordDecision(ctx, tx, d, r.now()) })
	}
	if err != nil {
		return fmt.Errorf("registry: recording a decision on run %s: %w", d.RunID, err)
	}
	return nil
}

func recordDecision(ctx context.Context, tx *sql.Tx, d Decision, now time.Time) error {
	have, err := collect(ctx, tx, scanDecision, selectDecision+`WHERE run_id = ? ORDER BY id DESC LIMIT 1`, d.RunID)
	if err != nil {
		return err
	}
	if len(have) > 0 && have[0].Approve == d.Approve && have[0].By == d.By && have[0].Reason == d.Reason {
		return nil
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO decisions (run_id, approve, by, reason, at) VALUES (?, ?, ?, ?, ?)`,
		d.RunID, d.Approve, d.By, d.Reason, timeText(now))
	return err
}

// Decisions returns what was decided about a run, oldest first.
func (r *Registry) Decisions(ctx context.Context, runID string) ([]Decision, error) {
	ds, err := collect(ctx, r.db, scanDecision, selectDecision+`WHERE run_id = ? ORDER BY id`, runID)
	if err != nil {
		return nil, fmt.Errorf("registry: decisions on run %s: %w", runID, err)
	}
	return ds, nil
}

const selectDecision = `SELECT run_id, approve, by, reason, at FROM decisions `

func scanDecision(s scanner) (Decision, error) {
	var d Decision
	err := s.Scan(&d.RunID, &d.Approve, &d.By, &d.Reason, timeColumn{&d.At})
	return d, err
}
