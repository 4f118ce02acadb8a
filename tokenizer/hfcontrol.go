package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
)

// hfConfig is the part of tokenizer_config.json that names control tokens.
// special_tokens_map.json has the names too.
type hfConfig struct {
	AddBOS       *bool              `json:"add_bos_token,omitempty"`
	BOS          hfToken            `json:"bos_token,omitempty"`
	EOS          hfToken            `json:"eos_token,omitempty"`
	Pad          hfToken            `json:"pad_token,omitempty"`
	Unk          hfToken            `json:"unk_token,omitempty"`
	Class        string             `json:"tokenizer_class,omitempty"`
	CleanUp      *bool              `json:"clean_up_tokenization_spaces,omitempty"`
	ChatTemplate hfChatTemplate     `json:"chat_template,omitempty"`
	Added        map[string]hfAdded `json:"added_tokens_decoder,omitempty"`
}

// An hfToken is a string, or an object with the string as its content.
type hfToken string

func (t *hfToken) UnmarshalJSON(data []byte) error {
	var s *string
	if err := json.Unmarshal(data, &s); err == nil {
		if s != nil {
			*t = hfToken(*s)
		}
		return nil
	}
	var object struct {
		Content string `json:"content"`
	}
	if err := json.Unmarshal(data, &object); err != nil {
		return err
	}
	*t = hfToken(object.Content)
	return nil
}

// An hfChatTemplate is a string, or a list of named ones of which "default"
// counts.
type hfChatTemplate string

func (t *hfChatTemplate) UnmarshalJSON(data []byte) error {
	var s *string
	if err := json.Unmarshal(data, &s); err == nil {
		if s != nil {
			*t = hfChatTemplate(*s)
		}
		return nil
	}
	var named []struct{ Name, Template string }
	if err := json.Unmarshal(data, &named); err != nil {
		return err
	}
	for _, n := range named {
		if n.Name == "default" {
			*t = hfChatTemplate(n.Template)
		}
	}
	return nil
}

// hfModelConfig is the part of config.json that concerns tokens.
type hfModelConfig struct {
	VocabSize int   `json:"vocab_size"`
	EOS       hfIDs `json:"eos_token_id"`
}

// hfIDs is one id or a list of them.
type hfIDs []int32

func (ids *hfIDs) UnmarshalJSON(data []byte) error {
	var one *int32
	if err := json.Unmarshal(data, &one); err == nil {
		if one != nil {
			*ids = hfIDs{*one}
		}
		return nil
	}
	return json.Unmarshal(data, (*[]int32)(ids))
}

// readModelConfig reads config.json, which may be absent.
func readModelConfig(dir string) (hfModelConfig, error) {
	var model hfModelConfig
	data, err := readFile(dir, modelConfig)
	if errors.Is(err, fs.ErrNotExist) {
		return model, nil
	}
	if err != nil {
		return model, err
	}
	if err := json.Unmarshal(data, &model); err != nil {
		return model, fmt.Errorf("read %s: %w", modelConfig, err)
	}
	if model.VocabSize > maxVocab {
		return model, fmt.Errorf("%s: vocab_size %d is more than any vocabulary can have (%d)", modelConfig, model.VocabSize, maxVocab)
	}
	return model, nil
}

// readHFConfig reads tokenizer_config.json, and from special_tokens_map.json
// what it does not name.
func readHFConfig(files map[string][]byte) (hfConfig, error) {
	var config, special hfConfig
	for name, into := range map[string]*hfConfig{hfConfigFile: &config, hfSpecialFile: &special} {
		if data, ok := files[name]; ok {
			if err := json.Unmarshal(data, into); err != nil {
				return config, fmt.Errorf("read %s: %w", name, err)
			}
		}
	}
	for _, t := range [][2]*hfToken{{&config.BOS, &special.BOS}, {&config.EOS, &special.EOS}, {&config.Pad, &special.Pad}, {&config.Unk, &special.Unk}} {
		if *t[0] == "" {
			*t[0] = *t[1]
		}
	}
	if t, ok := files["chat_template.jinja"]; ok {
		config.ChatTemplate = hfChatTemplate(t)
	}
	return config, nil
}

// addTokens adds the tokens that tokenizer_config.json alone defines, and makes
// those special that it gives a role.
func (t *hfTokenizer) addTokens(config hfConfig) error {
	at := make(map[string]int, len(t.AddedTokens)) // by content
	used := make(map[int32]bool, len(t.AddedTokens))
	for i, a := range t.AddedTokens {
		at[a.Content], used[a.ID] = i, true
	}
	add := func(a hfAdded) {
		at[a.Content], used[a.ID] = len(t.AddedTokens), true
		t.AddedTokens = append(t.AddedTokens, a)
	}
	for _, key := range slices.Sorted(maps.Keys(config.Added)) {
		a := config.Added[key]
		id, err := strconv.ParseInt(key, 10, 32)
		if err != nil {
			return fmt.Errorf("%s: added_tokens_decoder has the key %q, which is no id", hfConfigFile, key)
		}
		a.ID = int32(id)
		if _, ok := at[a.Content]; !ok && !used[a.ID] && a.Content != "" {
			add(a)
		}
	}
	var vocab map[string]int32
	for _, role := range []hfToken{config.BOS, config.EOS, config.Pad, config.Unk} {
		if i, ok := at[string(role)]; ok {
			t.AddedTokens[i].Special = true
			continue
		}
		if role == "" || t.Model.Type != "BPE" && t.Model.Type != "" {
			continue
		}
		if vocab == nil {
			if err := json.Unmarshal(t.Model.Vocab, &vocab); err != nil {
				return fmt.Errorf("read the vocabulary: %w", err)
			}
		}
		if id, ok := vocab[string(role)]; ok && !used[id] {
			add(hfAdded{ID: id, Content: string(role), Special: true})
		}
	}
	return nil
}

// mark sets the markers and the size of the vocabulary.
func (e *encoding) mark(t hfTokenizer, config hfConfig, model hfModelConfig) error {
	e.size = max(e.size, model.VocabSize)
	var err error
	if e.markers.Begin, err = t.begin(config); err != nil {
		return err
	}
	end, ok := t.id(string(config.EOS))
	if !ok && len(model.EOS) > 0 {
		end, ok = model.EOS[0], true
	}
	if !ok || end < 0 || int(end) >= e.size {
		return fmt.Errorf("the model folder names no end token: set eos_token in %s or eos_token_id in %s", hfConfigFile, modelConfig)
	}
	e.markers.End = end
	e.markers.Input = e.Encode(inputText)
	e.markers.Output = e.Encode(outputText)
	return nil
}

// id returns the id of an added token.
func (t hfTokenizer) id(content string) (int32, bool) {
	i := slices.IndexFunc(t.AddedTokens, func(a hfAdded) bool { return a.Content == content })
	if i < 0 || content == "" {
		return 0, false
	}
	return t.AddedTokens[i].ID, true
}

// begin returns what the model wants before a text: by add_bos_token, or where
// that is absent by the template that the post-processor applies.
func (t hfTokenizer) begin(config hfConfig) ([]int32, error) {
	names := t.template()
	if config.AddBOS != nil {
		names = nil
		if *config.AddBOS && config.BOS != "" {
			names = []string{string(config.BOS)}
		}
	}
	var ids []int32
	for _, name := range names {
		id, ok := t.id(name)
		if !ok {
			return nil, fmt.Errorf("the beginning token %q is named, but %s does not define it", name, hfFile)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// template returns the special tokens that the post-processor puts before a
// text.
func (t hfTokenizer) template() []string {
	if t.PostProcessor == nil {
		return nil
	}
	for _, p := range append(slices.Clone(t.PostProcessor.Processors), *t.PostProcessor) {
		if p.Type != "TemplateProcessing" {
			continue
		}
		var names []string
		for _, s := range p.Single {
			if s.SpecialToken == nil {
				return names
			}
			names = append(names, s.SpecialToken.ID)
		}
	}
	return nil
}

// withEOS returns tokenizer_config.json with the end token named.
func withEOS(config []byte, eos string) ([]byte, error) {
	keys := make(map[string]json.RawMessage)
	if config != nil {
		if err := json.Unmarshal(config, &keys); err != nil {
			return nil, fmt.Errorf("read %s: %w", hfConfigFile, err)
		}
	}
	name, err := json.Marshal(eos)
	if err != nil {
		return nil, err
	}
	keys["eos_token"] = name
	data, err := json.MarshalIndent(keys, "", "  ")
	return append(data, '\n'), err
}
