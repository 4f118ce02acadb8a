package gguf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"adapt/model"
	"adapt/tokenizer"
)

// configs are small models of every architecture; matrices have rows of 32 and
// 64, so that Q8_0 takes them all.
func configs() map[string]model.Config {
	llama := model.Config{
		ModelType: "llama", HiddenAct: "silu", VocabSize: 300, Hidden: 32, Intermediate: 64, Layers: 2,
		Heads: 4, KVHeads: 2, MaxPositions: 64, RopeTheta: 10000, NormEps: 1e-5,
	}
	biased := llama
	biased.AttentionBias, biased.MLPBias, biased.HeadDim = true, true, 16
	biased.RopeTheta = 500000
	biased.RopeScaling = &model.RopeScaling{Type: "llama3", Factor: 8, LowFreq: 1, HighFreq: 4, Original: 8192}
	tied := llama
	tied.TieEmbeddings, tied.RopeScaling = true, &model.RopeScaling{Type: "linear", Factor: 2}
	qwen := llama
	qwen.ModelType, qwen.NormEps, qwen.RopeTheta = "qwen2", 1e-6, 1e6
	return map[string]model.Config{
		"llama": llama, "llama with biases": biased, "llama tied": tied, "qwen2": qwen,
		"gpt2": {
			ModelType: "gpt2", HiddenAct: "gelu_new", VocabSize: 300, Hidden: 32, Intermediate: 64, Layers: 2,
			Heads: 4, KVHeads: 4, MaxPositions: 64, NormEps: 1e-5, TieEmbeddings: true,
		},
	}
}

func randomModel(t testing.TB, c model.Config) *model.Model {
	t.Helper()
	m, err := model.New(c, 3)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for _, w := range m.Tensors {
		for i := range w.Data {
			w.Data[i] += float32(rng.NormFloat64() * 0.3)
		}
	}
	return m
}

// vocabulary has the bytes and one merge.
func vocabulary() *tokenizer.Vocabulary {
	v := &tokenizer.Vocabulary{BOS: 257, EOS: 257, Pad: -1, Unk: -1, Pattern: gpt2Pattern, Merges: [][2]string{{"a", "b"}}}
	next := rune(0x100)
	for b := range rune(256) {
		text := string(b)
		if !('!' <= b && b <= '~' || '¡' <= b && b <= '¬' || '®' <= b && b <= 'ÿ') {
			text, next = string(next), next+1
		}
		v.Tokens = append(v.Tokens, tokenizer.Token{Text: text, Type: tokenizer.NormalToken})
	}
	v.Tokens = append(v.Tokens, tokenizer.Token{Text: "ab", Type: tokenizer.NormalToken}, tokenizer.Token{Text: "<|end|>", Type: tokenizer.ControlToken})
	return v
}

func TestRoundTrip(t *testing.T) {
	for name, c := range configs() {
		for kind, tolerance := range map[Type]float64{F32: 0, F16: 1.0 / 2048, BF16: 1.0 / 256, Q8_0: -1} {
			m := randomModel(t, c)
			path := filepath.Join(t.TempDir(), "model.gguf")
			if err := Save(path, m, vocabulary(), kind); err != nil {
				t.Fatalf("%s, %s: %v", name, kind, err)
			}
			back, err := Load(path)
			if err != nil {
				t.Fatalf("%s, %s: %v", name, kind, err)
			}
			if !reflect.DeepEqual(back.Config, m.Config) {
				t.Errorf("%s, %s: came back as\n%+v, want\n%+v", name, kind, back.Config, m.Config)
			}
			if tolerance < 0 {
				compareQ8(t, m, back)
			} else if err := model.CompareWeights(m, back, tolerance); err != nil {
				// Numbers too small for binary16 are rounded in steps of 2^-24.
				if kind != F16 || model.CompareWeights(m, back, 1e-2) != nil {
					t.Errorf("%s, %s: %v", name, kind, err)
				}
			}
		}
	}
}

func compareQ8(t *testing.T, want, got *model.Model) {
	t.Helper()
	for i, w := range want.Tensors {
		for j, v := range w.Data {
			limit := 0.0
			if len(w.Shape) == 2 && !strings.HasSuffix(w.Name, "wpe.weight") {
				from := j / 32 * 32
				for _, x := range w.Data[from : from+32] {
					limit = max(limit, math.Abs(float64(x)))
				}
			}
			if d := math.Abs(float64(got.Tensors[i].Data[j] - v)); d > limit/127*0.5+limit/2048 {
				t.Fatalf("%s[%d]: %g came back as %g, largest of the block %g", w.Name, j, v, got.Tensors[i].Data[j], limit)
			}
		}
	}
}

// TestPermutation compares rows with convert_hf_to_gguf.py's
// reshape(heads, 2, dim/2, …).swapaxes(1, 2).
func TestPermutation(t *testing.T) {
	c := configs()["llama"]
	m := randomModel(t, c)
	path := filepath.Join(t.TempDir(), "model.gguf")
	if err := Save(path, m, vocabulary(), F32); err != nil {
		t.Fatal(err)
	}
	g, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	for name, w := range map[string]struct {
		file  string
		heads int
	}{
		model.LayerName(1, "self_attn.q_proj"): {"blk.1.attn_q.weight", 4},
		model.LayerName(1, "self_attn.k_proj"): {"blk.1.attn_k.weight", 2},
	} {
		hf, got := m.Tensor(name), make([]float32, w.heads*8*32)
		if err := g.Read(g.Tensor(w.file), got); err != nil {
			t.Fatal(err)
		}
		for h := range w.heads {
			for half := range 2 {
				for i := range 4 {
					from, to := h*8+half*4+i, h*8+i*2+half
					if !slices.Equal(got[to*32:to*32+32], hf[from*32:from*32+32]) {
						t.Errorf("%s: row %d of the file is not row %d", name, to, from)
					}
				}
			}
		}
	}
	v := make([]float32, 16*32)
	if err := g.Read(g.Tensor("blk.1.attn_v.weight"), v); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(v, m.Tensor(model.LayerName(1, "self_attn.v_proj"))) {
		t.Error("values are in another order")
	}
}

// TestMetadata looks for what llama.cpp reads.
func TestMetadata(t *testing.T) {
	for _, test := range []struct {
		config string
		want   map[string]any
		shapes map[string][]int
	}{
		{"llama with biases", map[string]any{
			"general.architecture": "llama", "llama.block_count": int64(2), "llama.embedding_length": int64(32),
			"llama.feed_forward_length": int64(64), "llama.attention.head_count": int64(4), "llama.attention.head_count_kv": int64(2),
			"llama.attention.layer_norm_rms_epsilon": float64(float32(1e-5)), "llama.rope.freq_base": 500000.0, "llama.rope.dimension_count": int64(16),
			"llama.attention.key_length": int64(16), "llama.context_length": int64(64), "llama.vocab_size": int64(300),
			"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "gpt-2", "tokenizer.ggml.eos_token_id": int64(257),
			"tokenizer.ggml.add_bos_token": false, "general.file_type": int64(7), "tokenizer.ggml.merges": []string{"a b"},
		}, map[string][]int{"rope_freqs.weight": {8}, "blk.1.attn_output.bias": {32}, "output.weight": {300, 32}, "blk.0.attn_q.weight": {64, 32}}},
		{"gpt2", map[string]any{
			"general.architecture": "gpt2", "gpt2.context_length": int64(64), "gpt2.attention.layer_norm_epsilon": float64(float32(1e-5)),
		}, map[string][]int{"position_embd.weight": {64, 32}, "blk.1.attn_qkv.weight": {96, 32}, "blk.1.attn_qkv.bias": {96}, "output_norm.bias": {32}}},
	} {
		path := filepath.Join(t.TempDir(), "model.gguf")
		if err := Save(path, randomModel(t, configs()[test.config]), vocabulary(), Q8_0); err != nil {
			t.Fatal(err)
		}
		g, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		for key, want := range test.want {
			if !reflect.DeepEqual(g.Meta[key], want) {
				t.Errorf("%s: %s is %v, want %v", test.config, key, g.Meta[key], want)
			}
		}
		if tokens := g.Meta["tokenizer.ggml.tokens"].([]string); len(tokens) != 300 || tokens[299] != "[PAD299]" {
			t.Errorf("%d tokens, the last %q", len(tokens), tokens[len(tokens)-1])
		}
		for name, shape := range test.shapes {
			if tensor := g.Tensor(name); tensor == nil || !slices.Equal(tensor.Shape, shape) {
				t.Errorf("%s: %s is %+v, want %v", test.config, name, tensor, shape)
			}
		}
		if g.Tensor("blk.0.attn_norm.weight").Type != F32 || g.Tensor("token_embd.weight").Type != Q8_0 {
			t.Errorf("%s: norms and embeddings have types %s and %s", test.config, g.Tensor("blk.0.attn_norm.weight").Type, g.Tensor("token_embd.weight").Type)
		}
	}
}

// TestMistral writes Mistral as the architecture llama, as long as its window.
func TestMistral(t *testing.T) {
	c := configs()["llama"]
	c.ModelType, c.SlidingWindow = "mistral", 16
	path := filepath.Join(t.TempDir(), "model.gguf")
	if err := Save(path, randomModel(t, c), vocabulary(), F32); err != nil {
		t.Fatal(err)
	}
	m, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if m.Config.ModelType != "llama" || m.Config.MaxPositions != 16 {
		t.Errorf("came back as %+v", m.Config)
	}
}

// TestFolders takes the starter's tokenizer and a model to a file and back.
func TestFolders(t *testing.T) {
	tok, err := tokenizer.Starter()
	if err != nil {
		t.Fatal(err)
	}
	c := configs()["llama tied"]
	c.VocabSize = tok.VocabSize()
	m := randomModel(t, c)
	dir, back := t.TempDir(), t.TempDir()
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	if err := tokenizer.Save(dir, tok); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "chat_template.jinja"), []byte("{{ messages }}"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "model.gguf")
	if err := Export(dir, path, F32); err != nil {
		t.Fatal(err)
	}
	if err := Import(path, back); err != nil {
		t.Fatal(err)
	}
	got, err := model.Load(back)
	if err != nil {
		t.Fatal(err)
	}
	if got.Hash() != m.Hash() || got.ChatTemplate() != "{{ messages }}" {
		t.Errorf("the weights came back changed, or the template: %q", got.ChatTemplate())
	}
	again, err := tokenizer.Load(back)
	if err != nil {
		t.Fatal(err)
	}
	if again.Markers().End != tok.Markers().End || !slices.Equal(again.Markers().Begin, tok.Markers().Begin) {
		t.Errorf("markers %+v, want the ends of %+v", again.Markers(), tok.Markers())
	}
	for _, text := range []string{
		"This Agreement shall be governed by the laws of Delaware, without regard to §2.1(b).\n\n  “Term”", "No acute 3.5 cm process; naïve.",
		"1234567 \t\n x", "日本語 ☃ é",
	} {
		if a, b := tok.Encode(text), again.Encode(text); !slices.Equal(a, b) {
			t.Errorf("%q is %v, came back %v", text, a, b)
		}
	}
}

// TestSentencePiece wants scores that fall in the order of the merges.
func TestSentencePiece(t *testing.T) {
	v := &tokenizer.Vocabulary{
		Kind: tokenizer.SentencePiece, BOS: 1, EOS: -1, Pad: -1, Unk: 0, AddBOS: true, AddSpace: true,
		Tokens: []tokenizer.Token{{Text: "<unk>", Type: tokenizer.UnknownToken}, {Text: "<s>", Type: tokenizer.ControlToken}, {Text: "ab", Type: 1}, {Text: "bc", Type: 1}},
		Merges: [][2]string{{"b", "c"}, {"a", "b"}},
	}
	all, err := vocabularyEntries(v, 5)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]any{}
	for _, e := range all {
		got[e.key] = e.value
	}
	for key, want := range map[string]any{
		"tokenizer.ggml.model": "llama", "tokenizer.ggml.pre": "default", "tokenizer.ggml.scores": []float32{0, 0, -1, 0, 0},
		"tokenizer.ggml.token_type": []int32{2, 3, 1, 1, 5}, "tokenizer.ggml.tokens": []string{"<unk>", "<s>", "ab", "bc", "[PAD4]"},
		"tokenizer.ggml.bos_token_id": uint32(1), "tokenizer.ggml.unknown_token_id": uint32(0), "tokenizer.ggml.eos_token_id": nil,
		"tokenizer.ggml.add_bos_token": true, "tokenizer.ggml.add_space_prefix": true,
	} {
		if !reflect.DeepEqual(got[key], want) {
			t.Errorf("%s is %v, want %v", key, got[key], want)
		}
	}
}

// TestSentencePieceFolder takes a vocabulary to a file and back to a folder,
// and compares its encodings with merging by score, as llama.cpp does it.
func TestSentencePieceFolder(t *testing.T) {
	v := &tokenizer.Vocabulary{Kind: tokenizer.SentencePiece, BOS: 1, EOS: 2, Pad: -1, Unk: 0, AddBOS: true, AddSpace: true}
	add := func(text string, kind tokenizer.TokenType) {
		v.Tokens = append(v.Tokens, tokenizer.Token{Text: text, Type: kind})
	}
	add("<unk>", tokenizer.UnknownToken)
	add("<s>", tokenizer.ControlToken)
	add("</s>", tokenizer.ControlToken)
	for b := range 256 {
		add(fmt.Sprintf("<0x%02X>", b), tokenizer.ByteToken)
	}
	pieces := []string{"▁", "a", "b", "c"}
	rng := rand.New(rand.NewPCG(4, 4))
	for len(v.Merges) < 40 {
		left, right := pieces[rng.IntN(len(pieces))], pieces[rng.IntN(len(pieces))]
		if strings.Contains(right, "▁") || len(left+right) > 8 || slices.Contains(pieces, left+right) {
			continue
		}
		pieces, v.Merges = append(pieces, left+right), append(v.Merges, [2]string{left, right})
	}
	for _, p := range pieces {
		add(p, tokenizer.NormalToken)
	}
	c := configs()["llama"]
	c.VocabSize = len(v.Tokens)
	dir := t.TempDir()
	path := filepath.Join(dir, "model.gguf")
	if err := Save(path, randomModel(t, c), v, F32); err != nil {
		t.Fatal(err)
	}
	if err := Import(path, dir); err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(tok.Markers().Begin, []int32{1}) || tok.Markers().End != 2 {
		t.Errorf("markers %+v", tok.Markers())
	}
	for range 200 {
		text := make([]byte, 1+rng.IntN(20))
		for i := range text {
			text[i] = "abc "[rng.IntN(4)]
		}
		if got, want := tok.Encode(string(text)), byScore(v, string(text)); !slices.Equal(got, want) {
			t.Fatalf("%q is %v, want %v", text, got, want)
		}
	}
	if got := tok.Decode(tok.Encode("ab é")); got != "ab é" {
		t.Errorf("decoded as %q", got)
	}
}

// byScore joins the neighbours that make the token with the highest score, the
// first of equals, until none do.
func byScore(v *tokenizer.Vocabulary, text string) []int32 {
	rank := map[string]int{}
	for i, m := range v.Merges {
		rank[m[0]+m[1]] = i
	}
	parts := strings.Split("▁"+strings.ReplaceAll(text, " ", "▁"), "")
	for {
		best := -1
		for i := range len(parts) - 1 {
			r, ok := rank[parts[i]+parts[i+1]]
			if ok && (best < 0 || r < rank[parts[best]+parts[best+1]]) {
				best = i
			}
		}
		if best < 0 {
			break
		}
		parts = slices.Replace(parts, best, best+2, parts[best]+parts[best+1])
	}
	var ids []int32
	for _, p := range parts {
		ids = append(ids, int32(slices.IndexFunc(v.Tokens, func(t tokenizer.Token) bool { return t.Text == p })))
	}
	return ids
}

func TestRefused(t *testing.T) {
	c := configs()["gpt2"]
	c.HiddenAct = "gelu"
	path := filepath.Join(t.TempDir(), "model.gguf")
	if err := Save(path, randomModel(t, c), vocabulary(), F32); err == nil || !strings.Contains(err.Error(), "gelu") {
		t.Errorf("an exact GELU: %v", err)
	}
	m := randomModel(t, configs()["llama"])
	if err := Save(path, m, vocabulary(), Q4_K); err == nil || !strings.Contains(err.Error(), "Q4_K is not written") {
		t.Errorf("Q4_K: %v", err)
	}
	v := vocabulary()
	v.Pattern = "x"
	if err := Save(path, m, v, F32); !errors.Is(err, model.ErrUnsupported) {
		t.Errorf("an unknown pattern: %v", err)
	}
	m.Tensor(model.NormName)[0] = float32(math.NaN())
	if err := Save(path, m, vocabulary(), F16); err == nil || !strings.Contains(err.Error(), `"output_norm.weight": element 0 is NaN`) {
		t.Errorf("NaN: %v", err)
	}
	m.Tensor(model.NormName)[0], m.Tensor(model.HeadName)[5] = 1, 1e6
	if err := Save(path, m, vocabulary(), F16); err == nil || !strings.Contains(err.Error(), `"output.weight": element 5 is 1e+06`) {
		t.Errorf("too large for F16: %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file was left: %v", err)
	}
}

// TestStrict damages a file in every way and wants an error that names what
// is wrong.
func TestStrict(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.gguf")
	if err := Save(path, randomModel(t, configs()["llama"]), vocabulary(), F32); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	replace := func(old, new string) func([]byte) []byte {
		return func(b []byte) []byte { return bytes.Replace(b, []byte(old), []byte(new), 1) }
	}
	for _, test := range []struct {
		name, want string
		damage     func([]byte) []byte
	}{
		{"empty", "not a whole GGUF", func([]byte) []byte { return nil }},
		{"another file", "magic", func(b []byte) []byte { return append([]byte("PK"), b...) }},
		{"another version", "version 1", func(b []byte) []byte { b[4] = 1; return b }},
		{"many tensors", "not a whole GGUF", func(b []byte) []byte { binary.LittleEndian.PutUint64(b[8:], 1<<40); return b }},
		{"cut off", "not a whole GGUF", func(b []byte) []byte { return b[:len(b)-64] }},
		{"cut in the header", "not a whole GGUF", func(b []byte) []byte { return b[:300] }},
		{"another tensor", `"blk.0.ffn_gate.weight" is missing`, replace("blk.0.ffn_gate", "blk.0.ffn_gaze")},
		{"one layer less", `"blk.1.attn_norm.weight" does not belong`, replace("llama.block_count\x04\x00\x00\x00\x02", "llama.block_count\x04\x00\x00\x00\x01")},
		{"another architecture", "general.architecture", replace("\x05\x00\x00\x00\x00\x00\x00\x00llama", "\x05\x00\x00\x00\x00\x00\x00\x00mamba")},
		{"another width", "has shape", replace("llama.feed_forward_length\x04\x00\x00\x00\x40", "llama.feed_forward_length\x04\x00\x00\x00\x41")},
		{"alignment", "general.alignment", replace("general.alignment\x04\x00\x00\x00\x20", "general.alignment\x04\x00\x00\x00\x21")},
	} {
		damaged := test.damage(slices.Clone(whole))
		if bytes.Equal(damaged, whole) {
			t.Fatalf("%s: nothing was damaged", test.name)
		}
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want something with %q", test.name, err, test.want)
		}
	}
}

// smallFile returns the bytes of a file with a small model.
func smallFile(t testing.TB) []byte {
	t.Helper()
	c := configs()["llama with biases"]
	c.VocabSize, c.Hidden, c.Intermediate, c.Layers, c.Heads, c.KVHeads, c.HeadDim = 258, 2, 2, 1, 1, 1, 2
	path := filepath.Join(t.TempDir(), "model.gguf")
	if err := Save(path, randomModel(t, c), vocabulary(), F32); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// readAll reads what a file holds; it must not panic.
func readAll(b []byte) error {
	g, err := readHeader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return err
	}
	_, tokens := g.Vocabulary()
	_, err = g.Model()
	return errors.Join(err, tokens)
}

// TestDamage changes bytes at random.
func TestDamage(t *testing.T) {
	whole := smallFile(t)
	if err := readAll(whole); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	failed := 0
	for range 3000 {
		b := slices.Clone(whole)
		for range 1 + rng.IntN(3) {
			at := rng.IntN(len(b))
			if rng.IntN(2) == 0 {
				at = rng.IntN(1200) // the metadata before the tokens
			}
			b[at] = byte(rng.Uint32())
		}
		if readAll(b[:len(b)-rng.IntN(2)*rng.IntN(len(b))]) != nil {
			failed++
		}
	}
	if failed < 1000 {
		t.Errorf("only %d of 3000 damaged files were refused", failed)
	}
}

func FuzzFile(f *testing.F) {
	f.Add(smallFile(f))
	f.Fuzz(func(t *testing.T, b []byte) { _ = readAll(b) })
}
