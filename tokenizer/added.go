package tokenizer

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxAdded bounds the bytes of an added token that is looked for in text.
const maxAdded = 256

// addedTokens finds the tokens that a Hugging Face tokenizer takes out of a
// text before anything else: the longest at the leftmost place. Special tokens
// are found and left in the text, as Hugging Face does with
// encode_special_tokens, so that no document can pose as the program.
//
// A nil *addedTokens finds nothing.
type addedTokens struct {
	tokens  map[string]hfAdded
	lengths [256][]int // by first byte: the lengths of tokens, longest first
}

// newAddedTokens returns nil where no token may be taken out of a text.
func newAddedTokens(tokens []hfAdded) (*addedTokens, error) {
	if !slices.ContainsFunc(tokens, func(a hfAdded) bool { return !a.Special }) {
		return nil, nil
	}
	t := &addedTokens{tokens: make(map[string]hfAdded, len(tokens))}
	for _, a := range tokens {
		switch {
		case a.Content == "":
			return nil, fmt.Errorf("added token %d is empty", a.ID)
		case len(a.Content) > maxAdded && a.Special:
			continue
		case len(a.Content) > maxAdded:
			return nil, fmt.Errorf("added token %d has %d bytes, at most %d can be looked for in text", a.ID, len(a.Content), maxAdded)
		}
		t.tokens[a.Content] = a
		at := &t.lengths[a.Content[0]]
		if !slices.Contains(*at, len(a.Content)) {
			*at = append(*at, len(a.Content))
		}
	}
	for _, at := range t.lengths {
		slices.SortFunc(at, func(a, b int) int { return b - a })
	}
	return t, nil
}

// cut calls token for every added token in text and stretch for what lies
// between them, in order.
func (t *addedTokens) cut(text string, token func(id int32), stretch func(string)) {
	if t == nil {
		stretch(text)
		return
	}
	done := 0
	for i := 0; i < len(text); {
		a, ok := t.at(text[i:])
		if !ok {
			i++
			continue
		}
		start, end := i, i+len(a.Content)
		i = end
		if a.Special || a.SingleWord && (endsWithWord(text[:start]) || startsWithWord(text[end:])) {
			continue
		}
		if a.LStrip {
			start = max(done, len(strings.TrimRightFunc(text[:start], unicode.IsSpace)))
		}
		if a.RStrip {
			end = len(text) - len(strings.TrimLeftFunc(text[end:], unicode.IsSpace))
		}
		if start > done {
			stretch(text[done:start])
		}
		token(a.ID)
		done, i = end, max(i, end)
	}
	if done < len(text) {
		stretch(text[done:])
	}
}

// at returns the longest token at the start of text, which is not empty.
func (t *addedTokens) at(text string) (hfAdded, bool) {
	for _, n := range t.lengths[text[0]] {
		if n > len(text) {
			continue
		}
		if a, ok := t.tokens[text[:n]]; ok {
			return a, true
		}
	}
	return hfAdded{}, false
}

func endsWithWord(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return s != "" && isWord(r)
}

func startsWithWord(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return s != "" && isWord(r)
}

// isWord says whether r belongs to \w.
func isWord(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r)
}
