package ingest

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxHeading = 100 // bytes
	maxTitle   = 70
	longText   = 80 // a paragraph that is no heading, name or line of an address
)

// isHeadingText says whether a numbered paragraph is but its heading: short,
// and no sentence.
func isHeadingText(text string) bool {
	text = strings.TrimSpace(text)
	if len(text) > maxHeading || strings.Count(text, "\n") > 1 {
		return false
	}
	if l, ok := parseLabel(text); ok {
		text = strings.TrimSpace(text[l.end:])
	}
	if text == "" {
		return true // a number alone: its text follows
	}
	first := firstRuneOf(text)
	if !unicode.IsUpper(first) && !unicode.IsTitle(first) {
		return false
	}
	switch text[len(text)-1] {
	case ';', ',', '?', '!':
		return false
	case '.', ':':
		// "Termination." is a heading, "It ends." a sentence.
		return isUpper(text) || titleCase(strings.TrimRight(text, ".:"))
	}
	return isUpper(text) || titleCase(text) || shortName(text)
}

// shortName says whether a few words may be a heading in sentence case:
// "Length of the term".
func shortName(text string) bool {
	words := strings.Fields(text)
	return len(words) <= 5 && !strings.ContainsAny(text, "0123456789.,") && !smallWords[strings.ToLower(words[len(words)-1])]
}

// isTitle says whether a paragraph that stands apart is a heading without a
// number: in capitals, or in title case above a longer paragraph.
func isTitle(text string, followed int) bool {
	text = strings.TrimSpace(text)
	if len(text) > maxHeading || strings.Count(text, "\n") > 2 || letters(text) < 3 {
		return false
	}
	if strings.ContainsAny(text, "_[]|@=") || strings.Contains(text, "/s/") || strings.IndexAny(text, "\"“”") == 0 {
		return false
	}
	last := text[len(text)-1]
	if strings.IndexByte(".;,!?", last) >= 0 && !(last == '.' && isUpper(text)) {
		return false
	}
	if letters(text)*2 < utf8.RuneCountInString(text) {
		return false
	}
	if isUpper(text) {
		return true
	}
	return len(text) <= maxTitle && !strings.Contains(text, "\n") && !strings.ContainsAny(text, "0123456789:,") &&
		titleCase(text) && followed >= longText
}

// isContentsTitle says whether a line announces a table of contents.
func isContentsTitle(text string) bool {
	switch strings.ToLower(strings.Trim(strings.Join(strings.Fields(text), " "), " :.")) {
	case "table of contents", "contents", "index":
		return true
	}
	return false
}

// isContentsLine says whether a line is an entry of a table of contents: it
// ends in dots or a gap and a page number.
func isContentsLine(text string) bool {
	if len(text) > 250 {
		return false
	}
	line := strings.TrimRightFunc(text, unicode.IsSpace)
	head := strings.TrimRight(line, "0123456789")
	if len(line)-len(head) > 4 {
		return false
	}
	trimmed := strings.TrimRight(head, " .\t\u00a0…_")
	gap := head[len(trimmed):]
	if len(head) == len(line) { // no page number
		return strings.Contains(gap, "....") || strings.Contains(gap, "……")
	}
	return strings.Contains(gap, "..") || strings.Contains(gap, ". .") || strings.Contains(gap, "…") ||
		strings.Contains(gap, "\t") || len(gap) > 1 && strings.Contains(gap, "  ")
}

// resetsNumbers says whether a heading begins an appendix, whose numbers are
// its own.
func resetsNumbers(text string) bool {
	word, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(text)), " ")
	switch strings.Trim(word, ":.") {
	case "exhibit", "schedule", "appendix", "annex", "attachment", "addendum":
		return true
	}
	return false
}

// isUpper says whether a text's letters are nearly all capitals.
func isUpper(text string) bool {
	upper, lower := 0, 0
	for _, r := range text {
		switch {
		case unicode.IsUpper(r):
			upper++
		case unicode.IsLower(r):
			lower++
		}
	}
	return upper >= 2 && lower*8 <= upper
}

func letters(text string) int {
	n := 0
	for _, r := range text {
		if unicode.IsLetter(r) {
			n++
		}
	}
	return n
}

// smallWords are lower case in titles.
var smallWords = map[string]bool{
	"a": true, "an": true, "and": true, "as": true, "at": true, "by": true, "de": true, "for": true, "from": true,
	"in": true, "into": true, "of": true, "on": true, "or": true, "per": true, "the": true, "to": true, "upon": true,
	"with": true, "without": true, "und": true, "et": true, "der": true, "des": true, "y": true,
}

// titleCase says whether each word of weight begins with a capital letter.
func titleCase(text string) bool {
	words := strings.Fields(text)
	if len(words) == 0 || len(words) > 12 {
		return false
	}
	for i, w := range words {
		r := firstRuneOf(strings.Trim(w, "([{/&-–—"))
		if unicode.IsLower(r) && (i == 0 || !smallWords[strings.Trim(strings.ToLower(w), ",;")]) {
			return false
		}
	}
	return true
}
