package artifact

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func open(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPutIsIdempotentAndSafeForMany(t *testing.T) {
	s := open(t)
	refs := make([]Ref, 16)
	var wg sync.WaitGroup
	for i := range refs {
		wg.Go(func() {
			var err error
			if refs[i], err = s.PutBytes(KindRaw, []byte("the same bytes")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, r := range refs {
		if r != refs[0] || !s.Has(r) {
			t.Fatalf("equal bytes gave %v and %v", r, refs[0])
		}
	}
	b, err := s.Bytes(refs[0])
	if err != nil || string(b) != "the same bytes" {
		t.Errorf("Bytes gives %q, %v", b, err)
	}
	left, err := os.ReadDir(filepath.Join(s.dir, "tmp"))
	if err != nil || len(left) != 0 {
		t.Errorf("%d temporary files are left, %v", len(left), err)
	}
}

func TestDamageIsAnError(t *testing.T) {
	s := open(t)
	r, err := s.PutBytes(KindRaw, []byte("sound"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.Path(r), []byte("wrong"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Bytes(r); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a damaged artifact gives %v", err)
	}
	absent := r
	absent.SHA256 = strings.Repeat("0", 64)
	if _, err := s.Bytes(absent); !errors.Is(err, ErrNotFound) {
		t.Errorf("an absent artifact gives %v", err)
	}
}

func TestValidate(t *testing.T) {
	for _, hash := range []string{"", "abc", strings.Repeat("g", 64), "../../../../etc/passwd", strings.Repeat("../", 21) + "a"} {
		if err := (Ref{SHA256: hash}).Validate(); err == nil {
			t.Errorf("hash %q is taken for valid", hash)
		}
	}
	if err := (Ref{SHA256: strings.Repeat("a", 64), Size: -1}).Validate(); err == nil {
		t.Error("a negative size is taken for valid")
	}
}

func TestLines(t *testing.T) {
	type item struct {
		N int
		S string
	}
	s := open(t)
	for _, want := range [][]item{nil, {{1, "one\nline"}, {2, "\u2028"}}} {
		r, err := PutLines(s, KindDocuments, want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Lines[item](s, r)
		if err != nil || len(got) != len(want) {
			t.Fatalf("Lines gives %v, %v; want %v", got, err, want)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("line %d is %+v, want %+v", i, got[i], want[i])
			}
		}
	}
	r, err := s.PutBytes(KindDocuments, []byte("{\"N\":1}\n{\"N\":"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lines[item](s, r); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("a cut-off line gives %v", err)
	}
}

func TestDirRoundTrip(t *testing.T) {
	s, src := open(t), t.TempDir()
	for path, text := range map[string]string{"config.json": "{}", "sub/weights": "123"} {
		full := filepath.Join(src, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, err := s.PutDir(KindModel, src)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.PutDir(KindModel, src); err != nil || again != r {
		t.Errorf("the same folder gives %v, %v; want %v", again, err, r)
	}
	dst := filepath.Join(t.TempDir(), "out")
	for range 2 { // the second time everything is there
		if _, err := s.Dir(r, dst); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(filepath.Join(dst, "sub", "weights"))
	if err != nil || string(b) != "123" {
		t.Errorf("laid out file is %q, %v", b, err)
	}
}

func TestDirStaysInside(t *testing.T) {
	s := open(t)
	file, err := s.PutBytes(KindModel, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"../outside", "/etc/outside", "a/../../outside"} {
		r, err := s.PutJSON(KindModel, Tree{Files: []TreeFile{{Path: path, Ref: file}}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Dir(r, t.TempDir()); err == nil || !strings.Contains(err.Error(), "outside") {
			t.Errorf("path %q gives %v", path, err)
		}
	}
}
