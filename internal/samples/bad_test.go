package samples

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"github.com/ledongthuc/pdf"
)

// Each bad file has the fault that its name says, and not another one.
func TestBadFiles(t *testing.T) {
	dir := t.TempDir()
	if err := BadFiles(dir); err != nil {
		t.Fatal(err)
	}
	read := func(name string) []byte {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	open := func(name string) (*pdf.Reader, error) {
		data := read(name)
		return pdf.NewReader(bytes.NewReader(data), int64(len(data)))
	}

	if n := len(read("empty.txt")); n != 0 {
		t.Errorf("empty.txt has %d bytes", n)
	}
	if bytes.HasPrefix(read("text-named.pdf"), []byte("%PDF")) {
		t.Error("text-named.pdf is a PDF")
	}
	if data := read("truncated.pdf"); !bytes.HasPrefix(data, []byte("%PDF-")) || bytes.Contains(data, []byte("%%EOF")) {
		t.Error("truncated.pdf does not begin as a PDF and break off")
	}
	if _, err := open("truncated.pdf"); err == nil {
		t.Error("truncated.pdf opens")
	}
	if r, err := open("scanned.pdf"); err != nil || r.NumPage() != 1 || len(r.Page(1).Content().Text) != 0 {
		t.Errorf("scanned.pdf does not have one page without text (%v)", err)
	}
	if r, err := open("no-pages.pdf"); err != nil || r.NumPage() != 0 {
		t.Errorf("no-pages.pdf does not open with no page (%v)", err)
	}
	if _, err := open("encrypted.pdf"); err == nil {
		t.Error("encrypted.pdf opens without a password")
	}
	bomb := read("bomb.docx")
	z, err := zip.NewReader(bytes.NewReader(bomb), int64(len(bomb)))
	if err != nil {
		t.Fatal(err)
	}
	var expanded uint64
	for _, f := range z.File {
		expanded += f.UncompressedSize64
	}
	if len(bomb) > 400_000 || expanded < 256<<20 {
		t.Errorf("bomb.docx has %d bytes that expand to %d", len(bomb), expanded)
	}
	document, err := z.Open("word/document.xml")
	if err != nil {
		t.Fatal(err)
	}
	defer document.Close()
	// The archive is sound: all of it expands and its sum is right.
	if _, err := io.Copy(io.Discard, document); err != nil {
		t.Errorf("bomb.docx is broken, not only big: %v", err)
	}
	if utf8.Valid(read("invalid-utf8.txt")) {
		t.Error("invalid-utf8.txt is valid UTF-8")
	}
	for _, name := range []string{"no-header.hl7", "cut-off.hl7"} {
		if _, err := readHL7(string(read(name))); err == nil {
			t.Errorf("%s reads well", name)
		}
	}
	if json.Valid(read("broken.json")) {
		t.Error("broken.json is valid JSON")
	}
	if data := read("not-a-report.json"); !json.Valid(data) || bytes.Contains(data, []byte("DiagnosticReport")) {
		t.Error("not-a-report.json is not another resource")
	}
}
