package medical

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// A vocabulary knows the wordings of the findings: the domain's own, and those
// that a team adds. It is immutable.
type vocabulary struct {
	lexicon *matcher[lexeme]
	terms   map[string][]string // a team's own; nil for none
}

// standard is the domain's own vocabulary.
var standard = sync.OnceValue(func() *vocabulary {
	return &vocabulary{lexicon: newLexicon()}
})

// ignored is the name under which a team lists wordings that hold the words of
// a finding and are none.
const ignored = "ignore"

// Bounds on a team's wordings, which come from a configuration.
const (
	maxTerms     = 2000
	maxTermBytes = 120
	maxTermWords = 8
)

// withTerms returns the domain's vocabulary with a team's wordings by the name
// of their finding. A wording is written as the domain's own are: words with
// spaces between them, "wet lung*" for every word that begins so, "a|b" for
// either, "~2" for up to two words of any kind.
func withTerms(terms map[string][]string) (*vocabulary, error) {
	if len(terms) == 0 {
		return standard(), nil
	}
	v := &vocabulary{lexicon: newLexicon(), terms: terms}
	byName := map[string]*concept{}
	for i := range concepts {
		byName[strings.ToLower(concepts[i].name)] = &concepts[i]
	}
	n := 0
	for _, name := range sortedKeys(terms) {
		c := byName[strings.ToLower(name)]
		if c == nil && !strings.EqualFold(name, ignored) {
			return nil, fmt.Errorf("%q is no finding; the names are %s, and %q for wordings that are none", name, strings.Join(names(), ", "), ignored)
		}
		for _, term := range terms[name] {
			if n++; n > maxTerms {
				return nil, fmt.Errorf("there are more than %d wordings", maxTerms)
			}
			p, err := cleanTerm(term)
			if err != nil {
				return nil, fmt.Errorf("the wording %q of %q: %w", term, name, err)
			}
			v.lexicon.add(p, lexeme{concept: c})
		}
	}
	return v, nil
}

func sortedKeys(m map[string][]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// cleanTerm writes a team's wording as scan writes words, or says what is
// wrong with it.
func cleanTerm(term string) (string, error) {
	if len(term) > maxTermBytes {
		return "", fmt.Errorf("it has more than %d bytes", maxTermBytes)
	}
	fields := strings.Fields(strings.ToLower(strings.NewReplacer("-", " ", "‐", " ", "‑", " ").Replace(term)))
	if len(fields) == 0 || len(fields) > maxTermWords {
		return "", fmt.Errorf("it has %d words; write 1 to %d", len(fields), maxTermWords)
	}
	for i, f := range fields {
		if strings.HasPrefix(f, "~") {
			if i == 0 || i == len(fields)-1 || len(f) != 2 || f[1] < '1' || f[1] > '9' {
				return "", errors.New("a gap is ~1 to ~9 between two words")
			}
			continue
		}
		for _, w := range strings.Split(f, "|") {
			stem, prefix := strings.CutSuffix(w, "*")
			if prefix && len(stem) < prefixLen {
				return "", fmt.Errorf("write at least %d letters before *", prefixLen)
			}
			if stem == "" || strings.ContainsFunc(stem, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
				return "", errors.New("write words of letters and digits, with * at the end of a word, | between words and ~2 for a gap")
			}
			fields[i] = f
		}
	}
	return strings.Join(fields, " "), nil
}

// version tells vocabularies apart; "" is the domain's own.
func (v *vocabulary) version() string {
	if len(v.terms) == 0 {
		return ""
	}
	b, err := json.Marshal(v.terms) // keys sorted
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(b)
	return "+terms-" + hex.EncodeToString(sum[:6])
}
