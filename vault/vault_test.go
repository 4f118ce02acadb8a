package vault

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func newVault(t *testing.T, keys ...Key) *Vault {
	t.Helper()
	v, err := Open(filepath.Join(t.TempDir(), "raw"), keys)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func put(t *testing.T, v *Vault, raw string) string {
	t.Helper()
	id, err := v.Put(File{"folder/name.txt", []byte(raw)})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestPutGetDelete(t *testing.T) {
	v := newVault(t, NewKey())
	for _, raw := range []string{"x", "Patient: Jane Roe", strings.Repeat("\x00é", 1<<20)} {
		id := put(t, v, raw)
		if sum := sha256.Sum256([]byte(raw)); id != hex.EncodeToString(sum[:]) {
			t.Errorf("the ID is %s", id)
		}
		if got, err := v.Get(id); err != nil || string(got.Data) != raw || got.Name != "folder/name.txt" {
			t.Fatalf("got %d bytes, %v", len(got.Data), err)
		}
		if again := put(t, v, raw); again != id {
			t.Errorf("again it is %s", again)
		}
	}
	ids, err := v.List()
	if err != nil || len(ids) != 3 {
		t.Fatalf("List: %d, %v", len(ids), err)
	}
	for range 2 {
		if err := v.Delete(ids[0]); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := v.Get(ids[0]); !errors.Is(err, ErrNotFound) || v.Has(ids[0]) {
		t.Errorf("after deletion: %v", err)
	}
}

// TestNothingInClear looks for the content and the keys in what is written.
func TestNothingInClear(t *testing.T) {
	key := NewKey()
	v := newVault(t, key)
	secret := "Jane Roe 123-45-6789"
	id := put(t, v, strings.Repeat(secret, 100))
	file, err := os.ReadFile(v.path(id))
	if err != nil {
		t.Fatal(err)
	}
	for name, part := range map[string][]byte{"content": []byte(secret), "name": []byte("name.txt"), "key": key[:]} {
		if bytes.Contains(file, part) {
			t.Errorf("the file holds the %s", name)
		}
	}
	fi, err := os.Stat(v.path(id))
	if err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", fi.Mode(), err)
	}
	if text := fmt.Sprintf("%v %s %#v", key, key, Keys{key}); strings.Contains(text, key.text()) || strings.Contains(text, fmt.Sprint(key[0], " ", key[1])) {
		t.Errorf("a key prints as %s", text)
	}
	// Equal contents under names of two vaults have nothing in common.
	other := newVault(t, key)
	put(t, other, strings.Repeat(secret, 100))
	second, err := os.ReadFile(other.path(id))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(file[headerLen:headerLen+64], second[headerLen:headerLen+64]) {
		t.Error("two encryptions of one file are equal")
	}
}

// TestDamage changes each byte of a file, cuts it, and swaps it for another.
func TestDamage(t *testing.T) {
	v := newVault(t, NewKey())
	id, other := put(t, v, "one"), put(t, v, "two")
	whole, err := os.ReadFile(v.path(id))
	if err != nil {
		t.Fatal(err)
	}
	try := func(what string, file []byte) {
		t.Helper()
		if err := os.WriteFile(v.path(id), file, 0o600); err != nil {
			t.Fatal(err)
		}
		if raw, err := v.Get(id); !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrKey) {
			t.Errorf("%s: got %q, %v", what, raw, err)
		}
	}
	for i := range whole {
		bad := bytes.Clone(whole)
		bad[i] ^= 1
		try(fmt.Sprint("byte ", i), bad)
		try(fmt.Sprint("length ", i), whole[:i])
	}
	swapped, err := os.ReadFile(v.path(other))
	if err != nil {
		t.Fatal(err)
	}
	try("another's file", swapped)
	mixed := append(bytes.Clone(whole[:headerLen]), swapped[headerLen:]...)
	try("another's content", mixed)
}

func TestWrongIDs(t *testing.T) {
	v := newVault(t, NewKey())
	for _, id := range []string{"", "a", "../../etc/passwd", strings.Repeat("g", 64), strings.Repeat("0", 63) + "/"} {
		if _, err := v.Get(id); !errors.Is(err, ErrNotFound) {
			t.Errorf("Get(%q): %v", id, err)
		}
		if err := v.Delete(id); !errors.Is(err, ErrNotFound) {
			t.Errorf("Delete(%q): %v", id, err)
		}
		if v.Has(id) {
			t.Errorf("Has(%q)", id)
		}
	}
}

func TestRewrap(t *testing.T) {
	first, second := NewKey(), NewKey()
	dir := filepath.Join(t.TempDir(), "raw")
	before, err := Open(dir, Keys{first})
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{put(t, before, "one"), put(t, before, "two")}

	only, err := Open(dir, Keys{second})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := only.Get(ids[0]); !errors.Is(err, ErrKey) {
		t.Fatalf("with the new key alone, too early: %v", err)
	}
	if _, err := only.Rewrap(t.Context(), nil); !errors.Is(err, ErrKey) {
		t.Fatalf("rewrapping without the old key: %v", err)
	}
	both, err := Open(dir, Keys{second, first})
	if err != nil {
		t.Fatal(err)
	}
	ids = append(ids, put(t, both, "three"))
	calls := 0
	for want := 2; want >= 0; want -= 2 {
		changed, err := both.Rewrap(t.Context(), func(int, int) { calls++ })
		if err != nil || changed != want {
			t.Fatalf("changed %d, want %d: %v", changed, want, err)
		}
	}
	if calls != 6 {
		t.Errorf("%d calls", calls)
	}
	for i, want := range []string{"one", "two", "three"} {
		if got, err := only.Get(ids[i]); err != nil || string(got.Data) != want {
			t.Errorf("%q: %q, %v", want, got.Data, err)
		}
		if want != "three" {
			if _, err := before.Get(ids[i]); !errors.Is(err, ErrKey) {
				t.Errorf("the old key still opens %q: %v", want, err)
			}
		}
	}
}

func TestParseKeys(t *testing.T) {
	a, b := NewKey(), NewKey()
	for name, tt := range map[string]struct {
		text string
		want Keys
	}{
		"one":      {a.text(), Keys{a}},
		"two":      {a.text() + "," + b.text(), Keys{a, b}},
		"lines":    {"# old keys below\n" + a.text() + "\n\n  # x\n" + b.text() + "\n", Keys{a, b}},
		"hex":      {hex.EncodeToString(a[:]) + " " + strings.ToUpper(hex.EncodeToString(b[:])), Keys{a, b}},
		"url form": {base64.RawURLEncoding.EncodeToString(a[:]), Keys{a}},
	} {
		got, err := ParseKeys(tt.text)
		if err != nil || len(got) != len(tt.want) {
			t.Fatalf("%s: %d keys, %v", name, len(got), err)
		}
		for i := range got {
			if got[i] != tt.want[i] {
				t.Errorf("%s: key %d is another", name, i+1)
			}
		}
	}
	for _, bad := range []string{"", "# nothing", "short", a.text() + " " + a.text()[:20], strings.Repeat("zz", 32)} {
		_, err := ParseKeys(bad)
		if err == nil {
			t.Errorf("%q is taken", bad)
			continue
		}
		for _, word := range strings.Fields(bad) {
			if len(word) > 10 && strings.Contains(err.Error(), word) {
				t.Errorf("the error quotes the key: %v", err)
			}
		}
	}
}

func TestSources(t *testing.T) {
	own := filepath.Join(t.TempDir(), "raw.key")
	t.Setenv(EnvKey, "")
	t.Setenv(EnvKeyFile, "")

	made, err := FindSource(own).Load()
	if err != nil || len(made) != 1 {
		t.Fatalf("the first: %v", err)
	}
	if again, err := FindSource(own).Load(); err != nil || again[0] != made[0] {
		t.Fatalf("the second: %v", err)
	}
	next := Keys{NewKey(), made[0]}
	if err := FindSource(own).Save(next); err != nil {
		t.Fatal(err)
	}
	if got, err := FindSource(own).Load(); err != nil || len(got) != 2 || got[0] != next[0] {
		t.Fatalf("after Save: %v", err)
	}
	if err := os.Chmod(own, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := FindSource(own).Load(); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("others can read: %v", err)
	}

	file := filepath.Join(t.TempDir(), "team.key")
	t.Setenv(EnvKeyFile, file)
	if _, err := FindSource(own).Load(); err == nil {
		t.Error("a missing file of the team's is made up")
	}
	if err := os.WriteFile(file, []byte(next[0].text()), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := FindSource(own).Load(); err != nil || got[0] != next[0] {
		t.Errorf("$%s: %v", EnvKeyFile, err)
	}
	key := NewKey()
	t.Setenv(EnvKey, key.text())
	if got, err := FindSource(own).Load(); err != nil || got[0] != key {
		t.Errorf("$%s: %v", EnvKey, err)
	}
	if err := FindSource(own).Save(next); err == nil {
		t.Error("the environment was saved to")
	}
}

func FuzzParseKeys(f *testing.F) {
	f.Add(NewKey().text())
	f.Add("# a\n" + NewKey().text() + ", x")
	f.Fuzz(func(t *testing.T, text string) {
		keys, err := ParseKeys(text)
		if (err == nil) != (len(keys) > 0) {
			t.Fatalf("%d keys and %v", len(keys), err)
		}
	})
}

// BenchmarkPut is beside the copying of memory: encrypting should cost little
// more than what reading a document costs anyway.
func BenchmarkPut(b *testing.B) {
	v, err := Open(b.TempDir(), Keys{NewKey()})
	if err != nil {
		b.Fatal(err)
	}
	raw := make([]byte, 1<<20)
	b.SetBytes(int64(len(raw)))
	for i := 0; b.Loop(); i++ {
		raw[0], raw[1], raw[2] = byte(i), byte(i>>8), byte(i>>16)
		if _, err := v.Put(File{Data: raw}); err != nil {
			b.Fatal(err)
		}
	}
}
