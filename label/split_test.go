package label

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
)

func docs(n, perGroup int) []DocGroup {
	d := make([]DocGroup, n)
	for i := range d {
		d[i] = DocGroup{ID: fmt.Sprintf("doc%03d", i)}
		if perGroup > 1 {
			d[i].Group = fmt.Sprintf("group%03d", i/perGroup)
		}
	}
	return d
}

func countSplits(splits map[string]Split) map[Split]int {
	n := map[Split]int{}
	for _, s := range splits {
		n[s]++
	}
	return n
}

func TestSplitDocsShares(t *testing.T) {
	tests := []struct {
		docs             int
		dev, test        float64
		nTrain, nDev, nT int
	}{
		{100, 0.1, 0.2, 70, 10, 20},
		{10, 0.1, 0.2, 7, 1, 2},
		{3, 0.1, 0.1, 1, 1, 1},
		{4, 0.01, 0.01, 2, 1, 1},
		{2, 0.1, 0.5, 1, 0, 1},
		{1, 0.5, 0.5, 1, 0, 0},
		{0, 0.5, 0.5, 0, 0, 0},
		{10, 0, 0.2, 8, 0, 2},
		{10, 0.2, 0, 8, 2, 0},
		{3, 0.1, 0.9, 1, 1, 1},
		{10, 0.9, 0.9, 1, 1, 8},
	}
	for _, tt := range tests {
		got := countSplits(SplitDocs(docs(tt.docs, 1), tt.dev, tt.test, 7, nil))
		want := map[Split]int{Train: tt.nTrain, Dev: tt.nDev, Test: tt.nT}
		for s, n := range want {
			if got[s] != n {
				t.Errorf("%d documents, dev %g, test %g: got %v, want %v", tt.docs, tt.dev, tt.test, got, want)
				break
			}
		}
	}
}

func TestSplitDocsKeepsGroupsTogether(t *testing.T) {
	in := docs(90, 3)
	splits := SplitDocs(in, 0.2, 0.2, 1, map[string]bool{"doc004": true})
	byGroup := map[string]Split{}
	for _, d := range in {
		if s, ok := byGroup[d.Group]; ok && s != splits[d.ID] {
			t.Errorf("group %s is in %s and %s", d.Group, s, splits[d.ID])
		}
		byGroup[d.Group] = splits[d.ID]
	}
	if splits["doc003"] != Test || splits["doc005"] != Test {
		t.Error("a frozen document's group is not in the test split")
	}
	if n := countSplits(splits); n[Test] != 18 || n[Dev] != 18 {
		t.Errorf("got %v", n)
	}
}

func TestSplitDocsIsDeterministic(t *testing.T) {
	in := docs(50, 1)
	want := SplitDocs(in, 0.2, 0.2, 3, nil)
	rng := rand.New(rand.NewPCG(1, 1))
	rng.Shuffle(len(in), func(i, j int) { in[i], in[j] = in[j], in[i] })
	if !reflect.DeepEqual(SplitDocs(in, 0.2, 0.2, 3, nil), want) {
		t.Error("the order of documents matters")
	}
	if reflect.DeepEqual(SplitDocs(in, 0.2, 0.2, 4, nil), want) {
		t.Error("the seed does not matter")
	}
}

// TestSplitDocsGrows adds documents run by run: what was tested on stays so.
func TestSplitDocsGrows(t *testing.T) {
	frozen := map[string]bool{}
	for n := 10; n <= 200; n += 10 {
		in := docs(n, 1)
		splits := SplitDocs(in, 0.1, 0.2, 9, frozen)
		for id := range frozen {
			if splits[id] != Test {
				t.Fatalf("with %d documents, %s left the test split", n, id)
			}
		}
		for id, s := range splits {
			if s == Test {
				frozen[id] = true
			}
		}
		if got, want := len(frozen), int(math.Round(0.2*float64(n))); got != want {
			t.Errorf("with %d documents, %d are tested on, want %d", n, got, want)
		}
	}
}

func TestDataset(t *testing.T) {
	var d Dataset
	d.Add(Labeled{DocID: "a", Truth: Truth{Origin: OriginGold, Spans: []Span{{Category: "x"}, {Category: "x"}}, Unlocated: map[string]int{"y": 1}}, Examples: make([]Example, 3)}, Train, "pdf", []int{60, 31, 9})
	d.Add(Labeled{DocID: "b", Truth: Truth{Origin: OriginRules}, Examples: make([]Example, 1)}, Train, "text", []int{10})
	d.Add(Labeled{DocID: "c", Skipped: "no text"}, Test, "text", nil)
	d.CountGroups([]DocGroup{{ID: "a", Group: "g"}, {ID: "b", Group: "g"}, {ID: "c"}})
	want := Counts{Docs: 2, Groups: 1, Origins: map[Origin]int{OriginGold: 1, OriginRules: 1}, Examples: 4, Tokens: 110,
		Labels: map[string]int{"x": 2}, Unlocated: map[string]int{"y": 1},
		Formats: map[string]int{"pdf": 1, "text": 1}, Lengths: Histogram{2, 1, 1}}
	if !reflect.DeepEqual(d.Splits[Train], want) {
		t.Errorf("got %+v, want %+v", d.Splits[Train], want)
	}
	if d.Skipped["no text"] != 1 || len(d.Docs) != 2 {
		t.Errorf("skipped %v, documents %v", d.Skipped, d.Docs)
	}
}
