package legal

import (
	"adapt/label"
)

// openingFunctions find what stands in the opening of a contract: its title,
// parties and dates. Where in the contract a segment stands says as much as its
// words.
func openingFunctions() []label.Func {
	var out []label.Func
	add := func(category, name string, o label.Opinion, precision float64, holds func(*label.Segment) bool) {
		out = append(out, label.Func{Name: "legal/" + lower(category) + "/" + name, Category: category, Only: o, Precision: precision,
			Vote: func(s *label.Segment) label.Opinion {
				if holds(s) {
					return o
				}
				return label.Abstain
			}})
	}
	text := func(expr string) func(*label.Segment) bool {
		m := label.MustMatcher(expr)
		return func(s *label.Segment) bool { return m.Match(s.Text, s.Lower) }
	}
	words := func(expr string) func(*label.Segment) bool {
		m := label.MustMatcher(expr)
		return func(s *label.Segment) bool { return m.Match(s.Lower, s.Lower) }
	}
	within := func(n int, of func(*label.Segment) bool) func(*label.Segment) bool {
		return func(s *label.Segment) bool { return s.Index < n && of(s) }
	}
	beyond := func(n int) func(*label.Segment) bool {
		return func(s *label.Segment) bool { return s.Index >= n }
	}
	both := func(a, b func(*label.Segment) bool) func(*label.Segment) bool {
		return func(s *label.Segment) bool { return a(s) && b(s) }
	}

	const title = "Document Name"
	line := text(`^(?:EXHIBIT [\d.]+ )?[^a-z]{0,80}\b(?:AGREEMENT|CONTRACT|AMENDMENT|ADDENDUM|LEASE|LICENSE|PLAN|ENDORSEMENT)\b[^a-z]{0,60}$`)
	capitalized := text(`^(?:[A-Z][\w&,/-]* (?:(?:and|of|for|to|the) )?){1,8}(?:Agreement|Contract|Amendment|Addendum)$`)
	this := text(`(?:This|THIS) (?:[\w.&,/'’-]+ ){0,8}(?:Agreement|AGREEMENT|Contract|CONTRACT|Amendment|AMENDMENT|Addendum|ADDENDUM|Lease|LEASE)\b`)
	add(title, "line in capitals", label.For, 0.7, within(titleWithin, line))
	add(title, "line capitalized", label.For, 0.7, within(titleWithin, capitalized))
	add(title, "this agreement", label.For, 0.6, within(titleWithin, this))
	add(title, "first lines", label.For, 0.7, within(4, func(s *label.Segment) bool { return line(s) || capitalized(s) || this(s) }))
	add(title, "names itself", label.For, 0.7, within(titleWithin, text(`(?:This|THIS) (?:[\w.&,/'’-]+ ){1,8}(?:Agreement|AGREEMENT|Contract|CONTRACT|Amendment|AMENDMENT|Addendum|ADDENDUM|Lease|LEASE) \(`)))
	add(title, "of another", label.Against, 0.7, words(`pursuant to|as amended|defined in|table of contents|whereas|schedule [a-z]|appendix`))
	add(title, "sentence", label.Against, 0.6, text(`^[^(]{0,120}[.;:]$|^\(|\d{4}$`))

	const party = "Parties"
	between := words(`\b(?:between|among|by and|by:)\b.*(?:\(|\binc\b|corp|llc|l\.l\.c|ltd|company|limited|gmbh|individual)`)
	term := text(`\([^()]{0,60}["“ʺ][^"“”ʺ]{2,40}["”ʺ][^()]{0,30}\)`)
	entityText := func(s *label.Segment) bool { return entity.MatchString(s.Text) }
	add(party, "between", label.For, 0.8, within(partiesWithin, between))
	add(party, "defined term", label.For, 0.6, within(partiesWithin, both(term, words(`corporation|company|principal|organi[sz]ed|individual|partnership|address|offices?\b|inc\b|llc|ltd`))))
	add(party, "company and place", label.For, 0.6, within(partiesWithin, both(entityText, words(`corporation|company|organi[sz]ed|partnership|address|offices?\b|laws of|registered`))))
	add(party, "called together", label.For, 0.7, within(partiesWithin, words(`(?:individually|each|collectively|together|both|hereinafter).*["“]part(?:y|ies)["”]`)))
	add(party, "name alone", label.For, 0.5, within(12, func(s *label.Segment) bool { return len(s.Text) < 80 && entityText(s) }))
	add(party, "this agreement", label.For, 0.7, within(partiesWithin, both(this, entityText)))
	add(party, "other matters", label.Against, 0.8, words(`\bmeans?\b|pursuant to|as amended|whereas|filed|commission|exchange act|table of contents|confidential treatment`))
	add(party, "late", label.Against, 0.6, beyond(15))

	const signed = "Agreement Date"
	// Asked after what is quicker to say no.
	dated := func(s *label.Segment) bool { return len(dates(s.Text)) > 0 }
	add(signed, "made or dated", label.For, 0.7, within(partiesWithin, both(words(`\b(?:made|entered|dated|executed|day of)\b`), dated)))
	add(signed, "this agreement", label.For, 0.7, within(partiesWithin, both(this, dated)))
	add(signed, "as of", label.For, 0.6, within(partiesWithin, both(words(`\bas of\b`), dated)))
	add(signed, "line of a date", label.For, 0.5, within(partiesWithin, func(s *label.Segment) bool { return len(s.Text) < 60 && dated(s) }))
	add(signed, "signature", label.For, 0.4, func(s *label.Segment) bool {
		return 10*s.Index > 8*s.Count && dateLine.Match(s.Lower, s.Lower) && dated(s)
	})
	add(signed, "first", label.For, 0.6, within(8, dated))
	add(signed, "other dates", label.Against, 0.7, words(`terminat|expire|invoice|deliver|amended|exchange act|payment|prior to|through|whereas|filed|patent`))
	add(signed, "effective alone", label.Against, 0.4, words(`effective (?:as of|date|on)`))

	const effective = "Effective Date"
	add(effective, "effective as of", label.For, 0.7, within(effectiveWithin, both(words(`effective (?:as of|on|from|date)|commenc(?:e|ing) (?:on|as of)`), dated)))
	add(effective, "defined", label.For, 0.7, within(effectiveWithin, both(words(`["“'](?:effective|commencement) date["”']`), dated)))
	add(effective, "as of", label.For, 0.5, within(effectiveWithin, both(words(`\bas of\b`), dated)))
	add(effective, "means", label.For, 0.7, words(`(?:effective|commencement) date["”]? ?(?:means|shall (?:be|mean)|is\b|:)|(?:become|be|becomes) effective (?:on|as of|upon|when)|effective (?:upon|as of) the (?:date|later|execution)`))
	add(effective, "commences", label.For, 0.5, words(`(?:agreement|term|contract) .{0,60}(?:commence|begin|take effect|effective)s? (?:on|as of|upon|effective)`))
	add(effective, "opening", label.For, 0.5, within(8, both(this, dated)))
	add(effective, "other dates", label.Against, 0.7, words(`terminat|expir|patent|amended by|payment|whereas|registration|filed`))
	add(effective, "late", label.Against, 0.6, beyond(40))
	return out
}

// dateLine is a line of a signature block.
var dateLine = label.MustMatcher(`\bdated?\b|day of|executed`)

const (
	// titleWithin and partiesWithin are how many segments from the start titles
	// and parties are looked for, effectiveWithin the date when it takes effect.
	titleWithin     = 30
	partiesWithin   = 40
	effectiveWithin = 120
)

// limitOpening keeps what a contract has few of: the likeliest of its titles,
// of the segments that name its parties, and of its dates.
func limitOpening(probs []map[int]float64) {
	for category, most := range map[string]int{"Document Name": 2, "Parties": 6, "Agreement Date": 1, "Effective Date": 1, "Expiration Date": 3} {
		keepLikeliest(probs, byName[category], most)
	}
}

// keepLikeliest keeps the most segments that are likeliest to show a category,
// the first of equals.
func keepLikeliest(probs []map[int]float64, c, most int) {
	for range len(probs) {
		worst, count := -1, 0
		for i, p := range probs {
			q, ok := p[c]
			if !ok {
				continue
			}
			count++
			if worst < 0 || q <= probs[worst][c] {
				worst = i
			}
		}
		if count <= most {
			return
		}
		delete(probs[worst], c)
	}
}
