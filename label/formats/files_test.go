package formats

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"adapt/label"
	"adapt/prompt"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// dump writes a set for people to compare.
func dump(s *Set) string {
	var b strings.Builder
	fmt.Fprintf(&b, "format %s\n", s.Format)
	for _, d := range s.Docs {
		fmt.Fprintf(&b, "document %q %s %q\n", d.Key, d.Split, d.Text)
		if d.Reference != "" {
			fmt.Fprintf(&b, "  reference %q\n", d.Reference)
		}
		for _, l := range d.Labels {
			fmt.Fprintf(&b, "  %q %d %q", l.Category, l.Start, l.Text)
			if l.Absent {
				b.WriteString(" absent")
			}
			for _, name := range sortedKeys(l.Attrs) {
				fmt.Fprintf(&b, " %s=%q", name, l.Attrs[name])
			}
			if l.By != "" {
				fmt.Fprintf(&b, " by %q", l.By)
			}
			if l.Origin != "" {
				fmt.Fprintf(&b, " from %s %g", l.Origin, l.Confidence)
			}
			b.WriteByte('\n')
		}
	}
	for _, x := range s.Exchanges {
		fmt.Fprintf(&b, "exchange %s %s %s\n", x.ID, x.Doc, x.Split)
		for _, t := range x.Turns {
			fmt.Fprintf(&b, "  %q → %q weight %g context %v\n", t.Input, t.Output, t.Weight, t.Context)
		}
		if x.Rejected != "" {
			fmt.Fprintf(&b, "  rejected %q\n", x.Rejected)
		}
	}
	for _, n := range s.Notes {
		fmt.Fprintf(&b, "note: %s\n", n)
	}
	fmt.Fprintf(&b, "gold: %d\n", len(s.Gold()))
	return b.String()
}

// writeDatasetExample makes testdata/good/datasets, which is no text that one
// could write by hand.
func writeDatasetExample(t *testing.T, dir string) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	w, err := Create(dir, "datasets", Info{Name: "legal-3f2a91c07b1e", Version: "3f2a91c07b1e", Description: "Two leases.", License: "Apache-2.0"})
	if err != nil {
		t.Fatal(err)
	}
	docs := []Doc{
		{Key: "oak", Split: label.Train, Text: "🙂 Governed by Ohio law.", Labels: []Label{
			{Gold: label.Gold{Category: "Governing Law", Text: "Ohio law", Start: 17, Attrs: map[string]string{"certainty": "sure"}}, Origin: label.OriginGold},
			{Gold: label.Gold{Category: "Insurance", Absent: true}, Origin: label.OriginGold},
			{Gold: label.Gold{Category: "Place", Text: "Ohio", Start: 17}, Origin: label.OriginRules, Confidence: 0.75}}},
		{Key: "elm", Split: label.Dev, Text: "Nothing."},
	}
	for i := range docs {
		if err := w.Doc(&docs[i]); err != nil {
			t.Fatal(err)
		}
	}
	x := Exchange{ID: "oak/0", Doc: "oak", Split: label.Train, Rejected: " Iowa", Turns: []prompt.Turn{{Input: "Law?", Output: " Ohio"}, {Input: "Term?", Output: " none", Weight: 0.5}}}
	if err := w.Exchange(&x); err != nil {
		t.Fatal(err)
	}
	if notes, err := w.Close(); err != nil || len(notes) > 0 {
		t.Fatal(notes, err)
	}
}

func TestGoodFiles(t *testing.T) {
	if *update {
		writeDatasetExample(t, filepath.Join("testdata", "good", "datasets"))
	}
	entries, err := os.ReadDir(filepath.Join("testdata", "good"))
	if err != nil || len(entries) < 12 {
		t.Fatalf("%d files, %v", len(entries), err)
	}
	for _, e := range entries {
		t.Run(e.Name(), func(t *testing.T) {
			s, err := Load(filepath.Join("testdata", "good", e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			got, path := dump(s), filepath.Join("testdata", "golden", e.Name()+".txt")
			if *update {
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("read\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestBadFiles(t *testing.T) {
	wants := map[string]string{
		"gold-second.jsonl": "line 2: the JSON text ends too early", "gold-field.jsonl": `a field is not one of "key"`, "clauses-text.jsonl": `answer 1 has no "text"`,
		"squad-offset.json": `entry 1 of "data": answer 1 of question 1 lies outside`, "squad-category.json": `its "id" should end in "__Category"`,
		"studio-half.json": "entry 1: the offsets of result 1 lie outside the text or inside a character; they count UTF-16", "studio-offset.json": "entry 1: the offsets of result 1",
		"studio-text.json": `has no "text"; name the field`, "studio-cut.json": "after entry 1: the JSON text ends too early", "studio-min.json": "export as JSON",
		"studio-twice.json": "entry 2: it names a document that an earlier entry gives another text", "doccano-offset.jsonl": "line 2: label 1 has no name, or its offsets lie outside",
		"doccano-triple.jsonl": "label 1 should be [start, end, name]", "doccano-split.jsonl": "none of train, dev and test",
		"openai-unanswered.jsonl": "nothing to learn", "openai-tools.jsonl": "message 2 uses tools", "openai-role.jsonl": `message 1 has a "role"`, "openai-image.jsonl": `message 1 has no "content" of text`,
		"trl-mixed.jsonl": "both should be of one kind", "trl-number.jsonl": `"completion" should be a text or a list`, "preference-empty.jsonl": "the rejected answer is empty",
		"preference-other.jsonl": "answer the same last message", "encoding.jsonl": "line 1: it is not UTF-8", "numbers.json": "entry 1: it is not a JSON object",
		"damaged.parquet": "no Parquet file, or a damaged one", "empty.jsonl": "the file is empty", "unknown.json": "no known format",
		"brat-offsets": "document 1 in the order of names, line 1 of the .ann file: its offsets lie outside", "brat-text": "was the .txt file changed",
		"brat-alone": "its .txt file can not be read", "brat-line": "line 2 of the .ann file: it begins with none of", "brat-target": "line 2 of the .ann file: it speaks of an annotation that is not",
		"nothing": "neither brat's .ann files nor",
	}
	entries, err := os.ReadDir(filepath.Join("testdata", "bad"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		want, ok := wants[e.Name()]
		if !ok {
			t.Errorf("%s is not tested", e.Name())
		}
		delete(wants, e.Name())
		_, err := Load(filepath.Join("testdata", "bad", e.Name()))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", e.Name(), err, want)
		}
		if err != nil && (strings.Contains(err.Error(), "SECRET") || strings.Contains(err.Error(), "testdata")) {
			t.Errorf("%s: error %q tells too much", e.Name(), err)
		}
	}
	for name := range wants {
		t.Errorf("there is no file %s", name)
	}
}

// sound checks what holds of every set that was read.
func sound(t *testing.T, s *Set) {
	t.Helper()
	for _, d := range s.Docs {
		if d.Key == "" {
			t.Fatal("a document has no key")
		}
		for i, l := range d.Labels {
			if l.Category == "" && s.Format != "datasets" && s.Format != "label-studio" && s.Format != "doccano" && s.Format != "brat" {
				t.Fatal("a label has no category")
			}
			if l.Absent && l.Text != "" || l.Start < 0 {
				t.Fatalf("label %+v", l)
			}
			if d.Text != "" && l.Text != "" && s.Format != "squad" && s.Format != "gold" && s.Format != "cuad" && !d.at(&d.Labels[i]) {
				t.Fatalf("the label %+v does not stand in the text", l)
			}
			if utf8.ValidString(d.Text) && !utf8.ValidString(l.Text) {
				t.Fatal("a character was cut")
			}
		}
	}
	for _, x := range s.Exchanges {
		if len(x.Turns) == 0 {
			t.Fatal("an exchange has no turn")
		}
	}
	s.Summary()
	s.Gold()
}

func FuzzRead(f *testing.F) {
	for _, dir := range []string{"good", "bad"} {
		files, err := filepath.Glob(filepath.Join("testdata", dir, "*.json*"))
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range files {
			b, err := os.ReadFile(name)
			if err == nil { // a folder is no seed
				f.Add(b)
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := Read(bytes.NewReader(b)); err == nil {
			sound(t, s)
		}
	})
}

func FuzzBrat(f *testing.F) {
	f.Add("🙂 North America", "T1\tPlace 2 7;8 15\tNorth America\nA1\tNegation T1\n")
	f.Add("a\nb", "T1\tX 0 1;2 3\ta b\nR1\tq Arg1:T1 Arg2:T1\n")
	f.Fuzz(func(t *testing.T, text, ann string) {
		dir := fstest.MapFS{"a.txt": {Data: []byte(text)}, "a.ann": {Data: []byte(ann)}}
		if s, err := LoadFS(dir); err == nil {
			sound(t, s)
		}
	})
}

func FuzzParquet(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "good", "datasets", "*", "*.parquet"))
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := LoadFS(fstest.MapFS{"train.parquet": {Data: b}}); err == nil {
			sound(t, s)
		}
	})
}
