package medical

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// A measure is a number with what it counts, at a place in a statement.
type measure struct {
	text  string // "5 mm", "7th", "t12"
	token int
	level bool // names a rib or a vertebra rather than measures
}

var units = map[string]float64{ // in the unit's base; millimetres for lengths
	"mm": 1, "millimeter": 1, "millimeters": 1, "cm": 10, "centimeter": 10, "centimeters": 10,
	"%": 1, "percent": 1, "degree": 1, "degrees": 1, "ml": 1, "cc": 1, "hu": 1,
}

var ordinals = wordSet("st", "nd", "rd", "th")

// ordinal returns the ending of a number as an ordinal one.
func ordinal(n string) string {
	if len(n) > 1 && n[len(n)-2] == '1' {
		return "th"
	}
	switch n[len(n)-1] {
	case '1':
		return "st"
	case '2':
		return "nd"
	case '3':
		return "rd"
	}
	return "th"
}

// measures returns the measurements and the rib and vertebra levels of s.
func (s *statement) measures() []measure {
	var out []measure
	for i, t := range s.tokens {
		switch {
		case t.kind == numberToken:
			if i > 0 && (s.tokens[i-1].word == "rib" || s.tokens[i-1].word == "ribs") {
				out = append(out, measure{t.word + ordinal(t.word), i, true}) // "rib 4" is the 4th
			} else if unit := s.unitAfter(i); unit != "" {
				out = append(out, measure{t.word + " " + unit, i, false})
			} else if i+1 < len(s.tokens) && ordinals[s.tokens[i+1].word] {
				out = append(out, measure{t.word + s.tokens[i+1].word, i, true})
			}
		case isLevel(t.word):
			out = append(out, measure{t.word, i, true})
		}
	}
	return out
}

// unitAfter returns the unit of the number at i, also through "2 x 3 cm" and
// "2 to 3 cm".
func (s *statement) unitAfter(i int) string {
	for j := i + 1; j < len(s.tokens) && j <= i+6; j++ {
		t := s.tokens[j]
		if _, ok := units[t.word]; ok {
			return t.word
		}
		if t.kind != numberToken && t.word != "x" && t.word != "by" && t.word != "to" && t.word != "×" {
			return ""
		}
	}
	return ""
}

// isLevel reports whether w names a vertebra: "t12".
func isLevel(w string) bool {
	if len(w) < 2 || len(w) > 3 || !strings.ContainsRune("ctl", rune(w[0])) {
		return false
	}
	n, err := strconv.Atoi(w[1:])
	return err == nil && n >= 1 && n <= 12
}

// nearest returns the measurements that are nearer to mention i than to any
// other one of the statement.
func (s *statement) nearest(i int, measures []measure) []string {
	var out []string
	for _, q := range measures {
		if q.level {
			continue
		}
		best, owner := math.MaxInt, -1
		for j, m := range s.mentions {
			d := 0
			if q.token < m.start {
				d = m.start - q.token
			} else if q.token >= m.end {
				d = q.token - m.end + 1
			}
			if m.concept != nil && d < best {
				best, owner = d, j
			}
		}
		if owner == i {
			out = append(out, q.text)
		}
	}
	return out
}

// sameMeasure compares measurements across units of length: "2 cm" is "20 mm".
func sameMeasure(a, b string) bool {
	if a == b {
		return true
	}
	an, au, aok := strings.Cut(a, " ")
	bn, bu, bok := strings.Cut(b, " ")
	if !aok || !bok || base(au) != base(bu) {
		return false
	}
	x, errX := strconv.ParseFloat(an, 64)
	y, errY := strconv.ParseFloat(bn, 64)
	return errX == nil && errY == nil && math.Abs(x*units[au]-y*units[bu]) < 1e-9
}

// base names the dimension of a unit.
func base(unit string) string {
	switch unit {
	case "mm", "millimeter", "millimeters", "cm", "centimeter", "centimeters":
		return "length"
	case "%", "percent":
		return "share"
	case "degree", "degrees":
		return "angle"
	case "ml", "cc":
		return "volume"
	}
	return unit
}

func hasMeasure(measures []string, m string) bool {
	return slices.ContainsFunc(measures, func(x string) bool { return sameMeasure(x, m) })
}
