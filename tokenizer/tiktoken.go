package tokenizer

import (
	"fmt"

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

// patterns are the pre-tokenizers of the encodings that come with the offline
// loader and have a scanner here.
var patterns = map[string]string{
	"r50k_base":   patternGPT2,
	"p50k_base":   patternGPT2,
	"cl100k_base": patternLlama3,
}

// longPiece is the length in bytes from which a piece is merged by [merge]:
// tiktoken's own merging takes quadratic time.
const longPiece = 256

// Starter returns the encoding of the starter model: the first 8,192 ranks of
// r50k_base and four special tokens, in a vocabulary of 8,208 ids.
func Starter() (Tokenizer, error) { return newTiktoken(starterSpec) }

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
	files, err := s.files()
	if err != nil {
		return nil, err
	}
	e := &encoding{
		split:   split,
		whole:   make(map[string]int32, len(ranks)),
		text:    make(map[int32]string, len(ranks)+len(s.Special)),
		size:    s.VocabSize,
		markers: s.markers(),
		cache:   newCache(),
		files:   files,
	}
	for token, rank := range ranks {
		e.whole[token] = int32(rank)
		e.text[int32(rank)] = token
	}
	for token, id := range s.Special {
		e.text[id] = token
	}
	e.encode = pieceEncoder(tiktoken.NewTiktoken(core, nil, nil), e.whole)
	return e, nil
}

// pieceEncoder returns tiktoken's encoding of one piece. The pattern matches a
// piece as a whole, so tiktoken does not cut it again.
func pieceEncoder(tik *tiktoken.Tiktoken, ranks map[string]int32) func(string) []int32 {
	var byteIDs [256]int32
	for b := range byteIDs {
		byteIDs[b] = ranks[string([]byte{byte(b)})]
	}
	join := func(_, _ int32, joined string) (int32, int32, bool) {
		rank, ok := ranks[joined]
		return rank, rank, ok
	}
	return func(piece string) []int32 {
		if len(piece) >= longPiece {
			return merge(piece, &byteIDs, join)
		}
		wide := tik.EncodeOrdinary(piece)
		ids := make([]int32, len(wide))
		for i, id := range wide {
			ids[i] = int32(id)
		}
		return ids
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
