package legal

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A span is a range of bytes, end exclusive.
type span struct{ start, end int }

func (s span) len() int           { return s.end - s.start }
func (s span) of(t string) string { return t[s.start:s.end] }
func (s span) shift(by int) span  { return span{s.start + by, s.end + by} }

// overlap returns how many bytes a and b share.
func overlap(a, b span) int { return max(min(a.end, b.end)-max(a.start, b.start), 0) }

// maxSegment is the length in bytes beyond which a segment is cut.
const maxSegment = 400

// minSentence is the length in bytes below which a sentence is joined to the
// next one: "1. Term." belongs to what follows.
const minSentence = 14

// segments cuts a document into sentences, list items, headings and titles.
// The segments are in order, disjoint, trimmed of white space, at most
// maxSegment bytes long, and hold everything that is not white space.
//
// A line break inside a sentence does not cut it, as lines of a PDF end
// anywhere; a blank line does, and so does a line that begins an item or that
// is a heading.
func segments(text string) []span {
	var segs []span
	for _, b := range blocks(text) {
		for _, s := range sentences(text, b) {
			segs = appendPieces(segs, text, s)
		}
	}
	return joinMarkers(segs, text)
}

// blocks are runs of lines that sentences may run across.
func blocks(text string) []span {
	var out []span
	open := span{-1, -1}
	flush := func() {
		if open.start >= 0 {
			out = append(out, open)
		}
		open = span{-1, -1}
	}
	var last string
	for start := 0; start < len(text); {
		end := start + strings.IndexAny(text[start:], "\n\f\v")
		next := end + 1
		if end < start {
			end, next = len(text), len(text)
		}
		line := trim(text, span{start, end})
		start = next
		if line.len() == 0 {
			flush()
			continue
		}
		words := line.of(text)
		if open.start >= 0 && lineBreaks(last, words) {
			flush()
		}
		if open.start < 0 {
			open.start = line.start
		}
		open.end = line.end
		last = words
	}
	flush()
	return out
}

// item matches the number of a clause or list item at the start of a line.
var item = regexp.MustCompile(`^(?:\d{1,3}(?:\.\d{1,3})+\.?|\(?(?:[a-zA-Z]|[ivxIVX]{1,5}|\d{1,3})[.)]|(?:ARTICLE|Article|SECTION|Section|EXHIBIT|Exhibit|SCHEDULE|Schedule|ANNEX|Annex|APPENDIX|Appendix)\s+[\dA-Z]|[•●▪■◦·–*-]\s)\s*`)

// lineBreaks reports whether a line that follows another begins something new.
func lineBreaks(last, line string) bool {
	if m := item.FindString(line); m != "" {
		r, _ := utf8.DecodeRuneInString(line[len(m):])
		return endsClause(last) || unicode.IsUpper(r) || strings.ContainsRune("\"“'‘[(", r)
	}
	if isHeading(last) != isHeading(line) {
		return isHeading(last) || endsClause(last)
	}
	return isLabel(last) && startsUpper(line)
}

// endsClause reports whether a line ends as sentences and list items do.
func endsClause(line string) bool {
	line = strings.TrimRight(line, "\"”’')] ")
	for _, end := range []string{".", ";", ":", "!", "?", " and", " or"} {
		if strings.HasSuffix(line, end) {
			return true
		}
	}
	return false
}

// isHeading reports whether a line is short and in capitals.
func isHeading(line string) bool {
	if len(line) > 100 {
		return false
	}
	letters := 0
	for _, r := range line {
		if unicode.IsLower(r) {
			return false
		}
		if unicode.IsUpper(r) {
			letters++
		}
	}
	return letters >= 3
}

// isLabel reports whether a line is a short one of capitalized words, such as
// a title or a line of an address, and no part of a sentence.
func isLabel(line string) bool {
	if len(line) > 45 || !startsUpper(line) || strings.ContainsAny(line[len(line)-1:], ",;:-") {
		return false
	}
	words := strings.Fields(line)
	return startsUpper(words[len(words)-1])
}

func startsUpper(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsUpper(r) || unicode.IsDigit(r)
}

// sentences cuts a block where sentences end and where items begin after a run
// of blanks, as in texts that lost their line breaks.
func sentences(text string, block span) []span {
	var out []span
	start := block.start
	for i := block.start; i < block.end; i++ {
		if !isBlank(text[i]) {
			continue
		}
		next := i
		for next < block.end && isBlank(text[next]) {
			next++
		}
		seg := span{start, i}
		if seg.len() >= minSentence && next < block.end &&
			(endsSentence(text, seg, text[next:block.end]) || beginsItem(text, seg, next-i, text[next:block.end])) {
			out = append(out, seg)
			start = next
		}
		i = next - 1
	}
	if s := trim(text, span{start, block.end}); s.len() > 0 {
		out = append(out, s)
	}
	return out
}

// beginsItem reports whether rest, after a gap, is a list item.
func beginsItem(text string, seg span, gap int, rest string) bool {
	return gap >= 3 && item.MatchString(rest[:min(len(rest), 24)]) && endsClause(seg.of(text))
}

// endsSentence reports whether a sentence ends with seg, given what follows.
func endsSentence(text string, seg span, rest string) bool {
	s := strings.TrimRight(seg.of(text), "\"”’')]")
	if s == "" || !strings.ContainsRune(".!?", rune(s[len(s)-1])) {
		return false
	}
	r, _ := utf8.DecodeRuneInString(rest)
	if !unicode.IsUpper(r) && !unicode.IsDigit(r) && !strings.ContainsRune("\"“'‘([•●▪■◦·", r) {
		return false
	}
	if s[len(s)-1] != '.' {
		return true
	}
	word := s[strings.LastIndexFunc(s, unicode.IsSpace)+1 : len(s)-1]
	word = strings.TrimLeft(word, "(\"“'‘[")
	if len(word) == 1 && unicode.IsLetter(rune(word[0])) {
		return false // an initial, or an item's letter
	}
	return !abbreviations[strings.ToLower(word)]
}

// abbreviations do not end sentences.
var abbreviations = map[string]bool{
	"inc": true, "corp": true, "co": true, "cos": true, "ltd": true, "no": true, "nos": true, "sec": true,
	"art": true, "v": true, "vs": true, "mr": true, "mrs": true, "ms": true, "dr": true, "st": true, "e.g": true,
	"i.e": true, "u.s": true, "u.k": true, "n.v": true, "s.a": true, "b.v": true, "l.p": true, "approx": true,
	"dept": true, "para": true, "cf": true, "al": true, "esq": true, "viz": true, "bros": true, "mt": true,
	"ave": true, "blvd": true, "ste": true, "jan": true, "feb": true, "aug": true, "sept": true, "oct": true,
	"nov": true, "dec": true, "tel": true, "attn": true, "exh": true, "sch": true, "d.b.a": true, "a.k.a": true,
	"l.l.c": true, "ph.d": true, "rev": true, "gen": true, "pty": true,
}

// appendPieces appends a sentence, cut into pieces of at most maxSegment
// bytes: at the last semicolon that leaves no small rest, else at a colon, a
// comma, a blank, or between characters.
func appendPieces(segs []span, text string, s span) []span {
	for s.len() > maxSegment {
		cut := pieceEnd(s.of(text))
		if head := trim(text, span{s.start, s.start + cut}); head.len() > 0 {
			segs = append(segs, head)
		}
		s = trim(text, span{s.start + cut, s.end})
	}
	if s.len() > 0 {
		segs = append(segs, s)
	}
	return segs
}

func pieceEnd(s string) int {
	window := s[:maxSegment]
	for _, mark := range []string{";", ":", ",", " "} {
		// The last third of the window keeps pieces long, the first keeps a
		// semicolon preferred to a comma.
		for end := maxSegment; end > maxSegment/3; {
			i := strings.LastIndex(window[:end], mark)
			if i < maxSegment/3 {
				break
			}
			if i+len(mark) >= len(s) || isBlank(s[i+len(mark)]) || mark == " " {
				return i + len(mark)
			}
			end = i
		}
	}
	end := maxSegment
	for end > 1 && !utf8.RuneStart(s[end]) {
		end--
	}
	return end
}

// joinMarkers joins a segment that is only an item's number, or too short to
// say anything, to the next one.
func joinMarkers(segs []span, text string) []span {
	var out []span
	for i := 0; i < len(segs); i++ {
		s := segs[i]
		for i+1 < len(segs) && isMarker(s.of(text)) && segs[i+1].end-s.start <= maxSegment &&
			!strings.Contains(text[s.end:segs[i+1].start], "\f") {
			i++
			s.end = segs[i].end
		}
		out = append(out, s)
	}
	return out
}

func isMarker(s string) bool {
	m := item.FindString(s + " ")
	return len(m) >= len(s)
}

// trim narrows s to what is not white space at its ends.
func trim(text string, s span) span {
	t := strings.TrimSpace(s.of(text))
	if t == "" {
		return span{s.start, s.start}
	}
	start := s.start + strings.Index(s.of(text), t)
	return span{start, start + len(t)}
}

func isBlank(c byte) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'
}

// collapse writes white space as single blanks, the form in which text is
// given to a model.
func collapse(s string) string { return strings.Join(strings.Fields(s), " ") }
