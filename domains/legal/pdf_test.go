package legal

import (
	"context"
	"path/filepath"
	"testing"

	"adapt/domains"
	"adapt/eval"
	"adapt/ingest"
	"adapt/label"
	"adapt/label/formats"
)

// TestPDFs locates CUAD's annotations, which were made on its text files, in
// the text that is read from its PDFs.
func TestPDFs(t *testing.T) {
	if testing.Short() {
		t.Skip("reading PDFs takes long")
	}
	dir := cuadDir(t)
	files, err := ingest.Scan(filepath.Join(dir, "pdf"), []string{"*.pdf"})
	if err != nil {
		t.Fatal(err)
	}
	gold, err := formats.LoadGold(filepath.Join(dir, "clauses.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	index := label.Index(gold)
	d := New(Options{})
	var outcomes []eval.Outcome
	spans, lost := 0, 0
	for i, f := range files {
		if i%(*every/4+1) != 0 {
			continue
		}
		docs, _, err := ingest.Read(context.Background(), filepath.Join(dir, "pdf"), f, ingest.Limits{})
		if err != nil {
			t.Logf("PDF %d is not read: %v", i, err)
			continue
		}
		g := index.For(docs[0].Key)
		if len(g) == 0 {
			t.Errorf("PDF %d has no annotations", i)
		}
		a, truth := oracleAnswer(t, contract{&docs[0], g})
		o := d.Outcome(&docs[0], truth, a, domains.Settings{Threshold: 0.5})
		outcomes = append(outcomes, o)
		spans += total(o.Positives)
		lost += total(truth.Unlocated)
		t.Logf("PDF %d: %d of %d not located", i, total(truth.Unlocated), total(o.Positives))
	}
	t.Logf("%d of %d annotations were not located", lost, spans)
	report(t, "oracle on PDFs", outcomes)
	if lost*20 > spans {
		t.Errorf("%d of %d annotations were not located in the text of the PDFs", lost, spans)
	}
}
