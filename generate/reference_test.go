package generate

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"adapt/internal/reference"
	"adapt/model"
	"adapt/nn/kernel"
)

// referenceModel is m with an adapter in float64, as its config.json describes
// it; of stored weights what they decode to.
func referenceModel(t *testing.T, m *model.Model, a *model.Adapter) reference.Model {
	t.Helper()
	b, err := json.Marshal(m.Config)
	check(t, err)
	c, err := reference.ParseConfig(b)
	check(t, err)
	r := reference.Model{Config: c, Weights: map[string][]float64{}, Adapters: map[string]reference.Adapter{}}
	for _, tensor := range m.Tensors {
		data := tensor.Data
		if s := tensor.Stored; s != nil {
			data = make([]float32, s.Rows*s.Cols)
			s.DecodeRows(data, 0, s.Rows)
		}
		r.Weights[tensor.Name] = reference.Float64(data)
	}
	if a == nil {
		return r
	}
	for _, s := range a.Saved {
		r.Weights[s.Name] = reference.Float64(s.Data)
	}
	for _, p := range a.Pairs {
		to := reference.Adapter{Rank: a.LoRA.R, Scale: float64(a.LoRA.Scale()), A: reference.Float64(p.A.Data), B: reference.Float64(p.B.Data)}
		if a.LoRA.DoRA {
			to.Magnitude = reference.Float64(p.Magnitude.Data)
		}
		r.Adapters[p.Name] = to
	}
	return r
}

// randomModel returns a model in which every weight matters.
func randomModel(t testing.TB, c model.Config) *model.Model {
	t.Helper()
	m, err := model.New(c, 5)
	check(t, err)
	rng := rand.New(rand.NewPCG(2, 1))
	for _, tensor := range m.Tensors {
		roughen(tensor.Data, rng, 1/math.Sqrt(float64(c.Hidden)))
	}
	return m
}

func roughen(x []float32, rng *rand.Rand, by float64) {
	for i := range x {
		x[i] += float32(rng.NormFloat64() * by)
	}
}

// randomAdapter returns an adapter of m in which every weight matters.
func randomAdapter(t testing.TB, m *model.Model, l model.LoRA) *model.Adapter {
	t.Helper()
	a, err := model.NewAdapter(m.Config, l, 6)
	check(t, err)
	a.Start(m.Tensor)
	rng := rand.New(rand.NewPCG(4, 1))
	for _, tensor := range a.Tensors() {
		roughen(tensor.Data, rng, 0.2)
	}
	return a
}

// store puts the linear layers' weights, the embedding and the head into
// another form.
func store(t testing.TB, m *model.Model, kind kernel.Kind) {
	t.Helper()
	for i := range m.Tensors {
		tensor := &m.Tensors[i]
		if len(tensor.Shape) != 2 {
			continue
		}
		s, err := kernel.QuantizeMatrix(1, kind, tensor.Shape[0], tensor.Shape[1], tensor.Data)
		check(t, err)
		tensor.Stored, tensor.Data = s, nil
	}
}

func randomIDs(c model.Config, n int) []int32 {
	rng := rand.New(rand.NewPCG(3, 1))
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = int32(rng.IntN(c.VocabSize))
	}
	return ids
}

func llamaConfig() model.Config {
	return model.Config{
		ModelType: "llama", HiddenAct: "silu", VocabSize: 30, Hidden: 12, Intermediate: 20, Layers: 2,
		Heads: 3, KVHeads: 1, MaxPositions: 40, RopeTheta: 10000, NormEps: 1e-5,
	}
}

func gpt2Config() model.Config {
	return model.Config{
		ModelType: "gpt2", HiddenAct: "gelu_new", VocabSize: 30, Hidden: 12, Intermediate: 20, Layers: 2,
		Heads: 3, KVHeads: 3, MaxPositions: 40, NormEps: 1e-5, TieEmbeddings: true,
	}
}

// TestReference compares the decoder's logits with those of an independent
// implementation in float64: of all tokens at once, one by one, and in pieces
// that forget their end and read it again.
func TestReference(t *testing.T) {
	change := func(c model.Config, f func(c *model.Config)) model.Config {
		f(&c)
		return c
	}
	llama, gpt2 := llamaConfig(), gpt2Config()
	wide := change(llama, func(c *model.Config) {
		c.Hidden, c.Intermediate, c.Heads, c.KVHeads, c.VocabSize, c.MaxPositions = 128, 192, 2, 1, 100, 160
	})
	mistral := change(llama, func(c *model.Config) { c.ModelType, c.SlidingWindow = "mistral", 5 })
	qwen2 := change(llama, func(c *model.Config) { c.ModelType, c.TieEmbeddings = "qwen2", true })
	for _, test := range []struct {
		name   string
		config model.Config
		lora   *model.LoRA
		stored kernel.Kind
		prefix int
	}{
		{name: "llama", config: llama},
		{name: "llama tied", config: change(llama, func(c *model.Config) { c.TieEmbeddings = true })},
		{name: "llama, two groups of wide heads", config: change(llama, func(c *model.Config) { c.Heads, c.KVHeads, c.HeadDim = 4, 2, 10 })},
		{name: "llama at the kernels' width", config: wide},
		{name: "llama3 positions", config: change(llama, func(c *model.Config) {
			c.HeadDim, c.RopeScaling = 8, &model.RopeScaling{Type: "llama3", Factor: 8, LowFreq: 1, HighFreq: 4, Original: 64}
		})},
		{name: "llama with biases", config: change(llama, func(c *model.Config) { c.AttentionBias, c.MLPBias = true, true })},
		{name: "gpt2", config: gpt2},
		{name: "gpt2 with the exact GELU, untied", config: change(gpt2, func(c *model.Config) { c.HiddenAct, c.TieEmbeddings = "gelu", false })},
		{name: "qwen2", config: qwen2},
		{name: "mistral", config: mistral},
		{name: "mistral with a window beyond a tile", config: change(wide, func(c *model.Config) { c.ModelType, c.SlidingWindow = "mistral", 135 })},
		{name: "gpt2 with a prefix", config: gpt2, prefix: 11},
		{name: "llama with a prefix beyond a chunk", config: wide, prefix: 133},
		{name: "llama with LoRA", config: llama, lora: &model.LoRA{R: 2, Alpha: 3}},
		{name: "gpt2 with rank-stabilized LoRA", config: gpt2, lora: &model.LoRA{R: 4, Alpha: 3, RankStabilized: true, Targets: []string{"c_attn", "mlp.c_proj"}}},
		{name: "llama with DoRA", config: llama, lora: &model.LoRA{R: 2, Alpha: 3, DoRA: true}},
		{name: "gpt2 with DoRA and biases", config: gpt2, lora: &model.LoRA{R: 2, Alpha: 3, DoRA: true}},
		{name: "llama with modules to save", config: llama, lora: &model.LoRA{R: 2, Alpha: 3, Targets: []string{"q_proj"}, ModulesToSave: []string{"embed_tokens", "lm_head", "up_proj", "norm"}}},
		{name: "qwen2 with a tied module to save", config: qwen2, lora: &model.LoRA{R: 2, Alpha: 3, ModulesToSave: []string{"embed_tokens"}}},
		{name: "llama in bf16", config: wide, stored: kernel.BF16},
		{name: "llama in int8", config: wide, stored: kernel.Int8},
		{name: "llama in nf4 with DoRA", config: wide, stored: kernel.NF4, lora: &model.LoRA{R: 4, Alpha: 3, DoRA: true}},
		{name: "gpt2 in int8, odd widths", config: gpt2, stored: kernel.Int8},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := randomModel(t, test.config)
			var a *model.Adapter
			if test.lora != nil {
				a = randomAdapter(t, m, *test.lora)
			}
			if test.stored != kernel.F32 {
				store(t, m, test.stored)
			}
			compareWithReference(t, m, a, randomIDs(test.config, test.config.MaxPositions), test.prefix)
		})
	}
}

// TestStoriesReference does so with weights that nobody here trained.
func TestStoriesReference(t *testing.T) {
	m, _ := stories(t)
	rng := rand.New(rand.NewPCG(3, 1))
	ids := []int32{1} // BOS
	for range 40 {
		ids = append(ids, int32(rng.IntN(m.Config.VocabSize)))
	}
	compareWithReference(t, m, nil, ids, 0)
}

func compareWithReference(t *testing.T, m *model.Model, a *model.Adapter, ids []int32, prefix int) {
	t.Helper()
	want := referenceModel(t, m, a).Run([]reference.Sequence{{IDs: ids, Prefix: prefix}}, reference.Objective{}).Logits[0]
	d, err := NewDecoder(m, Options{Threads: 2, Adapter: a})
	check(t, err)
	start := max(prefix, 1)
	for _, test := range []struct {
		name  string
		reads func(c *cache, read func(from, to int))
	}{
		{"at once", func(c *cache, read func(from, to int)) { read(0, len(ids)) }},
		{"one by one", func(c *cache, read func(from, to int)) {
			read(0, start)
			for i := start; i < len(ids); i++ {
				read(i, i+1)
			}
		}},
		{"in pieces", func(c *cache, read func(from, to int)) {
			at := max(prefix, 7)
			read(0, at)
			read(at, at+13)
			c.truncate(at + 4)
			read(at+4, at+5)
			read(at+5, len(ids))
		}},
	} {
		c := d.newCache()
		c.prefix = prefix
		got := make([]float32, len(want))
		vocab := m.Config.VocabSize
		test.reads(c, func(from, to int) {
			check(t, d.run(&request{c: c, ids: ids[from:to], logits: got[from*vocab : to*vocab]}))
		})
		if e := reference.RelativeError(got, want); !(e < 1e-4) {
			t.Errorf("%s: the logits are off by %.1e", test.name, e)
		}
	}
}
