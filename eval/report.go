package eval

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// A Report is the evidence for or against promoting a candidate, complete in
// itself. It holds no clock time, so that equal evidence gives equal bytes.
// Parts that are nil or empty are left out of the pages.
type Report struct {
	Title  string `json:"title"` // "legal: contracts of May"
	Domain string `json:"domain"`
	RunID  string `json:"run_id"`

	Verdict   Verdict   `json:"verdict"`
	Candidate ModelInfo `json:"candidate"`
	Champion  ModelInfo `json:"champion"`

	CandidateSummary *Summary       `json:"candidate_summary,omitempty"`
	ChampionSummary  *Summary       `json:"champion_summary,omitempty"`
	BaseSummary      *Summary       `json:"base_summary,omitempty"` // leave nil when the base is the champion
	Baselines        []NamedSummary `json:"baselines,omitempty"`
	// Comparison is candidate minus champion on the same documents.
	Comparison *Comparison `json:"comparison,omitempty"`

	Data     DataInfo     `json:"data"`
	Training TrainingInfo `json:"training"`
	Settings []NameValue  `json:"settings,omitempty"` // tuned on development documents: thresholds
	Lineage  []NameValue  `json:"lineage,omitempty"`  // config, seed, code version, data set
	Worst    []Example    `json:"worst,omitempty"`
	Notes    []string     `json:"notes,omitempty"` // what a reviewer should know before deciding
}

// ModelInfo names a model.
type ModelInfo struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256,omitempty"`
	Kind   string `json:"kind,omitempty"` // "starter", "full fine-tuning", "LoRA r=8"
}

// NameValue is a line of a table in a given order.
type NameValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// NameCount is a counted line of a table in a given order.
type NameCount struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// DataInfo says what became of the documents.
type DataInfo struct {
	Read        int         `json:"read"`        // documents that were read
	Quarantined []NameCount `json:"quarantined"` // by reason
	Duplicates  int         `json:"duplicates"`
	Skipped     []NameCount `json:"skipped,omitempty"` // read but not labeled, by reason
	Examples    int         `json:"examples"`
	// Splits are in the order train, dev, test.
	Splits []SplitInfo `json:"splits,omitempty"`
	Labels []NameCount `json:"labels,omitempty"` // by category
	// Origins counts documents by who gave their truth: "gold", "report", "rules".
	Origins []NameCount `json:"origins,omitempty"`
	// Removed counts identifiers that de-identification removed, by kind.
	Removed []NameCount `json:"removed,omitempty"`
	// Leakage says how the splits were kept apart, and what was found.
	Leakage string `json:"leakage,omitempty"`
}

// SplitInfo is the size of one split.
type SplitInfo struct {
	Name      string `json:"name"`
	Documents int    `json:"documents"`
	Examples  int    `json:"examples"`
}

// TrainingInfo says how the candidate was trained.
type TrainingInfo struct {
	Curve      []CurvePoint `json:"curve,omitempty"` // ascending steps
	Steps      int          `json:"steps"`
	BestStep   int          `json:"best_step"` // whose weights the candidate has
	StopReason string       `json:"stop_reason,omitempty"`
	// Forgetting says what was done against it and what it did.
	Forgetting []NameValue `json:"forgetting,omitempty"`
	// TokensPerSec is measured by a clock: leave it 0 where reports must be
	// reproducible to the byte.
	TokensPerSec float64 `json:"tokens_per_sec,omitempty"`
}

// A CurvePoint is one step of training.
type CurvePoint struct {
	Step    int      `json:"step"`
	Loss    *float64 `json:"loss,omitempty"`     // nats a token, on training examples
	DevLoss *float64 `json:"dev_loss,omitempty"` // nats a token, on development examples
	LR      float64  `json:"lr"`
}

// An Example shows what the models made of one document.
type Example struct {
	DocID     string  `json:"doc_id"`
	Key       string  `json:"key,omitempty"` // what people call the document
	Reference string  `json:"reference"`
	Candidate string  `json:"candidate"`
	Champion  string  `json:"champion,omitempty"`
	Counts    Counts  `json:"counts"` // the candidate's
	Claims    []Claim `json:"claims,omitempty"`
	// ChampionClaims are shown beside, so that inventions that both models
	// share are seen as such.
	ChampionClaims []Claim `json:"champion_claims,omitempty"`
}

// Worst picks the n documents on which the candidate did worst: most
// unsupported claims first, then most errors, then furthest below the
// champion. key names documents for people and may be nil.
func Worst(candidate, champion []Outcome, n int, key func(docID string) string) []Example {
	beside := map[string]Outcome{}
	for _, o := range champion {
		beside[o.DocID] = o
	}
	ranked := slices.Clone(candidate)
	slices.SortFunc(ranked, func(a, b Outcome) int {
		return cmp.Or(
			cmp.Compare(unsupported(b), unsupported(a)),
			cmp.Compare(mistakes(b), mistakes(a)),
			cmp.Compare(lag(b, beside), lag(a, beside)),
			cmp.Compare(a.DocID, b.DocID))
	})
	var worst []Example
	for _, o := range ranked {
		if len(worst) == n {
			break
		}
		if unsupported(o) == 0 && mistakes(o) == 0 && lag(o, beside) <= 0 {
			continue
		}
		e := Example{DocID: o.DocID, Reference: o.Reference, Candidate: o.Answer,
			Champion: beside[o.DocID].Answer, Claims: o.Claims, ChampionClaims: beside[o.DocID].Claims}
		if key != nil {
			e.Key = key(o.DocID)
		}
		for _, c := range o.Counts {
			e.Counts = e.Counts.Add(c)
		}
		worst = append(worst, e)
	}
	return worst
}

func unsupported(o Outcome) int {
	n := 0
	for _, c := range o.Claims {
		if !c.Supported {
			n++
		}
	}
	return n
}

func mistakes(o Outcome) int {
	n := 0
	for _, c := range o.Counts {
		n += c.FP + c.FN
	}
	return n
}

// lag is how far the outcome's values lie below the champion's, summed.
func lag(o Outcome, champion map[string]Outcome) float64 {
	sum := 0.0
	for _, name := range keys(o.Values) {
		sum += champion[o.DocID].Values[name] - o.Values[name]
	}
	return sum
}

// WriteReport writes report.html, which needs nothing beside itself,
// report.md, for a pull request, and report.json, for programs, into dir,
// which is made when it is missing. Equal reports give equal bytes.
func WriteReport(dir string, r Report) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("eval: making the report's folder: %w", err)
	}
	for _, f := range []struct {
		name   string
		render func(io.Writer, Report) error
	}{{"report.html", RenderHTML}, {"report.md", RenderMarkdown}, {"report.json", RenderJSON}} {
		var buf bytes.Buffer
		if err := f.render(&buf, r); err != nil {
			return err
		}
		// Reports quote documents: they are the owner's alone.
		if err := os.WriteFile(filepath.Join(dir, f.name), buf.Bytes(), 0o600); err != nil {
			return fmt.Errorf("eval: writing %s: %w", f.name, err)
		}
	}
	return nil
}

// ReportSchema is the version of the form of report.json.
const ReportSchema = 1

// RenderJSON writes the report for programs.
func RenderJSON(w io.Writer, r Report) error {
	r.Training = numbersOnly(r.Training)
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	err := e.Encode(struct {
		Schema int `json:"schema"`
		Report
	}{ReportSchema, r})
	if err != nil {
		return fmt.Errorf("eval: writing the report as JSON: %w", err)
	}
	return nil
}

// numbersOnly leaves out the losses of a training that diverged: JSON has no
// infinities.
func numbersOnly(t TrainingInfo) TrainingInfo {
	t.Curve = slices.Clone(t.Curve)
	for i := range t.Curve {
		p := &t.Curve[i]
		for _, loss := range []**float64{&p.Loss, &p.DevLoss} {
			if *loss != nil && !finite(**loss) {
				*loss = nil
			}
		}
		if !finite(p.LR) {
			p.LR = 0
		}
	}
	if !finite(t.TokensPerSec) {
		t.TokensPerSec = 0
	}
	return t
}
