package generate

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"adapt/model"
	"adapt/nn/kernel"
	"adapt/prompt"
	"adapt/tokenizer"
)

func tinyText(t testing.TB) *Text {
	t.Helper()
	tok, err := tokenizer.Starter()
	check(t, err)
	text, err := NewText(tinyModel(t, tok), tok, Options{})
	check(t, err)
	return text
}

func tinyModel(t testing.TB, tok tokenizer.Tokenizer) *model.Model {
	t.Helper()
	m, err := model.New(model.Config{
		ModelType: "llama", HiddenAct: "silu", VocabSize: tok.VocabSize(), Hidden: 16, Intermediate: 24, Layers: 2,
		Heads: 4, KVHeads: 2, MaxPositions: 64, RopeTheta: 10000, NormEps: 1e-5, TieEmbeddings: true,
	}, 4)
	check(t, err)
	for _, tensor := range m.Tensors { // make the model opinionated
		kernel.Scale(tensor.Data, 4)
	}
	return m
}

func begin(t testing.TB, text *Text) *Session {
	t.Helper()
	s, err := text.Begin(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return s.(*Session)
}

func check(t testing.TB, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// TestNextIsTheModel compares the log-probabilities of choices, of one and of
// several tokens, with those of their tokens computed from nothing.
func TestNextIsTheModel(t *testing.T) {
	text := tinyText(t)
	s := begin(t, text)
	check(t, s.Ask("The term of this agreement"), s.Say(" Law"), s.End(), s.Ask("Next"))
	choices := []string{"", " none", " Law", " extraordinarily long"}
	got, err := s.Next(choices)
	check(t, err)
	before := s.Len()
	again, err := s.Next(choices)
	check(t, err)
	if !slices.Equal(got, again) || s.Len() != before {
		t.Errorf("asking again gives %v after %v, %d tokens after %d", again, got, s.Len(), before)
	}
	for i, choice := range choices {
		ids := text.tok.Encode(choice)
		if choice == "" {
			ids = []int32{text.tok.Markers().End}
		}
		context := append(prompt.Render(text.tok, []prompt.Turn{{Input: "The term of this agreement", Output: " Law"}}).IDs, prompt.Ask(text.tok, "Next")...)
		want, first := scored(t, text, context, ids)
		if len(ids) > 1 && first <= unlikely {
			want = first
		}
		if math.Abs(got[i]-want) > 1e-3 {
			t.Errorf("%q: log-probability %.5f, want %.5f", choice, got[i], want)
		}
	}
}

// scored returns the log-probability of ids after context, and of the first.
func scored(t *testing.T, text *Text, context, ids []int32) (all, first float64) {
	t.Helper()
	logits := make([]float32, text.d.c.VocabSize)
	for i, id := range ids {
		before := append(slices.Clone(context), ids[:i]...)
		check(t, text.d.run(&request{c: text.d.newCache(), ids: before, first: len(before) - 1, logits: logits}))
		p := logProb(logits, id, kernel.LogSumExp(logits))
		if all += p; i == 0 {
			first = p
		}
	}
	return all, first
}

func TestSessionRendersAsTraining(t *testing.T) {
	text := tinyText(t)
	s := begin(t, text)
	check(t, s.Ask("one"), s.Say(" Law"), s.End(), s.Ask("two"), s.Say(" none"), s.End())
	want := prompt.Render(text.tok, []prompt.Turn{{Input: "one", Output: " Law"}, {Input: "two", Output: " none"}}).IDs
	if !slices.Equal(s.pending, want) {
		t.Errorf("a session feeds %v, training renders %v", s.pending, want)
	}
}

func TestWrite(t *testing.T) {
	text := tinyText(t)
	s := begin(t, text)
	check(t, s.Ask("Findings: clear."))
	w, err := s.Write(10)
	check(t, err)
	if w.Tokens == 0 || w.Tokens > 10 || w.LogProb >= 0 || (w.Tokens == 10) == w.Finished {
		t.Errorf("written %+v", w)
	}
	s = begin(t, text)
	check(t, s.Ask("Findings: clear."))
	if again, err := s.Write(10); err != nil || again != w {
		t.Errorf("the same input gave %+v, %v; before %+v", again, err, w)
	}
}

func TestContextFull(t *testing.T) {
	text := tinyText(t)
	s := begin(t, text)
	if err := s.Ask(strings.Repeat("word ", 70)); !errors.Is(err, ErrContextFull) {
		t.Errorf("a long input gives %v", err)
	}
	check(t, s.Ask(strings.Repeat("word ", 40)))
	w, err := s.Write(100)
	check(t, err)
	if w.Finished || s.Len() > text.MaxTokens() {
		t.Errorf("%d tokens of %d, %+v", s.Len(), text.MaxTokens(), w)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	s, err := tinyText(t).Begin(ctx)
	check(t, err)
	cancel()
	if err := s.Ask("x"); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled session says %v", err)
	}
}

// TestLogLossInWindows wants the loss of two windows to be that of each alone.
func TestLogLossInWindows(t *testing.T) {
	text := tinyText(t)
	words := strings.Repeat("The sea was calm and the boats lay still. ", 12)
	nats, n, err := text.LogLoss(context.Background(), words, 100)
	check(t, err)
	ids := text.tok.Encode(words)[:100]
	window := text.MaxTokens() - 1
	want := 0.0
	for part := range slices.Chunk(ids, window) {
		all, _ := scored(t, text, text.tok.Markers().Begin, part)
		want -= all
	}
	if n != 100 || math.Abs(nats-want) > 1e-2 {
		t.Errorf("%.4f nats over %d tokens, want %.4f over 100", nats, n, want)
	}
}
