package train

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"adapt/model"
	"adapt/nn"
)

// bins divide a step into micro-batches. Their memory is used again.
type bins struct {
	rows   int // of each
	which  [][]int
	used   []int
	sorted []int
}

// split returns the sequences of each micro-batch: all of them in the order
// given where they fit in one, otherwise each, longest first, in the first
// micro-batch that has room.
func (b *bins) split(which []int, seqs []Sequence) [][]int {
	total := 0
	for _, i := range which {
		total += seqs[i].rows()
	}
	b.which, b.used = b.which[:0], b.used[:0]
	if total <= b.rows {
		b.add()
		b.which[0] = append(b.which[0], which...)
		return b.which
	}
	b.sorted = append(b.sorted[:0], which...)
	slices.SortStableFunc(b.sorted, func(i, j int) int { return seqs[j].rows() - seqs[i].rows() })
	for _, i := range b.sorted {
		n, at := seqs[i].rows(), 0
		for at < len(b.used) && b.used[at]+n > b.rows {
			at++
		}
		if at == len(b.used) {
			b.add()
		}
		b.which[at], b.used[at] = append(b.which[at], i), b.used[at]+n
	}
	return b.which
}

// add begins a micro-batch.
func (b *bins) add() {
	b.used = append(b.used, 0)
	if n := len(b.which); n < cap(b.which) {
		b.which = b.which[:n+1]
		b.which[n] = b.which[n][:0]
		return
	}
	b.which = append(b.which, make([]int, 0, b.rows)) // most sequences have a row
}

// fill writes sequences to a batch and returns the sum of their loss weights,
// which becomes the batch's norm.
func fill(b *nn.Batch, seqs []Sequence, which []int, prefixLM bool) float64 {
	row, sum := 0, 0.0
	b.Bounds = append(b.Bounds[:0], 0)
	b.Prefix = b.Prefix[:0]
	for _, s := range which {
		ids := seqs[s].IDs
		for i := range len(ids) - 1 {
			w := seqs[s].weight(i + 1)
			b.IDs[row], b.Pos[row], b.Weights[row], b.Targets[row] = ids[i], int32(i), w, ids[i+1]
			if w == 0 {
				b.Targets[row] = -1
			}
			sum += float64(w)
			row++
		}
		b.Bounds = append(b.Bounds, int32(row))
		if prefixLM {
			b.Prefix = append(b.Prefix, int32(seqs[s].prefix()))
		}
	}
	if !prefixLM {
		b.Prefix = nil
	}
	for ; row < len(b.IDs); row++ {
		b.IDs[row], b.Pos[row], b.Weights[row], b.Targets[row] = 0, 0, 0, -1
	}
	b.Norm = float32(sum)
	return sum
}

// batchSeed decides dropout and noise of a micro-batch.
func batchSeed(seed uint64, step, micro int) uint64 {
	var pcg rand.PCG
	pcg.Seed(seed, uint64(step)<<32|uint64(micro))
	return pcg.Uint64()
}

// A stepper runs a graph over batches, with a reference the base model's
// before it.
type stepper struct {
	net       *model.Net
	vm        *nn.Machine
	prefixLM  bool
	reference *reference // nil: none
}

func newStepper(net *model.Net, ref *reference, c Config) (*stepper, error) {
	vm, err := net.Machine(false)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	return &stepper{net: net, vm: vm, prefixLM: c.PrefixLM, reference: ref}, nil
}

// A sums is what a pass over sequences came to.
type sums struct{ loss, kl, weight float64 }

func (s *sums) add(o sums) { s.loss, s.kl, s.weight = s.loss+o.loss, s.kl+o.kl, s.weight+o.weight }

// mean returns the loss and the divergence per unit of weight.
func (s sums) mean() (loss, kl float64) { return s.loss / s.weight, s.kl / s.weight }

// run passes sequences through the graph.
func (s *stepper) run(seqs []Sequence, which []int) (sums, error) {
	return s.pass(seqs, which, 0)
}

// pass is run with the given norm, unless it is 0, in place of the sequences' own.
func (s *stepper) pass(seqs []Sequence, which []int, norm float64) (sums, error) {
	b := s.net.Graph.Batch
	weight := fill(b, seqs, which, s.prefixLM)
	if norm != 0 {
		b.Norm = float32(norm)
	}
	if s.reference != nil {
		if err := s.reference.run(seqs, which); err != nil {
			return sums{}, err
		}
	}
	if err := s.vm.RunAll(); err != nil {
		return sums{}, fmt.Errorf("train: %w", err)
	}
	return sums{b.Sum, b.KLSum, weight}, nil
}

// all passes batches of sequences through the graph.
func (s *stepper) all(seqs []Sequence, batches [][]int) (sums, error) {
	var total sums
	for _, which := range batches {
		sum, err := s.run(seqs, which)
		if err != nil {
			return sums{}, err
		}
		total.add(sum)
	}
	return total, nil
}

// gradients adds up the gradients of a step's micro-batches, divided by the
// weight of all. It stops at a loss that is not finite.
func (s *stepper) gradients(seqs []Sequence, micros [][]int, seed uint64, step int) (total sums, err error) {
	norm := 0.0
	for _, which := range micros {
		for _, i := range which {
			norm += seqs[i].trained()
		}
	}
	g := s.net.Graph
	defer func() { g.Accumulate = false }()
	for i, which := range micros {
		g.Accumulate = i > 0
		g.Batch.Seed = batchSeed(seed, step, i)
		sum, err := s.pass(seqs, which, norm)
		if err != nil {
			return sums{}, err
		}
		total.add(sum)
		if !finite(sum.loss) || !finite(sum.kl) {
			break
		}
	}
	return total, nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
