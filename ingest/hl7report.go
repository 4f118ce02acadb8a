package ingest

import (
	"cmp"
	"encoding/hex"
	"strings"
)

// An hl7Group is an observation request with its observations, or the document
// of an MDM message.
type hl7Group struct {
	d            hl7Delimiters
	order        string // filler order number and service; "" where there is none
	status       string // OBR-25
	observations []hl7Observation
	embedded     []hl7Embedded
	bad          []*Quarantine
	subject      string
	known        []string
}

// An hl7Observation is the text of an OBX segment and the section that its
// identifier names.
type hl7Observation struct {
	id      string // OBX-3 and OBX-4; "" without a sub-id
	section string
	text    string
}

// hl7Embedded is a document inside an OBX segment.
type hl7Embedded struct {
	ending string
	data   []byte
}

// groups gathers the segments of a message after MSH; ok is false where one of
// them is none.
func (d hl7Delimiters) groups(segments []string) (groups []*hl7Group, ok bool) {
	var subject string
	var known []string
	g := &hl7Group{d: d}
	groups = append(groups, g)
	for _, segment := range withAddenda(segments, d) {
		if !segmentName(segment, d) {
			return nil, false
		}
		f := hl7Segment{d, d.split(segment, d.field)}
		switch f.fields[0] {
		case "PID":
			subject, known = f.patient()
		case "NK1", "PV1":
			known = append(known, f.related()...)
		case "OBR":
			if len(g.observations)+len(g.embedded)+len(g.bad) > 0 {
				g = &hl7Group{d: d}
				groups = append(groups, g)
			}
			g.status = f.field(25)
			g.order = ""
			if filler := f.field(3); filler != "" {
				g.order = filler + "\x00" + d.part(f.raw(4), d.component, 1)
			}
		case "OBX":
			g.observe(f)
		case "NTE":
			// A note on the result above it; notes on orders are none.
			if n := len(g.observations); n > 0 {
				note := strings.Join(f.values(3), "\n")
				g.observations = append(g.observations, hl7Observation{section: g.observations[n-1].section, text: note})
			}
		}
		g.subject, g.known = subject, known
	}
	return groups, true
}

// withAddenda joins ADD segments to the segments that they continue.
func withAddenda(segments []string, d hl7Delimiters) []string {
	var out []string
	for _, s := range segments {
		if rest, ok := strings.CutPrefix(s, "ADD"+string(d.field)); ok && len(out) > 0 {
			out[len(out)-1] += rest
			continue
		}
		out = append(out, s)
	}
	return out
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

// An hl7Segment is a segment cut into fields.
type hl7Segment struct {
	hl7Delimiters
	fields []string
}

func (f hl7Segment) raw(n int) string {
	if n >= len(f.fields) {
		return ""
	}
	return f.fields[n]
}

// field returns the n-th field without its escapes.
func (f hl7Segment) field(n int) string { return strings.TrimSpace(f.unescape(f.raw(n))) }

// values returns the repetitions of a field without their escapes.
func (f hl7Segment) values(n int) []string {
	var values []string
	for _, v := range f.split(f.raw(n), f.repetition) {
		values = append(values, strings.TrimRight(f.unescape(v), " \t\n"))
	}
	return values
}

// observe takes an OBX segment. A corrected result replaces the earlier one of
// its identifier and sub-id, a deleted or wrong one takes it away.
func (g *hl7Group) observe(f hl7Segment) {
	id := ""
	if sub := f.field(4); sub != "" {
		id = f.raw(3) + "\x00" + sub
	}
	switch status := f.field(11); status {
	case "C", "D", "W":
		at := -1
		for i, o := range g.observations {
			if id != "" && o.id == id {
				at = i
			}
		}
		if status == "C" {
			o, ok := f.observation(id)
			if ok && at >= 0 {
				g.observations[at] = o
				return
			}
			break
		}
		if at >= 0 {
			g.observations = append(g.observations[:at], g.observations[at+1:]...)
		}
		return
	case "X": // no result could be obtained
		return
	}
	if f.field(2) == "ED" {
		g.embed(f)
		return
	}
	if o, ok := f.observation(id); ok {
		g.observations = append(g.observations, o)
	}
}

func (f hl7Segment) observation(id string) (hl7Observation, bool) {
	kind := f.field(2)
	coded := kind == "CE" || kind == "CWE" || kind == "CF" || kind == "CNE"
	if kind != "TX" && kind != "FT" && kind != "ST" && !coded || len(f.fields) < 6 {
		return hl7Observation{}, false
	}
	values := f.values(5)
	if coded {
		for i, v := range f.split(f.raw(5), f.repetition) {
			values[i] = f.codedText(v)
		}
	}
	return hl7Observation{id: id, section: sectionName(f.field(3)), text: strings.Join(values, "\n")}, true
}

// codedText is the text of a coded element, else the original text, else the
// code.
func (d hl7Delimiters) codedText(value string) string {
	return cmp.Or(d.part(value, d.component, 2), d.part(value, d.component, 9), d.part(value, d.component, 1))
}

// embed takes the document of an ED value: source, type, subtype, encoding,
// data.
func (g *hl7Group) embed(f hl7Segment) {
	for _, value := range f.split(f.raw(5), f.repetition) {
		if f.part(value, f.component, 5) == "" {
			continue
		}
		subtype := strings.ToUpper(f.part(value, f.component, 3))
		encoded := f.part(value, f.component, 5)
		var data []byte
		var err error
		switch strings.ToUpper(f.part(value, f.component, 4)) {
		case "BASE64":
			data, err = decodeBase64(encoded)
		case "HEX":
			data, err = hex.DecodeString(strings.Join(strings.Fields(encoded), ""))
		default:
			data = []byte(encoded)
		}
		if err != nil || len(data) == 0 {
			g.bad = append(g.bad, quarantine(ReasonMalformed, "a document embedded in the message is not what its encoding says; export it again"))
			continue
		}
		ending := map[string]string{
			"PDF": ".pdf", "HTML": ".html", "XHTML": ".html", "RTF": ".rtf", "X-RTF": ".rtf", "PLAIN": ".txt", "TXT": ".txt", "TEXT": ".txt", "DICOM": ".dcm",
		}[subtype]
		g.embedded = append(g.embedded, hl7Embedded{ending, data})
	}
}

func (g *hl7Group) cancelled() bool { return g.status == "X" }

// hl7Statuses are the values of OBR-25 (HL7 table 0123) that a document
// declares.
var hl7Statuses = map[string]string{"F": "final", "P": "preliminary", "C": "corrected", "A": "partial", "R": "unverified"}

// part joins observations: consecutive ones of a section are one part.
func (g *hl7Group) part() part {
	var b textBuilder
	for i := 0; i < len(g.observations); {
		section := g.observations[i].section
		var lines []string
		for ; i < len(g.observations) && g.observations[i].section == section; i++ {
			lines = append(lines, g.observations[i].text)
		}
		b.add(section, strings.Join(lines, "\n"))
	}
	p := b.part(0, "")
	if status := hl7Statuses[g.status]; status != "" {
		p.Meta = map[string]string{"status": status}
	}
	p.Subject, p.Known = g.subject, g.known
	return p
}

// patient returns the identifier of a PID segment, a medical record number
// before others, and the names and numbers that it declares. Dates are none of
// them.
func (f hl7Segment) patient() (subject string, known []string) {
	for _, id := range f.split(f.raw(3), f.repetition) {
		number := f.part(id, f.component, 1)
		known = append(known, number)
		if f.part(id, f.component, 5) == "MR" || subject == "" {
			subject = number
		}
	}
	subject = cmp.Or(subject, f.part(f.raw(2), f.component, 1), f.part(f.raw(4), f.component, 1))
	for _, n := range []int{2, 4, 18} {
		known = append(known, f.part(f.raw(n), f.component, 1))
	}
	known = append(known, f.field(19), f.part(f.raw(20), f.component, 1))
	for _, n := range []int{5, 6, 9} {
		known = append(known, f.names(n)...)
	}
	for _, address := range f.split(f.raw(11), f.repetition) {
		known = append(known, f.part(f.part(address, f.component, 1), f.sub, 1))
	}
	for _, n := range []int{13, 14} {
		for _, phone := range f.split(f.raw(n), f.repetition) {
			known = append(known, f.part(phone, f.component, 1), f.part(phone, f.component, 12))
		}
	}
	return subject, known
}

// related returns the names of next of kin and the number of the visit.
func (f hl7Segment) related() []string {
	if f.fields[0] == "NK1" {
		return f.names(2)
	}
	return []string{f.part(f.raw(19), f.component, 1)}
}

// names returns the names of a field, whole in both orders and in parts.
func (f hl7Segment) names(n int) []string {
	var names []string
	for _, name := range f.split(f.raw(n), f.repetition) {
		family := f.part(f.split(name, f.component)[0], f.sub, 1)
		given := strings.TrimSpace(f.part(name, f.component, 2) + " " + f.part(name, f.component, 3))
		names = append(names, strings.TrimSpace(given+" "+family), strings.TrimSpace(family+" "+given), family, f.part(name, f.component, 2), f.part(name, f.component, 3))
	}
	return names
}
