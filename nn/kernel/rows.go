package kernel

import (
	"math"
	"unsafe"
)

// RMSNorm writes y = x / sqrt(mean(x²)+eps) * w for each of rows rows of dim
// elements; w has dim elements.
func RMSNorm(threads int, y, x, w []float32, rows, dim int, eps float32) {
	active.rmsNorm(threads, y, x, w, rows, dim, eps)
}

func (o *ops) rmsNorm(threads int, y, x, w []float32, rows, dim int, eps float32) {
	type args struct {
		o       *ops
		y, x, w []float32
		eps     float32
	}
	parallelWith(threads, rows, 2*dim, args{o, y, x, w[:dim], eps}, func(g *args, lo, hi int) {
		dim := len(g.w)
		for r := lo; r < hi; r++ {
			row := g.x[r*dim : (r+1)*dim]
			g.o.scaleMul(g.y[r*dim:(r+1)*dim], row, g.w, g.o.invRMS(row, g.eps))
		}
	})
}

// invRMS is 1/sqrt(mean(x²)+eps).
func (o *ops) invRMS(x []float32, eps float32) float32 {
	return float32(1 / math.Sqrt(float64(o.dot(x, x))/float64(len(x))+float64(eps)))
}

// normRows is how many rows are summed into one partial gradient of a weight.
const normRows = 64

// RMSNormGrad writes the gradients of RMSNorm: dx, like x, and dw, like w, given
// dy, the gradient of y. dw may be nil if it is not wanted. dx may be x or dy.
func RMSNormGrad(threads int, dx, dw, x, w, dy []float32, rows, dim int, eps float32) {
	active.rmsNormGrad(threads, dx, dw, x, w, dy, rows, dim, eps)
}

func (o *ops) rmsNormGrad(threads int, dx, dw, x, w, dy []float32, rows, dim int, eps float32) {
	w = w[:dim]
	var partial []float32 // for each block of rows its dw
	blocks := ceilDiv(rows, normRows)
	if dw != nil {
		buf := getBuffer(blocks * dim)
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
	parallelWith(threads, blocks, 8*dim*normRows, args{o, dx, partial, x, w, dy, rows, eps}, func(g *args, lo, hi int) {
		o, w, dim := g.o, g.w, len(g.w)
		for b := lo; b < hi; b++ {
			for r := b * normRows; r < min(g.rows, (b+1)*normRows); r++ {
				row, grad, to := g.x[r*dim:(r+1)*dim], g.dy[r*dim:(r+1)*dim], g.dx[r*dim:(r+1)*dim]
				inv := o.invRMS(row, g.eps)
				c := inv * inv * inv * o.dot3(row, w, grad) / float32(dim)
				if g.partial == nil {
					o.layerGradX(to, row, w, grad, 0, inv, 0, c)
				} else {
					o.normGrad(to, g.partial[b*dim:(b+1)*dim], row, w, grad, inv, c)
				}
			}
		}
	})
	if dw != nil {
		o.sumBlocks(dw[:dim], partial, blocks, dim)
	}
}

// AddRows adds b, a bias of dim elements, to each of rows rows of y.
func AddRows(threads int, y, b []float32, rows, dim int) { active.addRows(threads, y, b, rows, dim) }

func (o *ops) addRows(threads int, y, b []float32, rows, dim int) {
	type args struct {
		o    *ops
		y, b []float32
	}
	parallelWith(threads, rows, dim, args{o, y, b[:dim]}, func(g *args, lo, hi int) {
		dim := len(g.b)
		for r := lo; r < hi; r++ {
			g.o.add(g.y[r*dim:(r+1)*dim], g.b)
		}
	})
}

// SumRows writes db, dim elements, as the sum of rows rows of dy: the gradient of
// the bias of [AddRows]. With accumulate it adds the sum to db.
func SumRows(threads int, db, dy []float32, rows, dim int, accumulate bool) {
	active.sumRows(threads, db, dy, rows, dim, accumulate)
}

func (o *ops) sumRows(threads int, db, dy []float32, rows, dim int, accumulate bool) {
	db = db[:dim]
	blocks := ceilDiv(rows, normRows)
	buf := getBuffer(blocks * dim)
	defer putBuffer(buf)
	partial := buf.data
	clear(partial)
	type args struct {
		o           *ops
		partial, dy []float32
		rows, dim   int
	}
	parallelWith(threads, blocks, dim*normRows, args{o, partial, dy, rows, dim}, func(g *args, lo, hi int) {
		dim := g.dim
		for b := lo; b < hi; b++ {
			for r := b * normRows; r < min(g.rows, (b+1)*normRows); r++ {
				g.o.add(g.partial[b*dim:(b+1)*dim], g.dy[r*dim:(r+1)*dim])
			}
		}
	})
	for b := 1; b < blocks; b++ {
		o.add(partial[:dim], partial[b*dim:(b+1)*dim])
	}
	switch {
	case blocks == 0 && !accumulate:
		clear(db)
	case blocks > 0 && accumulate:
		o.add(db, partial[:dim])
	case blocks > 0:
		copy(db, partial)
	}
}

// AddTo writes out = x + y. out may be x or y.
func AddTo(threads int, out, x, y []float32) { active.addToAll(threads, out, x, y) }

func (o *ops) addToAll(threads int, out, x, y []float32) {
	type args struct {
		o         *ops
		out, x, y []float32
	}
	parallelWith(threads, chunks(len(x)), chunk, args{o, out, x, y}, func(g *args, lo, hi int) {
		lo, hi = elements(lo, hi, len(g.x))
		g.o.addTo(g.out[lo:hi], g.x[lo:hi], g.y[lo:hi])
	})
}

// SumSquaresN is [SumSquares] in parallel. The sum is made of blocks of a fixed
// length, so that it is the same for every number of threads.
func SumSquaresN(threads int, x []float32) float64 { return active.sumSquaresAll(threads, x) }

func (o *ops) sumSquaresAll(threads int, x []float32) float64 {
	const block = 1 << 16
	blocks := ceilDiv(len(x), block)
	if blocks == 0 {
		return 0
	}
	buf := getBuffer(2 * blocks)
	defer putBuffer(buf)
	type args struct {
		o       *ops
		x       []float32
		partial []float64
	}
	// A float64 has the size of two elements.
	partial := unsafe.Slice((*float64)(unsafe.Pointer(&buf.data[0])), blocks)
	parallelWith(threads, blocks, block, args{o, x, partial}, func(g *args, lo, hi int) {
		for b := lo; b < hi; b++ {
			g.partial[b] = g.o.sumSquares(g.x[b*block : min(len(g.x), (b+1)*block)])
		}
	})
	var s float64
	for _, p := range partial {
		s += p
	}
	return s
}

// SwiGLU writes y = silu(gate)*up, where silu(x) = x/(1+exp(-x)). y may be gate
// or up.
func SwiGLU(threads int, y, gate, up []float32) { active.swiGLU(threads, y, gate, up) }

func (o *ops) swiGLU(threads int, y, gate, up []float32) {
	type args struct {
		o           *ops
		y, gate, up []float32
	}
	parallelWith(threads, chunks(len(gate)), 8*chunk, args{o, y, gate, up}, func(g *args, lo, hi int) {
		lo, hi = elements(lo, hi, len(g.gate))
		g.o.swiglu(g.y[lo:hi], g.gate[lo:hi], g.up[lo:hi])
	})
}

// SwiGLUGrad writes the gradients of SwiGLU given dy, the gradient of y. dgate
// may be gate, up or dy, and so may dup.
func SwiGLUGrad(threads int, dgate, dup, gate, up, dy []float32) {
	active.swiGLUGrad(threads, dgate, dup, gate, up, dy)
}

func (o *ops) swiGLUGrad(threads int, dgate, dup, gate, up, dy []float32) {
	type args struct {
		o                        *ops
		dgate, dup, gate, up, dy []float32
	}
	parallelWith(threads, chunks(len(gate)), 12*chunk, args{o, dgate, dup, gate, up, dy}, func(g *args, lo, hi int) {
		lo, hi = elements(lo, hi, len(g.gate))
		g.o.swigluGrad(g.dgate[lo:hi], g.dup[lo:hi], g.gate[lo:hi], g.up[lo:hi], g.dy[lo:hi])
	})
}

// chunk is the length at multiples of which element-wise work is cut, so that an
// element is handled alike, by a vector or by the loop for the rest, however many
// goroutines there are.
const chunk = 64

// chunks is how many chunks n elements have.
func chunks(n int) int { return ceilDiv(n, chunk) }

// elements returns the bounds of the elements of chunks lo to hi, of n elements.
func elements(lo, hi, n int) (int, int) { return lo * chunk, min(hi*chunk, n) }

// Softmax replaces x by its softmax. The largest element is subtracted first, so
// that nothing overflows. All is NaN if an element is NaN or +Inf, or all are -Inf.
func Softmax(x []float32) { active.softmax(x) }

func (o *ops) softmax(x []float32) {
	if len(x) > 0 {
		o.scale(x, 1/o.expSum(x, o.max(x)))
	}
}

// LogSumExp returns log(sum(exp(x))), -Inf for an empty x, NaN if x holds a NaN.
func LogSumExp(x []float32) float32 { return active.logSumExp(x) }

func (o *ops) logSumExp(x []float32) float32 {
	m := o.max(x)
	if math.IsInf(float64(m), 0) { // subtracting it would give NaN
		for _, v := range x { // the largest, but NaN if there is one
			m = max(m, v)
		}
		return m
	}
	return m + float32(math.Log(float64(o.sumExp(x, m))))
}

// Rope rotates x, [tokens, heads*hd], in place as Llama models of Hugging Face
// do: in each head elements i and i+hd/2 turn by the angle whose cosine and sine
// are in row pos[token] of the tables [positions, hd/2]. With inverse it turns
// back, which is also the gradient.
func Rope(threads int, x []float32, tokens, heads, hd int, pos []int32, cos, sin []float32, inverse bool) {
	active.rope(threads, x, tokens, heads, hd, pos, cos, sin, inverse)
}

func (o *ops) rope(threads int, x []float32, tokens, heads, hd int, pos []int32, cos, sin []float32, inverse bool) {
	type args struct {
		o         *ops
		x         []float32
		heads, hd int
		pos       []int32
		cos, sin  []float32
		inverse   bool
	}
	parallelWith(threads, tokens, 4*heads*hd, args{o, x, heads, hd, pos, cos, sin, inverse}, func(g *args, lo, hi int) {
		hd, half := g.hd, g.hd/2
		for t := lo; t < hi; t++ {
			p := int(g.pos[t]) * half
			c, s := g.cos[p:p+half], g.sin[p:p+half]
			for h := range g.heads {
				v := g.x[(t*g.heads+h)*hd : (t*g.heads+h+1)*hd]
				a, b := v[:half], v[half:]
				if g.inverse {
					a, b = b, a // turning (b, a) forward turns (a, b) back
				}
				g.o.rotate(a, b, c, s)
			}
		}
	})
}

// adam holds what one AdamW step needs for each element.
type adam struct {
	beta1, rest1 float32 // rest = 1-beta
	beta2, rest2 float32
	step         float32 // lr/c1
	inv2         float32 // 1/c2
	eps          float32
	keep         float32 // 1 - lr*decay
}

// AdamW takes one step of Adam with decoupled weight decay on the weights w,
// given their gradient g and the running moments m and v, which it updates. c1
// and c2 are the bias corrections 1-beta1^t and 1-beta2^t of step t, from 1.
func AdamW(threads int, w, g, m, v []float32, lr, beta1, beta2, eps, decay, c1, c2 float32) {
	active.adamW(threads, w, g, m, v, lr, beta1, beta2, eps, decay, c1, c2)
}

func (o *ops) adamW(threads int, w, g, m, v []float32, lr, beta1, beta2, eps, decay, c1, c2 float32) {
	type args struct {
		o          *ops
		w, g, m, v []float32
		p          adam
	}
	p := adam{beta1, 1 - beta1, beta2, 1 - beta2, lr / c1, 1 / c2, eps, 1 - lr*decay}
	parallelWith(threads, chunks(len(w)), 16*chunk, args{o, w, g, m, v, p}, func(a *args, lo, hi int) {
		lo, hi = elements(lo, hi, len(a.w))
		a.o.adamw(a.w[lo:hi], a.g[lo:hi], a.m[lo:hi], a.v[lo:hi], &a.p)
	})
}
