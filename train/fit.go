package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"adapt/model"
	"adapt/nn"

	G "gorgonia.org/gorgonia"
)

// Options say where a run keeps its state and who follows it.
type Options struct {
	// Dir holds the checkpoints. A run that finds its own there goes on from
	// it. Empty: no checkpoints.
	Dir string
	// Progress is called after every step; nil: nobody follows.
	Progress func(Progress)
}

// Progress is how far a run is.
type Progress struct {
	Step, Steps  int
	Loss         float64 // of the last step, nats a token
	DevLoss      float64 // the last one; NaN before the first
	LearningRate float64
	TokensPerSec float64 // since this process took up the run
	Left         time.Duration
}

// A Point of the learning curve.
type Point struct {
	Step         int      `json:"step"`
	Loss         float64  `json:"loss"`               // mean since the last point
	DevLoss      *float64 `json:"dev_loss,omitempty"` // where it was measured
	LearningRate float64  `json:"learning_rate"`
	GradNorm     float64  `json:"grad_norm"`
}

// Result is what a run came to. It holds no clock times: equal runs give equal
// results.
type Result struct {
	Steps      int     `json:"steps"` // taken
	Planned    int     `json:"planned"`
	Tokens     int64   `json:"tokens"` // seen, padding excluded
	Sequences  int     `json:"sequences"`
	Dropped    int     `json:"dropped"` // too long, or without loss
	FirstDev   float64 `json:"first_dev_loss"`
	BestStep   int     `json:"best_step"` // 0: the weights as they came
	TrainLoss  float64 `json:"train_loss"`
	DevLoss    float64 `json:"dev_loss"` // of the best step
	StopReason string  `json:"stop_reason"`
	Curve      []Point `json:"curve"`
}

// Fit trains m, or with c.LoRA an adapter that is merged into m at the end, and
// leaves the weights with the best dev loss in m (the last ones without dev
// sequences). Cancelling ctx stops after the step under way with a checkpoint.
func Fit(ctx context.Context, m *model.Model, trainSet, devSet []Sequence, c Config, opt Options) (Result, error) {
	c = c.withDefaults()
	if err := c.validate(); err != nil {
		return Result{}, err
	}
	if c.MaxTokens > m.Config.MaxPositions {
		c.MaxTokens = m.Config.MaxPositions
	}
	r := &run{m: m, c: c, opt: opt}
	if err := r.prepare(trainSet, devSet); err != nil {
		return Result{}, err
	}
	if err := r.resume(); err != nil {
		return Result{}, err
	}
	if err := r.loop(ctx); err != nil {
		return r.state.Result, err
	}
	return r.state.Result, r.finish()
}

// run is a training under way.
type run struct {
	m       *model.Model
	c       Config
	opt     Options
	adapter *model.Adapter
	tensors []model.Tensor // that are trained, in the order of the graph's parameters
	params  []G.ValueGrad  // weights with gradients, for the solver
	solver  *AdamW
	step    stepper
	eval    stepper
	plan    *plan
	dev     []Sequence
	devPack [][]int
	best    [][]float32
	state   state
	prints  string // fingerprint of model, data and configuration
}

// state is what a checkpoint holds beside weights and moments.
type state struct {
	Fingerprint string  `json:"fingerprint"`
	Step        int     `json:"step"` // steps taken
	Done        bool    `json:"done"`
	BadEvals    int     `json:"bad_evals"`
	LossSum     float64 `json:"loss_sum"` // since the last point
	LossSteps   int     `json:"loss_steps"`
	Result      Result  `json:"result"`
}

func (r *run) prepare(trainSet, devSet []Sequence) error {
	seqs, dropped, err := usable(trainSet, r.c)
	if err != nil {
		return err
	}
	if len(seqs) == 0 {
		return fmt.Errorf("train: %w: of %d sequences none is usable", ErrNoData, len(trainSet))
	}
	if err := r.setDev(devSet); err != nil {
		return err
	}
	if r.c.LoRA != nil {
		if r.adapter, err = model.NewAdapter(r.m.Config, *r.c.LoRA, r.c.Seed); err != nil {
			return err
		}
		r.adapter.Start(r.m.Tensor)
	}
	r.plan = newPlan(seqs, r.c)
	if r.c.EvalEvery == 0 {
		r.c.EvalEvery = max(1, r.plan.steps/10)
	}
	r.prints = fingerprint(r.m, seqs, r.dev, r.c)
	r.state = state{Fingerprint: r.prints, Result: Result{Planned: r.plan.steps, Sequences: len(seqs), Dropped: dropped}}
	return r.build()
}

// setDev packs the dev sequences in the order in which they came.
func (r *run) setDev(seqs []Sequence) (err error) {
	if r.dev, _, err = usable(seqs, r.c); err != nil {
		return err
	}
	order := make([]int, len(r.dev))
	for i := range order {
		order[i] = i
	}
	r.devPack = pack(order, r.dev, r.c.BatchTokens)
	return nil
}

// build makes the graphs of a training step and of the dev loss.
func (r *run) build() error {
	net, err := r.m.Build(r.adapter, r.c.BatchTokens, model.BuildOptions{Options: nn.Options{Threads: r.c.Threads, Train: true}})
	if err != nil {
		return err
	}
	for _, p := range net.Params {
		r.tensors = append(r.tensors, model.Tensor{
			TensorShape: model.TensorShape{Name: p.Name, Shape: p.Value.Shape()}, Data: p.Value.Data().([]float32),
		})
	}
	if r.step, err = newStepper(net); err != nil {
		return err
	}
	for _, p := range net.Params {
		r.params = append(r.params, trained{p})
	}
	r.solver = &AdamW{Beta1: r.c.Beta1, Beta2: r.c.Beta2, Eps: 1e-8, Decay: r.c.WeightDecay, Clip: r.c.Clip, Threads: r.c.Threads}
	return r.buildEval()
}

// buildEval makes the graph of the dev loss where there is something to
// measure it on.
func (r *run) buildEval() error {
	if len(r.dev) == 0 {
		return nil
	}
	net, err := r.m.Build(r.adapter, r.c.BatchTokens, model.BuildOptions{Options: nn.Options{Threads: r.c.Threads}})
	if err != nil {
		return err
	}
	r.eval, err = newStepper(net)
	return err
}

// A stepper runs a graph over batches.
type stepper struct {
	net *model.Net
	vm  *nn.Machine
}

func newStepper(net *model.Net) (stepper, error) {
	vm, err := net.Machine(false)
	return stepper{net: net, vm: vm}, err
}

// run returns the weighted sum of losses of some sequences and the sum of
// their weights.
func (s stepper) run(seqs []Sequence, which []int) (sum, weight float64, err error) {
	weight = fill(s.net.Graph.Batch, seqs, which)
	if err := s.vm.RunAll(); err != nil {
		return 0, 0, fmt.Errorf("train: %w", err)
	}
	return s.net.Graph.Batch.Sum, weight, nil
}

func (r *run) loop(ctx context.Context) error {
	s := &r.state
	if s.Step == 0 && !s.Done {
		if err := r.evaluate(); err != nil {
			return err
		}
		s.Result.FirstDev = s.Result.DevLoss
	}
	began, tokens, saved := time.Now(), int64(0), time.Now()
	for !s.Done {
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), r.save())
		}
		before := s.Result.Tokens
		loss, rate, err := r.advance()
		if err != nil {
			return err
		}
		tokens += s.Result.Tokens - before
		if err := r.measure(); err != nil {
			return err
		}
		if r.opt.Progress != nil {
			speed := float64(tokens) / time.Since(began).Seconds()
			perStep := float64(s.Result.Tokens) / float64(s.Step)
			left := time.Duration(perStep * float64(s.Result.Planned-s.Step) / speed * float64(time.Second))
			r.opt.Progress(Progress{Step: s.Step, Steps: s.Result.Planned, Loss: loss, DevLoss: r.lastDev(), LearningRate: rate, TokensPerSec: speed, Left: left})
		}
		if s.Done || time.Since(saved) >= r.c.Checkpoint {
			if err := r.save(); err != nil {
				return err
			}
			saved = time.Now()
		}
	}
	return nil
}

// advance takes one optimizer step and returns its loss and learning rate.
func (r *run) advance() (loss, rate float64, err error) {
	s := &r.state
	which := r.plan.step(s.Step)
	sum, weight, err := r.step.run(r.plan.seqs, which)
	if err != nil {
		return 0, 0, err
	}
	loss = sum / weight
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return 0, 0, r.diverged(which, fmt.Errorf("%w: the loss is %g", ErrDiverged, loss))
	}
	rate = r.c.rate(s.Step, s.Result.Planned)
	r.solver.Rate = rate
	if err := r.solver.Step(r.params); err != nil {
		return 0, 0, r.diverged(which, err)
	}
	s.Step++
	s.Result.Steps = s.Step
	for _, i := range which {
		s.Result.Tokens += int64(len(r.plan.seqs[i].IDs) - 1)
	}
	s.LossSum, s.LossSteps = s.LossSum+loss, s.LossSteps+1
	return loss, rate, nil
}

func (r *run) diverged(which []int, err error) error {
	ids := make([]string, 0, 3)
	for _, i := range which[:min(3, len(which))] {
		ids = append(ids, r.plan.seqs[i].ID)
	}
	return fmt.Errorf("train: step %d, examples %v and %d more: %w; lower train.learning_rate or set train.clip (the last good checkpoint is kept)",
		r.state.Step+1, ids, len(which)-len(ids), err)
}

// measure adds a point to the curve, and a dev loss where one is due, and
// decides whether to stop.
func (r *run) measure() error {
	s := &r.state
	last := s.Step == s.Result.Planned
	if due := s.Step%r.c.EvalEvery == 0 || last; due {
		if err := r.evaluate(); err != nil {
			return err
		}
		if r.c.Patience > 0 && s.BadEvals >= r.c.Patience && !last {
			s.Done, s.Result.StopReason = true, fmt.Sprintf("no better dev loss in %d evaluations", r.c.Patience)
			return nil
		}
	}
	if last {
		s.Done, s.Result.StopReason = true, "all planned steps were taken"
	}
	return nil
}

// evaluate measures the dev loss, keeps the weights when it is the best, and
// adds a point to the curve.
func (r *run) evaluate() error {
	s := &r.state
	p := Point{Step: s.Step, GradNorm: r.solver.Norm, LearningRate: r.solver.Rate}
	if s.LossSteps > 0 {
		p.Loss = s.LossSum / float64(s.LossSteps)
		s.Result.TrainLoss = p.Loss
	}
	s.LossSum, s.LossSteps = 0, 0
	if len(r.dev) > 0 {
		loss, err := r.devLoss()
		if err != nil {
			return err
		}
		p.DevLoss = &loss
		if s.Step == 0 || loss < s.Result.DevLoss {
			s.Result.DevLoss, s.Result.BestStep, s.BadEvals = loss, s.Step, 0
			if err := r.keepBest(); err != nil {
				return err
			}
		} else {
			s.BadEvals++
		}
	}
	s.Result.Curve = append(s.Result.Curve, p)
	return nil
}

func (r *run) devLoss() (float64, error) {
	var sum, weight float64
	for _, which := range r.devPack {
		s, w, err := r.eval.run(r.dev, which)
		if err != nil {
			return 0, err
		}
		sum, weight = sum+s, weight+w
	}
	return sum / weight, nil
}

func (r *run) lastDev() float64 {
	for i := len(r.state.Result.Curve) - 1; i >= 0; i-- {
		if d := r.state.Result.Curve[i].DevLoss; d != nil {
			return *d
		}
	}
	return math.NaN()
}

// finish puts the best weights in place and merges an adapter.
func (r *run) finish() error {
	if len(r.dev) > 0 {
		for i, t := range r.tensors {
			copy(t.Data, r.best[i])
		}
	} else {
		r.state.Result.BestStep = r.state.Step
	}
	if r.adapter != nil {
		r.adapter.Merge(r.m, r.c.Threads)
	}
	return nil
}

// Loss returns the mean loss of m over sequences, in nats a token, weighted as
// in training.
func Loss(m *model.Model, seqs []Sequence, c Config) (float64, error) {
	r := &run{m: m, c: c.withDefaults()}
	if err := r.setDev(seqs); err != nil {
		return 0, err
	}
	if len(r.dev) == 0 {
		return 0, fmt.Errorf("train: %w: no sequence has a loss", ErrNoData)
	}
	if err := r.buildEval(); err != nil {
		return 0, err
	}
	return r.devLoss()
}
