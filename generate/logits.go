package generate

import (
	"fmt"
	"runtime"

	"adapt/model"
)

// Logits returns the scores of every token of the vocabulary after each of ids,
// [len(ids), vocabulary], of a model with an adapter beside it; a is nil for the
// model alone. It is for checks: that a model and what was saved of it agree.
func Logits(m *model.Model, a *model.Adapter, ids []int32) ([]float32, error) {
	d, err := NewDecoder(m, Options{Threads: runtime.GOMAXPROCS(0), Adapter: a})
	if err != nil {
		return nil, err
	}
	c := d.newCache()
	defer c.close()
	logits := make([]float32, len(ids)*m.Config.VocabSize)
	return logits, d.run(&request{c: c, ids: ids, logits: logits})
}

// Forward returns the logits after ids as the checks of package model take them.
func Forward(ids []int32) model.Forward {
	return func(m *model.Model) ([]float32, error) { return Logits(m, nil, ids) }
}

// A Subject is a model with an adapter beside it, or without one.
type Subject struct {
	Name    string // for the error
	Model   *model.Model
	Adapter *model.Adapter
}

// Same compares the logits of several forms of one model after ids, as with its
// adapter beside it, merged, and read back. The error names the first that differs
// from the first of all by more than the tolerance times the largest logit.
func Same(ids []int32, tolerance float64, subjects ...Subject) error {
	var first []float32
	for i, s := range subjects {
		logits, err := Logits(s.Model, s.Adapter, ids)
		if err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		if i == 0 {
			first = logits
			continue
		}
		if err := model.CompareVectors(first, logits, tolerance); err != nil {
			return fmt.Errorf("generate: %s answers otherwise than %s: %w", s.Name, subjects[0].Name, err)
		}
	}
	return nil
}
