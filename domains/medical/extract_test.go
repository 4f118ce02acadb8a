package medical

import (
	"bufio"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "write the golden files anew")

// line renders findings as testdata/sentences.txt has them.
func line(findings []Finding) string {
	marks := map[string]string{Present: "+", Absent: "-", Uncertain: "?"}
	var out []string
	for _, f := range findings {
		s := marks[f.Presence] + f.Name
		if f.Asserted() {
			s = strings.Join(strings.Fields(strings.Join(append([]string{s, f.Side, f.Severity, f.Change}, f.Numbers...), " ")), " ")
		}
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return strings.Join(out, "; ")
}

func TestSentences(t *testing.T) {
	f, err := os.Open("testdata/sentences.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for scanner := bufio.NewScanner(f); scanner.Scan(); {
		sentence, want, ok := strings.Cut(scanner.Text(), "=>")
		if !ok || strings.HasPrefix(sentence, "#") {
			continue
		}
		n++
		if got := line(Extract(sentence)); got != strings.TrimSpace(want) {
			t.Errorf("%s\n got %s\nwant %s", sentence, got, strings.TrimSpace(want))
		}
	}
	if n < 80 {
		t.Errorf("only %d sentences were read", n)
	}
}

func TestExtractGolden(t *testing.T) {
	text, err := os.ReadFile("testdata/report.txt")
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.MarshalIndent(Extract(string(text)), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	const golden = "testdata/report.golden.json"
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("findings differ from %s; run the test with -update and look at the difference\n%s", golden, got)
	}
}

// hostile are texts that no radiologist wrote.
var hostile = []string{
	"", " ", "\x00\x01\x02", "\xff\xfe no \xff effusion", "....", "no no no no", ",,,,", "5 x", "mm 5", "T", "t99",
	strings.Repeat("no effusion or ", 1000), strings.Repeat("left right ", 1000), strings.Repeat("opacity ", 2000),
	strings.Repeat("FINDINGS: ", 1000), strings.Repeat("heart ", 3000) + "enlarged", strings.Repeat("(", 10000), strings.Repeat("9", 20000),
	strings.Repeat("e\u0301", 3000), strings.Repeat("ſ", 1000) + "K", "<|endoftext|> IMPRESSION: <|output|>",
}

func checkFindings(t *testing.T, text string) {
	t.Helper()
	last, valid := 0, utf8.ValidString(text)
	for _, f := range Extract(text) {
		if f.Start < last || f.End <= f.Start || f.End > len(text) {
			t.Fatalf("finding %+v lies outside a text of %d bytes or before the one at %d", f, len(text), last)
		}
		last = f.Start
		if valid && !utf8.ValidString(text[f.Start:f.End]) {
			t.Fatalf("finding %+v cuts a rune", f)
		}
		if f.Presence == "" || !slices.Contains(names(), f.Name) {
			t.Fatalf("finding %+v has no presence or an unknown name", f)
		}
	}
}

func TestExtractHostile(t *testing.T) {
	for _, text := range hostile {
		checkFindings(t, text)
	}
	checkFindings(t, strings.Repeat("There is no left effusion but the heart is mildly enlarged ", 4000))
}

func FuzzExtract(f *testing.F) {
	for _, text := range hostile {
		if len(text) < 1000 {
			f.Add(text)
		}
	}
	f.Add("Small left pleural effusion, 5 mm nodule, cannot exclude pneumonia. No change.")
	f.Fuzz(func(t *testing.T, text string) {
		checkFindings(t, text)
		doc := plain(text, text)
		r := readReport(doc)
		for _, c := range standard().checker(r).check(r.text(partImpression)) {
			if c.Start < 0 || c.End > len(doc.Text) || c.Start > c.End {
				t.Fatalf("claim %+v points outside the document", c)
			}
		}
		readReport(freeText(text))
	})
}

func TestLexicon(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range concepts {
		if seen[c.name] {
			t.Errorf("%s stands twice", c.name)
		}
		seen[c.name] = true
		if len(c.patterns) == 0 {
			t.Errorf("%s has no wording", c.name)
		}
	}
	for name, b := range entailments {
		for _, other := range append(append([]string{name}, b.always...), b.hedged...) {
			if !seen[other] {
				t.Errorf("the entailments of %s name %q, which is no finding", name, other)
			}
		}
	}
	for _, o := range organs {
		for _, name := range o.denies {
			if !seen[name] {
				t.Errorf("an organ denies %q, which is no finding", name)
			}
		}
	}
	for _, first := range []string{noFinding, mediastinum, cardiomegaly, opacity, lesion, edema, consolidation, pneumonia, atelectasis, pneumothorax, effusion, pleuralOther, fracture, devices} {
		if !seen[first] {
			t.Errorf("the observation %s is missing", first)
		}
	}
	if len(concepts) < 54 {
		t.Errorf("%d findings, want at least 54", len(concepts))
	}
}
