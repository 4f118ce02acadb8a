// Package sandbox reads untrusted files in processes of their own.
//
// A [Pool] keeps a few workers: this program started again, which takes the
// bytes of one file after the other and gives documents back. A worker has no
// environment, no open files but its pipes, limits on memory, time and what it
// may give, and on Linux a filter by which the kernel refuses it everything but
// computing. What breaks a worker puts exactly the file aside that it was
// reading; a fresh worker goes on with the next.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"adapt/ingest"
)

// Options bound the workers of a Pool. A zero value takes the default.
type Options struct {
	Workers int           // at a time; one a core
	Output  int64         // bytes of JSON that a file may give; 256 MiB
	Files   int           // that a worker reads before a fresh one takes its place; 1,000
	Idle    time.Duration // that a worker waits for another file; 20 seconds
}

func (o Options) withDefaults() Options {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Output <= 0 {
		o.Output = 256 << 20
	}
	if o.Files <= 0 {
		o.Files = 1000
	}
	if o.Idle <= 0 {
		o.Idle = 20 * time.Second
	}
	return o
}

// A Pool reads files in workers. It is safe for concurrent use, costs nothing
// until the first file, and lets go of workers that it has no use for.
type Pool struct {
	o     Options
	slots chan struct{}

	mu     sync.Mutex
	idle   []*worker
	closed bool
}

// New returns a pool without workers.
func New(o Options) *Pool {
	o = o.withDefaults()
	return &Pool{o: o, slots: make(chan struct{}, o.Workers)}
}

// Read is [ingest.Read] in another process. Its error is a [*ingest.Quarantine]
// also when the file brings the worker down, in whatever way.
func (p *Pool) Read(ctx context.Context, root string, f ingest.File, lim ingest.Limits) ([]ingest.Document, []ingest.BadPart, error) {
	data, err := ingest.Load(root, f, lim)
	if err != nil {
		return nil, nil, err
	}
	return p.Parse(ctx, f.Path, data, lim)
}

// Parse is [ingest.Parse] in another process, with the errors of [Pool.Read].
func (p *Pool) Parse(ctx context.Context, name string, data []byte, lim ingest.Limits) ([]ingest.Document, []ingest.BadPart, error) {
	if lim.Timeout <= 0 {
		lim.Timeout = ingest.DefaultTimeout
	}
	if lim.MaxMemory <= 0 {
		lim.MaxMemory = ingest.DefaultMemory
	}
	return ingest.Recognize(ctx, &remote{p, name, data}, lim)
}

// remote is a file that workers read and draw.
type remote struct {
	pool *Pool
	name string
	data []byte
}

func (r *remote) Parse(ctx context.Context, lim ingest.Limits) ([]ingest.Document, []ingest.BadPart, error) {
	q := request{Name: r.name, Limits: lim}
	// Recognized pages were drawn by a worker with the second reader.
	got, err := r.pool.ask(ctx, q, r.data, len(lim.Recognized) > 0)
	if errors.Is(err, ingest.ErrSecondReader) {
		got, err = r.pool.ask(ctx, q, r.data, true)
	}
	return got.docs, got.bad, err
}

func (r *remote) Draw(ctx context.Context, page int, lim ingest.Limits) ([]byte, error) {
	got, err := r.pool.ask(ctx, request{Name: r.name, Limits: lim, Draw: page}, r.data, true)
	return got.picture, err
}

// ask has a worker answer a request, one with the second reader of PDFs if
// that is wanted. What brings a worker down is an error of type
// [*ingest.Quarantine].
func (p *Pool) ask(ctx context.Context, q request, data []byte, second bool) (result, error) {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return result{}, ctx.Err()
	}
	for {
		w, err := p.take(ctx, q.Limits.MaxMemory, second)
		if err != nil {
			return result{}, err
		}
		fresh := w.files == 0
		got, err := w.read(ctx, q, data)
		p.release(w)
		var down *broken
		if !errors.As(err, &down) {
			return got, err
		}
		// What broke a worker that had read other files may be theirs.
		if fresh || down.certain {
			return result{}, down.quarantine
		}
	}
}

// take returns a worker with that limit of memory and with or without the
// second reader, an idle one or a new one.
func (p *Pool) take(ctx context.Context, memory int64, second bool) (*worker, error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, errors.New("the pool of reading processes is closed")
	}
	for i, w := range p.idle {
		if w.memory == memory && w.second == second {
			p.idle = slices.Delete(p.idle, i, i+1)
			p.mu.Unlock()
			w.expiry.Stop()
			return w, nil
		}
	}
	p.mu.Unlock()
	w, err := start(ctx, p.o, memory, second)
	if err != nil {
		return nil, fmt.Errorf("starting a process to read files in: %w", err)
	}
	return w, nil
}

// release keeps a worker that lives for the next file.
func (p *Pool) release(w *worker) {
	if w.ended() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		w.stop()
		return
	}
	w.expiry = time.AfterFunc(p.o.Idle, func() { p.expire(w) })
	p.idle = append(p.idle, w)
}

// expire ends a worker if nobody has taken it.
func (p *Pool) expire(w *worker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.idle, w); i >= 0 {
		p.idle = slices.Delete(p.idle, i, i+1)
		w.stop()
	}
}

// Close ends the workers that are idle. One that reads ends after its file.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, w := range p.idle {
		w.expiry.Stop()
		w.stop()
	}
	p.idle = nil
}
