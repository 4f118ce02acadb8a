package ingest

import (
	"sort"
	"unicode/utf16"
)

// A charMap is a ToUnicode map: the text of character codes.
//
// Source: Adobe Technical Note 5411.
type charMap struct {
	lengths [5]bool // the code lengths that the codespace has, 1 to 4
	fixed   int     // the only one, or 0
	chars   map[string]string
	ranges  []charRange // sorted by low
}

// A charRange maps the codes low to high to the texts from text on.
type charRange struct {
	low, high string
	text      string
}

const maxCharRanges = 1 << 16

func parseCharMap(data []byte) *charMap {
	m := &charMap{chars: make(map[string]string)}
	_ = scanContent(data, func(op string, args []operand) error {
		switch op {
		case "endcodespacerange":
			for _, a := range args {
				if n := len(a.str); a.kind == stringOperand && n >= 1 && n <= 4 {
					m.lengths[n] = true
				}
			}
		case "endbfchar":
			for i := 0; i+1 < len(args); i += 2 {
				m.chars[args[i].str] = utf16Text(args[i+1].str)
			}
		case "endbfrange":
			for i := 0; i+2 < len(args); i += 3 {
				m.addRange(args[i].str, args[i+1].str, args[i+2])
			}
		}
		return nil
	})
	for n, has := range m.lengths {
		switch {
		case has && m.fixed == 0:
			m.fixed = n
		case has:
			m.fixed = -1
		}
	}
	m.fixed = max(m.fixed, 0)
	sort.SliceStable(m.ranges, func(i, j int) bool { return m.ranges[i].low < m.ranges[j].low })
	return m
}

func (m *charMap) addRange(low, high string, to operand) {
	if len(low) == 0 || len(low) != len(high) || len(m.ranges) >= maxCharRanges {
		return
	}
	if to.kind != arrayOperand {
		m.ranges = append(m.ranges, charRange{low, high, to.str})
		return
	}
	for i, a := range to.array {
		if code, ok := addToCode(low, i); ok {
			m.chars[code] = utf16Text(a.str)
		}
	}
}

// addToCode adds n to the last byte of a code.
func addToCode(code string, n int) (string, bool) {
	b := []byte(code)
	last := int(b[len(b)-1]) + n
	if last > 0xff {
		return "", false
	}
	b[len(b)-1] = byte(last)
	return string(b), true
}

// text returns the text of a code.
func (m *charMap) text(code string) (string, bool) {
	if text, ok := m.chars[code]; ok {
		return text, true
	}
	// Ranges of one code length do not overlap in sound files; the nearest
	// below holds the code if any does.
	i := sort.Search(len(m.ranges), func(i int) bool { return m.ranges[i].low > code })
	for i--; i >= 0; i-- {
		r := m.ranges[i]
		if len(r.low) != len(code) {
			continue
		}
		if code > r.high {
			return "", false
		}
		return r.textOf(code), true
	}
	return "", false
}

// textOf adds the code's distance from low to the last unit of the text.
func (r charRange) textOf(code string) string {
	distance := 0
	for i := range len(code) {
		distance = distance<<8 + int(code[i]) - int(r.low[i])
	}
	b := []byte(r.text)
	for i := len(b) - 1; i >= 0 && distance > 0; i-- {
		distance += int(b[i])
		b[i] = byte(distance)
		distance >>= 8
	}
	return utf16Text(string(b))
}

// codeLength returns the length of the first code of s, or 0 when the map
// does not say.
func (m *charMap) codeLength(s string) int {
	longest := 0
	for n := 1; n <= 4 && n <= len(s); n++ {
		if !m.lengths[n] {
			continue
		}
		if _, ok := m.text(s[:n]); ok {
			return n
		}
		longest = n
	}
	return longest
}

// utf16Text decodes big-endian UTF-16; a lone byte is Latin-1.
func utf16Text(s string) string {
	if len(s) == 1 {
		return string(rune(s[0]))
	}
	units := make([]uint16, len(s)/2)
	for i := range units {
		units[i] = uint16(s[2*i])<<8 | uint16(s[2*i+1])
	}
	return string(utf16.Decode(units))
}
