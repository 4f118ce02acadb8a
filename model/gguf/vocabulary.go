package gguf

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"adapt/model"
	"adapt/tokenizer"
)

const prefix = "tokenizer.ggml."

// A pretokenizer is a way to cut text that llama.cpp knows by name.
type pretokenizer struct {
	name    string
	pattern string // of tokenizer.json
	digits  bool   // digits are cut one by one before
}

// The first of a pattern is what is written.
var pretokenizers = []pretokenizer{
	{"gpt-2", gpt2Pattern, false},
	{"gpt-2", `'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`, false},
	{"smollm", gpt2Pattern, true},
	{"llama-bpe", `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`, false},
	{"qwen2", `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`, false},
	{"gpt-4o", `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?` +
		`|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?` +
		`|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`, false},
}

const gpt2Pattern = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

// wholeWords are the names for which a piece that is a token is not merged.
func wholeWords(pre string) bool { return pre == "llama-bpe" || pre == "gpt-4o" }

// vocabularyEntries describes a vocabulary of size tokens as metadata.
func vocabularyEntries(v *tokenizer.Vocabulary, size int) ([]entry, error) {
	if len(v.Tokens) > size {
		return nil, fmt.Errorf("the tokenizer has %d tokens, the model %d", len(v.Tokens), size)
	}
	kind, pre := "gpt2", ""
	if v.Kind == tokenizer.SentencePiece {
		kind, pre = "llama", "default"
	}
	for _, p := range pretokenizers {
		if pre == "" && p.pattern == v.Pattern && p.digits == v.Digits {
			pre = p.name
		}
	}
	if pre == "" {
		return nil, fmt.Errorf("%w: llama.cpp has no name for a tokenizer that cuts text by %q (digits apart: %t)", model.ErrUnsupported, v.Pattern, v.Digits)
	}
	tokens, types := make([]string, size), make([]int32, size)
	for i := range size {
		tokens[i], types[i] = fmt.Sprintf("[PAD%d]", i), int32(tokenizer.UnusedToken)
		if i < len(v.Tokens) {
			tokens[i], types[i] = v.Tokens[i].Text, int32(v.Tokens[i].Type)
		}
	}
	all := []entry{{prefix + "model", kind}, {prefix + "pre", pre}, {prefix + "tokens", tokens}, {prefix + "token_type", types}}
	if v.Kind == tokenizer.SentencePiece {
		all = append(all, entry{prefix + "scores", scores(v, tokens)}, entry{prefix + "add_space_prefix", v.AddSpace})
	} else {
		merges := make([]string, len(v.Merges))
		for i, m := range v.Merges {
			merges[i] = m[0] + " " + m[1]
		}
		all = append(all, entry{prefix + "merges", merges})
	}
	for _, role := range []struct {
		name string
		id   int32
	}{{"bos", v.BOS}, {"eos", v.EOS}, {"padding", v.Pad}, {"unknown", v.Unk}} {
		if role.id >= 0 {
			all = append(all, entry{prefix + role.name + "_token_id", uint32(role.id)})
		}
	}
	all = append(all, entry{prefix + "add_bos_token", v.AddBOS})
	if v.ChatTemplate != "" {
		all = append(all, entry{"tokenizer.chat_template", v.ChatTemplate})
	}
	return all, nil
}

// scores orders the tokens as their merges do: SentencePiece joins first what
// makes the token with the highest score.
func scores(v *tokenizer.Vocabulary, tokens []string) []float32 {
	rank := make(map[string]int, len(v.Merges))
	for i, m := range v.Merges {
		if _, ok := rank[m[0]+m[1]]; !ok {
			rank[m[0]+m[1]] = i
		}
	}
	all := make([]float32, len(tokens))
	for i, t := range tokens {
		if r, ok := rank[t]; ok {
			all[i] = -float32(r)
		}
	}
	return all
}

// Vocabulary returns the tokenizer in a file.
func (g *File) Vocabulary() (*tokenizer.Vocabulary, error) {
	v, err := g.vocabulary()
	if err != nil {
		return nil, fmt.Errorf("gguf: tokenizer: %w", err)
	}
	return v, nil
}

func (g *File) vocabulary() (*tokenizer.Vocabulary, error) {
	tokens, _ := g.Meta[prefix+"tokens"].([]string)
	types, _ := g.Meta[prefix+"token_type"].([]int64)
	if len(tokens) == 0 || (types != nil && len(types) != len(tokens)) {
		return nil, fmt.Errorf("%w: %d tokens with %d types", ErrFormat, len(tokens), len(types))
	}
	v := &tokenizer.Vocabulary{Tokens: make([]tokenizer.Token, len(tokens))}
	for i, t := range tokens {
		v.Tokens[i] = tokenizer.Token{Text: t, Type: tokenizer.NormalToken}
		if types != nil {
			v.Tokens[i].Type = tokenizer.TokenType(types[i])
		}
	}
	if err := g.roles(v); err != nil {
		return nil, err
	}
	v.ChatTemplate, _ = g.Meta["tokenizer.chat_template"].(string)
	switch kind, _ := g.Meta[prefix+"model"].(string); kind {
	case "gpt2":
		return v, g.byteLevel(v)
	case "llama":
		return v, g.sentencePiece(v)
	default:
		return nil, fmt.Errorf("%w: %smodel is %q, want gpt2 (byte-level BPE) or llama (SentencePiece BPE)", model.ErrUnsupported, prefix, kind)
	}
}

// roles reads which tokens begin and end a text.
func (g *File) roles(v *tokenizer.Vocabulary) error {
	for _, role := range []struct {
		name string
		id   *int32
	}{{"bos", &v.BOS}, {"eos", &v.EOS}, {"padding", &v.Pad}, {"unknown", &v.Unk}} {
		*role.id = -1
		if id, ok := g.Meta[prefix+role.name+"_token_id"].(int64); ok {
			if id < 0 || id >= int64(len(v.Tokens)) {
				return fmt.Errorf("%w: %s token %d of %d", ErrFormat, role.name, id, len(v.Tokens))
			}
			*role.id = int32(id)
		}
	}
	return nil
}

// flag reads a boolean that may be missing.
func (g *File) flag(name string, missing bool) bool {
	if v, ok := g.Meta[prefix+name].(bool); ok {
		return v
	}
	return missing
}

func (g *File) byteLevel(v *tokenizer.Vocabulary) error {
	merges, _ := g.Meta[prefix+"merges"].([]string)
	for _, m := range merges {
		left, right, ok := strings.Cut(m, " ")
		if !ok {
			return fmt.Errorf("%w: merge %q", ErrFormat, m)
		}
		v.Merges = append(v.Merges, [2]string{left, right})
	}
	pre, _ := g.Meta[prefix+"pre"].(string)
	v.AddBOS = v.BOS >= 0 && g.flag("add_bos_token", pre == "llama-bpe")
	for _, p := range pretokenizers {
		if p.name == pre {
			v.Pattern, v.Digits = p.pattern, p.digits
			return nil
		}
	}
	return fmt.Errorf("%w: %spre is %q", model.ErrUnsupported, prefix, pre)
}

// maxPiece bounds a token of SentencePiece, whose merges are all its cuts.
const maxPiece = 512

// sentencePiece makes merges of scores: every cut of a token into two others,
// the highest score of the token first, as Hugging Face converts them.
func (g *File) sentencePiece(v *tokenizer.Vocabulary) error {
	v.Kind, v.AddSpace, v.AddBOS = tokenizer.SentencePiece, g.flag("add_space_prefix", true), v.BOS >= 0 && g.flag("add_bos_token", true)
	scores, _ := g.Meta[prefix+"scores"].([]float64)
	if len(scores) != len(v.Tokens) {
		return fmt.Errorf("%w: %d tokens with %d scores", ErrFormat, len(v.Tokens), len(scores))
	}
	ids := map[string]int{}
	for i, t := range v.Tokens {
		if t.Type == tokenizer.NormalToken {
			ids[t.Text] = i
		}
	}
	type merge struct {
		left, right int // ids
		score       float64
	}
	var merges []merge
	for i, t := range v.Tokens {
		if t.Type != tokenizer.NormalToken {
			continue
		}
		if len(t.Text) > maxPiece {
			return fmt.Errorf("%w: token %d has %d bytes", ErrFormat, i, len(t.Text))
		}
		for cut := range t.Text {
			left, okLeft := ids[t.Text[:cut]]
			right, okRight := ids[t.Text[cut:]]
			if okLeft && okRight {
				merges = append(merges, merge{left, right, scores[i]})
			}
		}
	}
	slices.SortStableFunc(merges, func(a, b merge) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.left, b.left), cmp.Compare(a.right, b.right))
	})
	for _, m := range merges {
		v.Merges = append(v.Merges, [2]string{v.Tokens[m.left].Text, v.Tokens[m.right].Text})
	}
	return nil
}
