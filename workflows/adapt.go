package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"adapt/activities/api"
	"adapt/artifact"
)

// AdaptInput starts an Adapt. Its RunID is the workflow's ID.
type AdaptInput struct {
	api.Job
	StartedBy string `json:"started_by"`
	Trigger   string `json:"trigger"` // a registry trigger
}

// Adapt turns a folder of documents into a better model, or says why not.
//
// It answers the query progress.Query with a progress.Run and takes a
// progress.Decision by the update progress.Update while it waits for one.
// Whatever happens, the run is finished in the registry with one of its final
// states, and either the candidate is the champion or nothing has changed.
func Adapt(ctx workflow.Context, in AdaptInput) (api.Summary, error) {
	r := &adaptation{
		state: newState(in),
		in:    in,
		sum:   api.Summary{RunID: in.RunID, Domain: in.Domain},
	}
	if err := r.answer(ctx); err != nil {
		return api.Summary{}, err
	}
	err := r.run(ctx)
	return r.finish(ctx, err)
}

// adaptation is one run of Adapt.
type adaptation struct {
	*state
	in  AdaptInput
	sum api.Summary
}

func (r *adaptation) run(ctx workflow.Context) error {
	begun, err := do[api.BeginResult](short(ctx), api.Begin, api.BeginInput{Job: r.in.Job, StartedBy: r.in.StartedBy, Trigger: r.in.Trigger})
	if err != nil {
		return err
	}
	r.approval, r.reviews.asked = begun.Approval, begun.Review
	r.sum.Base, r.sum.Champion = begun.Base, begun.Champion

	if err := r.prepare(ctx, begun); err != nil {
		return err
	}
	if err := r.train(ctx); err != nil {
		return err
	}
	candidate, err := r.evaluate(ctx)
	if err != nil {
		return err
	}
	if err := r.gate(); err != nil {
		return err
	}
	promotion := r.promotion(candidate)
	if err := r.approve(ctx, &promotion); err != nil {
		return err
	}
	return r.promote(ctx, promotion)
}

// prepare makes a data set out of the folder.
func (r *adaptation) prepare(ctx workflow.Context, begun api.BeginResult) error {
	err := r.step(StepIngest, func() (string, error) {
		child := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{WorkflowID: r.in.RunID + "/ingest", WaitForCancellation: true})
		err := workflow.ExecuteChildWorkflow(child, Ingest, IngestInput{Job: r.in.Job, Parallel: begun.Parallel}).Get(ctx, &r.sum.Ingested)
		i := r.sum.Ingested
		r.sum.Documents = i.Documents
		return fmt.Sprintf("%d documents, %d quarantined, %d duplicates", i.Count, i.Quarantined, i.Duplicates), err
	})
	if err != nil {
		return err
	}
	docs := api.DocumentsInput{Job: r.in.Job, Base: begun.Base, Documents: r.sum.Ingested.Documents}
	// Identifiers are removed when a file is read, before anything is stored:
	// here it is looked whether any is left.
	err = r.step(StepDeidentify, func() (string, error) {
		c, err := do[api.Checked](short(ctx), api.CheckLeaks, api.CheckInput{Job: r.in.Job, Index: r.sum.Ingested.Index})
		detail := fmt.Sprintf("%d identifiers removed", c.Removed)
		if c.Leaking > 0 {
			detail += fmt.Sprintf("; %d documents still hold some", c.Leaking)
		}
		return detail, err
	})
	if err != nil {
		return err
	}
	err = r.step(StepLabel, func() (string, error) { return r.label(ctx, docs) })
	if err != nil {
		return err
	}
	if err := r.review(ctx, docs); err != nil {
		return err
	}
	return r.step(StepSplit, func() (_ string, err error) {
		r.sum.Split, err = do[api.Split](short(ctx), api.SplitUp, api.SplitInput{Job: r.in.Job, Documents: docs.Documents, Labeled: r.sum.Labeled.Labeled, Agreement: r.sum.Labeled.Agreement})
		s := r.sum.Split
		return fmt.Sprintf("%d train, %d dev, %d test", s.Train, s.Dev, s.Test), err
	})
}

// label labels the documents, with what people have answered by now.
func (r *adaptation) label(ctx workflow.Context, docs api.DocumentsInput) (_ string, err error) {
	r.sum.Labeled, err = do[api.Labeled](long(ctx), api.LabelAll, docs)
	l := r.sum.Labeled
	detail := fmt.Sprintf("%d examples from %d documents, %d annotated by people", l.Examples, l.Usable, l.Gold)
	if l.Reviewed > 0 {
		detail += fmt.Sprintf(", %d labels reviewed", l.Reviewed)
	}
	if t := l.Teacher; t != nil {
		detail += fmt.Sprintf("; the teacher proposed %d labels, %d are supported", t.Proposed, t.Kept)
	}
	return detail, err
}

func (r *adaptation) train(ctx workflow.Context) error {
	return r.step(StepTrain, func() (string, error) {
		r.note(StepTrain, "waiting for a training machine")
		child := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{WorkflowID: r.in.RunID + "/train", TaskQueue: api.TrainQueue, WaitForCancellation: true})
		err := workflow.ExecuteChildWorkflow(child, Train, api.TrainInput{
			Job: r.in.Job, Base: r.sum.Base, Labeled: r.sum.Labeled.Labeled, Dataset: r.sum.Split.Dataset,
			Documents: r.sum.Documents,
		}).Get(ctx, &r.sum.Trained)
		t := r.sum.Trained
		return fmt.Sprintf("%d steps, dev loss %.3f (base %.3f)", t.Steps, t.DevLoss, t.BaseLoss), err
	})
}

// evaluate has candidate, champion and base read the dev and the test part and
// returns what the candidate answered.
func (r *adaptation) evaluate(ctx workflow.Context) (api.Contender, error) {
	var scored api.Scored
	in := api.ScoreInput{
		Job: r.in.Job, Ingested: r.sum.Ingested, Documents: r.sum.Documents,
		Labeled: r.sum.Labeled, Split: r.sum.Split, Trained: r.sum.Trained,
	}
	err := r.step(StepEvaluate, func() (_ string, err error) {
		roles := []struct {
			name  string
			model artifact.Ref
			to    *api.Contender
		}{
			{"candidate", r.sum.Trained.Model, &in.Candidate},
			{"champion", r.sum.Champion, &in.Champion},
			{"base", r.sum.Base, &in.Base},
		}
		for _, role := range roles {
			// A model in two roles is asked once: activities remember.
			if *role.to, err = r.contend(ctx, role.name, role.model); err != nil {
				return "", err
			}
		}
		r.note(StepEvaluate, "scoring")
		scored, err = do[api.Scored](long(ctx), api.Score, in)
		return fmt.Sprintf("%d models on %d dev and %d test documents", distinct(in), r.sum.Split.Dev, r.sum.Split.Test), err
	})
	if err != nil {
		return api.Contender{}, err
	}
	r.sum.Candidate, r.sum.Report, r.sum.Verdict = scored.Candidate, scored.Report, scored.Verdict
	r.sum.Figures, r.sum.Reasons = scored.Figures, scored.Reasons
	r.state.run.Candidate, r.state.run.Report = scored.Candidate, scored.Report
	r.state.run.Verdict, r.state.run.Reasons = scored.Verdict, scored.Reasons
	return in.Candidate, nil
}

// distinct counts the models of an evaluation: on a first run the champion is
// the base.
func distinct(in api.ScoreInput) int {
	n := 1
	if in.Champion.Model != in.Candidate.Model {
		n++
	}
	if in.Base.Model != in.Candidate.Model && in.Base.Model != in.Champion.Model {
		n++
	}
	return n
}

// contend has one model answer.
func (r *adaptation) contend(ctx workflow.Context, role string, model artifact.Ref) (api.Contender, error) {
	c := api.Contender{Model: model}
	for _, part := range []struct {
		split string
		to    *artifact.Ref
	}{{api.Dev, &c.Dev}, {api.Test, &c.Test}} {
		r.note(StepEvaluate, role+" on the "+part.split+" documents")
		a, err := do[api.Answers](long(ctx), api.Answer, api.AnswerInput{
			Job: r.in.Job, Model: model, Documents: r.sum.Documents, Dataset: r.sum.Split.Dataset,
			Split: part.split, Part: role,
		})
		if err != nil {
			return c, err
		}
		*part.to = a.Answers
	}
	r.note(StepEvaluate, role+" on general text")
	f, err := do[api.Forgotten](long(ctx), api.Forgetting, api.ForgettingInput{Job: r.in.Job, Model: model})
	c.General = f.Losses
	return c, err
}

// gate ends the run unless the candidate may be promoted.
func (r *adaptation) gate() error {
	if r.sum.Candidate == r.sum.Champion {
		r.skip("the candidate is the champion", StepGate)
		r.sum.Status = statusUnchanged
		r.sum.Reasons = []string{"the same documents, configuration and base give the model that is live already"}
		return errEnded
	}
	return r.step(StepGate, func() (string, error) {
		if r.sum.Verdict == verdictPass {
			return r.sum.Verdict, nil
		}
		r.sum.Status = statusRejected
		return r.sum.Verdict, errEnded
	})
}
