package tokenizer

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// stories is a SentencePiece vocabulary of 512 tokens that others trained, in
// the format of llama2.c.
var stories = filepath.Join("..", "..", "shared", "data", "models", "stories260K", "tok512.bin")

// A spPiece is a token of a SentencePiece model: of two merges the one with the
// higher score comes first.
type spPiece struct {
	text  string
	score float32
}

func readStories(t testing.TB, data []byte) []spPiece {
	t.Helper()
	r := bytes.NewReader(data[4:])
	var pieces []spPiece
	for r.Len() > 0 {
		var head struct {
			Score float32
			Size  int32
		}
		if err := binary.Read(r, binary.LittleEndian, &head); err != nil {
			t.Fatal(err)
		}
		text := make([]byte, head.Size)
		if _, err := r.Read(text); err != nil {
			t.Fatal(err)
		}
		pieces = append(pieces, spPiece{strings.ReplaceAll(string(text), " ", spaceMark), head.Score})
	}
	pieces[1].text, pieces[2].text = "<s>", "</s>"
	return pieces
}

// tinyPieces is a vocabulary for where the real one is not.
func tinyPieces() []spPiece {
	pieces := []spPiece{{"<unk>", 0}, {"<s>", 0}, {"</s>", 0}}
	const hex = "0123456789ABCDEF"
	for b := range 256 {
		pieces = append(pieces, spPiece{"<0x" + hex[b>>4:b>>4+1] + hex[b&15:b&15+1] + ">", 0})
	}
	for i, text := range []string{"▁t", "he", "▁the", "▁▁", "er", "▁▁▁▁", "in", "the", "▁", "t", "h", "e", "r", "i", "n", "é", "日"} {
		pieces = append(pieces, spPiece{text, -float32(i)})
	}
	return pieces
}

// The three ways in which tokenizer.json spells a SentencePiece tokenizer.
const (
	prepending = "Prepend and Replace, as Llama 2 and Mistral"
	metaspace  = "Metaspace, prepended always"
	first      = "Metaspace, prepended at the beginning, as newer files"
)

// sentencePiece writes the files of a model folder as converters do.
func sentencePiece(t testing.TB, pieces []spPiece, way string) map[string][]byte {
	t.Helper()
	vocab := make(map[string]int32)
	for id, p := range pieces {
		vocab[p.text] = int32(id)
	}
	byScore := slices.Clone(pieces[259:])
	slices.SortStableFunc(byScore, func(a, b spPiece) int { return int(b.score - a.score) })
	var merges []any
	for _, p := range byScore {
		for cut := range p.text {
			left, right := p.text[:cut], p.text[cut:]
			_, okLeft := vocab[left]
			_, okRight := vocab[right]
			if okLeft && okRight {
				merges = append(merges, []string{left, right})
			}
		}
	}
	type object = map[string]any
	hf := object{
		"added_tokens": []any{
			object{"id": 0, "content": "<unk>", "special": true},
			object{"id": 1, "content": "<s>", "special": true},
			object{"id": 2, "content": "</s>", "special": true},
		},
		"model": object{"type": "BPE", "vocab": vocab, "merges": merges, "byte_fallback": true, "fuse_unk": true, "unk_token": "<unk>"},
		"post_processor": object{"type": "TemplateProcessing", "single": []any{
			object{"SpecialToken": object{"id": "<s>", "type_id": 0}}, object{"Sequence": object{"id": "A", "type_id": 0}},
		}},
	}
	decoders := []any{
		object{"type": "Replace", "pattern": object{"String": "▁"}, "content": " "},
		object{"type": "ByteFallback"}, object{"type": "Fuse"},
		object{"type": "Strip", "content": " ", "start": 1, "stop": 0},
	}
	hf["decoder"] = object{"type": "Sequence", "decoders": decoders}
	switch way {
	case prepending:
		hf["normalizer"] = object{"type": "Sequence", "normalizers": []any{
			object{"type": "Prepend", "prepend": "▁"},
			object{"type": "Replace", "pattern": object{"String": " "}, "content": "▁"},
		}}
	case metaspace:
		hf["pre_tokenizer"] = object{"type": "Metaspace", "replacement": "▁", "add_prefix_space": true}
	case first:
		hf["pre_tokenizer"] = object{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": false}
	}
	data, err := json.Marshal(hf)
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{hfFile: data, hfConfigFile: []byte(`{"bos_token":"<s>","eos_token":"</s>","unk_token":"<unk>"}`)}
}

func parse(t testing.TB, files map[string][]byte) *encoding {
	t.Helper()
	e, err := parseHF(files, hfModelConfig{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// encodeByScore is SentencePiece BPE as llama2.c spells it: of all neighbours
// that spell a token the two with the best score merge, again and again.
func encodeByScore(pieces []spPiece, text string) []int32 {
	vocab := make(map[string]int32)
	for id, p := range pieces {
		if id >= 259 {
			vocab[p.text] = int32(id)
		}
	}
	var ids []int32
	var texts []string
	for _, r := range spaceMark + strings.ReplaceAll(text, " ", spaceMark) {
		if id, ok := vocab[string(r)]; ok {
			ids, texts = append(ids, id), append(texts, string(r))
			continue
		}
		for _, b := range []byte(string(r)) {
			ids, texts = append(ids, int32(b)+3), append(texts, "\x00")
		}
	}
	for {
		best := -1
		var bestID int32
		for i := range len(ids) - 1 {
			id, ok := vocab[texts[i]+texts[i+1]]
			if ok && (best < 0 || pieces[id].score > pieces[bestID].score) {
				best, bestID = i, id
			}
		}
		if best < 0 {
			return ids
		}
		ids[best], texts[best] = bestID, pieces[bestID].text
		ids, texts = slices.Delete(ids, best+1, best+2), slices.Delete(texts, best+1, best+2)
	}
}

func TestSentencePiece(t *testing.T) {
	vocabularies := map[string][]spPiece{"tiny": tinyPieces()}
	if data, err := os.ReadFile(stories); err == nil {
		vocabularies["stories260K"] = readStories(t, data)
	}
	texts := []string{
		"Once upon a time, there was a little girl named Lily.", "the  there", "in the\nthe", "a", "é日🙂x", "    the    in", "<s>the</s>",
		"The Licensee shall indemnify the Licensor.", strings.Repeat("the ", 200), strings.Repeat("the", 200), "<0x0A>",
	}
	rng := rand.New(rand.NewPCG(7, 8))
	for range 300 {
		texts = append(texts, "x"+randomText(rng))
	}
	for name, pieces := range vocabularies {
		for _, way := range []string{prepending, metaspace, first} {
			tok := parse(t, sentencePiece(t, pieces, way))
			for _, text := range texts {
				// Hugging Face puts no second space before a text, and splits runs.
				if way != prepending && strings.HasPrefix(text, " ") || way == metaspace && strings.Contains(text, "  ") {
					continue
				}
				got := tok.Encode(text)
				if want := encodeByScore(pieces, text); !slices.Equal(got, want) {
					t.Fatalf("%s, %s: Encode(%q) = %v, want %v", name, way, text, got, want)
				}
				if back := tok.Decode(got); back != text {
					t.Errorf("%s, %s: round trip of %q gave %q", name, way, text, back)
				}
			}
			if m := tok.Markers(); !slices.Equal(m.Begin, []int32{1}) || m.End != 2 {
				t.Errorf("%s: Markers() = %+v", way, m)
			}
		}
	}
}

func TestSentencePieceSpaces(t *testing.T) {
	tests := []struct{ way, text, want string }{
		{prepending, " the", " the"},
		{prepending, "a\xff\xe2\x96b", "a\xff\xe2\x96b"},
		{metaspace, " the", "the"}, // as Hugging Face: no second space is put before
		{first, "the▁in", "the in"},
	}
	for _, tt := range tests {
		tok := parse(t, sentencePiece(t, tinyPieces(), tt.way))
		if got := tok.Decode(tok.Encode(tt.text)); got != tt.want {
			t.Errorf("%s: %q came back as %q, want %q", tt.way, tt.text, got, tt.want)
		}
	}
}
