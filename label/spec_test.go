package label

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"adapt/ingest"
)

func specs(t *testing.T, text string) []Spec {
	t.Helper()
	var out []Spec
	if err := yaml.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestSpecConditions asks one function of each kind about segments that it
// should and should not vote on.
func TestSpecConditions(t *testing.T) {
	doc := &ingest.Document{
		Text:     "Heading\nAcme is the\nsole dealer. It pays.",
		Format:   "pdf",
		Meta:     map[string]string{"modality": "CT"},
		Sections: []ingest.Section{{Name: "findings", Start: 0, End: 32}},
	}
	segs := NewSegments(doc, []Range{{8, 32}, {33, 41}}, func(i int) []string { return []string{"ARTICLE 1", "Exclusive Rights"}[:2-i] })
	own := panelOf(t, holds("own", "License", "acme", For), holds("own/against", "Other", "acme", Against))
	for name, tt := range map[string]struct {
		when          string
		first, second bool
	}{
		"pattern over a line end":   {`{pattern: 'the SOLE dealer'}`, true, false},
		"pattern with case":         {`{pattern: '(?-i)SOLE'}`, false, false},
		"dictionary, whole words":   {`{dictionary: [ole, "Sole  Dealer", x]}`, true, false},
		"dictionary, part of words": {`{dictionary: [deal]}`, false, false},
		"heading":                   {`{heading: '^exclusive'}`, true, false},
		"section":                   {`{section: Findings}`, true, false},
		"distance":                  {`{distance: {first: acme, second: dealer, words: 3}}`, true, false},
		"distance, backwards":       {`{distance: {first: dealer, second: acme, words: 3}}`, true, false},
		"distance, too far":         {`{distance: {first: acme, second: dealer, words: 2}}`, false, false},
		"field":                     {`{field: {name: modality, is: '^ct$'}}`, true, true},
		"format":                    {`{field: {name: format, is: docx}}`, false, false},
		"section as a field":        {`{field: {name: findings, is: acme}}`, true, true},
		"no such field":             {`{field: {name: other, is: '.*'}}`, false, false},
		"voted":                     {`{voted: License}`, true, false},
		"voted against":             {`{voted: Other}`, false, false},
		"all":                       {`{all: [{pattern: sole}, {pattern: acme}]}`, true, false},
		"two at once":               {`{pattern: sole, heading: nothing}`, false, false},
		"any":                       {`{any: [{pattern: nothing}, {pattern: pays}]}`, false, true},
		"not":                       {`{not: {pattern: sole}}`, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			list := specs(t, "- {name: f, category: License, "+tt.when[1:])
			funcs, err := Compile(list, own, []string{"License", "Other"})
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range []bool{tt.first, tt.second} {
				if got := funcs[0].Vote(&segs[i]) == For; got != want {
					t.Errorf("segment %d: votes %v, want %v", i, got, want)
				}
			}
		})
	}
}

func TestSpecErrors(t *testing.T) {
	long := "a"
	for range 13 {
		long += long
	}
	deep := "{pattern: x}"
	for range maxDepth + 2 {
		deep = "{not: " + deep + "}"
	}
	for want, text := range map[string]string{
		`line 2: the function "": name: is missing`:           "\n- {category: A, pattern: x}",
		`line 1: the function "f": category: is missing`:      "- {name: f, pattern: x}",
		`no condition is given`:                               "- {name: f, category: A}",
		`vote: is "maybe"`:                                    "- {name: f, category: A, vote: maybe, pattern: x}",
		`pattern: the pattern is no RE2 expression`:           "- {name: f, category: A, pattern: '('}",
		`pattern: the pattern has 8196 bytes`:                 "- {name: f, category: A, pattern: " + long + "}",
		`any: heading: the pattern is no RE2`:                 "- {name: f, category: A, any: [{heading: '['}]}",
		`distance: words: is -1`:                              "- {name: f, category: A, distance: {first: a, second: b, words: -1}}",
		`distance: first and second`:                          "- {name: f, category: A, distance: {first: a}}",
		`field: name and is`:                                  "- {name: f, category: A, field: {name: a}}",
		`dictionary: an entry has no letters`:                 "- {name: f, category: A, dictionary: ['--']}",
		`precision: is 2`:                                     "- {name: f, category: A, precision: 2, pattern: x}",
		`more than 20 deep`:                                   "- {name: f, category: A, not: " + deep + "}",
		`category: there is no category "B" in this domain`:   "- {name: f, category: B, pattern: x}",
		`voted: there is no category "C" in this domain`:      "- {name: f, category: A, not: {voted: C}}",
		`the function "f": dictionary_file: there is no such`: "- {name: f, category: A, all: [{dictionary_file: none.txt}]}",
	} {
		list := specs(t, text)
		err := ReadFiles(list, t.TempDir())
		if err == nil {
			_, err = Compile(list, panelOf(t), []string{"A"})
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: error %v, want one with %q", text, err, want)
		}
	}
}

func TestDictionaryFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "terms.txt"), []byte("# a comment\n\nsole dealer\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	list := specs(t, "- {name: f, category: A, dictionary_file: terms.txt}")
	if err := Check(list); err != nil {
		t.Fatal(err)
	}
	if err := ReadFiles(list, dir); err != nil {
		t.Fatal(err)
	}
	funcs, err := Compile(list, nil, []string{"A"})
	if err != nil {
		t.Fatal(err)
	}
	if s := (&Segment{Lower: "the sole-dealer of"}); funcs[0].Vote(s) != For {
		t.Error("the entry of the file is not found")
	}
}

// FuzzGate checks that asking only the functions whose words are there changes
// nothing.
func FuzzGate(f *testing.F) {
	f.Add("she he hers", "his", "ushers", "x")
	f.Fuzz(func(t *testing.T, text, a, b, c string) {
		var funcs, plain []Func
		for i, w := range []string{a, b, c} {
			f := holds(string(rune('a'+i)), "A", w, For)
			plain = append(plain, f)
			f.Needs = []string{w}
			funcs = append(funcs, f)
		}
		segs := []Segment{{Lower: text}}
		got, want := panelOf(t, funcs...).Vote(segs), panelOf(t, plain...).Vote(segs)
		if len(got) != len(want) || len(got) > 0 && got[0] != want[0] {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	})
}

func BenchmarkVote(b *testing.B) {
	var funcs []Func
	for i, w := range strings.Fields("insurance audit license terminate assign govern liability warranty royalty exclusive") {
		m := MustMatcher(`(?:shall|may)\s+.*` + w)
		funcs = append(funcs, Func{Name: string(rune('a' + i)), Category: w, Needs: m.Needs(), Vote: func(s *Segment) Opinion {
			if m.Match(s.Lower, s.Lower) {
				return For
			}
			return Abstain
		}})
	}
	p, err := NewPanel(funcs)
	if err != nil {
		b.Fatal(err)
	}
	segs := []Segment{{Lower: "each party shall maintain, at its own expense, commercial general liability insurance during the term of this agreement"}}
	for b.Loop() {
		p.Vote(segs)
	}
}
