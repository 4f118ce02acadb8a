// Package tiny gives tests a model and documents on which the whole job takes
// seconds.
package tiny

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"adapt/model"
	"adapt/samples"
	"adapt/tokenizer"
)

// Config is an adapt.yaml for the domain medical over Reports, with the model
// of Model in the folder "base" beside it. Every candidate passes its gate.
const Config = `domain: medical
model: {base: base}
ingest: {batch: 4}
split: {dev: 0.2, test: 0.3}
train: {epochs: 2, learning_rate: 1e-3, batch_tokens: 256, max_tokens: 256, overlength: drop, checkpoint_seconds: 1, threads: 1, forgetting: {replay: none, kl: 0}}
eval: {bootstrap: 100, general_tokens: 200}
`

// Gate lets every candidate pass.
const Gate = "gates: [{metric: answer_rate, min: 0, min_documents: 1}]\n"

// Model writes the folder of a model with random weights: two layers, 32
// wide, with the starter's tokenizer.
func Model(t testing.TB, dir string) {
	t.Helper()
	tok, err := tokenizer.Starter()
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.New(model.Config{
		Architectures: []string{"LlamaForCausalLM"}, ModelType: "llama", VocabSize: tok.VocabSize(),
		Hidden: 32, Intermediate: 64, Layers: 2, Heads: 2, KVHeads: 2, MaxPositions: 512,
		RopeTheta: 10000, NormEps: 1e-5, TieEmbeddings: true, HiddenAct: "silu",
	}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	if err := tokenizer.Save(dir, tok); err != nil {
		t.Fatal(err)
	}
}

// Reports puts the sample radiology reports in plain text numbered from …
// to-1 into dir.
func Reports(t testing.TB, dir string, from, to int) {
	t.Helper()
	all := t.TempDir()
	if err := samples.Extract(all); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(all, "medical", "*.txt"))
	if err != nil || len(files) < to {
		t.Fatalf("%d sample reports, want %d; %v", len(files), to, err)
	}
	slices.Sort(files)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, f := range files[from:to] {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.ToLower(filepath.Base(f))
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
