package model

import (
	"errors"
	"math"
	"slices"
	"testing"

	"adapt/internal/reference"
	"adapt/nn"
	"adapt/nn/kernel"
)

// batchCase is a model to train in batches of several shapes.
type batchCase struct {
	name   string
	config Config
	lora   *LoRA
	build  BuildOptions
}

func batchCases() []batchCase {
	var cases []batchCase
	for name, c := range archConfigs() {
		cases = append(cases, batchCase{name: name, config: c})
	}
	gpt2, llama := archConfigs()["gpt2"], smallConfig(false)
	return append(cases,
		batchCase{name: "llama, untied, checkpointed", config: llama, build: BuildOptions{Options: nn.Options{Checkpoint: true}}},
		batchCase{name: "llama, smoothed labels", config: smallConfig(true), build: BuildOptions{Smoothing: 0.1}},
		batchCase{name: "lora on llama", config: llama, lora: &LoRA{R: 2, Alpha: 3}},
		batchCase{name: "dora on gpt2, checkpointed", config: gpt2, lora: &LoRA{R: 2, Alpha: 3, DoRA: true}, build: BuildOptions{Options: nn.Options{Checkpoint: true}}},
	)
}

// net builds the graph of a case for steps of that many tokens.
func (c batchCase) net(t *testing.T, tokens int) *Net {
	t.Helper()
	m, err := New(c.config, 5)
	if err != nil {
		t.Fatal(err)
	}
	spread(m)
	var a *Adapter
	if c.lora != nil {
		a = roughAdapter(t, m.Config, *c.lora)
	}
	c.build.Threads, c.build.Train = 2, true
	net, err := m.Build(a, tokens, c.build)
	if errors.Is(err, ErrUnsupported) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	return net
}

// runBatches runs each batch as a micro-batch of one step, and returns the sum
// of their losses and the gradients by name.
func runBatches(t *testing.T, net *Net, norm float64, batches ...[]reference.Sequence) (loss float64, gradients map[string][]float64) {
	t.Helper()
	vm, err := net.Machine(false)
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range batches {
		pack(net, b, reference.Objective{Norm: norm})
		net.Graph.Accumulate = i > 0
		if err := vm.RunAll(); err != nil {
			t.Fatal(err)
		}
		loss += float64(vm.Value(net.Loss)[0])
	}
	gradients = map[string][]float64{}
	for _, p := range net.Params {
		gradients[p.Name] = reference.Float64(p.Grad().Data().([]float32))
	}
	return loss, gradients
}

// TestBatchesAddUp wants the same loss and gradients from sequences packed into
// one batch, one after the other in micro-batches with padding, two by two, and
// each alone in a graph of just its length.
func TestBatchesAddUp(t *testing.T) {
	const norm, tolerance = 8, 1e-5
	for _, c := range batchCases() {
		t.Run(c.name, func(t *testing.T) {
			sequences := referenceSequences(c.config.VocabSize, []int{6, 1, 9, 4}, 7)
			loss, gradients := runBatches(t, c.net(t, 22), norm, sequences)
			same := func(how string, otherLoss float64, other map[string][]float64) {
				t.Helper()
				if math.Abs(otherLoss-loss) > tolerance*math.Abs(loss) {
					t.Errorf("%s: loss %.7f, want %.7f", how, otherLoss, loss)
				}
				for name, want := range gradients {
					if e := reference.RelativeError(reference.Float32(other[name]), want); e > tolerance {
						t.Errorf("%s: the gradient of %s is off by %.1e", how, name, e)
					}
				}
			}

			var micro [][]reference.Sequence
			sum, sums := 0.0, map[string][]float64{}
			for i := range sequences {
				alone := sequences[i : i+1]
				micro = append(micro, alone)
				l, grads := runBatches(t, c.net(t, len(alone[0].IDs)), norm, alone)
				sum += l
				for name, g := range grads {
					if sums[name] == nil {
						sums[name] = make([]float64, len(g))
					}
					for i, v := range g {
						sums[name][i] += v
					}
				}
			}
			same("alone, in graphs of their lengths", sum, sums)
			l, grads := runBatches(t, c.net(t, 9), norm, micro...)
			same("in micro-batches", l, grads)
			l, grads = runBatches(t, c.net(t, 13), norm, sequences[:2], sequences[2:])
			same("in micro-batches of two", l, grads)
		})
	}
}

// TestSequencesDoNotSeeEachOther wants the losses of a sequence's tokens to stay
// the same, to the bit, when the other sequences of its batch change.
func TestSequencesDoNotSeeEachOther(t *testing.T) {
	for _, c := range batchCases() {
		t.Run(c.name, func(t *testing.T) {
			net := c.net(t, 20)
			sequences := referenceSequences(c.config.VocabSize, []int{6, 5, 7}, 7)
			runBatches(t, net, 8, sequences)
			before := slices.Clone(net.Graph.Batch.Losses)
			other := referenceSequences(c.config.VocabSize, []int{6, 5, 7}, 8)
			runBatches(t, net, 8, []reference.Sequence{other[0], sequences[1], other[2]})
			after := net.Graph.Batch.Losses
			if slices.Equal(before, after) {
				t.Error("other sequences change nothing at all")
			}
			if !slices.Equal(before[6:11], after[6:11]) {
				t.Errorf("losses %v between other sequences, were %v", after[6:11], before[6:11])
			}
		})
	}
}

// TestStoredReference compares an adapter over weights that are all stored, the
// embeddings and the head too, with the reference over their decoded values.
func TestStoredReference(t *testing.T) {
	for _, name := range []string{"gpt2", "llama", "qwen2"} {
		for _, kind := range []kernel.Kind{kernel.BF16, kernel.Int8, kernel.NF4} {
			m, err := New(archConfigs()[name], 5)
			if err != nil {
				t.Fatal(err)
			}
			spread(m)
			a := roughAdapter(t, m.Config, LoRA{R: 2, Alpha: 3})
			stored := 0
			for i := range m.Tensors {
				w := &m.Tensors[i]
				if len(w.Shape) != 2 || w.Name == m.Config.Parts().Positions {
					continue
				}
				if w.Stored, err = kernel.QuantizeMatrix(1, kind, w.Shape[0], w.Shape[1], w.Data); err != nil {
					t.Fatal(err)
				}
				w.Stored.DecodeRows(w.Data, 0, w.Shape[0])
				stored++
			}
			if stored < 8 {
				t.Fatalf("only %d weights are stored", stored)
			}
			sequences, o := referenceSequences(m.Config.VocabSize, []int{6, 1, 9}, 7), reference.Objective{Norm: 8}
			want := referenceModel(t, m, a).Run(sequences, o)
			for i := range m.Tensors {
				if m.Tensors[i].Stored != nil {
					m.Tensors[i].Data = nil
				}
			}
			net, err := m.Build(a, 18, BuildOptions{Options: nn.Options{Threads: 2, Train: true}})
			if err != nil {
				t.Fatal(err)
			}
			loss, gradients := runBatches(t, net, o.Norm, sequences)
			if math.Abs(loss-want.Loss) > 1e-5*want.Loss {
				t.Errorf("%s in %v: loss %.7f, want %.7f", name, kind, loss, want.Loss)
			}
			if len(gradients) != len(a.Tensors()) {
				t.Errorf("%s in %v: %d weights are trained, want %d", name, kind, len(gradients), len(a.Tensors()))
			}
			for p, got := range gradients {
				w := want.Gradients[p[len("base_model.model."):]]
				if e := reference.RelativeError(reference.Float32(got), w); e > 1e-4 {
					t.Errorf("%s in %v: the gradient of %s is off by %.1e", name, kind, p, e)
				}
			}
		}
	}
}
