package deid

import (
	"strings"
)

// known finds what the format declares to be the patient's: numbers as they
// are, whatever signs are between their digits, and every word of names. An
// ordinary word of a name counts where it is written as a name is.
func (s *scan) known(list []string) []span {
	names, codes := map[string]bool{}, map[string]bool{}
	for _, k := range list {
		if plain := plainCode(k); countDigits(k) > 0 && len(plain) >= 4 {
			codes[plain] = true
			continue
		}
		n := newScan(k)
		for i := range n.toks {
			if n.letters(i) >= 2 && n.toks[i].class&(sureTitle|degree|particle) == 0 {
				names[n.lower(i)] = true
			}
		}
	}
	if len(names) == 0 && len(codes) == 0 {
		return nil
	}
	var spans []span
	for i, t := range s.toks {
		if t.form == number || t.form == mixed || len(codes) > 0 {
			if last, ok := s.codeAt(i, codes); ok {
				spans = append(spans, span{int(t.start), int(s.toks[last].end), MRN, certain})
				continue
			}
		}
		if t.form == number || t.form == mixed || !names[s.lower(i)] {
			continue
		}
		ordinaryWord := t.class&(ordinary|eponym|place|month) != 0 || s.letters(i) < 3
		if ordinaryWord && (t.form == lowerCase || s.is(i+1, eponymHead) && blank(s.gap(i))) {
			continue
		}
		spans = append(spans, span{int(t.start), int(t.end), Name, certain})
	}
	return spans
}

// codeAt says whether one of codes begins at token i, and returns its last
// token.
func (s *scan) codeAt(i int, codes map[string]bool) (int, bool) {
	plain := ""
	for last := i; last < min(i+6, len(s.toks)); last++ {
		if last > i && len(s.gap(last-1)) > 1 {
			return 0, false
		}
		if plain += plainCode(s.word(last)); codes[plain] {
			return last, true
		}
	}
	return 0, false
}

// plainCode is a code without the signs between its letters and digits.
func plainCode(code string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9', r >= 'A' && r <= 'Z':
			return r
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		}
		return -1
	}, code)
}
