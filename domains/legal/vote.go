package legal

import (
	"slices"
	"sync"

	"adapt/domains"
	"adapt/ingest"
	"adapt/label"
)

// Panel implements domains.Voter.
func (d *Domain) Panel() *label.Panel { return d.panel }

// Known implements domains.Voter.
func (d *Domain) Known() *label.Tally { return knownTally() }

// With implements domains.Voter.
func (d *Domain) With(own []label.Func, m *label.Model) (domains.Voter, error) {
	out := *d
	if len(own) > 0 {
		all := slices.Clone(own)
		for _, c := range d.panel.Categories() {
			all = append(all, d.panel.Of(c)...)
		}
		var err error
		if out.panel, err = label.NewPanel(all); err != nil {
			return nil, err
		}
	}
	switch {
	case m != nil:
		out.model = func() *label.Model { return m }
	case len(own) > 0:
		out.model = sync.OnceValue(func() *label.Model { return label.Fit(knownTally().For(out.panel)) })
	}
	return &out, nil
}

// Vote implements domains.Voter.
func (d *Domain) Vote(doc *ingest.Document, gold []label.Gold) (domains.Ballot, error) {
	segs := segments(doc.Text)
	read := reading(doc, segs)
	b := domains.Ballot{Segments: len(segs), Candidates: d.panel.Vote(read)}
	if len(gold) == 0 {
		return b, nil
	}
	truth, shown, err := goldTruth(doc, segs, gold)
	if err != nil {
		return b, err
	}
	for _, c := range b.Candidates {
		if i, ok := byName[c.Category]; ok && !slices.Contains(shown[c.Segment], i) && repeats(doc.Text, segs[c.Segment], i, truth) {
			shown[c.Segment] = append(shown[c.Segment], i)
		}
	}
	b.Known = func(segment int, category string) bool {
		c, ok := byName[category]
		return ok && slices.Contains(shown[segment], c)
	}
	return b, nil
}

// repeats reports whether a segment holds a value that people labeled elsewhere:
// they mark one of the places that name a contract or its date, and any will do.
// Of parties they mark nearly every name, and other segments that repeat one name
// much else.
func repeats(text string, seg span, category int, truth label.Truth) bool {
	c := categories[category]
	if c.value == nil || c.name == "Parties" {
		return false
	}
	for _, v := range narrow(c, text, seg) {
		q := newQuote(v.start, v.end, v.of(text))
		for _, s := range truth.Spans {
			if s.Category == c.name && similarity(c.name, q, newQuote(s.Start, s.End, s.Text)) >= sameQuote {
				return true
			}
		}
	}
	return false
}

// reading prepares segments for labeling functions.
func reading(doc *ingest.Document, segs []span) []label.Segment {
	ranges := make([]label.Range, len(segs))
	for i, s := range segs {
		ranges[i] = label.Range{Start: s.start, End: s.end}
	}
	heads := headings(doc.Text, segs)
	return label.NewSegments(doc, ranges, func(i int) []string { return heads[i] })
}

// ruleTruth is what the labeling functions make of a document. shown[i] holds
// the categories of segs[i].
func (d *Domain) ruleTruth(doc *ingest.Document, segs []span) (truth label.Truth, shown [][]int, votes []label.Vote) {
	read := reading(doc, segs)
	candidates := d.panel.Vote(read)
	probs := d.weigh(segs, candidates)
	shown = make([][]int, len(segs))
	for i, p := range probs {
		for c := range p {
			shown[i] = append(shown[i], c)
		}
		slices.Sort(shown[i])
	}
	truth = label.Truth{DocID: doc.ID, Group: doc.Group, Origin: label.OriginRules}
	for _, it := range gather(doc.Text, segs, probs) {
		truth.Spans = append(truth.Spans, label.Span{Category: it.Category, Start: it.Start, End: it.End, Origin: label.OriginRules, Confidence: it.Confidence})
	}
	truth.Spans = tidy(doc.Text, truth.Spans)
	return truth, shown, d.panel.Votes(read, candidates)
}

// weigh has the label model decide: of each segment, the categories that are
// likelier than not, with their probabilities.
func (d *Domain) weigh(segs []span, candidates []label.Candidate) []map[int]float64 {
	return weigh(d.model(), segs, candidates)
}

func weigh(model *label.Model, segs []span, candidates []label.Candidate) []map[int]float64 {
	probs := make([]map[int]float64, len(segs))
	for _, c := range candidates {
		category, ok := byName[c.Category]
		p := model.Probability(c.Category, c.Pattern)
		if !ok || !label.Decided(p) {
			continue
		}
		if probs[c.Segment] == nil {
			probs[c.Segment] = map[int]float64{}
		}
		probs[c.Segment][category] = p
	}
	limitOpening(probs)
	return probs
}

// Baselines implements domains.Baseliner with the labeling functions, which
// read a contract without a model.
func (d *Domain) Baselines([]*ingest.Document, []label.Truth) []domains.Baseline {
	return []domains.Baseline{{
		Name: "labeling functions",
		Answer: func(doc *ingest.Document) domains.Answer {
			segs := segments(doc.Text)
			items := gather(doc.Text, segs, d.weigh(segs, d.panel.Vote(reading(doc, segs))))
			return domains.Answer{DocID: doc.ID, Items: items, Finished: true}
		},
	}}
}
