package medical

import (
	"cmp"
	"slices"
	"strings"
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
	// acuteOnly findings are denied as acute ones: "no acute infiltrate".
	acuteOnly bool
	// topNormal findings are denied by an organ at the upper limit of normal.
	topNormal bool
	// organ findings are denied by a normal organ, not by their own name.
	organ bool
	// elsewhere findings are none of the lungs' diseases that their name means: a
	// mass of the breast, a calcified nodule.
	elsewhere bool
	// shared findings have their side from a neighbour in a list.
	shared bool
	// near is the side that the statement names where the finding's own words
	// name none.
	near string
}

// Asserted reports whether the finding is said to be there, surely or maybe.
func (f Finding) Asserted() bool { return f.Presence != Absent }

// Extract returns the findings that a radiology report's text mentions, in
// order. It is made of word lists and scopes, as the CheXpert labeler is, and
// takes time linear in the text.
func Extract(text string) []Finding { return standard().extract(text) }

func (v *vocabulary) extract(text string) []Finding {
	var out []Finding
	for _, sentence := range sentences(scan(text)) {
		out = append(out, v.statement(sentence).findings()...)
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

func (v *vocabulary) statement(tokens []token) *statement {
	s := &statement{tokens: tokens}
	for _, h := range outermost(cueLexicon().find(tokens)) {
		if h.value != nil {
			s.cues = append(s.cues, h)
		}
	}
	hits := outermost(v.lexicon.find(tokens))
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
	var out []Finding
	measures, sides := s.measures(), s.mentionSides()
	for i, m := range s.mentions {
		presence, limited := s.presence(m)
		switch {
		case presence != Absent && s.asked(m):
			continue
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
		f.acuteOnly = limited && (s.has("acute", max(0, m.start-3), m.start) || s.has("active", max(0, m.start-3), m.start))
		f.inferred, f.elsewhere = s.inferred(m), s.elsewhere(m)
		if m.concept.sided {
			f.Side, f.shared = sides[i].side, sides[i].shared
			f.near = cmp.Or(f.Side, s.anySide())
			if f.near == "" && s.has("retrocardiac", 0, len(s.tokens)) {
				f.near = left // most of what the heart hides is on the left
			}
		}
		f.Severity = s.severity(i)
		f.Change = s.change(i)
		if f.Asserted() {
			f.Numbers = s.nearest(i, measures)
		}
		if parts, ok := s.sidesApart(i); ok && m.concept.sided && f.Asserted() {
			for _, p := range parts {
				f.Side, f.near, f.Severity = p.Side, p.Side, p.Severity
				out = append(out, f)
			}
			continue
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
	for i := max(0, m.start-6); i < m.start; i++ {
		if inferring[s.tokens[i].word] {
			return true
		}
	}
	return false
}

// topNormal reports whether an organ ending at token end is called normal by a
// hair: "at the upper limits of normal", "top normal".
func (s *statement) topNormal(end int) bool {
	for i := max(0, end-6); i < min(len(s.tokens), end+8); i++ {
		if w := s.tokens[i].word; w == "upper" && i+1 < len(s.tokens) && strings.HasPrefix(s.tokens[i+1].word, "limit") || w == "top" {
			return true
		}
	}
	return false
}

// otherParts are parts of the body whose masses and edema are not those of the
// lungs.
var otherParts = wordSet("breast", "breasts", "axilla", "axillary", "thyroid", "renal", "kidney", "hepatic", "liver", "splenic", "adrenal", "pancreatic",
	"abdominal", "pelvic", "ovarian", "uterine", "bladder", "bowel", "brain", "cerebral", "vasogenic", "cerebellar", "scalp", "neck", "soft", "tissue", "tissues",
	"subcutaneous", "mediastinal", "mediastinum", "paraspinal", "esophageal", "bone", "bony", "osseous", "rib", "ribs", "vertebral", "arm", "leg", "legs", "ankle",
	"extremity", "extremities", "marrow", "periorbital", "scrotal", "wall")

// elsewhere reports whether the words right before m, or behind an "of" or
// "in", name another part of the body, or call a nodule calcified.
func (s *statement) elsewhere(m mention) bool {
	for i := max(0, m.start-2); i < m.start; i++ {
		if w := s.tokens[i].word; otherParts[w] || w == "calcified" && m.concept.name == nodule {
			return true
		}
	}
	if m.end >= len(s.tokens) || s.tokens[m.end].word != "of" && s.tokens[m.end].word != "in" {
		return false
	}
	for i := m.end + 1; i < min(len(s.tokens), m.end+8) && !conjunctions[s.tokens[i].word]; i++ {
		if otherParts[s.tokens[i].word] {
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
			f.Limited, f.organ, f.topNormal = limited, true, s.topNormal(h.end)
			out = append(out, f)
		}
	}
	return out
}
