package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// The files of a Hugging Face model folder that say how it tokenizes.
const (
	hfFile       = "tokenizer.json"
	hfConfigFile = "tokenizer_config.json"
	modelConfig  = "config.json"
)

// The texts that mark the parts of an exchange for models without tokens for
// them.
const (
	inputText  = "\n### Input:\n"
	outputText = "\n### Output:\n"
)

// hfTokenizer is the part of tokenizer.json that byte-level encodings need.
type hfTokenizer struct {
	AddedTokens   []hfAdded    `json:"added_tokens"`
	Normalizer    *hfComponent `json:"normalizer"`
	PreTokenizer  *hfComponent `json:"pre_tokenizer"`
	PostProcessor *hfComponent `json:"post_processor"`
	Decoder       *hfComponent `json:"decoder"`
	Model         hfModel      `json:"model"`
}

type hfAdded struct {
	ID      int32  `json:"id"`
	Content string `json:"content"`
}

type hfModel struct {
	Type         string          `json:"type"`
	Vocab        json.RawMessage `json:"vocab"` // an object for BPE, a list for Unigram
	Merges       []hfMerge       `json:"merges"`
	ByteFallback bool            `json:"byte_fallback"`
	IgnoreMerges bool            `json:"ignore_merges"`
	Prefix       string          `json:"continuing_subword_prefix"`
	Suffix       string          `json:"end_of_word_suffix"`
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

// An hfComponent is any step of the pipeline; its type says which fields hold.
type hfComponent struct {
	Type string `json:"type"`

	// Sequence
	PreTokenizers []hfComponent `json:"pretokenizers"`
	Normalizers   []hfComponent `json:"normalizers"`
	Processors    []hfComponent `json:"processors"`

	// Split
	Pattern struct {
		Regex  string `json:"Regex"`
		String string `json:"String"`
	} `json:"pattern"`
	Behavior string `json:"behavior"`
	Invert   bool   `json:"invert"`

	// ByteLevel
	AddPrefixSpace bool  `json:"add_prefix_space"`
	UseRegex       *bool `json:"use_regex"` // nil means true

	// Digits
	IndividualDigits bool `json:"individual_digits"`

	// TemplateProcessing
	Single []struct {
		SpecialToken *struct {
			ID string `json:"id"`
		} `json:"SpecialToken"`
	} `json:"single"`
}

func loadHF(dir string) (*encoding, error) {
	files := make(map[string][]byte)
	for _, name := range []string{hfFile, hfConfigFile} {
		data, err := readFile(dir, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		files[name] = data
	}
	var t hfTokenizer
	if err := json.Unmarshal(files[hfFile], &t); err != nil {
		return nil, fmt.Errorf("read %s: %w", hfFile, err)
	}
	e, err := newHF(t)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", hfFile, err)
	}
	if err := e.control(dir, t, files); err != nil {
		return nil, err
	}
	e.files = files
	return e, nil
}

// newHF builds the encoding without its control tokens.
func newHF(t hfTokenizer) (*encoding, error) {
	if err := t.checkModel(); err != nil {
		return nil, err
	}
	e := &encoding{whole: map[string]int32{}, cache: newCache()}
	var err error
	if e.normalize, err = hfNormalizer(t.Normalizer); err != nil {
		return nil, err
	}
	splits, byteLevel, err := hfSplitters(t.PreTokenizer)
	if err != nil {
		return nil, err
	}
	if !byteLevel {
		return nil, errors.New("the pre-tokenizer has no ByteLevel step: only byte-level BPE can be read")
	}
	e.split = chain(splits)
	vocab, err := t.vocabulary()
	if err != nil {
		return nil, err
	}
	if err := e.fill(t, vocab); err != nil {
		return nil, err
	}
	return e, nil
}

// checkModel refuses the kinds of tokenizers that are not byte-level BPE.
func (t hfTokenizer) checkModel() error {
	m := t.Model
	switch {
	case m.Type != "BPE" && m.Type != "":
		return fmt.Errorf("the model type is %s: only byte-level BPE can be read", m.Type)
	case m.ByteFallback:
		return errors.New("the model is SentencePiece BPE with byte_fallback: only byte-level BPE can be read")
	case m.Prefix != "" || m.Suffix != "":
		return errors.New("the model marks parts of words (continuing_subword_prefix or end_of_word_suffix): only byte-level BPE can be read")
	}
	return nil
}

// vocabulary returns the ids of the mergeable tokens.
func (t hfTokenizer) vocabulary() (map[string]int32, error) {
	var vocab map[string]int32
	if err := json.Unmarshal(t.Model.Vocab, &vocab); err != nil {
		return nil, fmt.Errorf("read the vocabulary: %w", err)
	}
	for token, id := range vocab {
		if id < 0 {
			return nil, fmt.Errorf("token %q has the negative id %d", token, id)
		}
	}
	return vocab, nil
}

// fill sets the tables of the encoding.
func (e *encoding) fill(t hfTokenizer, vocab map[string]int32) error {
	special := make(map[int32]bool, len(t.AddedTokens))
	e.text = make(map[int32]string, len(vocab)+len(t.AddedTokens))
	for _, a := range t.AddedTokens {
		special[a.ID] = true
		e.text[a.ID] = a.Content
		e.size = max(e.size, int(a.ID)+1)
	}
	for token, id := range vocab {
		e.size = max(e.size, int(id)+1)
		if special[id] {
			continue
		}
		text, ok := fromByteLevel(token)
		if !ok {
			return fmt.Errorf("token %d is not written in byte-level characters: only byte-level BPE can be read", id)
		}
		e.text[id] = text
		if t.Model.IgnoreMerges {
			e.whole[text] = id
		}
	}
	var byteIDs [256]int32
	for b, r := range byteRunes() {
		id, ok := vocab[string(r)]
		if !ok {
			return fmt.Errorf("the vocabulary has no token for the byte 0x%02x", b)
		}
		byteIDs[b] = id
	}
	join, err := hfJoiner(t.Model.Merges, vocab, special)
	if err != nil {
		return err
	}
	e.encode = func(piece string) []int32 { return merge(piece, &byteIDs, join) }
	return nil
}

// hfJoiner returns the merges as a joiner; an earlier merge has a lower rank.
func hfJoiner(merges []hfMerge, vocab map[string]int32, special map[int32]bool) (joiner, error) {
	type merged struct{ rank, id int32 }
	table := make(map[[2]int32]merged, len(merges))
	for rank, m := range merges {
		left, okLeft := vocab[m.left]
		right, okRight := vocab[m.right]
		id, ok := vocab[m.left+m.right]
		if !okLeft || !okRight || !ok {
			return nil, fmt.Errorf("merge %d joins tokens that are not in the vocabulary", rank)
		}
		if _, ok := table[[2]int32{left, right}]; !ok && !special[id] {
			table[[2]int32{left, right}] = merged{int32(rank), id}
		}
	}
	return func(left, right int32, _ string) (int32, int32, bool) {
		m, ok := table[[2]int32{left, right}]
		return m.rank, m.id, ok
	}, nil
}

func hfNormalizer(c *hfComponent) (func(string) string, error) {
	switch {
	case c == nil:
		return nil, nil
	case c.Type == "NFC":
		return norm.NFC.String, nil
	case c.Type == "Sequence" && len(c.Normalizers) == 0:
		return nil, nil
	case c.Type == "Sequence" && len(c.Normalizers) == 1:
		return hfNormalizer(&c.Normalizers[0])
	default:
		return nil, fmt.Errorf("the normalizer %s changes text: only NFC or none can be read", c.Type)
	}
}

// hfSplitters returns the cuts of a pre-tokenizer and whether it maps bytes.
func hfSplitters(c *hfComponent) (splits []splitter, byteLevel bool, err error) {
	if c == nil {
		return nil, false, nil
	}
	switch c.Type {
	case "Sequence":
		for i := range c.PreTokenizers {
			more, bytes, err := hfSplitters(&c.PreTokenizers[i])
			if err != nil {
				return nil, false, err
			}
			splits, byteLevel = append(splits, more...), byteLevel || bytes
		}
		return splits, byteLevel, nil
	case "ByteLevel":
		if c.AddPrefixSpace {
			return nil, false, errors.New("the pre-tokenizer adds a space before text (add_prefix_space), which does not decode to the same text")
		}
		if c.UseRegex == nil || *c.UseRegex {
			splits = append(splits, scan(gpt2Piece))
		}
		return splits, true, nil
	case "Digits":
		return []splitter{splitDigits(c.IndividualDigits)}, false, nil
	case "Split":
		s, err := hfSplit(c)
		return []splitter{s}, false, err
	default:
		return nil, false, fmt.Errorf("the pre-tokenizer %s is unknown: ByteLevel, Split, Digits and sequences of them can be read", c.Type)
	}
}

func hfSplit(c *hfComponent) (splitter, error) {
	isolated := c.Behavior == "Isolated" && !c.Invert
	// Removing what does not match is isolating, where the pattern matches all.
	removed := c.Behavior == "Removed" && c.Invert
	if c.Pattern.Regex == "" || !isolated && !removed {
		return nil, fmt.Errorf("the pre-tokenizer Split with behavior %q is unknown: a Regex that is Isolated can be read", c.Behavior)
	}
	return newSplitter(c.Pattern.Regex)
}

// chain makes one splitter of several, each cutting the pieces of the last.
func chain(splits []splitter) splitter {
	switch len(splits) {
	case 0:
		return func(text string, yield func(string)) { yield(text) }
	case 1:
		return splits[0]
	}
	rest := chain(splits[1:])
	return func(text string, yield func(string)) {
		splits[0](text, func(piece string) { rest(piece, yield) })
	}
}

// byteRunes returns the characters by which byte-level vocabularies write
// bytes: visible Latin-1 characters stand for themselves, the others for the
// characters from U+0100 on.
func byteRunes() [256]rune {
	var runes [256]rune
	next := rune(0x100)
	for b := range rune(256) {
		visible := '!' <= b && b <= '~' || '¡' <= b && b <= '¬' || '®' <= b && b <= 'ÿ'
		if visible {
			runes[b] = b
			continue
		}
		runes[b] = next
		next++
	}
	return runes
}

// runeBytes is the inverse of byteRunes.
var runeBytes = func() map[rune]byte {
	m := make(map[rune]byte, 256)
	for b, r := range byteRunes() {
		m[r] = byte(b)
	}
	return m
}()

func fromByteLevel(token string) (string, bool) {
	b := make([]byte, 0, len(token))
	for _, r := range token {
		c, ok := runeBytes[r]
		if !ok {
			return "", false
		}
		b = append(b, c)
	}
	return string(b), true
}
