package bench

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDeid(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.txt"), []byte("Seen by Dr. Hartwell, 312-555-8844."), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Deid(t.Context(), dir, false, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Sets) != 2 || r.Sets[0].Notes < 300 || !r.Sets[0].Targets {
		t.Errorf("held-out notes: %+v", r.Sets[0])
	}
	for _, s := range r.Sets {
		for _, i := range []Interval{s.Recall, s.Precision} {
			if !(i.Low <= i.Value && i.Value <= i.High && i.High <= 1) {
				t.Errorf("%s: interval %v", s.Name, i)
			}
		}
	}
	if f := r.Folder; f.Documents != 1 || f.Found["NAME"] != 1 || f.Found["PHONE"] != 1 {
		t.Errorf("folder: %+v", f)
	}
	var b bytes.Buffer
	if err := WriteDeid(&b, r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"heldout: ", "token recall", "NAME", "million characters a second", "folder: 1 documents"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the table does not say %q:\n%s", want, b.String())
		}
	}
}
