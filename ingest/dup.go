package ingest

import (
	"crypto/sha256"
	"strings"
	"unicode"
)

// TextSum is a hash of a text that is the same for texts that differ in case,
// punctuation and white space alone.
func TextSum(text string) [sha256.Size]byte {
	return sha256.Sum256([]byte(strings.Join(normalWords(text), " ")))
}

// Dedup drops documents whose text equals another's but for case, punctuation
// and white space ([TextSum]). Of equal ones that with the lowest ID stays; the
// order of the documents stays too.
func Dedup(docs []*Document) (kept []*Document, dropped int) {
	lowest := make(map[[sha256.Size]byte]*Document, len(docs))
	hashes := make([][sha256.Size]byte, len(docs))
	for i, d := range docs {
		hashes[i] = TextSum(d.Text)
		if other, ok := lowest[hashes[i]]; !ok || d.ID < other.ID {
			lowest[hashes[i]] = d
		}
	}
	for i, d := range docs {
		if lowest[hashes[i]] == d {
			kept = append(kept, d)
		}
	}
	return kept, len(docs) - len(kept)
}

// normalWords are the words of a text in lower case without punctuation.
func normalWords(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r)
	})
}
