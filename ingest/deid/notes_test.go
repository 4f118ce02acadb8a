package deid

import (
	"os"
	"testing"
)

func TestMeasureDev(t *testing.T) {
	notes, err := Notes(DevNotes)
	if err != nil {
		t.Fatal(err)
	}
	s := New(everything, Options{}).Measure(notes)
	t.Logf("tokens R %.4f P %.4f  spans R %.4f P %.4f  touched R %.4f P %.4f", s.Tokens.Recall(), s.Tokens.Precision(), s.Spans.Recall(), s.Spans.Precision(), s.Touched.Recall(), s.Touched.Precision())
	if os.Getenv("SHOW") != "" {
		for i, n := range notes {
			for _, m := range s.Missed[i] {
				t.Logf("MISS %s %q in %q", m.Kind, n.Text[m.Start:m.End], n.Text[max(0, m.Start-30):min(len(n.Text), m.End+20)])
			}
			for _, m := range s.Wrong[i] {
				t.Logf("WRONG %s %q in %q", m.Kind, n.Text[m.Start:m.End], n.Text[max(0, m.Start-30):min(len(n.Text), m.End+20)])
			}
		}
	}
}
