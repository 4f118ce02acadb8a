package temporalserver_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"log/slog"

	"adapt/internal/temporalserver"
)

const namespace = "adapt-test"

func start(t *testing.T, dir string) (*temporalserver.Server, client.Client) {
	t.Helper()
	s, err := temporalserver.Start(t.Context(), temporalserver.Options{Dir: dir, Namespace: namespace})
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.Dial(client.Options{HostPort: s.Address(), Namespace: namespace, Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}

// wait is a workflow that ends when it is told to.
func wait(ctx workflow.Context) (string, error) {
	var v string
	workflow.GetSignalChannel(ctx, "say").Receive(ctx, &v)
	return v, nil
}

func startWorker(t *testing.T, c client.Client) worker.Worker {
	t.Helper()
	w := worker.New(c, "q", worker.Options{})
	w.RegisterWorkflowWithOptions(wait, workflow.RegisterOptions{Name: "wait"})
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	return w
}

// TestARunSurvivesARestart starts a run on one server and ends it on another
// over the same file, in a folder with an awkward name.
func TestARunSurvivesARestart(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a whole server")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dir := filepath.Join(t.TempDir(), "a folder? with #odd% name")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	s, c := start(t, dir)
	t.Logf("first start took %v", time.Since(begin))
	w := startWorker(t, c)
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: "one", TaskQueue: "q"}, "wait")
	if err != nil {
		t.Fatal(err)
	}
	w.Stop()
	c.Close()
	begin = time.Now()
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	t.Logf("stop took %v", time.Since(begin))

	begin = time.Now()
	s, c = start(t, dir)
	t.Logf("second start took %v", time.Since(begin))
	defer s.Stop()
	defer c.Close()
	w = startWorker(t, c)
	defer w.Stop()
	if err := c.SignalWorkflow(ctx, "one", run.GetRunID(), "say", "hello"); err != nil {
		t.Fatal(err)
	}
	var got string
	if err := c.GetWorkflow(ctx, "one", "").Get(ctx, &got); err != nil || got != "hello" {
		t.Errorf("got %q, %v", got, err)
	}

	ns, err := c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	if err != nil {
		t.Fatal(err)
	}
	if d := ns.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration(); d < 9*365*24*time.Hour {
		t.Errorf("finished runs are kept %v, want years", d)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		fi, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if fi.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", e.Name(), fi.Mode())
		}
	}
}
