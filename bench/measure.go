package bench

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"adapt/nn/kernel"
)

// Options are those of every benchmark.
type Options struct {
	Threads int       // 0: all cores
	Quick   bool      // fewer and shorter rounds: coarser figures
	Log     io.Writer // progress; nil: none
}

func (o Options) threads() int {
	if o.Threads > 0 {
		return o.Threads
	}
	return runtime.GOMAXPROCS(0)
}

func (o Options) logf(format string, args ...any) {
	if o.Log != nil {
		fmt.Fprintf(o.Log, format+"\n", args...)
	}
}

// rounds is how many rounds a figure is the median of.
func (o Options) rounds() int {
	if o.Quick {
		return 3
	}
	return 7
}

// span is how long a kernel runs in one round.
func (o Options) span() time.Duration {
	if o.Quick {
		return 20 * time.Millisecond
	}
	return 60 * time.Millisecond
}

// A round is a rate and the limit just around it, in the same unit.
type round struct{ rate, limit float64 }

func (r round) ratio() float64 { return r.rate / r.limit }

// median returns the round with the median ratio, whose figure and limit were
// measured together.
func median(rounds []round) round {
	sorted := slices.SortedFunc(slices.Values(rounds), func(a, b round) int { return cmp.Compare(a.ratio(), b.ratio()) })
	return sorted[len(sorted)/2]
}

// rate measures how much of work per nanosecond run does, which is billions a
// second, beside what limit gives before and after each round. The machine is
// shared and its clock moves, so that only a limit measured close by says
// anything. The first run is discarded: it meets page faults and cold caches.
func rate(ctx context.Context, o Options, work float64, run func(), limit func() float64) (round, error) {
	run()
	var rounds []round
	before := limit()
	for range o.rounds() {
		if err := ctx.Err(); err != nil {
			return round{}, err
		}
		n, start := 0, time.Now()
		for n == 0 || time.Since(start) < o.span() {
			run()
			n++
		}
		took := time.Since(start)
		after := limit()
		rounds = append(rounds, round{rate: work * float64(n) / float64(took.Nanoseconds()), limit: (before + after) / 2})
		before = after
	}
	return median(rounds), nil
}

// limits measure what the machine can do at most with a number of threads.
type limits struct {
	fma    func(threads int) float64 // GFLOP/s of float32 arithmetic
	memory func(threads int) float64 // GB/s read
}

func machine() limits {
	return limits{
		fma:    func(threads int) float64 { return kernel.PeakFMA(threads, 10*time.Millisecond) },
		memory: recent(func(threads int) float64 { return kernel.MemoryBandwidth(threads, 50*time.Millisecond) }),
	}
}

// recent lets one measurement serve for the next seconds, because it takes
// longer than what is compared with it.
func recent(measure func(threads int) float64) func(threads int) float64 {
	var last time.Time
	var value float64
	of := 0
	return func(threads int) float64 {
		if threads != of || time.Since(last) > 3*time.Second {
			of, value, last = threads, measure(threads), time.Now()
		}
		return value
	}
}

func cores(threads int) string {
	if threads == 1 {
		return "1 core"
	}
	return fmt.Sprint(threads, " cores")
}
