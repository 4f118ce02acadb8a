package tokenizer

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/dlclark/regexp2"
)

// A splitter cuts text into the pieces within which byte pairs merge. It calls
// yield for every piece in order; the pieces joined are the text, but for what
// the pre-tokenizers of Hugging Face add. Text need not be valid UTF-8: bytes
// that are no characters are cut as U+FFFD would be, and kept.
type splitter func(text string, yield func(piece string))

// The pre-tokenizer patterns that have a hand-written scanner. A backtracking
// regular expression takes most of the time of encoding otherwise.
const (
	// patternGPT2 is that of r50k_base and p50k_base.
	patternGPT2 = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
	// patternGPT2Grouped is how the original release spells it.
	patternGPT2Grouped = `'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
	// patternLlama3 is that of cl100k_base and of Llama 3.
	patternLlama3 = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	// patternQwen2 is Llama 3's with digits one by one.
	patternQwen2 = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	// patternO200k is that of o200k_base and of the models that use it.
	patternO200k = `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?` +
		`|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?` +
		`|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)

// matchTimeout bounds one match of a pattern that has no scanner, because a
// hostile one can backtrack for ever. What follows is then one piece.
const matchTimeout = 10 * time.Second

// newSplitter returns the splitter of a pattern.
func newSplitter(pattern string) (splitter, error) {
	switch pattern {
	case patternGPT2, patternGPT2Grouped:
		return scan(gpt2Piece), nil
	case patternLlama3:
		return scan(func(s string) int { return llama3Piece(s, 3) }), nil
	case patternQwen2:
		return scan(func(s string) int { return llama3Piece(s, 1) }), nil
	case patternO200k:
		return scan(o200kPiece), nil
	}
	spans, err := patternSpans(pattern)
	if err != nil {
		return nil, err
	}
	return isolated(spans), nil
}

// patternSpans returns the spans of a pattern.
func patternSpans(pattern string) (spanner, error) {
	re, err := regexp2.Compile(pattern, regexp2.None)
	if err != nil {
		return nil, fmt.Errorf("compile the pre-tokenizer pattern: %w", err)
	}
	re.MatchTimeout = matchTimeout
	return func(text string, yield func(start, end int)) {
		byteAt := runeOffsets(text)
		m, err := re.FindStringMatch(text)
		for err == nil && m != nil {
			yield(byteAt[m.Index], byteAt[m.Index+m.Length])
			m, err = re.FindNextMatch(m)
		}
	}, nil
}

// scan makes a splitter of a function that returns the length of the first
// piece of a text that is not empty.
func scan(first func(string) int) splitter {
	return func(text string, yield func(string)) {
		for text != "" {
			n := first(text)
			yield(text[:n])
			text = text[n:]
		}
	}
}

// A spanner calls yield for the bytes of every match in text, in order.
type spanner func(text string, yield func(start, end int))

// isolated cuts every match from what lies between.
func isolated(spans spanner) splitter {
	return func(text string, yield func(string)) {
		done := 0
		spans(text, func(start, end int) {
			if start > done {
				yield(text[done:start])
			}
			if end > start {
				yield(text[start:end])
			}
			done = max(done, end)
		})
		if done < len(text) {
			yield(text[done:])
		}
	}
}

// mergedWithPrevious cuts after every match.
func mergedWithPrevious(spans spanner) splitter {
	return func(text string, yield func(string)) {
		done := 0
		spans(text, func(_, end int) {
			if end > done {
				yield(text[done:end])
				done = end
			}
		})
		if done < len(text) {
			yield(text[done:])
		}
	}
}

// mergedWithNext cuts before every match.
func mergedWithNext(spans spanner) splitter {
	return func(text string, yield func(string)) {
		done := 0
		spans(text, func(start, _ int) {
			if start > done {
				yield(text[done:start])
				done = start
			}
		})
		if done < len(text) {
			yield(text[done:])
		}
	}
}

// contiguous cuts every run of adjacent matches from what lies between.
func contiguous(spans spanner) splitter {
	return isolated(func(text string, yield func(start, end int)) {
		from, to := 0, 0
		spans(text, func(start, end int) {
			if start > to {
				yield(from, to)
				from = start
			}
			to = end
		})
		yield(from, to)
	})
}

// stringSpans returns the places of a string that is not empty.
func stringSpans(s string) spanner {
	return func(text string, yield func(start, end int)) {
		for done := 0; ; {
			i := strings.Index(text[done:], s)
			if i < 0 {
				return
			}
			yield(done+i, done+i+len(s))
			done += i + len(s)
		}
	}
}

// runeSpans returns the characters of a class, which has not U+FFFD.
func runeSpans(in func(rune) bool) spanner {
	return func(text string, yield func(start, end int)) {
		for i, r := range text {
			if in(r) {
				yield(i, i+utf8.RuneLen(r))
			}
		}
	}
}

// runeOffsets returns the byte offset of each rune and of the end of the text.
func runeOffsets(text string) []int {
	at := make([]int, 0, len(text)+1)
	for i := range text {
		at = append(at, i)
	}
	return append(at, len(text))
}

// splitDigits cuts every digit (or, not individually, every run of digits)
// from its surroundings, as the Digits pre-tokenizer of Hugging Face does.
func splitDigits(individually bool) splitter {
	if individually {
		return isolated(runeSpans(unicode.IsNumber))
	}
	return contiguous(runeSpans(unicode.IsNumber))
}

// gpt2Piece returns the length of the first match of patternGPT2.
func gpt2Piece(s string) int {
	if n := contraction(s, false); n > 0 {
		return n
	}
	body := s
	if s[0] == ' ' {
		body = s[1:]
	}
	if n := runOfOneClass(body); n > 0 {
		return len(s) - len(body) + n
	}
	return spacePiece(s)
}

// llama3Piece returns the length of the first match of patternLlama3 with runs
// of at most maxDigits digits.
func llama3Piece(s string, maxDigits int) int {
	if n := contraction(s, true); n > 0 {
		return n
	}
	r, size := utf8.DecodeRuneInString(s)
	switch {
	case unicode.IsLetter(r):
		return runWhile(s, unicode.IsLetter)
	case r != '\r' && r != '\n' && !unicode.IsNumber(r):
		if n := runWhile(s[size:], unicode.IsLetter); n > 0 {
			return size + n
		}
	}
	if unicode.IsNumber(r) {
		return digits(s, maxDigits)
	}
	body := s
	if r == ' ' {
		body = s[1:]
	}
	if n := runWhile(body, isOther); n > 0 {
		n += len(s) - len(body)
		return n + runWhile(s[n:], isLineEnd)
	}
	if n := lastLineEnd(s); n > 0 {
		return n
	}
	return spacePiece(s)
}

// o200kPiece returns the length of the first match of patternO200k.
func o200kPiece(s string) int {
	r, size := utf8.DecodeRuneInString(s)
	mayPrefix := r != '\r' && r != '\n' && !unicode.IsLetter(r) && !unicode.IsNumber(r)
	words := []func(string) int{lowerWord, upperWord}
	for _, word := range words {
		n := 0
		if mayPrefix {
			if n = word(s[size:]); n > 0 {
				n += size
			}
		}
		if n == 0 {
			n = word(s)
		}
		if n > 0 {
			return n + contraction(s[n:], true)
		}
	}
	if unicode.IsNumber(r) {
		return digits(s, 3)
	}
	body := s
	if r == ' ' {
		body = s[1:]
	}
	if n := runWhile(body, isOther); n > 0 {
		n += len(s) - len(body)
		return n + runWhile(s[n:], func(r rune) bool { return isLineEnd(r) || r == '/' })
	}
	if n := lastLineEnd(s); n > 0 {
		return n
	}
	return spacePiece(s)
}

// lowerWord matches [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+:
// where nothing lower follows the upper run, the run gives back what comes
// after its last character that is of both classes.
func lowerWord(s string) int {
	both := 0 // end of the last character that is upper and lower
	for i, r := range s {
		upper, lower := isUpperSide(r), isLowerSide(r)
		switch {
		case upper && lower:
			both = i + utf8.RuneLen(r)
		case lower:
			return i + runWhile(s[i:], isLowerSide)
		case !upper:
			return both
		}
	}
	return both
}

// upperWord matches [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+ where lowerWord matches
// nothing.
func upperWord(s string) int { return runWhile(s, isUpperSide) }

func isUpperSide(r rune) bool {
	if r < utf8.RuneSelf {
		return 'A' <= r && r <= 'Z'
	}
	return unicode.In(r, unicode.Lu, unicode.Lt, unicode.Lm, unicode.Lo, unicode.M)
}

func isLowerSide(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z'
	}
	return unicode.In(r, unicode.Ll, unicode.Lm, unicode.Lo, unicode.M)
}

// contraction returns the length of an English contraction at the start of s.
func contraction(s string, foldCase bool) int {
	if len(s) < 2 || s[0] != '\'' {
		return 0
	}
	lower := func(b byte) byte {
		if foldCase && 'A' <= b && b <= 'Z' {
			return b + 'a' - 'A'
		}
		return b
	}
	switch lower(s[1]) {
	case 's', 't', 'm', 'd':
		return 2
	}
	if len(s) < 3 {
		return 0
	}
	switch string([]byte{lower(s[1]), lower(s[2])}) {
	case "re", "ve", "ll":
		return 3
	}
	return 0
}

// runOfOneClass returns the length of the letters, the numbers or the other
// visible characters at the start of s.
func runOfOneClass(s string) int {
	if s == "" {
		return 0
	}
	r, _ := utf8.DecodeRuneInString(s)
	switch {
	case unicode.IsLetter(r):
		return runWhile(s, unicode.IsLetter)
	case unicode.IsNumber(r):
		return runWhile(s, unicode.IsNumber)
	default:
		return runWhile(s, isOther)
	}
}

// spacePiece matches \s+(?!\S)|\s+: white space before a visible character
// leaves its last rune to that character.
func spacePiece(s string) int {
	n := runWhile(s, unicode.IsSpace)
	if n == len(s) {
		return n
	}
	_, last := utf8.DecodeLastRuneInString(s[:n])
	if n > last {
		return n - last
	}
	return n
}

// lastLineEnd matches \s*[\r\n]+: white space up to its last line end.
func lastLineEnd(s string) int {
	end := 0
	for i, r := range s {
		if !unicode.IsSpace(r) {
			break
		}
		if isLineEnd(r) {
			end = i + 1
		}
	}
	return end
}

func digits(s string, limit int) int {
	count := 0
	return runWhile(s, func(r rune) bool {
		count++
		return count <= limit && unicode.IsNumber(r)
	})
}

func runWhile(s string, in func(rune) bool) int {
	for i, r := range s {
		if !in(r) {
			return i
		}
	}
	return len(s)
}

func isLineEnd(r rune) bool { return r == '\r' || r == '\n' }

func isOther(r rune) bool {
	return !unicode.IsSpace(r) && !unicode.IsLetter(r) && !unicode.IsNumber(r)
}
