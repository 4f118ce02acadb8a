package deid

import (
	"slices"
	"sort"
	"strings"

	"adapt/ingest"
)

// tagSpans puts tags for spans, which are sorted and do not overlap.
func tagSpans(doc *ingest.Document, spans []span) {
	spans = coverEdits(spans, doc.Edits)
	doc.Edits = composeEdits(spans, doc.Edits)
	with := make([]string, len(spans))
	for i, s := range spans {
		with[i] = s.kind.tag()
	}
	rewrite(doc, spans, with)
}

// reword puts words in the place of what stands at each edit of doc.
func reword(doc *ingest.Document, words []string) {
	spans := make([]span, len(doc.Edits))
	for i, e := range doc.Edits {
		spans[i] = span{start: e.Start, end: e.End}
	}
	m := rewrite(doc, spans, words)
	doc.Edits = slices.Clone(doc.Edits)
	for i := range doc.Edits {
		e := &doc.Edits[i]
		e.Start = m.start(e.Start)
		e.End = e.Start + len(words[i])
	}
}

// rewrite replaces the spans of doc's text and moves its parts along.
func rewrite(doc *ingest.Document, spans []span, with []string) mover {
	m := newMover(spans, with)
	doc.Pages, doc.Blocks, doc.Sections = slices.Clone(doc.Pages), slices.Clone(doc.Blocks), slices.Clone(doc.Sections)
	for i := range doc.Pages {
		m.both(&doc.Pages[i].Start, &doc.Pages[i].End)
		m.both(&doc.Pages[i].BodyStart, &doc.Pages[i].BodyEnd)
	}
	for i := range doc.Blocks {
		m.both(&doc.Blocks[i].Start, &doc.Blocks[i].End)
	}
	for i := range doc.Sections {
		m.both(&doc.Sections[i].Start, &doc.Sections[i].End)
	}
	var b strings.Builder
	b.Grow(len(doc.Text) + m.shifts[len(spans)])
	done := 0
	for i, s := range spans {
		b.WriteString(doc.Text[done:s.start])
		b.WriteString(with[i])
		done = s.end
	}
	b.WriteString(doc.Text[done:])
	doc.Text = b.String()
	return m
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

// A mover maps offsets of a text to the text in which spans are replaced.
type mover struct {
	spans  []span
	with   []string
	shifts []int // before each span, and after the last
}

func newMover(spans []span, with []string) mover {
	m := mover{spans: spans, with: with, shifts: make([]int, len(spans)+1)}
	for i, s := range spans {
		m.shifts[i+1] = m.shifts[i] + len(with[i]) - (s.end - s.start)
	}
	return m
}

// both maps the two ends of a range.
func (m mover) both(start, end *int) { *start, *end = m.start(*start), m.end(*end) }

// start maps an offset; one inside a span goes to the start of what replaces it.
func (m mover) start(offset int) int { return m.move(offset, false) }

// end maps an offset; one inside a span goes to the end of what replaces it.
func (m mover) end(offset int) int { return m.move(offset, true) }

func (m mover) move(offset int, toEnd bool) int {
	i := sort.Search(len(m.spans), func(i int) bool { return m.spans[i].end > offset })
	if i == len(m.spans) || offset <= m.spans[i].start {
		return offset + m.shifts[i]
	}
	at := m.spans[i].start + m.shifts[i]
	if toEnd {
		at += len(m.with[i])
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
			out[n-1].score = max(out[n-1].score, s.score)
			continue
		}
		out = append(out, s)
	}
	return out
}
