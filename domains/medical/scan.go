package medical

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A token is a word, a number or one mark of punctuation.
type token struct {
	start, end int    // byte offsets in the text
	word       string // lower case
	kind       tokenKind
}

type tokenKind uint8

const (
	wordToken tokenKind = iota
	numberToken
	punctToken
)

// maxSentence bounds a sentence in tokens, so that the work on hostile text
// without full stops stays linear in its length.
const maxSentence = 160

// scan splits text into tokens. Hyphens separate words ("right-sided" is two),
// apostrophes are dropped with what follows them in a word ("n't" is a "not"),
// and a decimal point belongs to its number.
func scan(text string) []token {
	tokens := make([]token, 0, len(text)/5)
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			// A blank line ends a sentence even where the full stop is missing.
			if r == '\n' && blankLine(text[i+1:]) {
				tokens = append(tokens, token{i, i + 1, "\n", punctToken})
			}
			i += size
		case r >= '0' && r <= '9':
			end := numberEnd(text, i)
			tokens = append(tokens, token{i, end, text[i:end], numberToken})
			i = end
		case unicode.IsLetter(r):
			end := wordEnd(text, i)
			tokens = append(tokens, token{i, end, plainWord(text[i:end]), wordToken})
			i = end
		case r == '-' || r == '‐' || r == '‑':
			i += size
		default:
			tokens = append(tokens, token{i, i + size, text[i : i+size], punctToken})
			i += size
		}
	}
	return tokens
}

// plainWord lowers a word and takes off what stands behind an apostrophe.
func plainWord(word string) string {
	word = strings.ToLower(word)
	at := strings.IndexAny(word, "'’")
	switch {
	case at < 0:
		return word
	case word[:at] == "can" && strings.HasSuffix(word, "t"):
		return "cannot"
	case strings.HasSuffix(word[:at], "n") && strings.HasSuffix(word, "t"):
		return "not" // "isn't", "doesn’t"
	}
	return word[:at]
}

func blankLine(rest string) bool {
	for i := 0; i < len(rest); i++ {
		switch rest[i] {
		case '\n':
			return true
		case ' ', '\t', '\r':
		default:
			return false
		}
	}
	return false
}

func numberEnd(text string, i int) int {
	digits := func() {
		for i < len(text) && text[i] >= '0' && text[i] <= '9' {
			i++
		}
	}
	digits()
	if i+1 < len(text) && text[i] == '.' && text[i+1] >= '0' && text[i+1] <= '9' {
		i++
		digits()
	}
	return i
}

func wordEnd(text string, i int) int {
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\'' && r != '’' {
			break
		}
		i += size
	}
	return i
}

// sentences cuts tokens at full stops, semicolons, question and exclamation
// marks and blank lines. The closing mark is not part of the sentence.
func sentences(tokens []token) [][]token {
	var out [][]token
	start := 0
	cut := func(end, next int) {
		if end > start {
			out = append(out, tokens[start:end])
		}
		start = next
	}
	for i, t := range tokens {
		switch {
		case t.kind == punctToken && strings.Contains(".;!?\n", t.word) && !abbreviation(tokens, i):
			cut(i, i+1)
		case i-start >= maxSentence:
			cut(i, i)
		}
	}
	cut(len(tokens), len(tokens))
	return out
}

// abbreviation reports whether the full stop at tokens[i] closes a short form
// rather than a sentence.
func abbreviation(tokens []token, i int) bool {
	if tokens[i].word != "." || i == 0 {
		return false
	}
	switch tokens[i-1].word {
	case "vs", "dr", "approx":
		return true
	}
	return false
}
