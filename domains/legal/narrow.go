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
	month = `(?i:January|February|March|April|May|June|July|August|September|October|November|December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?`
	day   = `(?:\d{1,2}\s*(?:(?i:s\s?t|n\s?d|r\s?d|t\s?h))?|_{2,}|\[[^\]]{0,8}\])`
	year  = `(?:(?:19|20)\d\d|(?:19|20)\d?_+|_{3,})`
)

// dateForms are the forms in which contracts write dates, the longest first.
var dateForms = regexp.MustCompile(
	`(?:` + day + `\s*(?i:day\s+of\s+)?` + month + `\s*[,.]?\s*` + year + `)` + // 7th day of September, 1999
		`|(?:` + month + `\s+` + day + `\s*,?\s*` + year + `)` + // September 7, 1999
		`|(?:` + month + `\s*,?\s+` + year + `)` + // September 1999
		`|(?:\b\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d{2})\b)` + // 9/7/99
		`|(?:\b\d{4}-\d{2}-\d{2}\b)` + // 1999-09-07
		`|(?:` + day + `\s+(?i:day\s+of)\s+(?:[_\w]+|\[[^\]]{0,12}\])\s*,?\s*` + year + `)`) // ____ day of ____, 2015

// blankDate is a date that was left open: "as of ____________".
var blankDate = regexp.MustCompile(`(?i)(?:as\s+of|dated?|this|on)\s+(_{3,}|\[[^\]]{0,12}\])`)

// dates returns the first date of a segment.
func dates(s string) []span {
	if m := dateForms.FindStringIndex(s); m != nil {
		return []span{{m[0], m[1]}}
	}
	if m := blankDate.FindStringSubmatchIndex(s); m != nil {
		return []span{{m[2], m[3]}}
	}
	return nil
}

var (
	// definesDate begins a sentence that itself says when a contract takes
	// effect, as opposed to an opening that mentions the date.
	definesDate = regexp.MustCompile(`(?i)\b(?:shall|will)\s+(?:commence|begin|become|be\s+effective|take\s+effect|be\s+for)|\b(?:means|shall\s+mean|commencing|beginning)\b|^\W*(?:commencement|effective)\s+date\s*:`)
	effective   = regexp.MustCompile(`(?i)\beffective\b`)
)

// effectiveDates returns the date that a segment calls effective, else its
// first one; a sentence that defines the date is kept whole.
func effectiveDates(s string) []span {
	if definesDate.MatchString(s) {
		return nil
	}
	if m := effective.FindStringIndex(s); m != nil {
		if d := dateForms.FindStringIndex(s[m[1]:]); d != nil && d[0] < 40 {
			return []span{{m[1] + d[0], m[1] + d[1]}}
		}
	}
	return dates(s)
}

// kind is a word that names a kind of contract.
const kind = `(?i:agreement|contract|amendment|addendum|lease|license|plan|warrant|note|policy|memorandum of understanding|letter of intent|deed|endorsement)`

var (
	// thisTitle is a title inside the opening sentence: "This Supply Agreement (".
	thisTitle = regexp.MustCompile(`(?is)\bthis\s+((?:[\w.'’/&,-]+\s+){0,10}?` + kind + `(?:\s+no\.\s*\d+)?)\s*["”]?\s*(?:\(|,|["“]|\b(?:is|made|dated|has|by|entered|effective|between)\b)`)
	// leadTitle is a title that ran into what follows: capitalized words that
	// end in a kind.
	leadTitle = regexp.MustCompile(`^(?:(?:[A-Z0-9][\w.'’/&-]*|and|of|for|to|the|in|by|&),?\s+){0,14}` + kind + `\b`)
	// innerTitle is a title that a sentence mentions.
	innerTitle = regexp.MustCompile(`((?:[A-Z][\w.'’/&-]*,?\s+(?:(?:of|and|for|to)\s+)*){1,8}` + kind + `)\b`)
	// aside precedes a title on its line: "Exhibit 10.2".
	aside = regexp.MustCompile(`^(?:(?i:exhibit|ex|appendix|annex|schedule)[\s.-]*[\d.]+[a-z]?|Execution\s+(?:Copy|Version)|EXECUTION\s+(?:COPY|VERSION)|Contract\s+Number:)\s+`)
)

// titles returns the title in a segment: what follows "This" in an opening
// sentence, or a title line.
func titles(s string) []span {
	if m := thisTitle.FindStringSubmatchIndex(s); m != nil && len(strings.Fields(s[m[2]:m[3]])) > 1 {
		return []span{{m[2], m[3]}}
	}
	start := 0
	for m := aside.FindStringIndex(s[start:]); m != nil; m = aside.FindStringIndex(s[start:]) {
		start += m[1]
	}
	if len(s)-start <= 100 || isCapitals(s) {
		return []span{{start, len(s)}}
	}
	if m := leadTitle.FindStringIndex(s[start:]); m != nil {
		return []span{{start, start + m[1]}}
	}
	if m := innerTitle.FindStringIndex(s[start:]); m != nil {
		return []span{{start + m[0], start + m[1]}}
	}
	return nil
}

func isCapitals(s string) bool { return len(s) <= 200 && strings.ToUpper(s) == s }

const (
	capital = `[A-ZÀ-Þ0-9][\w.&'’/À-ÿ-]*`
	joining = `(?:(?:of|and|for|the|de|&)\s+)*`
	suffix  = `(?:Inc|INC|Corp|CORP|Corporation|CORPORATION|Incorporated|INCORPORATED|L\.?L\.?C|LLC|L\.?L\.?P|L\.?P|LTD|Ltd|Limited|LIMITED|Company|COMPANY|Co|CO|GmbH|GMBH|AG|S\.?A|N\.?V|B\.?V|Pty|PTY|PLC|plc|Plc|Trust|TRUST|Bank|BANK|Partnership|PARTNERSHIP|Foundation|FOUNDATION|University|UNIVERSITY|Association|ASSOCIATION|A\.?S|A/S|AB|S\.p\.A|S\.r\.l|KG|Limited Liability Company)`
	form    = `(?:\w+\s+){0,3}(?i:corporation|company|individual|partnership|limited|body\s+corporate|society|trust|association|organization|person)`
)

var (
	// entity is a name of capitalized words that ends in a form of company.
	entity = regexp.MustCompile(capital + `(?:,?\s+` + joining + capital + `){0,8}?,?\s+\(?` + suffix + `\b\.?\)?(?:,?\s+` + suffix + `\b\.?)*`)
	// defined is a term in quotes: (the "Company").
	defined = regexp.MustCompile(`["“ʺ]\s*([^"“”ʺ\n]{1,60}?)[,.]?\s*["”ʺ]|\(\s*(?:the\s+)?['‘]([^'‘’\n]{1,40})['’]\s*\)`)
	// named is a name before a definition or a legal form:
	// "Gianluca Rotino, an individual", `deep systems ("Customer")`.
	named = regexp.MustCompile(`(` + capital + `(?:\s+` + joining + capital + `){0,7})\s*,?\s*(?:\([^()]{0,60}["“ʺ'‘]|,\s+an?\s+` + form + `)`)
	// short is a short form in parentheses, without quotes: "(ITS)".
	short = regexp.MustCompile(`[\w.]\s+\(([A-Z][A-Z&.]+(?:\s[A-Z]+){0,2})\)`)
	// letter is a party by letter.
	letter = regexp.MustCompile(`\bP(?:arty|ARTY)\s+[A-E]\b`)
	// both is how the parties are called together.
	both = regexp.MustCompile(`(?i)\b(?:hereinafter|each|both|collectively|together|individually|jointly|sometimes)\b[^()]{0,140}?["“ʺ']part(?:y|ies)[.,]?["”ʺ'](?:[^()]{0,60}?["“ʺ']part(?:y|ies)[.,]?["”ʺ'])?`)
	// notParty are words of terms and places that are no parties.
	notParty = regexp.MustCompile(`(?i)\b(?:agreement|amendment|addendum|effective|date|term|exhibit|section|article|products|services|territory|recitals|witnesseth|exchange act|securities|intellectual property|parties|party|hereinafter|day|u\.s\.|usa|united states|shares?|price|rights?|register|no|street|avenue|province|state)\b|^(?:A\s+)?\w+\s+(?i:corporation|company|limited)$|\d{4}$|^\d+$|^(?:` + places + `)(?:\s+[\w-]*\d[\w-]*)*$`)
)

// places are the states and countries that legal forms are of.
const places = `Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Georgia|Hawaii|Idaho|Illinois|Indiana|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi|Missouri|Montana|Nebraska|Nevada|New Hampshire|New Jersey|New Mexico|New York|North Carolina|North Dakota|Ohio|Oklahoma|Oregon|Pennsylvania|Rhode Island|South Carolina|South Dakota|Tennessee|Texas|Utah|Vermont|Virginia|Washington|West Virginia|Wisconsin|Wyoming|England|Wales|Ireland|Canada|Ontario|Switzerland|Germany|France|Israel|China|Japan|Singapore|Hong Kong|Bermuda|Cayman Islands|Netherlands|Costa Rica|Brazil|Mexico|India|Australia`

// parties returns the names and the defined terms of parties in a segment.
func parties(s string) []span {
	var out []span
	add := func(start, end int) {
		r := span{start, end}
		for _, o := range out {
			if overlap(o, r) > 0 {
				return
			}
		}
		out = append(out, r)
	}
	for _, m := range both.FindAllStringIndex(s, -1) {
		add(m[0], m[1])
	}
	for _, m := range entity.FindAllStringIndex(s, -1) {
		if !notEntity(s[m[0]:m[1]]) {
			add(m[0], m[1])
		}
	}
	for _, pattern := range []*regexp.Regexp{named, defined, short} {
		for _, m := range pattern.FindAllStringSubmatchIndex(s, -1) {
			start, end := m[2], m[3]
			if start < 0 {
				start, end = m[4], m[5]
			}
			if !notParty.MatchString(s[start:end]) {
				add(start, end)
			}
		}
	}
	for _, m := range letter.FindAllStringIndex(s, -1) {
		add(m[0], m[1])
	}
	sortSpans(out)
	return out
}

// notEntity reports whether what reads like a company is its legal form only:
// "Florida Limited", "Nevada Corporation".
func notEntity(s string) bool {
	first, rest, _ := strings.Cut(collapse(s), " ")
	return (placeOnly.MatchString(first) || first == "A" || first == "This" || first == "THIS" || first == "Liability") && !strings.Contains(rest, " ")
}

var placeOnly = regexp.MustCompile(`^(?:` + places + `)$`)
