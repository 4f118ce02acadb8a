package formats

import (
	"sort"
	"unicode/utf8"
)

// A unit is what a tool counts offsets in.
type unit int

const (
	codePoints unit = iota // Python: brat, doccano, SQuAD, datasets
	utf16Units             // JavaScript: Label Studio
)

// A ruler converts offsets into one text between bytes and a unit.
type ruler struct {
	text string
	// starts holds the byte offset of each unit and the text's length; -1 where
	// a unit begins inside a character (a low surrogate). It is nil for ASCII,
	// where all units are one.
	starts []int32
}

func newRuler(text string, u unit) *ruler {
	r := &ruler{text: text}
	if ascii(text) {
		return r
	}
	r.starts = make([]int32, 0, len(text)+1)
	for i, c := range text {
		r.starts = append(r.starts, int32(i))
		if u == utf16Units && c > 0xffff {
			r.starts = append(r.starts, -1)
		}
	}
	r.starts = append(r.starts, int32(len(text)))
	return r
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// bytes returns the byte offset of an offset in units; ok is false outside the
// text and inside a character.
func (r *ruler) bytes(units int) (at int, ok bool) {
	if r.starts == nil {
		return units, units >= 0 && units <= len(r.text)
	}
	if units < 0 || units >= len(r.starts) || r.starts[units] < 0 {
		return 0, false
	}
	return int(r.starts[units]), true
}

// units returns the offset in units of a byte offset at a character's start.
func (r *ruler) units(at int) int {
	if r.starts == nil {
		return at
	}
	n := sort.Search(len(r.starts), func(i int) bool {
		s := r.starts[i]
		if s < 0 {
			s = r.starts[i-1] + 1
		}
		return int(s) >= at
	})
	return n
}

// span returns the text between two offsets in units, and where it begins.
func (r *ruler) span(start, end int) (text string, at int, ok bool) {
	from, ok1 := r.bytes(start)
	to, ok2 := r.bytes(end)
	if !ok1 || !ok2 || from >= to {
		return "", 0, false
	}
	return r.text[from:to], from, true
}
