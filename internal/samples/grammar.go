package samples

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A slotter fills the slots of a template: "{name}" or "{name:argument}".
type slotter interface {
	slot(rng *rand.Rand, name, arg string) (string, error)
}

// expand makes one text of a template. Templates know three things:
//
//	[a|b|]   one of the alternatives, at random; they nest
//	{slot}   a value from s
//	<C>..</> a marked range, left in place for cut
//
// Everything else stands for itself.
func expand(rng *rand.Rand, template string, s slotter) (string, error) {
	var b strings.Builder
	for i := 0; i < len(template); {
		switch template[i] {
		case '[':
			end, err := closing(template, i)
			if err != nil {
				return "", err
			}
			options := alternatives(template[i+1 : end])
			text, err := expand(rng, options[rng.IntN(len(options))], s)
			if err != nil {
				return "", err
			}
			b.WriteString(text)
			i = end + 1
		case '{':
			n := strings.IndexByte(template[i:], '}')
			if n < 0 {
				return "", fmt.Errorf("samples: unclosed slot in %q", template)
			}
			name, arg, _ := strings.Cut(template[i+1:i+n], ":")
			text, err := s.slot(rng, name, arg)
			if err != nil {
				return "", fmt.Errorf("samples: template %q: %w", template, err)
			}
			b.WriteString(text)
			i += n + 1
		default:
			b.WriteByte(template[i])
			i++
		}
	}
	return b.String(), nil
}

// closing returns the index of the bracket that closes the one at open.
func closing(s string, open int) (int, error) {
	depth := 0
	for i := open; i < len(s); i++ {
		switch s[i] {
		case '[':
			depth++
		case ']':
			if depth--; depth == 0 {
				return i, nil
			}
		}
	}
	return 0, fmt.Errorf("samples: unclosed bracket in %q", s)
}

// alternatives splits at the bars outside of inner brackets.
func alternatives(s string) []string {
	var out []string
	depth, from := 0, 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '[':
			depth++
		case ']':
			depth--
		case '|':
			if depth == 0 {
				out = append(out, s[from:i])
				from = i + 1
			}
		}
	}
	return append(out, s[from:])
}

// A span is a range of a text that shows some categories.
type span struct {
	categories []string
	start, end int // bytes, end exclusive
}

var (
	spaces = regexp.MustCompile(`\s+`)
	marks  = regexp.MustCompile(`<[^>]*>`)
)

// tidy removes what empty alternatives leave behind and begins every sentence
// with a capital.
func tidy(s string) string {
	s = strings.TrimSpace(spaces.ReplaceAllString(s, " "))
	s = strings.NewReplacer(" ,", ",", " .", ".", " ;", ";", ",,", ",", "..", ".", " </>", "</>").Replace(s)
	return capitalize(s)
}

// abbreviations end in a full stop that ends no sentence.
var abbreviations = map[string]bool{
	"Inc.": true, "Ltd.": true, "Co.": true, "Corp.": true, "L.P.": true, "a.m.": true, "p.m.": true,
	"Dr.": true, "St.": true, "No.": true, "approx.": true, "L.L.C.": true,
}

func capitalize(s string) string {
	out := []byte(s)
	begin, wordStart, inMark := true, 0, false
	for i := 0; i < len(out); {
		r, n := utf8.DecodeRune(out[i:])
		switch {
		case r == '<':
			inMark = true
		case r == '>':
			inMark = false
		case inMark:
		case r == ' ':
			word := marks.ReplaceAllString(string(out[wordStart:i]), "")
			if strings.HasSuffix(word, ".") {
				begin = !abbreviations[word]
			}
			wordStart = i + 1
		case unicode.IsLetter(r):
			if begin && r < utf8.RuneSelf {
				out[i] = byte(unicode.ToUpper(r))
			}
			begin = false
		case unicode.IsDigit(r):
			begin = false
		}
		i += n
	}
	return string(out)
}

// cut takes the marks out of a text and returns their ranges in what is left.
func cut(marked string) (string, []span, error) {
	var (
		b     strings.Builder
		spans []span
		open  = -1
	)
	for i := 0; i < len(marked); {
		if marked[i] != '<' {
			b.WriteByte(marked[i])
			i++
			continue
		}
		n := strings.IndexByte(marked[i:], '>')
		if n < 0 {
			return "", nil, fmt.Errorf("samples: unclosed mark in %q", marked)
		}
		name := marked[i+1 : i+n]
		i += n + 1
		if name == "/" {
			if open < 0 {
				return "", nil, fmt.Errorf("samples: mark closed twice in %q", marked)
			}
			spans[open].end = b.Len()
			open = -1
			continue
		}
		if open >= 0 {
			return "", nil, fmt.Errorf("samples: nested marks in %q", marked)
		}
		open = len(spans)
		spans = append(spans, span{categories: list(name, ";"), start: b.Len()})
	}
	if open >= 0 {
		return "", nil, fmt.Errorf("samples: mark left open in %q", marked)
	}
	return b.String(), spans, nil
}

// list splits at sep and trims the parts.
func list(s, sep string) []string {
	var out []string
	for part := range strings.SplitSeq(s, sep) {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// A deck deals its cards in a random order and all of them before any twice,
// so that documents share as little wording as the bank allows.
type deck struct {
	size int
	left []int
}

// deal returns the next card that fits; ok is false when none of them does.
func (d *deck) deal(rng *rand.Rand, fits func(card int) bool) (card int, ok bool) {
	for range 2 {
		for i, c := range d.left {
			if fits(c) {
				d.left = append(d.left[:i:i], d.left[i+1:]...)
				return c, true
			}
		}
		d.left = append(d.left, rng.Perm(d.size)...)
	}
	return 0, false
}

// pick returns one of the values.
func pick[T any](rng *rand.Rand, values []T) T { return values[rng.IntN(len(values))] }
