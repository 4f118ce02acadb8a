package legal

import (
	"cmp"
	"slices"

	"adapt/domains"
	"adapt/eval"
	"adapt/ingest"
	"adapt/label"
)

const (
	// untuned is the threshold when there is nothing to tune on.
	untuned = 0.5
	// enough is how many positives a category needs for a threshold of its own.
	enough = 8
)

// Tune implements domains.Domain: the threshold that gives the best micro F1
// on the development documents, then one for each category with enough
// positives where that makes the micro F1 better still.
func (d *Domain) Tune(docs []*ingest.Document, answers []domains.Answer, truths []label.Truth) domains.Settings {
	byCategory := map[string][]eval.Scored{}
	var all []eval.Scored
	present := map[string]int{}
	for i, a := range answers {
		for _, m := range pair(a.Items, truths[i].Spans) {
			it := a.Items[m.item]
			s := eval.Scored{Category: it.Category, Confidence: it.Confidence, Correct: m.truth >= 0}
			all = append(all, s)
			byCategory[it.Category] = append(byCategory[it.Category], s)
		}
		for c, n := range positives(truths[i]) {
			present[c] += n
		}
	}
	truth := total(present)
	settings := domains.Settings{Threshold: untuned}
	if truth == 0 || len(all) == 0 {
		return settings
	}
	var ok bool
	if settings.Threshold, ok = bestThreshold(all, tally{truth: truth}); !ok {
		return domains.Settings{Threshold: untuned}
	}
	for _, c := range categories {
		if present[c.name] < enough {
			continue
		}
		rest := tally{truth: truth}
		for _, s := range all {
			t, own := settings.ByCategory[s.Category]
			if !own {
				t = settings.Threshold
			}
			if s.Category != c.name && s.Confidence >= t {
				rest.add(s.Correct)
			}
		}
		own, ok := bestThreshold(byCategory[c.name], rest)
		if !ok {
			continue
		}
		if settings.ByCategory == nil {
			settings.ByCategory = map[string]float64{}
		}
		settings.ByCategory[c.name] = own
	}
	return settings
}

// A tally counts assertions for a micro F1.
type tally struct{ said, right, truth int }

func (t *tally) add(correct bool) {
	t.said++
	if correct {
		t.right++
	}
}

func (t tally) f1() float64 {
	if t.said+t.truth == 0 {
		return 0
	}
	return 2 * float64(t.right) / float64(t.said+t.truth)
}

// bestThreshold returns the confidence at which asserting scored, beside what
// base counts, gives the best F1: half way between the last item that is
// asserted and the first that is not. Of equals the highest is taken; ok is
// false when no assertion helps.
func bestThreshold(scored []eval.Scored, base tally) (threshold float64, ok bool) {
	s := slices.Clone(scored)
	slices.SortStableFunc(s, func(a, b eval.Scored) int { return cmp.Compare(b.Confidence, a.Confidence) })
	best := base.f1()
	for i, x := range s {
		base.add(x.Correct)
		if i+1 < len(s) && s[i+1].Confidence == x.Confidence {
			continue
		}
		if f := base.f1(); f > best {
			best, ok = f, true
			threshold = x.Confidence
			if i+1 < len(s) {
				threshold = (x.Confidence + s[i+1].Confidence) / 2
			}
		}
	}
	return threshold, ok
}
