package medical

import (
	"slices"
	"strconv"
	"strings"

	"adapt/eval"
)

// Kinds of claims.
const (
	supported            = "supported"
	unsupportedFinding   = "unsupported finding"
	contradictedFinding  = "contradicted finding"
	wrongSide            = "wrong side"
	wrongSeverity        = "wrong severity"
	inventedNumber       = "invented number"
	inventedComparison   = "invented comparison"
	comparisonCategory   = "Comparison"
	numberCategory       = "Number"
	contradictedNegative = contradictedFinding
)

// A checker holds what a report says, to check an impression against.
type checker struct {
	words    *vocabulary
	text     string
	findings []Finding
	offset   int // of the findings section in the document
	measures []string
	levels   []string
	sides    map[string]bool
	compared bool // the report compares with a prior study
}

func (v *vocabulary) checker(r report) *checker {
	c := &checker{words: v, text: r.text(partFindings), offset: r.parts[partFindings].start, sides: map[string]bool{}}
	c.findings = v.extract(c.text)
	for _, sentence := range sentences(scan(c.text)) {
		s := v.statement(sentence)
		for _, m := range s.measures() {
			c.addMeasure(m)
		}
		for i := range s.tokens {
			c.sides[s.sideAt(i)] = true
		}
		c.compared = c.compared || s.compares()
	}
	// Numbers may also come from the reason for the study or its comparison.
	for _, p := range []part{partIndication, partComparison, partTechnique} {
		for _, sentence := range sentences(scan(r.text(p))) {
			for _, m := range (&statement{tokens: sentence}).measures() {
				c.addMeasure(m)
			}
		}
	}
	c.compared = c.compared || priorStudy(r.text(partComparison))
	return c
}

func (c *checker) addMeasure(m measure) {
	if m.level {
		c.levels = append(c.levels, m.text)
	} else {
		c.measures = append(c.measures, m.text)
	}
}

// priorStudy reports whether a comparison section names a prior study.
func priorStudy(comparison string) bool {
	w := words(comparison)
	if len(w) == 0 {
		return false
	}
	for _, x := range w {
		switch x {
		case "none", "no", "not", "unavailable", "na", "without":
			return false
		}
	}
	return true
}

// compares reports whether the statement compares with a prior study.
func (s *statement) compares() bool {
	return slices.ContainsFunc(s.cues, func(h hit[*cue]) bool { return h.value.kind == changed })
}

// check returns the claims that an impression makes, each with its verdict.
func (c *checker) check(impression string) []eval.Claim {
	var claims []eval.Claim
	said := c.words.extract(impression)
	for _, f := range said {
		quote := impression[f.Start:f.End]
		switch {
		case f.Name == noFinding:
			claims = append(claims, c.checkNormal(f, said, quote))
		case f.Asserted():
			claims = append(claims, c.checkFinding(f, quote))
		default:
			claims = append(claims, c.checkNegative(f, quote))
		}
	}
	for _, sentence := range sentences(scan(impression)) {
		s := c.words.statement(sentence)
		claims = append(claims, c.checkNumbers(s)...)
		claims = append(claims, c.checkComparisons(s, impression)...)
	}
	return claims
}

func (c *checker) claim(kind, category, quote string, at *Finding) eval.Claim {
	claim := eval.Claim{Kind: kind, Category: category, Text: quote, Supported: kind == supported}
	if at != nil {
		claim.Start, claim.End = c.offset+at.Start, c.offset+at.End
	}
	return claim
}

// checkFinding looks for what bears out an asserted finding.
func (c *checker) checkFinding(f Finding, quote string) eval.Claim {
	support := c.support(f)
	if len(support) == 0 {
		if denial := c.denial(f); denial != nil {
			return c.claim(contradictedFinding, f.Name, quote, denial)
		}
		return c.claim(unsupportedFinding, f.Name, quote, nil)
	}
	sided := c.onSide(f, support)
	if len(sided) == 0 {
		return c.claim(wrongSide, f.Name, quote, support[0])
	}
	for _, s := range sided {
		if !severityConflict(f, *s) {
			return c.claim(supported, f.Name, quote, s)
		}
	}
	return c.claim(wrongSeverity, f.Name, quote, sided[0])
}

// support returns the source's findings that bear out f, the same name first.
func (c *checker) support(f Finding) []*Finding {
	b := entailments[f.Name]
	var same, other []*Finding
	for i := range c.findings {
		s := &c.findings[i]
		switch {
		case s.topNormal && s.Name == f.Name && degrees[f.Severity] == 1:
			other = append(other, s) // a heart at the upper limit is as good as borderline
		case !s.Asserted():
		case s.Name == f.Name, f.Name == mass && s.Name == nodule && s.large():
			same = append(same, s)
		case slices.Contains(b.always, s.Name), (f.Presence == Uncertain || f.inferred) && slices.Contains(b.hedged, s.Name):
			other = append(other, s)
		}
	}
	return append(same, other...)
}

// largeNodule is the diameter in mm above which a nodule is called a mass
// (Hansell et al., Fleischner Society glossary, Radiology 2008).
const largeNodule = 30

// large reports whether one of f's diameters makes a nodule a mass.
func (f Finding) large() bool {
	return slices.ContainsFunc(f.Numbers, func(n string) bool {
		number, unit, _ := strings.Cut(n, " ")
		x, err := strconv.ParseFloat(number, 64)
		return err == nil && base(unit) == "length" && x*units[unit] >= largeNodule
	})
}

// denial returns where the source denies f, or nil.
func (c *checker) denial(f Finding) *Finding {
	for i := range c.findings {
		s := &c.findings[i]
		if s.Presence == Absent && !s.Limited && (s.Name == f.Name || slices.Contains(parents[f.Name], s.Name)) {
			return s
		}
	}
	return nil
}

// onSide returns the supports that lie where f says. A support of which the
// findings name no side may lie on any that they name elsewhere, unless the
// side of the same finding is known from another place.
func (c *checker) onSide(f Finding, support []*Finding) []*Finding {
	if f.Side == "" || f.shared {
		return support
	}
	known := slices.ContainsFunc(support, func(s *Finding) bool { return s.Name == f.Name && s.near != "" })
	named := c.sides[f.Side] || c.sides[bilateral] || f.Side == bilateral && c.sides[left] && c.sides[right]
	var out []*Finding
	var onLeft, onRight bool
	for _, s := range support {
		onLeft = onLeft || s.near == left
		onRight = onRight || s.near == right
		if s.near == f.Side || s.near == bilateral || s.near == "" && named && !known {
			out = append(out, s)
		}
	}
	if len(out) == 0 && f.Side == bilateral && onLeft && onRight {
		return support
	}
	return out
}

// degrees orders severities.
var degrees = map[string]int{"trace": 1, "minimal": 1, "borderline": 1, "mild": 1, "small": 1, "moderate": 2, "large": 3, "severe": 3}

// severityConflict reports whether two degrees are more than a step apart:
// readers call the same effusion small and moderate.
func severityConflict(a, b Finding) bool {
	x, y := degrees[a.Severity], degrees[b.Severity]
	return x > 0 && y > 0 && (x-y > 1 || y-x > 1)
}

// checkNegative checks a denied finding: wrong only where the source asserts
// it and nowhere denies it.
func (c *checker) checkNegative(f Finding, quote string) eval.Claim {
	var asserted *Finding
	for i := range c.findings {
		s := &c.findings[i]
		if s.Name != f.Name {
			continue
		}
		if s.Presence == Absent && !s.Limited && !s.organ {
			return c.claim(supported, f.Name, quote, s)
		}
		if s.Presence == Present {
			asserted = s
		}
	}
	if asserted != nil && !f.Limited {
		return c.claim(contradictedNegative, f.Name, quote, asserted)
	}
	return c.claim(supported, f.Name, quote, nil)
}

// checkNormal checks the statement that nothing acute is seen: wrong where the
// source asserts something acute that the impression leaves out.
func (c *checker) checkNormal(f Finding, said []Finding, quote string) eval.Claim {
	for i := range c.findings {
		s := &c.findings[i]
		if !acute[s.Name] || s.Presence != Present || s.Change == unchanged || s.Change == improved || s.Change == resolved || degrees[s.Severity] == 1 {
			continue
		}
		if !slices.ContainsFunc(said, func(x Finding) bool { return x.Asserted() && c.bearsOn(x, s) }) {
			return c.claim(contradictedFinding, f.Name, quote, s)
		}
	}
	return c.claim(supported, f.Name, quote, nil)
}

// bearsOn reports whether the impression's finding x speaks of the source's s.
func (c *checker) bearsOn(x Finding, s *Finding) bool {
	if x.Name == noFinding {
		return false
	}
	b := entailments[x.Name]
	return x.Name == s.Name || slices.Contains(b.always, s.Name) || slices.Contains(b.hedged, s.Name)
}

// checkNumbers checks measurements and the levels of ribs and vertebrae.
func (c *checker) checkNumbers(s *statement) []eval.Claim {
	var claims []eval.Claim
	for _, m := range s.measures() {
		ok := hasMeasure(c.measures, m.text)
		if m.level {
			ok = slices.Contains(c.levels, m.text)
		}
		kind := supported
		if !ok {
			kind = inventedNumber
		}
		claims = append(claims, c.claim(kind, numberCategory, m.text, nil))
	}
	return claims
}

// checkComparisons checks the statement's comparisons with a prior study: the
// report must compare too, or name a prior study, and must not say of the same
// finding that it changed the other way.
func (c *checker) checkComparisons(s *statement, impression string) []eval.Claim {
	first := slices.IndexFunc(s.cues, func(h hit[*cue]) bool { return h.value.kind == changed })
	if first < 0 {
		return nil
	}
	cue := s.cues[first]
	quote := impression[s.tokens[cue.start].start:s.tokens[cue.end-1].end]
	if !c.compared {
		return []eval.Claim{c.claim(inventedComparison, comparisonCategory, quote, nil)}
	}
	for _, f := range s.findings() {
		if at := c.opposite(f); at != nil {
			return []eval.Claim{c.claim(inventedComparison, comparisonCategory, quote, at)}
		}
	}
	return []eval.Claim{c.claim(supported, comparisonCategory, quote, nil)}
}

// opposite returns the source's finding that changed the other way than f, or
// nil. Only the same finding on a side that agrees counts, and only where all
// that the source says of it disagrees.
func (c *checker) opposite(f Finding) *Finding {
	var at *Finding
	for i := range c.findings {
		s := &c.findings[i]
		if s.Name != f.Name || s.Change == "" || s.Side != f.Side && s.Side != "" && f.Side != "" {
			continue
		}
		if !changesConflict(f.Change, s.Change) {
			return nil
		}
		at = s
	}
	return at
}

func changesConflict(a, b string) bool {
	direction := func(change string) string {
		switch change {
		case increased, isNew:
			return "worse"
		case improved, resolved:
			return "better"
		case unchanged:
			return "same"
		}
		return ""
	}
	x, y := direction(a), direction(b)
	return x != "" && y != "" && x != y
}

// unsupported returns the claims that the source does not bear out.
func unsupported(claims []eval.Claim) []eval.Claim {
	return slices.DeleteFunc(slices.Clone(claims), func(c eval.Claim) bool { return c.Supported })
}

// normalReading reports whether a text calls the study normal: it says so, or
// denies disease of the lungs, and asserts nothing else.
func normalReading(findings []Finding) bool {
	normal := false
	for _, f := range findings {
		switch f.Name {
		case noFinding:
			normal = true
		default:
			if f.Asserted() {
				return false
			}
			normal = normal || denialsOfDisease[f.Name] && (!f.Limited || f.acuteOnly || f.Name == boneOther)
		}
	}
	return normal
}

// denialsOfDisease are the findings whose denial calls a study normal when
// nothing is asserted beside it.
var denialsOfDisease = map[string]bool{opacity: true, consolidation: true, pneumonia: true, fracture: true, boneOther: true, hemorrhage: true}
