package medical

import (
	"strings"
	"unicode"
)

// A part of a report.
type part string

const (
	partIndication part = "indication"
	partComparison part = "comparison"
	partTechnique  part = "technique"
	partFindings   part = "findings"
	partImpression part = "impression"
	partAddendum   part = "addendum"
	partOther      part = "other"
	// partViews is what stands under the name of the views, "PA AND LATERAL:":
	// the findings where nothing else is, else the technique.
	partViews part = "views"
	// partBody is what stands under a heading that says little, "REPORT:": the
	// findings where nothing else is.
	partBody part = "body"
	// partReading is what stands under "INTERPRETATION:": the findings beside an
	// impression, the impression beside findings.
	partReading part = "reading"
)

// headings gives the part that a heading begins, by its words in lower case.
// The words are those of NegBio's and medspaCy's lists of section titles, and
// those of British reports.
var headings = headingTable(map[part]string{
	partIndication: "indication, indications, history, clinical history, clinical indication, clinical indications, clinical information, clinical info, clinical data, clinical details, " +
		"clinical question, clinical statement, clinical presentation, clinical notes, clinical background, reason, reason for exam, reason for examination, reason for study, reason for test, reason for visit, " +
		"reason for the exam, reason of exam, reason fore exam, reason for indication, reason for this exam, reason for this examination, reason for request, reason for referral, relevant history, relevant clinical history, patient history, past history, " +
		"past medical history, medical history, history of present illness, interval history, additional history, additional clinical history, chief complaint, symptoms, signs and symptoms, presenting complaint, " +
		"medical condition, underlying medical condition, question, questions to be answered, request, provided history, hx, pmh, hpi",
	partComparison: "comparison, comparisons, comparison study, comparison studies, comparison exam, comparison exams, comparison film, comparison films, comparison to prior, comparison to prior study, " +
		"prior studies, prior study, prior exam, prior exams, prior examinations, prior, priors, previous, previous studies, previous study, previous examination, previous imaging, prior imaging, relevant prior studies, compared to, compared with, compare, " +
		"correlation, reference exam, reference examination, comparative studies",
	partTechnique: "technique, techniques, exam, exams, examination, procedure, procedures, procedure details, study, studies, study type, views, protocol, type of exam, type of examination, type of study, exam type, examination type, modality, " +
		"imaging technique, technical factors, technical details, technical quality, method, methods, methodology, scan technique, contrast, iv contrast, contrast media, dose, radiation dose, exam description, procedure description, imaging protocol, projection, projections, exam performed, procedures performed, title",
	partFindings: "findings, finding, observations, observation, radiographic findings, imaging findings, findings and impression, findings/impression, findings & impression, impression and findings, impression/findings, report of findings, description of findings, " +
		"technique and findings, procedure and findings, radiological findings, x ray findings",
	partImpression: "impression, impressions, conclusion, conclusions, opinion, opinions, final impression, preliminary impression, corrected impression, revised impression, imp, impression and plan, impression and recommendation, impression and recommendations, impression/recommendation, " +
		"impression/recommendations, impression & recommendation, impression & recommendations, impression/plan, conclusion and recommendations, conclusion/recommendations, conclusion and recommendation, radiological diagnosis, radiologic diagnosis, radiographic diagnosis, imaging diagnosis, diagnostic impression, " +
		"final diagnosis, conclusion/impression, impression/conclusion, summary/impression, overall impression, in summary, bottom line, the impression should read",
	partReading:  "interpretation, assessment, summary, diagnosis, comment, comments, assessment and plan, radiologist interpretation, result summary, summary of findings, key findings, preliminary read, wet read, wetread, reading, evaluation",
	partBody:     "report, narrative, result, results, body, text, description, radiology report, report text, imaging report, full report, dictation, note, discussion, details",
	partAddendum: "addendum, addenda, addendum report, amendment, amended report, correction, corrections, supplementary report, supplemental report, late addendum",
	partOther: "recommendation, recommendations, advice, plan, follow up, followup, signed, electronically signed, electronically signed by, signed by, dictated by, dictated, transcribed by, transcribed, reported by, verified by, read by, authenticated by, approved by, " +
		"radiologist, attending, attending radiologist, resident, attestation, teaching physician attestation, patient, patient name, name, mrn, date, date of exam, date of birth, date of service, exam date, study date, dob, age, sex, gender, accession, accession number, location, department, institution, hospital, facility, " +
		"referring physician, referring provider, ordering physician, ordering provider, requesting physician, referrer, provider, physician, notification, notifications, communication, communications, critical results, critical result, critical findings, cc, d, t, dd, dt, final report, preliminary report, original report, end of report, end of impression, " +
		"disclaimer, medications, allergies, report status, status, code, codes, cpt, icd, billing, quality measures, keywords, limitations, complications, anesthesia, estimated blood loss",
})

func headingTable(parts map[part]string) map[string]part {
	table := map[string]part{}
	for p, list := range parts {
		for _, words := range strings.Split(list, ",") {
			table[strings.TrimSpace(words)] = p
		}
	}
	return table
}

// qualifiers are words before the last word of a heading that leave its
// meaning: "CT HEAD FINDINGS", "FINAL IMPRESSION".
var qualifiers = wordSet("ct", "mr", "mri", "pet", "us", "cxr", "xr", "xray", "x", "ray", "chest", "abdomen", "abdominal", "pelvis", "pelvic", "head", "brain", "neck", "spine", "knee", "thorax", "thoracic", "cardiac",
	"lung", "pulmonary", "final", "preliminary", "overall", "radiographic", "radiologic", "radiological", "radiology", "imaging", "ultrasound", "significant", "pertinent", "additional", "other", "incidental", "main", "major", "key",
	"detailed", "relevant", "general", "current", "my", "the", "radiologist", "radiologists", "clinical", "diagnostic", "and", "of", "scan", "exam", "study", "summary", "initial", "revised", "updated", "brief", "short")

// anchors are the last words of headings that may be qualified, and the words
// whose misspellings are known again.
var anchors = map[string]part{"findings": partFindings, "impression": partImpression, "impressions": partImpression, "conclusion": partImpression, "conclusions": partImpression,
	"indication": partIndication, "indications": partIndication, "history": partIndication, "comparison": partComparison, "comparisons": partComparison, "technique": partTechnique, "opinion": partImpression,
	"examination": partTechnique, "procedure": partTechnique, "recommendations": partOther, "recommendation": partOther, "addendum": partAddendum, "interpretation": partReading}

// headingPart returns the part that a heading's words begin. A heading is sure
// when it has a colon or stands in capitals; only then may it be qualified or
// misspelt.
func headingPart(words string, sure bool) (part, bool) {
	key := headingKey(words)
	if p, ok := headings[key]; ok {
		return p, true
	}
	if !sure {
		return "", false
	}
	fields := strings.Fields(key)
	if len(fields) == 0 || len(fields) > 5 {
		return "", false
	}
	if fields[0] == "addendum" {
		return partAddendum, true
	}
	for _, w := range fields[:len(fields)-1] {
		if !qualifiers[w] && slips(w, "clinical") > 2 {
			return "", false
		}
	}
	last := fields[len(fields)-1]
	if p, ok := anchors[last]; ok {
		return p, true
	}
	if known := misspelt(last); known != "" {
		return anchors[known], true
	}
	return "", false
}

// headingKey lowers a heading's words and leaves out marks, what stands in
// brackets, a possessive and the spaces of "F I N D I N G S".
func headingKey(words string) string {
	if i := strings.IndexAny(words, "(["); i > 0 {
		words = words[:i]
	}
	words = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r) || r == '/' || r == '&':
			return unicode.ToLower(r)
		case r == '\'' || r == '’':
			return -1
		}
		return ' '
	}, words)
	fields := strings.Fields(words)
	if len(fields) > 4 && !longerThanOne(fields) {
		return strings.Join(fields, "")
	}
	return strings.Join(fields, " ")
}

func longerThanOne(fields []string) bool {
	for _, f := range fields {
		if len(f) > 1 {
			return true
		}
	}
	return false
}

// misspelt returns the anchor that word is a misspelling of, or "": one slip
// in words of seven letters, two in longer ones.
func misspelt(word string) string {
	best, least := "", 3
	for anchor := range anchors {
		if len(anchor) < 7 || len(word) < 6 || len(word) > len(anchor)+2 || len(word) < len(anchor)-2 {
			continue
		}
		allowed := 1
		if len(anchor) > 7 {
			allowed = 2
		}
		if d := slips(word, anchor); d <= allowed && (d < least || d == least && anchor < best) {
			best, least = anchor, d
		}
	}
	return best
}

// slips is the number of letters left out, added, exchanged or swapped with
// their neighbour between a and b (Damerau, CACM 1964; the restricted form).
func slips(a, b string) int {
	before, row := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	next := make([]int, len(b)+1)
	for i := 1; i <= len(a); i++ {
		next[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row, next = row, next, before
	}
	return row[len(b)]
}

// viewWords make of a line with a colon the name of the views that were taken.
var viewWords = wordSet("view", "views", "radiograph", "radiographs", "film", "films", "portable", "pa", "ap", "lateral", "frontal", "upright", "erect", "semierect", "supine", "semisupine", "semiupright", "bedside", "oblique", "cxr", "images")

// viewFillers may stand beside them.
var viewFillers = wordSet("chest", "of", "the", "and", "single", "one", "two", "three", "four", "x", "ray", "xray", "semi", "decubitus", "left", "right", "ribs", "lat", "a", "with", "dedicated", "image", "thorax", "abdomen", "rotated", "1", "2", "3", "4")

// namesViews reports whether a heading names views: "CHEST, PA AND LATERAL".
func namesViews(words string) bool {
	fields := strings.FieldsFunc(strings.ToLower(words), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	named := false
	for _, w := range fields {
		named = named || viewWords[w]
		if !viewWords[w] && !viewFillers[w] {
			return false
		}
	}
	return named && len(fields) <= 12
}
