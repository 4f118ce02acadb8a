package kernel

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
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
	// rows there are; the same is true of packRows and a multiple of transRows. So
	// panels are packed in order and buffers have room for transRows more.
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
	blockA     = 1 << 17 // of A: a block stays in the second-level cache
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
			g := products.Get().(*product)
			g.ops, g.transA, g.transB = o, transA, transB
			g.m, g.n, g.k = m, min(width, n-j), kp
			g.a, g.lda, g.b, g.ldb, g.c, g.ldc = a[p*stepA:], lda, b[p*stepB:], ldb, c[j:], ldc
			if transB {
				g.b = g.b[j*ldb:]
			} else {
				g.b = g.b[j:]
			}
			g.alpha, g.beta = alpha, beta
			if p > 0 {
				g.beta = 1
			}
			g.run(threads)
			g.a, g.b, g.c = nil, nil, nil
			products.Put(g)
		}
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
// Nobody waits for anybody but for the last panels of B.
type product struct {
	ops            *ops
	transA, transB bool
	m, n, k        int
	alpha, beta    float32
	a, b, c        []float32
	lda, ldb, ldc  int

	depth            int       // of a step in k
	panelsM, panelsN int       // rows and columns of tiles
	blocksM, blocksN int       // rows and columns of blocks of tiles
	direct           bool      // B is read where it is, but for a last narrow panel
	packedB          []float32 // panelsN panels of k rows of cols elements

	nextPanel, donePanels, nextBlock atomic.Int64
	wg                               sync.WaitGroup
}

var products = sync.Pool{New: func() any { return new(product) }}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

func (g *product) run(threads int) {
	kern := &g.ops.gemm
	work := g.m * g.n * g.k
	threads = max(1, min(threads, work>>18))
	g.depth = (ceilDiv(g.k, ceilDiv(g.k, depth)) + 3) &^ 3
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
	g.nextPanel.Store(0)
	g.donePanels.Store(0)
	g.nextBlock.Store(0)
	for range threads - 1 {
		g.wg.Add(1)
		go g.helper()
	}
	g.work()
	g.wg.Wait()
	g.packedB = nil
	putBuffer(buf)
}

func (g *product) helper() {
	defer g.wg.Done()
	g.work()
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
	for g.donePanels.Load() < int64(g.panelsN) {
		runtime.Gosched()
	}
	buf := getBuffer(ceilDiv(g.panelsM, g.blocksM)*g.ops.gemm.rows*g.k + g.ops.gemm.transRows)
	defer putBuffer(buf)
	packed := -1
	for {
		i := int(g.nextBlock.Add(1)) - 1
		if i >= g.blocksM*g.blocksN {
			return
		}
		bm, bn := i/g.blocksN, i%g.blocksN
		lo, hi := bm*g.panelsM/g.blocksM, (bm+1)*g.panelsM/g.blocksM
		if packed != bm {
			packed = bm
			for q := lo; q < hi; q++ {
				g.packA(buf.data[(q-lo)*g.ops.gemm.rows*g.k:], q)
			}
		}
		g.block(buf.data, lo, hi, bn*g.panelsN/g.blocksN, (bn+1)*g.panelsN/g.blocksN)
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

// packA packs panel q of A: k columns of rows elements, or fewer if there are no
// more.
func (g *product) packA(dst []float32, q int) {
	kern := &g.ops.gemm
	first := q * kern.rows
	m := min(kern.rows, g.m-first)
	if g.transA {
		kern.packRows(&dst[0], m*size, &g.a[first], g.lda*size, columns(m), g.k)
		return
	}
	for i := 0; i < m; i += kern.transRows {
		kern.packTrans(&dst[i], m*size, &g.a[(first+i)*g.lda], g.lda*size, min(kern.transRows, m-i), g.k)
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
				kern.micro[m-1](kp, &a[(q-lo)*kern.rows*g.k+p*m], b, ldb, &g.c[y*g.ldc+x], g.ldc*size, g.alpha, add, columns(n))
			}
		}
	}
}

// gemmFew is the product of few rows with a transposed B, as when one token goes
// through a layer: packing would cost more than it saves, so each row of B is
// read once, where it is.
func (o *ops) gemmFew(threads, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	const group = 4 // rows of B at a time
	threads = max(1, min(threads, m*n*k>>18))
	Parallel(threads, ceilDiv(n, group), func(lo, hi int) {
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
