package deid

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// A recognizer finds identifiers of one kind. The range that the first group
// of the pattern matches, or the whole match without groups, is the
// identifier; accept may refuse it by its value and the text around it.
//
// The pattern is anchored and tried only where a token begins that is one of
// words, or a number or mixed token that passes gate. That is many times faster
// than to have it search, for identifiers are rare.
type recognizer struct {
	kind    Kind
	score   float32
	words   []string
	gate    func(length int, next byte) bool
	pattern *regexp.Regexp
	accept  func(text string, start, end int) bool
}

// Scores say how sure a find is. What is found by its form and a checksum, or
// by its form and a label, is certain; a form alone is likely.
const (
	possible = 0.4
	likely   = 0.6
	told     = 0.7 // by a label or a verb before it
	sure     = 0.8 // the least score of the leak check, and of formal text
	certain  = 0.95
)

// byWord makes a recognizer that is tried at words.
func byWord(kind Kind, score float32, words, pattern string, accept func(string, int, int) bool) recognizer {
	return recognizer{kind: kind, score: score, words: strings.Fields(words), pattern: regexp.MustCompile(`^(?:` + pattern + `)`), accept: accept}
}

// byNumber makes a recognizer that is tried at numbers. A sign before the
// number, "(" or "+", is part of what is matched.
func byNumber(kind Kind, score float32, gate func(int, byte) bool, pattern string, accept func(string, int, int) bool) recognizer {
	return recognizer{kind: kind, score: score, gate: gate, pattern: regexp.MustCompile(`^(?:` + pattern + `)`), accept: accept}
}

// window is how far a match may reach, in bytes. It bounds the cost of a try.
const window = 256

// A span is a range of text that identifies somebody.
type span struct {
	start, end int
	kind       Kind
	score      float32
}

// tag is what replaces an identifier.
func (k Kind) tag() string { return "[" + string(k) + "]" }

// find returns the identifiers of text of the kinds that rules name, with a
// score of at least min, sorted and apart. known is what the format declares
// to be the patient's.
func find(text string, rules Rules, min float32, known []string) []span {
	s := newScan(text)
	spans := s.patterns(nil)
	spans = s.addresses(spans)
	spans = s.facilities(spans)
	spans = s.bareNumbers(spans)
	wanted := func(x span) bool { return x.score >= min && slices.Contains(rules.Kinds, x.kind) }
	var out []span
	for _, x := range append(s.known(known), spans...) {
		if wanted(x) {
			out = append(out, x)
		}
	}
	if slices.Contains(rules.Kinds, Name) || slices.Contains(rules.Kinds, Age) {
		names := s.names(spans, min)
		for _, x := range append(names, s.agesAfter(names)...) {
			if wanted(x) {
				out = append(out, x)
			}
		}
	}
	return mergeSpans(out)
}

// patterns tries the recognizers where a token begins.
func (s *scan) patterns(spans []span) []span {
	table := recognizerTable()
	for i, t := range s.toks {
		switch {
		case t.class&trigger != 0:
			for _, r := range table.byWord[s.lower(i)] {
				spans = r.try(s.text, int(t.start), spans)
			}
		case t.form == number || t.form == mixed:
			next := byte(0)
			if int(t.end) < len(s.text) {
				next = s.text[t.end]
			}
			start := int(t.start)
			if start > 0 && (s.text[start-1] == '(' || s.text[start-1] == '+') {
				start--
			}
			if start > 0 && start < int(t.start) && s.text[start-1] == '+' {
				start--
			}
			for _, r := range table.byNumber {
				if !r.gate(int(t.end-t.start), next) {
					continue
				}
				spans = r.try(s.text, int(t.start), spans)
				if start < int(t.start) && r.kind == Phone {
					spans = r.try(s.text, start, spans)
				}
			}
		}
	}
	for i := range spans {
		if x := &spans[i]; x.kind == Date {
			x.start = withWeekday(s.text, x.start)
		}
	}
	return s.signed(spans)
}

// withWeekday moves the start of a date before the weekday that stands there.
func withWeekday(text string, start int) int {
	before := strings.TrimRight(text[max(0, start-16):start], " ,.")
	i := len(before)
	for i > 0 && (before[i-1]|0x20 >= 'a' && before[i-1]|0x20 <= 'z') {
		i--
	}
	word := strings.ToLower(before[i:])
	if nameIn(weekdayNames, word, 3) == 0 || strings.Contains(text[start-1:start], "\n") {
		return start
	}
	return start - len(text[max(0, start-16):start]) + i
}

// try appends what the recognizer finds at an offset.
func (r *recognizer) try(text string, at int, spans []span) []span {
	m := r.pattern.FindStringSubmatchIndex(text[at:windowEnd(text, at)])
	if m == nil {
		return spans
	}
	start, end := m[0], m[1]
	for g := 2; g+1 < len(m); g += 2 {
		if m[g] >= 0 {
			start, end = m[g], m[g+1]
			break
		}
	}
	start, end = start+at, end+at
	for end > start && (text[end-1] == ' ' || text[end-1] == '\t' || text[end-1] == '\n') {
		end--
	}
	if start == end || r.kind != Age && !alone(text, start, end) || r.accept != nil && !r.accept(text, start, end) {
		return spans
	}
	return append(spans, span{start, end, r.kind, r.score})
}

// windowEnd returns the end of the window at i, between two characters.
func windowEnd(text string, i int) int {
	end := i + window
	if end >= len(text) {
		return len(text)
	}
	for end > i && !utf8.RuneStart(text[end]) {
		end--
	}
	return end
}

func wordByte(b byte) bool {
	return b >= utf8.RuneSelf || b >= '0' && b <= '9' || b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z'
}

// alone says whether a range does not begin or end inside a word or number.
func alone(text string, start, end int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:start])
	first, _ := utf8.DecodeRuneInString(text[start:])
	last, _ := utf8.DecodeLastRuneInString(text[:end])
	after, _ := utf8.DecodeRuneInString(text[end:])
	return !(wordRune(before) && wordRune(first)) && !(wordRune(last) && wordRune(after))
}
