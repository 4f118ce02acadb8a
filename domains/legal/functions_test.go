package legal

import (
	"reflect"
	"slices"
	"testing"

	"adapt/ingest"
	"adapt/label"
)

// TestNeedsLoseNoVote asks every function about every segment of a contract,
// also those whose words are not there.
func TestNeedsLoseNoVote(t *testing.T) {
	doc := sampleDoc()
	if cs := contractsIfThere(t); len(cs) > 0 {
		doc = cs[0].doc
	}
	segs := segments(doc.Text)
	if len(segs) > 400 {
		segs = segs[:400]
	}
	var blunt []label.Func
	for _, f := range functions() {
		f.Needs = nil
		blunt = append(blunt, f)
	}
	p, err := label.NewPanel(blunt)
	if err != nil {
		t.Fatal(err)
	}
	read := reading(doc, segs)
	if got, want := panel().Vote(read), p.Vote(read); !reflect.DeepEqual(got, want) {
		t.Errorf("%d candidates with the words looked at first, %d without", len(got), len(want))
	}
}

func contractsIfThere(t *testing.T) []contract {
	t.Helper()
	var out []contract
	t.Run("CUAD", func(t *testing.T) { out = cuadContracts(t, func(key string) bool { return !HeldOut(key) }) })
	return out
}

// TestSeveralFunctions checks that every category has functions of several
// kinds, one of them against it.
func TestSeveralFunctions(t *testing.T) {
	for _, c := range categories {
		var for_, against int
		for _, f := range panel().Of(c.name) {
			switch f.Only {
			case label.For:
				for_++
			case label.Against:
				against++
			}
		}
		if for_ < 3 || against < 1 {
			t.Errorf("%s has %d functions for it and %d against", c.name, for_, against)
		}
	}
}

func TestHeadings(t *testing.T) {
	text := "ARTICLE VIII\n\nINSURANCE\n\n8.1 Coverage. Supplier shall maintain liability insurance.\n\nIt shall last two years.\n\n8.2 Limits. They are these.\n\n9. The parties agree."
	got := headings(text, segments(text))
	last := got[len(got)-1]
	if !slices.Contains(got[len(got)-3], "coverage") || !slices.Contains(got[len(got)-3], "insurance") ||
		!slices.Contains(got[len(got)-2], "limits") || slices.Contains(last, "limits") {
		t.Errorf("headings %q", got)
	}
}

// TestTeamsFunctions lets a team's function speak where the domain's are silent,
// and against where they speak.
func TestTeamsFunctions(t *testing.T) {
	d := New(Options{})
	own, err := label.Compile([]label.Spec{
		{Name: "ours/swans", Category: "Exclusivity", When: label.When{Pattern: `black swans`}},
		{Name: "ours/ohio", Category: "Governing Law", Vote: "against", Precision: 0.99, When: label.When{Pattern: `state of ohio`}},
	}, d.Panel(), d.Categories())
	if err != nil {
		t.Fatal(err)
	}
	v, err := d.With(own, nil)
	if err != nil {
		t.Fatal(err)
	}
	doc := &ingest.Document{ID: "x", Text: "There are black swans.\n\nThis Agreement shall be governed by the laws of the State of Ohio."}
	b, err := v.Vote(doc, nil)
	if err != nil {
		t.Fatal(err)
	}
	tally := label.NewTally(v.Panel())
	tally.Add(b.Segments, b.Candidates, b.Known, 0)
	w, err := label.Weigh(v.Panel(), tally, v.Known())
	if err != nil {
		t.Fatal(err)
	}
	if v, err = v.With(nil, w.Model); err != nil {
		t.Fatal(err)
	}
	l, err := v.Label(doc, nil, starter(t), 512)
	if err != nil {
		t.Fatal(err)
	}
	var votes []string
	for _, vote := range l.Votes {
		if vote.Category == "Exclusivity" || vote.Against {
			votes = append(votes, vote.Func)
		}
	}
	if !slices.Contains(votes, "ours/swans") || !slices.Contains(votes, "ours/ohio") {
		t.Errorf("votes of %q", votes)
	}
	for _, s := range l.Truth.Spans {
		if s.Confidence <= 0.5 || s.Confidence > 1 {
			t.Errorf("%s has confidence %v", s.Category, s.Confidence)
		}
	}
	if _, err := d.With([]label.Func{{Name: "legal/insurance/of insurance", Category: "Insurance", Vote: own[0].Vote}}, nil); err == nil {
		t.Error("a function with a name that is there is taken")
	}
}

func BenchmarkVote(b *testing.B) {
	d := New(Options{})
	doc := sampleDoc()
	n := len(segments(doc.Text))
	for b.Loop() {
		if _, err := d.Vote(doc, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "segments/s")
}
