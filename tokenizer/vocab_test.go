package tokenizer

import "testing"

func TestVocab(t *testing.T) {
	tok := starter(t)
	v, err := Vocab(tok)
	if err != nil {
		t.Fatal(err)
	}
	if v.Kind != ByteLevel || len(v.Tokens) != 8208 || v.BOS != 8192 || v.EOS != 8195 || v.Pad != 8192 || v.Unk != -1 || !v.AddBOS || v.Pattern != patternGPT2 {
		t.Errorf("Vocab() = kind %d, %d tokens, BOS %d, EOS %d, pad %d, unk %d, pattern %q", v.Kind, len(v.Tokens), v.BOS, v.EOS, v.Pad, v.Unk, v.Pattern)
	}
	for id, token := range v.Tokens[:8192] {
		text, ok := fromByteLevel(token.Text)
		if !ok || text != tok.Decode([]int32{int32(id)}) || token.Type != NormalToken {
			t.Fatalf("token %d is %+v", id, token)
		}
	}
	for id, want := range map[int]Token{8195: {"<|end|>", ControlToken}, 8207: {"[PAD8207]", UnusedToken}} {
		if v.Tokens[id] != want {
			t.Errorf("token %d is %+v, want %+v", id, v.Tokens[id], want)
		}
	}
	if v.Merges[0] != [2]string{"Ġ", "t"} || len(v.Merges) < 8192-256 {
		t.Errorf("%d merges from %q on", len(v.Merges), v.Merges[0])
	}
}

func TestVocabOfSentencePiece(t *testing.T) {
	v, err := Vocab(parse(t, sentencePiece(t, tinyPieces(), prepending)))
	if err != nil {
		t.Fatal(err)
	}
	if v.Kind != SentencePiece || v.BOS != 1 || v.EOS != 2 || v.Unk != 0 || v.Pad != -1 || !v.AddBOS || !v.AddSpace {
		t.Errorf("Vocab() = %+v", v)
	}
	for id, want := range map[int]Token{0: {"<unk>", UnknownToken}, 1: {"<s>", ControlToken}, 13: {"<0x0A>", ByteToken}, 259: {"▁t", NormalToken}} {
		if v.Tokens[id] != want {
			t.Errorf("token %d is %+v, want %+v", id, v.Tokens[id], want)
		}
	}
}
