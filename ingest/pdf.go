package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ledongthuc/pdf"
)

const (
	maxPages     = 10_000
	minLetters   = 10  // a document with fewer has no text layer
	maxUnknown   = 0.3 // share of characters without a Unicode meaning
	maxPageDepth = 50

	wholePage  = 0.7 // share of a page that a scan covers
	partOfPage = 0.3
	maxStamp   = 100 // letters and digits of stamps on a scan
)

// readPDF reads a PDF as one document with pages.
//
// Three readers take turns: the library github.com/ledongthuc/pdf with the
// interpreter of page content that is here, because the library's own loses
// spaces, forms, the widths of composite fonts and, on some operators, whole
// pages; pdfium for the pages, or the file, where that fails; and text
// recognition for the pages that are pictures. Every page says which it was.
func readPDF(ctx context.Context, data []byte, lim Limits) ([]part, []BadPart, error) {
	lim = lim.withDefaults()
	data, err := preparePDF(data)
	if err != nil {
		return nil, nil, err
	}
	if err := checkPDFSizes(ctx, data, lim.MaxExpanded); err != nil {
		return nil, nil, err
	}
	pages, err := readPDFPages(ctx, data, lim.MaxExpanded)
	if isFinal(ctx, err) {
		return nil, nil, err
	}
	second := &secondReader{ctx: ctx, data: data, none: lim.FirstReaderOnly}
	defer second.close()
	if pages, err = second.mend(pages, err); err != nil {
		return nil, nil, err
	}
	if err := takeRecognized(pages, lim); err != nil {
		return nil, nil, err
	}
	p := joinPages(pages)
	return []part{p}, nil, checkTextLayer(p.Text)
}

// The readers of pages, as [Page].Reader names them.
const (
	readerPDF       = "pdf"
	readerPDFium    = "pdfium"
	readerTesseract = "tesseract"
)

// A pdfPage is what a reader found on a page.
type pdfPage struct {
	text    string
	reader  string
	err     error   // why the page could not be read
	shown   int     // bytes of the strings that the page shows
	picture float64 // share of the page that its pictures cover, at most 1
}

// readPDFPages reads a file with the first reader. The error is of the whole
// file; a page that can not be read has its own.
func readPDFPages(ctx context.Context, data []byte, budget int64) ([]pdfPage, error) {
	r, err := openPDF(ctx, data)
	if err != nil {
		return nil, err
	}
	nodes, err := pdfPages(r)
	if err != nil {
		return nil, err
	}
	pages := make([]pdfPage, len(nodes))
	fonts := make(fontCache)
	for i, node := range nodes {
		pages[i] = readPDFPage(ctx, node, &budget, fonts)
		if isFinal(ctx, pages[i].err) {
			return nil, pages[i].err
		}
		pages[i].err = pdfPageError(data, i+1, pages[i].err)
	}
	return pages, nil
}

// takeRecognized puts in the texts of pages that are pictures. The error is of
// type [*Scans] when there are pictures whose text is not known.
func takeRecognized(pages []pdfPage, lim Limits) error {
	var unknown []int
	for i := range pages {
		text, known := lim.Recognized[i+1]
		switch {
		case known:
			pages[i].text, pages[i].reader = text, readerTesseract
		case pages[i].isPicture():
			unknown = append(unknown, i+1)
		}
	}
	if len(unknown) == 0 || len(unknown) < len(pages) && lim.OCR.Off {
		return nil
	}
	return newScans(unknown, len(pages), lim)
}

// isPicture says whether the text of a page, if it has any, is in pictures: a
// scan, perhaps with a stamp on it, or letters that no font explains.
func (p *pdfPage) isPicture() bool {
	q := measure(p.text)
	switch {
	case p.picture >= wholePage:
		return q.letters < maxStamp
	case p.picture >= partOfPage:
		return q.letters < minLetters
	}
	return q.all > 0 && float64(q.unknown) > maxUnknown*float64(q.all)
}

// isFinal says whether an error leaves a second reader nothing to try.
func isFinal(ctx context.Context, err error) bool {
	return err != nil && ctx.Err() != nil || errors.Is(err, errExpands) || errors.Is(err, errEndless)
}

// openPDF opens a file with the library, whose panics become errors.
func openPDF(ctx context.Context, data []byte) (r *pdf.Reader, err error) {
	defer func() {
		if x := recover(); x != nil {
			r, err = nil, pdfOpenError(ctx, data, fmt.Errorf("%v", x))
		}
	}()
	r, err = pdf.NewReader(guardedReader{ctx, bytes.NewReader(data)}, int64(len(data)))
	if err != nil {
		return nil, pdfOpenError(ctx, data, err)
	}
	return r, nil
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

// pdfPageError explains why a page could not be read.
func pdfPageError(data []byte, page int, err error) error {
	switch {
	case err == nil:
		return nil
	case bytes.Contains(data, []byte("/Encrypt")):
		return quarantine(ReasonEncrypted, "the PDF's protection can not be undone; save a copy without protection")
	case strings.Contains(err.Error(), "filter") || strings.Contains(err.Error(), "pred"):
		return quarantine(ReasonUnsupported, fmt.Sprintf("page %d is compressed in a way that can not be read; print the file to a new PDF", page))
	}
	return quarantine(ReasonMalformed, fmt.Sprintf("page %d of the PDF is broken; open it in a viewer and print it to a new PDF", page))
}

// errEndless is for a page tree that goes around in circles or is far too
// large. A second reader would go around in it too.
var errEndless = quarantine(ReasonMalformed, "the PDF's list of pages does not end; open it in a viewer and print it to a new PDF")

// pdfPages walks the page tree. The library's own walk does not end on a tree
// with cycles and trusts the counts in it.
func pdfPages(r *pdf.Reader) (pages []pdf.Page, err error) {
	defer func() {
		switch x := recover(); x {
		case nil:
		case errEndless:
			pages, err = nil, errEndless
		default:
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
			panic(errEndless)
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

// readPDFPage reads a page. A panic of the library on broken objects becomes
// an error.
func readPDFPage(ctx context.Context, node pdf.Page, budget *int64, fonts fontCache) (page pdfPage) {
	page.reader = readerPDF
	in := newPDFInterpreter(ctx, budget, fonts)
	defer func() {
		if x := recover(); x != nil {
			page.err = fmt.Errorf("%v", x)
		}
		page.shown, page.picture = in.shown, in.pictureShare(node)
	}()
	if page.err = in.run(node); page.err == nil {
		page.text = layoutPage(in.fragments)
	}
	return page
}

// checkTextLayer refuses scans and text in fonts that say no Unicode.
func checkTextLayer(text string) error {
	q := measure(text)
	if q.all > 0 && float64(q.unknown) > maxUnknown*float64(q.all) {
		return quarantine(ReasonNoText, "the PDF's fonts do not say which letters they draw; "+ocrAdvice)
	}
	if q.letters < minLetters {
		return quarantine(ReasonNoText, "the PDF holds no text; "+ocrAdvice)
	}
	return nil
}
