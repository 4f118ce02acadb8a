package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"adapt/ingest"
	"adapt/ingest/deid"
)

const deidLong = `Deid measures de-identification on notes that were written for this project, in
which every identifier is marked: dev, that rules were tuned on, and heldout,
that they were not. What was found is compared as i2b2 2014 did.

TOKENS are words and numbers: recall is the share of those under a mark that
were removed, whatever they were taken for; precision is the share of those
removed that are marked. SPANS are whole marks: a find counts only when it
begins and ends where the mark does, and, in the rows of a kind, is of that
kind. Intervals hold 95% of 2,000 resamples of the notes.

With --folder, the documents of a folder are de-identified too, and what was
found is counted: of documents without identifiers, all of it is wrong.`

// DeidResult is what `adapt bench deid --json` writes.
type DeidResult struct {
	Sets   []DeidSet   `json:"sets"`
	Speed  DeidSpeed   `json:"speed"`
	Folder *DeidFolder `json:"folder,omitempty"`
}

// A DeidSet is how well one set of notes is de-identified.
type DeidSet struct {
	Name  string `json:"name"`
	Notes int    `json:"notes"`
	Marks int    `json:"marks"`
	// Recall and Precision are of tokens, with their intervals.
	Recall    Interval  `json:"token_recall"`
	Precision Interval  `json:"token_precision"`
	Spans     DeidRow   `json:"spans"`
	Removed   float64   `json:"marks_removed_whole"`
	Kinds     []DeidRow `json:"kinds"`
	Targets   bool      `json:"ok"` // recall at least 0.98 and precision at least 0.95
}

// An Interval is a share with the ends of its 95% interval.
type Interval struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// A DeidRow is the score of one kind of identifier. A share of nothing is null.
type DeidRow struct {
	Kind           string   `json:"kind"`
	Tokens         int      `json:"tokens"`
	Marks          int      `json:"marks"`
	TokenRecall    *float64 `json:"token_recall"`
	TokenPrecision *float64 `json:"token_precision"`
	SpanRecall     *float64 `json:"span_recall"`
	SpanPrecision  *float64 `json:"span_precision"`
}

// DeidSpeed is the speed on one core, by processor time where the system tells.
type DeidSpeed struct {
	Characters int     `json:"characters"`
	PerSecond  float64 `json:"characters_per_second"`
}

// DeidFolder counts what was found in the documents of a folder.
type DeidFolder struct {
	Documents  int            `json:"documents"`
	Characters int            `json:"characters"`
	Found      map[string]int `json:"found"`
	PerSecond  float64        `json:"characters_per_second"`
}

// Deid measures de-identification; with a folder, on its documents too.
// Formal takes them for contracts.
func Deid(ctx context.Context, folder string, formal bool, log io.Writer) (DeidResult, error) {
	var r DeidResult
	engine := deid.New(deid.Rules{Kinds: deid.SafeHarbor}, deid.Options{})
	var texts []string
	for _, name := range []string{deid.HeldoutNotes, deid.DevNotes} {
		notes, err := deid.Notes(name)
		if err != nil {
			return r, err
		}
		fmt.Fprintf(log, "%d %s notes\n", len(notes), name)
		r.Sets = append(r.Sets, deidSet(name, notes, engine.Measure(notes)))
		for _, n := range notes {
			texts = append(texts, n.Text)
		}
	}
	r.Speed.Characters, r.Speed.PerSecond = deidSpeed(engine, texts)
	if folder != "" {
		f, err := deidFolder(ctx, folder, formal, log)
		if err != nil {
			return r, err
		}
		r.Folder = &f
	}
	return r, nil
}

// deidSpeed goes over the texts until a second of processor time is used, and
// takes the fastest round.
func deidSpeed(engine *deid.Engine, texts []string) (characters int, perSecond float64) {
	for _, t := range texts {
		characters += utf8.RuneCountInString(t)
	}
	for used := time.Duration(0); used < time.Second; {
		begin := processorTime()
		for _, t := range texts {
			engine.ApplyText(t)
		}
		took := max(processorTime()-begin, time.Microsecond)
		used += took
		perSecond = max(perSecond, float64(characters)/took.Seconds())
	}
	return characters, perSecond
}

func deidFolder(ctx context.Context, folder string, formal bool, log io.Writer) (DeidFolder, error) {
	f := DeidFolder{Found: map[string]int{}}
	rules := deid.Rules{Kinds: deid.SafeHarbor}
	if formal {
		rules = deid.Rules{Kinds: []deid.Kind{deid.Name, deid.Email, deid.Phone, deid.Account, deid.SSN, deid.Tax}, Formal: true}
	}
	engine := deid.New(rules, deid.Options{})
	files, err := ingest.Scan(folder, nil)
	if err != nil {
		return f, err
	}
	took := time.Duration(0)
	for _, file := range files {
		docs, _, err := ingest.Read(ctx, folder, file, ingest.Limits{})
		var q *ingest.Quarantine
		if errors.As(err, &q) {
			continue
		}
		if err != nil {
			return f, err
		}
		for i := range docs {
			f.Documents++
			f.Characters += utf8.RuneCountInString(docs[i].Text)
			begin := processorTime()
			for kind, n := range engine.Apply(&docs[i]) {
				f.Found[string(kind)] += n
			}
			took += processorTime() - begin
		}
	}
	fmt.Fprintf(log, "%d documents of the folder\n", f.Documents)
	f.PerSecond = float64(f.Characters) / max(took.Seconds(), 1e-6)
	return f, nil
}

func deidSet(name string, notes []deid.Note, s deid.Score) DeidSet {
	set := DeidSet{Name: name, Notes: len(notes), Marks: s.Spans.Marked, Removed: s.Touched.Recall()}
	set.Recall = resampled(s.PerNote, deid.Counts.Recall)
	set.Precision = resampled(s.PerNote, deid.Counts.Precision)
	set.Spans = DeidRow{Kind: "all", Tokens: s.Tokens.Marked, Marks: s.Spans.Marked, TokenRecall: share(s.Tokens.Recall()), TokenPrecision: share(s.Tokens.Precision()),
		SpanRecall: share(s.Spans.Recall()), SpanPrecision: share(s.Spans.Precision())}
	for _, k := range deid.SafeHarbor {
		v := s.ByKind[k]
		set.Kinds = append(set.Kinds, DeidRow{
			Kind: string(k), Tokens: v.Tokens.Marked, Marks: v.Spans.Marked, TokenRecall: share(v.Tokens.Recall()), TokenPrecision: share(v.Tokens.Precision()),
			SpanRecall: share(v.Spans.Recall()), SpanPrecision: share(v.Spans.Precision()),
		})
	}
	set.Targets = set.Recall.Value >= 0.98 && set.Precision.Value >= 0.95
	return set
}

func share(v float64) *float64 {
	if math.IsNaN(v) {
		return nil
	}
	return &v
}

// resampled returns a share over notes with its interval by bootstrap.
func resampled(perNote []deid.Counts, of func(deid.Counts) float64) Interval {
	sum := func(pick func(i int) int) float64 {
		var c deid.Counts
		for i := range perNote {
			n := perNote[pick(i)]
			c.Marked += n.Marked
			c.Found += n.Found
			c.Hit += n.Hit
			c.Right += n.Right
		}
		return of(c)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	values := make([]float64, 2000)
	for i := range values {
		values[i] = sum(func(int) int { return rng.IntN(len(perNote)) })
	}
	slices.Sort(values)
	return Interval{Value: sum(func(i int) int { return i }), Low: values[len(values)*25/1000], High: values[len(values)*975/1000]}
}

func deidCommand(asJSON *bool) *cobra.Command {
	var folder string
	var formal bool
	cmd := &cobra.Command{
		Use: "deid", Short: "Recall and precision of de-identification, and its speed", Long: deidLong, Args: cobra.NoArgs,
		Example: `  adapt bench deid
  adapt bench deid --folder reports     what is found in reports of one's own
  adapt bench deid --folder contracts --formal`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := Deid(cmd.Context(), folder, formal, cmd.ErrOrStderr())
			if err != nil {
				return fmt.Errorf("bench: %w", err)
			}
			if *asJSON {
				enc := json.NewEncoder(cmd.OutOrStdout())
				enc.SetIndent("", "  ")
				return enc.Encode(r)
			}
			return WriteDeid(cmd.OutOrStdout(), r)
		},
	}
	cmd.Flags().StringVar(&folder, "folder", "", "also count what is found in the documents of this folder")
	cmd.Flags().BoolVar(&formal, "formal", false, "take the folder's documents for contracts: only what is sure counts")
	return cmd
}

// WriteDeid writes the result for people.
func WriteDeid(out io.Writer, r DeidResult) error {
	for _, s := range r.Sets {
		verdict := "met"
		if !s.Targets {
			verdict = "missed"
		}
		fmt.Fprintf(out, "%s: %d notes, %d identifiers\n", s.Name, s.Notes, s.Marks)
		fmt.Fprintf(out, "  token recall     %s   (target 0.98)\n  token precision  %s   (target 0.95): %s\n", s.Recall, s.Precision, verdict)
		fmt.Fprintf(out, "  identifiers of which every token was removed: %.4f\n\n", s.Removed)
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(w, "KIND\tTOKENS\tRECALL\tPRECISION\tSPANS\tRECALL\tPRECISION\t")
		for _, k := range append(s.Kinds, s.Spans) {
			fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%d\t%s\t%s\t\n", k.Kind, k.Tokens, orDash(k.TokenRecall), orDash(k.TokenPrecision), k.Marks, orDash(k.SpanRecall), orDash(k.SpanPrecision))
		}
		if err := w.Flush(); err != nil {
			return err
		}
		fmt.Fprintln(out)
	}
	fmt.Fprintf(out, "speed: %.1f million characters a second on one core\n", r.Speed.PerSecond/1e6)
	if f := r.Folder; f != nil {
		var kinds []string
		for _, k := range deid.SafeHarbor {
			if n := f.Found[string(k)]; n > 0 {
				kinds = append(kinds, fmt.Sprintf("%s %d", k, n))
			}
		}
		fmt.Fprintf(out, "folder: %d documents, %d characters, %.1f million a second; found: %s\n", f.Documents, f.Characters, f.PerSecond/1e6, strings.Join(kinds, ", "))
	}
	return nil
}

func (i Interval) String() string { return fmt.Sprintf("%.4f [%.4f, %.4f]", i.Value, i.Low, i.High) }

func orDash(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.3f", *v)
}
