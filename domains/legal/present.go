package legal

import (
	"adapt/domains"
	"adapt/ingest"
)

// An Extraction is what is found in a contract, as `adapt predict` prints it.
type Extraction struct {
	Document string   `json:"document"`
	Clauses  []Clause `json:"clauses"`
}

// A Clause is one asserted item. Start and End are byte offsets into the
// document's text.
type Clause struct {
	Category   string  `json:"category"`
	Quote      string  `json:"quote"`
	Start      int     `json:"start"`
	End        int     `json:"end"`
	Page       int     `json:"page,omitempty"`
	Confidence float64 `json:"confidence"`
	// Located is false for a quote that the model wrote and the document lacks.
	Located bool `json:"located"`
}

// Present implements domains.Domain with an [Extraction].
func (d *Domain) Present(doc *ingest.Document, a domains.Answer, s domains.Settings) any {
	var said []domains.Item
	for _, it := range a.Items {
		if asserts(s, it) {
			said = append(said, it)
		}
	}
	sortItems(said)
	out := Extraction{Document: doc.Key, Clauses: make([]Clause, len(said))}
	for i, it := range said {
		c := Clause{Category: it.Category, Quote: it.Text, Start: it.Start, End: it.End, Confidence: it.Confidence, Located: it.End > it.Start}
		if c.Located {
			c.Page = doc.PageAt(it.Start)
		}
		out.Clauses[i] = c
	}
	return out
}
