package train

import (
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"adapt/model"
	"adapt/nn/kernel"
)

// starterConfig is the shape of the model that adapt ships.
func starterConfig() model.Config {
	return model.Config{
		ModelType: "llama", HiddenAct: "silu", VocabSize: 8208, Hidden: 256, Intermediate: 704, Layers: 6,
		Heads: 8, KVHeads: 4, MaxPositions: 1024, RopeTheta: 10000, NormEps: 1e-5, TieEmbeddings: true,
	}
}

func gpt2Small() model.Config {
	return model.Config{
		ModelType: "gpt2", HiddenAct: "gelu_new", VocabSize: 50257, Hidden: 768, Intermediate: 3072, Layers: 12,
		Heads: 12, KVHeads: 12, MaxPositions: 1024, NormEps: 1e-5, TieEmbeddings: true,
	}
}

// noise returns sequences of random tokens, all trained.
func noise(n, rows, vocab int) []Sequence {
	rng := rand.New(rand.NewPCG(1, 1))
	seqs := make([]Sequence, n)
	for i := range seqs {
		seqs[i].IDs = make([]int32, rows+1)
		for j := range seqs[i].IDs {
			seqs[i].IDs[j] = int32(rng.IntN(vocab))
		}
	}
	return seqs
}

// BenchmarkStep measures one optimizer step: tokens a second, the FLOP/s that
// these are by [FLOPs], and their share of what registers alone can reach. The
// large shapes are left out with -short.
func BenchmarkStep(b *testing.B) {
	r16 := &model.LoRA{R: 16, Alpha: 32}
	for _, bench := range []struct {
		name       string
		model      model.Config
		seqs, rows int
		c          Config
		large      bool
	}{
		{"starter", starterConfig(), 8, 512, Config{}, false},
		{"starter-lora", starterConfig(), 8, 512, Config{LoRA: r16}, false},
		{"gpt2-124M", gpt2Small(), 4, 256, Config{}, true},
		{"gpt2-124M-micro", gpt2Small(), 4, 256, Config{MicroTokens: 256}, true},
		{"gpt2-124M-checkpointing", gpt2Small(), 4, 256, Config{Checkpointing: true}, true},
		{"gpt2-124M-bf16", gpt2Small(), 4, 256, Config{Precision: bf16}, true},
		{"gpt2-124M-lora", gpt2Small(), 4, 256, Config{LoRA: r16}, true},
	} {
		b.Run(bench.name, func(b *testing.B) {
			if bench.large && testing.Short() {
				b.Skip("a large model")
			}
			m, err := model.New(bench.model, 1)
			if err != nil {
				b.Fatal(err)
			}
			seqs := noise(bench.seqs, bench.rows, bench.model.VocabSize)
			c := bench.c
			c.BatchTokens, c.LearningRate, c.Steps, c.Clip, c.Threads = bench.seqs*bench.rows, 1e-4, math.MaxInt32, 1, runtime.GOMAXPROCS(0)
			r := prepared(b, m, seqs, c, Options{})
			if _, err := r.advance(); err != nil { // page faults
				b.Fatal(err)
			}
			peak := kernel.PeakFMA(c.Threads, 300*time.Millisecond)
			flops, err := FLOPs(bench.model, c.LoRA, seqs)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.advance(); err != nil {
					b.Fatal(err)
				}
			}
			perStep := b.Elapsed().Seconds() / float64(b.N)
			b.ReportMetric(float64(bench.seqs*bench.rows)/perStep, "tokens/s")
			b.ReportMetric(flops/perStep/1e9, "GFLOP/s")
			b.ReportMetric(100*flops/perStep/1e9/peak, "%peak")
			memory := r.step.vm.Memory()
			b.ReportMetric(float64(memory.Arena)/1e6, "arena-MB")
			b.ReportMetric(float64(memory.Gradients)/1e6, "gradient-MB")
		})
	}
}

func TestFLOPs(t *testing.T) {
	c := tinyConfig() // 2 layers: 16·(16+8+8+16+3·24) weights each; 40·16 in the head
	const linear, head = 2 * 16 * 120, 40 * 16
	seqs := []Sequence{masked("a", 5, 3, 5), {ID: "b", IDs: make([]int32, 3)}} // 6 rows, 4 of them trained
	const attention = 12 * 2 * 16 * (10 + 3)
	for _, test := range []struct {
		lora *model.LoRA
		want float64
	}{
		{nil, 6*linear*6 + 6*head*4 + attention},
		{&model.LoRA{R: 2, Alpha: 1, Targets: []string{"q_proj"}}, (4*linear+6*2*2*32)*6 + 4*head*4 + attention},
	} {
		if got, err := FLOPs(c, test.lora, seqs); err != nil || got != test.want {
			t.Errorf("lora %v: %g, want %g, %v", test.lora, got, test.want, err)
		}
	}
	if _, err := FLOPs(c, &model.LoRA{}, seqs); err == nil {
		t.Error("an adapter without a rank passed")
	}
}
