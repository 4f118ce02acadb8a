package ingest

import (
	"context"
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// Signs that a reader has failed on a page.
const (
	maxGarbled    = 0.1 // share of characters without a meaning
	longLetters   = 200 // letters from which a page must have spaces
	lettersASpace = 30  // at most, in languages that have spaces
)

// quality is what the characters of a text tell about it.
type quality struct {
	all     int // characters that are not white space
	letters int // and digits
	latin   int // letters of scripts that put spaces between words
	unknown int // U+FFFD, private use and controls
	spaces  int // runs of white space
}

func measure(text string) quality {
	var q quality
	space := false
	for _, r := range text {
		if unicode.IsSpace(r) {
			if !space {
				q.spaces++
			}
			space = true
			continue
		}
		space = false
		q.all++
		switch {
		case r < utf8.RuneSelf:
			letter := r|0x20 >= 'a' && r|0x20 <= 'z'
			if letter || r >= '0' && r <= '9' {
				q.letters++
			}
			if letter {
				q.latin++
			}
			if r < ' ' || r == 0x7f {
				q.unknown++
			}
		case r == utf8.RuneError || unicode.Is(unicode.Co, r) || unicode.IsControl(r):
			q.unknown++
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			q.letters++
			if unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic) {
				q.latin++
			}
		}
	}
	return q
}

func (q quality) garbled() bool {
	return float64(q.unknown) > maxGarbled*float64(q.all)
}

func (q quality) runTogether() bool {
	return q.latin > longLetters && q.latin > lettersASpace*q.spaces
}

// failed says whether a second reader should look at a page.
func (p *pdfPage) failed() bool {
	if p.err != nil {
		return true
	}
	q := measure(p.text)
	return q.letters == 0 && p.shown > 0 || q.garbled() || q.runTogether()
}

// betterThan compares two readings of a page of which p, the second, is taken
// only where it mends what the first failed in.
func (p *pdfPage) betterThan(first *pdfPage) bool {
	a, b := measure(first.text), measure(p.text)
	switch {
	case first.err != nil:
		return b.letters > 0 || p.picture > 0
	case a.letters == 0:
		return b.letters > 0
	case a.garbled():
		return b.letters > 0 && b.unknown*a.all < a.unknown*b.all
	}
	return b.letters*10 > a.letters*9 && !b.runTogether()
}

// secondReader is pdfium on one file, opened when first needed.
type secondReader struct {
	ctx  context.Context
	data []byte
	none bool // there is none
	file *pdfiumFile
	err  error // of opening
}

// ErrSecondReader is the error for a PDF that the first reader can not read
// whole, where [Limits].FirstReaderOnly keeps the second from it.
var ErrSecondReader error = quarantine(ReasonUnsupported, "the PDF needs a reader that is not at hand here; print it to a new PDF")

func (s *secondReader) open() (*pdfiumFile, error) {
	if s.none {
		return nil, ErrSecondReader
	}
	if s.file == nil && s.err == nil {
		s.file, s.err = openPDFium(s.ctx, s.data)
	}
	return s.file, s.err
}

func (s *secondReader) close() {
	if s.file != nil {
		s.file.close()
	}
}

// mend reads again what the first reader failed on: single pages, or with
// opening, the error of opening, the whole file. Its error is why the file is
// given up.
func (s *secondReader) mend(pages []pdfPage, opening error) ([]pdfPage, error) {
	var q *Quarantine
	if errors.As(opening, &q) && q.Reason == ReasonNoPages {
		return nil, opening
	}
	if opening != nil {
		return s.readAll(opening)
	}
	for i := range pages {
		first := &pages[i]
		if !first.failed() {
			continue
		}
		again := s.read(i)
		if err := s.ctx.Err(); err != nil {
			return nil, err
		}
		if again.err == ErrSecondReader {
			return nil, again.err
		}
		if again.err == nil && again.betterThan(first) {
			*first = again
		}
		if first.err != nil {
			return nil, first.err
		}
	}
	return pages, nil
}

// readAll reads a file that the first reader could not open.
func (s *secondReader) readAll(opening error) ([]pdfPage, error) {
	file, err := s.open()
	if ctxErr := s.ctx.Err(); ctxErr != nil {
		return nil, ctxErr
	}
	if err == ErrSecondReader {
		return nil, err
	}
	if errors.Is(err, errPDFiumPassword) {
		return nil, quarantine(ReasonEncrypted, "the PDF is protected by a password or a certificate; save a copy without protection")
	}
	if err != nil || file.pages == 0 {
		return nil, opening
	}
	if file.pages > maxPages {
		return nil, quarantine(ReasonTooLarge, fmt.Sprintf("the PDF has more than %d pages; split it", maxPages))
	}
	pages := make([]pdfPage, file.pages)
	for i := range pages {
		pages[i] = s.read(i)
		if err := s.ctx.Err(); err != nil {
			return nil, err
		}
		if pages[i].err != nil {
			return nil, pdfPageError(nil, i+1, pages[i].err)
		}
	}
	return pages, nil
}

// read reads page i, from 0.
func (s *secondReader) read(i int) pdfPage {
	page := pdfPage{reader: readerPDFium}
	file, err := s.open()
	if err == nil && i >= file.pages {
		err = errors.New("pdfium finds fewer pages")
	}
	var fragments []fragment
	if err == nil {
		fragments, err = file.fragments(s.ctx, i)
	}
	if page.err = err; err != nil {
		return page
	}
	page.text = layoutPage(fragments)
	page.picture = file.pictureShare(i)
	return page
}
