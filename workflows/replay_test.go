package workflows

import (
	"path/filepath"
	"testing"

	"go.temporal.io/sdk/worker"
)

// TestReplay runs the workflows over histories of real runs. It fails when a
// change of a workflow would break runs that are under way.
// `go test ./internal/app -run TestTheWholeJob -update` records them anew.
func TestReplay(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no histories: %v", err)
	}
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			r := worker.NewWorkflowReplayer()
			r.RegisterWorkflow(Adapt)
			r.RegisterWorkflow(Ingest)
			r.RegisterWorkflow(Train)
			r.RegisterWorkflow(Retrain)
			if err := r.ReplayWorkflowHistoryFromJSONFile(quiet{}, f); err != nil {
				t.Error(err)
			}
		})
	}
}
