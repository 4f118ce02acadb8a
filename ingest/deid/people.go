package deid

import (
	"slices"
	"strings"
)

// personAt finds a name that its surroundings give away, beginning at token i
// or behind a title or label there. A score of 0 means there is none.
func (s *scan) personAt(i int) (first, last int, score float32) {
	t := s.toks[i]
	switch {
	case t.class&sureTitle != 0 && (t.form != lowerCase || s.lower(i) == "dr" || s.gap(i) == ". " && (s.lower(i) == "mr" || s.lower(i) == "mrs" || s.lower(i) == "ms")):
		if first, last, ok := s.titled(i, maybeName); ok {
			return first, last, certain
		}
	case t.class&softTitle != 0:
		if first, last, ok := s.titled(i, maybeName); ok && (s.capital(first) || s.lower(i) == "doctor") {
			if q := s.unitAt(first).quality; q >= fresh || s.is(first, particle) && first == last || s.toks[first].class&(given|surname) != 0 && t.form != lowerCase && !s.is(first, kin|facilityWord|nameLabel) {
				return first, last, s.surely(first, last)
			}
		}
	}
	if t.class&nameLabel != 0 {
		if first, last, ok := s.afterLabel(i); ok {
			return first, last, s.surely(first, last)
		}
	}
	if t.class&kin != 0 {
		if first, last, ok := s.afterKin(i); ok {
			return first, last, s.surely(first, last)
		}
	}
	switch w := s.lower(i); w {
	case "by", "with", "to", "from", "per", "via", "for", "w", "cc", "attn", "and":
		if first, last, score := s.afterBy(i, w); score > 0 {
			return first, last, score
		}
	case "dear", "hi", "hello", "hey":
		if i+1 < len(s.toks) && s.gap(i) == " " {
			if last, ok := s.nameFrom(i+1, maybeName, false); ok && s.capital(i+1) && !s.is(i+1, sureTitle|softTitle) {
				return i + 1, last, s.surely(i+1, last)
			}
		}
	case "sincerely", "regards", "thanks", "best", "yours", "cheers", "respectfully", "cordially", "truly", "you", "wishes":
		if i+1 < len(s.toks) && (strings.HasPrefix(s.gap(i), ",") || strings.HasPrefix(s.gap(i), "\n")) && strings.Trim(s.gap(i), ", \n\t-–—") == "" {
			if last, ok := s.nameFrom(i+1, maybeName, false); ok && (w != "you" || strings.Contains(s.gap(i), "\n")) {
				return i + 1, last, s.surely(i+1, last)
			}
		}
	case "s":
		if i > 0 && strings.HasSuffix(s.gap(i-1), "/") && strings.HasPrefix(s.gap(i), "/") && i+1 < len(s.toks) {
			if last, ok := s.nameFrom(i+1, maybeName, false); ok {
				return i + 1, last, certain
			}
		}
	case "law":
		if i >= 2 && s.lower(i-1) == "in" && s.gap(i-1) == "-" {
			if first, last, ok := s.afterKin(i); ok {
				return first, last, s.surely(first, last)
			}
		}
	case "baby":
		if n := s.lower(i + 1); (n == "boy" || n == "girl") && s.gap(i) == " " && s.gap(i+1) == " " && s.capital(i) && s.capital(i+2) {
			if last, ok := s.nameFrom(i+2, maybeName, false); ok {
				return i, last, sure
			}
		}
	case "told", "asked":
		if s.gap(i) == " " && i+1 < len(s.toks) && s.toks[i+1].form == lowerCase && s.quality(i+1) >= fresh && s.letters(i+1) >= 5 && !s.english(i+1) {
			return i + 1, i + 1, possible
		}
	case "call", "page", "text", "contact", "ask", "tell", "notify", "email", "reached", "thank", "see", "called", "paged", "notified", "informed":
		if s.gap(i) == " " && s.capital(i+1) && s.toks[i+1].form == titleCase && w != "called" {
			if u := s.unitAt(i + 1); u.quality == fresh && s.letters(i+1) >= 3 && (w != "see" || s.personish(u, u.last)) && !s.is(u.last+1, eponymHead|facilityHead) {
				if last, ok := s.nameFrom(i+1, fresh, false); ok {
					return i + 1, last, likely
				}
			}
		}
		if w == "called" && s.gap(i) == " " && i+1 < len(s.toks) && s.toks[i+1].form == lowerCase && s.quality(i+1) >= fresh && s.letters(i+1) >= 5 && !s.english(i+1) {
			return i + 1, i + 1, possible
		}
		if w == "called" && i+1 < len(s.toks) && strings.Trim(s.gap(i), ` "“'`) == "" && s.gap(i) != " " && s.capital(i+1) && s.unitAt(i+1).quality >= maybeName {
			last, _ := s.nameFrom(i+1, maybeName, false)
			return i + 1, last, likely
		}
	case "named", "nicknamed", "alias":
		if i+1 < len(s.toks) && strings.Trim(s.gap(i), ` "“'`) == "" && s.capital(i+1) && s.unitAt(i+1).quality >= maybeName {
			last, _ := s.nameFrom(i+1, maybeName, false)
			return i + 1, last, likely
		}
	}
	if i > 0 && s.capital(i) && (s.gap(i) == `" ` || s.gap(i) == "” ") && strings.HasSuffix(s.gap(i-1), s.gap(i)[:len(s.gap(i))-1]) || i > 0 && s.capital(i) && s.gap(i) == "” " && strings.HasSuffix(s.gap(i-1), "“") {
		if s.capital(i+1) && s.unitAt(i+1).quality >= fresh { // "Skip" Lattimore
			if last, ok := s.nameFrom(i+1, fresh, false); ok {
				return i, last, likely
			}
		}
	}
	return s.carets(i)
}

// surely scores a name that a label or a verb gives away: it is sure when it
// has the form of a person's, a given name or an initial beside another word,
// and is no company's.
func (s *scan) surely(first, last int) float32 {
	if s.company(first, last) {
		return possible
	}
	words, personal := 0, false
	for j := first; j <= last; j++ {
		if s.initial(j) {
			personal = true
			continue
		}
		if j > first && s.joined(j-1) {
			continue
		}
		words++
		personal = personal || s.is(j, given) && !s.is(j, place|state|notPerson)
	}
	if personal && (words >= 2 || words == 1 && last > first) {
		return sureName
	}
	return told
}

// titled reads the name behind a title at token i.
func (s *scan) titled(i int, least quality) (first, last int, ok bool) {
	next := i + 1
	if next >= len(s.toks) {
		return 0, 0, false
	}
	switch g := s.gap(i); g {
	case " ", ". ", ".", "  ", ".  ", "\n", ".\n", ": ":
	case ` "`, `. "`, ` “`, `. “`: // Dr. "Skip" Lattimore
		if s.capital(next) {
			last := next
			if strings.HasPrefix(s.gap(next), `" `) || strings.HasPrefix(s.gap(next), `” `) {
				if l, ok := s.nameFrom(next+1, maybeName, false); ok {
					last = l
				}
			}
			return next, last, true
		}
		return 0, 0, false
	default:
		return 0, 0, false
	}
	// "DR" and "MR" are kinds of imaging too, "St" and "Rd" come before a town.
	abbreviated := strings.HasPrefix(s.gap(i), ".")
	lower := s.lower(i)
	if s.toks[i].form == upperCase && !abbreviated && (lower == "mr" || lower == "dr" || lower == "ms") {
		least = fresh
		if s.is(next, given|surname) && s.toks[next].class&ordinary == 0 {
			least = maybeName
		}
	}
	if s.is(next, sureTitle|softTitle) && s.capital(next) {
		return 0, 0, false // the next title will find it
	}
	small := s.toks[next].form == lowerCase
	if small {
		if q := s.unitAt(next).quality; !(q >= fresh && s.letters(next) >= 3) || s.toks[i].class&sureTitle == 0 && !(s.lower(i) == "doctor" && s.letters(next) >= 4) {
			if !s.is(next, particle) || !s.capital(next+1) {
				if !s.joined(next) || s.letters(next) > 2 { // d'Ambrosio
					return 0, 0, false
				}
			}
		}
	}
	last, ok = s.nameFrom(next, least, small)
	if !ok && s.toks[i].class&sureTitle != 0 && s.toks[i].form == titleCase && s.toks[next].form == titleCase && s.toks[next].class == ordinary && !notNames[s.lower(next)] && s.letters(next) >= 3 {
		return next, next, true // Dr. Pere
	}
	if !ok && s.capital(next) && s.is(next, particle) && s.is(next, surname) && s.toks[i].class&(sureTitle|softTitle) != 0 {
		return next, next, true // Dr. Le
	}
	if ok && small && s.toks[last].form == lowerCase && last > next {
		first := s.unitAt(next).last
		last = first
		if j := first + 1; s.gap(first) == " " && j+1 < len(s.toks) && s.letters(j) == 1 && strings.Trim(s.gap(j), " .") == "" && s.quality(j+1) >= fresh {
			first = j // "mildred d. jankauskas"
			last = s.unitAt(j + 1).last
		}
		if s.gap(first) == " " && s.is(first+1, surname) && s.is(next, given) && s.toks[first+1].form == lowerCase {
			last = s.unitAt(first + 1).last
		}
	}
	// "Drs. Achterhof & Lim", "Drs. Roe and Poe"
	for ok && lower == "drs" && last+1 < len(s.toks) {
		g := s.gap(last)
		at := last + 1
		if s.lower(at) == "and" && blank(g) {
			g, at = " & ", at+1
		}
		if g != " & " && g != ", " && g != "/" || !s.capital(at) {
			break
		}
		l, more := s.nameFrom(at, maybeName, false)
		if !more {
			break
		}
		last = l
	}
	return next, last, ok
}

// afterLabel reads the name behind "Attending:" at token i.
func (s *scan) afterLabel(i int) (first, last int, ok bool) {
	next := i + 1
	if next >= len(s.toks) {
		return 0, 0, false
	}
	gap := s.gap(i)
	if gap == " " && s.lower(next) == "is" && s.lower(i) == "name" && s.capital(next+1) {
		last, ok = s.nameFrom(next+1, maybeName, false)
		return next + 1, last, ok
	}
	colon := strings.ContainsAny(gap, ":=>#") && strings.Trim(gap, " \t:=.#>)\"|[") == ""
	for !colon && gap == "/" && next < len(s.toks) && s.toks[next].end-s.toks[next].start <= 10 { // "Name/Age/Sex:"
		gap = s.gap(next)
		next++
		colon = strings.HasPrefix(strings.TrimLeft(gap, " "), ":")
	}
	if next >= len(s.toks) {
		return 0, 0, false
	}
	if s.is(next, sureTitle) && s.capital(next) {
		return 0, 0, false
	}
	switch {
	case colon && s.capital(next):
		u := s.unitAt(next)
		q := u.quality
		if q < maybeName && s.is(u.last+1, given) && strings.HasPrefix(s.gap(u.last), ",") && s.capital(u.last+1) && s.letters(next) >= 3 {
			last, ok = s.nameFrom(u.last+1, maybeName, false) // "DOE, JOHN"
			return next, last, ok
		}
		if q < maybeName && s.odd(next) {
			last, ok = s.nameFrom(next+1, maybeName, false)
			return next, last, ok
		}
		if q < maybeName && !s.initial(next) {
			return 0, 0, false
		}
		if q == maybeName && s.toks[next].class&(eponym|ordinary) != 0 && s.toks[i].class&kin != 0 {
			return 0, 0, false
		}
		if (s.is(i, wordLabel)) && q < plainName && !s.is(next, given) {
			// "To: Radiology", "From: ED"
			if q == maybeName {
				return 0, 0, false
			}
		}
		last, ok = s.nameFrom(next, maybeName, false)
		if !ok && s.initial(next) {
			return 0, 0, false
		}
		return next, last, ok
	case colon && s.toks[next].form == lowerCase:
		if s.unitAt(next).quality == plainName && !s.is(i, wordLabel) {
			last, ok = s.nameFrom(next, fresh, true)
			return next, last, ok
		}
	case blank(gap) && s.lower(i) == "name" && s.capital(next) && s.letters(next) >= 3 && strings.HasPrefix(s.gap(s.unitAt(next).last), ",") && (s.is(next, surname) || s.quality(next) == fresh):
		if last, ok = s.nameFrom(next, maybeName, false); ok {
			return next, last, ok
		}
	case blank(gap) && s.capital(next) && s.capital(i):
		q := s.unitAt(next).quality
		if q == plainName || q == fresh && (s.toks[i].form == s.toks[next].form) && s.toks[next].form == upperCase && s.letters(next) >= 4 ||
			q == fresh && s.capital(next+1) && blank(s.gap(next)) && s.unitAt(next+1).quality >= fresh {
			if !s.is(i, wordLabel) {
				last, ok = s.nameFrom(next, maybeName, false)
				return next, last, ok
			}
		}
		if w := s.lower(i); w == "attending" && s.toks[next].form != lowerCase && q < plainName {
			if l, found := s.nameFrom(next, maybeName, false); found && (q == maybeName || s.is(next, particle|townPrefix)) && strings.Contains(s.gap(l), "\n") {
				return next, l, true
			}
			if s.is(next, particle) && s.is(next, surname) && strings.Contains(s.gap(next), "\n") {
				return next, next, true
			}
		}
		if q == maybeName && s.toks[i].form == upperCase && s.toks[next].form == upperCase && s.toks[next].class&surname != 0 && s.toks[next].class&(ordinary|place|state) == 0 && s.letters(next) >= 4 && !s.is(next+1, eponymHead) {
			last, ok = s.nameFrom(next, maybeName, false)
			return next, last, ok
		}
	}
	if blank(gap) && s.capital(next) && s.toks[next].form == titleCase && beforePerson[s.lower(i)] && !s.is(next+1, eponymHead|facilityHead) {
		if q := s.unitAt(next).quality; q >= fresh && s.letters(next) >= 4 {
			last, ok = s.nameFrom(next, maybeName, false)
			return next, last, ok
		}
	}
	return 0, 0, false
}

// beforePerson are labels that stand before a name without a sign between.
var beforePerson = wordSet("pt patient proband caller fob interpreter resident attending fellow witness pcp consultant examiner radiologist surgeon hcp poa informant author")

// afterKin reads the name behind "his wife" at token i.
func (s *scan) afterKin(i int) (first, last int, ok bool) {
	next := i + 1
	if next >= len(s.toks) {
		return 0, 0, false
	}
	switch s.gap(i) {
	case " ", ", ", ": ", " (", " - ", ". ":
	default:
		return 0, 0, false
	}
	if w := s.lower(next); w == "named" || w == "called" || w == "is" || w == "in" && s.lower(next+1) == "law" {
		if w != "in" {
			next++
		}
	}
	if s.lower(i+1) == "in" && s.gap(i) == "-" {
		return 0, 0, false
	}
	if next < len(s.toks) && s.toks[next].form == lowerCase && s.gap(next-1) == " " && s.letters(next) >= 4 && s.unitAt(next).quality >= fresh && s.unitAt(next).last == next && next == i+1 {
		last = next
		if s.gap(next) == " " && s.quality(next+1) >= fresh && s.toks[next+1].form == lowerCase && s.letters(next+1) >= 4 {
			last++
		}
		return next, last, true
	}
	if next >= len(s.toks) || !s.capital(next) || s.gap(i) == ". " && s.unitAt(next).quality < plainName {
		return 0, 0, false
	}
	q := s.unitAt(next).quality
	if q < maybeName || q == maybeName && (s.toks[next].class&given == 0 && s.toks[next].class&surname == 0 || s.is(next, sureTitle|softTitle)) {
		return 0, 0, false
	}
	if s.is(next, sureTitle) {
		return 0, 0, false
	}
	last, ok = s.nameFrom(next, maybeName, false)
	return next, last, ok
}

// afterBy reads the name behind "dictated by", "spoke with", "called to" and,
// with less to go by, behind "by" alone.
func (s *scan) afterBy(i int, w string) (first, last int, score float32) {
	next := i + 1
	if next >= len(s.toks) || strings.Trim(s.gap(i), " \t:\n/") != "" {
		return 0, 0, 0
	}
	if s.is(next, sureTitle|softTitle) && s.capital(next) {
		return 0, 0, 0
	}
	verb := false
	for j := i - 1; j >= max(0, i-4); j-- {
		if strings.ContainsAny(s.gap(j), ".;\n") && j < i-1 {
			break
		}
		verb = verb || s.is(j, byVerb)
	}
	u := s.unitAt(next)
	if w == "and" {
		verb = false
		for j := i - 1; j >= max(0, i-7) && !strings.ContainsAny(s.gap(j), ".;\n"); j-- {
			verb = verb || s.lower(j) == "by" && s.is(j-1, byVerb)
		}
		if verb && (u.quality < fresh || s.unitAt(u.last+1).quality < fresh || s.gap(u.last) != " ") {
			verb = false
		}
	}
	switch {
	case s.toks[next].form == lowerCase:
		if verb && w == "by" && u.quality == fresh && s.letters(next) >= 4 && !s.english(next) {
			if s.gap(u.last) == " " && s.letters(u.last+1) >= 4 && (s.quality(u.last+1) == fresh || s.is(u.last+1, surname)) {
				return next, s.unitAt(u.last + 1).last, likely
			}
			if s.letters(next) >= 5 {
				return next, u.last, possible
			}
		}
		if verb && (u.quality == plainName || u.quality == maybeName && s.is(next, given) && !s.is(next, ordinary)) && s.letters(next) >= 4 && w == "by" {
			if s.gap(u.last) == " " && s.quality(u.last+1) >= fresh && s.letters(u.last+1) >= 5 {
				return next, s.unitAt(u.last + 1).last, likely
			}
			return next, u.last, likely
		}
		return 0, 0, 0
	case verb && u.quality == noName && s.odd(next):
		if last, ok := s.nameFrom(next+1, maybeName, false); ok {
			return next, last, likely
		}
	case verb && (u.quality >= fresh || s.initial(next) && s.initialOfName(next)):
		last, ok := s.nameFrom(next, maybeName, false)
		if ok && !(u.quality == fresh && last == u.last && s.toks[next].form == upperCase && s.letters(next) < 5) {
			return next, last, s.surely(next, last)
		}
	case verb && u.quality == maybeName && s.toks[next].class&(given|surname) != 0 && !s.is(u.last+1, eponymHead) && s.toks[next].class&(place|state) == 0:
		last, ok := s.nameFrom(next, maybeName, false)
		if ok && last == u.last && s.is(next, eponym) {
			return 0, 0, 0
		}
		if ok && (w == "by" || w == "with" || last > u.last) {
			return next, last, likely
		}
	case (w == "by" || w == "with" || w == "per" || w == "w" || w == "via" || w == "cc") && u.quality == fresh && s.toks[next].form == titleCase && s.letters(next) >= 3 && !s.is(u.last+1, eponymHead):
		last, ok := s.nameFrom(next, maybeName, false)
		if ok {
			return next, last, likely
		}
	}
	return 0, 0, 0
}

// carets reads a name as HL7 writes it: ROE^JANE^Q.
func (s *scan) carets(i int) (first, last int, score float32) {
	u := s.unitAt(i)
	if s.gap(u.last) != "^" || !s.capital(i) || i > 0 && (s.joined(i-1) || strings.HasSuffix(s.gap(i-1), "^")) {
		return 0, 0, 0
	}
	last = u.last
	best, named := u.quality, s.is(i, given|surname)
	for last+1 < len(s.toks) && s.gap(last) == "^" && s.capital(last+1) && last-i < 5 {
		last = s.unitAt(last + 1).last
		best = max(best, s.quality(last))
		named = named || s.is(last, given|surname)
	}
	if last == u.last || best < fresh && !named || s.is(i, ordinary) && !s.is(i, given|surname) {
		return 0, 0, 0
	}
	return i, last, sure
}

// freeName finds a name by its words alone, beginning at token i.
func (s *scan) freeName(i int, taken cover) (first, last int, score float32) {
	t := s.toks[i]
	if t.form == lowerCase {
		return s.smallName(i)
	}
	if t.form != titleCase && t.form != upperCase {
		return 0, 0, 0
	}
	if i > 0 && s.joined(i-1) || taken.overlaps(int(t.start), int(t.end)) {
		return 0, 0, 0
	}
	if s.initial(i) && !s.joined(i) {
		if s.initialOfName(i) && !s.is(i+1, eponymHead) {
			if last, ok := s.nameFrom(i, maybeName, false); ok && last > i && !s.company(i, last) {
				return i, last, sure - 0.1
			}
		}
		return 0, 0, 0
	}
	u := s.unitAt(i)
	if u.quality < maybeName {
		return 0, 0, 0
	}
	if u.quality >= fresh || s.is(i, given|surname) {
		if s.cell(u) {
			return i, u.last, likely
		}
	}
	last, _ = s.nameFrom(i, maybeName, false)
	if last < u.last {
		return 0, 0, 0
	}
	score = s.weigh(u, last)
	if score == 0 || score < certain && s.company(i, last) {
		return 0, 0, 0
	}
	return i, last, score
}

// cell says whether a unit is alone in the cell of a table whose next cell is
// a number.
func (s *scan) cell(u unit) bool {
	if u.first == 0 || u.last+1 >= len(s.toks) {
		return false
	}
	before, after := s.gap(u.first-1), s.gap(u.last)
	next := s.toks[u.last+1]
	wide := func(g string) bool {
		return strings.HasPrefix(g, "  ") || strings.HasPrefix(g, "\t") || strings.Contains(g, "|")
	}
	return wide(before) && wide(after) && strings.Trim(after, " \t|") == "" && s.toks[u.first].form == titleCase && (next.form == number || next.form == mixed)
}

// weigh scores the name from unit u to token last by its words.
func (s *scan) weigh(u unit, last int) float32 {
	t := s.toks[u.first]
	words, good, freshes, hasInitial := 0, 0, 0, false
	comma := false
	for j := u.first; j <= last; {
		if s.initial(j) && !s.joined(j) {
			hasInitial = true
			comma = comma || strings.Contains(s.gap(j), ",") && j < last
			j++
			continue
		}
		v := s.unitAt(j)
		if j > u.first && s.is(j, particle) && v.last == j && j < last {
			j++
			continue
		}
		words++
		switch v.quality {
		case plainName:
			good++
		case fresh:
			freshes++
		}
		comma = comma || v.last < last && strings.Contains(s.gap(v.last), ",")
		j = v.last + 1
	}
	head := s.is(last+1, eponymHead) && strings.Trim(s.gap(last), " -'’") == "" || s.gap(last) == "'s " && s.is(last+2, eponymHead) || s.gap(last) == "'" && s.lower(last+1) == "s" && s.is(last+2, eponymHead)
	isGiven := t.class&given != 0 && t.class&place == 0
	if words == 1 && !hasInitial {
		switch {
		case head || u.quality != plainName:
			if u.quality == fresh && !head && s.personish(u, last) {
				return likely
			}
			if u.quality == fresh && !head && s.letters(u.first) >= 3 && !s.brand(u.first) && !strings.HasPrefix(s.gap(last), ":") &&
				(t.form == titleCase && (!s.begins(u.first) || !s.english(u.first)) || t.form == upperCase && s.caps && s.letters(u.first) >= 5 && !s.english(u.first)) {
				return possible // a new word in capitals is a name more often than not
			}
			if u.quality == maybeName && !head && t.class&(given|surname) != 0 && (t.class&(eponym|place|state) == 0 || s.surelyPerson(last)) && t.form == titleCase && s.strongPersonish(u, last) {
				return likely
			}
			return 0
		case t.form == upperCase && (s.letters(u.first) < 4 || t.class&place != 0):
			return 0
		case t.class&(place|state|eponym) != 0 && u.last == u.first:
			return 0
		case isGiven:
			return likely
		}
		return likely - 0.05
	}
	switch {
	case head && good == 0:
		return 0
	case comma && u.quality == plainName && words >= 2 && s.is(s.firstAfterComma(u, last), given):
		return sure
	case comma && good > 0 && words >= 2, comma && hasInitial && (good > 0 || freshes > 0):
		return likely
	case comma && s.is(last, given), comma && t.class&surname != 0 && freshes > 0 && t.form == s.toks[last].form:
		return likely
	case comma && freshes == words:
		return likely
	case comma:
		return 0
	case isGiven && good == words, isGiven && u.quality == plainName && hasInitial && good > 0:
		return sure
	case isGiven && u.quality == plainName:
		return sure - 0.1
	case good > 0 && good+freshes == words:
		return likely
	case hasInitial && good+freshes > 0:
		return likely
	case good > 0 && isGiven:
		return likely
	case good > 0:
		return likely - 0.05
	case freshes == words && words <= 3 && t.form == titleCase:
		return likely - 0.05
	case words == 2 && freshes == 1 && t.form == titleCase && s.toks[last].form == titleCase && !head && !s.brand(u.first) && (isGiven || u.quality == fresh && s.is(last, surname) && !s.is(last, place|state|facilityWord)):
		return possible
	case freshes == 1 && words == 2 && t.form == titleCase && s.quality(u.first) == fresh && s.is(last, surname) && s.toks[last].form == titleCase && !head && (s.strongPersonish(u, last) || s.is(u.first-1, kin|nameLabel)):
		return likely - 0.05
	case isGiven && words == 2 && t.form == titleCase && t.class&eponym == 0 && s.toks[last].class&(surname) != 0 && s.toks[last].class&eponym == 0 && !head:
		return likely - 0.05
	}
	return 0
}

// firstAfterComma returns the token behind unit u's comma.
func (s *scan) firstAfterComma(u unit, last int) int { return min(u.last+1, last) }

// personish says whether what follows or precedes a new word is what a person
// does or is.
func (s *scan) personish(u unit, last int) bool {
	if s.toks[u.first].form != titleCase || s.letters(u.first) < 3 {
		return false
	}
	return s.strongPersonish(u, last)
}

func (s *scan) strongPersonish(u unit, last int) bool {
	gap := s.gap(last)
	next := last + 1
	if gap == " " && next < len(s.toks) && s.toks[next].form == mixed && sexAndAge.MatchString(s.word(next)) {
		return true // "Smith 70F"
	}
	if gap == "'s " || gap == "’s " || (gap == "'" || gap == "’") && s.lower(next) == "s" && worksOf[s.lower(next+1)] {
		return true
	}
	if next >= len(s.toks) && len(s.toks) > 6 && u.first > 0 && (strings.HasSuffix(s.gap(u.first-1), ". ") || strings.HasSuffix(s.gap(u.first-1), "\n")) && s.is(u.first, surname) && strings.Trim(gap, " .\n") == "" {
		return true // the last word
	}
	if gap == " " && s.is(next, personVerb) && s.toks[next].form == lowerCase {
		return true
	}
	if gap == " " && !s.is(u.first, eponym) && (u.quality == fresh || !s.is(u.first, ordinary)) {
		switch s.lower(next) {
		case "from", "in", "at":
			if workplaces[s.lower(next+1)] {
				return true
			}
		case "is", "was":
			if w := s.lower(next + 1); (w == "a" || w == "an" || w == "in") && (next+2 < len(s.toks) && (s.toks[next+2].form == number || s.toks[next+2].form == mixed) || s.lower(next+2) == "good" || s.lower(next+2) == "no") {
				return true
			}
		}
	}
	if gap == " " && (s.lower(next) == "has" || s.lower(next) == "is" || s.lower(next) == "was" || s.lower(next) == "will") && doings[s.lower(next+1)] {
		return true
	}
	if gap == ", " || gap == " (" || gap == " " || gap == " @ " || gap == ": " {
		switch w := s.lower(next); {
		case w == "pgr", w == "pager", w == "beeper", w == "ext", w == "x", w == "cell", len(w) > 3 && w[0] == 'x' && isDigit(w[1]):
			return gap != ": " || u.quality == fresh
		}
	}
	// "Consuelo (daughter)", "Milena, his wife"
	if strings.Trim(gap, " ,(") == "" && strings.ContainsAny(gap, ",(") {
		for n := 0; n < 5 && next < len(s.toks); n++ {
			if s.is(next, kin) {
				return true
			}
			switch s.lower(next) {
			case "his", "her", "their", "the", "a", "patient", "s", "pt", "my", "our":
				next++
				continue
			}
			break
		}
	}
	// a line of its own, or behind a dash at the end
	line := u.first == 0 || strings.Contains(s.gap(u.first-1), "\n")
	if line && (last+1 >= len(s.toks) && len(s.toks) > 6 && u.quality == fresh || strings.HasPrefix(strings.TrimLeft(gap, " "), "\n") && u.quality == fresh && s.signOff(u.first)) {
		return true
	}
	before := ""
	if u.first > 0 {
		before = s.gap(u.first - 1)
	}
	if trimmed := strings.TrimSpace(before); (trimmed == "--" || trimmed == "-" && strings.HasPrefix(before, " ") || trimmed == "—" || trimmed == ". --" || trimmed == ". -" || trimmed == "~") && last+1 >= len(s.toks) {
		return true
	}
	// "| Hargreaves |"
	return strings.HasSuffix(strings.TrimRight(before, " "), "|") && strings.HasPrefix(strings.TrimLeft(gap, " "), "|") && u.quality == fresh
}

// workplaces follow "from", "in" or "at" behind a person.
var workplaces = wordSet("the admitting lab pt ot radiology billing scheduling registration pharmacy records icu ed triage reception transport dialysis housekeeping bedside")

// worksOf is what a reader's name stands before.
var worksOf = wordSet("read note notes interpretation recommendation recommendations office nurse request opinion report dictation clinic assistant pager patient exam assessment")

// brand says whether the word at token i has the form of a medicine's or a
// maker's name.
func (s *scan) brand(i int) bool {
	w := s.lower(i)
	for _, end := range drugEndings {
		if strings.HasSuffix(w, end) {
			return true
		}
	}
	inner := s.word(i)[1:]
	return strings.ToLower(inner) != inner && !strings.HasPrefix(w, "mc") && !strings.HasPrefix(w, "mac") && !s.joined(i)
}

// begins says whether a sentence, a line or an item begins with token i.
func (s *scan) begins(i int) bool {
	if i == 0 {
		return true
	}
	g := s.gap(i - 1)
	return strings.ContainsAny(g, "\n") || strings.ContainsAny(strings.TrimRight(g, " "), ".:;!?)*•") || strings.HasSuffix(g, "- ")
}

// english says whether the word at token i ends as English words do and few
// names.
func (s *scan) english(i int) bool {
	w := s.lower(i)
	for _, end := range englishEndings {
		if strings.HasSuffix(w, end) && len(w) > len(end)+2 {
			return true
		}
	}
	return false
}

var englishEndings = strings.Fields("ly ing ed tion sion ment ness ity able ible al ous ic ive ism ary ory ance ence ized ised ation less ful ward wards ship graph gram ular ated oid ine ase ide ate ium")

var drugEndings = strings.Fields("mab nib pril olol sartan statin azole mycin cillin cycline floxacin parin tidine prazole setron triptan gliptin gliflozin zepam zolam barbital caine dipine idone oxetine pam tinib vir vudine zosin thiazide cort sone solone phylline profen coxib itis osis emia oma ectomy otomy ostomy scopy graphy gram pathy plasty algia uria trophy plegia paresis")

// doings follow "has", "is", "was" or "will" where those speak of a person.
var doings = wordSet("done doing here seen told examined scanned admitted discharged advised counseled asked informed notified sedated intubated extubated evaluated treated transferred taken given started present return see call follow agreeable aware able unable feeling tolerating ambulating alert awake followed known referred instructed reassured accompanied retired married widowed divorced employed")

// surelyPerson says whether what follows token i is said of people alone.
func (s *scan) surelyPerson(i int) bool {
	gap, next := s.gap(i), i+1
	if next >= len(s.toks) {
		return false
	}
	if gap == " " && s.toks[next].form == mixed && sexAndAge.MatchString(s.word(next)) {
		return true
	}
	if (gap == " (" || gap == ", ") && s.is(next, kin) {
		return true
	}
	w := s.lower(next + 1)
	return gap == " " && doings[w] && w != "given" && w != "taken" && (s.lower(next) == "is" || s.lower(next) == "was" || s.lower(next) == "has" || s.lower(next) == "will")
}

// odd says whether token i is an ordinary word where a given name stands, with
// the surname behind it: "Attending: Fleur Combes".
func (s *scan) odd(i int) bool {
	if i+1 >= len(s.toks) || s.toks[i].form != titleCase || s.toks[i].class != ordinary || s.letters(i) < 3 || notNames[s.lower(i)] || s.gap(i) != " " {
		return false
	}
	j := i + 1
	if s.initial(j) && (s.gap(j) == ". " || s.gap(j) == " ") {
		j++
	}
	return s.capital(j) && s.unitAt(j).quality >= fresh
}

// signOff says whether the line before token i ends a letter.
func (s *scan) signOff(i int) bool {
	switch s.lower(i - 1) {
	case "regards", "sincerely", "thanks", "yours", "best", "wishes", "you":
		return true
	}
	return false
}

// smallName finds a whole name in small letters: "john smith".
func (s *scan) smallName(i int) (first, last int, score float32) {
	if s.quality(i) >= fresh && s.letters(i) >= 4 && (s.gap(i) == ", " || s.gap(i) == ",") && s.is(i+1, given) && s.quality(i+1) == plainName && s.toks[i+1].form == lowerCase && s.letters(i+1) >= 4 && !(i > 0 && s.joined(i-1)) {
		return i, i + 1, likely
	}
	if s.toks[i].class&given == 0 || s.quality(i) != plainName || i > 0 && s.joined(i-1) || s.letters(i) < 3 {
		return 0, 0, 0
	}
	if s.joined(i) {
		return 0, 0, 0
	}
	if s.gap(i) == " " && s.quality(i+1) == plainName && s.toks[i+1].class&surname != 0 && s.toks[i+1].form == lowerCase && s.letters(i+1) >= 3 {
		return i, i + 1, likely
	}
	if s.is(i+1, eponymHead) && s.gap(i) == " " {
		return 0, 0, 0
	}
	if j := i + 2; s.gap(i) == " " && s.letters(i) >= 4 && j < len(s.toks) && s.letters(i+1) == 1 && strings.Trim(s.gap(i+1), " .") == "" && s.quality(j) >= fresh && s.toks[j].form == lowerCase && s.letters(j) >= 4 {
		return i, s.unitAt(j).last, likely // "josephine s wolstenholme"
	}
	if s.gap(i) == " " && s.quality(i+1) == fresh && s.toks[i+1].form == lowerCase && s.letters(i+1) >= 5 && s.letters(i) >= 4 {
		return i, s.unitAt(i + 1).last, likely
	}
	if s.is(i, place|eponym) || s.letters(i) < 4 {
		return 0, 0, 0
	}
	return i, i, likely - 0.1
}

// companyWords follow the name of a company.
var companyWords = wordSet(`inc incorporated llc corp corporation company co ltd limited lp llp plc bank group partners capital trust holdings associates
	foundation technologies technology systems international industries services solutions pharmaceuticals laboratories labs enterprises
	ventures securities financial insurance energy resources networks communications media entertainment properties realty stores
	brands products motors airlines oil gas petroleum university hospital gmbh ag sa nv bv ab oyj kk agreement act rule method`)

// houses are companies that bear a whole name.
var houses = wordSet("morgan/stanley charles/schwab merrill/lynch dean/witter arthur/andersen price/waterhouse eli/lilly ernst/young smith/barney martin/marietta ralph/lauren calvin/klein tommy/hilfiger walt/disney kate/spade kenneth/cole jenny/craig mary/kay ruth/chris papa/john howard/johnson jack/daniel jim/beam johnny/rockets marie/callender sara/lee helen/curtis elizabeth/arden estee/lauder donna/karan michael/kors steve/madden vera/wang oscar/mayer orville/redenbacher uncle/ben grant/thornton baker/mckenzie hunter/douglas santa/clara")

// company says whether a name is a company's: "Arthur Andersen LLP", "Johnson
// & Johnson".
func (s *scan) company(first, last int) bool {
	if first < last && houses[s.lower(first)+"/"+s.lower(first+1)] {
		return true
	}
	if strings.Trim(s.gap(last), " ") == "&" || first > 0 && strings.Trim(s.gap(first-1), " ") == "&" {
		return true
	}
	for j := last; j < min(last+4, len(s.toks)-1); j++ {
		if g := s.gap(j); strings.Trim(g, " ,") != "" && !(g == ". " && s.initial(j)) {
			return false
		}
		if companyWords[s.lower(j+1)] && s.toks[j+1].form != lowerCase {
			return true
		}
		if !s.capital(j + 1) {
			return false
		}
	}
	return false
}

// beforeDegrees finds the names that end before "MD".
func (s *scan) beforeDegrees(out []span) []span {
	for i := 1; i < len(s.toks); i++ {
		t := s.toks[i]
		if t.class&degree == 0 || t.form == lowerCase {
			continue
		}
		gap := s.gap(i - 1)
		comma := strings.HasPrefix(gap, ",")
		if gap != " " && gap != ", " && gap != "," && gap != " , " && gap != ",\n" {
			if !(s.initial(i) || t.form == titleCase) {
				continue
			}
			continue
		}
		lower := s.lower(i)
		if !comma {
			switch lower {
			case "do", "pa", "pt", "ot", "ms", "od", "np", "rt", "iv", "ii", "iii", "jr", "sr", "pac", "cna", "fnp":
				if lower != "jr" && lower != "np" || t.form != upperCase && lower != "jr" {
					continue
				}
			}
		}
		first := i
		for n := 0; n < 4 && first > 0; n++ {
			j := first - 1
			for j > 0 && s.joined(j-1) {
				j--
			}
			u := s.unitAt(j)
			g := s.gap(first - 1)
			ok := first == i || g == " " || g == ". " && s.initial(j) || g == ", " && n == 1
			if !ok || !s.capital(j) || !(s.initial(j) || u.quality >= fresh || u.quality == maybeName && s.is(j, given|surname)) || s.is(j, sureTitle) {
				break
			}
			if g == ", " && first != i && !s.is(first, given) {
				break
			}
			first = j
		}
		if first == i || first == i-1 && s.initial(first) {
			continue
		}
		if u := s.unitAt(first); u.quality == maybeName && u.last == i-1 && (!comma || s.is(first, eponym)) && t.form != upperCase {
			continue
		}
		out = append(out, span{int(s.toks[first].start), s.end(i - 1), Name, sure})
	}
	return out
}

// again finds where the words of names come another time.
func (s *scan) again(out []span, taken cover, least float32) []span {
	words := map[string]bool{} // whether it may be written in any case
	for _, x := range out {
		if x.score < least {
			continue
		}
		for j := s.tokenAt(x.start); j < len(s.toks) && int(s.toks[j].start) < x.end; j++ {
			w := s.lower(j)
			if s.letters(j) < 3 || s.is(j, particle|degree|sureTitle|notPerson|month) || notNames[w] {
				continue
			}
			switch q := s.quality(j); {
			case q >= fresh && s.letters(j) >= 3:
				words[w] = words[w] || s.letters(j) >= 4
			case q == maybeName && x.score >= told && s.is(j, given|surname) && !s.is(j, place|state|stateCode) && s.letters(j) >= 4:
				words[w] = words[w] || false
			}
		}
	}
	if len(words) == 0 {
		return out
	}
	have := newCover(out)
	for i, t := range s.toks {
		if t.form == number || t.form == mixed {
			continue
		}
		w := s.lower(i)
		any, ok := words[w]
		if !ok || t.form == lowerCase && !any || have.overlaps(int(t.start), int(t.end)) || taken.overlaps(int(t.start), int(t.end)) {
			continue
		}
		if t.class&(ordinary|eponym) != 0 && (t.form != titleCase || s.is(i+1, eponymHead)) {
			continue
		}
		if s.company(i, i) {
			continue
		}
		out = append(out, span{int(t.start), int(t.end), Name, max(least, likely)})
	}
	return out
}

// tokenAt returns the token that begins at or after an offset.
func (s *scan) tokenAt(offset int) int {
	i, _ := slices.BinarySearchFunc(s.toks, offset, func(t token, o int) int { return int(t.start) - o })
	return i
}
