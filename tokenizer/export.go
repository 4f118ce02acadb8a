package tokenizer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// files returns what Save writes for a tiktoken encoding.
func (s spec) files(hf func() (hfTokenizer, hfConfig, error)) (map[string][]byte, error) {
	t, config, err := hf()
	if err != nil {
		return nil, err
	}
	files := make(map[string][]byte)
	for name, content := range map[string]any{specFile: s, hfFile: t, hfConfigFile: config} {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(name == specFile) // as it was from the first version on
		if name != hfFile {
			enc.SetIndent("", "  ")
		}
		if err := enc.Encode(content); err != nil {
			return nil, fmt.Errorf("write %s: %w", name, err)
		}
		files[name] = b.Bytes()
	}
	return files, nil
}

// tokenizerJSON returns a tokenizer.json that encodes as tiktoken does: every
// pair of tokens that spells a token merges, in the order of the ranks, and a
// piece that is a token needs no merges.
func (s spec) tokenizerJSON(ranks map[string]int32) (hfTokenizer, error) {
	tokens := slices.SortedFunc(maps.Keys(ranks), func(a, b string) int { return int(ranks[a] - ranks[b]) })
	vocab, err := orderedVocab(tokens, ranks)
	if err != nil {
		return hfTokenizer{}, err
	}
	yes, no := true, false
	byteLevel := hfComponent{Type: "ByteLevel", AddPrefixSpace: &no, TrimOffsets: &yes, UseRegex: &yes}
	t := hfTokenizer{
		Version:      "1.0",
		PreTokenizer: &byteLevel,
		Decoder:      &byteLevel,
		Model:        hfModel{Type: "BPE", IgnoreMerges: true, Vocab: vocab, Merges: allMerges(tokens, ranks)},
	}
	if pattern := patterns[s.Encoding]; pattern != patternGPT2 {
		bytesOnly := byteLevel
		bytesOnly.UseRegex = &no
		t.PreTokenizer = &hfComponent{Type: "Sequence", PreTokenizers: []hfComponent{
			{Type: "Split", Pattern: &hfPattern{Regex: pattern}, Behavior: "Isolated", Invert: &no},
			bytesOnly,
		}}
	}
	names := slices.SortedFunc(maps.Keys(s.Special), func(a, b string) int { return int(s.Special[a] - s.Special[b]) })
	for _, name := range names {
		t.AddedTokens = append(t.AddedTokens, hfAdded{ID: s.Special[name], Content: name, Special: true})
	}
	t.PostProcessor = &byteLevel
	if begin := s.Markers.Begin; begin != "" {
		t.PostProcessor = &hfComponent{Type: "Sequence", Processors: []hfComponent{byteLevel, startWith(begin, s.Special[begin])}}
	}
	return t, nil
}

// startWith is the template that puts a token before a text.
func startWith(name string, id int32) hfComponent {
	special := hfTemplate{SpecialToken: &hfTemplateID{ID: name}}
	sequence := func(id string, typeID int) hfTemplate {
		return hfTemplate{Sequence: &hfTemplateID{ID: id, TypeID: typeID}}
	}
	return hfComponent{
		Type:          "TemplateProcessing",
		Single:        []hfTemplate{special, sequence("A", 0)},
		Pair:          []hfTemplate{special, sequence("A", 0), sequence("B", 1)},
		SpecialTokens: map[string]hfInsert{name: {ID: name, IDs: []int32{id}, Tokens: []string{name}}},
	}
}

// orderedVocab writes the vocabulary in the order of its ids.
func orderedVocab(tokens []string, ranks map[string]int32) (json.RawMessage, error) {
	var b bytes.Buffer
	for i, token := range tokens {
		name, err := json.Marshal(toByteLevel(token))
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%c%s:%d", "{,"[min(i, 1)], name, ranks[token])
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// allMerges returns every pair of tokens that spells a token, in the order of
// the ranks of what they spell.
func allMerges(tokens []string, ranks map[string]int32) []hfMerge {
	var merges []hfMerge
	for _, token := range tokens {
		for cut := 1; cut < len(token); cut++ {
			_, okLeft := ranks[token[:cut]]
			_, okRight := ranks[token[cut:]]
			if okLeft && okRight {
				merges = append(merges, hfMerge{toByteLevel(token[:cut]), toByteLevel(token[cut:])})
			}
		}
	}
	return merges
}

// tokenizerConfig returns tokenizer_config.json. The padding token is not the
// end token: programs that mask padding would mask the end.
func (s spec) tokenizerConfig() hfConfig {
	no, begins := false, s.Markers.Begin != ""
	config := hfConfig{
		AddBOS:  &begins,
		BOS:     hfToken(s.Markers.Begin),
		EOS:     hfToken(s.Markers.End),
		Class:   "PreTrainedTokenizerFast",
		CleanUp: &no,
	}
	if s.Markers.Begin != s.Markers.End {
		config.Pad = hfToken(s.Markers.Begin)
	}
	config.ChatTemplate = s.chatTemplate()
	return config
}

// chatTemplate renders messages as package prompt renders turns.
func (s spec) chatTemplate() hfChatTemplate {
	quote := strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`)
	text := func(name, or string) string {
		if name == "" {
			name = or
		}
		return "{{ '" + quote.Replace(name) + "' }}"
	}
	begin := ""
	if s.Markers.Begin != "" {
		begin = text(s.Markers.Begin, "")
	}
	return hfChatTemplate(begin + "{% for m in messages %}{% if m['role'] == 'assistant' %}{{ m['content'] }}" + text(s.Markers.End, "") +
		"{% else %}" + text(s.Markers.Input, inputText) + "{{ m['content'] }}" + text(s.Markers.Output, outputText) + "{% endif %}{% endfor %}")
}
