package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/spf13/cobra"

	"adapt/internal/app"
	"adapt/internal/live"
	"adapt/internal/show"
	"adapt/progress"
)

const demoLong = `Run the whole job on sample documents that ship with adapt, for every domain:
contracts as PDF, DOCX and text, radiology reports as text, HL7 v2 and FHIR. They
were written for this purpose; nobody's data is in them.

The demo starts what it needs in this process, shows how far each step is, and
ends with the figures of the new model beside the old. No person is asked for
approval, so that it runs to its end by itself; real runs ask one. It takes some
minutes. Ctrl-C at any moment: the same command goes on where it stopped.`

func newDemo(f *flags) *cobra.Command {
	return &cobra.Command{
		Use: "demo", Short: "Run the whole job on sample documents", Long: demoLong, Args: cobra.NoArgs,
		Example: "  adapt demo\n  ADAPT_HOME=/tmp/adapt-demo adapt demo",
		RunE:    func(c *cobra.Command, _ []string) error { return demo(c, f) },
	}
}

func demo(c *cobra.Command, f *flags) error {
	a, err := app.Serve(c.Context(), f.options())
	if err != nil {
		return err
	}
	out := c.OutOrStdout()
	err = demoRuns(c.Context(), out, a)
	if errors.Is(err, context.Canceled) {
		err = interrupted(out, a)
	}
	return joinClose(err, a)
}

func demoRuns(ctx context.Context, out io.Writer, a *app.App) error {
	runs, err := a.Demo(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "data folder:  %s\nreview pages: %s\n", a.Home.Dir(), a.Web())
	for _, r := range runs {
		if r.Done {
			fmt.Fprintf(out, "%s: run %s was done before; remove the data folder to see it again\n", r.Domain, r.RunID)
		} else {
			fmt.Fprintf(out, "%s: run %s over %s, as %s says (no approval required)\n", r.Domain, r.RunID, r.Folder, r.Config)
		}
	}
	if err := followAll(ctx, out, a, runs); err != nil {
		return err
	}
	var failed error
	for _, r := range runs {
		if err := demoResult(ctx, out, a, r); err != nil {
			failed = err
		}
	}
	return failed
}

// followAll shows all runs in one view until each has ended.
func followAll(ctx context.Context, out io.Writer, a *app.App, runs []app.DemoRun) error {
	view := show.New(out, isTerminal(out))
	latest := make([]progress.Run, len(runs))
	errs := make([]error, len(runs))
	var mu sync.Mutex
	var following sync.WaitGroup
	for i, r := range runs {
		latest[i] = progress.Run{RunID: r.RunID, Domain: r.Domain}
		if r.Done {
			continue
		}
		following.Go(func() {
			_, errs[i] = a.Follow(ctx, r.RunID, func(run progress.Run) {
				mu.Lock()
				defer mu.Unlock()
				latest[i] = run
				view.Note(r.RunID, live.Description(a.Home, r.RunID))
				view.Update(shown(latest)...)
			})
		})
	}
	following.Wait()
	return errors.Join(errs...)
}

// shown leaves runs out of which nothing is known yet.
func shown(runs []progress.Run) []progress.Run {
	var known []progress.Run
	for _, r := range runs {
		if len(r.Steps) > 0 {
			known = append(known, r)
		}
	}
	return known
}

// demoResult writes what one run came to, with an answer of the live model.
func demoResult(ctx context.Context, out io.Writer, a *app.App, r app.DemoRun) error {
	run, err := a.Registry.GetRun(ctx, r.RunID)
	if err != nil {
		return err
	}
	// A rejected candidate is a result: the gate did its work.
	var e exit
	if err := conclude(ctx, out, a, r.RunID, run.Status); err != nil && (!errors.As(err, &e) || e.code != exitRejected) {
		return err
	}
	live, ok, err := a.Registry.Champion(ctx, r.Domain)
	if err != nil || !ok {
		return err
	}
	p, err := a.Unseen(ctx, r.RunID, live.Ref)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "  the model that is live, %s, on %q, which it was not trained on:\n", live.Name, p.Document)
	return writeIndented(out, p.Answer)
}
