package formats

import (
	"encoding/json"

	"adapt/label"
)

// doccanoLine is a line of doccano's JSONL. What is no text and no label is
// metadata there, kept as it came. Offsets are code points.
type doccanoLine struct {
	ID       int             `json:"id,omitempty"`
	Text     *string         `json:"text"`
	Label    json.RawMessage `json:"label,omitempty"`
	Labels   json.RawMessage `json:"labels,omitempty"` // of doccano before 1.6
	Entities *[]doccanoSpan  `json:"entities,omitempty"`
	Relation *[]any          `json:"relations,omitempty"`
	// The metadata that adapt writes.
	Key    string          `json:"key,omitempty"`
	Split  label.Split     `json:"split,omitempty"`
	Absent []string        `json:"absent,omitempty"`
	Meta   json.RawMessage `json:"meta,omitempty"`
}

type doccanoSpan struct {
	ID    int    `json:"id"`
	Label string `json:"label"`
	Start int    `json:"start_offset"`
	End   int    `json:"end_offset"`
}

func readDoccano(s *Set, e *entry) error {
	var l doccanoLine
	if err := e.decode(&l); err != nil {
		return err
	}
	if l.Text == nil {
		return e.fail(`"text" is missing`)
	}
	if l.Key == "" && len(l.Meta) > 0 {
		var meta struct {
			Key string `json:"key"`
		}
		if json.Unmarshal(l.Meta, &meta) == nil { // other tools put other things there
			l.Key = meta.Key
		}
	}
	if !knownSplit(l.Split) {
		return e.fail(`"split" is none of train, dev and test`)
	}
	d, err := s.document(e, l.Key, *l.Text, l.Split)
	if err != nil {
		return err
	}
	spans, whole, err := l.spans(e)
	if err != nil {
		return err
	}
	r := newRuler(d.Text, codePoints)
	for i, sp := range spans {
		text, at, ok := r.span(sp.Start, sp.End)
		if !ok || sp.Label == "" {
			return e.fail("label %d has no name, or its offsets lie outside the text; offsets count characters (code points)", i+1)
		}
		d.Labels = append(d.Labels, Label{Gold: label.Gold{Key: d.Key, Category: sp.Label, Text: text, Start: at}})
	}
	for _, c := range whole {
		d.Labels = append(d.Labels, Label{Gold: label.Gold{Key: d.Key, Category: c, Attrs: present()}})
	}
	for _, c := range l.Absent {
		d.Labels = append(d.Labels, Label{Gold: label.Gold{Key: d.Key, Category: c, Absent: true}})
	}
	if l.Relation != nil {
		s.Notes.add(noteRelations, len(*l.Relation))
	}
	return nil
}

// present are the attributes of a category that a whole document was given.
func present() map[string]string { return map[string]string{"presence": "present"} }

// spans returns the labels of places, and those of the whole text.
func (l *doccanoLine) spans(e *entry) (spans []doccanoSpan, whole []string, err error) {
	if l.Entities != nil {
		return *l.Entities, nil, nil
	}
	raw := l.Label
	if len(raw) == 0 {
		raw = l.Labels
	}
	var name string
	if json.Unmarshal(raw, &name) == nil && name != "" {
		return nil, []string{name}, nil
	}
	var items []json.RawMessage
	if len(raw) > 0 && json.Unmarshal(raw, &items) != nil {
		return nil, nil, e.fail(`"label" should be a list of [start, end, name], or of names`)
	}
	for i, item := range items {
		if json.Unmarshal(item, &name) == nil && name != "" {
			whole = append(whole, name)
			continue
		}
		var sp doccanoSpan
		if !triple(item, &sp) {
			return nil, nil, e.fail("label %d should be [start, end, name], with offsets in characters", i+1)
		}
		spans = append(spans, sp)
	}
	return spans, whole, nil
}

func triple(raw json.RawMessage, sp *doccanoSpan) bool {
	var parts []json.RawMessage
	return json.Unmarshal(raw, &parts) == nil && len(parts) == 3 &&
		json.Unmarshal(parts[0], &sp.Start) == nil && json.Unmarshal(parts[1], &sp.End) == nil &&
		json.Unmarshal(parts[2], &sp.Label) == nil
}

func knownSplit(s label.Split) bool {
	return s == "" || s == label.Train || s == label.Dev || s == label.Test
}

// doccanoWriter writes doccano's JSONL.
type doccanoWriter struct {
	*folder
	noExchanges
	notes    Notes
	entities bool
	docs     int
	spans    int
}

func newDoccanoWriter(f *folder) Writer       { return &doccanoWriter{folder: f} }
func newDoccanoEntityWriter(f *folder) Writer { return &doccanoWriter{folder: f, entities: true} }

func (w *doccanoWriter) Doc(d *Doc) error {
	w.docs++
	line := doccanoLine{ID: w.docs, Text: &d.Text, Key: d.Key, Split: d.Split}
	r := newRuler(d.Text, codePoints)
	triples, entities := [][3]any{}, []doccanoSpan{}
	for _, c := range categories(d, &w.notes) {
		if len(c.spans) == 0 {
			line.Absent = append(line.Absent, c.name)
		}
		for _, l := range c.spans {
			w.spans++
			start, end := r.units(l.Start), r.units(l.Start+len(l.Text))
			triples = append(triples, [3]any{start, end, c.name})
			entities = append(entities, doccanoSpan{w.spans, c.name, start, end})
		}
	}
	if w.entities {
		line.Entities, line.Relation = &entities, &[]any{}
	} else {
		b, err := marshal(triples)
		if err != nil {
			return err
		}
		line.Label = b
	}
	return w.line(d.Split, line)
}

func (w *doccanoWriter) Close() (Notes, error) { return w.notes, w.folder.close() }
