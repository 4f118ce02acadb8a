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

	// micro[r-1] computes a tile of r rows: C = alpha*A*B, plus C unless add is 0.
	// A is packed as kc columns of r elements; B has kc rows, ldb apart. Only the
	// columns in mask are written, but all cols are read from B.
	micro []microFunc

	// packTrans writes the rows, at most transRows, of n elements at src as n
	// columns at dst. It may write transRows elements of a column, however many
	// rows there are, and packRows any multiple of it: columns are packed in order,
	// and a panel has room for transRows more.
	packTrans func(dst *float32, dstStride int, src *float32, srcStride, rows, n int)
	transRows int

	// packRows copies n rows of those elements that are in mask.
	packRows func(dst *float32, dstStride int, src *float32, srcStride int, mask uint32, n int)

	// dots[r-1] writes to out the inner products of r rows of x with 4 rows of w.
	// Without it there is no faster way for few rows.
	dots []dotsFunc

	// peak runs n rounds of multiply-adds on registers, of peakOps operations.
	peak    func(n int)
	peakOps int
}

type (
	microFunc func(kc int, a, b *float32, ldb int, c *float32, ldc int, alpha float32, add int, mask uint32)
	dotsFunc  func(n int, x *float32, ldx int, w *float32, ldw int, out *float32)
)

// Sizes of blocks, in elements.
const (
	depth      = 320     // of k: a panel of B stays in the first-level cache
	blockA     = 3 << 16 // of A: a block stays in the second-level cache
	maxDepth   = 1 << 12 // of k: more is done in several products
	maxPackedB = 1 << 23 // of B: more is done in several products
	fewRows    = 8       // of A: up to this many, a product is done as inner products
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
	if m <= 0 || n <= 0 {
		return
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
	if !transA && transB && m <= fewRows && n >= 4 && o.gemm.dots != nil {
		o.gemmFew(threads, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
		return
	}
	stepB, stepA := ldb, 1 // from one k to the next
	if transB {
		stepB = 1
	}
	if transA {
		stepA = lda
	}
	for p := 0; p < k; p += maxDepth {
		kp := min(maxDepth, k-p)
		width := max(maxPackedB/kp/o.gemm.cols, 1) * o.gemm.cols
		for j := 0; j < n; j += width {
			bj := b[p*stepB+j:]
			if transB {
				bj = b[p*stepB+j*ldb:]
			}
			g := &product{ops: o, transA: transA, transB: transB, m: m, n: min(width, n-j), k: kp,
				alpha: alpha, beta: beta, a: a[p*stepA:], lda: lda, b: bj, ldb: ldb, c: c[j:], ldc: ldc}
			g.run(threads)
		}
		beta = 1
	}
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

// product is one matrix product at work. Its goroutines first pack B together,
// panel by panel, into columns of tiles; then each takes a block of C after the
// other, packs the rows of A that belong to it for itself, and computes it.
// Nobody waits but for the last panels of B and, at the end, the last blocks of C;
// a goroutine that gets no processor in time is not waited for at all.
type product struct {
	ops            *ops
	transA, transB bool
	m, n, k        int
	alpha, beta    float32
	a, b, c        []float32
	lda, ldb, ldc  int

	depth            int       // of a step in k
	strideA          int       // from a packed panel of A to the next
	panelsM, panelsN int       // rows and columns of tiles
	blocksM, blocksN int       // rows and columns of blocks of tiles
	direct           bool      // B is read where it is, but for a last narrow panel
	packedB          []float32 // panelsN panels of k rows of cols elements

	nextPanel, donePanels, nextBlock atomic.Int64
	blocks                           sync.WaitGroup // not yet computed
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

func (g *product) run(threads int) {
	kern := &g.ops.gemm
	work := g.m * g.n * g.k
	threads = max(1, min(threads, work>>18))
	g.depth = (ceilDiv(g.k, ceilDiv(g.k, depth)) + 3) &^ 3
	g.strideA = kern.rows*g.k + kern.transRows
	g.panelsM, g.panelsN = ceilDiv(g.m, kern.rows), ceilDiv(g.n, kern.cols)

	most := max(2, min(32, blockA/(kern.rows*g.k))) // panels of A in a block
	g.blocksM, g.blocksN = ceilDiv(g.panelsM, most), 1
	if want := 4 * threads; threads > 1 && g.blocksM < want {
		g.blocksM = min(want, ceilDiv(g.panelsM, 2))
		g.blocksN = min(ceilDiv(want, g.blocksM), g.panelsN)
	}
	g.direct = !g.transB && g.m <= 2*kern.rows

	buf := getBuffer(g.panelsN * kern.cols * g.k)
	g.packedB = buf.data
	g.blocks.Add(g.blocksM * g.blocksN)
	for range threads - 1 {
		go g.work()
	}
	g.work()
	g.blocks.Wait()
	putBuffer(buf)
}

func (g *product) work() {
	for {
		j := int(g.nextPanel.Add(1)) - 1
		if j >= g.panelsN {
			break
		}
		g.packB(j)
		g.donePanels.Add(1)
	}
	for spin := 0; g.donePanels.Load() < int64(g.panelsN); spin++ {
		if spin < 1000 {
			runtime.Gosched()
		} else {
			time.Sleep(20 * time.Microsecond)
		}
	}
	var buf *buffer
	packed := -1
	for {
		i := int(g.nextBlock.Add(1)) - 1
		if i >= g.blocksM*g.blocksN {
			break
		}
		if buf == nil {
			buf = getBuffer(ceilDiv(g.panelsM, g.blocksM) * g.strideA)
		}
		bm, bn := i/g.blocksN, i%g.blocksN
		lo, hi := bm*g.panelsM/g.blocksM, (bm+1)*g.panelsM/g.blocksM
		if packed != bm {
			packed = bm
			g.packA(buf.data, lo, hi)
		}
		g.block(buf.data, lo, hi, bn*g.panelsN/g.blocksN, (bn+1)*g.panelsN/g.blocksN)
		g.blocks.Done()
	}
	if buf != nil {
		putBuffer(buf)
	}
}

const size = int(unsafe.Sizeof(float32(0)))

// packB packs panel j of B: k rows of cols elements.
func (g *product) packB(j int) {
	kern := &g.ops.gemm
	first := j * kern.cols
	n := min(kern.cols, g.n-first)
	if g.direct && n == kern.cols {
		return
	}
	dst := g.packedB[first*g.k:]
	if !g.transB {
		kern.packRows(&dst[0], kern.cols*size, &g.b[first], g.ldb*size, columns(n), g.k)
		return
	}
	for i := 0; i < n; i += kern.transRows {
		kern.packTrans(&dst[i], kern.cols*size, &g.b[(first+i)*g.ldb], g.ldb*size, min(kern.transRows, n-i), g.k)
	}
}

// packA packs panels lo to hi of A, each k columns of rows elements, or fewer if
// there are no more. If A is transposed its rows are far apart in memory: all
// panels are taken from some of them before going on to the next.
func (g *product) packA(dst []float32, lo, hi int) {
	const near = 64 // rows
	kern := &g.ops.gemm
	step := g.k
	if g.transA {
		step = near
	}
	for p := 0; p < g.k; p += step {
		kp := min(step, g.k-p)
		for q := lo; q < hi; q++ {
			first := q * kern.rows
			m := min(kern.rows, g.m-first)
			to := dst[(q-lo)*g.strideA+p*m:]
			if g.transA {
				kern.packRows(&to[0], m*size, &g.a[p*g.lda+first], g.lda*size, columns(m), kp)
				continue
			}
			for i := 0; i < m; i += kern.transRows {
				kern.packTrans(&to[i], m*size, &g.a[(first+i)*g.lda], g.lda*size, min(kern.transRows, m-i), kp)
			}
		}
	}
}

// columns is the mask of the first n columns.
func columns(n int) uint32 { return uint32(1<<n - 1) }

// block computes the tiles of C in rows lo to hi and columns left to right of
// tiles, given the packed rows of A.
func (g *product) block(a []float32, lo, hi, left, right int) {
	kern := &g.ops.gemm
	if g.beta != 0 && g.beta != 1 {
		x, end := left*kern.cols, min(right*kern.cols, g.n)
		for i := lo * kern.rows; i < min(hi*kern.rows, g.m); i++ {
			g.ops.scale(g.c[i*g.ldc+x:i*g.ldc+end], g.beta)
		}
	}
	for j := left; j < right; j++ {
		x := j * kern.cols
		n := min(kern.cols, g.n-x)
		for p := 0; p < g.k; p += g.depth {
			kp := min(g.depth, g.k-p)
			b, ldb := &g.packedB[x*g.k+p*kern.cols:][0], kern.cols*size
			if g.direct && n == kern.cols {
				b, ldb = &g.b[p*g.ldb+x], g.ldb*size
			}
			add := 0
			if p > 0 || g.beta != 0 {
				add = 1
			}
			for q := lo; q < hi; q++ {
				y := q * kern.rows
				m := min(kern.rows, g.m-y)
				kern.micro[m-1](kp, &a[(q-lo)*g.strideA+p*m], b, ldb, &g.c[y*g.ldc+x], g.ldc*size, g.alpha, add, columns(n))
			}
		}
	}
}

// gemmFew is the product of few rows with a transposed B, as when one token goes
// through a layer: packing would cost more than it saves, so each row of B is
// read once, where it is.
func (o *ops) gemmFew(threads, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	const group = 4 // rows of B at a time
	parallelCost(threads, ceilDiv(n, group), 2*m*k*group, func(lo, hi int) {
		most := len(o.gemm.dots) // rows of A at a time
		buf := getBuffer(most * group)
		defer putBuffer(buf)
		out := buf.data
		for j := lo; j < hi; j++ {
			at := min(j*group, n-group) // the last group overlaps the one before
			skip := j*group - at
			for i := 0; i < m; i += most {
				rows := min(most, m-i)
				o.gemm.dots[rows-1](k, &a[i*lda], lda*size, &b[at*ldb], ldb*size, &out[0])
				for r := range rows {
					y := c[(i+r)*ldc+at:][:group]
					for x := skip; x < group; x++ {
						v := alpha * out[r*group+x]
						if beta != 0 {
							v += beta * y[x]
						}
						y[x] = v
					}
				}
			}
		}
	})
}
