package train

import (
	"context"
	"fmt"
	"math"

	"adapt/model"
	"adapt/nn/kernel"
)

// setGeneral packs held-out general text. As with replayed text, what is too
// long is cut.
func (r *run) setGeneral(seqs []Sequence) error {
	c := r.c
	c.Overlength = truncate
	_, err := r.measured(&r.general, seqs, c)
	return err
}

// buildEval makes the graph of losses that are not trained on.
func (r *run) buildEval() error {
	o := model.BuildOptions{Options: graphOptions(r.c)}
	r.reference.in(&o, r.c.KL)
	net, err := r.m.Build(r.adapter, r.c.MicroTokens, o)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	r.eval, err = newStepper(net, r.reference, r.c)
	return err
}

// lossOf measures sequences with the present weights.
func (r *run) lossOf(p part, what string) (loss, kl float64, err error) {
	sum, err := r.eval.all(p.seqs, p.batches)
	if err != nil {
		return 0, 0, err
	}
	loss, kl = sum.mean()
	if !finite(loss) || !finite(kl) {
		return 0, 0, r.badLoss(p, fmt.Errorf("%w: the loss of the %s is %g", ErrDiverged, what, loss))
	}
	return loss, kl, nil
}

// begin measures the weights as they came.
func (r *run) begin(ctx context.Context) error {
	s := &r.state
	if len(r.general.seqs) > 0 {
		loss, _, err := r.lossOf(r.general, "general text")
		if err != nil {
			return err
		}
		s.Result.GeneralBefore = loss
	}
	if err := r.evaluate(ctx); err != nil {
		return err
	}
	s.Result.FirstDev, s.Result.FirstMetric = s.Result.DevLoss, s.Result.Metric
	return r.record(taken{}, true)
}

// measure adds a point to the curve where one is due and decides whether to
// stop.
func (r *run) measure(ctx context.Context) error {
	s := &r.state
	last := s.Step == s.Result.Planned
	if s.Step%r.c.EvalEvery == 0 || last {
		if err := r.evaluate(ctx); err != nil {
			return err
		}
		if r.c.Patience > 0 && s.BadEvals >= r.c.Patience && !last {
			what := map[string]string{bestDevLoss: "dev loss", bestMetric: "metric"}[r.c.Best]
			s.Done, s.Result.StopReason = true, fmt.Sprintf("no better %s in %d evaluations", what, r.c.Patience)
			return nil
		}
	}
	if last {
		s.Done, s.Result.StopReason = true, "all planned steps were taken"
	}
	return nil
}

// evaluate measures dev loss and metric, keeps the weights when they are the
// best, and adds a point to the curve.
func (r *run) evaluate(ctx context.Context) error {
	s := &r.state
	p := Point{Step: s.Step, GradNorm: r.solver.Norm, LearningRate: r.solver.Rate}
	if s.LossSteps > 0 {
		p.Loss, p.KL = s.LossSum/float64(s.LossSteps), s.KLSum/float64(s.LossSteps)
		s.Result.TrainLoss = p.Loss
	}
	s.LossSum, s.KLSum, s.LossSteps = 0, 0, 0
	if len(r.dev.seqs) > 0 {
		loss, kl, err := r.lossOf(r.dev, "dev set")
		if err != nil {
			return err
		}
		p.DevLoss = &loss
		if r.reference != nil {
			p.DevKL = &kl
		}
	}
	if r.opt.Metric != nil {
		value, err := r.metric(ctx)
		if err != nil {
			return err
		}
		p.Metric = &value
	}
	s.Result.Curve = append(s.Result.Curve, p)
	return r.judge(p)
}

// metric measures the model as it would be with the adapter merged.
func (r *run) metric(ctx context.Context) (float64, error) {
	m := r.m
	if r.adapter != nil {
		m = r.merged()
	}
	value, err := r.opt.Metric(ctx, m)
	if err != nil {
		return 0, fmt.Errorf("train: the metric at step %d: %w", r.state.Step, err)
	}
	if !finite(value) {
		return 0, fmt.Errorf("train: the metric at step %d is %g, want a number", r.state.Step, value)
	}
	return value, nil
}

// merged returns a copy of the model that the adapter is merged into. The copy
// shares what the adapter leaves alone, and its memory is used again.
func (r *run) merged() *model.Model {
	changed := func(name string) bool { return r.adapter.Pair(name) != nil || r.adapter.SavedTensor(name) != nil }
	if r.view == nil {
		r.view = r.m.Clone(changed)
	} else {
		for i, t := range r.m.Tensors {
			if changed(t.Name) {
				copy(r.view.Tensors[i].Data, t.Data)
			}
		}
	}
	r.adapter.Merge(r.view, r.c.Threads)
	return r.view
}

// ranked reports whether some weights are better than others.
func (r *run) ranked() bool { return len(r.dev.seqs) > 0 || r.c.Best == bestMetric }

// judge keeps the weights of a point when they are the best.
func (r *run) judge(p Point) error {
	s := &r.state
	if !r.ranked() {
		return nil
	}
	better := s.Step == 0
	if r.c.Best == bestMetric {
		better = better || *p.Metric > s.Result.Metric
	} else {
		better = better || *p.DevLoss < s.Result.DevLoss
	}
	if !better {
		s.BadEvals++
		return nil
	}
	s.Result.BestStep, s.BadEvals = s.Step, 0
	if p.DevLoss != nil {
		s.Result.DevLoss = *p.DevLoss
	}
	if p.Metric != nil {
		s.Result.Metric = *p.Metric
	}
	return r.keepBest()
}

func (r *run) lastDev() float64 {
	for i := len(r.state.Result.Curve) - 1; i >= 0; i-- {
		if d := r.state.Result.Curve[i].DevLoss; d != nil {
			return *d
		}
	}
	return math.NaN()
}

// finish puts the best weights in place, measures what was forgotten, and
// merges an adapter.
func (r *run) finish() error {
	s := &r.state
	if err := r.checkWeights(); err != nil {
		return err
	}
	if !r.ranked() {
		s.Result.BestStep = s.Step
	} else if err := r.takeBest(); err != nil {
		return err
	}
	if err := r.measureForgetting(); err != nil {
		return err
	}
	if r.adapter == nil {
		return nil
	}
	if r.opt.Adapter != nil {
		if err := r.opt.Adapter(r.adapter); err != nil {
			return fmt.Errorf("train: handing over the adapter: %w", err)
		}
	}
	if r.c.KeepAdapter {
		return nil
	}
	return r.merge()
}

// measureForgetting compares the weights that are kept with those that came.
func (r *run) measureForgetting() (err error) {
	s := &r.state.Result
	if n := len(s.Curve); r.reference != nil && n > 1 {
		s.FirstKL, s.LastKL = s.Curve[1].KL, s.Curve[n-1].KL
		for _, p := range s.Curve {
			if p.DevKL != nil && p.Step == 0 {
				s.FirstKL = *p.DevKL
			}
			if p.DevKL != nil && p.Step == s.BestStep {
				s.LastKL = *p.DevKL
			}
		}
	}
	if len(r.general.seqs) > 0 {
		s.GeneralAfter, _, err = r.lossOf(r.general, "general text")
	}
	return err
}

// checkWeights reports a weight that is not finite.
func (r *run) checkWeights() error {
	for _, t := range r.tensors {
		if kernel.HasNaNInf(r.c.Threads, t.Data) {
			return fmt.Errorf("train: step %d: %w: the weight %s is not finite; lower train.learning_rate (%s)", r.state.Step, ErrDiverged, t.Name, r.kept())
		}
	}
	return nil
}

// Loss returns the mean loss of m over sequences, in nats a token, weighted as
// in training.
func Loss(m *model.Model, seqs []Sequence, c Config) (float64, error) {
	r := &run{m: m, c: c.withDefaults()}
	if r.c.MicroTokens < 1 {
		return 0, fmt.Errorf("train: %w: batches of %d tokens", ErrConfig, r.c.MicroTokens)
	}
	r.c.MaxTokens = min(r.c.MaxTokens, m.Config.MaxPositions)
	r.c.KL = 0
	if _, err := r.measured(&r.dev, seqs, r.c); err != nil {
		return 0, err
	}
	if len(r.dev.seqs) == 0 {
		return 0, fmt.Errorf("train: %w: no sequence has a loss", ErrNoData)
	}
	if err := r.buildEval(); err != nil {
		return 0, err
	}
	loss, _, err := r.lossOf(r.dev, "sequences")
	return loss, err
}
