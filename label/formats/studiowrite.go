package formats

import (
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"slices"
	"strconv"
	"strings"

	"adapt/label"
)

// attrPrefix sets attributes apart whose name is one of adapt's controls.
const attrPrefix = "attr-"

// studioWriter writes Label Studio tasks: people's labels as annotations, one
// an annotator, and suggestions as predictions, one a model. config.xml is the
// labeling configuration that fits them.
type studioWriter struct {
	*folder
	noExchanges
	notes  Notes
	tasks  int
	spans  map[string]bool            // categories of places
	absent map[string]bool            // categories that are absent somewhere
	whole  map[string]bool            // categories of whole documents
	attrs  map[string]map[string]bool // values of attributes
}

func newStudioWriter(f *folder) Writer {
	f.frame = frame{".json", "[\n", ",\n", "\n]\n"}
	return &studioWriter{folder: f, spans: map[string]bool{}, absent: map[string]bool{}, whole: map[string]bool{}, attrs: map[string]map[string]bool{}}
}

func (w *studioWriter) Doc(d *Doc) error {
	w.tasks++
	task := studioTask{ID: w.tasks, Data: map[string]json.RawMessage{}, Annotations: []studioAnnotation{}}
	for name, v := range map[string]string{studioText: d.Text, "key": d.Key, "split": string(d.Split)} {
		if v == "" && name != studioText {
			continue
		}
		b, err := marshal(v)
		if err != nil {
			return err
		}
		task.Data[name] = b
	}
	r := newRuler(d.Text, utf16Units)
	n := 0
	for _, group := range w.groups(d) {
		var results []studioResult
		for _, l := range group {
			n++
			results = append(results, w.results(r, l, "r"+strconv.Itoa(n))...)
		}
		first := group[0]
		if !first.suggested() {
			task.Annotations = append(task.Annotations, studioAnnotation{Result: results, By: completedBy(first.By)})
			continue
		}
		version := first.By
		if version == "" {
			version = modelOf(first.Origin)
		} else if first.Origin == label.OriginRules {
			w.notes.add("names of labeling functions, which are left out", 1)
			version = modelOf(first.Origin)
		}
		task.Predictions = append(task.Predictions, studioPrediction{Result: results, ModelVersion: version})
	}
	w.notes.add(noteReference, count(d.Reference != ""))
	return w.line(d.Split, task)
}

// groups divides labels by who gave them, in the order in which they come up.
func (w *studioWriter) groups(d *Doc) [][]*Label {
	type giver struct {
		origin label.Origin
		by     string
	}
	at := map[giver]int{}
	var groups [][]*Label
	for i := range d.Labels {
		l := &d.Labels[i]
		if l.Text != "" && !d.at(l) {
			w.notes.add(noteNowhere, 1)
			continue
		}
		g := giver{by: l.By}
		if l.suggested() {
			g.origin = l.Origin
		}
		n, ok := at[g]
		if !ok {
			n = len(groups)
			at[g], groups = n, append(groups, nil)
		}
		groups[n] = append(groups[n], l)
	}
	return groups
}

// results are a label's region or choice and its attributes.
func (w *studioWriter) results(r *ruler, l *Label, id string) []studioResult {
	res := studioResult{ID: id, To: studioText, Type: "choices"}
	if l.Confidence > 0 {
		res.Score = &l.Confidence
	}
	switch {
	case l.Absent:
		w.absent[l.Category] = true
		res.From, res.Value.Choices = studioAbsent, []string{l.Category}
	case l.whole():
		w.whole[l.Category] = true
		res.From, res.Value.Choices = studioDocument, []string{l.Category}
	default:
		w.spans[l.Category] = true
		start, end := r.units(l.Start), r.units(l.Start+len(l.Text))
		text, err := marshal(l.Text)
		if err != nil {
			panic(err) // a string
		}
		res.From, res.Type = studioLabels, "labels"
		res.Value = studioValue{Start: &start, End: &end, Text: text, Labels: []string{l.Category}}
	}
	results := []studioResult{res}
	for _, name := range slices.Sorted(maps.Keys(l.Attrs)) {
		from := name
		switch {
		case name == studioText, name == studioLabels, name == studioAbsent, name == studioDocument, strings.HasPrefix(name, attrPrefix):
			from = attrPrefix + name
		}
		if w.attrs[from] == nil {
			w.attrs[from] = map[string]bool{}
		}
		w.attrs[from][l.Attrs[name]] = true
		v := studioValue{Start: res.Value.Start, End: res.Value.End, Choices: []string{l.Attrs[name]}}
		results = append(results, studioResult{ID: id, From: from, To: studioText, Type: "choices", Value: v})
	}
	return results
}

// completedBy is a number where the name is one, as in Label Studio's own
// exports, and else an address.
func completedBy(by string) json.RawMessage {
	if by == "" {
		return nil
	}
	if n, err := strconv.Atoi(by); err == nil && strconv.Itoa(n) == by {
		return json.RawMessage(by)
	}
	b, err := marshal(map[string]string{"email": by})
	if err != nil {
		panic(err) // strings
	}
	return b
}

func (w *studioWriter) Close() (Notes, error) {
	if w.tasks > 0 {
		if err := w.write("config.xml", w.config()); err != nil {
			return nil, err
		}
	}
	return w.notes, w.folder.close()
}

// config is the labeling configuration to paste into a project's settings.
func (w *studioWriter) config() string {
	var b strings.Builder
	b.WriteString("<View>\n  <Text name=\"text\" value=\"$text\"/>\n")
	fmt.Fprintf(&b, "  <Labels name=%q toName=\"text\">\n", studioLabels)
	for _, c := range slices.Sorted(maps.Keys(w.spans)) {
		fmt.Fprintf(&b, "    <Label value=\"%s\"/>\n", html.EscapeString(c))
	}
	b.WriteString("  </Labels>\n")
	choices := func(name, more string, values map[string]bool) {
		if len(values) == 0 {
			return
		}
		fmt.Fprintf(&b, "  <Choices name=\"%s\" toName=\"text\"%s>\n", html.EscapeString(name), more)
		for _, v := range slices.Sorted(maps.Keys(values)) {
			fmt.Fprintf(&b, "    <Choice value=\"%s\"/>\n", html.EscapeString(v))
		}
		b.WriteString("  </Choices>\n")
	}
	for _, name := range slices.Sorted(maps.Keys(w.attrs)) {
		choices(name, ` perRegion="true"`, w.attrs[name])
	}
	choices(studioDocument, ` choice="multiple"`, w.whole)
	choices(studioAbsent, ` choice="multiple"`, w.absent)
	b.WriteString("</View>\n")
	return b.String()
}
