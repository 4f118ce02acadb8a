// Package train is the core trainer: it fits a model's weights, or an
// adapter's, to sequences, and can be killed at any moment without changing
// what comes out.
package train

import (
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"time"

	"adapt/model"
)

// A Sequence is one example as tokens.
type Sequence struct {
	ID  string
	IDs []int32
	// Loss[i] weighs the prediction of IDs[i] from IDs[:i]; nil weighs all
	// tokens by one.
	Loss []float32
}

func (s *Sequence) weight(i int) float32 {
	if s.Loss == nil {
		return 1
	}
	return s.Loss[i]
}

// trained is the sum of the weights that reach the loss: the first token is
// predicted from nothing and never does.
func (s *Sequence) trained() float64 {
	sum := 0.0
	for i := 1; i < len(s.IDs); i++ {
		sum += float64(s.weight(i))
	}
	return sum
}

// Config says how to train. Its zero value is not usable; config.Default gives
// good values.
type Config struct {
	Seed         uint64
	Epochs       float64 // passes over the training set; ignored when Steps is set
	Steps        int     // optimizer steps; 0: from Epochs
	LearningRate float64 // peak
	Warmup       float64 // share of the steps with a rising rate
	MinLR        float64 // the share of the peak where the decay ends
	Schedule     string  // of the learning rate; see schedules; "" is cosine
	Decay        float64 // wsd: the share of the steps that decay; 0: 0.2
	BatchTokens  int     // rows of a packed step
	MaxTokens    int     // of a sequence; 0: BatchTokens
	Overlength   string  // of longer ones: "raise" or "drop"
	WeightDecay  float64 // of matrices
	Beta1, Beta2 float64 // 0: 0.9 and 0.95
	Clip         float64 // global gradient norm; 0: none
	EvalEvery    int     // steps between dev losses; 0: a tenth of the steps
	Patience     int     // dev losses without a new best before stopping; 0: never stops early
	LoRA         *model.LoRA
	Threads      int           `json:"-"` // 0: all cores; never changes the result
	Checkpoint   time.Duration `json:"-"` // between checkpoints; 0: 30 s
}

// ErrOverlength is returned, wrapped, when a sequence is too long and the
// configuration says to raise.
var ErrOverlength = errors.New("sequence is too long")

// ErrNoData is returned, wrapped, when nothing is left to train on.
var ErrNoData = errors.New("nothing to train on")

// ErrDiverged is returned, wrapped, when the loss or a gradient is not finite.
var ErrDiverged = errors.New("training diverged")

func (c Config) withDefaults() Config {
	if c.Beta1 == 0 {
		c.Beta1 = 0.9
	}
	if c.Beta2 == 0 {
		c.Beta2 = 0.95
	}
	if c.MaxTokens == 0 || c.MaxTokens > c.BatchTokens {
		c.MaxTokens = c.BatchTokens
	}
	if c.Threads == 0 {
		c.Threads = runtime.GOMAXPROCS(0)
	}
	if c.Checkpoint == 0 {
		c.Checkpoint = 30 * time.Second
	}
	if c.Schedule == "" {
		c.Schedule = "cosine"
	}
	if c.Decay == 0 {
		c.Decay = 0.2
	}
	if c.Overlength == "" {
		c.Overlength = "raise"
	}
	return c
}

func (c Config) validate() error {
	switch {
	case c.LearningRate <= 0:
		return fmt.Errorf("train: learning rate %g must be positive", c.LearningRate)
	case c.BatchTokens < 2:
		return fmt.Errorf("train: a batch of %d tokens is too small", c.BatchTokens)
	case c.Steps <= 0 && c.Epochs <= 0:
		return errors.New("train: neither steps nor epochs are positive")
	case schedules[c.Schedule] == nil:
		return fmt.Errorf("train: schedule %q is none of %s", c.Schedule, strings.Join(slices.Sorted(maps.Keys(schedules)), ", "))
	case c.Overlength != "raise" && c.Overlength != "drop":
		return fmt.Errorf("train: overlength is %q, want raise or drop", c.Overlength)
	}
	return nil
}
