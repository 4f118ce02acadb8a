package train

import (
	"context"
	"fmt"
	"math"
	"testing"

	"adapt/model"
)

// prepared returns a run that is ready for its first step.
func prepared(t testing.TB, m *model.Model, seqs []Sequence, c Config, opt Options) *run {
	t.Helper()
	r := &run{m: m, c: c.withDefaults(), opt: opt}
	if err := r.prepare(seqs, nil); err != nil {
		t.Fatal(err)
	}
	return r
}

// gradients returns the gradient of each weight for one step of sequences.
func gradients(t *testing.T, r *run, seqs []Sequence, which []int) ([][]float32, sums) {
	t.Helper()
	sum, err := r.step.gradients(seqs, r.bins.split(which, seqs), r.c.Seed, 0)
	if err != nil {
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
	return out, sum
}

// near compares gradients up to float32's rounding.
func near(t *testing.T, what string, got, want [][]float32) {
	t.Helper()
	for i := range want {
		for j := range want[i] {
			if g, w := float64(got[i][j]), float64(want[i][j]); !(math.Abs(g-w) <= 1e-6+1e-4*math.Abs(w)) {
				t.Fatalf("%s: gradient %d[%d] is %g, want %g", what, i, j, g, w)
			}
		}
	}
}

// TestPackedEqualsAlone compares the gradient of two sequences in one step
// with the weighted mean of their gradients alone.
func TestPackedEqualsAlone(t *testing.T) {
	m, seqs := newModel(t), []Sequence{counting(1, 3)[0], masked("half", 12, 6, 12)}
	c := Config{BatchTokens: 32, Threads: 1, LearningRate: 1, Epochs: 1}
	r := prepared(t, m, seqs, c, Options{})
	packed, _ := gradients(t, r, seqs, []int{0, 1})
	a, _ := gradients(t, r, seqs, []int{0})
	b, _ := gradients(t, r, seqs, []int{1})
	na, nb := seqs[0].trained(), seqs[1].trained()
	for i := range a {
		for j := range a[i] {
			a[i][j] = float32((float64(a[i][j])*na + float64(b[i][j])*nb) / (na + nb))
		}
	}
	near(t, "packed", packed, a)
}

// TestMicroBatchesEqualOne wants the same loss and gradients from a step at once
// and in parts, and the same again when nothing was cleared in between.
func TestMicroBatchesEqualOne(t *testing.T) {
	for name, change := range map[string]func(c *Config){
		"full": func(c *Config) {},
		"lora": func(c *Config) { c.LoRA = &model.LoRA{R: 2, Alpha: 4} },
		"dora": func(c *Config) {
			c.LoRA = &model.LoRA{R: 2, Alpha: 4, DoRA: true, ModulesToSave: []string{"embed_tokens"}}
		},
		"frozen":        func(c *Config) { c.Freeze = []string{"layers.0", "embed_tokens"} },
		"checkpointing": func(c *Config) { c.Checkpointing = true },
		"smoothing":     func(c *Config) { c.Smoothing = 0.1 },
		"divergence":    func(c *Config) { c.KL = 0.5 },
	} {
		for _, tied := range []bool{true, false} {
			t.Run(fmt.Sprint(name, " tied ", tied), func(t *testing.T) {
				seqs := append(counting(20, 3), masked("a", 20, 9, 15), masked("b", 17, 16, 17))
				which := make([]int, len(seqs))
				for i := range which {
					which[i] = i
				}
				c := Config{Seed: 1, BatchTokens: 256, Threads: 2, LearningRate: 1e-3, Steps: 3, Clip: 1}
				change(&c)
				config := tinyConfig()
				config.TieEmbeddings = tied
				fit := func(micro int) *run {
					m, err := model.New(config, 1)
					if err != nil {
						t.Fatal(err)
					}
					c.MicroTokens = micro
					return prepared(t, m, seqs, c, Options{})
				}
				one := fit(0)
				want, whole := gradients(t, one, seqs, which)
				for _, micro := range []int{128, 40, 20} {
					r := fit(micro)
					if n := len(r.bins.split(which, seqs)); n < 2 {
						t.Fatalf("%d rows give %d micro-batches", micro, n)
					}
					got, sum := gradients(t, r, seqs, which)
					near(t, fmt.Sprint(micro, " rows"), got, want)
					if math.Abs(sum.loss-whole.loss) > 1e-3 || sum.weight != whole.weight {
						t.Errorf("%d rows: loss %g of weight %g, want %g of %g", micro, sum.loss, sum.weight, whole.loss, whole.weight)
					}
					again, _ := gradients(t, r, seqs, which)
					near(t, fmt.Sprint(micro, " rows again"), again, want)
				}
			})
		}
	}
}

func TestSameSeedSameWeights(t *testing.T) {
	fit := func(seed uint64, threads int) string {
		m := newModel(t)
		c := tinyTrain()
		c.Epochs, c.Seed, c.Threads, c.NEFTune, c.MicroTokens = 2, seed, threads, 5, 32
		if _, err := Fit(context.Background(), m, counting(40, 1), nil, c, Options{}); err != nil {
			t.Fatal(err)
		}
		return m.Hash()
	}
	first := fit(7, 1)
	if again := fit(7, 1); first != again {
		t.Error("the same seed gives other weights")
	}
	if first != fit(7, 3) {
		t.Error("the number of threads changes the weights")
	}
	if fit(7, 1) == fit(8, 1) {
		t.Error("another seed gives the same weights")
	}
}

func TestBatchSeeds(t *testing.T) {
	seen := map[uint64]string{}
	for seed := range uint64(3) {
		for step := range 50 {
			for micro := range 8 {
				s, at := batchSeed(seed, step, micro), fmt.Sprint(seed, step, micro)
				if other, ok := seen[s]; ok {
					t.Errorf("%s has the seed of %s", at, other)
				}
				seen[s] = at
			}
		}
	}
}
