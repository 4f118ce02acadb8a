package deid

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"adapt/ingest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var everything = Rules{Kinds: SafeHarbor}

func apply(doc *ingest.Document, rules Rules) map[Kind]int { return New(rules, Options{}).Apply(doc) }

func applyText(text string, rules Rules) string { return New(rules, Options{}).ApplyText(text) }

func leaks(text string, rules Rules) []Kind {
	return New(rules, Options{}).Leaks(&ingest.Document{Text: text})
}

func TestApplyText(t *testing.T) {
	tests := []struct{ text, want string }{
		// names
		{"Seen by Dr. Jane Q. Smith today.", "Seen by Dr. [NAME] today."},
		{"Discussed with Dr Smith at noon", "Discussed with Dr [NAME] at noon"},
		{"Patient: John Doe\nAge: 54", "Patient: [NAME]\nAge: 54"},
		{"PATIENT NAME: DOE, JOHN A.\nSEX: M", "PATIENT NAME: [NAME]\nSEX: M"},
		{"Name: María de la Cruz-Gómez", "Name: [NAME]"},
		{"Electronically signed by: Robert O'Neil, MD", "Electronically signed by: [NAME], MD"},
		{"Dictated by Anna van der Berg.", "Dictated by [NAME]."},
		{"Attending: Smith. The Smith report; Smith's view.", "Attending: [NAME]. The [NAME] report; [NAME]'s view."},
		{"Ms. Jones-Brown has pain.", "Ms. [NAME] has pain."},
		{"/s/ John Hancock", "/s/ [NAME]"},
		{"Reported to William Carter, RN, at once", "Reported to [NAME], RN, at once"},
		{"Patient: Male, 54", "Patient: Male, 54"},
		{"MR Brain and DR Chest. MR. No change.", "MR Brain and DR Chest. MR. No change."},
		{"The patient is stable. Lungs are clear.", "The patient is stable. Lungs are clear."},
		{"Mrs. Smith The lungs", "Mrs. [NAME] The lungs"},

		// dates
		{"on 01/02/2020, 3-4-21 and 2019-12-31", "on [DATE], [DATE] and [DATE]"},
		{"January 5, 2020; 5 Jan 2020; Jan. 5th, 2020", "[DATE]; [DATE]; [DATE]"},
		{"the 5th day of March, 2021", "the [DATE]"},
		{"as of March 2020 and 03/2020", "as of [DATE] and [DATE]"},
		{"12-MAR-99 20200802124455", "[DATE] [DATE]"},
		{"Comparison dated 3/14", "Comparison dated [DATE]"},
		{"seen March 14 again", "seen [DATE] again"},
		{"2020-01-02T10:20:30Z", "[DATE]"},
		{"ratio 1/2, grade 2/6 murmur, L4/5 disc, C5-6, in 2019", "ratio 1/2, grade 2/6 murmur, L4/5 disc, C5-6, in 2019"},
		{"You may 5 times", "You may 5 times"},

		// numbers
		{"Call (555) 234-5678 or 555.234.5678 ext. 12", "Call [PHONE] or [PHONE]"},
		{"Tel: 234-5678, +44 20 7946 0958", "Tel: [PHONE], [PHONE]"},
		{"a.b+c@mail.example.org", "[EMAIL]"},
		{"SSN 123-45-6789", "SSN [SSN]"},
		{"code 000-12-3456 and 123-00-4567", "code [ID] and [ID]"},
		{"Social Security Number: 123456789", "Social Security Number: [SSN]"},
		{"MRN: A1234567, Accession # 20-44551", "MRN: [MRN], Accession # [ID]"},
		{"accession to the treaty; visit scheduled", "accession to the treaty; visit scheduled"},
		{"Account No. 00-123456-7", "Account No. [ACCOUNT]"},
		{"card 4111 1111 1111 1111 but 4111 1111 1111 1112", "card [ACCOUNT] but 4111 1111 1111 1112"},
		{"see https://example.org/x?y=1. and www.example.com,", "see [URL]. and [URL],"},
		{"host 192.168.0.1 and 2001:db8::1", "host [IP] and [IP]"},
		{"Section 10.1.2.3, OID 1.2.840.10008.1, 300.1.1.1, 12:30:45", "Section 10.1.2.3, OID 1.2.840.10008.1, 300.1.1.1, 12:30:45"},
		{"A 92-year-old and an 89-year-old; 101 y/o; age 95", "A [AGE]-year-old and an 89-year-old; [AGE] y/o; age [AGE]"},
		{"95% of 120 mm", "95% of 120 mm"},

		// addresses
		{"lives at 12 North Main Street, Suite 4, Springfield, IL 62704.", "lives at [ADDRESS]."},
		{"153 FERNWOOD DR., STATESVILLE", "[ADDRESS]"},
		{"P.O. Box 99, Dallas, TX 75201-1234", "[ADDRESS], [ADDRESS]"},
		{"2 View Chest CT", "2 View Chest CT"},
	}
	for _, tt := range tests {
		if got := applyText(tt.text, everything); got != tt.want {
			t.Errorf("ApplyText(%q)\n got %q\nwant %q", tt.text, got, tt.want)
		}
		if found := leaks(applyText(tt.text, everything), everything); len(found) > 0 {
			t.Errorf("%q still leaks %v", tt.want, found)
		}
	}
}

func TestRules(t *testing.T) {
	const text = "Dr. Smith, a@b.org, 555-234-5678"
	if got := applyText(text, Rules{}); got != text {
		t.Errorf("without rules the text became %q", got)
	}
	if got := applyText(text, Rules{Kinds: []Kind{Email}}); got != "Dr. Smith, [EMAIL], 555-234-5678" {
		t.Errorf("with e-mail alone the text became %q", got)
	}
	if got := leaks(text, everything); !slices.Equal(got, []Kind{Email, Name, Phone}) {
		t.Errorf("Leaks() = %v", got)
	}
}

func TestApply(t *testing.T) {
	text := "Name: John Doe\n\nFINDINGS: Seen 01/02/2020 by Dr. Poe."
	at := strings.Index(text, "Seen")
	doc := ingest.Document{
		Text:     text,
		Pages:    []ingest.Page{{Number: 1, Start: 0, End: 16}, {Number: 2, Start: 16, End: len(text)}},
		Sections: []ingest.Section{{Name: "findings", Start: at, End: len(text)}},
	}
	counts := apply(&doc, everything)
	if want := (map[Kind]int{Name: 2, Date: 1}); !maps.Equal(counts, want) {
		t.Errorf("counts = %v, want %v", counts, want)
	}
	if got, _, _ := doc.Section("findings"); got != "Seen [DATE] by Dr. [NAME]." {
		t.Errorf("section = %q", got)
	}
	if got := doc.Text[doc.Pages[1].Start:doc.Pages[1].End]; !strings.HasPrefix(got, "FINDINGS") || doc.Pages[1].End != len(doc.Text) {
		t.Errorf("page 2 = %q", got)
	}
	if e := doc.Edits[1]; text[e.OrigStart:e.OrigEnd] != "01/02/2020" || doc.Text[e.Start:e.End] != "[DATE]" || e.Kind != "DATE" {
		t.Errorf("edit = %+v", e)
	}
	before := doc.Text
	if again := apply(&doc, everything); len(again) != 0 || doc.Text != before {
		t.Errorf("applying again found %v", again)
	}
}

// TestKnown removes what the format says is the patient's, wherever it stands.
func TestKnown(t *testing.T) {
	doc := ingest.Document{
		Text:  "Quist came back. long quist; number 00-4411 and 004411; the long road to Long.",
		Known: []string{"QUIST, LONG", "004411"},
	}
	apply(&doc, everything)
	if want := "[NAME] came back. long [NAME]; number [MRN] and [MRN]; the long road to [NAME]."; doc.Text != want {
		t.Errorf("got  %q\nwant %q", doc.Text, want)
	}
}

// TestApplyInSteps applies kinds one after another: the edits must map back to
// the text as it was read all the same.
func TestApplyInSteps(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		original := randomReport(rng)
		doc := ingest.Document{Text: original}
		kinds := slices.Clone(everything.Kinds)
		rng.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
		for _, k := range kinds {
			apply(&doc, Rules{Kinds: []Kind{k}})
		}
		checkEdits(t, original, doc)
	}
}

// TestApplyLeavesNothing applies all kinds to random texts.
func TestApplyLeavesNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 1000 {
		original := randomReport(rng)
		doc := ingest.Document{Text: original}
		apply(&doc, everything)
		checkEdits(t, original, doc)
		if found := leaks(doc.Text, everything); len(found) > 0 {
			t.Fatalf("%q becomes %q, which leaks %v", original, doc.Text, found)
		}
	}
}

func randomReport(rng *rand.Rand) string {
	parts := []string{
		"Dr. Smith ", "Name: Jane Roe\n", "01/02/2020 ", "the lungs ", "a@b.org ", "(555) 234-5678 ", "MRN: 123456 ", "é 🙂 ",
		"12 Main Street ", "John Poe, MD ", "Smith ", "192.168.1.1 ", "March 5 ", "95-year-old ", "www.example.org ", ", ", "\n\n",
	}
	var b strings.Builder
	for range rng.IntN(15) {
		b.WriteString(parts[rng.IntN(len(parts))])
	}
	return b.String()
}

// checkEdits holds the text outside edits to the original where it maps to.
func checkEdits(t *testing.T, original string, doc ingest.Document) {
	t.Helper()
	checkMapped(t, original, doc)
	for _, e := range doc.Edits {
		if doc.Text[e.Start:e.End] != "["+e.Kind+"]" {
			t.Fatalf("edit %+v stands on %q", e, doc.Text[e.Start:e.End])
		}
	}
}

func checkMapped(t *testing.T, original string, doc ingest.Document) {
	t.Helper()
	at := 0
	for _, e := range doc.Edits {
		if e.Start < at || e.End < e.Start || e.End > len(doc.Text) || e.OrigStart > e.OrigEnd || e.OrigEnd > len(original) {
			t.Fatalf("edit %+v does not fit %q", e, doc.Text)
		}
		checkSame(t, original, doc, at, e.Start)
		at = e.End
	}
	checkSame(t, original, doc, at, len(doc.Text))
	if end := doc.Original(len(doc.Text)); end != len(original) {
		t.Fatalf("the end maps to %d of %d", end, len(original))
	}
}

func checkSame(t *testing.T, original string, doc ingest.Document, start, end int) {
	t.Helper()
	for i := start; i < end; i++ {
		if o := doc.Original(i); o < 0 || o >= len(original) || original[o] != doc.Text[i] {
			t.Fatalf("byte %d of %q maps to %d of %q", i, doc.Text, o, original)
		}
	}
}

func FuzzApply(f *testing.F) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		f.Add(randomReport(rng))
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return
		}
		doc := ingest.Document{
			Text:     text,
			Pages:    []ingest.Page{{Number: 1, Start: 0, End: len(text) / 2}, {Number: 2, Start: len(text) / 2, End: len(text)}},
			Sections: []ingest.Section{{Name: "findings", Start: len(text) / 3, End: len(text)}},
		}
		apply(&doc, everything)
		checkEdits(t, text, doc)
		if doc.Pages[0].End > doc.Pages[1].Start && doc.Pages[0].End > doc.Pages[1].End || doc.Pages[1].End != len(doc.Text) || doc.Sections[0].End != len(doc.Text) {
			t.Fatalf("pages %v, sections %v of %d bytes", doc.Pages, doc.Sections, len(doc.Text))
		}
		if found := leaks(doc.Text, everything); len(found) > 0 {
			t.Fatalf("%q leaks %v", doc.Text, found)
		}
	})
}

// TestGolden shows whole reports before and after, for people to read.
func TestGolden(t *testing.T) {
	inputs, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no golden inputs: %v", err)
	}
	for _, input := range inputs {
		text, err := os.ReadFile(input)
		if err != nil {
			t.Fatal(err)
		}
		got := []byte(applyText(string(text), everything))
		golden := strings.TrimSuffix(input, ".txt") + ".golden"
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s gives\n%s\nwant\n%s", input, got, want)
		}
	}
}

// TestRealReports: the Open-i reports are de-identified at their source, so
// what is found in them is wrong, with few exceptions.
func TestRealReports(t *testing.T) {
	dir := "../../../shared/data/medical/openi"
	files, err := ingest.Scan(dir, nil)
	if err != nil {
		t.Skip("the real reports are not beside the repository")
	}
	docs, _, err := ingest.Read(t.Context(), dir, files[0], ingest.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	total, examples := 0, make(map[string]int)
	for _, d := range docs {
		original := d.Text
		for kind, n := range apply(&d, everything) {
			total += n
			for _, e := range d.Edits {
				if e.Kind == string(kind) {
					examples[fmt.Sprintf("%s %s", kind, original[e.OrigStart:e.OrigEnd])]++
				}
			}
		}
	}
	t.Logf("%d finds in %d reports: %v", total, len(docs), examples)
	if total > len(docs)/50 {
		t.Errorf("%d finds in %d reports without identifiers", total, len(docs))
	}
}

func BenchmarkApply(b *testing.B) {
	text := strings.Repeat("The Company shall deliver the Products to 12 Main Street by January 5, 2020, and Mr. Smith agrees to the terms of Section 4.2 hereof. ", 400)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		applyText(text, everything)
	}
}
