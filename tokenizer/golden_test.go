package tokenizer

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
)

// goldenFile has the ids that Hugging Face's own library (tokenizers 0.23.2,
// no post-processor) gives to goldenTexts by the tokenizers of goldenFiles.
const goldenFile = "testdata/huggingface.json"

var goldenTexts = []string{
	"The Licensor's 12 obligations, it's 3.14% of IT'LL.", "  two  spaces\n\n and\tlines \r\n", "naïve café cafe\u0301 ﬁ①", "日本語 テスト 🙂🙂½²³ Ⅷ",
	"HTMLParser camelCase ΑΒγ ǅx 日A path/to//x\r\n", "a word. swordfish <tool>  <l>  x <r>  y", "the there in\nthe    in", "_foo__bar!!!...", "<tool>the", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
}

// goldenFiles returns the tokenizer.json files, by what they show.
func goldenFiles(t *testing.T) map[string]map[string][]byte {
	t.Helper()
	type object = map[string]any
	plain, err := starter(t).files()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]map[string][]byte{"starter": plain}
	vary := func(name string, change func(hf object)) {
		var hf object
		if err := json.Unmarshal(plain[hfFile], &hf); err != nil {
			t.Fatal(err)
		}
		change(hf)
		data, err := json.Marshal(hf)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = map[string][]byte{hfFile: data, hfConfigFile: plain[hfConfigFile]}
	}
	byteLevel := func(regex, prefix bool) object {
		return object{"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": true, "use_regex": regex}
	}
	steps := func(hf object, steps ...any) {
		hf["pre_tokenizer"] = object{"type": "Sequence", "pretokenizers": steps}
	}
	split := func(pattern object, behavior string, invert bool) object {
		return object{"type": "Split", "pattern": pattern, "behavior": behavior, "invert": invert}
	}
	digits := func(single bool) object { return object{"type": "Digits", "individual_digits": single} }
	vary("merges only", func(hf object) { hf["model"].(object)["ignore_merges"] = false })
	vary("Llama 3", func(hf object) {
		steps(hf, split(object{"Regex": patternLlama3}, "Isolated", false), byteLevel(false, false))
	})
	vary("Qwen 2", func(hf object) {
		hf["normalizer"] = object{"type": "NFC"}
		steps(hf, split(object{"Regex": patternQwen2}, "Isolated", false), byteLevel(false, false))
	})
	vary("o200k", func(hf object) {
		steps(hf, split(object{"Regex": patternO200k}, "Removed", true), byteLevel(false, false))
	})
	vary("SmolLM", func(hf object) { steps(hf, digits(true), byteLevel(true, false)) })
	vary("Falcon", func(hf object) {
		steps(hf, object{"type": "Punctuation", "behavior": "Contiguous"}, byteLevel(true, false), digits(false),
			split(object{"Regex": "[0-9][0-9][0-9]"}, "Isolated", false))
	})
	vary("prefix space", func(hf object) { steps(hf, digits(true), byteLevel(true, true)) })
	vary("NFKC", func(hf object) { hf["normalizer"] = object{"type": "NFKC"} })
	for _, behavior := range []string{"MergedWithPrevious", "MergedWithNext", "Contiguous"} {
		vary(behavior, func(hf object) {
			steps(hf, split(object{"Regex": "[a-e ]"}, behavior, false), split(object{"String": "o"}, behavior, false), byteLevel(false, false))
		})
	}
	vary("added tokens", func(hf object) {
		hf["normalizer"] = object{"type": "NFC"}
		add := func(id int, content, option string) {
			a := object{"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": false}
			if option != "" {
				a[option] = true
			}
			hf["added_tokens"] = append(hf["added_tokens"].([]any), a)
		}
		add(8196, "<tool>", "")
		add(8197, "  ", "normalized")
		add(8198, "    ", "normalized")
		add(8199, "<l>", "lstrip")
		add(8200, "<r>", "rstrip")
		add(4775, "word", "single_word")
		add(8201, "e\u0301", "normalized")
		add(7252, "aa", "normalized")
	})
	for _, way := range []string{prepending, metaspace, first} {
		files[way] = sentencePiece(t, tinyPieces(), way)
	}
	return files
}

func TestEqualsHuggingFace(t *testing.T) {
	data, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	var golden map[string][][]int32
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	files := goldenFiles(t)
	if len(golden) != len(files) {
		t.Errorf("%d tokenizers in %s, want %d", len(golden), goldenFile, len(files))
	}
	for name, files := range files {
		tok := parse(t, files)
		for i, text := range goldenTexts {
			if i >= len(golden[name]) {
				t.Fatalf("%s: no ids of %q", name, text)
			}
			if got, want := tok.Encode(text), golden[name][i]; !slices.Equal(got, want) {
				t.Errorf("%s: Encode(%q) = %v, Hugging Face gives %v", name, text, got, want)
			}
		}
	}
}
