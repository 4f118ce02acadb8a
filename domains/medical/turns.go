package medical

import (
	"regexp"
	"strings"

	"adapt/prompt"
)

// An exchange goes through the findings sentence by sentence: each turn's input
// is a sentence, its output what the impression says of it, " none" mostly. A
// last turn asks for what the impression says of the whole, such as "No acute
// abnormality." So what an answer says stands beside what it was read from.

const (
	// closing is the input of the last turn.
	closing = "Impression:"
	// none is the answer to a sentence that the impression passes over.
	none = "none"
	// maxStatement is how many tokens the answer to one sentence may take.
	maxStatement = 48
)

// numbering begins an item of a numbered impression.
var numbering = regexp.MustCompile(`^\(?\d{1,2}[.)]\s*`)

// sentenceSpans cuts a range of a text into its sentences.
func sentenceSpans(text string, s span) []span {
	var out []span
	start := s.start
	for _, end := range sentenceEnds(text, s) {
		if one := trim(text, span{start, end}); strings.Trim(text[one.start:one.end], ". ") != "" {
			out = append(out, one)
		}
		start = end
	}
	return out
}

// turns renders a report's findings with what its impression says of each.
func (v *vocabulary) turns(r report) []prompt.Turn {
	at := sentenceSpans(r.doc.Text, r.parts[partFindings])
	said := make([][]string, len(at)+1)
	c := v.checker(r)
	for _, item := range items(r.text(partImpression)) {
		i := c.spokenOf(item, at)
		said[i] = append(said[i], item)
	}
	out := make([]prompt.Turn, len(at)+1)
	for i := range out {
		out[i].Input = closing
		if i < len(at) {
			out[i].Input = collapse(r.doc.Text[at[i].start:at[i].end])
		}
		out[i].Output = " " + none
		if len(said[i]) > 0 {
			out[i].Output = " " + strings.Join(said[i], " ")
		}
	}
	return out
}

// items are the sentences of an impression without their numbers.
func items(impression string) []string {
	var out []string
	for _, s := range sentenceSpans(impression, span{0, len(impression)}) {
		item := numbering.ReplaceAllString(collapse(impression[s.start:s.end]), "")
		if strings.Trim(item, "0123456789.() ") != "" {
			out = append(out, item)
		}
	}
	return out
}

// spokenOf returns which of the findings' sentences an item of the impression
// speaks of: the one that bears out its first positive finding. An item that
// asserts none speaks of the whole, len(at).
func (c *checker) spokenOf(item string, at []span) int {
	positive := map[string]bool{}
	for _, f := range c.words.extract(item) {
		if f.Asserted() && f.Name != noFinding {
			positive[f.Name] = true
		}
	}
	for _, claim := range c.check(item) {
		if !claim.Supported || !positive[claim.Category] || claim.End == 0 {
			continue
		}
		for i, s := range at {
			if claim.Start >= s.start && claim.Start < s.end {
				return i
			}
		}
	}
	return len(at)
}
