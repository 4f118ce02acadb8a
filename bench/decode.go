package bench

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"adapt/generate"
	"adapt/model"
	"adapt/prompt"
	"adapt/tokenizer"
)

// decodeTarget is the share of the memory's bandwidth that decoding one exchange
// must read weights and cache at.
const decodeTarget = 0.70

// Decode measures decoding with a key-value cache at GPT-2 124M's shape: one
// exchange with weights in each form of storage, and many together.
func Decode(ctx context.Context, o Options) ([]Figure, error) {
	return decode(ctx, o, gpt2Small(), machine())
}

func decode(ctx context.Context, o Options, c model.Config, lim limits) ([]Figure, error) {
	var figures []Figure
	for _, stored := range []string{"float32", "bf16", "int8", "nf4"} {
		o.logf("decoding with weights in %s", stored)
		m, err := Workload{Config: c, Stored: stored}.model(o.threads())
		if err != nil {
			return nil, err
		}
		d := decoding{ctx: ctx, o: o, m: m, stored: stored}
		single, err := d.single(lim)
		if err != nil {
			return nil, err
		}
		figures = append(figures, single...)
		if stored == "float32" || stored == "bf16" {
			together, err := d.together(single[1].Figure)
			if err != nil {
				return nil, err
			}
			figures = append(figures, together)
		}
	}
	return figures, nil
}

// A decoding measures one model.
type decoding struct {
	ctx    context.Context
	o      Options
	m      *model.Model
	stored string
}

func (d decoding) text() (*generate.Text, error) {
	// Any tokenizer will do whose vocabulary is not above the model's.
	tok, err := tokenizer.Starter()
	if err != nil {
		return nil, err
	}
	return generate.NewText(d.m, tok, generate.Options{Threads: d.o.threads()})
}

// prompted begins an exchange of about 100 tokens.
func prompted(ctx context.Context, text *generate.Text) (prompt.Session, error) {
	s, err := text.Begin(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.Ask(strings.Repeat(" the", 100)); err != nil {
		s.Close()
		return nil, err
	}
	_, err = s.Next([]string{" of"})
	return s, err
}

// write adds n tokens one by one, with the scores of all tokens after each.
func write(s prompt.Session, n int) error {
	for range n {
		if err := s.Say(" the"); err != nil {
			return err
		}
		if _, err := s.Next([]string{" of"}); err != nil {
			return err
		}
	}
	return nil
}

// tokens is how many are written in a round.
func (d decoding) tokens() int {
	if d.o.Quick {
		return 10
	}
	return 30
}

// single measures one exchange: the bytes that it reads beside the limit of the
// memory, and its tokens.
func (d decoding) single(lim limits) ([]Figure, error) {
	text, err := d.text()
	if err != nil {
		return nil, err
	}
	reader, err := generate.NewDecoder(d.m, generate.Options{Threads: d.o.threads()})
	if err != nil {
		return nil, err
	}
	var rounds []round
	perToken := 0.0
	before := lim.memory(d.o.threads())
	for i := range d.o.rounds() + 1 {
		if err := d.ctx.Err(); err != nil {
			return nil, err
		}
		s, err := prompted(d.ctx, text)
		if err != nil {
			return nil, err
		}
		first := s.Len()
		start := time.Now()
		err = write(s, d.tokens())
		took := time.Since(start)
		bytes := 0.0
		for n := first + 1; n <= s.Len(); n++ {
			bytes += float64(reader.ReadBytes(n))
		}
		perToken = bytes / float64(s.Len()-first)
		s.Close()
		if err != nil {
			return nil, err
		}
		after := lim.memory(d.o.threads())
		if i > 0 { // the first meets page faults
			rounds = append(rounds, round{rate: bytes / float64(took.Nanoseconds()), limit: (before + after) / 2})
		}
		before = after
	}
	r := median(rounds)
	shape := "1 exchange, " + cores(d.o.threads())
	return []Figure{
		Figure{Name: "decode " + d.stored, Shape: shape, Figure: r.rate, Unit: gbs}.of(r.limit).atLeast(decodeTarget),
		{Name: "decode " + d.stored + " speed", Shape: shape, Figure: r.rate * 1e9 / perToken, Unit: "tokens/s"},
		{Name: "decode " + d.stored + " reads", Shape: shape, Figure: megabytes(perToken), Unit: "MB a token"},
	}, nil
}

// exchanges is how many are decoded together.
const exchanges = 32

// together measures continuous batching: exchanges that come and go are computed
// together. Its speed stands beside that of one exchange.
func (d decoding) together(alone float64) (Figure, error) {
	text, err := d.text()
	if err != nil {
		return Figure{}, err
	}
	text = text.Batched(generate.BatchOptions{Exchanges: exchanges})
	var rounds []round
	for i := range d.o.rounds()/2 + 1 {
		if err := d.ctx.Err(); err != nil {
			return Figure{}, err
		}
		rate, err := d.crowd(text)
		if err != nil {
			return Figure{}, err
		}
		if i > 0 {
			rounds = append(rounds, round{rate, alone})
		}
	}
	return Figure{
		Name: "decode " + d.stored + " together / alone", Shape: fmt.Sprintf("%d exchanges, %s", exchanges, cores(d.o.threads())),
		Figure: median(rounds).rate, Unit: "tokens/s",
	}.of(alone), nil
}

// crowd returns how many tokens a second exchanges write together, once their
// prompts are read.
func (d decoding) crowd(text *generate.Text) (float64, error) {
	sessions := make([]prompt.Session, text.Parallel())
	errs := make([]error, len(sessions))
	each := func(f func(i int) error) error {
		var wg sync.WaitGroup
		for i := range sessions {
			wg.Go(func() { errs[i] = f(i) })
		}
		wg.Wait()
		for _, err := range errs {
			if err != nil {
				return err
			}
		}
		return nil
	}
	defer func() {
		for _, s := range sessions {
			if s != nil {
				s.Close()
			}
		}
	}()
	if err := each(func(i int) (err error) { sessions[i], err = prompted(d.ctx, text); return err }); err != nil {
		return 0, err
	}
	start := time.Now()
	err := each(func(i int) error { return write(sessions[i], d.tokens()) })
	return float64(len(sessions)*d.tokens()) / time.Since(start).Seconds(), err
}
