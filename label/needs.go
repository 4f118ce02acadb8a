package label

import (
	"math/bits"
	"slices"
)

// An index finds which of many words occur in a text in one pass over it, after
// Aho and Corasick (1975), so that most functions need not be asked.
type index struct {
	class [256]uint8 // of bytes, so that rows are short
	width int
	next  []int32   // state × class
	found [][]int32 // words that end in a state
	words int
}

// newIndex prepares words, which must not be empty.
func newIndex(words []string) *index {
	x := &index{words: len(words)}
	for _, w := range words {
		for i := range len(w) {
			if x.class[w[i]] == 0 {
				x.width++
				x.class[w[i]] = uint8(x.width)
			}
		}
	}
	x.width++ // class 0 is every other byte
	state := func() int32 {
		for range x.width {
			x.next = append(x.next, -1)
		}
		x.found = append(x.found, nil)
		return int32(len(x.found) - 1)
	}
	state()
	for n, w := range words {
		at := int32(0)
		for i := range len(w) {
			k := int(at)*x.width + int(x.class[w[i]])
			if x.next[k] < 0 {
				x.next[k] = state()
			}
			at = x.next[k]
		}
		x.found[at] = append(x.found[at], int32(n))
	}
	x.link()
	return x
}

// link turns the tree of words into an automaton: where a word does not go on,
// the longest end of what was read that begins one does.
func (x *index) link() {
	fail := make([]int32, len(x.found))
	var queue []int32
	for c := range x.width {
		if s := x.next[c]; s > 0 {
			queue = append(queue, s)
		} else {
			x.next[c] = 0
		}
	}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		x.found[s] = append(x.found[s], x.found[fail[s]]...)
		for c := range x.width {
			k := int(s)*x.width + c
			back := x.next[int(fail[s])*x.width+c]
			if x.next[k] < 0 {
				x.next[k] = back
				continue
			}
			fail[x.next[k]] = back
			queue = append(queue, x.next[k])
		}
	}
}

// A set is a set of small numbers.
type set []uint64

func newSet(n int) set { return make(set, (n+63)/64) }

func (s set) add(i int) { s[i/64] |= 1 << (i % 64) }

// in adds the words that occur in text to s.
func (x *index) in(text string, s set) {
	at := int32(0)
	for i := range len(text) {
		at = x.next[int(at)*x.width+int(x.class[text[i]])]
		for _, w := range x.found[at] {
			s[w/64] |= 1 << (w % 64)
		}
	}
}

// gate says which functions a segment's words let through.
type gate struct {
	index *index
	// byWord holds, for each word, the functions that it lets through; open, those
	// that need no word. Functions are numbered through all categories.
	byWord [][]int32
	open   set
	n      int
}

func newGate(funcs [][]Func) *gate {
	g := &gate{}
	at := map[string]int{}
	var words []string
	for _, list := range funcs {
		g.n += len(list)
	}
	g.open = newSet(g.n)
	i := 0
	for _, list := range funcs {
		for _, f := range list {
			if f.Needs == nil || slices.Contains(f.Needs, "") {
				g.open.add(i)
			}
			for _, w := range f.Needs {
				if w == "" {
					continue
				}
				n, ok := at[w]
				if !ok {
					n = len(words)
					at[w] = n
					words = append(words, w)
					g.byWord = append(g.byWord, nil)
				}
				g.byWord[n] = append(g.byWord[n], int32(i))
			}
			i++
		}
	}
	g.index = newIndex(words)
	return g
}

// admit sets in to the functions that may vote on a text. found is scratch of
// the number of words.
func (g *gate) admit(text string, found, in set) {
	clear(found)
	copy(in, g.open)
	g.index.in(text, found)
	for i, w := range found {
		for ; w != 0; w &= w - 1 {
			for _, f := range g.byWord[i*64+bits.TrailingZeros64(w)] {
				in.add(int(f))
			}
		}
	}
}

func (s set) has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }
