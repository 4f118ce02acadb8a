package home

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

func open(t *testing.T) *Home {
	t.Helper()
	h, err := Open(filepath.Join(t.TempDir(), "home"))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestOneProcessServesAFolder(t *testing.T) {
	h := open(t)
	if _, err := h.Server(); !errors.Is(err, ErrNotServed) {
		t.Errorf("a new folder: %v", err)
	}
	l, err := h.Lock()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Lock(); !errors.Is(err, ErrLocked) {
		t.Errorf("a second lock: %v", err)
	}
	if _, err := h.Server(); !errors.Is(err, ErrNotServed) {
		t.Errorf("while it starts: %v", err)
	}
	want := Server{PID: 7, Temporal: "127.0.0.1:7233", Namespace: "adapt", Web: "http://127.0.0.1:1/?token=x"}
	if err := h.SetServer(want); err != nil {
		t.Fatal(err)
	}
	if got, err := h.Server(); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := l.Unlock(); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Server(); !errors.Is(err, ErrNotServed) {
		t.Errorf("after it stopped: %v", err)
	}
}

// TestAStaleServerFile is what a killed process leaves: the file without the lock.
func TestAStaleServerFile(t *testing.T) {
	h := open(t)
	if err := h.SetServer(Server{PID: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Server(); !errors.Is(err, ErrNotServed) {
		t.Errorf("error is %v", err)
	}
}

func TestOpenTakesTheEnvironment(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "elsewhere")
	t.Setenv(EnvVar, dir)
	h, err := Open("")
	if err != nil {
		t.Fatal(err)
	}
	if h.Dir() != dir {
		t.Errorf("opened %s", h.Dir())
	}
	b, err := os.ReadFile(h.Path(".gitignore"))
	if err != nil || string(b) != "*\n" {
		t.Errorf(".gitignore is %q, %v", b, err)
	}
	fi, err := os.Stat(dir)
	if err != nil || fi.Mode().Perm() != 0o700 {
		t.Errorf("mode is %v, %v", fi.Mode(), err)
	}
}

func TestExclusively(t *testing.T) {
	h := open(t)
	var inside, most, done atomic.Int32
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			err := h.Exclusively(t.Context(), "key", func() error {
				most.Store(max(most.Load(), inside.Add(1)))
				runtime.Gosched()
				inside.Add(-1)
				done.Add(1)
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if most.Load() != 1 || done.Load() != 4 {
		t.Errorf("%d were inside together, %d got in", most.Load(), done.Load())
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := h.Exclusively(ctx, "key", func() error {
		cancel()
		return h.Exclusively(ctx, "key", func() error { return nil })
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("waiting in vain: %v", err)
	}
}
