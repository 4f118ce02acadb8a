package label

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Locator finds quotes in one text. It tells apart neither white space,
// hyphens and dashes, soft hyphens, kinds of quotation marks nor ligatures, so
// that a quote typed from one rendering of a document is found in another.
// It is safe for use by several goroutines.
type Locator struct {
	text string
	tight
	// edits are what stands for other words in the text, by their place in
	// tight, in order.
	edits []wildcard
}

// tight is a text without what the Locator ignores. Byte i of it comes from
// the character at from[i]; to[i] is that character's end.
type tight struct {
	bytes    []byte
	from, to []int32
}

// NewLocator prepares text in O(len(text)).
func NewLocator(text string) *Locator {
	l := &Locator{text: text}
	l.bytes = make([]byte, 0, len(text))
	l.from = make([]int32, 0, len(text))
	l.to = make([]int32, 0, len(text))
	for i, r := range text {
		end := i + utf8.RuneLen(r)
		if r == utf8.RuneError {
			_, n := utf8.DecodeRuneInString(text[i:])
			end = i + n
		}
		n := len(l.bytes)
		l.bytes = appendTight(l.bytes, r)
		for range l.bytes[n:] {
			l.from = append(l.from, int32(i))
			l.to = append(l.to, int32(end))
		}
	}
	return l
}

// Find returns the byte range of quote in text, as a [Locator] does.
func Find(text, quote string, hint int) (start, end int, ok bool) {
	return NewLocator(text).Find(quote, hint)
}

// Find returns the byte range of quote. An exact occurrence is preferred to
// one that only reads the same, and of several the one that starts nearest to
// hint; with a negative hint the first. It begins and ends with words, unless
// the quote is exactly at the hint. Where no occurrence is whole, because
// a page's footer stands inside, a long quote is found by its two ends.
func (l *Locator) Find(quote string, hint int) (start, end int, ok bool) {
	quote = strings.TrimSpace(quote)
	if quote == "" {
		return 0, 0, false
	}
	hint = l.hinted(hint)
	if hint >= 0 && hint < len(l.text) && utf8.RuneStart(l.text[hint]) && strings.HasPrefix(l.text[hint:], quote) {
		return hint, hint + len(quote), true
	}
	if start, ok = l.exact(quote, hint); ok {
		return start, start + len(quote), true
	}
	q := squeeze(quote)
	if len(q) == 0 {
		return 0, 0, false
	}
	if start, end, ok = l.same(q, hint); ok {
		return start, end, true
	}
	if start, end, ok = l.edited(q, hint); ok {
		return start, end, true
	}
	return l.ends(q, hint)
}

// Has reports whether the text holds the quote whole.
func (l *Locator) Has(quote string) bool {
	q := squeeze(quote)
	return len(q) > 0 && bytes.Contains(l.bytes, q)
}

func (l *Locator) exact(quote string, hint int) (int, bool) {
	best := nearest{hint: hint}
	for i := 0; ; {
		j := strings.Index(l.text[i:], quote)
		if j < 0 {
			break
		}
		j += i
		if l.wordEdges(j, j+len(quote)) && best.take(j) {
			break
		}
		i = j + 1
	}
	return best.at, best.ok
}

func (l *Locator) same(q []byte, hint int) (start, end int, ok bool) {
	best := nearest{hint: hint}
	for i := 0; ; {
		j := bytes.Index(l.bytes[i:], q)
		if j < 0 {
			break
		}
		j += i
		s, e := int(l.from[j]), int(l.to[j+len(q)-1])
		if l.wordEdges(s, e) {
			done := best.take(s)
			if best.at == s {
				end = e
			}
			if done {
				break
			}
		}
		i = j + 1
	}
	return best.at, end, best.ok
}

// anchor is how many bytes of each end of a quote must be found whole.
const anchor = 40

// ends finds a quote of which the inside is interrupted, by at most a quarter
// of its length and 300 bytes.
func (l *Locator) ends(q []byte, hint int) (start, end int, ok bool) {
	if len(q) < 3*anchor {
		return 0, 0, false
	}
	head, tail := q[:anchor], q[len(q)-anchor:]
	best := nearest{hint: hint}
	for i := 0; ; {
		j := bytes.Index(l.bytes[i:], head)
		if j < 0 {
			break
		}
		j += i
		i = j + 1
		lo := j + len(q)*9/10 - anchor
		hi := min(j+len(q)*5/4+300, len(l.bytes))
		if lo >= hi {
			continue
		}
		k := bytes.Index(l.bytes[lo:hi], tail)
		if k < 0 {
			continue
		}
		s := int(l.from[j])
		if best.take(s); best.at == s {
			end = int(l.to[lo+k+anchor-1])
		}
	}
	return best.at, end, best.ok
}

// wordEdges reports whether the range neither begins nor ends inside a word.
func (l *Locator) wordEdges(start, end int) bool {
	return !midWord(l.text, start) && !midWord(l.text, end)
}

func midWord(s string, at int) bool {
	if at <= 0 || at >= len(s) {
		return false
	}
	if !utf8.RuneStart(s[at]) {
		return true
	}
	before, _ := utf8.DecodeLastRuneInString(s[:at])
	after, _ := utf8.DecodeRuneInString(s[at:])
	return isWord(before) && isWord(after)
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// nearest keeps the offset that is nearest to a hint, the first of equals.
type nearest struct {
	hint, at int
	ok       bool
}

// take offers an ascending offset and reports whether no later one can be
// better.
func (n *nearest) take(at int) (done bool) {
	if !n.ok || (n.hint >= 0 && dist(at, n.hint) < dist(n.at, n.hint)) {
		n.at, n.ok = at, true
	}
	return n.hint < 0 || at >= n.hint
}

func dist(a, b int) int {
	if a < b {
		return b - a
	}
	return a - b
}

func squeeze(s string) []byte {
	var b []byte
	for _, r := range s {
		b = appendTight(b, r)
	}
	return b
}

// appendTight appends what is kept of a character.
func appendTight(b []byte, r rune) []byte {
	if r < utf8.RuneSelf {
		switch r {
		case ' ', '\t', '\n', '\r', '\f', '\v', '-':
			return b
		case '`':
			return append(b, '\'')
		}
		return append(b, byte(r))
	}
	switch r {
	case '“', '”', '„', '‟', '«', '»', '″':
		return append(b, '"')
	case '‘', '’', '‚', '‛', '′', '´':
		return append(b, '\'')
	case 'ﬀ':
		return append(b, "ff"...)
	case 'ﬁ':
		return append(b, "fi"...)
	case 'ﬂ':
		return append(b, "fl"...)
	case 'ﬃ':
		return append(b, "ffi"...)
	case 'ﬄ':
		return append(b, "ffl"...)
	case '…':
		return append(b, "..."...)
	case '−', '\u00ad', '\ufeff', '\u200b', '\u200c', '\u200d', '\u2060':
		return b
	}
	if unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) {
		return b
	}
	return utf8.AppendRune(b, r)
}
