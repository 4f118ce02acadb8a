package train

import (
	"context"
	"errors"
	"math"
	"testing"

	"adapt/model"
)

// TestBestByMetric scripts metrics and wants the weights of the highest.
func TestBestByMetric(t *testing.T) {
	for name, test := range map[string]struct {
		values   []float64 // of the evaluations, each 2 steps apart
		patience int
		best     int // step
		steps    int
	}{
		"middle":         {[]float64{0.1, 0.2, 0.9, 0.3, 0.4, 0.5}, 0, 4, 10},
		"last":           {[]float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.6}, 0, 10, 10},
		"base":           {[]float64{0.7, 0.2, 0.3, 0.4, 0.5, 0.6}, 0, 0, 10},
		"first of equal": {[]float64{0.1, 0.5, 0.5, 0.5, 0.5, 0.5}, 0, 2, 10},
		"stops early":    {[]float64{0.1, 0.5, 0.4, 0.3, 0.9, 0.9}, 2, 2, 6},
		"below zero":     {[]float64{-3, -2, -1, -4, -5, -6}, 0, 4, 10},
	} {
		for _, lora := range []*model.LoRA{nil, {R: 2, Alpha: 4}} {
			for _, dir := range []string{"", t.TempDir()} {
				m := newModel(t)
				c := tinyTrain()
				c.LoRA, c.Steps, c.EvalEvery, c.Best, c.Patience = lora, 10, 2, "metric", test.patience
				var hashes []string
				res, err := Fit(context.Background(), m, counting(40, 1), nil, c, Options{Dir: dir, Metric: func(_ context.Context, m *model.Model) (float64, error) {
					hashes = append(hashes, m.Hash())
					return test.values[len(hashes)-1], nil
				}})
				if err != nil {
					t.Fatal(name, err)
				}
				if res.BestStep != test.best || res.Steps != test.steps || res.Metric != test.values[test.best/2] || res.FirstMetric != test.values[0] {
					t.Errorf("%s: best step %d of %d with %g from %g", name, res.BestStep, res.Steps, res.Metric, res.FirstMetric)
				}
				if m.Hash() != hashes[test.best/2] {
					t.Errorf("%s, lora %v: the weights are not those that the metric liked best", name, lora)
				}
				if hashes[0] != newModel(t).Hash() || hashes[0] == hashes[1] {
					t.Errorf("%s, lora %v: the metric sees other weights", name, lora)
				}
			}
		}
	}
}

func TestMetricThatFails(t *testing.T) {
	wrong := errors.New("wrong")
	c := tinyTrain()
	for _, test := range []struct {
		value float64
		err   error
	}{{0, wrong}, {math.NaN(), nil}} {
		_, err := Fit(context.Background(), newModel(t), counting(40, 1), nil, c, Options{Metric: func(context.Context, *model.Model) (float64, error) {
			return test.value, test.err
		}})
		if err == nil || (test.err != nil && !errors.Is(err, test.err)) {
			t.Errorf("a metric of %g, %v gives %v", test.value, test.err, err)
		}
	}
}

// TestMetricBesideTheDevLoss wants a metric that does not choose to be
// measured all the same.
func TestMetricBesideTheDevLoss(t *testing.T) {
	c := tinyTrain()
	c.Epochs = 4
	res, err := Fit(context.Background(), newModel(t), counting(40, 1), counting(10, 2), c, Options{Metric: evenness})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range res.Curve {
		if p.Metric == nil || p.DevLoss == nil {
			t.Fatalf("point %+v", p)
		}
		if p.Step == res.BestStep && *p.DevLoss != res.DevLoss {
			t.Errorf("the best dev loss is %g, that of its step %g", res.DevLoss, *p.DevLoss)
		}
		if *p.DevLoss < res.DevLoss {
			t.Errorf("step %d has a better dev loss", p.Step)
		}
	}
}
