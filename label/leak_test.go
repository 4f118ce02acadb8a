package label

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// texts are documents in memory.
func texts(docs []TextDoc) Texts {
	return func(yield func(TextDoc, error) bool) {
		for _, d := range docs {
			if !yield(d, nil) {
				return
			}
		}
	}
}

func TestNearTrain(t *testing.T) {
	base := "this agreement is made between the seller and the buyer for the sale of ten tons of grain at a fixed price each month until the end of the year"
	docs := texts([]TextDoc{
		{"t1", "something else entirely that has nothing in common with it at all", Train},
		{"t2", base, Train},
		{"same", "  This AGREEMENT is made between the seller, and the buyer for the sale of ten tons of grain at a fixed price each month until the end of the year.", Test},
		{"part", "between the seller and the buyer for the sale of ten tons", Dev},
		{"other", "the tenant shall pay the rent on the first day of every month without any deduction whatsoever", Test},
		{"empty", "", Test},
	})
	near, err := NearTrain(docs, 0.8)
	if err != nil || len(near) != 1 || near[0].ID != "same" || near[0].TrainID != "t2" || near[0].Jaccard != 1 {
		t.Errorf("got %+v, %v, want the one that is the same", near, err)
	}
	near, err = NearTrain(docs, 0.2)
	if err != nil || len(near) != 2 || near[1].ID != "part" || near[1].Containment != 1 || near[1].Jaccard >= 0.5 {
		t.Errorf("got %+v, %v, want the part, too, contained but not similar", near, err)
	}
}

// everyPair is NearTrain by comparing all documents with each other.
func everyPair(docs []TextDoc, threshold float64) []Near {
	sets := make([][]uint64, len(docs))
	for i, d := range docs {
		sets[i] = shingles(d.Text)
	}
	var near []Near
	for i, h := range docs {
		if h.Split == Train {
			continue
		}
		a, best := sets[i], Near{}
		for j, d := range docs {
			if d.Split != Train {
				continue
			}
			b := sets[j]
			n := inBoth(a, b)
			if j := portion(n, len(a)+len(b)-n); j > best.Jaccard {
				best = Near{h.ID, d.ID, j, portion(n, len(a))}
			}
		}
		if best.Jaccard >= threshold && best.ID != "" {
			near = append(near, best)
		}
	}
	return near
}

// perturbed are n documents of some hundred words, each a copy of one of few
// in which words were changed.
func perturbed(n, length int) []TextDoc {
	r := rand.New(rand.NewPCG(1, 2))
	word := func() string { return fmt.Sprintf("w%d", r.IntN(3000)) }
	var bases [][]string
	for range max(n/8, 1) {
		words := make([]string, length/2+r.IntN(length))
		for i := range words {
			words[i] = word()
		}
		bases = append(bases, words)
	}
	docs := make([]TextDoc, n)
	for i := range docs {
		words := append([]string(nil), bases[r.IntN(len(bases))]...)
		for range r.IntN(12) * len(words) / 300 {
			words[r.IntN(len(words))] = word()
		}
		docs[i] = TextDoc{fmt.Sprintf("d%04d", i), strings.Join(words, " "), []Split{Train, Train, Train, Dev, Test}[i%5]}
	}
	return docs
}

func TestNearTrainFindsWhatEveryPairShows(t *testing.T) {
	for _, length := range []int{30, 400} {
		docs := perturbed(300, length)
		for _, threshold := range []float64{0.5, 0.8, 0.9} {
			got, err := NearTrain(texts(docs), threshold)
			if err != nil {
				t.Fatal(err)
			}
			want := everyPair(docs, threshold)
			if len(want) < 10 {
				t.Fatalf("only %d pairs to find", len(want))
			}
			for i := range got {
				if i >= len(want) || got[i].ID != want[i].ID || got[i].Jaccard != want[i].Jaccard {
					t.Fatalf("%d words, threshold %g: got %+v, want %+v", length, threshold, got[i], want[min(i, len(want)-1)])
				}
			}
			if len(got) != len(want) {
				t.Errorf("%d words, threshold %g: found %d documents, want %d", length, threshold, len(got), len(want))
			}
		}
	}
}

func TestNearTrainGivesErrorsOn(t *testing.T) {
	broken := errors.New("broken")
	docs := func(yield func(TextDoc, error) bool) { yield(TextDoc{}, broken) }
	if _, err := NearTrain(docs, 0.8); !errors.Is(err, broken) {
		t.Errorf("error is %v", err)
	}
}

func TestInTrain(t *testing.T) {
	docs := texts([]TextDoc{
		{"a", "one two three four five six and more", Train},
		{"b", "seven eight nine ten eleven twelve", Test},
	})
	got, err := InTrain("One two three four five six seven eight nine ten eleven twelve", docs)
	// Two of eight runs; what test documents hold is no matter.
	if err != nil || got != 2.0/8 {
		t.Errorf("got %v, %v, want 0.25", got, err)
	}
	if got, err := InTrain("", docs); err != nil || got != 0 {
		t.Errorf("of nothing: %v, %v", got, err)
	}
}

func TestBatchesFit(t *testing.T) {
	var held []*sketch
	for i := range 5 {
		held = append(held, &sketch{id: fmt.Sprint(i), size: mostShingles/2 + 1, compared: map[string]int{"t": 1}})
	}
	held = append(held, &sketch{id: "none", size: 1})
	n := 0
	for b := range batches(held) {
		n++
		if len(b) != 1 {
			t.Errorf("a batch of %d", len(b))
		}
	}
	if n != 5 {
		t.Errorf("%d batches, want 5", n)
	}
	if least(0.8, 10) != 8 {
		t.Error("a short document needs eight of ten")
	}
}

func BenchmarkNearTrain(b *testing.B) {
	for _, n := range []int{500, 1000, 2000, 4000} {
		docs := perturbed(n, 400)
		b.Run(fmt.Sprintf("documents=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := NearTrain(texts(docs), 0.8); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/document")
		})
	}
}
