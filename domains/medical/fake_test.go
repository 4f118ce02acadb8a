package medical

import (
	"context"
	"errors"
	"strings"
	"sync"

	"adapt/domains"
	"adapt/prompt"
	"adapt/tokenizer"
)

// wordTokenizer gives every run of white space and the word after it an id.
type wordTokenizer struct {
	mu    sync.Mutex
	ids   map[string]int32
	words []string
}

func newWordTokenizer() *wordTokenizer {
	return &wordTokenizer{ids: map[string]int32{}, words: []string{"<begin>", "<input>", "<output>", "<end>"}}
}

func (w *wordTokenizer) Encode(text string) []int32 {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []int32
	for text != "" {
		end := 1
		for end < len(text) && text[end] != ' ' {
			end++
		}
		word := text[:end]
		text = text[end:]
		id, ok := w.ids[word]
		if !ok {
			id = int32(len(w.words))
			w.ids[word], w.words = id, append(w.words, word)
		}
		out = append(out, id)
	}
	return out
}

func (w *wordTokenizer) Decode(ids []int32) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var b strings.Builder
	for _, id := range ids {
		b.WriteString(w.words[id])
	}
	return b.String()
}

func (w *wordTokenizer) VocabSize() int { return 1 << 20 }

func (w *wordTokenizer) Markers() tokenizer.Markers {
	return tokenizer.Markers{Begin: []int32{0}, Input: []int32{1}, Output: []int32{2}, End: 3}
}

// scripted is a model that says what it is told to.
type scripted struct {
	tok    *wordTokenizer
	says   string
	max    int
	fails  error
	inputs []string // what it was asked
}

func (m *scripted) Begin(context.Context) (domains.Session, error) {
	if m.fails != nil {
		return nil, m.fails
	}
	return &session{m: m, n: 1}, nil
}

func (m *scripted) Tokenizer() tokenizer.Tokenizer { return m.tok }
func (m *scripted) MaxTokens() int                 { return m.max }

type session struct {
	m *scripted
	n int
}

func (s *session) Ask(input string) error {
	s.m.inputs = append(s.m.inputs, input)
	s.n += len(prompt.Ask(s.m.tok, input))
	if s.n > s.m.max {
		return errors.New("the context is full")
	}
	return nil
}

func (s *session) Next([]string) ([]float64, error) { return nil, errors.New("not used") }
func (s *session) Say(string) error                 { return errors.New("not used") }
func (s *session) End() error                       { return nil }
func (s *session) Len() int                         { return s.n }
func (s *session) Close()                           {}

func (s *session) Write(max int) (domains.Written, error) {
	ids := s.m.tok.Encode(s.m.says)
	finished := len(ids) < max
	if !finished {
		ids = ids[:max]
	}
	s.n += len(ids) + 1
	return domains.Written{Text: s.m.tok.Decode(ids), LogProb: -1, Tokens: len(ids), Finished: finished}, nil
}
