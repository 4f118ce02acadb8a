package label

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"iter"
	"math"
	"slices"
	"strings"
	"unicode"
)

// A TextDoc is a document for the leakage check.
type TextDoc struct {
	ID    string
	Text  string
	Split Split
}

// Texts are documents that can be ranged over several times, each time in the
// same order, so that nobody has to hold all of their texts.
type Texts = iter.Seq2[TextDoc, error]

// Near says that a document of dev or test is nearly a training document.
type Near struct {
	ID      string `json:"id"`
	TrainID string `json:"train_id"` // the most similar one
	// Jaccard similarity of the sets of five-word shingles, and the share of
	// the document's shingles that the training document holds.
	Jaccard     float64 `json:"jaccard"`
	Containment float64 `json:"containment"`
}

// Leakage says how much of what is measured on was seen in training.
type Leakage struct {
	// Similarity is the Jaccard similarity from which a document of dev or test
	// counts as nearly a training document.
	Similarity float64 `json:"similarity"`
	Held       int     `json:"held"`  // documents of dev and test
	Near       int     `json:"near"`  // of them, those that are nearly a training document
	Exact      int     `json:"exact"` // of these, those with all its runs of five words and no other
	// Exchanges counts those of dev and test whose inputs are all and exactly
	// those of a training exchange, HeldExchanges all of dev and test.
	// Boilerplate makes some; they are shown and do not count as leakage.
	Exchanges     int `json:"exchanges"`
	HeldExchanges int `json:"held_exchanges"`
	// General is the share of the runs of five words of the forgetting check's
	// text that training documents, or the text that is replayed, hold.
	General float64 `json:"general"`
}

// Share is the part of dev and test that is nearly in train.
func (l Leakage) Share() float64 { return portion(l.Near, l.Held) }

// Sentences say the same for people.
func (l Leakage) Sentences() []string {
	if l.Similarity == 0 {
		return nil // made before this was measured
	}
	return []string{
		fmt.Sprintf("%d of %d dev and test documents (%.1f%%) are at least %.0f%% alike to a training document of another group, %d of them the same to the word.",
			l.Near, l.Held, 100*l.Share(), 100*l.Similarity, l.Exact),
		fmt.Sprintf("%d of %d dev and test exchanges ask what a training exchange asks, word for word.", l.Exchanges, l.HeldExchanges),
		fmt.Sprintf("%.1f%% of the forgetting check's text is in the training text.", 100*l.General),
	}
}

// NearSimilarity is the Jaccard similarity from which two documents are
// nearly the same, however loosely documents are grouped.
const NearSimilarity = 0.8

// shingle is how many words are compared at a time, as is usual for
// near-duplicates (Broder 1997).
const shingle = 5

const (
	// sketchSize is how many shingles of a document are looked for in every
	// training document. The share of them that one holds has a standard error
	// of at most 0.5/√128 = 0.044.
	sketchSize = 128
	// sketchMargin is how far below the threshold that share may be for the two
	// to be compared in full: four standard errors at a similarity of 0.8.
	sketchMargin = 0.15
	// mostCompared is how many training documents a document is compared with
	// in full at most: those with the largest shares.
	mostCompared = 16
	// mostShingles bounds what is in memory of the documents that are compared
	// in full: 32 MB. More take more passes.
	mostShingles = 4 << 20
)

// NearTrain returns the documents of dev and test that have a training
// document with a Jaccard similarity of at least threshold, in the order of
// docs.
//
// Candidates are found by sketches (the smallest hashes of a document's
// shingles, Broder 1997) and then compared in full: the similarities are exact,
// and a pair is missed with a chance below 1 in 10,000. Time is O(words), in
// three passes over docs; memory is a kilobyte a document of dev and test, and
// 32 MB.
func NearTrain(docs Texts, threshold float64) ([]Near, error) {
	held, err := sketches(docs)
	if err != nil || len(held) == 0 {
		return nil, err
	}
	if err := candidates(docs, held, threshold); err != nil {
		return nil, err
	}
	for batch := range batches(held) {
		if err := compare(docs, batch); err != nil {
			return nil, err
		}
	}
	var near []Near
	for _, h := range held {
		if h.best.Jaccard >= threshold {
			near = append(near, h.best)
		}
	}
	return near, nil
}

// a sketch is a document of dev or test.
type sketch struct {
	id       string
	size     int      // its shingles
	sample   []uint64 // some of them
	compared map[string]int
	all      []uint64 // while it is compared in full
	best     Near
}

func sketches(docs Texts) ([]*sketch, error) {
	var held []*sketch
	for d, err := range docs {
		if err != nil {
			return nil, err
		}
		if d.Split != Dev && d.Split != Test {
			continue
		}
		set := shingles(d.Text)
		s := &sketch{id: d.ID, size: len(set)}
		s.sample = sampled(set)
		held = append(held, s)
	}
	return held, nil
}

// candidates fills in which training documents each sketch is compared with.
func candidates(docs Texts, held []*sketch, threshold float64) error {
	holders := map[uint64][]int32{} // of a shingle
	for i, s := range held {
		for _, h := range s.sample {
			holders[h] = append(holders[h], int32(i))
		}
	}
	common := map[int32]int{}
	for d, err := range docs {
		if err != nil {
			return err
		}
		if d.Split != Train {
			continue
		}
		clear(common)
		for _, h := range shingles(d.Text) {
			for _, i := range holders[h] {
				common[i]++
			}
		}
		for i, n := range common {
			if s := held[i]; n >= least(threshold, len(s.sample)) {
				s.propose(d.ID, n)
			}
		}
	}
	return nil
}

// least is how many of n sampled shingles a candidate holds.
func least(threshold float64, n int) int {
	if n < sketchSize { // the sample is the whole
		return max(int(math.Ceil(threshold*float64(n)-1e-9)), 1)
	}
	return max(int((threshold-sketchMargin)*float64(n)), 1)
}

// propose keeps a training document as a candidate; of too many, the one with
// the least in common goes, and of equals the one with the higher ID.
func (s *sketch) propose(id string, common int) {
	if s.compared == nil {
		s.compared = map[string]int{}
	}
	s.compared[id] = common
	if len(s.compared) <= mostCompared {
		return
	}
	worst := id
	for other, n := range s.compared {
		if n < s.compared[worst] || n == s.compared[worst] && other > worst {
			worst = other
		}
	}
	delete(s.compared, worst)
}

// batches cuts the documents that have candidates into parts that fit in
// memory.
func batches(held []*sketch) iter.Seq[map[string]*sketch] {
	return func(yield func(map[string]*sketch) bool) {
		batch, size := map[string]*sketch{}, 0
		for _, s := range held {
			if len(s.compared) == 0 {
				continue
			}
			if size+s.size > mostShingles && size > 0 {
				if !yield(batch) {
					return
				}
				batch, size = map[string]*sketch{}, 0
			}
			batch[s.id] = s
			size += s.size
		}
		if size > 0 {
			yield(batch)
		}
	}
}

// compare finds the most similar training document of each in a batch.
func compare(docs Texts, batch map[string]*sketch) error {
	wanted := map[string][]*sketch{} // by training document
	for _, s := range batch {
		for id := range s.compared {
			wanted[id] = append(wanted[id], s)
		}
	}
	for d, err := range docs {
		if err != nil {
			return err
		}
		if s := batch[d.ID]; s != nil {
			s.all = shingles(d.Text)
		}
	}
	for d, err := range docs {
		if err != nil {
			return err
		}
		if len(wanted[d.ID]) == 0 || d.Split != Train {
			continue
		}
		set := shingles(d.Text)
		for _, s := range wanted[d.ID] {
			n := inBoth(s.all, set)
			// The order of docs decides between equals.
			if j := float64(n) / float64(len(s.all)+len(set)-n); j > s.best.Jaccard {
				s.best = Near{ID: s.id, TrainID: d.ID, Jaccard: j, Containment: float64(n) / float64(len(s.all))}
			}
		}
	}
	for _, s := range batch {
		s.all = nil
	}
	return nil
}

// inBoth counts what two sorted sets share.
func inBoth(a, b []uint64) int {
	n := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			n, i, j = n+1, i+1, j+1
		}
	}
	return n
}

// WithinHeld returns the IDs of the texts of which a document of dev or test
// holds at least the share threshold. Of texts of more than 128 shingles the
// share is an estimate with a standard error of at most 0.044. It takes O(words)
// and a kilobyte a text.
func WithinHeld(texts []TextDoc, docs Texts, threshold float64) (map[string]bool, error) {
	holders := map[uint64][]int32{}
	sizes := make([]int, len(texts))
	for i, t := range texts {
		sample := sampled(shingles(t.Text))
		sizes[i] = len(sample)
		for _, h := range sample {
			holders[h] = append(holders[h], int32(i))
		}
	}
	within := map[string]bool{}
	common := map[int32]int{}
	for d, err := range docs {
		if err != nil {
			return nil, err
		}
		if d.Split != Dev && d.Split != Test {
			continue
		}
		clear(common)
		for _, h := range shingles(d.Text) {
			for _, i := range holders[h] {
				common[i]++
			}
		}
		for i, n := range common {
			if float64(n) >= threshold*float64(sizes[i]) {
				within[texts[i].ID] = true
			}
		}
	}
	return within, nil
}

// sampled returns the shingles with the smallest scattered hashes; it orders
// set.
func sampled(set []uint64) []uint64 {
	slices.SortFunc(set, func(a, b uint64) int { return cmp.Compare(scatter(a), scatter(b)) })
	return slices.Clone(set[:min(len(set), sketchSize)])
}

// InTrain returns the share of a text's shingles that training documents hold,
// from 0 to 1. It is exact and takes O(words) and memory for the text alone.
func InTrain(text string, docs Texts) (float64, error) {
	seen := map[uint64]bool{}
	for _, h := range shingles(text) {
		seen[h] = false
	}
	n := 0
	for d, err := range docs {
		if err != nil {
			return 0, err
		}
		if d.Split != Train {
			continue
		}
		for _, h := range shingles(d.Text) {
			if known, ok := seen[h]; ok && !known {
				seen[h] = true
				n++
			}
		}
	}
	return portion(n, len(seen)), nil
}

// portion is n of all, or 0 of nothing.
func portion(n, all int) float64 {
	if all == 0 {
		return 0
	}
	return float64(n) / float64(all)
}

// shingles returns the hashes of all runs of five words, letters and digits
// only, lower case, sorted and without repetitions. A text of fewer words is
// one shingle.
func shingles(text string) []uint64 {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	if len(words) == 0 {
		return nil
	}
	set := make([]uint64, 0, len(words))
	hash := fnv.New64a()
	for i := range max(len(words)-shingle+1, 1) {
		hash.Reset()
		for _, w := range words[i:min(i+shingle, len(words))] {
			hash.Write([]byte(w))
			hash.Write([]byte{' '})
		}
		set = append(set, hash.Sum64())
	}
	slices.Sort(set)
	return slices.Compact(set)
}

// scatter is the finalizer of SplitMix64: it makes an order of hashes that has
// nothing to do with the words.
func scatter(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
