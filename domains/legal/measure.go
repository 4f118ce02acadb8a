package legal

import (
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"slices"
	"sync"

	"adapt/domains"
	"adapt/eval"
	"adapt/ingest"
	"adapt/label"
)

// HeldOut says whether a contract of CUAD, named by its file without extension,
// is kept for measuring: those for which the first four bytes of the name's
// SHA-256, as a big-endian number, are odd. The labeling functions were written
// and weighed on the others, and nobody looked at these for it.
func HeldOut(key string) bool {
	h := sha256.Sum256([]byte(key))
	return binary.BigEndian.Uint32(h[:])%2 == 1
}

// knownVotes are the votes on the contracts that the functions were written on,
// counted, with how many of them CUAD's annotators bear out.
//
//go:embed known.json
var knownVotes []byte

// knownTally reads knownVotes. TestKnown writes them.
var knownTally = sync.OnceValue(func() *label.Tally {
	t := label.NewTally(panel())
	if len(knownVotes) > 0 {
		read := &label.Tally{}
		if err := json.Unmarshal(knownVotes, read); err != nil {
			panic(err) // the file is part of the program
		}
		t = read.For(panel())
	}
	return t
})

// known is the label model of the domain's own functions.
var known = sync.OnceValue(func() *label.Model { return label.Fit(knownTally()) })

// Measured is what labels reach that a label model makes of the functions' votes
// on annotated contracts.
type Measured struct {
	// Spans compares quotes as the evaluation of models does; Segments compares
	// the categories of sentences.
	Spans    eval.Summary
	Segments eval.Summary
}

// Measure has the labeling functions read annotated contracts and compares the
// labels that each model makes of their votes with the annotations. It also
// returns the votes.
func (d *Domain) Measure(docs []*ingest.Document, gold [][]label.Gold, models []*label.Model, opt eval.Options) ([]Measured, *label.Tally, error) {
	votes := label.NewTally(d.panel)
	spans, sentences := make([][]eval.Outcome, len(models)), make([][]eval.Outcome, len(models))
	for i, doc := range docs {
		b, err := d.Vote(doc, gold[i])
		if err != nil {
			return nil, nil, err
		}
		votes.Add(b.Segments, b.Candidates, b.Known, label.Half(doc.ID))
		segs := segments(doc.Text)
		truth, shown, err := goldTruth(doc, segs, gold[i])
		if err != nil {
			return nil, nil, err
		}
		for k, m := range models {
			probs := weigh(m, segs, b.Candidates)
			a := domains.Answer{DocID: doc.ID, Items: gather(doc.Text, segs, probs), Finished: true}
			spans[k] = append(spans[k], d.Outcome(doc, truth, a, domains.Settings{}))
			sentences[k] = append(sentences[k], compareSegments(doc, shown, probs))
		}
	}
	out := make([]Measured, len(models))
	for k := range models {
		out[k] = Measured{eval.Summarize(spans[k], opt), eval.Summarize(sentences[k], opt)}
	}
	return out, votes, nil
}

// compareSegments counts the categories of a document's segments.
func compareSegments(doc *ingest.Document, shown [][]int, probs []map[int]float64) eval.Outcome {
	o := eval.Outcome{DocID: doc.ID, Group: doc.Group, Origin: string(label.OriginGold), Counts: map[string]eval.Counts{}, Positives: map[string]int{}, Values: map[string]float64{}}
	for i := range shown {
		for c, cat := range categories {
			truth := slices.Contains(shown[i], c)
			_, said := probs[i][c]
			n := o.Counts[cat.name]
			switch {
			case truth && said:
				n.TP++
			case truth:
				n.FN++
			case said:
				n.FP++
			default:
				continue
			}
			if truth {
				o.Positives[cat.name]++
			}
			o.Counts[cat.name] = n
		}
	}
	return o
}
