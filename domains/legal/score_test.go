package legal

import (
	"math"
	"reflect"
	"testing"

	"adapt/domains"
	"adapt/eval"
	"adapt/ingest"
	"adapt/label"
)

func at(t *testing.T, text, quote string) (int, int) {
	t.Helper()
	start, end, ok := label.Find(text, quote, -1)
	if !ok {
		t.Fatalf("%q is not in the text", quote)
	}
	return start, end
}

func itemAt(t *testing.T, text, category, quote string, confidence float64) domains.Item {
	start, end := at(t, text, quote)
	return domains.Item{Category: category, Start: start, End: end, Text: quote, Confidence: confidence}
}

func truthOf(t *testing.T, text string, pairs ...string) label.Truth {
	truth := label.Truth{Origin: label.OriginGold}
	for i := 0; i < len(pairs); i += 2 {
		start, end := at(t, text, pairs[i+1])
		truth.Spans = append(truth.Spans, label.Span{Category: pairs[i], Start: start, End: end, Text: text[start:end]})
	}
	return truth
}

func TestSimilarity(t *testing.T) {
	for _, tt := range []struct {
		category, item, truth string
		same                  bool
	}{
		{"Governing Law", "the laws of Ohio govern", "The laws of Ohio govern.", true},
		{"Governing Law", "the laws of Ohio govern", "the laws of Iowa apply here", false},
		{"Governing Law", "Ohio", "the laws of Ohio govern it", false},
		{"Parties", "Acme", "Acme, Inc.", true},
		{"Parties", `(the "Buyer")`, "Buyer", true},
		{"Parties", "Acme Holdings", "Acme, Inc., a company", false},
		{"Parties", "", "Acme", false},
	} {
		// Different places, so that words alone decide.
		got := similarity(tt.category, newQuote(0, 5, tt.item), newQuote(90, 95, tt.truth)) >= sameQuote
		if got != tt.same {
			t.Errorf("%s: %q and %q are the same: %v, want %v", tt.category, tt.item, tt.truth, got, tt.same)
		}
	}
	if s := similarity("Governing Law", newQuote(10, 20, "a"), newQuote(10, 25, "b")); math.Abs(s-10.0/15) > 1e-9 {
		t.Errorf("the same place counts %.3f", s)
	}
}

const clauses = "Ohio law governs this Agreement. Buyer shall keep insurance at all times. Either party may end it at will. " +
	"Seller may audit the books of Buyer once a year. Nothing else is agreed here by anyone."

func TestOutcome(t *testing.T) {
	doc := &ingest.Document{ID: "d", Group: "g", Text: clauses}
	truth := truthOf(t, clauses,
		"Governing Law", "Ohio law governs this Agreement.",
		"Insurance", "Buyer shall keep insurance at all times.",
		"Audit Rights", "Seller may audit the books of Buyer once a year.")
	truth.Unlocated = map[string]int{"Insurance": 1}
	a := domains.Answer{Tokens: 5, Items: []domains.Item{
		itemAt(t, clauses, "Governing Law", "Ohio law governs this Agreement.", 0.9),
		itemAt(t, clauses, "Governing Law", "Ohio law governs this", 0.8), // the same clause again
		itemAt(t, clauses, "Insurance", "Buyer shall keep insurance", 0.7),
		itemAt(t, clauses, "Audit Rights", "Nothing else is agreed here by anyone.", 0.6), // another place
		itemAt(t, clauses, "Cap on Liability", "Either party may end it at will.", 0.6),   // no such clause
		{Category: "Renewal Term", Text: "It renews for ever", Confidence: 0.6},           // not in the text
		itemAt(t, clauses, "Exclusivity", "Nothing else is agreed here by anyone.", 0.1),
	}}
	o := New(Options{}).Outcome(doc, truth, a, domains.Settings{Threshold: 0.5, ByCategory: map[string]float64{"Exclusivity": 0.9}})

	wantCounts := map[string]eval.Counts{
		"Governing Law": {TP: 1, FP: 1}, "Insurance": {TP: 1, FN: 1}, "Audit Rights": {FP: 1, FN: 1},
		"Cap on Liability": {FP: 1}, "Renewal Term": {FP: 1},
	}
	if !reflect.DeepEqual(o.Counts, wantCounts) {
		t.Errorf("counts %+v, want %+v", o.Counts, wantCounts)
	}
	if want := map[string]int{"Governing Law": 1, "Insurance": 2, "Audit Rights": 1}; !reflect.DeepEqual(o.Positives, want) {
		t.Errorf("positives %v, want %v", o.Positives, want)
	}
	if len(o.Scored) != len(a.Items) {
		t.Errorf("%d candidates are scored, want all %d", len(o.Scored), len(a.Items))
	}
	kinds := map[string]string{}
	for _, c := range o.Claims {
		if c.Supported != (c.Kind == supported) {
			t.Errorf("claim %+v", c)
		}
		kinds[c.Category] += c.Kind + "|"
	}
	wantKinds := map[string]string{
		"Governing Law": "supported|supported|", "Insurance": "supported|", "Audit Rights": wrongPlace + "|",
		"Cap on Liability": nowhere + "|", "Renewal Term": fabricated + "|",
	}
	if !reflect.DeepEqual(kinds, wantKinds) {
		t.Errorf("claims %v, want %v", kinds, wantKinds)
	}
	if !o.Answered || o.Tokens != 5 || o.DocID != "d" || o.Group != "g" || o.Origin != "gold" {
		t.Errorf("outcome %+v", o)
	}
	if o.Values["exact_match"] != 0.25 {
		t.Errorf("exact match %g, want 1 of 4", o.Values["exact_match"])
	}
	if want := (1 + 2*4.0/(4+7)) / 4; math.Abs(o.Values["token_f1"]-want) > 1e-9 {
		t.Errorf("token F1 %g, want %g", o.Values["token_f1"], want)
	}
}

// TestScoredAgreesWithCounts sweeps thresholds: one pass over the candidates
// gives what asserting at each threshold gives.
func TestScoredAgreesWithCounts(t *testing.T) {
	d := New(Options{})
	doc := &ingest.Document{Text: clauses}
	truth := truthOf(t, clauses, "Governing Law", "Ohio law governs this Agreement.", "Insurance", "Buyer shall keep insurance at all times.")
	a := domains.Answer{Items: []domains.Item{
		itemAt(t, clauses, "Governing Law", "Ohio law governs this", 0.3),
		itemAt(t, clauses, "Governing Law", "Ohio law governs this Agreement.", 0.2),
		itemAt(t, clauses, "Insurance", "Seller may audit the books", 0.6),
		itemAt(t, clauses, "Insurance", "Buyer shall keep insurance at all times.", 0.5),
	}}
	for _, threshold := range []float64{0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.55, 0.6, 0.7} {
		o := d.Outcome(doc, truth, a, domains.Settings{Threshold: threshold})
		all, _ := sum([]eval.Outcome{o})
		tp, fp := 0, 0
		for _, s := range o.Scored {
			if s.Confidence >= threshold {
				if s.Correct {
					tp++
				} else {
					fp++
				}
			}
		}
		if tp != all.TP || fp != all.FP || all.TP+all.FN != 2 {
			t.Errorf("at %g: %+v, the sweep gives %d right and %d wrong", threshold, all, tp, fp)
		}
	}
}

func TestTune(t *testing.T) {
	d := New(Options{})
	if s := d.Tune(nil, nil, nil); s.Threshold != untuned || s.ByCategory != nil {
		t.Errorf("nothing to tune on: %+v", s)
	}
	doc := &ingest.Document{Text: clauses}
	none := label.Truth{}
	some := []domains.Answer{{Items: []domains.Item{itemAt(t, clauses, "Insurance", "Buyer shall keep insurance", 0.9)}}}
	if s := d.Tune([]*ingest.Document{doc}, some, []label.Truth{none}); s.Threshold != untuned {
		t.Errorf("no positives: %+v", s)
	}

	// Ten documents: law is right at 0.3 and wrong at 0.2, insurance is right
	// at 0.1 and wrong nowhere.
	var docs []*ingest.Document
	var answers []domains.Answer
	var truths []label.Truth
	for range 10 {
		docs = append(docs, doc)
		answers = append(answers, domains.Answer{Items: []domains.Item{
			itemAt(t, clauses, "Governing Law", "Ohio law governs this Agreement.", 0.3),
			itemAt(t, clauses, "Governing Law", "Nothing else is agreed here by anyone.", 0.2),
			itemAt(t, clauses, "Governing Law", "Either party may end it at will.", 0.2),
			itemAt(t, clauses, "Insurance", "Buyer shall keep insurance at all times.", 0.1),
		}})
		truths = append(truths, truthOf(t, clauses, "Governing Law", "Ohio law governs this Agreement.", "Insurance", "Buyer shall keep insurance at all times."))
	}
	s := d.Tune(docs, answers, truths)
	if math.Abs(s.Threshold-0.25) > 1e-9 {
		t.Errorf("threshold %g, want 0.25", s.Threshold)
	}
	if s.ByCategory["Insurance"] != 0.1 {
		t.Errorf("insurance has %g, want 0.1", s.ByCategory["Insurance"])
	}
	var outcomes []eval.Outcome
	for i := range docs {
		outcomes = append(outcomes, d.Outcome(docs[i], truths[i], answers[i], s))
	}
	all, _ := sum(outcomes)
	if _, _, f := prf(all); f != 1 {
		t.Errorf("tuned F1 %g, want 1", f)
	}
}

func TestPresent(t *testing.T) {
	doc := sampleDoc()
	a := domains.Answer{Items: []domains.Item{
		itemAt(t, sampleText, "Insurance", "Supplier shall maintain liability insurance.", 0.8),
		itemAt(t, sampleText, "Document Name", "SUPPLY AGREEMENT", 0.9),
		itemAt(t, sampleText, "Parties", "Acme, Inc.", 0.1),
	}}
	got := New(Options{}).Present(doc, a, domains.Settings{Threshold: 0.5})
	start, end := at(t, sampleText, "Supplier shall maintain liability insurance.")
	want := Extraction{Document: "s", Clauses: []Clause{
		{Category: "Document Name", Quote: "SUPPLY AGREEMENT", End: 16, Page: 1, Confidence: 0.9, Located: true},
		{Category: "Insurance", Quote: "Supplier shall maintain liability insurance.", Start: start, End: end, Page: 2, Confidence: 0.8, Located: true},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
