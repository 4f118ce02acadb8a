package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"adapt/bench"
	"adapt/internal/app"
	"adapt/internal/home"
	"adapt/pretrain"
)

// The exit codes of every command.
const (
	exitOK       = 0
	exitFailed   = 1
	exitUsage    = 2
	exitRejected = 3 // `run`: the gate, a person or the deadline said no
	exitWaiting  = 4 // `run`: a person has to decide
)

// An exit is an error with a code; its text has been shown where it is empty.
type exit struct {
	code int
	err  error
}

func (e exit) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

// execute runs the command line and returns the exit code.
func execute(ctx context.Context, args []string, out, errOut io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errOut)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	code := exitFailed
	var e exit
	switch {
	case errors.As(err, &e):
		code = e.code
	case errors.Is(err, app.ErrUsage), isUsage(err):
		code = exitUsage
	case errors.Is(err, context.Canceled):
		err = errors.New("stopped")
	}
	if msg := err.Error(); msg != "" {
		fmt.Fprintf(errOut, "adapt: %s\n", msg)
	}
	return code
}

// isUsage recognizes what cobra says of a wrong command line.
func isUsage(err error) bool {
	for _, prefix := range []string{"unknown command", "unknown flag", "unknown shorthand", "accepts ", "requires ", "required flag", "invalid argument", "flag needs"} {
		if strings.HasPrefix(err.Error(), prefix) {
			return true
		}
	}
	return false
}

// flags are those of every command.
type flags struct {
	home string
	json bool
}

func (f *flags) options() app.Options { return app.Options{Home: f.home, Code: version()} }

const rootLong = `adapt adapts a language model to a professional domain.

Point it at a folder of documents (contracts, radiology reports). It reads them,
removes identifiers, labels them, fine-tunes a model, measures the candidate
beside today's champion for extraction accuracy and hallucination, holds it at a
gate, asks a person, and puts it live, or says exactly why not.

Everything is kept in a data folder: $ADAPT_HOME, or .adapt in the current
folder. Runs go on where they stopped, whatever stopped them. To use a Temporal
server of your own, set TEMPORAL_ADDRESS (and TEMPORAL_NAMESPACE, …).

Exit codes: 0 done (a run: promoted, or nothing new), 1 failed, 2 wrong usage,
3 a run was rejected, 4 a run waits for a person.`

const rootExample = `  adapt demo                       the whole job on sample documents
  adapt run legal ./contracts      the whole job on yours
  adapt review list                what waits for a decision
  adapt predict legal lease.pdf    ask the model that is live`

func newRoot() *cobra.Command {
	f := &flags{}
	root := &cobra.Command{
		Use: "adapt", Short: "Adapt a language model to a professional domain",
		Long: rootLong, Example: rootExample,
		SilenceErrors: true, SilenceUsage: true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.PersistentFlags().StringVar(&f.home, "home", "", "data folder (default $"+home.EnvVar+", or "+home.Default+")")
	root.AddCommand(commands(f)...)
	return root
}

// commands lists every command, in the order of a newcomer's questions.
func commands(f *flags) []*cobra.Command {
	return []*cobra.Command{
		newDemo(f), newInit(f), newRun(f), newStatus(f), newCancel(f), newReview(f),
		newData(f), newModels(f), newPredict(f), newSchedule(f), newUp(f), newWorker(f), pretrain.Command(), bench.Command(), newVersion(f),
	}
}

// withJSON gives a listing its --json flag.
func (f *flags) withJSON(c *cobra.Command) *cobra.Command {
	c.Flags().BoolVar(&f.json, "json", false, "write JSON, for programs")
	return c
}
