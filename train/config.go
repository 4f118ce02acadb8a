// Package train is the core trainer: it fits a model's weights, or an
// adapter's, to sequences, and can be killed at any moment without changing
// what comes out.
//
// A step sees Config.BatchTokens packed rows. They go through the graph in
// micro-batches, whose gradients add up to those of one batch. Every choice
// derives from Config.Seed and the step's number, so that a run that goes on
// from a checkpoint, with any number of threads, gives the same bits.
//
// Errors: [ErrOverlength], [ErrNoData] and [ErrData] are of the examples,
// [ErrConfig] of the configuration, [ErrDiverged] of a training that gave
// values that are not finite, [ErrOtherRun] of a checkpoint folder that belongs
// to another run, [ErrMerge] of an adapter that cannot be merged.
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
	MicroTokens  int     // rows that are computed at a time; 0: BatchTokens
	MaxTokens    int     // of a sequence; 0: MicroTokens
	// Overlength says what becomes of longer sequences: "raise" is an error,
	// "drop" leaves them out, "truncate" cuts their ends off and drops those that
	// have nothing left to train on. All are counted.
	Overlength   string
	WeightDecay  float64 // of matrices
	Beta1, Beta2 float64 // 0: 0.9 and 0.95
	Clip         float64 // global gradient norm; 0: none
	EvalEvery    int     // steps between dev losses; 0: a tenth of the steps
	// Best is what the kept weights are the best by: "dev_loss", the lowest one,
	// or "metric", the highest Options.Metric. "" is dev_loss.
	Best     string
	Patience int // evaluations without a new best before stopping; 0: never stops early

	LoRA *model.LoRA
	// KeepAdapter leaves the model as it was: the adapter is only handed to
	// Options.Adapter and not merged. Models whose weights are stored in another
	// form than float32 cannot be merged into and need it.
	KeepAdapter bool
	// Freeze names modules that full fine-tuning leaves alone, by a part of their
	// path: "embed_tokens", "layers.0-3", "mlp.up_proj", "layers.5.self_attn".
	Freeze []string

	NEFTune   float64 // alpha of the noise on embeddings (arXiv:2310.05914); 0: none
	Smoothing float64 // of the labels; 0: none
	// PrefixLM lets the tokens before the first trained one see each other in
	// both directions.
	PrefixLM      bool
	Precision     string // of the products: "float32" or "bf16"; "" is float32
	Checkpointing bool   // compute activations again rather than keep them

	// Replay is the share of the rows that repeat Options.Replay, from 0 to 0.9.
	// A replayed row weighs in the loss what a row of the training set does on
	// average, so that it is the share of the loss too.
	Replay float64
	// KL weighs the divergence of the base model's distribution from the trained
	// one's, at rows with a loss; 0: none.
	KL float64

	Threads    int           `json:"-"` // 0: all cores; never changes the result
	Checkpoint time.Duration `json:"-"` // between checkpoints; 0: 30 s
}

// ErrConfig is returned, wrapped, for a configuration that cannot be used.
var ErrConfig = errors.New("configuration of the training")

// ErrOverlength is returned, wrapped, when a sequence is too long and the
// configuration says to raise.
var ErrOverlength = errors.New("sequence is too long")

// ErrData is returned, wrapped, for a sequence that does not fit the model or
// itself.
var ErrData = errors.New("sequence is unusable")

// ErrNoData is returned, wrapped, when nothing is left to train on.
var ErrNoData = errors.New("nothing to train on")

// ErrDiverged is returned, wrapped, when the loss or a gradient is not finite.
var ErrDiverged = errors.New("training diverged")

const (
	bestDevLoss = "dev_loss"
	bestMetric  = "metric"
	float32s    = "float32"
	bf16        = "bf16"
	raise       = "raise"
	drop        = "drop"
	truncate    = "truncate"
)

func (c Config) withDefaults() Config {
	or := func(s *string, value string) {
		if *s == "" {
			*s = value
		}
	}
	if c.Beta1 == 0 {
		c.Beta1 = 0.9
	}
	if c.Beta2 == 0 {
		c.Beta2 = 0.95
	}
	if c.MicroTokens == 0 || c.MicroTokens > c.BatchTokens {
		c.MicroTokens = c.BatchTokens
	}
	if c.MaxTokens == 0 || c.MaxTokens > c.MicroTokens {
		c.MaxTokens = c.MicroTokens
	}
	if c.Threads == 0 {
		c.Threads = runtime.GOMAXPROCS(0)
	}
	if c.Checkpoint == 0 {
		c.Checkpoint = 30 * time.Second
	}
	if c.Decay == 0 {
		c.Decay = 0.2
	}
	or(&c.Schedule, "cosine")
	or(&c.Overlength, raise)
	or(&c.Best, bestDevLoss)
	or(&c.Precision, float32s)
	return c
}

// validate reports what is wrong with a configuration with defaults.
func (c Config) validate() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("train: %w: %s", ErrConfig, fmt.Sprintf(format, args...))
	}
	within := func(x, lo, hi float64) bool { return x >= lo && x <= hi } // false for NaN
	switch {
	case !(c.LearningRate > 0):
		return bad("learning rate %g must be positive", c.LearningRate)
	case c.BatchTokens < 2:
		return bad("a batch of %d tokens is too small", c.BatchTokens)
	case c.MicroTokens < 2 || c.MaxTokens < 1:
		return bad("micro-batches of %d rows and sequences of %d are too small", c.MicroTokens, c.MaxTokens)
	case c.Steps <= 0 && !(c.Epochs > 0):
		return bad("neither steps nor epochs are positive")
	case schedules[c.Schedule] == nil:
		return bad("schedule %q is none of %s", c.Schedule, strings.Join(slices.Sorted(maps.Keys(schedules)), ", "))
	case !within(c.Warmup, 0, 1) || !within(c.MinLR, 0, 1) || !within(c.Decay, 0, 1):
		return bad("warm-up %g, lowest learning rate %g and decay %g are shares from 0 to 1", c.Warmup, c.MinLR, c.Decay)
	case !slices.Contains([]string{raise, drop, truncate}, c.Overlength):
		return bad("overlength is %q, want raise, drop or truncate", c.Overlength)
	case c.Best != bestDevLoss && c.Best != bestMetric:
		return bad("the best weights are by %q, want dev_loss or metric", c.Best)
	case c.Precision != float32s && c.Precision != bf16:
		return bad("precision is %q, want float32 or bf16", c.Precision)
	case !within(c.NEFTune, 0, 1e6):
		return bad("NEFTune's alpha %g must not be negative", c.NEFTune)
	case !(c.Smoothing >= 0 && c.Smoothing < 1):
		return bad("label smoothing %g, want from 0 to below 1", c.Smoothing)
	case !within(c.KL, 0, 1e6):
		return bad("the divergence's weight %g must not be negative", c.KL)
	case c.KL > 0 && c.Smoothing > 0:
		return bad("label smoothing and a divergence from the base exclude each other: both keep the distribution wide")
	case !within(c.Replay, 0, 0.9):
		return bad("the share of replayed rows is %g, want from 0 to 0.9", c.Replay)
	case c.LoRA != nil && len(c.Freeze) > 0:
		return bad("freeze is for full fine-tuning; with LoRA the model is frozen as it is")
	case c.LoRA == nil && c.KeepAdapter:
		return bad("there is no adapter to keep without LoRA")
	}
	return nil
}
