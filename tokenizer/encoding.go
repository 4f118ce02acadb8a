package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// An encoding is a byte-pair encoding, the Tokenizer behind [Starter],
// [Encoding] and [Load].
type encoding struct {
	raw       *addedTokens        // tokens found in the text as it is; nil for none
	normalize func(string) string // nil leaves text as it is
	added     *addedTokens        // tokens found in normalized text; nil for none

	split     splitter             // cuts the beginning of a text
	splitRest splitter             // cuts what follows an added token; nil: as split
	whole     map[string]int32     // pieces that are a token without merging
	encode    func(string) []int32 // a piece that is not in whole

	text    map[int32]string // bytes of each id, special ones included
	strip   bool             // Decode drops the space that Encode put before the text
	size    int
	markers Markers
	cache   *cache

	// hf returns what tokenizer.json and tokenizer_config.json say.
	hf    func() (hfTokenizer, hfConfig, error)
	files func() (map[string][]byte, error) // what Save writes
}

var _ Tokenizer = (*encoding)(nil)

func (e *encoding) Encode(text string) []int32 {
	if text == "" {
		return nil
	}
	ids := make([]int32, 0, len(text)/3+1)
	split := e.split
	token := func(id int32) {
		ids = append(ids, id)
		split = e.rest()
	}
	pieces := func(piece string) {
		if id, ok := e.whole[piece]; ok {
			ids = append(ids, id)
			return
		}
		ids = append(ids, e.pieceIDs(piece)...)
	}
	stretch := func(text string) {
		split(text, pieces)
		split = e.rest()
	}
	e.raw.cut(text, token, func(text string) {
		if e.normalize != nil {
			text = e.normalize(text)
		}
		e.added.cut(text, token, stretch)
	})
	return ids
}

func (e *encoding) rest() splitter {
	if e.splitRest != nil {
		return e.splitRest
	}
	return e.split
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
	for i, id := range ids {
		text, ok := e.text[id]
		if !ok {
			text = string(utf8.RuneError)
		}
		if i == 0 && e.strip {
			text = strings.TrimPrefix(text, " ")
		}
		b.WriteString(text)
	}
	return b.String()
}

func (e *encoding) VocabSize() int { return e.size }

func (e *encoding) Markers() Markers { return e.markers }
