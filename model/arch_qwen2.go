package model

import (
	"encoding/json"
	"fmt"
)

// Qwen2 and Qwen2.5 (Yang et al. 2024, arXiv:2407.10671): Llama with biases of
// queries, keys and values.
var qwen2 = arch{
	modelType: "qwen2", class: "Qwen2ForCausalLM",
	read: readQwen2, write: writeQwen2,
	window: true,
	biases: func(Config) (qkv, out, mlp bool) { return true, false, false },

	embed: llama.embed, layer: llama.layer, attnNorm: llama.attnNorm, qkv: llama.qkv, out: llama.out,
	mlpNorm: llama.mlpNorm, gate: llama.gate, up: llama.up, down: llama.down, norm: llama.norm, head: llama.head,
	buffers: llama.buffers,
}

type qwen2JSON struct {
	rotaryJSON
	UseWindow     bool     `json:"use_sliding_window"`
	SlidingWindow *int     `json:"sliding_window"`    // missing: 4096
	FullLayers    int      `json:"max_window_layers"` // the first layers, without a window
	LayerTypes    []string `json:"layer_types,omitempty"`
	MRope         bool     `json:"use_mrope,omitempty"`
}

func readQwen2(b []byte) (Config, error) {
	window := 4096
	j := qwen2JSON{
		rotaryJSON:    rotaryJSON{KVHeads: 32, MaxPositions: 32768, RopeTheta: 10000, NormEps: 1e-6, HiddenAct: "silu"},
		SlidingWindow: &window, FullLayers: 28,
	}
	if err := json.Unmarshal(b, &j); err != nil {
		return Config{}, err
	}
	c, err := j.config()
	if err != nil {
		return c, err
	}
	if j.MRope {
		return c, fmt.Errorf("%w: use_mrope is set", ErrUnsupported)
	}
	c.SlidingWindow, err = j.window(c.Layers)
	return c, err
}

// window returns the window that all layers share.
func (j qwen2JSON) window(layers int) (int, error) {
	if !j.UseWindow || j.SlidingWindow == nil {
		return 0, nil
	}
	sliding := max(0, layers-j.FullLayers)
	if j.LayerTypes != nil {
		sliding = 0
		for _, t := range j.LayerTypes {
			if t == "sliding_attention" {
				sliding++
			}
		}
	}
	switch sliding {
	case 0:
		return 0, nil
	case layers:
		return *j.SlidingWindow, nil
	}
	return 0, fmt.Errorf("%w: %d of %d layers have a sliding window; all or none can", ErrUnsupported, sliding, layers)
}

func writeQwen2(c Config) any {
	j := qwen2JSON{rotaryJSON: newRotaryJSON(c), FullLayers: c.Layers}
	if c.SlidingWindow != 0 {
		j.UseWindow, j.SlidingWindow, j.FullLayers = true, &c.SlidingWindow, 0
	}
	return j
}
