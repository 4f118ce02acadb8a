package train

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"adapt/nn"
)

// masked returns a sequence of which only tokens from to to are trained.
func masked(id string, n, from, to int) Sequence {
	s := Sequence{ID: id, IDs: make([]int32, n), Loss: make([]float32, n)}
	for i := range s.IDs {
		s.IDs[i] = int32(1 + i%30)
		if i >= from && i < to {
			s.Loss[i] = 1
		}
	}
	return s
}

func TestOverlength(t *testing.T) {
	seqs := append(counting(3, 1),
		masked("no loss", 5, 0, 1),             // the first token's weight never counts
		masked("one token", 1, 0, 1),           // nothing to predict
		masked("answer within", 100, 10, 20),   // keeps all it is trained on
		masked("answer cut", 100, 20, 60),      // keeps a part
		masked("answer beyond", 100, 50, 60),   // keeps nothing
		masked("answer just in", 100, 32, 60),  // of 33 tokens the last one
		masked("answer just out", 100, 33, 60), // the first token beyond
		masked("fits", 33, 30, 33),
	)
	for _, test := range []struct {
		rule                string
		err                 error
		kept, dropped, cuts int
	}{
		{"raise", ErrOverlength, 0, 0, 0},
		{"drop", nil, 4, 7, 0},
		{"truncate", nil, 7, 4, 3},
	} {
		c := tinyTrain()
		c.Steps, c.Overlength = 2, test.rule // MaxTokens is the model's 32
		res, err := Fit(context.Background(), newModel(t), seqs, seqs, c, Options{})
		if !errors.Is(err, test.err) {
			t.Errorf("%s gives %v, want %v", test.rule, err, test.err)
			continue
		}
		if res.Sequences != test.kept || res.Dropped != test.dropped || res.Truncated != test.cuts {
			t.Errorf("%s: %d kept, %d dropped, %d truncated, want %d, %d, %d", test.rule,
				res.Sequences, res.Dropped, res.Truncated, test.kept, test.dropped, test.cuts)
		}
		if res.DevDropped != res.Dropped || res.DevCut != res.Truncated {
			t.Errorf("%s: the dev set counts %d dropped and %d truncated", test.rule, res.DevDropped, res.DevCut)
		}
	}
	c := tinyTrain()
	if _, err := Fit(context.Background(), newModel(t), seqs[3:5], nil, c, Options{}); !errors.Is(err, ErrNoData) {
		t.Errorf("no usable sequence gives %v", err)
	}
	c.Overlength = "truncate"
	if _, err := Fit(context.Background(), newModel(t), seqs[7:8], nil, c, Options{}); !errors.Is(err, ErrNoData) {
		t.Errorf("an answer that is cut away gives %v", err)
	}
}

func TestTruncateKeepsTheBeginning(t *testing.T) {
	c := Config{BatchTokens: 64, MaxTokens: 30, Overlength: truncate}.withDefaults()
	of := sortOut([]Sequence{masked("cut", 100, 20, 60)}, c)
	s := of.kept[0]
	if len(s.IDs) != 31 || len(s.Loss) != 31 || s.IDs[30] != 1 || s.trained() != 11 {
		t.Errorf("got %d tokens with %g trained: %v", len(s.IDs), s.trained(), s.IDs)
	}
}

func TestUnusableSequences(t *testing.T) {
	for name, s := range map[string]Sequence{
		"negative token":       {IDs: []int32{1, -1, 2}},
		"token beyond":         {IDs: []int32{1, 40, 2}},
		"too few weights":      {IDs: []int32{1, 2, 3}, Loss: []float32{0, 1}},
		"weight not a number":  {IDs: []int32{1, 2, 3}, Loss: []float32{0, 1, float32(math.NaN())}},
		"weight below nothing": {IDs: []int32{1, 2, 3}, Loss: []float32{0, 1, -1}},
		"weight without bound": {IDs: []int32{1, 2, 3}, Loss: []float32{0, 1, float32(math.Inf(1))}},
	} {
		s.ID = name
		if _, err := Fit(context.Background(), newModel(t), []Sequence{s}, nil, tinyTrain(), Options{}); !errors.Is(err, ErrData) {
			t.Errorf("%s gives %v", name, err)
		}
	}
}

func TestFill(t *testing.T) {
	seqs := []Sequence{masked("a", 6, 4, 6), {ID: "b", IDs: []int32{7, 8, 9}}, masked("c", 4, 1, 2)}
	g := nn.NewGraph(12, nn.Options{})
	for i := range g.Batch.IDs { // what an earlier batch left
		g.Batch.IDs[i], g.Batch.Targets[i], g.Batch.Weights[i], g.Batch.Pos[i] = 39, 39, 9, 9
	}
	if weight := fill(g.Batch, seqs, []int{0, 1, 2}, true); weight != 5 || g.Batch.Norm != 5 {
		t.Errorf("weight %g and norm %g, want 5", weight, g.Batch.Norm)
	}
	b := g.Batch
	for _, list := range []struct {
		name      string
		got, want []int32
	}{
		{"ids", b.IDs, []int32{1, 2, 3, 4, 5, 7, 8, 1, 2, 3, 0, 0}},
		{"targets", b.Targets, []int32{-1, -1, -1, 5, 6, 8, 9, 2, -1, -1, -1, -1}},
		{"positions", b.Pos, []int32{0, 1, 2, 3, 4, 0, 1, 0, 1, 2, 0, 0}},
		{"bounds", b.Bounds, []int32{0, 5, 7, 10}},
		{"prefixes", b.Prefix, []int32{4, 1, 1}}, // the tokens before the first trained one
	} {
		if !slices.Equal(list.got, list.want) {
			t.Errorf("%s %v, want %v", list.name, list.got, list.want)
		}
	}
	if want := []float32{0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0}; !slices.Equal(b.Weights, want) {
		t.Errorf("weights %v, want %v", b.Weights, want)
	}
	if fill(g.Batch, seqs, []int{0}, false); g.Batch.Prefix != nil {
		t.Errorf("causal attention has prefixes %v", g.Batch.Prefix)
	}
}
