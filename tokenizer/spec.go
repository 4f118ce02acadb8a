package tokenizer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// specFile describes a tiktoken encoding inside a model folder.
const specFile = "adapt_tokenizer.json"

// A spec is the content of specFile.
type spec struct {
	Encoding  string           `json:"encoding"`   // "r50k_base"
	Ranks     int              `json:"ranks"`      // the first so many; 0 means all
	VocabSize int              `json:"vocab_size"` // special and reserved ids included
	Special   map[string]int32 `json:"special"`
	Markers   specMarkers      `json:"markers"`
}

// specMarkers names special tokens. Begin may be empty; where Input or Output
// is, a text marks that part.
type specMarkers struct {
	Begin  string `json:"begin,omitempty"`
	Input  string `json:"input,omitempty"`
	Output string `json:"output,omitempty"`
	End    string `json:"end"`
}

func parseSpec(data []byte) (spec, error) {
	var s spec
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return spec{}, fmt.Errorf("read %s: %w", specFile, err)
	}
	s.Encoding = encodingName(s.Encoding)
	if err := s.validate(); err != nil {
		return spec{}, fmt.Errorf("%s: %w", specFile, err)
	}
	return s, nil
}

func (s spec) validate() error {
	if _, ok := patterns[s.Encoding]; !ok {
		return fmt.Errorf("encoding %q is unknown; use one of %v", s.Encoding, slices.Sorted(maps.Keys(patterns)))
	}
	if s.Ranks < 0 {
		return fmt.Errorf("ranks is %d; use 0 for the whole encoding", s.Ranks)
	}
	if s.VocabSize > maxVocab {
		return fmt.Errorf("vocab_size is %d, more than any vocabulary can have (%d)", s.VocabSize, maxVocab)
	}
	seen := make(map[int32]string)
	for _, name := range slices.Sorted(maps.Keys(s.Special)) {
		id := s.Special[name]
		if int(id) < s.Ranks || int(id) >= s.VocabSize {
			return fmt.Errorf("special token %q has id %d, which must lie from %d to %d", name, id, s.Ranks, s.VocabSize-1)
		}
		if other, ok := seen[id]; ok {
			return fmt.Errorf("special tokens %q and %q share the id %d", other, name, id)
		}
		seen[id] = name
	}
	m := s.Markers
	for _, name := range []string{m.Begin, m.Input, m.Output, m.End} {
		if _, ok := s.Special[name]; !ok && name != "" {
			return fmt.Errorf("marker %q is no special token", name)
		}
	}
	if m.End == "" {
		return fmt.Errorf("the marker end must be named")
	}
	return nil
}

// markers returns the ids of the markers; encode is that of ordinary text.
func (s spec) markers(encode func(string) []int32) Markers {
	ids := func(name, text string) []int32 {
		if name != "" {
			return []int32{s.Special[name]}
		}
		return encode(text)
	}
	return Markers{
		Begin:  ids(s.Markers.Begin, ""),
		Input:  ids(s.Markers.Input, inputText),
		Output: ids(s.Markers.Output, outputText),
		End:    s.Special[s.Markers.End],
	}
}
