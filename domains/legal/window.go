package legal

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf8"

	"adapt/prompt"
	"adapt/tokenizer"
)

// reserve is how many tokens are kept for the answer to a segment. Most
// answers are one code.
const reserve = 4

// A window is a run of segments that are shown to a model in one exchange:
// segs[from:to].
type window struct{ from, to int }

// windows packs turns greedily into exchanges of at most max tokens. Turns
// whose output is not known yet have an empty one.
func windows(tok tokenizer.Tokenizer, turns []prompt.Turn, max int) []window {
	begin := len(tok.Markers().Begin)
	var out []window
	open, used := 0, begin
	for i, t := range turns {
		n := turnLen(tok, t)
		if i > open && used+n > max {
			out = append(out, window{open, i})
			open, used = i, begin
		}
		used += n
	}
	if open < len(turns) {
		out = append(out, window{open, len(turns)})
	}
	return out
}

// turnLen is the length of a turn with at least reserve tokens of output.
func turnLen(tok tokenizer.Tokenizer, t prompt.Turn) int {
	return prompt.Room(tok, t.Input, max(len(tok.Encode(t.Output)), reserve))
}

// fit shortens an input, by whole words where it can, until its turn takes at
// most max tokens, so that no text is too dense for a window.
func fit(tok tokenizer.Tokenizer, t prompt.Turn, max int) prompt.Turn {
	max -= len(tok.Markers().Begin)
	for t.Input != "" && turnLen(tok, t) > max {
		cut := strings.LastIndexByte(t.Input, ' ')
		if cut < len(t.Input)/2 {
			cut = len(t.Input) / 2
			for cut > 0 && !utf8.RuneStart(t.Input[cut]) {
				cut--
			}
		}
		t.Input = t.Input[:cut]
	}
	return t
}

// sample picks k of the numbers below n, in ascending order, by a hash of seed:
// equal documents give equal samples.
func sample(seed string, n, k int) []int {
	type ranked struct {
		i    int
		hash uint64
	}
	r := make([]ranked, n)
	for i := range r {
		b := binary.LittleEndian.AppendUint64([]byte(seed), uint64(i))
		h := sha256.Sum256(b)
		r[i] = ranked{i, binary.LittleEndian.Uint64(h[:])}
	}
	slices.SortFunc(r, func(a, b ranked) int {
		switch {
		case a.hash < b.hash:
			return -1
		case a.hash > b.hash:
			return 1
		}
		return a.i - b.i
	})
	picked := make([]int, 0, k)
	for _, x := range r[:min(k, n)] {
		picked = append(picked, x.i)
	}
	slices.Sort(picked)
	return picked
}

func sortSpans(s []span) {
	slices.SortFunc(s, func(a, b span) int {
		if a.start != b.start {
			return a.start - b.start
		}
		return a.end - b.end
	})
}
