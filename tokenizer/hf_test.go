package tokenizer

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
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
	return merge(piece, byteParts(piece, &byteIDs), rankJoiner(ranks))
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
			steps, err := hfPreTokenizer(&c)
			if err != nil || !steps.byteLevel {
				t.Fatalf("hfPreTokenizer: %v, byte level %v", err, steps.byteLevel)
			}
			var got []string
			chain(steps.splits)(tt.text, func(piece string) { got = append(got, piece) })
			if !slices.Equal(got, tt.want) {
				t.Errorf("pieces of %q = %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}

func TestScannersMatchPatterns(t *testing.T) {
	for _, pattern := range []string{patternGPT2, patternLlama3, patternQwen2, patternO200k} {
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
		{"template alone", template, map[string]any{"bos_token": nil}, true},
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
		{"sentencepiece", func(hf, m map[string]any) { m["byte_fallback"] = true; hf["pre_tokenizer"], hf["decoder"] = nil, nil }, "no token <0x00>"},
		{"bert", func(hf, _ map[string]any) { hf["pre_tokenizer"] = map[string]any{"type": "BertPreTokenizer"} }, "BertPreTokenizer is not supported"},
		{"none", func(hf, _ map[string]any) { hf["pre_tokenizer"] = nil }, "no ByteLevel step"},
		{"both", func(_, m map[string]any) { m["byte_fallback"] = true }, "only one of them"},
		{"decoder", func(hf, _ map[string]any) { hf["decoder"] = map[string]any{"type": "WordPiece"} }, "decoder WordPiece is not supported"},
		{"removed", func(hf, _ map[string]any) {
			hf["pre_tokenizer"] = map[string]any{"type": "Split", "pattern": map[string]any{"String": "a"}, "behavior": "Removed"}
		}, `"Removed" is not supported`},
		{"dropout", func(_, m map[string]any) { m["dropout"] = 0.1 }, "dropout 0.1"},
		{"huge", func(_, m map[string]any) { m["vocab"].(map[string]int)["zz"] = 1 << 30 }, "more than any vocabulary"},
		{"shared", func(_, m map[string]any) { m["vocab"].(map[string]int)["zz"] = 7 }, "share the id 7"},
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

// FuzzLoadHF reads hostile files: none may panic, and what loads without
// changing text must give it back.
func FuzzLoadHF(f *testing.F) {
	data, err := json.Marshal(hfFromRanks(f, 260, true))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data, []byte(`{"bos_token":"<bos>","eos_token":{"content":"<eos>"},"add_bos_token":true}`))
	for _, way := range []string{prepending, metaspace, first} {
		files := sentencePiece(f, tinyPieces(), way)
		f.Add(files[hfFile], files[hfConfigFile])
	}
	f.Add([]byte(`{"model":{"type":"BPE","vocab":{},"merges":["a b"]},"pre_tokenizer":{"type":"Sequence","pretokenizers":[
		{"type":"Split","pattern":{"Regex":"(a+)+$"},"behavior":"Isolated"},{"type":"ByteLevel"}]}}`), []byte(`{}`))
	f.Add([]byte(`{"normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Replace","pattern":{"String":"a"},"content":"aa"}]},
		"decoder":{"type":"Sequence","decoders":[{"type":"Strip","content":" ","start":1}]}}`),
		[]byte(`{"added_tokens_decoder":{"7":{"content":"x","lstrip":true}},"chat_template":[{"name":"default","template":"x"}]}`))
	f.Fuzz(func(t *testing.T, tokenizer, config []byte) {
		e, err := parseHF(map[string][]byte{hfFile: tokenizer, hfConfigFile: config}, hfModelConfig{EOS: hfIDs{0}})
		if err != nil {
			return
		}
		if _, err := Vocab(e); err != nil {
			t.Errorf("Vocab: %v", err)
		}
		const text = "a b\n1  é"
		got := e.Decode(e.Encode(text + "\xff"))
		hf, _, _ := e.hf()
		plain := hf.Normalizer == nil && len(hf.AddedTokens) == 0 && !hf.Model.ByteFallback && !e.strip && !bytes.Contains(tokenizer, []byte("Metaspace"))
		if plain && !strings.HasPrefix(got, text) {
			t.Errorf("round trip gave %q", got)
		}
	})
}

// savedAsHF saves an encoding and loads it by its tokenizer.json alone, as
// Hugging Face would.
func savedAsHF(t testing.TB, name string) *encoding {
	t.Helper()
	return once(t, "saved "+name, func() (*encoding, error) {
		tok := starter(t)
		if name != "starter" {
			tok = whole(t, name)
		}
		dir := t.TempDir()
		if err := Save(dir, tok); err != nil {
			return nil, err
		}
		if err := os.Remove(filepath.Join(dir, specFile)); err != nil {
			return nil, err
		}
		return loadHF(dir)
	})
}

// TestSavedAsHF wants the tokenizer.json of an encoding to encode as tiktoken.
func TestSavedAsHF(t *testing.T) {
	for _, name := range []string{"starter", "r50k_base", "p50k_base", "cl100k_base", "o200k_base"} {
		ref, tok := reference(t, "r50k_base", 8192), savedAsHF(t, name)
		markers := starter(t).Markers()
		if name != "starter" {
			ref, markers = reference(t, name, 0), whole(t, name).Markers()
		}
		rng := rand.New(rand.NewPCG(9, 10))
		texts := slices.Clone(trickyTexts)
		for range 500 {
			texts = append(texts, randomText(rng))
		}
		for _, text := range texts {
			if got, want := tok.Encode(text), ref(text); !slices.Equal(got, want) {
				t.Fatalf("%s: Encode(%q) = %v, tiktoken gives %v", name, text, got, want)
			}
		}
		if m := tok.Markers(); m.End != markers.End || !slices.Equal(m.Begin, markers.Begin) {
			t.Errorf("%s: Markers() = %+v, want %+v", name, m, markers)
		}
	}
}

// TestSaveHF wants what was loaded to be written again with all that other
// programs read, and the end token even where only config.json named it.
func TestSaveHF(t *testing.T) {
	hf := hfFromRanks(t, 300, true)
	dir := folder(t, map[string]any{
		hfFile:                hf,
		hfConfigFile:          map[string]any{"bos_token": "<bos>", "chat_template": "{{ x }}"},
		"chat_template.jinja": "{{ y }}",
		modelConfig:           map[string]any{"eos_token_id": 301},
	})
	tok, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	again := t.TempDir()
	if err := Save(again, tok); err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(again)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(loaded.Markers(), tok.Markers()) || loaded.VocabSize() != tok.VocabSize() {
		t.Errorf("Markers() = %+v, want %+v", loaded.Markers(), tok.Markers())
	}
	first, err := Vocab(tok)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := Vocab(loaded); err != nil || !reflect.DeepEqual(first, second) {
		t.Errorf("the vocabulary changed by saving; %v", err)
	}
	var config map[string]any
	data, _ := os.ReadFile(filepath.Join(again, hfConfigFile))
	if err := json.Unmarshal(data, &config); err != nil || config["chat_template"] != "{{ x }}" || config["eos_token"] != "<eos>" {
		t.Errorf("%s = %v, %v", hfConfigFile, config, err)
	}
	if _, err := os.Stat(filepath.Join(again, "chat_template.jinja")); err != nil {
		t.Error(err)
	}
}

// TestMergeOrder has merges whose order is not that of the ids: Hugging Face
// merges by the order of the list.
func TestMergeOrder(t *testing.T) {
	hf := hfFromRanks(t, 256, true)
	model := hf["model"].(map[string]any)
	vocab := model["vocab"].(map[string]int)
	hf["added_tokens"] = []any{map[string]any{"id": 400, "content": "<eos>", "special": true}}
	for i, token := range []string{"bc", "ab", "abc", "cd"} {
		vocab[token] = 300 + i
	}
	tests := []struct {
		merges []any
		text   string
		want   []int32
	}{
		{[]any{"a b", "b c", "c d"}, "abcd", []int32{301, 303}},
		{[]any{"b c", "a b", "c d"}, "abcd", []int32{int32(vocab["a"]), 300, int32(vocab["d"])}},
		{[]any{"c d", "b c", "a b"}, "abcd", []int32{301, 303}},
		{[]any{"ab c", "b c", "a b"}, "abc", []int32{int32(vocab["a"]), 300}}, // no merge of "a bc"
		{[]any{"ab c", "a b", "b c"}, "abc", []int32{302}},
		{[]any{"a b", "b c", "a b"}, "abc", []int32{int32(vocab["a"]), 300}}, // the last of a pair counts
	}
	for _, tt := range tests {
		model["merges"] = tt.merges
		tok, err := Load(folder(t, map[string]any{hfFile: hf, hfConfigFile: map[string]any{"eos_token": "<eos>"}}))
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{1, 100} { // by looking through, by the heap
			text, want := strings.Repeat(tt.text+"z", n), slices.Repeat(append(tt.want, int32(vocab["z"])), n)
			if got := tok.Encode(text); !slices.Equal(got, want) {
				t.Errorf("merges %v: Encode(%d times %q) = %v, want %v", tt.merges, n, tt.text+"z", got, want)
			}
		}
	}
}

// TestAddedTokens has tokens that are taken out of text, as GPT-NeoX's runs of
// spaces and Qwen's tool marks are, and special ones that are not.
func TestAddedTokens(t *testing.T) {
	hf := hfFromRanks(t, 300, true)
	type object = map[string]any
	hf["normalizer"] = object{"type": "NFC"}
	hf["added_tokens"] = []any{
		object{"id": 400, "content": "<eos>", "special": true},
		object{"id": 401, "content": "<tool>"},
		object{"id": 402, "content": "  ", "normalized": true},
		object{"id": 403, "content": "    ", "normalized": true},
		object{"id": 404, "content": "<l>", "lstrip": true},
		object{"id": 405, "content": "<r>", "rstrip": true},
		object{"id": 406, "content": "word", "single_word": true},
		object{"id": 407, "content": "e\u0301", "normalized": true},
	}
	tok, err := Load(folder(t, map[string]any{hfFile: hf, hfConfigFile: object{"eos_token": "<eos>"}}))
	if err != nil {
		t.Fatal(err)
	}
	e := tok.Encode
	tests := []struct {
		text string
		want []int32
	}{
		{"a<tool>b", slices.Concat(e("a"), []int32{401}, e("b"))},
		{"<tool><tool>", []int32{401, 401}},
		{"a       b", slices.Concat(e("a"), []int32{403, 402}, e(" b"))},
		{"a \n<l> b", slices.Concat(e("a"), []int32{404}, e(" b"))},
		{"a <r> \nb", slices.Concat(e("a "), []int32{405}, e("b"))},
		{"a word.", slices.Concat(e("a "), []int32{406}, e("."))},
		{"caf\u00e9", slices.Concat(e("caf"), []int32{407})},
		{"cafe\u0301", slices.Concat(e("caf"), []int32{407})},
	}
	for _, tt := range tests {
		if got := e(tt.text); !slices.Equal(got, tt.want) {
			t.Errorf("Encode(%q) = %v, want %v", tt.text, got, tt.want)
		}
	}
	for _, text := range []string{"swordfish", "a<eos>b"} {
		if ids := e(text); slices.Max(ids) >= 400 {
			t.Errorf("Encode(%q) = %v has an added token", text, ids)
		}
	}
	if got := tok.Decode(e("x<tool>    y\xff")); got != "x<tool>    y\xff" {
		t.Errorf("round trip gave %q", got)
	}
}

func TestPrefixSpace(t *testing.T) {
	hf := hfFromRanks(t, 1000, true)
	hf["pre_tokenizer"] = map[string]any{"type": "ByteLevel", "add_prefix_space": true}
	tok, err := Load(folder(t, map[string]any{hfFile: hf, hfConfigFile: map[string]any{"eos_token": "<eos>"}}))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := tok.Encode("the end"), reference(t, "r50k_base", 1000)(" the end"); !slices.Equal(got, want) {
		t.Errorf("Encode = %v, want %v", got, want)
	}
	if got := tok.Decode(tok.Encode("the end")); got != "the end" {
		t.Errorf("round trip gave %q", got)
	}
}

// TestMissingBytes has a vocabulary that lacks bytes.
func TestMissingBytes(t *testing.T) {
	hf := hfFromRanks(t, 256, true)
	runes := byteRunes()
	for _, b := range []byte{0xff, 0xf3, 0x01} {
		delete(hf["model"].(map[string]any)["vocab"].(map[string]int), string(runes[b]))
	}
	tok, err := Load(folder(t, map[string]any{hfFile: hf, hfConfigFile: map[string]any{"eos_token": "<eos>"}}))
	if err != nil {
		t.Fatal(err)
	}
	if got := tok.Decode(tok.Encode("é\xffa\x01\U000e0001")); got != "é\uFFFDa\uFFFD\uFFFD" {
		t.Errorf("a byte without a token came back in %q", got)
	}
}

// TestConfigTokens has control tokens that tokenizer_config.json and
// special_tokens_map.json alone define.
func TestConfigTokens(t *testing.T) {
	hf := hfFromRanks(t, 300, true)
	hf["added_tokens"] = nil
	tok, err := Load(folder(t, map[string]any{
		hfFile:        hf,
		hfConfigFile:  map[string]any{"added_tokens_decoder": map[string]any{"300": map[string]any{"content": "<end>"}}},
		hfSpecialFile: map[string]any{"eos_token": map[string]any{"content": "<end>"}},
	}))
	if err != nil {
		t.Fatal(err)
	}
	if m := tok.Markers(); m.End != 300 || slices.Contains(tok.Encode("<end>"), 300) {
		t.Errorf("Markers() = %+v, Encode gives %v", m, tok.Encode("<end>"))
	}
}
