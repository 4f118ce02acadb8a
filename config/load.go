package config

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Load reads the adapt.yaml at path over the domain's defaults and validates
// the result. Paths in the file are relative to it and come out absolute. A
// file that names another domain is an error; an empty domain takes the
// file's.
func Load(path, domain string) (Config, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("config: %w", err)
	}
	c, err := Parse(b, domain)
	if err != nil {
		return Config{}, fmt.Errorf("config: %s: %w", path, err)
	}
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return Config{}, fmt.Errorf("config: %w", err)
	}
	c.resolve(dir)
	if err := c.Label.readFunctions(dir); err != nil {
		return Config{}, fmt.Errorf("config: %s: %w", path, err)
	}
	return c, nil
}

// Parse is Load for the bytes of a file; it leaves paths as they are.
func Parse(b []byte, domain string) (Config, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(b, &doc); err != nil {
		return Config{}, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	c := Default(domain)
	if len(doc.Content) > 0 {
		if err := checkKeys(doc.Content[0], reflect.TypeFor[Config](), ""); err != nil {
			return Config{}, err
		}
		if err := doc.Decode(&c); err != nil {
			return Config{}, decodeError(err)
		}
	}
	if domain != "" && c.Domain != domain {
		return Config{}, fmt.Errorf("it is for the domain %q and not for %q; give another file, or change its line \"domain:\"", c.Domain, domain)
	}
	return c, c.Validate()
}

// resolve makes the paths in c absolute.
func (c *Config) resolve(dir string) {
	abs := func(p *string, words ...string) {
		if *p != "" && !slices.Contains(words, *p) && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
	abs(&c.Model.Base, BaseStarter, BaseChampion)
	abs(&c.Train.Forgetting.Replay, ReplayNone, ReplaySelf)
	abs(&c.Eval.GeneralText, GeneralSample)
	abs(&c.Ingest.Deid.SecretFile)
}

// mismatch is how yaml says that a value does not fit.
var mismatch = regexp.MustCompile("^line (\\d+): cannot unmarshal !!\\w+ `?(.*?)`? into (.+)$")

// decodeError says for each value that does not fit which kind is wanted.
func decodeError(err error) error {
	var te *yaml.TypeError
	if !errors.As(err, &te) {
		return errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	var lines []string
	for _, l := range te.Errors {
		if m := mismatch.FindStringSubmatch(l); m != nil {
			l = fmt.Sprintf("line %s: %q is not %s", m[1], m[2], wanted(m[3]))
		}
		lines = append(lines, l)
	}
	return errors.New(strings.Join(lines, "; "))
}

// wanted names a Go type for people who write YAML.
func wanted(goType string) string {
	switch {
	case strings.HasSuffix(goType, "time.Duration"):
		return "a duration such as 30s or 168h"
	case strings.HasPrefix(goType, "int"):
		return "a whole number"
	case strings.HasPrefix(goType, "float"):
		return "a number"
	case goType == "bool":
		return "true or false"
	case strings.HasPrefix(goType, "[]"):
		return "a list"
	}
	return "a word"
}

// checkKeys returns an error for the first key below n that t does not have,
// and for one that is there twice.
func checkKeys(n *yaml.Node, t reflect.Type, path string) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch {
	case t.Kind() == reflect.Slice && n.Kind == yaml.SequenceNode:
		for _, item := range n.Content {
			if err := checkKeys(item, t.Elem(), path); err != nil {
				return err
			}
		}
	case t.Kind() == reflect.Struct && n.Kind == yaml.MappingNode:
		return checkMapping(n, t, path)
	case t.Kind() == reflect.Struct && n.Tag != "!!null":
		return fmt.Errorf("line %d: %s holds a single value where keys are expected", n.Line, orFile(path))
	}
	return nil
}

func checkMapping(n *yaml.Node, t reflect.Type, path string) error {
	fields, names := keys(t)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		f, ok := fields[key.Value]
		if !ok {
			return fmt.Errorf("line %d: unknown key %q in %s; %s", key.Line, key.Value, orFile(path), suggest(key.Value, names))
		}
		if err := checkKeys(n.Content[i+1], f, strings.TrimPrefix(path+"."+key.Value, ".")); err != nil {
			return err
		}
	}
	return nil
}

// keys returns the yaml keys of a struct with their types, and in order.
func keys(t reflect.Type) (map[string]reflect.Type, []string) {
	fields := map[string]reflect.Type{}
	var names []string
	for i := range t.NumField() {
		name, options, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		if options == "inline" {
			inner, innerNames := keys(t.Field(i).Type)
			maps.Copy(fields, inner)
			names = append(names, innerNames...)
			continue
		}
		if name == "" || name == "-" {
			continue
		}
		fields[name] = t.Field(i).Type
		names = append(names, name)
	}
	return fields, names
}

func orFile(path string) string {
	if path == "" {
		return "the file"
	}
	return fmt.Sprintf("%q", path)
}

// suggest names the key that was probably meant, or all there are.
func suggest(key string, names []string) string {
	if near, ok := Nearest(key, names); ok {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "its keys are " + strings.Join(names, ", ")
}

// Nearest returns the name that is most like word, and whether any is like
// enough to be what was meant: at most a third of its letters differ.
func Nearest(word string, names []string) (string, bool) {
	best, least := "", len(word)+1
	for _, n := range names {
		if d := distance(strings.ToLower(word), n); d < least {
			best, least = n, d
		}
	}
	return best, best != "" && least <= max(1, max(len(word), len(best))/3)
}

// distance is the number of letters to insert, remove, replace or swap with
// their neighbour (optimal string alignment) to turn a into b.
func distance(a, b string) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}
