package workflows

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"adapt/activities/api"
	"adapt/progress"
	"adapt/registry"
)

// finish runs the workflow to its end and returns what it told the registry.
func finish(t *testing.T, env *testsuite.TestWorkflowEnvironment, f *fakes, in AdaptInput) api.Summary {
	t.Helper()
	env.ExecuteWorkflow(Adapt, in)
	if !env.IsWorkflowCompleted() {
		t.Fatal("the workflow did not end")
	}
	if len(f.finished) != 1 {
		t.Fatalf("the run was finished %d times", len(f.finished))
	}
	return f.finished[0]
}

func wantSummary(t *testing.T, s api.Summary, status, reason string) {
	t.Helper()
	if s.Status != status {
		t.Errorf("status is %q, want %q", s.Status, status)
	}
	if !strings.Contains(strings.Join(s.Reasons, "\n"), reason) {
		t.Errorf("reasons are %q, want one with %q", s.Reasons, reason)
	}
}

func wantSteps(t *testing.T, run progress.Run, want string) {
	t.Helper()
	var got []string
	for _, s := range run.Steps {
		got = append(got, string(s.Status))
	}
	if g := strings.Join(got, " "); g != want {
		t.Errorf("steps are\n%s, want\n%s", g, want)
	}
}

func TestWordsAreTheRegistrys(t *testing.T) {
	words := map[string]string{
		statusRunning: string(registry.StatusRunning), statusWaiting: string(registry.StatusWaiting),
		statusPromoted: string(registry.StatusPromoted), statusRejected: string(registry.StatusRejected),
		statusFailed: string(registry.StatusFailed), statusCancelled: string(registry.StatusCancelled),
		statusUnchanged: string(registry.StatusUnchanged), triggerSchedule: registry.TriggerSchedule,
		promotionGate: registry.PromotionGate, promotionApproval: registry.PromotionApproval,
	}
	for ours, theirs := range words {
		if ours != theirs {
			t.Errorf("%q is %q in the registry", ours, theirs)
		}
	}
}

func TestPassingGatesPromoteWithoutApproval(t *testing.T) {
	f := newFakes()
	f.begin.Approval.Required = false
	env := newEnv(t, f)
	s := finish(t, env, f, input())
	wantSummary(t, s, statusPromoted, "high enough")
	wantSteps(t, query(t, env), "done done done skipped done done done done skipped done")
	want := api.PromoteInput{
		Job: job(), Candidate: winner, Previous: champion, Documents: s.Documents, Dataset: s.Split.Dataset,
		Answers: ref("answers", api.Dev), Kind: promotionGate, By: "Ann", Reason: "all gates passed and no approval is required",
	}
	if len(f.promoted) != 1 || f.promoted[0] != want {
		t.Errorf("promoted %+v, want %+v", f.promoted, want)
	}
	if s.Ingested.Quarantined != 2 || s.Labeled.Examples != 30 || s.Trained.Steps != 10 {
		t.Errorf("the summary lacks counts: %+v", s)
	}
	if got := query(t, env).Steps[0].Detail; got != "9 documents, 2 quarantined, 0 duplicates" {
		t.Errorf("ingest says %q", got)
	}
	if n := f.count(api.Answer); n != 6 {
		t.Errorf("%d parts were answered, want 3 models on 2 parts", n)
	}
}

func TestAPersonApprovesAnHourLater(t *testing.T) {
	f := newFakes()
	env := newEnv(t, f)
	refused := map[string]*error{}
	env.RegisterDelayedCallback(func() {
		run := query(t, env)
		if run.Status != statusWaiting || !run.Waiting || run.Deadline.IsZero() || run.Verdict != verdictPass {
			t.Errorf("after an hour the run is %+v", run)
		}
		refused["no name"] = decide(env, progress.Decision{Approve: true, Reason: "good"})
		refused["no reason"] = decide(env, progress.Decision{Approve: true, By: "Bea"})
		refused["self"] = decide(env, progress.Decision{Approve: true, By: " aNN ", Reason: "mine"})
		refused["good"] = decide(env, progress.Decision{Approve: true, By: "Bea ", Reason: "better quotes"})
		refused["second"] = decide(env, progress.Decision{By: "Cy", Reason: "no"})
	}, time.Hour)
	s := finish(t, env, f, input())
	wantSummary(t, s, statusPromoted, "high enough")
	wants := map[string]string{
		"no name": "name", "no reason": "needs a reason", "self": "may not approve", "second": "does not wait",
	}
	for name, want := range wants {
		if err := *refused[name]; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: refused with %v, want %q", name, err, want)
		}
	}
	if err := *refused["good"]; err != nil {
		t.Errorf("refused: %v", err)
	}
	if len(f.promoted) != 1 || f.promoted[0].By != "Bea" || f.promoted[0].Kind != promotionApproval || f.promoted[0].Reason != "better quotes" {
		t.Errorf("promoted %+v", f.promoted)
	}
	if len(f.decided) != 1 || !f.decided[0].Approve || f.decided[0].By != "Bea" {
		t.Errorf("decided %+v", f.decided)
	}
	if s.DecidedBy != "Bea" || f.count(api.Wait) != 1 {
		t.Errorf("decided by %q, %d waits", s.DecidedBy, f.count(api.Wait))
	}
}

func TestSelfApprovalWhereItIsAllowed(t *testing.T) {
	f := newFakes()
	f.begin.Approval.AllowSelf = true
	env := newEnv(t, f)
	env.RegisterDelayedCallback(func() {
		decide(env, progress.Decision{Approve: true, By: "Ann", Reason: "fine"})
	}, time.Hour)
	wantSummary(t, finish(t, env, f, input()), statusPromoted, "")
}

func TestAPersonRejects(t *testing.T) {
	f := newFakes()
	env := newEnv(t, f)
	env.RegisterDelayedCallback(func() {
		// Who started a run may always withdraw it.
		decide(env, progress.Decision{By: "Ann", Reason: "made-up dates"})
	}, time.Hour)
	wantSummary(t, finish(t, env, f, input()), statusRejected, "rejected by Ann: made-up dates")
	if f.count(api.Promote) != 0 || len(f.decided) != 1 {
		t.Errorf("%d promotions, decisions %+v", f.count(api.Promote), f.decided)
	}
	wantSteps(t, query(t, env), "done done done skipped done done done done done skipped")
}

func TestNobodyDecides(t *testing.T) {
	f := newFakes()
	env := newEnv(t, f)
	begin := env.Now()
	wantSummary(t, finish(t, env, f, input()), statusRejected, "nobody decided within 24h")
	if d := env.Now().Sub(begin); d < 24*time.Hour {
		t.Errorf("ended after %v", d)
	}
	if f.count(api.Promote) != 0 {
		t.Error("promoted")
	}
}

func TestADecisionBeforeTheGateIsRefused(t *testing.T) {
	f := newFakes()
	env := newEnv(t, f)
	var refused *error
	f.onTrain = func(context.Context) error {
		refused = decide(env, progress.Decision{Approve: true, By: "Bea", Reason: "eager"})
		return nil
	}
	finish(t, env, f, input())
	if err := *refused; err == nil || !strings.Contains(err.Error(), "does not wait for a decision: it is running") {
		t.Errorf("refused with %v", err)
	}
}

func TestTheGateHolds(t *testing.T) {
	for _, verdict := range []string{"fail", "insufficient evidence"} {
		f := newFakes()
		f.scored.Verdict, f.scored.Reasons = verdict, []string{"hallucination rate is 0.31, above 0.1"}
		env := newEnv(t, f)
		s := finish(t, env, f, input())
		wantSummary(t, s, statusRejected, "above 0.1")
		if f.count(api.Promote)+f.count(api.Wait) != 0 {
			t.Errorf("%s: called %v", verdict, f.calls)
		}
		run := query(t, env)
		wantSteps(t, run, "done done done skipped done done done done skipped skipped")
		if run.Verdict != verdict || run.Status != statusRejected {
			t.Errorf("the run is %+v", run)
		}
	}
}

func TestTheSameModelAgain(t *testing.T) {
	f := newFakes()
	f.scored.Candidate, f.scored.Verdict = champion, "fail"
	s := finish(t, newEnv(t, f), f, input())
	wantSummary(t, s, statusUnchanged, "live already")
}

func TestTheChampionChangesMeanwhile(t *testing.T) {
	f := newFakes()
	f.begin.Approval.Required = false
	f.fail[api.Promote] = temporal.NewNonRetryableApplicationError("the champion is another by now; run again", api.Conflict, nil)
	s := finish(t, newEnv(t, f), f, input())
	wantSummary(t, s, statusRejected, "run again")
}

func TestBadInputEndsTheRunAtOnce(t *testing.T) {
	for _, at := range []string{api.Begin, api.Gather, api.Train} {
		f := newFakes()
		f.fail[at] = bad("no file in the folder can be read; add contracts as PDF, DOCX or text")
		env := newEnv(t, f)
		s := finish(t, env, f, input())
		wantSummary(t, s, statusFailed, "add contracts")
		if f.count(at) != 1 {
			t.Errorf("%s was tried %d times", at, f.count(at))
		}
		var app *temporal.ApplicationError
		if err := env.GetWorkflowError(); !errors.As(err, &app) || app.Type() != api.BadInput {
			t.Errorf("the workflow ended with %v", err)
		}
		if run := query(t, env); run.Status != statusFailed || !strings.Contains(run.Error, "add contracts") {
			t.Errorf("the run is %+v", run)
		}
	}
}

func TestFaultsOutsideAreTriedAgain(t *testing.T) {
	f := newFakes()
	f.begin.Approval.Required = false
	left := 3
	f.onTrain = func(context.Context) error {
		if left--; left > 0 {
			return errors.New("the disk is busy")
		}
		return nil
	}
	wantSummary(t, finish(t, newEnv(t, f), f, input()), statusPromoted, "")
	if n := f.count(api.Train); n != 3 {
		t.Errorf("trained %d times", n)
	}
}

func TestCancellation(t *testing.T) {
	t.Run("while a person is waited for", func(t *testing.T) {
		f := newFakes()
		env := newEnv(t, f)
		env.RegisterDelayedCallback(env.CancelWorkflow, time.Hour)
		wantCancelled(t, env, f)
		wantSteps(t, query(t, env), "done done done skipped done done done done failed skipped")
	})
	t.Run("in training", func(t *testing.T) {
		f := newFakes()
		env := newEnv(t, f)
		f.onTrain = func(ctx context.Context) error {
			env.CancelWorkflow()
			<-ctx.Done()
			return ctx.Err()
		}
		wantCancelled(t, env, f)
	})
	t.Run("in promotion", func(t *testing.T) {
		f := newFakes()
		f.begin.Approval.Required = false
		env := newEnv(t, f)
		f.onPromote = func(ctx context.Context) error {
			env.CancelWorkflow()
			return ctx.Err()
		}
		wantSummary(t, finish(t, env, f, input()), statusPromoted, "")
	})
}

func wantCancelled(t *testing.T, env *testsuite.TestWorkflowEnvironment, f *fakes) {
	t.Helper()
	wantSummary(t, finish(t, env, f, input()), statusCancelled, "nothing was promoted")
	if !temporal.IsCanceledError(env.GetWorkflowError()) {
		t.Errorf("the workflow ended with %v", env.GetWorkflowError())
	}
	if f.count(api.Promote) != 0 {
		t.Error("promoted")
	}
}

func TestIngestReadsEveryBatchOnce(t *testing.T) {
	f := newFakes()
	f.batches = 2*batchesPerRun + 7
	env := newEnv(t, f)
	in := IngestInput{Job: job(), Parallel: 4}
	runs := 0
	for {
		runs++
		env.ExecuteWorkflow(Ingest, in)
		err := env.GetWorkflowError()
		if err == nil {
			break
		}
		decoded, ok := continued(t, err)
		if !ok {
			t.Fatal(err)
		}
		in, env = decoded, newEnv(t, f)
	}
	if runs != 3 || f.count(api.Scan) != 1 || f.count(api.Gather) != 1 {
		t.Errorf("%d runs, %d scans, %d gathers", runs, f.count(api.Scan), f.count(api.Gather))
	}
	for i := range f.batches {
		if f.reads[i] != 1 {
			t.Errorf("batch %d was read %d times", i, f.reads[i])
		}
	}
	if f.mostRead > 4 {
		t.Errorf("%d batches were read at a time", f.mostRead)
	}
}

func TestAFailedBatchEndsTheIngest(t *testing.T) {
	f := newFakes()
	f.batches = 30
	f.fail[api.Read] = bad("the folder is gone")
	env := newEnv(t, f)
	env.ExecuteWorkflow(Ingest, IngestInput{Job: job(), Parallel: 2})
	if err := env.GetWorkflowError(); err == nil || !strings.Contains(err.Error(), "the folder is gone") {
		t.Errorf("error is %v", err)
	}
	if n := f.count(api.Read); n > 4 {
		t.Errorf("went on for %d batches", n)
	}
}

func TestRetrain(t *testing.T) {
	tests := []struct {
		name string
		plan api.PlanResult
		want RetrainResult
		runs int
	}{
		{"nothing new", api.PlanResult{RunID: "legal-2"}, RetrainResult{Status: statusUnchanged}, 0},
		{"under way", api.PlanResult{New: 3, RunID: "legal-2", Running: true}, RetrainResult{Status: statusRunning, New: 3, RunID: "legal-2"}, 0},
		{"new documents", api.PlanResult{New: 3, RunID: "legal-2"}, RetrainResult{Status: statusPromoted, New: 3, RunID: "legal-2"}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFakes()
			f.begin.Approval.Required = false
			f.plan = tt.plan
			env := newEnv(t, f)
			env.ExecuteWorkflow(Retrain, RetrainInput{Domain: "legal", StartedBy: "Ann"})
			var got RetrainResult
			if err := env.GetWorkflowResult(&got); err != nil {
				t.Fatal(err)
			}
			if got != tt.want || f.count(api.Begin) != tt.runs {
				t.Errorf("got %+v after %d runs, want %+v after %d", got, f.count(api.Begin), tt.want, tt.runs)
			}
		})
	}
}

func TestStepsAreUnique(t *testing.T) {
	steps := Steps()
	slices.Sort(steps)
	if len(slices.Compact(steps)) != len(Steps()) {
		t.Errorf("steps are %v", Steps())
	}
}
