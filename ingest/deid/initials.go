package deid

import (
	"regexp"
	"strings"
)

// initialsLead stand before a person's initials.
var initialsLead = wordSet("by per tech technologist technician read reader witness initials int dictated transcribed typed scored entered verified witnessed signed resident attending rn tr dict sonographer obtained gross grossed")

var (
	slashInitials  = regexp.MustCompile(`^[A-Za-z]{2,3}[/:][A-Za-z]{2,3}(?:[ \t]*(?:\n|$))`)
	sexAndAge      = regexp.MustCompile(`^\d{1,3}[MFmf]$`)
	dottedInitials = regexp.MustCompile(`^(?:[A-Z]\.[A-Z]\.(?:[A-Z]\.)?|[a-z]\.[a-z]\.)`)
)

// neverInitials are letters with full stops that are no person's.
var neverInitials = wordSet("u.s. u.k. m.d. d.o. p.o. a.m. p.m. i.v. i.m. s.c. r.n. n.p. p.a. b.i. t.i. q.i. q.d. d.c. n.y. l.a. i.e. e.g. d.d. n.a. s.a. n.v. b.v. u.n. e.u. c.v. h.s. o.d. o.s. o.u. a.c. p.c. l.p. v.p. c.o. m.r. p.t. r.t. c.t. t.b. b.p. h.r. d.o.b. s.s.n. m.r.n.")

// initials finds the letters that stand for whoever read, typed or did
// something.
func (s *scan) initials(out []span) []span {
	for i, t := range s.toks {
		if t.class&sureTitle != 0 || t.class&(given|surname) == 0 && notNames[s.lower(i)] && t.end-t.start > 1 {
			continue
		}
		n := t.end - t.start
		if n > 3 || t.form == number || t.form == mixed {
			continue
		}
		at := int(t.start)
		rest := s.text[at:windowEnd(s.text, at)]
		switch {
		case n == 1:
			m := dottedInitials.FindString(rest)
			if m == "" || t.form == lowerCase && !s.typedBy(i) || neverInitials[strings.ToLower(m[:4])] && !s.typedBy(i) || i > 0 && (s.joined(i-1) || s.gap(i-1) == ".") || !s.initialsHere(i, at+len(m)) {
				continue
			}
			out = append(out, span{at, at + len(m), Name, likely})
		case n >= 2 && t.form == upperCase && (t.class&(acronym|degree) == 0 || s.typedBy(i) && !modalities[s.lower(i)]):
			if i == 0 {
				continue
			}
			gap := s.gap(i - 1)
			plain := blank(gap) || strings.Trim(gap, " \t:") == "" && strings.Contains(gap, ":")
			signed := strings.HasSuffix(strings.TrimRight(gap, " "), "-") && (i+1 == len(s.toks) || strings.HasPrefix(strings.TrimLeft(s.gap(i), " ."), "\n"))
			last := i+1 == len(s.toks) && strings.ContainsAny(gap, ".\n") && len(s.toks) > 6
			if plain && initialsLead[s.lower(i-1)] && !(s.is(i+1, eponymHead) && blank(s.gap(i))) && (s.typedBy(i) || i+1 >= len(s.toks) || !blank(s.gap(i)) || s.toks[i+1].form != upperCase) || signed || last {
				out = append(out, span{at, int(t.end), Name, likely})
			}
		case n >= 2 && t.form != titleCase:
			if s.typedBy(i) && t.form == lowerCase && t.class&acronym == 0 && strings.Trim(s.gap(i-1), " :") == "" && t.class&ordinary == 0 {
				out = append(out, span{at, int(t.end), Name, likely})
				continue
			}
			if i > 0 && slashInitials.MatchString(rest) && i+1 < len(s.toks) && strings.IndexByte(" \t\n", s.text[at-1]) >= 0 && t.class&ordinary == 0 && s.toks[i+1].class&ordinary == 0 && t.class&acronym == 0 {
				out = append(out, span{at, int(t.end), Name, likely}, span{int(s.toks[i+1].start), int(s.toks[i+1].end), Name, likely})
			} else if i > 0 && i+1 == len(s.toks) && strings.HasSuffix(s.gap(i-1), "-") && len(s.toks) > 6 && t.class&ordinary == 0 {
				out = append(out, span{at, int(t.end), Name, likely})
			}
		}
	}
	return out
}

// modalities may follow "by" and are no initials.
var modalities = wordSet("ct mr mri us pet xr ekg ecg eeg er ed icu iv im po pcp rn md np pa ems pt ot rt ob gi ent cpap usa fda cdc")

// typedBy says whether token i stands where whoever dictated or typed does.
func (s *scan) typedBy(i int) bool {
	if i >= 1 && strings.Trim(s.gap(i-1), " \t:") != "" {
		return false
	}
	switch s.lower(i - 1) {
	case "by":
		switch s.lower(i - 2) {
		case "transcribed", "dictated", "typed", "read", "witnessed", "entered", "obtained", "signed", "verified", "gross", "done", "performed", "reviewed":
			return true
		}
	case "tech", "technologist", "transcriptionist", "typist", "sonographer":
		return true
	}
	return false
}

// initialsHere says whether letters with full stops stand where a person
// would.
func (s *scan) initialsHere(i, end int) bool {
	if i == 0 {
		return true
	}
	if initialsLead[s.lower(i-1)] || s.is(i-1, byVerb|kin|nameLabel) || s.lower(i-1) == "with" || s.lower(i-1) == "to" || s.lower(i-1) == "from" {
		return true
	}
	if n := s.tokenAt(end); n < len(s.toks) && s.toks[n].form == mixed && sexAndAge.MatchString(s.word(n)) {
		return true
	}
	return strings.Contains(s.gap(i-1), "\n") || end >= len(s.text)-1
}

// handles finds the names by which people log in.
func (s *scan) handles(out []span) []span {
	for i := 0; i+1 < len(s.toks); i++ {
		switch s.lower(i) {
		case "user", "username", "login", "userid", "uid", "logon":
			g := strings.Trim(s.gap(i), " ")
			if (g == ":" || g == "=" || g == `="`) && s.toks[i+1].class&ordinary == 0 && s.letters(i+1) >= 3 {
				end := i + 1
				for end+1 < len(s.toks) && (s.gap(end) == "." || s.gap(end) == "_" || s.gap(end) == "-") {
					end++
				}
				out = append(out, span{int(s.toks[i+1].start), int(s.toks[end].end), Name, likely})
			}
		}
	}
	return out
}

// agesAfter finds ages over 89 behind a name: "Lo Presti, 102, comfort care".
func (s *scan) agesAfter(names []span) []span {
	var out []span
	for _, x := range names {
		i := s.tokenAt(x.end)
		if i >= len(s.toks) {
			continue
		}
		gap := s.text[x.end:s.toks[i].start]
		if strings.Trim(gap, " ,(") != "" || gap == "" || gap == " " {
			continue
		}
		t := s.toks[i]
		w := s.lower(i)
		switch {
		case t.form == number && (len(w) == 2 && w[0] == '9' || len(w) == 3 && w[0] == '1' && w[1] <= '2') && notInNumber(s.text, int(t.start), int(t.end)):
			out = append(out, span{int(t.start), int(t.end), Age, likely})
		case w == "ninety":
			end := t.end
			if s.joined(i) && s.is(i+1, numberWord) {
				end = s.toks[i+1].end
			}
			out = append(out, span{int(t.start), int(end), Age, likely})
		}
	}
	return out
}
