package legal

import (
	"reflect"
	"strings"
	"testing"

	"adapt/ingest"
	"adapt/label"
	"adapt/prompt"
)

const sampleText = `SUPPLY AGREEMENT

This Supply Agreement (the "Agreement") is made as of May 1, 2020 by and between Acme, Inc., a Delaware corporation ("Supplier") and Beta LLC ("Buyer").

1. Term. This Agreement continues for a period of two years.

2. Law. This Agreement shall be governed by the laws of
the State of Ohio.

3. Insurance. Supplier shall maintain liability insurance. It shall show certificates of it to Buyer.

4. Notices are sent by mail to the addresses above.
`

var sampleGold = []label.Gold{
	{Key: "s", Category: "Document Name", Text: "SUPPLY AGREEMENT"},
	{Key: "s", Category: "Document Name", Text: "Supply Agreement", Start: 23},
	{Key: "s", Category: "Parties", Text: "Acme, Inc."},
	{Key: "s", Category: "Parties", Text: "Beta LLC"},
	{Key: "s", Category: "Agreement Date", Text: "May 1, 2020"},
	{Key: "s", Category: "Governing Law", Text: "This Agreement shall be governed by the laws of the State of Ohio."},
	{Key: "s", Category: "Insurance", Text: "Supplier shall maintain liability insurance."},
	{Key: "s", Category: "insurance", Text: "It shall show certificates of it to Buyer."},
	{Key: "s", Category: "Cap On Liability", Text: "a quote that the reader lost"},
	{Key: "s", Category: "Audit Rights", Absent: true},
}

func sampleDoc() *ingest.Document {
	return &ingest.Document{ID: "id", Key: "s", Group: "g", Text: sampleText, Pages: []ingest.Page{{Number: 1, End: 200}, {Number: 2, Start: 200, End: len(sampleText)}}}
}

func TestLabel(t *testing.T) {
	tok := starter(t)
	got, err := New(Options{}).Label(sampleDoc(), sampleGold, tok, 512)
	if err != nil {
		t.Fatal(err)
	}
	type found struct{ category, text string }
	var spans []found
	for _, s := range got.Truth.Spans {
		if sampleText[s.Start:s.End] != s.Text || s.Origin != label.OriginGold {
			t.Errorf("span %+v is not the text at its place", s)
		}
		spans = append(spans, found{s.Category, collapse(s.Text)})
	}
	want := []found{
		{"Document Name", "SUPPLY AGREEMENT"}, // the second reads the same
		{"Agreement Date", "May 1, 2020"},
		{"Parties", "Acme, Inc."},
		{"Parties", "Beta LLC"},
		{"Governing Law", "This Agreement shall be governed by the laws of the State of Ohio."},
		{"Insurance", "Supplier shall maintain liability insurance. It shall show certificates of it to Buyer."},
	}
	if !reflect.DeepEqual(spans, want) {
		t.Errorf("spans %q, want %q", spans, want)
	}
	if !reflect.DeepEqual(got.Truth.Unlocated, map[string]int{"Cap on Liability": 1}) {
		t.Errorf("unlocated %v", got.Truth.Unlocated)
	}
	if len(got.Examples) != 1 {
		t.Fatalf("%d examples, want 1", len(got.Examples))
	}
	e := got.Examples[0]
	turns := e.Turns
	wantTurns := []prompt.Turn{
		{Input: "SUPPLY AGREEMENT", Output: " title"},
		{Input: `This Supply Agreement (the "Agreement") is made as of May 1, 2020 by and between Acme, Inc., a Delaware corporation ("Supplier") and Beta LLC ("Buyer").`, Output: " title parties signed"},
		{Input: "1. Term. This Agreement continues for a period of two years.", Output: " none", Weight: noneWeight},
		{Input: "2. Law. This Agreement shall be governed by the laws of the State of Ohio.", Output: " law"},
		{Input: "3. Insurance. Supplier shall maintain liability insurance.", Output: " insurance"},
		{Input: "It shall show certificates of it to Buyer.", Output: " insurance"},
		{Input: "4. Notices are sent by mail to the addresses above.", Output: " none", Weight: noneWeight},
	}
	if !reflect.DeepEqual(turns, wantTurns) {
		t.Errorf("turns %+v, want %+v", turns, wantTurns)
	}
	if e.ID != "id/0" || e.DocID != "id" || e.Group != "g" || e.Start != 0 || e.End != len(strings.TrimSpace(sampleText)) || e.Labels["Insurance"] != 2 {
		t.Errorf("example %+v", e)
	}
}

func TestLabelByRules(t *testing.T) {
	got, err := New(Options{}).Label(sampleDoc(), nil, starter(t), 512)
	if err != nil {
		t.Fatal(err)
	}
	if got.Truth.Origin != label.OriginRules {
		t.Errorf("origin %s", got.Truth.Origin)
	}
	found := map[string]string{}
	for _, s := range got.Truth.Spans {
		if s.Origin != label.OriginRules || sampleText[s.Start:s.End] != s.Text {
			t.Errorf("span %+v", s)
		}
		found[s.Category] += collapse(s.Text) + "|"
	}
	for category, text := range map[string]string{
		"Document Name":  "Supply Agreement|",
		"Governing Law":  "2. Law. This Agreement shall be governed by the laws of the State of Ohio.|",
		"Agreement Date": "May 1, 2020|",
		"Parties":        "Acme, Inc.|Supplier|Beta LLC|Buyer|",
	} {
		if found[category] != text {
			t.Errorf("%s: got %q, want %q", category, found[category], text)
		}
	}
}

func TestLabelErrors(t *testing.T) {
	d, tok := New(Options{}), starter(t)
	if _, err := d.Label(sampleDoc(), []label.Gold{{Category: "Governing Lore", Text: "x"}}, tok, 512); err == nil || !strings.Contains(err.Error(), "Governing Lore") {
		t.Errorf("error %v, want one that names the category", err)
	}
	if _, err := d.Label(sampleDoc(), nil, tok, 8); err == nil || !strings.Contains(err.Error(), "max_tokens") {
		t.Errorf("error %v, want one that names the setting", err)
	}
	got, err := d.Label(&ingest.Document{ID: "e", Text: " \n"}, nil, tok, 512)
	if err != nil || got.Skipped == "" {
		t.Errorf("an empty document gives %+v, %v", got, err)
	}
}

// TestExamplesFit labels real contracts with windows of several sizes, in
// both forms of answers.
func TestExamplesFit(t *testing.T) {
	tok := starter(t)
	contracts := cuadContracts(t, nil)
	contracts = contracts[:min(len(contracts), 3)]
	dense := &ingest.Document{ID: "dense", Text: strings.Repeat("漢字仮名交じり文", 300) + ".\n\nGOVERNING LAW"}
	contracts = append(contracts, contract{dense, []label.Gold{{Category: "Governing Law", Text: "GOVERNING LAW"}}})
	for _, form := range []string{Point, Quote} {
		d := New(Options{Answer: form})
		for _, c := range contracts {
			for _, most := range []int{leastTokens, 512} {
				got, err := d.Label(c.doc, c.gold, tok, most)
				if err != nil {
					t.Fatal(err)
				}
				positive := 0
				for _, e := range got.Examples {
					r := prompt.Render(tok, e.Turns)
					if len(r.IDs) > most {
						t.Errorf("%s: an example has %d tokens, want at most %d", form, len(r.IDs), most)
					}
					if len(e.Labels) > 0 {
						positive++
					}
				}
				if negative := len(got.Examples) - positive; negative > max(positive, 1) {
					t.Errorf("%s: %d negative examples beside %d positive ones", form, negative, positive)
				}
				again, err := d.Label(c.doc, c.gold, tok, most)
				if err != nil || !reflect.DeepEqual(got, again) {
					t.Errorf("%s: labeling twice gives two results", form)
				}
			}
		}
	}
}
