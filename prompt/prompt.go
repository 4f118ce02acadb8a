// Package prompt renders exchanges as tokens. It is the only renderer:
// training, evaluation and prediction all pass through it, so that a model
// never meets a prompt in another form than the one it was trained on.
//
// An exchange is one or more turns over a shared context:
//
//	Begin  Input text Output answer End  Input text Output answer End …
//
// The loss falls on the answers and their End markers only.
package prompt

import "adapt/tokenizer"

// A Turn is one input with the output that a model should give to it.
type Turn struct {
	Input  string  `json:"input"`
	Output string  `json:"output"`
	Weight float32 `json:"weight,omitempty"` // of the output in the loss; 0 means 1
	// Context says that the output is read and not learned.
	Context bool `json:"context,omitempty"`
}

// Tokens is a rendered exchange.
type Tokens struct {
	IDs []int32
	// Loss[i] weighs the prediction of IDs[i] from IDs[:i]; 0 means context.
	Loss []float32
}

// Render returns the tokens of turns with their loss weights.
func Render(tok tokenizer.Tokenizer, turns []Turn) Tokens {
	m := tok.Markers()
	var t Tokens
	t.add(m.Begin, 0)
	for _, turn := range turns {
		w := turn.Weight
		if w == 0 {
			w = 1
		}
		if turn.Context {
			w = 0
		}
		t.add(Ask(tok, turn.Input), 0)
		t.add(tok.Encode(turn.Output), w)
		t.add([]int32{m.End}, w)
	}
	return t
}

// Ask returns the tokens of an input up to the point where the model answers.
func Ask(tok tokenizer.Tokenizer, input string) []int32 {
	m := tok.Markers()
	ids := append([]int32(nil), m.Input...)
	ids = append(ids, tok.Encode(input)...)
	return append(ids, m.Output...)
}

// Room returns how many tokens a turn takes in a rendered exchange when its
// output takes that many.
func Room(tok tokenizer.Tokenizer, input string, output int) int {
	return len(Ask(tok, input)) + output + 1
}

func (t *Tokens) add(ids []int32, w float32) {
	t.IDs = append(t.IDs, ids...)
	for range ids {
		t.Loss = append(t.Loss, w)
	}
}
