package show

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"adapt/activities/api"
	"adapt/artifact"
	"adapt/progress"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

func run(train progress.Step) progress.Run {
	train.Name = "train"
	return progress.Run{RunID: "legal-1", Domain: "legal", Status: "running", Steps: []progress.Step{
		{Name: "ingest", Status: progress.Done, Detail: "40 documents, 2 quarantined"},
		train,
		{Name: "gate", Status: progress.Waiting},
	}}
}

func TestPlainLines(t *testing.T) {
	var b bytes.Buffer
	v := New(&b, false)
	now := time.Unix(0, 0)
	v.now = func() time.Time { return now }
	for i := range 25 {
		v.Update(run(progress.Step{Status: progress.Running, Done: int64(10 * i), Total: 250, Unit: "steps", Rate: 10, ETA: float64(25 - i), Detail: "loss 2.5"}))
		now = now.Add(time.Second)
	}
	v.Update(run(progress.Step{Status: progress.Done, Detail: "250 steps"}))
	v.Update(run(progress.Step{Status: progress.Done, Detail: "250 steps"}))
	golden(t, "plain.txt", b.Bytes())
}

func TestTheBlockIsDrawnOver(t *testing.T) {
	var b bytes.Buffer
	v := New(&b, true)
	v.Update(run(progress.Step{Status: progress.Running, Done: 1, Total: 4, Unit: "steps", Detail: strings.Repeat("long ", 50)}))
	first := b.String()
	if n := strings.Count(first, "\n"); n != 4 || strings.Contains(first, "\x1b[4A") {
		t.Errorf("the first block is %q", first)
	}
	for _, l := range strings.Split(first, "\n") {
		if n := len([]rune(l)); n > width+10 {
			t.Errorf("a line of %d runes", n)
		}
	}
	b.Reset()
	v.Update(run(progress.Step{Status: progress.Done}))
	if !strings.HasPrefix(b.String(), "\x1b[4A") {
		t.Errorf("the second block is %q", b.String())
	}
}

func TestSummary(t *testing.T) {
	var b bytes.Buffer
	f1, h := 0.7512, 0.021
	ref := func(c string) artifact.Ref {
		return artifact.Ref{Kind: artifact.KindModel, SHA256: strings.Repeat(c, 64)}
	}
	s := api.Summary{
		RunID: "legal-1", Domain: "legal", Status: "promoted", Candidate: ref("a"), Champion: ref("b"), Verdict: "pass",
		Reasons:  []string{"Extraction F1 75.1%, at least 50.0% wanted: passes."},
		Ingested: api.Ingested{Files: 43, Count: 40, Quarantined: 3, Reasons: []api.ReasonCount{{Reason: "encrypted", Count: 2}, {Reason: "no text", Count: 1}}},
		Labeled:  api.Labeled{Usable: 40, Gold: 39, Examples: 312}, Split: api.Split{Train: 26, Dev: 6, Test: 8},
		Trained: api.Trained{Steps: 120, TrainLoss: 0.31, DevLoss: 0.42, BaseLoss: 5.1},
		Figures: []api.Figure{
			{Title: "Extraction F1", Unit: "share", Candidate: &f1, Champion: &h},
			{Title: "Hallucination rate", Unit: "share", Candidate: &h},
			{Title: "Perplexity against the base", Unit: "ratio", Candidate: &f1, Champion: &f1},
		},
	}
	Summary(&b, s, "/data/report.html")
	s.Status, s.Reasons = "rejected", []string{"nobody decided within 24h0m0s"}
	Summary(&b, s, "")
	golden(t, "summary.txt", b.Bytes())
}

func TestDuration(t *testing.T) {
	for seconds, want := range map[float64]string{0: "0s", 59.4: "59s", 60: "1m00s", 3599: "59m59s", 7500: "2h05m"} {
		if got := Duration(seconds); got != want {
			t.Errorf("Duration(%v) = %q, want %q", seconds, got, want)
		}
	}
}
