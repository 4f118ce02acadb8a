package activities

import (
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"adapt/artifact"
	"adapt/config"
	"adapt/ingest"
	"adapt/label"
	"adapt/prompt"
	"adapt/samples"
	"adapt/tokenizer"
)

// dataset splits documents as a run with the default configuration does.
func split(c config.Config, docs []*ingest.Document) label.Dataset {
	var groups []label.DocGroup
	for _, d := range docs {
		groups = append(groups, label.DocGroup{ID: d.ID, Group: d.Group})
	}
	d := label.Dataset{Docs: label.SplitDocs(groups, c.Split.Dev, c.Split.Test, c.Seed, nil), Splits: map[label.Split]label.Counts{}}
	for _, s := range d.Docs {
		n := d.Splits[s]
		n.Docs++
		d.Splits[s] = n
	}
	return d
}

// each2 ranges over a list as over an artifact.
func each2[T any](items []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range items {
			if !yield(v, nil) {
				return
			}
		}
	}
}

func TestLeakageIsMeasuredAndLimited(t *testing.T) {
	c := config.Default("legal")
	words := strings.Fields("the seller shall deliver ten tons of grain to the buyer at the agreed place on the first day of each month and the buyer shall pay the price within thirty days of the invoice")
	text := func(n int) string {
		w := append([]string(nil), words...)
		w[n%len(words)] = "other"
		return strings.Join(w, " ")
	}
	var docs []*ingest.Document
	for i := range 20 {
		docs = append(docs, &ingest.Document{ID: string(rune('a' + i)), Text: strings.Repeat(text(0)+" ", 3) + text(i)})
	}
	d := split(c, docs) // without groups: near copies are everywhere
	labeled := []label.Labeled{}
	for _, doc := range docs {
		labeled = append(labeled, label.Labeled{DocID: doc.ID, Examples: []label.Example{{Turns: []prompt.Turn{{Input: "same"}}}}})
	}
	err := leakage(c, each2(docs), each2(labeled), &d)
	if err == nil || !strings.Contains(err.Error(), "split.max_leakage allows 5.0%") || !strings.Contains(err.Error(), "copies") {
		t.Errorf("error is %v", err)
	}
	l := d.Leakage
	if l.Held != 7 || l.Near != 7 || l.Exchanges != 7 || l.HeldExchanges != 7 || l.General != 0 || l.Similarity != 0.8 {
		t.Errorf("measured %+v", l)
	}
	c.Ingest.NearDuplicates = 0.99
	if err := leakage(c, each2(docs), each2[label.Labeled](nil), &d); err == nil || !strings.Contains(err.Error(), "Lower ingest.near_duplicates to 0.8") {
		t.Errorf("error is %v", err)
	}
	c.Split.MaxLeakage = 1
	if err := leakage(c, each2(docs), each2[label.Labeled](nil), &d); err != nil {
		t.Errorf("with a limit of 1: %v", err)
	}

	// Replaying the text of the forgetting check is leakage, too.
	c = config.Default("legal")
	ingest.Group(docs, 0.8)
	d = split(c, docs[:1])
	general := filepath.Join(t.TempDir(), "general.txt")
	if err := os.WriteFile(general, []byte(text(3)), 0o600); err != nil {
		t.Fatal(err)
	}
	c.Eval.GeneralText, c.Train.Forgetting.Replay = general, general
	if err := leakage(c, each2(docs[:1]), each2[label.Labeled](nil), &d); err == nil || !strings.Contains(err.Error(), "100.0% of the text of the forgetting check") {
		t.Errorf("error is %v", err)
	}
}

// TestRealDataIsUnderTheLimit holds the default limit against real documents
// and those of the demo.
func TestRealDataIsUnderTheLimit(t *testing.T) {
	if testing.Short() {
		t.Skip("reads thousands of documents")
	}
	shared := filepath.Join("..", "..", "shared", "data")
	demo := t.TempDir()
	if err := samples.Extract(demo); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, domain, dir string }{
		{"contracts of CUAD", "legal", filepath.Join(shared, "legal", "cuad", "contracts")},
		{"reports of Open-i", "medical", filepath.Join(shared, "medical", "openi")},
		{"contracts of the demo", "legal", filepath.Join(demo, "legal")},
		{"reports of the demo", "medical", filepath.Join(demo, "medical")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			domain, dir := tt.domain, tt.dir
			if _, err := os.Stat(dir); err != nil {
				t.Skip("the documents are not beside the repository")
			}
			files, err := ingest.Scan(dir, nil)
			if err != nil {
				t.Fatal(err)
			}
			var docs []*ingest.Document
			for _, f := range files {
				read, _, err := ingest.Read(t.Context(), dir, f, ingest.Limits{MaxFile: 50 << 20, MaxExpanded: 200 << 20, Timeout: time.Minute})
				if err != nil {
					continue // quarantined
				}
				for i := range read {
					docs = append(docs, &read[i])
				}
			}
			docs, _ = ingest.Dedup(docs)
			c := config.Default(domain)
			ingest.Group(docs, c.Ingest.NearDuplicates)
			d := split(c, docs)
			if err := leakage(c, each2(docs), each2[label.Labeled](nil), &d); err != nil {
				t.Error(err)
			}
			t.Logf("%d documents: %+v", len(docs), d.Leakage)
		})
	}
}

func TestExchangesOfGoldAreTrainedOn(t *testing.T) {
	a := open(t)
	dir := t.TempDir()
	held := "the secret document of the test part says that the lungs are clear and the heart is large"
	lines := `{"messages":[{"role":"user","content":"What of it, jo@example.org?"},{"role":"assistant","content":"It is fine."}]}
{"messages":[{"role":"user","content":"` + held + `"},{"role":"assistant","content":"ok"}]}
{"messages":[{"role":"user","content":"And of this one?"},{"role":"assistant","content":"Also."}],"doc_id":"b"}
`
	if err := os.MkdirAll(filepath.Join(dir, "gold"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, split := range []string{"train", "test"} {
		if err := os.WriteFile(filepath.Join(dir, "gold", split+".jsonl"), []byte(lines), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	docs, err := a.putDocuments([]*ingest.Document{{ID: "a", Text: "another text"}, {ID: "b", Text: held}})
	if err != nil {
		t.Fatal(err)
	}
	d := label.Dataset{Docs: map[string]label.Split{"a": label.Train, "b": label.Test}, Splits: map[label.Split]label.Counts{label.Train: {Examples: 5}}}
	tok, err := tokenizer.Starter()
	if err != nil {
		t.Fatal(err)
	}
	medical, err := a.Domain("medical")
	if err != nil {
		t.Fatal(err)
	}
	s := setting{config: config.Default("medical"), domain: medical, folder: dir}
	if err := a.addExchanges(s, docs, tok, &d); err != nil {
		t.Fatal(err)
	}
	if d.Skipped[skippedSplit] != 3 || d.Skipped[skippedHeld] != 2 || d.Splits[label.Train].Examples != 6 {
		t.Errorf("left out %v; train has %+v", d.Skipped, d.Splits[label.Train])
	}
	got, err := artifact.Lines[label.Example](a.store(), d.Exchanges)
	if err != nil || len(got) != 1 || got[0].Turns[0].Output != "It is fine." || got[0].Origin != label.OriginGold || strings.Contains(got[0].Turns[0].Input, "jo@") {
		t.Errorf("kept %+v, %v", got, err)
	}
}
