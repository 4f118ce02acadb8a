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
type recognizer struct {
	kind    Kind
	pattern *regexp.Regexp
	accept  func(text string, start, end int) bool
}

// find returns the identifiers of text of the kinds that rules name, sorted
// and apart.
func find(text string, rules Rules) []span {
	var spans []span
	for _, r := range recognizers {
		if slices.Contains(rules.Kinds, r.kind) {
			spans = append(spans, r.find(text)...)
		}
	}
	if slices.Contains(rules.Kinds, Name) {
		spans = append(spans, findNames(text)...)
	}
	return mergeSpans(spans)
}

func (r recognizer) find(text string) []span {
	var spans []span
	for _, m := range r.pattern.FindAllStringSubmatchIndex(text, -1) {
		start, end := m[0], m[1]
		if len(m) > 2 {
			start, end = m[2], m[3]
		}
		if start < 0 || start == end || !alone(text, start, end) {
			continue
		}
		if r.accept == nil || r.accept(text, start, end) {
			spans = append(spans, span{start, end, r.kind})
		}
	}
	return spans
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
	months      = `(?i:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?`
	fullMonths  = `(?:January|February|March|April|May|June|July|August|September|October|November|December|JANUARY|FEBRUARY|MARCH|APRIL|MAY|JUNE|JULY|AUGUST|SEPTEMBER|OCTOBER|NOVEMBER|DECEMBER|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.?`
	day         = `(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th|ST|ND|RD|TH)?`
	year        = `(?:19|20)\d\d`
	streetKinds = `(?:Street|STREET|Avenue|AVENUE|Ave|AVE|Road|ROAD|Rd|RD|Boulevard|BOULEVARD|Blvd|BLVD|Drive|DRIVE|Lane|LANE|Ln|LN|Court|COURT|Parkway|PARKWAY|Pkwy|PKWY|Highway|HIGHWAY|Hwy|HWY|Circle|CIRCLE|Terrace|TERRACE|Square|SQUARE|Place|PLACE|Plaza|PLAZA|Way|WAY|St|Dr|ST\.|DR\.|Ct\.|Pl\.)`
	states      = `(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|P[AR]|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY])`
)

// recognizers find all kinds but names. Their order does not matter.
var recognizers = []recognizer{
	{Email, regexp.MustCompile(`[A-Za-z0-9._%+'-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}`), nil},

	{URL, regexp.MustCompile(`(?i)\b(?:(?:https?|ftp)://|www\.)[^\s<>"“”\[\]]*[^\s<>"“”\[\].,;:!?')]`), nil},

	{IP, regexp.MustCompile(`\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}`), acceptIPv4},
	{IP, regexp.MustCompile(`[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}`), acceptIPv6},

	{SSN, regexp.MustCompile(`\d{3}-\d{2}-\d{4}`), acceptSSN},
	{SSN, regexp.MustCompile(`(?i:\bssn|social security (?:number|no\.?|#))[\s:#]*(\d{3}[ -]?\d{2}[ -]?\d{4})`), nil},

	{Phone, regexp.MustCompile(`(?:\+?1[-. ]?)?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[-. /])[2-9]\d{2}[-. ]\d{4}(?:,? ?(?i:x|ext\.?|extension) ?\d{1,6})?`), notInNumber},
	{Phone, regexp.MustCompile(`\+[1-9]\d{0,2}(?:[ .-]?\(?\d{1,4}\)?){2,5}`), acceptInternational},
	{Phone, regexp.MustCompile(`(?i:\b(?:phone|tel|telephone|fax|facsimile|pager|cell|mobile|beeper|call))(?i:\.| no\.?| number)?[\s:#]*(\+?[(]?\d[\d ().-]{5,18}\d)`), nil},

	{MRN, regexp.MustCompile(`(?i:\b(?:mrn|medical record|med rec|chart|accession|acc|patient id|patient identifier|encounter|visit|fin)(?: ?(?:number|num|no|id))?\.?)[ \t]*[:#]*[ \t]*([A-Za-z0-9][A-Za-z0-9-]{3,24})`), hasDigits(4)},

	{Account, regexp.MustCompile(`(?i:\b(?:account|acct|policy|member|subscriber|beneficiary|certificate|license|licence|passport|routing|iban)(?: ?(?:number|num|no|id))?\.?)[ \t]*[:#]*[ \t]*([A-Za-z0-9][A-Za-z0-9-]{4,33})`), hasDigits(5)},
	{Account, regexp.MustCompile(`\d(?:[ -]?\d){12,18}`), acceptCard},

	{Date, regexp.MustCompile(`(?:0?[1-9]|1[0-2])([/.-])(?:0?[1-9]|[12]\d|3[01])[/.-](?:` + year + `|\d\d)`), nil},
	{Date, regexp.MustCompile(`(?:0?[1-9]|[12]\d|3[01])[/.-](?:0?[1-9]|1[0-2])[/.-]` + year), notInNumber},
	{Date, regexp.MustCompile(year + `[/.-](?:0?[1-9]|1[0-2])[/.-](?:0?[1-9]|[12]\d|3[01])(?:T\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)?`), notInNumber},
	{Date, regexp.MustCompile(year + `(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[0-2]\d[0-5]\d(?:[0-5]\d)?)?`), nil},
	{Date, regexp.MustCompile(`(?:0?[1-9]|1[0-2])/` + year), notInNumber},
	{Date, regexp.MustCompile(`(?i:\b(?:dated|date|on))[ \t]*:?[ \t]*((?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12]\d|3[01]))`), notInNumber},
	{Date, regexp.MustCompile(months + `[ \t]*` + day + `(?:[ \t]*,)?[ \t\n]+` + year), nil},
	{Date, regexp.MustCompile(fullMonths + `[ \t]+` + day), nil},
	{Date, regexp.MustCompile(day + `[ \t-]*(?:of[ \t]+|day[ \t]+of[ \t]+)?` + months + `[ \t-]*,?[ \t]*` + year), nil},
	{Date, regexp.MustCompile(`\d{1,2}-` + months + `-\d\d`), nil},
	{Date, regexp.MustCompile(months + `[ \t]*,?[ \t]*(?:of[ \t]+)?` + year), nil},

	{Age, regexp.MustCompile(`(9\d|1[0-4]\d)[ -]*(?i:years?|yrs?|y)[ -]*(?i:old|of age|/?o\b)`), nil},
	{Age, regexp.MustCompile(`(9\d|1[0-4]\d)[ -]*(?i:y\.?/?o\.?|yo)\b`), nil},
	{Age, regexp.MustCompile(`(?i:\bage[ds]?|years of age)[ \t]*:?[ \t]*(9\d|1[0-4]\d)`), nil},

	{Address, regexp.MustCompile(`\d{1,6}[A-Za-z]?[ \t]+(?:[NSEW]\.?[ \t]+|(?:North|South|East|West)[ \t]+)?(?:[A-Z0-9][\w'’.-]*[ \t]+){1,4}` + streetKinds +
		`\.?(?:[,\s]+(?i:suite|ste\.?|apt\.?|apartment|unit|floor|room|#)[ \t]*[\w-]+)?(?:[,\s]+[A-Z][A-Za-z.'’ ]{1,30},?[ \t]+` + states + `\.?[ \t]+\d{5}(?:-\d{4})?)?`), nil},
	{Address, regexp.MustCompile(`(?i:\bp\.? ?o\.? box)[ \t]+\d+`), nil},
	{Address, regexp.MustCompile(`(?:[A-Z][A-Za-z.'’]+[ \t]+){0,2}[A-Z][A-Za-z.'’]+,[ \t]+` + states + `[ \t]+\d{5}(?:-\d{4})?`), nil},
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
	return sum%10 == 0 && strings.Trim(digits, "0") != ""
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
