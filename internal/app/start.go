package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"adapt/activities"
	"adapt/activities/api"
	"adapt/artifact"
	"adapt/config"
	"adapt/domains/all"
	"adapt/ingest"
	"adapt/internal/runs"
	"adapt/registry"
	"adapt/workflows"
)

// A Request is a run that a person asks for.
type Request struct {
	Domain  string
	Folder  string
	Config  string // path of an adapt.yaml; empty: the folder's, or the defaults
	By      string // empty: the user of this machine
	Trigger string // a registry trigger; empty: manual
}

// A plan is a checked Request.
type plan struct {
	domain string
	config artifact.Ref
	source artifact.Ref
	by     string
}

// ErrUsage marks what the user has to correct before anything is done.
var ErrUsage = errors.New("usage")

// usageError is an error's text without the mark.
type usageError struct{ error }

func (e usageError) Is(target error) bool { return target == ErrUsage }
func (e usageError) Unwrap() error        { return e.error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// check finds everything that is wrong with a request before any work.
func (a *App) check(r Request) (plan, config.Config, error) {
	d, err := all.Get(r.Domain)
	if err != nil {
		return plan{}, config.Config{}, usageError{err}
	}
	folder, err := filepath.Abs(r.Folder)
	if err != nil {
		return plan{}, config.Config{}, usageError{err}
	}
	c, err := readConfig(r, folder)
	if err != nil {
		return plan{}, c, usageError{err}
	}
	if d, err = activities.WithTerms(d, c); err != nil {
		return plan{}, c, usageError{err}
	}
	if _, err := activities.WithFunctions(d, c); err != nil {
		return plan{}, c, usageError{err}
	}
	if _, err := ingest.Scan(folder, c.Ingest.Include); err != nil {
		return plan{}, c, usage("%s: %w", folder, err)
	}
	if err := checkBase(c.Model.Base); err != nil {
		return plan{}, c, err
	}
	p, err := a.put(r, folder, c)
	return p, c, err
}

// readConfig reads the configuration that the request names, the folder's
// adapt.yaml, or the domain's defaults.
func readConfig(r Request, folder string) (config.Config, error) {
	path := r.Config
	if path == "" {
		path = filepath.Join(folder, "adapt.yaml")
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return config.Default(r.Domain), nil
		}
	}
	return config.Load(path, r.Domain)
}

func checkBase(base string) error {
	if base == config.BaseStarter || base == config.BaseChampion {
		return nil
	}
	if fi, err := os.Stat(base); err != nil || !fi.IsDir() {
		return usage("model.base: %s is no folder; write %q, %q or the path of a model folder", base, config.BaseStarter, config.BaseChampion)
	}
	if err := activities.CheckModel(base); err != nil {
		return usage("model.base: %s: %w", base, err)
	}
	return nil
}

// put stores what the run refers to.
func (a *App) put(r Request, folder string, c config.Config) (plan, error) {
	p := plan{domain: r.Domain, by: r.By}
	if p.by == "" {
		p.by = userName()
	}
	var err error
	if p.config, err = a.Registry.Store().PutJSON(artifact.KindConfig, c); err != nil {
		return p, err
	}
	p.source, err = a.Registry.Store().PutJSON(artifact.KindManifest, api.Source{Folder: folder})
	return p, err
}

func userName() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "somebody"
}

// Start starts the run that r asks for, or finds the one over the same folder
// with the same configuration that goes on. Of a run whose workflow is gone it
// starts the workflow again, which goes on with what the run has made.
func (a *App) Start(ctx context.Context, r Request) (runID string, attached bool, err error) {
	p, _, err := a.check(r)
	if err != nil {
		return "", false, err
	}
	return a.start(ctx, p, r.Trigger)
}

func (a *App) start(ctx context.Context, p plan, trigger string) (runID string, attached bool, err error) {
	if trigger == "" {
		trigger = registry.TriggerManual
	}
	id, running, err := runs.Next(ctx, a.Registry, p.domain, p.config, p.source)
	if err != nil {
		return "", false, err
	}
	by := p.by
	if running {
		run, err := a.Registry.GetRun(ctx, id)
		if err != nil {
			return "", false, err
		}
		by, trigger = run.StartedBy, run.Trigger
	} else {
		err := a.Registry.SaveRun(ctx, registry.Run{
			ID: id, Domain: p.domain, FolderHash: p.source.SHA256, Status: registry.StatusRunning,
			Trigger: trigger, StartedBy: by, Config: p.config,
		})
		if err != nil {
			return "", false, err
		}
	}
	_, err = a.Client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: id, TaskQueue: api.Queue,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:            "adapt " + p.domain,
	}, workflows.Adapt, workflows.AdaptInput{
		Job:       api.Job{RunID: id, Domain: p.domain, Config: p.config, Source: p.source},
		StartedBy: by, Trigger: trigger,
	})
	if err != nil {
		return "", false, fmt.Errorf("starting run %s: %w", id, err)
	}
	return id, running, nil
}
