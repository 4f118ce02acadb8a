package label

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"strings"
)

// A GoldIndex finds the annotations of a document by its key.
type GoldIndex map[string][]Gold

// Index groups annotations by document, keeping their order. A document is
// found by its whole key and by the last element of it; where two annotated
// documents share a last element, only their whole keys find them.
func Index(gold []Gold) GoldIndex {
	index := GoldIndex{}
	owner := map[string]string{} // of a last element: the one key that has it, or ""
	for _, g := range gold {
		key := canonicalKey(g.Key)
		index[key] = append(index[key], g)
		if strings.HasPrefix(key, textKey) {
			index[textKey] = nil // says that there are such keys
		}
		last := path.Base(key)
		if o, ok := owner[last]; ok && o != key {
			owner[last] = ""
		} else {
			owner[last] = key
		}
	}
	for last, key := range owner {
		if _, taken := index[last]; !taken && key != "" {
			index[last] = index[key]
		}
	}
	return index
}

// Document returns the annotations of a document, or nil: those under its
// ingest.Document.Key, its ID or, as of tools that know no names, its text.
func (x GoldIndex) Document(key, id, text string) []Gold {
	if g := x.For(key); g != nil {
		return g
	}
	if g, ok := x[id]; ok {
		return g
	}
	if _, ok := x[textKey]; !ok {
		return nil // no annotated document is known by its text alone
	}
	return x[TextKey(text)]
}

const textKey = "text-sha256:"

// TextKey is the [Gold] key of a document that has no name: a hash of its text
// that is blind to white space and hyphens, as [Locator] is.
func TextKey(text string) string {
	sum := sha256.Sum256(squeeze(text))
	return textKey + hex.EncodeToString(sum[:])
}

// For returns the annotations of the document with that ingest.Document.Key,
// or nil.
func (x GoldIndex) For(key string) []Gold {
	key = canonicalKey(key)
	if g, ok := x[key]; ok {
		return g
	}
	return x[path.Base(key)]
}

// canonicalKey drops a known file extension, and tells neither blanks from
// underscores (CUAD's titles have the one, its file names the other) nor the
// two kinds of slashes.
func canonicalKey(key string) string {
	key = strings.NewReplacer(" ", "_", `\`, "/").Replace(strings.TrimSpace(key))
	switch ext := path.Ext(key); strings.ToLower(ext) {
	case ".txt", ".text", ".pdf", ".docx", ".json", ".hl7", ".csv", ".md":
		key = strings.TrimSuffix(key, ext)
	}
	return key
}
