package legal

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"adapt/domains"
	"adapt/prompt"
	"adapt/tokenizer"
)

// A scripted model answers by a table of inputs; what is not in it is " none".
type scripted struct {
	tok tokenizer.Tokenizer
	max int
	// point gives the probability of each choice that goes on with what was
	// said; choices that it does not name share the rest.
	point func(input, said string) map[string]float64
	write func(input string) domains.Written
	fail  error

	t         *testing.T
	exchanges int
	longest   int
}

func (m *scripted) Tokenizer() tokenizer.Tokenizer { return m.tok }
func (m *scripted) MaxTokens() int                 { return m.max }
func (m *scripted) Begin(context.Context) (domains.Session, error) {
	m.exchanges++
	return &session{m: m, n: len(m.tok.Markers().Begin)}, m.fail
}

type session struct {
	m           *scripted
	n           int
	input, said string
	open        bool
}

func (s *session) grow(n int) {
	s.n += n
	s.m.longest = max(s.m.longest, s.n)
}

func (s *session) Ask(input string) error {
	if s.open {
		return errors.New("asked before the answer was closed")
	}
	s.input, s.said, s.open = input, "", true
	s.grow(len(prompt.Ask(s.m.tok, input)))
	return nil
}

func (s *session) Next(choices []string) ([]float64, error) {
	if !s.open {
		return nil, errors.New("nothing was asked")
	}
	given := s.m.point(s.input, s.said)
	rest := 1.0
	for _, p := range given {
		rest -= p
	}
	logs := make([]float64, len(choices))
	for i, c := range choices {
		p, ok := given[c]
		if !ok {
			p = rest / float64(len(choices))
		}
		logs[i] = math.Log(p * 0.9) // the whole vocabulary has a share, too
	}
	return logs, nil
}

func (s *session) Say(text string) error {
	s.said += text
	s.grow(len(s.m.tok.Encode(text)))
	return nil
}

func (s *session) End() error {
	s.open = false
	s.grow(1)
	return nil
}

func (s *session) Write(max int) (domains.Written, error) {
	w := s.m.write(s.input)
	s.open = false
	s.grow(min(max, len(s.m.tok.Encode(w.Text))) + 1)
	return w, nil
}

func (s *session) Len() int { return s.n }
func (s *session) Close()   {}

// sure answers with fixed codes for the segments that hold a key.
func sure(table map[string]string) func(input, said string) map[string]float64 {
	return func(input, said string) map[string]float64 {
		for key, answer := range table {
			if !strings.Contains(input, key) {
				continue
			}
			rest := strings.TrimPrefix(answer, said)
			if rest == "" {
				return map[string]float64{"": 0.95}
			}
			return map[string]float64{" " + strings.Fields(rest)[0]: 0.95}
		}
		return map[string]float64{" none": 0.95}
	}
}
