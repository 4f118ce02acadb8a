package teacher

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"adapt/label"
)

// Why a proposal is dropped.
const (
	Malformed   = "the answer is not of the form that was asked for"
	TooMany     = "too many labels in one answer"
	NoCategory  = "no such category"
	NoQuote     = "the quote is not in the document"
	LongQuote   = "the quote is too long"
	Unsupported = "the document does not support it"
	Repeated    = "proposed twice"
)

const (
	maxLabels = 300  // in one answer
	maxQuote  = 4000 // bytes
)

// proposals is the form of an answer.
type proposals struct {
	Labels *[]struct {
		Category string `json:"category"`
		Quote    string `json:"quote"`
	} `json:"labels"`
}

// Check makes labels of a teacher's answer about the window at of a text. A
// proposal stands when its category is known and its quote is in the window,
// word for word; white space, hyphens and kinds of quotation marks may differ.
// dropped counts the others by reason; an answer of another form counts as one
// proposal.
func Check(answer, text string, at label.Range, categories []string) (spans []label.Span, proposed int, dropped map[string]int) {
	dropped = map[string]int{}
	p, err := parse(answer)
	if err != nil {
		dropped[Malformed]++
		return nil, 1, dropped
	}
	names := make(map[string]string, len(categories))
	for _, c := range categories {
		names[fold(c)] = c
	}
	window := text[at.Start:at.End]
	loc := label.NewLocator(window)
	seen := map[place]bool{}
	for i, l := range *p.Labels {
		proposed++
		name, known := names[fold(l.Category)]
		switch {
		case i >= maxLabels:
			dropped[TooMany]++
			continue
		case !known:
			dropped[NoCategory]++
			continue
		case len(l.Quote) > maxQuote:
			dropped[LongQuote]++
			continue
		}
		// Find also finds a long quote by its two ends; Has wants it whole.
		start, end, ok := loc.Find(l.Quote, -1)
		if !ok || !loc.Has(l.Quote) || !word(l.Quote) {
			dropped[NoQuote]++
			continue
		}
		key := place{name, start, end}
		if seen[key] {
			dropped[Repeated]++
			continue
		}
		seen[key] = true
		spans = append(spans, label.Span{
			Category: name, Start: at.Start + start, End: at.Start + end, Text: window[start:end], Origin: label.OriginTeacher,
		})
	}
	return spans, proposed, dropped
}

// parse reads an answer: one JSON object of the form, alone or in a fence of
// Markdown, which many models can not leave off.
func parse(answer string) (proposals, error) {
	var p proposals
	answer = strings.TrimSpace(answer)
	if rest, ok := strings.CutPrefix(answer, "```"); ok {
		rest = strings.TrimPrefix(rest, "json")
		answer = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "```"))
	}
	dec := json.NewDecoder(bytes.NewReader([]byte(answer)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil {
		return p, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return p, errors.New("more than one value")
	}
	if p.Labels == nil {
		return p, errors.New("no labels")
	}
	return p, nil
}

func fold(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// word reports whether a quote holds a word worth quoting.
func word(quote string) bool { return len([]rune(strings.TrimSpace(quote))) >= 3 }

// A place is what tells one proposal from another.
type place struct {
	category   string
	start, end int
}
