package reference

import (
	"reflect"
	"testing"
)

func TestParseConfig(t *testing.T) {
	for _, test := range []struct {
		json string
		want Config
	}{
		{`{"model_type": "gpt2", "vocab_size": 50257, "n_embd": 768, "n_inner": null, "n_layer": 12, "n_head": 12, "n_positions": 1024,
			"layer_norm_epsilon": 1e-5, "activation_function": "gelu_new", "tie_word_embeddings": true}`,
			Config{Architecture: GPT2, Vocab: 50257, Hidden: 768, Layers: 12, Heads: 12, Positions: 1024, Eps: 1e-5, Tied: true}},
		{`{"model_type": "llama", "vocab_size": 9, "hidden_size": 8, "intermediate_size": 20, "num_hidden_layers": 2, "num_attention_heads": 4,
			"num_key_value_heads": 2, "rms_norm_eps": 1e-6, "rope_theta": 500000, "mlp_bias": true, "rope_scaling":
			{"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 8192}}`,
			Config{Architecture: Llama, Vocab: 9, Hidden: 8, Intermediate: 20, Layers: 2, Heads: 4, KVHeads: 2, Eps: 1e-6, RopeTheta: 500000, MLPBias: true,
				RopeScaling: &Llama3Scaling{Factor: 8, LowFreqFactor: 1, HighFreqFactor: 4, OriginalPositions: 8192}}},
		{`{"model_type": "qwen2", "sliding_window": 4096, "use_sliding_window": false}`, Config{Architecture: Qwen2}},
		{`{"model_type": "mistral", "sliding_window": 4096, "rope_scaling": {"rope_type": "linear", "factor": 2}}`, Config{Architecture: Mistral, Window: 4096, RopeFactor: 2}},
	} {
		got, err := ParseConfig([]byte(test.json))
		if err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s gives %+v, want %+v; %v", test.json, got, test.want, err)
		}
	}
	for _, bad := range []string{``, `{"model_type": "bert"}`, `{"model_type": "llama", "rope_scaling": {"rope_type": "yarn"}}`} {
		if _, err := ParseConfig([]byte(bad)); err == nil {
			t.Errorf("%q passed", bad)
		}
	}
}
