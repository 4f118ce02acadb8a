package train

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"adapt/model"
)

func TestValidate(t *testing.T) {
	lora := &model.LoRA{R: 2, Alpha: 4}
	for want, change := range map[string]func(c *Config){
		"learning rate":     func(c *Config) { c.LearningRate = math.NaN() },
		"neither steps":     func(c *Config) { c.Epochs, c.Steps = 0, 0 },
		"schedule \"step\"": func(c *Config) { c.Schedule = "step" },
		"overlength":        func(c *Config) { c.Overlength = "cut" },
		"best weights":      func(c *Config) { c.Best = "loss" },
		"there is none":     func(c *Config) { c.Best = "metric" },
		"precision":         func(c *Config) { c.Precision = "fp16" },
		"smoothing":         func(c *Config) { c.Smoothing = 1 },
		"exclude each":      func(c *Config) { c.Smoothing, c.KL = 0.1, 0.1 },
		"replayed rows":     func(c *Config) { c.Replay = 0.95 },
		"NEFTune":           func(c *Config) { c.NEFTune = -1 },
		"full fine-tuning":  func(c *Config) { c.LoRA, c.Freeze = lora, []string{"norm"} },
		"without LoRA":      func(c *Config) { c.KeepAdapter = true },
		"nobody takes it":   func(c *Config) { c.LoRA, c.KeepAdapter = lora, true },
		"names no module":   func(c *Config) { c.Freeze = []string{"attn.q"} },
		"shares from 0":     func(c *Config) { c.Warmup = 2 },
		"batch of 1":        func(c *Config) { c.BatchTokens = 1 },
		"micro-batches":     func(c *Config) { c.MicroTokens = 1 },
	} {
		c := tinyTrain()
		change(&c)
		_, err := Fit(context.Background(), newModel(t), counting(3, 1), nil, c, Options{})
		if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", want, err)
		}
	}
}

func TestFreezer(t *testing.T) {
	llama := tinyConfig()
	llama.Layers = 12
	gpt2 := gpt2Config()
	for _, test := range []struct {
		c        model.Config
		patterns string
		frozen   []string
		trained  []string
	}{
		{llama, "embed_tokens", []string{"model.embed_tokens.weight"}, []string{"model.norm.weight"}},
		{llama, "layers.0-3", []string{"model.layers.0.mlp.up_proj.weight", "model.layers.3.input_layernorm.weight"},
			[]string{"model.layers.4.mlp.up_proj.weight", "model.layers.10.mlp.up_proj.weight", "model.embed_tokens.weight"}},
		{llama, "layers.1", []string{"model.layers.1.mlp.up_proj.weight"}, []string{"model.layers.10.mlp.up_proj.weight", "model.layers.11.mlp.up_proj.weight"}},
		{llama, "self_attn.q_proj layers.2.mlp", []string{"model.layers.7.self_attn.q_proj.weight", "model.layers.2.mlp.down_proj.weight"},
			[]string{"model.layers.7.self_attn.k_proj.weight", "model.layers.3.mlp.down_proj.weight"}},
		{llama, "layers.*.mlp", []string{"model.layers.5.mlp.gate_proj.weight"}, []string{"model.layers.5.self_attn.o_proj.weight"}},
		{llama, "norm", []string{"model.norm.weight"}, []string{"model.layers.0.input_layernorm.weight"}},
		{gpt2, "layers.0 wpe", []string{"transformer.h.0.attn.c_attn.weight", "transformer.h.0.attn.c_attn.bias", "transformer.wpe.weight"},
			[]string{"transformer.h.1.attn.c_attn.bias", "transformer.wte.weight"}},
	} {
		frozen, err := freezer(strings.Fields(test.patterns), test.c)
		if err != nil {
			t.Errorf("%s: %v", test.patterns, err)
			continue
		}
		for want, names := range map[bool][]string{true: test.frozen, false: test.trained} {
			for _, name := range names {
				if frozen(name) != want {
					t.Errorf("%s: %s is frozen: %t", test.patterns, name, !want)
				}
			}
		}
	}
	for patterns, want := range map[string]string{
		"q_proj qproj":                    `"qproj" names no module; there are model.embed_tokens, model.layers.0-11.input_layernorm`,
		"layers.12":                       "names no module",
		"lm_head":                         "names no module", // tied: embed_tokens is its name
		"layers.5-2":                      "names no module",
		"":                                "",
		"embed_tokens layers.0-11 norm":   "leaves nothing to train",
		"model.embed_tokens.weight":       "names no module",
		"model.layers.3.mlp.up_proj.bias": "names no module",
	} {
		_, err := freezer(strings.Fields(patterns), llama)
		if (want == "") != (err == nil) || (err != nil && !strings.Contains(err.Error(), want)) {
			t.Errorf("freeze %q gives %v, want %q", patterns, err, want)
		}
	}
}

// TestFreezeTrainsTheRest wants frozen weights to keep their bits and all
// others to move.
func TestFreezeTrainsTheRest(t *testing.T) {
	m, before := newModel(t), newModel(t)
	c := tinyTrain()
	c.Epochs, c.Freeze = 2, []string{"embed_tokens", "layers.0"}
	if _, err := Fit(context.Background(), m, counting(40, 1), nil, c, Options{}); err != nil {
		t.Fatal(err)
	}
	for i, tensor := range m.Tensors {
		changed := false
		for j, v := range tensor.Data {
			changed = changed || v != before.Tensors[i].Data[j]
		}
		if frozen := tensor.Name == model.EmbedName || strings.Contains(tensor.Name, "layers.0."); changed == frozen {
			t.Errorf("%s: changed is %v", tensor.Name, changed)
		}
	}
}
