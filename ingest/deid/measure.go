package deid

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"adapt/ingest"
)

// Counts compare what was found with what is marked.
type Counts struct {
	Marked int `json:"marked"` // in the notes
	Found  int `json:"found"`  // by the engine
	// Hit counts the marked that were found, Right the found that are marked.
	Hit   int `json:"hit"`
	Right int `json:"right"`
}

// Recall is the share of what is marked that was found.
func (c Counts) Recall() float64 { return ratio(c.Hit, c.Marked) }

// Precision is the share of what was found that is marked.
func (c Counts) Precision() float64 { return ratio(c.Right, c.Found) }

func ratio(a, b int) float64 {
	if b == 0 {
		return math.NaN()
	}
	return float64(a) / float64(b)
}

func (c *Counts) add(o Counts) {
	c.Marked += o.Marked
	c.Found += o.Found
	c.Hit += o.Hit
	c.Right += o.Right
}

// A Score is how well an engine does on notes, as i2b2 2014 scores it.
type Score struct {
	Notes int `json:"notes"`
	// Tokens count the words and numbers under marks and finds, whatever their
	// kind: what is left in the text, and what is lost of it.
	Tokens Counts `json:"tokens"`
	// Spans count whole marks: a hit begins and ends where the mark does.
	Spans Counts `json:"spans"`
	// Touched counts marks of which all tokens were removed, by whatever finds.
	Touched Counts `json:"touched"`
	// ByKind are the tokens and the whole spans of each kind. A token is a hit
	// of its kind when it was removed, of whatever kind it was taken for.
	ByKind map[Kind]KindScore `json:"by_kind"`
	// PerNote are the tokens of each note, for intervals.
	PerNote []Counts `json:"-"`
	// Missed and Wrong are the ranges of each note's text that were missed and
	// found wrongly.
	Missed, Wrong [][]Mark `json:"-"`
}

// A KindScore is the score of one kind.
type KindScore struct {
	Tokens Counts `json:"tokens"`
	Spans  Counts `json:"spans"` // of that kind on both sides
}

// Measure applies the engine to notes.
func (e *Engine) Measure(notes []Note) Score {
	s := Score{Notes: len(notes), ByKind: map[Kind]KindScore{}}
	for _, n := range notes {
		doc := ingest.Document{Text: n.Text}
		e.Apply(&doc)
		found := make([]Mark, len(doc.Edits))
		for i, edit := range doc.Edits {
			found[i] = Mark{Kind(edit.Kind), edit.OrigStart, edit.OrigEnd}
		}
		s.note(n, found)
	}
	return s
}

func (s *Score) note(n Note, found []Mark) {
	toks := newScan(n.Text).toks
	var all Counts
	kinds := map[Kind]KindScore{}
	bump := func(k Kind, tokens, spans Counts) {
		v := kinds[k]
		v.Tokens.add(tokens)
		v.Spans.add(spans)
		kinds[k] = v
	}
	missed := map[Mark]bool{}
	for _, t := range toks {
		mark, marked := covering(n.Marks, int(t.start), int(t.end))
		find, wasFound := covering(found, int(t.start), int(t.end))
		c := Counts{Marked: one(marked), Found: one(wasFound), Hit: one(marked && wasFound), Right: one(marked && wasFound)}
		all.add(c)
		if marked {
			bump(mark.Kind, Counts{Marked: 1, Hit: c.Hit}, Counts{})
			if !wasFound {
				missed[mark] = true
			}
		}
		if wasFound {
			bump(find.Kind, Counts{Found: 1, Right: c.Right}, Counts{})
		}
	}
	same := func(list []Mark, m Mark) (hit, kind bool) {
		for _, o := range list {
			if o.Start == m.Start && o.End == m.End {
				return true, o.Kind == m.Kind
			}
		}
		return false, false
	}
	for _, m := range n.Marks {
		hit, kind := same(found, m)
		s.Spans.add(Counts{Marked: 1, Hit: one(hit)})
		s.Touched.add(Counts{Marked: 1, Hit: one(!missed[m])})
		bump(m.Kind, Counts{}, Counts{Marked: 1, Hit: one(kind)})
	}
	var wrong []Mark
	for _, f := range found {
		right, kind := same(n.Marks, f)
		s.Spans.add(Counts{Found: 1, Right: one(right)})
		_, overlaps := covering(n.Marks, f.Start, f.End)
		s.Touched.add(Counts{Found: 1, Right: one(overlaps)})
		bump(f.Kind, Counts{}, Counts{Found: 1, Right: one(kind)})
		if !overlaps {
			wrong = append(wrong, f)
		}
	}
	s.Tokens.add(all)
	s.PerNote = append(s.PerNote, all)
	for k, v := range kinds {
		w := s.ByKind[k]
		w.Tokens.add(v.Tokens)
		w.Spans.add(v.Spans)
		s.ByKind[k] = w
	}
	lost := slices.SortedFunc(maps.Keys(missed), func(a, b Mark) int { return cmp.Compare(a.Start, b.Start) })
	s.Missed, s.Wrong = append(s.Missed, lost), append(s.Wrong, wrong)
}

// covering returns the mark that overlaps a range.
func covering(marks []Mark, start, end int) (Mark, bool) {
	for _, m := range marks {
		if m.Start < end && m.End > start {
			return m, true
		}
	}
	return Mark{}, false
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}
