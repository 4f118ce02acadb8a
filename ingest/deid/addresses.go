package deid

import (
	"regexp"
	"strings"
)

const (
	streetKinds = `(?:Street|STREET|street|Avenue|AVENUE|avenue|Ave|AVE|ave|Road|ROAD|road|Rd|RD|rd|Boulevard|BOULEVARD|Blvd|BLVD|blvd|Drive|DRIVE|Lane|LANE|lane|Ln|LN|ln|Court|COURT|Ct|CT|ct|Parkway|PARKWAY|Pkwy|PKWY|Highway|HIGHWAY|Hwy|HWY|Circle|CIRCLE|Cir|CIR|Terrace|TERRACE|Ter|Square|SQUARE|Place|PLACE|Plaza|PLAZA|Way|WAY|Trail|TRAIL|Trl|Pike|PIKE|Turnpike|Loop|Alley|Row|Crescent|Close|St|ST|st|Dr|DR|dr|Pl|PL)`
	directions  = `(?:[NSEW]\.?[ \t]+|[NS][EW]\.?[ \t]+|(?:North|South|East|West|NORTH|SOUTH|EAST|WEST|Northeast|Northwest|Southeast|Southwest)[ \t]+)`
)

var (
	streetPattern    = regexp.MustCompile(`^\d{1,6}[A-Za-z]?[ \t]+` + directions + `?(?:[A-Z0-9][\w'’.-]*[ \t]+){1,4}` + streetKinds + `\b\.?(?:[ \t]+(?:NE|NW|SE|SW|N|S|E|W)\b)?`)
	routePattern     = regexp.MustCompile(`^\d{1,6}[A-Za-z]?[ \t]+` + directions + `?(?:Highway|HIGHWAY|Hwy|HWY|Route|Rte|County Road|CR|State Road|Calle|Rue|Avenida|Camino|Via)\.?[ \t]+[A-Z0-9][\w.-]*`)
	directionPattern = regexp.MustCompile(`^\d{1,6}[ \t]+` + directions + `(?:[A-Z][\w'’.-]*[A-Za-z]|\d{1,3}(?:st|nd|rd|th|ST|ND|RD|TH))`)
	smallPattern     = regexp.MustCompile(`^\d{1,6}[ \t]+(?:[nsew]\.?[ \t]+)?[a-z]{3,}[ \t]+(?:[a-z]{3,}[ \t]+){0,2}(?:st|ave|rd|blvd|ln|ct|street|avenue|road|lane|boulevard)\b\.?`)
	ordinalStreet    = regexp.MustCompile(`^\d{1,3}(?:st|nd|rd|th|ST|ND|RD|TH)[ \t]+(?:Street|STREET|St|ST|Avenue|AVENUE|Ave|AVE|Road|Rd|Blvd|Boulevard|Place|Pl|Court|Ct|Terrace|Drive)\b\.?`)
	hl7Address       = regexp.MustCompile(`^\d{1,6} [A-Za-z0-9 .#-]+\^[^^|\n]*\^[A-Za-z .]+\^[A-Z]{2}(?:\^\d{5}(?:-?\d{4})?)?`)
	roadPattern      = regexp.MustCompile(`^(?:Route|ROUTE|Rte|Rt|Highway|Hwy|Interstate|County Road)\.?[ \t]+\d{1,4}[A-Z]?\b`)
)

// addresses finds streets, cities, counties and ZIP codes.
func (s *scan) addresses(spans []span) []span {
	for i := 0; i < len(s.toks); i++ {
		t := s.toks[i]
		switch {
		case (t.form == number || t.form == mixed) && t.end-t.start <= 7 && isDigit(s.text[t.start]):
			if x, last, ok := s.streetAt(i); ok {
				spans = append(spans, x)
				i = last
			}
		case t.form == lowerCase && t.class&place != 0 && t.class&(ordinary|eponym) == 0 && i > 0 && s.gap(i-1) == " " && (t.class&(given|surname) == 0 && placeLead[s.lower(i-1)] || homeLead[s.lower(i-1)] && (s.lives(i-2) || s.lower(i-1) == "from")):
			spans = append(spans, span{int(t.start), int(t.end), Address, possible})
		case t.form == titleCase || t.form == upperCase:
			if x, last, ok := s.townAt(i); ok {
				spans = append(spans, x)
				i = max(i, last)
			}
		}
	}
	return spans
}

// streetAt reads an address that begins with the number at token i.
func (s *scan) streetAt(i int) (span, int, bool) {
	if i+1 >= len(s.toks) || !blank(s.gap(i)) || s.toks[i+1].form == number {
		return span{}, 0, false
	}
	at := int(s.toks[i].start)
	if m := hl7Address.FindStringIndex(s.text[at:windowEnd(s.text, at)]); m != nil {
		return span{at, at + m[1], Address, sure}, s.tokenEnding(i, at+m[1]), true
	}
	if m := ordinalStreet.FindStringIndex(s.text[at:windowEnd(s.text, at)]); m != nil && s.toks[i].form == mixed {
		start, last := at, s.tokenEnding(i, at+m[1])
		if i > 0 && s.gap(i-1) == " " && s.capital(i-1) {
			switch s.lower(i - 1) {
			case "north", "south", "east", "west", "n", "s", "e", "w", "ne", "nw", "se", "sw":
				start = int(s.toks[i-1].start)
			}
		}
		if l := s.restOfAddress(last); l > last {
			return span{start, int(s.toks[l].end), Address, likely}, l, true
		}
		return span{start, at + m[1], Address, likely}, last, true
	}
	if at > 0 && strings.IndexByte("./-", s.text[at-1]) >= 0 {
		return span{}, 0, false
	}
	rest := s.text[at:windowEnd(s.text, at)]
	var m []int
	score := float32(sure)
	if f := s.toks[i+1].form; f == lowerCase {
		if m = smallPattern.FindStringIndex(rest); m == nil || s.is(i+1, ordinary) && s.is(i+1, acronym) {
			return span{}, 0, false
		}
		score = likely
	} else if m = streetPattern.FindStringIndex(rest); m == nil {
		if m = routePattern.FindStringIndex(rest); m == nil {
			if m = directionPattern.FindStringIndex(rest); m == nil {
				return span{}, 0, false
			}
			score = likely
		}
	}
	if s.isExam(i+1, at+m[1]) {
		return span{}, 0, false
	}
	last := s.tokenEnding(i, at+m[1])
	end := at + m[1]
	if l := s.restOfAddress(last); l > last {
		last, end = l, int(s.toks[l].end)
	}
	return span{at, end, Address, score}, last, true
}

// isExam refuses "2 View Chest CT": what ends in "CT", "DR" or "PL" is a kind
// of imaging as often as a street.
func (s *scan) isExam(from, end int) bool {
	for j := from; j < len(s.toks) && int(s.toks[j].start) < end; j++ {
		switch s.lower(j) {
		case "view", "views", "chest", "abdomen", "pelvis", "head", "brain", "spine", "neck", "contrast", "year", "years", "days", "mg", "mm", "cm", "ml", "minutes", "hours", "weeks", "months":
			return true
		}
	}
	return false
}

// tokenEnding returns the last token from i on that ends at or before an
// offset.
func (s *scan) tokenEnding(i, end int) int {
	for i+1 < len(s.toks) && int(s.toks[i+1].end) <= end {
		i++
	}
	return i
}

// restOfAddress goes on from a street that ends at token i: a unit, a town, a
// state, a ZIP code. It returns the last token that belongs to the address.
func (s *scan) restOfAddress(i int) int {
	if i+2 < len(s.toks) && addressGap(s.gap(i)) {
		switch s.lower(i + 1) {
		case "apt", "apartment", "unit", "suite", "ste", "floor", "fl", "rm", "room", "bldg", "building", "lot", "trailer", "no":
			if g := strings.Trim(s.gap(i+1), " .#"); g == "" {
				i += 2
				for s.joined(i) && i+1 < len(s.toks) {
					i++
				}
			}
		}
	}
	if i+1 < len(s.toks) && strings.Trim(s.gap(i), " ,") == "#" {
		i++
	}
	if i+1 >= len(s.toks) || !addressGap(s.gap(i)) {
		return i
	}
	if s.zipAt(i + 1) {
		return s.zipEnd(i + 1)
	}
	// A town of up to three words.
	for n := 1; n <= 3 && i+n < len(s.toks); n++ {
		w := s.toks[i+n]
		if w.form != titleCase && w.form != upperCase && !(w.form == lowerCase && s.toks[i].form == lowerCase && (w.class&place != 0 || !w.listed)) {
			break
		}
		if n > 1 && !placeGap(s.gap(i+n-1)) {
			break
		}
		if end, ok := s.stateAndZIP(i + n); ok {
			return end
		}
	}
	n := 1
	if s.is(i+1, townPrefix) && i+2 < len(s.toks) && placeGap(s.gap(i+1)) && s.toks[i+2].form == s.toks[i+1].form {
		n = 2
	}
	switch w := s.toks[i+n]; {
	case w.class&(place|townPrefix) != 0, !w.listed && w.form != number && w.form != mixed:
		if n == 2 || w.class&(acronym|notPerson) == 0 {
			i += n
			if i+1 < len(s.toks) && addressGap(s.gap(i)) && s.zipAt(i+1) {
				return s.zipEnd(i + 1)
			}
		}
	}
	return i
}

// stateAndZIP says whether a state or a ZIP code follows the town that ends at
// token i, and returns the last token of the address: the ZIP code, or the
// state.
func (s *scan) stateAndZIP(i int) (int, bool) {
	if i+1 >= len(s.toks) || !addressGap(s.gap(i)) {
		return 0, false
	}
	if s.zipAt(i+1) && s.toks[i].class&ordinary == 0 {
		return s.zipEnd(i + 1), true
	}
	end, ok := s.stateAt(i + 1)
	if !ok {
		return 0, false
	}
	if end+1 < len(s.toks) && addressGap(s.gap(end)) && s.zipAt(end+1) {
		return s.zipEnd(end + 1), true
	}
	return end, true
}

// stateAt reads a state at token i and returns its last token.
func (s *scan) stateAt(i int) (int, bool) {
	switch {
	case s.is(i, stateCode) && (s.toks[i].form == upperCase || s.toks[i].form == lowerCase && i+1 < len(s.toks) && s.gap(i) == " " && s.zipAt(i+1)) && s.toks[i].end-s.toks[i].start == 2:
		return i, true
	case s.is(i, state) && s.toks[i].form != lowerCase:
		return i, true
	case s.is(i+1, state|place) && s.toks[i].form != lowerCase && blank(s.gap(i)):
		switch s.lower(i) + " " + s.lower(i+1) {
		case "new york", "new jersey", "new mexico", "new hampshire", "north carolina", "south carolina", "north dakota", "south dakota", "west virginia", "rhode island":
			return i + 1, true
		}
	}
	return 0, false
}

// zipAt says whether token i is five digits that stand alone.
func (s *scan) zipAt(i int) bool {
	t := s.toks[i]
	return t.form == number && t.end-t.start == 5
}

// zipEnd returns the last token of the ZIP code at token i.
func (s *scan) zipEnd(i int) int {
	if i+1 < len(s.toks) && s.gap(i) == "-" && s.toks[i+1].form == number && s.toks[i+1].end-s.toks[i+1].start == 4 {
		return i + 1
	}
	return i
}

func addressGap(gap string) bool {
	return gap != "" && strings.Trim(gap, " \t,.\n") == "" && strings.Count(gap, "\n") <= 1 && strings.Count(gap, ",") <= 1
}

func placeGap(gap string) bool { return gap == " " || gap == ". " || gap == "-" }

// townAt reads a town, county or road at the capitalized token i. What gives it
// away is the state behind it, a word of places before it, or that it is known.
func (s *scan) townAt(i int) (span, int, bool) {
	t := s.toks[i]
	none := func() (span, int, bool) { return span{}, 0, false }
	give := func(last int, score float32) (span, int, bool) {
		return span{int(t.start), int(s.toks[last].end), Address, score}, last, true
	}
	before := s.lower(i - 1)
	if i > 0 && !strings.ContainsAny(s.gap(i-1), " \t\n(,:;/|>") {
		return none()
	}
	if i > 0 && strings.Contains(s.gap(i-1), ":") {
		before = "" // "From: Jane Roe"
	}
	if before == "on" || before == "at" || before == "near" || before == "off" || before == "along" || before == "from" {
		if m := roadPattern.FindStringIndex(s.text[t.start:windowEnd(s.text, int(t.start))]); m != nil {
			return give(s.tokenEnding(i, int(t.start)+m[1]), likely)
		}
	}
	if t.class&(sureTitle|softTitle|month|acronym) != 0 && t.class&(place|townPrefix) == 0 || t.class&particle != 0 && t.class&townPrefix == 0 {
		return none()
	}
	last := i
	for n := 1; n < 3; n++ {
		if last+1 >= len(s.toks) || !placeGap(s.gap(last)) || s.toks[last+1].form != t.form && s.toks[last+1].form != titleCase {
			break
		}
		last++
	}
	for ; last >= i; last-- {
		if end, ok := s.townEnd(i, last, before); ok {
			return end.give(s, i)
		}
	}
	return none()
}

// A townMatch is where a town ends, and how sure it is.
type townMatch struct {
	last  int
	score float32
}

func (m townMatch) give(s *scan, i int) (span, int, bool) {
	return span{int(s.toks[i].start), int(s.toks[m.last].end), Address, m.score}, m.last, true
}

// townEnd says whether tokens i to last are a town. before is the word before.
func (s *scan) townEnd(i, last int, before string) (townMatch, bool) {
	t, w := s.toks[i], s.toks[last]
	next := s.lower(last + 1)
	// a county
	switch next {
	case "county", "parish", "township", "borough":
		if placeGap(s.gap(last)) && (s.toks[last+1].form == titleCase || s.toks[last+1].form == upperCase) && t.class&facilityWord == 0 && !stopWords[s.lower(i)] {
			return townMatch{last + 1, sure}, true
		}
	case "street", "avenue", "ave", "road", "rd", "boulevard", "blvd", "lane", "parkway", "pkwy", "pike", "highway", "turnpike":
		if placeGap(s.gap(last)) && s.toks[last+1].form != lowerCase && (streetLead[before] || i > 0 && strings.HasPrefix(s.gap(i-1), ",") && s.capital(i-1)) {
			end := s.restOfAddress(last + 1)
			return townMatch{end, likely}, true
		}
	}
	if last > i && townTails[s.lower(last)] && w.form == titleCase && homeLead[before] && (t.class&(place|townPrefix|surname|given) != 0 || !t.listed) {
		return townMatch{last, likely}, true
	}
	known := w.class&place != 0
	fresh := !w.listed && w.end-w.start >= 4
	prefixed := last > i && t.class&townPrefix != 0
	// "Town, ST 12345"; "Town, ST"
	if last+1 < len(s.toks) && addressGap(s.gap(last)) {
		if end, ok := s.stateAt(last + 1); ok && !stopWords[s.lower(i)] && w.class&(sureTitle|softTitle|degree|month) == 0 {
			if end+1 < len(s.toks) && addressGap(s.gap(end)) && s.zipAt(end+1) {
				return townMatch{s.zipEnd(end + 1), sure}, true
			}
			code := s.toks[last+1].class&state == 0 && last+1 == end
			comma := strings.Contains(s.gap(last), ",")
			if !stopWords[s.lower(last)] && (known || prefixed || comma && !code && w.form == titleCase ||
				comma && !ambiguousCode[next] && (fresh || w.form == titleCase && w.class&(eponym|acronym) == 0)) {
				if !(w.class&ordinary != 0 && w.class&(place|surname|given) == 0 && !prefixed && w.form == upperCase) {
					return townMatch{last, sure}, true
				}
			}
		}
		if s.zipAt(last+1) && s.gap(last) == " " && (known || fresh && placeLead[before]) {
			return townMatch{s.zipEnd(last + 1), sure}, true
		}
	}
	if w.form == mixed || w.form == number || s.is(last+1, eponymHead|facilityHead) && blank(s.gap(last)) || s.joined(last) {
		return townMatch{}, false
	}
	isName := w.class&(given|surname) != 0
	switch {
	case known && !isName && w.class&ordinary == 0 && w.form == titleCase && w.class&eponym == 0:
		return townMatch{last, likely}, true
	case known && placeLead[before] && w.class&eponym == 0:
		return townMatch{last, likely}, true
	case prefixed && placeLead[before] && w.class&(acronym|facilityHead) == 0:
		return townMatch{last, likely}, true
	case last == i && fresh && w.form == titleCase && homeLead[before]:
		return townMatch{last, likely}, true
	case last == i && w.form == titleCase && homeLead[before] && s.lives(i-2) && w.class&(acronym|notPerson) == 0:
		if s.is(last+1, 0) || !blank(s.gap(last)) || last+1 >= len(s.toks) || s.toks[last+1].form != titleCase {
			return townMatch{last, likely}, true
		}
	case last == i+1 && w.form == titleCase && t.form == titleCase && homeLead[before] && s.lives(i-2) && w.class&facilityHead == 0:
		return townMatch{last, likely}, true
	}
	return townMatch{}, false
}

// lives says whether token i speaks of where somebody is at home.
func (s *scan) lives(i int) bool {
	return i >= 0 && livesWords[s.lower(i)] || i >= 1 && livesWords[s.lower(i-1)]
}

var (
	livesWords = wordSet("lives live lived living resides resident residing moved moves home house born raised visiting cabin apartment farm native works worked plant traveled travelled trip evacuated vacation drove drives grew stays staying camp condo ranch")
	streetLead = wordSet("on at along near of to from off corner and")
	placeLead  = wordSet("in from near to of visiting outside around at via between and")
	homeLead   = wordSet("in from near visiting outside to between")
	townTails  = wordSet("city springs falls heights beach grove hills rapids bluff bluffs mills harbor harbour junction ferry landing")
	// ambiguousCode are states' codes that are other words in capitals too.
	ambiguousCode = wordSet("md pa ma in or me hi ok de la id ct mi al co mo ms pr")
	stopWords     = wordSet("the a an at to from in by with for via per on is was and or of as if then after before when while no not this that he she his her our their patient report date signed received history status exam study impression findings please see dear re")
)
