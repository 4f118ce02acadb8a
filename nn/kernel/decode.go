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

// CachedAttention is scaled dot-product attention of n tokens, of which the first
// is at position first of its sequence, over the keys and values of all tokens
// that they see; see [Mask] for window and prefix. It computes the heads that
// share the key-value head kv: those of out, rows ldo apart, and q, rows ldq apart,
// each of heads*hd elements. k and v start at position 0 and have rows of
// kvHeads*hd elements. It works in tiles, and on one goroutine; calls for other
// heads and sequences may go on beside it.
func CachedAttention(out []float32, ldo int, q []float32, ldq int, k, v []float32, n, first, kv, heads, kvHeads, hd, window, prefix int) {
	active.cachedAttention(out, ldo, q, ldq, k, v, n, first, kv, heads, kvHeads, hd, view{first + n, prefix, window})
}

func (o *ops) cachedAttention(out []float32, ldo int, q []float32, ldq int, k, v []float32, n, first, kv, heads, kvHeads, hd int, mask view) {
	group := heads / kvHeads
	k, v = k[kv*hd:], v[kv*hd:]
	at := kv * group * hd
	if n == 1 { // the heads of the group are rows of one tile
		o.attendTile(out[at:], hd, q[at:], hd, k, v, kvHeads*hd, group, first, 0, hd, mask)
		return
	}
	for h := range group {
		for t := 0; t < n; t += queryTile {
			o.attendTile(out[t*ldo+at+h*hd:], ldo, q[t*ldq+at+h*hd:], ldq, k, v, kvHeads*hd, min(queryTile, n-t), first+t, 1, hd, mask)
		}
	}
}

// attendTile computes rows queries, at positions first, first+step and so on.
func (o *ops) attendTile(out []float32, ldo int, q []float32, ldq int, k, v []float32, ldk, rows, first, step, hd int, mask view) {
	tile := queryTile * keyTile / rows &^ (keyTile - 1) // keys at a time
	ld := tile + scoreWidth - keyTile
	buf := getBuffer(rows * (ld + 2))
	defer putBuffer(buf)
	scores, most, sum := buf.data[:rows*ld], buf.data[rows*ld:][:rows], buf.data[rows*(ld+1):]
	for i := range rows {
		most[i], sum[i] = float32(math.Inf(-1)), 0
	}
	scale := float32(1 / math.Sqrt(float64(hd)))
	start, _ := mask.keys(first)
	_, end := mask.keys(first + (rows-1)*step)
	beta := float32(0)
	for j := start; j < end; j += tile {
		keys := min(tile, end-j)
		o.gemmAll(1, false, true, rows, keys, hd, scale, q, ldq, k[j*ldk:], ldk, 0, scores, ld)
		for i := range rows {
			row := scores[i*ld:][:keys]
			from, to := mask.keys(first + i*step)
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
		o.gemmAll(1, false, false, rows, hd, keys, 1, scores, ld, v[j*ldk:], ldk, beta, out, ldo)
		beta = 1
	}
	for i := range rows {
		o.scale(out[i*ldo:][:hd], 1/sum[i])
	}
}

// Each calls f for each item of [0,n), for some at a time. At most threads
// goroutines take one after the other.
func Each(threads, n int, f func(lo, hi int)) { split(threads, n, n, f) }
