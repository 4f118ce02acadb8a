package model

import "encoding/json"

// Mistral (Jiang et al. 2023, arXiv:2310.06825): Llama with a sliding window.
var mistral = arch{
	modelType: "mistral", class: "MistralForCausalLM",
	read: readMistral, write: writeMistral,
	window: true,
	biases: func(Config) (qkv, out, mlp bool) { return false, false, false },

	embed: llama.embed, layer: llama.layer, attnNorm: llama.attnNorm, qkv: llama.qkv, out: llama.out,
	mlpNorm: llama.mlpNorm, gate: llama.gate, up: llama.up, down: llama.down, norm: llama.norm, head: llama.head,
	buffers: llama.buffers,
}

type mistralJSON struct {
	rotaryJSON
	SlidingWindow *int `json:"sliding_window"` // null: none; missing: 4096
}

func readMistral(b []byte) (Config, error) {
	window := 4096
	j := mistralJSON{
		rotaryJSON:    rotaryJSON{KVHeads: 8, MaxPositions: 4096 * 32, RopeTheta: 10000, NormEps: 1e-6, HiddenAct: "silu"},
		SlidingWindow: &window,
	}
	if err := json.Unmarshal(b, &j); err != nil {
		return Config{}, err
	}
	c, err := j.config()
	if j.SlidingWindow != nil {
		c.SlidingWindow = *j.SlidingWindow
	}
	return c, err
}

func writeMistral(c Config) any {
	j := mistralJSON{rotaryJSON: newRotaryJSON(c)}
	if c.SlidingWindow != 0 {
		j.SlidingWindow = &c.SlidingWindow
	}
	return j
}
