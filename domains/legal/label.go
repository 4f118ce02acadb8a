package legal

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"adapt/ingest"
	"adapt/label"
	"adapt/prompt"
	"adapt/tokenizer"
)

const (
	// noneWeight is the weight of a " none" answer in the loss. Nine segments
	// of ten show nothing, and thresholds find the balance later: half is enough
	// for a short training to speak at all.
	noneWeight = 0.5
	// negativeShare is how many windows without any category are trained on,
	// as a share of those with one.
	negativeShare = 1.0
	// maxCodes is how many categories are taught and read for one segment.
	maxCodes = 4
	// leastTokens is the smallest window that holds a turn worth reading.
	leastTokens = 32
)

// Label implements domains.Domain.
func (d *Domain) Label(doc *ingest.Document, gold []label.Gold, tok tokenizer.Tokenizer, maxTokens int) (label.Labeled, error) {
	if maxTokens < leastTokens {
		return label.Labeled{}, fmt.Errorf("legal: examples of %d tokens are too short; set train.max_tokens to %d or more", maxTokens, leastTokens)
	}
	out := label.Labeled{DocID: doc.ID}
	segs := segments(doc.Text)
	if len(segs) == 0 {
		out.Skipped = "no text"
		return out, nil
	}
	var shown [][]int
	var err error
	if len(gold) > 0 {
		out.Truth, shown, err = goldTruth(doc, segs, gold)
	} else {
		out.Truth, shown, out.Votes = d.ruleTruth(doc, segs)
	}
	if err != nil {
		return label.Labeled{}, err
	}
	if d.opt.Answer == Quote {
		out.Examples = quoteExamples(doc, segs, out.Truth, tok, maxTokens)
	} else {
		out.Examples = pointExamples(doc, segs, shown, out.Truth.Origin, tok, maxTokens)
	}
	return out, nil
}

// goldTruth locates annotations. shown[i] holds the categories of segs[i].
func goldTruth(doc *ingest.Document, segs []span, gold []label.Gold) (label.Truth, [][]int, error) {
	truth := label.Truth{DocID: doc.ID, Group: doc.Group, Origin: label.OriginGold}
	shown := make([][]int, len(segs))
	loc := label.NewDocumentLocator(doc)
	for _, g := range gold {
		name, ok := canonical(g.Category)
		if !ok {
			return truth, nil, unknownCategory(g.Category)
		}
		if g.Absent || g.Text == "" {
			continue
		}
		start, end, ok := loc.Find(g.Text, g.Start)
		if !ok {
			if truth.Unlocated == nil {
				truth.Unlocated = map[string]int{}
			}
			truth.Unlocated[name]++
			continue
		}
		mark(shown, segs, span{start, end}, byName[name])
		truth.Spans = append(truth.Spans, label.Span{Category: name, Start: start, End: end, Origin: label.OriginGold, Attrs: g.Attrs})
	}
	truth.Spans = tidy(doc.Text, truth.Spans)
	return truth, shown, nil
}

func unknownCategory(name string) error {
	if len(name) > 40 {
		return errors.New("legal: a gold label is of no known category; the 41 names are those of CUAD")
	}
	return fmt.Errorf("legal: gold category %q is unknown; the 41 names are those of CUAD, such as \"Governing Law\"", name)
}

// mark adds a category to the segments that a labeled range lies in: those
// that are half inside it, or hold half of it.
func mark(shown [][]int, segs []span, r span, category int) {
	first, _ := slices.BinarySearchFunc(segs, r.start, func(s span, at int) int { return cmp.Compare(s.end, at+1) })
	for i := first; i < len(segs) && segs[i].start < r.end; i++ {
		n := overlap(segs[i], r)
		if (2*n >= segs[i].len() || 2*n >= r.len()) && !slices.Contains(shown[i], category) {
			shown[i] = append(shown[i], category)
			slices.Sort(shown[i])
		}
	}
}

// tidy sorts spans, joins the pieces of one clause and drops repeated values:
// annotators mark a party's every mention, and cut a clause where the text has
// a page break.
func tidy(text string, spans []label.Span) []label.Span {
	slices.SortStableFunc(spans, func(a, b label.Span) int {
		return cmp.Or(cmp.Compare(byName[a.Category], byName[b.Category]), cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
	})
	var out []label.Span
	seen := map[string]bool{}
	for _, s := range spans {
		if categories[byName[s.Category]].value != nil {
			key := s.Category + "\x00" + strings.Join(words(text[s.Start:s.End]), " ")
			if !seen[key] {
				seen[key] = true
				out = append(out, s)
			}
			continue
		}
		if n := len(out) - 1; n >= 0 && out[n].Category == s.Category && bridges(text, out[n].End, s.Start) {
			out[n].End = max(out[n].End, s.End)
			out[n].Confidence = max(out[n].Confidence, s.Confidence)
			continue
		}
		out = append(out, s)
	}
	for i := range out {
		out[i].Text = text[out[i].Start:out[i].End]
	}
	slices.SortStableFunc(out, func(a, b label.Span) int { return cmp.Compare(a.Start, b.Start) })
	return out
}

// bridge is the length in bytes of what may stand between two pieces of one
// clause: a page number, a short heading.
const bridge = 40

func bridges(text string, from, to int) bool {
	return to <= from || len(collapse(text[from:to])) <= bridge
}

// pointExamples makes one example of each window that shows something, and of
// a sample of those that do not.
func pointExamples(doc *ingest.Document, segs []span, shown [][]int, origin label.Origin, tok tokenizer.Tokenizer, maxTokens int) []label.Example {
	turns := make([]prompt.Turn, len(segs))
	for i, s := range segs {
		turns[i] = fit(tok, pointTurn(s.of(doc.Text), shown[i]), maxTokens)
	}
	all := windows(tok, turns, maxTokens)
	var positive, negative []window
	for _, w := range all {
		if slices.ContainsFunc(shown[w.from:w.to], func(c []int) bool { return len(c) > 0 }) {
			positive = append(positive, w)
		} else {
			negative = append(negative, w)
		}
	}
	k := max(int(negativeShare*float64(len(positive))), 1)
	keep := positive
	for _, i := range sample(doc.ID, len(negative), k) {
		keep = append(keep, negative[i])
	}
	slices.SortFunc(keep, func(a, b window) int { return cmp.Compare(a.from, b.from) })

	examples := make([]label.Example, len(keep))
	for n, w := range keep {
		e := label.Example{
			ID: doc.ID + "/" + strconv.Itoa(n), DocID: doc.ID, Group: doc.Group, Origin: origin,
			Turns: turns[w.from:w.to], Start: segs[w.from].start, End: segs[w.to-1].end,
		}
		for _, cs := range shown[w.from:w.to] {
			for _, c := range cs {
				if e.Labels == nil {
					e.Labels = map[string]int{}
				}
				e.Labels[categories[c].name]++
			}
		}
		examples[n] = e
	}
	return examples
}

// pointTurn asks for the categories of a segment.
func pointTurn(segment string, shown []int) prompt.Turn {
	t := prompt.Turn{Input: collapse(segment)}
	if len(shown) == 0 {
		t.Output, t.Weight = " "+none, noneWeight
		return t
	}
	for _, c := range shown[:min(len(shown), maxCodes)] {
		t.Output += " " + categories[c].code
	}
	return t
}
