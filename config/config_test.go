package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"adapt/eval"
)

func TestTemplateGivesTheDefaults(t *testing.T) {
	low, high := 0.5, 0.02
	gates := []eval.Rule{
		{Metric: eval.ExtractionF1, Category: "Governing Law", Min: &low, MinDocuments: 5},
		{Metric: eval.HallucinationRate, Margin: &high},
	}
	for _, gates := range [][]eval.Rule{nil, gates} {
		b, err := Template("legal", gates)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Parse(b, "legal")
		if err != nil {
			t.Fatalf("%v in\n%s", err, b)
		}
		want := Default("legal")
		want.Gates = gates
		want.Ingest.Include, want.Ingest.Deid.Kinds, want.Train.Freeze = []string{}, []string{}, []string{}
		want.Ingest.Columns.Text, want.Ingest.Columns.Known = []string{}, []string{}
		want.Train.LoRA.Targets, want.Train.LoRA.Exclude, want.Train.LoRA.ModulesToSave = []string{}, []string{}, []string{}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v\nwant %+v", got, want)
		}
	}
}

// TestTemplateExplainsEveryKey keeps the template complete.
func TestTemplateExplainsEveryKey(t *testing.T) {
	b, err := Template("legal", []eval.Rule{{Metric: eval.AnswerRate}})
	if err != nil {
		t.Fatal(err)
	}
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		fields, names := keys(typ)
		for _, n := range names {
			if !strings.Contains(string(b), n+":") {
				t.Errorf("the template has no %q", n)
			}
			if fields[n].Kind() == reflect.Struct {
				walk(fields[n])
			}
		}
	}
	walk(reflect.TypeFor[Config]())
}

func TestParseOverDefaults(t *testing.T) {
	for _, empty := range []string{"", "# nothing\n", "{}"} {
		c, err := Parse([]byte(empty), "legal")
		if err != nil || !reflect.DeepEqual(c, Default("legal")) {
			t.Errorf("%q: got %+v, %v", empty, c, err)
		}
	}
	c, err := Parse([]byte("domain: medical\ntrain: {epochs: 2, lora: {r: 4}}\napproval:\n  deadline: 36h\n"), "")
	if err != nil {
		t.Fatal(err)
	}
	want := Default("medical")
	want.Train.Epochs, want.Train.LoRA.R, want.Approval.Deadline = 2, 4, 36*time.Hour
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got %+v", c)
	}
}

// TestBadFiles reads every testdata/*.bad.yaml, whose first line says what the
// error must hold.
func TestBadFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/*.bad.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		head, _, _ := strings.Cut(string(b), "\n")
		_, err = Load(f, "legal")
		for want := range strings.SplitSeq(strings.TrimPrefix(head, "# "), " | ") {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error is %v, want one with %q", f, err, want)
			}
		}
	}
}

func TestPathsAreRelativeToTheFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "adapt.yaml")
	if err := os.WriteFile(path, []byte("model: {base: models/ours}\neval: {general_text: ../news.txt}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path, "legal")
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(dir, "models/ours"); c.Model.Base != want {
		t.Errorf("base is %s, want %s", c.Model.Base, want)
	}
	if want := filepath.Join(filepath.Dir(dir), "news.txt"); c.Eval.GeneralText != want {
		t.Errorf("general text is %s, want %s", c.Eval.GeneralText, want)
	}
}

func TestNearest(t *testing.T) {
	names := []string{"epochs", "learning_rate", "warmup"}
	tests := []struct {
		word, want string
	}{
		{"epoch", "epochs"}, {"epohcs", "epochs"}, {"Learning_Rate", "learning_rate"}, {"learningrate", "learning_rate"},
		{"colour", ""}, {"", ""},
	}
	for _, tt := range tests {
		if got, ok := Nearest(tt.word, names); ok != (tt.want != "") || ok && got != tt.want {
			t.Errorf("Nearest(%q) = %q, %v, want %q", tt.word, got, ok, tt.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	b, err := Template("legal", nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte("train: [1, 2]\n"))
	f.Add([]byte("a: &a {<<: *a}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Parse(b, "legal")
		if err == nil && c.Validate() != nil {
			t.Errorf("accepted an invalid file: %v", c.Validate())
		}
	})
}
