package legal

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"adapt/ingest"

	"adapt/tokenizer"
)

func starter(t *testing.T) tokenizer.Tokenizer {
	t.Helper()
	tok, err := tokenizer.Starter()
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// whole loads a whole encoding from a folder as a model has it.
func whole(t *testing.T, encoding string, size int) tokenizer.Tokenizer {
	t.Helper()
	spec := fmt.Sprintf(`{"encoding":%q,"ranks":0,"vocab_size":%d,"special":{"<|in|>":%d,"<|out|>":%d,"<|end|>":%d},"markers":{"input":"<|in|>","output":"<|out|>","end":"<|end|>"}}`,
		encoding, size+3, size, size+1, size+2)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "adapt_tokenizer.json"), []byte(spec), 0o600); err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// TestCodes makes sure that the first token of an answer says which it is.
func TestCodes(t *testing.T) {
	for name, tok := range map[string]tokenizer.Tokenizer{
		"starter": starter(t), "r50k_base": whole(t, "r50k_base", 50257), "cl100k_base": whole(t, "cl100k_base", 100277),
	} {
		first := map[int32]string{}
		for _, choice := range firstChoices {
			ids := tok.Encode(choice)
			if len(ids) != 1 {
				t.Errorf("%s: %q takes %d tokens, want 1", name, choice, len(ids))
			}
			if other, ok := first[ids[0]]; ok {
				t.Errorf("%s: %q and %q begin with the same token", name, choice, other)
			}
			first[ids[0]] = choice
		}
	}
}

func TestCategoriesAreCUADs(t *testing.T) {
	f, err := os.Open(filepath.Join(cuadDir(t), "categories.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var want []string
	for sc := bufio.NewScanner(f); sc.Scan(); {
		var c struct{ Category string }
		if err := json.Unmarshal(sc.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		want = append(want, c.Category)
	}
	got := New(Options{}).Categories()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEveryCategoryHasARule(t *testing.T) {
	has := map[string]bool{}
	for _, c := range New(Options{}).Panel().Categories() {
		if _, ok := byName[c]; !ok {
			t.Errorf("a function votes for unknown category %s", c)
		}
		has[c] = true
	}
	for _, c := range categories {
		if !has[c.name] {
			t.Errorf("no labeling function for %s", c.name)
		}
		if About(c.name) == "" {
			t.Errorf("%s is not described", c.name)
		}
	}
}

func TestRuleExamples(t *testing.T) {
	d := New(Options{})
	for _, tt := range []struct {
		category, segment string
		want              bool
	}{
		{"Governing Law", "This Agreement shall be governed by the laws of the State of Ohio.", true},
		{"Governing Law", "Acme is organized and existing under the laws of Ohio.", false},
		{"Document Name", `This Supply Agreement ("Agreement") is made by Acme, Inc. and Beta LLC.`, true},
		{"Document Name", "The Supplier shall deliver.", false},
		{"Parties", `This Agreement is made by and between Acme, Inc. ("Acme") and Beta LLC ("Beta").`, true},
		{"Anti-Assignment", "Neither party may assign this Agreement without the other's prior written consent.", true},
		{"Cap on Liability", "In no event shall either party be liable for any indirect, incidental or consequential damages, and the aggregate liability of either party shall not exceed the fees paid hereunder.", true},
		{"Insurance", "Supplier shall maintain commercial general liability insurance.", true},
		{"License Grant", "Licensor hereby grants to Licensee a non-exclusive license to use the Marks.", true},
		{"Exclusivity", "Licensor hereby grants to Licensee a non-exclusive license to use the Marks.", false},
		{"Non-Compete", "During the term of this Agreement and for two years thereafter, Consultant shall not, directly or indirectly, own, manage or operate any business that competes with the business of the Company.", true},
		{"Third Party Beneficiary", "There are no third party beneficiaries of this Agreement.", false},
		{"Third Party Beneficiary", "The Bank is an intended third-party beneficiary of this Agreement, except as to Section 4.", true},
		{"Audit Rights", "Licensor may, during normal business hours, have an independent accountant inspect and audit the books and records that Licensee shall keep.", true},
		{"Renewal Term", "This Agreement shall automatically renew for successive one-year terms.", true},
	} {
		_, shown, _ := d.ruleTruth(&ingest.Document{Text: tt.segment}, []span{{0, len(tt.segment)}})
		if got := slices.Contains(shown[0], byName[tt.category]); got != tt.want {
			t.Errorf("%s: labeled %v: %q", tt.category, got, tt.segment)
		}
	}
}
