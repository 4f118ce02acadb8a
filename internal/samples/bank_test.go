package samples

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestLegalBankIsWide(t *testing.T) {
	bank, err := loadLegalBank()
	if err != nil {
		t.Fatal(err)
	}
	valid := map[string]bool{}
	for _, name := range cuad {
		valid[name] = true
	}
	categories := map[string]bool{}
	for _, c := range bank.clauses {
		if len(c.lines) < 12 {
			t.Errorf("%s has %d wordings, want at least 12", c.name, len(c.lines))
		}
		for _, name := range c.categories {
			categories[name] = true
			if !valid[name] {
				t.Errorf("%s: %q is no category", c.name, name)
			}
		}
		for _, k := range kinds {
			suits := 0
			for _, l := range c.lines {
				if l.suits(k) {
					suits++
				}
			}
			if c.chance[k] > 0 && suits < 5 {
				t.Errorf("%s has %d wordings for contracts of kind %s, want at least 5", c.name, suits, k)
			}
		}
	}
	if len(categories) < 30 {
		t.Errorf("clauses cover %d categories, want at least 30", len(categories))
	}
	fillers := 0
	for _, f := range bank.fillers {
		fillers += len(f.lines)
	}
	if fillers < 80 {
		t.Errorf("%d fillers, want at least 80", fillers)
	}
}

// Every template expands for every kind of contract that it suits.
func TestLegalTemplatesExpand(t *testing.T) {
	w, err := newLegalWriter(7)
	if err != nil {
		t.Fatal(err)
	}
	sets := [][]line{w.bank.titles, w.bank.preambles, w.bank.recitals, w.bank.closings}
	for _, c := range w.bank.clauses {
		sets = append(sets, c.lines)
	}
	for _, f := range w.bank.fillers {
		sets = append(sets, f.lines)
	}
	for _, k := range kinds {
		f := w.facts(k)
		for _, set := range sets {
			for _, l := range set {
				if !l.suits(k) {
					continue
				}
				for range 4 {
					marked, err := expand(w.rng, l.text, f)
					if err != nil {
						t.Fatal(err)
					}
					text, _, err := cut(tidy(marked))
					if err != nil {
						t.Fatal(err)
					}
					if strings.ContainsAny(text, "{}[]<>|") || strings.Contains(text, "  ") {
						t.Errorf("template %q gives %q", l.text, text)
					}
				}
			}
		}
	}
}

func TestMedicalBankIsWide(t *testing.T) {
	studies, err := loadStudies()
	if err != nil {
		t.Fatal(err)
	}
	findings := 0
	for _, s := range studies {
		for _, f := range s.findings {
			findings++
			if len(f.present) < 5 || len(f.brief) < 2 || f.weight == 0 || f.freq == 0 {
				t.Errorf("%s: %s has %d wordings, %d for the impression", s.name, f.name, len(f.present), len(f.brief))
			}
			if len(f.uncertain) > 0 && len(f.briefMaybe) == 0 && f.weight > 6 {
				t.Errorf("%s: %s may be uncertain but has no words for that in the impression", s.name, f.name)
			}
		}
	}
	if findings < 60 {
		t.Errorf("%d findings, want at least 60", findings)
	}
}

// Every template of a finding expands for one side and for two.
func TestMedicalTemplatesExpand(t *testing.T) {
	studies, err := loadStudies()
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 3))
	for _, s := range studies {
		for i := range s.findings {
			f := &s.findings[i]
			for _, templates := range [][]string{f.present, f.uncertain, f.brief, f.briefMaybe} {
				for _, template := range templates {
					for range 8 {
						text, err := expand(rng, template, observe(rng, f, true))
						if err != nil {
							t.Fatal(err)
						}
						text = tidyReport(text)
						if strings.ContainsAny(text, "{}[]<>|@") || strings.Contains(text, "  ") || strings.Contains(strings.ToLower(text), "the both") {
							t.Errorf("template %q gives %q", template, text)
						}
					}
				}
			}
		}
	}
}

func TestExpand(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	f := &facts{numbers: wordsDigits, place: place{symbol: "$", currency: "dollars"}}
	for _, test := range []struct{ template, want string }{
		{"plain", "plain"},
		{"[one]", "one"},
		{"a [b [c]] d", "a b c d"},
		{"{n:30,30} days", "thirty (30) days"},
		{"{n:1} {y:year}", "one (1) year"},
		{"{n:2} {y:year}", "two (2) years"},
		{"{pct:5}", "five percent (5%)"},
		{"{usd:1500000}", "one million five hundred thousand dollars ($1,500,000)"},
		{"{ord:3}", "third"},
	} {
		got, err := expand(rng, test.template, f)
		if err != nil || got != test.want {
			t.Errorf("expand(%q) = %q, %v; want %q", test.template, got, err, test.want)
		}
	}
	for _, bad := range []string{"[open", "{open", "{nothing}", "{n:x}", "{n:5-2}"} {
		if got, err := expand(rng, bad, f); err == nil {
			t.Errorf("expand(%q) = %q, want an error", bad, got)
		}
	}
}

func TestCut(t *testing.T) {
	text, spans, err := cut("Made <Agreement Date; Effective Date>May 1</> by <Parties>A</>.")
	if err != nil || text != "Made May 1 by A." || len(spans) != 2 {
		t.Fatalf("cut = %q, %v, %v", text, spans, err)
	}
	if got := text[spans[0].start:spans[0].end]; got != "May 1" || len(spans[0].categories) != 2 {
		t.Errorf("the first span is %q of %v", got, spans[0].categories)
	}
	if got := text[spans[1].start:spans[1].end]; got != "A" {
		t.Errorf("the second span is %q", got)
	}
	for _, bad := range []string{"<A>open", "closed</>", "<A>x<B>y</></>", "<A"} {
		if _, _, err := cut(bad); err == nil {
			t.Errorf("cut(%q) gives no error", bad)
		}
	}
}

func TestTidy(t *testing.T) {
	for in, want := range map[string]string{
		"the  buyer , who pays . then it ends": "The buyer, who pays. Then it ends",
		"by Ness Foods, Inc. and others":       "By Ness Foods, Inc. and others",
		"<A>the end.</> <B>the rest.</>":       "<A>The end.</> <B>The rest.</>",
	} {
		if got := tidy(in); got != want {
			t.Errorf("tidy(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestWords(t *testing.T) {
	for n, want := range map[int]string{0: "zero", 13: "thirteen", 40: "forty", 99: "ninety-nine", 100: "one hundred",
		250: "two hundred fifty", 1001: "one thousand one", 120000: "one hundred twenty thousand"} {
		if got := words(n); got != want {
			t.Errorf("words(%d) = %q, want %q", n, got, want)
		}
	}
}
