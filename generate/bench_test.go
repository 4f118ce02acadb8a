package generate

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"adapt/model"
	"adapt/nn/kernel"
	"adapt/tokenizer"
)

// gpt2Shape is GPT-2 of 124M parameters.
func gpt2Shape() model.Config {
	return model.Config{
		ModelType: "gpt2", HiddenAct: "gelu_new", VocabSize: 50257, Hidden: 768, Intermediate: 3072, Layers: 12,
		Heads: 12, KVHeads: 12, MaxPositions: 1024, NormEps: 1e-5, TieEmbeddings: true,
	}
}

// starterShape is that of the starter.
func starterShape() model.Config {
	return model.Config{
		ModelType: "llama", HiddenAct: "silu", VocabSize: 8208, Hidden: 256, Intermediate: 704, Layers: 6,
		Heads: 8, KVHeads: 4, MaxPositions: 1024, RopeTheta: 10000, NormEps: 1e-5, TieEmbeddings: true,
	}
}

func benchModel(b *testing.B, c model.Config, kind kernel.Kind) *model.Model {
	b.Helper()
	if testing.Short() {
		b.Skip("takes a while")
	}
	m, err := model.New(c, 1)
	check(b, err)
	if kind != kernel.F32 {
		store(b, m, kind)
	}
	return m
}

// BenchmarkDecode adds single tokens to an exchange of 128, and reports the
// tokens a second and which share of the memory's bandwidth, measured just
// before, the weights and the cache are read at.
func BenchmarkDecode(b *testing.B) {
	const context = 128
	for _, kind := range []kernel.Kind{kernel.F32, kernel.BF16, kernel.Int8, kernel.NF4} {
		m := benchModel(b, gpt2Shape(), kind)
		for threads := 1; threads <= runtime.GOMAXPROCS(0); threads++ {
			b.Run(fmt.Sprintf("gpt2-124m/%v/threads=%d", kind, threads), func(b *testing.B) {
				d, err := NewDecoder(m, Options{Threads: threads})
				check(b, err)
				c, logits := d.newCache(), make([]float32, m.Config.VocabSize)
				check(b, d.run(&request{c: c, ids: randomIDs(m.Config, context), first: context - 1, logits: logits}))
				id := []int32{7}
				limit := kernel.MemoryBandwidth(threads, 300*time.Millisecond)
				best := time.Hour
				b.ReportAllocs()
				b.ResetTimer()
				for range b.N {
					c.truncate(context)
					start := time.Now()
					check(b, d.run(&request{c: c, ids: id, logits: logits}))
					best = min(best, time.Since(start))
				}
				mean := b.Elapsed().Seconds() / float64(b.N)
				bytes := float64(d.ReadBytes(context + 1))
				b.ReportMetric(1/mean, "tokens/s")
				b.ReportMetric(limit, "limit-GB/s")
				b.ReportMetric(bytes/mean/1e9/limit, "of-limit")
				b.ReportMetric(bytes/best.Seconds()/1e9/limit, "best-of-limit")
			})
		}
	}
}

// BenchmarkPrefill reads a prompt of 512 tokens, and reports which share of the
// processor's limit the products of the layers are computed at.
func BenchmarkPrefill(b *testing.B) {
	for _, kind := range []kernel.Kind{kernel.F32, kernel.BF16} {
		m := benchModel(b, gpt2Shape(), kind)
		b.Run(fmt.Sprintf("gpt2-124m/%v", kind), func(b *testing.B) {
			threads := runtime.GOMAXPROCS(0)
			d, err := NewDecoder(m, Options{Threads: threads})
			check(b, err)
			c, logits, ids := d.newCache(), make([]float32, m.Config.VocabSize), randomIDs(m.Config, 512)
			limit := kernel.PeakFMA(threads, 300*time.Millisecond)
			b.ResetTimer()
			for range b.N {
				c.truncate(0)
				check(b, d.run(&request{c: c, ids: ids, first: len(ids) - 1, logits: logits}))
			}
			mean := b.Elapsed().Seconds() / float64(b.N)
			inLayers := 12 * 12 * 768 * 768
			b.ReportMetric(float64(len(ids))/mean, "tokens/s")
			b.ReportMetric(2*float64(inLayers*len(ids))/mean/1e9/limit, "of-limit")
		})
	}
}

// BenchmarkEvaluation has 32 exchanges read 120 tokens and write 40: each on one
// core beside the others, and all together.
func BenchmarkEvaluation(b *testing.B) {
	const exchanges, reads, writes = 32, 120, 40
	tok, err := tokenizer.Starter()
	check(b, err)
	for _, shape := range []struct {
		name string
		c    model.Config
	}{{"starter", starterShape()}, {"gpt2-124m", gpt2Shape()}} {
		for _, kind := range []kernel.Kind{kernel.F32, kernel.BF16} {
			m := benchModel(b, shape.c, kind)
			cores := runtime.GOMAXPROCS(0)
			beside, err := NewText(m, tok, Options{})
			check(b, err)
			shared, err := NewText(m, tok, Options{Threads: cores})
			check(b, err)
			for _, way := range []struct {
				name string
				text *Text
			}{{"beside", beside}, {"together", shared.Batched(BatchOptions{Exchanges: exchanges})}} {
				b.Run(fmt.Sprintf("%s/%v/%s", shape.name, kind, way.name), func(b *testing.B) {
					for range b.N {
						var wg sync.WaitGroup
						slots := make(chan struct{}, way.text.Parallel())
						for i := range exchanges {
							slots <- struct{}{}
							wg.Go(func() {
								defer func() { <-slots }()
								if err := benchExchange(way.text, i, reads, writes); err != nil {
									b.Error(err)
								}
							})
						}
						wg.Wait()
					}
					seconds := b.Elapsed().Seconds() / float64(b.N)
					b.ReportMetric(exchanges*writes/seconds, "written/s")
					b.ReportMetric(exchanges*(reads+writes)/seconds, "tokens/s")
				})
			}
		}
	}
}

// benchExchange reads and writes tokens as Ask and Write do; a random model would
// end its answer anywhere.
func benchExchange(text *Text, i, reads, writes int) error {
	exchange, err := text.Begin(context.Background())
	if err != nil {
		return err
	}
	s := exchange.(*Session)
	defer s.Close()
	rng := rand.New(rand.NewPCG(uint64(i), 1))
	for range reads {
		s.pending = append(s.pending, int32(rng.IntN(text.tok.VocabSize())))
	}
	m := text.tok.Markers()
	for range writes {
		if err := s.flush(); err != nil {
			return err
		}
		kernel.LogSumExp(s.logits)
		if err := s.add(s.best(m)); err != nil {
			return err
		}
	}
	return nil
}
