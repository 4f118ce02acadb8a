package kernel

import (
	"fmt"
	"math"
	"unsafe"
)

// FewRows is up to how many rows [Gemm] and [GemmMatrix] multiply with a
// transposed matrix as inner products, each of whose rows is then computed as
// [GemmRows] does. Of more rows, too, each has the same bits whatever the others
// are and however many of them there are.
const FewRows = fewRows

// FloatMatrix is data, rows×cols, as a [Matrix]. It is not copied.
func FloatMatrix(rows, cols int, data []float32) *Matrix {
	if rows <= 0 || cols <= 0 || len(data) != rows*cols {
		panic(fmt.Sprintf("kernel: %d elements are no matrix of %d×%d", len(data), rows, cols))
	}
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(&data[0])), size*len(data))
	return &Matrix{F32, rows, cols, []Part{{Name: "weight", DType: "F32", Shape: []int{rows, cols}, Data: bytes}}}
}

// RowProduct is one product of [GemmRows]: Y = x*transpose(W) + Beta*Y. Y has rows
// of W.Rows elements, LdY apart; with Beta 0 it is only written.
type RowProduct struct {
	W    *Matrix
	Beta float32
	Y    []float32
	LdY  int
}

// GemmRows computes products of the same m rows of x, ldx apart, as [GemmMatrix]
// does with transW. Each row of a result has the bits that it has when it is
// computed alone: a token that is decoded beside others comes out as it does
// without them. W is read from memory once for all rows, and the products start
// together. Beyond some 30 rows GemmMatrix is faster.
func GemmRows(threads, m int, x []float32, ldx int, products ...RowProduct) {
	active.gemmRows(threads, m, x, ldx, products)
}

// rowsArgs is what gemmRows works on.
type rowsArgs struct {
	o        *ops
	m        int
	x        []float32
	ldx      int
	products []RowProduct
	arranged [kinds][]float32 // x for each kind that needs it, arrangedLd apart
}

func (o *ops) gemmRows(threads, m int, x []float32, ldx int, products []RowProduct) {
	if m <= 0 || len(products) == 0 {
		return
	}
	g := rowsArgs{o: o, m: m, x: x, ldx: ldx, products: products}
	var free [kinds]*buffer
	rows, cols := 0, products[0].W.Cols
	for i := range products {
		p := &products[i]
		checkMatrix("x", x, m, p.W.Cols, ldx, false)
		checkMatrix("y", p.Y, m, p.W.Rows, p.LdY, false)
		if p.W.Cols != cols {
			panic(fmt.Sprintf("kernel: products of the same rows with matrices of %d and %d columns", cols, p.W.Cols))
		}
		rows += p.W.Rows
		if k := p.W.Kind; o.fuses(p.W) && g.arranged[k] == nil {
			ld := arrangedLd(cols)
			buf := getBuffer(m * ld)
			g.arranged[k], free[k] = buf.data, buf
			for r := range m {
				arrange(k, buf.data[r*ld:(r+1)*ld], x[r*ldx:][:cols])
			}
		}
	}
	parallelWith(threads, rows, 4*m*cols, g, (*rowsArgs).run)
	for _, buf := range free {
		if buf != nil {
			putBuffer(buf)
		}
	}
}

// fuses reports whether W is decoded in registers.
func (o *ops) fuses(w *Matrix) bool {
	return w.Kind != F32 && w.Cols%blockLen == 0 && o.stored[w.Kind].dots != nil
}

// run computes what lies in rows lo to hi of all W together.
func (g *rowsArgs) run(lo, hi int) {
	for i := range g.products {
		p := &g.products[i]
		if from, to := max(lo, 0), min(hi, p.W.Rows); from < to {
			g.product(p, from, to)
		}
		lo, hi = lo-p.W.Rows, hi-p.W.Rows
	}
}

// product computes rows lo to hi of one W.
func (g *rowsArgs) product(p *RowProduct, lo, hi int) {
	o, w := g.o, p.W
	switch {
	case w.Kind == F32:
		g.floats(p, w.floats(0)[lo*w.Cols:], lo, hi)
	case o.fuses(w):
		stored := storedArgs{o, w, g.m, g.arranged[w.Kind], arrangedLd(w.Cols), p.Beta, p.Y, p.LdY}
		stored.fused(lo, hi)
	default:
		rows := decodedRows(w)
		buf := getBuffer(rows * w.Cols)
		defer putBuffer(buf)
		for ; lo < hi; lo += rows {
			end := min(hi, lo+rows)
			o.decodeRows(w, buf.data, lo, end)
			g.floats(p, buf.data, lo, end)
		}
	}
}

// floats computes rows lo to hi, which begin at w.
func (g *rowsArgs) floats(p *RowProduct, w []float32, lo, hi int) {
	k := p.W.Cols
	if g.o.gemm.dots == nil {
		g.o.gemmAll(1, false, true, g.m, hi-lo, k, 1, g.x, g.ldx, w, k, p.Beta, p.Y[lo:], p.LdY)
		return
	}
	g.o.gemmFew(1, operands{
		ops: g.o, kern: &g.o.gemm, m: g.m, n: hi - lo, k: k, alpha: 1, beta: p.Beta,
		a: g.x, lda: g.ldx, b: w, ldb: k, c: p.Y[lo:], ldc: p.LdY,
	})
}

// CachePad is how many elements [CachedAttention] may read after the end of what it
// needs of keys and of values.
const CachePad = 32

// CachedAttention is scaled dot-product attention of n tokens, of which the first
// is at position first of its sequence, over the keys and values of all tokens
// that they see; see [Mask] for window and prefix. It computes the heads that
// share the key-value head kv: those of out, rows ldo apart, and q, rows ldq apart,
// each of heads*hd elements.
//
// k holds the keys as columns, so that scores are computed for many of them at a
// time: kvHeads*hd rows, ldk apart, of an element for each position from 0. v has a
// row of kvHeads*hd elements for each position. Both go on for [CachePad] elements
// of any value.
//
// It works in tiles, and on one goroutine; calls for other heads and sequences may
// go on beside it.
func CachedAttention(out []float32, ldo int, q []float32, ldq int, k []float32, ldk int, v []float32, n, first, kv, heads, kvHeads, hd, window, prefix int) {
	active.cachedAttention(out, ldo, q, ldq, k, ldk, v, n, first, kv, heads, kvHeads, hd, view{first + n, prefix, window})
}

func (o *ops) cachedAttention(out []float32, ldo int, q []float32, ldq int, k []float32, ldk int, v []float32, n, first, kv, heads, kvHeads, hd int, mask view) {
	group, total := heads/kvHeads, first+n
	if len(k) < (kvHeads*hd-1)*ldk+total+CachePad || len(v) < total*kvHeads*hd+CachePad {
		panic(fmt.Sprintf("kernel: keys of %d and values of %d elements are too few for %d tokens", len(k), len(v), total))
	}
	t := cachedTile{o: o, k: k[kv*hd*ldk:], ldk: ldk, v: v[kv*hd:], ldv: kvHeads * hd, hd: hd, mask: mask}
	at := kv * group * hd
	if n == 1 { // the heads of the group are rows of one tile
		t.attend(out[at:], hd, q[at:], hd, group, first, 0)
		return
	}
	for h := range group {
		for i := 0; i < n; i += queryTile {
			t.attend(out[i*ldo+at+h*hd:], ldo, q[i*ldq+at+h*hd:], ldq, min(queryTile, n-i), first+i, 1)
		}
	}
}

// cachedTile is what the queries of one head of keys are compared with.
type cachedTile struct {
	o        *ops
	k, v     []float32
	ldk, ldv int
	hd       int
	mask     view
}

// attend computes rows queries, at positions first, first+step and so on.
func (t *cachedTile) attend(out []float32, ldo int, q []float32, ldq int, rows, first, step int) {
	o, hd := t.o, t.hd
	tile := queryTile * keyTile / rows &^ (keyTile - 1) // keys at a time
	ld := tile + scoreWidth - keyTile
	buf := getBuffer(rows * (ld + 2))
	defer putBuffer(buf)
	scores, most, sum := buf.data[:rows*ld], buf.data[rows*ld:][:rows], buf.data[rows*(ld+1):]
	for i := range rows {
		most[i], sum[i] = float32(math.Inf(-1)), 0
		clear(out[i*ldo:][:hd])
	}
	start, _ := t.mask.keys(first)
	_, end := t.mask.keys(first + (rows-1)*step)
	for j := start; j < end; j += tile {
		keys := min(tile, end-j)
		o.spreadGemm(rows, keys, hd, float32(1/math.Sqrt(float64(hd))), q, ldq, t.k[j:], t.ldk, 0, scores, ld)
		for i := range rows {
			row := scores[i*ld:][:keys]
			from, to := t.mask.keys(first + i*step)
			from, to = min(max(from-j, 0), keys), min(max(to-j, 0), keys)
			if from >= to {
				clear(row)
				continue
			}
			clear(row[:from])
			clear(row[to:])
			row = row[from:to]
			m := max(most[i], o.max(row))
			if sum[i] > 0 && m > most[i] {
				fix := expGo(most[i] - m)
				sum[i] *= fix
				o.scale(out[i*ldo:][:hd], fix)
			}
			most[i] = m
			sum[i] += o.expSum(row, m)
		}
		o.spreadGemm(rows, hd, keys, 1, scores, ld, t.v[j*t.ldv:], t.ldv, 1, out, ldo)
	}
	for i := range rows {
		o.scale(out[i*ldo:][:hd], 1/sum[i])
	}
}

// spreadGemm computes C = alpha*A*B, plus C unless add is 0, without packing: for
// an A of few rows that is used once. It reads up to CachePad elements after B.
func (o *ops) spreadGemm(m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, add int, c []float32, ldc int) {
	kern := &o.gemm
	for j := 0; j < n; j += kern.cols {
		mask := columns(min(kern.cols, n-j))
		for i := 0; i < m; i += kern.rows {
			rows := min(kern.rows, m-i)
			kern.spread[rows-1](k, &a[i*lda], lda*size, size, &b[j], ldb*size, &c[i*ldc+j], ldc*size, alpha, add, mask)
		}
	}
}

// Each calls f for each item of [0,n), for some at a time. At most threads
// goroutines take one after the other.
func Each(threads, n int, f func(lo, hi int)) { split(threads, n, n, f) }
