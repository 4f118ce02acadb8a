package gguf

import (
	"fmt"
	"math"
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

// Vocabulary returns the tokenizer in a file. Byte-level encodings are read.
func (g *File) Vocabulary() (*tokenizer.Vocabulary, error) {
	v, err := g.vocabulary()
	if err != nil {
		return nil, fmt.Errorf("gguf: tokenizer: %w", err)
	}
	return v, nil
}

func (g *File) vocabulary() (*tokenizer.Vocabulary, error) {
	if kind, _ := g.Meta[prefix+"model"].(string); kind != "gpt2" {
		return nil, fmt.Errorf("%w: %smodel is %q, want \"gpt2\" (byte-level BPE); take the tokenizer.json of the model's Hugging Face folder", model.ErrUnsupported, prefix, kind)
	}
	tokens, _ := g.Meta[prefix+"tokens"].([]string)
	merges, _ := g.Meta[prefix+"merges"].([]string)
	types, _ := g.Meta[prefix+"token_type"].([]int64)
	if len(tokens) == 0 || len(tokens) > math.MaxInt32 || (types != nil && len(types) != len(tokens)) {
		return nil, fmt.Errorf("%w: %d tokens with %d types", ErrFormat, len(tokens), len(types))
	}
	v := &tokenizer.Vocabulary{Tokens: make([]tokenizer.Token, len(tokens)), Merges: make([][2]string, len(merges))}
	for i, t := range tokens {
		v.Tokens[i] = tokenizer.Token{Text: t, Type: tokenizer.NormalToken}
		if types != nil {
			v.Tokens[i].Type = tokenizer.TokenType(types[i])
		}
	}
	for i, m := range merges {
		left, right, ok := strings.Cut(m, " ")
		if !ok {
			return nil, fmt.Errorf("%w: merge %q", ErrFormat, m)
		}
		v.Merges[i] = [2]string{left, right}
	}
	for _, role := range []struct {
		name string
		id   *int32
	}{{"bos", &v.BOS}, {"eos", &v.EOS}, {"padding", &v.Pad}, {"unknown", &v.Unk}} {
		*role.id = -1
		if id, ok := g.Meta[prefix+role.name+"_token_id"].(int64); ok {
			if id < 0 || id >= int64(len(tokens)) {
				return nil, fmt.Errorf("%w: %s token %d of %d", ErrFormat, role.name, id, len(tokens))
			}
			*role.id = int32(id)
		}
	}
	v.ChatTemplate, _ = g.Meta["tokenizer.chat_template"].(string)
	pre, _ := g.Meta[prefix+"pre"].(string)
	return v, g.pretokenizer(v, pre)
}

func (g *File) pretokenizer(v *tokenizer.Vocabulary, pre string) error {
	add, said := g.Meta[prefix+"add_bos_token"].(bool)
	v.AddBOS = v.BOS >= 0 && (add || !said && pre == "llama-bpe")
	for _, p := range pretokenizers {
		if p.name == pre {
			v.Pattern, v.Digits = p.pattern, p.digits
			return nil
		}
	}
	return fmt.Errorf("%w: %spre is %q", model.ErrUnsupported, prefix, pre)
}
