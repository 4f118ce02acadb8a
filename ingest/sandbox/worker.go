package sandbox

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync/atomic"
	"time"

	"adapt/ingest"
)

// A worker is the program's end of a process that reads files.
type worker struct {
	output   int64 // bytes that a file may give
	memory   int64 // bytes that the process may use
	cmd      *exec.Cmd
	in       io.WriteCloser
	out      *bufio.Reader
	last     lastWords
	files    int // read, or begun
	confined bool
	expiry   *time.Timer
	dead     bool
}

const (
	// startTimeout bounds the time from starting a process to its first word.
	startTimeout = 30 * time.Second
	// grace is what a worker has beyond the limit of a file to say that the
	// limit was reached.
	grace = 3 * time.Second
)

// start starts a worker and waits until it is confined.
func start(ctx context.Context, o Options, memory int64) (*worker, error) {
	path, err := self()
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(bounds{Memory: memory, Output: o.Output, Files: o.Files})
	if err != nil {
		return nil, err
	}
	w := &worker{output: o.Output, memory: memory}
	w.cmd = &exec.Cmd{
		Path: path,
		Args: []string{workerName, string(b)},
		// Two threads: one reads, one collects garbage. A crash prints no stack.
		Env:       []string{"GOTRACEBACK=none", "GOMAXPROCS=2"},
		Stderr:    &w.last,
		WaitDelay: time.Second,
	}
	apart(w.cmd)
	if w.in, err = w.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	w.out = bufio.NewReaderSize(out, 1<<16)
	if err := w.cmd.Start(); err != nil {
		return nil, err
	}
	defer w.killOn(ctx, startTimeout, nil)()
	var h hello
	if _, err := readFrame(w.out, maxControl, &h); err != nil {
		w.kill()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("it ended before it read anything (%v)", w.cmd.ProcessState)
	}
	w.confined = h.Confined
	return w, nil
}

// killOn kills the process when ctx ends or the time is over, of which late is
// told, until the function that it returns is called.
func (w *worker) killOn(ctx context.Context, limit time.Duration, late *atomic.Bool) (done func()) {
	stop := context.AfterFunc(ctx, func() { w.cmd.Process.Kill() })
	timer := time.AfterFunc(limit, func() {
		if late != nil {
			late.Store(true)
		}
		w.cmd.Process.Kill()
	})
	return func() {
		stop()
		timer.Stop()
	}
}

// kill ends the process now and waits for its end.
func (w *worker) kill() {
	w.cmd.Process.Kill()
	w.wait()
}

// stop ends a process that waits for a file.
func (w *worker) stop() {
	w.dead = true
	w.in.Close()
	go w.cmd.Wait() // nothing to learn from it
}

func (w *worker) wait() {
	w.dead = true
	w.in.Close()
	w.cmd.Wait()
}

func (w *worker) ended() bool { return w.dead }

// broken says that a file brought its worker down.
type broken struct {
	quarantine *ingest.Quarantine
	certain    bool // it was this file, whatever the worker had read before
}

func (b *broken) Error() string { return b.quarantine.Error() }

// read has the worker read a file. A worker that is broken has ended.
func (w *worker) read(ctx context.Context, name string, data []byte, lim ingest.Limits) ([]ingest.Document, []ingest.BadPart, error) {
	w.files++
	var late atomic.Bool
	defer w.killOn(ctx, lim.Timeout+grace, &late)()
	docs, bad, e, err := w.exchange(name, data, lim)
	switch {
	case err == nil && !e.Last:
	case err == nil:
		w.wait()
	default:
		w.kill()
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		return nil, nil, w.why(err, late.Load(), lim)
	}
	if e.Fault {
		return nil, nil, &broken{ingest.Broken(), true}
	}
	if e.Quarantine != nil {
		if err = ingest.CheckQuarantine(e.Quarantine); err == nil {
			return nil, nil, e.Quarantine
		}
	} else if err = check(docs, bad, name, data); err == nil {
		return docs, bad, nil
	}
	w.kill()
	return nil, nil, &broken{ingest.Broken(), true}
}

// exchange sends a file and takes what it gives.
func (w *worker) exchange(name string, data []byte, lim ingest.Limits) (docs []ingest.Document, bad []ingest.BadPart, e end, err error) {
	if err := writeFrame(w.in, request{Name: name, Size: len(data), Limits: lim, SubjectKey: lim.SubjectKey}); err != nil {
		return nil, nil, e, err
	}
	if _, err := w.in.Write(data); err != nil {
		return nil, nil, e, err
	}
	left := w.output
	for {
		var r reply
		n, err := readFrame(w.out, left+maxControl, &r)
		if err != nil {
			return nil, nil, e, err
		}
		if left -= n; left < -maxControl {
			return nil, nil, e, errFrameTooLarge
		}
		switch {
		case r.Document != nil:
			r.Document.Known = r.Known
			docs = append(docs, *r.Document)
		case r.Bad != nil:
			bad = append(bad, *r.Bad)
		case r.End != nil:
			return docs, bad, *r.End, nil
		default:
			return nil, nil, e, errors.New("a reply says nothing")
		}
	}
}

// why finds out what brought a worker down that has ended.
func (w *worker) why(err error, late bool, lim ingest.Limits) *broken {
	switch {
	case late:
		return &broken{ingest.TooLong(lim.Timeout), true}
	case errors.Is(err, errFrameTooLarge):
		return &broken{tooMuch(), true}
	case w.cmd.ProcessState.ExitCode() == exitMemory || w.last.outOfMemory():
		return &broken{tooHungry(), false}
	}
	return &broken{ingest.Broken(), false}
}

func tooMuch() *ingest.Quarantine {
	return &ingest.Quarantine{Reason: ingest.ReasonBomb, Detail: "its documents are larger than a file may give; split the file"}
}

func tooHungry() *ingest.Quarantine {
	return &ingest.Quarantine{Reason: ingest.ReasonMemory, Detail: "reading it takes more memory than ingest.max_memory_mb; split or simplify the file, or raise the limit"}
}

// lastWords keeps the beginning of what a process writes when it dies, to tell
// a lack of memory from other ends. What it says may hold text of a document:
// nobody else sees it.
type lastWords struct {
	b bytes.Buffer
}

func (l *lastWords) Write(p []byte) (int, error) {
	if room := 4096 - l.b.Len(); room > 0 {
		l.b.Write(p[:min(len(p), room)])
	}
	return len(p), nil
}

// outOfMemory recognizes what the runtime says when the system gives it no
// memory.
func (l *lastWords) outOfMemory() bool {
	for _, words := range []string{"out of memory", "cannot allocate memory", "failed to allocate"} {
		if bytes.Contains(l.b.Bytes(), []byte(words)) {
			return true
		}
	}
	return false
}
