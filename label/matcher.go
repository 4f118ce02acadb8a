package label

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
)

// A Matcher looks for a regular expression (RE2, whose time is linear in the
// text) in many short texts. Most of them lack a word without which the
// expression can not match, and are dismissed by looking for that word alone.
type Matcher struct {
	re    *regexp.Regexp
	needs []string // in lower case: no match without one of them; nil: unknown
}

const (
	// maxExpr bounds the length of an expression in bytes: those of a
	// configuration are untrusted.
	maxExpr = 4096
	// maxNeeds is beyond how many words looking for them is no quicker.
	maxNeeds = 24
)

// NewMatcher compiles an expression. "." matches line ends, too.
func NewMatcher(expr string) (*Matcher, error) {
	if len(expr) > maxExpr {
		return nil, fmt.Errorf("the pattern has %d bytes; at most %d are allowed", len(expr), maxExpr)
	}
	re, err := regexp.Compile("(?s)" + expr)
	if err != nil {
		return nil, patternError(err)
	}
	tree, err := syntax.Parse("(?s)"+expr, syntax.Perl)
	if err != nil {
		return nil, patternError(err)
	}
	m := &Matcher{re: re}
	if needs, ok := needed(tree.Simplify()); ok && len(needs) <= maxNeeds {
		m.needs = needs
	}
	return m, nil
}

// patternError says what is wrong with an expression; the expression is the
// team's own, so that it may be quoted.
func patternError(err error) error {
	return fmt.Errorf("the pattern is no RE2 expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
}

// MustMatcher is [NewMatcher] for expressions in code.
func MustMatcher(expr string) *Matcher {
	m, err := NewMatcher(expr)
	if err != nil {
		panic(err)
	}
	return m
}

// Match reports whether the expression matches in text. lower is text in lower
// case.
func (m *Matcher) Match(text, lower string) bool {
	if m.needs != nil && !containsAny(lower, m.needs) {
		return false
	}
	return m.re.MatchString(text)
}

// Needs returns words in lower case of which every text that matches holds one,
// or nil where there are none to say.
func (m *Matcher) Needs() []string { return slices.Clone(m.needs) }

// Find returns the ranges of text that match, from the left and apart.
func (m *Matcher) Find(text, lower string) [][]int {
	if m.needs != nil && !containsAny(lower, m.needs) {
		return nil
	}
	return m.re.FindAllStringIndex(text, -1)
}

func containsAny(s string, words []string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// needed returns words, in lower case, of which every match holds one.
func needed(re *syntax.Regexp) (words []string, ok bool) {
	switch re.Op {
	case syntax.OpLiteral:
		w := longestASCII(re.Rune)
		return []string{w}, len(w) >= 2
	case syntax.OpCapture, syntax.OpPlus:
		return needed(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min >= 1 {
			return needed(re.Sub[0])
		}
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if w, k := needed(sub); k && (!ok || rarer(w, words)) {
				words, ok = w, true
			}
		}
		return words, ok
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			w, k := needed(sub)
			if !k {
				return nil, false
			}
			words = append(words, w...)
		}
		return words, true
	}
	return nil, false
}

// longestASCII returns the longest run of ASCII in a literal, in lower case:
// other characters may fold to several.
func longestASCII(literal []rune) string {
	best, open := "", ""
	for _, r := range strings.ToLower(string(literal)) {
		if r < 0x80 {
			open += string(r)
		} else {
			open = ""
		}
		if len(open) > len(best) {
			best = open
		}
	}
	return best
}

// rarer reports whether texts are likelier to lack all of a than all of b.
func rarer(a, b []string) bool {
	return shortest(a)*len(b) > shortest(b)*len(a)
}

func shortest(words []string) int {
	n := len(words[0])
	for _, w := range words {
		n = min(n, len(w))
	}
	return n
}

// lowerCase is s as expressions without regard to case see it: the long s and
// the Kelvin sign fold to ASCII, too.
func lowerCase(s string) string {
	return strings.ReplaceAll(strings.ToLower(s), "ſ", "s")
}
