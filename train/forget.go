package train

import (
	"fmt"

	"adapt/model"
	"adapt/nn"

	G "gorgonia.org/gorgonia"
)

// This file is against forgetting: general text that is replayed, and the base
// model as a reference that the trained one is kept near to.

// replayed prepares general text for being replayed. What is too long is cut
// whatever the configuration says of examples: text has no answer to lose. A
// row gets the weight that one of the training set has on average.
func replayed(general, trainSet []Sequence, vocab int, c Config) ([]Sequence, error) {
	c.Overlength = truncate
	of, err := usable(general, vocab, c)
	if err != nil {
		return nil, err
	}
	if len(of.kept) == 0 {
		return nil, fmt.Errorf("train: %w: a share of %g is to be replayed, and of %d sequences of general text none is usable", ErrNoData, c.Replay, len(general))
	}
	factor := float32(density(trainSet) / density(of.kept))
	for i := range of.kept {
		s := &of.kept[i]
		weights := make([]float32, len(s.IDs))
		for j := range weights {
			weights[j] = factor * s.weight(j)
		}
		s.Loss = weights
	}
	return of.kept, nil
}

// density is the mean weight of a row.
func density(seqs []Sequence) float64 {
	weight, rows := 0.0, 0
	for i := range seqs {
		weight, rows = weight+seqs[i].trained(), rows+seqs[i].rows()
	}
	return weight / float64(rows)
}

// A reference is the base model, forward only, up to its last hidden states.
type reference struct {
	net      *model.Net
	vm       *nn.Machine
	head     nn.Reference
	prefixLM bool
}

// newReference builds the base model's graph. An adapter leaves the weights of
// m alone, so that they are the base's. Full fine-tuning changes them: the
// reference has copies of those that are trained.
func newReference(m *model.Model, c Config, frozen func(string) bool) (*reference, error) {
	base := m
	if c.LoRA == nil {
		base = m.Clone(func(name string) bool { return frozen == nil || !frozen(name) })
	}
	net, err := base.Build(nil, c.MicroTokens, model.BuildOptions{Options: graphOptions(c)})
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	vm, err := nn.NewMachine(net.Graph, G.Nodes{net.Hidden}...)
	if err != nil {
		return nil, fmt.Errorf("train: the reference: %w", err)
	}
	r := &reference{net: net, vm: vm, prefixLM: c.PrefixLM}
	head := base.Weight(base.Config.Parts().Head)
	r.head = nn.Reference{Hidden: vm.Value(net.Hidden), W: head.Data, Stored: head.Stored}
	return r, nil
}

// run leaves the hidden states of sequences where the graphs of training and
// evaluation read them.
func (r *reference) run(seqs []Sequence, which []int) error {
	fill(r.net.Graph.Batch, seqs, which, r.prefixLM)
	if err := r.vm.RunAll(); err != nil {
		return fmt.Errorf("train: the reference: %w", err)
	}
	return nil
}

// in puts the reference into a graph's options.
func (r *reference) in(o *model.BuildOptions, weight float64) {
	if r != nil {
		o.Reference, o.KL = &r.head, float32(weight)
	}
}

// graphOptions are those of graphs that only go forward.
func graphOptions(c Config) nn.Options {
	return nn.Options{Threads: c.Threads, BF16: c.Precision == bf16}
}
