package train

import (
	"context"
	"errors"
	"fmt"
	"math"
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

// TestResumeIsBitIdentical stops a run after every few steps, takes it up with
// another number of threads, and wants the weights of an undisturbed run.
func TestResumeIsBitIdentical(t *testing.T) {
	for _, lora := range []*model.LoRA{nil, {R: 2, Alpha: 4}} {
		c := tinyTrain()
		c.Epochs, c.LoRA = 4, lora
		whole := newModel(t)
		want, err := Fit(context.Background(), whole, counting(40, 1), counting(10, 2), c, Options{})
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		var got Result
		var m *model.Model
		for range 100 {
			m = newModel(t)
			c.Threads = 1 + c.Threads%3
			ctx, cancel := context.WithCancel(context.Background())
			steps := 0
			got, err = Fit(ctx, m, counting(40, 1), counting(10, 2), c, Options{Dir: dir, Progress: func(Progress) {
				if steps++; steps == 3 {
					cancel()
				}
			}})
			cancel()
			if err == nil {
				break
			}
			if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
		}
		if m.Hash() != whole.Hash() {
			t.Errorf("lora %v: weights differ after resuming", lora)
		}
		if fmt.Sprint(got.Steps, got.DevLoss, got.TrainLoss, len(got.Curve)) != fmt.Sprint(want.Steps, want.DevLoss, want.TrainLoss, len(want.Curve)) {
			t.Errorf("lora %v: results differ: %+v and %+v", lora, got, want)
		}
		c.LearningRate *= 2
		if _, err := Fit(context.Background(), newModel(t), counting(40, 1), counting(10, 2), c, Options{Dir: dir}); !errors.Is(err, ErrOtherRun) {
			t.Errorf("another configuration gives %v, want ErrOtherRun", err)
		}
	}
}

func TestOverlengthAndEmpty(t *testing.T) {
	long := Sequence{ID: "long", IDs: make([]int32, 100)}
	silent := Sequence{ID: "silent", IDs: []int32{1, 2, 3}, Loss: []float32{1, 0, 0}}
	c := tinyTrain()
	c.Epochs = 1
	if _, err := Fit(context.Background(), newModel(t), append(counting(3, 1), long), nil, c, Options{}); !errors.Is(err, ErrOverlength) {
		t.Errorf("overlength raise gives %v", err)
	}
	c.Overlength = "drop"
	res, err := Fit(context.Background(), newModel(t), append(counting(3, 1), long, silent), nil, c, Options{})
	if err != nil || res.Dropped != 2 || res.Sequences != 3 {
		t.Errorf("overlength drop gives %+v, %v; want 2 dropped of 5", res, err)
	}
	if _, err := Fit(context.Background(), newModel(t), []Sequence{silent}, nil, c, Options{}); !errors.Is(err, ErrNoData) {
		t.Errorf("no usable sequence gives %v", err)
	}
}

func TestDivergenceNamesTheExamples(t *testing.T) {
	m := newModel(t)
	m.Tensor(model.NormName)[0] = float32(math.NaN())
	_, err := Fit(context.Background(), m, counting(3, 1), nil, tinyTrain(), Options{})
	if !errors.Is(err, ErrDiverged) {
		t.Fatalf("got %v, want ErrDiverged", err)
	}
}

// TestPackedEqualsAlone compares the gradient of two sequences in one step
// with the sum of their gradients alone.
func TestPackedEqualsAlone(t *testing.T) {
	m := newModel(t)
	seqs := counting(2, 3)
	packed := gradients(t, m, seqs, []int{0, 1})
	a, b := gradients(t, m, seqs, []int{0}), gradients(t, m, seqs, []int{1})
	na, nb := seqs[0].trained(), seqs[1].trained()
	for i := range packed {
		for j := range packed[i] {
			want := (float64(a[i][j])*na + float64(b[i][j])*nb) / (na + nb)
			if math.Abs(float64(packed[i][j])-want) > 1e-5+1e-4*math.Abs(want) {
				t.Fatalf("gradient %d[%d] is %g packed and %g alone", i, j, packed[i][j], want)
			}
		}
	}
}

func gradients(t *testing.T, m *model.Model, seqs []Sequence, which []int) [][]float32 {
	t.Helper()
	r := &run{m: m, c: Config{BatchTokens: 32, Threads: 1, LearningRate: 1, Epochs: 1}.withDefaults()}
	if err := r.prepare(seqs, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := r.step.run(seqs, which); err != nil {
		t.Fatal(err)
	}
	var out [][]float32
	for _, p := range r.params {
		g, err := p.Grad()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, append([]float32(nil), g.Data().([]float32)...))
	}
	return out
}
