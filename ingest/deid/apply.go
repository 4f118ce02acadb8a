package deid

import (
	"maps"
	"slices"
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
	m := mover{spans: spans}
	edits := m.edits(doc)
	var b strings.Builder
	done := 0
	for _, s := range spans {
		b.WriteString(doc.Text[done:s.start])
		b.WriteString(s.kind.tag())
		done = s.end
	}
	b.WriteString(doc.Text[done:])
	for i := range doc.Pages {
		p := &doc.Pages[i]
		p.Start, p.End = m.start(p.Start), m.end(p.End)
	}
	for i := range doc.Sections {
		s := &doc.Sections[i]
		s.Start, s.End = m.start(s.Start), m.end(s.End)
	}
	doc.Text, doc.Edits = b.String(), edits
}

// coverEdits widens spans over the earlier edits that they cut into.
func coverEdits(spans []span, edits []ingest.Edit) []span {
	var out []span
	for _, s := range spans {
		for _, e := range edits {
			if e.Start < s.end && s.start < e.End {
				s.start, s.end = min(s.start, e.Start), max(s.end, e.End)
			}
		}
		out = append(out, s)
	}
	return mergeSpans(out)
}

// A mover maps offsets of the text before tags were put to the text after.
type mover struct{ spans []span }

// start maps an offset; one inside a span goes to the start of its tag.
func (m mover) start(offset int) int { return m.move(offset, 0) }

// end maps an offset; one inside a span goes to the end of its tag.
func (m mover) end(offset int) int { return m.move(offset, 1) }

func (m mover) move(offset, side int) int {
	shift := 0
	for _, s := range m.spans {
		if offset <= s.start {
			break
		}
		if offset < s.end {
			return s.start + shift + side*len(s.kind.tag())
		}
		shift += len(s.kind.tag()) - (s.end - s.start)
	}
	return offset + shift
}

// edits returns the edits after tags were put: the earlier ones moved, those
// under a span gone into it.
func (m mover) edits(doc *ingest.Document) []ingest.Edit {
	var out []ingest.Edit
	old := doc.Edits
	for _, s := range m.spans {
		for len(old) > 0 && old[0].End <= s.start {
			out = append(out, m.moved(old[0]))
			old = old[1:]
		}
		start := m.start(s.start)
		out = append(out, ingest.Edit{
			Start: start, End: start + len(s.kind.tag()),
			OrigStart: doc.Original(s.start), OrigEnd: originalEnd(doc, s.end),
			Kind: string(s.kind),
		})
		for len(old) > 0 && old[0].Start < s.end {
			old = old[1:]
		}
	}
	for _, e := range old {
		out = append(out, m.moved(e))
	}
	return out
}

func (m mover) moved(e ingest.Edit) ingest.Edit {
	e.Start, e.End = m.start(e.Start), m.end(e.End)
	return e
}

// originalEnd maps the end of a range: the end of a tag is the end of what it
// stands for.
func originalEnd(doc *ingest.Document, offset int) int {
	for _, e := range doc.Edits {
		if e.End == offset {
			return e.OrigEnd
		}
	}
	return doc.Original(offset)
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
