package model

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files again")

// TestGolden compares the names, shapes and hashes of what a save writes for
// each architecture with testdata/tensors.
func TestGolden(t *testing.T) {
	for name, c := range archConfigs() {
		m, err := New(c, 7)
		if err != nil {
			t.Fatal(err)
		}
		for i := range m.Tensors { // nothing of the machine's mathematics
			for j := range m.Tensors[i].Data {
				m.Tensors[i].Data[j] = float32((i+1)*(j+1)%97) / 64
			}
		}
		dir := saved(t, m)
		var b strings.Builder
		config, err := os.ReadFile(filepath.Join(dir, configFile))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s\n", config)
		for _, s := range m.storedTensors() {
			h := sha256.New()
			for _, v := range s.data() {
				bits := math.Float32bits(v)
				h.Write([]byte{byte(bits), byte(bits >> 8), byte(bits >> 16), byte(bits >> 24)})
			}
			fmt.Fprintf(&b, "%s %v %s\n", s.Name, s.Shape, hex.EncodeToString(h.Sum(nil)))
		}
		path := filepath.Join("testdata", "tensors", strings.ReplaceAll(name, " ", "-")+".txt")
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if b.String() != string(want) {
			t.Errorf("%s: a save writes\n%s\nand %s has\n%s", name, b.String(), path, want)
		}
	}
}

func TestShards(t *testing.T) {
	m, err := New(archConfigs()["gpt2"], 5)
	if err != nil {
		t.Fatal(err)
	}
	roughen(m, 1)
	dir := saved(t, m)
	if err := m.save(dir, "F32", 2000); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.safetensors"))
	if err != nil || len(files) < 4 {
		t.Fatalf("the folder has %v; %v", files, err)
	}
	if err := m.VerifySaved(dir, nil); err != nil {
		t.Error(err)
	}
	var index struct {
		Metadata struct {
			TotalSize int `json:"total_size"`
		}
		WeightMap map[string]string `json:"weight_map"`
	}
	b, err := os.ReadFile(filepath.Join(dir, indexFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &index); err != nil {
		t.Fatal(err)
	}
	if len(index.WeightMap) != len(m.Tensors) || index.Metadata.TotalSize != 4*m.Config.Params() {
		t.Errorf("the index has %d tensors of %d bytes, want %d of %d", len(index.WeightMap), index.Metadata.TotalSize, len(m.Tensors), 4*m.Config.Params())
	}
	if err := os.Remove(files[1]); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), filepath.Base(files[1])) {
		t.Errorf("Load without a shard says %v", err)
	}
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	if err := m.VerifySaved(dir, nil); err != nil {
		t.Error(err)
	}
}

func TestKeptFiles(t *testing.T) {
	m, err := New(smallConfig(true), 5)
	if err != nil {
		t.Fatal(err)
	}
	m.Config.EOS = 3
	dir := saved(t, m)
	files := map[string]string{
		generationFile: `{"eos_token_id": [5, 6], "temperature": 0.7}`, "tokenizer_config.json": `{"chat_template": "old"}`,
		"chat_template.jinja": "{{ messages }}",
	}
	back, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := back.EOS(); !slices.Equal(got, []int32{3}) || back.ChatTemplate() != "" {
		t.Errorf("EOS is %v and the template %q", got, back.ChatTemplate())
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if back, err = Load(dir); err != nil {
		t.Fatal(err)
	}
	if got := back.EOS(); !slices.Equal(got, []int32{5, 6}) || back.ChatTemplate() != "{{ messages }}" {
		t.Errorf("EOS is %v and the template %q", got, back.ChatTemplate())
	}
	out := saved(t, back)
	for name, text := range files {
		if b, err := os.ReadFile(filepath.Join(out, name)); err != nil || string(b) != text {
			t.Errorf("%s came back as %q; %v", name, b, err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, generationFile), []byte(`{"eos_token_id": "x"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), generationFile) {
		t.Errorf("Load says %v", err)
	}
}

func TestVerifySaved(t *testing.T) {
	m, err := New(smallConfig(true), 5)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := m.SaveBF16(dir); err != nil {
		t.Fatal(err)
	}
	if err := m.VerifySaved(dir, nil); err != nil {
		t.Error(err)
	}
	sum := 0
	forward := func(*Model) ([]float32, error) { sum++; return []float32{1, float32(sum)}, nil }
	if err := m.VerifySaved(dir, forward); err == nil || !strings.Contains(err.Error(), "logit 1 is 2, want 1") {
		t.Errorf("other logits: %v", err)
	}
	m.Tensor(NormName)[2] = 3
	if err := m.VerifySaved(dir, nil); err == nil || !strings.Contains(err.Error(), `"model.norm.weight": element 2`) {
		t.Errorf("another weight: %v", err)
	}
}
