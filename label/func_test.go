package label

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"adapt/ingest"
)

// holds is a function that votes o on segments that hold a word.
func holds(name, category, word string, o Opinion) Func {
	return Func{Name: name, Category: category, Vote: func(s *Segment) Opinion {
		if strings.Contains(s.Lower, word) {
			return o
		}
		return Abstain
	}}
}

func panelOf(t *testing.T, funcs ...Func) *Panel {
	t.Helper()
	p, err := NewPanel(funcs)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPanel(t *testing.T) {
	doc := &ingest.Document{Text: "Alpha  beta\nhere. Gamma. Beta not."}
	segs := NewSegments(doc, []Range{{0, 17}, {18, 24}, {25, 34}}, nil)
	if segs[0].Text != "Alpha beta here." || segs[2].Lower != "beta not." {
		t.Fatalf("segments %+v", segs)
	}
	p := panelOf(t,
		holds("b/gamma", "B", "gamma", For),
		holds("a/not", "A", "not", Against),
		holds("a/beta", "A", "beta", For),
		holds("a/alpha", "A", "alpha", For),
		holds("b/beta", "B", "beta", Against))
	got := p.Vote(segs)
	want := []Candidate{{0, "A", "++."}, {1, "B", ".+"}, {2, "A", ".+-"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("candidates %v, want %v: a vote against makes no candidate", got, want)
	}
	votes := p.Votes(segs, got)
	if len(votes) != 5 || votes[4] != (Vote{Category: "A", Start: 25, End: 34, Func: "a/not", Against: true}) {
		t.Errorf("votes %+v", votes)
	}
	for name, funcs := range map[string][]Func{
		"called":    {holds("x", "A", "", For), holds("x", "B", "", For)},
		"no name":   {holds("", "A", "", For)},
		"precision": {{Name: "x", Category: "A", Vote: func(*Segment) Opinion { return For }, Precision: 1}},
	} {
		if _, err := NewPanel(funcs); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestHeadingsOfBlocks(t *testing.T) {
	doc := &ingest.Document{
		Text: "ONE\nfirst\nTwo\nsecond\nTHREE\nthird",
		Blocks: []ingest.Block{
			{Kind: ingest.BlockHeading, Level: 1, Start: 0, End: 3},
			{Kind: ingest.BlockParagraph, Start: 4, End: 9},
			{Kind: ingest.BlockHeading, Level: 2, Start: 10, End: 13},
			{Kind: ingest.BlockHeading, Level: 1, Start: 21, End: 26},
		},
	}
	segs := NewSegments(doc, []Range{{4, 9}, {14, 20}, {27, 32}}, nil)
	var got [][]string
	for _, s := range segs {
		got = append(got, s.Headings)
	}
	if want := [][]string{{"ONE"}, {"ONE", "Two"}, {"THREE"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("headings %q, want %q", got, want)
	}
}

func TestMatcherNeeds(t *testing.T) {
	for expr, want := range map[string][]string{
		`govern(?:ed|ing)\s+law`: {"govern"},
		`(?i)Right of FIRST`:     {"right of first"},
		`audit|inspect`:          {"audit", "inspect"},
		`a|inspect`:              nil,
		`.*x?`:                   nil,
		`(?:é|ab)`:               nil,
		`(?:foo)*bar{2,}`:        {"ba"},
	} {
		if got := MustMatcher(expr).needs; !slices.Equal(got, want) {
			t.Errorf("%s needs %q, want %q", expr, got, want)
		}
	}
	if !MustMatcher(`(?i)solicit`).Match("ſolicit", lowerCase("ſolicit")) {
		t.Error("a long s is lost")
	}
	for _, bad := range []string{"(", `a{1001}`, `(?<=x)y`, strings.Repeat("a", maxExpr+1)} {
		if _, err := NewMatcher(bad); err == nil {
			t.Errorf("%.10s compiles", bad)
		}
	}
}

// FuzzMatcher checks that looking for needed words first changes no result.
func FuzzMatcher(f *testing.F) {
	f.Add(`(?i)shall\s+not|may`, "It SHALL  not")
	f.Add(`a.b+`, "axbb")
	f.Fuzz(func(t *testing.T, expr, text string) {
		m, err := NewMatcher(expr)
		if err != nil {
			return
		}
		if got, want := m.Match(text, lowerCase(text)), m.re.MatchString(text); got != want {
			t.Errorf("%q in %q: %v, want %v (needs %q)", expr, text, got, want, m.needs)
		}
	})
}
