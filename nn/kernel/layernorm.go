package kernel

import "math"

// LayerNorm writes y = (x-mean)/sqrt(var+eps)*w + b for each of rows rows of dim
// elements, where mean and var are those of the row (Ba et al. 2016,
// arXiv:1607.06450); w and b have dim elements. y may be x.
func LayerNorm(threads int, y, x, w, b []float32, rows, dim int, eps float32) {
	active.layerNormRows(threads, y, x, w, b, rows, dim, eps)
}

func (o *ops) layerNormRows(threads int, y, x, w, b []float32, rows, dim int, eps float32) {
	type args struct {
		o          *ops
		y, x, w, b []float32
		eps        float32
	}
	parallelWith(threads, rows, 6*dim, args{o, y, x, w[:dim], b[:dim], eps}, func(g *args, lo, hi int) {
		dim := len(g.w)
		for r := lo; r < hi; r++ {
			row := g.x[r*dim : (r+1)*dim]
			mean, inv := g.o.moments(row, g.eps)
			g.o.layerNorm(g.y[r*dim:(r+1)*dim], row, g.w, g.b, mean, inv)
		}
	})
}

// moments returns the mean of x and 1/sqrt(var(x)+eps). The variance is summed
// around the mean, so that a large mean does not cancel it.
func (o *ops) moments(x []float32, eps float32) (mean, inv float32) {
	mean = o.sum(x) / float32(len(x))
	return mean, float32(1 / math.Sqrt(float64(o.squaresAround(x, mean))/float64(len(x))+float64(eps)))
}

// LayerNormGrad writes the gradients of LayerNorm: dx, like x, and dw and db,
// like w, given dy, the gradient of y. dw and db may each be nil if it is not
// wanted. dx may be x or dy.
func LayerNormGrad(threads int, dx, dw, db, x, w, dy []float32, rows, dim int, eps float32) {
	active.layerNormGrad(threads, dx, dw, db, x, w, dy, rows, dim, eps)
}

func (o *ops) layerNormGrad(threads int, dx, dw, db, x, w, dy []float32, rows, dim int, eps float32) {
	w = w[:dim]
	var partial []float32 // for each block of rows its dw and its db
	blocks := ceilDiv(rows, normRows)
	if dw != nil || db != nil {
		buf := getBuffer(blocks * 2 * dim)
		defer putBuffer(buf)
		partial = buf.data
		clear(partial)
	}
	type args struct {
		o                     *ops
		dx, partial, x, w, dy []float32
		rows                  int
		eps                   float32
	}
	parallelWith(threads, blocks, 14*dim*normRows, args{o, dx, partial, x, w, dy, rows, eps}, func(g *args, lo, hi int) {
		o, w, dim := g.o, g.w, len(g.w)
		for b := lo; b < hi; b++ {
			for r := b * normRows; r < min(g.rows, (b+1)*normRows); r++ {
				row, grad, to := g.x[r*dim:(r+1)*dim], g.dy[r*dim:(r+1)*dim], g.dx[r*dim:(r+1)*dim]
				mean, inv := o.moments(row, g.eps)
				shift := inv * o.dot(w, grad) / float32(dim)
				c := inv * inv * inv * o.dot3Around(row, w, grad, mean) / float32(dim)
				if g.partial == nil {
					o.layerGradX(to, row, w, grad, mean, inv, shift, c)
					continue
				}
				sums := g.partial[b*2*dim : (b+1)*2*dim]
				o.layerGrad(to, sums[:dim], sums[dim:], row, w, grad, mean, inv, shift, c)
			}
		}
	})
	if dw != nil {
		o.sumBlocks(dw[:dim], partial, blocks, 2*dim)
	}
	if db != nil {
		o.sumBlocks(db[:dim], partial[min(dim, len(partial)):], blocks, 2*dim)
	}
}

// sumBlocks writes the sum of the first rows of blocks that are ld apart.
func (o *ops) sumBlocks(dst, src []float32, blocks, ld int) {
	clear(dst)
	for b := range blocks {
		o.add(dst, src[b*ld:][:len(dst)])
	}
}

func sumGo(x []float32) float32 {
	var s0, s1, s2, s3 float32
	for len(x) >= 4 {
		s0 += x[0]
		s1 += x[1]
		s2 += x[2]
		s3 += x[3]
		x = x[4:]
	}
	for _, v := range x {
		s0 += v
	}
	return (s0 + s1) + (s2 + s3)
}

func squaresAroundGo(x []float32, mean float32) float32 {
	var s0, s1 float32
	i := 0
	for ; i+2 <= len(x); i += 2 {
		d0, d1 := x[i]-mean, x[i+1]-mean
		s0 += d0 * d0
		s1 += d1 * d1
	}
	if i < len(x) {
		d := x[i] - mean
		s0 += d * d
	}
	return s0 + s1
}

func dot3AroundGo(x, w, dy []float32, mean float32) float32 {
	var s0, s1 float32
	w, dy = w[:len(x)], dy[:len(x)]
	i := 0
	for ; i+2 <= len(x); i += 2 {
		s0 += (x[i] - mean) * w[i] * dy[i]
		s1 += (x[i+1] - mean) * w[i+1] * dy[i+1]
	}
	if i < len(x) {
		s0 += (x[i] - mean) * w[i] * dy[i]
	}
	return s0 + s1
}

func layerNormGo(y, x, w, b []float32, mean, inv float32) {
	for i, v := range x {
		y[i] = (v-mean)*inv*w[i] + b[i]
	}
}

func layerGradXGo(dx, x, w, dy []float32, mean, inv, shift, c float32) {
	for i, v := range x {
		dx[i] = inv*dy[i]*w[i] - shift - c*(v-mean)
	}
}

func layerGradGo(dx, dw, db, x, w, dy []float32, mean, inv, shift, c float32) {
	for i, v := range x {
		d, g := v-mean, dy[i]
		dw[i] += inv * g * d
		db[i] += g
		dx[i] = inv*g*w[i] - shift - c*d
	}
}
