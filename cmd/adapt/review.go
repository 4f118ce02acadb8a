package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"adapt/internal/app"
	"adapt/internal/show"
	"adapt/progress"
	"adapt/registry"
)

const reviewLong = `Decide on runs whose candidate passed its gates. A decision needs a name and a
reason, which are kept for ever. Who started a run may reject it, but approve it
only where approval.allow_self in adapt.yaml allows that.

Where label.review.count asks for it, people review labels before a model is
trained: "adapt review labels" shows how far they are.

The review pages (adapt up prints their address) show the same with the report,
and are where labels are reviewed.`

func newReview(f *flags) *cobra.Command {
	c := &cobra.Command{Use: "review", Short: "List the runs that wait for a person, and decide", Long: reviewLong}
	c.AddCommand(newReviewList(f), newReviewShow(f), newReviewLabels(f), newDecision(f, true), newDecision(f, false))
	return c
}

func newReviewList(f *flags) *cobra.Command {
	return f.withJSON(&cobra.Command{
		Use: "list", Short: "List the runs that wait for a person", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			a, err := app.Open(f.options())
			if err != nil {
				return err
			}
			defer a.Close()
			runs, err := a.Registry.ListRuns(c.Context(), registry.RunFilter{Status: registry.StatusWaiting})
			if err != nil {
				return err
			}
			open, err := a.Registry.OpenReviews(c.Context())
			if err != nil {
				return err
			}
			waitsFor := map[string]string{}
			for _, rev := range open {
				waitsFor[rev.RunID] = "reviews of labels"
			}
			return list(c, f, runs, "no run waits for a person", "RUN\tDOMAIN\tWAITS FOR\tSTARTED\tBY", func(r registry.Run) string {
				return strings.Join([]string{r.ID, r.Domain, cmp.Or(waitsFor[r.ID], "a decision"), when(r.Created), r.StartedBy}, "\t")
			})
		},
	})
}

func newReviewShow(f *flags) *cobra.Command {
	return f.withJSON(&cobra.Command{
		Use: "show RUN", Short: "Show a run's evidence", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			a, err := connect(c.Context(), f)
			if err != nil {
				return err
			}
			defer a.Close()
			return showRun(c, f, a, args[0])
		},
	})
}

func newDecision(f *flags, approve bool) *cobra.Command {
	d := progress.Decision{Approve: approve}
	word, short := "reject", "Reject a run's candidate; nothing changes"
	if approve {
		word, short = "approve", "Approve a run's candidate; it goes live"
	}
	c := &cobra.Command{
		Use: word + " RUN --as NAME --reason TEXT", Short: short, Args: cobra.ExactArgs(1),
		Example: fmt.Sprintf("  adapt review %s legal-1a2b3c4d5e-1 --as \"Bea Roth\" --reason \"I checked the ten worst contracts\"", word),
		RunE: func(c *cobra.Command, args []string) error {
			return decide(c, f, args[0], d)
		},
	}
	c.Flags().StringVar(&d.By, "as", "", "your name (required)")
	c.Flags().StringVar(&d.Reason, "reason", "", "why (required)")
	for _, name := range []string{"as", "reason"} {
		if err := c.MarkFlagRequired(name); err != nil {
			panic(err) // the flag is defined above
		}
	}
	return c
}

// decide sends the decision and follows the run to its end.
func decide(c *cobra.Command, f *flags, id string, d progress.Decision) error {
	a, err := connect(c.Context(), f)
	if err != nil {
		return err
	}
	if err := a.Decide(c.Context(), id, d); err != nil {
		return joinClose(exit{code: exitUsage, err: err}, a)
	}
	out := c.OutOrStdout()
	view := show.New(out, isTerminal(out))
	status, err := a.Follow(c.Context(), id, func(run progress.Run) {
		run.Waiting = false // decided, whatever an early answer says
		view.Update(run)
	})
	if err == nil {
		err = conclude(c.Context(), out, a, id, status)
	}
	if !d.Approve {
		if e, ok := err.(exit); ok && e.code == exitRejected {
			err = nil // as asked
		}
	}
	return joinClose(err, a)
}
