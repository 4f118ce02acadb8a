package formats

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"adapt/label"
)

func readGold(text string) ([]label.Gold, error) {
	s, err := Read(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	return s.Gold(), nil
}

func TestReadGold(t *testing.T) {
	tests := []struct {
		name, in string
		want     []label.Gold
		err      string // a part of it; "" for none
	}{
		{name: "gold.jsonl", in: `{"key":"a/b","category":"Governing Law","text":"laws of Ohio","start":7}
{"key":"c","category":"Insurance","absent":true}

{"key":"d","category":"effusion","attrs":{"side":"left"}}
`, want: []label.Gold{
			{Key: "a/b", Category: "Governing Law", Text: "laws of Ohio", Start: 7},
			{Key: "c", Category: "Insurance", Absent: true},
			{Key: "d", Category: "effusion", Attrs: map[string]string{"side": "left"}},
		}},
		{name: "clauses.jsonl", in: `{"contract_id":"X","category":"Insurance","answers":[]}
{"contract_id":"X","category":"Parties","answers":[{"text":"Ö AG","start":1,"end":5,"byte_start":2,"byte_end":7}]}`,
			want: []label.Gold{{Key: "X", Category: "Insurance", Absent: true}, {Key: "X", Category: "Parties", Text: "Ö AG", Start: 2}}},
		{name: "squad", in: `{"version":"1","data":[{"title":"T","paragraphs":[
{"context":"é law of Ohio","qas":[{"id":"T__Governing Law","question":"","answers":[{"text":"law","answer_start":2}]}]},
{"context":"none","qas":[{"id":"q","question":"parts related to \"Insurance\" that","answers":[]},
 {"id":"T__Parties","answers":[{"text":"one","answer_start":1}]}]}]}]}`,
			want: []label.Gold{
				{Key: "T", Category: "Governing Law", Text: "law", Start: 3},
				{Key: "T", Category: "Insurance", Absent: true},
				{Key: "T", Category: "Parties", Text: "one", Start: 15},
			}},
		{name: "byte order mark", in: "\ufeff{\"key\":\"a\",\"category\":\"b\",\"absent\":true}", want: []label.Gold{{Key: "a", Category: "b", Absent: true}}},
		{name: "empty", in: " \n", err: "is empty"},
		{name: "unknown", in: `{"foo":1}`, err: "no known format"},
		{name: "not JSON", in: "hello", err: "not valid JSON"},
		{name: "line", in: "{\"key\":\"a\",\"category\":\"b\",\"absent\":true}\n{\"key\":\"SECRET\",", err: "line 2"},
		{name: "unknown field", in: "{\"key\":\"a\",\"SECRET\":1}", err: "line 1"},
		{name: "no category", in: `{"key":"SECRET"}`, err: `"category" is missing`},
		{name: "no text", in: `{"key":"a","category":"SECRET"}`, err: `"text" is empty`},
		{name: "absent with text", in: `{"key":"a","category":"b","text":"SECRET","absent":true}`, err: "exclude each other"},
		{name: "no answers", in: `{"contract_id":"SECRET","category":"b"}`, err: `"answers" is missing`},
		{name: "two values", in: `{"key":"a","category":"b","absent":true}{"key":"SECRET"}`, err: "one entry a line"},
		{name: "encoding", in: "{\"key\":\"a\",\"category\":\"\xff\",\"absent\":true}", err: "UTF-8"},
		{name: "type", in: `{"key":"a","category":7}`, err: "another type"},
		{name: "squad offset", in: `{"data":[{"title":"T","paragraphs":[{"context":"x","qas":[{"id":"T__P","answers":[{"text":"SECRET","answer_start":9}]}]}]}]}`, err: "outside its context"},
		{name: "squad cut", in: `{"data":[{"title":"SECRET"`, err: "ends too early"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := readGold(tt.in)
			if tt.err == "" {
				if err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(got, tt.want) {
					t.Errorf("got %+v, want %+v", got, tt.want)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Fatalf("error %v, want one with %q", err, tt.err)
			}
			if strings.Contains(err.Error(), "SECRET") {
				t.Errorf("error %q quotes the file", err)
			}
		})
	}
}

func TestLoadGoldNamesNoPath(t *testing.T) {
	_, err := LoadGold(filepath.Join(t.TempDir(), "jane-doe.jsonl"))
	if err == nil || strings.Contains(err.Error(), "jane") {
		t.Errorf("error %v, want one without the file's name", err)
	}
}

// TestCUADFormsAgree reads the same contracts in both of CUAD's forms.
func TestCUADFormsAgree(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "shared", "data", "legal", "cuad")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the CUAD contracts are not beside the repository")
	}
	squad, err := LoadGold(filepath.Join(dir, "cuad_squad_sample.json"))
	if err != nil {
		t.Fatal(err)
	}
	clauses, err := LoadGold(filepath.Join(dir, "clauses.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	index := label.Index(clauses)
	type place struct {
		category, text string
		start          int
	}
	places := func(gold []label.Gold) map[place]int {
		m := map[place]int{}
		for _, g := range gold {
			m[place{strings.ToLower(g.Category), g.Text, g.Start}]++
		}
		return m
	}
	for key, gold := range label.Index(squad) {
		if !reflect.DeepEqual(places(gold), places(index.For(key))) {
			t.Errorf("the annotations of one contract differ between the two forms")
		}
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	sub := filepath.Join(dir, "contracts")
	if err := os.Mkdir(sub, 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(p string) string {
		if err := os.WriteFile(p, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	if got := Find(sub); got != "" {
		t.Errorf("found %q in an empty folder", got)
	}
	parent := write(filepath.Join(dir, "clauses.jsonl"))
	if got := Find(sub + "/"); got != parent {
		t.Errorf("got %q, want the parent's %q", got, parent)
	}
	own := write(filepath.Join(sub, "gold.jsonl"))
	if got := Find(sub); got != own {
		t.Errorf("got %q, want %q", got, own)
	}
}
