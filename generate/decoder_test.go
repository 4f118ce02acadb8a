package generate

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"adapt/internal/reference"
	"adapt/model"
	"adapt/nn/kernel"
)

// TestRefusal wants an error that says what a decoder can not compute.
func TestRefusal(t *testing.T) {
	other := llamaConfig()
	other.Hidden = 24
	for _, test := range []struct {
		name   string
		change func(m *model.Model, o *Options)
		want   string
	}{
		{"an adapter of another model", func(m *model.Model, o *Options) {
			o.Adapter = randomAdapter(t, randomModel(t, other), model.LoRA{R: 2, Alpha: 2})
		}, "adapter"},
		{"an adapter without data", func(m *model.Model, o *Options) {
			o.Adapter = randomAdapter(t, m, model.LoRA{R: 2, Alpha: 2})
			o.Adapter.Pairs[3].A.Data = nil
		}, "layers.0.self_attn.o_proj"},
		{"a weight without data", func(m *model.Model, o *Options) { m.Tensors[4].Data = nil }, m4(t)},
		{"a weight stored in another shape", func(m *model.Model, o *Options) {
			s, err := kernel.QuantizeMatrix(1, kernel.BF16, 3, 5, make([]float32, 15))
			check(t, err)
			m.Tensors[4].Stored, m.Tensors[4].Data = s, nil
		}, m4(t)},
		{"an architecture that is not there", func(m *model.Model, o *Options) { m.Config.ModelType = "gemma" }, "gemma"},
	} {
		m, o := randomModel(t, llamaConfig()), Options{}
		test.change(m, &o)
		if _, err := NewDecoder(m, o); !errors.Is(err, model.ErrUnsupported) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s gives %v, want %q named", test.name, err, test.want)
		}
	}
	d, err := NewDecoder(randomModel(t, llamaConfig()), Options{})
	check(t, err)
	for _, ids := range [][]int32{{}, {-1}, {30}, make([]int32, 41)} {
		if err := d.run(&request{c: d.newCache(), ids: ids, first: len(ids)}); err == nil {
			t.Errorf("%d tokens %v were computed", len(ids), ids[:min(1, len(ids))])
		}
	}
}

// m4 is the name of the fifth weight.
func m4(t *testing.T) string { return randomModel(t, llamaConfig()).Tensors[4].Name }

// TestAdaptersShare wants two decoders with different adapters on one model to
// answer as each merged one does.
func TestAdaptersShare(t *testing.T) {
	base := randomModel(t, gpt2Config())
	ids := randomIDs(base.Config, 20)
	plain, err := Logits(base, nil, ids)
	check(t, err)
	for _, l := range []model.LoRA{{R: 2, Alpha: 3, DoRA: true}, {R: 3, Alpha: 1, ModulesToSave: []string{"ln_f", "wte"}}} {
		a := randomAdapter(t, base, l)
		merged := randomModel(t, gpt2Config())
		a.Merge(merged, 1)
		check(t, Same(ids, 1e-5, Subject{"beside", base, a}, Subject{"merged", merged, nil}))
		if err := Same(ids, 1e-5, Subject{"beside", base, a}, Subject{"without the adapter", base, nil}); err == nil || !strings.Contains(err.Error(), "without the adapter") {
			t.Errorf("a model without its adapter: %v", err)
		}
	}
	again, err := Logits(base, nil, ids)
	check(t, err)
	if !slices.Equal(plain, again) {
		t.Error("the adapters changed the base")
	}
}

// TestThreads wants the same bits for every number of threads.
func TestThreads(t *testing.T) {
	c := llamaConfig()
	c.Hidden, c.Intermediate, c.VocabSize, c.Heads, c.KVHeads, c.MaxPositions = 256, 704, 1000, 8, 4, 200
	m := randomModel(t, c)
	ids := randomIDs(c, 190)
	var first []float32
	for threads := 1; threads <= 3; threads++ {
		d, err := NewDecoder(m, Options{Threads: threads})
		check(t, err)
		cache, logits := d.newCache(), make([]float32, 191*c.VocabSize)
		check(t, d.run(&request{c: cache, ids: ids, logits: logits}))
		check(t, d.run(&request{c: cache, ids: ids[:1], logits: logits[190*c.VocabSize:]}))
		if first == nil {
			first = logits
		}
		if !slices.Equal(logits, first) {
			t.Errorf("%d threads give other bits", threads)
		}
	}
}

// TestCacheGrows wants a cache that was used before, and that grows, to hold the
// same as a new one.
func TestCacheGrows(t *testing.T) {
	c := llamaConfig()
	c.MaxPositions = 300
	m := randomModel(t, c)
	d, err := NewDecoder(m, Options{})
	check(t, err)
	ids := randomIDs(c, 300)
	want := referenceModel(t, m, nil).Run([]reference.Sequence{{IDs: ids}}, reference.Objective{}).Logits[0]
	for range 2 {
		cache, logits := d.newCache(), make([]float32, len(want))
		for i := range ids {
			check(t, d.run(&request{c: cache, ids: ids[i : i+1], logits: logits[i*c.VocabSize:]}))
		}
		if e := reference.RelativeError(logits, want); !(e < 1e-4) {
			t.Errorf("the logits are off by %.1e", e)
		}
		for i := range cache.slab.data {
			cache.slab.data[i] = float32(math.NaN())
		}
		cache.close()
	}
}

// TestNoAllocation wants a token to allocate nothing.
func TestNoAllocation(t *testing.T) {
	for _, c := range []model.Config{llamaConfig(), gpt2Config()} {
		for _, kind := range []kernel.Kind{kernel.F32, kernel.BF16, kernel.Int8, kernel.NF4} {
			c.Hidden, c.Intermediate, c.Heads, c.KVHeads, c.VocabSize = 128, 512, 2, 2, 3000
			m := randomModel(t, c)
			a := randomAdapter(t, m, model.LoRA{R: 2, Alpha: 3, DoRA: true})
			store(t, m, kind)
			d, err := NewDecoder(m, Options{Threads: 2, Adapter: a})
			check(t, err)
			r := &request{c: d.newCache(), ids: []int32{1}, logits: make([]float32, c.VocabSize)}
			allocs := testing.AllocsPerRun(30, func() {
				r.done = 0
				check(t, d.run(r))
			})
			if allocs != 0 {
				t.Errorf("%s in %v: %g allocations for a token", c.ModelType, kind, allocs)
			}
		}
	}
}
