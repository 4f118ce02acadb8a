package ingest

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var updatePDFs = flag.Bool("update-pdfs", false, "write the PDF files under testdata/pdf anew")

// scanText is what testdata/pdf/scan.pdf shows.
const scanText = `LEASE AGREEMENT

This Agreement is made on 1 March 2021 between the Landlord
and the Tenant. The Tenant shall pay a rent of $2,500 a month,
due on the first day of each month, without deduction.

The term is three years and may be renewed once by notice.`

// scanned adds a page that is a picture of a text, with 150 dots an inch in
// black and white. The second reader draws it.
func (b *pdfBuilder) scanned(t testing.TB, text string) {
	t.Helper()
	var drawn pdfBuilder
	content := "BT /F1 12 Tf 72 720 Td 20 TL "
	for _, line := range strings.Split(text, "\n") {
		content += "(" + line + ") Tj T* "
	}
	drawn.page(content+"ET", "")
	pgm, err := DrawPage(t.Context(), drawn.bytes(), 1)
	if err != nil {
		t.Fatal(err)
	}
	var width, height int
	if _, err := fmt.Sscanf(string(pgm[:30]), "P5\n%d %d\n255\n", &width, &height); err != nil {
		t.Fatal(err)
	}
	pixels := pgm[len(pgm)-width*height:]
	row := (width/2 + 7) / 8
	bits := make([]byte, row*(height/2))
	for y := range height / 2 {
		for x := range width / 2 {
			at := 2*y*width + 2*x
			if int(pixels[at])+int(pixels[at+1])+int(pixels[at+width])+int(pixels[at+width+1]) > 2*255 {
				bits[y*row+x/8] |= 0x80 >> (x % 8)
			}
		}
	}
	picture := b.stream(fmt.Sprintf("/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 1", width/2, height/2), string(bits))
	b.page("q 612 0 0 792 0 0 cm /Im1 Do Q", fmt.Sprintf("/XObject << /Im1 %d 0 R >>", picture))
}

// TestPDFFiles keeps the files under testdata/pdf, which other packages read
// too, what this package builds.
func TestPDFFiles(t *testing.T) {
	var runLength, scan, mixed pdfBuilder
	runLength.filtered("/RunLengthDecode", runLengthOf(pageText))
	scan.scanned(t, scanText)
	mixed.page(pageText, "")
	mixed.scanned(t, scanText)
	for name, b := range map[string]*pdfBuilder{"runlength.pdf": &runLength, "scan.pdf": &scan, "mixed.pdf": &mixed} {
		path := filepath.Join("testdata", "pdf", name)
		if *updatePDFs {
			if err := os.WriteFile(path, b.bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, b.bytes()) {
			t.Errorf("%s is not what is built; run go test -run TestPDFFiles -update-pdfs", name)
		}
	}
}

// needOCR returns how pages are recognized, or skips.
func needOCR(t testing.TB) OCR {
	t.Helper()
	ocr := FindOCR(t.Context(), "eng")
	if ocr.Missing != "" {
		t.Skip(ocr.Missing)
	}
	return ocr
}

// TestScans recognizes the pages that are pictures, and only those.
func TestScans(t *testing.T) {
	ocr := needOCR(t)
	for _, tt := range []struct{ file, readers string }{{"scan.pdf", "tesseract"}, {"mixed.pdf", "pdf tesseract"}} {
		data, err := os.ReadFile(filepath.Join("testdata", "pdf", tt.file))
		if err != nil {
			t.Fatal(err)
		}
		docs, _, err := readWithin(t, Limits{OCR: ocr}, "a.pdf", data)
		if err != nil {
			t.Fatalf("%s: %v", tt.file, err)
		}
		checkDocument(t, docs[0])
		var readers []string
		for _, p := range docs[0].Pages {
			readers = append(readers, p.Reader)
		}
		if got := strings.Join(readers, " "); got != tt.readers {
			t.Errorf("%s was read by %s, want %s", tt.file, got, tt.readers)
		}
		if got, want := strings.Fields(docs[0].Text), strings.Fields(scanText); bagOverlap(got, want)*100 < 95*len(want) {
			t.Errorf("%s: text %q", tt.file, docs[0].Text)
		}
	}
}

// TestOCRFails puts a file aside when recognition does not work.
func TestOCRFails(t *testing.T) {
	needOCR(t)
	var b pdfBuilder
	b.scanned(t, scanText)
	for _, ocr := range []OCR{{Language: "nosuchlanguage"}, {Language: "--version"}, {Language: "eng", Timeout: 1}} {
		_, _, err := readWithin(t, Limits{OCR: ocr}, "a.pdf", b.bytes())
		var q *Quarantine
		if !errors.As(err, &q) {
			t.Errorf("%+v: error %v, want a quarantine", ocr, err)
		}
	}
	if FindOCR(t.Context(), "nosuchlanguage").Missing == "" || FindOCR(t.Context(), "-l").Missing == "" {
		t.Error("a language that there is not was found")
	}
}

func TestCheckPicture(t *testing.T) {
	good := append([]byte("P5\n2 3\n255\n"), 1, 2, 3, 4, 5, 6)
	if err := CheckPicture(good); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"", "P5\n2 3\n255\n", "P6\n2 3\n255\n123456", "P5\n2 3\n255\n1234567", "P5\n99999 99999\n255\n"} {
		if CheckPicture([]byte(bad)) == nil {
			t.Errorf("%q passes as a picture", bad)
		}
	}
}
