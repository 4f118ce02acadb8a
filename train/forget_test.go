package train

import (
	"context"
	"errors"
	"math"
	"testing"

	"adapt/model"
)

// taught returns a model that knows general text and no examples yet.
func taught(t *testing.T) *model.Model {
	t.Helper()
	m := newModel(t)
	c := tinyTrain()
	c.Epochs, c.Steps = 0, 100
	if _, err := Fit(context.Background(), m, text(9, 20), nil, c, Options{}); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestAgainstForgetting trains a model that knows general text on examples,
// and wants replay and the divergence each to keep more of the text.
func TestAgainstForgetting(t *testing.T) {
	general := text(9, 20)
	for _, lora := range []*model.LoRA{nil, {R: 4, Alpha: 16}} {
		fit := func(change func(*Config)) Result {
			c := tinyTrain()
			c.LoRA, c.Epochs, c.MicroTokens = lora, 15, 40
			if lora != nil {
				c.LearningRate = 3e-2
			}
			change(&c)
			res, err := Fit(context.Background(), taught(t), counting(40, 1), counting(10, 2), c, Options{Replay: general, General: general})
			if err != nil {
				t.Fatal(err)
			}
			if res.DevLoss >= res.FirstDev {
				t.Errorf("the dev loss went from %g to %g", res.FirstDev, res.DevLoss)
			}
			return res
		}
		plain := fit(func(*Config) {})
		if plain.GeneralBefore <= 0 || plain.GeneralAfter < 1.2*plain.GeneralBefore {
			t.Fatalf("lora %v: nothing was forgotten: %g before, %g after", lora, plain.GeneralBefore, plain.GeneralAfter)
		}
		if plain.FirstKL != 0 || plain.LastKL != 0 || plain.Replayed != 0 {
			t.Errorf("lora %v: measured without being asked: %+v", lora, plain)
		}
		replay := fit(func(c *Config) { c.Replay = 0.3 })
		if replay.GeneralBefore != plain.GeneralBefore || replay.GeneralAfter > 0.9*plain.GeneralAfter {
			t.Errorf("lora %v: replay leaves %g of %g, without %g", lora, replay.GeneralAfter, replay.GeneralBefore, plain.GeneralAfter)
		}
		if share := float64(replay.Replayed) / float64(replay.Tokens); math.Abs(share-0.3) > 0.05 {
			t.Errorf("lora %v: %g of the tokens are replayed", lora, share)
		}
		weak, strong := fit(func(c *Config) { c.KL = 1e-3 }), fit(func(c *Config) { c.KL = 2 })
		if !(weak.LastKL > 2*strong.LastKL && strong.LastKL > 0) {
			t.Errorf("lora %v: divergence %g held back weakly, %g strongly", lora, weak.LastKL, strong.LastKL)
		}
		if math.Abs(strong.FirstKL) > 1e-6 {
			t.Errorf("lora %v: the divergence from itself is %g", lora, strong.FirstKL)
		}
		if p := strong.Curve[len(strong.Curve)-1]; p.KL <= 0 {
			t.Errorf("lora %v: the curve has no divergence: %+v", lora, p)
		}
		if strong.GeneralAfter > 0.95*plain.GeneralAfter {
			t.Errorf("lora %v: the divergence leaves %g of %g, without %g", lora, strong.GeneralAfter, strong.GeneralBefore, plain.GeneralAfter)
		}
	}
}

// TestReplayWeighsAsItsRows wants replayed rows to weigh what rows of the
// training set do on average, whatever is masked there.
func TestReplayWeighsAsItsRows(t *testing.T) {
	examples := []Sequence{masked("a", 21, 16, 21), masked("b", 21, 20, 21)} // 6 of 40 rows
	c := Config{BatchTokens: 64, MaxTokens: 10, Replay: 0.5}.withDefaults()
	c.MaxTokens = 10
	of, err := replayed(append(text(3, 20), masked("silent", 5, 0, 0)), examples, 40, c)
	if err != nil || len(of) != 3 {
		t.Fatalf("%d sequences, %v", len(of), err)
	}
	for _, s := range of {
		if s.rows() != 10 || math.Abs(s.trained()-1.5) > 1e-6 {
			t.Errorf("%s: %d rows of weight %g, want 10 of 1.5", s.ID, s.rows(), s.trained())
		}
	}
	if _, err := replayed(nil, examples, 40, c); !errors.Is(err, ErrNoData) {
		t.Errorf("no text gives %v", err)
	}
}
