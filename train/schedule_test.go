package train

import (
	"math"
	"testing"
)

func TestRate(t *testing.T) {
	for _, test := range []struct {
		name  string
		c     Config
		rates map[int]float64 // of steps of 100, as shares of the peak
	}{
		{"constant", Config{Schedule: "constant"}, map[int]float64{0: 1, 50: 1, 99: 1}},
		{"constant with warm-up", Config{Schedule: "constant", Warmup: 0.1}, map[int]float64{0: 0.1, 4: 0.5, 9: 1, 10: 1, 99: 1}},
		{"linear", Config{Schedule: "linear"}, map[int]float64{0: 1, 50: 0.5, 75: 0.25, 99: 0.01}},
		{"linear to a fifth", Config{Schedule: "linear", MinLR: 0.2}, map[int]float64{0: 1, 50: 0.6, 75: 0.4}},
		{"linear with warm-up", Config{Schedule: "linear", Warmup: 0.2}, map[int]float64{0: 0.05, 19: 1, 20: 1, 60: 0.5}},
		{"cosine", Config{Schedule: "cosine"}, map[int]float64{0: 1, 25: 0.5 + 0.5*math.Sqrt2/2, 50: 0.5, 75: 0.5 - 0.5*math.Sqrt2/2}},
		{"cosine to a tenth", Config{Schedule: "cosine", MinLR: 0.1}, map[int]float64{0: 1, 50: 0.55}},
		{"cosine is the default", Config{}, map[int]float64{50: 0.5}},
		{"wsd", Config{Schedule: "wsd"}, map[int]float64{0: 1, 80: 1, 85: 0.5, 99: 1 - math.Sqrt(0.95)}},
		{"wsd with a decay of half", Config{Schedule: "wsd", Decay: 0.5, MinLR: 0.5}, map[int]float64{50: 1, 75: 0.5 + 0.5*(1-math.Sqrt(0.5))}},
		{"warm-up alone", Config{Schedule: "linear", Warmup: 1}, map[int]float64{0: 0.01, 99: 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := test.c.withDefaults()
			c.LearningRate = 3e-4
			for step, share := range test.rates {
				if got, want := c.rate(step, 100), 3e-4*share; math.Abs(got-want) > 1e-12 {
					t.Errorf("step %d: %g, want %g", step, got, want)
				}
			}
		})
	}
}
