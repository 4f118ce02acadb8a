package generate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"adapt/tokenizer"
)

// Sampling says how Write draws tokens. The zero value of a field leaves it
// out. With Temperature 0 it takes the likeliest, after the penalty.
type Sampling struct {
	Temperature float64 // divides the logits
	TopK        int     // only so many of the likeliest tokens
	// TopP takes only the likeliest tokens that have this probability together
	// (Holtzman et al. 2020, arXiv:1904.09751).
	TopP float64
	// RepetitionPenalty, above 1, makes the tokens that the answer has already
	// less likely (Keskar et al. 2019, arXiv:1909.05858): their logits are
	// divided by it if positive, and else multiplied.
	RepetitionPenalty float64
	// Seed decides all draws of an exchange.
	Seed uint64
}

// Validate reports a value out of range.
func (s Sampling) Validate() error {
	switch {
	case !(s.Temperature >= 0) || math.IsInf(s.Temperature, 0):
		return fmt.Errorf("generate: temperature %g, want 0 or more", s.Temperature)
	case s.TopK < 0:
		return fmt.Errorf("generate: top_k %d, want 0 or more", s.TopK)
	case !(s.TopP >= 0 && s.TopP <= 1):
		return fmt.Errorf("generate: top_p %g, want 0 to 1", s.TopP)
	case s.RepetitionPenalty != 0 && !(s.RepetitionPenalty >= 1) || math.IsInf(s.RepetitionPenalty, 0):
		return fmt.Errorf("generate: repetition penalty %g, want 1 or more", s.RepetitionPenalty)
	}
	return nil
}

// Sample has Write draw tokens from now on. The same seed gives the same
// answers to the same exchange.
func (s *Session) Sample(o Sampling) error {
	if err := o.Validate(); err != nil {
		return err
	}
	s.sampler = &sampler{Sampling: o, rng: rand.New(rand.NewPCG(o.Seed, 1))}
	return nil
}

type sampler struct {
	Sampling
	rng    *rand.Rand
	scores []float32
	heap   []int32 // tokens, the likeliest on top
	drawn  []int32
	probs  []float64 // of drawn
}

// choose draws the token that follows an answer of ids.
func (s *sampler) choose(logits []float32, m tokenizer.Markers, ids []int32) int32 {
	s.scores = append(s.scores[:0], logits...)
	if p := float32(s.RepetitionPenalty); p > 1 {
		for _, id := range ids {
			if v := logits[id]; v > 0 {
				s.scores[id] = v / p
			} else {
				s.scores[id] = v * p
			}
		}
	}
	s.heap = s.heap[:0]
	for id, v := range s.scores {
		if v > float32(math.Inf(-1)) && !isMarker(m, int32(id)) {
			s.heap = append(s.heap, int32(id))
		}
	}
	if len(s.heap) == 0 {
		return m.End
	}
	for i := len(s.heap)/2 - 1; i >= 0; i-- {
		s.sink(i)
	}
	if s.Temperature == 0 {
		return s.heap[0]
	}
	return s.draw()
}

// draw empties the heap as far as top-k and top-p go, and draws of that.
func (s *sampler) draw() int32 {
	top := float64(s.scores[s.heap[0]])
	weight := func(id int32) float64 { return math.Exp((float64(s.scores[id]) - top) / s.Temperature) }
	total := 0.0
	for _, id := range s.heap {
		total += weight(id)
	}
	most := len(s.heap)
	if s.TopK > 0 {
		most = min(most, s.TopK)
	}
	s.drawn, s.probs = s.drawn[:0], s.probs[:0]
	mass := 0.0
	if most == len(s.heap) && (s.TopP == 0 || s.TopP == 1) { // the order does not matter
		slices.Sort(s.heap)
		s.drawn = append(s.drawn, s.heap...)
		for _, id := range s.drawn {
			s.probs = append(s.probs, weight(id))
			mass += s.probs[len(s.probs)-1]
		}
	}
	for len(s.drawn) < most {
		id := s.pop()
		p := weight(id)
		s.drawn, s.probs, mass = append(s.drawn, id), append(s.probs, p), mass+p
		if s.TopP > 0 && mass >= s.TopP*total {
			break
		}
	}
	u := s.rng.Float64() * mass
	for i, p := range s.probs {
		if u -= p; u < 0 {
			return s.drawn[i]
		}
	}
	return s.drawn[0] // the sum was rounded
}

// before reports whether a is likelier than b, or as likely and lower.
func (s *sampler) before(a, b int32) bool {
	x, y := s.scores[a], s.scores[b]
	return x > y || x == y && a < b
}

func (s *sampler) sink(i int) {
	h := s.heap
	for {
		c := 2*i + 1
		if c >= len(h) {
			return
		}
		if c+1 < len(h) && s.before(h[c+1], h[c]) {
			c++
		}
		if !s.before(h[c], h[i]) {
			return
		}
		h[i], h[c] = h[c], h[i]
		i = c
	}
}

func (s *sampler) pop() int32 {
	top, last := s.heap[0], len(s.heap)-1
	s.heap[0] = s.heap[last]
	s.heap = s.heap[:last]
	s.sink(0)
	return top
}
