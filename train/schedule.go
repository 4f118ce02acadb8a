package train

import "math"

// schedules give the learning rate after warm-up as a share of the peak, for
// progress from 0 to 1 through the remaining steps.
var schedules = map[string]func(c Config, progress float64) float64{
	"constant": func(Config, float64) float64 { return 1 },
	"linear":   func(c Config, progress float64) float64 { return c.MinLR + (1-c.MinLR)*(1-progress) },
	// Loshchilov and Hutter 2017, arXiv:1608.03983.
	"cosine": func(c Config, progress float64) float64 {
		return c.MinLR + (1-c.MinLR)*0.5*(1+math.Cos(math.Pi*progress))
	},
	// Warm-up, stable, decay: constant, then one minus the square root of the
	// decay's progress (Hägele et al. 2024, arXiv:2405.18392).
	"wsd": func(c Config, progress float64) float64 {
		decayed := math.Max(0, (progress-(1-c.Decay))/c.Decay)
		return c.MinLR + (1-c.MinLR)*(1-math.Sqrt(decayed))
	},
}

// rate is the learning rate of a step, counted from 0: linear warm-up, then the
// schedule.
func (c Config) rate(step, steps int) float64 {
	warm := int(math.Ceil(c.Warmup * float64(steps)))
	if step < warm {
		return c.LearningRate * float64(step+1) / float64(warm)
	}
	return c.LearningRate * schedules[c.Schedule](c, float64(step-warm)/math.Max(1, float64(steps-warm)))
}
