package medical

import "strings"

// normalWords say of an organ that nothing is wrong with it.
var normalWords = wordSet("normal", "normally", "unremarkable", "clear", "intact", "sharp", "preserved", "midline", "nonenlarged", "negative", "free", "patent", "aerated", "maintained")

// hedgedNormal are words that leave room for findings: "otherwise clear".
var hedgedNormal = wordSet("otherwise", "relatively", "mostly", "predominantly", "except", "remainder", "rest", "remaining")

// normality reports whether the organ at tokens [start,end) is called normal,
// and whether with a reservation.
func (s *statement) normality(start, end int) (normal, limited bool) {
	at := s.normalAfter(end)
	if at < 0 {
		at = s.normalBefore(start)
	}
	if at < 0 {
		return false, false
	}
	for i := max(0, at-2); i < min(len(s.tokens), at+2); i++ {
		limited = limited || hedgedNormal[s.tokens[i].word]
	}
	// "The left lung is clear" says nothing of the right one.
	for i := max(0, start-3); i < start; i++ {
		side := s.sideAt(i)
		limited = limited || hedgedNormal[s.tokens[i].word] || side == left || side == right
	}
	return true, limited
}

func (s *statement) normalAfter(end int) int {
	verb, reach := false, 5
	for i := end; i < len(s.tokens) && reach > 0; i++ {
		w := s.tokens[i].word
		if normalWords[w] {
			return i
		}
		switch {
		case s.mentioned(i) || w == "not" || w == "without" || w == "no":
			return -1
		case verbs[w]:
			if verb {
				return -1
			}
			verb, reach = true, 8
		case w == ",":
			if verb || s.verbBetween(i) < 0 {
				return -1
			}
		case !verb && (w == "and" || w == "or"):
			reach += 4
		}
		switch {
		case w == "at" || w == "the" && i > 0 && s.tokens[i-1].word == "at" || w == "upper" || w == "limits" || w == "limit" || w == "of":
			// "at the upper limits of normal"
		case verb:
			reach--
		case s.verbBetween(i) < 0:
			reach--
		}
	}
	return -1
}

// verbBetween returns the next verb within ten tokens of i, or -1.
func (s *statement) verbBetween(i int) int {
	for j := i; j < len(s.tokens) && j < i+10; j++ {
		if verbs[s.tokens[j].word] {
			return j
		}
	}
	return -1
}

func (s *statement) normalBefore(start int) int {
	for i := start - 1; i >= 0 && i >= start-8; i-- {
		w := s.tokens[i].word
		if normalWords[w] {
			return i
		}
		if verbs[w] || s.mentioned(i) || strings.ContainsAny(w, ",:") || w == "no" || w == "with" || w == "without" {
			return -1
		}
	}
	return -1
}

func (s *statement) mentioned(i int) bool {
	for _, m := range s.mentions {
		if i >= m.start && i < m.end && m.concept != nil {
			return true
		}
	}
	return false
}
