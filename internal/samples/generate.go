// Package samples composes the sample documents that ship with the project
// from banks of clauses and findings written for it.
//
// Everything follows from the seed: equal seeds give equal bytes, on every
// machine and with every Go release.
package samples

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"adapt/label"
)

// Seed is the seed of the samples that ship.
const Seed = 20240607

// Contracts and Reports are how many documents Generate writes.
const (
	Contracts = 48
	Reports   = 300
)

// Generate writes the sample documents with their gold labels into dir:
// legal/, medical/ and general.txt. What is there under the same names is
// replaced.
func Generate(seed int64, dir string) error {
	files, err := compose(seed)
	if err != nil {
		return err
	}
	for _, f := range files {
		name := filepath.Join(dir, filepath.FromSlash(f.name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return fmt.Errorf("samples: making a folder: %w", err)
		}
		if err := os.WriteFile(name, f.data, 0o644); err != nil {
			return fmt.Errorf("samples: writing: %w", err)
		}
	}
	return nil
}

// A file is one sample file, its name slash-separated.
type file struct {
	name string
	data []byte
}

// compose makes all files in a fixed order.
func compose(seed int64) ([]file, error) {
	legal, err := legalFiles(seed)
	if err != nil {
		return nil, err
	}
	medical, err := medicalFiles(seed)
	if err != nil {
		return nil, err
	}
	general, err := bankFiles.ReadFile("bank/general.txt")
	if err != nil {
		return nil, fmt.Errorf("samples: reading the bank: %w", err)
	}
	return slices.Concat(legal, medical, []file{{name: "general.txt", data: general}}), nil
}

// legalFiles makes the contracts: the kinds in turns and the formats in turns,
// which meet in all ways because five and three have no common divisor.
func legalFiles(seed int64) ([]file, error) {
	w, err := newLegalWriter(seed)
	if err != nil {
		return nil, err
	}
	var files []file
	var gold []label.Gold
	for i := range Contracts {
		c, err := w.compose(kinds[i%len(kinds)], i/len(kinds)+1)
		if err != nil {
			return nil, err
		}
		rng := rand.New(rand.NewPCG(uint64(seed), uint64(1000+i)))
		plain := plainText(c, rng)
		f := file{name: "legal/" + c.key}
		switch i % 3 {
		case 0:
			f.name += ".pdf"
			f.data, err = renderPDF(c, rng)
		case 1:
			f.name += ".docx"
			f.data, err = renderDOCX(c, rng)
		default:
			f.name += ".txt"
			f.data = []byte(plain)
		}
		if err != nil {
			return nil, err
		}
		files = append(files, f)
		lines, err := legalGold(c, plain)
		if err != nil {
			return nil, err
		}
		gold = append(gold, lines...)
	}
	data, err := jsonLines(gold)
	return append(files, file{name: "legal/gold.jsonl", data: data}), err
}

// legalGold lists what a contract shows and, category by category, what it
// does not. plain is the contract as text; a quote that occurs in it twice
// gets its offset there.
func legalGold(c *contract, plain string) ([]label.Gold, error) {
	var gold []label.Gold
	from := 0
	for _, b := range c.blocks {
		at, end, ok := findSpaced(plain, b.prefix+b.text, from)
		if !ok {
			return nil, fmt.Errorf("samples: %s: a paragraph was lost in the layout", c.key)
		}
		inside := at
		for _, s := range b.spans {
			quote := strings.TrimSpace(b.text[s.start:s.end])
			start, stop, ok := findSpaced(plain[:end], quote, inside)
			if !ok {
				return nil, fmt.Errorf("samples: %s: a quote was lost in the layout", c.key)
			}
			inside = stop
			if _, _, twice := findSpaced(plain, quote, stop); !twice {
				if first, _, _ := findSpaced(plain, quote, 0); first == start {
					start = 0
				}
			}
			for _, name := range s.categories {
				gold = append(gold, label.Gold{Key: c.key, Category: name, Text: quote, Start: start})
			}
		}
		from = end
	}
	for _, name := range cuad {
		if !c.categories[name] {
			gold = append(gold, label.Gold{Key: c.key, Category: name, Absent: true})
		}
	}
	return gold, nil
}

// findSpaced finds the words of quote in text at or after from, whatever white
// space is between them.
func findSpaced(text, quote string, from int) (start, end int, ok bool) {
	words := strings.Fields(quote)
	for start = from; ; start++ {
		n := strings.Index(text[start:], words[0])
		if n < 0 {
			return 0, 0, false
		}
		start += n
		if end, ok = matchSpaced(text, words, start); ok {
			return start, end, true
		}
	}
}

// matchSpaced reports whether the words stand in text from start on.
func matchSpaced(text string, words []string, start int) (end int, ok bool) {
	end = start
	for i, w := range words {
		if i > 0 {
			rest := strings.TrimLeft(text[end:], " \n")
			if len(rest) == len(text[end:]) {
				return 0, false
			}
			end = len(text) - len(rest)
		}
		if !strings.HasPrefix(text[end:], w) {
			return 0, false
		}
		end += len(w)
	}
	return end, true
}

// jsonLines writes one JSON value a line, without escapes for HTML.
func jsonLines[T any](values []T) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for _, v := range values {
		if err := e.Encode(v); err != nil {
			return nil, fmt.Errorf("samples: writing gold: %w", err)
		}
	}
	return b.Bytes(), nil
}
