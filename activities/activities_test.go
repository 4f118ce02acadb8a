package activities

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.temporal.io/sdk/activity"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"adapt/activities/api"
	"adapt/artifact"
	"adapt/config"
	"adapt/domains/all"
	"adapt/ingest/sandbox"
	"adapt/internal/home"
	"adapt/internal/tiny"
	"adapt/registry"
)

func open(t *testing.T) *Activities {
	t.Helper()
	h, err := home.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	reg, err := registry.Open(h.Dir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reg.Close() })
	readers := sandbox.New(sandbox.Options{})
	t.Cleanup(readers.Close)
	return &Activities{Home: h, Registry: reg, Domain: all.Get, Code: "test", Readers: readers}
}

// job stores a configuration and a folder.
func job(t *testing.T, a *Activities, c config.Config, folder string) api.Job {
	t.Helper()
	conf, err := a.store().PutJSON(artifact.KindConfig, c)
	if err != nil {
		t.Fatal(err)
	}
	src, err := a.store().PutJSON(artifact.KindManifest, api.Source{Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	return api.Job{RunID: c.Domain + "-1", Domain: c.Domain, Config: conf, Source: src}
}

// perform runs an activity as a worker does.
func perform[T any](t *testing.T, a *Activities, name string, in any) (T, error) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestActivityEnvironment()
	a.Register(env)
	a.RegisterTraining(env)
	var out T
	v, err := env.ExecuteActivity(name, in)
	if err != nil || !v.HasValue() {
		return out, err
	}
	return out, v.Get(&out)
}

func wantType(t *testing.T, err error, typ, text string) {
	t.Helper()
	var app *temporal.ApplicationError
	if !errors.As(err, &app) || app.Type() != typ || !strings.Contains(app.Message(), text) {
		t.Errorf("error is %v, want one of type %s with %q", err, typ, text)
	}
}

func TestErrorsTellTheWorkflowWhatHelps(t *testing.T) {
	a := open(t)
	secret := "/home/jane.doe/contract.pdf"
	tests := []struct {
		name     string
		err      error
		typ      string
		retry    bool
		want     string
		panicked bool
	}{
		{"bad input", badInput("add documents"), api.BadInput, false, "add documents", false},
		{"wrapped bad input", fmt.Errorf("x: %w", badInput("add documents")), api.BadInput, false, "add documents", false},
		{"conflict", fmt.Errorf("moving: %w", registry.ErrConflict), api.Conflict, false, "conflict", false},
		{"disk", fmt.Errorf("reading: %w", &fs.PathError{Op: "open", Path: secret, Err: errors.New("no space")}), "Fault", true, "no space", false},
		{"panic", errors.New("the words of a document"), "Fault", true, "adapt.log", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var suite testsuite.WorkflowTestSuite
			suite.SetLogger(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)))
			env := suite.NewTestActivityEnvironment()
			env.RegisterActivityWithOptions(func(ctx context.Context) (int, error) {
				return run(ctx, a, api.Job{RunID: "x"}, "step", func(context.Context, *meter) (int, error) {
					if tt.panicked {
						panic(tt.err)
					}
					return 0, tt.err
				})
			}, activity.RegisterOptions{Name: "step"})
			_, err := env.ExecuteActivity("step")
			wantType(t, err, tt.typ, tt.want)
			var app *temporal.ApplicationError
			if errors.As(err, &app) && app.NonRetryable() == tt.retry {
				t.Errorf("retryable is %v", !app.NonRetryable())
			}
			if strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "words of a document") {
				t.Errorf("the error tells too much: %v", err)
			}
		})
	}
}

func TestBeginFindsWhatIsWrong(t *testing.T) {
	docs := t.TempDir()
	if err := os.WriteFile(filepath.Join(docs, "a.txt"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	hollow := t.TempDir()
	tiny.Model(t, hollow)
	if err := os.Remove(filepath.Join(hollow, "model.safetensors")); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, folder, base, domain, want string
	}{
		{"no folder", filepath.Join(docs, "none"), config.BaseStarter, "medical", "the folder of documents is not there"},
		{"no weights", docs, hollow, "medical", "the base model has no weights"},
		{"unknown domain", docs, config.BaseStarter, "botany", "botany"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := open(t)
			c := config.Default(tt.domain)
			c.Model.Base = tt.base
			_, err := perform[api.BeginResult](t, a, api.Begin, api.BeginInput{Job: job(t, a, c, tt.folder), StartedBy: "Ann", Trigger: registry.TriggerManual})
			wantType(t, err, api.BadInput, tt.want)
			if strings.Contains(err.Error(), docs) {
				t.Errorf("the error tells a path: %v", err)
			}
		})
	}
}

func TestBeginMakesTheBaseTheFirstChampion(t *testing.T) {
	a := open(t)
	base, docs := t.TempDir(), t.TempDir()
	tiny.Model(t, base)
	// What else lies in a model's folder stays there.
	if err := os.WriteFile(filepath.Join(base, "notes about patients.txt"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := config.Default("medical")
	c.Model.Base = base
	in := api.BeginInput{Job: job(t, a, c, docs), StartedBy: "Ann", Trigger: registry.TriggerManual}
	var first api.BeginResult
	for i := range 2 {
		got, err := perform[api.BeginResult](t, a, api.Begin, in)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = got
		}
		if got != first || got.Champion != got.Base || !got.Approval.Required {
			t.Errorf("began with %+v, then with %+v", first, got)
		}
	}
	moves, err := a.Registry.History(t.Context(), "medical")
	if err != nil || len(moves) != 1 || moves[0].Kind != registry.PromotionFirst {
		t.Errorf("moves are %+v, %v", moves, err)
	}
	var tree artifact.Tree
	if err := a.store().JSON(first.Base, &tree); err != nil {
		t.Fatal(err)
	}
	for _, f := range tree.Files {
		if strings.Contains(f.Path, "notes") {
			t.Errorf("%s was taken along", f.Path)
		}
	}
}

func TestIngestPutsBadFilesAside(t *testing.T) {
	a := open(t)
	dir := t.TempDir()
	tiny.Reports(t, dir, 0, 6)
	for name, text := range map[string]string{"empty.txt": "", "photo.pdf": "\x89PNG\r\n", "copy.txt": ""} {
		b := []byte(text)
		if name == "copy.txt" {
			files, err := filepath.Glob(filepath.Join(dir, "*-*.txt"))
			if err != nil {
				t.Fatal(err)
			}
			if b, err = os.ReadFile(files[0]); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := config.Default("medical")
	c.Ingest.Batch = 2
	j := job(t, a, c, dir)
	scanned, err := perform[api.ScanResult](t, a, api.Scan, j)
	if err != nil || scanned.Files != 9 || scanned.Batches != 5 {
		t.Fatalf("scanned %+v, %v", scanned, err)
	}
	for i := range scanned.Batches {
		if _, err := perform[api.ReadResult](t, a, api.Read, api.ReadInput{Job: j, Manifest: scanned.Manifest, Batch: i}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := perform[api.Ingested](t, a, api.Gather, api.GatherInput{Job: j, Manifest: scanned.Manifest})
	if err != nil {
		t.Fatal(err)
	}
	if got.Count != 6 || got.Duplicates != 1 || got.Quarantined != 2 || len(got.Reasons) != 2 {
		t.Errorf("gathered %+v", got)
	}
	docs, err := a.documents(got.Documents)
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range docs {
		if i > 0 && docs[i-1].ID >= d.ID || d.Group == "" || d.RawSHA == "" {
			t.Errorf("document %d: ID %s, group %s", i, d.ID, d.Group)
		}
	}

	// Plan sees new files, and none after the run has ended.
	plan := api.PlanInput{Domain: j.Domain, Config: j.Config, Source: j.Source}
	if p, err := perform[api.PlanResult](t, a, api.Plan, plan); err != nil || p.New != 9 {
		t.Errorf("planned %+v, %v", p, err)
	}
	end := api.Summary{RunID: j.RunID, Domain: j.Domain, Status: string(registry.StatusRejected), Verdict: "fail", Ingested: got}
	if _, err := perform[struct{}](t, a, api.Finish, api.FinishInput{Job: j, Summary: end}); err != nil {
		t.Fatal(err)
	}
	if p, err := perform[api.PlanResult](t, a, api.Plan, plan); err != nil || p.New != 0 {
		t.Errorf("planned %+v, %v", p, err)
	}
}

func TestNoUsableDocument(t *testing.T) {
	a := open(t)
	dir := t.TempDir()
	for _, name := range []string{"a.txt", "b.pdf"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	j := job(t, a, config.Default("legal"), dir)
	scanned, err := perform[api.ScanResult](t, a, api.Scan, j)
	if err != nil {
		t.Fatal(err)
	}
	_, err = perform[api.Ingested](t, a, api.Gather, api.GatherInput{Job: j, Manifest: scanned.Manifest})
	wantType(t, err, api.BadInput, "none of the 2 files in the folder could be used: 2 empty (")
}
