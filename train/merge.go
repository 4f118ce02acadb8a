package train

import (
	"errors"
	"fmt"
	"math"

	"adapt/model"
	"adapt/nn"
)

// ErrMerge is returned, wrapped, for an adapter that cannot be merged, or that
// another model came out of.
var ErrMerge = errors.New("the adapter cannot be merged")

// mergeTolerance bounds how far the losses of merged weights may be on average
// from those of the adapter beside them, in parts of the loss: the rounding of
// float32.
const mergeTolerance = 1e-4

// checkStored reports weights in a form of storage that the configuration
// would train, or merge into.
func (r *run) checkStored() error {
	if r.c.KeepAdapter && r.opt.Adapter == nil {
		return fmt.Errorf("train: %w: the adapter is to be kept, and nobody takes it", ErrConfig)
	}
	for _, t := range r.m.Tensors {
		if t.Stored == nil {
			continue
		}
		switch {
		case r.c.LoRA == nil && (r.frozen == nil || !r.frozen(t.Name)):
			return fmt.Errorf("train: %w: %s is stored as %s, which cannot be trained; use LoRA, freeze it, or load the model in float32", ErrConfig, t.Name, t.Stored.Kind)
		case r.c.LoRA != nil && !r.c.KeepAdapter:
			return fmt.Errorf("train: %w: %s is stored as %s; keep the adapter beside the model, or load the model in float32", ErrMerge, t.Name, t.Stored.Kind)
		case r.c.LoRA != nil && r.opt.Metric != nil:
			return fmt.Errorf("train: %w: the metric needs a merged model, and %s is stored as %s", ErrMerge, t.Name, t.Stored.Kind)
		}
	}
	return nil
}

// plainWeight returns weights in float32 by name.
func plainWeight(m *model.Model) func(name string) []float32 {
	return func(name string) []float32 {
		t := m.Weight(name)
		if t.Stored == nil {
			return t.Data
		}
		data := make([]float32, t.Stored.Rows*t.Stored.Cols)
		t.Stored.DecodeRows(data, 0, t.Stored.Rows)
		return data
	}
}

// merge puts the adapter into the model and compares what the two compute. The
// memory of training and evaluation is let go of before.
func (r *run) merge() error {
	r.step, r.eval, r.reference, r.view, r.params, r.solver = nil, nil, nil, nil, nil, nil
	return r.mergeChecked(r.adapter)
}

// mergeChecked compares the model after the merge with another adapter's beside
// it: the merged one itself, but for tests.
func (r *run) mergeChecked(a *model.Adapter) error {
	seqs, which := r.plan.seqs, r.bins.split(r.plan.order[:1], r.plan.seqs)[0]
	if len(r.dev.seqs) > 0 {
		seqs, which = r.dev.seqs, r.dev.batches[0]
	}
	beside, err := r.losses(a, seqs, which)
	if err != nil {
		return err
	}
	r.adapter.Merge(r.m, r.c.Threads)
	merged, err := r.losses(nil, seqs, which)
	if err != nil {
		return err
	}
	size, off := 0.0, 0.0
	for i, loss := range beside {
		size += math.Abs(float64(loss))
		off += math.Abs(float64(merged[i] - loss))
	}
	if !(off <= mergeTolerance*math.Max(size, float64(len(beside)))) {
		return fmt.Errorf("train: %w: merged, the model's losses differ from the adapter's by %.2g of them on average, more than rounding", ErrMerge, off/size)
	}
	return nil
}

// losses returns the losses of the rows of a batch, in float32.
func (r *run) losses(a *model.Adapter, seqs []Sequence, which []int) ([]float32, error) {
	net, err := r.m.Build(a, r.c.MicroTokens, model.BuildOptions{Options: nn.Options{Threads: r.c.Threads}})
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	s, err := newStepper(net, nil, r.c)
	if err != nil {
		return nil, err
	}
	if _, err := s.run(seqs, which); err != nil {
		return nil, err
	}
	return net.Graph.Batch.Losses[:net.Graph.Batch.Bounds[len(which)]], nil
}
