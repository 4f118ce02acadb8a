package generate

import (
	"math"
	"math/rand/v2"
	"testing"

	"adapt/tokenizer"
)

func TestSamplingValidate(t *testing.T) {
	for _, s := range []Sampling{
		{Temperature: -1}, {Temperature: math.NaN()}, {TopK: -1}, {TopP: 1.1}, {TopP: math.NaN()}, {RepetitionPenalty: 0.5}, {RepetitionPenalty: math.Inf(1)},
	} {
		if s.Validate() == nil {
			t.Errorf("%+v passes", s)
		}
	}
	if err := (Sampling{Temperature: 0.7, TopK: 4, TopP: 0.9, RepetitionPenalty: 1.2}).Validate(); err != nil {
		t.Error(err)
	}
}

// TestSampler compares how often each token is drawn with its probability.
func TestSampler(t *testing.T) {
	logits := []float32{1, 3, float32(math.Inf(-1)), 2, 0.5, 9, 3}
	markers := tokenizer.Markers{Begin: []int32{5}, Input: []int32{5}, Output: []int32{5}, End: 0} // 5 is never drawn
	for _, test := range []struct {
		name string
		s    Sampling
		ids  []int32
		want map[int32]float64 // weights
	}{
		{"all", Sampling{Temperature: 1}, nil, map[int32]float64{0: math.E, 1: math.Exp(3), 3: math.Exp(2), 4: math.Exp(0.5), 6: math.Exp(3)}},
		{"hot", Sampling{Temperature: 2}, nil, map[int32]float64{0: math.Exp(0.5), 1: math.Exp(1.5), 3: math.E, 4: math.Exp(0.25), 6: math.Exp(1.5)}},
		{"top-k", Sampling{Temperature: 1, TopK: 3}, nil, map[int32]float64{1: math.Exp(3), 3: math.Exp(2), 6: math.Exp(3)}},
		{"top-p", Sampling{Temperature: 1, TopP: 0.7}, nil, map[int32]float64{1: 1, 6: 1}}, // 0.385 each
		{"greedy", Sampling{}, nil, map[int32]float64{1: 1}},
		{"penalty", Sampling{RepetitionPenalty: 2}, []int32{1, 6}, map[int32]float64{3: 1}},
		{"both", Sampling{Temperature: 1, TopP: 0.99, TopK: 2, RepetitionPenalty: 3}, []int32{1}, map[int32]float64{3: math.Exp(2), 6: math.Exp(3)}},
	} {
		s := sampler{Sampling: test.s, rng: rand.New(rand.NewPCG(1, 2))}
		const n = 20000
		counts, total := map[int32]int{}, 0.0
		for range n {
			counts[s.choose(logits, markers, test.ids)]++
		}
		for _, w := range test.want {
			total += w
		}
		for id := range int32(len(logits)) {
			if got, want := float64(counts[id])/n, test.want[id]/total; math.Abs(got-want) > 0.02 {
				t.Errorf("%s: token %d is drawn %.3f of the time, want %.3f", test.name, id, got, want)
			}
		}
	}
	nothing := sampler{Sampling: Sampling{Temperature: 1}, rng: rand.New(rand.NewPCG(1, 2))}
	if id := nothing.choose([]float32{float32(math.NaN()), float32(math.Inf(-1))}, markers, nil); id != markers.End {
		t.Errorf("of nothing it draws %d", id)
	}
}

// TestSampledExchange wants a seed to decide an answer.
func TestSampledExchange(t *testing.T) {
	text := tinyText(t)
	write := func(seed uint64) string {
		s := begin(t, text)
		defer s.Close()
		check(t, s.Sample(Sampling{Temperature: 3, Seed: seed}), s.Ask("Findings"))
		w, err := s.Write(20)
		check(t, err)
		return w.Text
	}
	if a, b := write(1), write(1); a != b {
		t.Errorf("one seed gives %q and %q", a, b)
	}
	if a, b := write(1), write(2); a == b {
		t.Errorf("two seeds give %q", a)
	}
}
