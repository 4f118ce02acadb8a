package bench

import (
	"math/rand/v2"

	"adapt/model"
)

// gpt2 returns the shape of a GPT-2 (Radford et al. 2019).
func gpt2(layers, width, heads int) model.Config {
	return model.Config{
		ModelType: "gpt2", HiddenAct: "gelu_new", VocabSize: 50257, Hidden: width, Intermediate: 4 * width, Layers: layers,
		Heads: heads, KVHeads: heads, MaxPositions: 1024, NormEps: 1e-5, TieEmbeddings: true,
	}
}

// The sizes of GPT-2 and, from 1.3B, of GPT-3 (Brown et al. 2020, table 2.1).
func gpt2Small() model.Config  { return gpt2(12, 768, 12) }
func gpt2Medium() model.Config { return gpt2(24, 1024, 16) }
func gpt3XL() model.Config     { return gpt2(24, 2048, 16) }

// random returns n values of a normal distribution: some products skip zeros.
func random(n int) []float32 {
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}
