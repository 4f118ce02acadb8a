package deid

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

const digits = "0123456789"

func wordRune(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

func countDigits(s string) int {
	n := 0
	for i := range len(s) {
		if isDigit(s[i]) {
			n++
		}
	}
	return n
}

// hasDigits accepts identifiers with at least n digits.
func hasDigits(n int) func(string, int, int) bool {
	return func(text string, start, end int) bool { return countDigits(text[start:end]) >= n }
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

// wordBefore returns the word before an offset in small letters, over blanks
// and the signs of labels.
func wordBefore(text string, at int) string {
	before := strings.TrimRight(text[max(0, at-40):at], " \t\n:#=.(,")
	i := len(before)
	for i > 0 && wordByte(before[i-1]) {
		i--
	}
	return strings.ToLower(before[i:])
}

// acceptIPv4 refuses parts of longer numbers and numbered sections.
func acceptIPv4(text string, start, end int) bool {
	if _, err := netip.ParseAddr(text[start:end]); err != nil || !notInNumber(text, start, end) {
		return false
	}
	switch wordBefore(text, start) {
	case "section", "sections", "clause", "article", "paragraph", "version", "v", "oid", "uid", "schedule", "exhibit":
		return false
	}
	before := strings.TrimRight(text[max(0, start-4):start], " \t")
	return !strings.HasSuffix(before, "§") && !strings.HasSuffix(before, "\n") || start == 0
}

func acceptIPv6(text string, start, end int) bool {
	s := text[start:end]
	_, err := netip.ParseAddr(s)
	return err == nil && len(s) >= 6
}

// acceptSSN knows the numbers that are never given out.
//
// Source: Social Security Administration, POMS RM 10201.035.
func acceptSSN(text string, start, end int) bool {
	s := onlyDigits(text[start:end])
	return notInNumber(text, start, end) && len(s) == 9 &&
		s[:3] != "000" && s[:3] != "666" && s[0] != '9' && s[3:5] != "00" && s[5:] != "0000"
}

// acceptDate asks for the same sign between the parts of a date.
func acceptDate(text string, start, end int) bool {
	signs := strings.TrimLeft(strings.Trim(text[start:end], digits), digits)
	return notInNumber(text, start, end) && signs[0] == signs[len(signs)-1]
}

// acceptInternational asks for the digits of a whole number.
func acceptInternational(text string, start, end int) bool {
	n := countDigits(text[start:end])
	return n >= 8 && n <= 15
}

// luhn is the checksum of payment cards, of NPI (with 80840 before it) and of
// IMEI.
//
// Source: ISO/IEC 7812-1, annex B.
func luhn(digits string) bool {
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
	return sum%10 == 0
}

// acceptCard checks the length and the checksum of a payment card.
func acceptCard(text string, start, end int) bool {
	d := onlyDigits(text[start:end])
	return len(d) >= 13 && len(d) <= 19 && notInNumber(text, start, end) && luhn(d) &&
		strings.ContainsRune("23456", rune(d[0])) && !strings.HasPrefix(d, "20")
}

// acceptNPI checks a national provider identifier.
//
// Source: 45 CFR 162.406; CMS, NPI check digit (2004).
func acceptNPI(text string, start, end int) bool {
	return luhn("80840" + onlyDigits(text[start:end]))
}

// acceptDEA checks the registration of a prescriber: the first, third and fifth
// digit and twice the others end in the seventh.
func acceptDEA(text string, start, end int) bool {
	d := text[start+2 : end]
	at := func(i int) int { return int(d[i] - '0') }
	return len(d) == 7 && (at(0)+at(2)+at(4)+2*(at(1)+at(3)+at(5)))%10 == at(6)
}

// acceptVIN checks a vehicle's number.
//
// Source: 49 CFR 565.15.
func acceptVIN(text string, start, end int) bool {
	const weights = "\x08\x07\x06\x05\x04\x03\x02\x0a\x00\x09\x08\x07\x06\x05\x04\x03\x02"
	const letterValues = "12345678.12345.7.923456789" // A … Z; I, O and Q are not used
	s := strings.ToUpper(text[start:end])
	sum := 0
	for i := range len(s) {
		v := int(s[i] - '0')
		if s[i] >= 'A' {
			if v = int(letterValues[s[i]-'A'] - '0'); v < 0 {
				return false
			}
		}
		sum += v * int(weights[i])
	}
	check := "0123456789X"[sum%11]
	return s[8] == check
}

// acceptIBAN checks an international account number (ISO 13616, mod 97).
func acceptIBAN(text string, start, end int) bool {
	s := strings.ToUpper(strings.ReplaceAll(text[start:end], " ", ""))
	if len(s) < 15 || len(s) > 34 {
		return false
	}
	rest := 0
	for _, c := range s[4:] + s[:4] {
		switch {
		case c >= '0' && c <= '9':
			rest = (rest*10 + int(c-'0')) % 97
		case c >= 'A' && c <= 'Z':
			rest = (rest*100 + int(c-'A') + 10) % 97
		default:
			return false
		}
	}
	return rest == 1
}

// einPrefixes are the first two digits of employer identification numbers
// that are not given out.
//
// Source: IRS, How EINs are assigned and valid EIN prefixes.
var einNever = wordSet("00 07 08 09 17 18 19 28 29 49 69 70 78 79 89 96 97")

// acceptEIN checks the prefix of a tax number and asks for a word of taxes
// near it.
func acceptEIN(text string, start, end int) bool {
	return notInNumber(text, start, end) && !einNever[text[start:start+2]] && nearWord(text, start, "tax", "ein", "fein", "tin", "employer", "irs", "i.r.s", "taxpayer")
}

// nearWord looks for one of words in the 60 bytes before an offset.
func nearWord(text string, at int, words ...string) bool {
	before := strings.ToLower(text[max(0, at-60):at])
	for _, w := range words {
		if i := strings.LastIndex(before, w); i >= 0 && (i == 0 || !wordByte(before[i-1])) {
			return true
		}
	}
	return false
}
