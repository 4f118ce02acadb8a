package label

import (
	"bytes"
	"sort"

	"adapt/ingest"
)

// A wildcard is a stretch of a tight text that stands for other words: the tag
// or the surrogate of an identifier.
type wildcard struct {
	from, to int // in tight
	most     int // bytes of the words that it stands for, at most
	orig     int // where those began in the text as it was read
	doc      *ingest.Document
}

// NewDocumentLocator prepares a document's text for quotes from the text as it
// was before de-identification: what was put for an identifier stands for any
// words of a quote that are no longer than the identifier was. Hints are
// offsets into the text as it was read.
func NewDocumentLocator(doc *ingest.Document) *Locator {
	l := NewLocator(doc.Text)
	for _, e := range doc.Edits {
		from := sort.Search(len(l.from), func(i int) bool { return int(l.from[i]) >= e.Start })
		to := sort.Search(len(l.from), func(i int) bool { return int(l.from[i]) >= e.End })
		if from < to {
			l.edits = append(l.edits, wildcard{from: from, to: to, most: e.OrigEnd - e.OrigStart, orig: e.OrigStart, doc: doc})
		}
	}
	return l
}

// hinted maps a hint into the text.
func (l *Locator) hinted(hint int) int {
	if hint < 0 || len(l.edits) == 0 {
		return hint
	}
	start, _ := l.edits[0].doc.Edited(hint, hint+1)
	return start
}

// lead is how many bytes before an edit a quote may begin to be looked for
// around that edit. What begins further before is found by its beginning.
const lead = 24

// edited finds a quote that holds words which the text does not have any more.
func (l *Locator) edited(q []byte, hint int) (start, end int, ok bool) {
	if len(l.edits) == 0 {
		return 0, 0, false
	}
	best := nearest{hint: hint}
	try := func(at int) (done bool) {
		stop, literal := l.matchFrom(at, q)
		if stop < 0 || literal == 0 && !l.inside(at, len(q), hint) {
			return false
		}
		s, e := int(l.from[at]), int(l.to[stop-1])
		if !l.wordEdges(s, e) {
			return false
		}
		done = best.take(s)
		if best.at == s {
			end = e
		}
		return done
	}
	var starts []int
	if len(q) > lead {
		for i := 0; ; {
			j := bytes.Index(l.bytes[i:], q[:lead])
			if j < 0 {
				break
			}
			starts = append(starts, i+j)
			i += j + 1
		}
	}
	for i, w := range l.edits {
		first := max(0, w.from-lead)
		if i > 0 {
			first = max(first, l.edits[i-1].to)
		}
		for at := first; at <= w.from; at++ {
			if at == w.from || at < len(l.bytes) && l.bytes[at] == q[0] {
				starts = append(starts, at)
			}
		}
	}
	sort.Ints(starts)
	for _, at := range starts {
		if try(at) {
			break
		}
	}
	return best.at, end, best.ok
}

// inside says whether a quote that is nothing but an identifier was where the
// edit at an offset stands: only its place tells, and its length.
func (l *Locator) inside(at, length, hint int) bool {
	i := sort.Search(len(l.edits), func(i int) bool { return l.edits[i].to > at })
	if i == len(l.edits) || hint < 0 {
		return false
	}
	w := l.edits[i]
	return l.hinted(w.orig) == hint && 2*length >= w.most
}

// matchFrom matches a quote against the tight text from an offset on. It
// returns where the match ends, or -1, and how many bytes were compared.
func (l *Locator) matchFrom(at int, q []byte) (stop, literal int) {
	i := sort.Search(len(l.edits), func(i int) bool { return l.edits[i].to > at })
	steps := maxSteps
	return l.match(at, q, i, 0, &steps)
}

// maxSteps bounds the work of one match.
const maxSteps = 4096

// match goes on with a match at an offset; edit i is the next one, and same is
// how many bytes were compared so far.
func (l *Locator) match(at int, q []byte, i, same int, steps *int) (stop, literal int) {
	if *steps--; *steps < 0 {
		return -1, 0
	}
	to := len(l.bytes)
	if i < len(l.edits) {
		to = l.edits[i].from
	}
	if at < to { // text as it was
		n := min(to-at, len(q))
		if !bytes.Equal(l.bytes[at:at+n], q[:n]) {
			return -1, 0
		}
		same += n
		if n == len(q) {
			return at + n, same
		}
		q = q[n:]
	}
	if i == len(l.edits) {
		return -1, 0
	}
	w := l.edits[i]
	// The words that were replaced are as long as they were, less their blanks.
	for n := min(w.most, len(q)-1); n >= 1; n-- {
		if stop, literal = l.match(w.to, q[n:], i+1, same, steps); stop >= 0 {
			return stop, literal
		}
	}
	if len(q) <= w.most { // the quote ends in what was replaced
		return w.to, same
	}
	return -1, 0
}
