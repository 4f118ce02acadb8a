package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"adapt/internal/app"
	"adapt/internal/live"
	"adapt/internal/show"
	"adapt/progress"
	"adapt/registry"
)

const runLong = `Run the whole job on a folder: read, de-identify, label, split, train, evaluate
beside the champion, gate, approve, promote.

A run over the same folder with the same configuration that goes on is followed
instead of started anew; one that was interrupted goes on where it stopped. When
no process serves the data folder (adapt up), this one does until the run ends
or waits for a person.

DOMAIN is one of: %s. The configuration is --config, or adapt.yaml in
the folder, or the domain's defaults (adapt init DOMAIN writes them out).

Exit codes: 0 promoted (or nothing changed), 1 failed, 2 wrong usage,
3 rejected, 4 waiting for a person.`

func newRun(f *flags) *cobra.Command {
	var r app.Request
	c := &cobra.Command{
		Use: "run DOMAIN FOLDER", Short: "Adapt a model to the documents in a folder",
		Long: fmt.Sprintf(runLong, strings.Join(app.Domains(), ", ")),
		Example: `  adapt run legal ./contracts
  adapt run medical ./reports --config adapt.yaml --as "Ann Lee"`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			r.Domain, r.Folder = args[0], args[1]
			return runOne(c, f, r)
		},
	}
	c.Flags().StringVar(&r.Config, "config", "", "path of an adapt.yaml")
	c.Flags().StringVar(&r.By, "as", "", "your name, for the record (default: your user name)")
	return c
}

func runOne(c *cobra.Command, f *flags, r app.Request) error {
	a, err := app.Serve(c.Context(), f.options())
	if err != nil {
		return err
	}
	id, attached, err := a.Start(c.Context(), r)
	if err != nil {
		return errors.Join(err, a.Close())
	}
	out := c.OutOrStdout()
	fmt.Fprintf(out, "%s run %s; review pages: %s\n", verb(attached), id, a.Web())
	leaves, err := a.Leaves(c.Context(), id)
	if err != nil {
		return joinClose(err, a)
	}
	if leaves != "" {
		fmt.Fprintf(out, "note: %s\n", leaves)
	}
	view := show.New(out, isTerminal(out))
	status, err := a.Follow(c.Context(), id, func(run progress.Run) {
		view.Note(id, live.Description(a.Home, id))
		view.Update(run)
	})
	if err == nil {
		err = conclude(c.Context(), out, a, id, status)
	} else if errors.Is(err, context.Canceled) {
		err = interrupted(out, a)
	}
	return joinClose(err, a)
}

// joinClose keeps the exit code of err.
func joinClose(err error, a *app.App) error {
	if cerr := a.Close(); err == nil {
		return cerr
	}
	return err
}

func verb(attached bool) string {
	if attached {
		return "going on with"
	}
	return "started"
}

// interrupted says what Ctrl-C did.
func interrupted(out io.Writer, a *app.App) error {
	if a.Serving() {
		fmt.Fprintln(out, "\nstopping; the same command goes on where this one stopped")
	} else {
		fmt.Fprintln(out, "\nno longer following; the run goes on, and the same command follows it again")
	}
	return exit{code: exitFailed}
}

// labelsWanted says how to review the labels that a run waits for.
func labelsWanted(out io.Writer, a *app.App, run progress.Run) {
	r := run.Reviews
	fmt.Fprintf(out, "\nrun %s waits for people to review its labels: %d of %d are done\n", run.RunID, r.Reviewed, r.Wanted)
	if page := a.WebPage("runs", run.RunID, "labels"); page != "" && !a.Serving() {
		fmt.Fprintf(out, "  in the browser: %s\n", page)
	} else {
		fmt.Fprintln(out, "  in the browser: adapt up, and open the run's page")
	}
	fmt.Fprintf(out, "  adapt review labels %s\n", run.RunID)
	fmt.Fprintf(out, "  adapt review labels %s --go-on --as NAME    goes on with what there is\n", run.RunID)
	fmt.Fprintf(out, "  until %s; what was answered is kept in any case\n", when(r.Deadline))
}

// conclude writes what a run came to and returns its exit code as an error.
func conclude(ctx context.Context, out io.Writer, a *app.App, id string, status registry.Status) error {
	if status == registry.StatusWaiting {
		if run, err := a.Progress(ctx, id); err == nil && run.Reviews.Waiting() {
			labelsWanted(out, a, run)
			return exit{code: exitWaiting}
		}
		fmt.Fprintf(out, "\nrun %s passed its gates and waits for a person:\n", id)
		fmt.Fprintf(out, "  adapt review show %s\n  adapt review approve %s --as NAME --reason TEXT\n", id, id)
		return exit{code: exitWaiting}
	}
	sum, err := a.Summary(ctx, id)
	if err != nil {
		return err
	}
	report, err := a.Report(id, sum.Report)
	if err != nil {
		return err
	}
	fmt.Fprintln(out)
	show.Summary(out, sum, report)
	switch status {
	case registry.StatusPromoted, registry.StatusUnchanged:
		return nil
	case registry.StatusRejected:
		return exit{code: exitRejected}
	}
	return exit{code: exitFailed}
}
