package deid

import (
	"slices"
	"strings"

	"adapt/ingest"
)

// A Leak is an identifier where none may be.
type Leak struct {
	Kind Kind
	At   int // where it begins in the text, in bytes
}

// A Source is where a text comes from. It decides what in the text is taken
// for a leak: a check that stops a run must not be wrong often.
type Source int

// The sources of texts.
const (
	// Quoted text stood in a document. All kinds count.
	Quoted Source = iota
	// Written text is a model's that was trained on documents. It may have
	// names and numbers from them; a date, a place or an age over 89 it may as
	// well have made up. Addresses of the net it knows from public text: they
	// count where they stand in the document too.
	Written
	// Foreign text is a model's that has seen no document of the team but the
	// one that it answers about: whatever else it knows is public, so that only
	// what stands in that document counts, and no name.
	Foreign
)

// sureName is the score from which on a name counts as a leak: a title or a
// label stands before it.
const sureName = 0.85

// Check looks for identifiers in a text about documents, with what is certain
// enough for a check that stops a run. Docs are the documents that it may
// quote: their surrogates are no leaks, and neither is what was looked at
// there, with all of its surroundings, and was taken for no date or place.
func (e *Engine) Check(text string, from Source, docs ...*ingest.Document) []Leak {
	var leaks []Leak
	for _, x := range find(text, e.rules, sure, nil) {
		word := text[x.start:x.end]
		if public(x.kind, from) && !slices.ContainsFunc(docs, func(d *ingest.Document) bool { return strings.Contains(d.Text, word) }) {
			continue
		}
		if !counts(x, from) || e.opts.Replace == Surrogates && (x.kind == Date || fictional(x.kind, word)) {
			continue
		}
		if !slices.ContainsFunc(docs, func(d *ingest.Document) bool { return excuses(d, x, word) }) {
			leaks = append(leaks, Leak{x.kind, x.start})
		}
	}
	return leaks
}

// public says whether a find in a text from there may come from public text.
func public(k Kind, from Source) bool { return from == Foreign || from == Written && k == URL }

// counts says whether a find is certain enough in a text from there.
func counts(x span, from Source) bool {
	switch x.kind {
	case Name:
		return x.score >= sureName && from != Foreign
	case Date, Age, Facility, Address:
		return from == Quoted
	}
	return true
}

// excuses says whether a document shows that a find is no leak.
func excuses(d *ingest.Document, x span, word string) bool {
	switch x.kind {
	case Date, Age, Facility, Address:
		if strings.Contains(d.Text, word) {
			return true
		}
	}
	// Every word of it stands in a replacement.
	for w := range strings.FieldsFuncSeq(word, func(r rune) bool { return !wordRune(r) }) {
		if !inReplacement(d, w) {
			return false
		}
	}
	return len(d.Edits) > 0
}

func inReplacement(d *ingest.Document, word string) bool {
	for _, e := range d.Edits {
		if strings.Contains(d.Text[e.Start:e.End], word) {
			return true
		}
	}
	return false
}

// fictional says whether an identifier is of the kind that surrogates have
// and nobody else: it may be another document's.
func fictional(kind Kind, word string) bool {
	switch kind {
	case Phone:
		d := onlyDigits(word)
		return len(d) >= 7 && strings.Contains(d, "55501")
	case Email, URL:
		return strings.Contains(word, "example.org")
	case IP:
		return strings.HasPrefix(word, "192.0.2.") || strings.HasPrefix(word, "198.51.100.") || strings.HasPrefix(word, "203.0.113.") || strings.HasPrefix(word, "2001:db8:")
	}
	return false
}
