package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// The files of a Hugging Face model folder that say how it tokenizes.
const (
	hfFile        = "tokenizer.json"
	hfConfigFile  = "tokenizer_config.json"
	hfSpecialFile = "special_tokens_map.json"
	modelConfig   = "config.json"
)

// hfKept are further files that are read by other programs and that Save
// carries over.
var hfKept = []string{hfSpecialFile, "added_tokens.json", "chat_template.jinja"}

// maxVocab bounds ids; the largest vocabularies have some 260,000.
const maxVocab = 1 << 22

// hfTokenizer is tokenizer.json as far as it concerns byte-pair encodings.
type hfTokenizer struct {
	Version       string       `json:"version,omitempty"`
	AddedTokens   []hfAdded    `json:"added_tokens"`
	Normalizer    *hfComponent `json:"normalizer"`
	PreTokenizer  *hfComponent `json:"pre_tokenizer"`
	PostProcessor *hfComponent `json:"post_processor"`
	Decoder       *hfComponent `json:"decoder"`
	Model         hfModel      `json:"model"`
}

type hfAdded struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`
}

type hfModel struct {
	Type         string          `json:"type"`
	Dropout      *float64        `json:"dropout"`
	Unk          *string         `json:"unk_token"`
	Prefix       string          `json:"continuing_subword_prefix"`
	Suffix       string          `json:"end_of_word_suffix"`
	FuseUnk      bool            `json:"fuse_unk"`
	ByteFallback bool            `json:"byte_fallback"`
	IgnoreMerges bool            `json:"ignore_merges"`
	Vocab        json.RawMessage `json:"vocab"` // an object for BPE, a list for Unigram
	Merges       []hfMerge       `json:"merges"`
}

// An hfMerge is "left right" in older files and ["left", "right"] in newer.
type hfMerge struct{ left, right string }

func (m *hfMerge) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte("[")) {
		var both []string
		if err := json.Unmarshal(data, &both); err != nil {
			return err
		}
		if len(both) != 2 {
			return fmt.Errorf("a merge joins 2 tokens, not %d", len(both))
		}
		m.left, m.right = both[0], both[1]
		return nil
	}
	var line string
	if err := json.Unmarshal(data, &line); err != nil {
		return err
	}
	left, right, ok := strings.Cut(line, " ")
	if !ok || strings.Contains(right, " ") {
		return errors.New("a merge is two tokens with one space between")
	}
	m.left, m.right = left, right
	return nil
}

// MarshalJSON writes the older form, which every version of the readers knows.
// Byte-level tokens have no spaces.
func (m hfMerge) MarshalJSON() ([]byte, error) { return json.Marshal(m.left + " " + m.right) }

// An hfComponent is any step of the pipeline; its type says which fields hold.
type hfComponent struct {
	Type string `json:"type"`

	// Sequence
	PreTokenizers []hfComponent `json:"pretokenizers,omitempty"`
	Normalizers   []hfComponent `json:"normalizers,omitempty"`
	Processors    []hfComponent `json:"processors,omitempty"`
	Decoders      []hfComponent `json:"decoders,omitempty"`

	// Split and Replace
	Pattern  *hfPattern `json:"pattern,omitempty"`
	Behavior string     `json:"behavior,omitempty"`
	Invert   *bool      `json:"invert,omitempty"`

	// Replace and Strip
	Content string `json:"content,omitempty"`
	Start   int    `json:"start,omitempty"`
	Stop    int    `json:"stop,omitempty"`

	// Prepend
	Prepend string `json:"prepend,omitempty"`

	// ByteLevel and Metaspace
	AddPrefixSpace *bool  `json:"add_prefix_space,omitempty"`
	TrimOffsets    *bool  `json:"trim_offsets,omitempty"`
	UseRegex       *bool  `json:"use_regex,omitempty"` // nil means true
	Replacement    string `json:"replacement,omitempty"`
	PrependScheme  string `json:"prepend_scheme,omitempty"`
	Split          *bool  `json:"split,omitempty"` // nil means true

	// Digits
	IndividualDigits bool `json:"individual_digits,omitempty"`

	// TemplateProcessing
	Single        []hfTemplate        `json:"single,omitempty"`
	Pair          []hfTemplate        `json:"pair,omitempty"`
	SpecialTokens map[string]hfInsert `json:"special_tokens,omitempty"`
}

type hfPattern struct {
	Regex  string `json:"Regex,omitempty"`
	String string `json:"String,omitempty"`
}

type hfTemplate struct {
	SpecialToken *hfTemplateID `json:"SpecialToken,omitempty"`
	Sequence     *hfTemplateID `json:"Sequence,omitempty"`
}

type hfTemplateID struct {
	ID     string `json:"id"`
	TypeID int    `json:"type_id"`
}

type hfInsert struct {
	ID     string   `json:"id"`
	IDs    []int32  `json:"ids"`
	Tokens []string `json:"tokens"`
}

func isTrue(b *bool, absent bool) bool {
	if b == nil {
		return absent
	}
	return *b
}

func loadHF(dir string) (*encoding, error) {
	files := make(map[string][]byte)
	for _, name := range append([]string{hfFile, hfConfigFile}, hfKept...) {
		data, err := readFile(dir, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		files[name] = data
	}
	model, err := readModelConfig(dir)
	if err != nil {
		return nil, err
	}
	return parseHF(files, model)
}

// parseHF builds the encoding of a model folder's tokenizer files.
func parseHF(files map[string][]byte, model hfModelConfig) (*encoding, error) {
	t, config, err := readHF(files)
	if err != nil {
		return nil, err
	}
	e, err := newHF(t)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", hfFile, err)
	}
	if err := e.mark(t, config, model); err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(t.AddedTokens, func(a hfAdded) bool { return a.ID == e.markers.End }); config.EOS == "" && i >= 0 {
		// The end is known from config.json only; Save must not lose it.
		files = maps.Clone(files)
		if files[hfConfigFile], err = withEOS(files[hfConfigFile], t.AddedTokens[i].Content); err != nil {
			return nil, err
		}
	}
	e.files = func() (map[string][]byte, error) { return files, nil }
	e.hf = func() (hfTokenizer, hfConfig, error) { return readHF(files) }
	return e, nil
}

// readHF reads the files, with the tokens that only tokenizer_config.json adds.
func readHF(files map[string][]byte) (hfTokenizer, hfConfig, error) {
	var t hfTokenizer
	if err := json.Unmarshal(files[hfFile], &t); err != nil {
		return t, hfConfig{}, fmt.Errorf("read %s: %w", hfFile, err)
	}
	config, err := readHFConfig(files)
	if err != nil {
		return t, config, err
	}
	if err := t.addTokens(config); err != nil {
		return t, config, fmt.Errorf("%s: %w", hfFile, err)
	}
	return t, config, nil
}

// newHF builds the encoding without its markers.
func newHF(t hfTokenizer) (*encoding, error) {
	if err := t.checkModel(); err != nil {
		return nil, err
	}
	steps, err := hfPreTokenizer(t.PreTokenizer)
	if err != nil {
		return nil, err
	}
	e := &encoding{whole: map[string]int32{}, cache: newCache()}
	if e.normalize, err = hfNormalizer(t.Normalizer); err != nil {
		return nil, err
	}
	if err := e.find(t.AddedTokens); err != nil {
		return nil, err
	}
	vocab, err := t.vocabulary()
	if err != nil {
		return nil, err
	}
	switch {
	case steps.byteLevel && !t.Model.ByteFallback:
		err = e.fillByteLevel(t, vocab, steps)
	case t.Model.ByteFallback && !steps.byteLevel:
		err = e.fillSentencePiece(t, vocab, steps)
	case steps.byteLevel:
		err = errors.New("the model has a ByteLevel pre-tokenizer and byte_fallback: only one of them can be read")
	default:
		err = errors.New("the pre-tokenizer has no ByteLevel step and the model no byte_fallback: only byte-level BPE and SentencePiece BPE with byte_fallback can be read")
	}
	if err != nil {
		return nil, err
	}
	return e, nil
}

// checkModel refuses the kinds of tokenizers that can not be read.
func (t hfTokenizer) checkModel() error {
	m := t.Model
	switch {
	case m.Type != "BPE" && m.Type != "":
		return fmt.Errorf("the model type is %s: only BPE can be read", m.Type)
	case m.Prefix != "" || m.Suffix != "":
		return errors.New("the model marks parts of words (continuing_subword_prefix or end_of_word_suffix): only byte-level BPE and SentencePiece BPE with byte_fallback can be read")
	case m.Dropout != nil && *m.Dropout != 0:
		return fmt.Errorf("the model drops merges at random (dropout %g): set it to null", *m.Dropout)
	}
	return nil
}

// find sets the tokens that are taken out of a text.
func (e *encoding) find(tokens []hfAdded) error {
	var raw, normalized []hfAdded
	for _, a := range tokens {
		if a.Normalized {
			if e.normalize != nil {
				a.Content = e.normalize(a.Content)
			}
			normalized = append(normalized, a)
			continue
		}
		raw = append(raw, a)
	}
	var err error
	if e.raw, err = newAddedTokens(raw); err != nil {
		return err
	}
	e.added, err = newAddedTokens(normalized)
	return err
}
