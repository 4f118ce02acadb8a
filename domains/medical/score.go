package medical

import (
	"strings"

	"adapt/domains"
	"adapt/eval"
	"adapt/ingest"
	"adapt/label"
)

// A reading is what a text asserts, one entry a finding.
type reading map[string]assertion

type assertion struct{ left, right, anywhere bool }

func (a *assertion) add(side string) {
	switch side {
	case left:
		a.left = true
	case right:
		a.right = true
	case bilateral:
		a.left, a.right = true, true
	default:
		a.anywhere = true
	}
}

func (a assertion) sided() bool { return a.left || a.right }

// conflict reports whether both name sides, and not the same.
func (a assertion) conflict(b assertion) bool {
	return a.sided() && b.sided() && (a.left != b.left || a.right != b.right)
}

func (r reading) add(name, side string) {
	a := r[name]
	a.add(side)
	r[name] = a
}

func (v *vocabulary) reading(text string) reading {
	r := reading{}
	findings := v.extract(text)
	for _, f := range findings {
		if f.Asserted() && f.Name != noFinding {
			r.add(f.Name, f.Side)
		}
	}
	if normalReading(findings) {
		r.add(noFinding, "")
	}
	return r
}

func readTruth(truth label.Truth) reading {
	r := reading{}
	for _, s := range truth.Spans {
		if s.Attrs["presence"] != Absent {
			r.add(s.Category, s.Attrs["side"])
		}
	}
	return r
}

// Outcome scores an impression. A finding is extracted when answer and
// reference both assert it, surely or with doubt, on sides that agree; another
// side is a false finding and a missed one. "No Finding" is extracted when
// both are normal. Every claim is checked against the findings section.
func (m Medical) Outcome(doc *ingest.Document, truth label.Truth, a domains.Answer, _ domains.Settings) eval.Outcome {
	out := eval.Outcome{DocID: doc.ID, Group: truth.Group, Origin: string(truth.Origin),
		Counts: map[string]eval.Counts{}, Positives: map[string]int{},
		Answered: strings.TrimSpace(a.Text) != "", Tokens: a.Tokens,
		Answer: a.Text, Reference: truth.Reference}
	got, want := m.words().reading(a.Text), readTruth(truth)
	for _, name := range names() {
		g, asserted := got[name]
		w, there := want[name]
		c := eval.Counts{}
		switch {
		case asserted && there && !g.conflict(w):
			c.TP = 1
		case asserted && there:
			c.FP, c.FN = 1, 1
		case asserted:
			c.FP = 1
		case there:
			c.FN = 1
		}
		if c != (eval.Counts{}) {
			out.Counts[name] = c
		}
		if there {
			out.Positives[name] = 1
		}
	}
	out.Claims = m.words().checker(readReport(doc)).check(a.Text)
	answer, reference := words(a.Text), words(truth.Reference)
	if len(reference) > 0 {
		out.Values = map[string]float64{
			"rouge_1": rougeN(answer, reference, 1),
			"rouge_2": rougeN(answer, reference, 2),
			"rouge_l": rougeL(answer, reference),
			"bleu":    bleu(answer, reference),
		}
		out.Values["exact_match"] = 0
		if exactMatch(answer, reference) {
			out.Values["exact_match"] = 1
		}
	}
	return out
}
