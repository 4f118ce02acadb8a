package generate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"adapt/model"
	"adapt/nn/kernel"
	"adapt/prompt"
	"adapt/tokenizer"
)

// A Text answers prompts as text: a model with its tokenizer. It is safe for
// use by several goroutines.
type Text struct {
	d     *Decoder
	tok   tokenizer.Tokenizer
	batch *batch // nil: each exchange computes alone
}

// NewText joins a model and its tokenizer. It is an error when the tokenizer
// knows more tokens than the model, and what NewDecoder reports.
func NewText(m *model.Model, tok tokenizer.Tokenizer, o Options) (*Text, error) {
	if tok.VocabSize() > m.Config.VocabSize {
		return nil, fmt.Errorf("generate: the tokenizer has %d tokens, the model %d: they do not belong together", tok.VocabSize(), m.Config.VocabSize)
	}
	d, err := NewDecoder(m, o)
	if err != nil {
		return nil, err
	}
	return &Text{d: d, tok: tok}, nil
}

// Tokenizer returns the model's tokenizer.
func (t *Text) Tokenizer() tokenizer.Tokenizer { return t.tok }

// MaxTokens is how long an exchange may get.
func (t *Text) MaxTokens() int { return t.d.c.MaxPositions }

// Begin starts an exchange. Cancelling ctx ends it at the next call. When t
// computes exchanges together and as many are open as may be, it waits.
func (t *Text) Begin(ctx context.Context) (prompt.Session, error) {
	if err := t.enter(ctx); err != nil {
		return nil, err
	}
	return &Session{
		ctx: ctx, t: t, cache: t.d.newCache(),
		pending: slices.Clone(t.tok.Markers().Begin), logits: make([]float32, t.d.c.VocabSize),
	}, nil
}

func (t *Text) enter(ctx context.Context) error {
	if t.batch != nil {
		return t.batch.enter(ctx)
	}
	return ctx.Err()
}

// leave ends what enter began.
func (t *Text) leave(c *cache) {
	c.close()
	if t.batch != nil {
		t.batch.leave()
	}
}

func (t *Text) run(ctx context.Context, r *request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if t.batch != nil {
		return t.batch.run(ctx, r)
	}
	return t.d.run(r)
}

var (
	_ prompt.Model   = (*Text)(nil)
	_ prompt.Session = (*Session)(nil)
)

// A Session is one exchange, rendered as package prompt renders it.
type Session struct {
	ctx     context.Context
	t       *Text
	cache   *cache
	request request
	pending []int32 // tokens that the cache has not seen
	logits  []float32
	fresh   bool // whether logits are those after the last token
	asked   bool
	closed  bool
	sampler *sampler // nil: greedy
}

// ErrClosed is returned by the methods of a session after Close.
var ErrClosed = errors.New("the exchange is closed")

// Close gives back what the exchange holds.
func (s *Session) Close() {
	if !s.closed {
		s.closed = true
		s.t.leave(s.cache)
	}
}

// Len is the number of tokens in the context.
func (s *Session) Len() int { return s.cache.len + len(s.pending) }

func (s *Session) add(ids ...int32) error {
	if s.closed {
		return fmt.Errorf("generate: %w", ErrClosed)
	}
	if s.Len()+len(ids) > s.t.MaxTokens() {
		return fmt.Errorf("generate: %w: %d tokens, the model has %d positions", ErrContextFull, s.Len()+len(ids), s.t.MaxTokens())
	}
	s.pending, s.fresh = append(s.pending, ids...), false
	return s.ctx.Err()
}

// Ask appends an input; the model is about to answer.
func (s *Session) Ask(input string) error {
	if err := s.add(prompt.Ask(s.t.tok, input)...); err != nil {
		return err
	}
	if s.t.d.o.Prefix && !s.asked && s.cache.len == 0 {
		s.cache.prefix = len(s.pending)
	}
	s.asked = true
	return nil
}

// Say appends text to the answer.
func (s *Session) Say(text string) error { return s.add(s.t.tok.Encode(text)...) }

// End closes the answer.
func (s *Session) End() error { return s.add(s.t.tok.Markers().End) }

// flush runs the model over the pending tokens.
func (s *Session) flush() error {
	if s.fresh {
		return nil
	}
	if s.closed {
		return fmt.Errorf("generate: %w", ErrClosed)
	}
	if err := s.forward(s.pending, 1, s.logits); err != nil {
		return err
	}
	s.pending, s.fresh = s.pending[:0], true
	return nil
}

// forward adds ids to the cache and writes the logits after the last n of them.
func (s *Session) forward(ids []int32, n int, logits []float32) error {
	s.request = request{c: s.cache, ids: ids, first: len(ids) - n, logits: logits}
	return s.t.run(s.ctx, &s.request)
}

// logProb returns the log-probability of a token under logits.
func logProb(logits []float32, id int32, lse float32) float64 { return float64(logits[id] - lse) }

// unlikely is the log-probability of a choice's first token below which its
// further tokens are not looked at: less than one in a thousand.
const unlikely = -7

// Next returns the log-probability that the answer goes on with each choice;
// "" is the end of the answer. For a choice of several tokens whose first is
// less likely than 1 in 1,000 it returns that token's, which bounds it.
func (s *Session) Next(choices []string) ([]float64, error) {
	if err := s.flush(); err != nil {
		return nil, err
	}
	out := make([]float64, len(choices))
	lse := kernel.LogSumExp(s.logits)
	var rest []int
	encoded := make([][]int32, len(choices))
	for i, choice := range choices {
		ids := s.t.tok.Encode(choice)
		if choice == "" {
			ids = []int32{s.t.tok.Markers().End}
		}
		encoded[i], out[i] = ids, logProb(s.logits, ids[0], lse)
		if len(ids) > 1 && out[i] > unlikely {
			rest = append(rest, i)
		}
	}
	at := s.cache.len
	for _, i := range rest {
		more, err := s.continuation(encoded[i])
		s.cache.truncate(at)
		if err != nil {
			return nil, err
		}
		out[i] += more
	}
	return out, nil
}

// continuation returns the log-probability of ids[1:] after ids[0].
func (s *Session) continuation(ids []int32) (float64, error) {
	n, vocab := len(ids)-1, len(s.logits)
	logits := make([]float32, n*vocab)
	if err := s.forward(ids[:n], n, logits); err != nil {
		return 0, err
	}
	sum := 0.0
	for i, id := range ids[1:] {
		row := logits[i*vocab : (i+1)*vocab]
		sum += logProb(row, id, kernel.LogSumExp(row))
	}
	return sum, nil
}

// Write decodes, greedily unless [Session.Sample] says otherwise, until the end
// of the answer, max tokens or the end of the context, and closes the answer.
// Markers other than the end are never written.
func (s *Session) Write(max int) (prompt.Written, error) {
	m := s.t.tok.Markers()
	var w prompt.Written
	var ids []int32
	for w.Tokens < max && s.Len()+1 < s.t.MaxTokens() {
		if err := s.flush(); err != nil {
			return w, err
		}
		id := s.choose(m, ids)
		w.LogProb += logProb(s.logits, id, kernel.LogSumExp(s.logits))
		if id == m.End {
			w.Finished = true
			break
		}
		ids, w.Tokens = append(ids, id), w.Tokens+1
		if err := s.add(id); err != nil {
			return w, err
		}
	}
	w.Text = strings.ToValidUTF8(s.t.tok.Decode(ids), "\uFFFD") // an answer can stop within a character
	return w, s.End()
}

// choose returns the next token of an answer that begins with ids.
func (s *Session) choose(m tokenizer.Markers, ids []int32) int32 {
	if s.sampler != nil {
		return s.sampler.choose(s.logits[:s.t.tok.VocabSize()], m, ids)
	}
	return s.best(m)
}

// best returns the likeliest token that may stand in an answer, the lowest of
// equals.
func (s *Session) best(m tokenizer.Markers) int32 {
	best, top := m.End, float32(math.Inf(-1))
	for id, v := range s.logits[:s.t.tok.VocabSize()] {
		if v > top && !isMarker(m, int32(id)) {
			best, top = int32(id), v
		}
	}
	return best
}

func isMarker(m tokenizer.Markers, id int32) bool {
	for _, marker := range [][]int32{m.Begin, m.Input, m.Output} {
		if len(marker) == 1 && marker[0] == id && id != m.End {
			return true
		}
	}
	return false
}

// lossContext is how many tokens LogLoss looks at together, and lossRows of how
// many it computes logits at a time.
const (
	lossContext = 512
	lossRows    = 64
)

// LogLoss returns the sum of -log p (nats) over the first maxTokens tokens of
// text, and their number, read in windows of 512 tokens that each begin anew.
func (t *Text) LogLoss(ctx context.Context, text string, maxTokens int) (nats float64, tokens int, err error) {
	if err := t.enter(ctx); err != nil {
		return 0, 0, err
	}
	c := t.d.newCache()
	defer t.leave(c)
	ids := t.tok.Encode(text)
	ids = ids[:min(len(ids), maxTokens)]
	begin, vocab := t.tok.Markers().Begin, t.d.c.VocabSize
	window := min(lossContext, t.MaxTokens()-len(begin))
	logits := make([]float32, min(lossRows, window+len(begin))*vocab)
	for part := range slices.Chunk(ids, window) {
		c.truncate(0)
		all := append(slices.Clone(begin), part...)
		for at := 0; at < len(all); at += lossRows {
			rows := all[at:min(len(all), at+lossRows)]
			if err := t.run(ctx, &request{c: c, ids: rows, logits: logits}); err != nil {
				return 0, 0, err
			}
			for i := range rows {
				next := at + i + 1 // the token that this row predicts
				if next < len(begin) || next == len(all) {
					continue
				}
				row := logits[i*vocab : (i+1)*vocab]
				nats -= logProb(row, all[next], kernel.LogSumExp(row))
				tokens++
			}
		}
	}
	return nats, tokens, nil
}
