package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"adapt/ingest"
)

// Targets of PDF: what the project promises of reading PDFs with a text layer.
const (
	pdfMedian = 0.98 // word F1 beside pdftotext, of the median document
	pdfWorst  = 0.95 // and of each
	pdfSpeed  = 1    // pages a second beside pdftotext's
)

// PDF reads the PDFs of a folder with adapt and with pdftotext (poppler), and
// compares words and speed. Where the folder beside it, contracts, has a text
// of the same name, both are compared with that too. Scanned files, named
// NAME.scan.pdf, are compared with the text of NAME alone.
func PDF(ctx context.Context, o Options, folder string) ([]Figure, error) {
	poppler, err := exec.LookPath("pdftotext")
	if err != nil {
		return nil, errors.New("pdftotext is not installed (Debian: apt-get install poppler-utils)")
	}
	paths, err := filepath.Glob(filepath.Join(folder, "*.pdf"))
	if err != nil || len(paths) == 0 {
		return nil, fmt.Errorf("%s has no PDF", folder)
	}
	var layer, scanned []*pdfCase
	ocr := ingest.FindOCR(ctx, "eng")
	for _, path := range paths {
		o.logf("comparing PDF %d of %d", len(layer)+len(scanned)+1, len(paths))
		c, err := comparePDF(ctx, poppler, path, ocr)
		if err != nil {
			return nil, fmt.Errorf("PDF %d of the folder: %w", len(layer)+len(scanned)+1, err)
		}
		if c.ocr {
			scanned = append(scanned, c)
		} else {
			layer = append(layer, c)
		}
	}
	var figures []Figure
	if len(layer) > 0 {
		shape := fmt.Sprintf("%d PDFs, %d pages", len(layer), pagesOf(layer))
		figures = append(figures, layerFigures(layer, shape)...)
		speed, err := pdfSpeedOf(ctx, o, poppler, layer, shape)
		if err != nil {
			return nil, err
		}
		figures = append(figures, speed)
	}
	if len(scanned) > 0 {
		figures = append(figures, scanFigures(scanned)...)
	}
	return figures, nil
}

// pdfCommand is `adapt bench pdf`.
func pdfCommand(o *Options, asJSON *bool) *cobra.Command {
	return &cobra.Command{
		Use:   "pdf FOLDER",
		Short: "Reading PDFs: words and pages a second beside pdftotext, and recognized scans",
		Long: `Pdf reads the PDFs of a folder with adapt and with pdftotext (of poppler-utils,
which must be installed), and compares them.

Word F1 is the harmonic mean of the shares of the words of two texts that the
other has too, each as often, for the median document and for the lowest. Where
../contracts beside the folder has NAME.txt for NAME.pdf, as in CUAD, both are
compared with that as well. Scanned pages are recognized where tesseract is
installed, and compared with that text alone (NAME.txt for NAME.scan.pdf).

Pages a second are of processor time: of pdftotext's processes, one a file, and
of reading the same files in this process.`,
		Example: `  adapt bench pdf ../shared/data/legal/cuad/pdf
  adapt bench pdf ../shared/data/legal/cuad/pdf_scanned`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Log = cmd.ErrOrStderr()
			list, err := PDF(cmd.Context(), *o, args[0])
			if err != nil {
				return fmt.Errorf("bench: %w", err)
			}
			return show(cmd, *asJSON, list, "", Verdict(list))
		},
	}
}

// A pdfCase is a PDF with how its readings agree.
type pdfCase struct {
	path          string
	data          []byte
	pages         int
	ocr           bool
	poppler, gold float64 // word F1 of adapt's text; -1: nothing to compare with
	popplersGold  float64 // of pdftotext's
	took          time.Duration
}

func comparePDF(ctx context.Context, poppler, path string, ocr ingest.OCR) (*pdfCase, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	docs, _, err := ingest.Parse(ctx, "file.pdf", data, ingest.Limits{OCR: ocr, Timeout: 10 * time.Minute})
	if err != nil {
		return nil, err
	}
	c := &pdfCase{path: path, data: data, pages: len(docs[0].Pages), took: time.Since(began), poppler: -1, gold: -1, popplersGold: -1}
	for _, p := range docs[0].Pages {
		c.ocr = c.ocr || p.Reader == "tesseract"
	}
	theirs, err := exec.CommandContext(ctx, poppler, path, "-").Output()
	if err != nil {
		return nil, fmt.Errorf("pdftotext: %w", err)
	}
	if !c.ocr {
		c.poppler = wordF1(docs[0].Text, string(theirs))
	}
	name := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(path), ".pdf"), ".scan")
	if gold, err := os.ReadFile(filepath.Join(filepath.Dir(path), "..", "contracts", name+".txt")); err == nil {
		c.gold, c.popplersGold = wordF1(docs[0].Text, string(gold)), wordF1(string(theirs), string(gold))
	}
	return c, nil
}

func pagesOf(cases []*pdfCase) int {
	n := 0
	for _, c := range cases {
		n += c.pages
	}
	return n
}

func layerFigures(cases []*pdfCase, shape string) []Figure {
	figures := spread("word F1 beside pdftotext", shape, cases, func(c *pdfCase) float64 { return c.poppler })
	figures[0], figures[1] = figures[0].atLeast(pdfMedian), figures[1].atLeast(pdfWorst)
	figures = append(figures, spread("word F1 beside gold text", shape, cases, func(c *pdfCase) float64 { return c.gold })...)
	return append(figures, spread("pdftotext beside gold text", shape, cases, func(c *pdfCase) float64 { return c.popplersGold })...)
}

func scanFigures(cases []*pdfCase) []Figure {
	shape := fmt.Sprintf("%d scans, %d pages", len(cases), pagesOf(cases))
	figures := spread("recognized: word F1 beside gold text", shape, cases, func(c *pdfCase) float64 { return c.gold })
	var took time.Duration
	for _, c := range cases {
		took += c.took
	}
	return append(figures, Figure{Name: "recognized", Shape: shape, Figure: float64(pagesOf(cases)) / took.Seconds(), Unit: "pages/s"})
}

// spread is the median and the lowest of what is known of the documents.
func spread(name, shape string, cases []*pdfCase, of func(*pdfCase) float64) []Figure {
	var all []float64
	for _, c := range cases {
		if v := of(c); v >= 0 {
			all = append(all, v)
		}
	}
	if len(all) == 0 {
		return nil
	}
	slices.Sort(all)
	return []Figure{
		{Name: name + ", median", Shape: shape, Figure: all[len(all)/2], Unit: "F1"},
		{Name: name + ", lowest", Shape: shape, Figure: all[0], Unit: "F1"},
	}
}

// pdfSpeedOf measures pages a second of processor time: of pdftotext's
// processes, one a file, and of this one.
func pdfSpeedOf(ctx context.Context, o Options, poppler string, cases []*pdfCase, shape string) (Figure, error) {
	rounds := 5
	if o.Quick {
		rounds = 2
	}
	var ours, theirs []float64
	for range rounds {
		began := processorTime()
		for _, c := range cases {
			if _, _, err := ingest.Parse(ctx, "file.pdf", c.data, ingest.Limits{}); err != nil {
				return Figure{}, err
			}
		}
		ours = append(ours, (processorTime() - began).Seconds())
		var spent time.Duration
		for _, c := range cases {
			cmd := exec.CommandContext(ctx, poppler, c.path, "-")
			if err := cmd.Run(); err != nil {
				return Figure{}, fmt.Errorf("pdftotext: %w", err)
			}
			spent += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		}
		theirs = append(theirs, spent.Seconds())
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	pages := float64(pagesOf(cases))
	f := Figure{Name: "PDF pages, beside pdftotext", Shape: shape, Figure: pages / ours[rounds/2], Unit: "pages/s"}
	return f.of(pages / theirs[rounds/2]).atLeast(pdfSpeed), nil
}

// wordF1 is the harmonic mean of the shares of the words of two texts that the
// other has too, each as often. Kinds of quotation marks count as one.
func wordF1(a, b string) float64 {
	x, y := strings.Fields(straightQuotes.Replace(a)), strings.Fields(straightQuotes.Replace(b))
	if len(x)+len(y) == 0 {
		return 1
	}
	counts := make(map[string]int)
	for _, w := range x {
		counts[w]++
	}
	common := 0
	for _, w := range y {
		if counts[w] > 0 {
			counts[w]--
			common++
		}
	}
	return 2 * float64(common) / float64(len(x)+len(y))
}

var straightQuotes = strings.NewReplacer("“", `"`, "”", `"`, "‘", "'", "’", "'")
