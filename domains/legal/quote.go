package legal

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"adapt/domains"
	"adapt/ingest"
	"adapt/label"
	"adapt/prompt"
	"adapt/tokenizer"
)

// In the quoting form a window is one turn: its input is the text of the
// window, its output a line "code: quote" for each clause, or " none".

// quoteShare is the part of an exchange that the text takes; the quotes need
// the rest.
const quoteShare = 0.55

// quoteWindows are runs of segments whose text takes quoteShare of max tokens.
func quoteWindows(tok tokenizer.Tokenizer, text string, segs []span, max int) ([]window, []prompt.Turn) {
	share := int(quoteShare * float64(max))
	turns := make([]prompt.Turn, len(segs))
	for i, s := range segs {
		turns[i] = fit(tok, prompt.Turn{Input: collapse(s.of(text))}, share)
	}
	ws := windows(tok, turns, share)
	joined := make([]prompt.Turn, len(ws))
	for i, w := range ws {
		var lines []string
		for _, t := range turns[w.from:w.to] {
			lines = append(lines, t.Input)
		}
		joined[i].Input = strings.Join(lines, "\n")
	}
	return ws, joined
}

func quoteExamples(doc *ingest.Document, segs []span, truth label.Truth, tok tokenizer.Tokenizer, maxTokens int) []label.Example {
	ws, turns := quoteWindows(tok, doc.Text, segs, maxTokens)
	var positive, negative []label.Example
	for i, w := range ws {
		r := span{segs[w.from].start, segs[w.to-1].end}
		e := label.Example{DocID: doc.ID, Group: doc.Group, Origin: truth.Origin, Turns: turns[i : i+1], Start: r.start, End: r.end}
		room := maxTokens - len(tok.Markers().Begin) - len(prompt.Ask(tok, turns[i].Input)) - 1
		turns[i].Output, e.Labels = quoteLines(doc.Text, r, truth.Spans, tok, room)
		if len(e.Labels) > 0 {
			positive = append(positive, e)
			continue
		}
		turns[i].Output, turns[i].Weight = " "+none, noneWeight
		negative = append(negative, e)
	}
	k := max(int(negativeShare*float64(len(positive))), 1)
	for _, i := range sample(doc.ID, len(negative), k) {
		positive = append(positive, negative[i])
	}
	for n := range positive {
		positive[n].ID = doc.ID + "/" + strconv.Itoa(n)
	}
	return positive
}

// quoteLines writes the labeled clauses of a window, as many as there is room
// for.
func quoteLines(text string, r span, spans []label.Span, tok tokenizer.Tokenizer, room int) (string, map[string]int) {
	out := ""
	var labels map[string]int
	for _, s := range spans {
		part := span{max(s.Start, r.start), min(s.End, r.end)}
		if part.len() <= 0 || 2*part.len() < min(s.End-s.Start, maxSegment) {
			continue
		}
		line := " " + categories[byName[s.Category]].code + ": " + collapse(part.of(text))
		if out != "" {
			line = "\n" + line[1:]
		}
		if len(tok.Encode(out+line)) > room {
			continue
		}
		out += line
		if labels == nil {
			labels = map[string]int{}
		}
		labels[s.Category]++
	}
	return out, labels
}

func quoteAnswer(ctx context.Context, m domains.Model, doc *ingest.Document) (domains.Answer, error) {
	limit := min(m.MaxTokens(), answerTokens)
	if limit < leastTokens {
		return domains.Answer{}, fmt.Errorf("legal: the model bears %d tokens, which is too few to read a contract", limit)
	}
	segs := segments(doc.Text)
	loc := label.NewLocator(doc.Text)
	a := domains.Answer{DocID: doc.ID, Finished: true}
	ws, turns := quoteWindows(m.Tokenizer(), doc.Text, segs, limit)
	for i, w := range ws {
		if err := ctx.Err(); err != nil {
			return domains.Answer{}, err
		}
		wrote, err := writeQuotes(ctx, m, turns[i].Input, limit)
		if err != nil {
			return domains.Answer{}, err
		}
		a.Tokens += wrote.Tokens
		a.LogProb += wrote.LogProb
		a.Finished = a.Finished && wrote.Finished
		confidence := 0.0
		if wrote.Tokens > 0 {
			confidence = math.Exp(wrote.LogProb / float64(wrote.Tokens))
		}
		a.Items = append(a.Items, parseQuotes(doc.Text, loc, wrote.Text, segs[w.from].start, confidence)...)
	}
	return a, nil
}

// writeQuotes has a model answer one window.
func writeQuotes(ctx context.Context, m domains.Model, input string, limit int) (domains.Written, error) {
	s, err := m.Begin(ctx)
	if err != nil {
		return domains.Written{}, fmt.Errorf("legal: beginning an exchange: %w", err)
	}
	defer s.Close()
	if err := s.Ask(input); err != nil {
		return domains.Written{}, fmt.Errorf("legal: asking about a window: %w", err)
	}
	wrote, err := s.Write(limit - s.Len() - 1)
	if err != nil {
		return domains.Written{}, fmt.Errorf("legal: writing quotes: %w", err)
	}
	return wrote, nil
}

// parseQuotes reads what a model wrote: hostile until located. Lines of no
// known form assert nothing; a quote that the document lacks is kept without a
// place, for the claim checker.
func parseQuotes(text string, loc *label.Locator, wrote string, hint int, confidence float64) []domains.Item {
	var items []domains.Item
	for line := range strings.Lines(wrote) {
		code, q, ok := strings.Cut(strings.TrimSpace(line), ":")
		c, known := byCode[strings.TrimSpace(code)]
		q = strings.TrimSpace(strings.ToValidUTF8(q, "\ufffd"))
		if !ok || !known || q == "" {
			continue
		}
		if start, end, found := loc.Find(q, hint); found {
			items = append(items, newItem(text, c, span{start, end}, confidence))
			continue
		}
		items = append(items, domains.Item{Category: categories[c].name, Text: q, Confidence: confidence})
	}
	return items
}
