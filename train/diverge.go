package train

import (
	"errors"
	"fmt"
	"strings"

	"adapt/nn"
	"adapt/nn/kernel"
)

// maxNamed is how many examples a message names.
const maxNamed = 5

// diverged explains a step of sequences which that gave err: where the first
// value that is not finite came up, and from which examples.
func (r *run) diverged(which []int, err error) error {
	where, bad := r.trace(r.step, r.plan.seqs, which)
	return fmt.Errorf("train: step %d: %w%s; %s; lower train.learning_rate or set train.clip (%s)",
		r.state.Step+1, err, where, named(r.plan.seqs, which, bad), r.kept())
}

// badLoss explains a part that was only measured and gave err.
func (r *run) badLoss(p part, err error) error {
	for _, which := range p.batches {
		if where, bad := r.trace(r.eval, p.seqs, which); where != "" || len(bad) > 0 {
			return fmt.Errorf("train: step %d: %w%s; %s; lower train.learning_rate (%s)",
				r.state.Step, err, where, named(p.seqs, which, bad), r.kept())
		}
	}
	return fmt.Errorf("train: step %d: %w", r.state.Step, err)
}

// kept says what a diverged run leaves behind.
func (r *run) kept() string {
	step, err := newest(r.opt.Dir)
	if err != nil || step < 0 {
		return "there is no checkpoint yet"
	}
	return fmt.Sprintf("the checkpoint of step %d is kept", step)
}

func named(seqs []Sequence, which, bad []int) string {
	what := "examples"
	if len(bad) == 0 {
		what, bad = "no example gives it alone; examples of the step", which
	}
	ids := make([]string, 0, maxNamed)
	for _, i := range bad[:min(maxNamed, len(bad))] {
		ids = append(ids, seqs[i].ID)
	}
	if more := len(bad) - len(ids); more > 0 {
		return fmt.Sprintf("%s %s and more", what, strings.Join(ids, ", "))
	}
	return fmt.Sprintf("%s %s", what, strings.Join(ids, ", "))
}

// trace runs sequences again, in batches that fit, and returns where the first
// value that is not finite comes up and which sequences give one alone.
func (r *run) trace(s *stepper, seqs []Sequence, which []int) (where string, bad []int) {
	small := bins{rows: len(s.net.Graph.Batch.IDs)}
	for _, micro := range small.split(which, seqs) {
		bad = append(bad, s.culprits(seqs, micro, maxNamed+1-len(bad))...)
	}
	look := which
	if len(bad) > 0 {
		look = bad[:1]
	}
	for _, micro := range small.split(look, seqs) {
		if err := s.diagnose(seqs, micro); err != nil {
			return ", first in " + err.Error(), bad
		}
	}
	return "", bad
}

// culprits returns at most n sequences of a micro-batch that alone have a loss
// or a gradient that is not finite: it halves those that have one together.
func (s *stepper) culprits(seqs []Sequence, which []int, n int) []int {
	if n <= 0 || len(which) == 0 || s.sound(seqs, which) {
		return nil
	}
	if len(which) == 1 {
		return append([]int(nil), which...)
	}
	half := len(which) / 2
	bad := s.culprits(seqs, which[:half], n)
	return append(bad, s.culprits(seqs, which[half:], n-len(bad))...)
}

// sound reports whether loss and gradients of sequences are finite.
func (s *stepper) sound(seqs []Sequence, which []int) bool {
	sum, err := s.run(seqs, which)
	if err != nil || !finite(sum.loss) || !finite(sum.kl) {
		return false
	}
	for _, p := range s.net.Params {
		if g := p.Grad(); g != nil && kernel.HasNaNInf(s.net.Graph.Threads, g.Data().([]float32)) {
			return false
		}
	}
	return true
}

// diagnose returns the layer and operation of the first value that is not
// finite, nil when all are.
func (s *stepper) diagnose(seqs []Sequence, which []int) error {
	if _, err := s.run(seqs, which); err != nil {
		return err
	}
	err := s.vm.Diagnose()
	if errors.Is(err, nn.ErrNotFinite) {
		return errors.New(strings.TrimPrefix(err.Error(), nn.ErrNotFinite.Error()+": "))
	}
	return err
}
