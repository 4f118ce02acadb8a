package tokenizer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// corpus returns some megabytes of contracts, or skips.
func corpus(t testing.TB) string {
	t.Helper()
	paths, _ := filepath.Glob("../../shared/data/legal/cuad/contracts/*.txt")
	if len(paths) == 0 {
		t.Skip("the sample contracts are not beside the repository")
	}
	var b strings.Builder
	for _, p := range paths[:min(40, len(paths))] {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(data)
	}
	return b.String()
}

func BenchmarkEncode(b *testing.B) {
	tok, err := Starter()
	if err != nil {
		b.Fatal(err)
	}
	text := corpus(b)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		tok.Encode(text)
	}
}
