package formats

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"adapt/label"
)

// studioTask is a task of Label Studio with what people (annotations) and
// models (predictions) made of it, as its JSON export and import have it.
// Offsets are UTF-16 code units, as JavaScript counts.
type studioTask struct {
	ID          int                        `json:"id,omitempty"`
	Data        map[string]json.RawMessage `json:"data"`
	Annotations []studioAnnotation         `json:"annotations"`
	// Completions are what annotations were called before version 1.
	Completions []studioAnnotation `json:"completions,omitempty"`
	Predictions []studioPrediction `json:"predictions,omitempty"`
	FileUpload  string             `json:"file_upload,omitempty"`
}

type studioAnnotation struct {
	Result      []studioResult  `json:"result"`
	By          json.RawMessage `json:"completed_by,omitempty"`
	Cancelled   bool            `json:"was_cancelled,omitempty"`
	GroundTruth bool            `json:"ground_truth,omitempty"`
}

type studioPrediction struct {
	Result       []studioResult `json:"result"`
	ModelVersion string         `json:"model_version,omitempty"`
	Score        float64        `json:"score,omitempty"`
}

// studioResult is one region, or something said of a region or of the task.
// All results about one region have its id.
type studioResult struct {
	ID    string      `json:"id,omitempty"`
	From  string      `json:"from_name,omitempty"`
	To    string      `json:"to_name,omitempty"`
	Type  string      `json:"type"`
	Value studioValue `json:"value"`
	Score *float64    `json:"score,omitempty"`
}

type studioValue struct {
	Start   *int            `json:"start,omitempty"`
	End     *int            `json:"end,omitempty"`
	Text    json.RawMessage `json:"text,omitempty"` // of a region its text, of a text area a list
	Labels  []string        `json:"labels,omitempty"`
	Choices []string        `json:"choices,omitempty"`
	Rating  *float64        `json:"rating,omitempty"`
	Number  *float64        `json:"number,omitempty"`
}

// The names of the controls in the labeling configuration that adapt writes.
const (
	studioText     = "text"
	studioLabels   = "label"
	studioAbsent   = "absent"   // categories that the document does not have
	studioDocument = "document" // categories of the document as a whole
)

func refuseStudioMin(_ *Set, e *entry) error {
	return e.fail("this is Label Studio's JSON-MIN, which does not tell annotators apart; export as JSON")
}

// studioReader gathers what has to wait for the last task.
type studioReader struct {
	s *Set
	// empty holds the documents in which a person found nothing.
	empty      []int
	categories []string
	seen       map[string]bool
}

func startStudio(s *Set) (func(*entry) error, func() error) {
	r := &studioReader{s: s, seen: map[string]bool{}}
	return r.task, r.end
}

func (r *studioReader) task(e *entry) error {
	var t studioTask
	if err := e.decode(&t); err != nil {
		return err
	}
	text, key, split, err := t.source(e)
	if err != nil {
		return err
	}
	d, err := r.s.document(e, key, text, split)
	if err != nil {
		return err
	}
	annotated, before := false, len(d.Labels)
	for _, a := range r.chosen(append(t.Annotations, t.Completions...)) {
		annotated = true
		labels, err := r.labels(e, d, a.Result)
		if err != nil {
			return err
		}
		by := annotator(a.By)
		for i := range labels {
			labels[i].By = by
			r.category(labels[i].Category)
		}
		d.Labels = append(d.Labels, labels...)
	}
	switch {
	case annotated && len(d.Labels) == before:
		r.empty = append(r.empty, r.s.index[d.Key])
	case !annotated:
		r.s.Notes.add("tasks that nobody has annotated", 1)
	}
	return r.suggestions(e, d, t.Predictions)
}

// source returns a task's text and the name of its document.
func (t *studioTask) source(e *entry) (text, key string, split label.Split, err error) {
	fields := map[string]string{}
	for name, raw := range t.Data {
		var v string
		if json.Unmarshal(raw, &v) == nil { // other data is of no use here
			fields[name] = v
		}
	}
	text, ok := fields[studioText]
	if !ok {
		if len(fields) != 1 {
			return "", "", "", e.fail(`its "data" has no "text"; name the field with the text so`)
		}
		for _, v := range fields {
			text = v
		}
	}
	for _, name := range []string{"key", "filename", "file_name"} {
		if key == "" {
			key = fields[name]
		}
	}
	if key == "" && t.FileUpload != "" {
		// "upload/1/0a1b2c3d-lease.txt"
		key = t.FileUpload[strings.LastIndexByte(t.FileUpload, '/')+1:]
		if prefix, rest, ok := strings.Cut(key, "-"); ok && len(prefix) == 8 {
			key = rest
		}
	}
	split = label.Split(fields["split"])
	if !knownSplit(split) {
		split = ""
	}
	return text, key, split, nil
}

// chosen leaves out what the annotators skipped and, where a task has a ground
// truth, everything else.
func (r *studioReader) chosen(all []studioAnnotation) []studioAnnotation {
	var done, truth []studioAnnotation
	for _, a := range all {
		switch {
		case a.Cancelled:
			r.s.Notes.add("annotations that were skipped (cancelled)", 1)
		case a.GroundTruth:
			truth = append(truth, a)
			fallthrough
		default:
			done = append(done, a)
		}
	}
	if len(truth) > 0 {
		r.s.Notes.add("annotations beside a ground truth, which are left out", len(done)-len(truth))
		return truth
	}
	if len(done) > 1 {
		r.s.Notes.add("tasks with several annotators and no ground truth, whose labels are joined", 1)
	}
	return done
}

func (r *studioReader) suggestions(e *entry, d *Doc, predictions []studioPrediction) error {
	for _, p := range predictions {
		labels, err := r.labels(e, d, p.Result)
		if err != nil {
			return err
		}
		origin, by := label.OriginTeacher, p.ModelVersion
		if p.ModelVersion == modelOf(label.OriginRules) {
			origin, by = label.OriginRules, ""
		} else if p.ModelVersion == modelOf(label.OriginTeacher) {
			by = ""
		}
		for i := range labels {
			labels[i].Origin, labels[i].By = origin, by
			if labels[i].Confidence == 0 {
				labels[i].Confidence = p.Score
			}
		}
		d.Labels = append(d.Labels, labels...)
	}
	return nil
}

// modelOf is the model_version of suggestions that adapt writes.
func modelOf(o label.Origin) string { return "adapt-" + string(o) }

// labels reads the results of one annotation.
func (r *studioReader) labels(e *entry, d *Doc, results []studioResult) ([]Label, error) {
	ruler := newRuler(d.Text, utf16Units)
	var labels []Label
	regions := map[string][]int{} // of labels, by region
	for i, res := range results {
		whole := res.Type == "choices" && (res.From == studioDocument || res.From == studioAbsent)
		if res.Type != "labels" && !whole {
			continue
		}
		base := Label{Gold: label.Gold{Key: d.Key, Absent: res.From == studioAbsent}}
		if res.Score != nil {
			base.Confidence = *res.Score
		}
		names := res.Value.Choices
		if !whole {
			names = res.Value.Labels
			var ok bool
			if res.Value.Start == nil || res.Value.End == nil {
				return nil, e.fail(`result %d has no "start" or "end"`, i+1)
			}
			if base.Text, base.Start, ok = ruler.span(*res.Value.Start, *res.Value.End); !ok {
				return nil, e.fail("the offsets of result %d lie outside the text or inside a character; they count UTF-16 code units", i+1)
			}
		}
		for _, name := range names {
			l := base
			l.Category = name
			regions[res.ID] = append(regions[res.ID], len(labels))
			labels = append(labels, l)
		}
	}
	for _, res := range results {
		labels = r.rest(d, labels, regions, res)
	}
	return labels, nil
}

// rest reads what a result says of a region, or of the document.
func (r *studioReader) rest(d *Doc, labels []Label, regions map[string][]int, res studioResult) []Label {
	value, ok := res.Value.word()
	switch of := regions[res.ID]; {
	case res.Type == "labels", res.Type == "choices" && (res.From == studioDocument || res.From == studioAbsent):
	case res.Type == "relation":
		r.s.Notes.add(noteRelations, 1)
	case ok && len(of) > 0 && res.ID != "":
		for _, i := range of {
			if labels[i].Attrs == nil {
				labels[i].Attrs = map[string]string{}
			}
			labels[i].Attrs[strings.TrimPrefix(res.From, attrPrefix)] = value
		}
	case res.Type == "choices":
		for _, c := range res.Value.Choices {
			labels = append(labels, Label{Gold: label.Gold{Key: d.Key, Category: c, Attrs: present()}})
		}
	default:
		r.s.Notes.add("results of kinds that are no labels of text, which are left out", 1)
	}
	return labels
}

// word is what a result about a region says.
func (v *studioValue) word() (string, bool) {
	var texts []string
	switch {
	case len(v.Choices) > 0:
		return strings.Join(v.Choices, ", "), true
	case v.Rating != nil:
		return strconv.FormatFloat(*v.Rating, 'f', -1, 64), true
	case v.Number != nil:
		return strconv.FormatFloat(*v.Number, 'f', -1, 64), true
	case len(v.Text) > 0 && json.Unmarshal(v.Text, &texts) == nil:
		return strings.Join(texts, "\n"), true
	}
	return "", false
}

func (r *studioReader) category(name string) {
	if !r.seen[name] {
		r.seen[name] = true
		r.categories = append(r.categories, name)
	}
}

// end says of the documents in which people found nothing that they have none
// of the categories that the file knows.
func (r *studioReader) end() error {
	for _, i := range r.empty {
		d := &r.s.Docs[i]
		for _, c := range r.categories {
			d.Labels = append(d.Labels, Label{Gold: label.Gold{Key: d.Key, Category: c, Absent: true}})
		}
	}
	return nil
}

// annotator reads completed_by: a number, or an object that says who it is.
func annotator(raw json.RawMessage) string {
	var id int
	var who struct {
		ID    *int   `json:"id"`
		Email string `json:"email"`
	}
	switch {
	case len(raw) == 0:
	case json.Unmarshal(raw, &id) == nil:
		return strconv.Itoa(id)
	case json.Unmarshal(raw, &who) == nil && who.Email != "":
		return who.Email
	case who.ID != nil:
		return fmt.Sprint(*who.ID)
	}
	return ""
}
