package model

import (
	"fmt"
	"math"
	"slices"
)

// A Forward computes logits of a model on an input of the caller's choice.
type Forward func(*Model) ([]float32, error)

// VerifySaved reads a folder back after a save. It reports the first weight
// that differs from m's, by a bit in float32, by more than the rounding in
// bfloat16, and, where forward is not nil, logits that differ: at all in
// float32, by more than 5% of the largest in bfloat16.
func (m *Model) VerifySaved(dir string, forward Forward) error {
	back, err := Load(dir)
	if err != nil {
		return fmt.Errorf("model: reading back what was saved: %w", err)
	}
	if back.Config.TieEmbeddings != m.Config.TieEmbeddings {
		return fmt.Errorf("model: reading back what was saved: tied embeddings are %t, want %t", back.Config.TieEmbeddings, m.Config.TieEmbeddings)
	}
	weights, logits := 0.0, 0.0
	if back.Config.TorchDtype == "bfloat16" {
		weights, logits = 1.0/256, 0.05
	}
	if err := CompareWeights(m, back, weights); err != nil {
		return fmt.Errorf("model: reading back what was saved: %w", err)
	}
	if forward == nil {
		return nil
	}
	if err := CompareLogits(m, back, forward, logits); err != nil {
		return fmt.Errorf("model: reading back what was saved: %w", err)
	}
	return nil
}

// CompareWeights reports the first weight of got that is farther from want's
// than the tolerance times its magnitude. With 0 the bits must be the same.
func CompareWeights(want, got *Model, tolerance float64) error {
	if len(want.Tensors) != len(got.Tensors) {
		return fmt.Errorf("%d tensors, want %d", len(got.Tensors), len(want.Tensors))
	}
	for i, w := range want.Tensors {
		g := got.Tensors[i]
		if g.Name != w.Name || !slices.Equal(g.Shape, w.Shape) {
			return fmt.Errorf("tensor %q %v, want %q %v", g.Name, g.Shape, w.Name, w.Shape)
		}
		for j, v := range w.Data {
			if math.Float32bits(v) == math.Float32bits(g.Data[j]) {
				continue
			}
			if d := math.Abs(float64(g.Data[j]) - float64(v)); !(d <= tolerance*math.Abs(float64(v))) {
				return fmt.Errorf("tensor %q: element %d is %g, want %g", w.Name, j, g.Data[j], v)
			}
		}
	}
	return nil
}

// CompareLogits reports a logit of got that is farther from want's than the
// tolerance times the largest magnitude.
func CompareLogits(want, got *Model, forward Forward, tolerance float64) error {
	w, err := forward(want)
	if err != nil {
		return err
	}
	g, err := forward(got)
	if err != nil {
		return err
	}
	return CompareVectors(w, g, tolerance)
}

// CompareVectors reports the element of got that is farthest from want's, when
// it is farther than the tolerance times the largest magnitude in want. It is
// for logits: of a model with its adapter beside, merged, and read back.
func CompareVectors(want, got []float32, tolerance float64) error {
	if len(want) == 0 || len(want) != len(got) {
		return fmt.Errorf("%d logits, want %d", len(got), len(want))
	}
	var worst, largest float64
	at := 0
	for i, v := range want {
		largest = max(largest, math.Abs(float64(v)))
		d := math.Abs(float64(got[i]) - float64(v))
		if d != d {
			return fmt.Errorf("logit %d is %g, want %g", i, got[i], v)
		}
		if d > worst {
			worst, at = d, i
		}
	}
	if worst > tolerance*largest {
		return fmt.Errorf("logit %d is %g, want %g; at most %g may lie between", at, got[at], want[at], tolerance*largest)
	}
	return nil
}
