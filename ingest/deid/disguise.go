package deid

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"adapt/ingest"
)

// A disguise gives surrogates to the identifiers of one subject: the same
// identifier gets the same one, in every document of a patient.
type disguise struct {
	engine  *Engine
	subject string
	shift   int // of dates, in days
	refYear int // of dates without a year
	newest  int // the latest year of the document's dates
}

func newDisguise(e *Engine, doc *ingest.Document) *disguise {
	d := &disguise{engine: e, subject: cmp.Or(doc.Subject, doc.ID)}
	n := int(d.number("date shift", "") % 730)
	d.shift = n - 365 // -365 … -1
	if d.shift >= 0 {
		d.shift++ // 1 … 365
	}
	return d
}

// number is a number that only the secret's holder can guess.
func (d *disguise) number(use, of string) uint64 {
	return binary.BigEndian.Uint64(d.engine.hash(use, d.subject, of))
}

// of returns the surrogate of an identifier.
func (d *disguise) of(kind Kind, text string) string {
	switch kind {
	case Name:
		return d.name(text)
	case Date:
		return d.date(text)
	case Phone:
		return d.phone(text)
	case Email:
		n := d.number("email", strings.ToLower(text))
		return strings.ToLower(choose(plainGiven, n)+"."+choose(plainSurnames, n>>20)) + "@example.org"
	case URL:
		if scheme, _, ok := strings.Cut(text, "://"); ok {
			return fmt.Sprintf("%s://example.org/%08x", strings.ToLower(scheme), uint32(d.number("url", text)))
		}
		return fmt.Sprintf("www.example.org/%08x", uint32(d.number("url", text)))
	case IP:
		return d.ip(text)
	case SSN:
		return d.ssn(text)
	case Age:
		if strings.ContainsAny(text, digits) {
			return "90"
		}
		return likeCase("ninety", text)
	case Address, Facility:
		return d.place(text)
	}
	return d.number2(string(kind), text)
}

// number2 is text with other digits and letters, each of its own sort.
func (d *disguise) number2(use, text string) string {
	h := d.engine.hash("code "+use, d.subject, strings.ToUpper(text))
	b := []byte(text)
	for i, c := range b {
		r := h[i%len(h)] + byte(i/len(h))*7
		switch {
		case c == '0' && i == 0:
		case c >= '0' && c <= '9' && i == 0:
			b[i] = '1' + r%9
		case c >= '0' && c <= '9':
			b[i] = '0' + r%10
		case c >= 'A' && c <= 'Z':
			b[i] = codeLetters[int(r)%len(codeLetters)]
		case c >= 'a' && c <= 'z':
			b[i] = codeLetters[int(r)%len(codeLetters)] + 'a' - 'A'
		}
	}
	if string(b) == text && strings.ContainsAny(text, digits) {
		i := strings.LastIndexAny(text, digits)
		b[i] = '0' + (b[i]-'0'+1)%10
	}
	return string(b)
}

// codeLetters leaves out what is taken for a digit, and what may not be in a
// vehicle's number.
const codeLetters = "ABCDEFGHJKLMNPRSTUVWXYZ"

// phone gives a number of the range that is kept for fiction, 555-0100 to
// 555-0199, as it is written. Of a number of another form only the country
// stays.
//
// Source: North American Numbering Plan Administrator, 555 line numbers.
func (d *disguise) phone(text string) string {
	n := d.number("phone", onlyDigits(text))
	number := onlyDigits(text)
	with := ""
	switch {
	case len(number) == 7:
		with = fmt.Sprintf("55501%02d", n%100)
	case len(number) == 10, len(number) == 11 && number[0] == '1', len(number) > 10 && strings.ContainsAny(text, "xX"):
		area := fmt.Sprintf("%d%02d", 2+n%7, 10+n/7%80)
		with = fmt.Sprintf("%s55501%02d", area, n/1000%100)
		if number[0] == '1' {
			with = "1" + with
		}
	default:
		return d.keepHead(text)
	}
	h := d.engine.hash("extension", d.subject, number)
	i := 0
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return r
		}
		i++
		if i <= len(with) {
			return rune(with[i-1])
		}
		return rune('0' + h[i%len(h)]%10)
	}, text)
}

// keepHead keeps "+" and the country's digits and changes the others.
func (d *disguise) keepHead(text string) string {
	head := 0
	if strings.HasPrefix(text, "+") {
		for head = 1; head < len(text) && isDigit(text[head]) && head < 3; head++ {
		}
	}
	return text[:head] + d.number2("phone", text[head:])
}

// ip gives an address that is kept for documentation (RFC 5737, RFC 3849).
func (d *disguise) ip(text string) string {
	n := d.number("ip", strings.ToLower(text))
	switch {
	case strings.Contains(text, "."):
		return fmt.Sprintf("%s.%d", []string{"192.0.2", "198.51.100", "203.0.113"}[n%3], 1+n/3%254)
	case strings.Count(text, ":") == 5 && len(text) == 17, strings.Contains(text, "-"):
		return d.number2("mac", text)
	}
	return fmt.Sprintf("2001:db8::%x:%x", n>>16&0xffff, n&0xffff)
}

// ssn gives a number with an area that is never given out and a group that no
// tax number has, as it is written.
func (d *disguise) ssn(text string) string {
	n := d.number("ssn", onlyDigits(text))
	with := fmt.Sprintf("9%02d%02d%04d", n%100, 1+n/100%49, 1+n/10000%9999)
	i := 0
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' || i >= len(with) {
			return r
		}
		i++
		return rune(with[i-1])
	}, text)
}

// name replaces a name word by word, so that a surname alone becomes the same
// surname as in the whole name. Initials become initials; particles and
// suffixes stay.
func (d *disguise) name(text string) string {
	before, _, comma := strings.Cut(text, ",")
	var b strings.Builder
	for i, w := range splitWords(text) {
		lower := strings.ToLower(w)
		first, _ := utf8.DecodeRuneInString(w)
		n := d.number("name", lower)
		switch {
		case !unicode.IsLetter(first), nameKept[lower]:
			b.WriteString(w)
		case utf8.RuneCountInString(w) == 1:
			c := string(rune('A' + n%26))
			if c == strings.ToUpper(w) {
				c = string(rune('A' + (n+1)%26))
			}
			b.WriteString(likeCase(c, w))
		default:
			from := plainSurnames
			// "John Smith" is given name first, "SMITH, JOHN" is not.
			if comma && b.Len() >= len(before) || !comma && (isGiven(lower) && !isSurname(lower) || i == 0 && isGiven(lower)) {
				from = plainGiven
			}
			s := choose(from, n)
			if strings.EqualFold(s, w) {
				s = choose(from, n+1)
			}
			b.WriteString(likeCase(s, w))
		}
	}
	return b.String()
}

// place replaces the words and numbers of an address or a facility's name
// that are its own, and keeps what every place has: "Street", "Hospital", the
// state. Of a ZIP code the first three digits stay, or become 000 where fewer
// than 20,000 people live.
func (d *disguise) place(text string) string {
	var b strings.Builder
	words := splitWords(text)
	for i, w := range words {
		lower := strings.ToLower(w)
		first, _ := utf8.DecodeRuneInString(w)
		switch {
		case isZIP(words, i):
			prefix := w[:3]
			if smallZIP[prefix] {
				prefix = "000"
			}
			b.WriteString(prefix + d.number2("zip", w[3:]))
		case isDigit(w[0]):
			b.WriteString(d.number2("street", w))
		case !unicode.IsLetter(first), placeKept[lower], utf8.RuneCountInString(w) <= 2:
			b.WriteString(w)
		default:
			b.WriteString(likeCase(choose(places, d.number("place", lower)), w))
		}
	}
	return b.String()
}

// isZIP says whether word i is a ZIP code: five digits at the end or before
// the four of ZIP+4.
func isZIP(words []string, i int) bool {
	if len(words[i]) != 5 || len(onlyDigits(words[i])) != 5 {
		return false
	}
	return i == len(words)-1 && i > 0 || i == len(words)-3 && words[i+1] == "-" || i == 0 && len(words) == 1
}

// smallZIP are the three-digit ZIP areas of 20,000 people or fewer.
//
// Source: HHS, Guidance Regarding Methods for De-identification (2012), of the
// census of 2000.
var smallZIP = wordSet("036 059 063 102 203 556 692 790 821 823 830 831 878 879 884 890 893")

// choose picks the nth of a list, counted round.
func choose(list []string, n uint64) string { return list[n%uint64(len(list))] }

// likeCase gives a word the case of another: all capitals, small, or
// capitalized.
func likeCase(word, like string) string {
	switch {
	case like == strings.ToLower(like):
		return strings.ToLower(word)
	case like == strings.ToUpper(like):
		return strings.ToUpper(word)
	}
	first, n := utf8.DecodeRuneInString(word)
	return string(unicode.ToUpper(first)) + word[n:]
}

// splitWords cuts text into words of letters, runs of digits and what is
// between, losing nothing.
func splitWords(text string) []string {
	sort := func(r rune) int {
		switch {
		case unicode.IsLetter(r) || unicode.Is(unicode.Mn, r):
			return 1
		case unicode.IsDigit(r):
			return 2
		}
		return 0
	}
	var words []string
	start, last := 0, -1
	for i, r := range text {
		if s := sort(r); s != last {
			if last >= 0 {
				words = append(words, text[start:i])
			}
			start, last = i, s
		}
	}
	if last >= 0 {
		words = append(words, text[start:])
	}
	return words
}
