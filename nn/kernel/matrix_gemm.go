package kernel

// decodeBlock is how many elements of a stored matrix are decoded at a time: 4 MiB
// of float32s, which stay in the last-level cache.
const decodeBlock = 1 << 20

// GemmMatrix computes y = x*transpose(W) + beta*y if transW, as a layer does going
// forward, or else y = x*W + beta*y, which gives the gradient of x. x has m rows,
// ldx apart, of W.Cols elements, or W.Rows; y has m rows, ldy apart, of W.Rows, or
// W.Cols. With beta 0 y is only written. W is decoded a block of rows at a time. Up
// to 8 rows of x with transW, as in decoding, read W once, at the speed of the
// memory. The result is the same to the last bit for every number of threads. y must
// not overlap x. GemmMatrix panics if a slice is too short for its matrix.
func GemmMatrix(threads int, transW bool, m int, x []float32, ldx int, w *Matrix, beta float32, y []float32, ldy int) {
	active.gemmMatrix(threads, transW, m, x, ldx, w, beta, y, ldy)
}

// GemmMatrixBF16 is [GemmMatrix] with the elements of x and W rounded to bfloat16;
// see [GemmBF16]. Up to 8 rows of x with transW stay as they are.
func GemmMatrixBF16(threads int, transW bool, m int, x []float32, ldx int, w *Matrix, beta float32, y []float32, ldy int) {
	active.gemmMatrixOf(true, threads, transW, m, x, ldx, w, beta, y, ldy)
}

func (o *ops) gemmMatrix(threads int, transW bool, m int, x []float32, ldx int, w *Matrix, beta float32, y []float32, ldy int) {
	o.gemmMatrixOf(false, threads, transW, m, x, ldx, w, beta, y, ldy)
}

func (o *ops) gemmMatrixOf(bf16 bool, threads int, transW bool, m int, x []float32, ldx int, w *Matrix, beta float32, y []float32, ldy int) {
	n, k := w.Cols, w.Rows
	if transW {
		n, k = k, n
	}
	if m <= 0 {
		return
	}
	checkMatrix("x", x, m, k, ldx, false)
	checkMatrix("y", y, m, n, ldy, false)
	switch {
	case w.Kind == F32:
		bf16 = bf16 && !(transW && m <= fewRows)
		o.gemmOf(bf16, threads, false, transW, m, n, k, 1, x, ldx, w.floats(0), w.Cols, beta, y, ldy)
	case transW && m <= fewRows && w.Cols%blockLen == 0 && o.stored[w.Kind].dots != nil:
		o.gemmFused(threads, storedArgs{o, w, m, x, ldx, beta, y, ldy})
	case transW && m <= fewRows:
		o.gemmDecoded(threads, storedArgs{o, w, m, x, ldx, beta, y, ldy})
	default:
		o.gemmStored(bf16, threads, transW, m, x, ldx, w, beta, y, ldy)
	}
}

// gemmStored multiplies block by block of rows, which are columns of the result, or
// else are added to it in their order.
func (o *ops) gemmStored(bf16 bool, threads int, transW bool, m int, x []float32, ldx int, w *Matrix, beta float32, y []float32, ldy int) {
	rows := min(w.Rows, max(1, decodeBlock/w.Cols))
	rows = ceilDiv(w.Rows, ceilDiv(w.Rows, rows)) // blocks of nearly the same length
	buf := getBuffer(rows * w.Cols)
	defer putBuffer(buf)
	for lo := 0; lo < w.Rows; lo += rows {
		n := min(rows, w.Rows-lo)
		block := buf.data[:n*w.Cols]
		type args struct {
			o     *ops
			w     *Matrix
			block []float32
			first int
		}
		parallelWith(threads, n, 2*w.Cols, args{o, w, block, lo}, func(g *args, lo, hi int) {
			g.o.decodeRows(g.w, g.block[lo*g.w.Cols:], g.first+lo, g.first+hi)
		})
		if transW {
			o.gemmOf(bf16, threads, false, true, m, n, w.Cols, 1, x, ldx, block, w.Cols, beta, y[lo:], ldy)
		} else {
			o.gemmOf(bf16, threads, false, false, m, w.Cols, n, 1, x[lo:], ldx, block, w.Cols, beta, y, ldy)
			beta = 1
		}
	}
}

// storedArgs is y = x*transpose(W) + beta*y for m rows of x.
type storedArgs struct {
	o    *ops
	w    *Matrix
	m    int
	x    []float32
	ldx  int
	beta float32
	y    []float32
	ldy  int
}

// gemmDecoded decodes a few rows of W, and takes their products with all of x while
// they are in the cache.
func (o *ops) gemmDecoded(threads int, g storedArgs) {
	rows := decodedRows(g.w)
	parallelWith(threads, ceilDiv(g.w.Rows, rows), (2*g.m+2)*rows*g.w.Cols, g, func(g *storedArgs, from, to int) {
		w, rows := g.w, decodedRows(g.w)
		buf := getBuffer(rows * w.Cols)
		defer putBuffer(buf)
		for b := from; b < to; b++ {
			lo, hi := b*rows, min(w.Rows, (b+1)*rows)
			g.o.decodeRows(w, buf.data, lo, hi)
			g.o.gemmAll(1, false, true, g.m, hi-lo, w.Cols, 1, g.x, g.ldx, buf.data, w.Cols, g.beta, g.y[lo:], g.ldy)
		}
	})
}

// decodedRows is how many rows gemmDecoded decodes at a time: about 128 KiB, which
// stay in the second-level cache.
func decodedRows(w *Matrix) int { return max(4, 1<<15/w.Cols&^3) }

// gemmFused multiplies x with rows of whole blocks of W, which are decoded in
// registers.
func (o *ops) gemmFused(threads int, g storedArgs) {
	cols := g.w.Cols
	ld := arrangedLd(cols)
	arranged := getBuffer(g.m * ld)
	defer putBuffer(arranged)
	for i := range g.m {
		arrange(g.w.Kind, arranged.data[i*ld:(i+1)*ld], g.x[i*g.ldx:][:cols])
	}
	g.x, g.ldx = arranged.data, ld
	parallelWith(threads, g.w.Rows, 4*g.m*cols, g, (*storedArgs).fused)
}

// fused multiplies x, which is arranged, with rows lo to hi of W.
func (g *storedArgs) fused(lo, hi int) {
	const ahead = 8 // rows of each stream whose scales are decoded at a time
	w, blocks := g.w, g.w.Cols/blockLen
	data, rowBytes := w.parts[0].Data, len(w.parts[0].Data)/w.Rows
	dots := g.o.stored[w.Kind].dots
	buf := getBuffer(4 + 4*ahead*blocks)
	defer putBuffer(buf)
	out, decoded := buf.data[:4], buf.data[4:]
	fourStreams(lo, hi, func(row, step int) {
		var scales, table *float32
		var lds int
		switch w.Kind {
		case Int8:
			scales, lds = &w.floats(1)[row*blocks], step*blocks
		case NF4:
			at, n := 0, 1
			if step > 0 {
				at, n, lds = (row-lo)%ahead, min(ahead, lo+step-row), ahead*blocks
			}
			if at == 0 {
				for i := range streams(step) {
					w.absmax(decoded[i*lds:][:n*blocks], (row+i*step)*blocks)
				}
			}
			scales, table = &decoded[at*blocks], &nf4Levels[0]
		}
		for i := range g.m {
			dots(&out[0], &data[row*rowBytes], step*rowBytes, blocks, scales, lds*size, table, &g.x[i*g.ldx])
			for j := range streams(step) {
				to := &g.y[i*g.ldy+row+j*step]
				if g.beta == 0 {
					*to = out[j]
				} else {
					*to = out[j] + g.beta**to
				}
			}
		}
	})
}

// arrangedLd is how far apart the rows of x are after arrange.
func arrangedLd(cols int) int { return (cols + 127) &^ 127 }

// arrange writes x in the order in which the loops over stored rows decode it: they
// take an element of each lane of 4 bytes, then the next of each, of 16 lanes at a
// time. The last lanes are filled up with zeros. dst has room for them.
func arrange(kind Kind, dst, x []float32) {
	clear(dst)
	switch kind {
	case BF16:
		for i, v := range x {
			lane, at := i/2%16, i%2
			dst[i/32*32+at*16+lane] = v
		}
	case NF4:
		for i, v := range x {
			lane, at := i/8%16, i%8^1 // the first of two is the upper half of a byte
			dst[i/128*128+at*16+lane] = v
		}
	default:
		copy(dst, x)
	}
}
