package ingest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// shared returns a folder of real documents beside the repository, or skips.
func shared(t testing.TB, folder string) string {
	t.Helper()
	dir := filepath.Join("..", "..", "shared", "data", filepath.FromSlash(folder))
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the real documents are not beside the repository")
	}
	return dir
}

// TestRealPDFs holds the text of CUAD's PDFs against CUAD's own text.
func TestRealPDFs(t *testing.T) {
	dir := shared(t, "legal/cuad")
	files, err := Scan(filepath.Join(dir, "pdf"), nil)
	if err != nil {
		t.Fatal(err)
	}
	var bag, sequence []float64
	for _, f := range files {
		docs, _, err := Read(context.Background(), filepath.Join(dir, "pdf"), f, Limits{})
		if err != nil {
			t.Errorf("%s: %v", f.Path, err)
			continue
		}
		stem := strings.TrimSuffix(f.Path, ".pdf")
		want, err := os.ReadFile(filepath.Join(dir, "contracts", stem+".txt"))
		if err != nil {
			continue
		}
		got, gold := strings.Fields(docs[0].Text), strings.Fields(string(want))
		b, s := f1(bagOverlap(got, gold), got, gold), f1(sequenceOverlap(got, gold), got, gold)
		bag, sequence = append(bag, b), append(sequence, s)
		t.Logf("bag %.4f bigrams %.4f words %d %d pages %d %.50s", b, s, len(got), len(gold), len(docs[0].Pages), stem)
	}
	slices.Sort(bag)
	slices.Sort(sequence)
	t.Logf("%d files; word F1: median %.4f worst %.4f; bigram F1: median %.4f worst %.4f",
		len(bag), bag[len(bag)/2], bag[0], sequence[len(sequence)/2], sequence[0])
	if bag[len(bag)/2] < 0.98 || bag[0] < 0.9 {
		t.Error("the PDF reader loses words")
	}
}

func f1(overlap int, a, b []string) float64 {
	return 2 * float64(overlap) / float64(len(a)+len(b))
}

func bagOverlap(a, b []string) int {
	counts := make(map[string]int)
	for _, w := range a {
		counts[w]++
	}
	n := 0
	for _, w := range b {
		if counts[w] > 0 {
			counts[w]--
			n++
		}
	}
	return n
}

// sequenceOverlap counts common pairs of neighbouring words.
func sequenceOverlap(a, b []string) int {
	return bagOverlap(pairs(a), pairs(b))
}

func pairs(words []string) []string {
	out := []string{""}
	for i := 1; i < len(words); i++ {
		out = append(out, words[i-1]+" "+words[i])
	}
	return out
}

func TestRealScans(t *testing.T) {
	dir := filepath.Join(shared(t, "legal/cuad"), "pdf_scanned")
	files, err := Scan(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		_, _, err := Read(context.Background(), dir, f, Limits{})
		var q *Quarantine
		if !errors.As(err, &q) || q.Reason != ReasonNoText {
			t.Errorf("%s: error %v, want a quarantine for %q", f.Path, err, ReasonNoText)
		}
	}
}
