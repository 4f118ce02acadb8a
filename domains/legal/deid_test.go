package legal

import (
	"path/filepath"
	"strings"
	"testing"

	"adapt/ingest"
	"adapt/ingest/deid"
	"adapt/label"
	"adapt/label/formats"
)

// TestGoldSurvivesDeid locates CUAD's annotations in contracts before and
// after persons and their numbers are removed: none may be lost by it.
func TestGoldSurvivesDeid(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "shared", "data", "legal", "cuad")
	gold, err := formats.LoadGold(filepath.Join(dir, "clauses.jsonl"))
	if err != nil {
		t.Skip("the real contracts are not beside the repository")
	}
	index := label.Index(gold)
	files, err := ingest.Scan(filepath.Join(dir, "contracts"), nil)
	if err != nil {
		t.Skip("the real contracts are not beside the repository")
	}
	engine := deid.New((&Domain{}).Deid(), deid.Options{Replace: deid.Surrogates, Secret: []byte("a secret for tests")})
	quotes, before, after, removed := 0, map[string]int{}, map[string]int{}, 0
	for i, f := range files {
		if i%8 != 0 && !everyContract {
			continue
		}
		docs, _, err := ingest.Read(t.Context(), filepath.Join(dir, "contracts"), f, ingest.Limits{})
		if err != nil {
			continue
		}
		doc := docs[0]
		plain := label.NewDocumentLocator(&doc)
		edited := doc
		engine.Apply(&edited)
		removed += len(edited.Edits)
		loc := label.NewDocumentLocator(&edited)
		for _, g := range index.For(doc.Key) {
			if g.Text == "" {
				continue
			}
			quotes++
			if _, _, ok := plain.Find(g.Text, g.Start); !ok {
				before[g.Category]++
				continue
			}
			if _, _, ok := loc.Find(g.Text, g.Start); !ok {
				after[g.Category]++
				t.Logf("%s: %d bytes at %d", g.Category, len(g.Text), g.Start)
			}
		}
	}
	t.Logf("%d quotes, %d identifiers removed; not located before: %v; lost by removing: %v", quotes, removed, before, after)
	lost := 0
	for category, n := range after {
		lost += n
		if strings.HasPrefix(category, "Parties") {
			t.Errorf("%d parties were lost", n)
		}
	}
	if 1000*lost > quotes {
		t.Errorf("%d of %d quotes were lost", lost, quotes)
	}
}

// everyContract makes the test take all contracts.
const everyContract = false
