package medical

// startsStatement are words that, after a comma or "and", begin a new
// statement rather than go on with a list of denied findings.
var startsStatement = wordSet("stable", "unchanged", "mild", "mildly", "moderate", "moderately", "severe", "small", "minimal",
	"minimally", "there", "persistent", "chronic", "borderline", "trace", "interval", "the", "heart", "cardiac", "cardiomegaly",
	"mediastinal", "lungs", "lung", "calcified", "degenerative", "tortuous", "low", "old", "healed", "prior", "previous", "right", "left",
	"bilateral", "bibasilar", "increased", "patchy", "streaky", "subtle", "slight", "slightly", "marked", "again", "atherosclerotic",
	"hyperexpanded", "hyperinflated", "post", "probable", "possible", "likely", "status", "is", "are", "this", "these", "it")

var verbs = wordSet("is", "are", "was", "were", "appears", "appear", "has", "have", "remains", "remain", "seen", "noted", "identified",
	"demonstrated", "overlies", "overlie", "demonstrates", "shows", "reveals", "projects", "represents")

// A statement is a sentence with what was found in it.
type statement struct {
	tokens   []token
	mentions []mention
	cues     []hit[*cue]
}

// presence decides on a mention.
func (s *statement) presence(m mention) (presence string, limited bool) {
	if answer := s.answered(m); answer != "" {
		return answer, false
	}
	if denied, end := s.denial(m); denied {
		return Absent, s.limits(m, end)
	}
	if s.doubted(m) {
		return Uncertain, false
	}
	return Present, false
}

// answers are what a form says of a finding behind its colon.
var answers = map[string]string{
	"none": Absent, "no": Absent, "absent": Absent, "negative": Absent, "nil": Absent, "n": Absent, "resolved": Absent, "normal": Absent,
	"yes": Present, "present": Present, "positive": Present,
	"possible": Uncertain, "possibly": Uncertain, "questionable": Uncertain, "equivocal": Uncertain, "indeterminate": Uncertain, "suspected": Uncertain,
}

// answered returns what a form answers on m: "Pneumothorax: none". The answer
// must be all that is said, up to a mark.
func (s *statement) answered(m mention) string {
	at := m.end + 1
	if at >= len(s.tokens) || s.tokens[m.end].word != ":" {
		return ""
	}
	if at+1 < len(s.tokens) && s.tokens[at+1].kind != punctToken {
		return ""
	}
	return answers[s.tokens[at].word]
}

// asked reports whether m is only what somebody is to look for.
func (s *statement) asked(m mention) bool {
	for _, c := range s.cues {
		if c.value.kind == askBefore && c.start >= m.end && within(c.value.reach, c.start-m.end) && !s.backwardEnds(m, c) {
			return true
		}
		if c.value.kind != ask || c.end > m.start || !within(c.value.reach, m.start-c.end) {
			continue
		}
		ends := false
		for i := c.end; i < m.start; i++ {
			ends = ends || s.tokens[i].word == ":" || s.tokens[i].word == ","
		}
		if !ends {
			return true
		}
	}
	return false
}

// denial reports whether a cue denies m, and where it ends when it stands
// before m, else -1.
func (s *statement) denial(m mention) (denied bool, end int) {
	for i := len(s.cues) - 1; i >= 0; i-- {
		c := s.cues[i]
		switch {
		case c.value.kind == denyAfter && c.end <= m.start:
			if within(c.value.reach, m.start-c.end) && !s.denialEnds(c.end, m) {
				return true, c.end
			}
		case c.value.kind == denyAfter && c.start > m.start && c.end < m.end && !m.owns(c.words):
			return true, -1 // "heart is not enlarged"
		case c.value.kind == denyBefore && c.start >= m.end:
			if within(c.value.reach, c.start-m.end) && !s.backwardEnds(m, c) {
				return true, -1
			}
		}
	}
	return false, -1
}

func (s *statement) doubted(m mention) bool {
	for _, c := range s.cues {
		switch {
		case c.value.kind == doubtAfter && c.end <= m.start:
			if s.doubtReaches(c, m) {
				return true
			}
		case c.value.kind == doubtAfter && c.start > m.start && c.end < m.end && !m.owns(c.words):
			return true
		case c.value.kind == doubtBefore && c.start >= m.end, c.value.kind == doubtAfter && c.start >= m.end && s.concludes(c):
			if within(c.value.reach, c.start-m.end) && !s.backwardEnds(m, c) {
				return true
			}
		}
	}
	return s.alternative(m)
}

// concludes reports whether a doubt of what follows stands at the end, where it
// can only be of what precedes: "a small effusion is difficult to exclude".
func (s *statement) concludes(c hit[*cue]) bool {
	switch s.tokens[c.end-1].word {
	case "exclude", "rule", "distinguish":
		return c.end == len(s.tokens) || s.tokens[c.end].kind == punctToken
	}
	return false
}

func within(reach, distance int) bool { return reach == 0 || distance <= reach }

// denialEnds reports whether a denial that begins at token from ends before m.
func (s *statement) denialEnds(from int, m mention) bool {
	verb := false
	for i := from; i < m.start; i++ {
		switch t := s.tokens[i]; {
		case t.word == ":":
			return true
		case t.word == "," || t.word == "and":
			next := i + 1
			if next < len(s.tokens) && s.tokens[next].word == "and" {
				next++
			}
			if next < len(s.tokens) && startsStatement[s.tokens[next].word] && !s.orFollows(next) {
				return true
			}
			if verb {
				return true
			}
		case verbs[t.word]:
			verb = true
		}
	}
	for _, c := range s.cues {
		if c.start < from || c.start >= m.start {
			continue
		}
		if c.value.kind == stop || c.value.kind == doubtAfter && !c.value.soft {
			return true
		}
	}
	return false
}

// orFollows reports whether the list goes on to an "or" before the next stop.
func (s *statement) orFollows(from int) bool {
	limit := len(s.tokens)
	for _, c := range s.cues {
		if c.start > from && (c.value.kind == stop || c.value.kind == denyAfter) {
			limit = min(limit, c.start)
		}
	}
	for i := from; i < limit; i++ {
		switch s.tokens[i].word {
		case "or", "nor":
			return true
		}
		if verbs[s.tokens[i].word] {
			return false
		}
	}
	return false
}

func (s *statement) doubtReaches(c hit[*cue], m mention) bool {
	chained := false
	comma := false
	for i := c.end; i < m.start; i++ {
		switch s.tokens[i].word {
		case "or", "versus", "vs", "/":
			chained = true
		case ",":
			comma = true
		case ":", "there":
			return false
		case "and":
			if s.tokens[c.start].word == "differential" {
				continue
			}
			slash := i+1 < len(s.tokens) && s.tokens[i+1].word == "/"
			if !slash && (c.value.reach > 0 || i+1 < len(s.tokens) && startsStatement[s.tokens[i+1].word]) {
				return false
			}
		}
	}
	if comma && !chained && !s.orFollows(c.end) {
		return false
	}
	distance := m.start - c.end
	if !within(c.value.reach, distance) && !(chained && distance <= 12) {
		return false
	}
	for _, other := range s.cues {
		if other.value.kind == stop && other.start >= c.end && other.start < m.start && !ofCue(s.tokens, other, c) {
			return false
		}
	}
	return true
}

// ofCue spares "with" where it belongs to the doubt: "may be consistent with".
func ofCue(tokens []token, st, c hit[*cue]) bool {
	if tokens[st.start].word != "with" || st.start == 0 {
		return false
	}
	switch tokens[st.start-1].word {
	case "consistent", "compatible", "associated":
		return st.start-c.end <= 3
	}
	return false
}

// backwardEnds reports whether another statement lies between m and a cue that
// looks back.
func (s *statement) backwardEnds(m mention, from hit[*cue]) bool {
	at := from.start
	for _, c := range s.cues {
		if c.value.kind == stop && c.start >= m.end && c.start < at {
			return true
		}
	}
	for i := m.end; i < at; i++ {
		w := s.tokens[i].word
		// The verb right before the cue is the cue's own.
		if w == ":" && (i > m.end || at-i > 1) || verbs[w] && at-i > 2 && s.tokens[at-1].word != "and" || w == "," && from.value.close {
			return true
		}
	}
	return false
}

// alternative reports whether m is one of two findings between which the
// reader did not decide: "atelectasis or infiltrate".
func (s *statement) alternative(m mention) bool {
	for _, c := range s.cues {
		if c.value.kind == changed && c.end <= m.start && s.tokens[c.start].word == "no" {
			return false // "no change in effusion or pneumothorax" has both
		}
	}
	for _, other := range s.mentions {
		lo, hi := m.end, other.start
		if other.end <= m.start {
			lo, hi = other.end, m.start
		}
		if hi < lo || hi-lo > 3 || other.concept == nil || m.concept == nil || other.concept == m.concept {
			continue
		}
		for i := lo; i < hi; i++ {
			if w := s.tokens[i].word; w == "or" || w == "versus" || w == "vs" {
				return true
			}
		}
	}
	return false
}

// limiting are words after a denial that deny only a kind of the finding.
var limiting = wordSet("large", "significant", "overt", "displaced", "acute", "frank", "new", "moderate", "superimposed", "other",
	"additional", "xxxx", "complicating", "typical", "active", "gross", "sizable", "significantly", "interval", "developing", "dominant")

// limits reports whether a denial that ends at token end denies only a kind of
// m.
func (s *statement) limits(m mention, end int) bool {
	if end < 0 {
		return false
	}
	for i := max(end, m.start-3); i < m.end; i++ {
		if limiting[s.tokens[i].word] {
			return true
		}
	}
	// "no infiltrate that would suggest tuberculosis" leaves room for another
	return m.end < len(s.tokens) && s.tokens[m.end].word == "that"
}
