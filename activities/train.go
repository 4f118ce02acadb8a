package activities

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"adapt/activities/api"
	"adapt/artifact"
	"adapt/config"
	"adapt/internal/live"
	"adapt/label"
	"adapt/model"
	"adapt/prompt"
	"adapt/registry"
	"adapt/tokenizer"
	"adapt/train"
)

// trainerVersion is part of the key under which trained models are remembered.
// Count it up when the trainer comes to give other weights.
const trainerVersion = 2

// train fine-tunes the base model. Its checkpoints are under the key of the
// result, so that any attempt goes on from them.
func (a *Activities) train(ctx context.Context, in api.TrainInput) (api.Trained, error) {
	return run(ctx, a, in.Job, "train", func(ctx context.Context, m *meter) (api.Trained, error) {
		s, err := a.setting(in.Job)
		if err != nil {
			return api.Trained{}, err
		}
		t := s.config.Train
		t.Threads, t.CheckpointSec = 0, 0 // they do not change the weights
		key := registry.StepKey("train", trainerVersion, in.Base, in.Labeled, in.Dataset, t, s.config.Seed)
		return alone(ctx, a, key, func(ctx context.Context) (api.Trained, error) {
			return a.fit(ctx, in, s, key, m)
		})
	})
}

func (a *Activities) fit(ctx context.Context, in api.TrainInput, s setting, key string, m *meter) (api.Trained, error) {
	c := s.config
	base, err := a.modelDir(in.Base)
	if err != nil {
		return api.Trained{}, err
	}
	tok, err := tokenizer.Load(base)
	if err != nil {
		return api.Trained{}, err
	}
	trainSet, devSet, err := a.sequences(in, tok)
	if err != nil {
		return api.Trained{}, err
	}
	work, err := a.Home.Work("train-" + key)
	if err != nil {
		return api.Trained{}, err
	}
	f := fitting{base: base, work: work, c: c}
	close, err := f.load()
	if err != nil {
		return api.Trained{}, err
	}
	defer close()
	opt := train.Options{
		Dir:      filepath.Join(work, "checkpoints"),
		Log:      live.Training(a.Home, in.Job.RunID),
		Progress: follow(m),
		Adapter:  f.keepAdapter,
	}
	if err := a.describe(in.Job.RunID, trainSet, trainConfig(c), tok); err != nil {
		return api.Trained{}, err
	}
	if c.Train.Best == config.BestF1 {
		if opt.Metric, err = a.devF1(in, s, tok); err != nil {
			return api.Trained{}, err
		}
	}
	if opt.Replay, opt.General, err = replay(ctx, f.net, tok, c, replayTokens, m); err != nil {
		return api.Trained{}, err
	}
	res, err := train.Fit(ctx, f.net, trainSet, devSet, trainConfig(c), opt)
	switch {
	case errors.Is(err, train.ErrOverlength), errors.Is(err, train.ErrNoData):
		return api.Trained{}, badInput("%v; change train.max_tokens, or set train.overlength to drop", err)
	case errors.Is(err, train.ErrDiverged):
		return api.Trained{}, badInput("%v; lower train.learning_rate", err)
	case errors.Is(err, train.ErrConfig), errors.Is(err, train.ErrMerge), errors.Is(err, train.ErrData):
		return api.Trained{}, badInput("%v", err)
	case err != nil:
		return api.Trained{}, err
	}
	m.say("keeping the model")
	out, err := f.save(tok)
	if err != nil {
		return api.Trained{}, err
	}
	return a.keepTrained(out, work, res)
}

// keepTrained stores the model and its learning curve and clears the
// checkpoints away.
func (a *Activities) keepTrained(dir, work string, res train.Result) (api.Trained, error) {
	ref, err := PutModel(a.store(), dir)
	if err != nil {
		return api.Trained{}, err
	}
	curve, err := a.store().PutJSON(artifact.KindOutcomes, res)
	if err != nil {
		return api.Trained{}, err
	}
	if err := os.RemoveAll(work); err != nil {
		return api.Trained{}, err
	}
	return api.Trained{
		Model: ref, Steps: res.Steps, Tokens: res.Tokens, TrainLoss: finite(res.TrainLoss), DevLoss: finite(res.DevLoss),
		BaseLoss: finite(res.FirstDev), Best: res.BestStep, Stopped: res.Steps < res.Planned, Curve: curve,
	}, nil
}

// finite makes of a loss that was not measured one that JSON can hold.
func finite(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return x
}

// sequences renders the examples of the train and the dev part.
func (a *Activities) sequences(in api.TrainInput, tok tokenizer.Tokenizer) (trainSet, devSet []train.Sequence, err error) {
	d, err := a.dataset(in.Dataset)
	if err != nil {
		return nil, nil, err
	}
	labeled, err := a.labeled(in.Labeled)
	if err != nil {
		return nil, nil, err
	}
	for _, l := range labeled {
		to := &trainSet
		switch d.Docs[l.DocID] {
		case label.Dev:
			to = &devSet
		case label.Train:
		default:
			continue
		}
		for _, e := range l.Examples {
			t := prompt.Render(tok, e.Turns)
			*to = append(*to, train.Sequence{ID: e.ID, IDs: t.IDs, Loss: t.Loss})
		}
	}
	if d.Exchanges.IsZero() {
		return trainSet, devSet, nil
	}
	for e, err := range artifact.Each[label.Example](a.store(), d.Exchanges) {
		if err != nil {
			return nil, nil, err
		}
		t := prompt.Render(tok, e.Turns)
		trainSet = append(trainSet, train.Sequence{ID: e.ID, IDs: t.IDs, Loss: t.Loss})
	}
	return trainSet, devSet, nil
}

func trainConfig(c config.Config) train.Config {
	t := c.Train
	out := train.Config{
		Seed: uint64(c.Seed), Epochs: t.Epochs, LearningRate: t.LearningRate, Schedule: t.Schedule, Warmup: t.Warmup, MinLR: t.MinLR,
		BatchTokens: t.BatchTokens, MicroTokens: t.MicroTokens, MaxTokens: t.MaxTokens, Overlength: t.Overlength,
		WeightDecay: t.WeightDecay, Clip: t.Clip, EvalEvery: t.EvalEvery, Patience: t.Patience,
		Freeze: t.Freeze, Smoothing: t.LabelSmoothing, NEFTune: t.NEFTune, PrefixLM: t.PrefixLM,
		Precision: t.Precision, Checkpointing: t.Checkpointing, KL: t.Forgetting.KL,
		Threads: t.Threads, Checkpoint: time.Duration(t.CheckpointSec) * time.Second,
	}
	if t.Best != config.BestDevLoss {
		out.Best = "metric"
	}
	if t.Forgetting.Replay != config.ReplayNone {
		out.Replay = t.Forgetting.Share
	}
	if t.Method == config.MethodLoRA {
		out.LoRA = &model.LoRA{
			R: t.LoRA.R, Alpha: t.LoRA.Alpha, Dropout: t.LoRA.Dropout, Targets: t.LoRA.Targets, Exclude: t.LoRA.Exclude,
			RankStabilized: t.LoRA.RankStabilized, DoRA: t.LoRA.DoRA, ModulesToSave: t.LoRA.ModulesToSave,
		}
		out.KeepAdapter = t.LoRA.Base != config.PrecisionFloat32
	}
	return out
}

// follow shows a training's steps.
func follow(m *meter) func(train.Progress) {
	first := true
	return func(p train.Progress) {
		if first {
			m.start("steps", max(0, p.Step-1), p.Steps)
			first = false
		}
		m.at(p.Step)
		line := fmt.Sprintf("loss %.3f", p.Loss)
		if !math.IsNaN(p.DevLoss) {
			line += fmt.Sprintf(", dev loss %.3f", p.DevLoss)
		}
		if p.TokensPerSec > 0 {
			line += fmt.Sprintf(", %.0f tokens/s", p.TokensPerSec)
		}
		m.say("%s", line)
	}
}
