package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"adapt/ingest"
	"adapt/ingest/sandbox"
)

// IngestOptions are those of Ingest alone.
type IngestOptions struct {
	Data  string // a folder whose documents are repeated and perturbed; empty: the sample reports
	Files []int  // how many files the runs have, ascending; empty: 1,000, 2,500, 5,000 and 10,000
}

// Targets of Ingest.
const (
	ingestMemory = 1000 // MB of the whole process tree
	ingestAgain  = 30   // seconds of a run with a hundredth of new files
	ingestLinear = 1.25 // of what the smallest run says that a larger one takes
)

// Ingest measures reading by format, and what a run takes from a folder to
// its data set.
func Ingest(ctx context.Context, o Options, io IngestOptions) ([]Figure, error) {
	c, err := newCorpus(ctx, io.Data)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "adapt-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	files := 300
	sizes := io.Files
	if len(sizes) == 0 {
		sizes = []int{1000, 2500, 5000, 10000}
	}
	if o.Quick {
		files = 40
		if len(io.Files) == 0 {
			sizes = []int{100, 200, 400}
		}
	}
	figures, err := readByFormat(ctx, o, c, files)
	if err != nil {
		return nil, err
	}
	line, err := runLine(ctx, o, c, dir, sizes)
	return append(figures, line...), err
}

// readByFormat measures how many files a second are read in processes of their
// own, beside as many readers in this process.
func readByFormat(ctx context.Context, o Options, c *corpus, n int) ([]Figure, error) {
	pool := sandbox.New(sandbox.Options{Workers: o.threads()})
	defer pool.Close()
	var figures []Figure
	for _, f := range forms {
		o.logf("reading %s files", f.ext)
		data := make([][]byte, n)
		for i := range data {
			var err error
			if data[i], err = f.render(c.text(i), i); err != nil {
				return nil, err
			}
		}
		name := "file" + f.ext
		apart := func(i int) error { _, _, err := pool.Parse(ctx, name, data[i], ingest.Limits{}); return err }
		here := func(i int) error { _, _, err := ingest.Parse(ctx, name, data[i], ingest.Limits{}); return err }
		if err := apart(0); err != nil { // starts a worker
			return nil, fmt.Errorf("%s: %w", f.ext, err)
		}
		var rounds []round
		for range o.rounds() {
			limit, err := perSecond(o.threads(), n, here)
			if err != nil {
				return nil, err
			}
			rate, err := perSecond(o.threads(), n, apart)
			if err != nil {
				return nil, err
			}
			rounds = append(rounds, round{rate: rate, limit: limit})
		}
		m := median(rounds)
		figures = append(figures, Figure{
			Name: "read " + f.ext, Shape: cores(o.threads()), Figure: m.rate, Unit: "files/s",
		}.of(m.limit))
	}
	return figures, nil
}

// perSecond calls f for 0 … n-1 on some goroutines and returns how many calls
// ended in a second.
func perSecond(threads, n int, f func(i int) error) (float64, error) {
	var next atomic.Int64
	var all sync.WaitGroup
	errs := make([]error, threads)
	began := time.Now()
	for t := range threads {
		all.Go(func() {
			for errs[t] == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				errs[t] = f(i)
			}
		})
	}
	all.Wait()
	return float64(n) / time.Since(began).Seconds(), errors.Join(errs...)
}

// runLine runs the program over folders of growing size, each into a data
// folder of its own, and over the last one again with some files more.
func runLine(ctx context.Context, o Options, c *corpus, dir string, sizes []int) ([]Figure, error) {
	docs := filepath.Join(dir, "documents")
	var figures []Figure
	var first preparation
	made := 0
	for i, n := range sizes {
		o.logf("a run over %d files", n)
		if err := c.write(ctx, docs, made, n); err != nil {
			return nil, err
		}
		made = n
		home := filepath.Join(dir, fmt.Sprintf("home-%d", n))
		p, err := prepare(ctx, docs, home)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			first = p
		}
		figures = append(figures, p.figures(fmt.Sprintf("%d files", n), n, first, sizes[0])...)
		if i < len(sizes)-1 {
			if err := os.RemoveAll(home); err != nil {
				return nil, err
			}
			continue
		}
		more := max(n/100, 1)
		o.logf("again, with %d files more", more)
		if err := c.write(ctx, docs, n, n+more); err != nil {
			return nil, err
		}
		again, err := prepare(ctx, docs, home)
		if err != nil {
			return nil, err
		}
		f := Figure{Name: "run again", Shape: fmt.Sprintf("%d files, %d new", n+more, more), Figure: again.total(), Unit: "s"}.of(p.total())
		f = f.atMost(ingestAgain / p.total())
		figures = append(figures, f)
		if again.peak > 0 {
			figures = append(figures, Figure{Name: "run again, peak memory", Shape: f.Shape, Figure: mb(again.peak), Unit: "MB"}.atMost(ingestMemory))
		}
	}
	return figures, nil
}

func mb(bytes int64) float64 { return float64(bytes) / 1e6 }

// figures are those of one run; first is the run over firstFiles files.
func (p preparation) figures(shape string, n int, first preparation, firstFiles int) []Figure {
	total := Figure{Name: "folder to data set", Shape: shape, Figure: p.total(), Unit: "s"}
	if n > firstFiles {
		total = total.of(first.total() * float64(n) / float64(firstFiles)).atMost(ingestLinear)
	}
	list := []Figure{total}
	for _, s := range p.steps {
		list = append(list, Figure{Name: "  " + s.name, Shape: shape, Figure: float64(n) / max(s.seconds, 0.001), Unit: "files/s"})
	}
	if p.peak > 0 {
		list = append(list, Figure{Name: "  peak memory", Shape: shape, Figure: mb(p.peak), Unit: "MB"}.atMost(ingestMemory))
	}
	return list
}
