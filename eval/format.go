package eval

import (
	"fmt"
	"math"
	"strings"
)

// Format writes a value as people read it: "71.2%", "12.4", "1.05".
func (u Unit) Format(v float64) string {
	switch u {
	case Share:
		return minus(fmt.Sprintf("%.1f%%", settle(100*v, 1)))
	case Ratio:
		return minus(fmt.Sprintf("%.3f", settle(v, 3)))
	case Perplexity:
		return minus(fmt.Sprintf("%.2f", settle(v, 2)))
	}
	return minus(fmt.Sprintf("%.1f", settle(v, 1)))
}

// Interval writes a figure with its interval: "71.2% [65.0–77.1]".
func (u Unit) Interval(f Figure) string {
	if !f.Defined {
		return "undefined"
	}
	if f.Low == f.High {
		return u.Format(f.Value)
	}
	return fmt.Sprintf("%s [%s–%s]", u.Format(f.Value), u.bare(f.Low), u.bare(f.High))
}

// Difference writes a difference: "+2.1 points [−0.3 to +4.4]".
func (u Unit) Difference(f Figure) string {
	if !f.Defined {
		return "undefined"
	}
	s := signed(u.bare(f.Value))
	if u == Share {
		s += " points"
	}
	if f.Low == f.High {
		return s
	}
	return fmt.Sprintf("%s [%s to %s]", s, signed(u.bare(f.Low)), signed(u.bare(f.High)))
}

// Step writes the size of a difference: "2.0 points".
func (u Unit) Step(v float64) string {
	if u == Share {
		return u.bare(v) + " points"
	}
	return u.Format(v)
}

func (u Unit) bare(v float64) string { return strings.TrimSuffix(u.Format(v), "%") }

// settle turns what would be printed as −0.0 into 0.
func settle(v float64, digits int) float64 {
	if math.Abs(v) < 0.5*math.Pow10(-digits) {
		return 0
	}
	return v
}

// minus writes the minus sign proper, which is as wide as a plus.
func minus(s string) string { return strings.Replace(s, "-", "−", 1) }

func signed(s string) string {
	if strings.HasPrefix(s, "−") || strings.Trim(s, "0.") == "" {
		return s
	}
	return "+" + s
}
