// Package model holds the weights of decoder-only transformers, their files
// and their Gorgonia graphs.
package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
)

// Config describes a decoder-only transformer of one of the architectures in
// arch_*.go. Its JSON form is that architecture's config.json of Hugging Face.
type Config struct {
	Architectures []string
	ModelType     string // "llama", "mistral", "qwen2", "gpt2"
	VocabSize     int
	Hidden        int // width of the residual stream
	Intermediate  int // width within the MLP
	Layers        int
	Heads         int
	KVHeads       int
	HeadDim       int     // 0: Hidden/Heads
	MaxPositions  int     // tokens of context
	RopeTheta     float64 // of rotary positions
	RopeScaling   *RopeScaling
	NormEps       float64
	TieEmbeddings bool   // the head is the embedding
	HiddenAct     string // by Hugging Face's name; see Activation
	AttentionBias bool   // Llama: biases of the attention's linear layers
	MLPBias       bool   // Llama: biases of the MLP's
	SlidingWindow int    // Mistral, Qwen2: see Window
	TorchDtype    string
	BOS, EOS      any // a token id, or a list of ids
	// Extra are the keys of config.json that say nothing about the
	// computation; they are written back.
	Extra map[string]json.RawMessage
}

// ErrUnsupported is returned, wrapped, for a model that asks for a computation
// that is not there.
var ErrUnsupported = errors.New("model architecture is not supported")

// Dim returns the width of one attention head.
func (c Config) Dim() int {
	if c.HeadDim != 0 {
		return c.HeadDim
	}
	return c.Hidden / c.Heads
}

// prefixKey is the key of config.json that says of a model that it reads the
// first input of an exchange in both directions. Other programs ignore it.
const prefixKey = "adapt_prefix_lm"

// PrefixLM reports whether the model was trained as a prefix language model
// (Raffel et al. 2020, arXiv:1910.10683).
func (c Config) PrefixLM() bool { return string(c.Extra[prefixKey]) == "true" }

// SetPrefixLM says whether the model is a prefix language model.
func (c *Config) SetPrefixLM(is bool) {
	extra := maps.Clone(c.Extra)
	delete(extra, prefixKey)
	if is {
		if extra == nil {
			extra = map[string]json.RawMessage{}
		}
		extra[prefixKey] = json.RawMessage("true")
	}
	c.Extra = extra
}

// LayerNorm reports whether the norms are LayerNorm with a bias (Ba et al.
// 2016, arXiv:1607.06450); else they are RMSNorm (Zhang and Sennrich 2019,
// arXiv:1910.07467).
func (c Config) LayerNorm() bool {
	a, err := archOf(c.ModelType)
	return err == nil && a.layerNorm
}

// Activation returns the function within the MLP: "silu", "gelu" (by erf), or
// "gelu_tanh" for its approximation (Hendrycks and Gimpel 2016,
// arXiv:1606.08415), "" for one that is not there.
func (c Config) Activation() string {
	switch c.HiddenAct {
	case "silu", "swish":
		return "silu"
	case "gelu_new", "gelu_pytorch_tanh", "gelu_fast":
		return "gelu_tanh"
	case "gelu":
		return "gelu"
	}
	return ""
}

// Window returns how many tokens a token attends to, itself and those just
// before it; 0: all before it.
func (c Config) Window() int { return c.SlidingWindow }

// Bounds of a configuration's sizes, well above every known model's, so that
// sums of products of two of them stay far from overflow.
const (
	maxLayers  = 1 << 12
	maxWidth   = 1 << 20
	maxEntries = 1 << 24 // of the vocabulary, positions
)

// Validate reports the first thing that makes c no model that can run here.
func (c Config) Validate() error {
	a, err := archOf(c.ModelType)
	if err != nil {
		return err
	}
	for _, n := range []struct {
		name       string
		value, max int
	}{
		{"vocabulary size", c.VocabSize, maxEntries}, {"width", c.Hidden, maxWidth}, {"width within the MLP", c.Intermediate, maxWidth},
		{"number of layers", c.Layers, maxLayers}, {"number of positions", c.MaxPositions, maxEntries},
		{"number of attention heads", c.Heads, maxWidth}, {"number of key-value heads", c.KVHeads, maxWidth},
	} {
		if n.value <= 0 || n.value > n.max {
			return fmt.Errorf("model: config.json: the %s is %d, want 1 to %d", n.name, n.value, n.max)
		}
	}
	switch {
	case c.Heads%c.KVHeads != 0:
		return fmt.Errorf("model: %d attention heads do not share %d key-value heads", c.Heads, c.KVHeads)
	case c.HeadDim == 0 && c.Hidden%c.Heads != 0:
		return fmt.Errorf("model: width %d is no multiple of %d heads", c.Hidden, c.Heads)
	case c.HeadDim < 0 || c.Dim() > maxWidth/c.Heads:
		return fmt.Errorf("model: %d heads of width %d", c.Heads, c.Dim())
	case !(c.NormEps > 0):
		return fmt.Errorf("model: the norms' epsilon %g must be positive", c.NormEps)
	case c.SlidingWindow < 0:
		return fmt.Errorf("model: sliding window of %d tokens", c.SlidingWindow)
	}
	return a.check(c)
}

// Params returns the number of weights, tied ones once.
func (c Config) Params() int {
	n := 0
	for _, t := range c.Shapes() {
		n += t.size()
	}
	return n
}

// MarshalJSON writes the architecture's config.json.
func (c Config) MarshalJSON() ([]byte, error) {
	a, err := archOf(c.ModelType)
	if err != nil {
		return nil, err
	}
	c.Architectures = []string{a.class}
	return marshalWith(a.write(c), c.Extra)
}

// UnmarshalJSON reads the config.json of any architecture over the defaults
// that Hugging Face gives its missing keys. It does not validate.
func (c *Config) UnmarshalJSON(b []byte) error {
	var head struct {
		ModelType     string          `json:"model_type"`
		Architectures []string        `json:"architectures"`
		Quantization  json.RawMessage `json:"quantization_config"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return err
	}
	// Files of the early models name only the class.
	if head.ModelType == "" && len(head.Architectures) > 0 {
		for _, a := range archs {
			if a.class == head.Architectures[0] {
				head.ModelType = a.modelType
			}
		}
	}
	a, err := archOf(head.ModelType)
	if err != nil {
		return err
	}
	if len(head.Quantization) > 0 && string(head.Quantization) != "null" {
		return fmt.Errorf("%w: quantization_config is set; take the folder with the original weights", ErrUnsupported)
	}
	read, err := a.read(b)
	if err != nil {
		return err
	}
	read.ModelType = a.modelType
	read.Extra, err = unknownKeys(b, a.write(Config{}))
	*c = read
	return err
}

// ReadConfig reads dir/config.json and validates it.
func ReadConfig(dir string) (Config, error) {
	b, err := readSmall(filepath.Join(dir, configFile))
	if err != nil {
		return Config{}, fmt.Errorf("model: reading config.json (is this a Hugging Face model folder?): %w", err)
	}
	var c Config
	if err := json.Unmarshal(b, &c); err != nil {
		return Config{}, fmt.Errorf("model: config.json: %w", err)
	}
	return c, c.Validate()
}
