package train

import (
	"context"
	"errors"
	"fmt"
	"time"

	"adapt/model"
	"adapt/nn"

	G "gorgonia.org/gorgonia"
)

// Fit trains m, or with c.LoRA an adapter that is merged into m at the end, and
// leaves the best weights in m: those with the lowest dev loss or the highest
// metric, the last ones when there is neither. Cancelling ctx stops after the
// step under way with a checkpoint.
func Fit(ctx context.Context, m *model.Model, trainSet, devSet []Sequence, c Config, opt Options) (Result, error) {
	c = c.withDefaults()
	c.MaxTokens = min(c.MaxTokens, m.Config.MaxPositions)
	if err := c.validate(); err != nil {
		return Result{}, err
	}
	r := &run{m: m, c: c, opt: opt}
	if err := r.prepare(trainSet, devSet); err != nil {
		return Result{}, err
	}
	if err := r.resume(); err != nil {
		return Result{}, err
	}
	if err := r.openLog(); err != nil {
		return Result{}, err
	}
	defer r.log.close()
	if err := r.loop(ctx); err != nil {
		return r.state.Result, err
	}
	if err := r.finish(); err != nil {
		return r.state.Result, err
	}
	return r.state.Result, nil
}

// run is a training under way.
type run struct {
	m         *model.Model
	c         Config
	opt       Options
	adapter   *model.Adapter
	frozen    func(name string) bool // nil: nothing is
	reference *reference             // nil: none
	view      *model.Model           // that the metric sees
	tensors   []model.Tensor         // that are trained, in the order of the graph's parameters
	params    []G.ValueGrad          // weights with gradients, for the solver
	solver    *AdamW
	step      *stepper
	eval      *stepper
	plan      *plan
	bins      bins
	dev       part
	general   part
	best      [][]float32 // when there is no folder to keep them in
	log       *logger     // nil: none
	state     state
	prints    string // fingerprint of model, data and configuration
}

// A part is a set of sequences to measure on, packed.
type part struct {
	seqs    []Sequence
	batches [][]int
}

// state is what a checkpoint holds beside weights and moments.
type state struct {
	Fingerprint string  `json:"fingerprint"`
	Step        int     `json:"step"` // steps taken
	Done        bool    `json:"done"`
	BadEvals    int     `json:"bad_evals"`
	LossSum     float64 `json:"loss_sum"` // since the last point
	KLSum       float64 `json:"kl_sum"`
	LossSteps   int     `json:"loss_steps"`
	Result      Result  `json:"result"`
}

func (r *run) prepare(trainSet, devSet []Sequence) error {
	seqs, err := usable(trainSet, r.m.Config.VocabSize, r.c)
	if err != nil {
		return err
	}
	if len(seqs.kept) == 0 {
		return fmt.Errorf("train: %w: of %d sequences none is usable", ErrNoData, len(trainSet))
	}
	dev, err := r.measured(&r.dev, devSet, r.c)
	if err != nil {
		return err
	}
	var replay []Sequence
	if r.c.Replay > 0 {
		if replay, err = replayed(r.opt.Replay, seqs.kept, r.m.Config.VocabSize, r.c); err != nil {
			return err
		}
	}
	if err := r.setGeneral(r.opt.General); err != nil {
		return err
	}
	if r.c.Best == bestMetric && r.opt.Metric == nil {
		return fmt.Errorf("train: %w: the best weights are by a metric, and there is none", ErrConfig)
	}
	if err := r.choose(); err != nil {
		return err
	}
	r.plan = newPlan(seqs.kept, replay, r.c)
	r.bins.rows = r.c.MicroTokens
	if r.c.EvalEvery == 0 {
		r.c.EvalEvery = max(1, r.plan.steps/10)
	}
	r.prints = fingerprint(r.m, r.c, seqs.kept, r.dev.seqs, replay, r.general.seqs)
	r.state = state{Fingerprint: r.prints, Result: Result{
		Planned: r.plan.steps, Sequences: len(seqs.kept), Dropped: seqs.dropped + seqs.silent, Truncated: seqs.truncated,
		DevDropped: dev.dropped + dev.silent, DevCut: dev.truncated,
	}}
	return r.build()
}

// measured packs sequences to measure on, in the order in which they came.
func (r *run) measured(p *part, seqs []Sequence, c Config) (sorted, error) {
	of, err := usable(seqs, r.m.Config.VocabSize, c)
	if err != nil {
		return of, err
	}
	order := make([]int, len(of.kept))
	for i := range order {
		order[i] = i
	}
	*p = part{of.kept, pack(order, of.kept, c.MicroTokens)}
	return of, nil
}

// choose decides which weights are trained: an adapter's, or the model's but
// for those that are frozen.
func (r *run) choose() (err error) {
	if r.c.LoRA == nil {
		if r.frozen, err = freezer(r.c.Freeze, r.m.Config); err != nil {
			return err
		}
	}
	if err := r.checkStored(); err != nil {
		return err
	}
	if r.c.LoRA == nil {
		return nil
	}
	if r.adapter, err = model.NewAdapter(r.m.Config, *r.c.LoRA, r.c.Seed); err != nil {
		return err
	}
	r.adapter.Start(plainWeight(r.m))
	return nil
}

// build makes the graphs of a training step and of evaluations.
func (r *run) build() (err error) {
	if r.c.KL > 0 {
		if r.reference, err = newReference(r.m, r.c, r.frozen); err != nil {
			return err
		}
	}
	o := model.BuildOptions{
		Options: graphOptions(r.c), Freeze: r.frozen,
		Noise: nn.Noise{Alpha: r.c.NEFTune}, Smoothing: float32(r.c.Smoothing),
	}
	o.Train, o.Checkpoint = true, r.c.Checkpointing
	r.reference.in(&o, r.c.KL)
	net, err := r.m.Build(r.adapter, r.c.MicroTokens, o)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	for _, p := range net.Params {
		r.tensors = append(r.tensors, model.Tensor{
			TensorShape: model.TensorShape{Name: p.Name, Shape: p.Value.Shape()}, Data: p.Value.Data().([]float32),
		})
	}
	if r.step, err = newStepper(net, r.reference, r.c); err != nil {
		return err
	}
	for _, p := range net.Params {
		r.params = append(r.params, trained{p})
	}
	r.solver = &AdamW{Beta1: r.c.Beta1, Beta2: r.c.Beta2, Eps: 1e-8, Decay: r.c.WeightDecay, Clip: r.c.Clip, Threads: r.c.Threads}
	if len(r.dev.seqs)+len(r.general.seqs) == 0 {
		return nil
	}
	return r.buildEval()
}

func (r *run) loop(ctx context.Context) error {
	s := &r.state
	if len(s.Result.Curve) == 0 {
		if err := r.begin(ctx); err != nil {
			return err
		}
	}
	began, tokens, saved := time.Now(), int64(0), time.Now()
	for !s.Done {
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), r.save())
		}
		before, points := s.Result.Tokens, len(s.Result.Curve)
		now, err := r.advance()
		if err != nil {
			return err
		}
		tokens += s.Result.Tokens - before
		if err := r.measure(ctx); err != nil {
			return err
		}
		now.speed = float64(tokens) / time.Since(began).Seconds()
		if err := r.record(now, len(s.Result.Curve) > points); err != nil {
			return err
		}
		r.follow(now)
		if s.Done || time.Since(saved) >= r.c.Checkpoint {
			if err := r.save(); err != nil {
				return err
			}
			saved = time.Now()
		}
	}
	return nil
}

// A taken is a step that was taken.
type taken struct {
	loss, kl    float64 // nats a token
	rate, norm  float64
	speed       float64 // tokens a second; a clock's value, for logs alone
	regularized bool    // whether kl was measured
}

// advance takes one optimizer step.
func (r *run) advance() (taken, error) {
	s := &r.state
	which := r.plan.step(s.Step, r.c.Seed)
	sum, err := r.step.gradients(r.plan.seqs, r.bins.split(which, r.plan.seqs), r.c.Seed, s.Step)
	if err != nil {
		return taken{}, err
	}
	loss, kl := sum.mean()
	if !finite(loss) || !finite(kl) {
		return taken{}, r.diverged(which, fmt.Errorf("%w: the loss is %g", ErrDiverged, loss))
	}
	r.solver.Rate = r.c.rate(s.Step, s.Result.Planned)
	if err := r.solver.Step(r.params); err != nil {
		return taken{}, r.diverged(which, err)
	}
	s.Step++
	s.Result.Steps = s.Step
	for _, i := range which {
		n := int64(r.plan.seqs[i].rows())
		s.Result.Tokens += n
		if i >= r.plan.train {
			s.Result.Replayed += n
		}
	}
	s.LossSum, s.KLSum, s.LossSteps = s.LossSum+loss, s.KLSum+kl, s.LossSteps+1
	return taken{loss: loss, kl: kl, rate: r.solver.Rate, norm: r.solver.Norm, regularized: r.reference != nil}, nil
}

// follow tells who follows the run about a step.
func (r *run) follow(now taken) {
	if r.opt.Progress == nil {
		return
	}
	s := &r.state
	perStep := float64(s.Result.Tokens) / float64(s.Step)
	left := time.Duration(perStep * float64(s.Result.Planned-s.Step) / now.speed * float64(time.Second))
	r.opt.Progress(Progress{
		Step: s.Step, Steps: s.Result.Planned, Loss: now.loss, DevLoss: r.lastDev(),
		LearningRate: now.rate, TokensPerSec: now.speed, Left: left,
	})
}
