package formats

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"adapt/label"
	"adapt/prompt"
)

// pieces make texts that offsets go wrong on: characters of one to four bytes
// and of one and two UTF-16 units, marks that join, and every kind of line
// end.
var pieces = []string{
	"the party ", "shall ", "x", " ", "\n", "\r\n", "\r", "\t", "é", "e\u0301", "ß", "漢字", "🙂", "👩🏽‍⚕️", "𝒜", "\u2028", "\u0085", "\v",
	`"`, `\`, "<b>&amp;</b>", "“quoted”", "\ufeff", "\u200d", ";", "|", "_", "%41", "\u202e",
}

var (
	someCategories = []string{"Governing Law", "Rofr/Rofo/Rofn", "a_b", "a x41 b", "été 🙂", "No-Solicit Of Customers", `say "no"`, "x__y", "%"}
	someAttrs      = []string{"presence", "side", "label", "attr-x", "with blank", "naïve"}
	someValues     = []string{"present", "true", "left side", "ü", "a_b"}
	someKeys       = []string{"lease", "a/b/c", "Acme, Inc - 10.2", "..", ".hidden", "été 🙂", "100%", "q?*", "x__y"}
)

func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }

func someText(r *rand.Rand, n int) string {
	var b strings.Builder
	for range r.IntN(n) {
		b.WriteString(pick(r, pieces))
	}
	return b.String()
}

// someDoc makes a document with labels of every kind.
func someDoc(r *rand.Rand, key string) Doc {
	d := Doc{Key: key, Split: []label.Split{"", label.Train, label.Dev, label.Test}[r.IntN(4)], Text: someText(r, 40) + "end"}
	var starts []int
	for i := range d.Text {
		starts = append(starts, i)
	}
	starts = append(starts, len(d.Text))
	absent := map[string]bool{} // a category is there or not
	for range r.IntN(8) {
		l := Label{Gold: label.Gold{Key: key, Category: pick(r, someCategories)}}
		is, known := absent[l.Category]
		kind := r.IntN(6)
		if is || known && kind == 0 {
			continue
		}
		absent[l.Category] = kind == 0
		switch kind {
		case 0:
			l.Absent = true
		case 1:
			l.Attrs = map[string]string{pick(r, someAttrs): pick(r, someValues)}
		default:
			i := r.IntN(len(starts) - 1)
			j := i + 1 + r.IntN(len(starts)-1-i)
			l.Start, l.Text = starts[i], d.Text[starts[i]:starts[j]]
			for range r.IntN(3) {
				if l.Attrs == nil {
					l.Attrs = map[string]string{}
				}
				l.Attrs[pick(r, someAttrs)] = pick(r, someValues)
			}
		}
		switch r.IntN(5) {
		case 0:
			l.By = "7"
		case 1:
			l.By = "ann@example.org"
		case 2:
			l.Origin, l.Confidence = label.OriginTeacher, 0.25
		case 3:
			l.Origin, l.Confidence = label.OriginRules, 0.75
		}
		d.Labels = append(d.Labels, l)
	}
	if r.IntN(3) == 0 {
		d.Reference = someText(r, 5) + "reference"
	}
	return d
}

func someDocs(r *rand.Rand) []Doc {
	var docs []Doc
	for _, i := range r.Perm(len(someKeys))[:1+r.IntN(4)] {
		docs = append(docs, someDoc(r, someKeys[i]))
	}
	return docs
}

// through writes data in a format and reads it back.
func through(t *testing.T, format string, docs []Doc, exchanges []Exchange) (*Set, Notes) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "out")
	w, err := Create(dir, format, Info{Name: "test", Version: "v"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range docs {
		if err := w.Doc(&docs[i]); err != nil {
			t.Fatal(err)
		}
	}
	for i := range exchanges {
		if err := w.Exchange(&exchanges[i]); err != nil {
			t.Fatal(err)
		}
	}
	notes, err := w.Close()
	if errors.Is(err, ErrNothing) {
		return &Set{}, notes
	}
	if err != nil {
		t.Fatal(err)
	}
	s, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s, notes
}

// keep says what of a document a format holds.
type keep struct {
	text, split, absent, whole, attrs, by, origin, reference, empty bool
	breaks                                                          bool // labels that begin or end with a line break
}

// held is what is left of docs.
func (k keep) held(docs []Doc) []Doc {
	var out []Doc
	for _, d := range docs {
		var labels []Label
		for _, l := range d.Labels {
			trimmed := fragments(l.Text)
			if l.Absent && !k.absent || l.whole() && !k.whole || !k.breaks && !l.Absent && l.Text != "" && len(trimmed) == 0 {
				continue
			}
			if !k.breaks && l.Text != "" {
				end := trimmed[len(trimmed)-1][1]
				l.Start, l.Text = l.Start+trimmed[0][0], l.Text[trimmed[0][0]:end]
			}
			if !k.attrs {
				l.Attrs = nil
			}
			if !k.by || l.Origin == label.OriginRules {
				l.By = ""
			}
			if !k.origin {
				l.Origin, l.Confidence = "", 0
			}
			labels = append(labels, l)
		}
		d.Labels = labels
		if !k.text {
			d.Text = ""
		}
		if !k.split {
			d.Split = ""
		}
		if !k.reference {
			d.Reference = ""
		}
		if len(labels) > 0 || k.empty {
			out = append(out, d)
		}
	}
	return out
}

func sorted(docs []Doc) []Doc {
	docs = slices.Clone(docs)
	slices.SortFunc(docs, func(a, b Doc) int { return cmp.Compare(a.Key, b.Key) })
	for i := range docs {
		docs[i].Labels = slices.Clone(docs[i].Labels)
		slices.SortFunc(docs[i].Labels, func(a, b Label) int { return cmp.Compare(fmt.Sprintf("%+v", a), fmt.Sprintf("%+v", b)) })
	}
	return docs
}

func TestAnnotationsComeBack(t *testing.T) {
	all := keep{true, true, true, true, true, true, true, true, true, true}
	tests := map[string]keep{
		"gold":             {split: true, absent: true, whole: true, attrs: true, by: true, breaks: true},
		"cuad":             {split: true, absent: true, breaks: true},
		"squad":            {text: true, split: true, absent: true, empty: true, breaks: true},
		"squad-v1":         {text: true, split: true, empty: true, breaks: true},
		"label-studio":     {text: true, split: true, absent: true, whole: true, attrs: true, by: true, origin: true, empty: true, breaks: true},
		"brat":             {text: true, split: true, attrs: true, empty: true},
		"doccano":          {text: true, split: true, absent: true, empty: true, breaks: true},
		"doccano-entities": {text: true, split: true, absent: true, empty: true, breaks: true},
		"datasets":         all,
	}
	for _, f := range Formats() {
		if !f.Labels {
			continue
		}
		k, ok := tests[f.Name]
		if !ok {
			t.Errorf("%s is not tested", f.Name)
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			for range 60 {
				docs := someDocs(r)
				s, notes := through(t, f.Name, docs, nil)
				want := k.held(docs)
				got := sorted(s.Docs)
				if want = sorted(want); len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
					t.Fatal(difference(got, want))
				}
				if !reflect.DeepEqual(labelsOf(docs), labelsOf(want)) && len(notes) == 0 {
					t.Fatalf("labels were lost without a note:\n%+v\n%+v", docs, want)
				}
			}
		})
	}
}

// difference shows the first document that is another one.
func difference(got, want []Doc) string {
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) {
			return fmt.Sprintf("read %d documents, want %d", len(got), len(want))
		}
		if g, w := fmt.Sprintf("%+v", got[i]), fmt.Sprintf("%+v", want[i]); g != w {
			return "read\n" + g + "\nwant\n" + w
		}
	}
	return "nil and empty differ"
}

// labelsOf drops what formats without texts or splits lose by nature.
func labelsOf(docs []Doc) map[string][]Label {
	out := map[string][]Label{}
	for _, d := range sorted(docs) {
		if len(d.Labels) > 0 {
			out[d.Key] = d.Labels
		}
	}
	return out
}

func someExchange(r *rand.Rand) Exchange {
	x := Exchange{Split: []label.Split{"", label.Train, label.Dev, label.Test}[r.IntN(4)]}
	n := 1 + r.IntN(3)
	for i := range n {
		turn := prompt.Turn{Input: someText(r, 10), Output: someText(r, 5)}
		if i < n-1 && r.IntN(3) == 0 {
			turn.Context = true
		}
		if r.IntN(4) == 0 && !turn.Context {
			turn.Weight = 0.5
		}
		x.Turns = append(x.Turns, turn)
	}
	if r.IntN(3) == 0 {
		x.Rejected = "worse" + someText(r, 5)
	}
	return x
}

// heldExchanges is what is left of exchanges in a format.
func heldExchanges(format string, in []Exchange) []Exchange {
	var out []Exchange
	for _, x := range in {
		turns := slices.Clone(x.Turns)
		for i := range turns {
			turns[i].Weight = 0
		}
		switch format {
		case "openai":
			out = append(out, Exchange{Split: x.Split, Turns: turns})
		case "datasets":
			out = append(out, x)
		default: // one answer a line
			for i := range turns {
				preference := strings.HasPrefix(format, "trl-preference")
				if turns[i].Context || preference && (x.Rejected == "" || i < len(turns)-1) {
					continue
				}
				y := Exchange{Split: x.Split, Turns: slices.Clone(turns[:i+1])}
				for j := range i {
					y.Turns[j].Context = true
				}
				if preference {
					y.Rejected = x.Rejected
				}
				if !strings.HasSuffix(format, "-chat") {
					var before strings.Builder
					for _, b := range turns[:i] {
						before.WriteString(b.Input + b.Output + "\n")
					}
					y.Turns = []prompt.Turn{{Input: before.String() + turns[i].Input, Output: turns[i].Output}}
				}
				out = append(out, y)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Exchange) int { return cmp.Compare(splitName(a.Split), splitName(b.Split)) })
	return out
}

func TestExchangesComeBack(t *testing.T) {
	for _, f := range Formats() {
		if !f.Exchanges {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(3, 4))
			for range 60 {
				var in []Exchange
				for range 1 + r.IntN(4) {
					in = append(in, someExchange(r))
				}
				s, notes := through(t, f.Name, nil, in)
				want := heldExchanges(f.Name, in)
				got := slices.Clone(s.Exchanges)
				slices.SortStableFunc(got, func(a, b Exchange) int { return cmp.Compare(splitName(a.Split), splitName(b.Split)) })
				if len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
					t.Fatalf("wrote\n%+v\nread\n%+v\nwant\n%+v", in, got, want)
				}
				slices.SortStableFunc(in, func(a, b Exchange) int { return cmp.Compare(splitName(a.Split), splitName(b.Split)) })
				if !reflect.DeepEqual(in, want) && len(notes) == 0 {
					t.Fatalf("exchanges were lost without a note:\n%+v\n%+v", in, want)
				}
			}
		})
	}
}

func TestRulers(t *testing.T) {
	text := "a🙂é\r\n漢e\u0301x"
	for _, u := range []unit{codePoints, utf16Units} {
		r := newRuler(text, u)
		for i, c := range text {
			n := r.units(i)
			if at, ok := r.bytes(n); !ok || at != i {
				t.Errorf("%q at byte %d is unit %d, which is byte %d, %v", c, i, n, at, ok)
			}
		}
	}
	if n := newRuler(text, utf16Units).units(len("a🙂")); n != 3 {
		t.Errorf("é is UTF-16 unit %d, want 3", n)
	}
	if n := newRuler(text, codePoints).units(len("a🙂")); n != 2 {
		t.Errorf("é is code point %d, want 2", n)
	}
	if _, ok := newRuler(text, utf16Units).bytes(2); ok {
		t.Error("an offset inside a character is taken")
	}
}

func TestBratNames(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 2000 {
		s := someText(r, 6) + pick(r, someCategories)
		name := toBratName(s)
		if fromBratName(name) != s {
			t.Fatalf("%q becomes %q and %q", s, name, fromBratName(name))
		}
		if strings.ContainsFunc(name, func(c rune) bool { return c >= utf8.RuneSelf || c <= ' ' }) {
			t.Fatalf("%q is no name for brat", name)
		}
		if key := unescapeKey(escapeKey(s)); key != s {
			t.Fatalf("%q comes back as %q", s, key)
		}
		if !filepath.IsLocal(filepath.FromSlash("x/" + escapeKey("../"+s))) {
			t.Fatalf("%q leads elsewhere", s)
		}
	}
	if got := toBratName("Governing Law"); got != "Governing_Law" {
		t.Errorf("Governing Law is %s", got)
	}
}
