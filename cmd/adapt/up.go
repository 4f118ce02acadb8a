package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"adapt/internal/app"
)

const upLong = `Serve the data folder until Ctrl-C: the Temporal server with its state in one
file, a worker, and the review pages. Other commands find this process by the
data folder. With TEMPORAL_ADDRESS set, the worker and the pages use that server
instead of one of their own.`

func newUp(f *flags) *cobra.Command {
	var o app.Options
	c := &cobra.Command{
		Use: "up", Short: "Serve the data folder: Temporal, worker and review pages", Long: upLong, Args: cobra.NoArgs,
		Example: "  adapt up\n  adapt up --listen 127.0.0.1:8470",
		RunE: func(c *cobra.Command, _ []string) error {
			o.Home, o.Code = f.home, version()
			a, err := app.Serve(c.Context(), o)
			if err != nil {
				return err
			}
			out := c.OutOrStdout()
			if !a.Serving() {
				fmt.Fprintf(out, "another process serves %s already; review pages: %s\n", a.Home.Dir(), a.Web())
				return a.Close()
			}
			fmt.Fprintf(out, "data folder:  %s\nreview pages: %s\nCtrl-C stops\n", a.Home.Dir(), a.Web())
			<-c.Context().Done()
			fmt.Fprintln(out, "\nstopping; runs go on with the next `adapt up`")
			return a.Close()
		},
	}
	c.Flags().StringVar(&o.Listen, "listen", "", "address of the review pages (default: a free port of this machine)")
	c.Flags().BoolVar(&o.Remote, "allow-remote", false, "let other machines open the review pages; put HTTPS before them")
	return c
}

const workerLong = `Work for the Temporal server that TEMPORAL_ADDRESS names, until Ctrl-C. All
workers of a server share one data folder (a network drive, or one machine).`

func newWorker(f *flags) *cobra.Command {
	return &cobra.Command{
		Use: "worker", Short: "Work for a Temporal server of your own", Long: workerLong, Args: cobra.NoArgs,
		Example: "  TEMPORAL_ADDRESS=temporal.example.org:7233 TEMPORAL_NAMESPACE=adapt adapt worker",
		RunE: func(c *cobra.Command, _ []string) error {
			if !app.External() {
				return exit{code: exitUsage, err: fmt.Errorf("no Temporal server is named; set TEMPORAL_ADDRESS, or use `adapt up`, which brings its own")}
			}
			a, err := app.Serve(c.Context(), f.options())
			if err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "working; review pages: %s\nCtrl-C stops\n", a.Web())
			<-c.Context().Done()
			return a.Close()
		},
	}
}
