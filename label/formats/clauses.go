package formats

import (
	"slices"
	"strings"

	"adapt/label"
)

// clause is a line of CUAD's clauses.jsonl: what is said of one category of a
// contract; no answers mean that it is absent. start and end count code
// points.
type clause struct {
	Contract string          `json:"contract_id"`
	Category string          `json:"category"`
	Answers  *[]clauseAnswer `json:"answers"`
}

type clauseAnswer struct {
	Text      string `json:"text"`
	Start     int    `json:"start"`
	End       int    `json:"end"`
	ByteStart int    `json:"byte_start"`
	ByteEnd   int    `json:"byte_end"`
}

func readClause(s *Set, e *entry) error {
	var c clause
	if err := e.decode(&c); err != nil {
		return err
	}
	switch {
	case c.Contract == "":
		return e.fail(`"contract_id" is missing`)
	case c.Category == "":
		return e.fail(`"category" is missing`)
	case c.Answers == nil:
		return e.fail(`"answers" is missing; give an empty list when the category is absent`)
	}
	if len(*c.Answers) == 0 {
		s.label(c.Contract, Label{Gold: label.Gold{Key: c.Contract, Category: c.Category, Absent: true}})
	}
	for i, a := range *c.Answers {
		if a.Text == "" || a.ByteStart < 0 {
			return e.fail(`answer %d has no "text" or a negative "byte_start"`, i+1)
		}
		s.label(c.Contract, Label{Gold: label.Gold{Key: c.Contract, Category: c.Category, Text: a.Text, Start: a.ByteStart}})
	}
	return nil
}

// clauseWriter writes clauses.jsonl.
type clauseWriter struct {
	*folder
	noExchanges
	notes Notes
}

func newClauseWriter(f *folder) Writer { return &clauseWriter{folder: f} }

func (w *clauseWriter) Doc(d *Doc) error {
	r := newRuler(d.Text, codePoints)
	for _, c := range categories(d, &w.notes) {
		line := clause{Contract: d.Key, Category: c.name, Answers: &[]clauseAnswer{}}
		for _, l := range c.spans {
			a := clauseAnswer{Text: l.Text, ByteStart: l.Start, ByteEnd: l.Start + len(l.Text)}
			a.Start, a.End = r.units(a.ByteStart), r.units(a.ByteEnd)
			*line.Answers = append(*line.Answers, a)
		}
		if err := w.line(d.Split, line); err != nil {
			return err
		}
	}
	return nil
}

func (w *clauseWriter) Close() (Notes, error) { return w.notes, w.folder.close() }

// labeledCategory is what is said of one category of a document.
type labeledCategory struct {
	name  string
	spans []Label // none: it is absent
}

// categories gathers a document's labels by category, sorted, for formats that
// know of a label its category and its place alone; what else there is of them
// is noted.
func categories(d *Doc, notes *Notes) []labeledCategory {
	by := map[string]*labeledCategory{}
	var all []*labeledCategory
	for i := range d.Labels {
		l := &d.Labels[i]
		if l.whole() {
			notes.add(noteWhole, 1)
			continue
		}
		if !l.Absent && !d.at(l) {
			notes.add(noteNowhere, 1)
			continue
		}
		c := by[l.Category]
		if c == nil {
			c = &labeledCategory{name: l.Category}
			by[l.Category], all = c, append(all, c)
		}
		notes.add(noteSuggested, count(l.suggested()))
		notes.add(noteAttrs, count(len(l.Attrs) > 0))
		notes.add(noteBy, count(l.By != ""))
		if !l.Absent {
			c.spans = append(c.spans, *l)
		}
	}
	notes.add(noteReference, count(d.Reference != ""))
	slices.SortFunc(all, func(a, b *labeledCategory) int { return strings.Compare(a.name, b.name) })
	out := make([]labeledCategory, len(all))
	for i, c := range all {
		out[i] = *c
	}
	return out
}
