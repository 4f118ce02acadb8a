package samples

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

var hl7Escape = strings.NewReplacer(`\`, `\E\`, `|`, `\F\`, `^`, `\S\`, `&`, `\T\`, `~`, `\R\`)

// hl7Message lays a report out as an HL7 v2 ORU^R01 message with carriage
// returns after its segments. The parts of the text are told by OBX-3 in two
// ways, or stand in one text with headings.
func hl7Message(r *report, number int, rng *rand.Rand) string {
	p := r.patient
	sex := "M"
	if p.female {
		sex = "F"
	}
	stamp := r.examined.Format("20060102150405")
	code, name, _ := strings.Cut(r.study.code, " ")
	doctor, reader := personXPN(p.doctor), personXPN(p.reader)
	segments := []string{
		fmt.Sprintf(`MSH|^~\&|RIS|IMAGING|EHR|HOSPITAL|%s||ORU^R01^ORU_R01|MSG%05d|P|%s`, stamp, number, pick(rng, []string{"2.3", "2.3.1", "2.5", "2.5.1"})),
		fmt.Sprintf(`PID|1||%s^^^HOSP^MR||%s^%s||%s|%s|||%d %s^^Columbus^OH^43004||(614)%s`, p.mrn, p.family, p.given, p.born.Format("20060102"), sex, 10+rng.IntN(900), pick(rng, streets), p.phone),
		fmt.Sprintf(`PV1|1|O|RAD^^^HOSP||||1001^%s|||||||||||||V%06d`, doctor, number),
		fmt.Sprintf(`OBR|1|PO%06d|FO%06d|%s^%s^LN|||%s|||||||||1001^%s||||||%s||RAD|F|||||||2002&%s`, number, number, code, name, stamp, doctor, stamp, strings.ReplaceAll(reader, "^", "&")),
	}
	style := rng.IntN(4)
	impression := strings.Join(r.impression, " ")
	if style != 3 && rng.IntN(2) == 0 {
		impression = numbered(r.impression)
	}
	n := 0
	obx := func(identifier, text string) {
		n++
		segments = append(segments, fmt.Sprintf("OBX|%d|TX|%s||%s||||||F|||%s", n, identifier, text, stamp))
	}
	parts := r.sections(impression)
	switch style {
	case 0: // a named observation for each part
		for _, s := range parts {
			obx(strings.ToUpper(s.name)+"^"+title(strings.ToUpper(s.name))+"^L", escapeLines(s.text))
		}
	case 1: // the suffixes of HL7 v2.5, 7.1.2: general description, impression, other
		for _, s := range parts {
			suffix, text := "OTH", title(pick(rng, sectionNames[s.name]))+": "+s.text
			switch s.name {
			case "findings":
				suffix, text = "GDT", s.text
			case "impression":
				suffix, text = "IMP", s.text
			}
			for l := range strings.SplitSeq(text, "\n") {
				obx(code+"&"+suffix+"^"+name, hl7Escape.Replace(l))
			}
		}
	case 2: // a line of a printed report for each observation
		obx("RPT^Radiology report^L", hl7Escape.Replace(r.title))
		for _, s := range parts {
			obx("RPT^Radiology report^L", "")
			obx("RPT^Radiology report^L", pick(rng, sectionNames[s.name])+":")
			for l := range strings.SplitSeq(wrap80(s.text), "\n") {
				obx("RPT^Radiology report^L", hl7Escape.Replace(l))
			}
		}
	default: // one text with line breaks escaped
		text := r.title + "\n"
		for _, s := range parts {
			text += pick(rng, sectionNames[s.name]) + ": " + s.text + "\n"
		}
		obx("RPT^Radiology report^L", escapeLines(strings.TrimSpace(text)))
	}
	return strings.Join(segments, "\r") + "\r"
}

// escapeLines escapes delimiters and writes line breaks as \.br\.
func escapeLines(s string) string {
	return strings.ReplaceAll(hl7Escape.Replace(s), "\n", `\.br\`)
}

// personXPN writes "Marta Ashgrove" as "Ashgrove^Marta".
func personXPN(name string) string {
	first, last, _ := strings.Cut(name, " ")
	return last + "^" + first
}
