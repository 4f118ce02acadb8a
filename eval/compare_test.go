package eval

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestCompareByHand(t *testing.T) {
	outcome := func(id string, c Counts) Outcome {
		return Outcome{DocID: id, Counts: map[string]Counts{"law": c}}
	}
	candidate := []Outcome{outcome("1", Counts{TP: 1}), outcome("2", Counts{TP: 1}), outcome("3", Counts{FN: 1}), outcome("new", Counts{FN: 9})}
	champion := []Outcome{outcome("3", Counts{FN: 1}), outcome("2", Counts{FN: 1}), outcome("1", Counts{TP: 1}), outcome("old", Counts{TP: 9}), outcome("older", Counts{TP: 9})}
	champion[0].Group = "another name for the same"
	close := outcome("4", Counts{FN: 9})
	close.NearTrain = true
	candidate = append(candidate, close)

	c := Compare(candidate, champion, Options{Resamples: 200})
	if c.Documents != 3 || c.Groups != 3 || c.OnlyCandidate != 1 || c.OnlyChampion != 2 {
		t.Errorf("documents paired wrongly: %+v", c)
	}
	d := c.Delta(ExtractionRecall, "law")
	if !d.Defined || !near(d.Value, 1./3) || d.N != 3 {
		t.Errorf("recall of law %+v, want +1/3 on 3 documents", d)
	}
	if d := c.Delta(HallucinationRate, ""); d.Defined || d.P != 1 {
		t.Errorf("hallucination without claims %+v, want undefined", d)
	}
	if d := c.Delta("unheard of", ""); d.Defined {
		t.Errorf("an unknown metric has a difference: %+v", d)
	}
}

func TestCompareWithItself(t *testing.T) {
	outcomes := sampleOutcomes(40, 0.7, 1)
	for _, d := range Compare(outcomes, outcomes, Options{Resamples: 100}).Deltas {
		if d.Value != 0 || d.Low != 0 || d.High != 0 || d.P != 1 {
			t.Errorf("%s %s differs from itself: %+v", d.Metric, d.Category, d)
		}
	}
}

func TestCompareTurnsAround(t *testing.T) {
	a, b := sampleOutcomes(60, 0.9, 1), sampleOutcomes(60, 0.5, 2)
	opt := Options{Resamples: 400, Seed: 3}
	there, back := Compare(a, b, opt), Compare(b, a, opt)
	for _, d := range there.Deltas {
		e := back.Delta(d.Metric, d.Category)
		if d.Defined != e.Defined || !near(d.Value, -e.Value) || !near(d.Low, -e.High) || !near(d.P, e.P) {
			t.Errorf("%s %s: %+v one way, %+v the other", d.Metric, d.Category, d, e)
		}
	}
	if d := there.Delta(ExtractionF1, ""); d.P > 0.01 || d.Low <= 0 {
		t.Errorf("F1 of 0.9 against 0.5 is not clearly better: %+v", d)
	}
}

func TestCompareIsDeterministic(t *testing.T) {
	a, b := sampleOutcomes(30, 0.9, 1), sampleOutcomes(30, 0.5, 2)
	want, _ := json.Marshal(Compare(a, b, Options{Resamples: 100}))
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(a), func(i, j int) { a[i], a[j] = a[j], a[i] })
	if got, _ := json.Marshal(Compare(a, b, Options{Resamples: 100})); string(got) != string(want) {
		t.Error("the order of the outcomes changes the comparison")
	}
}

// Between equally good models a p-value below 5% comes up about 5% of the
// time.
func TestPValueUnderNoDifference(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	const trials = 120
	low := 0
	for i := range trials {
		if Compare(synthetic(40, rng), synthetic(40, rng), Options{Resamples: 200, Seed: uint64(i)}).Delta(ExtractionF1, "").P < 0.05 {
			low++
		}
	}
	if share := float64(low) / trials; share > 0.10 {
		t.Errorf("p < 0.05 in %.1f%% of the comparisons of equals", 100*share)
	}
}

func TestCompareNothing(t *testing.T) {
	c := Compare(nil, sampleOutcomes(3, 0.5, 1), Options{})
	if c.Documents != 0 || len(c.Deltas) != 0 {
		t.Errorf("comparing with nothing gives %+v", c)
	}
}

func BenchmarkCompare(b *testing.B) {
	candidate := sampleOutcomes(1000, 0.8, 1)
	for i := range candidate {
		candidate[i].Group = fmt.Sprint(i)
	}
	for b.Loop() {
		Compare(candidate, candidate, Options{Resamples: 10_000})
	}
}
