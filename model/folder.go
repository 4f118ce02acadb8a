package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Files of a model folder beside configuration and weights.
const (
	configFile     = "config.json"
	generationFile = "generation_config.json"
	weightsFile    = "model.safetensors"
	indexFile      = "model.safetensors.index.json"
)

// keptFiles pass from the folder that was loaded to the one that is saved
// unread: how to generate, and the chat template, which older folders have in
// tokenizer_config.json.
var keptFiles = []string{generationFile, "chat_template.jinja", "tokenizer_config.json"}

const maxSmallFile = 64 << 20 // of JSON and templates

// readSmall reads a file of bounded size.
func readSmall(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSmallFile+1))
	if err == nil && len(b) > maxSmallFile {
		err = fmt.Errorf("%s is larger than %d bytes", filepath.Base(path), maxSmallFile)
	}
	return b, err
}

// readKept reads the files that pass through.
func readKept(dir string) (map[string][]byte, error) {
	kept := map[string][]byte{}
	for _, name := range keptFiles {
		b, err := readSmall(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return nil, fmt.Errorf("model: %w", err)
		}
		kept[name] = b
	}
	if b, ok := kept[generationFile]; ok {
		var g generation
		if err := json.Unmarshal(b, &g); err != nil {
			return nil, fmt.Errorf("model: %s: %w", generationFile, err)
		}
	}
	return kept, nil
}

// generation is what is read of generation_config.json.
type generation struct {
	EOS tokenIDs `json:"eos_token_id"`
}

// tokenIDs is a token id or a list of them in JSON.
type tokenIDs []int32

func (ids *tokenIDs) UnmarshalJSON(b []byte) error {
	var one *int32
	if err := json.Unmarshal(b, &one); err == nil {
		if one != nil {
			*ids = tokenIDs{*one}
		}
		return nil
	}
	return json.Unmarshal(b, (*[]int32)(ids))
}

// EOS returns the tokens that end a text: generation_config.json's, else
// config.json's, else none.
func (m *Model) EOS() []int32 {
	var g generation
	if err := json.Unmarshal(m.Kept[generationFile], &g); err == nil && len(g.EOS) > 0 {
		return g.EOS
	}
	b, err := json.Marshal(m.Config.EOS)
	if err != nil {
		return nil
	}
	var ids tokenIDs
	if err := json.Unmarshal(b, &ids); err != nil {
		return nil
	}
	return ids
}

// ChatTemplate returns the model's chat template as Jinja source, "" when it
// has none. It passes through files; nothing here renders it.
func (m *Model) ChatTemplate() string {
	if b, ok := m.Kept["chat_template.jinja"]; ok {
		return string(b)
	}
	var t struct {
		ChatTemplate json.RawMessage `json:"chat_template"`
	}
	if err := json.Unmarshal(m.Kept["tokenizer_config.json"], &t); err != nil {
		return ""
	}
	var template string
	if err := json.Unmarshal(t.ChatTemplate, &template); err == nil {
		return template
	}
	var named []struct{ Name, Template string }
	_ = json.Unmarshal(t.ChatTemplate, &named)
	for _, n := range named {
		if n.Name == "default" {
			return n.Template
		}
	}
	return ""
}
