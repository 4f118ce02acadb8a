package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"adapt/internal/app"
	"adapt/internal/show"
	"adapt/label"
	"adapt/label/review"
	"adapt/progress"
)

const labelsLong = `Show how far people are with the labels that a run asks about: how many are
decided, who answered, on how many two people disagree, and how well they agree
(Cohen's kappa with its 95% interval, also by category). Without RUN, list the
runs that wait for reviews.

Labels are reviewed in the browser (adapt up prints the address), by keyboard:
press ? there. The run goes on by itself when as many are decided as
label.review.count in adapt.yaml asks for; --go-on has it go on with fewer.`

func newReviewLabels(f *flags) *cobra.Command {
	var goOn bool
	var by string
	c := &cobra.Command{
		Use: "labels [RUN]", Short: "Show the reviews of a run's labels, or go on with what there is",
		Long: labelsLong, Args: cobra.MaximumNArgs(1),
		Example: "  adapt review labels\n  adapt review labels legal-1a2b3c4d5e-1 --json\n  adapt review labels legal-1a2b3c4d5e-1 --go-on --as \"Bea Roth\"",
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case goOn && len(args) == 0:
				return exit{code: exitUsage, err: errors.New("say which RUN goes on; `adapt review labels` lists those that wait")}
			case goOn && strings.TrimSpace(by) == "":
				return exit{code: exitUsage, err: errors.New("--go-on needs --as NAME: your name is kept with the run")}
			case goOn:
				return goOnWithLabels(c, f, args[0], by)
			case len(args) == 0:
				return listReviews(c, f)
			}
			return showReview(c, f, args[0])
		},
	}
	c.Flags().BoolVar(&goOn, "go-on", false, "have the run go on with the reviews that there are")
	c.Flags().StringVar(&by, "as", "", "your name, with --go-on")
	return f.withJSON(c)
}

func listReviews(c *cobra.Command, f *flags) error {
	a, err := app.Open(f.options())
	if err != nil {
		return err
	}
	defer a.Close()
	open, err := a.Registry.OpenReviews(c.Context())
	if err != nil {
		return err
	}
	var all []review.Tally
	for _, rev := range open {
		t, err := review.Count(c.Context(), a.Registry, rev.RunID)
		if err != nil {
			return err
		}
		all = append(all, t)
	}
	return list(c, f, all, "no run waits for reviews of its labels", "RUN\tDOMAIN\tREVIEWED\tUNTIL", func(t review.Tally) string {
		return strings.Join([]string{t.Review.RunID, t.Review.Domain, fmt.Sprintf("%d of %d", t.Reviewed, t.Review.Wanted), when(t.Review.Deadline)}, "\t")
	})
}

func showReview(c *cobra.Command, f *flags, id string) error {
	a, err := connectOrOpen(c.Context(), f)
	if err != nil {
		return err
	}
	defer a.Close()
	t, err := review.Count(c.Context(), a.Registry, id)
	if err != nil {
		return err
	}
	out := c.OutOrStdout()
	if f.json {
		return writeJSON(out, t)
	}
	writeTally(out, t)
	if page := a.WebPage("runs", id, "labels"); page != "" && t.Review.Closed.IsZero() {
		fmt.Fprintf(out, "  review them at %s\n", page)
	}
	return nil
}

// writeTally writes how far a review is.
func writeTally(out io.Writer, t review.Tally) {
	rev := t.Review
	state := "open until " + when(rev.Deadline)
	if !rev.Closed.IsZero() {
		state = "closed " + when(rev.Closed)
	}
	fmt.Fprintf(out, "%s: %d of %d labels reviewed, %s\n", rev.RunID, t.Reviewed, rev.Wanted, state)
	fmt.Fprintf(out, "  each by %s; %d disputed; %d of %d documents complete\n", people(rev.Reviewers), t.Disputed, t.Complete, len(t.Documents))
	for _, r := range t.Reviewers {
		fmt.Fprintf(out, "  %s: %d answers in %s\n", r.Name, r.Answers, show.Duration(r.Seconds))
	}
	if t.Agreement.Items == 0 {
		fmt.Fprintln(out, "  agreement: no label has been answered by two people yet")
		return
	}
	fmt.Fprintf(out, "  agreement: %s\n", kappa(t.Agreement.Kappa))
	for _, k := range t.Agreement.Categories {
		fmt.Fprintf(out, "    %-32s %s\n", k.Category, kappa(k.Kappa))
	}
}

func people(n int) string {
	if n == 1 {
		return "1 person"
	}
	return fmt.Sprintf("%d people, independently", n)
}

// kappa writes an agreement in a line.
func kappa(k label.Kappa) string {
	if k.Value == nil {
		return fmt.Sprintf("kappa is not defined, as both gave one answer to everything; %d of %d agreed", k.Agreed, k.Items)
	}
	return fmt.Sprintf("kappa %.2f [%.2f, %.2f]; %d of %d agreed", *k.Value, *k.Low, *k.High, k.Agreed, k.Items)
}

// goOnWithLabels has a run go on, and follows it.
func goOnWithLabels(c *cobra.Command, f *flags, id, by string) error {
	a, err := connect(c.Context(), f)
	if err != nil {
		return err
	}
	t, err := review.Count(c.Context(), a.Registry, id)
	if err == nil {
		err = a.LabelNews(c.Context(), id, progress.LabelNews{Reviewed: t.Reviewed, GoOn: true, By: by})
	}
	if err != nil {
		return joinClose(exit{code: exitUsage, err: err}, a)
	}
	out := c.OutOrStdout()
	view := show.New(out, isTerminal(out))
	status, err := a.Follow(c.Context(), id, func(run progress.Run) { view.Update(run) })
	if err == nil {
		err = conclude(c.Context(), out, a, id, status)
	}
	return joinClose(err, a)
}
