package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"adapt/domains/legal"
	"adapt/eval"
	"adapt/ingest"
	"adapt/label"
	"adapt/label/formats"
)

// A LabelReport says how good and how fast labeling functions are.
type LabelReport struct {
	Contracts int `json:"contracts"` // that are held out
	// Systems compares ways to make labels of the same votes.
	Systems []LabelSystem `json:"systems"`
	// Categories are those of the first system, which is what adapt does.
	Categories []LabelCategory `json:"categories"`
	// Calibration is the expected calibration error on the held-out contracts.
	Calibration struct {
		Candidates int     `json:"candidates"`
		Without    float64 `json:"without_gold"`
		With       float64 `json:"with_gold"`
	} `json:"calibration"`
	SegmentsPerSecond float64 `json:"segments_per_second"` // on one core
}

// A LabelSystem is one way to make labels of votes.
type LabelSystem struct {
	Name          string      `json:"name"`
	Precision     eval.Figure `json:"precision"` // of quotes
	Recall        eval.Figure `json:"recall"`
	F1            eval.Figure `json:"f1"`
	Hallucination eval.Figure `json:"hallucination"`
	SegmentF1     eval.Figure `json:"segment_f1"`
}

// A LabelCategory is what the labeling functions of a category reach.
type LabelCategory struct {
	Category string   `json:"category"`
	Support  int      `json:"support"` // labeled quotes
	Spans    Measures `json:"spans"`
	Segments Measures `json:"segments"`
}

// Measures are the figures of one category.
type Measures struct {
	Precision eval.Figure `json:"precision"`
	Recall    eval.Figure `json:"recall"`
	F1        eval.Figure `json:"f1"`
}

// errNoCUAD says that there is nothing to measure on.
var errNoCUAD = errors.New("no contracts: name the folder of CUAD with --data; it holds clauses.jsonl and contracts/")

const labelLong = `Label measures the labeling functions of the domain legal on contracts of CUAD
that nobody looked at when they were written: those whose name's SHA-256 begins
with an odd number of 32 bits. A quote counts as found as in the evaluation of
models, from a similarity of words or place (Jaccard) of 0.5; a segment is about
a sentence. Intervals are of 95%, over documents.

The first system is what adapt does: a label model that has seen the gold of the
other half. The others show what that is worth: the same without any gold, the
vote of the majority, and any vote for.

Without the data it says so and measures nothing.`

func labelCommand(asJSON *bool) *cobra.Command {
	var dir string
	var most int
	c := &cobra.Command{
		Use: "label", Short: "How good and how fast the labeling functions are", Long: labelLong, Args: cobra.NoArgs,
		Example: "  adapt bench label --data ../shared/data/legal/cuad",
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := Label(dir, most, cmd.ErrOrStderr())
			if errors.Is(err, errNoCUAD) {
				fmt.Fprintln(cmd.ErrOrStderr(), "bench:", err)
				return nil
			}
			if err != nil {
				return fmt.Errorf("bench: %w", err)
			}
			if *asJSON {
				e := json.NewEncoder(cmd.OutOrStdout())
				e.SetIndent("", "  ")
				return e.Encode(r)
			}
			return r.write(cmd.OutOrStdout())
		},
	}
	c.Flags().StringVar(&dir, "data", filepath.Join("..", "shared", "data", "legal", "cuad"), "the folder of CUAD")
	c.Flags().IntVar(&most, "documents", 0, "read at most so many held-out contracts; 0: all")
	c.AddCommand(medicalLabelCommand(asJSON))
	return c
}

// Label measures the labeling functions of legal on the held-out contracts in a
// folder of CUAD.
func Label(dir string, most int, log io.Writer) (*LabelReport, error) {
	docs, gold, err := heldOut(dir, most)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(log, "%d held-out contracts\n", len(docs))
	d := legal.New(legal.Options{})
	known := d.Known()
	seen, blind := label.Fit(known), label.Fit(known.WithoutGold())
	r := &LabelReport{Contracts: len(docs)}
	measured, votes, err := d.Measure(docs, gold, []*label.Model{seen, blind, label.Majority(d.Panel()), label.AnyVote(d.Panel())}, eval.Options{Resamples: 1000, Seed: 1})
	if err != nil {
		return nil, err
	}
	for i, name := range []string{"label model, with the gold of the other half", "label model, without gold", "majority of the votes", "any vote for"} {
		m := measured[i]
		r.Systems = append(r.Systems, LabelSystem{
			Name: name, Precision: m.Spans.Figures[eval.ExtractionPrecision], Recall: m.Spans.Figures[eval.ExtractionRecall],
			F1: m.Spans.Figures[eval.ExtractionF1], Hallucination: m.Spans.Figures[eval.HallucinationRate], SegmentF1: m.Segments.Figures[eval.ExtractionF1],
		})
	}
	r.Calibration.Candidates, r.Calibration.With = label.CalibrationError(seen, votes)
	_, r.Calibration.Without = label.CalibrationError(blind, votes)
	for _, name := range d.Categories() {
		c := LabelCategory{Category: name}
		c.Support, c.Spans = measuresOf(measured[0].Spans, name)
		_, c.Segments = measuresOf(measured[0].Segments, name)
		r.Categories = append(r.Categories, c)
	}
	r.SegmentsPerSecond, err = voteSpeed(d, docs)
	return r, err
}

// voteSpeed reads segments for a second or so.
func voteSpeed(d *legal.Domain, docs []*ingest.Document) (float64, error) {
	n := 0
	begun := time.Now()
	for i := 0; time.Since(begun) < 2*time.Second; i++ {
		b, err := d.Vote(docs[i%len(docs)], nil)
		if err != nil {
			return 0, err
		}
		n += b.Segments
	}
	return float64(n) / time.Since(begun).Seconds(), nil
}

func measuresOf(s eval.Summary, category string) (support int, m Measures) {
	for _, c := range s.Categories {
		if c.Name == category {
			return c.Counts.TP + c.Counts.FN, Measures{c.Figures[eval.ExtractionPrecision], c.Figures[eval.ExtractionRecall], c.Figures[eval.ExtractionF1]}
		}
	}
	return 0, m
}

// heldOut reads CUAD's contracts that are kept for measuring.
func heldOut(dir string, most int) (docs []*ingest.Document, gold [][]label.Gold, err error) {
	files, err := os.ReadDir(filepath.Join(dir, "contracts"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, errNoCUAD
	}
	if err != nil {
		return nil, nil, err
	}
	f, err := os.Open(filepath.Join(dir, "clauses.jsonl"))
	if err != nil {
		return nil, nil, errNoCUAD
	}
	defer f.Close()
	set, err := formats.Read(f)
	if err != nil {
		return nil, nil, err
	}
	index := label.Index(set.Gold())
	for _, f := range files {
		key, ok := strings.CutSuffix(f.Name(), ".txt")
		if !ok || !legal.HeldOut(key) || most > 0 && len(docs) == most {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, "contracts", f.Name()))
		if err != nil {
			return nil, nil, err
		}
		docs = append(docs, &ingest.Document{ID: key, Key: key, Text: string(text)})
		gold = append(gold, index.Document(key, key, string(text)))
	}
	if len(docs) == 0 {
		return nil, nil, errNoCUAD
	}
	return docs, gold, nil
}

func (r *LabelReport) write(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SYSTEM\tPRECISION\tRECALL\tF1\tHALLUCINATION\tSEGMENTS F1")
	for _, s := range r.Systems {
		fmt.Fprintln(w, strings.Join([]string{s.Name, interval(s.Precision), interval(s.Recall), interval(s.F1), interval(s.Hallucination), interval(s.SegmentF1)}, "\t"))
	}
	fmt.Fprintln(w, "\t\t\t\t\t")
	if err := w.Flush(); err != nil {
		return err
	}
	w = tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CATEGORY\tQUOTES\tPRECISION\tRECALL\tF1\tSEGMENTS: P\tR\tF1")
	for _, c := range r.Categories {
		fmt.Fprintln(w, strings.Join([]string{c.Category, fmt.Sprint(c.Support), interval(c.Spans.Precision), interval(c.Spans.Recall), interval(c.Spans.F1),
			percent(c.Segments.Precision), percent(c.Segments.Recall), percent(c.Segments.F1)}, "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\n%d contracts. Expected calibration error over %d candidates: %.3f without gold, %.3f with that of the other half.\n%.0f segments a second on one core.\n",
		r.Contracts, r.Calibration.Candidates, r.Calibration.Without, r.Calibration.With, r.SegmentsPerSecond)
	return err
}

func interval(f eval.Figure) string {
	if !f.Defined {
		return "–"
	}
	return fmt.Sprintf("%.1f%% [%.1f–%.1f]", 100*f.Value, 100*f.Low, 100*f.High)
}

func percent(f eval.Figure) string {
	if !f.Defined {
		return "–"
	}
	return fmt.Sprintf("%.0f%%", 100*f.Value)
}
