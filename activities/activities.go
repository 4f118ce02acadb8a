// Package activities does the work of the workflows: it takes references out
// of the artifact store, hands what they name to the packages that know how to
// read, label, train and measure, and puts back what they make.
//
// Every activity is remembered under a hash of all that decides its result, so
// that doing it again finds the result, and every long one keeps what it has
// done in the data folder, so that a killed worker loses seconds.
package activities

import (
	"log/slog"
	"path/filepath"
	"runtime"
	"sync"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/worker"

	"adapt/activities/api"
	"adapt/artifact"
	"adapt/domains"
	"adapt/ingest/sandbox"
	"adapt/internal/home"
	"adapt/registry"
)

// Activities is all activities with what they share.
type Activities struct {
	Home     *home.Home
	Registry *registry.Registry
	// Domain finds a domain by its name; its error lists the names there are.
	Domain func(name string) (domains.Domain, error)
	// Code is the program's version, for the lineage of models.
	Code string
	// Readers reads documents in processes of their own.
	Readers *sandbox.Pool
	// Log gets faults of the program with their stacks; nil drops them.
	Log *slog.Logger

	loaded   modelCache
	lists    manifests
	counters counters
	ocr      ocrFinder
}

// Register adds the activities of the light queue to a worker.
func (a *Activities) Register(w worker.ActivityRegistry) {
	for name, f := range map[string]any{
		api.Plan:        a.plan,
		api.Begin:       a.begin,
		api.Scan:        a.scan,
		api.Read:        a.read,
		api.Gather:      a.gather,
		api.CheckLeaks:  a.checkLeaks,
		api.LabelAll:    a.label,
		api.AskReview:   a.askReview,
		api.CountReview: a.countReview,
		api.EndReview:   a.endReview,
		api.SplitUp:     a.split,
		api.Answer:      a.answer,
		api.Forgetting:  a.forgetting,
		api.Score:       a.score,
		api.Wait:        a.wait,
		api.Decide:      a.decide,
		api.Promote:     a.promote,
		api.Finish:      a.finish,
	} {
		w.RegisterActivityWithOptions(f, activity.RegisterOptions{Name: name})
	}
}

// RegisterTraining adds the activity of the training queue to a worker.
func (a *Activities) RegisterTraining(w worker.ActivityRegistry) {
	w.RegisterActivityWithOptions(a.train, activity.RegisterOptions{Name: api.Train})
}

func (a *Activities) store() *artifact.Store { return a.Registry.Store() }

func (a *Activities) log() *slog.Logger {
	if a.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return a.Log
}

// modelDir lays a model out for loading.
func (a *Activities) modelDir(ref artifact.Ref) (string, error) {
	if err := ref.Validate(); err != nil {
		return "", err
	}
	return a.store().Dir(ref, filepath.Join(a.Home.Dir(), "models", ref.SHA256))
}

// modelCache keeps the models that were loaded last: the parts of an
// evaluation ask for the same ones in turn.
type modelCache struct {
	mu     sync.Mutex
	ref    artifact.Ref
	loaded readingModel
}

func workers() int { return runtime.GOMAXPROCS(0) }
