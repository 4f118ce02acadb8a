package medical

// Sides.
const (
	left      = "left"
	right     = "right"
	bilateral = "bilateral"
)

// sides gives the side that a word names.
var sides = map[string]string{
	"left": left, "leftward": left, "lingula": left, "lingular": left, "lul": left, "lll": left, "lt": left,
	"right": right, "rightward": right, "rul": right, "rml": right, "rll": right, "rt": right,
	"bilateral": bilateral, "bilaterally": bilateral, "both": bilateral, "bibasilar": bilateral, "bibasal": bilateral,
	"biapical": bilateral, "bases": bilateral, "apices": bilateral, "bihilar": bilateral, "hemidiaphragms": bilateral,
	"hila": bilateral, "bilat": bilateral, "biapically": bilateral, "hemithoraces": bilateral, "bibasally": bilateral,
}

// chambers are the parts of the heart, whose left and right are none of the
// body's.
var chambers = wordSet("atrium", "atrial", "atriocaval", "ventricle", "ventricular", "heart", "atria", "main")

func (s *statement) sideAt(i int) string {
	w := s.tokens[i].word
	if i+1 < len(s.tokens) {
		next := s.tokens[i+1].word
		if w == "middle" && next == "lobe" && (i == 0 || s.tokens[i-1].word != "left") {
			return right
		}
		if chambers[next] && !(i+2 < len(s.tokens) && s.tokens[i+2].word == "border") {
			return ""
		}
	}
	return sides[w]
}

// anySide returns the side that the whole statement names.
func (s *statement) anySide() string {
	found := ""
	for i := range s.tokens {
		switch side := s.sideAt(i); {
		case side == "" || side == found:
		case found == "" && side != bilateral:
			found = side
		default:
			return bilateral
		}
	}
	return found
}

// located is the side of a mention, whether words behind it say so, and
// whether they are a neighbour's.
type located struct {
	side           string
	behind, shared bool
}

// mentionSides returns the side of every mention: what its own words say, else
// what it shares with its neighbours in a list.
func (s *statement) mentionSides() []located {
	out := make([]located, len(s.mentions))
	for i, m := range s.mentions {
		if m.concept != nil && m.concept.sided {
			out[i].side, out[i].behind = s.side(i)
			if out[i].side == "" {
				out[i].side = s.sideAhead(m)
			}
		}
	}
	// "pneumonia on the left and scarring or atelectasis in the right base"
	for i := len(out) - 2; i >= 0; i-- {
		if out[i].side == "" && out[i+1].behind && s.has("or", s.mentions[i].end, max(s.mentions[i].end, s.mentions[i+1].start)) && s.shares(i, i+1, true) {
			out[i] = located{out[i+1].side, true, true}
		}
	}
	// "right effusion, atelectasis and consolidation"
	for i := 1; i < len(out); i++ {
		if out[i].side == "" && out[i-1].side != "" && s.shares(i-1, i, !out[i-1].behind) {
			out[i].side, out[i].shared = out[i-1].side, true
		}
	}
	// "atelectasis and effusion on the left"
	for i := len(out) - 2; i >= 0; i-- {
		if out[i].side == "" && out[i+1].behind && !s.has("with", s.mentions[i].end, max(s.mentions[i].end, s.mentions[i+1].start)) && s.shares(i, i+1, true) {
			out[i] = located{out[i+1].side, true, true}
		}
	}
	return out
}

// sideAhead returns the side that a statement begins with, "in the left lower
// lobe there is airspace disease", for what it says next.
func (s *statement) sideAhead(m mention) string {
	if !behind[s.tokens[0].word] {
		return ""
	}
	there := -1
	for i := 1; i < m.start; i++ {
		switch {
		case s.tokens[i].word == "there" && there < 0:
			there = i
		case s.tokens[i].word == "there", s.tokens[i].word == "but", there >= 0 && s.tokens[i].word == ",":
			return ""
		}
	}
	found := ""
	for i := 1; i < there; i++ {
		if side := s.sideAt(i); side != "" {
			if found != "" && found != side {
				return bilateral
			}
			found = side
		}
	}
	return found
}

// samePlace are words between two findings of one place.
var samePlace = wordSet("adjacent", "associated", "underlying", "overlying", "compressive", "passive", "subjacent", "accompanying",
	"some", "subsegmental", "segmental", "linear", "discoid", "platelike", "patchy", "rib")

// shares reports whether mention j, the next after i, lies where i does:
// nothing but a conjunction and plain adjectives between them (when list is
// set), a "with", or words that draw the one from the other.
func (s *statement) shares(i, j int, list bool) bool {
	from, to := s.mentions[i].end, s.mentions[j].start
	if m := s.mentions[j]; m.concept == nil || !m.concept.sided || to <= from || to-from > 12 {
		return false
	}
	at := s.border(from, to) // what stands before it is i's own
	if at < 0 {
		at = from
	}
	if !list && s.tokens[at].word == "with" {
		list = true // "opacity at the left base with a small effusion"
	} else {
		list = list && at == from
	}
	for k := at; k < to; k++ {
		w := s.tokens[k].word
		list = list && (conjunctions[w] || samePlace[w] || severities[w] != "" || w == "a" && s.tokens[k-1].word == "with")
		if w == ":" || s.sideAt(k) != "" {
			return false
		}
	}
	return list || s.drawn(at, to)
}

// drawn reports whether the words of [from,to) draw a finding from the one
// before: "opacity which may represent atelectasis".
func (s *statement) drawn(from, to int) bool {
	found := false
	for k := from; k < to; k++ {
		found = found || inferring[s.tokens[k].word]
		if w := s.tokens[k].word; w == "there" || w == "but" || w == "and" {
			return false
		}
	}
	for _, c := range s.cues {
		if c.start < from || c.end > to {
			continue
		}
		switch c.value.kind {
		case doubtAfter:
			found = true
		case denyAfter, denyBefore:
			return false
		}
	}
	return found
}

// side returns the side that mention i's own words name: before it, else
// behind it, never beyond the next finding.
func (s *statement) side(i int) (side string, behind bool) {
	m := s.mentions[i]
	lo := s.windowStart(i, 9)
	found := ""
	at := -1
	for j := m.end - 1; j >= lo; j-- {
		if side := s.sideAt(j); side != "" {
			found, at = side, j
			break
		}
	}
	if found == bilateral {
		return bilateral, false
	}
	if found != "" {
		for j := at - 1; j >= lo && j >= at-6; j-- {
			if other := s.sideAt(j); other != "" && other != found && s.joined(j, at) {
				return bilateral, false
			}
		}
	}
	hi := s.windowEnd(i)
	if found != "" {
		if s.opposite(m.end, min(hi, m.end+5), found) {
			return bilateral, false
		}
		return found, false
	}
	for j := m.end; j < hi; j++ {
		side := s.sideAt(j)
		if side == "" {
			continue
		}
		if found != "" && side != found || side == bilateral {
			return bilateral, true
		}
		found = side
	}
	return found, found != ""
}

// joined reports whether two sides are named together: "left and right".
func (s *statement) joined(from, to int) bool {
	for i := from + 1; i < to; i++ {
		switch s.tokens[i].word {
		case "and", "or", "than", "/", "&":
			return true
		}
	}
	return false
}

// opposite finds "left effusion greater than right", "left and right".
func (s *statement) opposite(from, to int, side string) bool {
	for j := from; j < to; j++ {
		if other := s.sideAt(j); other != "" && other != side && s.joined(from-1, j) {
			return true
		}
	}
	return false
}

// sidesApart returns the two sides of mention i with their degrees where the words
// before it give each its own: "large left and small right effusions".
func (s *statement) sidesApart(i int) (parts [2]Finding, ok bool) {
	m := s.mentions[i]
	lo := s.windowStart(i, 9)
	second := -1
	for j := m.start - 1; j >= lo; j-- {
		side := s.sideAt(j)
		if side != left && side != right {
			continue
		}
		if second < 0 {
			second = j
			continue
		}
		if side == s.sideAt(second) || !s.joined(j, second) {
			return parts, false
		}
		a, b := s.degreeBefore(j, lo), s.degreeBefore(second, j+1)
		parts = [2]Finding{{Side: side, Severity: a}, {Side: s.sideAt(second), Severity: b}}
		return parts, a != "" && b != "" && a != b
	}
	return parts, false
}

// degreeBefore returns the degree in tokens [lo,at), the nearest to at, not
// beyond a conjunction.
func (s *statement) degreeBefore(at, lo int) string {
	for j := at - 1; j >= lo; j-- {
		w := s.tokens[j].word
		if conjunctions[w] {
			break
		}
		if severity := severities[w]; severity != "" {
			return severity
		}
	}
	return ""
}
