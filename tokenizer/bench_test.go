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

// BenchmarkEncode encodes contracts, cold with pieces that no cache knows.
func BenchmarkEncode(b *testing.B) {
	text := corpus(b)
	toks := []struct {
		name string
		tok  *encoding
	}{
		{"starter", starter(b)}, {"r50k", whole(b, "r50k_base")}, {"cl100k", whole(b, "cl100k_base")}, {"o200k", whole(b, "o200k_base")},
		{"hf-cl100k", savedAsHF(b, "cl100k_base")}, {"sentencepiece", parse(b, sentencePiece(b, tinyPieces(), prepending))},
	}
	for _, tt := range toks {
		b.Run(tt.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				tt.tok.Encode(text)
			}
		})
		b.Run(tt.name+"-cold", func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				tt.tok.cache = newCache()
				tt.tok.Encode(text)
			}
		})
	}
}

// BenchmarkLongPiece encodes a megabyte that is one piece.
func BenchmarkLongPiece(b *testing.B) {
	tok := starter(b)
	for name, text := range map[string]string{"a": strings.Repeat("a", 1<<20), "space": strings.Repeat(" ", 1<<20)} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				tok.Encode(text)
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	tok, text := starter(b), corpus(b)
	ids := tok.Encode(text)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		tok.Decode(ids)
	}
}
