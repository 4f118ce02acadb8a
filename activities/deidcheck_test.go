package activities

import (
	"strings"
	"testing"

	"adapt/activities/api"
	"adapt/artifact"
	"adapt/config"
	"adapt/domains"
	"adapt/eval"
	"adapt/ingest"
	"adapt/label"
	"adapt/prompt"
	"adapt/registry"
)

// planted is an identifier that de-identification has missed.
const planted = "Call 312-555-8844 at once."

// TestPlantedLeaksStopTheRun plants an identifier wherever the check looks.
func TestPlantedLeaksStopTheRun(t *testing.T) {
	a := open(t)
	c := config.Default("medical")
	folder := t.TempDir()
	doc := &ingest.Document{ID: "d1", Key: "roe-jane", Text: "FINDINGS: Clear lungs. Seen by Dr. [NAME]."}
	documents, err := a.putDocuments([]*ingest.Document{doc})
	if err != nil {
		t.Fatal(err)
	}
	model := artifact.Ref{Kind: artifact.KindModel, SHA256: strings.Repeat("a", 64), Size: 1}
	example := func(in, out string) []label.Example {
		return []label.Example{{DocID: "d1", Turns: []prompt.Turn{{Input: in, Output: out}}}}
	}
	clean := "Clear lungs. Seen by Dr. [NAME]."

	tests := []struct {
		name, where string
		check       func(s setting, text string) error
	}{
		{"an example's question", "turn 1 of example 1", func(s setting, text string) error {
			return checkLabeled(t, a, s, documents, label.Labeled{DocID: "d1", Examples: example(text, clean)})
		}},
		{"an example's answer", "the answer of turn 1", func(s setting, text string) error {
			return checkLabeled(t, a, s, documents, label.Labeled{DocID: "d1", Examples: example(clean, text)})
		}},
		{"a reference", "the reference", func(s setting, text string) error {
			return checkLabeled(t, a, s, documents, label.Labeled{DocID: "d1", Truth: label.Truth{Reference: text}})
		}},
		{"a written answer", "the answer", func(s setting, text string) error {
			return checkAnswered(t, a, s, documents, model, domains.Answer{DocID: "d1", Text: text})
		}},
		{"an item of an answer", "item 1", func(s setting, text string) error {
			return checkAnswered(t, a, s, documents, model, domains.Answer{DocID: "d1", Items: []domains.Item{{Text: text}}})
		}},
		{"a report's reference", "the reference in the report", func(s setting, text string) error {
			return checkReported(t, a, s, documents, model, eval.Example{DocID: "d1", Reference: text})
		}},
		{"a report's answer", "the candidate's answer in the report", func(s setting, text string) error {
			return checkReported(t, a, s, documents, model, eval.Example{DocID: "d1", Candidate: text})
		}},
		{"a report's claim", "claim 1", func(s setting, text string) error {
			return checkReported(t, a, s, documents, model, eval.Example{DocID: "d1", Claims: []eval.Claim{{Text: text}}})
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := settingOf(t, a, c, folder)
			if err := tt.check(s, clean); err != nil {
				t.Fatalf("without an identifier: %v", err)
			}
			err := tt.check(s, planted)
			if err == nil {
				t.Fatal("the planted identifier was not found")
			}
			for _, want := range []string{"phone", tt.where, "document d1", "byte 5", "ingest.deid.on_leak"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "8844") || strings.Contains(err.Error(), "roe") {
				t.Errorf("the error tells too much: %v", err)
			}
			warned, off := c, c
			warned.Ingest.Deid.OnLeak, off.Ingest.Deidentify = config.LeakWarn, false
			for _, other := range []config.Config{warned, off} {
				if err := tt.check(settingOf(t, a, other, folder), planted); err != nil {
					t.Errorf("on_leak %s, deidentify %v: %v", other.Ingest.Deid.OnLeak, other.Ingest.Deidentify, err)
				}
			}
		})
	}
}

func settingOf(t *testing.T, a *Activities, c config.Config, folder string) setting {
	t.Helper()
	s, err := a.setting(job(t, a, c, folder))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func checkLabeled(t *testing.T, a *Activities, s setting, documents artifact.Ref, l label.Labeled) error {
	t.Helper()
	ref, err := artifact.PutLines(a.store(), artifact.KindExamples, []label.Labeled{l})
	if err != nil {
		t.Fatal(err)
	}
	return a.checkExamples(s, documents, ref)
}

func checkAnswered(t *testing.T, a *Activities, s setting, documents, model artifact.Ref, ans domains.Answer) error {
	t.Helper()
	ref, err := artifact.PutLines(a.store(), artifact.KindAnswers, []domains.Answer{ans})
	if err != nil {
		t.Fatal(err)
	}
	in := api.AnswerInput{Job: api.Job{Domain: "medical"}, Model: model, Documents: documents}
	return a.checkAnswers(t.Context(), s, in, ref)
}

func checkReported(t *testing.T, a *Activities, s setting, documents, model artifact.Ref, w eval.Example) error {
	t.Helper()
	e := &evidence{
		in:      api.ScoreInput{Job: api.Job{Domain: "medical"}, Documents: documents},
		setting: s, candidate: &contender{Contender: api.Contender{Model: model}}, champion: &contender{Contender: api.Contender{Model: model}},
	}
	return a.checkReport(t.Context(), e, &eval.Report{Worst: []eval.Example{w}})
}

// TestWhatAReportSaysOfLeaks reads the notes of reports.
func TestWhatAReportSaysOfLeaks(t *testing.T) {
	a := open(t)
	documents, err := a.putDocuments([]*ingest.Document{{ID: "d1", Text: "Clear lungs."}})
	if err != nil {
		t.Fatal(err)
	}
	labeled := []label.Labeled{{DocID: "d1", Truth: label.Truth{Reference: planted}}}
	note := func(change func(*config.Config)) string {
		c := config.Default("medical")
		change(&c)
		e := &evidence{
			in:      api.ScoreInput{Job: api.Job{Domain: "medical"}, Documents: documents},
			setting: settingOf(t, a, c, t.TempDir()), labeled: labeled, candidate: &contender{}, champion: &contender{},
		}
		r := eval.Report{}
		if err := a.checkReport(t.Context(), e, &r); err != nil {
			t.Fatal(err)
		}
		return strings.Join(r.Notes, " ")
	}
	if got := note(func(c *config.Config) { c.Ingest.Deidentify = false }); !strings.Contains(got, "turned off") {
		t.Errorf("turned off: %q", got)
	}
	if got := note(func(c *config.Config) { c.Ingest.Deid.OnLeak = config.LeakWarn }); !strings.Contains(got, "1 documents (phone 1)") {
		t.Errorf("warned: %q", got)
	}
}

// TestWhoMayKnowNames has a model that was brought in name somebody, and one
// that was trained.
func TestWhoMayKnowNames(t *testing.T) {
	a := open(t)
	documents, err := a.putDocuments([]*ingest.Document{{ID: "d1", Text: "Clear lungs."}})
	if err != nil {
		t.Fatal(err)
	}
	s := settingOf(t, a, config.Default("medical"), t.TempDir())
	ref, err := a.store().PutTree(artifact.KindModel, artifact.Tree{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Registry.AddModel(t.Context(), registry.Model{Ref: ref, Domain: "medical", Kind: registry.KindBase, RunID: "medical-1"}); err != nil {
		t.Fatal(err)
	}
	ans := domains.Answer{DocID: "d1", Text: "As Dr. Hartwell said."}
	if err := checkAnswered(t, a, s, documents, ref, ans); err != nil {
		t.Errorf("a base model: %v", err)
	}
	if err := checkAnswered(t, a, s, documents, artifact.Ref{Kind: artifact.KindModel, SHA256: strings.Repeat("b", 64), Size: 1}, ans); err == nil {
		t.Error("a trained model may name people")
	}
}
