package samples

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

//go:embed bank
var bankFiles embed.FS

// A kind of contract.
type kind string

// The kinds of contracts.
const (
	nda      kind = "nda"
	services kind = "services"
	licence  kind = "licence"
	lease    kind = "lease"
	supply   kind = "supply"
)

// fileName is how the names of the kind's files begin. A file called
// "licence" would pass for the folder's own licence.
func (k kind) fileName() string {
	if k == licence {
		return "licensing"
	}
	return string(k)
}

var kinds = []kind{nda, services, licence, lease, supply}

// A line is a template with the kinds of contracts that it suits.
type line struct {
	kinds    []string // empty suits all
	caption  string
	excludes string // a category beside which the line would be untrue
	text     string
}

func (l line) suits(k kind) bool {
	if len(l.kinds) == 0 {
		return true
	}
	for _, name := range l.kinds {
		if name == string(k) {
			return true
		}
	}
	return false
}

// parseLine reads "@kinds caption !excluded :: text"; all but the text may be
// missing.
func parseLine(s string) line {
	var l line
	if strings.HasPrefix(s, "@") {
		head, rest, _ := strings.Cut(s[1:], " ")
		l.kinds = list(head, ",")
		s = rest
	}
	if head, text, ok := strings.Cut(s, " :: "); ok {
		l.caption, l.excludes, _ = strings.Cut(head, " !")
		s = text
	}
	l.text = strings.TrimSpace(s)
	return l
}

// A clause is one type of clause with all of its wordings.
type clause struct {
	name       string
	categories []string
	section    string
	captions   []string
	group      string // at most one clause of a group in a contract
	needs      string // a category that must be there too
	excludes   string // a category that must not be there
	chance     map[kind]float64
	twice      float64 // chance of a second clause where there is one
	lines      []line
}

// A filler is a section's stock of sentences that show no category.
type filler struct {
	section string
	lines   []line
}

// A legalBank holds what contracts are composed from.
type legalBank struct {
	clauses   []clause
	fillers   []filler
	titles    []line
	preambles []line
	recitals  []line
	closings  []line
	headings  map[string][]string
}

func loadLegalBank() (*legalBank, error) {
	b := &legalBank{headings: map[string][]string{}}
	err := eachFile("bank/legal/clauses", func(name string, header map[string]string, lines []line) error {
		c, err := parseClause(name, header, lines)
		b.clauses = append(b.clauses, c)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = eachFile("bank/legal/fillers", func(_ string, header map[string]string, lines []line) error {
		b.fillers = append(b.fillers, filler{section: header["section"], lines: lines})
		return nil
	})
	if err != nil {
		return nil, err
	}
	for name, into := range map[string]*[]line{
		"titles": &b.titles, "preambles": &b.preambles, "recitals": &b.recitals, "closings": &b.closings,
	} {
		if *into, err = readLines("bank/legal/" + name + ".txt"); err != nil {
			return nil, err
		}
	}
	headings, err := readLines("bank/legal/headings.txt")
	for _, l := range headings {
		name, options, _ := strings.Cut(l.text, ":")
		b.headings[name] = list(options, "|")
	}
	return b, err
}

func parseClause(name string, header map[string]string, lines []line) (clause, error) {
	c := clause{
		name:       name,
		categories: list(header["categories"], ";"),
		section:    header["section"],
		captions:   list(header["captions"], "|"),
		group:      header["group"],
		needs:      header["needs"],
		excludes:   header["excludes"],
		chance:     map[kind]float64{},
		lines:      lines,
	}
	if p := header["twice"]; p != "" {
		var err error
		if c.twice, err = strconv.ParseFloat(p, 64); err != nil {
			return c, fmt.Errorf("samples: %s: twice %q: %w", name, p, err)
		}
	}
	for _, item := range list(header["chance"], ",") {
		k, p, _ := strings.Cut(item, " ")
		value, err := strconv.ParseFloat(p, 64)
		if err != nil {
			return c, fmt.Errorf("samples: %s: chance %q: %w", name, item, err)
		}
		c.chance[kind(k)] = value
	}
	return c, nil
}

// eachFile reads the files of a bank's folder in the order of their names:
// "name: value" lines, an empty line, and templates.
func eachFile(dir string, f func(name string, header map[string]string, lines []line) error) error {
	entries, err := fs.ReadDir(bankFiles, dir)
	if err != nil {
		return fmt.Errorf("samples: reading the bank: %w", err)
	}
	for _, e := range entries {
		data, err := fs.ReadFile(bankFiles, path.Join(dir, e.Name()))
		if err != nil {
			return fmt.Errorf("samples: reading the bank: %w", err)
		}
		head, body, ok := strings.Cut(string(data), "\n\n")
		if !ok {
			return fmt.Errorf("samples: bank file %s has no empty line after its header", e.Name())
		}
		header := map[string]string{}
		for l := range strings.Lines(head) {
			name, value, _ := strings.Cut(l, ":")
			header[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
		if err := f(strings.TrimSuffix(e.Name(), ".txt"), header, parseLines(body)); err != nil {
			return err
		}
	}
	return nil
}

func readLines(name string) ([]line, error) {
	data, err := fs.ReadFile(bankFiles, name)
	if err != nil {
		return nil, fmt.Errorf("samples: reading the bank: %w", err)
	}
	return parseLines(string(data)), nil
}

// parseLines leaves out empty lines and comments.
func parseLines(text string) []line {
	var out []line
	for l := range strings.Lines(text) {
		if l = strings.TrimSpace(l); l != "" && !strings.HasPrefix(l, "#") {
			out = append(out, parseLine(l))
		}
	}
	return out
}
