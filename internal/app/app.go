// Package app is what the commands do: it serves a data folder or finds the
// process that does, starts and follows runs, decides on them, and reads what
// they made.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	sdklog "go.temporal.io/sdk/log"

	"adapt/domains/all"
	"adapt/ingest/sandbox"
	"adapt/internal/home"
	"adapt/registry"
)

// Namespace is where the embedded server keeps runs.
const Namespace = "adapt"

// An App is an open data folder, connected to the Temporal server that runs
// its workflows.
type App struct {
	Home     *home.Home
	Registry *registry.Registry
	Client   client.Client // nil: not connected
	Code     string        // the program's version

	readers *sandbox.Pool // of documents, in processes of their own

	log  *slog.Logger
	logs *os.File
	node *node // nil: another process serves
	web  string
}

// Options say which data folder to open and how.
type Options struct {
	Home string // empty: $ADAPT_HOME or .adapt
	Code string // the program's version
	// Listen is the address of the review pages; empty: a free loopback port.
	Listen string
	// Remote allows Listen to be reached from other machines.
	Remote bool
}

// Open opens the data folder for reading. Nothing is connected.
func Open(o Options) (*App, error) {
	h, err := home.Open(o.Home)
	if err != nil {
		return nil, err
	}
	reg, err := registry.Open(h.Dir())
	if err != nil {
		return nil, err
	}
	logs, err := h.Log("adapt.log")
	if err != nil {
		return nil, errors.Join(err, reg.Close())
	}
	return &App{
		Home: h, Registry: reg, Code: o.Code, readers: sandbox.New(sandbox.Options{}),
		log: slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelWarn})), logs: logs,
	}, nil
}

// Connect opens the data folder and connects to what runs its workflows: the
// server that TEMPORAL_ADDRESS names, or the process that serves the folder.
// Without either it is home.ErrNotServed.
func Connect(ctx context.Context, o Options) (*App, error) {
	a, err := Open(o)
	if err != nil {
		return nil, err
	}
	if External() {
		err = a.dialExternal(ctx)
	} else {
		err = a.dialServing(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// Serve opens the data folder, connects to what runs its workflows and, where
// that is nobody, runs them itself until Close.
func Serve(ctx context.Context, o Options) (*App, error) {
	a, err := Open(o)
	if err != nil {
		return nil, err
	}
	if err := a.serve(ctx, o); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// Serving reports whether this process runs the workflows itself.
func (a *App) Serving() bool { return a.node != nil }

// Web returns the address of the review pages with its token; empty when there
// are none.
func (a *App) Web() string { return a.web }

// WebPage returns the address of one of the review pages with its token; empty
// when there are none.
func (a *App) WebPage(elem ...string) string {
	u, err := url.Parse(a.web)
	if a.web == "" || err != nil {
		return ""
	}
	return u.JoinPath(elem...).String()
}

// Close stops what this process runs and closes the data folder.
func (a *App) Close() error {
	var errs []error
	if a.node != nil {
		errs = append(errs, a.node.stop())
	}
	if a.Client != nil {
		a.Client.Close()
	}
	if a.node != nil {
		errs = append(errs, a.node.stopServer())
	}
	a.readers.Close()
	return errors.Join(append(errs, a.Registry.Close(), a.logs.Close())...)
}

// External reports whether the environment names a Temporal server, by
// TEMPORAL_ADDRESS or a profile of TEMPORAL_CONFIG_FILE.
func External() bool {
	return os.Getenv("TEMPORAL_ADDRESS") != "" || os.Getenv("TEMPORAL_CONFIG_FILE") != "" || os.Getenv("TEMPORAL_PROFILE") != ""
}

func (a *App) dialExternal(ctx context.Context) error {
	o, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return fmt.Errorf("reading the TEMPORAL_* environment: %w", err)
	}
	return a.dial(ctx, o)
}

func (a *App) dialServing(ctx context.Context) error {
	s, err := a.Home.Server()
	if err != nil {
		return err
	}
	a.web = s.Web
	return a.dial(ctx, client.Options{HostPort: s.Temporal, Namespace: s.Namespace})
}

func (a *App) dial(ctx context.Context, o client.Options) error {
	o.Logger = sdklog.NewStructuredLogger(a.log)
	// It enters histories; the default would tell the machine's name.
	o.Identity = fmt.Sprintf("adapt-%d", os.Getpid())
	c, err := client.DialContext(ctx, o)
	if err != nil {
		return fmt.Errorf("connecting to Temporal at %s: %w; is it running, and is the address right?", o.HostPort, err)
	}
	a.Client = c
	return nil
}

// Domains returns the names of the domains.
func Domains() []string { return all.Names() }
