package model

import (
	"fmt"
	"strings"
)

// An arch describes an architecture: what it computes, and how Hugging Face
// names its weights and the keys of its config.json. Each is one file.
type arch struct {
	modelType string // config.json's model_type
	class     string // config.json's architectures

	read  func(configJSON []byte) (Config, error)
	write func(Config) any // what config.json holds

	layerNorm bool // LayerNorm with biases; else RMSNorm
	window    bool // attention may have a sliding window
	conv1D    bool // files hold linear weights as [in, out]
	biases    func(Config) (qkv, out, mlp bool)

	// Modules. A weight's name is its module's with ".weight" or ".bias".
	embed, positions string // positions is "" for rotary ones
	layer            string // with the layer's number as %d
	attnNorm         string
	qkv              []string // three, or one fused
	out              string
	mlpNorm          string
	gate, up, down   string // gate is "" for a plain MLP
	norm, head       string

	prefix  string   // that files may leave out of every name
	buffers []string // ends of the names of tensors that follow from the configuration
}

var archs = []*arch{&llama, &mistral, &qwen2, &gpt2}

func archOf(modelType string) (*arch, error) {
	var known []string
	for _, a := range archs {
		if a.modelType == modelType {
			return a, nil
		}
		known = append(known, a.modelType)
	}
	return nil, fmt.Errorf("%w: model_type is %q, want one of %s", ErrUnsupported, modelType, strings.Join(known, ", "))
}

// check reports what a valid configuration asks for that the architecture
// does not have.
func (a *arch) check(c Config) error {
	act := c.Activation()
	switch {
	case act == "" || (act == "silu") != (a.gate != ""):
		return fmt.Errorf("%w: activation %q in a model of type %s", ErrUnsupported, c.HiddenAct, a.modelType)
	case c.SlidingWindow != 0 && !a.window:
		return fmt.Errorf("%w: a sliding window in a model of type %s", ErrUnsupported, a.modelType)
	case len(a.qkv) == 1 && (c.KVHeads != c.Heads || c.Dim()*c.Heads != c.Hidden):
		return fmt.Errorf("%w: %d key-value heads for %d heads of width %d in a model of type %s", ErrUnsupported, c.KVHeads, c.Heads, c.Dim(), a.modelType)
	}
	if a.positions != "" {
		return nil
	}
	if c.Dim()%2 != 0 {
		return fmt.Errorf("model: head width %d is odd; rotary positions need pairs", c.Dim())
	}
	if !(c.RopeTheta > 0) {
		return fmt.Errorf("model: rope_theta %g must be positive", c.RopeTheta)
	}
	return c.RopeScaling.validate()
}

// fileName returns the model's name of a tensor in a file, and whether the
// file may hold it without need: a buffer.
func (a *arch) fileName(name string, known func(string) bool) (full string, buffer bool) {
	if a.prefix != "" && !known(name) && known(a.prefix+name) {
		name = a.prefix + name
	}
	for _, end := range a.buffers {
		if strings.HasSuffix(name, end) && !known(name) {
			return name, true
		}
	}
	return name, false
}
