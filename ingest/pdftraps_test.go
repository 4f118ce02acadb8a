package ingest

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// deflated compresses data for a FlateDecode stream.
func deflated(data []byte) []byte {
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	w.Write(data)
	w.Close()
	return z.Bytes()
}

// predicted cuts a text into rows of 20 bytes, filled with spaces, and has each
// predicted: kind 2 is TIFF's, 10 to 15 are PNG's with the row filters in turn.
func predicted(text string, kind int) []byte {
	const columns = 20
	text += strings.Repeat(" ", columns-len(text)%columns)
	var out []byte
	above := make([]byte, columns)
	for i := 0; i < len(text); i += columns {
		row := []byte(text[i : i+columns])
		filter := kind - 10
		if kind == 15 {
			filter = i / columns % 3 // none, left, above
		}
		if kind >= 10 {
			out = append(out, byte(filter))
		}
		for j := range row {
			left := byte(0)
			if j > 0 {
				left = row[j-1]
			}
			switch {
			case kind == 2 || filter == 1:
				out = append(out, row[j]-left)
			case filter == 2:
				out = append(out, row[j]-above[j])
			default:
				out = append(out, row[j])
			}
		}
		above = row
	}
	return deflated(out)
}

func TestPDFPredictors(t *testing.T) {
	for _, kind := range []int{2, 10, 11, 12, 15} {
		var b pdfBuilder
		b.filtered(fmt.Sprintf("/FlateDecode /DecodeParms << /Predictor %d /Columns 20 >>", kind), predicted(pageText, kind))
		if d := mustRead(t, "a.pdf", b.bytes()); d.Text != "This Agreement is made between the parties." {
			t.Errorf("predictor %d: text %q from %s", kind, d.Text, d.Pages[0].Reader)
		}
	}
}

// TestPDFFontsOfPages has every page call another font by the same name, by
// reference and in place.
func TestPDFFontsOfPages(t *testing.T) {
	var b pdfBuilder
	var want []string
	for i, letter := range []string{"x", "y", "z"} {
		font := fmt.Sprintf("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding << /Differences [65 /%s] >> >>", letter)
		if i == 1 {
			font = fmt.Sprintf("%d 0 R", b.add(font))
		}
		b.page("BT /G 12 Tf 72 700 Td (A letter) Tj ET", "/Font << /G "+font+" >>")
		want = append(want, letter+" letter")
	}
	// The page's own font dictionary is the second one of its resources, which
	// the library takes.
	d := mustRead(t, "a.pdf", b.bytes())
	if got := strings.Join(strings.Fields(d.Text), " "); got != strings.Join(want, " ") {
		t.Errorf("text %q, want %q", got, want)
	}
}

func TestPDFType3Font(t *testing.T) {
	var b pdfBuilder
	square := b.stream("", "500 0 d0 0 0 400 400 re f")
	font := b.add(fmt.Sprintf(`<< /Type /Font /Subtype /Type3 /FontBBox [0 0 500 500] /FontMatrix [0.002 0 0 0.002 0 0]
/CharProcs << /a %d 0 R /b %d 0 R >> /Encoding << /Differences [1 /a /b] >> /FirstChar 1 /LastChar 2 /Widths [300 300] >>`, square, square))
	b.page(`BT /T 12 Tf 72 700 Td (\001\002\001) Tj 40 0 Td (\002\002) Tj /F1 12 Tf 20 0 Td ( and enough other text) Tj ET`, fmt.Sprintf("/Font << /T %d 0 R /F1 3 0 R >>", font))
	if got, want := mustRead(t, "a.pdf", b.bytes()).Text, "aba bb and enough other text"; got != want {
		t.Errorf("text = %q, want %q", got, want)
	}
}

// TestPDFWithoutUnicode puts a file aside whose fonts do not say what they
// draw, rather than giving nonsense.
func TestPDFWithoutUnicode(t *testing.T) {
	var b pdfBuilder
	font := b.add("<< /Type /Font /Subtype /Type0 /BaseFont /X /Encoding /Identity-H /DescendantFonts [ << /Type /Font /Subtype /CIDFontType2 /BaseFont /X /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /DW 600 >> ] >>")
	b.page("BT /C 12 Tf 72 700 Td <00240025002600270028002900300031> Tj ET", fmt.Sprintf("/Font << /C %d 0 R >>", font))
	_, _, err := readOne(t, "a.pdf", b.bytes())
	checkReason(t, err, ReasonNoText)
}

// TestPDFRotatedPage reads a page that is shown turned, as scanners and
// landscape tables have it.
func TestPDFRotatedPage(t *testing.T) {
	var b pdfBuilder
	b.page("BT /F1 12 Tf 0 1 -1 0 72 72 Tm (The first line of the page) Tj 0 -14 Td (and the second) Tj ET", "")
	b.objects[len(b.objects)-1] = strings.Replace(b.objects[len(b.objects)-1], "/Type /Page", "/Type /Page /Rotate 90", 1)
	if got, want := mustRead(t, "a.pdf", b.bytes()).Text, "The first line of the page\nand the second"; got != want {
		t.Errorf("text = %q, want %q", got, want)
	}
}

// TestPDFPageTrees reads trees that never end or say more than there is: the
// time is bounded and the error is a quarantine.
func TestPDFPageTrees(t *testing.T) {
	tree := func(pages string, more ...string) []byte {
		var b pdfBuilder
		b.page(pageText, "") // objects 3 to 5; 5 is the page
		for _, object := range more {
			b.add(object)
		}
		b.tree = pages
		return b.bytes()
	}
	var wide strings.Builder
	for range 200 {
		wide.WriteString("6 0 R ")
	}
	tests := []struct {
		name string
		data []byte
		want string // of the text; empty: a quarantine
	}{
		{"itself", tree("/Kids [2 0 R 5 0 R] /Count 2"), ""},
		{"its parent", tree("/Kids [5 0 R 6 0 R] /Count 2", "<< /Type /Pages /Kids [2 0 R] /Count 1 >>"), ""},
		{"a count without end", tree("/Kids [5 0 R] /Count 2000000000"), "This Agreement is made between the parties."},
		{"a negative count", tree("/Kids [5 0 R] /Count -5"), "This Agreement is made between the parties."},
		{"the same pages over and over", tree("/Kids ["+wide.String()+"] /Count 40000", "<< /Type /Pages /Count 200 /Kids ["+strings.ReplaceAll(wide.String(), "6 0", "5 0")+"] >>"), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			docs, _, err := readWithin(t, Limits{Timeout: 20 * time.Second}, "a.pdf", tt.data)
			var q *Quarantine
			switch {
			case errors.As(err, &q):
				if tt.want != "" || q.Reason == ReasonTimeout || q.Reason == ReasonCrashed {
					t.Errorf("quarantined: %v", q)
				}
			case err != nil:
				t.Fatal(err)
			case tt.want == "" || docs[0].Text != tt.want:
				t.Errorf("text %q, want %q", docs[0].Text[:min(100, len(docs[0].Text))], tt.want)
			}
		})
	}
}

// TestPDFColumns reads two columns of running text, however they are drawn,
// and leaves tables line by line.
func TestPDFColumns(t *testing.T) {
	left := strings.Split("The tenant shall keep the|premises in good order and|repair and shall return them|at the end of the term in the|state in which they were found|but for fair wear and tear, and|shall let the landlord enter at|all reasonable times to inspect|them and to make such repairs", "|")
	right := strings.Split("as are needed. The landlord|shall insure the building and|shall give the tenant a copy of|the policy on demand. Notices|are given in writing and reach|the other party when delivered|at its address. This agreement|is governed by the laws of the|State of Ohio and no other law", "|")
	want := strings.Join(append(append([]string{"LEASE"}, left...), right...), " ")
	at := func(x, y int, text string) string { return fmt.Sprintf("1 0 0 1 %d %d Tm (%s) Tj ", x, y, text) }
	start := "BT /F1 10 Tf " + at(280, 730, "LEASE")
	var across, down, wild, table string
	for i := range left {
		y := 700 - 12*i
		across += at(72, y, left[i]) + at(320, y, right[i])
		table += at(72, y, fmt.Sprintf("Item %d", i)) + at(320, y, fmt.Sprintf("$%d.00", i))
	}
	for i := range left {
		down += at(72, 700-12*i, left[i])
	}
	for i := range right {
		down += at(320, 700-12*i, right[i])
		j := i * 4 % len(right)
		wild += at(320, 700-12*j, right[j]) + at(72, 700-12*(len(left)-1-j), left[len(left)-1-j])
	}
	for name, content := range map[string]string{"line by line": across, "column by column": down, "in wild order": wild} {
		var b pdfBuilder
		b.page(start+content+"ET", "")
		if got := strings.Join(strings.Fields(mustRead(t, "a.pdf", b.bytes()).Text), " "); got != want {
			t.Errorf("%s: got %q", name, got)
		}
	}
	var b pdfBuilder
	b.page(start+table+"ET", "")
	if got := mustRead(t, "a.pdf", b.bytes()).Text; !strings.Contains(got, "Item 3 $3.00\nItem 4 $4.00") {
		t.Errorf("a table is read as %q", got)
	}
}
