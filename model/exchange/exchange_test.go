package exchange

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"adapt/generate"
	"adapt/internal/tiny"
	"adapt/model"
	"adapt/tokenizer"
)

var probe = []int32{1, 5, 9, 200, 31}

// same wants the models in two folders to give the same logits.
func same(t *testing.T, a, b string, tolerance float64) {
	t.Helper()
	var subjects []generate.Subject
	for _, dir := range []string{a, b} {
		m, err := model.Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		subjects = append(subjects, generate.Subject{Name: dir, Model: m})
		if _, err := tokenizer.Load(dir); err != nil {
			t.Errorf("the tokenizer of %s: %v", filepath.Base(dir), err)
		}
	}
	if err := generate.Same(probe, tolerance, subjects...); err != nil {
		t.Error(err)
	}
}

// TestRoundTrips exports a model and reads what other tools would.
func TestRoundTrips(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "base")
	tiny.Model(t, dir)
	for _, test := range []struct {
		format, kind string
		tolerance    float64
	}{{"hf", "f32", 0}, {"hf", "bf16", 0.05}, {"gguf", "f32", 1e-5}, {"gguf", "bf16", 0.05}, {"gguf", "q8_0", 0.05}} {
		t.Run(test.format+" "+test.kind, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			if test.format == "gguf" {
				out += ".gguf"
			}
			if err := Export(dir, out, test.format, test.kind); err != nil {
				t.Fatal(err)
			}
			back, err := Folder(out, filepath.Join(t.TempDir(), "back"))
			if err != nil {
				t.Fatal(err)
			}
			same(t, dir, back, test.tolerance)
			if err := Export(dir, out, test.format, test.kind); err == nil || !strings.Contains(err.Error(), "already") {
				t.Errorf("a second export to the same path gives %v", err)
			}
		})
	}
}

// TestAdapterAsBase merges an adapter into the folder that it names.
func TestAdapterAsBase(t *testing.T) {
	root := t.TempDir()
	base := filepath.Join(root, "base")
	tiny.Model(t, base)
	m, err := model.Load(base)
	if err != nil {
		t.Fatal(err)
	}
	a, err := model.NewAdapter(m.Config, model.LoRA{R: 2, Alpha: 4}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range a.Pairs {
		for j := range a.Pairs[i].B.Data {
			a.Pairs[i].B.Data[j] = float32(j%5) * 0.05
		}
	}
	if err := a.Save(filepath.Join(root, "adapter"), "../base"); err != nil {
		t.Fatal(err)
	}
	work := filepath.Join(root, "work")
	got, err := Folder(filepath.Join(root, "adapter"), work)
	if err != nil || got != work {
		t.Fatalf("Folder gives %s, %v", got, err)
	}
	merged, err := model.Load(work)
	if err != nil {
		t.Fatal(err)
	}
	if err := generate.Same(probe, 1e-4, generate.Subject{Name: "beside", Model: m, Adapter: a}, generate.Subject{Name: "merged", Model: merged}); err != nil {
		t.Error(err)
	}
	// The adapter of a trained model is exported as it is.
	if err := os.Rename(filepath.Join(root, "adapter"), filepath.Join(work, AdapterFolder)); err != nil {
		t.Fatal(err)
	}
	if err := Export(work, filepath.Join(root, "peft"), "peft", "f32"); err != nil {
		t.Fatal(err)
	}
	back, err := model.LoadAdapter(filepath.Join(root, "peft"), m.Config)
	if err != nil || back.Hash() != a.Hash() {
		t.Errorf("the exported adapter is another: %v", err)
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "model.txt")
	if err := os.WriteFile(text, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Folder(text, t.TempDir()); !errors.Is(err, ErrFormat) {
		t.Errorf("a text file gives %v", err)
	}
	if _, err := Folder(filepath.Join(dir, "none"), t.TempDir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing path gives %v", err)
	}
	base := filepath.Join(dir, "base")
	tiny.Model(t, base)
	m, err := model.Load(base)
	if err != nil {
		t.Fatal(err)
	}
	a, err := model.NewAdapter(m.Config, model.LoRA{R: 2, Alpha: 4}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Save(filepath.Join(dir, "adapter"), "someone/some-model"); err != nil {
		t.Fatal(err)
	}
	if _, err := Folder(filepath.Join(dir, "adapter"), filepath.Join(dir, "work")); err == nil || !strings.Contains(err.Error(), "someone/some-model") {
		t.Errorf("an adapter of a model on a hub gives %v", err)
	}
	for _, test := range []struct{ format, kind, want string }{
		{"onnx", "f32", "none of hf, peft, gguf"}, {"hf", "q8_0", "f32 or bf16"}, {"gguf", "int3", "none of f32"}, {"peft", "f32", "no adapter"},
	} {
		if err := Export(base, filepath.Join(dir, "out"), test.format, test.kind); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s as %s gives %v, want something with %q", test.format, test.kind, err, test.want)
		}
	}
}
