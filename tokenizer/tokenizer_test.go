package tokenizer

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/pkoukk/tiktoken-go"
)

func starter(t testing.TB) *encoding {
	t.Helper()
	tok, err := Starter()
	if err != nil {
		t.Fatal(err)
	}
	return tok.(*encoding)
}

// reference is tiktoken-go itself on an encoding's whole or cut ranks.
func reference(t testing.TB, name string, n int) func(string) []int32 {
	t.Helper()
	return once(t, fmt.Sprint("reference ", name, n), func() (func(string) []int32, error) {
		ranks, err := loadRanks(name, n)
		if err != nil {
			return nil, err
		}
		core, err := tiktoken.NewCoreBPE(ranks, nil, patterns[name])
		if err != nil {
			return nil, err
		}
		tik := tiktoken.NewTiktoken(core, nil, nil)
		return func(text string) []int32 {
			var ids []int32
			for _, id := range tik.EncodeOrdinary(text) {
				ids = append(ids, int32(id))
			}
			return ids
		}, nil
	})
}

func whole(t testing.TB, name string) *encoding {
	t.Helper()
	return once(t, name, func() (*encoding, error) {
		tok, err := Encoding(name)
		if err != nil {
			return nil, err
		}
		return tok.(*encoding), nil
	})
}

// made holds what takes long to make and never changes.
var made sync.Map

func once[T any](t testing.TB, key string, make func() (T, error)) T {
	t.Helper()
	if v, ok := made.Load(key); ok {
		return v.(T)
	}
	v, err := make()
	if err != nil {
		t.Fatal(err)
	}
	made.Store(key, v)
	return v
}

// trickyTexts meet each branch of the scanners.
var trickyTexts = []string{
	"", " ", "  ", "\n", "a", " a", "  a", "\n\n a", "\t\tb", "a  ", "a \n ", "\r\n\r\n  x",
	"It's we'll WE'LL I'D '", "'s", "''s", "don't DON'T", "x'ſ",
	"12345 678", " 1 2", "½ ²³ Ⅷ", "3.14%", "§ 12(b)(ii) — “quoted”",
	"naïve café", "cafe\u0301", "日本語 テスト", "🙂🙂", "\u00a0\u00a0x", "\u2028x", "\u0085 y", "\u200b",
	"<|endoftext|>", "<|input|>x<|end|>", "[NAME]", "\x00\x01", "a\u0000b", strings.Repeat("a", 700),
	strings.Repeat(" ", 300) + "x", strings.Repeat("=", 300), strings.Repeat("é", 300), "!!!\n\n?", " \n!", "\v\f x",
}

func TestStarter(t *testing.T) {
	tok := starter(t)
	if got := tok.VocabSize(); got != 8208 {
		t.Errorf("VocabSize() = %d, want 8208", got)
	}
	m := tok.Markers()
	if !slices.Equal(m.Begin, []int32{8192}) || !slices.Equal(m.Input, []int32{8193}) ||
		!slices.Equal(m.Output, []int32{8194}) || m.End != 8195 {
		t.Errorf("Markers() = %+v", m)
	}
	for _, id := range tok.Encode("<|endoftext|><|input|><|output|><|end|>") {
		if id >= 8192 {
			t.Errorf("text that spells a special token gave the special id %d", id)
		}
	}
	if got := tok.Decode([]int32{-1, 8200, 1 << 30}); got != "\uFFFD\uFFFD\uFFFD" {
		t.Errorf("Decode of unknown ids = %q", got)
	}
	if got := tok.Decode([]int32{8195}); got != "<|end|>" {
		t.Errorf("Decode(End) = %q", got)
	}
}

func TestEqualsTiktoken(t *testing.T) {
	tests := []struct {
		name string
		tok  *encoding
		ref  func(string) []int32
	}{
		{"starter", starter(t), reference(t, "r50k_base", 8192)},
		{"r50k whole", whole(t, "gpt2"), reference(t, "r50k_base", 0)},
		{"p50k whole", whole(t, "p50k_base"), reference(t, "p50k_base", 0)},
		{"cl100k whole", whole(t, "cl100k_base"), reference(t, "cl100k_base", 0)},
		{"o200k whole", whole(t, "o200k_base"), reference(t, "o200k_base", 0)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2))
			texts := slices.Clone(trickyTexts)
			for range 1500 {
				texts = append(texts, randomText(rng))
			}
			for _, text := range texts {
				got, want := tt.tok.Encode(text), tt.ref(text)
				if !slices.Equal(got, want) {
					t.Fatalf("Encode(%q) = %v, tiktoken gives %v", text, got, want)
				}
			}
		})
	}
}

func TestEqualsTiktokenOnContracts(t *testing.T) {
	text := corpus(t)[:300_000]
	text = strings.ToValidUTF8(text, "")
	if !slices.Equal(starter(t).Encode(text), reference(t, "r50k_base", 8192)(text)) {
		t.Error("contracts encode otherwise than with tiktoken")
	}
}

func randomText(rng *rand.Rand) string {
	alphabet := []rune("aabcdestrlvTSE'' '  \n\r\t.,;!?()0123½é日🙂\u00a0\u2003\u0301\u01c5")
	var b strings.Builder
	for range rng.IntN(60) {
		b.WriteRune(alphabet[rng.IntN(len(alphabet))])
	}
	return b.String()
}

func TestRoundTrip(t *testing.T) {
	tok := starter(t)
	for _, text := range trickyTexts {
		if got := tok.Decode(tok.Encode(text)); got != text {
			t.Errorf("round trip of %q gave %q", text, got)
		}
	}
}

// TestLongPiece holds the merging of long pieces to that of tiktoken, and by
// the size alone of what follows to less than quadratic time.
func TestLongPiece(t *testing.T) {
	tok, ref := starter(t), reference(t, "r50k_base", 8192)
	rng := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		b := make([]byte, longPiece+rng.IntN(500))
		for i := range b {
			b[i] = "abcdetion"[rng.IntN(9)]
		}
		if !slices.Equal(tok.Encode(string(b)), ref(string(b))) {
			t.Fatalf("Encode(%q) differs from tiktoken", b)
		}
	}
	for name, tok := range map[string]Tokenizer{"starter": tok, "o200k": whole(t, "o200k_base"), "SentencePiece": parse(t, sentencePiece(t, tinyPieces(), prepending))} {
		for _, unit := range []string{"a", "ab", " ", "\n ", "日A", "the", "\xff"} {
			huge := strings.Repeat(unit, 1<<17/len(unit))
			if tok.Decode(tok.Encode(huge)) != huge {
				t.Errorf("%s: a piece of many %q does not round trip", name, unit)
			}
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	tok, other := starter(t), starter(t)
	rng := rand.New(rand.NewPCG(5, 6))
	texts := make([]string, 200)
	want := make([][]int32, len(texts))
	for i := range texts {
		texts[i] = randomText(rng)
		want[i] = other.Encode(texts[i])
	}
	done := make(chan bool)
	for range 8 {
		go func() {
			ok := true
			for i, text := range texts {
				ok = ok && slices.Equal(tok.Encode(text), want[i])
			}
			done <- ok
		}()
	}
	for range 8 {
		if !<-done {
			t.Error("concurrent encoding gave other ids")
		}
	}
}

func TestCacheIsBounded(t *testing.T) {
	c := newCache()
	for i := range 3 * cacheShards * cachePerShard {
		c.put(string([]byte{byte(i), byte(i >> 8), byte(i >> 16)}), nil)
	}
	total := 0
	for i := range c.shards {
		total += len(c.shards[i].ids)
	}
	if total > cacheShards*cachePerShard {
		t.Errorf("the cache holds %d pieces", total)
	}
}

func TestSaveLoad(t *testing.T) {
	dir := t.TempDir()
	tok := starter(t)
	if err := Save(dir, tok); err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	text := "The Licensor's 12 obligations."
	if !slices.Equal(loaded.Encode(text), tok.Encode(text)) || loaded.VocabSize() != tok.VocabSize() {
		t.Error("the loaded tokenizer differs from the saved one")
	}
	again := t.TempDir()
	if err := Save(again, loaded); err != nil {
		t.Fatal(err)
	}
	first, _ := os.ReadFile(filepath.Join(dir, specFile))
	second, _ := os.ReadFile(filepath.Join(again, specFile))
	if !bytes.Equal(first, second) || len(first) == 0 {
		t.Error("saving twice gave different files")
	}
}

func TestLoadErrors(t *testing.T) {
	tests := []struct{ name, content, want string }{
		{"encoding", `{"encoding":"gpt5"}`, `"gpt5" is unknown`},
		{"field", `{"encodin":"r50k_base"}`, "unknown field"},
		{"marker", `{"encoding":"r50k_base","markers":{"input":"<x>"}}`, `"<x>" is no special token`},
		{"no markers", `{"encoding":"r50k_base"}`, "must be named"},
		{"overlap", `{"encoding":"r50k_base","ranks":300,"vocab_size":301,"special":{"<e>":299}}`, "must lie from 300 to 300"},
		{"shared", `{"encoding":"r50k_base","ranks":300,"vocab_size":301,"special":{"<e>":300,"<f>":300}}`, "share the id 300"},
		{"ranks", `{"encoding":"r50k_base","ranks":100,"vocab_size":101,"special":{"<e>":100},"markers":{"input":"<e>","output":"<e>","end":"<e>"}}`, "between 256 and"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, specFile), []byte(tt.content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Load(dir)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Load() error = %v, want one with %q", err, tt.want)
			}
		})
	}
	if _, err := Load(t.TempDir()); err == nil || !strings.Contains(err.Error(), "has no tokenizer") {
		t.Errorf("Load of an empty folder: %v", err)
	}
}

// FuzzEncode holds all encodings to the round trip of any bytes and, on valid
// UTF-8, to tiktoken.
func FuzzEncode(f *testing.F) {
	for _, text := range trickyTexts {
		f.Add(text)
	}
	f.Add("a\xff\xfeb \xe2\x96x")
	f.Add("HTMLParser's camelCase ΑΒγ ǅx 日A日 path/to//x\r\n")
	type pair struct {
		tok *encoding
		ref func(string) []int32
	}
	pairs := map[string]pair{"starter": {starter(f), reference(f, "r50k_base", 8192)}}
	for _, name := range []string{"r50k_base", "p50k_base", "cl100k_base", "o200k_base"} {
		pairs[name] = pair{whole(f, name), reference(f, name, 0)}
	}
	pairs["Hugging Face"] = pair{savedAsHF(f, "cl100k_base"), pairs["cl100k_base"].ref}
	sp := parse(f, sentencePiece(f, tinyPieces(), prepending))
	f.Fuzz(func(t *testing.T, text string) {
		for name, p := range pairs {
			ids := p.tok.Encode(text)
			if got := p.tok.Decode(ids); got != text {
				t.Fatalf("%s: %q came back as %q", name, text, got)
			}
			if utf8.ValidString(text) && !slices.Equal(ids, p.ref(text)) {
				t.Fatalf("%s: Encode(%q) = %v, tiktoken gives %v", name, text, ids, p.ref(text))
			}
		}
		if got := sp.Decode(sp.Encode(text)); got != strings.ReplaceAll(text, spaceMark, " ") {
			t.Fatalf("SentencePiece: %q came back as %q", text, got)
		}
	})
}
