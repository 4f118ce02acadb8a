// Package progress says how far a run is, in the form that a workflow answers
// its progress query with and that the terminal and the review pages show.
//
// Every value here may enter a workflow history: nothing in it may hold
// document text, file names or names of persons other than the reviewer's.
package progress

import (
	"time"

	"adapt/artifact"
)

// The names of the query and the updates by which a run is asked how far it is
// and told a person's decision, or that people have reviewed labels.
const (
	Query  = "progress" // answers a Run
	Update = "decide"   // takes a Decision
	Labels = "labels"   // takes a LabelNews
)

// A State is where one step of a run is.
type State string

// The states of a step.
const (
	Waiting State = "waiting" // not begun
	Running State = "running"
	Done    State = "done"
	Failed  State = "failed"
	Skipped State = "skipped" // not needed: its result exists already, or the run ended before it
)

// A Run is how far one run is.
type Run struct {
	RunID  string `json:"run_id"`
	Domain string `json:"domain"`
	// Status is one of the registry's: running, waiting, promoted, rejected,
	// failed, cancelled, unchanged.
	Status string `json:"status"`
	// StartedBy is the name of the person or schedule that started the run.
	StartedBy string `json:"started_by,omitempty"`
	Steps     []Step `json:"steps"` // in the order in which they are done
	// Verdict is the gate's: "pass", "fail", "insufficient evidence"; empty
	// before the gate.
	Verdict string `json:"verdict,omitempty"`
	// Reasons are the gate's, one sentence for each rule.
	Reasons []string `json:"reasons,omitempty"`
	// Report is the evaluation report's folder; zero before there is one.
	Report artifact.Ref `json:"report,omitzero"`
	// Candidate is the model that the run trained; zero before there is one.
	Candidate artifact.Ref `json:"candidate,omitzero"`
	// Waiting says that the run waits for a person's Decision until Deadline.
	Waiting  bool      `json:"waiting,omitempty"`
	Deadline time.Time `json:"deadline,omitzero"`
	// Reviews says how far people are with the labels that the run waits for;
	// zero when it does not.
	Reviews Reviews `json:"reviews,omitzero"`
	// Error says, when the run failed, what happened and what to do.
	Error string `json:"error,omitempty"`
}

// A Step is one step of a run.
type Step struct {
	Name   string `json:"name"` // "ingest", "train"
	Status State  `json:"status"`
	Detail string `json:"detail,omitempty"` // one line for people: "412 documents, 3 quarantined"
	// Done of Total Units are done, at Rate a second. Total is 0 when it is
	// not known.
	Done  int64   `json:"done,omitempty"`
	Total int64   `json:"total,omitempty"`
	Unit  string  `json:"unit,omitempty"` // "documents", "steps"
	Rate  float64 `json:"rate,omitempty"` // units a second
	ETA   float64 `json:"eta,omitempty"`  // seconds that are left; 0 when not known
}

// Fraction returns how much of the step is done, in [0,1], and whether that
// is known.
func (s Step) Fraction() (f float64, ok bool) {
	switch {
	case s.Status == Done:
		return 1, true
	case s.Total <= 0:
		return 0, false
	}
	return min(1, max(0, float64(s.Done)/float64(s.Total))), true
}

// A Decision is a person's answer to a run that waits for one.
type Decision struct {
	Approve bool   `json:"approve"`
	By      string `json:"by"`     // the person's name; required
	Reason  string `json:"reason"` // required
}

// Reviews says how far people are with a run's labels.
type Reviews struct {
	Wanted   int       `json:"wanted"`   // labels
	Reviewed int       `json:"reviewed"` // of them decided, when the run last heard
	Deadline time.Time `json:"deadline"`
}

// Waiting reports whether the run waits for reviews.
func (r Reviews) Waiting() bool { return r.Wanted > 0 }

// ForPeople reports whether the run waits for people, for whatever.
func (r Run) ForPeople() bool { return r.Waiting || r.Reviews.Waiting() }

// A LabelNews tells a run that people have reviewed labels. The run looks for
// itself before it goes on.
type LabelNews struct {
	Reviewed int `json:"reviewed"` // labels that are decided by now
	// GoOn asks the run to go on with what there is.
	GoOn bool   `json:"go_on,omitempty"`
	By   string `json:"by,omitempty"` // the person's name; required with GoOn
}
