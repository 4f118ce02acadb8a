package samples

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"math/rand/v2"
	"strings"
)

// A pdfLook is how a contract looks on its pages.
type pdfLook struct {
	body, bold    *font
	size, leading float64 // points
	width, height float64 // of the page
	margin        float64
	header        string
	foot          int // style of the page number
	operators     int // how lines are placed: 0 Td a line, 1 Tm, 2 Td within a paragraph
	flate         bool
}

func newPDFLook(c *contract, rng *rand.Rand) pdfLook {
	l := pdfLook{body: helvetica, bold: helveticaBold, size: 10, width: 612, height: 792, margin: 72,
		foot: rng.IntN(4), operators: rng.IntN(3), flate: rng.IntN(2) == 0}
	if rng.IntN(2) == 0 {
		l.body, l.bold, l.size = timesRoman, timesBold, 11
	}
	if rng.IntN(3) == 0 {
		l.width, l.height = 595, 842
	}
	if rng.IntN(3) == 0 {
		l.margin = 62
	}
	l.leading = 1.2 * l.size
	switch rng.IntN(4) {
	case 0:
		l.header = "CONFIDENTIAL"
	case 1:
		l.header = fmt.Sprintf("Ref. %d-%c", 1000+rng.IntN(9000), 'A'+rng.IntN(26))
	}
	return l
}

// A placed line has its baseline's left end on the page.
type placed struct {
	x, y  float64
	bold  bool
	text  string // encoded
	first bool   // of its paragraph
}

// renderPDF lays a contract out on pages. Paragraphs that show a category are
// not torn by a page's end.
func renderPDF(c *contract, rng *rand.Rand) ([]byte, error) {
	look := newPDFLook(c, rng)
	pages := look.paginate(c)
	contents := make([]string, len(pages))
	for i, lines := range pages {
		if look.header != "" {
			lines = append([]placed{{x: look.margin, y: look.height - 40, text: encode(look.header), first: true}}, lines...)
		}
		if n := encode(pageNumber(look.foot, i+1, len(pages))); n != "" {
			x := (look.width - look.body.measure(n, look.size)) / 2
			lines = append(lines, placed{x: x, y: 36, text: n, first: true})
		}
		contents[i] = look.content(lines)
	}
	return writePDF(pdfFile{title: c.title, width: look.width, height: look.height,
		fonts: []*font{look.body, look.bold}, contents: contents, flate: look.flate})
}

func (l pdfLook) paginate(c *contract) [][]placed {
	var (
		pages  [][]placed
		page   []placed
		top    = l.height - l.margin
		bottom = l.margin
		y      = top
	)
	fresh := func() {
		pages = append(pages, page)
		page, y = nil, top
	}
	for i, b := range c.blocks {
		f := l.body
		bold := b.role == blockTitle || b.role == blockHeading
		if bold {
			f = l.bold
		}
		lines := l.lines(f, b.prefix+b.text)
		gap := l.leading * 0.4
		if b.role == blockSignature && strings.HasPrefix(b.text, "Title: ") {
			gap = l.leading
		}
		need := float64(len(lines)) * l.leading
		if b.role == blockHeading && i+1 < len(c.blocks) { // a heading stays with what it heads
			need += gap + float64(len(l.lines(l.body, c.blocks[i+1].prefix+c.blocks[i+1].text)))*l.leading
		} else if len(b.spans) == 0 && len(lines) > 3 {
			need = 2 * l.leading
		}
		if y-need < bottom && len(page) > 0 {
			fresh()
		}
		for j, text := range lines {
			if y-l.leading < bottom {
				fresh()
			}
			y -= l.leading
			x := l.margin
			if b.role == blockTitle {
				x = (l.width - f.measure(text, l.size)) / 2
			}
			page = append(page, placed{x: x, y: y, bold: bold, text: text, first: j == 0})
		}
		y -= gap
	}
	return append(pages, page)
}

// lines breaks a paragraph, encoded, at the width of the page.
func (l pdfLook) lines(f *font, text string) []string {
	var out []string
	current := ""
	for _, word := range strings.Fields(encode(text)) {
		next := word
		if current != "" {
			next = current + " " + word
		}
		if current != "" && f.measure(next, l.size) > l.width-2*l.margin {
			out = append(out, current)
			next = word
		}
		current = next
	}
	return append(out, current)
}

var pdfEscape = strings.NewReplacer(`\`, `\\`, `(`, `\(`, `)`, `\)`)

// literal writes an encoded text as a PDF string.
func literal(encoded string) string {
	var b strings.Builder
	b.WriteByte('(')
	for i := range len(encoded) {
		if c := encoded[i]; c >= 127 {
			fmt.Fprintf(&b, `\%03o`, c)
		} else {
			b.WriteString(pdfEscape.Replace(string(rune(c))))
		}
	}
	b.WriteByte(')')
	return b.String()
}

// content writes the operators that show the lines of a page.
func (l pdfLook) content(lines []placed) string {
	var b strings.Builder
	fontOf := func(p placed) string {
		if p.bold {
			return "/F2"
		}
		return "/F1"
	}
	open := false
	for i, p := range lines {
		switch {
		case l.operators == 0:
			fmt.Fprintf(&b, "BT\n%s %g Tf\n%.2f %.2f Td\n%s Tj\nET\n", fontOf(p), l.size, p.x, p.y, literal(p.text))
			continue
		case p.first:
			if open {
				b.WriteString("ET\n")
			}
			fmt.Fprintf(&b, "BT\n%s %g Tf\n", fontOf(p), l.size)
			open = true
		}
		switch {
		case l.operators == 1:
			fmt.Fprintf(&b, "1 0 0 1 %.2f %.2f Tm\n", p.x, p.y)
		case p.first || i == 0:
			fmt.Fprintf(&b, "%.2f %.2f Td\n", p.x, p.y)
		default:
			previous := lines[i-1]
			fmt.Fprintf(&b, "%.2f %.2f Td\n", p.x-previous.x, p.y-previous.y)
		}
		fmt.Fprintf(&b, "%s Tj\n", literal(p.text))
	}
	if open {
		b.WriteString("ET\n")
	}
	return b.String()
}

// A pdfFile is what a PDF 1.4 file is written from.
type pdfFile struct {
	title         string
	width, height float64
	fonts         []*font
	contents      []string // one a page
	flate         bool
}

// writePDF writes the objects of a file: catalog, pages, information, fonts,
// then a page and its content in turns. There is no date and no identifier
// but fixed ones, so that equal files have equal bytes.
func writePDF(f pdfFile) ([]byte, error) {
	var (
		objects []string
		kids    []string
		fonts   strings.Builder
	)
	first := 4 + len(f.fonts)
	for i, ft := range f.fonts {
		fmt.Fprintf(&fonts, "/F%d %d 0 R ", i+1, 4+i)
		var widths strings.Builder
		for code := 32; code < 256; code++ {
			fmt.Fprintf(&widths, "%d ", ft.width(byte(code)))
		}
		objects = append(objects, fmt.Sprintf("<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding /FirstChar 32 /LastChar 255 /Widths [ %s] >>", ft.name, widths.String()))
	}
	for i, content := range f.contents {
		n := first + 2*i
		kids = append(kids, fmt.Sprintf("%d 0 R", n))
		objects = append(objects, fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %g %g] /Resources << /Font << %s>> >> /Contents %d 0 R >>", f.width, f.height, fonts.String(), n+1))
		stream, filter, err := encodeStream(content, f.flate)
		if err != nil {
			return nil, err
		}
		objects = append(objects, fmt.Sprintf("<< /Length %d%s >>\nstream\n%s\nendstream", len(stream), filter, stream))
	}
	head := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d >>", strings.Join(kids, " "), len(kids)),
		fmt.Sprintf("<< /Title %s /Producer (adapt samples) /CreationDate (D:20240101000000Z) >>", literal(encode(f.title))),
	}
	return pdfBytes(append(head, objects...), "/Root 1 0 R /Info 3 0 R"), nil
}

// encodeStream packs a stream with zlib on demand. Its blocks are stored and
// not compressed: compressed bytes may differ from one Go release to the next.
func encodeStream(content string, flate bool) (stream, filter string, err error) {
	if !flate {
		return content, "", nil
	}
	var b bytes.Buffer
	w, err := zlib.NewWriterLevel(&b, zlib.NoCompression)
	if err != nil {
		return "", "", fmt.Errorf("samples: packing a stream: %w", err)
	}
	if _, err := w.Write([]byte(content)); err != nil {
		return "", "", fmt.Errorf("samples: packing a stream: %w", err)
	}
	if err := w.Close(); err != nil {
		return "", "", fmt.Errorf("samples: packing a stream: %w", err)
	}
	return b.String(), " /Filter /FlateDecode", nil
}

// pdfBytes numbers the objects from 1 and adds the cross-reference table.
func pdfBytes(objects []string, trailer string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	offsets := make([]int, len(objects))
	for i, o := range objects {
		offsets[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d %s >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, trailer, xref)
	return b.Bytes()
}
