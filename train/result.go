package train

import (
	"context"
	"time"

	"adapt/model"
)

// Options say where a run keeps its state, what it has beside examples, and who
// follows it.
type Options struct {
	// Dir holds the checkpoints. A run that finds its own there goes on from
	// it. Empty: no checkpoints.
	Dir string
	// Log is a folder that gets log.jsonl, an object for every step, and a file
	// of events for TensorBoard. Empty: none.
	Log string
	// Progress is called after every step; nil: nobody follows.
	Progress func(Progress)
	// Metric measures the model at every evaluation; more is better. With LoRA
	// it gets a copy that the adapter is merged into. It must leave the model
	// alone and depend on nothing else, or a run that goes on after a stop gives
	// another result. nil: none.
	Metric func(ctx context.Context, m *model.Model) (float64, error)
	// Adapter is handed the best adapter before it is merged; nil: nobody wants it.
	Adapter func(*model.Adapter) error
	// Replay is general text, of which each step repeats Config.Replay's share.
	Replay []Sequence
	// General is general text that is held out to measure forgetting.
	General []Sequence
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
	KL           float64  `json:"kl,omitempty"`       // likewise; divergence from the base, nats a token
	DevLoss      *float64 `json:"dev_loss,omitempty"` // where it was measured
	DevKL        *float64 `json:"dev_kl,omitempty"`   // likewise; the divergence on the dev set
	Metric       *float64 `json:"metric,omitempty"`   // where it was measured
	LearningRate float64  `json:"learning_rate"`
	GradNorm     float64  `json:"grad_norm"`
}

// Result is what a run came to. It holds no clock times: equal runs give equal
// results.
type Result struct {
	Steps      int     `json:"steps"` // taken
	Planned    int     `json:"planned"`
	Tokens     int64   `json:"tokens"`          // seen, padding excluded
	Replayed   int64   `json:"replayed_tokens"` // of them general text
	Sequences  int     `json:"sequences"`
	Dropped    int     `json:"dropped"`       // too long, or without loss
	Truncated  int     `json:"truncated"`     // trained on without their ends
	DevDropped int     `json:"dev_dropped"`   // like Dropped, of the dev set
	DevCut     int     `json:"dev_truncated"` // like Truncated, of the dev set
	FirstDev   float64 `json:"first_dev_loss"`
	BestStep   int     `json:"best_step"` // 0: the weights as they came
	TrainLoss  float64 `json:"train_loss"`
	DevLoss    float64 `json:"dev_loss"` // of the best step
	// The metric with the weights as they came, and of the best step.
	FirstMetric float64 `json:"first_metric,omitempty"`
	Metric      float64 `json:"metric,omitempty"`
	// The divergence from the base that Config.KL holds back, in nats a token: on
	// the dev set with the weights as they came and with those that are kept.
	// Without a dev set it is that of the first and the last point of the curve.
	FirstKL float64 `json:"first_kl,omitempty"`
	LastKL  float64 `json:"last_kl,omitempty"`
	// The loss of the held-out general text with the weights as they came and
	// with those that are kept.
	GeneralBefore float64 `json:"general_before,omitempty"`
	GeneralAfter  float64 `json:"general_after,omitempty"`
	StopReason    string  `json:"stop_reason"`
	Curve         []Point `json:"curve"`
}
