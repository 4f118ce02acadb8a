package deid

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A recognizer finds identifiers of one kind. The range that the first group
// of the pattern matches, or the whole match without groups, is the
// identifier; accept may refuse it by its value and the text around it.
//
// The pattern is anchored and tried only where a word or number begins with
// one of the bytes first. That is many times faster than to have it search,
// for identifiers are rare.
type recognizer struct {
	kind    Kind
	first   byteSet
	pattern *regexp.Regexp
	accept  func(text string, start, end int) bool
}

type byteSet [256]bool

const (
	digits  = "0123456789"
	letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// newRecognizer takes letters of either case for those of first.
func newRecognizer(kind Kind, first, pattern string, accept func(string, int, int) bool) recognizer {
	r := recognizer{kind: kind, pattern: regexp.MustCompile(`^(?:` + pattern + `)`), accept: accept}
	for _, c := range []byte(first + strings.ToLower(first)) {
		r.first[c] = true
	}
	return r
}

// window is how far a match may reach, in bytes. It bounds the cost of a try.
const window = 512

// find returns the identifiers of text of the kinds that rules name, sorted
// and apart.
func find(text string, rules Rules) []span {
	var spans []span
	for i := range recognizers {
		if r := &recognizers[i]; slices.Contains(rules.Kinds, r.kind) {
			spans = append(spans, r.find(text)...)
		}
	}
	if slices.Contains(rules.Kinds, Name) {
		spans = append(spans, findNames(text)...)
	}
	return mergeSpans(spans)
}

func (r *recognizer) find(text string) []span {
	var spans []span
	for i := 0; i < len(text); i++ {
		if !r.first[text[i]] || i > 0 && wordByte(text[i-1]) && wordByte(text[i]) {
			continue
		}
		m := r.pattern.FindStringSubmatchIndex(text[i:windowEnd(text, i)])
		if m == nil {
			continue
		}
		start, end := m[0], m[1]
		if len(m) > 2 {
			start, end = m[2], m[3]
		}
		start, end = start+i, end+i
		if start == end || !alone(text, start, end) || r.accept != nil && !r.accept(text, start, end) {
			continue
		}
		spans = append(spans, span{start, end, r.kind})
		i = end - 1
	}
	return spans
}

// windowEnd returns the end of the window at i, between two characters.
func windowEnd(text string, i int) int {
	end := i + window
	if end >= len(text) {
		return len(text)
	}
	for end > i && !utf8.RuneStart(text[end]) {
		end--
	}
	return end
}

func wordByte(b byte) bool {
	return b >= utf8.RuneSelf || b >= '0' && b <= '9' || b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z'
}

// alone says whether a range does not begin or end inside a word or number.
func alone(text string, start, end int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:start])
	first, _ := utf8.DecodeRuneInString(text[start:])
	last, _ := utf8.DecodeLastRuneInString(text[:end])
	after, _ := utf8.DecodeRuneInString(text[end:])
	return !(wordRune(before) && wordRune(first)) && !(wordRune(last) && wordRune(after))
}

func wordRune(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

const (
	monthLetters = "JFMASOND"

	months      = `(?i:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?`
	fullMonths  = `(?:January|February|March|April|May|June|July|August|September|October|November|December|JANUARY|FEBRUARY|MARCH|APRIL|MAY|JUNE|JULY|AUGUST|SEPTEMBER|OCTOBER|NOVEMBER|DECEMBER|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.?`
	day         = `(?:[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th|ST|ND|RD|TH)?`
	year        = `(?:19|20)\d\d`
	streetKinds = `(?:Street|STREET|Avenue|AVENUE|Ave|AVE|Road|ROAD|Rd|RD|Boulevard|BOULEVARD|Blvd|BLVD|Drive|DRIVE|Lane|LANE|Ln|LN|Court|COURT|Parkway|PARKWAY|Pkwy|PKWY|Highway|HIGHWAY|Hwy|HWY|Circle|CIRCLE|Terrace|TERRACE|Square|SQUARE|Place|PLACE|Plaza|PLAZA|Way|WAY|St|Dr|ST\.|DR\.|Ct\.|Pl\.)`
	states      = `(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|P[AR]|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY])`
)

// recognizers find all kinds but names. Their order does not matter.
var recognizers = []recognizer{
	newRecognizer(Email, letters+digits+`._%+'-`, `[A-Za-z0-9._%+'-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}`, nil),

	newRecognizer(URL, "HFW", `(?i)\b(?:(?:https?|ftp)://|www\.)[^\s<>"“”\[\]]*[^\s<>"“”\[\].,;:!?')]`, nil),

	newRecognizer(IP, digits, `\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}`, acceptIPv4),
	newRecognizer(IP, digits+"ABCDEF:", `[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}`, acceptIPv6),

	newRecognizer(SSN, digits, `\d{3}-\d{2}-\d{4}`, acceptSSN),
	newRecognizer(SSN, "S", `(?i:\bssn|social security (?:number|no\.?|#))[\s:#]*(\d{3}[ -]?\d{2}[ -]?\d{4})`, nil),

	newRecognizer(Phone, digits+"+(", `(?:\+?1[-. ]?)?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[-. /])[2-9]\d{2}[-. ]\d{4}(?:,? ?(?i:x|ext\.?|extension) ?\d{1,6})?`, notInNumber),
	newRecognizer(Phone, "+", `\+[1-9]\d{0,2}(?:[ .-]?\(?\d{1,4}\)?){2,5}`, acceptInternational),
	newRecognizer(Phone, "PTFCMB", `(?i:\b(?:phone|tel|telephone|fax|facsimile|pager|cell|mobile|beeper|call))(?i:\.| no\.?| number)?[\s:#]*(\+?[(]?\d[\d ().-]{5,18}\d)`, nil),

	newRecognizer(MRN, "MCAPEVF", `(?i:\b(?:mrn|medical record|med rec|chart|accession|acc|patient id|patient identifier|encounter|visit|fin)(?: ?(?:number|num|no|id))?\.?)[ \t]*[:#]*[ \t]*([A-Za-z0-9][A-Za-z0-9-]{3,24})`, hasDigits(4)),

	newRecognizer(Account, "AMPSBCLRI", `(?i:\b(?:account|acct|policy|member|subscriber|beneficiary|certificate|license|licence|passport|routing|iban)(?: ?(?:number|num|no|id))?\.?)[ \t]*[:#]*[ \t]*([A-Za-z0-9][A-Za-z0-9-]{4,33})`, hasDigits(5)),
	newRecognizer(Account, digits, `\d(?:[ -]?\d){12,18}`, acceptCard),

	newRecognizer(Date, digits, `(?:1[0-2]|0?[1-9])[/.-](?:[12]\d|3[01]|0?[1-9])[/.-](?:`+year+`|\d\d)`, acceptDate),
	newRecognizer(Date, digits, `(?:[12]\d|3[01]|0?[1-9])[/.-](?:1[0-2]|0?[1-9])[/.-]`+year, notInNumber),
	newRecognizer(Date, digits, year+`[/.-](?:1[0-2]|0?[1-9])[/.-](?:[12]\d|3[01]|0?[1-9])(?:T\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)?`, notInNumber),
	newRecognizer(Date, digits, year+`(?:0[1-9]|1[0-2])(?:[12]\d|3[01]|0[1-9])(?:[0-2]\d[0-5]\d(?:[0-5]\d)?)?`, nil),
	newRecognizer(Date, digits, `(?:1[0-2]|0?[1-9])/`+year, notInNumber),
	newRecognizer(Date, "DO", `(?i:\b(?:dated|date|on))[ \t]*:?[ \t]*((?:1[0-2]|0?[1-9])/(?:[12]\d|3[01]|0?[1-9]))`, notInNumber),
	newRecognizer(Date, monthLetters, months+`[ \t]*`+day+`(?:[ \t]*,)?[ \t\n]+`+year, nil),
	newRecognizer(Date, monthLetters, fullMonths+`[ \t]+`+day, nil),
	newRecognizer(Date, digits, day+`[ \t-]*(?:of[ \t]+|day[ \t]+of[ \t]+)?`+months+`[ \t-]*,?[ \t]*`+year, nil),
	newRecognizer(Date, digits, `\d{1,2}-`+months+`-\d\d`, nil),
	newRecognizer(Date, monthLetters, months+`[ \t]*,?[ \t]*(?:of[ \t]+)?`+year, nil),

	newRecognizer(Age, digits, `(9\d|1[0-4]\d)[ -]*(?i:years?|yrs?|y)[ -]*(?i:old|of age|/?o\b)`, nil),
	newRecognizer(Age, digits, `(9\d|1[0-4]\d)[ -]*(?i:y\.?/?o\.?|yo)\b`, nil),
	newRecognizer(Age, "AY", `(?i:\bage[ds]?|years of age)[ \t]*:?[ \t]*(9\d|1[0-4]\d)`, nil),

	newRecognizer(Address, digits, `\d{1,6}[A-Za-z]?[ \t]+(?:[NSEW]\.?[ \t]+|(?:North|South|East|West)[ \t]+)?(?:[A-Z0-9][\w'’.-]*[ \t]+){1,4}`+streetKinds+
		`\.?(?:[,\s]+(?i:suite|ste\.?|apt\.?|apartment|unit|floor|room|#)[ \t]*[\w-]+)?(?:[,\s]+[A-Z][A-Za-z.'’ ]{1,30},?[ \t]+`+states+`\.?[ \t]+\d{5}(?:-\d{4})?)?`, nil),
	newRecognizer(Address, "P", `(?i:\bp\.? ?o\.? box)[ \t]+\d+`, nil),
	newRecognizer(Address, letters, `(?:[A-Z][A-Za-z.'’]+[ \t]+){0,2}[A-Z][A-Za-z.'’]+,[ \t]+`+states+`[ \t]+\d{5}(?:-\d{4})?`, nil),
}

// acceptIPv4 refuses parts of longer numbers and numbered sections.
func acceptIPv4(text string, start, end int) bool {
	if _, err := netip.ParseAddr(text[start:end]); err != nil || !notInNumber(text, start, end) {
		return false
	}
	before := strings.ToLower(strings.TrimRight(text[max(0, start-20):start], " \t"))
	for _, word := range []string{"section", "sections", "§", "clause", "article", "paragraph", "version", "\n"} {
		if strings.HasSuffix(before, word) {
			return false
		}
	}
	return true
}

func acceptIPv6(text string, start, end int) bool {
	s := text[start:end]
	_, err := netip.ParseAddr(s)
	return err == nil && len(s) >= 6
}

// notInNumber refuses a range that is part of a number with points, slashes or
// dashes.
func notInNumber(text string, start, end int) bool {
	joint := func(b byte) bool { return b == '.' || b == '/' || b == '-' }
	if start >= 2 && joint(text[start-1]) && isDigit(text[start-2]) {
		return false
	}
	return !(end+1 < len(text) && joint(text[end]) && isDigit(text[end+1]))
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// acceptSSN knows the numbers that are never given out.
//
// Source: Social Security Administration, POMS RM 10201.035.
func acceptSSN(text string, start, end int) bool {
	s := text[start:end]
	return notInNumber(text, start, end) &&
		s[:3] != "000" && s[:3] != "666" && s[0] != '9' && s[4:6] != "00" && s[7:] != "0000"
}

// acceptDate asks for the same sign between the parts of a date.
func acceptDate(text string, start, end int) bool {
	signs := strings.TrimLeft(strings.Trim(text[start:end], digits), digits)
	return notInNumber(text, start, end) && signs[0] == signs[len(signs)-1]
}

// acceptInternational asks for the digits of a whole number.
func acceptInternational(text string, start, end int) bool {
	n := len(onlyDigits(text[start:end]))
	return n >= 8 && n <= 15
}

// acceptCard checks the length and the checksum of a payment card (Luhn).
func acceptCard(text string, start, end int) bool {
	digits := onlyDigits(text[start:end])
	if len(digits) < 13 || len(digits) > 19 || !notInNumber(text, start, end) {
		return false
	}
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0 && strings.ContainsRune("23456", rune(digits[0])) && !strings.HasPrefix(digits, "20")
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// hasDigits accepts identifiers with at least n digits.
func hasDigits(n int) func(string, int, int) bool {
	return func(text string, start, end int) bool { return len(onlyDigits(text[start:end])) >= n }
}
