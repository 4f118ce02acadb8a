package deid

import (
	"regexp"
	"strings"
)

var (
	emailAfter = regexp.MustCompile(`^[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}`)
	authority  = regexp.MustCompile(`^\^\^\^[A-Za-z0-9]+`)
	macPattern = regexp.MustCompile(`^(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}$`)
)

// signed finds what a sign gives away: e-mail addresses by "@", and network
// addresses by their colons.
func (s *scan) signed(spans []span) []span {
	for at := 0; ; {
		i := strings.IndexByte(s.text[at:], '@')
		if i < 0 {
			break
		}
		i += at
		at = i + 1
		start := i
		for start > 0 && (wordByte(s.text[start-1]) || strings.IndexByte("._%+'-", s.text[start-1]) >= 0) {
			start--
		}
		for start < i && strings.IndexByte(".'-", s.text[start]) >= 0 {
			start++
		}
		if m := emailAfter.FindStringIndex(s.text[at:windowEnd(s.text, at)]); m != nil && start < i && alone(s.text, start, at+m[1]) {
			spans = append(spans, span{start, at + m[1], Email, certain})
		}
	}
	return s.colons(spans)
}

// colons finds MAC and IPv6 addresses.
func (s *scan) colons(spans []span) []span {
	hex := func(b byte) bool { return isDigit(b) || b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F' }
	for at := 0; ; {
		i := strings.IndexByte(s.text[at:], ':')
		if i < 0 {
			return spans
		}
		i += at
		at = i + 1
		if at == len(s.text) || !(hex(s.text[at]) || s.text[at] == ':') {
			continue
		}
		start, end := i, at
		for start > 0 && (hex(s.text[start-1]) || s.text[start-1] == ':') {
			start--
		}
		for end < len(s.text) && (hex(s.text[end]) || s.text[end] == ':') {
			end++
		}
		at = end
		for end > i && s.text[end-1] == ':' && !strings.HasSuffix(s.text[start:end], "::") {
			end--
		}
		if strings.Count(s.text[start:end], ":") < 2 || !alone(s.text, start, end) {
			continue
		}
		if macPattern.MatchString(s.text[start:end]) || acceptIPv6(s.text, start, end) {
			spans = append(spans, span{start, end, IP, certain})
		}
	}
}

// bareNumbers takes long numbers and codes without a label for identifiers,
// where nothing says that they measure something.
func (s *scan) bareNumbers(spans []span) []span {
	for i := 0; i < len(s.toks); i++ {
		t := s.toks[i]
		if t.form != number && t.form != mixed && !(t.form == upperCase && int(t.end) < len(s.text) && s.text[t.end] == '-' && t.end-t.start <= 5) {
			continue
		}
		last := i
		for last+1 < len(s.toks) && s.gap(last) == "-" && s.toks[last+1].end-s.toks[last+1].start <= 20 {
			last++
		}
		start, end := int(t.start), int(s.toks[last].end)
		first := i
		i = last
		code := s.text[start:end]
		n := countDigits(code)
		switch parts := last - first + 1; {
		case parts == 1 && t.form == number && n < 6, n < 5:
			continue
		case parts == 2 && n < 7 && n == len(code)-1, parts == 2 && n == 8 && len(code) == 9 && code[4] == '-':
			continue // a range of numbers or of years
		case n == len(code) && len(code) == 4:
			continue
		}
		if s.measured(start, end) {
			continue
		}
		if m := authority.FindStringIndex(s.text[end:windowEnd(s.text, end)]); m != nil { // HL7: who gave the number
			end += m[1]
			i = s.tokenEnding(i, end)
		}
		spans = append(spans, span{start, end, ID, likely})
	}
	return spans
}

// measured says whether a number is part of a decimal or of a sum, or has a
// unit.
func (s *scan) measured(start, end int) bool {
	if !notInNumber(s.text, start, end) {
		return true
	}
	if start > 1 && strings.IndexByte("$€£,.<>~", s.text[start-1]) >= 0 && !(s.text[start-1] == '>' && wordByte(s.text[start-2])) {
		return s.text[start-1] != ',' || start > 1 && isDigit(s.text[start-2])
	}
	if end+1 < len(s.text) && s.text[end] == ',' && isDigit(s.text[end+1]) {
		return true
	}
	after := strings.ToLower(strings.TrimLeft(s.text[end:min(len(s.text), end+14)], " "))
	for _, unit := range []string{"copies", "cells", "/ul", "/ml", "/mm", "%", "mg", "ml", "mcg", "iu", "units", "mm", "cm", "hz", "platelets", "shares", "dollars"} {
		if strings.HasPrefix(after, unit) {
			return true
		}
	}
	return false
}
