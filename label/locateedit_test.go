package label

import (
	"strings"
	"testing"

	"adapt/ingest"
)

// replaced is a document in which some words of an original were replaced.
func replaced(t *testing.T, original string, with ...string) *ingest.Document {
	t.Helper()
	doc := &ingest.Document{}
	at := 0
	for i := 0; i < len(with); i += 2 {
		j := strings.Index(original[at:], with[i])
		if j < 0 {
			t.Fatalf("%q is not in %q", with[i], original)
		}
		doc.Text += original[at : at+j]
		e := ingest.Edit{Start: len(doc.Text), OrigStart: at + j, OrigEnd: at + j + len(with[i]), Kind: "NAME"}
		doc.Text += with[i+1]
		e.End = len(doc.Text)
		doc.Edits = append(doc.Edits, e)
		at += j + len(with[i])
	}
	doc.Text += original[at:]
	return doc
}

func TestFindInEditedText(t *testing.T) {
	const original = "This Agreement is between Jane Roe, of Ohio, and Poe Systems, Inc. Notices go to Jane Roe at 555-0100. John Poe signs."
	doc := replaced(t, original, "Jane Roe", "[NAME]", "Jane Roe", "[NAME]", "555-0100", "555-0177", "John Poe", "Ann Lee")
	tests := []struct {
		name, quote string
		hint        int
		want        string
	}{
		{"nothing of it replaced", "Poe Systems, Inc.", -1, "Poe Systems, Inc."},
		{"inside", "between Jane Roe, of Ohio", -1, "between [NAME], of Ohio"},
		{"at the start", "Jane Roe, of Ohio", -1, "[NAME], of Ohio"},
		{"at the end", "This Agreement is between Jane Roe", -1, "This Agreement is between [NAME]"},
		{"two of them", "Notices go to Jane Roe at 555-0100.", -1, "Notices go to [NAME] at 555-0177."},
		{"spaced otherwise", "between Jane\n  Roe, of", -1, "between [NAME], of"},
		{"alone, by its place", "Jane Roe", strings.Index(original, "Jane"), "[NAME]"},
		{"a surrogate alone", "John Poe", strings.Index(original, "John"), "Ann Lee"},
		{"alone, without a place", "Jane Roe", -1, ""},
		{"other words beside it", "between Jane Roe, of Iowa", -1, ""},
		{"longer than what was replaced", "between Jane Theodora Roe-Lindqvist, of Ohio", -1, ""},
	}
	l := NewDocumentLocator(doc)
	for _, tt := range tests {
		start, end, ok := l.Find(tt.quote, tt.hint)
		switch {
		case ok != (tt.want != ""):
			t.Errorf("%s: found is %v", tt.name, ok)
		case ok && doc.Text[start:end] != tt.want:
			t.Errorf("%s: found %q, want %q", tt.name, doc.Text[start:end], tt.want)
		}
	}
	second := strings.LastIndex(original, "Jane")
	if start, _, ok := l.Find("Jane Roe", second); !ok || start != doc.Edits[1].Start {
		t.Errorf("the second of two is found at %d (%v), want %d", start, ok, doc.Edits[1].Start)
	}
}
