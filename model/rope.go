package model

import (
	"fmt"
	"math"
)

// RopeScaling stretches rotary positions beyond the context of pretraining.
type RopeScaling struct {
	Type   string  // "linear", "llama3"
	Factor float64 // by which positions are divided
	// Of llama3: waves longer than Original/LowFreq positions are stretched,
	// those shorter than Original/HighFreq are not, and those between partly.
	LowFreq, HighFreq float64
	Original          int // positions of pretraining
}

func (s *RopeScaling) validate() error {
	switch {
	case s == nil:
		return nil
	case s.Type != "linear" && s.Type != "llama3":
		return fmt.Errorf("%w: rope_scaling of type %q, want linear or llama3", ErrUnsupported, s.Type)
	case !(s.Factor > 0):
		return fmt.Errorf("model: rope_scaling factor %g must be positive", s.Factor)
	case s.Type == "llama3" && !(s.LowFreq > 0 && s.HighFreq > s.LowFreq && s.Original > 0):
		return fmt.Errorf("model: rope_scaling llama3 with low_freq_factor %g, high_freq_factor %g, original_max_position_embeddings %d", s.LowFreq, s.HighFreq, s.Original)
	}
	return nil
}

// Frequency returns the scaled frequency, in radians a position.
func (s *RopeScaling) Frequency(f float64) float64 {
	if s == nil {
		return f
	}
	if s.Type == "linear" {
		return f / s.Factor
	}
	waves := float64(s.Original) * f / (2 * math.Pi) // within the context of pretraining
	keep := min(1, max(0, (waves-s.LowFreq)/(s.HighFreq-s.LowFreq)))
	return f * (keep + (1-keep)/s.Factor)
}

// Rope returns the rotary tables for n positions, [n, Dim/2] each (Su et al.
// 2021, arXiv:2104.09864).
func (c Config) Rope(n int) (cos, sin []float32) {
	half := c.Dim() / 2
	cos, sin = make([]float32, n*half), make([]float32, n*half)
	for i := range half {
		freq := c.RopeScaling.Frequency(math.Pow(c.RopeTheta, -2*float64(i)/float64(c.Dim())))
		for p := range n {
			s, co := math.Sincos(float64(p) * freq)
			cos[p*half+i], sin[p*half+i] = float32(co), float32(s)
		}
	}
	return cos, sin
}

// ropeJSON is config.json's rope_scaling, or rope_parameters.
type ropeJSON struct {
	Type     string  `json:"rope_type,omitempty"`
	OldType  string  `json:"type,omitempty"`
	Theta    float64 `json:"rope_theta,omitempty"`
	Factor   float64 `json:"factor,omitempty"`
	LowFreq  float64 `json:"low_freq_factor,omitempty"`
	HighFreq float64 `json:"high_freq_factor,omitempty"`
	Original int     `json:"original_max_position_embeddings,omitempty"`
	Partial  float64 `json:"partial_rotary_factor,omitempty"`
}

// scaling returns nil where positions are as they were.
func (j *ropeJSON) scaling() (*RopeScaling, error) {
	if j == nil {
		return nil, nil
	}
	if j.Partial != 0 && j.Partial != 1 {
		return nil, fmt.Errorf("%w: partial_rotary_factor is %g", ErrUnsupported, j.Partial)
	}
	kind := j.Type
	if kind == "" {
		kind = j.OldType
	}
	if kind == "" || kind == "default" {
		return nil, nil
	}
	s := &RopeScaling{Type: kind, Factor: j.Factor, LowFreq: j.LowFreq, HighFreq: j.HighFreq, Original: j.Original}
	return s, s.validate()
}

func newRopeJSON(s *RopeScaling) *ropeJSON {
	if s == nil {
		return nil
	}
	return &ropeJSON{Type: s.Type, Factor: s.Factor, LowFreq: s.LowFreq, HighFreq: s.HighFreq, Original: s.Original}
}
