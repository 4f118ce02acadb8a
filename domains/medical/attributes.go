package medical

import "adapt/domains"

var _ domains.Attributed = Medical{}

// Attributes are what reports say of a finding.
func (Medical) Attributes() []domains.Attribute {
	return []domains.Attribute{
		{Name: "presence", Values: []string{Present, Uncertain, Absent}},
		{Name: "side", Values: []string{"left", "right", "bilateral"}},
		{Name: "severity", Values: []string{"trace", "minimal", "borderline", "mild", "small", "moderate", "large", "severe"}},
	}
}
