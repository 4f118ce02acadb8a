package gguf

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"adapt/model"
	"adapt/tokenizer"
)

// Export writes the model of a Hugging Face folder as a file for llama.cpp and
// Ollama, with its tokenizer and chat template: matrices as F32, F16, BF16 or
// Q8_0, vectors as F32. The file is read back and compared.
func Export(dir, path string, kind Type) error {
	m, err := model.Load(dir)
	if err != nil {
		return err
	}
	t, err := tokenizer.Load(dir)
	if err != nil {
		return fmt.Errorf("gguf: %w", err)
	}
	v, err := tokenizer.Vocab(t)
	if err != nil {
		return fmt.Errorf("gguf: %w", err)
	}
	if template := m.ChatTemplate(); template != "" {
		v.ChatTemplate = template // chat_template.jinja stands above the tokenizer's
	}
	return Save(path, m, v, kind)
}

// Save writes a model with its vocabulary; see Export.
func Save(path string, m *model.Model, v *tokenizer.Vocabulary, kind Type) error {
	if formats[kind].encode == nil {
		return fmt.Errorf("gguf: %s is not written; use F32, F16, BF16 or Q8_0", kind)
	}
	all, err := entries(m.Config, kind)
	if err != nil {
		return fmt.Errorf("gguf: %w", err)
	}
	tokens, err := vocabularyEntries(v, m.Config.VocabSize)
	if err != nil {
		return fmt.Errorf("gguf: %w", err)
	}
	tensors := outputs(m, kind)
	for _, t := range tensors {
		if err := checkRange(t); err != nil {
			return fmt.Errorf("gguf: %w", err)
		}
	}
	if err := create(path, append(all, tokens...), tensors); err != nil {
		return fmt.Errorf("gguf: writing: %w", err)
	}
	return verify(path, tensors)
}

// Import writes the model in a file as a Hugging Face folder in float32, with
// its tokenizer and chat template.
func Import(path, dir string) error {
	g, err := Open(path)
	if err != nil {
		return err
	}
	defer g.Close()
	v, err := g.Vocabulary()
	if err != nil {
		return err
	}
	m, err := g.Model()
	if err != nil {
		return err
	}
	if len(v.Tokens) > m.Config.VocabSize {
		return fmt.Errorf("gguf: the tokenizer has %d tokens, the model %d", len(v.Tokens), m.Config.VocabSize)
	}
	if v.BOS >= 0 {
		m.Config.BOS = v.BOS
	}
	if v.EOS >= 0 {
		m.Config.EOS = v.EOS
	}
	pre, _ := g.Meta[prefix+"pre"].(string)
	files, err := tokenizerFiles(v, wholeWords(pre))
	if err != nil {
		return fmt.Errorf("gguf: %w", err)
	}
	if err := m.Save(dir); err != nil {
		return err
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			return fmt.Errorf("gguf: %w", err)
		}
	}
	if _, err := tokenizer.Load(dir); err != nil {
		return fmt.Errorf("gguf: reading back the tokenizer: %w", err)
	}
	return nil
}

type object = map[string]any

// tokenizerFiles returns tokenizer.json and tokenizer_config.json of a
// vocabulary. With whole, a piece of text that is a token is not merged.
func tokenizerFiles(v *tokenizer.Vocabulary, whole bool) (map[string][]byte, error) {
	vocab, added := object{}, []object{}
	for id, t := range v.Tokens {
		if t.Type == tokenizer.UnusedToken {
			continue
		}
		plain := t.Type == tokenizer.NormalToken || t.Type == tokenizer.ByteToken
		if !plain {
			added = append(added, object{
				"id": id, "content": t.Text, "special": t.Type != tokenizer.UserToken,
				"single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
			})
		}
		if plain || v.Kind == tokenizer.SentencePiece {
			if _, twice := vocab[t.Text]; twice {
				return nil, fmt.Errorf("token %q is there twice", t.Text)
			}
			vocab[t.Text] = id
		}
	}
	bpe := object{
		"type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": nil, "end_of_word_suffix": nil,
		"fuse_unk": false, "byte_fallback": false, "ignore_merges": whole, "vocab": vocab, "merges": v.Merges,
	}
	hf := object{
		"version": "1.0", "truncation": nil, "padding": nil, "added_tokens": added, "normalizer": nil, "pre_tokenizer": nil,
		"post_processor": nil, "model": bpe,
	}
	if v.Kind == tokenizer.SentencePiece {
		bpe["byte_fallback"], bpe["fuse_unk"] = true, true
		if v.Unk >= 0 {
			bpe["unk_token"] = v.Tokens[v.Unk].Text
		}
		hf["normalizer"], hf["decoder"] = sentencePieceSteps(v.AddSpace)
	} else {
		hf["pre_tokenizer"], hf["decoder"] = byteLevelSteps(v.Pattern, v.Digits)
	}
	tok, err := json.MarshalIndent(hf, "", "  ")
	if err != nil {
		return nil, err
	}
	config := object{"tokenizer_class": "PreTrainedTokenizerFast", "add_bos_token": v.AddBOS, "clean_up_tokenization_spaces": false}
	for _, role := range []struct {
		name string
		id   int32
	}{{"bos_token", v.BOS}, {"eos_token", v.EOS}, {"pad_token", v.Pad}, {"unk_token", v.Unk}} {
		if role.id >= 0 {
			config[role.name] = v.Tokens[role.id].Text
		}
	}
	if v.ChatTemplate != "" {
		config["chat_template"] = v.ChatTemplate
	}
	conf, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return nil, err
	}
	return map[string][]byte{"tokenizer.json": tok, "tokenizer_config.json": conf}, nil
}

func byteLevelSteps(pattern string, digits bool) (pre, decoder object) {
	level := object{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}
	steps := []object{{"type": "Split", "pattern": object{"Regex": pattern}, "behavior": "Isolated", "invert": false}, level}
	if digits {
		steps = append([]object{{"type": "Digits", "individual_digits": true}}, steps...)
	}
	return object{"type": "Sequence", "pretokenizers": steps}, level
}

// sentencePieceSteps write a space as "▁", with addSpace one before the text
// too, and back.
func sentencePieceSteps(addSpace bool) (normalizer, decoder object) {
	before := []object{{"type": "Replace", "pattern": object{"String": " "}, "content": "▁"}}
	after := []object{{"type": "Replace", "pattern": object{"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}}
	if addSpace {
		before = append([]object{{"type": "Prepend", "prepend": "▁"}}, before...)
		after = append(after, object{"type": "Strip", "content": " ", "start": 1, "stop": 0})
	}
	return object{"type": "Sequence", "normalizers": before}, object{"type": "Sequence", "decoders": after}
}
