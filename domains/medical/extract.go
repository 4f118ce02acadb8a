package medical

import (
	"cmp"
	"slices"
)

// Presence of a finding.
const (
	Present   = "present"
	Absent    = "absent"
	Uncertain = "uncertain"
)

// A Finding is what a report says of one observation in one place.
type Finding struct {
	// Name is one of Categories.
	Name string `json:"name"`
	// Start and End are byte offsets of the mention in the text.
	Start    int    `json:"start"`
	End      int    `json:"end"`
	Presence string `json:"presence"`           // Present, Absent or Uncertain
	Side     string `json:"side,omitempty"`     // "left", "right", "bilateral"
	Severity string `json:"severity,omitempty"` // "trace", "minimal", "borderline", "mild", "small", "moderate", "large", "severe"
	// Change is against a prior study: "unchanged", "increased", "improved",
	// "new", "resolved", "compared".
	Change string `json:"change,omitempty"`
	// Numbers are measurements with their units: "5 mm".
	Numbers []string `json:"numbers,omitempty"`
	// Limited marks a denial of only a kind of the finding ("no large
	// effusion"), which does not contradict another kind.
	Limited bool `json:"limited,omitempty"`
	// inferred findings are drawn from another one: "consistent with pneumonia".
	inferred bool
	// organ findings are denied by a normal organ, not by their own name.
	organ bool
	// near is the side that the statement names where the finding's own words
	// name none.
	near string
}

// Asserted reports whether the finding is said to be there, surely or maybe.
func (f Finding) Asserted() bool { return f.Presence != Absent }

// Extract returns the findings that a radiology report's text mentions, in
// order. It is made of word lists and scopes, as the CheXpert labeler is, and
// takes time linear in the text.
func Extract(text string) []Finding {
	var out []Finding
	for _, sentence := range sentences(scan(text)) {
		out = append(out, newStatement(sentence).findings()...)
	}
	slices.SortStableFunc(out, func(a, b Finding) int {
		return cmp.Or(a.Start-b.Start, a.End-b.End)
	})
	return out
}

// A mention is a finding's wording in a statement.
type mention struct {
	words      []int
	start, end int
	concept    *concept // nil for the words of an acute abnormality
}

func (m mention) owns(words []int) bool { return subset(words, m.words) }

func newStatement(tokens []token) *statement {
	s := &statement{tokens: tokens}
	for _, h := range outermost(cueLexicon().find(tokens)) {
		if h.value != nil {
			s.cues = append(s.cues, h)
		}
	}
	hits := outermost(lexicon().find(tokens))
	for i, h := range hits {
		switch {
		case h.value.concept != nil:
			s.mentions = append(s.mentions, mention{h.words, h.start, h.end, h.value.concept})
		case h.value.acute && !headTaken(hits, i):
			s.mentions = append(s.mentions, mention{h.words, h.start, h.end, nil})
		}
	}
	s.mentions = slices.CompactFunc(s.mentions, func(a, b mention) bool {
		return a.concept == b.concept && b.start < a.end
	})
	return s
}

// headTaken reports whether the last word of an acute abnormality is that of a
// finding: "no acute airspace disease" denies the airspace disease alone.
func headTaken(hits []hit[lexeme], i int) bool {
	head := hits[i].words[len(hits[i].words)-1]
	for _, other := range hits {
		if other.value.concept != nil && slices.Contains(other.words, head) {
			return true
		}
	}
	return false
}

func (s *statement) findings() []Finding {
	if s.tokens[0].word == "if" {
		return nil // "if there is concern for a fracture, …" asserts nothing
	}
	var out []Finding
	measures := s.measures()
	for i, m := range s.mentions {
		presence, limited := s.presence(m)
		switch {
		case m.concept == nil:
			if presence == Absent {
				out = append(out, s.finding(m, noFinding, Present))
			}
			continue
		case m.concept.name == noFinding:
			if presence == Present {
				out = append(out, s.finding(m, noFinding, Present))
			}
			continue
		}
		f := s.finding(m, m.concept.name, presence)
		f.Limited = limited
		f.inferred = s.inferred(m)
		if m.concept.sided {
			f.Side = s.side(i)
			f.near = cmp.Or(f.Side, s.anySide())
		}
		f.Severity = s.severity(i)
		f.Change = s.change(i)
		if f.Asserted() {
			f.Numbers = s.nearest(i, measures)
		}
		out = append(out, f)
	}
	return append(out, s.normalOrgans()...)
}

// inferring are words that draw a finding from another. "xxxx" stands for what
// de-identification took away, often "likely".
var inferring = wordSet("consistent", "compatible", "representing", "represents", "reflecting", "reflects", "indicating", "indicative",
	"suggesting", "suggestive", "due", "secondary", "from", "xxxx")

func (s *statement) inferred(m mention) bool {
	for i := max(0, m.start-4); i < m.start; i++ {
		if inferring[s.tokens[i].word] {
			return true
		}
	}
	return false
}

func (s *statement) finding(m mention, name, presence string) Finding {
	return Finding{Name: name, Start: s.tokens[m.start].start, End: s.tokens[m.end-1].end, Presence: presence}
}

// normalOrgans returns the findings that are denied by calling an organ
// normal: "the lungs are clear".
func (s *statement) normalOrgans() []Finding {
	var out []Finding
	for _, h := range outermost(organLexicon().find(s.tokens)) {
		if s.mentioned(h.start) {
			continue
		}
		normal, limited := s.normality(h.start, h.end)
		if !normal {
			continue
		}
		for _, name := range h.value.denies {
			f := s.finding(mention{start: h.start, end: h.end}, name, Absent)
			f.Limited, f.organ = limited, true
			out = append(out, f)
		}
	}
	return out
}

// sides gives the side that a word names.
var sides = map[string]string{
	"left": left, "leftward": left, "lingula": left, "lingular": left, "lul": left, "lll": left, "lt": left,
	"right": right, "rightward": right, "rul": right, "rml": right, "rll": right, "rt": right,
	"bilateral": bilateral, "bilaterally": bilateral, "both": bilateral, "bibasilar": bilateral, "bibasal": bilateral,
	"biapical": bilateral, "bases": bilateral, "apices": bilateral, "bihilar": bilateral, "hemidiaphragms": bilateral,
	"hila": bilateral, "bilat": bilateral,
}

// Sides.
const (
	left      = "left"
	right     = "right"
	bilateral = "bilateral"
)

func (s *statement) sideAt(i int) string {
	w := s.tokens[i].word
	if w == "middle" && (i == 0 || s.tokens[i-1].word != "left") && i+1 < len(s.tokens) && s.tokens[i+1].word == "lobe" {
		return right
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

// side looks for the side of a mention: first before it, then after it, never
// beyond the next finding.
func (s *statement) side(i int) string {
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
		return bilateral
	}
	if found != "" {
		for j := at - 1; j >= lo && j >= at-6; j-- {
			if other := s.sideAt(j); other != "" && other != found && s.joined(j, at) {
				return bilateral
			}
		}
	}
	hi := s.windowEnd(i)
	if found != "" {
		if s.opposite(m.end, min(hi, m.end+5), found) {
			return bilateral
		}
		return found
	}
	for j := m.end; j < hi; j++ {
		side := s.sideAt(j)
		if side == "" {
			continue
		}
		if found != "" && side != found || side == bilateral {
			return bilateral
		}
		found = side
	}
	return found
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

// windowStart is where the words that qualify mention i from before begin: at
// most n tokens back, not before the end of the finding before it nor a stop.
func (s *statement) windowStart(i, n int) int {
	m := s.mentions[i]
	lo := max(0, m.start-n)
	for j, other := range s.mentions {
		if j != i && other.end <= m.start {
			lo = max(lo, other.end)
		}
	}
	for _, c := range s.cues {
		if c.value.kind == stop && c.end <= m.start && s.tokens[c.start].word != "with" {
			lo = max(lo, c.end)
		}
	}
	return lo
}

// windowEnd is where the words that qualify mention i from behind end. Words
// between the last conjunction and the next finding are that finding's.
func (s *statement) windowEnd(i int) int {
	m := s.mentions[i]
	hi := len(s.tokens)
	next := -1
	for j, other := range s.mentions {
		if j != i && other.start >= m.end && (next < 0 || other.start < next) {
			next = other.start
		}
	}
	if next >= 0 {
		hi = next
		for j := next - 1; j >= m.end; j-- {
			if w := s.tokens[j].word; w == "and" || w == "," || w == "or" || w == "with" {
				hi = j
				break
			}
		}
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

// organSizes are words after which "small" names the organ.
var organSizes = wordSet("vessel", "bowel", "airway", "airways", "intestine", "joint", "joints")

// relative words go on about the finding before them: "which has progressed".
var relative = wordSet("which", "since", "given")

// severities gives the class of words of degree and size.
var severities = map[string]string{
	"trace": "trace", "tiny": "small", "minimal": "minimal", "minimally": "minimal", "borderline": "borderline",
	"mild": "mild", "mildly": "mild", "slight": "mild", "slightly": "mild", "subtle": "mild", "small": "small",
	"moderate": "moderate", "moderately": "moderate", "moderately-sized": "moderate",
	"advanced": "severe", "severe": "severe", "severely": "severe", "marked": "severe", "markedly": "severe", "extensive": "severe", "massive": "large", "large": "large",
}

func (s *statement) severity(i int) string {
	m := s.mentions[i]
	lo := s.windowStart(i, 5)
	for j := m.end - 1; j >= lo; j-- {
		w := s.tokens[j].word
		if j < m.start && (w == "," || w == "and") {
			break
		}
		// "The heart is slightly large" is slight: "large" is the finding itself.
		// "Small vessel disease" may be severe.
		named := w == "large" && slices.Contains(m.words, j) || w == "small" && j+1 < len(s.tokens) && organSizes[s.tokens[j+1].word]
		if severity := severities[w]; severity != "" && !named {
			return severity
		}
	}
	hi := s.windowEnd(i)
	if m.end < len(s.tokens) && verbs[s.tokens[m.end].word] {
		for j := m.end + 1; j < min(hi, m.end+4); j++ {
			if severity := severities[s.tokens[j].word]; severity != "" {
				return severity
			}
		}
	}
	// "to a moderate degree", "small in volume", "swelling, mild,"
	for j := m.end + 1; j < min(hi, m.end+9); j++ {
		severity := severities[s.tokens[j].word]
		if severity != "" && (s.tokens[j-1].word == "," || j+1 < len(s.tokens) && (s.tokens[j+1].word == "in" || s.tokens[j+1].word == "degree")) {
			return severity
		}
	}
	return ""
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
