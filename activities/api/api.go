// Package api is what workflows and activities say to each other: the names of
// the activities, what goes in and what comes out. It imports nothing heavy, so
// that workflow code stays small and fast to test.
//
// All that is here enters workflow histories. It holds references and counts;
// no text of a document, no file name, no path. The only names of persons are
// those of who started a run and who decided on it.
package api

import (
	"time"

	"adapt/artifact"
)

// The task queues. A machine has one slot on TrainQueue.
const (
	Queue      = "adapt"
	TrainQueue = "adapt-train"
)

// The names of the activities.
const (
	Plan        = "plan"         // PlanInput → PlanResult
	Begin       = "begin"        // BeginInput → BeginResult
	Scan        = "scan"         // Job → ScanResult
	Read        = "read"         // ReadInput → ReadResult
	Gather      = "gather"       // GatherInput → Ingested
	CheckLeaks  = "check-leaks"  // CheckInput → Checked
	LabelAll    = "label"        // DocumentsInput → Labeled
	AskReview   = "ask-review"   // ReviewInput → Asked; the run then waits for people
	EndReview   = "end-review"   // Job → Reviewed; the run waits no longer
	CountReview = "count-review" // Job → Reviewed
	SplitUp     = "split"        // SplitInput → Split
	Train       = "train"        // TrainInput → Trained
	Answer      = "answer"       // AnswerInput → Answers
	Forgetting  = "forgetting"   // ForgettingInput → Forgotten
	Score       = "score"        // ScoreInput → Scored
	Wait        = "wait"         // Job → nothing; marks the run as waiting for a person
	Decide      = "decide"       // DecideInput → nothing
	Promote     = "promote"      // PromoteInput → nothing
	Finish      = "finish"       // FinishInput → nothing
)

// The types of errors that activities fail with. Trying again does not help
// against the first two.
const (
	BadInput = "BadInput" // what the user gave; the text says what to change
	Conflict = "Conflict" // somebody changed the champion meanwhile
	Stopped  = "Stopped"  // the worker was shut down; another attempt goes on
)

// The parts of the data set, as package label spells them.
const (
	Dev  = "dev"
	Test = "test"
)

// A Job is what every activity of a run needs to know.
type Job struct {
	RunID  string       `json:"run_id"`
	Domain string       `json:"domain"`
	Config artifact.Ref `json:"config"` // a config.Config as JSON
	Source artifact.Ref `json:"source"` // a Source as JSON
}

// A Source says where the documents are. It is an artifact of its own so that
// the path, which may name people or clients, stays out of histories.
type Source struct {
	Folder string `json:"folder"` // absolute
}

// PlanInput asks whether a folder holds documents that no run has seen.
type PlanInput struct {
	Domain string       `json:"domain"`
	Config artifact.Ref `json:"config"`
	Source artifact.Ref `json:"source"`
}

// PlanResult is the answer to PlanInput.
type PlanResult struct {
	New   int    `json:"new"`    // files with unseen content
	RunID string `json:"run_id"` // for the next run
	// Running says that RunID is a run that has not ended.
	Running bool `json:"running,omitempty"`
}

// BeginInput begins a run: everything that can be wrong with what the user
// gave is checked here, before any work.
type BeginInput struct {
	Job
	StartedBy string `json:"started_by"`
	Trigger   string `json:"trigger"`
}

// BeginResult is what a run starts from.
type BeginResult struct {
	Base     artifact.Ref `json:"base"`     // the model that is fine-tuned
	Champion artifact.Ref `json:"champion"` // the model that is live
	Approval Approval     `json:"approval"`
	Review   Review       `json:"review,omitzero"`
	Parallel int          `json:"parallel"` // batches that are read at a time
}

// Approval is config.Approval, as far as the workflow decides by it.
type Approval struct {
	Required  bool          `json:"required"`
	AllowSelf bool          `json:"allow_self"`
	Deadline  time.Duration `json:"deadline"`
}

// Review is config.Review, as far as the workflow decides by it.
type Review struct {
	Count    int           `json:"count"` // labels to wait for; 0: none
	Deadline time.Duration `json:"deadline"`
	Stop     bool          `json:"stop,omitempty"` // end the run at the deadline
}

// ScanResult lists the files of a folder, cut into batches.
type ScanResult struct {
	Manifest artifact.Ref `json:"manifest"`
	Files    int          `json:"files"`
	Batches  int          `json:"batches"`
}

// ReadInput reads one batch of a manifest.
type ReadInput struct {
	Job
	Manifest artifact.Ref `json:"manifest"`
	Batch    int          `json:"batch"` // from 0
}

// ReadResult counts what a batch gave. What it gave is remembered in the
// registry, so that a history does not grow with the folder.
type ReadResult struct {
	Documents   int `json:"documents"`
	Quarantined int `json:"quarantined"`
}

// GatherInput joins the batches of a manifest.
type GatherInput struct {
	Job
	Manifest artifact.Ref `json:"manifest"`
}

// Ingested is what a folder gave.
type Ingested struct {
	Manifest    artifact.Ref  `json:"manifest"`
	Documents   artifact.Ref  `json:"documents"`  // de-identified
	Index       artifact.Ref  `json:"index"`      // what is known of each document, without text
	Quarantine  artifact.Ref  `json:"quarantine"` // a list of what was put aside, with file names
	Files       int           `json:"files"`
	Count       int           `json:"count"` // documents
	Duplicates  int           `json:"duplicates"`
	Quarantined int           `json:"quarantined"`
	Reasons     []ReasonCount `json:"reasons,omitempty"` // by reason
}

// A ReasonCount counts files that were put aside for one reason.
type ReasonCount struct {
	Reason string `json:"reason"`
	Count  int    `json:"count"`
}

// DocumentsInput does something with documents.
type DocumentsInput struct {
	Job
	Base      artifact.Ref `json:"base"` // whose tokenizer counts
	Documents artifact.Ref `json:"documents"`
}

// CheckInput looks for identifiers that reading left in documents.
type CheckInput struct {
	Job
	Index artifact.Ref `json:"index"`
}

// Checked counts what reading removed, and what it left where the configuration
// says that a run goes on all the same.
type Checked struct {
	Removed int `json:"removed"`
	Leaking int `json:"leaking,omitempty"` // documents
}

// Labeled is the truth and the examples of documents.
type Labeled struct {
	Labeled  artifact.Ref `json:"labeled"` // JSON lines of label.Labeled
	Usable   int          `json:"usable"`  // documents with a truth
	Skipped  int          `json:"skipped"` // documents that say nothing to the domain
	Gold     int          `json:"gold"`    // documents that a person annotated
	Examples int          `json:"examples"`
	// Votes is a label.Weighed: how labeling functions voted and what the label
	// model made of it; zero for a domain without them.
	Votes artifact.Ref `json:"votes,omitzero"`
	// Suggested is Labeled without people's answers; zero where there are none.
	Suggested artifact.Ref `json:"suggested,omitzero"`
	Reviewed  int          `json:"reviewed,omitempty"` // labels that people decided on
	Agreement artifact.Ref `json:"agreement,omitzero"` // a label.Agreement as JSON; zero where no two people answered
	Teacher   *Taught      `json:"teacher,omitempty"`
}

// Suggestions are the labels that no person has touched.
func (l Labeled) Suggestions() artifact.Ref {
	if l.Suggested.IsZero() {
		return l.Labeled
	}
	return l.Suggested
}

// Taught counts what a teacher proposed.
type Taught struct {
	Documents int           `json:"documents"` // that it was asked about
	Proposed  int           `json:"proposed"`
	Kept      int           `json:"kept"`              // that the documents support
	Dropped   []ReasonCount `json:"dropped,omitempty"` // by reason
}

// ReviewInput asks people about labels.
type ReviewInput struct {
	Job
	Documents artifact.Ref `json:"documents"`
	Labeled   artifact.Ref `json:"labeled"` // suggestions
	Deadline  time.Time    `json:"deadline"`
}

// Asked is what people are asked.
type Asked struct {
	// Wanted is how many labels are waited for: what the configuration says, or
	// all there are.
	Wanted   int `json:"wanted"`
	Reviewed int `json:"reviewed"` // of them decided already, in earlier runs
}

// Reviewed is how far people are.
type Reviewed struct {
	Reviewed int `json:"reviewed"` // labels that are decided
	Disputed int `json:"disputed"` // that two people decided otherwise, and nobody settled
}

// SplitInput divides labeled documents.
type SplitInput struct {
	Job
	Documents artifact.Ref `json:"documents"`
	Labeled   artifact.Ref `json:"labeled"`
	Agreement artifact.Ref `json:"agreement,omitzero"`
}

// Split is a data set.
type Split struct {
	Dataset       artifact.Ref `json:"dataset"` // a label.Dataset
	Train         int          `json:"train"`   // documents
	Dev           int          `json:"dev"`
	Test          int          `json:"test"`
	TrainExamples int          `json:"train_examples"`
	DevExamples   int          `json:"dev_examples"`
}

// TrainInput fine-tunes a model.
type TrainInput struct {
	Job
	Base      artifact.Ref `json:"base"`
	Labeled   artifact.Ref `json:"labeled"`
	Dataset   artifact.Ref `json:"dataset"`
	Documents artifact.Ref `json:"documents,omitzero"`
}

// Trained is a fine-tuned model.
type Trained struct {
	Model     artifact.Ref `json:"model"` // weights and tokenizer, without settings
	Steps     int          `json:"steps"`
	Tokens    int64        `json:"tokens"`
	TrainLoss float64      `json:"train_loss"` // nats a token, of the last steps
	DevLoss   float64      `json:"dev_loss"`   // of the kept weights
	BaseLoss  float64      `json:"base_loss"`  // dev loss before the first step
	Best      int          `json:"best"`       // the step of the kept weights
	Stopped   bool         `json:"stopped"`    // early
	Curve     artifact.Ref `json:"curve,omitzero"`
}

// AnswerInput has a model read one part of the data set.
type AnswerInput struct {
	Job
	Model     artifact.Ref `json:"model"`
	Documents artifact.Ref `json:"documents"`
	Dataset   artifact.Ref `json:"dataset"`
	Split     string       `json:"split"`
	Part      string       `json:"part"` // for people: "candidate, dev"
}

// Answers are a model's answers to a part of the data set.
type Answers struct {
	Answers   artifact.Ref `json:"answers"` // JSON lines of domains.Answer
	Documents int          `json:"documents"`
}

// ForgettingInput measures a model on general text.
type ForgettingInput struct {
	Job
	Model artifact.Ref `json:"model"`
}

// Forgotten is what a model makes of general text.
type Forgotten struct {
	Losses artifact.Ref `json:"losses"` // JSON lines of eval.LogLoss
	Tokens int          `json:"tokens"`
}

// A Contender is a model with all that it answered.
type Contender struct {
	Model   artifact.Ref `json:"model"`
	Dev     artifact.Ref `json:"dev"`
	Test    artifact.Ref `json:"test"`
	General artifact.Ref `json:"general"`
}

// ScoreInput measures contenders and judges the candidate.
type ScoreInput struct {
	Job
	Ingested  Ingested     `json:"ingested"`
	Removed   int          `json:"removed"`
	Documents artifact.Ref `json:"documents"`
	Labeled   Labeled      `json:"labeled"`
	Split     Split        `json:"split"`
	Trained   Trained      `json:"trained"`
	// Candidate, Champion and Base may name the same models.
	Candidate Contender `json:"candidate"`
	Champion  Contender `json:"champion"`
	Base      Contender `json:"base"`
}

// Scored is the evidence.
type Scored struct {
	// Candidate is the trained model with the settings that were chosen for it
	// on the dev part.
	Candidate artifact.Ref `json:"candidate"`
	Report    artifact.Ref `json:"report"`
	Verdict   string       `json:"verdict"` // an eval.Status
	Reasons   []string     `json:"reasons"`
	Figures   []Figure     `json:"figures"`
}

// A Figure compares one metric on the test part.
type Figure struct {
	Metric    string   `json:"metric"`
	Title     string   `json:"title"`
	Unit      string   `json:"unit"`
	Candidate *float64 `json:"candidate"` // nil: not defined
	Champion  *float64 `json:"champion"`
}

// DecideInput records what a person, or the deadline, decided.
type DecideInput struct {
	Job
	Approve bool   `json:"approve"`
	By      string `json:"by"`
	Reason  string `json:"reason"`
}

// PromoteInput makes a candidate the champion.
type PromoteInput struct {
	Job
	Candidate artifact.Ref `json:"candidate"`
	Previous  artifact.Ref `json:"previous"` // the champion that it was compared with
	Documents artifact.Ref `json:"documents"`
	Dataset   artifact.Ref `json:"dataset"`
	Answers   artifact.Ref `json:"answers"` // the candidate's on the dev part
	Kind      string       `json:"kind"`    // a registry promotion kind
	By        string       `json:"by"`
	Reason    string       `json:"reason"`
}

// FinishInput ends a run.
type FinishInput struct {
	Job
	Summary Summary `json:"summary"`
}

// A Summary is what a run came to. Fields are zero where the run did not get
// that far.
type Summary struct {
	RunID     string       `json:"run_id"`
	Domain    string       `json:"domain"`
	Status    string       `json:"status"`            // a final registry.Status
	Reasons   []string     `json:"reasons,omitempty"` // why, one sentence each
	Error     string       `json:"error,omitempty"`
	Base      artifact.Ref `json:"base,omitzero"`
	Champion  artifact.Ref `json:"champion,omitzero"`  // when the run began
	Candidate artifact.Ref `json:"candidate,omitzero"` // when it was evaluated
	Report    artifact.Ref `json:"report,omitzero"`
	Verdict   string       `json:"verdict,omitempty"`
	Figures   []Figure     `json:"figures,omitempty"`
	Ingested  Ingested     `json:"ingested,omitzero"`
	Documents artifact.Ref `json:"documents,omitzero"` // de-identified
	Labeled   Labeled      `json:"labeled,omitzero"`
	Split     Split        `json:"split,omitzero"`
	Trained   Trained      `json:"trained,omitzero"`
	DecidedBy string       `json:"decided_by,omitempty"`
}
