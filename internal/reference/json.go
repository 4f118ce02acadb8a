package reference

import (
	"encoding/json"
	"fmt"
)

// ParseConfig reads a config.json of Hugging Face in which all keys are
// written out: no defaults stand in for missing ones, but for those that mean
// "none".
func ParseConfig(b []byte) (Config, error) {
	var j struct {
		ModelType     string  `json:"model_type"`
		Vocab         int     `json:"vocab_size"`
		Tied          bool    `json:"tie_word_embeddings"`
		Hidden        int     `json:"hidden_size"`
		Intermediate  int     `json:"intermediate_size"`
		Layers        int     `json:"num_hidden_layers"`
		Heads         int     `json:"num_attention_heads"`
		KVHeads       int     `json:"num_key_value_heads"`
		HeadDim       int     `json:"head_dim"`
		Eps           float64 `json:"rms_norm_eps"`
		RopeTheta     float64 `json:"rope_theta"`
		AttentionBias bool    `json:"attention_bias"`
		MLPBias       bool    `json:"mlp_bias"`
		Window        int     `json:"sliding_window"`
		UseWindow     *bool   `json:"use_sliding_window"` // Qwen2
		RopeScaling   *struct {
			Type      string  `json:"rope_type"`
			Factor    float64 `json:"factor"`
			Low       float64 `json:"low_freq_factor"`
			High      float64 `json:"high_freq_factor"`
			Positions int     `json:"original_max_position_embeddings"`
		} `json:"rope_scaling"`

		// GPT-2's names.
		NEmbd      int     `json:"n_embd"`
		NInner     int     `json:"n_inner"`
		NLayer     int     `json:"n_layer"`
		NHead      int     `json:"n_head"`
		NPositions int     `json:"n_positions"`
		LayerEps   float64 `json:"layer_norm_epsilon"`
		Activation string  `json:"activation_function"`
	}
	if err := json.Unmarshal(b, &j); err != nil {
		return Config{}, fmt.Errorf("reference: config.json: %w", err)
	}
	c := Config{Architecture: j.ModelType, Vocab: j.Vocab, Tied: j.Tied}
	switch j.ModelType {
	case GPT2:
		c.Hidden, c.Intermediate, c.Layers, c.Heads, c.Positions, c.Eps = j.NEmbd, j.NInner, j.NLayer, j.NHead, j.NPositions, j.LayerEps
		c.ErfGELU = j.Activation == "gelu"
		return c, nil
	case Llama, Mistral, Qwen2:
	default:
		return Config{}, fmt.Errorf("reference: config.json: unknown model_type %q", j.ModelType)
	}
	c.Hidden, c.Intermediate, c.Layers, c.Heads, c.KVHeads, c.HeadDim = j.Hidden, j.Intermediate, j.Layers, j.Heads, j.KVHeads, j.HeadDim
	c.Eps, c.RopeTheta, c.AttentionBias, c.MLPBias = j.Eps, j.RopeTheta, j.AttentionBias, j.MLPBias
	if j.UseWindow == nil || *j.UseWindow {
		c.Window = j.Window
	}
	switch s := j.RopeScaling; {
	case s == nil:
	case s.Type == "llama3":
		c.RopeScaling = &Llama3Scaling{Factor: s.Factor, LowFreqFactor: s.Low, HighFreqFactor: s.High, OriginalPositions: s.Positions}
	case s.Type == "linear":
		c.RopeFactor = s.Factor
	default:
		return Config{}, fmt.Errorf("reference: config.json: unknown rope_type %q", s.Type)
	}
	return c, nil
}
