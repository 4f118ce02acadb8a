package eval

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean makes text from documents and models safe to look at: invalid bytes
// and invisible characters that reorder or hide text (bidirectional controls,
// zero-width characters) become U+FFFD, so that what is read is what is there.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case r == '\r':
			return '\n'
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r) && r != '\u00ad':
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(strings.ReplaceAll(s, "\r\n", "\n"), "\uFFFD"))
}

// clip cuts s after about max bytes, between characters, and says so.
func clip(s string, max int) string {
	if len(s) <= max {
		return s
	}
	end := max
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return fmt.Sprintf("%s … (%s characters more)", s[:end], thousands(utf8.RuneCountInString(s[end:])))
}

// cleaned returns the report with every text that is shown cleaned. Summaries
// are shared: their category names are cleaned where they are shown.
func cleaned(r Report) Report {
	for _, s := range []*string{&r.Title, &r.Domain, &r.RunID, &r.Data.Leakage, &r.Training.StopReason,
		&r.Candidate.Name, &r.Candidate.SHA256, &r.Candidate.Kind, &r.Champion.Name, &r.Champion.SHA256, &r.Champion.Kind} {
		*s = clean(*s)
	}
	r.Notes = slices.Clone(r.Notes)
	for i := range r.Notes {
		r.Notes[i] = clean(r.Notes[i])
	}
	r.Settings, r.Lineage = cleanValues(r.Settings), cleanValues(r.Lineage)
	for _, c := range []*[]NameCount{&r.Data.Quarantined, &r.Data.Skipped, &r.Data.Labels, &r.Data.Origins, &r.Data.Removed} {
		*c = slices.Clone(*c)
		for i := range *c {
			(*c)[i].Name = clean((*c)[i].Name)
		}
	}
	r.Data.Splits = slices.Clone(r.Data.Splits)
	for i := range r.Data.Splits {
		r.Data.Splits[i].Name = clean(r.Data.Splits[i].Name)
	}
	r.Verdict.Reasons = slices.Clone(r.Verdict.Reasons)
	for i := range r.Verdict.Reasons {
		r.Verdict.Reasons[i].Sentence = clean(r.Verdict.Reasons[i].Sentence)
	}
	r.Baselines = slices.Clone(r.Baselines)
	for i := range r.Baselines {
		r.Baselines[i].Name = clean(r.Baselines[i].Name)
	}
	r.Worst = slices.Clone(r.Worst)
	for i := range r.Worst {
		e := &r.Worst[i]
		for _, s := range []*string{&e.DocID, &e.Key, &e.Reference, &e.Candidate, &e.Champion} {
			*s = clean(*s)
		}
		e.Claims, e.ChampionClaims = cleanClaims(e.Claims), cleanClaims(e.ChampionClaims)
	}
	return r
}

func cleanValues(values []NameValue) []NameValue {
	values = slices.Clone(values)
	for i := range values {
		values[i] = NameValue{clean(values[i].Name), clean(values[i].Value)}
	}
	return values
}

func cleanClaims(claims []Claim) []Claim {
	claims = slices.Clone(claims)
	for i := range claims {
		c := &claims[i]
		c.Kind, c.Category, c.Text = clean(c.Kind), clean(c.Category), clean(c.Text)
	}
	return claims
}
