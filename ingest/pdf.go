package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ledongthuc/pdf"
)

const (
	maxPages     = 10_000
	minLetters   = 10  // a document with fewer has no text layer
	maxUnknown   = 0.3 // share of characters without a Unicode meaning
	maxPageDepth = 50
)

// readPDF reads a PDF with a text layer as one document with pages.
//
// The library opens the file and resolves its objects; the page content is
// interpreted here, because the library's own interpreter loses spaces, forms,
// the widths of composite fonts and, on some operators, whole pages.
func readPDF(ctx context.Context, data []byte, lim Limits) ([]part, []BadPart, error) {
	lim = lim.withDefaults()
	data, err := preparePDF(data)
	if err != nil {
		return nil, nil, err
	}
	if err := checkPDFSizes(ctx, data, lim.MaxExpanded); err != nil {
		return nil, nil, err
	}
	r, err := pdf.NewReader(guardedReader{ctx, bytes.NewReader(data)}, int64(len(data)))
	if err != nil {
		return nil, nil, pdfOpenError(ctx, data, err)
	}
	pages, err := pdfPages(r)
	if err != nil {
		return nil, nil, err
	}
	texts := make([]string, len(pages))
	budget := lim.MaxExpanded
	for i, page := range pages {
		if texts[i], err = pdfPageText(ctx, page, &budget); err != nil {
			return nil, nil, pdfPageError(ctx, data, i+1, err)
		}
	}
	p := joinPages(texts)
	return []part{p}, nil, checkTextLayer(p.Text)
}

// guardedReader ends the library's loops when the context ends: broken files
// send it around cycles of references, but every round reads.
type guardedReader struct {
	ctx context.Context
	r   io.ReaderAt
}

func (g guardedReader) ReadAt(p []byte, off int64) (int, error) {
	if err := g.ctx.Err(); err != nil {
		return 0, err
	}
	if off < 0 {
		return 0, errors.New("negative offset")
	}
	return g.r.ReadAt(p, off)
}

// preparePDF cuts what surrounds a PDF and makes its header one that the
// library takes; offsets inside the file stay what they are.
func preparePDF(data []byte) ([]byte, error) {
	start := bytes.Index(data[:min(len(data), 1024)], []byte("%PDF-"))
	if start < 0 || len(data) < start+16 {
		return nil, quarantine(ReasonWrongFormat, "the file is no PDF; export it again")
	}
	end := bytes.LastIndex(data, []byte("%%EOF"))
	truncated := quarantine(ReasonTruncated, "the end of the PDF is missing; copy or export it again")
	if end < 0 || len(data)-end > 2048 {
		return nil, truncated
	}
	cut := bytes.Clone(data[start : end+len("%%EOF")])
	if tail := cut[max(0, len(cut)-100):]; !bytes.Contains(tail, []byte("startxref")) {
		return nil, truncated
	}
	copy(cut, "%PDF-1.7\n")
	return cut, nil
}

// pdfOpenError explains why a PDF could not be opened.
func pdfOpenError(ctx context.Context, data []byte, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if bytes.Contains(data, []byte("/Encrypt")) {
		return quarantine(ReasonEncrypted, "the PDF is protected by a password or a certificate; save a copy without protection")
	}
	if strings.Contains(err.Error(), "EOF") {
		return quarantine(ReasonTruncated, "parts of the PDF are missing; copy or export it again")
	}
	return quarantine(ReasonMalformed, "the PDF's table of objects is broken; open it in a viewer and print it to a new PDF")
}

func pdfPageError(ctx context.Context, data []byte, page int, err error) error {
	var q *Quarantine
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &q):
		return err
	case bytes.Contains(data, []byte("/Encrypt")):
		return quarantine(ReasonEncrypted, "the PDF's protection can not be undone; save a copy without protection")
	case strings.Contains(err.Error(), "filter") || strings.Contains(err.Error(), "pred"):
		return quarantine(ReasonUnsupported, fmt.Sprintf("page %d is compressed in a way that can not be read; print the file to a new PDF", page))
	}
	return quarantine(ReasonMalformed, fmt.Sprintf("page %d of the PDF is broken; open it in a viewer and print it to a new PDF", page))
}

// pdfPages walks the page tree. The library's own walk does not end on a tree
// with cycles and trusts the counts in it.
func pdfPages(r *pdf.Reader) (pages []pdf.Page, err error) {
	defer func() {
		if x := recover(); x != nil {
			pages, err = nil, quarantine(ReasonMalformed, "the PDF's list of pages is broken; open it in a viewer and print it to a new PDF")
		}
	}()
	tree := r.Trailer().Key("Root").Key("Pages")
	if tree.Kind() != pdf.Dict {
		return nil, quarantine(ReasonMalformed, "the PDF has no list of pages; open it in a viewer and print it to a new PDF")
	}
	visited := 0
	var walk func(node pdf.Value, depth int)
	walk = func(node pdf.Value, depth int) {
		visited++
		if depth > maxPageDepth || visited > 4*maxPages || len(pages) > maxPages {
			panic("page tree too large")
		}
		kids := node.Key("Kids")
		if kids.Kind() != pdf.Array {
			if node.Kind() == pdf.Dict && node.Key("Type").Name() != "Pages" {
				pages = append(pages, pdf.Page{V: node})
			}
			return
		}
		for i := range kids.Len() {
			walk(kids.Index(i), depth+1)
		}
	}
	walk(tree, 0)
	if len(pages) == 0 {
		return nil, quarantine(ReasonNoPages, "the PDF has no page; export the document again")
	}
	return pages, nil
}

// pdfPageText returns the text of a page. A panic of the library on broken
// objects becomes an error.
func pdfPageText(ctx context.Context, page pdf.Page, budget *int64) (text string, err error) {
	defer func() {
		if x := recover(); x != nil {
			err = fmt.Errorf("%v", x)
		}
	}()
	in := newPDFInterpreter(ctx, budget)
	if err := in.run(page); err != nil {
		return "", err
	}
	return layoutPage(in.fragments), nil
}

// joinPages makes one text of the pages. A page's range includes the empty
// line after it, so that every offset belongs to a page.
func joinPages(texts []string) part {
	var p part
	var b strings.Builder
	empty := 0
	for i, text := range texts {
		start := b.Len()
		b.WriteString(text)
		if text == "" {
			empty++
		} else if i < len(texts)-1 {
			b.WriteString("\n\n")
		}
		p.Pages = append(p.Pages, Page{Number: i + 1, Start: start, End: b.Len()})
	}
	p.Text = b.String()
	if empty > 0 {
		p.Meta = map[string]string{"pages_without_text": strconv.Itoa(empty)}
	}
	return p
}

// checkTextLayer refuses scans and text in fonts that say no Unicode.
func checkTextLayer(text string) error {
	letters, unknown, all := 0, 0, 0
	for _, r := range text {
		switch {
		case unicode.IsSpace(r):
			continue
		case r == utf8.RuneError:
			unknown++
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			letters++
		}
		all++
	}
	if all > 0 && float64(unknown) > maxUnknown*float64(all) {
		return quarantine(ReasonNoText, "the PDF's fonts do not say which letters they draw; run it through text recognition (OCR)")
	}
	if letters < minLetters {
		return quarantine(ReasonNoText, "the PDF holds pictures of pages, not text; run it through text recognition (OCR)")
	}
	return nil
}
