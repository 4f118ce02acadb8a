package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"adapt/activities"
	"adapt/activities/api"
	"adapt/domains/all"
	"adapt/internal/home"
	"adapt/internal/temporalserver"
	"adapt/web"
	"adapt/workflows"
)

// A node is what a process that serves a data folder runs.
type node struct {
	lock    *home.Lock
	telling func() // stops telling runs of reviews
	server  *temporalserver.Server
	logs    *os.File // the server's
	workers []worker.Worker
	pages   func() error // stops the review pages
}

// startingUp is how long another process may take from locking the folder to
// saying how it is reached.
const startingUp = 30 * time.Second

// serve connects to the process that serves the folder, or becomes it.
func (a *App) serve(ctx context.Context, o Options) error {
	if External() {
		if err := a.dialExternal(ctx); err != nil {
			return err
		}
		a.node = &node{}
		err := errors.Join(a.startWorkers(), a.startPages(o))
		a.startTelling()
		return err
	}
	deadline := time.Now().Add(startingUp)
	for {
		lock, err := a.Home.Lock()
		if err == nil {
			return a.become(ctx, o, lock)
		}
		if !errors.Is(err, home.ErrLocked) {
			return err
		}
		if err := a.dialServing(ctx); err == nil || !errors.Is(err, home.ErrNotServed) {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("another process holds the data folder %s and does not answer; stop it and try again", a.Home.Dir())
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// become starts the server, the workers and the review pages.
func (a *App) become(ctx context.Context, o Options, lock *home.Lock) error {
	a.node = &node{lock: lock}
	logs, err := a.Home.Log("temporal.log")
	if err != nil {
		return err
	}
	a.node.logs = logs
	a.node.server, err = temporalserver.Start(ctx, temporalserver.Options{
		Dir: a.Home.Dir(), Namespace: Namespace,
		Logger: slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return err
	}
	if err := a.dial(ctx, client.Options{HostPort: a.node.server.Address(), Namespace: Namespace}); err != nil {
		return err
	}
	if err := a.startWorkers(); err != nil {
		return err
	}
	if err := a.startPages(o); err != nil {
		return err
	}
	a.startTelling()
	return a.Home.SetServer(home.Server{PID: os.Getpid(), Temporal: a.node.server.Address(), Namespace: Namespace, Web: a.web})
}

// startWorkers runs workflows and activities. A machine trains one model at a
// time, on all its cores.
func (a *App) startWorkers() error {
	acts := &activities.Activities{Home: a.Home, Registry: a.Registry, Domain: all.Get, Code: a.Code, Readers: a.readers, Log: a.log}
	light := worker.New(a.Client, api.Queue, workerOptions(8))
	light.RegisterWorkflow(workflows.Adapt)
	light.RegisterWorkflow(workflows.Ingest)
	light.RegisterWorkflow(workflows.Retrain)
	acts.Register(light)
	training := worker.New(a.Client, api.TrainQueue, workerOptions(1))
	training.RegisterWorkflow(workflows.Train)
	acts.RegisterTraining(training)
	for _, w := range []worker.Worker{light, training} {
		if err := w.Start(); err != nil {
			return fmt.Errorf("starting a worker: %w", err)
		}
		a.node.workers = append(a.node.workers, w)
	}
	return nil
}

// startTelling tells the runs that wait for reviews, beside.
func (a *App) startTelling() {
	ctx, cancel := context.WithTimeout(context.Background(), startingUp)
	var done sync.WaitGroup
	done.Go(func() { a.tellAll(ctx) })
	a.node.telling = func() {
		cancel()
		done.Wait()
	}
}

func workerOptions(activities int) worker.Options {
	return worker.Options{
		MaxConcurrentActivityExecutionSize: activities,
		// Activities stop within a step when the worker does.
		WorkerStopTimeout: 30 * time.Second,
		// A run whose worker died is taken up by another one soon.
		StickyScheduleToStartTimeout: 2 * time.Second,
		// Training keeps all cores busy; a workflow task may have to wait.
		DeadlockDetectionTimeout: 20 * time.Second,
	}
}

// startPages serves the review pages.
func (a *App) startPages(o Options) error {
	addr := o.Listen
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	token, err := web.Token(a.Home.Dir())
	if err != nil {
		return err
	}
	ln, err := web.Listen(addr, o.Remote)
	if err != nil {
		return err
	}
	a.web = web.URL(ln.Addr(), token)
	a.node.pages = a.servePages(ln, token)
	return nil
}

// servePages serves the pages beside, and returns how to stop it.
func (a *App) servePages(ln net.Listener, token string) func() error {
	ctx, cancel := context.WithCancel(context.Background())
	handler := web.New(web.Options{Registry: a.Registry, Runs: a, Domain: all.Get, Token: token, Log: a.log})
	var err error
	var done sync.WaitGroup
	done.Go(func() { err = web.Serve(ctx, ln, handler, a.log) })
	return func() error {
		cancel()
		done.Wait()
		return err
	}
}

// stop stops taking work, which gives activities time to keep what they have.
func (n *node) stop() error {
	var err error
	if n.telling != nil {
		n.telling()
	}
	if n.pages != nil {
		err = n.pages()
	}
	var stopping sync.WaitGroup
	for _, w := range n.workers {
		stopping.Go(w.Stop)
	}
	stopping.Wait()
	return err
}

// stopServer stops the server, whose clients are closed by now, and gives the
// folder up.
func (n *node) stopServer() error {
	var errs []error
	if n.server != nil {
		errs = append(errs, n.server.Stop())
	}
	if n.logs != nil {
		errs = append(errs, n.logs.Close())
	}
	if n.lock != nil {
		errs = append(errs, n.lock.Unlock())
	}
	return errors.Join(errs...)
}
