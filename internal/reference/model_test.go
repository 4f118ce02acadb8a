package reference

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
)

// small returns a model of each architecture that is quick to check.
func small(architecture string) Config {
	c := Config{Architecture: architecture, Vocab: 7, Hidden: 8, Intermediate: 6, Layers: 2, Heads: 4, KVHeads: 2, Eps: 1e-2, RopeTheta: 50}
	switch architecture {
	case GPT2:
		c.KVHeads, c.Heads, c.Positions, c.Tied = 0, 2, 6, true
	case Mistral:
		c.Window = 3
	}
	return c
}

func sequences() []Sequence {
	first := []int32{3, 1, 6, 0, 3}
	return []Sequence{
		{IDs: first, Targets: NextTokens(first), Weights: []float64{1, 0.5, 2, 0, 1}},
		{IDs: []int32{2, 5, 4}, Targets: []int32{-1, 4, 1}},
	}
}

// TestModels compares the gradients of whole models, up to 16 elements of each
// weight, with finite differences of the loss.
func TestModels(t *testing.T) {
	teach := func(s []Sequence) {
		for i := range s {
			s[i].Teacher = random(len(s[i].IDs)*7, 0, 1, 8, uint64(i))
		}
	}
	q0, down1 := "model.layers.0.self_attn.q_proj.weight", "model.layers.1.mlp.down_proj.weight"
	for _, test := range []struct {
		name     string
		config   Config
		change   func(c *Config)
		batch    func(s []Sequence)
		o        Objective
		adapters []string
		dora     bool
	}{
		{name: "gpt2", config: small(GPT2)},
		{name: "gpt2 untied, gelu by erf", config: small(GPT2), change: func(c *Config) { c.Tied, c.ErfGELU = false, true }},
		{name: "gpt2 lora", config: small(GPT2), adapters: []string{"transformer.h.0.attn.c_attn.weight", "transformer.h.1.mlp.c_fc.weight"}},
		{name: "llama", config: small(Llama)},
		{name: "llama tied, wide heads", config: small(Llama), change: func(c *Config) { c.Tied, c.HeadDim = true, 4 }},
		{name: "llama3 positions", config: small(Llama), change: func(c *Config) {
			c.RopeScaling = &Llama3Scaling{Factor: 4, LowFreqFactor: 1, HighFreqFactor: 4, OriginalPositions: 12}
		}},
		{name: "llama with biases, slow positions", config: small(Llama), change: func(c *Config) {
			c.AttentionBias, c.MLPBias, c.RopeFactor = true, true, 2
		}},
		{name: "mistral", config: small(Mistral)},
		{name: "qwen2", config: small(Qwen2)},
		{name: "prefix", config: small(Llama), batch: func(s []Sequence) { s[0].Prefix, s[1].Prefix = 3, 2 }},
		{name: "smoothing", config: small(Llama), o: Objective{Smoothing: 0.1, Norm: 3}},
		{name: "kl", config: small(Llama), batch: teach, o: Objective{KL: 0.7}},
		{name: "lora", config: small(Llama), adapters: []string{q0, down1}},
		{name: "dora", config: small(Qwen2), adapters: []string{q0, down1}, dora: true},
		{name: "all", config: small(Mistral), batch: func(s []Sequence) { teach(s); s[0].Prefix = 2 }, o: Objective{Norm: 4, Smoothing: 0.2, KL: 0.3}, adapters: []string{q0, down1}, dora: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.change != nil {
				test.change(&test.config)
			}
			m, batch := Model{Config: test.config, Weights: test.config.RandomWeights(5), Adapters: map[string]Adapter{}}, sequences()
			if test.batch != nil {
				test.batch(batch)
			}
			for i, name := range test.adapters {
				a := test.config.RandomAdapter(name, 2, 1.5, test.dora, uint64(i))
				a.ThroughNorm = true
				m.Adapters[name] = a
			}
			res, params := m.Run(batch, test.o), m.parameters()
			if len(res.Gradients) != len(params) {
				t.Errorf("%d gradients of %d parameters", len(res.Gradients), len(params))
			}
			for _, name := range slices.Sorted(maps.Keys(params)) {
				got, x := res.Gradients[name], params[name]
				if len(got) != len(x) {
					t.Fatalf("%s: %d gradients of %d values", name, len(got), len(x))
				}
				for i := 0; i < len(x); i += 1 + len(x)/16 {
					want := derivative(func([]float64) float64 { _, r, _ := m.forward(batch, test.o); return r.Loss }, x, i)
					if math.Abs(got[i]-want) > 1e-7*max(1, math.Abs(want)) {
						t.Errorf("%s[%d]: gradient %.9f, finite difference %.9f", name, i, got[i], want)
					}
				}
			}
		})
	}
}

// parameters lists everything that has a gradient, under its name there.
func (m Model) parameters() map[string][]float64 {
	p := maps.Clone(m.Weights)
	for name, a := range m.Adapters {
		module := strings.TrimSuffix(name, "weight")
		p[module+"lora_A.weight"], p[module+"lora_B.weight"] = a.A, a.B
		if a.Magnitude != nil {
			p[module+"lora_magnitude_vector.weight"] = a.Magnitude
		}
	}
	return p
}

// TestParts wants the loss to be what CrossEntropy and KL make of the logits,
// and the loss and gradients of two sequences to be the sums of each one's.
func TestParts(t *testing.T) {
	m := Model{Config: small(Llama), Weights: small(Llama).RandomWeights(1)}
	batch := sequences()
	for i := range batch {
		batch[i].Teacher = random(len(batch[i].IDs)*7, 0, 1, 8, uint64(i))
	}
	o := Objective{Norm: 5, Smoothing: 0.1, KL: 0.5}
	both, first, second := m.Run(batch, o), m.Run(batch[:1], o), m.Run(batch[1:], o)
	want := 0.0
	for i, s := range batch {
		want += CrossEntropy(both.Logits[i], 7, s.Targets, s.Weights, 0.1) + 0.5*KL(s.Teacher, both.Logits[i], 7, s.Targets, s.Weights)
	}
	near(t, "loss", []float64{both.Loss, (both.CrossEntropy + 0.5*both.KL) / 5, first.Loss + second.Loss}, []float64{want / 5, want / 5, want / 5})
	for name, g := range both.Gradients {
		sum := slices.Clone(first.Gradients[name])
		for i, v := range second.Gradients[name] {
			sum[i] += v
		}
		near(t, name, sum, g)
	}
	near(t, "loss over the sum of weights", []float64{m.Run(batch, Objective{}).Loss}, []float64{m.Run(batch, Objective{Norm: 5.5}).Loss})
	for i := range batch {
		batch[i].Teacher = both.Logits[i]
	}
	if kl := m.Run(batch, o).KL; math.Abs(kl) > 1e-12 {
		t.Errorf("divergence from itself %g", kl)
	}
}

// TestReach changes one token and wants the logits to change at the positions
// that see it, through two layers, and nowhere else.
func TestReach(t *testing.T) {
	for _, test := range []struct {
		architecture            string
		prefix, changed, window int
		want                    string
	}{
		{GPT2, 0, 3, 0, "000111"},
		{Llama, 0, 3, 0, "000111"},
		{Llama, 4, 3, 0, "111111"},
		{Llama, 3, 3, 0, "000111"},
		{Mistral, 0, 0, 3, "111110"}, // two layers of a window of 3 reach four back
		{Mistral, 0, 0, 2, "111000"},
	} {
		c := small(test.architecture)
		c.Window = test.window
		m := Model{Config: c, Weights: c.RandomWeights(2)}
		s := Sequence{IDs: []int32{0, 1, 2, 3, 4, 5}, Prefix: test.prefix}
		before := m.Run([]Sequence{s}, Objective{}).Logits[0]
		s.IDs[test.changed] = 6
		after := m.Run([]Sequence{s}, Objective{}).Logits[0]
		got := ""
		for i := range s.IDs {
			if slices.Equal(before[i*7:(i+1)*7], after[i*7:(i+1)*7]) {
				got += "0"
			} else {
				got += "1"
			}
		}
		if got != test.want {
			t.Errorf("%+v: %s changed", test, got)
		}
	}
}

// TestAdapters merges an adapter into its weight by hand and wants the same
// loss. It also wants the gradients of DoRA with a constant norm to be those of
// the loss when the factor Magnitude/norm is held.
func TestAdapters(t *testing.T) {
	const name = "model.layers.1.self_attn.k_proj"
	c := small(Llama)
	for _, dora := range []bool{false, true} {
		t.Run(fmt.Sprintf("dora=%v", dora), func(t *testing.T) {
			m, a := Model{Config: c, Weights: c.RandomWeights(3)}, c.RandomAdapter(name+".weight", 2, 1.5, dora, 4)
			out, in := 4, 8
			merged := func(lengths []float64) []float64 {
				w := slices.Clone(m.Weights[name+".weight"])
				for o := range out {
					for i := range in {
						for r := range 2 {
							w[o*in+i] += 1.5 * a.B[o*2+r] * a.A[r*in+i]
						}
						if dora {
							w[o*in+i] *= a.Magnitude[o] / lengths[o]
						}
					}
				}
				return w
			}
			var lengths []float64
			plain := a
			plain.Magnitude = nil
			v := m.with(name, plain)
			for o := range out {
				sum := 0.0
				for _, x := range v[o*in : (o+1)*in] {
					sum += x * x
				}
				lengths = append(lengths, math.Sqrt(sum))
			}
			beside := Model{Config: c, Weights: m.Weights, Adapters: map[string]Adapter{name + ".weight": a}}.Run(sequences(), Objective{})
			held := func([]float64) float64 {
				weights := maps.Clone(m.Weights)
				weights[name+".weight"] = merged(lengths)
				return Model{Config: c, Weights: weights}.Run(sequences(), Objective{}).Loss
			}
			near(t, "loss", []float64{beside.Loss}, []float64{held(nil)})
			near(t, "gradient of A", beside.Gradients[name+".lora_A.weight"], Gradient(held, a.A))
			near(t, "gradient of B", beside.Gradients[name+".lora_B.weight"], Gradient(held, a.B))
			if dora {
				near(t, "gradient of the magnitude", beside.Gradients[name+".lora_magnitude_vector.weight"], Gradient(held, a.Magnitude))
			}
		})
	}
}

// with is the weight with its low-rank update.
func (m Model) with(name string, a Adapter) []float64 {
	w := slices.Clone(m.Weights[name+".weight"])
	in := len(a.A) / a.Rank
	low := Linear(a.B, transposed(a.A, a.Rank, in), nil, a.Rank, in)
	for i := range w {
		w[i] += a.Scale * low[i]
	}
	return w
}

func transposed(x []float64, rows, cols int) []float64 {
	y := make([]float64, len(x))
	for r := range rows {
		for c := range cols {
			y[c*rows+r] = x[r*cols+c]
		}
	}
	return y
}

func TestStrict(t *testing.T) {
	for what, change := range map[string]func(m *Model){
		"a missing weight": func(m *Model) { delete(m.Weights, "model.norm.weight") },
		"a short weight":   func(m *Model) { m.Weights["model.norm.weight"] = []float64{1} },
		"an extra weight":  func(m *Model) { m.Weights["model.norm.bias"] = make([]float64, 8) },
		"a lost adapter":   func(m *Model) { m.Adapters = map[string]Adapter{"q_proj": {Rank: 1}} },
	} {
		m := Model{Config: small(Llama), Weights: small(Llama).RandomWeights(1)}
		change(&m)
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s passed", what)
				}
			}()
			m.Run(sequences(), Objective{})
		}()
	}
}
