package deid

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A quality says how much a word looks like a name by itself.
type quality int

const (
	noName    quality = iota // an ordinary word, or what is known to be no person
	maybeName                // a name that is an ordinary word or an eponym too
	fresh                    // a word that no lexicon has
	plainName                // a name and nothing else
)

// quality rates token i.
func (s *scan) quality(i int) quality {
	if i < 0 || i >= len(s.toks) {
		return noName
	}
	t := s.toks[i]
	switch {
	case t.form == number || t.form == mixed:
		return noName
	case t.class&(notPerson|month|degree) != 0 && t.class&given == 0:
		return noName
	case t.form == upperCase && t.class&acronym != 0:
		return noName
	case t.class&(given|surname) != 0:
		if t.class&(ordinary|eponym|state|stateCode|nameLabel|kin|facilityWord|streetKind) != 0 {
			return maybeName
		}
		return plainName
	case t.class&particle != 0 || t.class&eponym != 0 && t.class&ordinary == 0:
		return maybeName
	case t.listed:
		return noName
	case t.form == upperCase && t.end-t.start <= 3:
		return noName
	}
	return fresh
}

// A unit is a word of a name with what is joined to it: "O'Neil",
// "Smith-Jones". quality is that of its best part.
type unit struct {
	first, last int
	quality     quality
}

// unitAt reads the unit that begins at token i.
func (s *scan) unitAt(i int) unit {
	u := unit{i, i, s.quality(i)}
	for s.joined(u.last) {
		next := u.last + 1
		t := s.toks[next]
		if t.form == number || t.form == mixed || s.gap(u.last) != "-" && (t.end-t.start == 1 || t.form == lowerCase && t.end-t.start <= 2) {
			break
		}
		if q := s.quality(next); t.form != lowerCase || s.toks[i].form == lowerCase {
			if s.gap(u.last) == "-" && q == noName {
				u.quality = min(u.quality, maybeName)
			}
			if u.last == i && s.toks[i].end-s.toks[i].start == 1 { // O'Neil, D'Angelo
				u.quality = max(q, fresh)
			}
			u.quality = max(u.quality, q)
		} else if s.gap(u.last) != "-" || s.toks[i].form != titleCase {
			break
		}
		u.last = next
	}
	return u
}

// capital says whether token i is written as a name is.
func (s *scan) capital(i int) bool {
	return i >= 0 && i < len(s.toks) && (s.toks[i].form == titleCase || s.toks[i].form == upperCase)
}

// initial says whether token i is a letter that stands for a name.
func (s *scan) initial(i int) bool {
	return i >= 0 && i < len(s.toks) && s.toks[i].form == titleCase && s.toks[i].end-s.toks[i].start == 1
}

// nameFrom reads a name that begins at token i, with units of at least the
// quality least. It returns the last token, and whether there is a name. small
// allows names in small letters.
func (s *scan) nameFrom(i int, least quality, small bool) (last int, ok bool) {
	last = -1
	comma := false
	units := 0
	for i < len(s.toks) && units < 5 {
		t := s.toks[i]
		step := i
		switch {
		case t.class&particle != 0 && t.end-t.start > 1 && (t.form == lowerCase || units > 0 || i+1 < len(s.toks) && s.capital(i+1)) && i+1 < len(s.toks) && (s.gap(i) == " " || s.gap(i) == "'") && (s.quality(i+1) >= maybeName || s.is(i+1, particle)):
			// "van der Berg": the particle counts with what follows
			if s.lower(i) == "le" && s.lower(i+1) == "fort" {
				return last, last >= 0
			}
			if s.lower(i) == "la" && t.form == lowerCase && units == 0 {
				return last, last >= 0
			}
		case units < 4 && (s.lower(i) == "st") && s.capital(i) && (s.gap(i) == ". " || s.gap(i) == " ") && s.capital(i+1) && s.quality(i+1) >= maybeName && !s.initial(i+1):
			// "St. Clair"
			last = s.unitAt(i + 1).last
			step = last
			units++
		case s.initial(i) && !s.joined(i):
			if units == 0 && !s.initialOfName(i) {
				return last, last >= 0
			}
			if units > 0 && comma && i+1 < len(s.toks) && s.gap(i) == " " && (s.word(i) == "A" || s.word(i) == "I") && s.toks[i+1].form == lowerCase {
				return last, last >= 0 // "Smith, A patient"
			}
			last = i
			units++
		case units > 0 && s.is(i, eponymHead) && s.is(i, ordinary) && !s.initial(i-1):
			return last, last >= 0 // "Penrose Drain"
		default:
			u := s.unitAt(i)
			if units > 1 && i > 0 && s.initial(i-1) && t.form == titleCase && t.class == ordinary && s.letters(i) >= 3 && !notNames[s.lower(i)] && u.last == i && last == i-1 {
				return i, true // "Jane F. Pere"
			}
			if !small && !s.capital(i) || u.quality < least && !(units > 0 && u.quality >= maybeName) || units > 0 && s.breaksName(u, units) {
				return last, last >= 0
			}
			last, step = u.last, u.last
			units++
		}
		if step+1 >= len(s.toks) {
			break
		}
		switch gap := s.gap(step); {
		case gap == " " || gap == "  ":
		case gap == ". " && s.initial(step), gap == "." && s.initial(step) && s.capital(step+1):
		case gap == "'" && s.is(step, particle):
		case (gap == ", " || gap == "," || gap == " , ") && units == 1 && !comma && s.capital(step+1) && s.firstName(step+1, gap):
			comma = true
		case (gap == " \"" || gap == ` “` || gap == " (\"") && units == 1 && s.capital(step+1): // Jane "Bunny" Roe
			if g := s.gap(step + 1); strings.HasPrefix(g, "\" ") || strings.HasPrefix(g, "” ") || strings.HasPrefix(g, "\") ") {
				if s.quality(step+2) >= maybeName && s.capital(step+2) {
					last = step + 2
				}
			}
			return last, last >= 0
		default:
			return last, last >= 0
		}
		i = step + 1
	}
	return last, last >= 0
}

// breaksName says whether a unit belongs no more to the name before it.
func (s *scan) breaksName(u unit, units int) bool {
	if u.quality == maybeName {
		// "Dr. Smith Will see", "Mrs. Roe May return": a verb follows.
		if s.toks[u.first].class&ordinary != 0 && u.last+1 < len(s.toks) && s.toks[u.last+1].form == lowerCase && blank(s.gap(u.last)) && s.toks[u.first].class&given != 0 && s.lower(u.first) != "rose" {
			return s.lower(u.first) == "will" || s.lower(u.first) == "may" || s.lower(u.first) == "mark"
		}
		if s.is(u.last+1, eponymHead) && s.gap(u.last) == " " && units > 1 {
			return true
		}
	}
	return s.is(u.first, nameLabel) && strings.HasPrefix(s.gap(u.last), ":")
}

// firstName says whether token i can be the given name behind a surname and a
// comma.
func (s *scan) firstName(i int, gap string) bool {
	q := s.quality(i)
	if s.is(i, degree) && s.toks[i].form == upperCase && !s.is(i, given) {
		return false
	}
	if s.is(i, given) && s.toks[i].class&(stateCode) == 0 {
		return true
	}
	if s.initial(i) {
		return gap != ","
	}
	return q >= fresh && s.toks[i].class&(state|place) == 0 || gap == "," && q >= maybeName
}

// initialOfName says whether the letter at token i begins a name: "J. Smith",
// "J.R. Smith", "K Papadimitriou".
func (s *scan) initialOfName(i int) bool {
	for n := 0; n < 3 && i+1 < len(s.toks); n++ {
		g := s.gap(i)
		if g != ". " && g != "." && !(g == " " && n > 0) {
			return false
		}
		i++
		if !s.initial(i) {
			u := s.unitAt(i)
			return s.capital(i) && u.quality >= maybeName && s.letters(i) >= 2 &&
				s.toks[i].class&place == 0 && (u.quality >= fresh || s.toks[i].class&surname != 0 && !(s.is(u.last+1, eponymHead) && blank(s.gap(u.last))))
		}
	}
	return false
}

// end returns where a name that ends at token i ends: an initial keeps its full
// stop where the name goes on to another line or a sign.
func (s *scan) end(i int) int {
	end := int(s.toks[i].end)
	if s.initial(i) && end < len(s.text) && s.text[end] == '.' {
		end++
	}
	return end
}

// names finds people. found are the spans of other kinds.
func (s *scan) names(found []span, min float32) []span {
	taken := newCover(found)
	var out []span
	add := func(first, last int, score float32) int {
		start, end := int(s.toks[first].start), s.end(last)
		if score < sure && taken.overlaps(start, end) {
			return first
		}
		out = append(out, span{start, end, Name, score})
		return last
	}
	for i := 0; i < len(s.toks); i++ {
		first, last, score := s.personAt(i)
		if score == 0 {
			first, last, score = s.freeName(i, taken)
		}
		if score > 0 {
			i = max(i, add(first, last, score))
			if first, last, ok := s.andAnother(i); ok {
				i = add(first, last, likely)
			}
		}
	}
	out = s.beforeDegrees(out)
	out = s.initials(out)
	out = s.handles(out)
	if min >= sure {
		return out // in formal text a word alone is a company's as often
	}
	return s.again(out, taken, min)
}

// andAnother reads the name behind "and" where one stands before it.
func (s *scan) andAnother(i int) (first, last int, ok bool) {
	w := s.lower(i + 1)
	if w != "and" && w != "or" || s.gap(i) != " " || s.gap(i+1) != " " || !s.capital(i+2) {
		return 0, 0, false
	}
	u := s.unitAt(i + 2)
	if u.quality < fresh || s.toks[u.first].form == upperCase && s.letters(u.first) < 4 || s.is(u.last+1, eponymHead|facilityHead) || s.is(u.first, place) {
		return 0, 0, false
	}
	last, ok = s.nameFrom(i+2, fresh, false)
	return i + 2, last, ok
}

// wordSet makes a set of words.
func wordSet(words string) map[string]bool {
	set := make(map[string]bool)
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}

// notNames are words that begin sentences and labels so often that they are
// never taken for a name.
var notNames = wordSet(`
	a abdomen acute after age an and ankle appearance at attending axial best brain by cervical chest chief clinical
	comparison computed conclusion consultant contrast correlation ct date department dictated did dob doctor does
	elbow electronically emergency exam examination female final gender findings foot for frontal given has he
	head hip his history hospital i impression in indication interval is it knee lateral left lumbar lung
	lungs male md medical medicine middle minor mr mra mri mrn nan name negative neck new no none normal not nurse of
	on operator orbit or patient pelvis per phone physician please portable positive possible prior
	provider pulmonary radiograph radiologist radiology ref recommendation report resident right service sex she
	shoulder signed sinus spine staff stable study team technique the there these this thoracic time title to
	transcribed two three ultrasound unknown unremarkable upright views was we when with wrist xr xray
	xxxx year years see seen reason note notes plan labs meds order orders so an also both but from if as are be
	can had have how its may's most must only other our over same some such than that them then they thru under until up
	upon us very via what where which while who why you your my me her him still since each many any all)`)

// A cover says which offsets spans take.
type cover struct{ spans []span }

func newCover(spans []span) cover {
	c := cover{make([]span, len(spans))}
	copy(c.spans, spans)
	c.spans = mergeSpans(c.spans)
	return c
}

func (c cover) overlaps(start, end int) bool {
	lo, hi := 0, len(c.spans)
	for lo < hi {
		mid := (lo + hi) / 2
		if c.spans[mid].end <= start {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo < len(c.spans) && c.spans[lo].start < end
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

func isUpper(s string) bool { return unicode.IsUpper(firstRune(s)) }
