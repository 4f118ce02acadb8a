// Package generate runs models: it decodes with a key-value cache, scores
// given answers, and measures the loss of text. It needs no graph.
package generate

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"adapt/model"
	"adapt/nn/kernel"
)

// ErrContextFull is returned, wrapped, when an exchange outgrows the model's
// positions.
var ErrContextFull = errors.New("context is full")

// A Decoder holds what all exchanges with a model share. It is safe for use by
// several goroutines.
type Decoder struct {
	c        model.Config
	embed    []float32
	layers   []layer
	norm     []float32
	head     []float32
	cos, sin []float32
	threads  int
}

type layer struct {
	attnNorm, q, k, v, o    []float32
	mlpNorm, gate, up, down []float32
}

// NewDecoder prepares m, whose weights must not change while it is used.
// threads is the number of cores that one exchange uses; evaluation runs
// exchanges side by side instead and gives 1.
func NewDecoder(m *model.Model, threads int) *Decoder {
	d := &Decoder{
		c: m.Config, embed: m.Tensor(model.EmbedName), norm: m.Tensor(model.NormName),
		head: m.Tensor(model.HeadName), threads: threads,
	}
	d.cos, d.sin = m.Config.Rope(m.Config.MaxPositions)
	for l := range m.Config.Layers {
		w := func(part string) []float32 { return m.Tensor(model.LayerName(l, part)) }
		d.layers = append(d.layers, layer{
			attnNorm: w("input_layernorm"), q: w("self_attn.q_proj"), k: w("self_attn.k_proj"), v: w("self_attn.v_proj"),
			o: w("self_attn.o_proj"), mlpNorm: w("post_attention_layernorm"), gate: w("mlp.gate_proj"),
			up: w("mlp.up_proj"), down: w("mlp.down_proj"),
		})
	}
	return d
}

// A cache is the state of one exchange: keys and values of its tokens.
type cache struct {
	d    *Decoder
	len  int
	k, v [][]float32 // by layer, [positions, key-value heads * dim]
	buf  buffers
}

// buffers are the activations of the tokens under way.
type buffers struct {
	x, h, q, attn, gate, up, scores []float32
	pos                             []int32
}

func (d *Decoder) newCache() *cache {
	return &cache{d: d, k: make([][]float32, d.c.Layers), v: make([][]float32, d.c.Layers)}
}

// truncate forgets all but the first n tokens.
func (s *cache) truncate(n int) { s.len = n }

// forward appends tokens and returns their last hidden states, after the final
// norm, [len(ids), width]. The result is valid until the next call.
func (s *cache) forward(ids []int32) ([]float32, error) {
	c, n := s.d.c, len(ids)
	if s.len+n > c.MaxPositions {
		return nil, fmt.Errorf("generate: %w: %d tokens, the model has %d positions", ErrContextFull, s.len+n, c.MaxPositions)
	}
	s.reserve(n)
	b := &s.buf
	for i, id := range ids {
		if id < 0 || int(id) >= c.VocabSize {
			return nil, fmt.Errorf("generate: token id %d is outside the vocabulary of %d: the tokenizer is not the model's", id, c.VocabSize)
		}
		copy(b.x[i*c.Hidden:(i+1)*c.Hidden], s.d.embed[int(id)*c.Hidden:])
		b.pos[i] = int32(s.len + i)
	}
	for l := range s.d.layers {
		s.layer(l, n)
	}
	s.len += n
	kernel.RMSNorm(s.d.threads, b.h, b.x, s.d.norm, n, c.Hidden, float32(c.NormEps))
	return b.h[:n*c.Hidden], nil
}

// reserve makes room for n more tokens.
func (s *cache) reserve(n int) {
	c, b := s.d.c, &s.buf
	grow := func(p *[]float32, size int) { *p = slices.Grow((*p)[:0], size)[:size] }
	grow(&b.x, n*c.Hidden)
	grow(&b.h, n*c.Hidden)
	grow(&b.q, n*c.Heads*c.Dim())
	grow(&b.attn, n*c.Heads*c.Dim())
	grow(&b.gate, n*c.Intermediate)
	grow(&b.up, n*c.Intermediate)
	grow(&b.scores, n*(s.len+n))
	b.pos = slices.Grow(b.pos[:0], n)[:n]
	kv := c.KVHeads * c.Dim()
	for l := range s.k {
		for _, p := range []*[]float32{&s.k[l], &s.v[l]} {
			used := (*p)[:s.len*kv]
			*p = slices.Grow(used, n*kv)[:(s.len+n)*kv]
		}
	}
}

func (s *cache) layer(l, n int) {
	c, b, w, threads := s.d.c, &s.buf, &s.d.layers[l], s.d.threads
	eps, kv, dim := float32(c.NormEps), c.KVHeads*c.Dim(), c.Dim()
	kernel.RMSNorm(threads, b.h, b.x, w.attnNorm, n, c.Hidden, eps)
	k, v := s.k[l][s.len*kv:], s.v[l][s.len*kv:]
	s.linear(b.q, b.h, w.q, n, c.Heads*dim, c.Hidden, 0)
	s.linear(k, b.h, w.k, n, kv, c.Hidden, 0)
	s.linear(v, b.h, w.v, n, kv, c.Hidden, 0)
	kernel.Rope(threads, b.q, n, c.Heads, dim, b.pos, s.d.cos, s.d.sin, false)
	kernel.Rope(threads, k, n, c.KVHeads, dim, b.pos, s.d.cos, s.d.sin, false)
	for h := range c.Heads {
		s.attend(l, h, n)
	}
	s.linear(b.x, b.attn, w.o, n, c.Hidden, c.Heads*dim, 1)
	kernel.RMSNorm(threads, b.h, b.x, w.mlpNorm, n, c.Hidden, eps)
	s.linear(b.gate, b.h, w.gate, n, c.Intermediate, c.Hidden, 0)
	s.linear(b.up, b.h, w.up, n, c.Intermediate, c.Hidden, 0)
	kernel.SwiGLU(threads, b.gate, b.gate, b.up)
	s.linear(b.x, b.gate, w.down, n, c.Hidden, c.Intermediate, 1)
}

// linear computes y = beta*y + x·wᵀ for n rows.
func (s *cache) linear(y, x, w []float32, n, out, in int, beta float32) {
	kernel.Gemm(s.d.threads, false, true, n, out, in, 1, x, in, w, in, beta, y, out)
}

// attend computes one head's attention of the n new tokens over all tokens.
func (s *cache) attend(l, h, n int) {
	c, b := s.d.c, &s.buf
	dim, total := c.Dim(), s.len+n
	heads, kv := c.Heads*dim, c.KVHeads*dim
	shared := h / (c.Heads / c.KVHeads) * dim
	q, k, v := b.q[h*dim:], s.k[l][shared:], s.v[l][shared:]
	scores := b.scores[:n*total]
	scale := float32(1 / math.Sqrt(float64(dim)))
	kernel.Gemm(1, false, true, n, total, dim, scale, q, heads, k, kv, 0, scores, total)
	for i := range n {
		row := scores[i*total : (i+1)*total]
		kernel.Softmax(row[:s.len+i+1])
		clear(row[s.len+i+1:])
	}
	kernel.Gemm(1, false, false, n, dim, total, 1, scores, total, v, kv, 0, b.attn[h*dim:], heads)
}

// logits computes the scores of all tokens after one hidden state.
func (s *cache) logits(hidden, out []float32) {
	s.linear(out, hidden, s.d.head, 1, s.d.c.VocabSize, s.d.c.Hidden, 0)
}
