package ingest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// OCR says whether and how scanned pages are recognized. The zero value
// leaves them alone.
type OCR struct {
	// Language is that of the pages, as tesseract names it: "eng", "deu+eng".
	// Empty: no recognition.
	Language string `json:"language,omitempty"`
	// Off says that pages without text are meant to be left out: a document
	// with others is taken as it is. Otherwise it is quarantined.
	Off bool `json:"off,omitempty"`
	// Missing says why no page can be recognized: it becomes part of the
	// quarantine's advice.
	Missing string `json:"missing,omitempty"`
	// Version is the recognizer's, as [FindOCR] reports it; it is here because
	// another version may read another text.
	Version string `json:"version,omitempty"`
	// Timeout bounds the recognition of all scanned pages of a file, beside
	// [Limits].Timeout for all else; ten minutes.
	Timeout time.Duration `json:"timeout,omitempty"`
}

func (o OCR) enabled() bool { return o.Language != "" }

const (
	ocrProgram     = "tesseract"
	ocrPageTime    = 90 * time.Second
	defaultOCRTime = 10 * time.Minute
	maxOCRText     = 1 << 20 // bytes of a page
)

// ocrAdvice ends the sentence of a quarantine for scanned pages.
const ocrAdvice = "install tesseract and set ingest.ocr to auto, or run the file through text recognition (OCR) yourself"

// ocrLanguage is the form of the names of tesseract's data, none of which can
// be taken for a flag.
var ocrLanguage = regexp.MustCompile(`^\w+(/\w+)?(\+\w+(/\w+)?)*$`)

// FindOCR says what this machine can recognize in a language: with tesseract
// and its data all, without them nothing, and Missing says what to install.
func FindOCR(ctx context.Context, language string) OCR {
	version, err := findTesseract(ctx, language)
	if err != nil {
		return OCR{Missing: err.Error()}
	}
	return OCR{Language: language, Version: version}
}

func findTesseract(ctx context.Context, language string) (version string, err error) {
	if !ocrLanguage.MatchString(language) {
		return "", fmt.Errorf("%q is no language of tesseract's; they look like eng or deu+eng", language)
	}
	path, err := exec.LookPath(ocrProgram)
	if err != nil {
		return "", errors.New("tesseract is not installed (Debian: apt-get install tesseract-ocr)")
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "--version").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("tesseract does not start: %w", err)
	}
	line, _, _ := strings.Cut(string(out), "\n")
	langs, err := exec.CommandContext(ctx, path, "--list-langs").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("tesseract does not list its languages: %w", err)
	}
	have := strings.Fields(string(langs))
	for _, want := range strings.Split(language, "+") {
		if !slices.Contains(have, want) {
			return "", fmt.Errorf("tesseract has no data for the language %q (Debian: apt-get install tesseract-ocr-%s)", want, want)
		}
	}
	return strings.TrimSpace(line), nil
}

// Scans is the error for a PDF with pages that are pictures: a [*Quarantine],
// which holds where they can not be recognized. [Recognize] handles it.
type Scans struct {
	Quarantine *Quarantine
	Pages      []int // from 1
}

func newScans(pages []int, of int, lim Limits) *Scans {
	what := "the PDF holds pictures of pages, not text"
	if len(pages) < of {
		what = fmt.Sprintf("%d of the PDF's %d pages can only be read as pictures", len(pages), of)
	}
	switch {
	case lim.OCR.Missing != "":
		what += "; " + lim.OCR.Missing + ", or run the file through text recognition (OCR) yourself"
	case lim.OCR.enabled() && lim.depth > 0:
		what += "; take it out of the file that it is in to have them recognized"
	default:
		what += "; " + ocrAdvice
	}
	return &Scans{quarantine(ReasonNoText, what), pages}
}

func (s *Scans) Error() string { return s.Quarantine.Error() }
func (s *Scans) Unwrap() error { return s.Quarantine }

// A PageReader reads a file and draws its pages. Both may happen in another
// process, where the file can do no harm.
type PageReader interface {
	// Parse is [ParseText].
	Parse(ctx context.Context, lim Limits) ([]Document, []BadPart, error)
	// Draw is [DrawPage] within the limits.
	Draw(ctx context.Context, page int, lim Limits) ([]byte, error)
}

// Recognize parses a file and, where its pages are pictures and lim.OCR asks
// for it, recognizes them with tesseract in a process of its own.
func Recognize(ctx context.Context, file PageReader, lim Limits) ([]Document, []BadPart, error) {
	docs, bad, err := file.Parse(ctx, lim)
	var scans *Scans
	if !errors.As(err, &scans) || !lim.OCR.enabled() {
		return docs, bad, err
	}
	timeout := lim.OCR.Timeout
	if timeout <= 0 {
		timeout = defaultOCRTime
	}
	inner, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	texts := make(map[int]string)
	for _, page := range scans.Pages {
		picture, err := file.Draw(inner, page, lim)
		if err == nil {
			texts[page], err = lim.OCR.read(inner, picture)
		}
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if inner.Err() != nil {
			return nil, nil, quarantine(ReasonTimeout, fmt.Sprintf(
				"recognizing the %d scanned pages took longer than %v; split the file or raise ingest.ocr_timeout", len(scans.Pages), timeout))
		}
		if err != nil {
			return nil, nil, err
		}
	}
	lim.Recognized = texts
	return file.Parse(ctx, lim)
}

// read recognizes the text of a picture in PGM form.
func (o OCR) read(ctx context.Context, picture []byte) (string, error) {
	path, err := exec.LookPath(ocrProgram)
	if err != nil || !ocrLanguage.MatchString(o.Language) {
		return "", quarantine(ReasonNoText, "the PDF holds pictures of pages, not text; "+ocrAdvice)
	}
	ctx, cancel := context.WithTimeout(ctx, ocrPageTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "stdin", "stdout", "-l", o.Language, "--dpi", strconv.Itoa(drawDPI))
	cmd.Stdin = bytes.NewReader(picture)
	out := &limitedBuffer{max: maxOCRText}
	cmd.Stdout = out
	// Its threads would take the cores from other pages and read no faster.
	cmd.Env = append(os.Environ(), "OMP_THREAD_LIMIT=1")
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		if ctx.Err() == context.DeadlineExceeded {
			return "", quarantine(ReasonTimeout, fmt.Sprintf("a scanned page took longer than %v to recognize; scan it again with fewer dots an inch", ocrPageTime))
		}
		return "", quarantine(ReasonNoText, "tesseract failed on a scanned page; run the file through text recognition (OCR) yourself")
	}
	return recognizedText(out.String()), nil
}

// limitedBuffer keeps the first max bytes and fails on more.
type limitedBuffer struct {
	bytes.Buffer
	max int
}

func (b *limitedBuffer) Write(p []byte) (int, error) {
	if b.Len()+len(p) > b.max {
		return 0, errors.New("too much text")
	}
	return b.Buffer.Write(p)
}

// recognizedText brings what tesseract writes into the form of the other
// readers' pages: clean lines, empty ones only between paragraphs.
func recognizedText(s string) string {
	var lines []string
	for line := range strings.Lines(strings.ToValidUTF8(s, "\ufffd")) {
		line = cleanLine(line)
		if n := len(lines); line == "" && (n == 0 || lines[n-1] == "") {
			continue
		}
		lines = append(lines, line)
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// DrawPage returns a picture of a page of a PDF, from 1, in shades of grey: a
// PGM file with 300 dots an inch, fewer on very large pages.
func DrawPage(ctx context.Context, data []byte, page int) ([]byte, error) {
	data, err := preparePDF(data)
	if err != nil {
		return nil, err
	}
	broken := quarantine(ReasonMalformed, fmt.Sprintf("page %d of the PDF can not be drawn; open it in a viewer and print it to a new PDF", page))
	file, err := openPDFium(ctx, data)
	if err == nil {
		defer file.close()
	}
	if err != nil || page < 1 || page > file.pages {
		return nil, cmp.Or(ctx.Err(), error(broken))
	}
	img, err := file.draw(page - 1)
	if err != nil {
		return nil, cmp.Or(ctx.Err(), error(broken))
	}
	out := fmt.Appendf(nil, "P5\n%d %d\n255\n", img.Rect.Dx(), img.Rect.Dy())
	return append(out, img.Pix...), nil
}

var pgmHeader = regexp.MustCompile(`^P5\n(\d{1,5}) (\d{1,5})\n255\n`)

// CheckPicture holds a picture to the form that DrawPage gives it.
func CheckPicture(picture []byte) error {
	m := pgmHeader.FindSubmatch(picture[:min(len(picture), 100)])
	if m == nil {
		return errors.New("a picture of another form")
	}
	width, _ := strconv.Atoi(string(m[1]))
	height, _ := strconv.Atoi(string(m[2]))
	if width*height > 2*maxPixels || len(picture) != len(m[0])+width*height {
		return errors.New("a picture of another size")
	}
	return nil
}
