package formats

import (
	"fmt"
	"strings"

	"adapt/label"
)

// squadFile is SQuAD's form (Rajpurkar et al. 2016 and 2018), which CUAD takes
// with one title a contract and one question a category. Offsets are code
// points into the context.
type squadFile struct {
	Data []squadDoc `json:"data"`
}

type squadDoc struct {
	Title      string           `json:"title"`
	Paragraphs []squadParagraph `json:"paragraphs"`
}

type squadParagraph struct {
	Context string    `json:"context"`
	QAs     []squadQA `json:"qas"`
}

type squadQA struct {
	ID       string `json:"id"`
	Question string `json:"question"`
	// Category says plainly what a question's id and words say in CUAD.
	Category   string        `json:"category,omitempty"`
	Impossible *bool         `json:"is_impossible,omitempty"` // since version 2
	Answers    []squadAnswer `json:"answers"`
}

type squadAnswer struct {
	Text  string `json:"text"`
	Start int    `json:"answer_start"`
}

func readSquad(s *Set, e *entry) error {
	var f squadFile
	if err := e.decode(&f); err != nil {
		return err
	}
	for i, d := range f.Data {
		de := &entry{where: fmt.Sprintf(`entry %d of "data"`, i+1)}
		if d.Title == "" {
			return de.fail(`it has no "title", which names the document`)
		}
		if err := readSquadDoc(s, de, d); err != nil {
			return err
		}
	}
	return nil
}

// readSquadDoc reads a document, whose text its contexts are together.
func readSquadDoc(s *Set, e *entry, d squadDoc) error {
	var text strings.Builder
	var labels []Label
	for _, p := range d.Paragraphs {
		r := newRuler(p.Context, codePoints)
		for j, q := range p.QAs {
			found, err := squadLabels(s, e, r, j+1, q)
			if err != nil {
				return err
			}
			for k := range found {
				if !found[k].Absent {
					found[k].Start += text.Len()
				}
				found[k].Key = d.Title
			}
			labels = append(labels, found...)
		}
		text.WriteString(p.Context)
	}
	doc, err := s.document(e, d.Title, text.String(), "")
	if err != nil {
		return err
	}
	doc.Labels = append(doc.Labels, labels...)
	return nil
}

func squadLabels(s *Set, e *entry, r *ruler, n int, q squadQA) ([]Label, error) {
	category := squadCategory(q)
	if category == "" {
		return nil, e.fail(`question %d names no category: its "id" should end in "__Category"`, n)
	}
	if len(q.Answers) == 0 {
		return []Label{{Gold: label.Gold{Category: category, Absent: true}}}, nil
	}
	var labels []Label
	for k, a := range q.Answers {
		at, ok := r.bytes(a.Start)
		if !ok || a.Text == "" || at >= len(r.text) {
			return nil, e.fail("answer %d of question %d lies outside its context", k+1, n)
		}
		if !strings.HasPrefix(r.text[at:], a.Text) {
			s.Notes.add("answers that do not stand at their offset and are looked for by their text", 1)
		}
		labels = append(labels, Label{Gold: label.Gold{Category: category, Text: a.Text, Start: at}})
	}
	return labels, nil
}

// squadCategory reads the category off its own field, off
// "TITLE__Category", or off the question, where it is quoted after "related
// to".
func squadCategory(q squadQA) string {
	if q.Category != "" {
		return q.Category
	}
	if i := strings.LastIndex(q.ID, "__"); i >= 0 && i+2 < len(q.ID) {
		return strings.TrimSpace(q.ID[i+2:])
	}
	_, rest, ok := strings.Cut(q.Question, `related to "`)
	if !ok {
		return ""
	}
	category, _, _ := strings.Cut(rest, `"`)
	return category
}

// squadRow is a question in the columns that the datasets library gives SQuAD.
type squadRow struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Context  string `json:"context"`
	Question string `json:"question"`
	Answers  struct {
		Text  []string `json:"text"`
		Start []int    `json:"answer_start"`
	} `json:"answers"`
}

func readSquadRow(s *Set, e *entry) error {
	var row squadRow
	if err := e.decode(&row); err != nil {
		return err
	}
	if len(row.Answers.Text) != len(row.Answers.Start) {
		return e.fail("it has %d answers and %d offsets", len(row.Answers.Text), len(row.Answers.Start))
	}
	q := squadQA{ID: row.ID, Question: row.Question}
	for i, text := range row.Answers.Text {
		q.Answers = append(q.Answers, squadAnswer{text, row.Answers.Start[i]})
	}
	labels, err := squadLabels(s, e, newRuler(row.Context, codePoints), 1, q)
	if err != nil {
		return err
	}
	d, err := s.document(e, row.Title, row.Context, "")
	if err != nil {
		return err
	}
	for _, l := range labels {
		l.Key = d.Key
		d.Labels = append(d.Labels, l)
	}
	return nil
}

// squadWriter writes SQuAD's form.
type squadWriter struct {
	*folder
	noExchanges
	notes Notes
	v1    bool
}

func newSquadWriter(f *folder) Writer {
	f.frame = frame{".json", `{"version":"v2.0","data":[` + "\n", ",\n", "\n]}\n"}
	return &squadWriter{folder: f}
}

func newSquadV1Writer(f *folder) Writer {
	f.frame = frame{".json", `{"version":"1.1","data":[` + "\n", ",\n", "\n]}\n"}
	return &squadWriter{folder: f, v1: true}
}

func (w *squadWriter) Doc(d *Doc) error {
	r := newRuler(d.Text, codePoints)
	qas := []squadQA{}
	for _, c := range categories(d, &w.notes) {
		absent := len(c.spans) == 0
		if absent && w.v1 {
			w.notes.add(noteAbsent, 1)
			continue
		}
		q := squadQA{
			ID: d.Key + "__" + c.name, Category: c.name, Answers: []squadAnswer{},
			Question: `Highlight the parts (if any) of this document related to "` + c.name + `".`,
		}
		if !w.v1 {
			q.Impossible = &absent
		}
		for _, l := range c.spans {
			q.Answers = append(q.Answers, squadAnswer{l.Text, r.units(l.Start)})
		}
		qas = append(qas, q)
	}
	return w.line(d.Split, squadDoc{d.Key, []squadParagraph{{d.Text, qas}}})
}

func (w *squadWriter) Close() (Notes, error) { return w.notes, w.folder.close() }
