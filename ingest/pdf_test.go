package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestPDFText(t *testing.T) {
	tests := []struct{ name, content, want string }{
		{"lines by Td", "BT /F1 12 Tf 72 700 Td (The first line of this text) Tj 0 -14 Td (and the second.) Tj ET",
			"The first line of this text\nand the second."},
		{"lines by T* and quotes", `BT /F1 12 Tf 14 TL 72 700 Td (The first line of text) Tj T* (second) Tj (third) ' 1 0 (fourth) " ET`,
			"The first line of text\nsecond\nthird\nfourth"},
		{"spaces from kerning", "BT /F1 12 Tf 72 700 Td [(The) -300 (par) 20 (ties) -280 (agree to this text) ] TJ ET",
			"The parties agree to this text"},
		{"paragraphs", "BT /F1 10 Tf 72 700 Td (One line of a paragraph) Tj 0 -12 Td (two) Tj 0 -12 Td (three) Tj 0 -30 Td (four) Tj 0 -12 Td (five) Tj ET",
			"One line of a paragraph\ntwo\nthree\n\nfour\nfive"},
		{"words in wild order", "BT /F1 12 Tf 1 0 0 1 150 700 Tm (second words) Tj 1 0 0 1 72 700 Tm (First words) Tj 1 0 0 1 72 600 Tm (below) Tj ET",
			"First words second words\nbelow"},
		{"superscript", "BT /F1 12 Tf 72 700 Td (On the 5) Tj 4 Ts /F1 7 Tf (th) Tj 0 Ts /F1 12 Tf ( day of the month) Tj ET",
			"On the 5th day of the month"},
		{"bold by drawing twice", "BT /F1 12 Tf 72 700 Td (This is a heading text) Tj 0.3 0 Td (This is a heading text) Tj ET",
			"This is a heading text"},
		{"Windows punctuation", "BT /F1 12 Tf 72 700 Td (The \\223Company\\224 \\227 it\\222s this one) Tj ET",
			"The “Company” — it’s this one"},
		{"escapes", `BT /F1 12 Tf 72 700 Td (Some longer text \(a\) \\ and <41> \101) Tj <42> Tj ET`,
			`Some longer text (a) \ and <41> AB`},
		{"inline image", "BI /W 1 /H 1 ID ((( \x00\xff EI BT /F1 12 Tf 72 700 Td (Text behind the picture) Tj ET",
			"Text behind the picture"},
		{"lone operators", "Q Q ] >> ET Tj TJ Tf cm Tm Td (x) Do BT /F1 12 Tf 72 700 Td (Text in spite of all that) Tj ET",
			"Text in spite of all that"},
		{"turned page", "BT /F1 12 Tf 0 1 -1 0 300 72 Tm (Text that runs upwards) Tj 0 -14 Td (on two lines) Tj ET",
			"Text that runs upwards\non two lines"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b pdfBuilder
			b.page(tt.content, "")
			if got := mustRead(t, "a.pdf", b.bytes()).Text; got != tt.want {
				t.Errorf("text = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPDFPages(t *testing.T) {
	var b pdfBuilder
	for i := range 3 {
		text := fmt.Sprintf("BT /F1 12 Tf 72 700 Td (This is the text of page %d) Tj ET", i+1)
		if i == 1 {
			text = ""
		}
		b.page(text, "")
	}
	d := mustRead(t, "sub.name.pdf", b.bytes())
	if d.Key != "sub.name" || d.Format != "pdf" || d.Meta["pages_without_text"] != "1" {
		t.Errorf("key %q, format %q, meta %v", d.Key, d.Format, d.Meta)
	}
	for i, want := range map[int]string{0: "page 1", 2: "page 3"} {
		p := d.Pages[i]
		if !strings.Contains(d.Text[p.Start:p.End], want) {
			t.Errorf("page %d holds %q, want %q", i+1, d.Text[p.Start:p.End], want)
		}
		if got := d.PageAt(p.Start); got != i+1 {
			t.Errorf("PageAt(%d) = %d", p.Start, got)
		}
	}
}

// TestPDFForm reads text that stands in a form, as some writers put all of it.
func TestPDFForm(t *testing.T) {
	var b pdfBuilder
	font := b.add("<< /Type /Font /Subtype /Type1 /BaseFont /Times-Roman >>")
	form := b.stream(fmt.Sprintf("/Type /XObject /Subtype /Form /BBox [0 0 1 1] /Matrix [1 0 0 1 0 50] /Resources << /Font << /G %d 0 R >> >>", font),
		"BT /G 12 Tf 72 500 Td (This text is in a form) Tj ET")
	b.page("q /Fm1 Do Q BT /F1 12 Tf 72 600 Td (and this is above it) Tj ET", fmt.Sprintf("/XObject << /Fm1 %d 0 R >>", form))
	if got, want := mustRead(t, "a.pdf", b.bytes()).Text, "This text is in a form\nand this is above it"; strings.Replace(got, "\n\n", "\n", 1) != want {
		t.Errorf("text = %q, want %q", got, want)
	}
}

// TestPDFCompositeFont reads two-byte codes through a ToUnicode map, among
// them codes that literal strings write as escapes.
func TestPDFCompositeFont(t *testing.T) {
	var b pdfBuilder
	cmap := b.stream("", `1 begincodespacerange <0000> <ffff> endcodespacerange
2 beginbfchar <000C> <0029> <0008> <0025> endbfchar
2 beginbfrange <0024> <003D> <0041> <0044> <0045> [<0066006C> <D83DDE00>] endbfrange`)
	font := b.add(fmt.Sprintf("<< /Type /Font /Subtype /Type0 /BaseFont /X /Encoding /Identity-H /ToUnicode %d 0 R /DescendantFonts [ << /Subtype /CIDFontType2 /DW 600 /W [36 [700 650] 40 60 500] >> ] >>", cmap))
	b.page(`BT /C 12 Tf 72 700 Td (\000$\000%\000&\000\f\000\b) Tj <00440045> Tj /F1 12 Tf ( and enough other text) Tj ET`, fmt.Sprintf("/Font << /C %d 0 R /F1 3 0 R >>", font))
	// The page's own font dictionary comes first; the library takes the last.
	if got, want := mustRead(t, "a.pdf", b.bytes()).Text, "ABC)%fl😀 and enough other text"; got != want {
		t.Errorf("text = %q, want %q", got, want)
	}
}

func TestPDFDifferences(t *testing.T) {
	var b pdfBuilder
	font := b.add("<< /Type /Font /Subtype /Type1 /BaseFont /X /Encoding << /BaseEncoding /MacRomanEncoding /Differences [1 /fi /quotedblleft /uni00A7 /emdash 65 /B] >> >>")
	b.page("BT /D 12 Tf 72 700 Td (\\001 \\002 \\003 \\004 A \\216 and enough other text) Tj ET", fmt.Sprintf("/Font << /D %d 0 R >>", font))
	if got, want := mustRead(t, "a.pdf", b.bytes()).Text, "fi “ § — B é and enough other text"; got != want {
		t.Errorf("text = %q, want %q", got, want)
	}
}

// TestPDFProtected reads a file that is encrypted without a password.
func TestPDFProtected(t *testing.T) {
	var b pdfBuilder
	b.encrypt("")
	b.page(pageText, "")
	if got, want := mustRead(t, "a.pdf", b.bytes()).Text, "This Agreement is made between the parties."; got != want {
		t.Errorf("text = %q, want %q", got, want)
	}
}

// TestPDFSurroundings reads files with bytes before the header, after the end,
// and of other versions.
func TestPDFSurroundings(t *testing.T) {
	plain := simplePDF()
	tests := map[string][]byte{
		"before":  append([]byte("\x00mail header\n"), plain...),
		"after":   append(append([]byte{}, plain...), "\x00\x00trailing bytes"...),
		"version": append([]byte("%PDF-2.0\n"), plain[9:]...),
	}
	for name, content := range tests {
		t.Run(name, func(t *testing.T) {
			if got := mustRead(t, "a.pdf", content).Text; !strings.HasPrefix(got, "This Agreement") {
				t.Errorf("text = %q", got)
			}
		})
	}
}

func FuzzPDF(f *testing.F) {
	f.Add(simplePDF())
	var b pdfBuilder
	b.encrypt("")
	b.page(pageText, "")
	f.Add(b.bytes())
	var filters pdfBuilder
	filters.filtered("/RunLengthDecode", runLengthOf(pageText))
	filters.filtered("/LZWDecode", lzwOf(pageText))
	filters.filtered("/FlateDecode /DecodeParms << /Predictor 15 /Columns 20 >>", predicted(pageText, 15))
	f.Add(filters.bytes())
	var objects pdfBuilder
	form := objects.stream("/Type /XObject /Subtype /Form /Resources << /Font << /F1 3 0 R >> >>", pageText)
	image := objects.stream("/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8", "x")
	objects.page("/Fm1 Do q 612 0 0 792 0 0 cm /Im1 Do Q", fmt.Sprintf("/XObject << /Fm1 %d 0 R /Im1 %d 0 R >>", form, image))
	objects.tree = "/Kids [ 7 0 R 2 0 R ] /Count 7"
	f.Add(objects.bytes())
	f.Fuzz(func(t *testing.T, data []byte) { fuzzRead(t, "a.pdf", data) })
}

// FuzzPDFContent runs the interpreter on any content: it must not fail.
func FuzzPDFContent(f *testing.F) {
	f.Add([]byte(pageText))
	f.Add([]byte("q 1 0 0 1 0 0 cm [(a) -500 <62>] TJ BI ID x EI << /A [1 2] >> BDC (\\053\\\n) ' Q"))
	f.Add([]byte("1 begincodespacerange <00> <ff> endcodespacerange 1 beginbfrange <00> <10> <0041> endbfrange"))
	f.Fuzz(func(t *testing.T, data []byte) {
		budget := int64(1 << 20)
		in := newPDFInterpreter(t.Context(), &budget, make(fontCache))
		in.state.font = &pdfFont{known: make(map[int]glyph)}
		if err := scanContent(data, in.do); err != nil && !strings.Contains(err.Error(), "too many") {
			t.Errorf("content fails: %v", err)
		}
		layoutPage(in.fragments)
		m := parseCharMap(data)
		for _, code := range []string{"\x00", "\x05A", "\xff\xff"} {
			m.codeLength(code)
			m.text(code)
		}
	})
}

// fuzzRead holds whatever comes of a file to the rules of documents. It goes
// without the disk.
func fuzzRead(t testing.TB, name string, data []byte) {
	t.Helper()
	if len(data) > 1<<20 {
		return
	}
	format, read, err := detect(name, data)
	if err == nil {
		var parts []part
		var bad []BadPart
		lim := Limits{MaxExpanded: 4 << 20}.withDefaults()
		parts, bad, err = bounded(t.Context(), read, data, lim)
		docs, _ := documents(name, format, data, parts, bad, lim)
		for _, d := range docs {
			checkDocument(t, d)
		}
	}
	if err == nil {
		return
	}
	var q *Quarantine
	if !errors.As(err, &q) {
		t.Fatalf("error %v is no quarantine", err)
	}
	if q.Reason == ReasonCrashed {
		t.Fatal("the reader crashed")
	}
}

// TestBrokenFiles reads files with bytes changed, cut out and doubled at
// random, as a fuzzer does.
func TestBrokenFiles(t *testing.T) {
	var pages pdfBuilder
	form := pages.stream("/Type /XObject /Subtype /Form /Resources << /Font << /F1 3 0 R >> >>", pageText)
	pages.page(pageText+" /Fm1 Do [(a) 5 <62>] TJ", fmt.Sprintf("/XObject << /Fm1 %d 0 R >>", form))
	files := map[string][]byte{
		"a.pdf":  pages.bytes(),
		"a.docx": docxOf(t, "<w:p><w:r><w:t>some text</w:t></w:r></w:p>"),
		"a.hl7":  []byte(hl7Message + "OBX|1|TX|x^FINDINGS||a\\X0D\\b\\.br\\~c\rOBX|2|CE|y||a^b\r"),
		"a.json": []byte(`{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"DiagnosticReport","conclusion":"a","text":{"div":"<p>a &#0; <!-- b"},"presentedForm":[{"data":"YQ=="}]}}]}`),
		"a.csv":  []byte("id,findings,text\n1,\"a\n b\",c\n2,c,d\n"),
		"a.txt":  []byte("caf\xe9 \x93x\x94 and more of it"),
	}
	rng := rand.New(rand.NewPCG(7, 7))
	for _, name := range slices.Sorted(maps.Keys(files)) {
		for range 150 {
			fuzzRead(t, name, damage(rng, files[name]))
		}
	}
}

func damage(rng *rand.Rand, data []byte) []byte {
	out := bytes.Clone(data)
	for range 1 + rng.IntN(4) {
		i, n := rng.IntN(len(out)), rng.IntN(8)
		end := min(i+n, len(out))
		switch rng.IntN(4) {
		case 0:
			out[i] = byte(rng.IntN(256))
		case 1:
			out[i] = out[rng.IntN(len(out))]
		case 2:
			out = slices.Delete(out, i, end)
		case 3:
			out = slices.Insert(out, i, bytes.Clone(out[i:end])...)
		}
		if len(out) == 0 {
			return data
		}
	}
	return out
}
