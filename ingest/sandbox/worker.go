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
	second   bool  // it has the second reader of PDFs
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
	// loadTimeout bounds it where the second reader has to be compiled.
	loadTimeout = 3 * time.Minute
	// grace is what a worker has beyond the limit of a file to say that the
	// limit was reached.
	grace = 3 * time.Second
)

// start starts a worker and waits until it is confined.
func start(ctx context.Context, o Options, memory int64, second bool) (*worker, error) {
	path, err := self()
	if err != nil {
		return nil, err
	}
	limits, timeout := bounds{Memory: memory, Output: o.Output, Files: o.Files}, startTimeout
	if second {
		limits.Second, limits.Cache, timeout = true, ingest.SecondReaderCache(), loadTimeout
	}
	b, err := json.Marshal(limits)
	if err != nil {
		return nil, err
	}
	w := &worker{output: o.Output, memory: memory, second: second}
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
	defer w.killOn(ctx, timeout, nil)()
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

// A result is what a worker gives for a request.
type result struct {
	docs    []ingest.Document
	bad     []ingest.BadPart
	picture []byte
	end     end
}

// read has the worker read a file, or draw a page of it. A worker that is
// broken has ended.
func (w *worker) read(ctx context.Context, q request, data []byte) (result, error) {
	w.files++
	var late atomic.Bool
	defer w.killOn(ctx, q.Limits.Timeout+grace, &late)()
	r, err := w.exchange(q, data)
	switch {
	case err == nil && !r.end.Last:
	case err == nil:
		w.wait()
	default:
		w.kill()
		if ctx.Err() != nil {
			return result{}, ctx.Err()
		}
		return result{}, w.why(err, late.Load(), q.Limits)
	}
	if r.end.Fault {
		return result{}, &broken{ingest.Broken(), true}
	}
	if err := r.check(q, data); err != nil {
		w.kill()
		return result{}, &broken{ingest.Broken(), true}
	}
	return r, r.err()
}

// err returns what the end of a result says of the file.
func (r *result) err() error {
	switch {
	case r.end.Quarantine == nil:
		return nil
	case r.end.Second:
		return ingest.ErrSecondReader
	case len(r.end.Scans) > 0:
		return &ingest.Scans{Quarantine: r.end.Quarantine, Pages: r.end.Scans}
	}
	return r.end.Quarantine
}

// exchange sends a file and takes what it gives.
func (w *worker) exchange(q request, data []byte) (r result, err error) {
	q.Size, q.SubjectKey = len(data), q.Limits.SubjectKey
	if err := writeFrame(w.in, q); err != nil {
		return r, err
	}
	if _, err := w.in.Write(data); err != nil {
		return r, err
	}
	left := w.output
	for {
		var part reply
		n, err := readFrame(w.out, left+maxControl, &part)
		if err != nil {
			return r, err
		}
		if left -= n; left < -maxControl {
			return r, errFrameTooLarge
		}
		switch {
		case part.Document != nil:
			part.Document.Known = part.Known
			r.docs = append(r.docs, *part.Document)
		case part.Bad != nil:
			r.bad = append(r.bad, *part.Bad)
		case part.Picture != nil:
			r.picture = part.Picture
		case part.End != nil:
			r.end = *part.End
			return r, nil
		default:
			return r, errors.New("a reply says nothing")
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
