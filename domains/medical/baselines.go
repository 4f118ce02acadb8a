package medical

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"adapt/domains"
	"adapt/ingest"
	"adapt/label"
)

// Baselines are what any model must beat: the impression of the training
// report whose findings are most alike, the impression that is written most
// often, and the first sentence of the findings.
func (Medical) Baselines(docs []*ingest.Document, truths []label.Truth) []domains.Baseline {
	out := []domains.Baseline{{Name: "first findings sentence", Answer: leadAnswer}}
	references := map[string]string{}
	for _, t := range truths {
		if t.Reference != "" {
			references[t.DocID] = t.Reference
		}
	}
	n := newNeighbours(docs, references)
	if len(n.impressions) == 0 {
		return out
	}
	common := mostFrequent(n.impressions)
	return append([]domains.Baseline{
		{Name: "nearest training neighbour", Answer: func(doc *ingest.Document) domains.Answer {
			return written(doc, n.nearest(readReport(doc).text(partFindings)))
		}},
		{Name: "most frequent impression", Answer: func(doc *ingest.Document) domains.Answer { return written(doc, common) }},
	}, out...)
}

func written(doc *ingest.Document, text string) domains.Answer {
	return domains.Answer{DocID: doc.ID, Text: text, Finished: true}
}

func leadAnswer(doc *ingest.Document) domains.Answer {
	r := readReport(doc)
	f := r.parts[partFindings]
	ends := sentenceEnds(doc.Text, f)
	if len(ends) == 0 {
		return written(doc, "")
	}
	return written(doc, collapse(doc.Text[f.start:ends[0]]))
}

// mostFrequent returns the impression that occurs most often, the first in
// the alphabet of those that occur equally often.
func mostFrequent(impressions []string) string {
	counts := map[string]int{}
	for _, i := range impressions {
		counts[i]++
	}
	best := ""
	for i, n := range counts {
		if b := counts[best]; n > b || n == b && i < best {
			best = i
		}
	}
	return best
}

// neighbours is an inverted index of training findings with TF-IDF weights,
// normalized so that a dot product is a cosine.
type neighbours struct {
	impressions []string
	postings    map[string][]posting
	idf         map[string]float64
	nowhere     float64 // idf of a word that training never saw
}

type posting struct {
	doc    int
	weight float64
}

func newNeighbours(docs []*ingest.Document, references map[string]string) *neighbours {
	n := &neighbours{postings: map[string][]posting{}, idf: map[string]float64{}}
	docs = slices.Clone(docs)
	slices.SortStableFunc(docs, func(a, b *ingest.Document) int { return cmp.Compare(a.ID, b.ID) })
	var texts [][]string
	for _, d := range docs {
		reference, ok := references[d.ID]
		r := readReport(d)
		if !ok || !r.has(partFindings) {
			continue
		}
		n.impressions = append(n.impressions, reference)
		texts = append(texts, words(r.text(partFindings)))
	}
	for _, text := range texts {
		for w := range ngrams(text, 1) {
			n.idf[w]++
		}
	}
	total := float64(len(texts))
	for w, df := range n.idf {
		n.idf[w] = math.Log((total + 1) / (df + 1))
	}
	n.nowhere = math.Log(total + 1)
	for i, text := range texts {
		for w, weight := range n.vector(text) {
			n.postings[w] = append(n.postings[w], posting{i, weight})
		}
	}
	return n
}

// vector returns the weights of a text's words, of length 1 together.
func (n *neighbours) vector(text []string) map[string]float64 {
	counts := ngrams(text, 1)
	sorted := make([]string, 0, len(counts))
	for w := range counts {
		sorted = append(sorted, w)
	}
	slices.Sort(sorted) // sums of floats depend on their order
	v := make(map[string]float64, len(counts))
	norm := 0.0
	for _, w := range sorted {
		idf, ok := n.idf[w]
		if !ok {
			idf = n.nowhere
		}
		x := (1 + math.Log(float64(counts[w]))) * idf
		v[w] = x
		norm += x * x
	}
	if norm > 0 {
		norm = math.Sqrt(norm)
		for w := range v {
			v[w] /= norm
		}
	}
	return v
}

// nearest returns the impression of the most similar findings; of equally
// similar ones the first.
func (n *neighbours) nearest(findings string) string {
	v := n.vector(words(findings))
	sorted := make([]string, 0, len(v))
	for w := range v {
		sorted = append(sorted, w)
	}
	slices.SortFunc(sorted, strings.Compare)
	scores := make([]float64, len(n.impressions))
	for _, w := range sorted {
		for _, p := range n.postings[w] {
			scores[p.doc] += v[w] * p.weight
		}
	}
	best := 0
	for i, s := range scores {
		if s > scores[best] {
			best = i
		}
	}
	return n.impressions[best]
}
