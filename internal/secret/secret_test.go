package secret

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestDeid(t *testing.T) {
	home := t.TempDir()
	file := filepath.Join(home, "team.key")
	if err := os.WriteFile(file, []byte("  of the team, by file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	made, err := Deid("", home)
	if err != nil || len(made) != 64 {
		t.Fatalf("Deid() = %d bytes, %v", len(made), err)
	}
	if fi, err := os.Stat(filepath.Join(home, File)); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("the secret's file: %v, %v", fi, err)
	}
	if again, err := Deid("", home); err != nil || !bytes.Equal(again, made) {
		t.Errorf("a second call gives another secret (%v)", err)
	}
	if got, err := Deid(file, home); err != nil || string(got) != "of the team, by file" {
		t.Errorf("by file: %q, %v", got, err)
	}
	t.Setenv(EnvDeid, "by the environment")
	if got, err := Deid(file, home); err != nil || string(got) != "by the environment" {
		t.Errorf("by environment: %q, %v", got, err)
	}
}

func TestDeidErrors(t *testing.T) {
	home := t.TempDir()
	if _, err := Deid(filepath.Join(home, "Jane Roe.key"), home); err == nil || strings.Contains(err.Error(), "Roe") {
		t.Errorf("a missing file: %v", err)
	}
	t.Setenv(EnvDeid, "short-one")
	if _, err := Deid("", home); err == nil || strings.Contains(err.Error(), "short-one") {
		t.Errorf("a short secret: %v", err)
	}
}

func TestMadeOnce(t *testing.T) {
	home := t.TempDir()
	var wait sync.WaitGroup
	got := make([][]byte, 8)
	for i := range got {
		wait.Go(func() { got[i], _ = Deid("", home) })
	}
	wait.Wait()
	for _, b := range got {
		if len(b) != 64 || !bytes.Equal(b, got[0]) {
			t.Fatal("two callers made different secrets")
		}
	}
}
