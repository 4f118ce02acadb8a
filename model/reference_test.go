package model

import (
	"encoding/json"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"adapt/internal/reference"
	"adapt/nn"

	G "gorgonia.org/gorgonia"
)

// referenceModel is m with its adapter, which may be nil, in float64, as its
// config.json describes it.
func referenceModel(t *testing.T, m *Model, a *Adapter) reference.Model {
	t.Helper()
	r := reference.Model{Config: referenceConfig(t, m.Config), Weights: map[string][]float64{}, Adapters: map[string]reference.Adapter{}}
	for _, tensor := range m.Tensors {
		r.Weights[tensor.Name] = reference.Float64(tensor.Data)
	}
	if a == nil {
		return r
	}
	for _, p := range a.Pairs {
		adapter := reference.Adapter{
			Rank: a.LoRA.R, Scale: float64(a.LoRA.Scale()), A: reference.Float64(p.A.Data), B: reference.Float64(p.B.Data),
		}
		if a.LoRA.DoRA {
			adapter.Magnitude = reference.Float64(p.Magnitude.Data)
		}
		r.Adapters[p.Name] = adapter
	}
	return r
}

func referenceConfig(t *testing.T, c Config) reference.Config {
	t.Helper()
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	r, err := reference.ParseConfig(b)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// referenceSequences makes sequences of those lengths: random tokens and
// weights, which predict the next token at about three positions of four.
func referenceSequences(vocab int, lengths []int, seed uint64) []reference.Sequence {
	rng := rand.New(rand.NewPCG(seed, 0))
	var sequences []reference.Sequence
	for _, n := range lengths {
		var s reference.Sequence
		for range n {
			s.IDs = append(s.IDs, int32(rng.IntN(vocab)))
			s.Weights = append(s.Weights, float64(rng.IntN(4)+1)/4)
		}
		s.Targets = reference.NextTokens(s.IDs)
		for i := range s.Targets {
			if rng.IntN(4) == 0 {
				s.Targets[i] = -1
			}
		}
		sequences = append(sequences, s)
	}
	return sequences
}

// pack puts sequences into the batch of a net, one after the other, with
// padding after them.
func pack(n *Net, sequences []reference.Sequence, o reference.Objective) {
	b, at := n.Graph.Batch, 0
	b.Norm, b.Bounds, b.Prefix = float32(o.Norm), []int32{0}, nil
	for _, s := range sequences {
		for i := range s.IDs {
			b.IDs[at], b.Targets[at], b.Weights[at], b.Pos[at] = s.IDs[i], s.Targets[i], float32(s.Weights[i]), int32(i)
			at++
		}
		b.Bounds, b.Prefix = append(b.Bounds, int32(at)), append(b.Prefix, int32(s.Prefix))
	}
	for ; at < len(b.IDs); at++ {
		b.IDs[at], b.Targets[at] = 1, -1
	}
}

// TestReference compares the loss and the gradient of every weight with an
// independent implementation in float64, which runs the packed sequences one
// by one.
func TestReference(t *testing.T) {
	const tolerance = 1e-4
	change := func(name string, f func(c *Config)) Config {
		c := archConfigs()[name]
		f(&c)
		return c
	}
	for _, test := range []struct {
		name    string
		config  Config
		lora    *LoRA
		build   BuildOptions
		prefix  int   // of every sequence that is as long
		lengths []int // of the packed sequences; default 6, 1, 9
		o       reference.Objective
	}{
		{name: "llama, shared heads", config: smallConfig(true)},
		{name: "llama untied", config: smallConfig(false)},
		{name: "llama, two groups of wide heads", config: change("llama", func(c *Config) { c.Heads, c.KVHeads, c.HeadDim = 4, 2, 10 })},
		{name: "llama, a group each", config: change("llama", func(c *Config) { c.KVHeads = 3 })},
		{name: "llama at the kernels' width", lengths: []int{70, 3, 33}, config: change("llama", func(c *Config) {
			c.Hidden, c.Intermediate, c.Heads, c.KVHeads, c.VocabSize, c.MaxPositions = 128, 160, 2, 1, 300, 70
		})},
		{name: "llama, more rows than a chunk of the loss", lengths: []int{300, 299, 180}, o: reference.Objective{Norm: 1000}, config: change("llama", func(c *Config) {
			c.Layers, c.MaxPositions = 1, 300
		})},
		{name: "llama3 positions", config: change("llama", func(c *Config) {
			c.HeadDim, c.RopeScaling = 8, &RopeScaling{Type: "llama3", Factor: 8, LowFreq: 1, HighFreq: 4, Original: 64}
		})},
		{name: "linear positions", config: change("llama", func(c *Config) { c.RopeScaling = &RopeScaling{Type: "linear", Factor: 3} })},
		{name: "llama with biases", config: archConfigs()["llama with biases"]},
		{name: "mistral", config: archConfigs()["mistral"]},
		{name: "qwen2", config: archConfigs()["qwen2"]},
		{name: "gpt2", config: archConfigs()["gpt2"]},
		{name: "gpt2 untied, gelu by erf", config: change("gpt2", func(c *Config) { c.TieEmbeddings, c.HiddenAct = false, "gelu" })},
		{name: "llama, prefix", config: smallConfig(true), prefix: 4},
		{name: "gpt2, prefix, checkpointed", config: archConfigs()["gpt2"], prefix: 3, build: BuildOptions{Options: nn.Options{Checkpoint: true}}},
		{name: "gpt2, checkpointed", config: archConfigs()["gpt2"], build: BuildOptions{Options: nn.Options{Checkpoint: true}}},
		{name: "llama, checkpointed", config: smallConfig(false), build: BuildOptions{Options: nn.Options{Checkpoint: true}}},
		{name: "smoothed labels", config: smallConfig(true), o: reference.Objective{Norm: 5, Smoothing: 0.2}},
		{name: "lora, checkpointed", config: smallConfig(true), lora: &LoRA{R: 2, Alpha: 3}, build: BuildOptions{Options: nn.Options{Checkpoint: true}}},
		{name: "lora on gpt2", config: archConfigs()["gpt2"], lora: &LoRA{R: 2, Alpha: 3, RankStabilized: true}},
		{name: "dora", config: smallConfig(true), lora: &LoRA{R: 2, Alpha: 3, DoRA: true}},
		{name: "dora on gpt2", config: archConfigs()["gpt2"], lora: &LoRA{R: 2, Alpha: 3, DoRA: true}},
		{name: "lora", config: smallConfig(true), lora: &LoRA{R: 2, Alpha: 3}},
		{name: "lora on some", config: smallConfig(false), lora: &LoRA{R: 3, Alpha: 6, Targets: []string{"q_proj", "v_proj", "down_proj"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, err := New(test.config, 5)
			if err != nil {
				t.Fatal(err)
			}
			spread(m)
			var a *Adapter
			if test.lora != nil {
				a = roughAdapter(t, m.Config, *test.lora)
			}
			if test.lengths == nil {
				test.lengths = []int{6, 1, 9}
			}
			if test.o.Norm == 0 {
				test.o.Norm = 8
			}
			sequences := referenceSequences(m.Config.VocabSize, test.lengths, 7)
			for i := range sequences {
				sequences[i].Prefix = min(test.prefix, len(sequences[i].IDs))
			}
			want := referenceModel(t, m, a).Run(sequences, test.o)

			tokens := 2 // of padding
			for _, n := range test.lengths {
				tokens += n
			}
			test.build.Options.Threads, test.build.Options.Train = 2, true
			test.build.Smoothing, test.build.KL = float32(test.o.Smoothing), float32(test.o.KL)
			net, err := m.Build(a, tokens, test.build)
			if err != nil {
				t.Fatal(err)
			}
			pack(net, sequences, test.o)
			loss, gradients := step(t, net)
			if net, err = m.Build(a, tokens, test.build); err != nil {
				t.Fatal(err)
			}
			pack(net, sequences, test.o)
			onGorgonia, same := stepOnGorgonia(t, net)
			if loss != onGorgonia || !maps.EqualFunc(gradients, same, slices.Equal) {
				t.Error("Gorgonia's machine gives another loss or other gradients")
			}
			if e := reference.RelativeError([]float32{loss}, []float64{want.Loss}); e > tolerance {
				t.Errorf("loss %.7f, want %.7f", loss, want.Loss)
			}
			for _, p := range net.Params {
				name := strings.TrimPrefix(p.Name, "base_model.model.")
				if strings.HasSuffix(name, "lora_magnitude_vector") {
					name += ".weight"
				}
				w := want.Gradients[name]
				if got := gradients[p.Name]; len(got) != len(w) {
					t.Errorf("%s: %d gradients, want %d", p.Name, len(got), len(w))
				} else if e := reference.RelativeError(got, w); e > tolerance {
					t.Errorf("%s: the gradient is off by %.1e", p.Name, e)
				}
			}
			trained := len(m.Tensors)
			if a != nil {
				trained = len(a.Tensors())
			}
			if len(net.Params) != trained {
				t.Errorf("%d weights are trained, want %d", len(net.Params), trained)
			}
		})
	}
}

// spread moves every weight so far that all of them matter, but no further
// than float32 can follow at any width.
func spread(m *Model) {
	rng := rand.New(rand.NewPCG(2, 1))
	for _, t := range m.Tensors {
		for i := range t.Data {
			t.Data[i] += float32(rng.NormFloat64() / math.Sqrt(float64(m.Config.Hidden)))
		}
	}
}

// roughAdapter returns an adapter that changes its weights much.
func roughAdapter(t *testing.T, c Config, l LoRA) *Adapter {
	t.Helper()
	a, err := NewAdapter(c, l, 3)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(9, 9))
	for _, p := range a.Pairs {
		for i := range p.B.Data {
			p.B.Data[i] = float32(rng.NormFloat64() * 0.3)
		}
		for i := range p.Magnitude.Data {
			p.Magnitude.Data[i] = float32(1 + rng.Float64())
		}
	}
	return a
}

// step runs a net and returns its loss and the gradients by name. It runs
// twice, so that nothing of the first run may remain in the second.
func step(t *testing.T, net *Net) (loss float32, gradients map[string][]float32) {
	t.Helper()
	vm, err := net.Machine(false)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := vm.RunAll(); err != nil {
			t.Fatal(err)
		}
	}
	gradients = map[string][]float32{}
	for _, p := range net.Params {
		gradients[p.Name] = slices.Clone(p.Grad().Data().([]float32))
	}
	return vm.Value(net.Loss)[0], gradients
}

// stepOnGorgonia is step on a machine that shares no memory between results.
func stepOnGorgonia(t *testing.T, net *Net) (loss float32, gradients map[string][]float32) {
	t.Helper()
	var nodes G.Nodes
	for _, p := range net.Params {
		nodes = append(nodes, p.Node)
	}
	if _, err := G.Grad(net.Loss, nodes...); err != nil {
		t.Fatal(err)
	}
	vm := G.NewTapeMachine(net.Graph.ExprGraph)
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	gradients = map[string][]float32{}
	for _, p := range net.Params {
		gradients[p.Name] = slices.Clone(p.Grad().Data().([]float32))
	}
	return net.Loss.Value().Data().(float32), gradients
}

// TestReferenceShapes wants the reference and the model to have the same
// weights, for every architecture.
func TestReferenceShapes(t *testing.T) {
	for name, c := range archConfigs() {
		want := map[string]int{}
		for _, s := range referenceConfig(t, c).Shapes() {
			want[s.Name] = s.Rows * s.Cols
		}
		shapes := c.Shapes()
		if len(shapes) != len(want) {
			t.Errorf("%s: %d weights, want %d", name, len(shapes), len(want))
		}
		for _, s := range shapes {
			if want[s.Name] != s.size() {
				t.Errorf("%s: %s has %d values, want %d", name, s.Name, s.size(), want[s.Name])
			}
		}
	}
}
