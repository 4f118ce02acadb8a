package formats

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"adapt/label"
)

// readGoldLine reads a line of gold.jsonl: a label.Gold.
func readGoldLine(s *Set, e *entry) error {
	var g label.Gold
	dec := json.NewDecoder(bytes.NewReader(e.raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&g); err != nil {
		return e.fail("%w", jsonProblem(err))
	}
	switch {
	case g.Key == "":
		return e.fail(`"key" is missing; it names the document, as its file does without the extension`)
	case g.Category == "":
		return e.fail(`"category" is missing`)
	case g.Absent && g.Text != "":
		return e.fail(`"absent" and "text" exclude each other`)
	case !g.Absent && g.Text == "" && len(g.Attrs) == 0:
		return e.fail(`"text" is empty; give the quote, or "absent": true`)
	case g.Start < 0:
		return e.fail(`"start" is negative`)
	}
	s.label(g.Key, Label{Gold: g})
	return nil
}

// label adds a label to the document of that key, which is the last one where
// a file is in order.
func (s *Set) label(key string, l Label) {
	d := s.doc(key)
	d.Labels = append(d.Labels, l)
}

// document returns the document of an entry that has its text. One that comes
// up again must have the same text.
func (s *Set) document(e *entry, key, text string, split label.Split) (*Doc, error) {
	if key == "" {
		key = label.TextKey(text)
	}
	d := s.doc(key)
	if d.Text != "" && d.Text != text {
		return nil, e.fail("it names a document that an earlier entry gives another text; give each document a name of its own")
	}
	d.Text = text
	if split != "" {
		d.Split = split
	}
	return d, nil
}

func (s *Set) doc(key string) *Doc {
	if s.index == nil {
		s.index = map[string]int{}
	}
	i, ok := s.index[key]
	if !ok {
		i = len(s.Docs)
		s.index[key] = i
		s.Docs = append(s.Docs, Doc{Key: key})
	}
	return &s.Docs[i]
}

// goldWriter writes gold.jsonl.
type goldWriter struct {
	*folder
	noExchanges
	notes Notes
}

func newGoldWriter(f *folder) Writer { return &goldWriter{folder: f} }

func (w *goldWriter) Doc(d *Doc) error {
	for i := range d.Labels {
		g := d.Labels[i].Gold
		g.Key = d.Key
		if d.Labels[i].whole() && len(g.Attrs) == 0 {
			w.notes.add("labels of whole documents without attributes, which gold.jsonl can not hold", 1)
			continue
		}
		w.notes.add(noteSuggested, count(d.Labels[i].suggested()))
		if err := w.line(d.Split, g); err != nil {
			return err
		}
	}
	w.notes.add(noteReference, count(d.Reference != ""))
	return nil
}

func (w *goldWriter) Close() (Notes, error) { return w.notes, w.folder.close() }

// The notes that several formats share.
const (
	noteSuggested = "labels by labeling functions or models, written as if a person had given them"
	noteReference = "reference texts, which are left out"
	noteAttrs     = "labels whose attributes are left out"
	noteBy        = "names of annotators, which are left out"
	noteWhole     = "labels of whole documents, which are left out"
	noteAbsent    = "categories marked as absent, which are left out"
	noteNowhere   = "labels whose quote does not stand at its offset, which are left out"
	noteWeights   = "answers whose weight in the loss is left out"
	noteRejected  = "rejected answers, which are left out"
	noteRelations = "relations between labels, which are left out"
)

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// at reports whether a label's quote stands at its offset.
func (d *Doc) at(l *Label) bool {
	return l.Start >= 0 && l.Start+len(l.Text) <= len(d.Text) && d.Text[l.Start:l.Start+len(l.Text)] == l.Text
}

// noExchanges is a Writer's part of formats that hold documents alone.
type noExchanges struct{}

func (noExchanges) Exchange(*Exchange) error { return nil }

// noDocs is a Writer's part of formats that hold exchanges alone.
type noDocs struct{}

func (noDocs) Doc(*Doc) error { return nil }

// sortedKeys returns the keys of a map in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
