package label

import (
	"hash/fnv"
	"strings"
	"unicode"
)

// A TextDoc is a document for the leakage check.
type TextDoc struct {
	ID   string
	Text string
}

// Near says that a document of dev or test is nearly a training document.
type Near struct {
	ID      string `json:"id"`
	TrainID string `json:"train_id"` // the most similar one
	// Jaccard similarity of the sets of five-word shingles, and the share of
	// the document's shingles that the training document holds.
	Jaccard     float64 `json:"jaccard"`
	Containment float64 `json:"containment"`
}

// shingle is how many words are compared at a time, as is usual for
// near-duplicates (Broder 1997).
const shingle = 5

// NearTrain returns the test documents that have a training document with a
// Jaccard similarity of at least threshold, in the order of test. It is exact
// and takes O(words).
func NearTrain(train, test []TextDoc, threshold float64) []Near {
	holders := map[uint64][]int32{} // of a shingle: the test documents that have it
	sizes := make([]int, len(test))
	for i, d := range test {
		set := shingles(d.Text)
		sizes[i] = len(set)
		for h := range set {
			holders[h] = append(holders[h], int32(i))
		}
	}
	best := make([]Near, len(test))
	common := make([]int, len(test))
	for _, d := range train {
		clear(common)
		set := shingles(d.Text)
		for h := range set {
			for _, i := range holders[h] {
				common[i]++
			}
		}
		for i, n := range common {
			if n == 0 {
				continue
			}
			if j := float64(n) / float64(sizes[i]+len(set)-n); j > best[i].Jaccard {
				best[i] = Near{ID: test[i].ID, TrainID: d.ID, Jaccard: j, Containment: float64(n) / float64(sizes[i])}
			}
		}
	}
	var near []Near
	for _, b := range best {
		if b.ID != "" && b.Jaccard >= threshold {
			near = append(near, b)
		}
	}
	return near
}

// shingles returns the hashes of all runs of five words, letters and digits
// only, lower case. A text of fewer words is one shingle.
func shingles(text string) map[uint64]struct{} {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	set := map[uint64]struct{}{}
	if len(words) == 0 {
		return set
	}
	for i := range max(len(words)-shingle+1, 1) {
		h := fnv.New64a()
		for _, w := range words[i:min(i+shingle, len(words))] {
			h.Write([]byte(w))
			h.Write([]byte{' '})
		}
		set[h.Sum64()] = struct{}{}
	}
	return set
}
