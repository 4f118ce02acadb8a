package ingest

import (
	"context"
	"encoding/hex"
	"slices"
	"strings"
	"unicode/utf8"
)

// readHL7 reads HL7 v2 messages, each a document of its report text. Only the
// text of OBX segments enters: patients, physicians and visits never do.
//
// Source: HL7 v2.5.1, chapters 2 (encoding) and 7 (ORU).
func readHL7(ctx context.Context, data []byte, _ Limits) ([]part, []BadPart, error) {
	text, err := decodeText(withoutFraming(data))
	if err != nil {
		return nil, nil, err
	}
	messages, ok := hl7Messages(text)
	if !ok {
		return nil, nil, quarantine(ReasonMalformed, "the file does not begin with an MSH segment; export it as HL7 v2 messages")
	}
	var parts []part
	var bad []BadPart
	for i, segments := range messages {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		p, q := hl7Report(i, segments)
		if q != nil {
			bad = append(bad, BadPart{Index: i, Quarantine: *q})
			continue
		}
		if len(messages) == 1 {
			p.Key = "" // the file's name
		}
		parts = append(parts, p)
	}
	return parts, bad, nil
}

// withoutFraming drops the bytes by which the transport (MLLP) frames messages.
func withoutFraming(data []byte) []byte {
	kept := make([]byte, 0, len(data))
	for _, c := range data {
		if c != 0x0b && c != 0x1c && c != 0x1a {
			kept = append(kept, c)
		}
	}
	return kept
}

// hl7Messages cuts a file into messages of segments. File headers are left
// out.
func hl7Messages(text string) ([][]string, bool) {
	var messages [][]string
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || hasAnyPrefix(line, "FHS", "BHS", "BTS", "FTS"):
		case strings.HasPrefix(line, "MSH"):
			messages = append(messages, []string{line})
		case len(messages) == 0:
			return nil, false
		default:
			last := len(messages) - 1
			messages[last] = append(messages[last], line)
		}
	}
	return messages, len(messages) > 0
}

func hasAnyPrefix(s string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}

// hl7Delimiters are the characters that MSH declares.
type hl7Delimiters struct {
	field, component, repetition, escape, sub byte
}

func parseDelimiters(msh string) (hl7Delimiters, bool) {
	if len(msh) < 8 {
		return hl7Delimiters{}, false
	}
	d := hl7Delimiters{msh[3], msh[4], msh[5], msh[6], msh[7]}
	all := msh[3:8]
	for i := range len(all) {
		c := all[i]
		plain := c > ' ' && c < 0x7f && !(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z')
		if !plain || strings.IndexByte(all[i+1:], c) >= 0 {
			return hl7Delimiters{}, false
		}
	}
	return d, true
}

// hl7Report makes the document of one message.
func hl7Report(index int, segments []string) (part, *Quarantine) {
	malformed := &Quarantine{ReasonMalformed, "the message does not follow HL7 v2 (MSH, segment names, OBX); export it again"}
	d, ok := parseDelimiters(segments[0])
	if !ok {
		return part{}, malformed
	}
	msh := strings.Split(segments[0], string(d.field))
	if len(msh) < 10 {
		return part{}, malformed
	}
	kind, _, _ := strings.Cut(msh[8], string(d.component))
	if kind != "ORU" && kind != "MDM" {
		return part{}, &Quarantine{ReasonUnsupported, "the message is no report (ORU or MDM); leave it out"}
	}
	var observations []hl7Observation
	for _, segment := range segments[1:] {
		if !segmentName(segment, d) {
			return part{}, malformed
		}
		if o, ok := d.observation(segment); ok {
			observations = append(observations, o)
		}
	}
	p := hl7Part(index, observations)
	p.Key = hl7Key(msh[9])
	if p.Text == "" {
		return part{}, &Quarantine{ReasonNoText, "the message has no OBX segment with report text (TX, FT, ST or CE); leave it out"}
	}
	return p, nil
}

// segmentName says whether a segment begins with a name: a letter and two
// letters or digits before the first field.
func segmentName(segment string, d hl7Delimiters) bool {
	name, _, _ := strings.Cut(segment, string(d.field))
	if len(name) != 3 {
		return false
	}
	for i := range len(name) {
		letter := name[i] >= 'A' && name[i] <= 'Z'
		digit := name[i] >= '0' && name[i] <= '9'
		if !letter && (i == 0 || !digit) {
			return false
		}
	}
	return true
}

// hl7Key keeps a message's control id as a key if it is plain.
func hl7Key(id string) string {
	if len(id) > 64 || !isPlain([]byte(id)) {
		return ""
	}
	return strings.TrimSpace(id)
}

// An hl7Observation is the text of an OBX segment and the section that its
// identifier names.
type hl7Observation struct {
	section string
	text    string
}

func (d hl7Delimiters) observation(segment string) (hl7Observation, bool) {
	fields := strings.Split(segment, string(d.field))
	if len(fields) < 6 || fields[0] != "OBX" {
		return hl7Observation{}, false
	}
	kind := strings.TrimSpace(fields[2])
	if kind != "TX" && kind != "FT" && kind != "ST" && kind != "CE" {
		return hl7Observation{}, false
	}
	var values []string
	for value := range strings.SplitSeq(fields[5], string(d.repetition)) {
		if kind == "CE" {
			value = d.codedText(value)
		}
		values = append(values, strings.TrimRight(d.unescape(value), " \t\n"))
	}
	return hl7Observation{
		section: sectionName(d.unescape(fields[3])),
		text:    strings.Join(values, "\n"),
	}, true
}

// codedText is the text of a coded element, or its code where it has none.
func (d hl7Delimiters) codedText(value string) string {
	components := strings.Split(value, string(d.component))
	if len(components) > 1 && strings.TrimSpace(components[1]) != "" {
		return components[1]
	}
	return components[0]
}

// hl7Part joins observations: consecutive ones of a section are one part.
func hl7Part(index int, observations []hl7Observation) part {
	var b textBuilder
	for i := 0; i < len(observations); {
		section := observations[i].section
		var lines []string
		for ; i < len(observations) && observations[i].section == section; i++ {
			lines = append(lines, observations[i].text)
		}
		b.add(section, strings.Join(lines, "\n"))
	}
	return b.part(index, "")
}

// unescape replaces escape sequences: delimiters, line breaks and hexadecimal
// characters. Highlighting and unknown sequences vanish.
func (d hl7Delimiters) unescape(s string) string {
	if strings.IndexByte(s, d.escape) < 0 {
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
