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
	"adapt/label"
	"adapt/model"
	"adapt/prompt"
	"adapt/registry"
	"adapt/tokenizer"
	"adapt/train"
)

// trainerVersion is part of the key under which trained models are remembered.
// Count it up when the trainer comes to give other weights.
const trainerVersion = 1

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
			return a.fit(ctx, in, s.config, key, m)
		})
	})
}

func (a *Activities) fit(ctx context.Context, in api.TrainInput, c config.Config, key string, m *meter) (api.Trained, error) {
	base, err := a.modelDir(in.Base)
	if err != nil {
		return api.Trained{}, err
	}
	net, err := model.Load(base)
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
	res, err := train.Fit(ctx, net, trainSet, devSet, trainConfig(c), train.Options{
		Dir:      filepath.Join(work, "checkpoints"),
		Progress: follow(m),
	})
	switch {
	case errors.Is(err, train.ErrOverlength), errors.Is(err, train.ErrNoData):
		return api.Trained{}, badInput("%v; change train.max_tokens, or set train.overlength to drop", err)
	case errors.Is(err, train.ErrDiverged):
		return api.Trained{}, badInput("%v; lower train.learning_rate", err)
	case err != nil:
		return api.Trained{}, err
	}
	m.say("keeping the model")
	out := filepath.Join(work, "model")
	if err := saveModel(net, base, out); err != nil {
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

// saveModel writes a whole folder: the trained weights and the base's
// tokenizer.
func saveModel(net *model.Model, base, dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := net.Save(dir); err != nil {
		return err
	}
	for _, name := range besideWeights {
		b, err := os.ReadFile(filepath.Join(base, name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			return err
		}
	}
	return nil
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
	return trainSet, devSet, nil
}

func trainConfig(c config.Config) train.Config {
	t := c.Train
	out := train.Config{
		Seed: uint64(c.Seed), Epochs: t.Epochs, LearningRate: t.LearningRate, Warmup: t.Warmup, MinLR: t.MinLR,
		BatchTokens: t.BatchTokens, MaxTokens: t.MaxTokens, Overlength: t.Overlength, WeightDecay: t.WeightDecay,
		Clip: t.Clip, EvalEvery: t.EvalEvery, Patience: t.Patience, Threads: t.Threads,
		Checkpoint: time.Duration(t.CheckpointSec) * time.Second,
	}
	if t.Method == config.MethodLoRA {
		out.LoRA = &model.LoRA{R: t.LoRA.R, Alpha: t.LoRA.Alpha, Targets: t.LoRA.Targets}
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
