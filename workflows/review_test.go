package workflows

import (
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/testsuite"

	"adapt/activities/api"
	"adapt/progress"
)

// newReviewing are fakes of a run that asks for ten reviews and then promotes
// by itself.
func newReviewing() *fakes {
	f := newFakes()
	f.begin.Approval.Required = false
	f.begin.Review = api.Review{Count: 10, Deadline: 48 * time.Hour, Stop: true}
	f.ask = api.Asked{Wanted: 10, Reviewed: 2}
	return f
}

// tell sends news of labels; *refused says why they were not taken.
func tell(env *testsuite.TestWorkflowEnvironment, n progress.LabelNews) (refused *error) {
	refused = new(error)
	env.UpdateWorkflow(progress.Labels, "", &testsuite.TestUpdateCallback{
		OnReject:   func(err error) { *refused = err },
		OnAccept:   func() {},
		OnComplete: func(any, error) {},
	}, n)
	return refused
}

func reviewStep(run progress.Run) progress.Step {
	for _, s := range run.Steps {
		if s.Name == StepReview {
			return s
		}
	}
	return progress.Step{}
}

func TestTheRunWaitsForReviews(t *testing.T) {
	f := newReviewing()
	env := newEnv(t, f)
	begin := env.Now()
	var early, nonsense *error
	env.RegisterDelayedCallback(func() {
		run := query(t, env)
		if run.Status != statusWaiting || run.Waiting || !run.ForPeople() || run.Reviews.Wanted != 10 || run.Reviews.Reviewed != 2 {
			t.Errorf("while it waits the run is %+v", run)
		}
		if d := reviewStep(run).Detail; d != "waiting for reviews: 2 of 10" {
			t.Errorf("the step says %q", d)
		}
		early = decide(env, progress.Decision{Approve: true, By: "Bea", Reason: "eager"})
		nonsense = tell(env, progress.LabelNews{Reviewed: -1})
		tell(env, progress.LabelNews{Reviewed: 6})
	}, time.Hour)
	env.RegisterDelayedCallback(func() {
		if d := reviewStep(query(t, env)).Detail; d != "waiting for reviews: 6 of 10" {
			t.Errorf("the step says %q", d)
		}
		// The news are wrong: the run looks and waits on.
		f.reviewed = api.Reviewed{Reviewed: 9}
		tell(env, progress.LabelNews{Reviewed: 10})
	}, 2*time.Hour)
	env.RegisterDelayedCallback(func() {
		if run := query(t, env); run.Reviews.Reviewed != 9 || f.count(api.CountReview) != 1 {
			t.Errorf("after wrong news the run is %+v, counted %d times", run, f.count(api.CountReview))
		}
		f.reviewed = api.Reviewed{Reviewed: 11, Disputed: 1}
		tell(env, progress.LabelNews{Reviewed: 11})
	}, 24*time.Hour)
	s := finish(t, env, f, input())
	wantSummary(t, s, statusPromoted, "")
	for what, refused := range map[string]*error{"a decision": early, "a negative count": nonsense} {
		if *refused == nil {
			t.Errorf("%s was taken", what)
		}
	}
	if took := env.Now().Sub(begin); took < 24*time.Hour || took > 25*time.Hour {
		t.Errorf("it took %v", took)
	}
	if n := f.count(api.LabelAll); n != 2 || f.count(api.EndReview) != 1 || len(f.asked) != 1 {
		t.Errorf("labeled %d times, ended %d reviews, asked %d times", n, f.count(api.EndReview), len(f.asked))
	}
	if want := begin.Add(48 * time.Hour); !f.asked[0].Deadline.Equal(want) || f.asked[0].Labeled != ref("examples", "labeled") {
		t.Errorf("asked %+v", f.asked[0])
	}
	run := query(t, env)
	if d := reviewStep(run).Detail; d != "11 labels reviewed, 10 asked for, 1 disputed and left as they were suggested" {
		t.Errorf("the step says %q", d)
	}
	if run.Reviews.Waiting() {
		t.Errorf("the run still waits: %+v", run.Reviews)
	}
}

func TestReviewsOfEarlierRunsAreEnough(t *testing.T) {
	f := newReviewing()
	f.ask = api.Asked{Wanted: 10, Reviewed: 10}
	env := newEnv(t, f)
	wantSummary(t, finish(t, env, f, input()), statusPromoted, "")
	if f.count(api.EndReview)+f.count(api.CountReview) != 0 || f.count(api.LabelAll) != 1 {
		t.Errorf("called %v", f.calls)
	}
	if d := reviewStep(query(t, env)).Detail; d != "10 labels are reviewed already" {
		t.Errorf("the step says %q", d)
	}
}

func TestTheDeadlineOfReviews(t *testing.T) {
	for name, stop := range map[string]bool{"stop": true, "continue": false} {
		t.Run(name, func(t *testing.T) {
			f := newReviewing()
			f.begin.Review.Stop = stop
			f.reviewed = api.Reviewed{Reviewed: 4}
			env := newEnv(t, f)
			begin := env.Now()
			s := finish(t, env, f, input())
			if took := env.Now().Sub(begin); took < 48*time.Hour {
				t.Errorf("it waited %v", took)
			}
			if stop {
				wantSummary(t, s, statusRejected, "people reviewed 4 of 10 labels within 48h0m0s; their answers are kept")
				if f.count(api.SplitUp) != 0 {
					t.Error("it went on")
				}
				return
			}
			wantSummary(t, s, statusPromoted, "")
			if f.count(api.LabelAll) != 2 {
				t.Errorf("labeled %d times", f.count(api.LabelAll))
			}
		})
	}
}

func TestEnoughReviewsAtTheDeadlineThatNobodyToldOf(t *testing.T) {
	f := newReviewing()
	f.reviewed = api.Reviewed{Reviewed: 10}
	wantSummary(t, finish(t, newEnv(t, f), f, input()), statusPromoted, "")
}

func TestSomebodyAsksToGoOn(t *testing.T) {
	f := newReviewing()
	f.reviewed = api.Reviewed{Reviewed: 5}
	env := newEnv(t, f)
	var nameless, second *error
	env.RegisterDelayedCallback(func() {
		nameless = tell(env, progress.LabelNews{Reviewed: 5, GoOn: true, By: " "})
		tell(env, progress.LabelNews{Reviewed: 5, GoOn: true, By: "Bea "})
		second = tell(env, progress.LabelNews{Reviewed: 5, GoOn: true, By: "Cy"})
	}, time.Hour)
	wantSummary(t, finish(t, env, f, input()), statusPromoted, "")
	if *nameless == nil || *second == nil {
		t.Errorf("without a name: %v; twice: %v", *nameless, *second)
	}
	if d := reviewStep(query(t, env)).Detail; !strings.Contains(d, "5 labels reviewed, 10 asked for") || !strings.Contains(d, "Bea asked to go on") {
		t.Errorf("the step says %q", d)
	}
}

func TestNewsAreRefusedWhenNobodyIsWaitedFor(t *testing.T) {
	f := newFakes()
	env := newEnv(t, f)
	var refused *error
	env.RegisterDelayedCallback(func() {
		refused = tell(env, progress.LabelNews{Reviewed: 3})
		decide(env, progress.Decision{Approve: true, By: "Bea", Reason: "good"})
	}, time.Hour)
	finish(t, env, f, input())
	if err := *refused; err == nil || !strings.Contains(err.Error(), "does not wait for reviews") {
		t.Errorf("refused with %v", err)
	}
}

func TestCancelledWhileItWaitsForReviews(t *testing.T) {
	f := newReviewing()
	env := newEnv(t, f)
	env.RegisterDelayedCallback(env.CancelWorkflow, time.Hour)
	wantCancelled(t, env, f)
	if f.count(api.EndReview)+f.count(api.SplitUp) != 0 {
		t.Errorf("called %v", f.calls)
	}
	if run := query(t, env); reviewStep(run).Status != progress.Failed || run.Reviews.Waiting() {
		t.Errorf("the run is %+v", run)
	}
}
