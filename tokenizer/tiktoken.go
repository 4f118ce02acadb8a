package tokenizer

import (
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/pkoukk/tiktoken-go"
	loader "github.com/pkoukk/tiktoken-go-loader"
)

// starterSpec is the encoding of the starter model. Twelve ids are reserved so
// that the vocabulary is a multiple of 16, as the matrix kernels like it.
var starterSpec = spec{
	Encoding:  "r50k_base",
	Ranks:     8192,
	VocabSize: 8208,
	Special: map[string]int32{
		"<|endoftext|>": 8192,
		"<|input|>":     8193,
		"<|output|>":    8194,
		"<|end|>":       8195,
	},
	Markers: specMarkers{Begin: "<|endoftext|>", Input: "<|input|>", Output: "<|output|>", End: "<|end|>"},
}

// wholeSpecs are the encodings as published, with their special tokens.
var wholeSpecs = map[string]spec{
	"r50k_base": {VocabSize: 50257, Special: map[string]int32{endOfText: 50256}},
	"p50k_base": {VocabSize: 50281, Special: map[string]int32{endOfText: 50256}},
	"cl100k_base": {VocabSize: 100277, Special: map[string]int32{
		endOfText: 100257, "<|fim_prefix|>": 100258, "<|fim_middle|>": 100259, "<|fim_suffix|>": 100260, "<|endofprompt|>": 100276,
	}},
	"o200k_base": {VocabSize: 200019, Special: map[string]int32{endOfText: 199999, "<|endofprompt|>": 200018}},
}

const endOfText = "<|endoftext|>"

// patterns are the pre-tokenizers of the encodings that come with the offline
// loader.
var patterns = map[string]string{
	"r50k_base":   patternGPT2,
	"p50k_base":   patternGPT2,
	"cl100k_base": patternLlama3,
	"o200k_base":  patternO200k,
}

// longPiece is the length in bytes from which a piece is merged by [merge]:
// tiktoken's own merging takes quadratic time.
const longPiece = 256

// Starter returns the encoding of the starter model: the first 8,192 ranks of
// r50k_base and four special tokens, in a vocabulary of 8,208 ids.
func Starter() (Tokenizer, error) { return newTiktoken(starterSpec) }

// Encoding returns a whole encoding as published: r50k_base (also called
// gpt2), p50k_base, cl100k_base or o200k_base. <|endoftext|> ends an output;
// inputs and outputs are marked by text.
func Encoding(name string) (Tokenizer, error) {
	name = encodingName(name)
	s, ok := wholeSpecs[name]
	if !ok {
		return nil, fmt.Errorf("encoding %q is unknown; use one of %v", name, slices.Sorted(maps.Keys(wholeSpecs)))
	}
	s.Encoding, s.Markers.End = name, endOfText
	return newTiktoken(s)
}

// encodingName resolves the other name of r50k_base, which tiktoken-go does
// not know.
func encodingName(name string) string {
	if name == "gpt2" {
		return "r50k_base"
	}
	return name
}

// newTiktoken builds the encoding of a valid spec. A rank table cut after its
// first ranks is itself a valid, smaller encoding, because every token of it
// is made of lower ranks.
func newTiktoken(s spec) (*encoding, error) {
	ranks, err := loadRanks(s.Encoding, s.Ranks)
	if err != nil {
		return nil, err
	}
	pattern := patterns[s.Encoding]
	core, err := tiktoken.NewCoreBPE(ranks, nil, pattern)
	if err != nil {
		return nil, fmt.Errorf("build encoding %s: %w", s.Encoding, err)
	}
	split, err := newSplitter(pattern)
	if err != nil {
		return nil, err
	}
	e := &encoding{
		split: split,
		whole: make(map[string]int32, len(ranks)),
		text:  make(map[int32]string, len(ranks)+len(s.Special)),
		size:  s.VocabSize,
		cache: newCache(),
	}
	for token, rank := range ranks {
		e.whole[token] = int32(rank)
		e.text[int32(rank)] = token
		if rank >= s.VocabSize {
			return nil, fmt.Errorf("encoding %s has the rank %d, beyond the vocabulary of %d", s.Encoding, rank, s.VocabSize)
		}
	}
	for token, id := range s.Special {
		if other, ok := e.text[id]; ok {
			return nil, fmt.Errorf("special token %q has the id %d, which is that of %q in %s", token, id, other, s.Encoding)
		}
		e.text[id] = token
	}
	e.encode = pieceEncoder(tiktoken.NewTiktoken(core, nil, nil), e.whole)
	e.markers = s.markers(e.Encode)
	e.hf = func() (hfTokenizer, hfConfig, error) {
		t, err := s.tokenizerJSON(e.whole)
		return t, s.tokenizerConfig(), err
	}
	e.files = func() (map[string][]byte, error) { return s.files(e.hf) }
	return e, nil
}

// pieceEncoder returns tiktoken's encoding of one piece. The pattern matches a
// piece as a whole, so tiktoken does not cut it again. Pieces that are long or
// no valid UTF-8, which tiktoken would change, are merged here.
func pieceEncoder(tik *tiktoken.Tiktoken, ranks map[string]int32) func(string) []int32 {
	var byteIDs [256]int32
	for b := range byteIDs {
		byteIDs[b] = ranks[string([]byte{byte(b)})]
	}
	join := rankJoiner(ranks)
	return func(piece string) []int32 {
		if len(piece) >= longPiece || !utf8.ValidString(piece) {
			return merge(piece, byteParts(piece, &byteIDs), join)
		}
		wide := tik.EncodeOrdinary(piece)
		ids := make([]int32, len(wide))
		for i, id := range wide {
			ids[i] = int32(id)
		}
		return ids
	}
}

// rankJoiner joins whatever spells a token; its rank is its id.
func rankJoiner(ranks map[string]int32) joiner {
	return func(_, _ int32, joined string) (int32, int32, bool) {
		rank, ok := ranks[joined]
		return rank, rank, ok
	}
}

// loadRanks returns the first n ranks of an encoding, or all where n is 0,
// from the tables inside the program.
func loadRanks(name string, n int) (map[string]int, error) {
	ranks, err := loader.NewOfflineLoader().LoadTiktokenBpe(name + ".tiktoken")
	if err != nil {
		return nil, fmt.Errorf("load the rank table of %s: %w", name, err)
	}
	if n == 0 {
		return ranks, nil
	}
	if n < 256 || n > len(ranks) {
		return nil, fmt.Errorf("encoding %s can be cut to between 256 and %d ranks, not %d", name, len(ranks), n)
	}
	for token, rank := range ranks {
		if rank >= n {
			delete(ranks, token)
		}
	}
	return ranks, nil
}
