package ingest

import (
	"context"
	"testing"
)

// TestRealGroups holds the groups of real documents to the exact similarity of
// every pair: what is clearly near must be together.
func TestRealGroups(t *testing.T) {
	const jaccard, clearly = 0.8, 0.85
	for folder, most := range map[string]int{"legal/cuad/contracts": 250, "medical/openi": 1500} {
		t.Run(folder, func(t *testing.T) {
			docs := readAll(t, shared(t, folder), most)
			Group(docs, jaccard)
			sets := make([][]uint64, len(docs))
			groups := make(map[string]int)
			for i, d := range docs {
				sets[i] = shingles(d.Text)
				groups[d.Group]++
			}
			near, missed := 0, 0
			grouped := make(map[int]bool) // documents with a partner that is near enough
			for i := range docs {
				for j := range i {
					s := jaccardOf(sets[i], sets[j])
					if s >= clearly {
						near++
						if docs[i].Group != docs[j].Group {
							missed++
						}
					}
					if s >= jaccard-0.15 {
						grouped[i], grouped[j] = true, true
					}
				}
			}
			wrong, together := 0, 0
			for i, d := range docs {
				if groups[d.Group] > 1 {
					together++
					if !grouped[i] {
						wrong++
					}
				}
			}
			t.Logf("%d documents, %d groups; %d pairs of at least %.2f, %d of them apart; %d documents in groups of several, %d without a partner of at least %.2f",
				len(docs), len(groups), near, clearly, missed, together, wrong, jaccard-0.15)
			if missed*100 > near || wrong*100 > together {
				t.Error("the groups do not follow the similarity of the documents")
			}
		})
	}
}

// readAll reads up to max documents of a folder.
func readAll(t *testing.T, dir string, max int) []*Document {
	t.Helper()
	files, err := Scan(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	var docs []*Document
	for _, f := range files {
		read, _, err := Read(context.Background(), dir, f, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range read {
			if len(docs) < max {
				docs = append(docs, &read[i])
			}
		}
	}
	return docs
}

// jaccardOf is the similarity of two sorted sets; sets of sizes so different
// that it is below 0.65 have none.
func jaccardOf(a, b []uint64) float64 {
	if len(a) == 0 || len(b) == 0 || float64(min(len(a), len(b))) < 0.65*float64(max(len(a), len(b))) {
		return 0
	}
	common, i, j := 0, 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			common, i, j = common+1, i+1, j+1
		}
	}
	return float64(common) / float64(len(a)+len(b)-common)
}
