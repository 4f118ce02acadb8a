package deid

import (
	"slices"
	"testing"

	"adapt/ingest"
)

func TestCheck(t *testing.T) {
	e := New(everything, Options{})
	tests := []struct {
		text    string
		quoted  []Kind
		written []Kind
		foreign []Kind
	}{
		{"Clear lungs. Call 312-555-0144.", []Kind{Phone}, []Kind{Phone}, []Kind{Phone}},
		{"MRN: 00448812", []Kind{MRN}, []Kind{MRN}, []Kind{MRN}},
		{"Seen by Dr. Hartwell.", []Kind{Name}, []Kind{Name}, nil},
		{"Seen on January 5, 2020.", []Kind{Date}, nil, nil},
		{"a.roe@clinic.example.net and 219-44-0918", []Kind{Email, SSN}, []Kind{Email, SSN}, []Kind{Email, SSN}},
		{"Hartwell is better. Wilson disease. Grade 3/14. Series 3, image 44. 12345678.", nil, nil, nil},
		{"Dr. [NAME] on [DATE] at [PHONE]", nil, nil, nil},
	}
	for _, tt := range tests {
		for from, want := range map[Source][]Kind{Quoted: tt.quoted, Written: tt.written, Foreign: tt.foreign} {
			var got []Kind
			var about []*ingest.Document
			if from != Quoted {
				about = append(about, &ingest.Document{Text: tt.text})
			}
			for _, l := range e.Check(tt.text, from, about...) {
				got = append(got, l.Kind)
			}
			if !slices.Equal(got, want) {
				t.Errorf("Check(%q, %d) = %v, want %v", tt.text, from, got, want)
			}
		}
	}
}

// TestPublicKnowledge checks what models write that does not stand in the
// document.
func TestPublicKnowledge(t *testing.T) {
	e, doc := New(everything, Options{}), &ingest.Document{Text: "Clear lungs."}
	for _, tt := range []struct {
		text string
		from Source
		want int
	}{
		{"See www.example.org or call 312-555-0144.", Foreign, 0},
		{"See www.example.org or call 312-555-0144.", Written, 1},
		{"See www.example.org or call 312-555-0144.", Quoted, 2},
	} {
		if got := e.Check(tt.text, tt.from, doc); len(got) != tt.want {
			t.Errorf("Check(%q, %d) = %v, want %d", tt.text, tt.from, got, tt.want)
		}
	}
}

// TestSurrogatesAreNoLeaks checks what quotes a document with surrogates.
func TestSurrogatesAreNoLeaks(t *testing.T) {
	doc := ingest.Document{ID: "x", Text: "Dr. Jane Hartwell, 12 Main Street, Springfield, IL 62704, 312-555-8844, MRN: 00448812, 219-44-0918, 01/02/2020"}
	disguised.Apply(&doc)
	if got := disguised.Check(doc.Text, Quoted, &doc); len(got) > 0 {
		t.Errorf("the document itself leaks %v: %q", got, doc.Text)
	}
	if got := disguised.Check("MRN: 99118822. Call 312-555-8844.", Quoted, &doc); len(got) != 2 {
		t.Errorf("what is no surrogate is found as %v", got)
	}
}

// TestFalseAlarms cuts real documents into windows, as examples are cut, after
// identifiers were removed: whatever the check finds in them would stop a run.
func TestFalseAlarms(t *testing.T) {
	formal := Rules{Kinds: []Kind{Name, Email, Phone, Account, SSN, Tax}, Formal: true}
	for _, set := range []struct {
		dir   string
		rules Rules
		every int // of the files
	}{
		{"../../../shared/data/medical/openi", everything, 1},
		{"../../../shared/data/legal/cuad/contracts", formal, 12},
		{"../../../shared/data/medical/hl7v2", everything, 1},
	} {
		files, err := ingest.Scan(set.dir, nil)
		if err != nil {
			t.Skip("the real documents are not beside the repository")
		}
		for _, opts := range []Options{{}, {Replace: Surrogates, Secret: []byte("a secret for tests")}} {
			e := New(set.rules, opts)
			windows, alarms := 0, map[Kind]int{}
			for i, f := range files {
				if i%set.every != 0 {
					continue
				}
				docs, _, err := ingest.Read(t.Context(), set.dir, f, ingest.Limits{})
				if err != nil {
					continue
				}
				for d := range docs {
					doc := &docs[d]
					e.Apply(doc)
					toks := newScan(doc.Text).toks
					for from := 0; from < len(toks); from += 90 {
						to := min(from+100, len(toks))
						windows++
						for _, l := range e.Check(doc.Text[toks[from].start:toks[to-1].end], Quoted, doc) {
							alarms[l.Kind]++
						}
					}
				}
			}
			t.Logf("%s, %s: %d windows, alarms %v", set.dir[len("../../../shared/data/"):], opts.Replace, windows, alarms)
			if len(alarms) > 0 {
				t.Errorf("the check finds %v in %s", alarms, set.dir)
			}
		}
	}
}
