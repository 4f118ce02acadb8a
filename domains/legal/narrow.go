package legal

import (
	"regexp"
	"strings"
)

// narrow returns the values of a category in a segment of text, in order. A
// segment in which no value is recognized is its own value.
func narrow(c category, text string, seg span) []span {
	if c.value == nil {
		return []span{seg}
	}
	values := c.value(seg.of(text))
	if len(values) == 0 {
		return []span{seg}
	}
	for i := range values {
		values[i] = trim(text, values[i].shift(seg.start))
	}
	return values
}

const (
	month = `(?:January|February|March|April|May|June|July|August|September|October|November|December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|JANUARY|FEBRUARY|MARCH|APRIL|MAY|JUNE|JULY|AUGUST|SEPTEMBER|OCTOBER|NOVEMBER|DECEMBER)\b\.?`
	day   = `(?:\d{1,2}\s*(?:st|nd|rd|th|ST|ND|RD|TH)?|_{2,}|\[[^\]]{0,8}\])`
	year  = `(?:(?:19|20)\d\d|(?:19|20)_+|_{3,})`
)

// dateForms are the forms in which contracts write dates, the longest first.
var dateForms = regexp.MustCompile(
	`(?:` + day + `\s+(?:day\s+of\s+)?` + month + `\s*,?\s*` + year + `)` + // 7th day of September, 1999
		`|(?:` + month + `\s+` + day + `\s*,?\s*` + year + `)` + // September 7, 1999
		`|(?:` + month + `\s*,?\s+` + year + `)` + // September 1999
		`|(?:\b\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d{2})\b)` + // 9/7/99
		`|(?:\b\d{4}-\d{2}-\d{2}\b)` + // 1999-09-07
		`|(?:` + day + `\s+day\s+of\s+[_\w]+\s*,?\s*` + year + `)`) // ____ day of ____, 2015

// dates returns the first date of a segment.
func dates(s string) []span {
	if m := dateForms.FindStringIndex(s); m != nil {
		return []span{{m[0], m[1]}}
	}
	return nil
}

// kind is a word that names a kind of contract.
const kind = `(?i:agreement|contract|amendment|addendum|lease|license|plan|warrant|note|policy|statement|memorandum of understanding|letter of intent|undertaking|deed|charter)`

var (
	// titleLine is a title that stands alone or first.
	titleLine = regexp.MustCompile(`^[^a-z]{6,200}$`)
	// thisTitle is a title inside the opening sentence.
	thisTitle = regexp.MustCompile(`\b(?:[Tt]his|THIS)\s+((?:[A-Z0-9][\w.'’/&-]*,?\s+(?:(?:of|and|for|to|the|in|&)\s+)*){0,10}(?:AGREEMENT|Agreement|CONTRACT|Contract|AMENDMENT|Amendment|ADDENDUM|Addendum|LEASE|Lease|License|LICENSE|Plan|PLAN|Note|NOTE|Deed|DEED)(?:\s+(?:No\.\s*\d+|NO\.\s*\d+))?)`)
	// exhibitNo precedes a title on its line: "Exhibit 10.2".
	exhibitNo = regexp.MustCompile(`^(?i:exhibit|ex|appendix|annex|schedule)[\s.-]*[\d.]+[a-z]?\s+`)
	kindWord  = regexp.MustCompile(`\b` + kind + `s?\b`)
)

// titles returns the title in a segment: the words before "(the "Agreement")"
// in an opening sentence, or a title line.
func titles(s string) []span {
	if m := thisTitle.FindStringSubmatchIndex(s); m != nil && len(strings.Fields(s[m[2]:m[3]])) > 1 {
		return []span{{m[2], m[3]}}
	}
	start := 0
	if m := exhibitNo.FindStringIndex(s); m != nil {
		start = m[1]
	}
	if len(s) <= 100 || titleLine.MatchString(s) {
		return []span{{start, len(s)}}
	}
	// A title that ran into what follows ends with its kind.
	if m := kindWord.FindStringIndex(s[start:]); m != nil && m[1] <= 100 {
		return []span{{start, start + m[1]}}
	}
	return nil
}

const (
	capital = `[A-ZÀ-Þ0-9][\w.&'’/À-ÿ-]*`
	suffix  = `(?:Inc|INC|Corp|CORP|Corporation|CORPORATION|Incorporated|INCORPORATED|L\.?L\.?C|LLC|L\.?L\.?P|L\.?P|LTD|Ltd|Limited|LIMITED|Company|COMPANY|Co|CO|GmbH|GMBH|AG|S\.?A|N\.?V|B\.?V|Pty|PTY|PLC|plc|Plc|Trust|TRUST|Bank|BANK|Partnership|PARTNERSHIP|Foundation|FOUNDATION|University|UNIVERSITY|Association|ASSOCIATION|A\.?S|A/S|AB|S\.p\.A|S\.r\.l|KG|Limited Liability Company)`
)

var (
	// entity is a name of capitalized words that ends in a form of company.
	entity = regexp.MustCompile(capital + `(?:,?\s+(?:(?:of|and|for|the|de|&)\s+)*` + capital + `){0,8}?,?\s+\(?` + suffix + `\b\.?\)?(?:,?\s+` + suffix + `\b\.?)*`)
	// defined is a term in quotes: (the "Company").
	defined = regexp.MustCompile(`["“]\s*([^"“”\n]{1,60}?)[,.]?\s*["”]`)
	// named is a name before a definition or a legal form:
	// "Gianluca Rotino, an individual", "deep systems (".
	named = regexp.MustCompile(`(` + capital + `(?:\s+(?:(?:of|and|for|the|de|&)\s+)*` + capital + `){0,7})\s*,?\s*(?:\(|,\s+(?:an?|the)\s)`)
	// caption ends a signature block's line: "By:".
	notParties = regexp.MustCompile(`(?i)\b(agreement|effective date|term|exhibit|section|article|products?|services?|territory|recitals|witnesseth|exchange act|securities|intellectual property|parties|party|hereinafter|business day|u\.s\.|united states)\b`)
)

// parties returns the names and the defined terms of parties in a segment.
func parties(s string) []span {
	var out []span
	add := func(r span) {
		for _, o := range out {
			if overlap(o, r) > 0 {
				return
			}
		}
		out = append(out, r)
	}
	for _, m := range entity.FindAllStringIndex(s, -1) {
		add(span{m[0], m[1]})
	}
	for _, m := range named.FindAllStringSubmatchIndex(s, -1) {
		if !notParties.MatchString(s[m[2]:m[3]]) {
			add(span{m[2], m[3]})
		}
	}
	for _, m := range defined.FindAllStringSubmatchIndex(s, -1) {
		if !notParties.MatchString(s[m[2]:m[3]]) {
			add(span{m[2], m[3]})
		}
	}
	sortSpans(out)
	return out
}
