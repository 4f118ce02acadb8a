// Package model holds the weights of decoder-only transformers, their files
// and their Gorgonia graphs.
package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
)

// Config describes a model of the Llama architecture; its JSON form is
// Hugging Face's config.json.
type Config struct {
	Architectures []string `json:"architectures"`
	ModelType     string   `json:"model_type"`
	VocabSize     int      `json:"vocab_size"`
	Hidden        int      `json:"hidden_size"`
	Intermediate  int      `json:"intermediate_size"`
	Layers        int      `json:"num_hidden_layers"`
	Heads         int      `json:"num_attention_heads"`
	KVHeads       int      `json:"num_key_value_heads"`
	HeadDim       int      `json:"head_dim,omitempty"` // 0: Hidden/Heads
	MaxPositions  int      `json:"max_position_embeddings"`
	RopeTheta     float64  `json:"rope_theta"`
	NormEps       float64  `json:"rms_norm_eps"`
	TieEmbeddings bool     `json:"tie_word_embeddings"`
	HiddenAct     string   `json:"hidden_act"`
	AttentionBias bool     `json:"attention_bias"`
	MLPBias       bool     `json:"mlp_bias"`
	TorchDtype    string   `json:"torch_dtype,omitempty"`
	BOS           any      `json:"bos_token_id,omitempty"`
	EOS           any      `json:"eos_token_id,omitempty"`
	RopeScaling   any      `json:"rope_scaling,omitempty"`
}

// ErrUnsupported is returned, wrapped, for a model of another architecture.
var ErrUnsupported = errors.New("model architecture is not supported")

// Dim returns the width of one attention head.
func (c Config) Dim() int {
	if c.HeadDim != 0 {
		return c.HeadDim
	}
	return c.Hidden / c.Heads
}

// Validate reports the first thing that makes c no model that can run here.
func (c Config) Validate() error {
	switch {
	case c.ModelType != "llama":
		return fmt.Errorf("%w: model_type is %q, want \"llama\"", ErrUnsupported, c.ModelType)
	case c.HiddenAct != "silu":
		return fmt.Errorf("%w: hidden_act is %q, want \"silu\"", ErrUnsupported, c.HiddenAct)
	case c.AttentionBias || c.MLPBias:
		return fmt.Errorf("%w: linear layers with biases", ErrUnsupported)
	case c.RopeScaling != nil:
		return fmt.Errorf("%w: rope_scaling is set", ErrUnsupported)
	case c.Heads <= 0 || c.KVHeads <= 0 || c.Heads%c.KVHeads != 0:
		return fmt.Errorf("model: %d attention heads do not share %d key-value heads", c.Heads, c.KVHeads)
	case c.HeadDim == 0 && c.Hidden%c.Heads != 0:
		return fmt.Errorf("model: width %d is no multiple of %d heads", c.Hidden, c.Heads)
	case c.Dim()%2 != 0:
		return fmt.Errorf("model: head width %d is odd; rotary positions need pairs", c.Dim())
	}
	for _, n := range []struct {
		name  string
		value int
	}{
		{"vocab_size", c.VocabSize}, {"hidden_size", c.Hidden}, {"intermediate_size", c.Intermediate},
		{"num_hidden_layers", c.Layers}, {"max_position_embeddings", c.MaxPositions},
	} {
		if n.value <= 0 || n.value > 1<<24 {
			return fmt.Errorf("model: %s is %d", n.name, n.value)
		}
	}
	if c.RopeTheta <= 0 || c.NormEps <= 0 {
		return fmt.Errorf("model: rope_theta %g and rms_norm_eps %g must be positive", c.RopeTheta, c.NormEps)
	}
	return nil
}

// Params returns the number of weights, tied ones once.
func (c Config) Params() int {
	n := 0
	for _, t := range c.Shapes() {
		n += t.size()
	}
	return n
}

// A TensorShape is the name, as in Hugging Face's files, and shape of a weight.
type TensorShape struct {
	Name  string
	Shape []int
}

func (t TensorShape) size() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Names of weights outside the layers.
const (
	EmbedName = "model.embed_tokens.weight"
	NormName  = "model.norm.weight"
	HeadName  = "lm_head.weight"
)

// LayerName returns the name of a weight of a layer: LayerName(3,
// "mlp.up_proj") is "model.layers.3.mlp.up_proj.weight".
func LayerName(layer int, part string) string {
	return fmt.Sprintf("model.layers.%d.%s.weight", layer, part)
}

// Shapes lists every weight of the model, in a fixed order.
func (c Config) Shapes() []TensorShape {
	q, kv := c.Heads*c.Dim(), c.KVHeads*c.Dim()
	shapes := []TensorShape{{EmbedName, []int{c.VocabSize, c.Hidden}}}
	for l := range c.Layers {
		shapes = append(shapes,
			TensorShape{LayerName(l, "input_layernorm"), []int{c.Hidden}},
			TensorShape{LayerName(l, "self_attn.q_proj"), []int{q, c.Hidden}},
			TensorShape{LayerName(l, "self_attn.k_proj"), []int{kv, c.Hidden}},
			TensorShape{LayerName(l, "self_attn.v_proj"), []int{kv, c.Hidden}},
			TensorShape{LayerName(l, "self_attn.o_proj"), []int{c.Hidden, q}},
			TensorShape{LayerName(l, "post_attention_layernorm"), []int{c.Hidden}},
			TensorShape{LayerName(l, "mlp.gate_proj"), []int{c.Intermediate, c.Hidden}},
			TensorShape{LayerName(l, "mlp.up_proj"), []int{c.Intermediate, c.Hidden}},
			TensorShape{LayerName(l, "mlp.down_proj"), []int{c.Hidden, c.Intermediate}},
		)
	}
	shapes = append(shapes, TensorShape{NormName, []int{c.Hidden}})
	if !c.TieEmbeddings {
		shapes = append(shapes, TensorShape{HeadName, []int{c.VocabSize, c.Hidden}})
	}
	return shapes
}

// Rope returns the rotary tables for n positions, [n, Dim/2] each.
func (c Config) Rope(n int) (cos, sin []float32) {
	half := c.Dim() / 2
	cos, sin = make([]float32, n*half), make([]float32, n*half)
	for i := range half {
		freq := math.Pow(c.RopeTheta, -2*float64(i)/float64(c.Dim()))
		for p := range n {
			s, co := math.Sincos(float64(p) * freq)
			cos[p*half+i], sin[p*half+i] = float32(co), float32(s)
		}
	}
	return cos, sin
}

// ReadConfig reads dir/config.json over the defaults that Hugging Face gives a
// Llama model's missing keys, and validates it.
func ReadConfig(dir string) (Config, error) {
	path := filepath.Join(dir, "config.json")
	b, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("model: reading config.json (is this a Hugging Face model folder?): %w", err)
	}
	c := Config{RopeTheta: 10000, NormEps: 1e-6, HiddenAct: "silu", MaxPositions: 2048}
	if err := json.Unmarshal(b, &c); err != nil {
		return Config{}, fmt.Errorf("model: config.json: %w", err)
	}
	if c.KVHeads == 0 {
		c.KVHeads = c.Heads
	}
	// Files of the early Llama-architecture models name only the class.
	if c.ModelType == "" && slices.Contains(c.Architectures, "LlamaForCausalLM") {
		c.ModelType = "llama"
	}
	return c, c.Validate()
}
