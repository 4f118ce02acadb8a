package medical

import (
	"slices"
	"strings"
)

// A pattern matches a run of words. It is written as words with spaces
// between them: "opaci*" matches every word with that beginning, "a|b" either
// word, and "~3" up to three words of any kind but those in gapStops.
type pattern []element

type element struct {
	words    []string // exact words
	prefixes []string
	gap      int // when words and prefixes are empty
}

// gapStops are words over which no pattern reaches: they begin another
// statement.
var gapStops = wordSet("normal", "unremarkable", "clear", "intact", "without", "no", "but",
	"however", "with", "negative", "which", "or")

func wordSet(words ...string) map[string]bool {
	set := make(map[string]bool, len(words))
	for _, w := range words {
		set[w] = true
	}
	return set
}

func parsePattern(s string) pattern {
	var p pattern
	for _, field := range strings.Fields(s) {
		var e element
		if n, ok := strings.CutPrefix(field, "~"); ok {
			e.gap = int(n[0] - '0')
		} else {
			for _, w := range strings.Split(field, "|") {
				if prefix, ok := strings.CutSuffix(w, "*"); ok {
					e.prefixes = append(e.prefixes, prefix)
				} else {
					e.words = append(e.words, w)
				}
			}
		}
		p = append(p, e)
	}
	return p
}

func (e element) matches(t token) bool {
	if t.kind == punctToken && !slices.Contains(e.words, t.word) {
		return false
	}
	if slices.Contains(e.words, t.word) {
		return true
	}
	for _, p := range e.prefixes {
		if strings.HasPrefix(t.word, p) {
			return true
		}
	}
	return false
}

// match returns the indexes of the tokens that p's words matched, starting at
// tokens[at], or nil. Gaps are as short as they can be.
func (p pattern) match(tokens []token, at int) []int {
	if len(p) == 0 {
		return []int{}
	}
	if p[0].gap == 0 {
		if at >= len(tokens) || !p[0].matches(tokens[at]) {
			return nil
		}
		rest := p[1:].match(tokens, at+1)
		if rest == nil {
			return nil
		}
		return append([]int{at}, rest...)
	}
	for skip := 0; skip <= p[0].gap; skip++ {
		if rest := p[1:].match(tokens, at+skip); rest != nil {
			return rest
		}
		if at+skip >= len(tokens) || tokens[at+skip].kind == punctToken || gapStops[tokens[at+skip].word] {
			return nil
		}
	}
	return nil
}

// A matcher finds many patterns in one pass. V is what a pattern stands for.
type matcher[V any] struct {
	exact  map[string][]rule[V] // by the first word
	prefix map[string][]rule[V] // by the first prefixLen bytes of the first word
}

type rule[V any] struct {
	pattern pattern
	value   V
}

// prefixLen is the least length of a prefix that begins a pattern.
const prefixLen = 3

// A hit is a pattern found in a sentence.
type hit[V any] struct {
	words      []int // indexes of the tokens matched, gaps left out
	start, end int   // token range, end exclusive
	value      V
}

func newMatcher[V any]() *matcher[V] {
	return &matcher[V]{exact: map[string][]rule[V]{}, prefix: map[string][]rule[V]{}}
}

func (m *matcher[V]) add(s string, v V) {
	p := parsePattern(s)
	r := rule[V]{p, v}
	for _, w := range p[0].words {
		m.exact[w] = append(m.exact[w], r)
	}
	for _, w := range p[0].prefixes {
		m.prefix[w[:prefixLen]] = append(m.prefix[w[:prefixLen]], r)
	}
}

// find returns every hit in the sentence, in order of their start, the longer
// first where two start together.
func (m *matcher[V]) find(sentence []token) []hit[V] {
	var hits []hit[V]
	try := func(at int, rules []rule[V]) {
		for _, r := range rules {
			if words := r.pattern.match(sentence, at); words != nil {
				hits = append(hits, hit[V]{words, at, words[len(words)-1] + 1, r.value})
			}
		}
	}
	for i, t := range sentence {
		try(i, m.exact[t.word])
		if len(t.word) >= prefixLen {
			try(i, m.prefix[t.word[:prefixLen]])
		}
	}
	slices.SortStableFunc(hits, func(a, b hit[V]) int {
		if a.start != b.start {
			return a.start - b.start
		}
		if n := len(b.words) - len(a.words); n != 0 {
			return n
		}
		return a.end - b.end
	})
	return hits
}

// outermost drops the hits all of whose words belong to a hit of more words:
// "calcification" within "vascular calcification".
func outermost[V any](hits []hit[V]) []hit[V] {
	var out []hit[V]
	for i, h := range hits {
		covered := false
		for j, other := range hits {
			if i == j || other.start >= h.end || other.end <= h.start {
				continue
			}
			if len(other.words) > len(h.words) || len(other.words) == len(h.words) && j < i {
				covered = covered || subset(h.words, other.words)
			}
		}
		if !covered {
			out = append(out, h)
		}
	}
	return out
}

func subset(a, b []int) bool {
	for _, x := range a {
		if !slices.Contains(b, x) {
			return false
		}
	}
	return true
}
