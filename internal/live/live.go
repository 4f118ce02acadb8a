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

	"adapt/internal/atomicfile"
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
	if err := atomicfile.WriteFile(path, b, false); err != nil {
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

// Training is the folder of what there is to read of a run's training.
func Training(h *home.Home, runID string) string { return h.Path("training", runID) }

// dataFile says what a training set holds.
const dataFile = "data.txt"

// Describe keeps text on what a run trains on. It may hold document text: it
// never leaves the data folder.
func Describe(h *home.Home, runID, text string) error {
	dir := Training(h, runID)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("training of %s: %w", runID, err)
	}
	if err := atomicfile.WriteFile(filepath.Join(dir, dataFile), []byte(text), false); err != nil {
		return fmt.Errorf("training of %s: %w", runID, err)
	}
	return nil
}

// Description returns what Describe keeps, "" when there is nothing yet.
func Description(h *home.Home, runID string) string {
	b, err := os.ReadFile(filepath.Join(Training(h, runID), dataFile))
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
