package train

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"adapt/model"
	"adapt/nn/kernel"
)

// TestAdapterIsHandedOver saves the adapter before it is merged, loads it over
// the base and wants the losses of the merged model.
func TestAdapterIsHandedOver(t *testing.T) {
	for name, lora := range map[string]model.LoRA{
		"lora": {R: 4, Alpha: 8}, "dora": {R: 4, Alpha: 8, DoRA: true, ModulesToSave: []string{"norm"}},
	} {
		m, dir, dev := newModel(t), t.TempDir(), counting(10, 2)
		c := tinyTrain()
		c.LoRA = &lora
		res, err := Fit(context.Background(), m, counting(40, 1), dev, c, Options{Adapter: func(a *model.Adapter) error { return a.Save(dir, "base") }})
		if err != nil {
			t.Fatal(name, err)
		}
		base := newModel(t)
		a, err := model.LoadAdapter(dir, base.Config)
		if err != nil {
			t.Fatal(name, err)
		}
		a.Merge(base, 2)
		if base.Hash() != m.Hash() {
			t.Errorf("%s: the saved adapter merges to other weights", name)
		}
		if got, err := Loss(m, dev, c); err != nil || got > res.DevLoss+1e-4 || got < res.DevLoss-1e-4 {
			t.Errorf("%s: dev loss %g merged, %g of the run, %v", name, got, res.DevLoss, err)
		}
	}
}

func TestKeepAdapterLeavesTheBaseAlone(t *testing.T) {
	m, changes := newModel(t), 0
	c := tinyTrain()
	c.Epochs, c.LoRA, c.KeepAdapter = 2, &model.LoRA{R: 2, Alpha: 4}, true
	_, err := Fit(context.Background(), m, counting(40, 1), nil, c, Options{Adapter: func(a *model.Adapter) error {
		for _, p := range a.Pairs {
			for _, v := range p.B.Data {
				if v != 0 {
					changes++
				}
			}
		}
		return nil
	}})
	if err != nil || changes == 0 || m.Hash() != newModel(t).Hash() {
		t.Errorf("%d weights of the adapter changed, base changed is %t, %v", changes, m.Hash() != newModel(t).Hash(), err)
	}
	_, err = Fit(context.Background(), m, counting(40, 1), nil, c, Options{Adapter: func(*model.Adapter) error { return os.ErrPermission }})
	if !errors.Is(err, os.ErrPermission) {
		t.Errorf("an adapter that nobody could save gives %v", err)
	}
}

// quantized returns a model whose linear weights are stored in another form.
func quantized(t *testing.T, kind kernel.Kind) *model.Model {
	t.Helper()
	m := newModel(t)
	for i := range m.Tensors {
		w := &m.Tensors[i]
		if !strings.Contains(w.Name, "proj") {
			continue
		}
		var err error
		if w.Stored, err = kernel.QuantizeMatrix(1, kind, w.Shape[0], w.Shape[1], w.Data); err != nil {
			t.Fatal(err)
		}
		w.Data = nil
	}
	return m
}

// TestStoredWeights trains adapters over a base that is stored in other forms.
func TestStoredWeights(t *testing.T) {
	for _, kind := range []kernel.Kind{kernel.BF16, kernel.Int8, kernel.NF4} {
		for _, dora := range []bool{false, true} {
			c := tinyTrain()
			c.LoRA, c.KeepAdapter, c.KL = &model.LoRA{R: 4, Alpha: 8, DoRA: dora}, true, 1e-3
			var got *model.Adapter
			fit := func() (Result, error) {
				return Fit(context.Background(), quantized(t, kind), counting(40, 1), counting(10, 2), c, Options{Adapter: func(a *model.Adapter) error { got = a; return nil }})
			}
			res, err := fit()
			if err != nil || got == nil || res.DevLoss > 0.97*res.FirstDev {
				t.Errorf("%v, dora %t: dev loss from %g to %g, %v", kind, dora, res.FirstDev, res.DevLoss, err)
				continue
			}
			first := got.Hash()
			if _, err := fit(); err != nil || got.Hash() != first {
				t.Errorf("%v, dora %t: the second time another adapter, %v", kind, dora, err)
			}
		}
	}
	a, b := quantized(t, kernel.NF4), quantized(t, kernel.NF4)
	b.Tensors[3].Stored = quantized(t, kernel.Int8).Tensors[3].Stored
	if a.Hash() != quantized(t, kernel.NF4).Hash() || a.Hash() == b.Hash() {
		t.Error("the hash is not that of the stored weights")
	}
}

func TestStoredWeightsAreNotMergedInto(t *testing.T) {
	take := func(*model.Adapter) error { return nil }
	lora := &model.LoRA{R: 4, Alpha: 8}
	for name, test := range map[string]struct {
		change func(*Config)
		opt    Options
		err    error
		want   string
	}{
		"merge":  {func(c *Config) { c.LoRA = lora }, Options{Adapter: take}, ErrMerge, "is stored as"},
		"metric": {func(c *Config) { c.LoRA, c.KeepAdapter = lora, true }, Options{Adapter: take, Metric: evenness}, ErrMerge, "metric needs"},
		"full":   {func(c *Config) {}, Options{}, ErrConfig, "cannot be trained"},
	} {
		c := tinyTrain()
		test.change(&c)
		m := quantized(t, kernel.NF4)
		_, err := Fit(context.Background(), m, counting(40, 1), nil, c, test.opt)
		if !errors.Is(err, test.err) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v", name, err)
		}
		if m.Hash() != quantized(t, kernel.NF4).Hash() {
			t.Errorf("%s: the model changed", name)
		}
	}
	// What is frozen may be stored in any form.
	c := tinyTrain()
	c.Steps, c.Freeze = 2, []string{"self_attn", "mlp"}
	if _, err := Fit(context.Background(), quantized(t, kernel.NF4), counting(40, 1), nil, c, Options{}); err != nil {
		t.Errorf("frozen stored weights: %v", err)
	}
}

// TestMergeThatChangesTheModel lets something else change with the merge.
func TestMergeThatChangesTheModel(t *testing.T) {
	m := newModel(t)
	c := tinyTrain()
	c.LoRA = &model.LoRA{R: 4, Alpha: 8}
	r := prepared(t, m, counting(10, 1), c, Options{})
	for i := range r.adapter.Pairs {
		b := r.adapter.Pairs[i].B.Data
		for j := range b {
			b[j] = 0.05
		}
	}
	if err := r.merge(); err != nil {
		t.Errorf("a good merge gives %v", err)
	}
	m = newModel(t)
	r = prepared(t, m, counting(10, 1), c, Options{})
	r.adapter.Saved = append(r.adapter.Saved, model.Tensor{
		TensorShape: model.TensorShape{Name: model.LayerName(0, "input_layernorm"), Shape: []int{16}}, Data: make([]float32, 16),
	})
	beside := *r.adapter
	beside.Saved = nil
	if err := r.mergeChecked(&beside); !errors.Is(err, ErrMerge) {
		t.Errorf("a merge to something else gives %v", err)
	}
}
