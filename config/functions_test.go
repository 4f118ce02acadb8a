package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFunctions reads functions from adapt.yaml, from a file beside it and from
// dictionaries beside both.
func TestFunctions(t *testing.T) {
	c, err := Load("testdata/functions.good.yaml", "legal")
	if err != nil {
		t.Fatal(err)
	}
	if f := c.Label.Functions; len(f) != 2 || f[0].Precision != 0.9 || len(f[1].Any) != 3 || f[1].Any[2].Not.Dictionary[1] != "reseller" {
		t.Errorf("functions %+v", f)
	}

	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("terms.txt", "named insured\n")
	write("more.yaml", "- {name: b, category: Insurance, dictionary_file: terms.txt}\n")
	path := write("adapt.yaml", "label:\n  functions_file: more.yaml\n  functions:\n    - {name: a, category: Insurance, pattern: x}\n")
	if c, err = Load(path, "legal"); err != nil {
		t.Fatal(err)
	}
	if f := c.Label.Functions; len(f) != 2 || f[1].Name != "b" || f[1].Dictionary[0] != "named insured" || f[1].File != "" {
		t.Errorf("functions %+v", f)
	}
	for text, want := range map[string]string{
		"name: b":                  "a list of functions is expected",
		"- {name: b, pattern: x}":  "category: is missing",
		"- {name: b, patern: x}":   `did you mean "pattern"?`,
		"- {name: b, category: [}": "more.yaml: did not find",
	} {
		write("more.yaml", text)
		if _, err := Load(path, "legal"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", text, err, want)
		}
	}
	os.Remove(filepath.Join(dir, "more.yaml"))
	if _, err := Load(path, "legal"); err == nil || !strings.Contains(err.Error(), "label.functions_file") {
		t.Errorf("error %v", err)
	}
}
