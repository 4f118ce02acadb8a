package ingest

import (
	"context"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// shared returns a folder of real documents beside the repository, or skips.
func shared(t testing.TB, folder string) string {
	t.Helper()
	dir := filepath.Join("..", "..", "shared", "data", filepath.FromSlash(folder))
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the real documents are not beside the repository")
	}
	return dir
}

// TestRealPDFs holds the text of CUAD's PDFs against CUAD's own text and, where
// it is installed, against what pdftotext reads.
func TestRealPDFs(t *testing.T) {
	dir := shared(t, "legal/cuad")
	files, err := Scan(filepath.Join(dir, "pdf"), nil)
	if err != nil {
		t.Fatal(err)
	}
	poppler, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Log("pdftotext is not installed: its words are not compared")
	}
	var bag, sequence, theirs []float64
	for _, f := range files {
		docs, _, err := Read(context.Background(), filepath.Join(dir, "pdf"), f, Limits{})
		if err != nil {
			t.Errorf("%s: %v", f.Path, err)
			continue
		}
		checkDocument(t, docs[0])
		for _, p := range docs[0].Pages {
			if p.Reader != readerPDF {
				t.Errorf("%s: page %d came from %s", f.Path, p.Number, p.Reader)
			}
		}
		got := strings.Fields(straight.Replace(docs[0].Text))
		if poppler != "" {
			out, err := exec.Command(poppler, filepath.Join(dir, "pdf", f.Path), "-").Output()
			if err != nil {
				t.Fatal(err)
			}
			words := strings.Fields(straight.Replace(string(out)))
			theirs = append(theirs, f1(bagOverlap(got, words), got, words))
		}
		stem := strings.TrimSuffix(f.Path, ".pdf")
		want, err := os.ReadFile(filepath.Join(dir, "contracts", stem+".txt"))
		if err != nil {
			continue
		}
		gold := strings.Fields(straight.Replace(string(want)))
		b, s := f1(bagOverlap(got, gold), got, gold), f1(sequenceOverlap(got, gold), got, gold)
		bag, sequence = append(bag, b), append(sequence, s)
		t.Logf("bag %.4f bigrams %.4f words %d %d pages %d %.50s", b, s, len(got), len(gold), len(docs[0].Pages), stem)
	}
	slices.Sort(bag)
	slices.Sort(sequence)
	t.Logf("%d files; word F1: median %.4f worst %.4f; bigram F1: median %.4f worst %.4f",
		len(bag), bag[len(bag)/2], bag[0], sequence[len(sequence)/2], sequence[0])
	if bag[len(bag)/2] < 0.995 || bag[0] < 0.99 || sequence[0] < 0.98 {
		t.Error("the PDF reader loses words")
	}
	if len(theirs) > 0 {
		slices.Sort(theirs)
		t.Logf("beside pdftotext: median %.4f worst %.4f", theirs[len(theirs)/2], theirs[0])
		if theirs[len(theirs)/2] < 0.98 || theirs[0] < 0.95 {
			t.Error("the PDF reader and pdftotext read other words")
		}
	}
}

// TestRealPDFsBySecondReader reads one of them whole with the second reader.
func TestRealPDFsBySecondReader(t *testing.T) {
	dir := shared(t, "legal/cuad")
	const stem = "NETGEAR,INC_04_21_2003-EX-10.16-AMENDMENT_TO_THE_DISTRIBUTOR_AGREEMENT_BETWEEN_INGRAM_MICRO_AND_NETGEAR"
	data, err := os.ReadFile(filepath.Join(dir, "pdf", stem+".pdf"))
	if err != nil {
		t.Fatal(err)
	}
	second := &secondReader{ctx: t.Context(), data: data}
	defer second.close()
	pages, err := second.readAll(errEndless)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join(dir, "contracts", stem+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	got, gold := strings.Fields(straight.Replace(joinPages(pages).Text)), strings.Fields(straight.Replace(string(want)))
	if b, s := f1(bagOverlap(got, gold), got, gold), f1(sequenceOverlap(got, gold), got, gold); b < 0.99 || s < 0.98 {
		t.Errorf("word F1 %.4f, bigram F1 %.4f", b, s)
	}
}

// straight makes quotation marks straight, as CUAD's texts have them.
var straight = strings.NewReplacer("“", `"`, "”", `"`, "‘", "'", "’", "'")

func f1(overlap int, a, b []string) float64 {
	return 2 * float64(overlap) / float64(len(a)+len(b))
}

func bagOverlap(a, b []string) int {
	counts := make(map[string]int)
	for _, w := range a {
		counts[w]++
	}
	n := 0
	for _, w := range b {
		if counts[w] > 0 {
			counts[w]--
			n++
		}
	}
	return n
}

// sequenceOverlap counts common pairs of neighbouring words.
func sequenceOverlap(a, b []string) int {
	return bagOverlap(pairs(a), pairs(b))
}

func pairs(words []string) []string {
	out := []string{""}
	for i := 1; i < len(words); i++ {
		out = append(out, words[i-1]+" "+words[i])
	}
	return out
}

func TestRealScans(t *testing.T) {
	dir := filepath.Join(shared(t, "legal/cuad"), "pdf_scanned")
	files, err := Scan(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		_, _, err := Read(context.Background(), dir, f, Limits{})
		var scans *Scans
		if !errors.As(err, &scans) {
			t.Errorf("%s: error %v, want one of scanned pages", f.Path, err)
		}
		checkReason(t, err, ReasonNoText)
	}
	if testing.Short() {
		t.Skip("recognizing pages takes long")
	}
	ocr := needOCR(t)
	f := files[len(files)-1]
	docs, _, err := Read(context.Background(), dir, f, Limits{OCR: ocr})
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join(dir, "..", "contracts", strings.TrimSuffix(f.Path, ".scan.pdf")+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	got, gold := strings.Fields(straight.Replace(docs[0].Text)), strings.Fields(straight.Replace(string(want)))
	b := f1(bagOverlap(got, gold), got, gold)
	t.Logf("recognized: word F1 %.4f", b)
	if b < 0.97 {
		t.Errorf("word F1 of a recognized scan is %.4f", b)
	}
}

// TestRealFiles reads every other real file: none may fail but for its own
// content.
func TestRealFiles(t *testing.T) {
	tests := []struct {
		folder string
		docs   int
		bad    map[Reason]int // of whole files
	}{
		{"legal/cuad/contracts", 409, nil},
		{"legal/docx", 21, nil},
		{"medical/hl7v2", 4, map[Reason]int{ReasonNoText: 4}},
		{"medical/fhir_dstu2", 5, map[Reason]int{ReasonUnsupported: 1}},
		{"medical/openi", 3053, nil},
	}
	for _, tt := range tests {
		t.Run(tt.folder, func(t *testing.T) {
			dir := shared(t, tt.folder)
			files, err := Scan(dir, nil)
			if err != nil {
				t.Fatal(err)
			}
			total, reasons := 0, make(map[Reason]int)
			for _, f := range files {
				docs, _, err := Read(context.Background(), dir, f, Limits{})
				var q *Quarantine
				if errors.As(err, &q) {
					reasons[q.Reason]++
					t.Logf("%s: %v", f.Path, q)
				} else if err != nil {
					t.Fatal(err)
				}
				for _, d := range docs {
					checkDocument(t, d)
				}
				total += len(docs)
			}
			if total != tt.docs || !maps.Equal(reasons, tt.bad) {
				t.Errorf("%d documents, quarantined %v; want %d and %v", total, reasons, tt.docs, tt.bad)
			}
		})
	}
}
