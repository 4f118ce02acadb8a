package kernel

// A product is narrow with so few columns that packing A takes longer than what it
// saves, or that a half-empty tile is much of the work. Those of LoRA's ranks are.
const (
	narrowTiles = 2   // of columns
	turnedDepth = 256 // of k from which turning a product is worth it
)

// narrow computes a product of few columns, if there is a faster way for it.
func (o *ops) narrow(bf16 bool, threads int, g operands) bool {
	kern := g.kern
	if g.n > narrowTiles*kern.cols || g.m < 4*g.n {
		return false
	}
	if last := g.n % kern.cols; g.transA && last > 0 && last <= kern.cols/2 && g.k >= turnedDepth {
		o.gemmTurned(bf16, threads, g)
		return true
	}
	if g.transA || kern.spread == nil || g.k > maxPackedB/(narrowTiles*kern.cols) {
		return false
	}
	o.gemmNarrow(threads, g)
	return true
}

// rowsAtOnce is how many rows, ld elements apart, are read at once, of at most so
// many. At some distances all of them compete for one set of the first-level cache,
// which has 8 to 12 places.
func rowsAtOnce(ld, most int) int {
	if ld%512 == 0 {
		return min(most, 8)
	}
	return most
}

// gemmNarrow packs B alone, and reads A where it is.
func (o *ops) gemmNarrow(threads int, g operands) {
	cols := g.kern.cols
	buf := getBuffer(ceilDiv(g.n, cols) * cols * g.k)
	defer putBuffer(buf)
	whole := product{operands: g, steps: g.k}
	whole.packB(packed{buf.data, 0}, 0, ceilDiv(g.n, cols))
	g.b = buf.data
	rows := rowsAtOnce(g.lda, g.kern.rows)
	parallelWith(threads, ceilDiv(g.m, rows), 2*rows*g.n*g.k, g, func(g *operands, lo, hi int) {
		kern, cols, rows := g.kern, g.kern.cols, rowsAtOnce(g.lda, g.kern.rows)
		lo, hi = lo*rows, min(hi*rows, g.m)
		if g.beta != 0 && g.beta != 1 {
			for i := lo; i < hi; i++ {
				g.ops.scale(g.c[i*g.ldc:][:g.n], g.beta)
			}
		}
		for p := 0; p < g.k; p += depth {
			add := 0
			if p > 0 || g.beta != 0 {
				add = 1
			}
			for x := 0; x < g.n; x += cols {
				n, tiles := min(cols, g.n-x), kern.spread
				if n <= cols/2 && kern.half != nil {
					tiles = kern.half
				}
				for y := lo; y < hi; y += rows {
					tiles[min(rows, hi-y)-1](min(depth, g.k-p), &g.a[y*g.lda+p], g.lda*size, size, &g.b[x*g.k+p*cols], cols*size,
						&g.c[y*g.ldc+x], g.ldc*size, g.alpha, add, columns(n))
				}
			}
		}
	})
}

// gemmTurned computes the transposed product, of few rows, which reads A where it
// is, and transposes the result.
func (o *ops) gemmTurned(bf16 bool, threads int, g operands) {
	buf := getBuffer(g.n * g.m)
	defer putBuffer(buf)
	o.gemmOf(bf16, threads, !g.transB, !g.transA, g.n, g.m, g.k, g.alpha, g.b, g.ldb, g.a, g.lda, 0, buf.data, g.m)
	g.a, g.lda = buf.data, g.m
	parallelWith(threads, g.m, 4*g.n, g, func(g *operands, lo, hi int) {
		const most = 32 // rows
		kern := &g.ops.gemm
		width := ceilDiv(g.n, kern.transRows) * kern.transRows
		buf := getBuffer(most * width)
		defer putBuffer(buf)
		for y := lo; y < hi; y += most {
			rows := min(most, hi-y)
			for j := 0; j < g.n; j += kern.transRows {
				kern.packTrans(&buf.data[j], width*size, &g.a[j*g.lda+y], g.lda*size, min(kern.transRows, g.n-j), rows)
			}
			for i := range rows {
				from, to := buf.data[i*width:][:g.n], g.c[(y+i)*g.ldc:][:g.n]
				g.ops.scaleOrClear(to, g.beta)
				g.ops.add(to, from)
			}
		}
	})
}
