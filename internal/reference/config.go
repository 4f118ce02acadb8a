package reference

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// The architectures.
const (
	// GPT2: layer norms before attention and feed-forward, learned positions,
	// GELU, biases everywhere (Radford et al. 2019, "Language Models are
	// Unsupervised Multitask Learners").
	GPT2 = "gpt2"
	// Llama: RMS norms, rotary positions, SwiGLU, no biases (Touvron et al.
	// 2023, arXiv:2302.13971), grouped-query attention (arXiv:2307.09288).
	Llama = "llama"
	// Mistral: Llama with a sliding window (Jiang et al. 2023, arXiv:2310.06825).
	Mistral = "mistral"
	// Qwen2: Llama with biases on queries, keys and values (Yang et al. 2024,
	// arXiv:2407.10671).
	Qwen2 = "qwen2"
)

// A Config describes a model.
type Config struct {
	Architecture string // GPT2, Llama, Mistral or Qwen2
	Vocab        int
	Hidden       int
	Intermediate int // 0: 4·Hidden
	Layers       int
	Heads        int
	KVHeads      int // 0: Heads
	HeadDim      int // 0: Hidden/Heads
	Positions    int // rows of GPT-2's table of positions
	Eps          float64
	RopeTheta    float64
	RopeScaling  *Llama3Scaling
	RopeFactor   float64 // divides positions (Chen et al. 2023, arXiv:2306.15595); 0: 1
	Window       int     // see Mask
	Tied         bool    // whether the head is the embedding table
	// AttentionBias and MLPBias give Llama's linear layers biases.
	AttentionBias, MLPBias bool
	ErfGELU                bool // whether GPT-2's GELU is GELUErf instead of GELUTanh
}

func (c Config) filled() Config {
	if c.Intermediate == 0 {
		c.Intermediate = 4 * c.Hidden
	}
	if c.KVHeads == 0 {
		c.KVHeads = c.Heads
	}
	if c.HeadDim == 0 {
		c.HeadDim = c.Hidden / c.Heads
	}
	if c.RopeFactor == 0 {
		c.RopeFactor = 1
	}
	return c
}

// A Shape is the name and shape of a weight; a vector has one row.
type Shape struct {
	Name       string
	Rows, Cols int
}

// Shapes lists the model's weights under Hugging Face's names, in the order in
// which the model uses them.
func (c Config) Shapes() []Shape {
	c = c.filled()
	q, kv := c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
	var shapes []Shape
	matrix := func(name string, out, in int, bias bool) {
		shapes = append(shapes, Shape{name + ".weight", out, in})
		if bias {
			shapes = append(shapes, Shape{name + ".bias", 1, out})
		}
	}
	norm := func(name string) { matrix(name, 1, c.Hidden, false) }
	if c.Architecture == GPT2 {
		layerNorm := func(name string) {
			norm(name)
			shapes = append(shapes, Shape{name + ".bias", 1, c.Hidden})
		}
		matrix("transformer.wte", c.Vocab, c.Hidden, false)
		matrix("transformer.wpe", c.Positions, c.Hidden, false)
		for l := range c.Layers {
			p := fmt.Sprintf("transformer.h.%d.", l)
			layerNorm(p + "ln_1")
			matrix(p+"attn.c_attn", 3*q, c.Hidden, true)
			matrix(p+"attn.c_proj", c.Hidden, q, true)
			layerNorm(p + "ln_2")
			matrix(p+"mlp.c_fc", c.Intermediate, c.Hidden, true)
			matrix(p+"mlp.c_proj", c.Hidden, c.Intermediate, true)
		}
		layerNorm("transformer.ln_f")
	} else {
		qkvBias := c.Architecture == Qwen2 || c.AttentionBias
		matrix("model.embed_tokens", c.Vocab, c.Hidden, false)
		for l := range c.Layers {
			p := fmt.Sprintf("model.layers.%d.", l)
			norm(p + "input_layernorm")
			matrix(p+"self_attn.q_proj", q, c.Hidden, qkvBias)
			matrix(p+"self_attn.k_proj", kv, c.Hidden, qkvBias)
			matrix(p+"self_attn.v_proj", kv, c.Hidden, qkvBias)
			matrix(p+"self_attn.o_proj", c.Hidden, q, c.AttentionBias)
			norm(p + "post_attention_layernorm")
			matrix(p+"mlp.gate_proj", c.Intermediate, c.Hidden, c.MLPBias)
			matrix(p+"mlp.up_proj", c.Intermediate, c.Hidden, c.MLPBias)
			matrix(p+"mlp.down_proj", c.Hidden, c.Intermediate, c.MLPBias)
		}
		norm("model.norm")
	}
	if !c.Tied {
		matrix("lm_head", c.Vocab, c.Hidden, false)
	}
	return shapes
}

// RandomWeights returns weights large enough that each of them matters to the
// loss of a small model, and which float32 holds exactly. The same seed gives
// the same weights.
func (c Config) RandomWeights(seed uint64) map[string][]float64 {
	weights := map[string][]float64{}
	for i, s := range c.Shapes() {
		center := 0.0
		if s.Rows == 1 && strings.HasSuffix(s.Name, ".weight") {
			center = 1 // a norm
		}
		weights[s.Name] = random(s.Rows*s.Cols, center, 0.3, seed, uint64(i))
	}
	return weights
}

// RandomAdapter returns an adapter for the weight of that name, with nothing in
// it zero. With dora its magnitudes are positive and not the weight's own.
func (c Config) RandomAdapter(name string, rank int, scale float64, dora bool, seed uint64) Adapter {
	for i, s := range c.Shapes() {
		if s.Name != name {
			continue
		}
		a := Adapter{
			Rank: rank, Scale: scale,
			A: random(rank*s.Cols, 0, 0.3, seed, uint64(3*i)), B: random(s.Rows*rank, 0, 0.3, seed, uint64(3*i+1)),
		}
		if dora {
			a.Magnitude = random(s.Rows, 1, 0.1, seed, uint64(3*i+2))
		}
		return a
	}
	panic("reference: no weight " + name)
}

func random(n int, mean, deviation float64, seed, stream uint64) []float64 {
	rng := rand.New(rand.NewPCG(seed, stream))
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(float32(mean + deviation*rng.NormFloat64()))
	}
	return x
}
