package samples

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"adapt/label"
)

func medicalFiles(seed int64) ([]file, error) {
	w, err := newReportWriter(seed)
	if err != nil {
		return nil, err
	}
	reports, err := w.all()
	if err != nil {
		return nil, err
	}
	var files []file
	var gold []label.Gold
	for i, r := range reports {
		layout := rand.New(rand.NewPCG(uint64(seed), uint64(2000+i)))
		f := file{name: "medical/" + r.key}
		switch {
		case i%6 == 1:
			f.name += ".hl7"
			f.data = []byte(hl7Message(r, i+1, layout))
		case i%6 == 4:
			f.name += ".json"
			f.data, err = fhirReport(r, layout)
		default:
			f.name += ".txt"
			f.data = []byte(reportText(r, layout))
		}
		if err != nil {
			return nil, err
		}
		files = append(files, f)
		gold = append(gold, medicalGold(r)...)
	}
	data, err := jsonLines(gold)
	return append(files, file{name: "medical/gold.jsonl", data: data}), err
}

// schedule lists the studies of all reports, in their shares and in a random
// order.
func schedule(studies []study, rng *rand.Rand) []*study {
	var out []*study
	for i := range studies {
		for range Reports * studies[i].share / 100 {
			out = append(out, &studies[i])
		}
	}
	for len(out) < Reports {
		out = append(out, &studies[0])
	}
	rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func medicalGold(r *report) []label.Gold {
	var gold []label.Gold
	for _, m := range r.mentions {
		gold = append(gold, label.Gold{Key: r.key, Category: m.name, Text: m.sentence, Attrs: map[string]string{
			"presence": m.presence, "side": m.side, "severity": m.severity, "change": m.change,
		}})
	}
	return gold
}

// A section is a named part of a report's text.
type section struct{ name, text string }

// sections lists the parts that the report has, in reading order.
func (r *report) sections(impression string) []section {
	all := []section{
		{"indication", r.indication},
		{"technique", r.technique},
		{"comparison", r.comparison},
		{"findings", strings.Join(r.sentences, " ")},
		{"impression", impression},
	}
	var out []section
	for _, s := range all {
		if s.text != "" {
			out = append(out, s)
		}
	}
	return out
}

// numbered writes an impression of several sentences as a list, one a line.
func numbered(sentences []string) string {
	if len(sentences) == 1 {
		return sentences[0]
	}
	lines := make([]string, len(sentences))
	for i, s := range sentences {
		lines[i] = fmt.Sprintf("%d. %s", i+1, s)
	}
	return strings.Join(lines, "\n")
}

// sectionNames are the headings that readers write.
var sectionNames = map[string][]string{
	"indication": {"INDICATION", "CLINICAL HISTORY", "HISTORY", "REASON FOR EXAM"},
	"technique":  {"TECHNIQUE", "PROCEDURE"},
	"comparison": {"COMPARISON", "COMPARISONS"},
	"findings":   {"FINDINGS"},
	"impression": {"IMPRESSION", "IMPRESSION", "CONCLUSION"},
}

// reportText lays a report out as a text file, in one of five styles.
func reportText(r *report, rng *rand.Rand) string {
	impression := strings.Join(r.impression, " ")
	if rng.IntN(2) == 0 {
		impression = numbered(r.impression)
	}
	var b strings.Builder
	if r.identifying {
		b.WriteString(r.patientHeader(rng))
	}
	switch style := rng.IntN(5); style {
	case 0, 1: // upper-case headings
		if style == 0 {
			b.WriteString("EXAMINATION: ")
		}
		b.WriteString(r.title + "\n\n")
		for _, s := range r.sections(impression) {
			gap := " "
			if style == 1 || strings.Contains(s.text, "\n") {
				gap = "\n"
			}
			b.WriteString(pick(rng, sectionNames[s.name]) + ":" + gap + wrap80(s.text) + "\n\n")
		}
	case 2: // "Findings - ..."
		b.WriteString(r.title + "\n")
		for _, s := range r.sections(impression) {
			b.WriteString(title(pick(rng, sectionNames[s.name])) + " - " + s.text + "\n")
		}
	case 3: // inline
		b.WriteString(r.title + ".")
		for _, s := range r.sections(strings.Join(r.impression, " ")) {
			b.WriteString(" " + title(pick(rng, sectionNames[s.name])) + ": " + s.text)
		}
		b.WriteString("\n")
	case 4: // as dictated, a sentence a line, with the marks of the machine
		b.WriteString(strings.ToLower(r.title) + "\n")
		for _, s := range r.sections(impression) {
			b.WriteString("\n" + title(pick(rng, sectionNames[s.name])) + ":\n")
			if s.name == "findings" {
				b.WriteString(strings.Join(r.sentences, pick(rng, []string{"\n", "  ", "\n\n"})) + "\n")
			} else {
				b.WriteString(s.text + "\n")
			}
		}
		b.WriteString(pick(rng, []string{"\n[dictated but not read]\n", "\n** voice recognition software was used **\n", "\n", "\nD: job " + fmt.Sprint(10000+rng.IntN(90000)) + "\n"}))
	}
	if r.identifying {
		b.WriteString(r.signature(rng))
	}
	return b.String()
}

// wrap80 breaks long lines and keeps the breaks that are there.
func wrap80(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = wrap(l, 80)
	}
	return strings.Join(lines, "\n")
}

// title writes "CLINICAL HISTORY" as "Clinical history".
func title(s string) string { return s[:1] + strings.ToLower(s[1:]) }

// patientHeader and signature hold invented identifiers, for de-identification.
func (r *report) patientHeader(rng *rand.Rand) string {
	p := r.patient
	switch rng.IntN(3) {
	case 0:
		return fmt.Sprintf("PATIENT: %s, %s\nMRN: %s   DOB: %s\nDATE OF EXAM: %s\n\n", strings.ToUpper(p.family), strings.ToUpper(p.given),
			p.mrn, p.born.Format("01/02/2006"), r.examined.Format("01/02/2006"))
	case 1:
		return fmt.Sprintf("Patient Name: %s %s\nMedical Record Number: %s\nDate of Birth: %s\nReferring Physician: Dr. %s\nPhone: (312) %s\n\n",
			p.given, p.family, p.mrn, p.born.Format("January 2, 2006"), p.doctor, p.phone)
	default:
		return fmt.Sprintf("%s %s | MRN %s | seen %s\n\n", p.given, p.family, p.mrn, r.examined.Format("2006-01-02"))
	}
}

func (r *report) signature(rng *rand.Rand) string {
	p := r.patient
	switch rng.IntN(3) {
	case 0:
		return fmt.Sprintf("\nElectronically signed by: %s, MD on %s\n", p.reader, r.examined.Format("01/02/2006 15:04"))
	case 1:
		return fmt.Sprintf("\nDictated by Dr. %s\nResults were telephoned to Dr. %s at (312) %s.\n", p.reader, p.doctor, p.phone)
	default:
		return fmt.Sprintf("\nSigned: %s, M.D.\nTranscribed: %s\n", p.reader, r.examined.AddDate(0, 0, 1).Format("January 2, 2006"))
	}
}
