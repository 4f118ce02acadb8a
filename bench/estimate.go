package bench

import (
	"context"
	"math"
)

// A calibration is how long parts of a step take on this machine, from steps of
// small models of the planned width.
type calibration struct {
	layers float64 // FLOPs a second in the layers, the optimizer included
	head   float64 // and in the head and the loss
	rest   float64 // seconds a step of all else
}

// seconds estimates a step.
func (c calibration) seconds(w Workload) float64 {
	layers, head := w.flops()
	return layers/c.layers + head/c.head + c.rest
}

// Bounds of the model of a calibrating step: the memory of the step, and the
// weights, which take time to make.
const (
	calibrationBytes  = 2.5e9
	calibrationParams = 400e6
)

// calibrationVocab is the small vocabulary of a calibrating step, and
// calibrationHead the largest one.
const (
	calibrationVocab = 1024
	calibrationHead  = 32768
)

// small returns w with fewer layers and another vocabulary, narrowed until its
// step keeps the bounds.
func (w Workload) small(layers, vocab int) Workload {
	w.Config.Layers, w.Config.VocabSize = layers, vocab
	for {
		// The largest of the calibrating steps, so that all have one width.
		most := w
		most.Config.Layers, most.Config.VocabSize = 4, calibrationHead
		n, err := most.needs()
		c := &w.Config
		if err != nil {
			return w
		}
		if (n.Total() < calibrationBytes && float64(most.Config.Params()) < calibrationParams) ||
			c.Heads%2 != 0 || c.KVHeads%2 != 0 || c.Hidden <= 512 {
			return w
		}
		c.HeadDim = c.Dim()
		c.Heads, c.KVHeads, c.Hidden, c.Intermediate = c.Heads/2, c.KVHeads/2, c.Hidden/2, c.Intermediate/2
	}
}

// calibrate measures three steps: of one layer, of four, and of one with a large
// vocabulary. Their differences are the layers' and the head's. Times count in
// units of the limit around them, so that a clock that moves between the steps
// does not count as a difference.
func calibrate(ctx context.Context, o Options, w Workload) (calibration, error) {
	vocab := min(w.Config.VocabSize, calibrationHead)
	few := min(vocab/2, calibrationVocab)
	works := []Workload{w.small(1, few), w.small(4, few), w.small(1, vocab)}
	var took [3]float64
	reference := 0.0
	for i, small := range works {
		o.logf("calibrating: %d layers of width %d, vocabulary %d", small.Config.Layers, small.Config.Hidden, small.Config.VocabSize)
		s, err := fresh(ctx, Run{Workload: small, Threads: o.threads(), Rounds: o.rounds()}, o.Log)
		if err != nil {
			return calibration{}, err
		}
		seconds, limit := s.median()
		if i == 0 {
			reference = limit
		}
		took[i] = seconds * limit / reference
	}
	return solve(works, took), nil
}

// solve takes the calibrating steps apart.
func solve(works []Workload, took [3]float64) calibration {
	const least = 1e-9 // of a difference that noise may have made negative
	layers1, head1 := works[0].flops()
	layers4, _ := works[1].flops()
	_, headLarge := works[2].flops()
	c := calibration{
		layers: (layers4 - layers1) / math.Max(took[1]-took[0], least),
		head:   (headLarge - head1) / math.Max(took[2]-took[0], least),
	}
	c.rest = math.Max(took[0]-layers1/c.layers-head1/c.head, 0)
	return c
}

// programBytes is what the program takes beside the model: its code, the runtime,
// and the blocks that matrix products pack.
const programBytes = 30e6

// memory estimates the peak of a process.
func (w Workload) memory() (float64, error) {
	n, err := w.needs()
	return n.Total() + programBytes, err
}

// streamed estimates the peak of a process that reads frozen weights from a
// mapped file: the layer under way and the next are in memory, or the head.
func (w Workload) streamed() (float64, error) {
	n, err := w.needs()
	if err != nil {
		return 0, err
	}
	two, one := w, w
	two.Config.Layers, one.Config.Layers = 2, 1
	a, err := two.weights()
	if err != nil {
		return 0, err
	}
	b, err := one.weights()
	layer := a - b
	outside := b - layer // embedding, head, norm
	return n.Total() - n.Weights + 2*layer + outside + programBytes, err
}
