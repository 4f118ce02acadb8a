package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"adapt/artifact"
	"adapt/progress"
	"adapt/registry"
)

// maxRuns is how many runs the list shows.
const maxRuns = 200

// askTime bounds one question to the workflows.
const askTime = 10 * time.Second

type runsView struct {
	base
	Waiting []registry.Run  // for a person
	Runs    []registry.Run  // all, newest first
	Domain  string          // the filter
	Cut     bool            // there are more
	Reviews map[string]bool // the waiting ones that wait for reviews of labels
}

func (s *site) showRuns(w http.ResponseWriter, r *http.Request) error {
	domain := r.URL.Query().Get("domain")
	runs, err := s.reg.ListRuns(r.Context(), registry.RunFilter{Domain: domain, Limit: maxRuns + 1})
	if err != nil {
		return err
	}
	waiting, err := s.reg.ListRuns(r.Context(), registry.RunFilter{Domain: domain, Status: registry.StatusWaiting})
	if err != nil {
		return err
	}
	view := runsView{base: s.base("Runs", "runs", r), Waiting: waiting, Runs: runs, Domain: domain, Reviews: map[string]bool{}}
	open, err := s.reg.OpenReviews(r.Context())
	if err != nil {
		return err
	}
	for _, rev := range open {
		view.Reviews[rev.RunID] = true
	}
	if len(runs) > maxRuns {
		view.Runs, view.Cut = runs[:maxRuns], true
	}
	return s.render(w, http.StatusOK, "runs.html", view)
}

// A runView is a run as its page shows it.
type runView struct {
	base
	Run       registry.Run
	Steps     []progress.Step
	Verdict   string
	Reasons   []string
	Report    artifact.Ref
	Model     string // the candidate's name, when it was added
	Waiting   bool
	Reviews   progress.Reviews // that the run waits for
	Reviewed  bool             // people were asked about its labels
	Deadline  time.Time
	Error     string
	Decisions []registry.Decision
	Summary   json.RawMessage // when it is not a progress.Run
	Form      decisionForm
	Sent      bool   // the person has just decided
	Trouble   string // why the page may be behind the run
	Regions   map[string]region
}

// Final reports whether the run has ended.
func (v runView) Final() bool { return v.Run.Status.Final() }

// Current returns the step that is being done.
func (v runView) Current() string {
	for _, st := range v.Steps {
		if st.Status == progress.Running {
			return st.Name
		}
	}
	return ""
}

// noProgress is shown when the workflow does not answer.
const noProgress = "The workflow does not answer, so this page may be behind. Is adapt running, with a worker? The page tries again by itself."

func (s *site) showRun(w http.ResponseWriter, r *http.Request) error {
	view, err := s.runView(r, r.PathValue("id"))
	if err != nil {
		return err
	}
	view.Sent = r.URL.Query().Has("sent")
	return s.renderRun(w, http.StatusOK, view)
}

// renderRun writes a run's page with its regions.
func (s *site) renderRun(w http.ResponseWriter, status int, view runView) error {
	regions, err := s.regions(view)
	if err != nil {
		return err
	}
	view.Regions = map[string]region{}
	for _, re := range regions {
		view.Regions[re.ID] = re
	}
	return s.render(w, status, "run.html", view)
}

// runView gathers what is known of a run: from the workflow, and from the
// registry what the workflow does not tell (any more). Either alone will do.
func (s *site) runView(r *http.Request, id string) (runView, error) {
	ctx := r.Context()
	run, regErr := s.reg.GetRun(ctx, id)
	if regErr != nil && !errors.Is(regErr, registry.ErrNotFound) {
		return runView{}, regErr
	}
	view := runView{base: s.base("Run "+id, "runs", r), Run: run}
	p, askErr := s.ask(ctx, id)
	if askErr != nil && regErr != nil {
		return runView{}, regErr
	}
	if askErr != nil {
		p = lastProgress(run)
		if !run.Status.Final() {
			view.Trouble = noProgress
		}
		s.log.Debug("web: a run does not answer", "run", id, "error", askErr)
	}
	view.take(p)
	if view.Report.IsZero() {
		view.Report = run.Report()
	}
	if len(view.Steps) == 0 {
		view.Summary = run.Summary
	}
	_, err := s.reg.GetReview(ctx, id)
	if err != nil && !errors.Is(err, registry.ErrNotFound) {
		return runView{}, err
	}
	view.Reviewed = err == nil
	if view.Decisions, err = s.reg.Decisions(ctx, id); err != nil {
		return runView{}, err
	}
	view.Model, err = s.candidateOf(ctx, view.Run.Domain, p.Candidate)
	return view, err
}

// take fills the view with what the workflow said.
func (v *runView) take(p progress.Run) {
	v.Steps, v.Verdict, v.Reasons, v.Report = p.Steps, p.Verdict, p.Reasons, p.Report
	v.Waiting, v.Deadline, v.Reviews, v.Error = p.Waiting, p.Deadline, p.Reviews, p.Error
	if p.RunID == "" {
		return
	}
	v.Run.ID, v.Run.Domain = p.RunID, p.Domain
	// An end that the registry has is the truth, and so is a run that the
	// registry has not heard of yet.
	if !v.Run.Status.Final() || v.Run.Status == "" {
		v.Run.Status = registry.Status(p.Status)
	}
	if v.Run.StartedBy == "" {
		v.Run.StartedBy = p.StartedBy
	}
	v.Waiting = v.Waiting && !v.Run.Status.Final()
	if v.Run.Status.Final() {
		v.Reviews = progress.Reviews{}
	}
}

// ask asks the workflow how far it is.
func (s *site) ask(ctx context.Context, id string) (progress.Run, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	return s.runs.Progress(ctx, id)
}

// lastProgress reads the progress that a run ended with, when its summary is
// that.
func lastProgress(run registry.Run) progress.Run {
	var p progress.Run
	if json.Unmarshal(run.Summary, &p) != nil || p.RunID != run.ID {
		return progress.Run{}
	}
	return p
}

// candidateOf names the model with this reference, if it has been added.
func (s *site) candidateOf(ctx context.Context, domain string, ref artifact.Ref) (string, error) {
	if ref.IsZero() {
		return "", nil
	}
	m, err := s.reg.GetModel(ctx, domain, ref.SHA256)
	if errors.Is(err, registry.ErrNotFound) {
		return "", nil
	}
	return m.Name, err
}
