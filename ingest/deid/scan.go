package deid

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A token is a run of letters and digits.
type token struct {
	start, end int32
	form       form
	class      class
	listed     bool // the word is in a lexicon
}

// A form is how a token is written.
type form uint8

const (
	lowerCase form = iota
	titleCase      // "Smith", "McAllister", "J"
	upperCase      // "SMITH"; at least two letters
	number         // digits alone
	mixed          // digits and letters
)

// A scan is a text cut into tokens.
type scan struct {
	text string
	toks []token
	caps bool // nearly all of it is in capitals
}

func newScan(text string) *scan {
	s := &scan{text: text, toks: make([]token, 0, len(text)/5+1)}
	words := classes()
	var lower [64]byte
	upper, other := 0, 0 // letters of words in capitals and of other words
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf && !wordByte(c) {
			i++
			continue
		}
		start, letters, nums, uppers, first := i, 0, 0, 0, false
		n := 0 // bytes in lower; -1: the word is not plain
		for i < len(text) {
			c := text[i]
			if c >= utf8.RuneSelf {
				r, size := utf8.DecodeRuneInString(text[i:])
				switch {
				case unicode.IsLetter(r):
					letters++
					if unicode.IsUpper(r) {
						uppers++
						first = first || i == start
					}
				case unicode.IsDigit(r):
					nums++
				case unicode.Is(unicode.Mn, r) && i > start:
				default:
					size = 0
				}
				if size == 0 {
					break
				}
				n = -1
				i += size
				continue
			}
			switch {
			case c >= 'a' && c <= 'z':
				letters++
			case c >= 'A' && c <= 'Z':
				letters++
				uppers++
				first = first || i == start
				c += 'a' - 'A'
			case isDigit(c):
				nums++
			default:
				c = 0
			}
			if c == 0 {
				break
			}
			if n >= 0 && n < len(lower) {
				lower[n] = c
				n++
			} else {
				n = -1
			}
			i++
		}
		if i == start { // a character that is no part of a word
			_, size := utf8.DecodeRuneInString(text[i:])
			i += size
			continue
		}
		t := token{start: int32(start), end: int32(i)}
		switch {
		case letters == 0:
			t.form = number
		case nums > 0:
			t.form = mixed
		case uppers == letters && letters > 1:
			t.form = upperCase
		case first:
			t.form = titleCase
		}
		if letters > 0 && nums == 0 {
			if n >= 0 {
				t.class, t.listed = words[string(lower[:n])]
			} else {
				t.class, t.listed = words[strings.ToLower(text[start:i])]
			}
		}
		switch {
		case t.form == upperCase:
			upper += letters
		case t.form < number:
			other += letters
		}
		s.toks = append(s.toks, t)
	}
	s.caps = upper > 3*other
	return s
}

// word returns token i as it is written.
func (s *scan) word(i int) string { return s.text[s.toks[i].start:s.toks[i].end] }

// lower returns token i in small letters, or "" for one that is not there.
func (s *scan) lower(i int) string {
	if i < 0 || i >= len(s.toks) {
		return ""
	}
	return strings.ToLower(s.word(i))
}

// gap returns what stands between token i and the next.
func (s *scan) gap(i int) string {
	start, end := 0, len(s.text)
	if i >= 0 {
		start = int(s.toks[i].end)
	}
	if i+1 < len(s.toks) {
		end = int(s.toks[i+1].start)
	}
	return s.text[start:end]
}

// is says whether token i is there and has one of the classes.
func (s *scan) is(i int, c class) bool {
	return i >= 0 && i < len(s.toks) && s.toks[i].class&c != 0
}

// blank says whether a gap is nothing but blanks on one line.
func blank(gap string) bool { return gap != "" && strings.Trim(gap, " \t") == "" }

// blanks says whether a gap is nothing but white space with one line end at
// most.
func blanks(gap string) bool {
	return gap != "" && strings.Trim(gap, " \t\n") == "" && strings.Count(gap, "\n") <= 1
}

// letters is how many letters token i has.
func (s *scan) letters(i int) int { return utf8.RuneCountInString(s.word(i)) }

// joined says whether tokens i and i+1 are parts of one word: "O'Neil",
// "Smith-Jones".
func (s *scan) joined(i int) bool {
	if i < 0 || i+1 >= len(s.toks) {
		return false
	}
	switch s.gap(i) {
	case "'", "’", "-", "‐", "‑":
		return true
	}
	return false
}
