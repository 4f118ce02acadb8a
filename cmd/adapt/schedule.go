package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"adapt/internal/app"
)

const scheduleLong = `Run the job on a folder again and again. A scheduled run trains only when the
folder holds documents that no run has seen. Schedules work while a process
serves the data folder (adapt up) or on a Temporal server of your own.`

func newSchedule(f *flags) *cobra.Command {
	c := &cobra.Command{Use: "schedule", Short: "Retrain when new documents have come in", Long: scheduleLong}
	c.AddCommand(newScheduleCreate(f), newScheduleList(f),
		newScheduleChange(f, "pause", "Pause a schedule", "paused", func(ctx context.Context, a *app.App, id string) error { return a.PauseSchedule(ctx, id, true) }),
		newScheduleChange(f, "resume", "Let a paused schedule go on", "goes on", func(ctx context.Context, a *app.App, id string) error { return a.PauseSchedule(ctx, id, false) }),
		newScheduleChange(f, "trigger", "Run a schedule now", "was started", func(ctx context.Context, a *app.App, id string) error { return a.TriggerSchedule(ctx, id) }),
		newScheduleChange(f, "delete", "Delete a schedule; runs that it started go on", "is deleted", func(ctx context.Context, a *app.App, id string) error { return a.DeleteSchedule(ctx, id) }))
	return c
}

func newScheduleCreate(f *flags) *cobra.Command {
	var r app.ScheduleRequest
	c := &cobra.Command{
		Use: "create DOMAIN FOLDER", Short: "Make a schedule for a folder", Args: cobra.ExactArgs(2),
		Example: "  adapt schedule create legal ./contracts --cron \"0 2 * * *\"\n  adapt schedule create medical ./reports --every 24h --config adapt.yaml",
		RunE: func(c *cobra.Command, args []string) error {
			r.Domain, r.Folder = args[0], args[1]
			a, err := connect(c.Context(), f)
			if err != nil {
				return err
			}
			defer a.Close()
			id, err := a.CreateSchedule(c.Context(), r)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "schedule %s is made; keep `adapt up` running for it\n", id)
			return nil
		},
	}
	c.Flags().StringVar(&r.Config, "config", "", "path of an adapt.yaml")
	c.Flags().StringVar(&r.By, "as", "", "your name, for the record (default: your user name)")
	c.Flags().StringVar(&r.Cron, "cron", "", "when, as a cron line in UTC")
	c.Flags().DurationVar(&r.Every, "every", 0, "how often, such as 24h")
	return c
}

func newScheduleList(f *flags) *cobra.Command {
	return f.withJSON(&cobra.Command{
		Use: "list", Short: "List the schedules", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			a, err := connect(c.Context(), f)
			if err != nil {
				return err
			}
			defer a.Close()
			all, err := a.Schedules(c.Context())
			if err != nil {
				return err
			}
			return list(c, f, all, "no schedules; `adapt schedule create` makes one", "SCHEDULE\tDOMAIN\tWHEN\tNEXT\tPAUSED\tFOLDER", func(s app.Schedule) string {
				next := when(s.Next)
				if s.Paused {
					next = "–"
				}
				return strings.Join([]string{s.ID, s.Domain, s.Cron + s.Every, next, fmt.Sprint(s.Paused), s.Folder}, "\t")
			})
		},
	})
}

func newScheduleChange(f *flags, word, short, done string, do func(context.Context, *app.App, string) error) *cobra.Command {
	return &cobra.Command{
		Use: word + " SCHEDULE", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			a, err := connect(c.Context(), f)
			if err != nil {
				return err
			}
			defer a.Close()
			if err := do(c.Context(), a, args[0]); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "schedule %s %s\n", args[0], done)
			return nil
		},
	}
}
