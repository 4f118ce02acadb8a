package legal

import (
	"regexp"
	"strings"
	"unicode"
)

const (
	// headingReach is how many segments a heading without a successor speaks for.
	headingReach = 40
	// longestLead is the length in bytes of a heading that begins a clause.
	longestLead = 80
)

var (
	// number is what clauses are numbered with.
	number = regexp.MustCompile(`^(?:(?:ARTICLE|Article|SECTION|Section|CLAUSE|Clause)\s+[\dIVXLA-Z]+(?:\.\d+)*\s*[.:)–—-]*\s*|\(?\d{1,3}(?:\.\d{1,3})*[.)]*\s+|\(?[a-zA-Z][.)]\s+|\([ivx]{1,5}\)\s+)`)
	// lead is a heading that begins a clause: "8.2 Insurance. Supplier shall …".
	lead = regexp.MustCompile(`^["“]?([A-Z][\w’'/&,;()-]*(?:\s+(?:[A-Z][\w’'/&,;()-]*|of|and|or|for|to|the|on|in|by|with|a|an|upon|from|non|&)){0,9})["”]?\s*(?:\.|:|\s[–—-]+\s|–|—)(?:\s|$)`)
	// labels are headings that speak of no clause.
	notHeading = regexp.MustCompile(`^(?:[\d\W]*|page\b.*|exhibit\s+[\w.-]+|source:.*|by|name|title|date)$`)
)

// headings returns, for each segment, the headings it stands under in lower
// case: that of its article, and that of its clause. It goes by the words alone,
// as text from any format has them.
func headings(text string, segs []span) [][]string {
	out := make([][]string, len(segs))
	var article, clause string
	articleAt, clauseAt := -headingReach, -headingReach
	for i, s := range segs {
		t := collapse(s.of(text))
		rest := t
		numbered := false
		if m := number.FindString(t); m != "" {
			rest, numbered = strings.TrimSpace(t[len(m):]), true
		}
		switch title, ok := wholeHeading(rest); {
		case ok:
			article, articleAt = title, i
			clause = ""
		default:
			if m := lead.FindStringSubmatch(rest); m != nil && len(m[1]) <= longestLead {
				clause, clauseAt = strings.ToLower(m[1]), i
			} else if numbered {
				clause = ""
			}
		}
		if i-articleAt >= headingReach {
			article = ""
		}
		if i-clauseAt >= headingReach/2 {
			clause = ""
		}
		for _, h := range []string{article, clause} {
			if h != "" {
				out[i] = append(out[i], h)
			}
		}
	}
	return out
}

// wholeHeading returns a segment that is a heading and no more, in lower case.
func wholeHeading(s string) (string, bool) {
	s = strings.TrimRight(s, ".: ")
	if s == "" || len(s) > longestLead {
		return "", false
	}
	words := strings.Fields(s)
	if len(words) > 10 {
		return "", false
	}
	capital := 0
	for _, w := range words {
		r := []rune(strings.TrimLeft(w, "(\"“‘'"))
		if len(r) == 0 {
			continue
		}
		if unicode.IsUpper(r[0]) || small[w] {
			capital++
		}
	}
	if capital < len(words) || !unicode.IsUpper([]rune(s)[0]) {
		return "", false
	}
	s = strings.ToLower(s)
	return s, !notHeading.MatchString(s)
}

// small are the words that headings write small.
var small = map[string]bool{"of": true, "and": true, "or": true, "for": true, "to": true, "the": true, "on": true, "in": true, "by": true, "with": true, "a": true, "an": true, "upon": true, "from": true, "&": true}
