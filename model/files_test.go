package model

import (
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func saved(t *testing.T, m *Model) string {
	t.Helper()
	dir := t.TempDir()
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestSaveAndLoad(t *testing.T) {
	for name, c := range archConfigs() {
		for _, tied := range []bool{true, false} {
			c.TieEmbeddings = tied
			m, err := New(c, 5)
			if err != nil {
				t.Fatal(err)
			}
			roughen(m, 1)
			back, err := Load(saved(t, m))
			if err != nil {
				t.Fatal(err)
			}
			if back.Hash() != m.Hash() {
				t.Errorf("%s, tied %v: the weights came back changed", name, tied)
			}
			if &back.Tensor(HeadName)[0] == &back.Tensor(c.Parts().Embed)[0] != tied {
				t.Errorf("%s, tied %v: head and embeddings share memory wrongly", name, tied)
			}
		}
	}
}

func TestBFloat16(t *testing.T) {
	m, err := New(smallConfig(true), 5)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := m.SaveBF16(dir); err != nil {
		t.Fatal(err)
	}
	back, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, tensor := range m.Tensors {
		for j, v := range tensor.Data {
			if got := back.Tensors[i].Data[j]; math.Abs(float64(got-v)) > math.Abs(float64(v))/256 {
				t.Fatalf("%s[%d]: %g came back as %g", tensor.Name, j, v, got)
			}
		}
	}
}

// TestLoadIsStrict damages a model folder in every way and wants an error that
// names what is wrong.
func TestLoadIsStrict(t *testing.T) {
	edit := func(old, new string) func(dir string) error {
		return func(dir string) error {
			path := filepath.Join(dir, "config.json")
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(path, []byte(strings.Replace(string(b), old, new, 1)), 0o600)
		}
	}
	weights := func(change func(b []byte) []byte) func(dir string) error {
		return func(dir string) error {
			path := filepath.Join(dir, "model.safetensors")
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(path, change(b), 0o600)
		}
	}
	for _, test := range []struct {
		name, want string
		is         error
		damage     func(dir string) error
	}{
		{"no weights", "no weights", ErrNoWeights, func(dir string) error { return os.Remove(filepath.Join(dir, "model.safetensors")) }},
		{"no config", "Hugging Face model folder", nil, func(dir string) error { return os.Remove(filepath.Join(dir, "config.json")) }},
		{"another architecture", "model_type", ErrUnsupported, edit(`"llama"`, `"mamba"`)},
		{"biases", `"model.layers.0.self_attn.q_proj.bias"`, nil, edit(`"attention_bias": false`, `"attention_bias": true`)},
		{"another activation", "relu", ErrUnsupported, edit(`"silu"`, `"relu"`)},
		{"scaled positions", "yarn", ErrUnsupported, edit(`"rope_theta"`, `"rope_scaling": {"rope_type": "yarn", "factor": 2}, "rope_theta"`)},
		{"one layer more", `"model.layers.2.`, nil, edit(`"num_hidden_layers": 2`, `"num_hidden_layers": 3`)},
		{"one layer less", `"model.layers.1.`, nil, edit(`"num_hidden_layers": 2`, `"num_hidden_layers": 1`)},
		{"another width", "has shape", nil, edit(`"intermediate_size": 20`, `"intermediate_size": 22`)},
		{"huge vocabulary", "vocabulary", nil, edit(`"vocab_size": 30`, `"vocab_size": 3000000000`)},
		{"cut off", "outside the file", nil, weights(func(b []byte) []byte { return b[:len(b)-8] })},
		{"empty", "no header", nil, weights(func([]byte) []byte { return nil })},
		{"long header", "header says", nil, weights(func(b []byte) []byte { binary.LittleEndian.PutUint64(b, 1<<40); return b })},
		{"unknown type", "I64", ErrUnsupported, weights(func(b []byte) []byte { return []byte(strings.Replace(string(b), `"F32"`, `"I64"`, 1)) })},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, err := New(smallConfig(true), 5)
			if err != nil {
				t.Fatal(err)
			}
			dir := saved(t, m)
			if err := test.damage(dir); err != nil {
				t.Fatal(err)
			}
			_, err = Load(dir)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Load says %v, want something with %q", err, test.want)
			}
			if test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("Load says %v, want it to be %v", err, test.is)
			}
		})
	}
}

func FuzzSafetensors(f *testing.F) {
	m, err := New(Config{
		ModelType: "llama", HiddenAct: "silu", VocabSize: 3, Hidden: 2, Intermediate: 2, Layers: 1, Heads: 1, KVHeads: 1,
		MaxPositions: 2, RopeTheta: 1, NormEps: 1, TieEmbeddings: true,
	}, 1)
	if err != nil {
		f.Fatal(err)
	}
	path := filepath.Join(f.TempDir(), "seed")
	if err := WriteTensors(path, m.Tensors); err != nil {
		f.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "model.safetensors")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		_, _ = readModel(m.Config, []string{path}) // must not panic
	})
}
