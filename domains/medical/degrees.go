package medical

import "slices"

// severities gives the class of words of degree and size.
var severities = map[string]string{
	"trace": "trace", "tiny": "small", "minimal": "minimal", "minimally": "minimal", "borderline": "borderline",
	"mild": "mild", "mildly": "mild", "slight": "mild", "slightly": "mild", "subtle": "mild", "small": "small",
	"moderate": "moderate", "moderately": "moderate", "moderately-sized": "moderate",
	"advanced": "severe", "severe": "severe", "severely": "severe", "marked": "severe", "markedly": "severe", "extensive": "severe", "massive": "large", "large": "large",
}

// changeWords follow a degree that is the change's: "slightly larger".
var changeWords = wordSet("interval", "worse", "worsening", "worsened", "improved", "improving", "increased", "decreased", "increase", "decrease",
	"larger", "smaller", "progression", "enlarging", "more", "less")

// severity returns the degree of mention i: the one that holds now, else the
// one before it, else one behind it.
func (s *statement) severity(i int) string {
	m := s.mentions[i]
	hi := s.windowEnd(i)
	for j := m.end; j < hi; j++ {
		if s.tokens[j].word != "now" {
			continue
		}
		for k := j + 1; k < min(hi, j+4); k++ {
			if severity := s.degreeAt(m, k); severity != "" {
				return severity
			}
		}
	}
	lo := s.windowStart(i, 5)
	for j := m.end - 1; j >= lo; j-- {
		if w := s.tokens[j].word; j < m.start && (w == "," || w == "and" && !s.pairs(j)) {
			break
		}
		if severity := s.degreeAt(m, j); severity != "" {
			return severity
		}
	}
	if m.end < hi && s.tokens[m.end].word == ":" {
		for j := m.end + 1; j < min(hi, m.end+4); j++ {
			if severity := s.degreeAt(m, j); severity != "" {
				return severity
			}
		}
	}
	if m.end < len(s.tokens) && verbs[s.tokens[m.end].word] {
		for j := m.end + 1; j < min(hi, m.end+4); j++ {
			if severity := s.degreeAt(m, j); severity != "" {
				return severity
			}
		}
	}
	// "to a moderate degree", "small in volume", "swelling, mild,"
	for j := m.end + 1; j < min(hi, m.end+9); j++ {
		severity := s.degreeAt(m, j)
		if severity != "" && (s.tokens[j-1].word == "," || j+1 < len(s.tokens) && (s.tokens[j+1].word == "in" || s.tokens[j+1].word == "degree")) {
			return severity
		}
	}
	return ""
}

// degreeAt returns the degree that token j gives to m.
func (s *statement) degreeAt(m mention, j int) string {
	w := s.tokens[j].word
	if j+1 < len(s.tokens) {
		next := s.tokens[j+1].word
		// "Small vessel disease" may be severe.
		if w == "small" && organSizes[next] || changeWords[next] && !slices.Contains(m.words, j+1) {
			return ""
		}
	}
	// "The heart is slightly large" is slight: "large" is the finding itself.
	if w == "large" && slices.Contains(m.words, j) {
		return ""
	}
	return severities[w]
}

// change returns the nearest comparison that belongs to mention i.
func (s *statement) change(i int) string {
	m := s.mentions[i]
	lo, hi := s.windowStart(i, 9), min(s.windowEnd(i), m.end+10)
	if i > 0 && s.listed(i) {
		return s.change(i - 1)
	}
	best, change := 1<<30, ""
	for _, c := range s.cues {
		if c.value.kind != changed || m.owns(c.words) {
			continue
		}
		distance := -1
		switch {
		case c.end <= m.start && c.start >= lo && !s.has("with", c.end, m.start):
			distance = m.start - c.end
		case c.start >= m.end && c.start < hi:
			distance = c.start - m.end
		case c.start > m.start && c.end < m.end:
			distance = 0
		}
		if c.value.change == compared {
			distance += 20 // any other change says more
		}
		if distance >= 0 && distance < best && (distance < 20 || c.value.change == compared) {
			best, change = distance, c.value.change
		}
	}
	return change
}

// listed reports whether mention i goes on with the list of the one before
// it: "no change in effusion or atelectasis".
func (s *statement) listed(i int) bool {
	before := s.mentions[i-1]
	for _, c := range s.cues {
		if c.value.kind == changed && c.end <= before.start && s.tokens[c.start].word == "no" {
			gap := s.mentions[i].start - before.end
			return gap >= 1 && gap <= 2 && (s.has("or", before.end, s.mentions[i].start) || s.has("and", before.end, s.mentions[i].start))
		}
	}
	return false
}

// has reports whether a word stands in tokens [from,to).
func (s *statement) has(word string, from, to int) bool {
	return slices.ContainsFunc(s.tokens[from:to], func(t token) bool { return t.word == word })
}
