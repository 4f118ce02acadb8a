package medical

import (
	"os"
	"strings"
	"testing"
)

// wanted renders labels as the files of labelled sentences have them.
func wanted(findings []Finding) string {
	marks := map[string]string{Present: "+", Absent: "-", Uncertain: "?"}
	var out []string
	for _, f := range findings {
		s := marks[f.Presence] + f.Name
		if f.Asserted() {
			s = collapse(strings.Join([]string{s, f.Side, f.Severity}, " "))
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

// TestDevSentences holds the rules to the sentences they were written by.
func TestDevSentences(t *testing.T) {
	text, err := os.ReadFile("testdata/observations/dev.txt")
	if err != nil {
		t.Fatal(err)
	}
	sentences, err := parseLabelled(string(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range sentences {
		names, kinds := compare(gather(Observe(l.Text)), gather(l.Want))
		wrong := 0
		for _, c := range names {
			wrong += c.FP + c.FN
		}
		for _, c := range kinds {
			wrong += c.FP + c.FN
		}
		if wrong > 0 {
			t.Errorf("%s\n got %s\nwant %s", l.Text, wanted(Observe(l.Text)), wanted(l.Want))
		}
	}
	t.Logf("\n%s", Measure(sentences).Format())
}

// TestHeldOutSentences measures the rules on sentences that they were not
// written by. It shows no sentence, so that nobody mends a rule by one.
func TestHeldOutSentences(t *testing.T) {
	sentences, err := HeldOut()
	if err != nil {
		t.Fatal(err)
	}
	if len(sentences) < 200 {
		t.Errorf("%d sentences are held out, want at least 200", len(sentences))
	}
	t.Logf("\n%s", Measure(sentences).Format())
}
