package deid

import (
	"regexp"
	"strings"
)

// strongHeads make a facility of any capitalized words before them; the other
// heads need a word of its own among those.
var strongHeads = wordSet("hospital hosp infirmary clinic hospice sanatorium manor pharmacy dialysis academy university college school midwives")

// weakHeads make a facility of two capitalized words of their own before them.
var weakHeads = wordSet("imaging radiology medicine associates center centre rehab orthopedics pediatrics school home homes residence lodge institute")

// headPairs are two words that make a facility together.
var headPairs = wordSet("county/general birth/center medical/center medical/centre medical/group nursing/home health/center health/system health/centre surgical/center surgery/center imaging/center urgent/care family/medicine home/health rehabilitation/center rehab/center cancer/center eye/associates health/care care/center assisted/living high/school middle/school elementary/school junior/high family/practice dialysis/center health/network heart/institute cancer/institute medical/associates radiology/associates imaging/associates primary/care")

// plainClinics stand before "Clinic" and make no name with it.
var plainClinics = wordSet(`breast fracture memory coumadin anticoagulation diabetes diabetic sleep wound pain allergy dental eye hand spine sports transplant travel vein
	weight wellness asthma orthopedic ortho neurology cardiology gi gyn ob ent pulmonary renal nephrology urology oncology hematology rheumatology
	dermatology derm surgery surgical device pacemaker prenatal pediatric peds follow-up continuity resident residents walk-in stone liver hepatology
	epilepsy stroke headache movement infusion infectious flu covid vaccine foot podiatry optometry ophthalmology psychiatry methadone
	clinic hospital interventional nuclear diagnostic chest department outside local prior previous current discharge referring sending receiving
	retail specialty compounding mail chief neuro body msk ir vascular trauma acute chronic teaching tertiary field base`)

// beforeFacility are words that stand before a facility and are no part of it.
var beforeFacility = wordSet("the a an at to from in by with for via per is was or her his their our your my this that any each every outside local prior previous referring sending receiving transfer transferred admitted discharged seen via")

var (
	wardPattern  = regexp.MustCompile(`^(?i:ward|unit|floor|room|rm|bed|bay|pod|wing|suite|flr|cubicle)(?:[ \t]*#|[ \t]*:|\.)?[ \t]+(\d{1,4}(?:-?[A-Za-z](?:-?\d{1,3})?|-\d{1,3})?|[A-Z]-?\d{1,4}[A-Z]?|\d{1,2}[ \t]+(?:North|South|East|West|NORTH|SOUTH|EAST|WEST))\b`)
	crewPattern  = regexp.MustCompile(`^(?:Medic|Engine|Ladder|Rescue|Squad|LifeStar|LifeFlight|AirEvac|Ambulance|MEDIC|ENGINE|RESCUE)[ \t]+\d{1,4}\b`)
	floorPattern = regexp.MustCompile(`^\d{1,2}[ \t]+(?:North|South|East|West|Tower|NORTH|SOUTH|EAST|WEST|TOWER|north|south|east|west|tower)\b`)
	bedPattern   = regexp.MustCompile(`^\d{1,2}[A-CE-Z]\b`)
)

// facilities finds hospitals, clinics, schools and wards by their names.
func (s *scan) facilities(spans []span) []span {
	for i := 0; i < len(s.toks); i++ {
		t := s.toks[i]
		switch {
		case t.class&facilityHead != 0 && (t.form == titleCase || t.form == upperCase):
			if x, ok := s.facilityEnding(i); ok {
				spans = append(spans, x)
			}
		case t.form == number || t.form == mixed:
			spans = s.floorAt(i, spans)
		}
		if t.class&wardWord != 0 {
			for _, p := range []*regexp.Regexp{wardPattern, crewPattern} {
				at := int(t.start)
				if m := p.FindStringSubmatchIndex(s.text[at:windowEnd(s.text, at)]); m != nil {
					start, end := at+m[0], at+m[1]
					if len(m) > 2 {
						start, end = at+m[2], at+m[3]
					}
					if next := s.tokenAt(end); alone(s.text, start, end) && notInNumber(s.text, start, end) && !s.isExam(next, end+4) {
						spans = append(spans, span{start, end, Facility, likely})
					}
				}
			}
		}
		if t.class&facilityHead != 0 && t.form == lowerCase {
			if x, ok := s.smallFacility(i); ok {
				spans = append(spans, x)
			}
		}
		if x, ok := s.saintAt(i); ok {
			spans = append(spans, x)
		}
	}
	return spans
}

// floorAt finds "4 North", and "6B" behind a word of places.
func (s *scan) floorAt(i int, spans []span) []span {
	at := int(s.toks[i].start)
	rest := s.text[at:windowEnd(s.text, at)]
	var m []int
	switch s.lower(i - 1) {
	case "on", "to", "from", "of", "unit", "floor", "ward", "bed", "nurse", "nurses":
		if m = floorPattern.FindStringIndex(rest); m == nil {
			m = bedPattern.FindStringIndex(rest)
		}
	default:
		if f := floorPattern.FindStringIndex(rest); f != nil && isUpper(strings.TrimLeft(rest[:f[1]], digits+" \t")) {
			if end := s.tokenEnding(i, at+f[1]); end+1 >= len(s.toks) || !blank(s.gap(end)) || s.toks[end+1].form == lowerCase {
				m = f
			}
		}
	}
	if m == nil && i > 0 && strings.ContainsAny(s.gap(i-1), "/|") && strings.TrimLeft(s.gap(i), " ") != "" && strings.IndexByte("\n|", strings.TrimLeft(s.gap(i), " ")[0]) >= 0 {
		m = bedPattern.FindStringIndex(rest) // "… / 6B" at the end of a line
	}
	if m == nil && i > 0 && s.gap(i-1) == ", " && s.is(i-1, facilityHead) && s.capital(i-1) {
		m = bedPattern.FindStringIndex(rest)
	}
	if m == nil || !alone(s.text, at, at+m[1]) || !notInNumber(s.text, at, at+m[1]) {
		return spans
	}
	return append(spans, span{at, at + m[1], Facility, likely})
}

// facilityEnding reads the name of a facility of which token i is a head:
// capitalized words to the left, and what belongs to it to the right.
func (s *scan) facilityEnding(i int) (span, bool) {
	form := s.toks[i].form
	// to the right
	last := i
	for last+1 < len(s.toks) && blank(s.gap(last)) && s.toks[last+1].form == form && facilityTails[s.lower(last+1)] {
		last++
	}
	head := s.lower(i)
	if i > 0 && s.is(i-1, facilityHead) && s.toks[i-1].form == form && blank(s.gap(i-1)) && facilityTails[head] {
		return span{}, false // the head before has taken this one
	}
	strong := strongHeads[head]
	for j := i; j < last; j++ {
		strong = strong || headPairs[s.lower(j)+"/"+s.lower(j+1)] || strongHeads[s.lower(j+1)]
	}
	if i > 0 && blank(s.gap(i-1)) {
		strong = strong || headPairs[s.lower(i-1)+"/"+head]
	}
	// to the left
	first, own, capitals, words := i, false, 0, 0
	for j := i - 1; j >= 0; j-- {
		gap, w := s.gap(j), s.toks[j]
		lower := s.lower(j)
		switch {
		case gap == "'" || gap == "’" || gap == "'s " || gap == "’s ":
		case gap == ". " && (lower == "st" || lower == "mt" || lower == "ft" || s.letters(j) == 1 || lower == "univ"):
		case gap == " " || gap == "-" || gap == " & ":
		default:
			j = -1
			continue
		}
		if w.form == lowerCase && (lower == "of" || lower == "and" || lower == "s") && j > 0 && s.toks[j-1].form == form && (s.gap(j-1) == " " || s.gap(j-1) == "'" || s.gap(j-1) == "’") && !plainClinics[s.lower(j-1)] && (lower == "s" || s.is(j-1, facilityHead|facilityWord)) {
			continue
		}
		if form == upperCase && lower == "s" {
			continue
		}
		if w.form != form && !(w.form == titleCase && form == upperCase && s.letters(j) == 1) && !(w.form == upperCase && form == titleCase && w.class&facilityWord != 0) || beforeFacility[lower] || stopWords[lower] && lower != "of" && lower != "and" || w.class&(sureTitle|month) != 0 && lower != "st" || capitals >= 4 {
			break
		}
		capitals++
		first = j
		if w.class&facilityWord == 0 && !plainClinics[lower] || lower == "university" || lower == "univ" || lower == "va" || lower == "vamc" || lower == "county" && j < i {
			plain := w.class&ordinary != 0 && w.class&(given|surname|place) == 0 && !strong
			own = own || !plain
			if plain {
				words++
			}
		}
	}
	if own && capitals > 0 && (strong || s.properName(first, i)) || words >= 2 && form == titleCase && weakHeads[head] {
		last = s.ofPlace(last)
		return span{int(s.toks[first].start), int(s.toks[last].end), Facility, likely}, true
	}
	// "Hospital of Saint Raphael", "University of Wexbury"
	if l := s.ofPlace(last); l > last && strong {
		return span{int(s.toks[first].start), int(s.toks[l].end), Facility, likely}, true
	}
	return span{}, false
}

// smallFacility reads "holy redeemer hospital" behind a word of places.
func (s *scan) smallFacility(i int) (span, bool) {
	first, own := i, false
	for j := i - 1; j >= 0 && i-j <= 4; j-- {
		if s.gap(j) != " " || s.toks[j].form != lowerCase {
			return span{}, false
		}
		switch w := s.lower(j); {
		case w == "from" || w == "at" || w == "to" || w == "of":
			strong := strongHeads[s.lower(i)] || headPairs[s.lower(i-1)+"/"+s.lower(i)] || headPairs[s.lower(i)+"/"+s.lower(i+1)]
			if !own || !strong || s.lower(i) == "school" || s.lower(i) == "clinic" || s.lower(i) == "pharmacy" || s.lower(i) == "college" {
				return span{}, false
			}
			last := i
			if headPairs[s.lower(i)+"/"+s.lower(i+1)] && s.gap(i) == " " {
				last++
			}
			return span{int(s.toks[first].start), int(s.toks[last].end), Facility, possible}, true
		case stopWords[w] || beforeFacility[w] || plainClinics[w] || s.toks[j].class&(personVerb|byVerb|acronym) != 0:
			return span{}, false
		default:
			first = j
			own = own || s.toks[j].class&facilityWord == 0
		}
	}
	return span{}, false
}

// properName says whether one of tokens first to i-1 is no ordinary word.
func (s *scan) properName(first, i int) bool {
	for j := first; j < i; j++ {
		if w := s.toks[j]; w.class&(facilityWord|eponym) == 0 && (w.class&acronym == 0 || w.form == titleCase) && (!w.listed || w.class&(place|surname|given) != 0 || w.class&townPrefix != 0) {
			return true
		}
	}
	return false
}

// ofPlace takes "of Ambrose" to a facility that ends at token i.
func (s *scan) ofPlace(i int) int {
	if i+2 < len(s.toks) && s.lower(i+1) == "of" && blanks(s.gap(i)) && blanks(s.gap(i+1)) && s.toks[i+2].form == s.toks[i].form && s.toks[i+2].class&(ordinary|acronym) == 0 {
		i += 2
		if i+1 < len(s.toks) && s.gap(i) == " " && s.toks[i+1].form == s.toks[i].form && s.toks[i+1].class&(ordinary|acronym|stateCode) == 0 {
			i++
		}
	}
	return i
}

// saintAt finds "St. Mary's" and "Our Lady of Lourdes" without a head.
func (s *scan) saintAt(i int) (span, bool) {
	t := s.toks[i]
	if t.form != titleCase && t.form != upperCase || i+1 >= len(s.toks) {
		return span{}, false
	}
	switch s.lower(i) {
	case "st", "saint", "ste":
		if g := s.gap(i); (g == " " || g == ". ") && i+2 < len(s.toks) && s.toks[i+1].form == t.form && s.lower(i+2) == "s" && s.joined(i+1) ||
			g == ". " && i+2 < len(s.toks) && s.toks[i+1].form == titleCase && s.lower(i+2) == "s" && s.joined(i+1) {
			return span{int(t.start), int(s.toks[i+2].end), Facility, likely}, true
		}
	case "kaiser", "mayo", "baylor", "geisinger", "vamc", "intermountain":
		last := i
		if s.gap(i) == " " && s.capital(i+1) && s.toks[i+1].class&(ordinary|acronym) == 0 || s.gap(i) == " " && s.is(i+1, facilityHead) && s.capital(i+1) {
			last = i + 1
		}
		return span{int(t.start), int(s.toks[last].end), Facility, likely}, true
	case "mount", "mt":
		if g := s.gap(i); (g == " " || g == ". ") && s.capital(i+1) && s.lower(i+2) == "of" && s.gap(i+1) == " " && s.gap(i+2) == " " && i+3 < len(s.toks) && s.capital(i+3) || s.lower(i+1) == "sinai" {
			last := i + 1
			if s.lower(i+2) == "of" && s.capital(i+3) {
				last = i + 3
			}
			return span{int(t.start), int(s.toks[last].end), Facility, likely}, true
		}
	case "our":
		if s.lower(i+1) == "lady" && s.lower(i+2) == "of" && i+3 < len(s.toks) && s.toks[i+3].form == t.form {
			last := i + 3
			if s.lower(last) == "the" && last+1 < len(s.toks) {
				last++
			}
			return span{int(t.start), int(s.toks[last].end), Facility, likely}, true
		}
	case "univ", "university", "hosp":
		if g := s.gap(i); strings.Trim(g, " .") == "" && s.lower(i+1) == "of" && i+2 < len(s.toks) && s.toks[i+2].form == t.form {
			last := i + 2
			for last+1 < len(s.toks) && s.gap(last) == " " && s.toks[last+1].form == t.form && s.toks[last+1].class&(place|facilityHead|facilityWord|state) != 0 {
				last++
			}
			return span{int(t.start), int(s.toks[last].end), Facility, likely}, true
		}
	}
	return span{}, false
}
