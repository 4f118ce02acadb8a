package label

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"adapt/ingest"
)

// A Spec is a labeling function as a team writes it in adapt.yaml or in a file
// beside it: what it votes on, and the condition under which it votes.
type Spec struct {
	Name     string `yaml:"name" json:"name"`
	Category string `yaml:"category" json:"category"`
	// Vote is "for" (the default) or "against".
	Vote string `yaml:"vote" json:"vote,omitempty"`
	// Precision is the share of its votes that should be right; 0: 0.7.
	Precision float64 `yaml:"precision" json:"precision,omitempty"`
	When      `yaml:",inline"`
	line      int
}

// When is a condition on a segment. Of several that are given, all must hold.
type When struct {
	// Pattern is an RE2 expression without regard to case ("(?-i)" turns that
	// off), on the segment with each run of white space as one blank.
	Pattern string `yaml:"pattern" json:"pattern,omitempty"`
	// Dictionary holds words and phrases, of which one stands in the segment.
	Dictionary []string `yaml:"dictionary" json:"dictionary,omitempty"`
	// File is a dictionary of one entry a line, relative to the file that names
	// it.
	File string `yaml:"dictionary_file" json:"dictionary_file,omitempty"`
	// Heading is an RE2 expression for a heading that the segment stands under.
	Heading string `yaml:"heading" json:"heading,omitempty"`
	// Section is the name of a part that the document's format declares
	// ("findings"), in which the segment lies.
	Section string `yaml:"section" json:"section,omitempty"`
	// Distance holds when two patterns stand near each other.
	Distance *Distance `yaml:"distance" json:"distance,omitempty"`
	// Field looks at another field of the document.
	Field *FieldIs `yaml:"field" json:"field,omitempty"`
	// Voted names a category that one of the domain's own functions votes for on
	// the segment.
	Voted string `yaml:"voted" json:"voted,omitempty"`
	All   []When `yaml:"all" json:"all,omitempty"`
	Any   []When `yaml:"any" json:"any,omitempty"`
	Not   *When  `yaml:"not" json:"not,omitempty"`
}

// Distance holds when a match of First and one of Second have at most Words words
// between them, in either order.
type Distance struct {
	First  string `yaml:"first" json:"first"`
	Second string `yaml:"second" json:"second"`
	Words  int    `yaml:"words" json:"words"`
}

// FieldIs holds when a field of the document matches Is, an RE2 expression
// without regard to case. Name is "format", one of the document's declared
// sections, or what its reader declared beside the text ("modality").
type FieldIs struct {
	Name string `yaml:"name" json:"name"`
	Is   string `yaml:"is" json:"is"`
}

// UnmarshalYAML keeps the line, for errors.
func (s *Spec) UnmarshalYAML(n *yaml.Node) error {
	type plain Spec
	if err := n.Decode((*plain)(s)); err != nil {
		return err
	}
	s.line = n.Line
	return nil
}

// where says which function an error is about.
func (s Spec) where() string {
	if s.line > 0 {
		return fmt.Sprintf("line %d: the function %q", s.line, s.Name)
	}
	return fmt.Sprintf("the function %q", s.Name)
}

// Check reports what is wrong with functions: errors name the line and the key.
// Dictionary files are not read.
func Check(specs []Spec) error {
	var errs []error
	for _, s := range specs {
		s.When = s.When.withoutFiles()
		if _, err := s.compile(nil); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// withoutFiles puts a word in place of each dictionary file.
func (w When) withoutFiles() When {
	if w.File != "" {
		w.Dictionary, w.File = []string{"x"}, ""
	}
	w.All, w.Any = slices.Clone(w.All), slices.Clone(w.Any)
	for _, list := range [][]When{w.All, w.Any} {
		for i := range list {
			list[i] = list[i].withoutFiles()
		}
	}
	if w.Not != nil {
		n := w.Not.withoutFiles()
		w.Not = &n
	}
	return w
}

// ReadFiles takes the dictionary files of functions into them. Their paths are
// relative to dir.
func ReadFiles(specs []Spec, dir string) error {
	for i := range specs {
		if err := specs[i].When.readFiles(dir); err != nil {
			return fmt.Errorf("%s: %w", specs[i].where(), err)
		}
	}
	return nil
}

// maxDictionary bounds a dictionary file in bytes and its entries.
const (
	maxDictionary = 4 << 20
	maxEntries    = 50_000
)

func (w *When) readFiles(dir string) error {
	if w.File != "" {
		path := w.File
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		st, err := os.Stat(path)
		switch {
		case err != nil:
			return errors.New("dictionary_file: there is no such file; its path is relative to the file that names it")
		case !st.Mode().IsRegular() || st.Size() > maxDictionary:
			return fmt.Errorf("dictionary_file: it is no file of at most %d MB", maxDictionary>>20)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return errors.New("dictionary_file: it can not be read")
		}
		for line := range strings.Lines(string(b)) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
				w.Dictionary = append(w.Dictionary, line)
			}
		}
		w.File = ""
	}
	for _, list := range [][]When{w.All, w.Any} {
		for i := range list {
			if err := list[i].readFiles(dir); err != nil {
				return err
			}
		}
	}
	if w.Not != nil {
		return w.Not.readFiles(dir)
	}
	return nil
}

// Compile makes labeling functions of specs. own is the domain's panel, for
// conditions on its votes; its categories are those that exist.
func Compile(specs []Spec, own *Panel, categories []string) ([]Func, error) {
	var out []Func
	var errs []error
	for _, s := range specs {
		f, err := s.compile(own)
		if err == nil && !slices.Contains(categories, s.Category) {
			err = fmt.Errorf("%s: category: there is no category %q in this domain; its categories are %s", s.where(), s.Category, strings.Join(categories, ", "))
		}
		if err == nil && own != nil {
			err = s.When.checkVoted(s, categories)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		out = append(out, f)
	}
	return out, errors.Join(errs...)
}

func (w When) checkVoted(s Spec, categories []string) error {
	if w.Voted != "" && !slices.Contains(categories, w.Voted) {
		return fmt.Errorf("%s: voted: there is no category %q in this domain", s.where(), w.Voted)
	}
	for _, c := range append(slices.Clone(w.All), w.Any...) {
		if err := c.checkVoted(s, categories); err != nil {
			return err
		}
	}
	if w.Not != nil {
		return w.Not.checkVoted(s, categories)
	}
	return nil
}

// compile makes the function of a spec.
func (s Spec) compile(own *Panel) (Func, error) {
	fail := func(format string, args ...any) (Func, error) {
		return Func{}, fmt.Errorf("%s: "+format, append([]any{s.where()}, args...)...)
	}
	f := Func{Name: s.Name, Category: s.Category, Precision: s.Precision}
	switch {
	case s.Name == "":
		return fail("name: is missing; it names the function in the analysis")
	case s.Category == "":
		return fail("category: is missing; it says what the function votes on")
	case s.Precision < 0 || s.Precision >= 1:
		return fail("precision: is %v; it is a share between 0 and 1", s.Precision)
	}
	switch s.Vote {
	case "", "for":
		f.Only = For
	case "against":
		f.Only = Against
	default:
		return fail("vote: is %q; write for or against", s.Vote)
	}
	holds, err := s.When.compile(own, 0)
	if err != nil {
		return fail("%w", err)
	}
	f.Vote = func(seg *Segment) Opinion {
		if holds(seg) {
			return f.Only
		}
		return Abstain
	}
	return f, nil
}

// maxDepth bounds conditions within conditions.
const maxDepth = 20

// A condition is a compiled When.
type condition func(*Segment) bool

func (w When) compile(own *Panel, depth int) (condition, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("conditions stand in each other more than %d deep", maxDepth)
	}
	var all []condition
	add := func(key string, c condition, err error) error {
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		all = append(all, c)
		return nil
	}
	var errs []error
	if w.Pattern != "" {
		c, err := matches(w.Pattern)
		errs = append(errs, add("pattern", c, err))
	}
	if len(w.Dictionary) > 0 {
		c, err := holdsWord(w.Dictionary)
		errs = append(errs, add("dictionary", c, err))
	}
	if w.File != "" {
		errs = append(errs, errors.New("dictionary_file: was not read"))
	}
	if w.Heading != "" {
		c, err := underHeading(w.Heading)
		errs = append(errs, add("heading", c, err))
	}
	if w.Section != "" {
		all = append(all, inSection(w.Section))
	}
	if w.Distance != nil {
		c, err := near(*w.Distance)
		errs = append(errs, add("distance", c, err))
	}
	if w.Field != nil {
		c, err := fieldIs(*w.Field)
		errs = append(errs, add("field", c, err))
	}
	if w.Voted != "" {
		all = append(all, votedFor(own, w.Voted))
	}
	for _, part := range w.All {
		c, err := part.compile(own, depth+1)
		errs = append(errs, add("all", c, err))
	}
	if len(w.Any) > 0 {
		c, err := anyOf(w.Any, own, depth)
		errs = append(errs, add("any", c, err))
	}
	if w.Not != nil {
		c, err := w.Not.compile(own, depth+1)
		errs = append(errs, add("not", func(s *Segment) bool { return !c(s) }, err))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, errors.New("no condition is given; write one of pattern, dictionary, dictionary_file, heading, section, distance, field, voted, all, any, not")
	}
	return func(s *Segment) bool {
		for _, c := range all {
			if !c(s) {
				return false
			}
		}
		return true
	}, nil
}

func anyOf(parts []When, own *Panel, depth int) (condition, error) {
	var any []condition
	for _, part := range parts {
		c, err := part.compile(own, depth+1)
		if err != nil {
			return nil, err
		}
		any = append(any, c)
	}
	return func(s *Segment) bool {
		return slices.ContainsFunc(any, func(c condition) bool { return c(s) })
	}, nil
}

func matches(expr string) (condition, error) {
	m, err := NewMatcher("(?i)" + expr)
	if err != nil {
		return nil, err
	}
	return func(s *Segment) bool { return m.Match(s.Text, s.Lower) }, nil
}

// holdsWord looks for whole words and phrases, without regard to case.
func holdsWord(entries []string) (condition, error) {
	if len(entries) > maxEntries {
		return nil, fmt.Errorf("it has %d entries; at most %d are allowed", len(entries), maxEntries)
	}
	phrases := map[string]bool{}
	longest := 0
	for _, e := range entries {
		words := wordsOf(lowerCase(e))
		if len(words) == 0 {
			return nil, errors.New("an entry has no letters or digits")
		}
		longest = max(longest, len(words))
		phrases[strings.Join(words, " ")] = true
	}
	return func(s *Segment) bool {
		words := wordsOf(s.Lower)
		for i := range words {
			for n := 1; n <= min(longest, len(words)-i); n++ {
				if phrases[strings.Join(words[i:i+n], " ")] {
					return true
				}
			}
		}
		return false
	}, nil
}

func wordsOf(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return !isWord(r) })
}

func underHeading(expr string) (condition, error) {
	m, err := NewMatcher("(?i)" + expr)
	if err != nil {
		return nil, err
	}
	return func(s *Segment) bool {
		return slices.ContainsFunc(s.Headings, func(h string) bool { return m.Match(h, lowerCase(h)) })
	}, nil
}

func inSection(name string) condition {
	return func(s *Segment) bool {
		return s.Doc != nil && slices.ContainsFunc(s.Doc.Sections, func(x ingest.Section) bool {
			return strings.EqualFold(x.Name, name) && x.Start <= s.Start && s.End <= x.End
		})
	}
}

// near looks for two patterns with few words between them.
func near(d Distance) (condition, error) {
	if d.Words < 0 || d.Words > 1000 {
		return nil, fmt.Errorf("words: is %d; it must be between 0 and 1000", d.Words)
	}
	if d.First == "" || d.Second == "" {
		return nil, errors.New("first and second: both patterns are needed")
	}
	first, err := NewMatcher("(?i)" + d.First)
	if err != nil {
		return nil, fmt.Errorf("first: %w", err)
	}
	second, err := NewMatcher("(?i)" + d.Second)
	if err != nil {
		return nil, fmt.Errorf("second: %w", err)
	}
	return func(s *Segment) bool {
		a := first.Find(s.Text, s.Lower)
		if len(a) == 0 {
			return false
		}
		b := second.Find(s.Text, s.Lower)
		// Both lists ascend: the nearest pair is met by going along the two.
		for i, j := 0, 0; i < len(a) && j < len(b); {
			from, to := a[i][1], b[j][0]
			if b[j][0] < a[i][0] {
				from, to = b[j][1], a[i][0]
			}
			if from >= to || len(wordsOf(s.Text[from:to])) <= d.Words {
				return true
			}
			if a[i][0] < b[j][0] {
				i++
			} else {
				j++
			}
		}
		return false
	}, nil
}

func fieldIs(f FieldIs) (condition, error) {
	if f.Name == "" || f.Is == "" {
		return nil, errors.New("name and is: both are needed")
	}
	if len(f.Is) > maxExpr {
		return nil, fmt.Errorf("is: the pattern has %d bytes; at most %d are allowed", len(f.Is), maxExpr)
	}
	re, err := regexp.Compile("(?is)" + f.Is)
	if err != nil {
		return nil, fmt.Errorf("is: %w", patternError(err))
	}
	return func(s *Segment) bool {
		if s.Doc == nil {
			return false
		}
		v, ok := s.Doc.Meta[f.Name]
		if !ok && f.Name == "format" {
			v, ok = s.Doc.Format, true
		}
		if !ok {
			v, _, ok = s.Doc.Section(f.Name)
		}
		return ok && re.MatchString(v)
	}, nil
}

// votedFor holds where one of the domain's own functions votes for a category.
func votedFor(own *Panel, category string) condition {
	var funcs []Func
	if own != nil {
		funcs = own.Of(category)
	}
	return func(s *Segment) bool {
		return slices.ContainsFunc(funcs, func(f Func) bool { return f.Only != Against && f.Vote(s) == For })
	}
}
