package train

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"adapt/model"
)

// freezer returns the function that reports weights which patterns of
// Config.Freeze name; nil without patterns. A pattern is a part of a module's
// path: "embed_tokens", "self_attn.q_proj", "layers.3". A part of it may be a
// range, "layers.0-3", or "*", and "layers" is also what GPT-2 calls "h". A
// pattern that names no module is an error.
func freezer(patterns []string, c model.Config) (func(name string) bool, error) {
	if len(patterns) == 0 {
		return nil, nil
	}
	var paths []string
	for _, s := range c.Shapes() {
		if path := module(s.Name); !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
	}
	for _, p := range patterns {
		if !slices.ContainsFunc(paths, func(path string) bool { return names(p, path) }) {
			return nil, fmt.Errorf("train: %w: freeze %q names no module; there are %s", ErrConfig, p, strings.Join(folded(paths), ", "))
		}
	}
	frozen := func(name string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool { return names(p, module(name)) })
	}
	for _, s := range c.Shapes() {
		if !frozen(s.Name) {
			return frozen, nil
		}
	}
	return nil, fmt.Errorf("train: %w: freeze %s leaves nothing to train", ErrConfig, strings.Join(patterns, ", "))
}

// module is the path of the module that has a weight.
func module(weight string) string {
	return strings.TrimSuffix(strings.TrimSuffix(weight, ".weight"), ".bias")
}

// names reports whether the parts of a pattern follow one another somewhere in
// a path.
func names(pattern, path string) bool {
	want, have := strings.Split(pattern, "."), strings.Split(path, ".")
	for at := range have {
		if at+len(want) > len(have) {
			return false
		}
		if slices.EqualFunc(want, have[at:at+len(want)], namesPart) {
			return true
		}
	}
	return false
}

func namesPart(want, have string) bool {
	if want == have || want == "*" || (want == "layers" && have == "h") {
		return true
	}
	from, to, ok := strings.Cut(want, "-")
	if !ok {
		return false
	}
	lo, err1 := strconv.Atoi(from)
	hi, err2 := strconv.Atoi(to)
	n, err3 := strconv.Atoi(have)
	return err1 == nil && err2 == nil && err3 == nil && lo <= n && n <= hi
}

// folded lists paths with one range in place of the layers' numbers.
func folded(paths []string) []string {
	var list []string
	layers := 0
	for _, path := range paths {
		parts := strings.Split(path, ".")
		for i, p := range parts {
			if n, err := strconv.Atoi(p); err == nil {
				layers = max(layers, n)
				parts[i] = "*"
			}
		}
		if path = strings.Join(parts, "."); !slices.Contains(list, path) {
			list = append(list, path)
		}
	}
	for i := range list {
		list[i] = strings.Replace(list[i], ".*.", fmt.Sprintf(".0-%d.", layers), 1)
	}
	return list
}
