package legal

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"testing"

	"adapt/label"
)

var update = flag.Bool("update", false, "count the votes on CUAD's contracts anew")

// TestKnown checks that the votes which ship are those of today's functions.
// With -update it counts them, on the contracts that the functions were written
// on and no others.
func TestKnown(t *testing.T) {
	if *update {
		*every = 1
		d := New(Options{})
		tally := label.NewTally(d.panel)
		for _, c := range cuadContracts(t, func(key string) bool { return !HeldOut(key) }) {
			b, err := d.Vote(c.doc, c.gold)
			if err != nil {
				t.Fatal(err)
			}
			tally.Add(b.Segments, b.Candidates, b.Known, label.Half(c.doc.ID))
		}
		b, err := json.Marshal(tally)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("known.json", append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		knownVotes = b
	}
	var known label.Tally
	if err := json.NewDecoder(bytes.NewReader(knownVotes)).Decode(&known); err != nil {
		t.Fatal(err)
	}
	now := label.NewTally(panel())
	for category, c := range now.Of {
		if k := known.Of[category]; k == nil || !slices.Equal(k.Funcs, c.Funcs) {
			t.Errorf("%s: the functions have changed; run go test ./domains/legal -run TestKnown -update beside CUAD", category)
		}
	}
	if known.Gold < 200 {
		t.Errorf("votes on %d annotated contracts, want all that the functions were written on", known.Gold)
	}
}
