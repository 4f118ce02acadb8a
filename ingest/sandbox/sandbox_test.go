package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"adapt/ingest"
	"adapt/samples"
)

func newPool(t testing.TB, o Options) *Pool {
	t.Helper()
	p := New(o)
	t.Cleanup(p.Close)
	return p
}

// readText has a pool read a file of that name, which fakeParse knows.
func readText(t testing.TB, p *Pool, name string, lim ingest.Limits) (string, error) {
	t.Helper()
	docs, _, err := p.Parse(t.Context(), name, []byte("some words"), lim)
	if err != nil {
		return "", err
	}
	if len(docs) != 1 {
		t.Fatalf("%s gave %d documents", name, len(docs))
	}
	return docs[0].Text, nil
}

func wantReason(t testing.TB, name string, err error, want ingest.Reason) {
	t.Helper()
	var q *ingest.Quarantine
	if !errors.As(err, &q) || q.Reason != want {
		t.Errorf("%s: error is %v, want a quarantine for %q", name, err, want)
	} else if strings.Contains(err.Error(), secret) {
		t.Errorf("%s: the reason quotes the document: %v", name, err)
	}
}

// Each bad file is put aside for its own reason, and the files beside it, in
// the same workers, are read.
func TestWhatBreaksAWorkerIsPutAsideAlone(t *testing.T) {
	p := newPool(t, Options{Workers: 2, Output: 8 << 20})
	bad := map[string]ingest.Reason{
		"crash":  ingest.ReasonCrashed,
		"throw":  ingest.ReasonCrashed,
		"stack":  ingest.ReasonCrashed,
		"exit":   ingest.ReasonCrashed,
		"hang":   ingest.ReasonTimeout,
		"memory": ingest.ReasonMemory,
		"gulp":   ingest.ReasonMemory,
		"output": ingest.ReasonBomb,
		"flood":  ingest.ReasonBomb,
		"babble": ingest.ReasonCrashed,
		"mute":   ingest.ReasonCrashed,
		"fault":  ingest.ReasonCrashed,
		"forged": ingest.ReasonCrashed,
		"range":  ingest.ReasonCrashed,
		"reason": ingest.ReasonCrashed,
	}
	names := []string{"good"}
	for name := range bad {
		names = append(names, name, "good")
	}
	slices.Sort(names)
	var all sync.WaitGroup
	for _, name := range names {
		all.Go(func() {
			text, err := readText(t, p, name, ingest.Limits{Timeout: 2 * time.Second, MaxMemory: 128 << 20})
			if want, ok := bad[name]; ok {
				wantReason(t, name, err, want)
			} else if err != nil || text != "some words" {
				t.Errorf("%s gave %q, %v", name, text, err)
			}
		})
	}
	all.Wait()
}

// What is left of earlier files is not held against a file: one that breaks a
// worker that has read others is read again by a fresh one.
func TestAFreshWorkerDecides(t *testing.T) {
	p := newPool(t, Options{Workers: 1})
	if _, err := readText(t, p, "good", ingest.Limits{}); err != nil {
		t.Fatal(err)
	}
	if text, err := readText(t, p, "second", ingest.Limits{}); err != nil || text != "1" {
		t.Errorf("a file that breaks used workers alone gave %q, %v", text, err)
	}
}

func TestWorkersAreUsedAgainAndReplaced(t *testing.T) {
	p := newPool(t, Options{Workers: 1, Files: 3})
	var pids []string
	for range 7 {
		pid, err := readText(t, p, "pid", ingest.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	for i := range pids {
		if same := i > 0 && pids[i] == pids[i-1]; same != (i%3 != 0) {
			t.Fatalf("files were read by processes %v, want a fresh one after three", pids)
		}
	}
}

// A worker can not open files, reach the network, start programs or signal
// others, and knows nothing of the program's environment.
func TestAWorkerIsConfined(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux confines workers")
	}
	t.Setenv("ADAPT_TEST_SECRET", secret)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "other"), []byte(secret), 0o644); err != nil {
		t.Fatal(err)
	}
	p := newPool(t, Options{Workers: 1})
	w, err := p.take(t.Context(), ingest.DefaultMemory, false)
	if err != nil {
		t.Fatal(err)
	}
	p.release(w)
	if !w.confined {
		t.Skip("this kernel has no filter of system calls")
	}
	docs, _, err := p.Parse(t.Context(), "probe", []byte(filepath.Join(dir, "other")), ingest.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := "env GOTRACEBACK=none GOMAXPROCS=2\n"
	if docs[0].Text != want {
		t.Errorf("a worker could do:\n%swant:\n%s", docs[0].Text, want)
	}
}

func TestAWorkerHasLowPriority(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux workers have a priority")
	}
	p := newPool(t, Options{Workers: 1})
	w, err := p.take(t.Context(), ingest.DefaultMemory, false)
	if err != nil {
		t.Fatal(err)
	}
	defer p.release(w)
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", w.cmd.Process.Pid))
	if err != nil || len(threads) == 0 {
		t.Fatalf("no threads found: %v", err)
	}
	for _, name := range threads {
		stat, err := os.ReadFile(name)
		if err != nil {
			continue // the thread has ended
		}
		_, rest, _ := bytes.Cut(stat, []byte(") "))
		if nice := string(bytes.Fields(rest)[16]); nice != "10" {
			t.Errorf("a thread has niceness %s", nice)
		}
	}
}

func TestReadingStopsWithItsContext(t *testing.T) {
	p := newPool(t, Options{Workers: 1})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(200*time.Millisecond, cancel)
	if _, _, err := p.Parse(ctx, "hang", []byte("x"), ingest.Limits{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled reading gave %v", err)
	}
	// The slot is free again.
	if _, err := readText(t, p, "good", ingest.Limits{}); err != nil {
		t.Error(err)
	}
}

// A worker ends when the program that started it does, whatever it is doing.
func TestAWorkerDoesNotOutliveTheProgram(t *testing.T) {
	w, err := start(t.Context(), Options{}.withDefaults(), ingest.DefaultMemory, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeFrame(w.in, request{Name: "hang", Size: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.in.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	w.in.Close() // as the kernel does when a process ends
	ended := make(chan struct{})
	go func() {
		w.cmd.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		w.cmd.Process.Kill()
		t.Error("the worker goes on")
	}
}

func TestIdleWorkersAreLetGo(t *testing.T) {
	p := newPool(t, Options{Workers: 1, Idle: 50 * time.Millisecond})
	if _, err := readText(t, p, "good", ingest.Limits{}); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		p.mu.Lock()
		n := len(p.idle)
		p.mu.Unlock()
		if n == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("an idle worker stays")
		}
	}
	if _, err := readText(t, p, "good", ingest.Limits{}); err != nil {
		t.Error(err)
	}
}

// Another process changes nothing about what is read, nor about what is known
// of a patient, which no JSON of a document carries.
func TestReadingIsTheSameInAnotherProcess(t *testing.T) {
	dir := t.TempDir()
	if err := samples.Extract(dir); err != nil {
		t.Fatal(err)
	}
	p := newPool(t, Options{})
	lim := ingest.Limits{SubjectKey: []byte("secret")}
	formats, subjects, known := map[string]bool{}, 0, 0
	for _, root := range []string{filepath.Join(dir, "legal"), filepath.Join(dir, "medical")} {
		files, err := ingest.Scan(root, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			want, wantBad, wantErr := ingest.Read(t.Context(), root, f, lim)
			got, gotBad, err := p.Read(t.Context(), root, f, lim)
			if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(gotBad, wantBad) || !reflect.DeepEqual(err, wantErr) {
				t.Fatalf("%s is read differently in another process", f.Path)
			}
			for _, d := range got {
				formats[d.Format] = true
				if d.Subject != "" {
					subjects++
				}
				known += len(d.Known)
			}
		}
	}
	if len(formats) < 5 || subjects == 0 || known == 0 {
		t.Errorf("compared formats %v, %d subjects and %d known names: too few to say anything", formats, subjects, known)
	}
}

func TestAClosedPoolReadsNothing(t *testing.T) {
	p := newPool(t, Options{})
	p.Close()
	var q *ingest.Quarantine
	if _, err := readText(t, p, "good", ingest.Limits{}); err == nil || errors.As(err, &q) {
		t.Errorf("a closed pool gave %v, want an error that blames no file", err)
	}
}

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		w, err := start(b.Context(), Options{}.withDefaults(), ingest.DefaultMemory, false)
		if err != nil {
			b.Fatal(err)
		}
		w.kill()
	}
}

func BenchmarkRead(b *testing.B) {
	p := newPool(b, Options{Workers: 1})
	for b.Loop() {
		if _, err := readText(b, p, "good", ingest.Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}
