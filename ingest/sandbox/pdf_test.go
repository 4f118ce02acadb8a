package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"adapt/ingest"
)

// TestSecondReaderInAWorker reads a PDF that the first reader can not, in a
// worker that is confined like the others.
func TestSecondReaderInAWorker(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "testdata", "pdf", "runlength.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	p := newPool(t, Options{Workers: 1})
	docs, bad, err := p.Parse(t.Context(), "a.pdf", data, ingest.Limits{})
	if err != nil || len(docs) != 1 || len(bad) != 0 {
		t.Fatalf("%d documents, bad parts %v, error %v", len(docs), bad, err)
	}
	if d := docs[0]; d.Pages[0].Reader != "pdfium" || !strings.Contains(d.Text, "This Agreement") {
		t.Errorf("text %q from %q", d.Text, d.Pages[0].Reader)
	}
	if len(p.idle) != 2 || p.idle[0].second || !p.idle[1].second || !p.idle[1].confined && p.idle[0].confined {
		t.Errorf("the pool keeps %d workers, want a plain one and one with the second reader, both confined", len(p.idle))
	}
}

// TestScansInAWorker recognizes a scanned PDF that a worker draws.
func TestScansInAWorker(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "testdata", "pdf", "scan.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	p := newPool(t, Options{Workers: 1})
	_, _, err = p.Parse(t.Context(), "a.pdf", data, ingest.Limits{})
	_, _, want := ingest.Parse(t.Context(), "a.pdf", data, ingest.Limits{})
	if err == nil || fmt.Sprint(err) != fmt.Sprint(want) {
		t.Fatalf("without recognition: %v, want %v", err, want)
	}
	ocr := ingest.FindOCR(t.Context(), "eng")
	if ocr.Missing != "" {
		t.Skip(ocr.Missing)
	}
	lim := ingest.Limits{OCR: ocr}
	got, _, err := p.Parse(t.Context(), "a.pdf", data, lim)
	if err != nil {
		t.Fatal(err)
	}
	same, _, err := ingest.Parse(t.Context(), "a.pdf", data, lim)
	if err != nil || !reflect.DeepEqual(got, same) {
		t.Errorf("a scan is read differently in another process (%v)", err)
	}
	if got[0].Pages[0].Reader != "tesseract" || !strings.Contains(got[0].Text, "Agreement") {
		t.Errorf("text %q from %q", got[0].Text, got[0].Pages[0].Reader)
	}
}
