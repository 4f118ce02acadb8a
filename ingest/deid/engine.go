package deid

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"

	"adapt/ingest"
)

// Replacement is what stands where an identifier stood.
type Replacement string

// The replacements.
const (
	Tags       Replacement = "tag"       // "[NAME]"
	Surrogates Replacement = "surrogate" // another name, a shifted date, a fictional number
)

// Options say how identifiers are replaced. The zero value puts tags.
type Options struct {
	Replace Replacement
	// Secret is what surrogates and the shifts of dates are derived from. The
	// same secret gives the same ones.
	Secret []byte
}

// An Engine removes identifiers. It is safe for use by several goroutines.
type Engine struct {
	rules Rules
	opts  Options
}

// New returns an engine that removes what rules name.
func New(rules Rules, opts Options) *Engine {
	if opts.Replace == "" {
		opts.Replace = Tags
	}
	opts.Secret = slices.Clone(opts.Secret)
	rules.Kinds = slices.Clone(rules.Kinds)
	slices.Sort(rules.Kinds)
	return &Engine{rules: rules, opts: opts}
}

// version counts the changes of what is found and how it is replaced. It is
// part of Key.
const version = 4

// Key is a hash of all that decides what the engine makes of a document. Two
// secrets give two keys; a key does not give away its secret.
func (e *Engine) Key() string {
	b, err := json.Marshal(struct {
		Version int
		Rules   Rules
		Replace Replacement
		Secret  []byte
	}{version, e.rules, e.opts.Replace, e.hash("identity of the secret")})
	if err != nil {
		panic(err) // strings and numbers
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

// hash is HMAC-SHA-256 of the parts under the secret. Parts can not run into
// each other.
func (e *Engine) hash(parts ...string) []byte {
	h := hmac.New(sha256.New, e.opts.Secret)
	for _, p := range parts {
		var n [8]byte
		for i := range n {
			n[i] = byte(len(p) >> (8 * i))
		}
		h.Write(n[:])
		h.Write([]byte(p))
	}
	return h.Sum(nil)
}

// SubjectKey is the key under which readers hash who the patient is
// ([ingest.Limits]).
func (e *Engine) SubjectKey() []byte { return e.hash("key of subjects") }

// maxRounds bounds how often text is searched again. A second round finds what
// stood beside a first find; a third has never been needed.
const maxRounds = 5

// Apply replaces the identifiers of a document, moves its pages, blocks and
// sections along, and keeps in Edits where each replacement stands, so that
// [ingest.Document.Original] maps back. It returns how many it replaced of
// each kind. Applying it again changes nothing.
func (e *Engine) Apply(doc *ingest.Document) (counts map[Kind]int) {
	before := countEdits(doc.Edits)
	was, text := doc.Edits, doc.Text
	if e.opts.Replace == Surrogates && len(was) > 0 {
		reword(doc, tagsOf(was)) // what is a surrogate must not be found again
	}
	for range maxRounds {
		spans := find(doc.Text, e.rules, e.least(), doc.Known)
		if len(spans) == 0 {
			break
		}
		tagSpans(doc, spans)
	}
	if e.opts.Replace == Surrogates && len(doc.Edits) > 0 {
		reword(doc, e.surrogates(doc, was, text))
	}
	counts = countEdits(doc.Edits)
	for k, n := range before {
		if counts[k] -= n; counts[k] <= 0 {
			delete(counts, k)
		}
	}
	return counts
}

// least is the score from which on a find is removed.
func (e *Engine) least() float32 {
	if e.rules.Formal {
		return sure
	}
	return possible
}

func countEdits(edits []ingest.Edit) map[Kind]int {
	counts := make(map[Kind]int)
	for _, e := range edits {
		counts[Kind(e.Kind)]++
	}
	return counts
}

func tagsOf(edits []ingest.Edit) []string {
	tags := make([]string, len(edits))
	for i, e := range edits {
		tags[i] = Kind(e.Kind).tag()
	}
	return tags
}

// surrogates returns what stands at each edit of doc: what stood there
// before, or a new surrogate. text is the document's text before, in which
// was stood.
func (e *Engine) surrogates(doc *ingest.Document, was []ingest.Edit, text string) []string {
	old := ingest.Document{Text: text, Edits: was}
	d := newDisguise(e, doc)
	words := make([]string, len(doc.Edits))
	stood := make([]string, len(doc.Edits)) // the original words of new edits
	for i, edit := range doc.Edits {
		start, end := old.Edited(edit.OrigStart, edit.OrigEnd)
		stood[i] = text[start:end]
		for len(was) > 0 && was[0].OrigEnd <= edit.OrigStart {
			was = was[1:]
		}
		switch {
		case len(was) == 0 || was[0].OrigStart >= edit.OrigEnd:
			if edit.Kind == string(Date) {
				d.see(stood[i])
			}
		case was[0].OrigStart == edit.OrigStart && was[0].OrigEnd == edit.OrigEnd:
			words[i] = text[was[0].Start:was[0].End]
		default: // its original words are not known any more
			words[i] = Kind(edit.Kind).tag()
		}
	}
	for i, edit := range doc.Edits {
		if words[i] == "" {
			words[i] = d.of(Kind(edit.Kind), stood[i])
		}
	}
	return words
}

// ApplyText returns text with its identifiers replaced, as Apply does.
// Identifiers that only their surroundings give away stay when these are not
// part of text.
func (e *Engine) ApplyText(text string) string {
	doc := ingest.Document{Text: text}
	e.Apply(&doc)
	return doc.Text
}

// Leaks returns the kinds of identifiers that doc still holds beside what was
// put in their place, sorted.
func (e *Engine) Leaks(doc *ingest.Document) []Kind {
	tagged := *doc
	reword(&tagged, tagsOf(tagged.Edits))
	return kindsOf(find(tagged.Text, e.rules, e.least(), doc.Known))
}

func kindsOf(spans []span) []Kind {
	found := make(map[Kind]bool)
	for _, s := range spans {
		found[s.kind] = true
	}
	return slices.Sorted(maps.Keys(found))
}
