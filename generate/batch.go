package generate

import (
	"context"
	"runtime"
	"sync"
	"time"
)

// BatchOptions bound what exchanges that are computed together take.
type BatchOptions struct {
	// Exchanges is how many are open at a time; 0: 32. Further ones wait.
	Exchanges int
	// CacheBytes bounds the keys and values of all open exchanges, each as long
	// as it may get; 0: 2 GiB. There is always room for one.
	CacheBytes int
	// Rows is how many tokens one step computes together, but for single tokens,
	// of which each exchange has one; 0: 256.
	Rows int
}

// Batched returns t with its exchanges computed together: the tokens of those
// that wait form one matrix. Answers are the same to the last bit. Sessions must
// be closed; use [Text.Parallel] to learn how many to run at a time.
func (t *Text) Batched(o BatchOptions) *Text {
	if o.Exchanges <= 0 {
		o.Exchanges = 32
	}
	if o.CacheBytes <= 0 {
		o.CacheBytes = 2 << 30
	}
	if o.Rows <= 0 {
		o.Rows = 2 * chunkRows
	}
	n := max(1, min(o.Exchanges, o.CacheBytes/t.d.slabBytes(t.MaxTokens())))
	return &Text{d: t.d, tok: t.tok, batch: &batch{d: t.d, rows: o.Rows, slots: make(chan struct{}, n)}}
}

// Parallel is how many exchanges to run at a time: as many as may be open
// together, or else as many as keep all cores busy.
func (t *Text) Parallel() int {
	if t.batch != nil {
		return cap(t.batch.slots)
	}
	return max(1, runtime.GOMAXPROCS(0)/t.d.o.Threads)
}

// A batch steps the requests of many exchanges together. It has no goroutine of
// its own: one of those that wait for a request leads, and passes the lead on
// when its own request is done.
type batch struct {
	d     *Decoder
	rows  int
	slots chan struct{} // one for each open exchange

	tickets sync.Pool // of *ticket

	mu      sync.Mutex
	waiting []*ticket // in the order of arrival
	leading bool
	last    time.Duration // of the last step
}

// A ticket is a request that waits.
type ticket struct {
	r    *request
	ctx  context.Context
	err  error
	wake chan bool // true: the request is done, false: it leads
}

func (b *batch) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case b.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (b *batch) leave() { <-b.slots }

// run returns when the request is done.
func (b *batch) run(ctx context.Context, r *request) error {
	if err := r.check(); err != nil {
		return err
	}
	t, ok := b.tickets.Get().(*ticket)
	if !ok {
		t = &ticket{wake: make(chan bool, 1)}
	}
	t.r, t.ctx, t.err = r, ctx, nil
	b.mu.Lock()
	b.waiting = append(b.waiting, t)
	lead := !b.leading
	b.leading = true
	b.mu.Unlock()
	if !lead {
		lead = !<-t.wake
	}
	if lead {
		b.lead(t)
	}
	err := t.err
	t.r, t.ctx = nil, nil
	b.tickets.Put(t)
	return err
}

// lead steps until the leader's own request is done.
func (b *batch) lead(own *ticket) {
	s := b.d.getSpace()
	defer b.d.putSpace(s)
	for {
		b.gather()
		b.mu.Lock()
		b.pick(s)
		b.mu.Unlock()
		start := time.Now()
		if len(s.parts) > 0 {
			s.step()
		}
		b.mu.Lock()
		b.last = time.Since(start)
		done := b.settle(own)
		if done {
			b.passOn()
			b.mu.Unlock()
			return
		}
		b.mu.Unlock()
	}
}

// gather gives the exchanges that are not waiting a moment to come: a step takes
// much longer than choosing a token.
func (b *batch) gather() {
	start := time.Now()
	for {
		b.mu.Lock()
		all := len(b.waiting) >= len(b.slots)
		patience := min(b.last/8, time.Millisecond)
		b.mu.Unlock()
		if all || time.Since(start) >= patience {
			return
		}
		runtime.Gosched()
	}
}

// pick chooses the parts of the next step: of each request that waits, in order,
// as long as there is room.
func (b *batch) pick(s *space) {
	s.parts = s.parts[:0]
	room := b.rows
	for _, t := range b.waiting {
		if t.err = t.ctx.Err(); t.err != nil {
			continue // settle ends it
		}
		p := part{r: t.r, n: t.r.next()}
		if p.wide() {
			if p.n > room && room < b.rows {
				continue
			}
			room -= p.n
		}
		s.parts = append(s.parts, p)
	}
}

// settle wakes those whose requests are done, and reports whether the leader's
// is.
func (b *batch) settle(own *ticket) (done bool) {
	left := b.waiting[:0]
	for _, t := range b.waiting {
		switch {
		case t.err == nil && t.r.done < len(t.r.ids):
			left = append(left, t)
		case t == own:
			done = true
		default:
			t.wake <- true
		}
	}
	clear(b.waiting[len(left):])
	b.waiting = left
	return done
}

// passOn makes the first that waits the leader.
func (b *batch) passOn() {
	b.leading = len(b.waiting) > 0
	if b.leading {
		b.waiting[0].wake <- false
	}
}
