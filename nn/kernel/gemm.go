package kernel

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// gemmKernel is the part of a matrix product that differs between machines. All
// strides are in bytes.
type gemmKernel struct {
	rows, cols int // of a tile of C

	// perStep is how many elements of k make a step: one float32, or two bf16s in its
	// place. A last step that is not full ends in zeros.
	perStep int

	// rounds says that packed elements are to be rounded to bf16.
	rounds bool

	// micro[r-1] computes a tile of r rows: C = alpha*A*B, plus C unless add is 0.
	// A is packed as kc columns of r steps; B has kc rows, ldb apart. Only the
	// columns in mask are written, but all cols are read from B. next is what is
	// read from B some tiles later.
	micro []microFunc

	// spread[r-1] is micro[r-1] for an A whose rows and columns are rowA and colA
	// apart. It does nothing about what is read later.
	spread []spreadFunc

	// half, if there are such, are spread for the left half of a tile.
	half []spreadFunc

	// packTrans writes the rows, at most transRows, of n elements at src as columns,
	// each of a step, at dst. It may write transRows elements of a column, however many
	// rows there are, and packRows any multiple of it: columns are packed in order,
	// and a panel has room for transRows more.
	packTrans func(dst *float32, dstStride int, src *float32, srcStride, rows, n int)
	transRows int

	// packRows copies n rows of those elements that are in mask, as steps.
	packRows func(dst *float32, dstStride int, src *float32, srcStride int, mask uint32, n int)

	// packColsA and packColsB, if there are such, copy n rows of panels*rows and of
	// panels*cols elements, as steps, to the panels, which are dstPanel apart. They
	// read, and write at the end of a panel, up to packColsOver elements more.
	packColsA, packColsB func(dst *float32, dstPanel int, src *float32, srcStride, panels, n int)

	// dots[r-1] writes to out the inner products of r rows of x with 4 rows of w.
	// Without it there is no faster way for few rows.
	dots []dotsFunc

	// peak runs n rounds of multiply-adds on registers, of peakOps operations.
	peak    func(n int)
	peakOps int
}

type (
	spreadFunc func(kc int, a *float32, rowA, colA int, b *float32, ldb int, c *float32, ldc int, alpha float32, add int, mask uint32)
	microFunc  func(kc int, a, b *float32, ldb int, c *float32, ldc int, alpha float32, add int, mask uint32, next *float32)
	dotsFunc   func(n int, x *float32, ldx int, w *float32, ldw int, out *float32)
)

// Sizes of blocks, in elements or rows.
const (
	depth        = 512       // of k: a panel of B so deep is a little more than the first-level cache
	sliceDepth   = 3 * depth // of k: so much of A is packed at a time
	blockA       = 3 << 16   // of A: a block stays in the second-level cache
	packAtOnce   = 8         // panels of B
	wideItem     = 512       // columns of an item by columns, if there are enough
	fewPanels    = 5         // of A: with fewer, fetching a panel of B takes longer than using it
	maxDepth     = 1 << 10   // of k: more is done in several products
	maxPackedB   = 3 << 19   // of B: a goroutine packs no more at a time,
	goodPackedB  = 1 << 20   // and of a larger B so much at a time, which is faster
	fewRows      = 8         // of A: up to this many, a product is done as inner products
	nearRows     = 64        // of an operand whose panels are packed together
	packColsOver = 2         // elements that packColsA may read after a row
)

// Work, in multiply-adds.
const (
	threadWork = 1 << 18 // outweighs starting a goroutine
	itemWork   = 1 << 24 // of an item, if there is enough of it
)

// Gemm computes C = alpha*op(A)*op(B) + beta*C, where op(A) is m×k and op(B) is
// k×n; op transposes if transA or transB says so. lda, ldb and ldc are the
// distances between rows of A, B and C as they are stored. With beta 0 C is only
// written, so that it may hold anything. At most threads goroutines work on it;
// the result is the same to the last bit for every number of them. C must not
// overlap A or B. Gemm panics if a slice is too short for its matrix.
func Gemm(threads int, transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	active.gemmAll(threads, transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}

func (o *ops) gemmAll(threads int, transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	o.gemmOf(false, threads, transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}

func (o *ops) gemmOf(bf16 bool, threads int, transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	if m <= 0 || n <= 0 {
		return
	}
	kern := &o.gemm
	if bf16 {
		kern = &o.gemmBF16
	}
	checkMatrix("C", c, m, n, ldc, false)
	if k <= 0 || alpha == 0 {
		for i := range m {
			o.scaleOrClear(c[i*ldc:][:n], beta)
		}
		return
	}
	checkMatrix("A", a, m, k, lda, transA)
	checkMatrix("B", b, k, n, ldb, transB)
	whole := operands{ops: o, kern: kern, transA: transA, transB: transB, m: m, n: n, k: k,
		alpha: alpha, beta: beta, a: a, lda: lda, b: b, ldb: ldb, c: c, ldc: ldc}
	if !transA && transB && m <= fewRows && kern.dots != nil {
		o.gemmFew(threads, whole)
		return
	}
	if o.narrow(bf16, threads, whole) {
		return
	}
	stepB, stepA := ldb, 1 // from one k to the next
	if transB {
		stepB = 1
	}
	if transA {
		stepA = lda
	}
	slabs := ceilDiv(k, maxDepth*kern.perStep)
	slab := (ceilDiv(k, slabs) + 3) &^ 3
	threads = max(1, min(threads, m*n*slab/(threadWork*kern.perStep)))
	for p := 0; p < k; p += slab {
		kp := min(slab, k-p)
		how, width := chooseSharing(threads, m, n, kern), n
		if how != byColumns {
			panels := ceilDiv(n, kern.cols)
			width = ceilDiv(panels, ceilDiv(panels, mostPanels(kern, ceilDiv(kp, kern.perStep), panels))) * kern.cols
		}
		for j := 0; j < n; j += width {
			bj := b[p*stepB+j:]
			if transB {
				bj = b[p*stepB+j*ldb:]
			}
			g := products.get(mostHeld(), newProduct)
			g.operands = operands{ops: o, kern: kern, transA: transA, transB: transB, m: m, n: min(width, n-j), k: kp,
				alpha: alpha, beta: beta, a: a[p*stepA:], lda: lda, b: bj, ldb: ldb, c: c[j:], ldc: ldc}
			g.compute(threads, how)
		}
		beta = 1
	}
}

// mostPanels is how many of the panels of B, so many steps of k deep, are packed at
// a time.
func mostPanels(kern *gemmKernel, steps, panels int) int {
	if panels*kern.cols*steps <= maxPackedB {
		return panels
	}
	return goodPackedB / steps / kern.cols
}

func checkMatrix(name string, x []float32, rows, cols, ld int, trans bool) {
	if trans {
		rows, cols = cols, rows
	}
	if ld < cols || len(x) < (rows-1)*ld+cols {
		panic(fmt.Sprintf("kernel: %s of %d×%d elements, rows %d apart, does not fit a slice of %d", name, rows, cols, ld, len(x)))
	}
}

func (o *ops) scaleOrClear(x []float32, a float32) {
	switch a {
	case 0:
		clear(x)
	case 1:
	default:
		o.scale(x, a)
	}
}

// operands are what a product works on.
type operands struct {
	ops            *ops
	kern           *gemmKernel
	transA, transB bool
	m, n, k        int
	alpha, beta    float32
	a, b, c        []float32
	lda, ldb, ldc  int
}

// sharing says how the goroutines of a product share it. What one has packed is
// slow to read for another, whose processor may have other caches.
type sharing int

const (
	// byRows gives each some rows of C; each packs all of B for itself.
	byRows sharing = iota
	// byColumns gives each some columns of C; each packs all of A for itself.
	byColumns
	// together they pack B, and each has some rows.
	together
)

// chooseSharing takes the way that costs less: by what is packed more than once,
// and by goroutines that have a row or column of tiles more than others. Rows, of
// which more items are made, are better at the same cost.
func chooseSharing(threads, m, n int, kern *gemmKernel) sharing {
	const enough = 64 // rows or columns for a goroutine
	if threads == 1 {
		return byRows
	}
	cost := func(size, tile int) float64 {
		const packing = 10 // an element is packed in the time of so many multiply-adds of a goroutine
		most := ceilDiv(ceilDiv(size, tile), threads) * tile
		return float64(threads*(most+packing)) / float64(size)
	}
	switch rows, columns := cost(m, kern.rows), cost(n, kern.cols); {
	case m >= enough*threads && (rows < columns+0.02 || n < enough*threads):
		return byRows
	case n >= enough*threads:
		return byColumns
	}
	return together
}

// product is one matrix product at work. Its goroutines take items, which are
// blocks of C, pack what they need of A and B, and compute them. Each starts with
// a share of neighbouring items, for which it need not pack everything again, and
// afterwards takes from the end of the others' shares. Nobody waits but for the
// last panels of B, if they pack it together, and, at the end, the last items; a
// goroutine that gets no processor in time is not waited for at all.
type product struct {
	operands
	sharing
	steps            int  // of k
	depth            int  // of k, in steps, that a tile is computed for at a time
	slice            int  // of k of which A is packed at a time: some depths
	strideA          int  // from a packed panel of A to the next
	panelsM, panelsN int  // rows and columns of tiles
	blocksM, blocksN int  // rows and columns of blocks
	direct           bool // B is read where it is, but for a last narrow panel

	lanes   []lane
	packedB *buffer        // of all, if they pack it together
	items   sync.WaitGroup // not yet computed
	helpers

	nextPanel, donePanels, joined atomic.Int64
}

// lane is what one of the goroutines starts with: the items from the high to before
// the low half.
type lane struct {
	share atomic.Uint64
	_     [64]byte // no line of the cache is shared with the next
}

// space is where a goroutine packs A and B.
type space struct {
	a [blockA]float32
	b [maxPackedB]float32
}

// spaces holds those that are free: of the goroutines that asked for products, and
// of those that helped. Memory that stays with one stays in the caches of its
// processor.
var spaces [2]freeList[*space]

func getSpace(me int) *space { return spaces[min(me, 1)].get(1, func() *space { return new(space) }) }

func putSpace(me int, s *space) { spaces[min(me, 1)].put(s) }

// products holds those that are free.
var products freeList[*product]

func newProduct() *product {
	g := &product{lanes: make([]lane, runtime.GOMAXPROCS(0))}
	g.helpers.run = func() {
		g.work(int(g.joined.Add(1)))
		g.release()
	}
	return g
}

// take removes an item from the share, the last or else the first.
func (l *lane) take(last bool) (item int, ok bool) {
	for {
		old := l.share.Load()
		first, end := old>>32, old&(1<<32-1)
		if first >= end {
			return 0, false
		}
		if last {
			if l.share.CompareAndSwap(old, old-1) {
				return int(end - 1), true
			}
		} else if l.share.CompareAndSwap(old, old+1<<32) {
			return int(first), true
		}
	}
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// plan cuts the product into items for so many goroutines, and returns how many
// items there are.
func (g *product) plan(threads int, how sharing) int {
	kern := g.kern
	g.sharing = how
	g.steps = ceilDiv(g.k, kern.perStep)
	depths := ceilDiv(g.steps, depth)
	g.depth = (ceilDiv(g.steps, depths) + 3) &^ 3
	g.slice = g.depth * ceilDiv(depths, ceilDiv(depths, sliceDepth/depth))
	g.strideA = kern.rows*min(g.slice, g.steps) + kern.transRows
	g.panelsM, g.panelsN = ceilDiv(g.m, kern.rows), ceilDiv(g.n, kern.cols)
	g.direct = !g.transB && g.m <= 2*kern.rows && kern.perStep == 1 && !kern.rounds

	most := max(2, blockA/g.strideA) // panels of A in a block
	g.blocksM, g.blocksN = ceilDiv(g.panelsM, most), 1
	switch {
	case how == byColumns:
		g.blocksN = max(min(g.n/wideItem, 8*threads), ceilDiv(g.panelsN, mostPanels(kern, g.steps, g.panelsN)))
		g.blocksN = min(ceilDiv(g.blocksN, threads)*threads, g.panelsN)
		return g.blocksN
	case threads > 1:
		g.blocksM = min(ceilDiv(g.blocksM, threads)*threads, g.panelsM)
		if want := min(max(g.m*g.n*g.steps/itemWork, 4*threads), 16*threads); g.slice >= g.steps {
			g.blocksN = min(ceilDiv(want, g.blocksM), g.panelsN)
		} else {
			// An item packs all its rows of A: no other should need them.
			g.blocksM = max(g.blocksM, min(want, g.panelsM/fewPanels)/threads*threads)
		}
	}
	return g.blocksM * g.blocksN
}

func (g *product) compute(threads int, how sharing) {
	items := g.plan(threads, how)
	if how == together {
		g.packedB = getBuffer(g.panelsN * g.kern.cols * g.steps)
	}
	g.nextPanel.Store(0)
	g.donePanels.Store(0)
	g.joined.Store(0)
	if len(g.lanes) < threads {
		g.lanes = make([]lane, threads)
	}
	for t := range g.lanes {
		first, end := min(t, threads)*items/threads, min(t+1, threads)*items/threads
		g.lanes[t].share.Store(uint64(first)<<32 | uint64(end))
	}
	g.items.Add(items)
	g.start(threads - 1)
	g.work(0)
	g.items.Wait()
	if how == together {
		putBuffer(g.packedB)
	}
	g.release()
}

// release gives the product back when nobody looks at it any more.
func (g *product) release() {
	if g.leave() {
		g.operands, g.packedB = operands{}, nil
		products.put(g)
	}
}

func (g *product) work(me int) {
	if g.sharing == together {
		g.packTogether()
	}
	item, ok := g.take(me)
	if !ok {
		return
	}
	s := getSpace(me)
	defer putSpace(me, s)
	var b packed
	packedA := -1
	for ; ok; item, ok = g.take(me) {
		first, end := item/g.blocksN, item/g.blocksN+1 // rows of blocks
		bn := item % g.blocksN
		if g.sharing == byColumns {
			first, end = 0, g.blocksM
			bn = item
		}
		left, right := bn*g.panelsN/g.blocksN, (bn+1)*g.panelsN/g.blocksN
		switch g.sharing {
		case byColumns:
			b = g.packForMe(s, left, right)
		case byRows:
			if b.data == nil {
				b = g.packForMe(s, 0, g.panelsN)
			}
		case together:
			b = packed{g.packedB.data, 0}
		}
		for bm := first; bm < end; bm++ {
			lo, hi := bm*g.panelsM/g.blocksM, (bm+1)*g.panelsM/g.blocksM
			g.scale(lo, hi, left, right)
			for p := 0; p < g.steps; p += g.slice {
				end := min(p+g.slice, g.steps)
				if packedA != bm || g.slice < g.steps {
					packedA = bm
					g.packA(s.a[:], lo, hi, p, end)
				}
				g.waitB()
				g.block(s.a[:], b, lo, hi, left, right, p, end)
			}
		}
		g.items.Done()
	}
}

// packed is panels of B, of which the first is number first.
type packed struct {
	data  []float32
	first int
}

// panel is panel j from step p.
func (b packed) panel(g *product, j, p int) []float32 {
	return b.data[((j-b.first)*g.steps+p)*g.kern.cols:]
}

// packForMe packs panels left to right of B for one goroutine.
func (g *product) packForMe(s *space, left, right int) packed {
	b := packed{s.b[:], left}
	for j := left; j < right; j += packAtOnce {
		g.packB(b, j, min(j+packAtOnce, right))
	}
	return b
}

// packTogether takes part in packing B.
func (g *product) packTogether() {
	for {
		j := int(g.nextPanel.Add(packAtOnce)) - packAtOnce
		if j >= g.panelsN {
			return
		}
		end := min(j+packAtOnce, g.panelsN)
		g.packB(packed{g.packedB.data, 0}, j, end)
		g.donePanels.Add(int64(end - j))
	}
}

// take returns the next item for goroutine me.
func (g *product) take(me int) (item int, ok bool) {
	item, ok = g.lanes[me].take(false)
	for t := 1; t < len(g.lanes) && !ok; t++ {
		item, ok = g.lanes[(me+t)%len(g.lanes)].take(true)
	}
	return item, ok
}

// waitB returns when those who pack B together have.
func (g *product) waitB() {
	for spin := 0; g.sharing == together && g.donePanels.Load() < int64(g.panelsN); spin++ {
		if spin < 1000 {
			runtime.Gosched()
		} else {
			time.Sleep(20 * time.Microsecond)
		}
	}
}

const size = int(unsafe.Sizeof(float32(0)))

// packB packs panels j to end of B into b, each all steps of cols elements. If B is not
// transposed its rows are far apart in memory: all panels are taken from some of
// them before going on to the next.
func (g *product) packB(b packed, j, end int) {
	kern := g.kern
	if g.direct {
		j = max(j, g.n/kern.cols) // the others stay where they are
	}
	if j >= end {
		return
	}
	all := b.panel(g, j, 0)[:(end-j)*kern.cols*g.steps]
	if whole := min(end, g.n/kern.cols); !g.transB && kern.packColsB != nil && j < whole {
		kern.packColsB(&all[0], kern.cols*g.steps*size, &g.b[j*kern.cols], g.ldb*size, whole-j, g.k)
		j = whole
	}
	step := g.steps
	if !g.transB {
		step = nearRows
	}
	for p := 0; p < g.steps; p += step {
		at, kp := g.elements(p, min(p+step, g.steps))
		for j := j; j < end; j++ {
			first := j * kern.cols
			n := min(kern.cols, g.n-first)
			dst := b.panel(g, j, p)
			if !g.transB {
				kern.packRows(&dst[0], kern.cols*size, &g.b[at*g.ldb+first], g.ldb*size, columns(n), kp)
				continue
			}
			for i := 0; i < n; i += kern.transRows {
				kern.packTrans(&dst[i], kern.cols*size, &g.b[(first+i)*g.ldb], g.ldb*size, min(kern.transRows, n-i), kp)
			}
		}
	}
	if kern.rounds {
		roundAllBF16(all)
	}
}

// packA packs panels lo to hi of A from step from to end, each a column of rows
// elements after the other, or fewer if there are no more. If A is transposed its
// rows are far apart in memory: see packB.
func (g *product) packA(dst []float32, lo, hi, from, end int) {
	kern := g.kern
	q := lo
	if whole := min(hi, (g.m-packColsOver)/kern.rows); g.transA && kern.packColsA != nil && lo < whole {
		at, kp := g.elements(from, end)
		kern.packColsA(&dst[0], g.strideA*size, &g.a[at*g.lda+lo*kern.rows], g.lda*size, whole-lo, kp)
		q = whole
	}
	step := end - from
	if g.transA {
		step = nearRows
	}
	for p := from; p < end; p += step {
		at, kp := g.elements(p, min(p+step, end))
		for q := q; q < hi; q++ {
			first := q * kern.rows
			m := min(kern.rows, g.m-first)
			to := dst[(q-lo)*g.strideA+(p-from)*m:]
			if g.transA {
				kern.packRows(&to[0], m*size, &g.a[at*g.lda+first], g.lda*size, columns(m), kp)
				continue
			}
			for i := 0; i < m; i += kern.transRows {
				kern.packTrans(&to[i], m*size, &g.a[(first+i)*g.lda+at], g.lda*size, min(kern.transRows, m-i), kp)
			}
		}
	}
	if kern.rounds {
		roundAllBF16(dst[:(hi-lo)*g.strideA])
	}
}

// elements returns the first element of k in steps from to end, and their number.
func (g *product) elements(from, end int) (first, n int) {
	first = from * g.kern.perStep
	return first, min(end*g.kern.perStep, g.k) - first
}

// columns is the mask of the first n columns.
func columns(n int) uint32 { return uint32(1<<n - 1) }

// scale multiplies the tiles of C in rows lo to hi and columns left to right of
// tiles by beta, unless block does.
func (g *product) scale(lo, hi, left, right int) {
	if g.beta == 0 || g.beta == 1 {
		return
	}
	kern := g.kern
	x, end := left*kern.cols, min(right*kern.cols, g.n)
	for i := lo * kern.rows; i < min(hi*kern.rows, g.m); i++ {
		g.ops.scale(g.c[i*g.ldc+x:i*g.ldc+end], g.beta)
	}
}

// block adds to the tiles of C in rows lo to hi and columns left to right of tiles
// the part of the product from step from to end, given that of the rows of A and B.
func (g *product) block(a []float32, packedB packed, lo, hi, left, right, from, end int) {
	kern := g.kern
	for j := left; j < right; j++ {
		x := j * kern.cols
		n := min(kern.cols, g.n-x)
		direct := g.direct && n == kern.cols
		for p := from; p < end; p += g.depth {
			kp := min(g.depth, end-p)
			b, ldb := &packedB.panel(g, j, p)[0], kern.cols*size
			if direct {
				b, ldb = &g.b[p*g.ldb+x], g.ldb*size
			}
			add := 0
			if p > 0 || g.beta != 0 {
				add = 1
			}
			next := g.nextB(packedB, j, p, from, end, right)
			part := ceilDiv(len(next), hi-lo)
			for q := lo; q < hi; q++ {
				y := q * kern.rows
				m := min(kern.rows, g.m-y)
				kern.micro[m-1](kp, &a[(q-lo)*g.strideA+(p-from)*m], b, ldb, &g.c[y*g.ldc+x], g.ldc*size, g.alpha, add, columns(n), &next[min((q-lo)*part, len(next)-1)])
			}
		}
	}
}

// nextB is what block reads from packed B after step p of panel j.
func (g *product) nextB(b packed, j, p, from, end, right int) []float32 {
	cols := g.kern.cols
	p += g.depth
	if p >= end {
		j, p = j+1, from
	}
	if j >= right {
		return b.data[:cols]
	}
	return b.panel(g, j, p)[:cols*min(g.depth, end-p)]
}

// gemmFew is the product of few rows with a transposed B, as when one token goes
// through a layer: packing would cost more than it saves, so each row of B is
// read once, where it is.
func (o *ops) gemmFew(threads int, g operands) {
	parallelWith(threads, g.n, 2*g.m*g.k, g, func(g *operands, lo, hi int) {
		dots := g.kern.dots
		buf := getBuffer(len(dots) * 4)
		defer putBuffer(buf)
		out := buf.data
		fourStreams(lo, hi, func(row, step int) {
			for i := 0; i < g.m; i += len(dots) {
				rows := min(len(dots), g.m-i)
				dots[rows-1](g.k, &g.a[i*g.lda], g.lda*size, &g.b[row*g.ldb], step*g.ldb*size, &out[0])
				for r := range rows {
					for j := range streams(step) {
						to := &g.c[(i+r)*g.ldc+row+j*step]
						v := g.alpha * out[r*4+j]
						if g.beta != 0 {
							v += g.beta * *to
						}
						*to = v
					}
				}
			}
		})
	})
}

// fourStreams calls f for rows lo to hi, four at a time: row, row+step, row+2*step
// and row+3*step. The four walk through a quarter of the rows each, so that the
// memory sees four long streams, which it delivers faster than one or than short
// ones. The step is 0 for rows that are left over, each of which is one by itself.
func fourStreams(lo, hi int, f func(row, step int)) {
	quarter := (hi - lo) / 4
	for row := lo; row < lo+quarter; row++ {
		f(row, quarter)
	}
	for row := lo + 4*quarter; row < hi; row++ {
		f(row, 0)
	}
}

// streams is how many rows a step of fourStreams has.
func streams(step int) int {
	if step == 0 {
		return 1
	}
	return 4
}
