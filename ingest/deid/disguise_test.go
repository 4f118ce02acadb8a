package deid

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"adapt/ingest"
)

var disguised = New(everything, Options{Replace: Surrogates, Secret: []byte("a secret for tests")})

// TestSurrogates looks at the form of surrogates; which they are is secret.
func TestSurrogates(t *testing.T) {
	tests := []struct {
		text string
		want string // a regular expression
	}{
		{"Seen by Dr. Jane Q. Smith today.", `Seen by Dr\. [A-Z][a-z]+ [A-Z]\. [A-Z][a-z]+ today\.`},
		{"PATIENT NAME: DOE, JOHN A.\nSEX: M", `PATIENT NAME: [A-Z]+, [A-Z]+ [A-Z]\.\nSEX: M`},
		{"Call (555) 234-5678 or 455.234.5678 ext. 12", `Call \(\d{3}\) 555-01\d\d or \d{3}\.555\.01\d\d ext\. \d\d`},
		{"a.b+c@mail.example.org", `[a-z]+\.[a-z]+@example\.org`},
		{"SSN 123-45-6789", `SSN 9\d\d-[0-4]\d-\d{4}`},
		{"MRN: A1234567", `MRN: [A-Z][0-9]{7}`},
		{"see https://host.example.net/x", `see https://example\.org/[0-9a-f]{8}`},
		{"host 192.168.0.1", `host (192\.0\.2|198\.51\.100|203\.0\.113)\.\d+`},
		{"A 92-year-old", `A 90-year-old`},
		{"lives at 12 North Main Street, Suite 4, Springfield, IL 62704.", `lives at \d\d North [A-Z][a-z]+ Street, Suite \d, [A-Z][a-z]+, IL 627\d\d\.`},
		{"lives at 12 North Main Street, Springfield, IL 03604.", `.*, IL 000\d\d\.`},
	}
	for _, tt := range tests {
		got := disguised.ApplyText(tt.text)
		if got == tt.text || !regexp.MustCompile(`^`+tt.want+`$`).MatchString(got) {
			t.Errorf("%q became %q", tt.text, got)
		}
	}
}

func TestSurrogatesAreConsistent(t *testing.T) {
	text := "Patient: Jane Hartwell\nMrs. Hartwell called from 440-555-0134. HARTWELL, JANE; 440-555-0134"
	doc := func(id, subject string) string {
		d := ingest.Document{ID: id, Subject: subject, Text: text}
		disguised.Apply(&d)
		return d.Text
	}
	one := doc("1", "")
	m := regexp.MustCompile(`^Patient: (\w+) (\w+)\nMrs\. (\w+) called from (\S+)\. `).FindStringSubmatch(one)
	if m == nil || m[2] != m[3] || !strings.HasSuffix(one, m[4]) || m[2] == "Hartwell" {
		t.Errorf("one document: %q", one)
	}
	if doc("1", "") != one || doc("2", "") == one {
		t.Error("documents without a subject should have surrogates of their own")
	}
	if doc("1", "s") != doc("2", "s") || doc("1", "s") == doc("1", "t") {
		t.Error("surrogates should be a patient's")
	}
	other := New(everything, Options{Replace: Surrogates, Secret: []byte("another secret")})
	if other.ApplyText(text) == disguised.ApplyText(text) || other.Key() == disguised.Key() {
		t.Error("another secret should give other surrogates and another key")
	}
}

// TestShiftedDates writes dates in many ways and shifts them by the same days.
func TestShiftedDates(t *testing.T) {
	d := &disguise{engine: disguised, shift: 30, newest: 2020, refYear: 2020}
	tests := []struct{ text, want string }{
		{"01/02/2020", "02/01/2020"},
		{"1/2/2020", "2/1/2020"},
		{"12/25/19", "1/24/20"},
		{"25.12.2019", "24.1.2020"},
		{"2020-01-31", "2020-03-01"},
		{"2020-01-31T10:20:30Z", "2020-03-01T10:20:30Z"},
		{"20200131102030", "20200301102030"},
		{"January 5, 2020", "February 4, 2020"},
		{"Jan. 5th, 2020", "Feb. 4th, 2020"},
		{"5 JAN 2020", "4 FEB 2020"},
		{"12-MAY-99", "11-JUN-99"},
		{"May 12", "June 11"},
		{"the 5th day of March, 2021", "the 4th day of April, 2021"},
		{"Sunday, January 5, 2020", "Tuesday, February 4, 2020"},
		{"January 2020", "February 2020"},
		{"01/2020", "02/2020"},
		{"12/25", "1/24"},
		{"03/14/1925", "04/13/1930"}, // over 89
		{"13/13/2020", "[DATE]"},
	}
	for _, tt := range tests {
		if got := d.date(tt.text); got != tt.want {
			t.Errorf("%q became %q, want %q", tt.text, got, tt.want)
		}
	}
}

// TestShiftKeepsIntervals shifts whole dates of many subjects: their distance
// and order stay.
func TestShiftKeepsIntervals(t *testing.T) {
	for _, id := range []string{"a", "b", "c", "d", "e", "f"} {
		doc := ingest.Document{ID: id, Text: "2019-12-30 and 2020-03-02"}
		disguised.Apply(&doc)
		first, _ := parseDate(doc.Text[:10])
		second, _ := parseDate(doc.Text[15:])
		from, to := julian(first), julian(second)
		if to-from != 63 || doc.Text[:10] == "2019-12-30" {
			t.Errorf("%s: %q", id, doc.Text)
		}
	}
}

func julian(w writtenDate) int {
	a := (14 - w.m) / 12
	y, m := w.y+4800-a, w.m+12*a-3
	return w.d + (153*m+2)/5 + 365*y + y/4 - y/100 + y/400
}

// TestSurrogatesStay applies an engine again and again.
func TestSurrogatesStay(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for range 500 {
		original := randomReport(rng)
		doc := ingest.Document{ID: "x", Text: original}
		disguised.Apply(&doc)
		checkMapped(t, original, doc)
		if found := disguised.Leaks(&doc); len(found) > 0 {
			t.Fatalf("%q becomes %q, which leaks %v", original, doc.Text, found)
		}
		before := doc.Text
		if again := disguised.Apply(&doc); len(again) > 0 || doc.Text != before {
			t.Fatalf("applying again makes %q of %q", doc.Text, before)
		}
	}
}

// TestMappedRanges maps every range there and back.
func TestMappedRanges(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	for range 100 {
		original := randomReport(rng)
		doc := ingest.Document{ID: "x", Text: original}
		disguised.Apply(&doc)
		for start := 0; start <= len(original); start++ {
			for end := start; end <= min(len(original), start+40); end++ {
				s, e := doc.Edited(start, end)
				if s < 0 || e > len(doc.Text) || s > e {
					t.Fatalf("[%d,%d) of %q maps to [%d,%d) of %q", start, end, original, s, e, doc.Text)
				}
				if os, oe := doc.OriginalRange(s, e); end > start && (os > start || oe < end) {
					t.Fatalf("[%d,%d) maps to [%d,%d) and back to [%d,%d); edits %v", start, end, s, e, os, oe, doc.Edits)
				}
			}
		}
	}
}
