package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"adapt/internal/app"
	"adapt/label"
)

const functionsLong = `Show what each labeling function did: in a run, or on the documents of a folder,
where it needs no run and no training, so that a function can be written, tried
and written again. Annotations beside the documents are used where there are any.

The columns, as in Snorkel's analysis:
  POLARITY    the opinions that it had: for its category, against it
  COVERAGE    share of the segments (about a sentence each) that it voted on
  OVERLAPS    of these, where another function of the category voted, too
  CONFLICTS   of these, where another one voted otherwise
  PRECISION   share of its votes that the annotations bear out
  RECALL      share of what it could have said that it said: the segments that
              show the category; for votes against, the candidates that do not
  LEARNED     share of its votes that the label model believes
  WEIGHT      what a vote adds to the log-odds of the label

A function is a few lines of adapt.yaml:

  label:
    functions:
      - name: ours/dealer
        category: Exclusivity
        pattern: 'sole\s+dealer'      # RE2, without regard to case
      - name: ours/insured-parties
        category: Insurance
        distance: {first: 'named|additional', second: 'insured', words: 3}
      - name: ours/not-a-definition
        category: Insurance
        vote: against
        any:
          - pattern: '^"[^"]+" means'
          - heading: 'definitions'

docs/labels.md explains every kind of condition.`

func newDataFunctions(f *flags) *cobra.Command {
	var r app.Request
	var category string
	c := &cobra.Command{
		Use: "functions RUN | --domain DOMAIN FOLDER", Short: "Show what the labeling functions did", Long: functionsLong,
		Example: "  adapt data functions legal-1a2b3c4d5e\n  adapt data functions --domain legal ~/contracts --config adapt.yaml --category Insurance",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			a, err := app.Open(f.options())
			if err != nil {
				return err
			}
			defer a.Close()
			var got *app.Functions
			if r.Domain == "" {
				got, err = a.RunFunctions(c.Context(), args[0])
			} else {
				r.Folder = args[0]
				got, err = a.FolderFunctions(c.Context(), r, progressOn(c))
			}
			if err != nil {
				return err
			}
			return showFunctions(c, f, got, category)
		},
	}
	c.Flags().StringVar(&r.Domain, "domain", "", "ask the functions of this domain about a folder")
	c.Flags().StringVar(&r.Config, "config", "", "adapt.yaml with functions of your own (default: adapt.yaml in the folder, if there)")
	c.Flags().StringVar(&category, "category", "", "only the functions of this category")
	return f.withJSON(c)
}

// progressOn says on a terminal how many files are done.
func progressOn(c *cobra.Command) func(done, all int) {
	out := c.ErrOrStderr()
	if !isTerminal(out) {
		return func(int, int) {}
	}
	return func(done, all int) {
		fmt.Fprintf(out, "\r%d of %d files", done, all)
		if done == all {
			fmt.Fprintln(out)
		}
	}
}

func showFunctions(c *cobra.Command, f *flags, got *app.Functions, category string) error {
	if category != "" {
		var some []label.FuncReport
		for _, r := range got.Functions {
			if strings.EqualFold(r.Category, category) {
				some = append(some, r)
			}
		}
		if got.Functions = some; len(some) == 0 {
			return fmt.Errorf("no labeling function votes on a category %q", category)
		}
	}
	if f.json {
		return writeJSON(c.OutOrStdout(), got)
	}
	err := list(c, f, got.Functions, "no labeling functions", "FUNCTION\tPOLARITY\tVOTES\tCOVERAGE\tOVERLAPS\tCONFLICTS\tPRECISION\tRECALL\tLEARNED\tWEIGHT", func(r label.FuncReport) string {
		return fmt.Sprintf("%s\t%s\t%d\t%.2f%%\t%.2f%%\t%.2f%%\t%s\t%s\t%s\t%+.2f", r.Func, orDash(strings.Join(r.Polarity, ", ")), r.Votes,
			100*r.Coverage, 100*r.Overlaps, 100*r.Conflict, shareOf(r.Precision()), shareOf(r.Recall()), shareOf(r.Learned, r.Votes > 0), r.Weight)
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(c.OutOrStdout(), "\n%d documents, %d segments, %d documents annotated", got.Docs, got.Segments, got.Annotated)
	if got.Unreadable > 0 {
		fmt.Fprintf(c.OutOrStdout(), ", %d files could not be read", got.Unreadable)
	}
	fmt.Fprintln(c.OutOrStdout())
	if k := got.Calibration; k.Candidates > 0 {
		fmt.Fprintf(c.OutOrStdout(), "Expected calibration error over %d candidates: %.3f without gold, %.3f with the gold of the other half of the documents.\n", k.Candidates, k.Before, k.After)
	}
	return nil
}

// shareOf writes a share in percent, or a dash where it is not defined.
func shareOf(p float64, ok bool) string {
	if !ok {
		return "–"
	}
	return fmt.Sprintf("%.0f%%", 100*p)
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}
