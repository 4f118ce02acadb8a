package train

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"adapt/model"
)

func tinyConfig() model.Config {
	return model.Config{
		ModelType: "llama", HiddenAct: "silu", VocabSize: 40, Hidden: 16, Intermediate: 24, Layers: 2,
		Heads: 4, KVHeads: 2, MaxPositions: 32, RopeTheta: 10000, NormEps: 1e-5, TieEmbeddings: true,
	}
}

// counting returns sequences that count upwards: easy to learn.
func counting(n int, seed uint64) []Sequence {
	rng := rand.New(rand.NewPCG(seed, 0))
	seqs := make([]Sequence, n)
	for i := range seqs {
		first := rng.IntN(30)
		ids := make([]int32, 4+rng.IntN(6))
		for j := range ids {
			ids[j] = int32((first + j) % 40)
		}
		seqs[i] = Sequence{ID: fmt.Sprint("s", i), IDs: ids}
	}
	return seqs
}

func tinyTrain() Config {
	return Config{Seed: 7, Epochs: 20, LearningRate: 1e-2, Warmup: 0.1, MinLR: 0.1, BatchTokens: 64, Clip: 1, WeightDecay: 0.01, Threads: 2}
}

func gpt2Config() model.Config {
	return model.Config{
		ModelType: "gpt2", HiddenAct: "gelu_new", VocabSize: 40, Hidden: 16, Intermediate: 64, Layers: 2,
		Heads: 4, KVHeads: 4, MaxPositions: 32, NormEps: 1e-5, TieEmbeddings: true,
	}
}

func newModel(t *testing.T) *model.Model {
	t.Helper()
	m, err := model.New(tinyConfig(), 1)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestFitLearns(t *testing.T) {
	for _, test := range []struct {
		lora *model.LoRA
		want float64 // share of the first dev loss; an adapter on random weights learns little
	}{{nil, 0.75}, {&model.LoRA{R: 4, Alpha: 8}, 0.95}} {
		m := newModel(t)
		c, lora := tinyTrain(), test.lora
		c.LoRA = lora
		res, err := Fit(context.Background(), m, counting(40, 1), counting(10, 2), c, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if res.DevLoss > test.want*res.FirstDev {
			t.Errorf("lora %v: dev loss went from %.3f to %.3f, want at most %.2f of it", lora, res.FirstDev, res.DevLoss, test.want)
		}
		if res.BestStep == 0 || res.Tokens == 0 || len(res.Curve) < 2 {
			t.Errorf("lora %v: result %+v", lora, res)
		}
	}
}

func TestLoRALeavesTheRestFrozen(t *testing.T) {
	m, before := newModel(t), newModel(t)
	c := tinyTrain()
	c.Epochs, c.LoRA = 2, &model.LoRA{R: 2, Alpha: 4, Targets: []string{"q_proj"}}
	if _, err := Fit(context.Background(), m, counting(40, 1), nil, c, Options{}); err != nil {
		t.Fatal(err)
	}
	for i, tensor := range m.Tensors {
		changed := false
		for j, v := range tensor.Data {
			changed = changed || v != before.Tensors[i].Data[j]
		}
		want := tensor.Name == model.LayerName(0, "self_attn.q_proj") || tensor.Name == model.LayerName(1, "self_attn.q_proj")
		if changed != want {
			t.Errorf("%s: changed is %v, want %v", tensor.Name, changed, want)
		}
	}
}
