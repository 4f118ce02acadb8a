package tokenizer

import (
	"fmt"
	"strings"
)

// A Vocabulary is what other formats, such as GGUF, store of a tokenizer.
type Vocabulary struct {
	Kind   Kind
	Tokens []Token     // by id; as many as Tokenizer.VocabSize
	Merges [][2]string // in the order in which they are tried, as tokens are written

	BOS, EOS, Pad, Unk int32 // -1 where the tokenizer has none
	AddBOS             bool  // whether BOS begins every text
	// AddSpace says whether a space is put before a text.
	AddSpace     bool
	ChatTemplate string // a Jinja template; empty where there is none
	// Pattern is the regular expression that cuts text before merging, as
	// tokenizer.json has it: the first Split, GPT-2's for a ByteLevel step that
	// cuts by itself, empty for none. Digits tells of a Digits step before it.
	Pattern string
	Digits  bool
}

// Kind says how the tokens of a [Vocabulary] are written.
type Kind int

const (
	ByteLevel     Kind = iota // bytes as visible characters, a space as "Ġ"
	SentencePiece             // a space as "▁", bytes as "<0x0A>"
)

// A Token is one entry of a [Vocabulary].
type Token struct {
	Text string // as tokenizer.json writes it
	Type TokenType
}

// TokenType has the numbers of GGUF's tokenizer.ggml.token_type.
type TokenType int32

const (
	NormalToken  TokenType = 1
	UnknownToken TokenType = 2
	ControlToken TokenType = 3 // placed by id only
	UserToken    TokenType = 4 // taken out of text before merging
	UnusedToken  TokenType = 5
	ByteToken    TokenType = 6
)

// Vocab returns the vocabulary of a tokenizer of this package. Ids that no
// token has are unused and called [PAD1000], as converters to GGUF call them.
func Vocab(t Tokenizer) (*Vocabulary, error) {
	e, ok := t.(*encoding)
	if !ok {
		return nil, fmt.Errorf("vocabulary: a %T did not come from this package", t)
	}
	hf, config, err := e.hf()
	if err != nil {
		return nil, fmt.Errorf("vocabulary: %w", err)
	}
	ids, err := hf.vocabulary()
	if err != nil {
		return nil, fmt.Errorf("vocabulary: %w", err)
	}
	v := &Vocabulary{
		Tokens:       make([]Token, e.size),
		Merges:       make([][2]string, len(hf.Model.Merges)),
		AddBOS:       len(e.markers.Begin) > 0,
		AddSpace:     e.strip,
		ChatTemplate: string(config.ChatTemplate),
	}
	if hf.Model.ByteFallback {
		v.Kind = SentencePiece
	}
	for token, id := range ids {
		v.Tokens[id] = Token{token, v.Kind.tokenType(token)}
	}
	for _, a := range hf.AddedTokens {
		v.Tokens[a.ID] = Token{a.Content, UserToken}
		if a.Special {
			v.Tokens[a.ID].Type = ControlToken
		}
	}
	for id := range v.Tokens {
		if v.Tokens[id].Type == 0 {
			v.Tokens[id] = Token{fmt.Sprintf("[PAD%d]", id), UnusedToken}
		}
	}
	for i, m := range hf.Model.Merges {
		v.Merges[i] = [2]string{m.left, m.right}
	}
	v.setRoles(e, hf, config)
	v.setPattern(hf.PreTokenizer)
	return v, nil
}

func (k Kind) tokenType(token string) TokenType {
	if k == SentencePiece && len(token) == len("<0x00>") && strings.HasPrefix(token, "<0x") && token[5] == '>' {
		return ByteToken
	}
	return NormalToken
}

func (v *Vocabulary) setRoles(e *encoding, hf hfTokenizer, config hfConfig) {
	role := func(name string) int32 {
		if id, ok := hf.id(name); ok {
			return id
		}
		return -1
	}
	v.BOS, v.EOS, v.Pad, v.Unk = role(string(config.BOS)), e.markers.End, role(string(config.Pad)), role(string(config.Unk))
	if v.BOS < 0 && v.AddBOS {
		v.BOS = e.markers.Begin[0]
	}
	if v.Unk < 0 && hf.Model.Unk != nil {
		v.Unk = role(*hf.Model.Unk)
	}
	if v.Unk >= 0 && v.Kind == SentencePiece {
		v.Tokens[v.Unk].Type = UnknownToken
	}
}

// setPattern looks for what cuts text.
func (v *Vocabulary) setPattern(c *hfComponent) {
	if c == nil {
		return
	}
	for _, step := range append([]hfComponent{*c}, c.PreTokenizers...) {
		switch {
		case step.Type == "Digits":
			v.Digits = true
		case step.Type == "Split" && step.Pattern != nil && v.Pattern == "":
			v.Pattern = step.Pattern.Regex
		case step.Type == "ByteLevel" && isTrue(step.UseRegex, true) && v.Pattern == "":
			v.Pattern = patternGPT2
		}
	}
}
