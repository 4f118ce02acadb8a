package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// An encoding is a byte-level byte-pair encoding, the Tokenizer behind
// [Starter] and [Load].
type encoding struct {
	split     splitter
	normalize func(string) string  // nil leaves text as it is
	whole     map[string]int32     // pieces that are a token without merging
	encode    func(string) []int32 // a piece that is not in whole
	text      map[int32]string     // bytes of each id, special ones included
	size      int
	markers   Markers
	cache     *cache
	files     map[string][]byte // what Save writes
}

var _ Tokenizer = (*encoding)(nil)

func (e *encoding) Encode(text string) []int32 {
	if text == "" {
		return nil
	}
	if !utf8.ValidString(text) {
		text = string([]rune(text)) // each bad byte becomes U+FFFD
	}
	if e.normalize != nil {
		text = e.normalize(text)
	}
	ids := make([]int32, 0, len(text)/3+1)
	e.split(text, func(piece string) {
		if id, ok := e.whole[piece]; ok {
			ids = append(ids, id)
			return
		}
		ids = append(ids, e.pieceIDs(piece)...)
	})
	return ids
}

func (e *encoding) pieceIDs(piece string) []int32 {
	if ids, ok := e.cache.get(piece); ok {
		return ids
	}
	ids := e.encode(piece)
	e.cache.put(piece, ids)
	return ids
}

func (e *encoding) Decode(ids []int32) string {
	var b strings.Builder
	for _, id := range ids {
		text, ok := e.text[id]
		if !ok {
			text = string(utf8.RuneError)
		}
		b.WriteString(text)
	}
	text := b.String()
	if !utf8.ValidString(text) {
		text = string([]rune(text))
	}
	return text
}

func (e *encoding) VocabSize() int { return e.size }

func (e *encoding) Markers() Markers { return e.markers }
