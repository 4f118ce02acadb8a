package all

import (
	"slices"
	"strings"
	"testing"
)

func TestGet(t *testing.T) {
	for _, name := range Names() {
		d, err := Get(name)
		if err != nil {
			t.Fatal(err)
		}
		if d.Name() != name {
			t.Errorf("Get(%q) is %q", name, d.Name())
		}
		if d.Describe() == "" || d.Version() == "" || len(d.Categories()) == 0 || len(d.Gates()) == 0 {
			t.Errorf("%s does not describe itself", name)
		}
	}
}

func TestNames(t *testing.T) {
	names := Names()
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("names %v are not sorted or not unique", names)
	}
	for _, want := range []string{"legal", "medical"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is missing among %v", want, names)
		}
	}
}

func TestUnknown(t *testing.T) {
	for _, name := range []string{"", "Legal", "chemistry"} {
		_, err := Get(name)
		if err == nil {
			t.Fatalf("Get(%q) gave no error", name)
		}
		for _, known := range Names() {
			if !strings.Contains(err.Error(), known) {
				t.Errorf("the error does not name %s: %v", known, err)
			}
		}
	}
}
