package pretrain

import (
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"adapt/model"
	"adapt/tokenizer"
)

func TestParseSource(t *testing.T) {
	for _, test := range []struct {
		arg  string
		want Source
		ok   bool
	}{
		{"books=a/*.txt.gz@0.25", Source{"books", "a/*.txt.gz", 0.25}, true},
		{"contracts=c/*.txt", Source{"contracts", "c/*.txt", 1}, true},
		{"c/*.txt", Source{}, false},
		{"books=", Source{}, false},
		{"books=a@2.5", Source{"books", "a", 2.5}, true},
		{"books=a@-1", Source{}, false},
		{"books=a@much", Source{}, false},
	} {
		got, err := ParseSource(test.arg)
		if (err == nil) != test.ok {
			t.Errorf("ParseSource(%q) gives error %v", test.arg, err)
		}
		if test.ok && got != test.want {
			t.Errorf("ParseSource(%q) = %+v, want %+v", test.arg, got, test.want)
		}
	}
}

// texts writes a folder with a plain file and a compressed one of three
// documents, one of them empty.
func texts(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.txt"), []byte("A plain   document.\n\n\n\nWith two parts."), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, "b.txt.gz"))
	if err != nil {
		t.Fatal(err)
	}
	zw := gzip.NewWriter(f)
	for i := range 40 {
		fmt.Fprintf(zw, "Document %d counts to %d.\n%s\n", i, i, separator)
	}
	fmt.Fprintf(zw, "\n%s\n", separator)
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestDocuments(t *testing.T) {
	dir := texts(t)
	for glob, want := range map[string]int{"*.txt": 1, "*.txt.gz": 40, "*": 41} {
		n := 0
		if err := (Source{Kind: "x", Glob: filepath.Join(dir, glob)}).documents(func(string) { n++ }); err != nil || n != want {
			t.Errorf("%s gives %d documents, %v; want %d", glob, n, err, want)
		}
	}
	err := (Source{Kind: "x", Glob: filepath.Join(dir, "*.pdf")}).documents(func(string) {})
	if err == nil || !strings.Contains(err.Error(), "no file matches") {
		t.Errorf("a source without files gives %v", err)
	}
	if got, want := tidy("A plain   document.\n\n\n\nWith\ttwo"), "A plain document.\n\nWith two"; got != want {
		t.Errorf("tidy gives %q, want %q", got, want)
	}
}

// TestRunGivesTheSameWeightsTwice pretrains a tiny model twice.
func TestRunGivesTheSameWeightsTwice(t *testing.T) {
	dir := texts(t)
	tok, err := tokenizer.Starter()
	if err != nil {
		t.Fatal(err)
	}
	o := Options{
		Sources: []Source{{Kind: "x", Glob: filepath.Join(dir, "*"), Share: 1}},
		Config: model.Config{
			ModelType: "llama", HiddenAct: "silu", VocabSize: tok.VocabSize(), Hidden: 8, Intermediate: 16, Layers: 1,
			Heads: 2, KVHeads: 1, MaxPositions: 64, RopeTheta: 10000, NormEps: 1e-5, TieEmbeddings: true,
		},
		Seed: 3, Steps: 6, Context: 32, Batch: 64, Rate: 1e-2, DevShare: 0.2, Threads: 1,
	}
	whole, err := Run(context.Background(), tok, o)
	if err != nil {
		t.Fatal(err)
	}
	if k := whole.Kinds[0]; k.Documents != 41 || k.DevTokens == 0 || k.DevLoss <= 0 {
		t.Errorf("kinds are %+v", whole.Kinds)
	}
	if whole.Train.DevLoss >= whole.Train.FirstDev {
		t.Errorf("dev loss went from %.3f to %.3f", whole.Train.FirstDev, whole.Train.DevLoss)
	}
	if text := card(whole, o); !strings.Contains(text, "| x | 41 |") {
		t.Errorf("the model card does not list the text:\n%s", text)
	}
	again, err := Run(context.Background(), tok, o)
	if err != nil {
		t.Fatal(err)
	}
	if again.Model.Hash() != whole.Model.Hash() {
		t.Error("the same seed gave other weights")
	}
}
