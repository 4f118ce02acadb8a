package activities

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"adapt/config"
)

func TestGoldIsFoundAndChangesAreSeen(t *testing.T) {
	a := open(t)
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := setting{config: config.Default("legal"), folder: filepath.Join(dir, "docs")}
	write("docs/oak.txt", "Governed by Ohio law.")
	if index, sum, err := a.gold(s); err != nil || index != nil || sum != "" {
		t.Errorf("without annotations: %v, %q, %v", index, sum, err)
	}
	write("docs/oak.ann", "T1\tGoverning_Law 12 20\tOhio law\n")
	index, first, err := a.gold(s)
	if err != nil || len(index.For("oak")) != 1 || index.For("oak")[0].Category != "Governing Law" {
		t.Fatalf("brat beside the documents: %v, %v", index, err)
	}
	write("docs/oak.ann", "T1\tGoverning_Law 12 16\tOhio\n")
	if _, second, err := a.gold(s); err != nil || second == first {
		t.Errorf("a changed annotation is not seen: %v", err)
	}
	write("secret/half.json", `[{"data":{"text":"SECRET"},"annotations":[]}`)
	s.config.Label.Gold = "../secret/half.json"
	if _, _, err := a.gold(s); err == nil || strings.Contains(err.Error(), "ecret") || !strings.Contains(err.Error(), "entry 1") || !strings.Contains(err.Error(), "label.gold") {
		t.Errorf("a broken file: %v", err)
	}
	if err := os.Symlink(filepath.Join(dir, "docs", "oak.txt"), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	before, err := goldSum(filepath.Join(dir, "link"))
	if err != nil {
		t.Fatal(err)
	}
	write("docs/oak.txt", "changed")
	if after, err := goldSum(filepath.Join(dir, "link")); err != nil || after == before {
		t.Errorf("a change behind a link is not seen: %v", err)
	}
	s.config.Label.Gold = "none.jsonl"
	if _, _, err := a.gold(s); err == nil || !strings.Contains(err.Error(), "not there") {
		t.Errorf("a missing file: %v", err)
	}
}
