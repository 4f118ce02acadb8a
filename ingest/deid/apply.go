package deid

import (
	"maps"
	"slices"
	"sort"
	"strings"

	"adapt/ingest"
)

// A span is a range of text that identifies somebody.
type span struct {
	start, end int
	kind       Kind
}

// tag is what replaces an identifier.
func (k Kind) tag() string { return "[" + string(k) + "]" }

// maxRounds bounds how often text is searched again. A second round finds what
// stood beside a first find; a third has never been needed.
const maxRounds = 5

// Apply replaces the identifiers of a document by tags such as "[NAME]", moves
// its pages and sections along, and keeps in Edits where each tag stood, so
// that [ingest.Document.Original] maps back. It returns how many it replaced
// of each kind. Applying it again changes nothing.
func Apply(doc *ingest.Document, rules Rules) (counts map[Kind]int) {
	counts = make(map[Kind]int)
	for range maxRounds {
		spans := find(doc.Text, rules)
		if len(spans) == 0 {
			break
		}
		for _, s := range spans {
			counts[s.kind]++
		}
		replace(doc, spans)
	}
	return counts
}

// ApplyText returns text with its identifiers replaced, as Apply does.
// Identifiers that only their surroundings give away stay when these are not
// part of text.
func ApplyText(text string, rules Rules) string {
	doc := ingest.Document{Text: text}
	Apply(&doc, rules)
	return doc.Text
}

// Leaks returns the kinds of identifiers that text holds, sorted.
func Leaks(text string, rules Rules) []Kind {
	found := make(map[Kind]bool)
	for _, s := range find(text, rules) {
		found[s.kind] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// replace puts tags for spans, which are sorted and do not overlap.
func replace(doc *ingest.Document, spans []span) {
	spans = coverEdits(spans, doc.Edits)
	doc.Edits = composeEdits(spans, doc.Edits)
	m := newMover(spans)
	for i := range doc.Pages {
		p := &doc.Pages[i]
		p.Start, p.End = m.start(p.Start), m.end(p.End)
	}
	for i := range doc.Sections {
		s := &doc.Sections[i]
		s.Start, s.End = m.start(s.Start), m.end(s.End)
	}
	var b strings.Builder
	done := 0
	for _, s := range spans {
		b.WriteString(doc.Text[done:s.start])
		b.WriteString(s.kind.tag())
		done = s.end
	}
	b.WriteString(doc.Text[done:])
	doc.Text = b.String()
}

// coverEdits widens spans over the earlier edits that they cut into.
func coverEdits(spans []span, edits []ingest.Edit) []span {
	var out []span
	for _, s := range spans {
		first := sort.Search(len(edits), func(i int) bool { return edits[i].End > s.start })
		for _, e := range edits[first:] {
			if e.Start >= s.end {
				break
			}
			s.start, s.end = min(s.start, e.Start), max(s.end, e.End)
		}
		out = append(out, s)
	}
	return mergeSpans(out)
}

// composeEdits returns the edits after tags were put: the earlier ones moved,
// those under a span gone into it.
func composeEdits(spans []span, old []ingest.Edit) []ingest.Edit {
	var out []ingest.Edit
	shift, toOriginal := 0, 0 // from the text before to the one after, and to the original
	for _, s := range spans {
		for len(old) > 0 && old[0].End <= s.start {
			out = append(out, moved(old[0], shift))
			toOriginal = old[0].OrigEnd - old[0].End
			old = old[1:]
		}
		e := ingest.Edit{Start: s.start + shift, OrigStart: s.start + toOriginal, Kind: string(s.kind)}
		for len(old) > 0 && old[0].Start < s.end {
			toOriginal = old[0].OrigEnd - old[0].End
			old = old[1:]
		}
		e.End, e.OrigEnd = e.Start+len(s.kind.tag()), s.end+toOriginal
		shift = e.End - s.end
		out = append(out, e)
	}
	for _, e := range old {
		out = append(out, moved(e, shift))
	}
	return out
}

func moved(e ingest.Edit, shift int) ingest.Edit {
	e.Start, e.End = e.Start+shift, e.End+shift
	return e
}

// A mover maps offsets of the text before tags were put to the text after.
type mover struct {
	spans  []span
	shifts []int // before each span, and after the last
}

func newMover(spans []span) mover {
	m := mover{spans: spans, shifts: make([]int, len(spans)+1)}
	for i, s := range spans {
		m.shifts[i+1] = m.shifts[i] + len(s.kind.tag()) - (s.end - s.start)
	}
	return m
}

// start maps an offset; one inside a span goes to the start of its tag.
func (m mover) start(offset int) int { return m.move(offset, false) }

// end maps an offset; one inside a span goes to the end of its tag.
func (m mover) end(offset int) int { return m.move(offset, true) }

func (m mover) move(offset int, toEnd bool) int {
	i := sort.Search(len(m.spans), func(i int) bool { return m.spans[i].end > offset })
	if i == len(m.spans) || offset <= m.spans[i].start {
		return offset + m.shifts[i]
	}
	at := m.spans[i].start + m.shifts[i]
	if toEnd {
		at += len(m.spans[i].kind.tag())
	}
	return at
}

// mergeSpans sorts spans and joins those that overlap; of two the earlier, and
// at one place the longer, gives the kind.
func mergeSpans(spans []span) []span {
	slices.SortStableFunc(spans, func(a, b span) int {
		if a.start != b.start {
			return a.start - b.start
		}
		return b.end - a.end
	})
	var out []span
	for _, s := range spans {
		if n := len(out); n > 0 && s.start < out[n-1].end {
			out[n-1].end = max(out[n-1].end, s.end)
			continue
		}
		out = append(out, s)
	}
	return out
}
