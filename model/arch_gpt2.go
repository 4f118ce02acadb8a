package model

import (
	"encoding/json"
	"fmt"
)

// GPT-2 (Radford et al. 2019).
var gpt2 = arch{
	modelType: "gpt2", class: "GPT2LMHeadModel",
	read: readGPT2, write: writeGPT2,
	layerNorm: true, conv1D: true,
	biases: func(Config) (qkv, out, mlp bool) { return true, true, true },

	embed: "transformer.wte", positions: "transformer.wpe", layer: "transformer.h.%d.",
	attnNorm: "ln_1", qkv: []string{"attn.c_attn"}, out: "attn.c_proj",
	mlpNorm: "ln_2", up: "mlp.c_fc", down: "mlp.c_proj",
	norm: "transformer.ln_f", head: "lm_head",
	prefix:  "transformer.",
	buffers: []string{".attn.bias", ".attn.masked_bias"},
}

type gpt2JSON struct {
	Architectures []string `json:"architectures"`
	ModelType     string   `json:"model_type"`
	VocabSize     int      `json:"vocab_size"`
	Hidden        int      `json:"n_embd"`
	Intermediate  *int     `json:"n_inner"` // null: four times the width
	Layers        int      `json:"n_layer"`
	Heads         int      `json:"n_head"`
	MaxPositions  int      `json:"n_positions"`
	NormEps       float64  `json:"layer_norm_epsilon"`
	TieEmbeddings bool     `json:"tie_word_embeddings"`
	HiddenAct     string   `json:"activation_function"`
	Scale         bool     `json:"scale_attn_weights"`
	ScaleByLayer  bool     `json:"scale_attn_by_inverse_layer_idx"`
	UpcastAttn    bool     `json:"reorder_and_upcast_attn"`
	Cross         bool     `json:"add_cross_attention"`
	TorchDtype    string   `json:"torch_dtype,omitempty"`
	Dtype         string   `json:"dtype,omitempty"` // of transformers 5: torch_dtype
	BOS           any      `json:"bos_token_id,omitempty"`
	EOS           any      `json:"eos_token_id,omitempty"`
}

func readGPT2(b []byte) (Config, error) {
	j := gpt2JSON{
		VocabSize: 50257, Hidden: 768, Layers: 12, Heads: 12, MaxPositions: 1024, NormEps: 1e-5,
		TieEmbeddings: true, HiddenAct: "gelu_new", Scale: true, BOS: 50256, EOS: 50256,
	}
	if err := json.Unmarshal(b, &j); err != nil {
		return Config{}, err
	}
	for _, option := range []struct {
		name      string
		got, want bool
	}{
		{"scale_attn_weights", j.Scale, true}, {"scale_attn_by_inverse_layer_idx", j.ScaleByLayer, false},
		{"reorder_and_upcast_attn", j.UpcastAttn, false}, {"add_cross_attention", j.Cross, false},
	} {
		if option.got != option.want {
			return Config{}, fmt.Errorf("%w: %s is %t", ErrUnsupported, option.name, option.got)
		}
	}
	c := Config{
		Architectures: j.Architectures, VocabSize: j.VocabSize, Hidden: j.Hidden, Intermediate: 4 * j.Hidden,
		Layers: j.Layers, Heads: j.Heads, KVHeads: j.Heads, MaxPositions: j.MaxPositions, NormEps: j.NormEps,
		TieEmbeddings: j.TieEmbeddings, HiddenAct: j.HiddenAct, TorchDtype: j.TorchDtype, BOS: j.BOS, EOS: j.EOS,
	}
	if j.Intermediate != nil {
		c.Intermediate = *j.Intermediate
	}
	if c.TorchDtype == "" {
		c.TorchDtype = j.Dtype
	}
	return c, nil
}

func writeGPT2(c Config) any {
	return gpt2JSON{
		Architectures: c.Architectures, ModelType: c.ModelType, VocabSize: c.VocabSize, Hidden: c.Hidden,
		Intermediate: &c.Intermediate, Layers: c.Layers, Heads: c.Heads, MaxPositions: c.MaxPositions, NormEps: c.NormEps,
		TieEmbeddings: c.TieEmbeddings, HiddenAct: c.HiddenAct, Scale: true, TorchDtype: c.TorchDtype, BOS: c.BOS, EOS: c.EOS,
	}
}
