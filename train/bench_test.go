package train

import (
	"math/rand/v2"
	"runtime"
	"testing"

	"adapt/model"
)

// StarterConfig is the shape of the model that adapt ships.
func starterConfig() model.Config {
	return model.Config{
		ModelType: "llama", HiddenAct: "silu", VocabSize: 8208, Hidden: 256, Intermediate: 704, Layers: 6,
		Heads: 8, KVHeads: 4, MaxPositions: 1024, RopeTheta: 10000, NormEps: 1e-5, TieEmbeddings: true,
	}
}

// BenchmarkStep measures one optimizer step of the starter's shape over 4,096
// tokens of full-loss text.
func BenchmarkStep(b *testing.B) {
	m, err := model.New(starterConfig(), 1)
	if err != nil {
		b.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	seqs := make([]Sequence, 8)
	for i := range seqs {
		seqs[i].IDs = make([]int32, 513)
		for j := range seqs[i].IDs {
			seqs[i].IDs[j] = int32(rng.IntN(8192))
		}
	}
	r := &run{m: m, c: Config{BatchTokens: 4096, LearningRate: 1e-3, Steps: 1 << 30, Clip: 1, Threads: runtime.GOMAXPROCS(0)}.withDefaults()}
	if err := r.prepare(seqs, nil); err != nil {
		b.Fatal(err)
	}
	if _, err := r.advance(); err != nil { // page faults
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.advance(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(4096*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
}
