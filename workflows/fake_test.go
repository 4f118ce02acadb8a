package workflows

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"adapt/activities/api"
	"adapt/artifact"
	"adapt/progress"
)

// ref makes a reference that stands for something called name.
func ref(kind artifact.Kind, name string) artifact.Ref {
	return artifact.Ref{Kind: kind, SHA256: strings.Repeat(fmt.Sprintf("%02x", name[0]), 32), Size: int64(len(name))}
}

var (
	base     = ref(artifact.KindModel, "base")
	champion = ref(artifact.KindModel, "champion")
	trained  = ref(artifact.KindModel, "trained")
	winner   = ref(artifact.KindModel, "winner")
)

// fakes are activities that answer at once and note how they were called.
type fakes struct {
	mu       sync.Mutex
	calls    []string
	reads    map[int]int // by batch
	reading  int
	mostRead int
	finished []api.Summary
	promoted []api.PromoteInput
	decided  []api.DecideInput
	asked    []api.ReviewInput

	ask       api.Asked
	reviewed  api.Reviewed
	begin     api.BeginResult
	batches   int
	scored    api.Scored
	plan      api.PlanResult
	fail      map[string]error // by activity, whenever it is called
	onTrain   func(context.Context) error
	onPromote func(context.Context) error
}

func newFakes() *fakes {
	return &fakes{
		reads:   map[int]int{},
		fail:    map[string]error{},
		begin:   api.BeginResult{Base: base, Champion: champion, Parallel: 4, Approval: api.Approval{Required: true, Deadline: 24 * time.Hour}},
		batches: 3,
		scored:  api.Scored{Candidate: winner, Report: ref(artifact.KindReport, "report"), Verdict: verdictPass, Reasons: []string{"extraction F1 is high enough"}},
	}
}

func (f *fakes) called(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, name)
	return f.fail[name]
}

func (f *fakes) count(name string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, c := range f.calls {
		if c == name {
			n++
		}
	}
	return n
}

func (f *fakes) register(env *testsuite.TestWorkflowEnvironment) {
	add := func(name string, fn any) {
		env.RegisterActivityWithOptions(fn, activity.RegisterOptions{Name: name})
	}
	add(api.Plan, func(api.PlanInput) (api.PlanResult, error) { return f.plan, f.called(api.Plan) })
	add(api.Begin, func(api.BeginInput) (api.BeginResult, error) { return f.begin, f.called(api.Begin) })
	add(api.Scan, func(api.Job) (api.ScanResult, error) {
		return api.ScanResult{Manifest: ref(artifact.KindManifest, "manifest"), Batches: f.batches, Files: 2 * f.batches}, f.called(api.Scan)
	})
	add(api.Read, f.read)
	add(api.Gather, func(api.GatherInput) (api.Ingested, error) {
		return api.Ingested{Documents: ref(artifact.KindDocuments, "documents"), Count: 9, Quarantined: 2,
			Reasons: []api.ReasonCount{{Reason: "encrypted", Count: 2}}}, f.called(api.Gather)
	})
	add(api.CheckLeaks, func(api.CheckInput) (api.Checked, error) { return api.Checked{Removed: 5}, f.called(api.CheckLeaks) })
	add(api.LabelAll, func(api.DocumentsInput) (api.Labeled, error) {
		return api.Labeled{Labeled: ref(artifact.KindExamples, "labeled"), Usable: 9, Examples: 30}, f.called(api.LabelAll)
	})
	add(api.AskReview, func(in api.ReviewInput) (api.Asked, error) {
		f.asked = append(f.asked, in)
		return f.ask, f.called(api.AskReview)
	})
	add(api.CountReview, func(api.Job) (api.Reviewed, error) { return f.reviewed, f.called(api.CountReview) })
	add(api.EndReview, func(api.Job) (api.Reviewed, error) { return f.reviewed, f.called(api.EndReview) })
	add(api.SplitUp, func(api.SplitInput) (api.Split, error) {
		return api.Split{Dataset: ref(artifact.KindDataset, "dataset"), Train: 5, Dev: 2, Test: 2}, f.called(api.SplitUp)
	})
	add(api.Train, func(ctx context.Context, _ api.TrainInput) (api.Trained, error) {
		err := f.called(api.Train)
		if f.onTrain != nil {
			err = f.onTrain(ctx)
		}
		return api.Trained{Model: trained, Steps: 10}, err
	})
	add(api.Answer, func(in api.AnswerInput) (api.Answers, error) {
		return api.Answers{Answers: ref(artifact.KindAnswers, in.Split), Documents: 2}, f.called(api.Answer)
	})
	add(api.Forgetting, func(api.ForgettingInput) (api.Forgotten, error) {
		return api.Forgotten{Losses: ref(artifact.KindOutcomes, "general")}, f.called(api.Forgetting)
	})
	add(api.Score, func(api.ScoreInput) (api.Scored, error) { return f.scored, f.called(api.Score) })
	add(api.Wait, func(api.Job) error { return f.called(api.Wait) })
	add(api.Decide, func(in api.DecideInput) error {
		f.decided = append(f.decided, in)
		return f.called(api.Decide)
	})
	add(api.Promote, func(ctx context.Context, in api.PromoteInput) error {
		if f.onPromote != nil {
			if err := f.onPromote(ctx); err != nil {
				return err
			}
		}
		f.promoted = append(f.promoted, in)
		return f.called(api.Promote)
	})
	add(api.Finish, func(in api.FinishInput) error {
		f.finished = append(f.finished, in.Summary)
		return f.called(api.Finish)
	})
}

func (f *fakes) read(in api.ReadInput) (api.ReadResult, error) {
	f.mu.Lock()
	f.reads[in.Batch]++
	f.reading++
	f.mostRead = max(f.mostRead, f.reading)
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		f.reading--
		f.mu.Unlock()
	}()
	return api.ReadResult{Documents: 3}, f.called(api.Read)
}

// newEnv is an environment in which time passes at once.
func newEnv(t *testing.T, f *fakes) *testsuite.TestWorkflowEnvironment {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(quiet{})
	env := suite.NewTestWorkflowEnvironment()
	env.RegisterWorkflow(Adapt)
	env.RegisterWorkflow(Ingest)
	env.RegisterWorkflow(Train)
	env.RegisterWorkflow(Retrain)
	f.register(env)
	return env
}

type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}

func job() api.Job {
	return api.Job{RunID: "legal-1", Domain: "legal", Config: ref(artifact.KindConfig, "config"), Source: ref(artifact.KindManifest, "source")}
}

func input() AdaptInput { return AdaptInput{Job: job(), StartedBy: "Ann", Trigger: "manual"} }

// query asks how far the run is.
func query(t *testing.T, env *testsuite.TestWorkflowEnvironment) progress.Run {
	t.Helper()
	v, err := env.QueryWorkflow(progress.Query)
	if err != nil {
		t.Fatal(err)
	}
	var run progress.Run
	if err := v.Get(&run); err != nil {
		t.Fatal(err)
	}
	return run
}

// decide sends a decision; once the workflow has seen it, *refused says why it
// was not taken.
func decide(env *testsuite.TestWorkflowEnvironment, d progress.Decision) (refused *error) {
	refused = new(error)
	env.UpdateWorkflow(progress.Update, "", &testsuite.TestUpdateCallback{
		OnReject:   func(err error) { *refused = err },
		OnAccept:   func() {},
		OnComplete: func(any, error) {},
	}, d)
	return refused
}

func bad(msg string) error { return temporal.NewNonRetryableApplicationError(msg, api.BadInput, nil) }
