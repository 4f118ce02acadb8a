package tokenizer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// hfFromRanks writes the first n ranks of r50k_base as a Hugging Face
// tokenizer: each token is the merge of its two parts at a lower rank.
func hfFromRanks(t testing.TB, n int, pairForm bool) map[string]any {
	t.Helper()
	ranks, err := loadRanks("r50k_base", n)
	if err != nil {
		t.Fatal(err)
	}
	tokens := make([]string, n)
	vocab := make(map[string]int, n)
	for token, rank := range ranks {
		tokens[rank] = token
		vocab[toByteLevel(token)] = rank
	}
	var merges []any
	narrow := make(map[string]int32)
	for rank, token := range tokens {
		if len(token) > 1 {
			parts := mergeWith(token, narrow)
			if len(parts) != 2 {
				t.Fatalf("token %d is made of %d parts", rank, len(parts))
			}
			left, right := toByteLevel(tokens[parts[0]]), toByteLevel(tokens[parts[1]])
			if pairForm {
				merges = append(merges, []string{left, right})
			} else {
				merges = append(merges, left+" "+right)
			}
		}
		narrow[token] = int32(rank)
	}
	return map[string]any{
		"added_tokens": []any{
			map[string]any{"id": n, "content": "<bos>", "special": true},
			map[string]any{"id": n + 1, "content": "<eos>", "special": true},
		},
		"pre_tokenizer": map[string]any{"type": "ByteLevel", "add_prefix_space": false, "use_regex": true},
		"decoder":       map[string]any{"type": "ByteLevel"},
		"model":         map[string]any{"type": "BPE", "vocab": vocab, "merges": merges},
	}
}

func mergeWith(piece string, ranks map[string]int32) []int32 {
	var byteIDs [256]int32
	for b := range byteIDs {
		byteIDs[b] = ranks[string([]byte{byte(b)})]
	}
	return merge(piece, &byteIDs, func(_, _ int32, joined string) (int32, int32, bool) {
		rank, ok := ranks[joined]
		return rank, rank, ok
	})
}

func toByteLevel(token string) string {
	runes := byteRunes()
	var b strings.Builder
	for i := range len(token) {
		b.WriteRune(runes[token[i]])
	}
	return b.String()
}

// folder writes a model folder of JSON files.
func folder(t testing.TB, files map[string]any) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		data, err := json.Marshal(content)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLoadHF(t *testing.T) {
	ref := reference(t, "r50k_base", 1000)
	for _, pairForm := range []bool{false, true} {
		dir := folder(t, map[string]any{
			hfFile:       hfFromRanks(t, 1000, pairForm),
			hfConfigFile: map[string]any{"bos_token": "<bos>", "add_bos_token": true, "eos_token": map[string]any{"content": "<eos>"}},
			modelConfig:  map[string]any{"vocab_size": 1024, "eos_token_id": []int{7, 8}},
		})
		tok, err := Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range trickyTexts {
			if got, want := tok.Encode(text), ref(text); !slices.Equal(got, want) {
				t.Errorf("Encode(%q) = %v, want %v", text, got, want)
			}
			if got := tok.Decode(tok.Encode(text)); got != text {
				t.Errorf("round trip of %q gave %q", text, got)
			}
		}
		m := tok.Markers()
		if !slices.Equal(m.Begin, []int32{1000}) || m.End != 1001 || tok.VocabSize() != 1024 {
			t.Errorf("Markers() = %+v, VocabSize() = %d", m, tok.VocabSize())
		}
		if tok.Decode(m.Input) != inputText || tok.Decode(m.Output) != outputText {
			t.Errorf("markers spell %q and %q", tok.Decode(m.Input), tok.Decode(m.Output))
		}
		if ids := tok.Encode("<bos><eos>"); slices.Contains(ids, 1000) || slices.Contains(ids, 1001) {
			t.Errorf("text that spells special tokens gave %v", ids)
		}
		again := t.TempDir()
		if err := Save(again, tok); err != nil {
			t.Fatal(err)
		}
		if data, _ := os.ReadFile(filepath.Join(again, hfFile)); len(data) == 0 {
			t.Error("Save wrote no tokenizer.json")
		}
	}
}

// TestHFPreTokenizers holds what the steps cut; Llama 3's and Qwen 2's own
// scanners must cut as the patterns say.
func TestHFPreTokenizers(t *testing.T) {
	split := func(pattern string) map[string]any {
		return map[string]any{"type": "Sequence", "pretokenizers": []any{
			map[string]any{"type": "Split", "pattern": map[string]any{"Regex": pattern}, "behavior": "Isolated"},
			map[string]any{"type": "ByteLevel", "use_regex": false},
		}}
	}
	digits := map[string]any{"type": "Sequence", "pretokenizers": []any{
		map[string]any{"type": "Digits", "individual_digits": true},
		map[string]any{"type": "ByteLevel"},
	}}
	tests := []struct {
		name string
		pre  map[string]any
		text string
		want []string
	}{
		{"llama3", split(patternLlama3), "IT'S 12345 a\n\n  b", []string{"IT", "'S", " ", "123", "45", " a", "\n\n", " ", " b"}},
		{"qwen2", split(patternQwen2), "a12", []string{"a", "1", "2"}},
		{"other", split(`\p{Lu}+|\d`), "xAB1 y", []string{"x", "AB", "1", " y"}},
		{"digits", digits, "x 12y", []string{"x", " ", "1", "2", "y"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var c hfComponent
			data, _ := json.Marshal(tt.pre)
			if err := json.Unmarshal(data, &c); err != nil {
				t.Fatal(err)
			}
			splits, byteLevel, err := hfSplitters(&c)
			if err != nil || !byteLevel {
				t.Fatalf("hfSplitters: %v, byte level %v", err, byteLevel)
			}
			var got []string
			chain(splits)(tt.text, func(piece string) { got = append(got, piece) })
			if !slices.Equal(got, tt.want) {
				t.Errorf("pieces of %q = %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}

func TestScannersMatchPatterns(t *testing.T) {
	for _, pattern := range []string{patternGPT2, patternLlama3, patternQwen2} {
		fast, err := newSplitter(pattern)
		if err != nil {
			t.Fatal(err)
		}
		slow, err := newSplitter("(?:" + pattern + ")")
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range trickyTexts {
			var a, b []string
			fast(text, func(p string) { a = append(a, p) })
			slow(text, func(p string) { b = append(b, p) })
			if !slices.Equal(a, b) {
				t.Errorf("%q is cut into %q, the pattern %s says %q", text, a, pattern, b)
			}
		}
	}
}

func TestHFIgnoreMerges(t *testing.T) {
	hf := hfFromRanks(t, 300, false)
	model := hf["model"].(map[string]any)
	model["ignore_merges"] = true
	model["vocab"].(map[string]int)["zqzq"] = 302
	tok, err := Load(folder(t, map[string]any{hfFile: hf, modelConfig: map[string]any{"eos_token_id": 301}}))
	if err != nil {
		t.Fatal(err)
	}
	if got := tok.Encode("zqzq"); !slices.Equal(got, []int32{302}) {
		t.Errorf("a whole token gave %v, want [302]", got)
	}
}

func TestHFBegin(t *testing.T) {
	template := map[string]any{"type": "Sequence", "processors": []any{
		map[string]any{"type": "ByteLevel"},
		map[string]any{"type": "TemplateProcessing", "single": []any{
			map[string]any{"SpecialToken": map[string]any{"id": "<bos>", "type_id": 0}},
			map[string]any{"Sequence": map[string]any{"id": "A", "type_id": 0}},
		}},
	}}
	tests := []struct {
		name   string
		post   any
		config map[string]any
		begins bool
	}{
		{"template", template, map[string]any{"bos_token": "<bos>"}, true},
		{"no template", nil, map[string]any{"bos_token": "<bos>"}, false},
		{"setting wins", template, map[string]any{"bos_token": "<bos>", "add_bos_token": false}, false},
		{"null", template, map[string]any{"bos_token": nil}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			hf := hfFromRanks(t, 300, false)
			hf["post_processor"] = tt.post
			tt.config["eos_token"] = "<eos>"
			tok, err := Load(folder(t, map[string]any{hfFile: hf, hfConfigFile: tt.config}))
			if err != nil {
				t.Fatal(err)
			}
			if got := len(tok.Markers().Begin) > 0; got != tt.begins {
				t.Errorf("begins with BOS: %v, want %v", got, tt.begins)
			}
		})
	}
}

func TestHFErrors(t *testing.T) {
	tests := []struct {
		name   string
		change func(hf, model map[string]any)
		want   string
	}{
		{"unigram", func(_, m map[string]any) { m["type"] = "Unigram"; m["vocab"] = []any{[]any{"a", -1.0}} }, "Unigram"},
		{"wordpiece", func(_, m map[string]any) { m["type"] = "WordPiece" }, "WordPiece"},
		{"sentencepiece", func(_, m map[string]any) { m["byte_fallback"] = true }, "byte_fallback"},
		{"metaspace", func(hf, _ map[string]any) { hf["pre_tokenizer"] = map[string]any{"type": "Metaspace"} }, "Metaspace"},
		{"none", func(hf, _ map[string]any) { hf["pre_tokenizer"] = nil }, "no ByteLevel step"},
		{"prefix space", func(hf, _ map[string]any) {
			hf["pre_tokenizer"] = map[string]any{"type": "ByteLevel", "add_prefix_space": true}
		}, "add_prefix_space"},
		{"normalizer", func(hf, _ map[string]any) { hf["normalizer"] = map[string]any{"type": "Lowercase"} }, "Lowercase"},
		{"merge", func(_, m map[string]any) { m["merges"] = []any{"zz yy"} }, "not in the vocabulary"},
		{"byte", func(_, m map[string]any) { delete(m["vocab"].(map[string]int), "Ġ"); m["merges"] = nil }, "byte 0x20"},
		{"merge form", func(_, m map[string]any) { m["merges"] = []any{[]string{"a"}} }, "joins 2 tokens"},
		{"negative", func(_, m map[string]any) { m["vocab"].(map[string]int)["zz"] = -1 }, "negative id"},
		{"end", func(hf, _ map[string]any) { hf["added_tokens"] = nil }, "names no end token"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			hf := hfFromRanks(t, 300, false)
			tt.change(hf, hf["model"].(map[string]any))
			_, err := Load(folder(t, map[string]any{hfFile: hf, hfConfigFile: map[string]any{"eos_token": "<eos>"}}))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Load() error = %v, want one with %q", err, tt.want)
			}
		})
	}
}

func FuzzLoadHF(f *testing.F) {
	data, err := json.Marshal(hfFromRanks(f, 260, true))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		var hf hfTokenizer
		if json.Unmarshal(data, &hf) != nil {
			return
		}
		e, err := newHF(hf)
		if err != nil || hf.Normalizer != nil {
			return
		}
		if got := e.Decode(e.Encode("a b\n1")); len(hf.AddedTokens) == 0 && got != "a b\n1" {
			t.Errorf("round trip gave %q", got)
		}
	})
}
