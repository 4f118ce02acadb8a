package bench

import (
	"fmt"
	"math"

	"adapt/model"
	"adapt/pretrain"
)

// llama returns a shape of Llama's family; head width is width/heads.
func llama(layers, width, heads, kvHeads, mlp, vocab int, tied bool) model.Config {
	return model.Config{
		ModelType: "llama", HiddenAct: "silu", VocabSize: vocab, Hidden: width, Intermediate: mlp, Layers: layers,
		Heads: heads, KVHeads: kvHeads, MaxPositions: 4096, RopeTheta: 10000, NormEps: 1e-5, TieEmbeddings: tied,
	}
}

// ladders are published shapes of a family, by rising number of weights.
func ladders() map[string][]model.Config {
	return map[string][]model.Config{
		"llama": {
			pretrain.Starter(),
			llama(30, 576, 9, 3, 1536, 49152, true),         // SmolLM 135M
			llama(32, 960, 15, 5, 2560, 49152, true),        // SmolLM 360M
			llama(22, 2048, 32, 4, 5632, 32000, false),      // TinyLlama 1.1B
			llama(28, 3072, 24, 8, 8192, 128256, true),      // Llama 3.2 3B
			llama(32, 4096, 32, 32, 11008, 32000, false),    // Llama 2 7B
			llama(32, 4096, 32, 8, 14336, 128256, false),    // Llama 3 8B
			llama(40, 5120, 40, 40, 13824, 32000, false),    // Llama 2 13B
			llama(60, 6656, 52, 52, 17920, 32000, false),    // Llama 33B
			llama(80, 8192, 64, 8, 28672, 128256, false),    // Llama 3 70B
			llama(126, 16384, 128, 8, 53248, 128256, false), // Llama 3.1 405B
		},
		"gpt2": {
			gpt2Small(), gpt2Medium(), gpt2(36, 1280, 20), gpt3XL(),
			gpt2(32, 2560, 32), gpt2(32, 4096, 32), gpt2(40, 5120, 40), gpt2(96, 12288, 96), // GPT-3
		},
	}
}

// shapeOf returns the family's shape that is nearest to a number of weights, with
// as many layers as that number takes.
func shapeOf(family string, params float64) (model.Config, error) {
	ladder := ladders()[family]
	if ladder == nil {
		return model.Config{}, fmt.Errorf("shape %q is neither llama nor gpt2", family)
	}
	if !(params >= 1e6 && params <= 1e13) {
		return model.Config{}, fmt.Errorf("%g weights: want from 1e6 to 1e13", params)
	}
	distance := func(c model.Config) float64 { return math.Abs(math.Log(float64(c.Params()) / params)) }
	best := ladder[0]
	for _, c := range ladder[1:] {
		if distance(c) < distance(best) {
			best = c
		}
	}
	one, two := best, best
	one.Layers, two.Layers = 1, 2
	layer := float64(two.Params() - one.Params())
	best.Layers = min(max(1+int(math.Round((params-float64(one.Params()))/layer)), 1), 4096)
	return best, best.Validate()
}
