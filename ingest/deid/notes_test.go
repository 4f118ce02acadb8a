package deid

import (
	"flag"
	"testing"
)

// show lists what is missed and found wrongly in the development notes. It
// never shows held-out notes: they measure only as long as nobody writes rules
// on them.
var show = flag.Bool("show", false, "list the misses in the development notes")

// TestNotes holds the engine to what the project promises of it.
func TestNotes(t *testing.T) {
	for _, set := range []string{DevNotes, HeldoutNotes} {
		notes, err := Notes(set)
		if err != nil {
			t.Fatal(err)
		}
		if len(notes) < 300 {
			t.Errorf("%s has %d notes; the promise is about 300 or more", set, len(notes))
		}
		s := New(everything, Options{}).Measure(notes)
		t.Logf("%s: %d notes; tokens: recall %.4f, precision %.4f; whole spans: recall %.4f, precision %.4f; marks removed whole: %.4f",
			set, s.Notes, s.Tokens.Recall(), s.Tokens.Precision(), s.Spans.Recall(), s.Spans.Precision(), s.Touched.Recall())
		if s.Tokens.Recall() < 0.98 || s.Tokens.Precision() < 0.95 {
			t.Errorf("%s: recall %.4f is below 0.98 or precision %.4f below 0.95", set, s.Tokens.Recall(), s.Tokens.Precision())
		}
		for _, k := range SafeHarbor {
			v := s.ByKind[k]
			t.Logf("%-10s %5d tokens, recall %.3f, precision %.3f; whole spans: recall %.3f, precision %.3f", k, v.Tokens.Marked, v.Tokens.Recall(), v.Tokens.Precision(), v.Spans.Recall(), v.Spans.Precision())
		}
		for i, n := range notes {
			if !*show || set != DevNotes {
				break
			}
			for _, m := range s.Missed[i] {
				t.Logf("missed %s %q in %q", m.Kind, n.Text[m.Start:m.End], n.Text[max(0, m.Start-30):min(len(n.Text), m.End+20)])
			}
			for _, m := range s.Wrong[i] {
				t.Logf("wrong %s %q in %q", m.Kind, n.Text[m.Start:m.End], n.Text[max(0, m.Start-30):min(len(n.Text), m.End+20)])
			}
		}
	}
}

func TestParseNotes(t *testing.T) {
	notes, err := ParseNotes("=== one\nSeen by Dr. {{NAME:Roe}} on {{DATE:1/2}}.\n=== two\nClear.\n")
	if err != nil || len(notes) != 2 || notes[0].Text != "Seen by Dr. Roe on 1/2." || notes[0].Marks[1] != (Mark{Date, 19, 22}) || notes[1].Style != "two" {
		t.Errorf("notes %+v, %v", notes, err)
	}
	for _, bad := range []string{"=== x\n{{NAMES:Roe}}", "=== x\n{{NAME Roe}}", "=== x\n{{NAME:Roe"} {
		if _, err := ParseNotes(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
