package app

import (
	"context"
	"embed"
	"fmt"
	"path/filepath"

	"adapt/config"
	"adapt/internal/atomicfile"
	"adapt/internal/runs"
	"adapt/registry"
	"adapt/samples"
)

//go:embed demo
var demoFiles embed.FS

// A DemoRun is one domain's part of the demo.
type DemoRun struct {
	Domain string
	RunID  string
	Folder string
	Config string
	// Done says that the run had ended when the demo was started.
	Done bool
}

// Demo lays the samples out in the data folder and starts a run over those of
// each domain, or finds the runs of an earlier demo.
func (a *App) Demo(ctx context.Context) ([]DemoRun, error) {
	dir := a.Home.Path("samples")
	if err := samples.Extract(dir); err != nil {
		return nil, err
	}
	var out []DemoRun
	for _, domain := range Domains() {
		r := DemoRun{Domain: domain, Folder: filepath.Join(dir, domain), Config: a.Home.Path("samples", domain+".yaml")}
		b, err := demoFiles.ReadFile("demo/" + domain + ".yaml")
		if err != nil {
			continue // a domain without samples
		}
		if _, err := config.Parse(b, domain); err != nil {
			return nil, fmt.Errorf("the demo's configuration for %s: %w", domain, err)
		}
		if err := atomicfile.WriteFile(r.Config, b, false); err != nil {
			return nil, err
		}
		if err := a.startDemo(ctx, &r); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// startDemo starts a run unless the last one came to a verdict.
func (a *App) startDemo(ctx context.Context, r *DemoRun) error {
	p, _, err := a.check(Request{Domain: r.Domain, Folder: r.Folder, Config: r.Config, By: "demo"})
	if err != nil {
		return err
	}
	last, n, err := runs.Last(ctx, a.Registry, p.domain, p.config, p.source)
	if err != nil {
		return err
	}
	if n > 0 {
		switch last.Status {
		case registry.StatusPromoted, registry.StatusRejected, registry.StatusUnchanged:
			r.RunID, r.Done = last.ID, true
			return nil
		}
	}
	r.RunID, _, err = a.start(ctx, p, registry.TriggerDemo)
	return err
}
