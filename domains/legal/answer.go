package legal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"adapt/domains"
	"adapt/ingest"
	"adapt/prompt"
)

const (
	// answerTokens bounds an exchange, beside what the model bears.
	answerTokens = 512
	// floor is the probability from which a category is a candidate.
	floor = 0.02
	// mergeAt is the probability from which neighbouring segments of one
	// category are one quote.
	mergeAt = 0.15
)

// Answer implements domains.Domain.
func (d *Domain) Answer(ctx context.Context, m domains.Model, doc *ingest.Document) (domains.Answer, error) {
	if d.opt.Answer == Quote {
		return quoteAnswer(ctx, m, doc)
	}
	segs := segments(doc.Text)
	limit := min(m.MaxTokens(), answerTokens)
	if limit < leastTokens {
		return domains.Answer{}, fmt.Errorf("legal: the model bears %d tokens, which is too few to read a contract", limit)
	}
	turns := make([]prompt.Turn, len(segs))
	for i, s := range segs {
		turns[i] = fit(m.Tokenizer(), prompt.Turn{Input: collapse(s.of(doc.Text))}, limit)
	}
	a := domains.Answer{DocID: doc.ID, Finished: true}
	probs := make([]map[int]float64, len(segs))
	for _, w := range windows(m.Tokenizer(), turns, limit) {
		n, err := pointAll(ctx, m, turns[w.from:w.to], probs[w.from:w.to])
		if err != nil {
			return domains.Answer{}, err
		}
		a.Tokens += n
	}
	a.Items = gather(doc.Text, segs, probs)
	return a, nil
}

// pointAll has a model answer the segments of a window in one exchange. It
// writes the probabilities of each and returns how many tokens were said.
func pointAll(ctx context.Context, m domains.Model, turns []prompt.Turn, probs []map[int]float64) (tokens int, err error) {
	s, err := m.Begin(ctx)
	if err != nil {
		return 0, fmt.Errorf("legal: beginning an exchange: %w", err)
	}
	defer s.Close()
	for i, turn := range turns {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		p, said, err := point(s, turn.Input)
		if err != nil {
			return 0, fmt.Errorf("legal: answering a segment: %w", err)
		}
		probs[i] = p
		tokens += len(m.Tokenizer().Encode(said)) + 1
	}
	return tokens, nil
}

// firstChoices are the ways in which an answer begins: " none", then the codes.
var firstChoices = func() []string {
	choices := []string{" " + none}
	for _, c := range categories {
		choices = append(choices, " "+c.code)
	}
	return choices
}()

// moreChoices are the ways in which an answer goes on: it ends, or adds a code.
var moreChoices = append([]string{""}, firstChoices[1:]...)

// point has a model answer one segment. It returns the probability of each
// category that reaches the floor, and what was said. The probability that a
// category is said second counts as far as the first was likely.
func point(s domains.Session, input string) (map[int]float64, string, error) {
	if err := s.Ask(input); err != nil {
		return nil, "", err
	}
	probs := map[int]float64{}
	said, reached := "", 1.0
	taken := make([]bool, len(categories))
	choices := firstChoices
	for n := range maxCodes {
		p, err := next(s, choices)
		if err != nil {
			return nil, "", err
		}
		best := 0
		for i, q := range p {
			if i > 0 && taken[i-1] {
				continue
			}
			if i > 0 {
				probs[i-1] += reached * q
			}
			if q > p[best] {
				best = i
			}
		}
		if best == 0 {
			if n == 0 {
				said = choices[0]
				if err := s.Say(said); err != nil {
					return nil, "", err
				}
			}
			break
		}
		if err := s.Say(choices[best]); err != nil {
			return nil, "", err
		}
		said += choices[best]
		taken[best-1] = true
		reached *= p[best]
		choices = moreChoices
	}
	for c, p := range probs {
		if p < floor {
			delete(probs, c)
		} else {
			probs[c] = min(p, 1)
		}
	}
	return probs, said, s.End()
}

// next returns the probabilities of choices among themselves.
func next(s domains.Session, choices []string) ([]float64, error) {
	logs, err := s.Next(choices)
	if err != nil {
		return nil, err
	}
	if len(logs) != len(choices) {
		return nil, errors.New("the model rated another number of choices than it was given")
	}
	top := math.Inf(-1)
	for _, l := range logs {
		if math.IsNaN(l) {
			return nil, errors.New("the model's probabilities are not numbers; its weights are broken")
		}
		top = max(top, l)
	}
	p := make([]float64, len(logs))
	if math.IsInf(top, -1) {
		p[0] = 1 // nothing is possible: nothing is said
		return p, nil
	}
	sum := 0.0
	for i, l := range logs {
		p[i] = math.Exp(l - top)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p, nil
}

// gather makes items of what was said of each segment: values are narrowed and
// kept once, neighbouring segments of one category become one quote.
func gather(text string, segs []span, probs []map[int]float64) []domains.Item {
	var items []domains.Item
	for c, cat := range categories {
		if cat.value != nil {
			items = append(items, valueItems(text, segs, probs, c)...)
		} else {
			items = append(items, clauseItems(text, segs, probs, c)...)
		}
	}
	slices.SortStableFunc(items, func(a, b domains.Item) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
	})
	return items
}

func valueItems(text string, segs []span, probs []map[int]float64, c int) []domains.Item {
	var items []domains.Item
	at := map[string]int{}
	for i, s := range segs {
		p := probs[i][c]
		if p == 0 {
			continue
		}
		for _, v := range narrow(categories[c], text, s) {
			key := strings.Join(words(v.of(text)), " ")
			if key == "" {
				continue
			}
			it := newItem(text, c, v, p)
			j, ok := at[key]
			switch {
			case !ok:
				at[key] = len(items)
				items = append(items, it)
			case p > items[j].Confidence:
				items[j] = it
			}
		}
	}
	return items
}

func clauseItems(text string, segs []span, probs []map[int]float64, c int) []domains.Item {
	var items []domains.Item
	last := -1 // the segment that the last item ends with
	for i, s := range segs {
		p := probs[i][c]
		if p == 0 {
			continue
		}
		if n := len(items) - 1; n >= 0 && min(p, probs[last][c]) >= mergeAt && bridges(text, segs[last].end, s.start) {
			items[n] = newItem(text, c, span{items[n].Start, s.end}, max(p, items[n].Confidence))
		} else {
			items = append(items, newItem(text, c, s, p))
		}
		last = i
	}
	return items
}

func newItem(text string, c int, r span, confidence float64) domains.Item {
	return domains.Item{Category: categories[c].name, Start: r.start, End: r.end, Text: r.of(text), Confidence: confidence}
}
