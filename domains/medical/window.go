package medical

// windowStart is where the words that qualify mention i from before begin: at
// most n tokens back, not before a stop nor within what is said of the finding
// before it.
func (s *statement) windowStart(i, n int) int {
	m := s.mentions[i]
	lo := max(0, m.start-n)
	for j := i - 1; j >= 0; j-- {
		if end := s.mentions[j].end; end < m.start || end == m.start && s.mentions[j].concept == nil {
			lo = max(lo, end, s.border(end, m.start)+1)
			break
		}
	}
	for _, c := range s.cues {
		if c.value.kind == stop && c.end <= m.start && s.tokens[c.start].word != "with" {
			lo = max(lo, c.end)
		}
	}
	return lo
}

// windowEnd is where the words that qualify mention i from behind end.
func (s *statement) windowEnd(i int) int {
	m := s.mentions[i]
	hi := len(s.tokens)
	for _, next := range s.mentions[i+1:] {
		if next.start < m.end || next.start == m.end && next.concept != nil {
			continue // "nodular opacity" is one thing
		}
		hi = next.start
		if at := s.border(m.end, next.start); at >= 0 {
			hi = at
		}
		break
	}
	for _, c := range s.cues {
		if c.value.kind == stop && c.start >= m.end && !relative[s.tokens[c.start].word] {
			hi = min(hi, c.start)
		}
		if c.value.kind == denyAfter && c.start >= m.end {
			hi = min(hi, c.start)
		}
	}
	return hi
}

// conjunctions lie between two findings of a list.
var conjunctions = wordSet("and", ",", "or", "with", "&", "/", "plus")

// behind are words after a finding that go on about it.
var behind = wordSet("in", "at", "of", "on", "within", "along", "over", "throughout", "involving", "overlying", "projecting", "measuring")

// border returns the conjunction between two findings, the first ending at
// token from and the second beginning at token to, behind which the words are
// the second's; -1 where there is none. It is the first one, "effusion, left
// lower and right upper lobe opacities", unless words follow that are still
// the first finding's: "atelectasis in the right base and left effusion".
func (s *statement) border(from, to int) int {
	first, last := -1, -1
	for j := from; j < to; j++ {
		if !conjunctions[s.tokens[j].word] || s.pairs(j) {
			continue
		}
		if first < 0 {
			first = j
		}
		last = j
	}
	if first < 0 {
		return -1
	}
	w := s.tokens[from].word
	if behind[w] || verbs[w] || s.sideAt(from) != "" || w == "," && s.changesAt(from+1) || w == "," && from+2 < to && s.qualifies(from+1) && conjunctions[s.tokens[from+2].word] {
		return last
	}
	return first
}

// changesAt reports whether a comparison begins at token i.
func (s *statement) changesAt(i int) bool {
	for _, c := range s.cues {
		if c.value.kind == changed && c.start == i {
			return true
		}
	}
	return false
}

// qualifies reports whether token i is a side or a degree.
func (s *statement) qualifies(i int) bool {
	return s.sideAt(i) != "" || severities[s.tokens[i].word] != ""
}

// lobes are words that are paired within one place: "upper and lower lobes".
var lobes = wordSet("upper", "lower", "middle", "mid")

// pairs reports whether the conjunction at token j joins two sides or two
// lobes rather than two findings.
func (s *statement) pairs(j int) bool {
	if j == 0 || j+1 >= len(s.tokens) {
		return false
	}
	return s.sideAt(j-1) != "" && s.sideAt(j+1) != "" || lobes[s.tokens[j-1].word] && lobes[s.tokens[j+1].word]
}

// organSizes are words after which "small" names the organ.
var organSizes = wordSet("vessel", "bowel", "airway", "airways", "intestine", "joint", "joints")

// relative words go on about the finding before them: "which has progressed".
var relative = wordSet("which", "since", "given")
