package workflows

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"adapt/activities/api"
	"adapt/progress"
)

// The states of a run and the words for what moved a champion are those of
// package registry, which opens databases and so stays out of workflow code.
// A test holds them equal.
const (
	statusRunning   = "running"
	statusWaiting   = "waiting"
	statusPromoted  = "promoted"
	statusRejected  = "rejected"
	statusFailed    = "failed"
	statusCancelled = "cancelled"
	statusUnchanged = "unchanged"

	triggerSchedule   = "schedule"
	promotionGate     = "gate"
	promotionApproval = "approval"

	verdictPass = "pass"
)

// The steps of a run, in order.
const (
	StepIngest     = "ingest"
	StepDeidentify = "deidentify"
	StepLabel      = "label"
	StepReview     = "review"
	StepSplit      = "split"
	StepTrain      = "train"
	StepEvaluate   = "evaluate"
	StepGate       = "gate"
	StepApprove    = "approve"
	StepPromote    = "promote"
)

// Steps returns the steps of a run, in order.
func Steps() []string {
	return []string{StepIngest, StepDeidentify, StepLabel, StepReview, StepSplit, StepTrain, StepEvaluate, StepGate, StepApprove, StepPromote}
}

// state is what a run answers the progress query with.
type state struct {
	run      progress.Run
	approval api.Approval
	decision *progress.Decision
	reviews  reviews
}

func newState(in AdaptInput) *state {
	s := &state{run: progress.Run{RunID: in.RunID, Domain: in.Domain, Status: statusRunning, StartedBy: in.StartedBy}}
	for _, name := range Steps() {
		s.run.Steps = append(s.run.Steps, progress.Step{Name: name, Status: progress.Waiting})
	}
	return s
}

// answer registers the query and the update.
func (s *state) answer(ctx workflow.Context) error {
	err := workflow.SetQueryHandler(ctx, progress.Query, func() (progress.Run, error) {
		run := s.run
		run.Steps = slices.Clone(run.Steps)
		return run, nil
	})
	if err != nil {
		return err
	}
	err = workflow.SetUpdateHandlerWithOptions(ctx, progress.Update,
		func(_ workflow.Context, d progress.Decision) error {
			s.decision = &d
			return nil
		},
		workflow.UpdateHandlerOptions{Validator: s.validate})
	if err != nil {
		return err
	}
	return s.hearOfLabels(ctx)
}

// validate refuses decisions that may not be made. A refused one leaves no
// trace in the history.
func (s *state) validate(d progress.Decision) error {
	switch {
	case !s.run.Waiting || s.decision != nil:
		return refuse("run %s does not wait for a decision: it is %s", s.run.RunID, s.run.Status)
	case strings.TrimSpace(d.By) == "":
		return refuse("a decision needs the name of who makes it")
	case strings.TrimSpace(d.Reason) == "":
		return refuse("a decision needs a reason")
	case d.Approve && !s.approval.AllowSelf && samePerson(d.By, s.run.StartedBy):
		return refuse("who started a run may not approve it; ask somebody else, or set approval.allow_self in adapt.yaml")
	}
	return nil
}

func refuse(format string, args ...any) error {
	return temporal.NewApplicationError(fmt.Sprintf(format, args...), api.BadInput)
}

// samePerson compares names without regard to case and spaces.
func samePerson(a, b string) bool {
	return strings.EqualFold(strings.Join(strings.Fields(a), " "), strings.Join(strings.Fields(b), " "))
}

// errEnded is how a step ends the run with a status of its own.
var errEnded = errors.New("the run has ended")

// step runs one step and keeps its state; f returns one line on what it made.
func (s *state) step(name string, f func() (string, error)) error {
	st := s.find(name)
	st.Status = progress.Running
	detail, err := f()
	if err != nil && !errors.Is(err, errEnded) {
		st.Status = progress.Failed
		return err
	}
	st.Status, st.Detail = progress.Done, detail
	return err
}

// note changes the line of a step that goes on.
func (s *state) note(name, detail string) { s.find(name).Detail = detail }

// skip marks the steps that will not be done.
func (s *state) skip(detail string, names ...string) {
	for _, name := range names {
		st := s.find(name)
		st.Status, st.Detail = progress.Skipped, detail
	}
}

func (s *state) find(name string) *progress.Step {
	i := slices.IndexFunc(s.run.Steps, func(st progress.Step) bool { return st.Name == name })
	return &s.run.Steps[i]
}

// end marks what is left as skipped when the run ends.
func (s *state) end(status string) {
	s.run.Status, s.run.Waiting, s.run.Reviews = status, false, progress.Reviews{}
	for i := range s.run.Steps {
		if st := &s.run.Steps[i]; st.Status == progress.Waiting {
			st.Status = progress.Skipped
		}
	}
}
