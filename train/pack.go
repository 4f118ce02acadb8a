package train

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"adapt/nn"
)

// usable sorts out sequences that can not be trained on: those that are too
// long, by the configuration's rule, and those without any loss.
func usable(seqs []Sequence, c Config) (kept []Sequence, dropped int, err error) {
	var long []string
	for _, s := range seqs {
		switch {
		case len(s.IDs)-1 > c.MaxTokens:
			long = append(long, s.ID)
		case s.trained() == 0:
			dropped++
		default:
			kept = append(kept, s)
		}
	}
	if len(long) > 0 && c.Overlength == "raise" {
		return nil, 0, fmt.Errorf("train: %w: %d sequences have more than %d tokens, first %s; raise train.max_tokens or set train.overlength to drop",
			ErrOverlength, len(long), c.MaxTokens, strings.Join(long[:min(3, len(long))], ", "))
	}
	return kept, dropped + len(long), nil
}

// pack puts sequences into steps of at most rows rows, in the order given. A
// sequence takes one row fewer than it has tokens: its last token is only
// predicted.
func pack(order []int, seqs []Sequence, rows int) [][]int {
	var steps [][]int
	var step []int
	used := 0
	for _, i := range order {
		n := len(seqs[i].IDs) - 1
		if used+n > rows {
			steps, step, used = append(steps, step), nil, 0
		}
		step, used = append(step, i), used+n
	}
	if len(step) > 0 {
		steps = append(steps, step)
	}
	return steps
}

// A plan says which sequences each step sees.
type plan struct {
	seqs  []Sequence
	rows  int
	seed  uint64
	steps int // in all
	epoch int // of the steps that are packed
	first int // step at which that epoch began
	packs [][]int
}

// newPlan plans c.Steps steps, or c.Epochs passes.
func newPlan(seqs []Sequence, c Config) *plan {
	p := &plan{seqs: seqs, rows: c.BatchTokens, seed: c.Seed}
	p.pack(0, 0)
	if p.steps = c.Steps; p.steps == 0 {
		p.steps = max(1, int(c.Epochs*float64(len(p.packs))+0.5))
	}
	return p
}

func (p *plan) pack(epoch, first int) {
	rng := rand.New(rand.NewPCG(p.seed, uint64(epoch)))
	p.epoch, p.first, p.packs = epoch, first, pack(rng.Perm(len(p.seqs)), p.seqs, p.rows)
}

// step returns the sequences of a step. Steps are asked for in rising order.
func (p *plan) step(n int) []int {
	for n >= p.first+len(p.packs) {
		p.pack(p.epoch+1, p.first+len(p.packs))
	}
	return p.packs[n-p.first]
}

// fill writes sequences to a batch and returns the sum of their loss weights.
func fill(b *nn.Batch, seqs []Sequence, which []int) float64 {
	row, sum := 0, 0.0
	b.Bounds = append(b.Bounds[:0], 0)
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
	}
	for ; row < len(b.IDs); row++ {
		b.IDs[row], b.Pos[row], b.Weights[row], b.Targets[row] = 0, 0, 0, -1
	}
	b.Norm = float32(sum)
	return sum
}
