package generate

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"adapt/internal/reference"
	"adapt/model"
)

// referenceModel is m in float64, as its config.json describes it.
func referenceModel(t *testing.T, m *model.Model) reference.Model {
	t.Helper()
	b, err := json.Marshal(m.Config)
	check(t, err)
	c, err := reference.ParseConfig(b)
	check(t, err)
	r := reference.Model{Config: c, Weights: map[string][]float64{}}
	for _, tensor := range m.Tensors {
		r.Weights[tensor.Name] = reference.Float64(tensor.Data)
	}
	return r
}

// TestReference compares the decoder's logits with those of an independent
// implementation in float64: of all tokens at once, one by one, and in pieces
// that forget their end and read it again.
func TestReference(t *testing.T) {
	base := model.Config{
		ModelType: "llama", HiddenAct: "silu", VocabSize: 30, Hidden: 12, Intermediate: 20, Layers: 2,
		Heads: 3, KVHeads: 1, MaxPositions: 40, RopeTheta: 10000, NormEps: 1e-5,
	}
	change := func(f func(c *model.Config)) model.Config {
		c := base
		f(&c)
		return c
	}
	for _, test := range []struct {
		name   string
		config model.Config
	}{
		{"llama", base},
		{"llama tied", change(func(c *model.Config) { c.TieEmbeddings = true })},
		{"llama, two groups of wide heads", change(func(c *model.Config) { c.Heads, c.KVHeads, c.HeadDim = 4, 2, 10 })},
		{"llama at the kernels' width", change(func(c *model.Config) {
			c.Hidden, c.Intermediate, c.Heads, c.KVHeads, c.VocabSize = 128, 160, 2, 1, 300
		})},
		{"llama3 positions", change(func(c *model.Config) {
			c.HeadDim, c.RopeScaling = 8, &model.RopeScaling{Type: "llama3", Factor: 8, LowFreq: 1, HighFreq: 4, Original: 64}
		})},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, err := model.New(test.config, 5)
			check(t, err)
			rng := rand.New(rand.NewPCG(2, 1))
			for _, tensor := range m.Tensors { // make every weight matter
				for i := range tensor.Data {
					tensor.Data[i] += float32(rng.NormFloat64() / math.Sqrt(float64(m.Config.Hidden)))
				}
			}
			ids := make([]int32, m.Config.MaxPositions)
			for i := range ids {
				ids[i] = int32(rng.IntN(m.Config.VocabSize))
			}
			compareWithReference(t, m, ids)
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
	compareWithReference(t, m, ids)
}

func compareWithReference(t *testing.T, m *model.Model, ids []int32) {
	t.Helper()
	want := referenceModel(t, m).Run([]reference.Sequence{{IDs: ids}}, reference.Objective{}).Logits[0]
	d := NewDecoder(m, 2)
	for _, test := range []struct {
		name  string
		reads func(c *cache, read func(from, to int))
	}{
		{"at once", func(c *cache, read func(from, to int)) { read(0, len(ids)) }},
		{"one by one", func(c *cache, read func(from, to int)) {
			for i := range ids {
				read(i, i+1)
			}
		}},
		{"in pieces", func(c *cache, read func(from, to int)) {
			read(0, 7)
			read(7, 20)
			c.truncate(11)
			read(11, 12)
			read(12, len(ids))
		}},
	} {
		c := d.newCache()
		got := make([]float32, len(want))
		width, vocab := m.Config.Hidden, m.Config.VocabSize
		test.reads(c, func(from, to int) {
			hidden, err := c.forward(ids[from:to])
			check(t, err)
			for i := range to - from {
				c.logits(hidden[i*width:(i+1)*width], got[(from+i)*vocab:(from+i+1)*vocab])
			}
		})
		if e := reference.RelativeError(got, want); e > 1e-4 {
			t.Errorf("%s: the logits are off by %.1e", test.name, e)
		}
	}
}
