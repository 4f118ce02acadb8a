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
			for _, l := range e.Check(tt.text, from) {
				got = append(got, l.Kind)
			}
			if !slices.Equal(got, want) {
				t.Errorf("Check(%q, %d) = %v, want %v", tt.text, from, got, want)
			}
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
