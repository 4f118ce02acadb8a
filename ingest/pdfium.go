package ingest

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"os"
	"path/filepath"
	"sync"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/enums"
	pdfiumerrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

const (
	pdfiumMemory    = 256 << 20 // bytes that pdfium may use for one document
	pdfiumInstances = 2         // documents at a time
	wasmPage        = 64 << 10
	maxObjects      = 1000 // that are looked at for pictures
)

// pdfiumCode is pdfium, compiled on first use, once a process: some three
// seconds and 300 MB where no earlier process has left its compiled code in the
// cache, a tenth of a second where one has. The compiled code is shared; every
// document gets memory of its own, so that none can harm the next.
var pdfiumCode struct {
	once sync.Once
	pool pdfium.Pool
	err  error
}

// loadPDFium compiles pdfium, or takes its compiled code from the folder
// cache, if that is not empty.
func loadPDFium(cache string) (pdfium.Pool, error) {
	c := &pdfiumCode
	c.once.Do(func() {
		config := wazero.NewRuntimeConfig().
			WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling).
			WithMemoryLimitPages(pdfiumMemory / wasmPage).
			WithCloseOnContextDone(true)
		if cache != "" {
			// Without a cache it is only slower.
			if kept, err := wazero.NewCompilationCacheWithDir(cache); err == nil {
				config = config.WithCompilationCache(kept)
			}
		}
		c.pool, c.err = webassembly.Init(webassembly.Config{
			MaxTotal:      pdfiumInstances,
			RuntimeConfig: config,
			FSConfig:      wazero.NewFSConfig(), // it sees no files
			Stdout:        io.Discard,           // what it says may hold text of the document
			Stderr:        io.Discard,
		})
	})
	return c.pool, c.err
}

// LoadSecondReader gets the second reader of PDFs ready, which otherwise
// happens when a page needs it: a process that may open no files later calls
// it first, with what [SecondReaderCache] returned.
func LoadSecondReader(cache string) error {
	_, err := loadPDFium(cache)
	return err
}

// SecondReaderCache returns the folder for the compiled code of the second
// reader, which belongs to the user alone, or "" where there is no place.
func SecondReaderCache() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	dir = filepath.Join(dir, "adapt", "wasm")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return ""
	}
	return dir
}

// A pdfiumFile is a PDF opened by pdfium, the second reader: slower than the
// first, but it reads every filter and protection and repairs broken files.
type pdfiumFile struct {
	in     pdfium.Pdfium
	doc    references.FPDF_DOCUMENT
	pages  int
	stop   func() bool // the watch for the end of the context
	killed chan struct{}
}

// errPDFiumPassword says that a file does not open without a password.
var errPDFiumPassword = errors.New("pdfium: a password is needed")

// openPDFium opens a file. When ctx ends, whatever pdfium is doing ends too.
// Close it after use.
func openPDFium(ctx context.Context, data []byte) (*pdfiumFile, error) {
	pool, err := loadPDFium(SecondReaderCache())
	if err != nil {
		return nil, fmt.Errorf("starting pdfium: %w", err)
	}
	in, err := pool.GetInstanceWithContext(ctx)
	if err != nil {
		return nil, fmt.Errorf("starting pdfium: %w", err)
	}
	f := &pdfiumFile{in: in, killed: make(chan struct{})}
	f.stop = context.AfterFunc(ctx, func() {
		defer close(f.killed)
		_ = in.Kill()
	})
	opened, err := in.OpenDocument(&requests.OpenDocument{File: &data})
	if err != nil {
		f.close()
		if errors.Is(err, pdfiumerrors.ErrPassword) {
			return nil, errPDFiumPassword
		}
		return nil, fmt.Errorf("opening with pdfium: %w", err)
	}
	f.doc = opened.Document
	count, err := in.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: f.doc})
	if err != nil {
		f.close()
		return nil, fmt.Errorf("opening with pdfium: %w", err)
	}
	f.pages = count.PageCount
	return f, nil
}

func (f *pdfiumFile) close() {
	if f.stop() {
		_ = f.in.Close()
		return
	}
	<-f.killed
}

func (f *pdfiumFile) page(i int) requests.Page {
	return requests.Page{ByIndex: &requests.PageByIndex{Document: f.doc, Index: i}}
}

// fragments returns the text of page i, from 0, as pieces with their places.
func (f *pdfiumFile) fragments(ctx context.Context, i int) ([]fragment, error) {
	loaded, err := f.in.FPDFText_LoadPage(&requests.FPDFText_LoadPage{Page: f.page(i)})
	if err != nil {
		return nil, err
	}
	text := loaded.TextPage
	defer f.in.FPDFText_ClosePage(&requests.FPDFText_ClosePage{TextPage: text})
	count, err := f.in.FPDFText_CountChars(&requests.FPDFText_CountChars{TextPage: text})
	if err != nil {
		return nil, err
	}
	if count.Count > maxFragments {
		return nil, errors.New("the page draws too many characters")
	}
	var out joiner
	for at := range count.Count {
		if at%1024 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		char, err := f.char(text, at)
		if err != nil {
			return nil, err
		}
		out.add(char)
	}
	return out.fragments, nil
}

// char returns one character as a fragment. Those that pdfium adds between
// words and lines have no place: their size is 0.
func (f *pdfiumFile) char(text references.FPDF_TEXTPAGE, at int) (fragment, error) {
	code, err := f.in.FPDFText_GetUnicode(&requests.FPDFText_GetUnicode{TextPage: text, Index: at})
	if err != nil {
		return fragment{}, err
	}
	made, err := f.in.FPDFText_IsGenerated(&requests.FPDFText_IsGenerated{TextPage: text, Index: at})
	if err != nil {
		return fragment{}, err
	}
	char := fragment{text: pdfiumText(rune(code.Unicode))}
	if made.IsGenerated {
		return char, nil
	}
	angle, err := f.in.FPDFText_GetCharAngle(&requests.FPDFText_GetCharAngle{TextPage: text, Index: at})
	if err != nil {
		return fragment{}, err
	}
	origin, err := f.in.FPDFText_GetCharOrigin(&requests.FPDFText_GetCharOrigin{TextPage: text, Index: at})
	if err != nil {
		return fragment{}, err
	}
	loose, err := f.in.FPDFText_GetLooseCharBox(&requests.FPDFText_GetLooseCharBox{TextPage: text, Index: at})
	if err != nil {
		return fragment{}, err
	}
	r := loose.Rect
	char.quadrant = quadrantOf(float64(angle.CharAngle))
	char.x, char.y = turn(char.quadrant, origin.X, origin.Y)
	x1, y1 := turn(char.quadrant, float64(r.Left), float64(r.Bottom))
	x2, y2 := turn(char.quadrant, float64(r.Right), float64(r.Top))
	char.end, char.size = max(x1, x2), max(y1, y2)-min(y1, y2)
	return char, nil
}

// pdfiumText returns the text of a character of pdfium's: 0 is a code that no
// font explains, 2 and U+FFFE a hyphen at the end of a line.
func pdfiumText(r rune) string {
	switch r {
	case 0:
		return "\ufffd"
	case 2, 0xfffe:
		return "-"
	}
	return string(r)
}

// A joiner makes longer fragments of characters that follow each other.
type joiner struct {
	fragments []fragment
	apart     bool // what comes next begins a fragment
}

func (j *joiner) add(c fragment) {
	if c.size <= 0 {
		if n := len(j.fragments); c.text == " " && n > 0 && !j.apart {
			j.fragments[n-1].text += " "
			return
		}
		j.apart = j.apart || c.text != " "
		return
	}
	if n := len(j.fragments); n > 0 && !j.apart {
		last := &j.fragments[n-1]
		gap := c.x - last.end
		if c.quadrant == last.quadrant && c.y == last.y && c.size == last.size && gap > -0.5*c.size && gap < c.size {
			last.text, last.end = last.text+c.text, c.end
			return
		}
	}
	j.apart = false
	j.fragments = append(j.fragments, c)
}

// pictureShare returns the share of page i, from 0, that pictures cover. What
// is in forms is not looked into: a page that draws nothing but forms has an
// unknown share, which counts as a part of it.
func (f *pdfiumFile) pictureShare(i int) float64 {
	count, err := f.in.FPDFPage_CountObjects(&requests.FPDFPage_CountObjects{Page: f.page(i)})
	size, sizeErr := f.in.GetPageSize(&requests.GetPageSize{Page: f.page(i)})
	if err != nil || sizeErr != nil || size.Width*size.Height <= 0 {
		return 0
	}
	area, other := 0.0, false
	for at := range min(count.Count, maxObjects) {
		object, err := f.in.FPDFPage_GetObject(&requests.FPDFPage_GetObject{Page: f.page(i), Index: at})
		if err != nil {
			break
		}
		kind, err := f.in.FPDFPageObj_GetType(&requests.FPDFPageObj_GetType{PageObject: object.PageObject})
		if err != nil {
			break
		}
		other = other || kind.Type != enums.FPDF_PAGEOBJ_FORM
		if kind.Type != enums.FPDF_PAGEOBJ_IMAGE {
			continue
		}
		if b, err := f.in.FPDFPageObj_GetBounds(&requests.FPDFPageObj_GetBounds{PageObject: object.PageObject}); err == nil {
			area += math.Abs(float64(b.Right-b.Left) * float64(b.Top-b.Bottom))
		}
	}
	if count.Count > 0 && !other {
		return partOfPage
	}
	return min(1, area/(size.Width*size.Height))
}

const (
	drawDPI   = 300
	maxPixels = 40_000_000 // of a page; an A3 page has 17 million at 300 dots an inch
	minDPI    = 50
)

// draw returns a picture of page i, from 0, in shades of grey.
func (f *pdfiumFile) draw(i int) (*image.Gray, error) {
	size, err := f.in.GetPageSize(&requests.GetPageSize{Page: f.page(i)})
	if err != nil {
		return nil, err
	}
	dpi := drawDPI
	for size.Width*size.Height/72/72*float64(dpi)*float64(dpi) > maxPixels {
		if dpi -= 10; dpi < minDPI {
			return nil, errors.New("the page is too large to be drawn")
		}
	}
	drawn, err := f.in.RenderPageInDPI(&requests.RenderPageInDPI{
		DPI: dpi, Page: f.page(i), ImageFormat: requests.RenderImageFormatGrayscale,
	})
	if err != nil {
		return nil, err
	}
	defer drawn.Cleanup()
	img, ok := drawn.Result.RenderedImage.(*image.Gray)
	if !ok {
		return nil, errors.New("pdfium drew no grey picture")
	}
	// The pixels lie in pdfium's memory until the clean-up.
	own := image.NewGray(img.Bounds())
	for y := range img.Rect.Dy() {
		copy(own.Pix[y*own.Stride:][:own.Stride], img.Pix[y*img.Stride:])
	}
	return own, nil
}
