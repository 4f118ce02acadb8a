package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
)

// hfConfig is the part of tokenizer_config.json that names control tokens.
type hfConfig struct {
	AddBOS *bool   `json:"add_bos_token"`
	BOS    hfToken `json:"bos_token"`
	EOS    hfToken `json:"eos_token"`
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

// control sets the markers and the size of the vocabulary by the files that
// stand beside tokenizer.json.
func (e *encoding) control(dir string, t hfTokenizer, files map[string][]byte) error {
	var config hfConfig
	if data, ok := files[hfConfigFile]; ok {
		if err := json.Unmarshal(data, &config); err != nil {
			return fmt.Errorf("read %s: %w", hfConfigFile, err)
		}
	}
	var model hfModelConfig
	data, err := readFile(dir, modelConfig)
	switch {
	case err == nil:
		if err := json.Unmarshal(data, &model); err != nil {
			return fmt.Errorf("read %s: %w", modelConfig, err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	e.size = max(e.size, model.VocabSize)
	return e.mark(t, config, model)
}

func (e *encoding) mark(t hfTokenizer, config hfConfig, model hfModelConfig) error {
	ids := make(map[string]int32, len(t.AddedTokens))
	for _, a := range t.AddedTokens {
		ids[a.Content] = a.ID
	}
	if config.BOS != "" && t.startsWith(string(config.BOS), config.AddBOS) {
		id, ok := ids[string(config.BOS)]
		if !ok {
			return fmt.Errorf("%s names the beginning token %q, which %s does not define", hfConfigFile, config.BOS, hfFile)
		}
		e.markers.Begin = []int32{id}
	}
	end, ok := ids[string(config.EOS)]
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

// startsWith says whether the model wants bos before a text: by the setting,
// or where it is absent by the template that the post-processor applies.
func (t hfTokenizer) startsWith(bos string, setting *bool) bool {
	if setting != nil {
		return *setting
	}
	if t.PostProcessor == nil {
		return false
	}
	for _, p := range append(t.PostProcessor.Processors, *t.PostProcessor) {
		if p.Type != "TemplateProcessing" || len(p.Single) == 0 {
			continue
		}
		first := p.Single[0].SpecialToken
		return first != nil && first.ID == bos
	}
	return false
}
