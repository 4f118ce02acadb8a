package train

import (
	"context"
	"slices"
	"testing"
)

// TestPrefixLM wants the prompt to be read in both directions, and answers to
// see nothing of what follows.
func TestPrefixLM(t *testing.T) {
	losses := func(prefixLM bool, s Sequence) []float32 {
		c := Config{BatchTokens: 32, Threads: 1, LearningRate: 1, Epochs: 1, PrefixLM: prefixLM}
		r := prepared(t, newModel(t), []Sequence{s}, c, Options{})
		if _, err := r.step.run([]Sequence{s}, []int{0}); err != nil {
			t.Fatal(err)
		}
		return slices.Clone(r.step.net.Graph.Batch.Losses[:s.rows()])
	}
	s := masked("a", 14, 8, 14)
	causal, both := losses(false, s), losses(true, s)
	if slices.Equal(causal, both) {
		t.Error("the prompt is read in one direction")
	}
	// The last token that an answer's row sees is its own: another last target
	// leaves every row but the last alone.
	other := masked("a", 14, 8, 14)
	other.IDs[13] = 38
	changed := losses(true, other)
	if last := len(both) - 1; !slices.Equal(changed[:last], both[:last]) || changed[last] == both[last] {
		t.Errorf("losses %v and, with another last token, %v", both, changed)
	}
	// Text has no prompt.
	whole := masked("a", 14, 1, 14)
	if !slices.Equal(losses(true, whole), losses(false, whole)) {
		t.Error("text without a prompt is not read causally")
	}
}

// TestPrefixLMTrains wants training and evaluation to read prompts alike.
func TestPrefixLMTrains(t *testing.T) {
	seqs := make([]Sequence, 20)
	for i := range seqs {
		seqs[i] = counting(20, 5)[i]
		seqs[i].Loss = make([]float32, len(seqs[i].IDs))
		seqs[i].Loss[len(seqs[i].IDs)-1] = 1
	}
	m, c := newModel(t), tinyTrain()
	c.Epochs, c.PrefixLM = 30, true
	res, err := Fit(context.Background(), m, seqs, seqs, c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if res.DevLoss > 0.8*res.FirstDev {
		t.Errorf("the loss goes from %g to %g", res.FirstDev, res.DevLoss)
	}
	if got, err := Loss(m, seqs, c); err != nil || got != res.DevLoss {
		t.Errorf("loss %g, of the run %g, %v", got, res.DevLoss, err)
	}
	c.PrefixLM = false
	if got, err := Loss(m, seqs, c); err != nil || got == res.DevLoss {
		t.Errorf("read causally the loss is %g too, %v", got, err)
	}
}
