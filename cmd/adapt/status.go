package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"adapt/activities"
	"adapt/internal/app"
	"adapt/internal/show"
	"adapt/progress"
	"adapt/registry"
)

func newStatus(f *flags) *cobra.Command {
	var filter registry.RunFilter
	c := &cobra.Command{
		Use: "status [RUN]", Short: "List the runs, or show one with what it put aside",
		Example: "  adapt status\n  adapt status legal-1a2b3c4d5e-1\n  adapt status --json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			a, err := connectOrOpen(c.Context(), f)
			if err != nil {
				return err
			}
			defer a.Close()
			if len(args) == 1 {
				return showRun(c, f, a, args[0])
			}
			runs, err := a.Registry.ListRuns(c.Context(), filter)
			if err != nil {
				return err
			}
			return list(c, f, runs, "no runs yet; `adapt run DOMAIN FOLDER` starts one", "RUN\tDOMAIN\tSTATUS\tSTARTED\tBY\tUPDATED", func(r registry.Run) string {
				return strings.Join([]string{r.ID, r.Domain, string(r.Status), when(r.Created), r.StartedBy, when(r.Updated)}, "\t")
			})
		},
	}
	c.Flags().StringVar(&filter.Domain, "domain", "", "only this domain's runs")
	c.Flags().IntVar(&filter.Limit, "limit", 0, "only the newest so many; 0: all")
	return f.withJSON(c)
}

// connectOrOpen connects where a process serves the folder, and reads what is
// recorded where none does.
func connectOrOpen(ctx context.Context, f *flags) (*app.App, error) {
	a, err := app.Connect(ctx, f.options())
	if err == nil {
		return a, nil
	}
	return app.Open(f.options())
}

// runView is what is shown of one run.
type runView struct {
	Run         registry.Run        `json:"run"`
	Progress    progress.Run        `json:"progress"`
	Quarantined []activities.Aside  `json:"quarantined"`
	Decisions   []registry.Decision `json:"decisions"`
	Report      string              `json:"report,omitempty"` // path
}

func readRun(ctx context.Context, a *app.App, id string) (runView, error) {
	var v runView
	var err error
	if v.Run, err = a.Registry.GetRun(ctx, id); err != nil {
		return v, err
	}
	if v.Progress, err = a.Progress(ctx, id); err != nil {
		if v.Progress, err = a.Recorded(ctx, id); err != nil {
			return v, err
		}
	}
	if v.Decisions, err = a.Registry.Decisions(ctx, id); err != nil {
		return v, err
	}
	if v.Quarantined, err = a.Quarantined(ctx, id); err != nil {
		return v, err
	}
	v.Report, err = a.Report(id, v.Progress.Report)
	return v, err
}

func showRun(c *cobra.Command, f *flags, a *app.App, id string) error {
	v, err := readRun(c.Context(), a, id)
	if err != nil {
		return err
	}
	out := c.OutOrStdout()
	if f.json {
		return writeJSON(out, v)
	}
	if v.Run.Status.Final() {
		sum, err := a.Summary(c.Context(), id)
		if err != nil {
			return err
		}
		show.Summary(out, sum, v.Report)
	} else {
		writeProgress(out, a, v)
	}
	for _, d := range v.Decisions {
		fmt.Fprintf(out, "  %s %s by %s: %s\n", when(d.At), approved(d.Approve), d.By, d.Reason)
	}
	if len(v.Quarantined) > 0 {
		fmt.Fprintln(out, "  put aside:")
	}
	for _, q := range v.Quarantined {
		fmt.Fprintf(out, "    %s: %s; %s\n", q.File, q.Reason, q.Detail)
	}
	return nil
}

func writeProgress(out io.Writer, a *app.App, v runView) {
	fmt.Fprintf(out, "%s: %s, started %s by %s\n", v.Run.ID, v.Run.Status, when(v.Run.Created), v.Run.StartedBy)
	for _, s := range v.Progress.Steps {
		fmt.Fprintln(out, show.Line(s))
	}
	if v.Progress.Verdict != "" {
		fmt.Fprintf(out, "  gate: %s\n", v.Progress.Verdict)
	}
	for _, r := range v.Progress.Reasons {
		fmt.Fprintf(out, "    - %s\n", r)
	}
	if v.Report != "" {
		fmt.Fprintf(out, "  report: %s\n", v.Report)
	}
	if v.Progress.Reviews.Waiting() {
		labelsWanted(out, a, v.Progress)
	}
	if v.Progress.Waiting {
		fmt.Fprintf(out, "  waits for a person until %s\n", when(v.Progress.Deadline))
	}
}

func approved(ok bool) string {
	if ok {
		return "approved"
	}
	return "rejected"
}

func newCancel(f *flags) *cobra.Command {
	return &cobra.Command{
		Use: "cancel RUN", Short: "End a run; nothing is promoted", Args: cobra.ExactArgs(1),
		Example: "  adapt cancel legal-1a2b3c4d5e-1",
		RunE: func(c *cobra.Command, args []string) error {
			a, err := connect(c.Context(), f)
			if err != nil {
				return err
			}
			defer a.Close()
			if err := a.Cancel(c.Context(), args[0]); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "cancelling %s; `adapt status %s` shows when it has ended\n", args[0], args[0])
			return nil
		},
	}
}

// connect connects to what runs the workflows, and starts it here for the time
// of the command where nobody does.
func connect(ctx context.Context, f *flags) (*app.App, error) { return app.Serve(ctx, f.options()) }

// writeIndented writes a value as JSON under a heading.
func writeIndented(w io.Writer, v any) error {
	b, err := json.MarshalIndent(v, "    ", "  ")
	if err != nil {
		return err
	}
	const most = 2000
	if len(b) > most {
		b = append(b[:most:most], "\n    …"...)
	}
	_, err = fmt.Fprintf(w, "    %s\n", b)
	return errors.Join(err)
}
