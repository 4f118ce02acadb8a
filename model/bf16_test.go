package model

import (
	"fmt"
	"math"
	"testing"

	"adapt/nn"
	"adapt/nn/kernel"
)

// TestBF16 compares a step with products in bfloat16 with the same step in
// float32: of all weights, and of an adapter over frozen ones in every storage.
func TestBF16(t *testing.T) {
	for name, c := range archConfigs() {
		m, err := New(c, 5)
		if err != nil {
			t.Fatal(err)
		}
		spread(m)
		compareBF16(t, name, m, nil)
		dir := saved(t, m)
		for _, kind := range []kernel.Kind{kernel.F32, kernel.BF16, kernel.Int8, kernel.NF4} {
			f, err := OpenFrozen(dir, kind, t.TempDir(), 1)
			if err != nil {
				t.Fatal(err)
			}
			compareBF16(t, fmt.Sprint(name, ", LoRA over ", kind), f.Model(), roughAdapter(t, c, LoRA{R: 2, Alpha: 3}))
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// compareBF16 compares the loss of a model without an adapter, whose products are
// all of its own weights, and the loss and gradients of the model that trains.
func compareBF16(t *testing.T, name string, m *Model, a *Adapter) {
	t.Helper()
	for _, train := range []bool{false, true} {
		of := a
		if !train {
			of = nil
		}
		var losses [2]float64
		var gradients [2]map[string][]float32
		for i, bf16 := range []bool{false, true} {
			net, err := m.Build(of, 24, BuildOptions{Options: nn.Options{Threads: 2, Train: train, BF16: bf16}})
			if err != nil {
				t.Fatal(err)
			}
			batch(net)
			loss, all := lossAndGradients(t, net, train)
			losses[i], gradients[i] = float64(loss), all
		}
		if losses[0] == losses[1] || !(math.Abs(losses[1]/losses[0]-1) < 0.01) {
			t.Errorf("%s: loss %g in float32 and %g in bfloat16", name, losses[0], losses[1])
		}
		if !train {
			continue
		}
		if cos := cosine(gradients[0], gradients[1]); !(cos > 0.999) {
			t.Errorf("%s: gradients in float32 and in bfloat16 have a cosine of %g", name, cos)
		}
	}
}

// lossAndGradients is step, or without train the loss alone.
func lossAndGradients(t *testing.T, net *Net, train bool) (float32, map[string][]float32) {
	t.Helper()
	if train {
		return step(t, net)
	}
	vm, err := net.Machine(false)
	if err != nil {
		t.Fatal(err)
	}
	run(t, vm)
	return float32(net.Graph.Batch.Sum), nil
}

// cosine is that of the angle between the vectors of all weights.
func cosine(a, b map[string][]float32) float64 {
	var dot, aa, bb float64
	for name, of := range a {
		for i, x := range of {
			x, y := float64(x), float64(b[name][i])
			dot, aa, bb = dot+x*y, aa+x*x, bb+y*y
		}
	}
	return dot / math.Sqrt(aa*bb)
}
