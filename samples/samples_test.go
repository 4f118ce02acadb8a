package samples

import (
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"adapt/label/formats"
)

func TestExtract(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	if err := Extract(dir); err != nil {
		t.Fatal(err)
	}
	for name, least := range map[string]int{"legal": 49, "medical": 301} {
		entries, err := os.ReadDir(filepath.Join(dir, name))
		if err != nil || len(entries) != least {
			t.Errorf("%s has %d files (%v), want %d", name, len(entries), err, least)
		}
	}
	if data, err := os.ReadFile(filepath.Join(dir, "general.txt")); err != nil || string(data) != General() {
		t.Errorf("general.txt is not what General returns (%v)", err)
	}
}

func TestExtractAgain(t *testing.T) {
	dir := t.TempDir()
	if err := Extract(dir); err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(dir, "legal", "gold.jsonl")
	before, err := os.Stat(kept)
	if err != nil {
		t.Fatal(err)
	}
	// A file half written by an interrupted program, and one of the user's own.
	half := filepath.Join(dir, "medical", "gold.jsonl")
	if err := os.WriteFile(half, []byte(`{"key":`), 0o644); err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(dir, "legal", "own.txt")
	if err := os.WriteFile(own, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Extract(dir); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(kept)
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("Extract replaced a file that was right (%v)", err)
	}
	if gold, err := formats.LoadGold(half); err != nil || len(gold) < 300 {
		t.Errorf("Extract did not mend a half-written file: %d labels, %v", len(gold), err)
	}
	if data, err := os.ReadFile(own); err != nil || string(data) != "mine" {
		t.Errorf("Extract touched a file of the user's own (%v)", err)
	}
}

func TestExtractSaysWhatFailed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Extract(filepath.Join(file, "below")); err == nil {
		t.Error("Extract below a file gives no error")
	}
}

func TestGeneral(t *testing.T) {
	if n := len(General()); n < 11_000 || n > 14_000 || !utf8.ValidString(General()) {
		t.Errorf("General has %d bytes, want about 12 KB of UTF-8", n)
	}
}
