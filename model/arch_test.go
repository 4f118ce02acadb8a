package model

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// archConfigs are small models of every architecture.
func archConfigs() map[string]Config {
	base := Config{
		ModelType: "llama", HiddenAct: "silu", VocabSize: 30, Hidden: 12, Intermediate: 20, Layers: 2,
		Heads: 3, KVHeads: 1, MaxPositions: 16, RopeTheta: 10000, NormEps: 1e-5,
	}
	mistral := base
	mistral.ModelType, mistral.SlidingWindow = "mistral", 5
	qwen := base
	qwen.ModelType, qwen.TieEmbeddings = "qwen2", true
	biased := base
	biased.AttentionBias, biased.MLPBias, biased.HeadDim = true, true, 6
	biased.RopeScaling = &RopeScaling{Type: "llama3", Factor: 8, LowFreq: 1, HighFreq: 4, Original: 64}
	return map[string]Config{
		"llama": base, "llama with biases": biased, "mistral": mistral, "qwen2": qwen,
		"gpt2": {
			ModelType: "gpt2", HiddenAct: "gelu_new", VocabSize: 30, Hidden: 12, Intermediate: 20, Layers: 2,
			Heads: 3, KVHeads: 3, MaxPositions: 16, NormEps: 1e-5, TieEmbeddings: true,
		},
	}
}

func TestConfigRoundTrip(t *testing.T) {
	for name, c := range archConfigs() {
		t.Run(name, func(t *testing.T) {
			if err := c.Validate(); err != nil {
				t.Fatal(err)
			}
			c.Extra = map[string]json.RawMessage{"pad_token_id": json.RawMessage("7")}
			b, err := json.Marshal(c)
			if err != nil {
				t.Fatal(err)
			}
			var back Config
			if err := json.Unmarshal(b, &back); err != nil {
				t.Fatal(err)
			}
			if c.ModelType == "gpt2" {
				back.BOS, back.EOS = nil, nil // have defaults
			}
			c.Architectures = back.Architectures
			if !reflect.DeepEqual(c, back) {
				t.Errorf("%s\ncame back as\n%+v, want\n%+v", b, back, c)
			}
		})
	}
}

// TestReadConfig reads the published config.json of models of each family.
func TestReadConfig(t *testing.T) {
	for _, test := range []struct {
		file string
		want func(c Config) bool
	}{
		{"gpt2.json", func(c Config) bool {
			return c.Params() == 124439808 && c.LayerNorm() && c.Activation() == "gelu_tanh" && c.TieEmbeddings &&
				c.Parts().Positions == "transformer.wpe.weight" && c.Intermediate == 3072 && c.MaxPositions == 1024
		}},
		{"llama-3.2-1b.json", func(c Config) bool {
			return c.Params() == 1235814400 && c.Dim() == 64 && c.RopeTheta == 500000 && c.TieEmbeddings && !c.LayerNorm() &&
				*c.RopeScaling == RopeScaling{Type: "llama3", Factor: 32, LowFreq: 1, HighFreq: 4, Original: 8192}
		}},
		{"mistral-7b.json", func(c Config) bool { return c.Params() == 7241732096 && c.Window() == 4096 && c.KVHeads == 8 }},
		{"qwen2.5-0.5b.json", func(c Config) bool {
			return c.Params() == 494032768 && c.Window() == 0 && c.Parts().Layers[3].QKV[1].Bias == "model.layers.3.self_attn.k_proj.bias"
		}},
	} {
		t.Run(test.file, func(t *testing.T) {
			c, err := readTestConfig(t, test.file, "", "")
			if err != nil {
				t.Fatal(err)
			}
			if !test.want(c) {
				t.Errorf("%d weights, %+v", c.Params(), c)
			}
		})
	}
}

// readTestConfig reads a config.json of testdata, with one replacement.
func readTestConfig(t *testing.T, file, old, new string) (Config, error) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "config", file))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), old) {
		t.Fatalf("%s has no %s", file, old)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(strings.Replace(string(b), old, new, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return ReadConfig(dir)
}

// TestUnsupported changes one value that changes the computation.
func TestUnsupported(t *testing.T) {
	for _, test := range []struct{ file, old, new, want string }{
		{"gpt2.json", `"n_ctx": 1024`, `"scale_attn_by_inverse_layer_idx": true`, "scale_attn_by_inverse_layer_idx"},
		{"gpt2.json", `"n_ctx": 1024`, `"reorder_and_upcast_attn": true`, "reorder_and_upcast_attn"},
		{"gpt2.json", `"n_ctx": 1024`, `"scale_attn_weights": false`, "scale_attn_weights"},
		{"gpt2.json", `"n_ctx": 1024`, `"add_cross_attention": true`, "add_cross_attention"},
		{"gpt2.json", `gelu_new`, `relu`, "relu"},
		{"llama-3.2-1b.json", `"rope_type": "llama3"`, `"rope_type": "dynamic"`, "dynamic"},
		{"llama-3.2-1b.json", `"mlp_bias": false`, `"partial_rotary_factor": 0.5`, "partial_rotary_factor"},
		{"llama-3.2-1b.json", `"mlp_bias": false`, `"quantization_config": {"bits": 4}`, "quantization_config"},
		{"llama-3.2-1b.json", `"silu"`, `"gelu"`, "gelu"},
		{"llama-3.2-1b.json", `"llama"`, `"gemma"`, "gemma"},
		{"qwen2.5-0.5b.json", `"use_sliding_window": false`, `"use_sliding_window": true, "max_window_layers": 21`, "layers have a sliding window"},
		{"qwen2.5-0.5b.json", `"use_mrope": false`, `"use_mrope": true`, "use_mrope"},
	} {
		_, err := readTestConfig(t, test.file, test.old, test.new)
		if !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s with %s: %v, want it unsupported and %q named", test.file, test.new, err, test.want)
		}
	}
}

func TestWindow(t *testing.T) {
	for _, test := range []struct {
		file, old, new string
		want           int
	}{
		{"mistral-7b.json", `"sliding_window": 4096`, `"sliding_window": null`, 0},
		{"mistral-7b.json", `"sliding_window": 4096,`, ``, 4096},
		{"qwen2.5-0.5b.json", `"use_sliding_window": false`, `"use_sliding_window": true`, 0}, // max_window_layers is 24 of 24
		{"qwen2.5-0.5b.json", `"max_window_layers": 24`, `"max_window_layers": 0`, 0},
	} {
		c, err := readTestConfig(t, test.file, test.old, test.new)
		if err != nil || c.Window() != test.want {
			t.Errorf("%s with %s: window %d, want %d; %v", test.file, test.new, c.Window(), test.want, err)
		}
	}
}

// TestGPT2Files reads weights as GPT-2's own files have them: without the
// prefix, transposed, with the buffers of the attention's mask.
func TestGPT2Files(t *testing.T) {
	m, err := New(archConfigs()["gpt2"], 5)
	if err != nil {
		t.Fatal(err)
	}
	roughen(m, 3)
	dir := saved(t, m)
	var tensors []Tensor
	for _, s := range m.storedTensors() {
		s.Name = strings.TrimPrefix(s.Name, "transformer.")
		tensors = append(tensors, Tensor{TensorShape: s.TensorShape, Data: s.data()})
		if s.Name == "h.0.attn.c_attn.weight" {
			if s.Shape[0] != 12 || s.Shape[1] != 36 {
				t.Errorf("c_attn is stored as %v, want [12 36]", s.Shape)
			}
			// Row 2 of the file are the weights of input 2.
			if got, want := s.data()[2*36+7], m.Tensor("transformer." + s.Name)[7*12+2]; got != want {
				t.Errorf("c_attn[7, 2] is %g, in the file %g", want, got)
			}
		}
	}
	tensors = append(tensors, Tensor{TensorShape: TensorShape{"h.0.attn.bias", []int{1, 1, 2, 2}}, Data: []float32{1, 0, 1, 1}})
	if err := WriteTensors(filepath.Join(dir, "model.safetensors"), tensors); err != nil {
		t.Fatal(err)
	}
	back, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if back.Hash() != m.Hash() {
		t.Error("the weights came back changed")
	}
}

// TestRope compares frequencies with those of the reference code, written
// from transformers' modeling_rope_utils.py.
func TestRope(t *testing.T) {
	c := archConfigs()["llama"]
	c.HeadDim, c.RopeTheta = 16, 500000
	c.RopeScaling = &RopeScaling{Type: "llama3", Factor: 8, LowFreq: 1, HighFreq: 4, Original: 8192}
	kinds := map[string]int{}
	cos, sin := c.Rope(4)
	for i := range 8 {
		freq := 1 / math.Pow(c.RopeTheta, float64(2*i)/16)
		wave := 2 * math.Pi / freq
		switch {
		case wave < 8192/4.0:
			kinds["kept"]++
		case wave > 8192/1.0:
			freq /= 8
			kinds["stretched"]++
		default:
			smooth := (8192/wave - 1) / (4 - 1)
			freq = (1-smooth)*freq/8 + smooth*freq
			kinds["between"]++
		}
		if got, want := cos[3*8+i], float32(math.Cos(3*freq)); math.Abs(float64(got-want)) > 1e-6 {
			t.Errorf("cos of pair %d is %g, want %g", i, got, want)
		}
		if got, want := sin[3*8+i], float32(math.Sin(3*freq)); math.Abs(float64(got-want)) > 1e-6 {
			t.Errorf("sin of pair %d is %g, want %g", i, got, want)
		}
	}
	if len(kinds) != 3 {
		t.Errorf("the test saw only waves %v", kinds)
	}
	c.RopeScaling = &RopeScaling{Type: "linear", Factor: 2}
	scaled, _ := c.Rope(4)
	c.RopeScaling = nil
	plain, _ := c.Rope(4)
	if scaled[2*8+1] != plain[1*8+1] {
		t.Errorf("position 2 at half speed is %g, position 1 %g", scaled[2*8+1], plain[1*8+1])
	}
}
