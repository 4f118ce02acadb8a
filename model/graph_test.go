package model

import (
	"math"
	"math/rand/v2"
	"testing"

	"adapt/nn"

	G "gorgonia.org/gorgonia"
)

func smallConfig(tied bool) Config {
	return Config{
		ModelType: "llama", HiddenAct: "silu", VocabSize: 30, Hidden: 12, Intermediate: 20, Layers: 2,
		Heads: 3, KVHeads: 1, MaxPositions: 16, RopeTheta: 10000, NormEps: 1e-5, TieEmbeddings: tied,
	}
}

// roughen makes every weight large enough that all of them matter.
func roughen(m *Model, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	for _, t := range m.Tensors {
		for i := range t.Data {
			t.Data[i] += float32(rng.NormFloat64() * 0.3)
		}
	}
}

// batch fills a net with two packed sequences, some rows of which have no
// target, and padding.
func batch(n *Net) {
	b := n.Graph.Batch
	for i := range b.IDs {
		b.IDs[i], b.Pos[i], b.Targets[i], b.Weights[i] = int32((7*i+3)%30), int32(i%6), int32((5*i+1)%30), 1
		if i%4 == 1 {
			b.Targets[i] = -1
		}
		if i%3 == 0 {
			b.Weights[i] = 0.5
		}
		if i >= 13 {
			b.Targets[i] = -1
		}
	}
	b.Bounds, b.Norm = []int32{0, 6, 12}, 7
	for i := 12; i < len(b.IDs); i++ {
		b.Targets[i], b.Pos[i] = -1, 0
	}
}

func run(t *testing.T, vm G.VM) {
	t.Helper()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	vm.Reset()
}

// TestGradients compares every weight's gradient with central differences of
// the loss, full and LoRA, tied and untied.
func TestGradients(t *testing.T) {
	for _, test := range []struct {
		name string
		tied bool
		lora *LoRA
	}{{"tied", true, nil}, {"untied", false, nil}, {"lora", true, &LoRA{R: 2, Alpha: 3}}} {
		t.Run(test.name, func(t *testing.T) {
			m, err := New(smallConfig(test.tied), 5)
			if err != nil {
				t.Fatal(err)
			}
			roughen(m, 2)
			var a *Adapter
			if test.lora != nil {
				if a, err = NewAdapter(m.Config, *test.lora, 3); err != nil {
					t.Fatal(err)
				}
				rng := rand.New(rand.NewPCG(9, 9))
				for _, p := range a.Pairs {
					for i := range p.B.Data {
						p.B.Data[i] = float32(rng.NormFloat64() * 0.3)
					}
				}
			}
			checkGradients(t, m, a)
		})
	}
}

func checkGradients(t *testing.T, m *Model, a *Adapter) {
	net, err := m.Build(a, 14, BuildOptions{Options: nn.Options{Threads: 2, Train: true}})
	if err != nil {
		t.Fatal(err)
	}
	vm, err := net.Machine(false)
	if err != nil {
		t.Fatal(err)
	}
	batch(net)
	run(t, vm)
	analytic := make([][]float32, len(net.Params))
	for i, p := range net.Params {
		analytic[i] = append([]float32(nil), p.Grad().Data().([]float32)...)
	}
	loss := func() float64 {
		run(t, vm)
		return net.Graph.Batch.Sum / float64(net.Graph.Batch.Norm)
	}
	rng := rand.New(rand.NewPCG(4, 4))
	for i, p := range net.Params {
		w := p.Value.Data().([]float32)
		for range 4 {
			j := rng.IntN(len(w))
			const h = 4e-3
			old := w[j]
			w[j] = old + h
			up := loss()
			w[j] = old - h
			down := loss()
			w[j] = old
			numeric := (up - down) / (2 * h)
			if got := float64(analytic[i][j]); math.Abs(got-numeric) > 2e-3+2e-2*math.Abs(numeric) {
				t.Errorf("%s[%d]: gradient %.5f, finite difference %.5f", p.Name, j, got, numeric)
			}
		}
	}
}

// TestMergeEqualsAdapter compares the loss with an adapter beside the weights
// and merged into them.
func TestMergeEqualsAdapter(t *testing.T) {
	m, err := New(smallConfig(true), 5)
	if err != nil {
		t.Fatal(err)
	}
	roughen(m, 2)
	a, err := NewAdapter(m.Config, LoRA{R: 3, Alpha: 6}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range a.Pairs {
		for i := range p.B.Data {
			p.B.Data[i] = float32(i%5) * 0.05
		}
	}
	beside := lossOf(t, m, a)
	if plain := lossOf(t, m, nil); math.Abs(beside-plain) < 1e-3 {
		t.Fatalf("the adapter changes nothing: %.6f and %.6f", beside, plain)
	}
	a.Merge(m, 1)
	if merged := lossOf(t, m, nil); math.Abs(beside-merged) > 1e-4 {
		t.Errorf("loss %.6f beside the weights, %.6f merged", beside, merged)
	}
}

func lossOf(t *testing.T, m *Model, a *Adapter) float64 {
	t.Helper()
	net, err := m.Build(a, 14, BuildOptions{Options: nn.Options{Threads: 1}})
	if err != nil {
		t.Fatal(err)
	}
	batch(net)
	vm, err := net.Machine(false)
	if err != nil {
		t.Fatal(err)
	}
	run(t, vm)
	return net.Graph.Batch.Sum
}
