package ingest

import (
	"bytes"
	"encoding/ascii85"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// filtered adds a page whose content went through a filter.
func (b *pdfBuilder) filtered(filter string, data []byte) {
	contents := b.add(fmt.Sprintf("<< /Filter %s /Length %d >>\nstream\n%s\nendstream", filter, len(data), data))
	font := b.add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
	b.pages = append(b.pages, b.add(fmt.Sprintf(
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R /Resources << /Font << /F1 %d 0 R >> >> >>", contents, font)))
}

func ascii85Of(s string) []byte {
	var b bytes.Buffer
	w := ascii85.NewEncoder(&b)
	w.Write([]byte(s))
	w.Close()
	return append(b.Bytes(), "~>"...)
}

// lzwOf compresses short texts as PDF does: codes of nine bits, most
// significant first, and a cleared table before each code that would widen
// them.
func lzwOf(s string) []byte {
	var out []byte
	acc, n := 0, 0
	put := func(code int) {
		acc, n = acc<<9|code, n+9
		for n >= 8 {
			out = append(out, byte(acc>>(n-8)))
			n -= 8
			acc &= 1<<n - 1
		}
	}
	for i := range len(s) {
		if i%200 == 0 {
			put(256)
		}
		put(int(s[i]))
	}
	put(257)
	return append(out, byte(acc<<(8-n)))
}

func runLengthOf(s string) []byte {
	var out []byte
	for len(s) > 0 {
		n := min(len(s), 128)
		out = append(append(out, byte(n-1)), s[:n]...)
		s = s[n:]
	}
	return append(out, 128)
}

// TestPDFSecondReader reads what the first reader can not.
func TestPDFSecondReader(t *testing.T) {
	const want = "This Agreement is made between the parties."
	build := func(filter string, data []byte) []byte {
		var b pdfBuilder
		b.filtered(filter, data)
		return b.bytes()
	}
	broken := simplePDF()
	at := bytes.LastIndex(broken, []byte("startxref\n"))
	broken = append(broken[:at:at], "startxref\n3\n%%EOF\n"...)
	tests := []struct {
		name   string
		data   []byte
		reader string
	}{
		{"plain", simplePDF(), readerPDF},
		{"ASCII85", build("/ASCII85Decode", ascii85Of(pageText)), readerPDF},
		{"ASCIIHex", build("/ASCIIHexDecode", append([]byte(hex.EncodeToString([]byte(pageText))), '>')), readerPDFium},
		{"RunLength", build("/RunLengthDecode", runLengthOf(pageText)), readerPDFium},
		{"LZW", build("/LZWDecode", lzwOf(pageText)), readerPDFium},
		{"broken table of objects", broken, readerPDFium},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := mustRead(t, "a.pdf", tt.data)
			if d.Text != want || d.Pages[0].Reader != tt.reader {
				t.Errorf("text %q from %q, want it from %q", d.Text, d.Pages[0].Reader, tt.reader)
			}
		})
	}
}

// TestPDFSecondReaderForOnePage leaves the other pages to the first reader.
func TestPDFSecondReaderForOnePage(t *testing.T) {
	var b pdfBuilder
	b.page(pageText, "")
	b.filtered("/RunLengthDecode", runLengthOf(strings.ReplaceAll(pageText, "This", "That")))
	b.page(pageText, "")
	d := mustRead(t, "a.pdf", b.bytes())
	var readers []string
	for _, p := range d.Pages {
		readers = append(readers, p.Reader)
	}
	if got := strings.Join(readers, " "); got != "pdf pdfium pdf" || !strings.Contains(d.Text, "That Agreement") {
		t.Errorf("readers %s, text %q", got, d.Text)
	}
}

// TestScansWithoutOCR says which pages are pictures and what to do.
func TestScansWithoutOCR(t *testing.T) {
	var b pdfBuilder
	image := b.stream("/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8", "x")
	xobject := fmt.Sprintf("/XObject << /Im1 %d 0 R >>", image)
	b.page(pageText, "")
	b.page("q 612 0 0 792 0 0 cm /Im1 Do Q BT /F1 8 Tf 500 20 Td (ABC-000123) Tj ET", xobject)
	b.page("q 200 0 0 200 72 400 cm /Im1 Do Q "+pageText, xobject)
	_, _, err := readOne(t, "a.pdf", b.bytes())
	var scans *Scans
	if !errors.As(err, &scans) || fmt.Sprint(scans.Pages) != "[2]" {
		t.Fatalf("error %v, want page 2 as a scan", err)
	}
	checkReason(t, err, ReasonNoText)
	docs, _, err := readWithin(t, Limits{OCR: OCR{Off: true}}, "a.pdf", b.bytes())
	if err != nil || len(docs) != 1 {
		t.Fatalf("with OCR off: %v", err)
	}
}
