package app

import (
	"context"
	"path/filepath"

	"adapt/activities"
	"adapt/artifact"
	"adapt/config"
)

// Report lays a run's report out in the data folder and returns the path of
// its page; empty when the run has none.
func (a *App) Report(runID string, report artifact.Ref) (string, error) {
	if report.IsZero() {
		return "", nil
	}
	dir, err := a.Registry.Store().Dir(report, a.Home.Path("reports", filepath.Base(runID)))
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "report.html"), nil
}

// Quarantined lists what a run put aside.
func (a *App) Quarantined(ctx context.Context, runID string) ([]activities.Aside, error) {
	s, err := a.Summary(ctx, runID)
	if err != nil || s.Ingested.Quarantine.IsZero() {
		return nil, err
	}
	return artifact.Lines[activities.Aside](a.Registry.Store(), s.Ingested.Quarantine)
}

// Leaves says what a run sends elsewhere; empty when that is nothing.
func (a *App) Leaves(ctx context.Context, runID string) (string, error) {
	r, err := a.Registry.GetRun(ctx, runID)
	if err != nil || r.Config.IsZero() {
		return "", err
	}
	var c config.Config
	err = a.Registry.Store().JSON(r.Config, &c)
	return c.Label.Teacher.Leaves(), err
}
