package kernel

import (
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Parallel cuts [0,n) into at most threads contiguous chunks of nearly equal
// length, calls f on each, and returns when all are done. With threads <= 1 f
// runs on the caller's goroutine. It allocates nothing, but a function literal
// that it is given may be.
func Parallel(threads, n int, f func(lo, hi int)) { split(threads, n, threads, f) }

// parallelCost calls f on chunks of [0,n) whose items cost about the given number
// of float operations each, on as many goroutines as that is worth.
func parallelCost(threads, n, cost int, f func(lo, hi int)) {
	const worth = 1 << 18 // operations that outweigh starting a goroutine
	threads = min(threads, n*cost/worth)
	split(threads, n, 8*threads, f)
}

// parallelWith is parallelCost for a function that is a constant and gets what it
// works on as args, of which it may keep nothing: then nothing is allocated.
func parallelWith[T any](threads, n, cost int, args T, f func(a *T, lo, hi int)) {
	j := getJob(args, f)
	parallelCost(threads, n, cost, j.run)
	j.put()
}

// dynamicWith calls f for each item of [0,n) or for some at a time, as parallelWith
// does for items that are worth a goroutine each.
func dynamicWith[T any](threads, n int, args T, f func(a *T, lo, hi int)) {
	j := getJob(args, f)
	split(threads, n, n, j.run)
	j.put()
}

// dynamic calls f for each item of [0,n).
func dynamic(threads, n int, f func(item int)) {
	split(threads, n, n, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			f(i)
		}
	})
}

// split calls f for each of so many pieces of [0,n). At most threads goroutines
// take one piece after the other as they become free: none waits for a slower one,
// and one that gets no processor in time is not waited for at all.
func split(threads, n, pieces int, f func(lo, hi int)) {
	if n <= 0 {
		return
	}
	pieces = min(pieces, n)
	threads = min(threads, pieces)
	if threads <= 1 {
		f(0, n)
		return
	}
	c := crews.get(mostHeld(), newCrew)
	c.f, c.n, c.pieces = f, n, pieces
	c.next.Store(0)
	c.open.Add(pieces)
	c.start(threads - 1)
	c.work()
	c.open.Wait()
	c.release()
}

// crew is what the goroutines of one call of split share.
type crew struct {
	f         func(lo, hi int)
	n, pieces int
	next      atomic.Int64
	open      sync.WaitGroup // pieces that are not done
	helpers
}

// crews holds those that are free.
var crews freeList[*crew]

func newCrew() *crew {
	c := new(crew)
	c.run = func() {
		c.work()
		c.release()
	}
	return c
}

func (c *crew) work() {
	for {
		i := int(c.next.Add(1)) - 1
		if i >= c.pieces {
			return
		}
		c.f(i*c.n/c.pieces, (i+1)*c.n/c.pieces)
		c.open.Done()
	}
}

func (c *crew) release() {
	if c.leave() {
		c.f = nil
		crews.put(c)
	}
}

// helpers are the workers that help with a call. One may come to it long after the
// call has ended: what they share is free only when the last has left.
type helpers struct {
	run   func() // what each does; made once, so that starting it allocates nothing
	users atomic.Int64
}

// mostHeld is how many may be in use at the same time by one call after the other:
// so many are made at once, lest a much later call be the first to need another.
func mostHeld() int { return runtime.GOMAXPROCS(0) + 1 }

// start wakes up to n workers. They and the caller must each leave.
func (h *helpers) start(n int) {
	h.users.Store(1)
	for range n {
		w, ok := idle.take()
		if !ok {
			if workers.Add(1) > int64(runtime.GOMAXPROCS(0)) {
				workers.Add(-1)
				return // all processors are at work
			}
			w = &worker{make(chan func(), 1)}
			go w.loop()
		}
		h.users.Add(1)
		w.inbox <- h.run
	}
}

// leave reports whether the caller is the last.
func (h *helpers) leave() bool { return h.users.Add(-1) == 0 }

// worker is a goroutine that waits for work. There are at most as many as
// processors, whatever numbers of threads calls ask for.
type worker struct{ inbox chan func() }

var (
	workers atomic.Int64
	idle    freeList[*worker]
)

func (w *worker) loop() {
	const patience = 100 * time.Microsecond // some times what it takes to wake up
	for run := range w.inbox {
		run()
		idle.put(w)
		// The next call often comes soon.
		for start := time.Now(); len(w.inbox) == 0 && time.Since(start) < patience; {
			runtime.Gosched()
		}
	}
}

// job is a function of what it works on, in a form that split takes.
type job[T any] struct {
	args T
	f    func(a *T, lo, hi int)
	run  func(lo, hi int)
	home *freeList[*job[T]]
}

// jobs holds for each type T of arguments a list of free jobs, *freeList[*job[T]].
var jobs sync.Map

func getJob[T any](args T, f func(a *T, lo, hi int)) *job[T] {
	key := reflect.TypeFor[T]()
	list, ok := jobs.Load(key)
	if !ok {
		list, _ = jobs.LoadOrStore(key, new(freeList[*job[T]]))
	}
	home := list.(*freeList[*job[T]])
	j, ok := home.take()
	if !ok {
		j = &job[T]{home: home}
		j.run = func(lo, hi int) { j.f(&j.args, lo, hi) }
	}
	j.args, j.f = args, f
	return j
}

func (j *job[T]) put() {
	var none T
	j.args = none
	j.home.put(j)
}

// freeList holds what is free for the next that needs it. Unlike a [sync.Pool] it
// keeps all of it when garbage is collected: as many as were ever in use at the
// same time.
type freeList[T any] struct {
	mu   sync.Mutex
	free []T
}

// take returns one that is free, if there is any.
func (l *freeList[T]) take() (x T, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.free)
	if n == 0 {
		return x, false
	}
	x = l.free[n-1]
	l.free = l.free[:n-1]
	return x, true
}

// get returns one that is free; if none is, it makes n of them.
func (l *freeList[T]) get(n int, make func() T) T {
	x, ok := l.take()
	if ok {
		return x
	}
	for range n - 1 {
		l.put(make())
	}
	return make()
}

func (l *freeList[T]) put(x T) {
	const room = 16 // few lists ever need more
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.free == nil {
		l.free = make([]T, 0, room)
	}
	l.free = append(l.free, x)
}
