package ingest

import (
	"encoding/hex"
	"strings"
	"unicode/utf8"
)

// hl7Delimiters are the characters that MSH declares; 0 is none.
type hl7Delimiters struct {
	field, component, repetition, escape, sub byte
}

// parseDelimiters reads the beginning of an MSH segment. Only the first of its
// encoding characters has to be there.
func parseDelimiters(msh string) (hl7Delimiters, bool) {
	if len(msh) < 5 {
		return hl7Delimiters{}, false
	}
	characters, _, ok := strings.Cut(msh[4:], msh[3:4])
	if !ok || characters == "" || len(characters) > 5 {
		return hl7Delimiters{}, false
	}
	all := [5]byte{msh[3]}
	copy(all[1:], characters)
	used := msh[3:4] + characters
	for i := range len(used) {
		c := used[i]
		plain := c > ' ' && c < 0x7f && !(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z')
		if !plain || strings.IndexByte(used[i+1:], c) >= 0 {
			return hl7Delimiters{}, false
		}
	}
	return hl7Delimiters{all[0], all[1], all[2], all[3], all[4]}, true
}

// split cuts at a delimiter, if there is one.
func (d hl7Delimiters) split(s string, delimiter byte) []string {
	if delimiter == 0 {
		return []string{s}
	}
	return strings.Split(s, string(delimiter))
}

// part returns the n-th element, from 1, without its escapes.
func (d hl7Delimiters) part(s string, delimiter byte, n int) string {
	if parts := d.split(s, delimiter); n <= len(parts) {
		return strings.TrimSpace(d.unescape(parts[n-1]))
	}
	return ""
}

// unescape replaces escape sequences: delimiters, line breaks and hexadecimal
// characters. Highlighting and unknown sequences vanish.
func (d hl7Delimiters) unescape(s string) string {
	if d.escape == 0 || strings.IndexByte(s, d.escape) < 0 {
		return s
	}
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, string(d.escape))
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		sequence, after, ok := strings.Cut(rest, string(d.escape))
		if !ok || len(sequence) > 64 {
			// A lone escape character is text.
			b.WriteByte(d.escape)
			s = rest
			continue
		}
		b.WriteString(d.sequence(sequence))
		s = after
	}
}

func (d hl7Delimiters) sequence(s string) string {
	switch s {
	case "F":
		return string(d.field)
	case "S":
		return string(d.component)
	case "T":
		return string(d.sub)
	case "R":
		return string(d.repetition)
	case "E":
		return string(d.escape)
	}
	switch {
	case hasAnyPrefix(s, ".br", ".sp", ".ce"):
		return "\n"
	case strings.HasPrefix(s, "X"):
		return hl7Hex(s[1:])
	}
	return ""
}

// hl7Hex decodes the characters of \X..\; what is no text becomes a space.
func hl7Hex(digits string) string {
	b, err := hex.DecodeString(digits)
	if err != nil {
		return ""
	}
	text := string(b)
	if !utf8.Valid(b) {
		var ok bool
		if text, _, ok = decodeWindows1252(append([]byte("xx"), b...)); !ok {
			return " "
		}
		text = text[2:]
	}
	text = lineEnds.Replace(text)
	if hasControls(text) {
		return " "
	}
	return text
}
