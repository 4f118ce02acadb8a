package medical

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"adapt/domains"
	"adapt/ingest"
	"adapt/prompt"
	"adapt/tokenizer"
)

// maxImpression is how many tokens an impression may take.
const maxImpression = 96

// readCategory marks, in an answer, how far the findings were read when they
// did not fit into the model's context.
const readCategory = "findings read"

// errNoFindings is the error for a document that a model can not answer.
var errNoFindings = errors.New("the document has no findings section: give it a heading such as \"FINDINGS:\"")

// input is what a model reads of a report.
func input(findings string) string { return "Findings: " + collapse(findings) }

// Answer has the model write an impression from the findings. Findings that
// are longer than the model's context are read up to the last sentence that
// fits; an item of the answer says so.
func (Medical) Answer(ctx context.Context, m domains.Model, doc *ingest.Document) (domains.Answer, error) {
	r := readReport(doc)
	if !r.has(partFindings) {
		return domains.Answer{}, errNoFindings
	}
	read, err := fit(m.Tokenizer(), doc.Text, r.parts[partFindings], m.MaxTokens())
	if err != nil {
		return domains.Answer{}, err
	}
	session, err := m.Begin(ctx)
	if err != nil {
		return domains.Answer{}, fmt.Errorf("beginning an impression: %w", err)
	}
	if err := session.Ask(input(doc.Text[read.start:read.end])); err != nil {
		return domains.Answer{}, fmt.Errorf("reading the findings: %w", err)
	}
	written, err := session.Write(min(maxImpression, m.MaxTokens()-session.Len()))
	if err != nil {
		return domains.Answer{}, fmt.Errorf("writing the impression: %w", err)
	}
	a := domains.Answer{DocID: doc.ID, Text: strings.TrimSpace(strings.ToValidUTF8(written.Text, "�")),
		LogProb: written.LogProb, Tokens: written.Tokens, Finished: written.Finished}
	if read != r.parts[partFindings] {
		a.Items = []domains.Item{{Category: readCategory, Start: read.start, End: read.end, Confidence: 1}}
	}
	return a, nil
}

// fit shortens a findings section by whole sentences until it leaves room for
// an impression in a context of maxTokens.
func fit(tok tokenizer.Tokenizer, text string, s span, maxTokens int) (span, error) {
	room := maxTokens - maxImpression - len(tok.Markers().Begin) - 1
	fits := func(end int) bool {
		return len(prompt.Ask(tok, input(text[s.start:end]))) <= room
	}
	if fits(s.end) {
		return s, nil
	}
	ends := sentenceEnds(text, s)
	lo, hi := 0, len(ends) // the first lo ends fit, hi do not
	for lo < hi {
		mid := (lo + hi) / 2
		if fits(ends[mid]) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == 0 {
		return span{}, fmt.Errorf("the first sentence of the findings does not fit into the model's context of %d tokens: use a model with a longer one", maxTokens)
	}
	return span{s.start, ends[lo-1]}, nil
}

func sentenceEnds(text string, s span) []int {
	var ends []int
	for _, sentence := range sentences(scan(text[s.start:s.end])) {
		end := s.start + sentence[len(sentence)-1].end
		if end < s.end && text[end] == '.' {
			end++
		}
		ends = append(ends, end)
	}
	return ends
}
