package activities

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"adapt/domains"
)

// TestAJournalGoesOnAfterAKill reads a journal whose last line was cut off.
func TestAJournalGoesOnAfterAKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "answers.jsonl")
	a := domains.Answer{DocID: "a", Items: []domains.Item{{Category: "Parties", Start: 3, End: 9, Text: "ACME <&>", Confidence: 0.25}}, Tokens: 4}
	b := domains.Answer{DocID: "b", Text: "No effusion.", LogProb: -1.0 / 3, Finished: true}
	write := func(answers ...domains.Answer) {
		t.Helper()
		j, err := openJournal(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, ans := range answers {
			if err := j.write(ans); err != nil {
				t.Fatal(err)
			}
		}
		if err := j.close(); err != nil {
			t.Fatal(err)
		}
	}
	write(a)
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"doc_id":"b","text":"No eff`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	write(b)
	j, err := openJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	defer j.close()
	if want := map[string]domains.Answer{"a": a, "b": b}; !reflect.DeepEqual(j.done, want) {
		t.Errorf("got %+v, want %+v", j.done, want)
	}
	if !j.has("a") || j.has("c") {
		t.Error("it does not know what it has")
	}
}
