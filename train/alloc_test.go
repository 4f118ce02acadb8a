package train

import (
	"runtime"
	"slices"
	"testing"

	"adapt/model"
)

// TestStepsDoNotAllocate wants every step after the first, those that begin an
// epoch too, to do without new memory.
func TestStepsDoNotAllocate(t *testing.T) {
	for name, test := range map[string]struct {
		model model.Config
		c     Config
	}{
		"llama":         {tinyConfig(), Config{}},
		"gpt2":          {gpt2Config(), Config{}},
		"lora":          {tinyConfig(), Config{LoRA: &model.LoRA{R: 2, Alpha: 4, Dropout: 0.1}}},
		"dora":          {tinyConfig(), Config{LoRA: &model.LoRA{R: 2, Alpha: 4, DoRA: true}}},
		"accumulation":  {tinyConfig(), Config{MicroTokens: 24}},
		"checkpointing": {tinyConfig(), Config{Checkpointing: true}},
		"bf16":          {tinyConfig(), Config{Precision: "bf16"}},
		"against forgetting": {tinyConfig(), Config{
			KL: 0.5, Replay: 0.3, NEFTune: 5, PrefixLM: true, MicroTokens: 32,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, threads := range []int{1, 2} {
				m, err := model.New(test.model, 1)
				if err != nil {
					t.Fatal(err)
				}
				c := test.c
				c.Seed, c.Steps, c.BatchTokens, c.LearningRate, c.Clip, c.Threads = 1, 1000, 64, 1e-4, 1, threads
				r := prepared(t, m, counting(40, 1), c, Options{Replay: text(5, 15)})
				step := func() {
					if _, err := r.advance(); err != nil {
						t.Fatal(err)
					}
				}
				for range 20 {
					step()
				}
				runtime.GC() // what is kept for later steps must not be lost
				step()
				if n := allocations(step); n > 0 {
					t.Errorf("%d threads: %d allocations in ten steps", threads, n)
				}
			}
		})
	}
}

// allocations runs ten steps, five times, and returns the least that is allocated:
// Go itself rarely takes a little for goroutines that wait, and what a step takes
// it takes every time. Unlike
// [testing.AllocsPerRun] it lets all processors work.
func allocations(step func()) uint64 {
	counts := make([]uint64, 5)
	for i := range counts {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 10 {
			step()
		}
		runtime.ReadMemStats(&after)
		counts[i] = after.Mallocs - before.Mallocs
	}
	return slices.Min(counts)
}
