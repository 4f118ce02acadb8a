package generate

import (
	"errors"
	"fmt"
	"slices"

	"adapt/nn/kernel"
)

// A request is tokens that an exchange adds, with the logits it wants of them.
type request struct {
	c      *cache
	ids    []int32
	first  int       // of ids, from which on logits are wanted
	logits []float32 // [len(ids)-first, vocabulary]
	done   int       // of ids
}

// check reports a request that can not be run.
func (r *request) check() error {
	c := r.c.d.c
	if len(r.ids) == 0 {
		return errors.New("generate: an exchange without tokens has no answer: ask first")
	}
	if n := r.c.len + len(r.ids); n > c.MaxPositions {
		return fmt.Errorf("generate: %w: %d tokens, the model has %d positions", ErrContextFull, n, c.MaxPositions)
	}
	for _, id := range r.ids {
		if id < 0 || int(id) >= c.VocabSize {
			return fmt.Errorf("generate: token id %d is outside the vocabulary of %d: the tokenizer is not the model's", id, c.VocabSize)
		}
	}
	return nil
}

// chunkRows is how many tokens of an exchange are computed in a step at most, but
// for a prefix, whose tokens see each other.
const chunkRows = 128

// next returns how many tokens of the request come next. Two chunks of a request
// have more than kernel.FewRows rows each.
func (r *request) next() int {
	if r.c.len < r.c.prefix {
		return r.c.prefix - r.c.len
	}
	left := len(r.ids) - r.done
	return ceilDiv(left, ceilDiv(left, chunkRows))
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// wantsLogits is how many of the next n tokens' logits are wanted.
func (r *request) wantsLogits(n int) int { return max(0, min(n, r.done+n-r.first)) }

// A part is a request's tokens in a step.
type part struct {
	r   *request
	n   int
	row int // of the first in the step
}

func (p *part) wide() bool { return p.n > kernel.FewRows }

// A space holds the activations of one step. All matrices have a row for each
// token; those of exchanges that add few come first.
type space struct {
	d         *Decoder
	parts     []part
	rows, few int
	layer     int
	x, h, sum []float32 // [rows, width]
	qkv       []float32 // [rows, queries, keys and values]
	attn      []float32 // [rows, heads·dim]
	mlp       []float32 // [rows, gate and up]
	low       []float32 // [rows, ranks]
	logits    []float32
	pos       []int32
	of        []int32 // the part of a row
	products  []kernel.RowProduct
	storeRows func(lo, hi int)
	actRows   func(lo, hi int)
	attendAll func(lo, hi int)
}

func (d *Decoder) getSpace() *space {
	if s, ok := d.spaces.Get().(*space); ok {
		return s
	}
	s := &space{d: d}
	s.storeRows, s.actRows, s.attendAll = s.store, s.activate, s.attend
	return s
}

func (d *Decoder) putSpace(s *space) {
	clear(s.parts)
	s.parts = s.parts[:0]
	d.spaces.Put(s)
}

// run computes one request alone.
func (d *Decoder) run(r *request) error {
	if err := r.check(); err != nil {
		return err
	}
	s := d.getSpace()
	defer d.putSpace(s)
	for r.done < len(r.ids) {
		s.parts = append(s.parts[:0], part{r: r, n: r.next()})
		s.step()
	}
	return nil
}

// step computes the parts, adds their tokens to their caches and writes the
// logits that are wanted.
func (s *space) step() {
	d := s.d
	s.arrange()
	for row := range s.rows {
		s.embed(row)
	}
	c, threads := d.c, d.o.Threads
	queries := c.Heads * c.Dim()
	for l := range d.layers {
		s.layer = l
		w := &d.layers[l]
		s.norm(s.h, s.x, w.attnNorm, s.rows)
		s.linear(s.qkv, d.qkvWidth(), false, s.h, c.Hidden, w.qkv...)
		kernel.Each(s.threads(), s.rows, s.storeRows)
		kernel.Each(s.attendThreads(), len(s.parts)*c.KVHeads, s.attendAll)
		s.linear(s.x, c.Hidden, true, s.attn, queries, w.out)
		s.norm(s.h, s.x, w.mlpNorm, s.rows)
		s.linear(s.mlp, s.mlpWidth(), false, s.h, c.Hidden, w.gateUp...)
		kernel.Each(s.threads(), s.rows, s.actRows)
		s.linear(s.x, c.Hidden, true, s.mlp, s.mlpWidth(), w.down)
	}
	s.head(threads)
	for i := range s.parts {
		p := &s.parts[i]
		p.r.c.len += p.n
		p.r.done += p.n
	}
}

// qkvWidth is that of queries, keys and values of a token.
func (d *Decoder) qkvWidth() int { return (d.c.Heads + 2*d.c.KVHeads) * d.c.Dim() }

func (s *space) mlpWidth() int { return len(s.d.layers[0].gateUp) * s.d.c.Intermediate }

// arrange gives the parts their rows, and all matrices room.
func (s *space) arrange() {
	slices.SortStableFunc(s.parts, func(a, b part) int {
		switch {
		case a.wide() == b.wide():
			return 0
		case a.wide():
			return 1
		}
		return -1
	})
	s.rows, s.few = 0, 0
	s.pos, s.of = s.pos[:0], s.of[:0]
	for i := range s.parts {
		p := &s.parts[i]
		p.row = s.rows
		s.rows += p.n
		if !p.wide() {
			s.few += p.n
		}
		p.r.c.reserve(p.n)
		for j := range p.n {
			s.pos, s.of = append(s.pos, int32(p.r.c.len+j)), append(s.of, int32(i))
		}
	}
	c := s.d.c
	for _, m := range []struct {
		data  *[]float32
		width int
	}{
		{&s.x, c.Hidden}, {&s.h, c.Hidden}, {&s.sum, c.Hidden}, {&s.qkv, s.d.qkvWidth()}, {&s.attn, c.Heads * c.Dim()}, {&s.mlp, s.mlpWidth()},
	} {
		grow(m.data, s.rows*m.width)
	}
}

// grow makes x n elements long; their values are any.
func grow(x *[]float32, n int) {
	if cap(*x) < n {
		*x = make([]float32, n)
	}
	*x = (*x)[:n]
}

// threads is how many a loop over rows is worth.
func (s *space) threads() int {
	if s.rows <= kernel.FewRows {
		return 1
	}
	return s.d.o.Threads
}

// attendThreads is how many the attention is worth.
func (s *space) attendThreads() int {
	work := 0
	for i := range s.parts {
		p := &s.parts[i]
		work += 4 * p.n * (p.r.c.len + p.n) * s.d.c.Heads * s.d.c.Dim()
	}
	return min(s.d.o.Threads, max(1, work>>17))
}

func (s *space) embed(row int) {
	p := &s.parts[s.of[row]]
	id := int(p.r.ids[p.r.done+row-p.row])
	width := s.d.c.Hidden
	x := s.x[row*width : (row+1)*width]
	s.d.embed.DecodeRows(x, id, id+1)
	if s.d.position != nil {
		h, pos := s.h[row*width:(row+1)*width], int(s.pos[row])
		s.d.position.DecodeRows(h, pos, pos+1)
		kernel.Add(x, h)
	}
}

func (s *space) norm(y, x []float32, n norm, rows int) {
	c := s.d.c
	if n.bias == nil {
		kernel.RMSNorm(s.threads(), y, x, n.weight, rows, c.Hidden, float32(c.NormEps))
	} else {
		kernel.LayerNorm(s.threads(), y, x, n.weight, n.bias, rows, c.Hidden, float32(c.NormEps))
	}
}

// linear applies layers that share x and whose results lie side by side in the
// rows of y, and adds them to what is there when add is set.
func (s *space) linear(y []float32, ldy int, add bool, x []float32, ldx int, layers ...linear) {
	to, scaled := y, false
	ranks := 0
	for i := range layers {
		if low := layers[i].low; low != nil {
			ranks += low.a.Rows
			scaled = scaled || low.gain != nil
		}
	}
	if scaled && add { // the sum is not to be scaled
		to = s.sum
	}
	beta := float32(0)
	if add && !scaled {
		beta = 1
	}
	grow(&s.low, s.rows*ranks)
	s.products = s.products[:0]
	at, rank := 0, 0
	for i := range layers {
		l := &layers[i]
		s.products = append(s.products, kernel.RowProduct{W: l.w, Beta: beta, Y: to[at:], LdY: ldy})
		at += l.w.Rows
		if l.low != nil {
			s.products = append(s.products, kernel.RowProduct{W: l.low.a, Y: s.low[rank:], LdY: ranks})
			rank += l.low.a.Rows
		}
	}
	s.multiply(x, ldx)
	at, rank = 0, 0
	for i := range layers {
		s.finish(&layers[i], to[at:], ldy, rank, ranks)
		at += layers[i].w.Rows
		if low := layers[i].low; low != nil {
			rank += low.a.Rows
		}
	}
	if scaled && add {
		kernel.Add(y[:s.rows*ldy], to)
	}
}

// finish adds the low-rank update and the bias to a layer's result.
func (s *space) finish(l *linear, y []float32, ldy, rank, ranks int) {
	out := l.w.Rows
	if l.low != nil {
		r := l.low.a.Rows
		for row := range s.rows {
			kernel.Scale(s.low[row*ranks+rank:][:r], l.low.scale)
		}
		s.products = append(s.products[:0], kernel.RowProduct{W: l.low.b, Beta: 1, Y: y, LdY: ldy})
		s.multiply(s.low[rank:], ranks)
		if l.low.gain != nil {
			for row := range s.rows {
				multiplyInto(y[row*ldy:][:out], l.low.gain)
			}
		}
	}
	if l.bias != nil {
		for row := range s.rows {
			kernel.Add(y[row*ldy:][:out], l.bias)
		}
	}
}

func multiplyInto(y, g []float32) {
	for i, v := range g {
		y[i] *= v
	}
}

// multiply computes the products of all rows of x, each row in the way of its
// exchange.
func (s *space) multiply(x []float32, ldx int) {
	threads := s.d.o.Threads
	if s.few > 0 {
		kernel.GemmRows(threads, s.few, x, ldx, s.products...)
	}
	if wide := s.rows - s.few; wide > 0 {
		for _, p := range s.products {
			kernel.GemmMatrix(threads, true, wide, x[s.few*ldx:], ldx, p.W, p.Beta, p.Y[s.few*p.LdY:], p.LdY)
		}
	}
}

// store rotates the queries and keys of rows and puts their keys and values into
// the caches.
func (s *space) store(lo, hi int) {
	c, width, ld := s.d.c, s.d.width(), s.d.qkvWidth()
	for row := lo; row < hi; row++ {
		qkv := s.qkv[row*ld : (row+1)*ld]
		if s.d.cos != nil {
			kernel.Rope(1, qkv, 1, c.Heads+c.KVHeads, c.Dim(), s.pos[row:row+1], s.d.cos, s.d.sin, false)
		}
		cache, pos := s.parts[s.of[row]].r.c, int(s.pos[row])
		keys, values := cache.layer(s.layer)
		k, v := qkv[c.Heads*c.Dim():][:width], qkv[c.Heads*c.Dim()+width:]
		stride := cache.slab.keyStride()
		for i, x := range k {
			keys[i*stride+pos] = x
		}
		copy(values[pos*width:(pos+1)*width], v)
	}
}

// attend computes the attention of items: of one part the heads that share a
// key-value head.
func (s *space) attend(lo, hi int) {
	c, ld := s.d.c, s.d.qkvWidth()
	width := c.Heads * c.Dim()
	for item := lo; item < hi; item++ {
		p := &s.parts[item/c.KVHeads]
		keys, values := p.r.c.layer(s.layer)
		kernel.CachedAttention(s.attn[p.row*width:], width, s.qkv[p.row*ld:], ld, keys, p.r.c.slab.keyStride(), values,
			p.n, p.r.c.len, item%c.KVHeads, c.Heads, c.KVHeads, c.Dim(), c.Window(), p.r.c.prefix)
	}
}

// activate computes the activation of rows, in the place of gate or up. Each row
// is taken by itself, so that it comes out alike wherever it is.
func (s *space) activate(lo, hi int) {
	n, width, activation := s.d.c.Intermediate, s.mlpWidth(), s.d.c.Activation()
	for row := lo; row < hi; row++ {
		x := s.mlp[row*width:][:n]
		if activation == "silu" {
			kernel.SwiGLU(1, x, x, s.mlp[row*width+n:][:n])
		} else {
			kernel.GELU(1, x, x, activation == "gelu")
		}
	}
}

// head writes the logits that are wanted. Of parts that want few of them the
// tokens are computed together.
func (s *space) head(threads int) {
	c := s.d.c
	few := 0
	for i := range s.parts {
		p := &s.parts[i]
		n := p.r.wantsLogits(p.n)
		if n <= kernel.FewRows {
			copy(s.sum[few*c.Hidden:], s.x[(p.row+p.n-n)*c.Hidden:(p.row+p.n)*c.Hidden])
			few += n
		}
	}
	if few > 0 {
		grow(&s.logits, few*c.VocabSize)
		s.norm(s.h, s.sum, s.d.norm, few)
		s.products = append(s.products[:0], kernel.RowProduct{W: s.d.head, Y: s.logits, LdY: c.VocabSize})
		kernel.GemmRows(threads, few, s.h, c.Hidden, s.products...)
	}
	at := 0
	for i := range s.parts {
		p := &s.parts[i]
		n := p.r.wantsLogits(p.n)
		to := p.r.logits[max(0, p.r.done+p.n-n-p.r.first)*c.VocabSize:]
		if n <= kernel.FewRows {
			at += copy(to[:n*c.VocabSize], s.logits[at:])
			continue
		}
		x := s.sum[:n*c.Hidden]
		copy(x, s.x[(p.row+p.n-n)*c.Hidden:])
		s.norm(s.h, x, s.d.norm, n)
		kernel.GemmMatrix(threads, true, n, s.h, c.Hidden, s.d.head, 0, to, c.VocabSize)
	}
}
