package deid

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// namePart is a capitalized word or an initial.
	namePart = `(?:\p{Lu}[\p{L}'’]*\p{L}(?:-\p{Lu}[\p{L}'’]*\p{L})*|\p{Lu}\.|\p{Lu}\b)`
	particle = `(?:(?:van|von|der|den|de|da|del|della|di|du|la|le|bin|ibn|al|el)[ \t]+)`
	fullName = particle + `{0,2}` + namePart + `(?:,?[ \t]+` + particle + `{0,2}` + namePart + `){0,4}`
	degree   = `(?:M\.?D\.?|D\.?O\.?|Ph\.?D\.?|R\.?N\.?|N\.?P\.?|P\.?A\.?-?C?|FACR|FRCR|MBBS|DDS|RT)`
)

// nameRecognizers find a name by what stands beside it. Capital titles need a
// full stop: "MR" and "DR" are kinds of imaging too.
var nameRecognizers = []recognizer{
	newRecognizer(Name, "DMNPS",
		`(?:Drs?|Mr|Mrs|Ms|Miss|Prof|Professor|Doctor|Nurse|Sir|Madam|DR\.|MR\.|MRS\.|PROF\.)\.?[ \t]+(`+fullName+`)`, nil),
	newRecognizer(Name, "PNAROCIFTS",
		`(?i:patient(?: name)?|patient's name|pt\.? name|name|attending|referring|ordering|consulting|requesting|primary care|reading|interpreting|radiologist|physician|provider|resident|fellow|technologist|surgeon|clinician)(?i: (?:physician|provider|radiologist|doctor|md|clinician))?[ \t]*:[ \t]*(`+fullName+`)`, nil),
	newRecognizer(Name, "DTSIRAVPFO",
		`(?i:dictated|transcribed|signed|interpreted|reviewed|read|approved|verified|authenticated|performed|finalized|reported|discussed|referred|requested|ordered)(?i: and (?:signed|verified|approved|finalized))?(?i: (?:by|with))(?i: and authenticated by)?[ \t]*:?[ \t]*(`+fullName+`)`, nil),
	newRecognizer(Name, letters,
		`(`+namePart+`(?:,?[ \t]+`+namePart+`){1,3}),?[ \t]+`+degree+`(?:[^\p{L}]|$)`, nil),
	newRecognizer(Name, "/", `/s/[ \t]*(`+fullName+`)`, nil),
}

// titles stand before a name and stay.
var titles = wordSet("dr drs mr mrs ms miss prof professor doctor nurse sir madam")

// notNames are capitalized words that follow the signs of a name without being
// one, and words that end a name which runs into the next sentence.
var notNames = wordSet(`
	a abdomen acute after age an and ankle appearance at attending axial best brain by cervical chest chief clinical
	comparison computed conclusion consultant contrast correlation ct date department dictated did dob doctor does
	elbow electronically emergency exam examination female final gender findings foot for frontal given has he
	head hip his history hospital i impression in indication interval is it knee lateral left lumbar lung
	lungs male md medical medicine middle minor mr mra mri mrn nan name negative neck new no none normal not nurse of
	old on operator orbit or patient pelvis per phone physician please portable positive possible prior
	provider pulmonary radiograph radiologist radiology ref recommendation report resident right service sex she
	shoulder signed sinus spine staff stable study team technique the there these this thoracic time title to
	transcribed two three ultrasound unknown unremarkable upright views was we when with wrist xr xray x-ray
	xxxx year years`)

func wordSet(words string) map[string]bool {
	set := make(map[string]bool)
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}

// findNames returns the names that stand beside a title, a label or a degree,
// and where their surnames come again.
func findNames(text string) []span {
	var spans []span
	surnames := make(map[string]bool)
	for i := range nameRecognizers {
		for _, s := range nameRecognizers[i].find(text) {
			start, end := trimName(text, s.start, s.end)
			if start == end {
				continue
			}
			spans = append(spans, span{start, end, Name})
			for _, word := range nameWords(text[start:end]) {
				surnames[word] = true
			}
		}
	}
	return append(spans, findWords(text, surnames)...)
}

// trimName drops titles and words that are no names from a range.
func trimName(text string, start, end int) (int, int) {
	words := wordsIn(text, start, end)
	for len(words) > 0 && titles[strings.ToLower(text[words[0].start:words[0].end])] {
		words = words[1:]
	}
	for i, w := range words {
		initial := w.end-w.start == 1 && w.end < end && text[w.end] == '.'
		if !initial && notNames[strings.ToLower(text[w.start:w.end])] {
			words = words[:i]
			break
		}
	}
	if len(words) == 0 {
		return start, start
	}
	start = words[0].start
	last := words[len(words)-1].end
	// An initial keeps its full stop.
	if last < end && text[last] == '.' && last-words[len(words)-1].start == 1 && len(words) > 1 {
		last++
	}
	return start, last
}

// wordsIn returns the words of a range; apostrophes and hyphens are inside.
func wordsIn(text string, start, end int) []span {
	var words []span
	open := -1
	for i, r := range text[start:end] {
		inside := unicode.IsLetter(r) || open >= 0 && (r == '\'' || r == '’' || r == '-')
		if inside && open < 0 {
			open = start + i
		}
		if !inside && open >= 0 {
			words = append(words, span{start: open, end: start + i})
			open = -1
		}
	}
	if open >= 0 {
		words = append(words, span{start: open, end: end})
	}
	return words
}

// nameWords are the parts of a name long and rare enough to be searched for.
func nameWords(name string) []string {
	var words []string
	for _, w := range wordsIn(name, 0, len(name)) {
		word := name[w.start:w.end]
		first, _ := utf8.DecodeRuneInString(word)
		if utf8.RuneCountInString(word) >= 4 && unicode.IsUpper(first) && !notNames[strings.ToLower(word)] {
			words = append(words, word)
		}
	}
	return words
}

// findWords returns where words stand in text, as they are written.
func findWords(text string, words map[string]bool) []span {
	if len(words) == 0 {
		return nil
	}
	var spans []span
	for _, w := range wordsIn(text, 0, len(text)) {
		word := text[w.start:w.end]
		for _, possessive := range []string{"", "'s", "’s"} {
			if bare, ok := strings.CutSuffix(word, possessive); ok && words[bare] {
				spans = append(spans, span{w.start, w.start + len(bare), Name})
				break
			}
		}
	}
	return spans
}
