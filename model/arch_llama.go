package model

import (
	"encoding/json"
	"fmt"
)

// Llama 2 and 3 (Touvron et al. 2023, arXiv:2307.09288; Llama Team 2024,
// arXiv:2407.21783), SmolLM, and others by the class LlamaForCausalLM.
var llama = arch{
	modelType: "llama", class: "LlamaForCausalLM",
	read: readLlama, write: writeLlama,
	biases: func(c Config) (qkv, out, mlp bool) { return c.AttentionBias, c.AttentionBias, c.MLPBias },

	embed: "model.embed_tokens", layer: "model.layers.%d.",
	attnNorm: "input_layernorm",
	qkv:      []string{"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"}, out: "self_attn.o_proj",
	mlpNorm: "post_attention_layernorm",
	gate:    "mlp.gate_proj", up: "mlp.up_proj", down: "mlp.down_proj",
	norm: "model.norm", head: "lm_head",
	buffers: []string{".rotary_emb.inv_freq"},
}

// rotaryJSON are the keys of config.json that the relatives of Llama share.
type rotaryJSON struct {
	Architectures  []string  `json:"architectures"`
	ModelType      string    `json:"model_type"`
	VocabSize      int       `json:"vocab_size"`
	Hidden         int       `json:"hidden_size"`
	Intermediate   int       `json:"intermediate_size"`
	Layers         int       `json:"num_hidden_layers"`
	Heads          int       `json:"num_attention_heads"`
	KVHeads        int       `json:"num_key_value_heads"` // missing: as many as heads
	HeadDim        int       `json:"head_dim,omitempty"`
	MaxPositions   int       `json:"max_position_embeddings"`
	RopeTheta      float64   `json:"rope_theta"`
	RopeScaling    *ropeJSON `json:"rope_scaling,omitempty"`
	RopeParameters *ropeJSON `json:"rope_parameters,omitempty"` // of transformers 5: both in one
	PartialRotary  float64   `json:"partial_rotary_factor,omitempty"`
	NormEps        float64   `json:"rms_norm_eps"`
	TieEmbeddings  bool      `json:"tie_word_embeddings"`
	HiddenAct      string    `json:"hidden_act"`
	TorchDtype     string    `json:"torch_dtype,omitempty"`
	Dtype          string    `json:"dtype,omitempty"` // of transformers 5: torch_dtype
	BOS            any       `json:"bos_token_id,omitempty"`
	EOS            any       `json:"eos_token_id,omitempty"`
}

// config returns the configuration, or what it asks for that is not there.
func (j rotaryJSON) config() (Config, error) {
	c := Config{
		Architectures: j.Architectures, ModelType: j.ModelType, VocabSize: j.VocabSize, Hidden: j.Hidden,
		Intermediate: j.Intermediate, Layers: j.Layers, Heads: j.Heads, KVHeads: j.KVHeads, HeadDim: j.HeadDim,
		MaxPositions: j.MaxPositions, RopeTheta: j.RopeTheta, NormEps: j.NormEps, TieEmbeddings: j.TieEmbeddings,
		HiddenAct: j.HiddenAct, TorchDtype: j.TorchDtype, BOS: j.BOS, EOS: j.EOS,
	}
	if c.KVHeads == 0 {
		c.KVHeads = c.Heads
	}
	if c.TorchDtype == "" {
		c.TorchDtype = j.Dtype
	}
	rope := j.RopeScaling
	if j.RopeParameters != nil {
		rope = j.RopeParameters
		if rope.Theta != 0 {
			c.RopeTheta = rope.Theta
		}
	}
	if p := j.PartialRotary; p != 0 && p != 1 {
		return Config{}, fmt.Errorf("%w: partial_rotary_factor is %g", ErrUnsupported, p)
	}
	var err error
	c.RopeScaling, err = rope.scaling()
	return c, err
}

func newRotaryJSON(c Config) rotaryJSON {
	return rotaryJSON{
		Architectures: c.Architectures, ModelType: c.ModelType, VocabSize: c.VocabSize, Hidden: c.Hidden,
		Intermediate: c.Intermediate, Layers: c.Layers, Heads: c.Heads, KVHeads: c.KVHeads, HeadDim: c.HeadDim,
		MaxPositions: c.MaxPositions, RopeTheta: c.RopeTheta, RopeScaling: newRopeJSON(c.RopeScaling), NormEps: c.NormEps,
		TieEmbeddings: c.TieEmbeddings, HiddenAct: c.HiddenAct, TorchDtype: c.TorchDtype, BOS: c.BOS, EOS: c.EOS,
	}
}

type llamaJSON struct {
	rotaryJSON
	AttentionBias bool `json:"attention_bias"`
	MLPBias       bool `json:"mlp_bias"`
}

func readLlama(b []byte) (Config, error) {
	j := llamaJSON{rotaryJSON: rotaryJSON{MaxPositions: 2048, RopeTheta: 10000, NormEps: 1e-6, HiddenAct: "silu"}}
	if err := json.Unmarshal(b, &j); err != nil {
		return Config{}, err
	}
	c, err := j.config()
	c.AttentionBias, c.MLPBias = j.AttentionBias, j.MLPBias
	return c, err
}

func writeLlama(c Config) any {
	return llamaJSON{rotaryJSON: newRotaryJSON(c), AttentionBias: c.AttentionBias, MLPBias: c.MLPBias}
}
