package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"adapt/activities/api"
	"adapt/internal/home"
	"adapt/internal/live"
	"adapt/internal/tiny"
	"adapt/registry"
)

// asAdapt makes the test's binary behave as adapt.
const asAdapt = "ADAPT_TEST_AS_ADAPT"

func TestMain(m *testing.M) {
	if os.Getenv(asAdapt) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// A process is adapt running in a process of its own.
type process struct {
	*exec.Cmd
	out  bytes.Buffer
	done chan error
}

func startAdapt(t *testing.T, home string, args ...string) *process {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{Cmd: exec.Command(exe, args...), done: make(chan error, 1)}
	p.Env = append(os.Environ(), asAdapt+"=1", "ADAPT_HOME="+home)
	p.Stdout, p.Stderr = &p.out, &p.out
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.done <- p.Wait() }()
	t.Cleanup(func() {
		// Nothing to do for one that has ended.
		_ = p.Process.Kill()
	})
	return p
}

// end waits until the process has ended and returns its exit code.
func (p *process) end(t *testing.T) int {
	t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		t.Fatalf("adapt goes on and on:\n%s", p.out.String())
	}
	return p.ProcessState.ExitCode()
}

const patience = 5 * time.Minute

// killWhen kills the process as soon as under says so.
func (p *process) killWhen(t *testing.T, step string, under func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !under() {
		select {
		case err := <-p.done:
			t.Fatalf("adapt ended before %s could be killed: %v\n%s", step, err, p.out.String())
		case <-ctx.Done():
			t.Fatalf("%s never came:\n%s", step, p.out.String())
		case <-tick.C:
		}
	}
	if err := p.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatalf("adapt ended before %s was killed:\n%s", step, p.out.String())
	}
	<-p.done
}

// reading reports that some of the files have been read.
func reading(t *testing.T, dir, run string) func() bool {
	h, err := home.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return func() bool {
		s, ok := live.Read(h, run, "ingest")
		if ok && s.Done >= 20 && s.Done < s.Total {
			t.Logf("%d of %d files are read", s.Done, s.Total)
			return true
		}
		return false
	}
}

// training reports that there is a checkpoint.
func training(t *testing.T, dir string) func() bool {
	return func() bool {
		files, err := filepath.Glob(filepath.Join(dir, "work", "train-*", "checkpoints", "step-*[0-9]"))
		if err != nil {
			t.Fatal(err)
		}
		return len(files) > 0
	}
}

// answering reports that the model has answered some documents.
func answering(t *testing.T, dir string) func() bool {
	return func() bool {
		files, err := filepath.Glob(filepath.Join(dir, "work", "answer-*", "answers.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if b, err := os.ReadFile(f); err == nil && bytes.Count(b, []byte("\n")) >= 5 {
				t.Logf("%d documents are answered", bytes.Count(b, []byte("\n")))
				return true
			}
		}
		return false
	}
}

// summaryOf reads what the only run of a data folder came to.
func summaryOf(t *testing.T, dir string) api.Summary {
	t.Helper()
	reg, err := registry.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer reg.Close()
	runs, err := reg.ListRuns(t.Context(), registry.RunFilter{})
	if err != nil || len(runs) != 1 {
		t.Fatalf("%d runs, %v", len(runs), err)
	}
	var s api.Summary
	if err := json.Unmarshal(runs[0].Summary, &s); err != nil {
		t.Fatalf("run %s is %s: %v", runs[0].ID, runs[0].Status, err)
	}
	return s
}

// TestKilledRunsEndAsUndisturbedOnes kills a run with SIGKILL in ingestion, in
// training and in evaluation, starts the same command again each time, and
// compares all that the run made with an undisturbed run's.
func TestKilledRunsEndAsUndisturbedOnes(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers, trains and kills")
	}
	docs, conf := filepath.Join(t.TempDir(), "reports"), t.TempDir()
	tiny.Reports(t, docs, 0, 150)
	tiny.Model(t, filepath.Join(conf, "base"))
	path := filepath.Join(conf, "adapt.yaml")
	yaml := strings.Replace(tiny.Config, "epochs: 2", "epochs: 8", 1) + tiny.Gate + "approval: {required: false}\n"
	if err := os.WriteFile(path, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"run", "medical", docs, "--config", path, "--as", "Ann"}

	calm := t.TempDir()
	p := startAdapt(t, calm, args...)
	if code := p.end(t); code != exitOK {
		t.Fatalf("the undisturbed run ended with %d:\n%s", code, p.out.String())
	}
	want := summaryOf(t, calm)

	rough := t.TempDir()
	for _, kill := range []struct {
		step  string
		under func() bool
	}{
		{"ingestion", reading(t, rough, want.RunID)},
		{"training", training(t, rough)},
		{"evaluation", answering(t, rough)},
	} {
		startAdapt(t, rough, args...).killWhen(t, kill.step, kill.under)
	}
	p = startAdapt(t, rough, args...)
	if code := p.end(t); code != exitOK {
		t.Fatalf("the killed run ended with %d:\n%s", code, p.out.String())
	}
	got := summaryOf(t, rough)
	if got.Candidate != want.Candidate || got.Trained != want.Trained {
		t.Errorf("the killed run trained %+v, the undisturbed one %+v", got.Trained, want.Trained)
	}
	if got.Documents != want.Documents || got.Split != want.Split || got.Report != want.Report || got.Status != want.Status {
		t.Errorf("the killed run came to\n%+v\nthe undisturbed one to\n%+v", got, want)
	}
}

// TestInterruptedRunsGoOn interrupts a run as Ctrl-C does: it ends soon and
// cleanly, and the same command goes on at once.
func TestInterruptedRunsGoOn(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers and trains")
	}
	docs, conf, dir := filepath.Join(t.TempDir(), "reports"), t.TempDir(), t.TempDir()
	tiny.Reports(t, docs, 0, 60)
	tiny.Model(t, filepath.Join(conf, "base"))
	path := filepath.Join(conf, "adapt.yaml")
	if err := os.WriteFile(path, []byte(tiny.Config+tiny.Gate), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"run", "medical", docs, "--config", path, "--as", "Ann"}
	p := startAdapt(t, dir, args...)
	run := runID(t, dir)
	interruptWhenTraining(t, p, dir, run)
	if code := p.end(t); code != exitFailed || !bytes.Contains(p.out.Bytes(), []byte("goes on where this one stopped")) {
		t.Errorf("ended with %d:\n%s", code, p.out.String())
	}
	p = startAdapt(t, dir, args...)
	if code := p.end(t); code != exitWaiting || !bytes.Contains(p.out.Bytes(), []byte("going on with run "+run)) {
		t.Errorf("ended with %d:\n%s", code, p.out.String())
	}
	p = startAdapt(t, dir, "review", "approve", run, "--as", "Ann", "--reason", "mine")
	if code := p.end(t); code != exitUsage {
		t.Errorf("self-approval ended with %d:\n%s", code, p.out.String())
	}
	p = startAdapt(t, dir, "review", "approve", run, "--as", "Bea", "--reason", "good")
	if code := p.end(t); code != exitOK {
		t.Errorf("approval ended with %d:\n%s", code, p.out.String())
	}
	if s := summaryOf(t, dir); s.Status != string(registry.StatusPromoted) || s.DecidedBy != "Bea" {
		t.Errorf("the run came to %+v", s)
	}
}

// runID waits until the data folder has a run.
func runID(t *testing.T, dir string) string {
	t.Helper()
	reg, err := registry.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer reg.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for ctx.Err() == nil {
		runs, err := reg.ListRuns(ctx, registry.RunFilter{})
		if err != nil {
			t.Fatal(err)
		}
		if len(runs) > 0 {
			return runs[0].ID
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("no run was started")
	return ""
}

func interruptWhenTraining(t *testing.T, p *process, dir, run string) {
	t.Helper()
	h, err := home.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for ctx.Err() == nil {
		if s, ok := live.Read(h, run, "train"); ok && s.Done > 0 {
			if err := p.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("no training:\n%s", p.out.String())
}
