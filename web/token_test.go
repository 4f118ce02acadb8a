package web

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestTokenIsMadeOnce(t *testing.T) {
	home := filepath.Join(t.TempDir(), "new")
	var wg sync.WaitGroup
	var tokens [8]string
	for i := range tokens {
		wg.Go(func() {
			var err error
			if tokens[i], err = Token(home); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, token := range tokens {
		if len(token) != 64 || token != tokens[0] {
			t.Errorf("tokens are %q", tokens)
			break
		}
	}
	entries, err := os.ReadDir(home)
	noErr(t, err)
	if len(entries) != 1 {
		t.Errorf("files are left behind: %v", entries)
	}
	fi, err := os.Stat(filepath.Join(home, "web-token"))
	noErr(t, err)
	if fi.Mode().Perm() != 0o600 {
		t.Errorf("mode is %v", fi.Mode())
	}
	other, err := Token(t.TempDir())
	noErr(t, err)
	if other == tokens[0] {
		t.Error("two folders have one token")
	}
}

func TestBadTokenFiles(t *testing.T) {
	tests := []struct {
		name    string
		content string
		mode    os.FileMode
		want    string
	}{
		{"others can read it", strings.Repeat("a", 64), 0o644, "other users can read"},
		{"empty", "", 0o600, "too short"},
		{"short", "abc\n", 0o600, "too short"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			home := t.TempDir()
			path := filepath.Join(home, "web-token")
			noErr(t, os.WriteFile(path, []byte(tt.content), tt.mode))
			noErr(t, os.Chmod(path, tt.mode))
			if _, err := Token(home); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want %q", err, tt.want)
			}
		})
	}
}
