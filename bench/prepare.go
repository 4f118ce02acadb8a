package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// A preparation is what `adapt run` took from a folder to its data set.
type preparation struct {
	steps []timed
	peak  int64 // bytes of the process and all that it started; 0: not known
}

type timed struct {
	name    string
	seconds float64
}

func (p preparation) total() float64 {
	sum := 0.0
	for _, s := range p.steps {
		sum += s.seconds
	}
	return sum
}

// steps of a run before it trains.
var preparing = []string{"ingest", "deidentify", "label", "split"}

// prepare starts this program's `run` over a folder, with its server, workers
// and readers, takes the times of its steps from what it prints (to half a
// second), and cancels the run when its data set is made.
func prepare(ctx context.Context, docs, home string) (preparation, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	self, err := os.Executable()
	if err != nil {
		return preparation{}, err
	}
	conf := filepath.Join(filepath.Dir(docs), "adapt.yaml")
	// Training is not measured; what it replays would be written before it.
	if err := os.WriteFile(conf, []byte("domain: medical\nlabel: {gold: none}\ntrain: {forgetting: {replay: none, kl: 0}}\n"), 0o600); err != nil {
		return preparation{}, err
	}
	run := exec.CommandContext(ctx, self, "run", "medical", docs, "--home", home, "--config", conf, "--as", "bench")
	run.Cancel = func() error { return run.Process.Signal(os.Interrupt) }
	run.WaitDelay = time.Minute
	out, err := run.StdoutPipe()
	if err != nil {
		return preparation{}, err
	}
	var problem strings.Builder
	run.Stderr = &problem
	if err := run.Start(); err != nil {
		return preparation{}, err
	}
	watch := watchTree(run.Process.Pid)
	w := runWatcher{began: map[string]time.Time{}}
	err = w.read(out)
	w.took.peak = watch()
	if err == nil && w.id != "" {
		err = exec.CommandContext(ctx, self, "cancel", w.id, "--home", home).Run()
	}
	go io.Copy(io.Discard, out)
	if err != nil {
		cancel()
	}
	ended := run.Wait() // cancelled, which is no success
	if err != nil {
		return w.took, fmt.Errorf("the run did not make its data set: %w (%v) %s", err, ended, problem.String())
	}
	return w.took, nil
}

// A runWatcher takes times from the lines that a run prints.
type runWatcher struct {
	id    string
	began map[string]time.Time
	took  preparation
}

// read returns when the last step has ended.
func (w *runWatcher) read(out io.Reader) error {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) >= 3 && words[1] == "run" {
			w.id = strings.TrimSuffix(words[2], ";")
			w.began[preparing[0]] = time.Now()
			continue
		}
		if len(words) < 3 || len(w.took.steps) == len(preparing) {
			continue
		}
		mark, name := words[1], words[2]
		if name != preparing[len(w.took.steps)] || mark != "✓" {
			if mark == "✗" {
				return errors.New(strings.Join(words[1:], " "))
			}
			continue
		}
		now := time.Now()
		w.took.steps = append(w.took.steps, timed{name, now.Sub(w.began[name]).Seconds()})
		if len(w.took.steps) == len(preparing) {
			return nil
		}
		w.began[preparing[len(w.took.steps)]] = now
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return errors.New("it ended before")
}
