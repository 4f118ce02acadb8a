package prompt

import (
	"slices"
	"testing"

	"adapt/tokenizer"
)

// letters encodes each byte as itself.
type letters struct{}

func (letters) Encode(text string) []int32 {
	var ids []int32
	for _, b := range []byte(text) {
		ids = append(ids, int32(b))
	}
	return ids
}

func (letters) Decode(ids []int32) string {
	var b []byte
	for _, id := range ids {
		b = append(b, byte(id))
	}
	return string(b)
}

func (letters) VocabSize() int { return 260 }

func (letters) Markers() tokenizer.Markers {
	return tokenizer.Markers{Begin: []int32{256}, Input: []int32{257}, Output: []int32{258}, End: 259}
}

func TestRender(t *testing.T) {
	turns := []Turn{{Input: "ab", Output: " c"}, {Input: "d", Output: "", Weight: 0.5}}
	got := Render(letters{}, turns)
	wantIDs := []int32{256, 257, 'a', 'b', 258, ' ', 'c', 259, 257, 'd', 258, 259}
	wantLoss := []float32{0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0.5}
	if !slices.Equal(got.IDs, wantIDs) {
		t.Errorf("ids are %v, want %v", got.IDs, wantIDs)
	}
	if !slices.Equal(got.Loss, wantLoss) {
		t.Errorf("loss weights are %v, want %v", got.Loss, wantLoss)
	}
	n := 1
	for _, turn := range turns {
		n += Room(letters{}, turn.Input, len(letters{}.Encode(turn.Output)))
	}
	if n != len(got.IDs) {
		t.Errorf("Room adds up to %d, Render gives %d tokens", n, len(got.IDs))
	}
}

// TestAskContinuesToRender wants the tokens that a model is asked with to be
// those that it was trained on.
func TestAskContinuesToRender(t *testing.T) {
	turn := Turn{Input: "question", Output: " answer"}
	m := letters{}.Markers()
	asked := append(slices.Clone(m.Begin), Ask(letters{}, turn.Input)...)
	if rendered := Render(letters{}, []Turn{turn}).IDs; !slices.Equal(rendered[:len(asked)], asked) {
		t.Errorf("asked with %v, trained on %v", asked, rendered)
	}
}
