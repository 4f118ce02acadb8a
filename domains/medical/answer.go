package medical

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"adapt/domains"
	"adapt/ingest"
	"adapt/prompt"
)

// readCategory marks, in an answer, how far the findings were read when they
// did not fit into the model's context.
const readCategory = "findings read"

// errNoFindings is the error for a document that a model can not answer.
var errNoFindings = errors.New("the document has no findings section: give it a heading such as \"FINDINGS:\"")

// Answer has the model say, sentence by sentence, what belongs into the
// impression. Findings that are longer than the model's context are read up to
// the last sentence that fits; an item of the answer says so.
func (Medical) Answer(ctx context.Context, m domains.Model, doc *ingest.Document) (domains.Answer, error) {
	r := readReport(doc)
	if !r.has(partFindings) {
		return domains.Answer{}, errNoFindings
	}
	session, err := m.Begin(ctx)
	if err != nil {
		return domains.Answer{}, fmt.Errorf("beginning an impression: %w", err)
	}
	defer session.Close()
	a := domains.Answer{DocID: doc.ID, Finished: true}
	var said []string
	ask := func(input string) error {
		if err := session.Ask(input); err != nil {
			return fmt.Errorf("reading the findings: %w", err)
		}
		w, err := session.Write(maxStatement)
		if err != nil {
			return fmt.Errorf("writing the impression: %w", err)
		}
		a.LogProb, a.Tokens, a.Finished = a.LogProb+w.LogProb, a.Tokens+w.Tokens, a.Finished && w.Finished
		text := collapse(strings.ToValidUTF8(w.Text, "\uFFFD"))
		if text != none && text != "" && !slices.Contains(said, text) {
			said = append(said, text)
		}
		return nil
	}
	// The closing turn must fit after every sentence.
	room := func(input string) int { return prompt.Room(m.Tokenizer(), input, maxStatement) }
	at := sentenceSpans(doc.Text, r.parts[partFindings])
	for i, s := range at {
		input := collapse(doc.Text[s.start:s.end])
		if session.Len()+room(input)+room(closing) > m.MaxTokens() {
			if i == 0 {
				return domains.Answer{}, fmt.Errorf("the first sentence of the findings does not fit into the model's context of %d tokens: use a model with a longer one", m.MaxTokens())
			}
			a.Items = []domains.Item{{Category: readCategory, Start: at[0].start, End: at[i-1].end, Confidence: 1}}
			break
		}
		if err := ask(input); err != nil {
			return domains.Answer{}, err
		}
	}
	if err := ask(closing); err != nil {
		return domains.Answer{}, err
	}
	a.Text = strings.Join(said, " ")
	return a, nil
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
