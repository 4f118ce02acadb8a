package legal

import (
	"context"
	"errors"
	"math"
	"reflect"
	"testing"

	"adapt/domains"
	"adapt/ingest"
	"adapt/label"
)

// truthTable is what a model that knows the sample answers.
var truthTable = map[string]string{
	"SUPPLY AGREEMENT": " title",
	"made as of May 1": " title parties signed",
	"laws of the":      " law",
	"maintain liab":    " insurance",
	"certificates":     " insurance",
}

func TestAnswer(t *testing.T) {
	m := &scripted{tok: starter(t), max: 512, point: sure(truthTable), t: t}
	d, doc := New(Options{}), sampleDoc()
	a, err := d.Answer(context.Background(), m, doc)
	if err != nil {
		t.Fatal(err)
	}
	type found struct{ category, text string }
	var got []found
	for _, it := range a.Items {
		if doc.Text[it.Start:it.End] != it.Text {
			t.Errorf("%+v is not the text at its place", it)
		}
		if it.Confidence >= 0.5 {
			got = append(got, found{it.Category, collapse(it.Text)})
		}
	}
	want := []found{
		{"Document Name", "SUPPLY AGREEMENT"},
		{"Agreement Date", "May 1, 2020"},
		{"Parties", "Acme, Inc."},
		{"Parties", "Supplier"},
		{"Parties", "Beta LLC"},
		{"Parties", "Buyer"},
		{"Governing Law", "2. Law. This Agreement shall be governed by the laws of the State of Ohio."},
		{"Insurance", "3. Insurance. Supplier shall maintain liability insurance. It shall show certificates of it to Buyer."},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if a.Tokens != 16 { // nine codes and " none"s, and seven ends
		t.Errorf("%d tokens were written", a.Tokens)
	}

	truth, _, err := goldTruth(doc, segments(doc.Text), sampleGold)
	if err != nil {
		t.Fatal(err)
	}
	o := d.Outcome(doc, truth, a, domains.Settings{Threshold: 0.5})
	if o.Counts["Insurance"].TP != 1 || o.Counts["Governing Law"].TP != 1 || o.Counts["Parties"].TP != 2 || o.Counts["Parties"].FP != 2 || o.Counts["Cap on Liability"].FN != 1 {
		t.Errorf("counts %+v", o.Counts)
	}
}

// TestAnswerWindows reads a contract that takes many exchanges.
func TestAnswerWindows(t *testing.T) {
	text := ""
	for range 60 {
		text += "The parties shall perform their duties with all due care and in good faith.\n\n"
	}
	m := &scripted{tok: starter(t), max: 64, point: sure(nil), t: t}
	a, err := New(Options{}).Answer(context.Background(), m, &ingest.Document{Text: text})
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Items) != 0 || a.Tokens != 120 {
		t.Errorf("%d items, %d tokens; want none, 120", len(a.Items), a.Tokens)
	}
	if m.longest > 64 || m.exchanges < 20 || m.exchanges > 60 {
		t.Errorf("%d exchanges of up to %d tokens", m.exchanges, m.longest)
	}
}

func TestAnswerErrors(t *testing.T) {
	d, doc := New(Options{}), sampleDoc()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	m := &scripted{tok: starter(t), max: 512, point: sure(nil), t: t}
	if _, err := d.Answer(ctx, m, doc); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: error %v", err)
	}
	m.fail = errors.New("no memory")
	if _, err := d.Answer(context.Background(), m, doc); !errors.Is(err, m.fail) {
		t.Errorf("failing model: error %v", err)
	}
	m.fail, m.max = nil, 8
	if _, err := d.Answer(context.Background(), m, doc); err == nil {
		t.Error("a model of 8 tokens is asked")
	}
	m.max = 512
	m.point = func(string, string) map[string]float64 { return map[string]float64{" none": math.NaN()} }
	if _, err := d.Answer(context.Background(), m, doc); err == nil {
		t.Error("a probability that is no number is taken")
	}
}

// TestConfidence follows the probabilities of a segment: a category that is
// said second counts as far as the first was likely.
func TestConfidence(t *testing.T) {
	m := &scripted{tok: starter(t), max: 512, t: t, point: func(input, said string) map[string]float64 {
		switch said {
		case "":
			return map[string]float64{" none": 0.2, " license": 0.6, " personal": 0.1, " cap": 0.03, " law": 0.01}
		case " license":
			return map[string]float64{"": 0.3, " personal": 0.5, " group": 0.1}
		}
		return map[string]float64{"": 0.9}
	}}
	s, err := m.Begin(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	p, said, err := point(s, "x")
	if err != nil {
		t.Fatal(err)
	}
	if said != " license personal" {
		t.Errorf("said %q", said)
	}
	for code, want := range map[string]float64{"license": 0.6 / 0.994, "personal": 0.1/0.994 + 0.6/0.994*0.5/0.998, "group": 0.6*0.1 + 0.001, "cap": 0.03} {
		if got := p[byCode[code]]; math.Abs(got-want) > 0.02 {
			t.Errorf("%s: probability %.3f, want about %.3f", code, got, want)
		}
	}
	if _, ok := p[byCode["law"]]; ok {
		t.Error("a category below the floor is a candidate")
	}
}

func TestQuoteAnswer(t *testing.T) {
	doc := sampleDoc()
	d := New(Options{Answer: Quote})
	m := &scripted{tok: starter(t), max: 512, t: t, write: func(input string) domains.Written {
		return domains.Written{Text: " law: This Agreement shall be governed by the laws of the State of Ohio.\ncap: Liability is limited to\nfoo: bar\nno colon\ninsurance:", LogProb: -2, Tokens: 20, Finished: true}
	}}
	a, err := d.Answer(context.Background(), m, doc)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Items) != 2 || a.Tokens != 20 || math.Abs(a.Items[0].Confidence-math.Exp(-0.1)) > 1e-9 {
		t.Fatalf("got %+v", a)
	}
	if it := a.Items[0]; it.Category != "Governing Law" || doc.Text[it.Start:it.End] != it.Text {
		t.Errorf("got %+v", it)
	}
	o := d.Outcome(doc, label.Truth{}, a, domains.Settings{Threshold: 0.5})
	if o.Claims[1].Kind != fabricated && o.Claims[0].Kind != fabricated {
		t.Errorf("claims %+v", o.Claims)
	}
	clauses := d.Present(doc, a, domains.Settings{Threshold: 0.5}).(Extraction).Clauses
	if !clauses[0].Located || clauses[0].Page != 2 || clauses[1].Located || clauses[1].Page != 0 {
		t.Errorf("clauses %+v", clauses)
	}
}

// TestQuoteExamplesTeachWhatIsRead closes the circle of the quoting form: what
// is taught is parsed and located again.
func TestQuoteExamplesTeachWhatIsRead(t *testing.T) {
	doc := sampleDoc()
	l, err := New(Options{Answer: Quote}).Label(doc, sampleGold, starter(t), 512)
	if err != nil {
		t.Fatal(err)
	}
	loc := label.NewLocator(doc.Text)
	var items []domains.Item
	for _, e := range l.Examples {
		items = append(items, parseQuotes(doc.Text, loc, e.Turns[0].Output, e.Start, 1)...)
	}
	for _, m := range pair(items, l.Truth.Spans) {
		if m.truth < 0 {
			t.Errorf("%+v is taught but not labeled", items[m.item])
		}
	}
	if len(items) != len(l.Truth.Spans) {
		t.Errorf("%d items are taught, %d are labeled", len(items), len(l.Truth.Spans))
	}
}

func TestBaseline(t *testing.T) {
	b := New(Options{}).Baselines(nil, nil)
	a := b[0].Answer(sampleDoc())
	found := false
	for _, it := range a.Items {
		found = found || it.Category == "Governing Law" && label.Decided(it.Confidence)
	}
	if !found {
		t.Errorf("the labeling functions find %+v", a.Items)
	}
}
