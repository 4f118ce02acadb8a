package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"adapt/eval"
	"adapt/internal/app"
	"adapt/label"
	"adapt/label/formats"
)

const dataLong = `Every run makes a data set of the folder's documents: who is in train, dev and
test, with which labels and examples. It is kept under a version, the first
digits of its hash, with the version before it as its parent. The same
documents, labels and configuration give the same version.`

func newData(f *flags) *cobra.Command {
	c := &cobra.Command{Use: "data", Short: "List, show, compare and export data sets; delete documents", Long: dataLong}
	c.AddCommand(newDataList(f), newDataShow(f), newDataDiff(f), newDataExport(f), newDataCheck(f), newDataFunctions(f),
		newOriginal(f), newOriginals(f), newForget(f), newRotateKey(f))
	return c
}

func newDataList(f *flags) *cobra.Command {
	var domain string
	c := &cobra.Command{
		Use: "list", Short: "List the data sets", Args: cobra.NoArgs, Example: "  adapt data list --domain legal",
		RunE: func(c *cobra.Command, _ []string) error {
			a, err := app.Open(f.options())
			if err != nil {
				return err
			}
			defer a.Close()
			all, err := a.AllData(c.Context(), domain)
			if err != nil {
				return err
			}
			return list(c, f, all, "no data sets yet; `adapt run DOMAIN FOLDER` makes one", "VERSION\tDOMAIN\tRUN\tMADE\tTRAIN\tDEV\tTEST\tEXAMPLES\tPARENT", func(d app.Data) string {
				examples := 0
				row := []string{d.Version, d.Domain, d.RunID, when(d.Created)}
				for _, s := range dataSplits {
					n := d.Dataset.Splits[s]
					row = append(row, strconv.Itoa(n.Docs))
					examples += n.Examples
				}
				return strings.Join(append(row, strconv.Itoa(examples), d.Parent.Short()), "\t")
			})
		},
	}
	c.Flags().StringVar(&domain, "domain", "", "only this domain's data sets")
	return f.withJSON(c)
}

var dataSplits = []label.Split{label.Train, label.Dev, label.Test}

func newDataShow(f *flags) *cobra.Command {
	var plot string
	c := &cobra.Command{
		Use: "show [VERSION|RUN]", Short: "Show what a data set holds", Args: cobra.MaximumNArgs(1),
		Long: `Shows the newest data set, or that of a version or a run: documents by format
and by who labeled them, labels by category, examples by their length in
tokens, each by split, and how much of dev and test is nearly in train.
--plot draws the same; the review pages show both under Data.`,
		Example: "  adapt data show\n  adapt data show 3f2a91c07b1e --plot data.svg\n  adapt data show legal-1a2b3c4d5e-1 --json",
		RunE: func(c *cobra.Command, args []string) error {
			a, err := app.Open(f.options())
			if err != nil {
				return err
			}
			defer a.Close()
			d, err := a.Data(c.Context(), arg(args, 0))
			if err != nil {
				return err
			}
			if plot != "" {
				if err := writeNew(plot, eval.StandaloneSVG(eval.DatasetPlot(d.Dataset)), false); err != nil {
					return err
				}
			}
			if f.json {
				return writeJSON(c.OutOrStdout(), d)
			}
			return showData(c.OutOrStdout(), d)
		},
	}
	c.Flags().StringVar(&plot, "plot", "", "also draw it, as SVG, to this file, which must not exist")
	return f.withJSON(c)
}

// arg returns an argument that may be left out.
func arg(args []string, i int) string {
	if i < len(args) {
		return args[i]
	}
	return ""
}

func showData(out io.Writer, d app.Data) error {
	fmt.Fprintf(out, "%s data set %s, made by %s on %s\n", d.Domain, d.Version, d.RunID, when(d.Created))
	if !d.Parent.IsZero() {
		fmt.Fprintf(out, "the version before it: %s (`adapt data diff %s %s`)\n", d.Parent.Short(), d.Parent.Short(), d.Version)
	}
	fmt.Fprintf(out, "labels of version %s, seed %d\n\n", d.Dataset.Version, d.Dataset.Seed)
	for _, t := range d.Dataset.Tables() {
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprintf(w, "%s\tTRAIN\tDEV\tTEST\n", strings.ToUpper(t.Title))
		for _, r := range t.Rows {
			fmt.Fprintf(w, "%s\t%d\t%d\t%d\n", r.Name, r.Train, r.Dev, r.Test)
		}
		if err := w.Flush(); err != nil {
			return err
		}
		fmt.Fprintln(out)
	}
	for _, line := range append(d.Dataset.Leakage.Sentences(), d.Dataset.LeftOut()...) {
		fmt.Fprintln(out, line)
	}
	return nil
}

func newDataDiff(f *flags) *cobra.Command {
	c := &cobra.Command{
		Use: "diff A B", Short: "Say how two data sets differ", Args: cobra.ExactArgs(2),
		Long: `Compares two data sets of one domain, each named by its version or its run:
documents added, removed and moved between the splits, labels by category,
examples, and the version of the labels. A label has changed when its range
moved, or who gave it or what qualifies it is another. A document whose file was
changed is another document: it counts as removed and as added.`,
		Example: "  adapt data diff 3f2a91c07b1e 77ab01c2d3e4\n  adapt data diff legal-1a2b3c4d5e-1 legal-1a2b3c4d5e-2 --json",
		RunE: func(c *cobra.Command, args []string) error {
			a, err := app.Open(f.options())
			if err != nil {
				return err
			}
			defer a.Close()
			d, err := a.CompareData(c.Context(), args[0], args[1])
			if err != nil {
				return err
			}
			if f.json {
				return writeJSON(c.OutOrStdout(), d)
			}
			return showDiff(c.OutOrStdout(), d)
		},
	}
	return f.withJSON(c)
}

func showDiff(out io.Writer, d label.DataDiff) error {
	if d.Same() {
		fmt.Fprintf(out, "no difference: %d documents and %d examples are the same\n", d.Documents.Same, d.Examples.Same)
		return nil
	}
	if d.Functions[0] != d.Functions[1] {
		fmt.Fprintf(out, "labels: version %s became %s\n", d.Functions[0], d.Functions[1])
	}
	if d.Seed[0] != d.Seed[1] {
		fmt.Fprintf(out, "seed: %d became %d\n", d.Seed[0], d.Seed[1])
	}
	fmt.Fprintf(out, "documents: %d in the same split", d.Documents.Same)
	for _, s := range dataSplits {
		if n := d.Documents.Added[s]; n > 0 {
			fmt.Fprintf(out, ", %d added to %s", n, s)
		}
	}
	for _, s := range dataSplits {
		if n := d.Documents.Removed[s]; n > 0 {
			fmt.Fprintf(out, ", %d removed from %s", n, s)
		}
	}
	for _, m := range d.Documents.Moved {
		fmt.Fprintf(out, ", %d moved from %s to %s", m.Count, m.From, m.To)
	}
	e := d.Examples
	fmt.Fprintf(out, "\nexamples: %d the same, %d added, %d removed, %d changed\n", e.Same, e.Added, e.Removed, e.Changed)
	if len(d.Labels) == 0 {
		fmt.Fprintln(out, "labels: no difference")
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "LABELS\tSAME\tADDED\tREMOVED\tCHANGED")
	for _, l := range d.Labels {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\n", l.Category, l.Same, l.Added, l.Removed, l.Changed)
	}
	return w.Flush()
}

func newDataExport(f *flags) *cobra.Command {
	var e app.Export
	var splits []string
	var test bool
	c := &cobra.Command{
		Use: "export [VERSION|RUN] --format FORMAT --out FOLDER", Short: "Write a data set for other tools", Args: cobra.MaximumNArgs(1),
		Example: `  adapt data export --format label-studio --out review/
  adapt data export 3f2a91c07b1e --format datasets --split train,dev --out legal-data/
  adapt data export --format openai --split train --out chat/`,
		RunE: func(c *cobra.Command, args []string) error {
			e.Data = arg(args, 0)
			for _, s := range splits {
				split := label.Split(s)
				if !slices.Contains(dataSplits, split) {
					return exit{code: exitUsage, err: fmt.Errorf("--split names train, dev and test, and not %q", s)}
				}
				if split == label.Test && !test {
					return exit{code: exitUsage, err: errTest}
				}
				e.Splits = append(e.Splits, split)
			}
			a, err := app.Open(f.options())
			if err != nil {
				return err
			}
			defer a.Close()
			if slices.Contains(e.Splits, label.Test) {
				fmt.Fprintln(c.ErrOrStderr(), "warning: the test split is what models are measured on; nothing may be trained on it, here or elsewhere")
			}
			done, err := a.ExportData(c.Context(), e)
			if err != nil {
				return err
			}
			if f.json {
				return writeJSON(c.OutOrStdout(), done)
			}
			fmt.Fprintf(c.OutOrStdout(), "wrote data set %s as %s to %s: %d documents, %d labels, %d exchanges\n", done.Version, done.Format, done.Dir, done.Documents, done.Labels, done.Exchanges)
			for _, n := range done.Notes {
				fmt.Fprintf(c.OutOrStdout(), "  not held by the format: %s\n", n)
			}
			return nil
		},
	}
	c.Long = exportLong()
	c.Flags().StringVar(&e.Format, "format", "", strings.Join(formats.Names(), ", ")+" (required)")
	c.Flags().StringVar(&e.Dir, "out", "", "the folder to write, which must not exist or be empty (required)")
	c.Flags().StringSliceVar(&splits, "split", []string{"train", "dev"}, "which splits: train, dev, test")
	c.Flags().BoolVar(&test, "frozen-test", false, "allow the test split, which nothing may be trained on")
	c.Flags().BoolVar(&e.Names, "names", false, "write the documents' file names, which may name people, in place of their IDs")
	for _, name := range []string{"format", "out"} {
		if err := c.MarkFlagRequired(name); err != nil {
			panic(err) // the flag is defined above
		}
	}
	return f.withJSON(c)
}

var errTest = fmt.Errorf("the test split is frozen: it is what models are measured on, and whatever is trained on it can not be measured any more; add --frozen-test when that is what you want")

func exportLong() string {
	var b strings.Builder
	b.WriteString("Writes the newest data set, or that of a version or a run, with one file a\nsplit. What a format can not hold is counted and said. Nothing is overwritten.\n\nDocuments with their labels:\n\n")
	for _, exchanges := range []bool{false, true} {
		if exchanges {
			b.WriteString("\nExchanges to train on:\n\n")
		}
		for _, t := range formats.Formats() {
			if t.Exchanges == exchanges {
				fmt.Fprintf(&b, "  %-20s %s\n", t.Name, t.Doc)
			}
		}
	}
	b.WriteString("\nlabel.gold in adapt.yaml takes any of these back; documents are known by their\nID, or by their name where --names wrote it.")
	return b.String()
}

func newDataCheck(f *flags) *cobra.Command {
	c := &cobra.Command{
		Use: "check FILE", Short: "Say what a file or folder of annotations holds", Args: cobra.ExactArgs(1),
		Long:    "Reads annotations as label.gold in adapt.yaml would: says which format they are\nin, what is in them and what could not be taken over. An error names the line or\nentry.",
		Example: "  adapt data check project-1-at-2026-01-02.json\n  adapt data check brat-collection/",
		RunE: func(c *cobra.Command, args []string) error {
			s, err := formats.Load(args[0])
			if err != nil {
				return exit{code: exitUsage, err: err}
			}
			if f.json {
				return writeJSON(c.OutOrStdout(), s.Summary())
			}
			return showCheck(c.OutOrStdout(), s.Summary())
		},
	}
	return f.withJSON(c)
}

func showCheck(out io.Writer, s formats.Summary) error {
	fmt.Fprintf(out, "%s: %d documents, %d labels by people, %d suggestions, %d exchanges\n", s.Format, s.Documents, s.Labels, s.Suggestions, s.Exchanges)
	for _, n := range s.Notes {
		fmt.Fprintf(out, "  note: %s\n", n)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, c := range s.Categories {
		fmt.Fprintf(w, "  %s\t%d\n", c.Name, c.Count)
	}
	return w.Flush()
}
