package medical

import (
	"adapt/domains"
	"adapt/ingest"
	"adapt/label"
)

var (
	_ domains.Attributed = Medical{}
	_ domains.Supporter  = Medical{}
)

// Attributes are what reports say of a finding.
func (Medical) Attributes() []domains.Attribute {
	return []domains.Attribute{
		{Name: "presence", Values: []string{Present, Uncertain, Absent}},
		{Name: "side", Values: []string{"left", "right", "bilateral"}},
		{Name: "severity", Values: []string{"trace", "minimal", "borderline", "mild", "small", "moderate", "large", "severe"}},
	}
}

// Support bears out a label that the report's impression itself asserts at
// that place, as the rules read it.
func (m Medical) Support(doc *ingest.Document, proposed label.Span) (label.Span, bool) {
	r := readReport(doc)
	if !r.has(partImpression) {
		return proposed, false
	}
	for _, s := range m.words().truth(r) {
		if s.Category == proposed.Category && s.Start < proposed.End && proposed.Start < s.End {
			s.Origin = proposed.Origin
			return s, true
		}
	}
	return proposed, false
}
