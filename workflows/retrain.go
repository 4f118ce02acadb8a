package workflows

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"adapt/activities/api"
	"adapt/artifact"
)

// RetrainInput is what a schedule starts a Retrain with.
type RetrainInput struct {
	Domain    string       `json:"domain"`
	Config    artifact.Ref `json:"config"`
	Source    artifact.Ref `json:"source"`
	StartedBy string       `json:"started_by"` // who made the schedule
}

// RetrainResult says what a Retrain did.
type RetrainResult struct {
	Status string `json:"status"` // of the run; "unchanged" when there was nothing new, "running" when a run was under way
	New    int    `json:"new"`    // files that no run had seen
	RunID  string `json:"run_id,omitempty"`
}

// Retrain adapts anew when the folder holds documents that no run has seen.
func Retrain(ctx workflow.Context, in RetrainInput) (RetrainResult, error) {
	plan, err := do[api.PlanResult](short(ctx), api.Plan, api.PlanInput{Domain: in.Domain, Config: in.Config, Source: in.Source})
	if err != nil {
		return RetrainResult{}, err
	}
	switch {
	case plan.New == 0:
		return RetrainResult{Status: statusUnchanged}, nil
	case plan.Running:
		return RetrainResult{Status: statusRunning, New: plan.New, RunID: plan.RunID}, nil
	}
	child := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{WorkflowID: plan.RunID, TaskQueue: api.Queue})
	var sum api.Summary
	err = workflow.ExecuteChildWorkflow(child, Adapt, AdaptInput{
		Job:       api.Job{RunID: plan.RunID, Domain: in.Domain, Config: in.Config, Source: in.Source},
		StartedBy: in.StartedBy,
		Trigger:   triggerSchedule,
	}).Get(ctx, &sum)
	if temporal.IsWorkflowExecutionAlreadyStartedError(err) {
		return RetrainResult{Status: statusRunning, New: plan.New, RunID: plan.RunID}, nil
	}
	if err != nil {
		return RetrainResult{}, err
	}
	return RetrainResult{Status: sum.Status, New: plan.New, RunID: plan.RunID}, nil
}
