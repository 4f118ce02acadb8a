// Package live tells, beside what a workflow's query answers, how far the
// activity under way is. An activity writes it to a small file in the data
// folder, at most a few times a second; whoever shows progress merges it in.
package live

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"adapt/internal/home"
	"adapt/progress"
)

// Write says how far a step of a run is.
func Write(h *home.Home, runID string, step progress.Step) error {
	path, err := file(h, runID, step.Name)
	if err != nil {
		return err
	}
	b, err := json.Marshal(step)
	if err != nil {
		return fmt.Errorf("progress of %s: %w", runID, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("progress of %s: %w", runID, err)
	}
	if err := home.WriteFile(path, b); err != nil {
		return fmt.Errorf("progress of %s: %w", runID, err)
	}
	return nil
}

// Read returns how far a step is; ok is false when nothing was written.
func Read(h *home.Home, runID, step string) (s progress.Step, ok bool) {
	path, err := file(h, runID, step)
	if err != nil {
		return s, false
	}
	b, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(b, &s) != nil {
		return s, false
	}
	return s, true
}

// Merge puts what activities wrote into the steps of run that go on.
func Merge(h *home.Home, run *progress.Run) {
	for i := range run.Steps {
		st := &run.Steps[i]
		if st.Status != progress.Running {
			continue
		}
		s, ok := Read(h, run.RunID, st.Name)
		if !ok {
			continue
		}
		st.Done, st.Total, st.Unit, st.Rate, st.ETA = s.Done, s.Total, s.Unit, s.Rate, s.ETA
		if s.Detail != "" {
			st.Detail = s.Detail
		}
	}
}

// Note keeps text that a step of a run has for people at its terminal. It may
// hold document text: it never leaves the data folder.
func Note(h *home.Home, runID, text string) error {
	path, err := file(h, runID, "any")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("progress of %s: %w", runID, err)
	}
	if err := home.WriteFile(filepath.Join(filepath.Dir(path), noteFile), []byte(text)); err != nil {
		return fmt.Errorf("progress of %s: %w", runID, err)
	}
	return nil
}

const noteFile = "note.txt"

// ReadNote returns the latest note of a run, "" when there is none.
func ReadNote(h *home.Home, runID string) string {
	path, err := file(h, runID, "any")
	if err != nil {
		return ""
	}
	b, err := os.ReadFile(filepath.Join(filepath.Dir(path), noteFile))
	if err != nil {
		return ""
	}
	return string(b)
}

// Forget removes what was written about a run.
func Forget(h *home.Home, runID string) error {
	path, err := file(h, runID, "any")
	if err != nil {
		return err
	}
	return os.RemoveAll(filepath.Dir(path))
}

// file refuses names that would lead out of the folder.
func file(h *home.Home, runID, step string) (string, error) {
	for _, name := range []string{runID, step} {
		if name == "" || name == "." || name == ".." || strings.ContainsAny(name, `/\`) {
			return "", fmt.Errorf("progress: %q can not name a file", name)
		}
	}
	return h.Path("progress", runID, step+".json"), nil
}
