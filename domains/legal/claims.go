package legal

import (
	"adapt/domains"
	"adapt/eval"
	"adapt/ingest"
	"adapt/label"
)

// Why a claim is not supported.
const (
	supported  = "supported"
	fabricated = "fabricated quote"
	nowhere    = "clause asserted where there is none"
	wrongPlace = "wrong place"
)

// aboutSame is the similarity of words from which a quote still supports a
// category that was labeled elsewhere in other words.
const aboutSame = 0.2

// claims checks each asserted item: its quote must be in the document, and its
// category must be labeled there.
func claims(doc *ingest.Document, truth label.Truth, said []domains.Item) []eval.Claim {
	if len(said) == 0 {
		return nil
	}
	loc := label.NewLocator(doc.Text)
	present := positives(truth)
	prepared := make([]quote, len(truth.Spans))
	for i, s := range truth.Spans {
		prepared[i] = newQuote(s.Start, s.End, s.Text)
	}
	out := make([]eval.Claim, len(said))
	for i, it := range said {
		c := eval.Claim{Kind: supported, Category: it.Category, Text: it.Text, Supported: true, Start: it.Start, End: it.End}
		if !loc.Has(it.Text) {
			c.Kind, c.Supported, c.Start, c.End = fabricated, false, 0, 0
			out[i] = c
			continue
		}
		q := newQuote(it.Start, it.End, it.Text)
		near, best := -1, -1.0
		for j, s := range truth.Spans {
			if s.Category != it.Category {
				continue
			}
			if sim := support(it.Category, q, prepared[j]); sim > best {
				near, best = j, sim
			}
		}
		switch {
		case near >= 0 && best >= aboutSame:
			c.Start, c.End = truth.Spans[near].Start, truth.Spans[near].End
		case present[it.Category] > 0:
			c.Kind, c.Supported = wrongPlace, false
			if near >= 0 {
				c.Start, c.End = truth.Spans[near].Start, truth.Spans[near].End
			}
		default:
			c.Kind, c.Supported = nowhere, false
		}
		out[i] = c
	}
	return out
}

// support is at least aboutSame when a labeled span bears an item out: they
// share a place, or enough words.
func support(category string, item, truth quote) float64 {
	s := similarity(category, item, truth)
	if overlap(item.span, truth.span) > 0 {
		s = max(s, aboutSame)
	}
	return s
}
