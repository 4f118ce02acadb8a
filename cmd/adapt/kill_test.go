package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"adapt/activities/api"
	"adapt/internal/home"
	"adapt/internal/live"
	"adapt/internal/tiny"
	"adapt/progress"
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

// killWhen kills the process as soon as a step of a run has counted at least
// so many units, and not all of them.
func (p *process) killWhen(t *testing.T, dir, run, step string, least int64) progress.Step {
	t.Helper()
	h, err := home.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		if s, ok := live.Read(h, run, step); ok && s.Done >= least && s.Done < s.Total {
			if err := p.Process.Signal(syscall.SIGKILL); err != nil {
				t.Fatalf("%s ended before it was killed:\n%s", step, p.out.String())
			}
			<-p.done
			return s
		}
		select {
		case err := <-p.done:
			t.Fatalf("adapt ended before %s could be killed: %v\n%s", step, err, p.out.String())
		case <-ctx.Done():
			t.Fatalf("%s never got to %d:\n%s", step, least, p.out.String())
		case <-tick.C:
		}
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
	if err := os.WriteFile(path, []byte(tiny.Config+tiny.Gate+"approval: {required: false}\n"), 0o600); err != nil {
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
		least int64
	}{{"ingest", 20}, {"train", 10}, {"evaluate", 5}} {
		p := startAdapt(t, rough, args...)
		s := p.killWhen(t, rough, want.RunID, kill.step, kill.least)
		t.Logf("killed in %s after %d of %d %s", kill.step, s.Done, s.Total, s.Unit)
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
