package formats

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// bratWriter writes a .txt and an .ann a document, and the configuration that
// shows the names as they are.
type bratWriter struct {
	*folder
	noExchanges
	notes Notes
	types map[string]bool
	attrs map[string]map[string]bool
}

func newBratWriter(f *folder) Writer {
	return &bratWriter{folder: f, types: map[string]bool{}, attrs: map[string]map[string]bool{}}
}

func (w *bratWriter) Doc(d *Doc) error {
	stem := splitName(d.Split) + "/" + escapeKey(d.Key)
	if err := w.write(stem+".txt", d.Text); err != nil {
		return err
	}
	var b strings.Builder
	r := newRuler(d.Text, codePoints)
	n, a := 0, 0
	for i := range d.Labels {
		l := &d.Labels[i]
		line, ok := w.textBound(d, l, r)
		if !ok {
			continue
		}
		n++
		fmt.Fprintf(&b, "T%d\t%s\n", n, line)
		for _, name := range sortedKeys(l.Attrs) {
			a++
			value := l.Attrs[name]
			if w.attrs[name] == nil {
				w.attrs[name] = map[string]bool{}
			}
			if value == "true" {
				fmt.Fprintf(&b, "A%d\t%s T%d\n", a, toBratName(name), n)
				continue
			}
			w.attrs[name][value] = true
			fmt.Fprintf(&b, "A%d\t%s T%d %s\n", a, toBratName(name), n, toBratName(value))
		}
	}
	w.notes.add(noteReference, count(d.Reference != ""))
	return w.write(stem+".ann", b.String())
}

// textBound is a label without its identifier.
func (w *bratWriter) textBound(d *Doc, l *Label, r *ruler) (string, bool) {
	switch {
	case l.Absent:
		w.notes.add(noteAbsent, 1)
		return "", false
	case l.whole():
		w.notes.add(noteWhole, 1)
		return "", false
	case !d.at(l):
		w.notes.add(noteNowhere, 1)
		return "", false
	}
	var offsets, words []string
	for _, f := range fragments(l.Text) {
		start, end := l.Start+f[0], l.Start+f[1]
		offsets = append(offsets, fmt.Sprintf("%d %d", r.units(start), r.units(end)))
		words = append(words, d.Text[start:end])
	}
	if len(offsets) == 0 {
		w.notes.add("labels of line breaks alone, which brat can not hold", 1)
		return "", false
	}
	if all := fragments(l.Text); all[0][0] > 0 || all[len(all)-1][1] < len(l.Text) {
		w.notes.add("labels that begin or end with a line break, which brat can not hold: the line break is left out", 1)
	}
	w.notes.add(noteSuggested, count(l.suggested()))
	w.types[l.Category] = true
	w.notes.add(noteBy, count(l.By != ""))
	return toBratName(l.Category) + " " + strings.Join(offsets, ";") + "\t" + strings.Join(words, " "), true
}

// fragments cuts a text at its line breaks, which brat's lines can not hold.
func fragments(text string) [][2]int {
	var out [][2]int
	from := 0
	for i, c := range text {
		if !breaksLine(c) {
			continue
		}
		if i > from {
			out = append(out, [2]int{from, i})
		}
		from = i + utf8.RuneLen(c)
	}
	if from < len(text) {
		out = append(out, [2]int{from, len(text)})
	}
	return out
}

// breaksLine reports whether Python ends a line there, and so brat.
func breaksLine(c rune) bool {
	switch c {
	case '\n', '\r', '\v', '\f', 0x1c, 0x1d, 0x1e, 0x85, 0x2028, 0x2029:
		return true
	}
	return false
}

func (w *bratWriter) Close() (Notes, error) {
	if err := w.write("annotation.conf", w.config()); err != nil {
		return nil, err
	}
	if err := w.write("visual.conf", w.visual()); err != nil {
		return nil, err
	}
	return w.notes, w.folder.close()
}

func (w *bratWriter) config() string {
	var b strings.Builder
	b.WriteString("[entities]\n")
	for _, c := range sortedKeys(w.types) {
		b.WriteString(toBratName(c) + "\n")
	}
	b.WriteString("\n[relations]\n\n[events]\n\n[attributes]\n")
	for _, name := range sortedKeys(w.attrs) {
		b.WriteString(toBratName(name) + "\tArg:<ENTITY>")
		var values []string
		for _, v := range sortedKeys(w.attrs[name]) {
			values = append(values, toBratName(v))
		}
		if len(values) > 0 {
			b.WriteString(", Value:" + strings.Join(values, "|"))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func (w *bratWriter) visual() string {
	var b strings.Builder
	b.WriteString("[labels]\n")
	for _, c := range sortedKeys(w.types) {
		// A line is "name | what is shown"; line breaks and bars would end it.
		fmt.Fprintf(&b, "%s | %s\n", toBratName(c), strings.NewReplacer("|", "/", "\n", " ", "\r", " ").Replace(c))
	}
	b.WriteString("\n[drawing]\n")
	return b.String()
}
