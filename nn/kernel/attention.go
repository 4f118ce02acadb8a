package kernel

import "math"

// Sizes of tiles and of items of work.
const (
	queryTile  = 56            // four panels of 14 rows
	keyTile    = 256           // a multiple of the columns of a tile of every level
	queryItem  = 8 * queryTile // queries of one item of work
	scoreWidth = keyTile + 16  // of a row of scores: no power of two, so that rows do not compete for the cache
	scoreTile  = queryTile * scoreWidth
)

// Mask says which keys a query of a sequence sees: with positions from 0, query i
// sees key j if j <= i and i-j < Window, and also if both are below the prefix.
// The zero Mask is causal attention.
type Mask struct {
	// Prefix is for each sequence how many of its first tokens all see each other,
	// whatever the window, as in a prefix language model (Raffel et al. 2020,
	// arXiv:1910.10683). Nil stands for none.
	Prefix []int32

	// Window is how many keys a query sees at most, itself included (Jiang et al.
	// 2023, arXiv:2310.06825); 0 stands for all.
	Window int
}

// view is the mask of one sequence.
type view struct {
	n      int // tokens
	prefix int
	window int
}

func (m Mask) view(sequence, n int) view {
	v := view{n: n, window: m.Window}
	if m.Prefix != nil {
		v.prefix = min(int(m.Prefix[sequence]), n)
	}
	return v
}

// keys returns the first key that query i sees, and the one after the last. Both
// never fall as i grows.
func (v view) keys(i int) (first, end int) {
	if i < v.prefix {
		return 0, v.prefix
	}
	if v.window > 0 {
		first = max(0, i+1-v.window)
	}
	return first, i + 1
}

// Attention is scaled dot-product attention over packed sequences.
//
// q is [tokens, heads*hd], k and v are [tokens, kvHeads*hd]; query head h reads
// key head h/(heads/kvHeads). Sequence i is the tokens bounds[i] to bounds[i+1].
// out, like q, gets the result, and lse, [tokens, heads], the logarithm of the
// sum of the exponentials of each query's scores, which [AttentionGrad] needs.
func Attention(threads int, out, lse, q, k, v []float32, heads, kvHeads, hd int, bounds []int32, mask Mask) {
	active.attention(threads, attentionArgs{
		headsOf: headsOf{heads, kvHeads, hd}, out: out, lse: lse, q: q, k: k, v: v, bounds: bounds, mask: mask,
	})
}

// AttentionGrad writes dq, dk and dv, the gradients of [Attention] given dout,
// the gradient of out, and what Attention took and gave.
func AttentionGrad(threads int, dq, dk, dv, q, k, v, out, lse, dout []float32, heads, kvHeads, hd int, bounds []int32, mask Mask) {
	active.attentionGrad(threads, attentionArgs{
		headsOf: headsOf{heads, kvHeads, hd}, out: out, lse: lse, q: q, k: k, v: v, bounds: bounds, mask: mask,
		dq: dq, dk: dk, dv: dv, dout: dout,
	})
}

type attentionArgs struct {
	o *ops
	headsOf
	out, lse, q, k, v []float32
	dq, dk, dv, dout  []float32 // nil when going forward
	bounds            []int32
	mask              Mask
}

// headsOf is how many heads there are, and how long.
type headsOf struct{ heads, kvHeads, hd int }

// attention makes items of some queries of a sequence and the heads that share a
// head of keys.
func (o *ops) attention(threads int, args attentionArgs) {
	args.o = o
	parts := 0
	for s := range len(args.bounds) - 1 {
		parts += ceilDiv(int(args.bounds[s+1]-args.bounds[s]), queryItem)
	}
	dynamicWith(threads, parts*args.kvHeads, args, func(g *attentionArgs, first, end int) {
		for item := first; item < end; item++ {
			part := item / g.kvHeads
			s := 0
			for ; ; s++ {
				n := ceilDiv(int(g.bounds[s+1]-g.bounds[s]), queryItem)
				if part < n {
					break
				}
				part -= n
			}
			lo, hi := int(g.bounds[s]), int(g.bounds[s+1])
			h := g.head(s, item%g.kvHeads)
			h.forward(part*queryItem, min((part+1)*queryItem, hi-lo))
		}
	})
}

// attentionGrad makes an item of each sequence and head of keys.
func (o *ops) attentionGrad(threads int, args attentionArgs) {
	args.o = o
	dynamicWith(threads, (len(args.bounds)-1)*args.kvHeads, args, func(g *attentionArgs, first, end int) {
		for item := first; item < end; item++ {
			h := g.head(item/g.kvHeads, item%g.kvHeads)
			h.backward()
		}
	})
}

// keyHead is one head of keys of one sequence, and the queries' heads that read
// it. All slices start at the first token.
type keyHead struct {
	o *ops
	headsOf
	view
	scale    float32
	ldq, ldk int // from one token to the next
	q, out   []float32
	k, v     []float32
	lse      []float32
	dq, dout []float32
	dk, dv   []float32
}

func (g *attentionArgs) head(sequence, kv int) keyHead {
	lo, hi := int(g.bounds[sequence]), int(g.bounds[sequence+1])
	h := keyHead{
		o: g.o, headsOf: g.headsOf, view: g.mask.view(sequence, hi-lo), scale: float32(1 / math.Sqrt(float64(g.hd))),
		ldq: g.heads * g.hd, ldk: g.kvHeads * g.hd,
	}
	if lo == hi {
		return h
	}
	group := g.heads / g.kvHeads
	atQ, atK := lo*h.ldq+kv*group*g.hd, lo*h.ldk+kv*g.hd
	h.q, h.out, h.k, h.v, h.lse = g.q[atQ:], g.out[atQ:], g.k[atK:], g.v[atK:], g.lse[lo*g.heads+kv*group:]
	if g.dout != nil {
		h.dq, h.dout, h.dk, h.dv = g.dq[atQ:], g.dout[atQ:], g.dk[atK:], g.dv[atK:]
	}
	return h
}

// panels is a matrix packed for products from the right: panels of cols columns,
// each a row after the other.
type panels struct {
	data []float32
	rows int
	cols int // of a panel
}

// panelsLen is how many elements the panels of a rows×n matrix have.
func (o *ops) panelsLen(rows, n int) int { return ceilDiv(n, o.gemm.cols) * o.gemm.cols * rows }

// newPanels packs rows×n elements of x, ld apart, into the front of scratch, and
// returns the rest of it. With transposed x is n×rows.
func (o *ops) newPanels(scratch, x []float32, rows, n, ld int, transposed bool) (p panels, rest []float32) {
	kern := &o.gemm
	length := o.panelsLen(rows, n)
	p = panels{scratch[:length], rows, kern.cols}
	for j := 0; j < n; j += kern.cols {
		to, cols := p.data[j*rows:], min(kern.cols, n-j)
		if !transposed {
			kern.packRows(&to[0], kern.cols*size, &x[j], ld*size, columns(cols), rows)
			continue
		}
		for i := 0; i < cols; i += kern.transRows {
			kern.packTrans(&to[i], kern.cols*size, &x[(j+i)*ld], ld*size, min(kern.transRows, cols-i), rows)
		}
	}
	return p, scratch[length:]
}

// at is row i of the panel with column j, which is the first of one.
func (p panels) at(i, j int) *float32 { return &p.data[j*p.rows+i*p.cols] }

// tile is some queries of a head and some keys.
type tile struct{ query, queries, key, keys int }

// seen returns the keys that query i of a tile sees, counted from its first.
func (h *keyHead) seen(t tile, i int) (first, end int) {
	first, end = h.keys(t.query + i)
	first = min(max(first-t.key, 0), t.keys)
	return first, min(max(end-t.key, first), t.keys)
}

// rowsSee is seen for n queries from query i together.
func (h *keyHead) rowsSee(t tile, i, n int) (first, end int) {
	first, _ = h.seen(t, i)
	_, end = h.seen(t, i+n-1)
	return first, end
}

// scores writes alpha times the products of the rows of a, one for each query of
// the tile, and the keys' columns of b, of which the first is key from. It leaves
// out tiles of the kernel that no query sees.
func (h *keyHead) scores(to []float32, t tile, a []float32, b panels, from int, alpha float32) {
	kern := &h.o.gemm
	for j := 0; j < t.keys; j += kern.cols {
		for i := 0; i < t.queries; i += kern.rows {
			n := min(kern.rows, t.queries-i)
			if first, end := h.rowsSee(t, i, n); j >= end || j+kern.cols <= first {
				continue
			}
			kern.spread[n-1](h.hd, &a[i*h.ldq], h.ldq*size, size, b.at(0, t.key-from+j), b.cols*size,
				&to[i*scoreWidth+j], scoreWidth*size, alpha, 0, columns(kern.cols))
		}
	}
}

// addQueries adds to the rows of c, one for each query, alpha times the product of the
// tile's weights and the rows of b, of which the first is key from.
func (h *keyHead) addQueries(c []float32, t tile, weights []float32, b panels, from int, alpha float32) {
	kern := &h.o.gemm
	for j := 0; j < h.hd; j += kern.cols {
		for i := 0; i < t.queries; i += kern.rows {
			n := min(kern.rows, t.queries-i)
			first, end := h.rowsSee(t, i, n)
			if first >= end {
				continue
			}
			kern.spread[n-1](end-first, &weights[i*scoreWidth+first], scoreWidth*size, size, b.at(t.key-from+first, j), b.cols*size,
				&c[i*h.ldq+j], h.ldq*size, alpha, 1, columns(min(kern.cols, h.hd-j)))
		}
	}
}

// addKeys adds to the rows of c, one for each key, alpha times the product of the
// tile's weights, transposed, and the rows of b, one for each query.
func (h *keyHead) addKeys(c []float32, t tile, weights []float32, b panels, alpha float32) {
	kern := &h.o.gemm
	for j := 0; j < h.hd; j += kern.cols {
		first, end := 0, 0 // queries that see one of the keys
		for i := 0; i < t.keys; i += kern.rows {
			n := min(kern.rows, t.keys-i)
			for first < t.queries {
				if _, last := h.seen(t, first); last > i {
					break
				}
				first++
			}
			for end < t.queries {
				if begin, _ := h.seen(t, end); begin >= i+n {
					break
				}
				end++
			}
			if first >= end {
				continue
			}
			kern.spread[n-1](end-first, &weights[first*scoreWidth+i], size, scoreWidth*size, b.at(first, j), b.cols*size,
				&c[i*h.ldk+j], h.ldk*size, alpha, 1, columns(min(kern.cols, h.hd-j)))
		}
	}
}

// firstKey returns where tiles of queries that start with query i start.
func (h *keyHead) firstKey(i int) int {
	first, _ := h.keys(i)
	return first / h.o.gemm.cols * h.o.gemm.cols
}

// forward computes queries from to end.
func (h *keyHead) forward(from, end int) {
	o := h.o
	low := h.firstKey(from)
	_, high := h.keys(end - 1)
	buf := getBuffer(o.panelsLen(h.hd, high-low) + o.panelsLen(high-low, h.hd) + scoreTile + 2*queryTile)
	defer putBuffer(buf)
	keys, rest := o.newPanels(buf.data, h.k[low*h.ldk:], h.hd, high-low, h.ldk, true)
	values, rest := o.newPanels(rest, h.v[low*h.ldk:], high-low, h.hd, h.ldk, false)
	weights, most, sum := rest[:scoreTile], rest[scoreTile:][:queryTile], rest[scoreTile+queryTile:]
	for head := range h.heads / h.kvHeads {
		for query := from; query < end; query += queryTile {
			t := tile{query: query, queries: min(queryTile, end-query)}
			q, out := h.q[query*h.ldq+head*h.hd:], h.out[query*h.ldq+head*h.hd:]
			for i := range t.queries {
				most[i], sum[i] = float32(math.Inf(-1)), 0
				clear(out[i*h.ldq:][:h.hd])
			}
			_, high := h.keys(query + t.queries - 1)
			for t.key = h.firstKey(query); t.key < high; t.key += keyTile {
				t.keys = min(keyTile, high-t.key)
				h.scores(weights, t, q, keys, low, h.scale)
				for i := range t.queries {
					row := weights[i*scoreWidth:][:t.keys]
					first, end := h.seen(t, i)
					clear(row[:first])
					clear(row[end:])
					row = row[first:end]
					if len(row) == 0 {
						continue
					}
					m := max(most[i], o.max(row))
					if m > most[i] && sum[i] > 0 {
						fix := expGo(most[i] - m)
						sum[i] *= fix
						o.scale(out[i*h.ldq:][:h.hd], fix)
					}
					most[i] = m
					sum[i] += o.expSum(row, m)
				}
				h.addQueries(out, t, weights, values, low, 1)
			}
			for i := range t.queries {
				o.scale(out[i*h.ldq:][:h.hd], 1/sum[i])
				h.lse[(query+i)*h.heads+head] = most[i] + float32(math.Log(float64(sum[i])))
			}
		}
	}
}

// backward computes the gradients of all queries and keys.
func (h *keyHead) backward() {
	o := h.o
	if h.n == 0 {
		return
	}
	buf := getBuffer(o.panelsLen(h.n, h.hd) + 2*o.panelsLen(h.hd, h.n) + 2*o.panelsLen(queryTile, h.hd) + 2*scoreTile + queryTile)
	defer putBuffer(buf)
	keys, rest := o.newPanels(buf.data, h.k, h.n, h.hd, h.ldk, false)
	keysT, rest := o.newPanels(rest, h.k, h.hd, h.n, h.ldk, true)
	valuesT, rest := o.newPanels(rest, h.v, h.hd, h.n, h.ldk, true)
	weights, grads, delta := rest[:scoreTile], rest[scoreTile:2*scoreTile], rest[2*scoreTile:][:queryTile]
	ofQueries := rest[2*scoreTile+queryTile:]
	for i := range h.n {
		clear(h.dk[i*h.ldk:][:h.hd])
		clear(h.dv[i*h.ldk:][:h.hd])
	}
	for head := range h.heads / h.kvHeads {
		for query := 0; query < h.n; query += queryTile {
			t := tile{query: query, queries: min(queryTile, h.n-query)}
			at := query*h.ldq + head*h.hd
			q, dq, out, dout := h.q[at:], h.dq[at:], h.out[at:], h.dout[at:]
			for i := range t.queries {
				delta[i] = o.dot(out[i*h.ldq:][:h.hd], dout[i*h.ldq:][:h.hd])
				clear(dq[i*h.ldq:][:h.hd])
			}
			queries, rest := o.newPanels(ofQueries, q, t.queries, h.hd, h.ldq, false)
			douts, _ := o.newPanels(rest, dout, t.queries, h.hd, h.ldq, false)
			_, high := h.keys(query + t.queries - 1)
			for t.key = h.firstKey(query); t.key < high; t.key += keyTile {
				t.keys = min(keyTile, high-t.key)
				h.scores(weights, t, q, keysT, 0, h.scale)
				h.scores(grads, t, dout, valuesT, 0, 1)
				for i := range t.queries {
					first, end := h.seen(t, i)
					row, grad := weights[i*scoreWidth:][:t.keys], grads[i*scoreWidth:][:t.keys]
					o.expSum(row[first:end], h.lse[(query+i)*h.heads+head])
					o.mulSub(grad[first:end], row[first:end], delta[i])
					for _, x := range [][]float32{row, grad} {
						clear(x[:first])
						clear(x[end:])
					}
				}
				h.addKeys(h.dv[t.key*h.ldk:], t, weights, douts, 1)
				h.addKeys(h.dk[t.key*h.ldk:], t, grads, queries, h.scale)
				h.addQueries(dq, t, grads, keys, 0, h.scale)
			}
		}
	}
}
