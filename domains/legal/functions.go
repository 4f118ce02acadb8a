package legal

import (
	"strings"
	"sync"

	"adapt/label"
)

// A subject is how a category is recognized: by labeling functions on a segment
// in lower case, with white space as single blanks.
type subject struct {
	category string
	// under matches the headings that such clauses stand under.
	under string
	// For and against the category, each a function: its name, and what it looks
	// for. Segments are short, so that ".*" stays in a sentence.
	votes []vote
}

type vote struct {
	name    string
	opinion label.Opinion
	expr    string
}

func yes(name, expr string) vote { return vote{name, label.For, expr} }
func no(name, expr string) vote  { return vote{name, label.Against, expr} }

// panel holds the labeling functions.
var panel = sync.OnceValue(func() *label.Panel {
	p, err := label.NewPanel(functions())
	if err != nil {
		panic(err) // a name is there twice
	}
	return p
})

// functions makes the labeling functions of every subject: what it says itself,
// its headings, whether a segment goes on with a sentence that a function voted
// for, and what speaks against any category.
func functions() []label.Func {
	out := openingFunctions()
	for _, s := range subjects() {
		name := func(what string) string { return "legal/" + lower(s.category) + "/" + what }
		var own []*label.Matcher
		for _, v := range s.votes {
			m := label.MustMatcher(v.expr)
			out = append(out, label.Func{Name: name(v.name), Category: s.category, Only: v.opinion, Needs: m.Needs(), Vote: says(m, v.opinion)})
			if v.opinion == label.For {
				own = append(own, m)
			}
		}
		if s.under != "" {
			out = append(out, label.Func{Name: name("heading"), Category: s.category, Only: label.For, Precision: 0.4, Vote: standsUnder(label.MustMatcher(s.under))})
		}
		out = append(out, label.Func{Name: name("goes on"), Category: s.category, Only: label.For, Precision: 0.5, Vote: goesOn(own)})
		for what, speaks := range map[string]func(*label.Segment) bool{"definition": isDefinition, "bare heading": isBareHeading, "table of contents": isContents, "recital": isRecital} {
			out = append(out, label.Func{Name: name("not a " + what), Category: s.category, Only: label.Against, Precision: 0.8, Vote: objects(speaks)})
		}
	}
	return out
}

func subjects() []subject {
	var all []subject
	for _, list := range [][]subject{termSubjects, restrictionSubjects, moneySubjects, propertySubjects, liabilitySubjects} {
		all = append(all, list...)
	}
	return all
}

func says(m *label.Matcher, o label.Opinion) func(*label.Segment) label.Opinion {
	return func(s *label.Segment) label.Opinion {
		if m.Match(s.Lower, s.Lower) {
			return o
		}
		return label.Abstain
	}
}

func standsUnder(m *label.Matcher) func(*label.Segment) label.Opinion {
	return func(s *label.Segment) label.Opinion {
		for _, h := range s.Headings {
			if m.Match(h, h) {
				return label.For
			}
		}
		return label.Abstain
	}
}

// goesOn votes for a segment that goes on with the sentence of the one before,
// when that one was about the category.
func goesOn(own []*label.Matcher) func(*label.Segment) label.Opinion {
	return func(s *label.Segment) label.Opinion {
		b := s.Before
		if b == nil || b.Text == "" || s.Text == "" || strings.ContainsRune(".?!", rune(b.Text[len(b.Text)-1])) || s.Text[0] != s.Lower[0] {
			return label.Abstain
		}
		for _, m := range own {
			if m.Match(b.Lower, b.Lower) {
				return label.For
			}
		}
		return label.Abstain
	}
}

func objects(speaks func(*label.Segment) bool) func(*label.Segment) label.Opinion {
	return func(s *label.Segment) label.Opinion {
		if speaks(s) {
			return label.Against
		}
		return label.Abstain
	}
}

var (
	definition = label.MustMatcher(`^(?:[\d.]+ |\([a-z]\) )?["“][^"”]{2,70}["”],? (?:means|shall mean|has the meaning|have the meaning|shall have the meaning|refers|is defined)|(?:has|have|shall have) the meanings? (?:set forth|assigned|given|ascribed|specified)`)
	contents   = label.MustMatcher(`(?:\.{4,}|(?:\. ){4,}) ?\d*|(?:\d+(?:\.\d+)* [a-z][^.]{4,60} \d+ ?){2,}|^(?:article|section) [\divx.]+ [^.]{3,60} \d{1,3}$`)
	recital    = label.MustMatcher(`^(?:\(?[a-z]\)?[.)]? )?whereas\b`)
)

func isDefinition(s *label.Segment) bool { return definition.Match(s.Lower, s.Lower) }
func isContents(s *label.Segment) bool   { return contents.Match(s.Lower, s.Lower) }
func isRecital(s *label.Segment) bool    { return recital.Match(s.Lower, s.Lower) }

// isBareHeading reports whether a segment is a heading and no more.
func isBareHeading(s *label.Segment) bool {
	if len(s.Text) > longestLead+20 {
		return false
	}
	t := s.Text
	if m := number.FindString(t); m != "" {
		t = strings.TrimSpace(t[len(m):])
	}
	_, ok := wholeHeading(t)
	return ok || t == ""
}

func lower(s string) string { return strings.ToLower(s) }
