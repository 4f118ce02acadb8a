package reference

import "math"

// A tape records operations on matrices, to go back over them by the chain
// rule (reverse-mode differentiation).
type tape struct{ nodes []*matrix }

// A matrix is a value on a tape with the gradient of the loss by it.
type matrix struct {
	rows, cols int
	data, grad []float64
	back       func() // adds to the gradients of what the value was made from
}

// leaf puts a weight or a constant on the tape.
func (t *tape) leaf(rows, cols int, data []float64) *matrix {
	must(len(data) == rows*cols, "%d values are no matrix of %d by %d", len(data), rows, cols)
	m := &matrix{rows: rows, cols: cols, data: data, grad: make([]float64, len(data)), back: func() {}}
	t.nodes = append(t.nodes, m)
	return m
}

// result puts a computed value on the tape; back gets its gradient.
func (t *tape) result(rows, cols int, data []float64, back func(dy []float64)) *matrix {
	m := t.leaf(rows, cols, data)
	m.back = func() { back(m.grad) }
	return m
}

// backward fills the gradients of everything that loss, a single number, was
// made from.
func (t *tape) backward(loss *matrix) {
	must(len(loss.data) == 1, "a loss of %d by %d", loss.rows, loss.cols)
	loss.grad[0] = 1
	for i := len(t.nodes) - 1; i >= 0; i-- {
		t.nodes[i].back()
	}
}

// embed looks up rows of the table.
func (t *tape) embed(table *matrix, ids []int32) *matrix {
	n := table.cols
	return t.result(len(ids), n, Embedding(table.data, n, ids), func(dy []float64) {
		for r, id := range ids {
			for i := range n {
				table.grad[int(id)*n+i] += dy[r*n+i]
			}
		}
	})
}

// mulT is x·wᵀ, a linear map of the rows of x.
func (t *tape) mulT(x, w *matrix) *matrix {
	must(x.cols == w.cols, "product of rows of %d and rows of %d", x.cols, w.cols)
	in, out := w.cols, w.rows
	return t.result(x.rows, out, Linear(x.data, w.data, nil, in, out), func(dy []float64) {
		for r := range x.rows {
			for o := range out {
				for i := range in {
					x.grad[r*in+i] += dy[r*out+o] * w.data[o*in+i]
					w.grad[o*in+i] += dy[r*out+o] * x.data[r*in+i]
				}
			}
		}
	})
}

// mul is x·y.
func (t *tape) mul(x, y *matrix) *matrix {
	must(x.cols == y.rows, "product of %d columns and %d rows", x.cols, y.rows)
	n, inner, cols := x.rows, x.cols, y.cols
	z := make([]float64, n*cols)
	loop := func(f func(xi, yi, zi int)) {
		for r := range n {
			for c := range cols {
				for i := range inner {
					f(r*inner+i, i*cols+c, r*cols+c)
				}
			}
		}
	}
	loop(func(xi, yi, zi int) { z[zi] += x.data[xi] * y.data[yi] })
	return t.result(n, cols, z, func(dz []float64) {
		loop(func(xi, yi, zi int) {
			x.grad[xi] += dz[zi] * y.data[yi]
			y.grad[yi] += dz[zi] * x.data[xi]
		})
	})
}

// add is x + y.
func (t *tape) add(x, y *matrix) *matrix {
	return t.pairs(x, y, func(a, b float64) (z, da, db float64) { return a + b, 1, 1 })
}

// times is x·y by element.
func (t *tape) times(x, y *matrix) *matrix {
	return t.pairs(x, y, func(a, b float64) (z, da, db float64) { return a * b, b, a })
}

// over is x/y by element.
func (t *tape) over(x, y *matrix) *matrix {
	return t.pairs(x, y, func(a, b float64) (z, da, db float64) { return a / b, 1 / b, -a / (b * b) })
}

// pairs applies f, which returns its value and derivatives, to the elements of
// two matrices of one shape.
func (t *tape) pairs(x, y *matrix, f func(a, b float64) (z, da, db float64)) *matrix {
	must(x.rows == y.rows && x.cols == y.cols, "matrices of %d by %d and %d by %d", x.rows, x.cols, y.rows, y.cols)
	z := make([]float64, len(x.data))
	for i := range z {
		z[i], _, _ = f(x.data[i], y.data[i])
	}
	return t.result(x.rows, x.cols, z, func(dz []float64) {
		for i := range z {
			_, da, db := f(x.data[i], y.data[i])
			x.grad[i] += dz[i] * da
			y.grad[i] += dz[i] * db
		}
	})
}

// elements applies f, of derivative df, to every element.
func (t *tape) elements(x *matrix, f, df func(float64) float64) *matrix {
	return t.result(x.rows, x.cols, each(x.data, f), func(dy []float64) {
		for i, v := range x.data {
			x.grad[i] += dy[i] * df(v)
		}
	})
}

// scale is x·s.
func (t *tape) scale(x *matrix, s float64) *matrix {
	return t.elements(x, func(v float64) float64 { return v * s }, func(float64) float64 { return s })
}

// gelu is [GELUTanh].
func (t *tape) gelu(x *matrix) *matrix {
	return t.elements(x, geluTanh, func(v float64) float64 {
		c := math.Sqrt(2 / math.Pi)
		th := math.Tanh(c * (v + 0.044715*v*v*v))
		return 0.5*(1+th) + 0.5*v*(1-th*th)*c*(1+3*0.044715*v*v)
	})
}

// geluErf is [GELUErf]; the derivative of Φ is the normal density.
func (t *tape) geluErf(x *matrix) *matrix {
	return t.elements(x, func(v float64) float64 { return v * normalCDF(v) }, func(v float64) float64 {
		return normalCDF(v) + v*math.Exp(-v*v/2)/math.Sqrt(2*math.Pi)
	})
}

// silu is [SiLU].
func (t *tape) silu(x *matrix) *matrix {
	return t.elements(x, func(v float64) float64 { return v * sigmoid(v) }, func(v float64) float64 {
		s := sigmoid(v)
		return s + v*s*(1-s)
	})
}

// addRow adds the row b to every row of x.
func (t *tape) addRow(x, b *matrix) *matrix {
	must(b.rows == 1 && b.cols == x.cols, "bias of %d by %d for rows of %d", b.rows, b.cols, x.cols)
	n := x.cols
	y := make([]float64, len(x.data))
	for i := range y {
		y[i] = x.data[i] + b.data[i%n]
	}
	return t.result(x.rows, n, y, func(dy []float64) {
		for i := range y {
			x.grad[i] += dy[i]
			b.grad[i%n] += dy[i]
		}
	})
}

// scaleRows multiplies each row of x by its element of the column s.
func (t *tape) scaleRows(x, s *matrix) *matrix {
	must(s.cols == 1 && s.rows == x.rows, "%d by %d factors for %d rows", s.rows, s.cols, x.rows)
	n := x.cols
	y := make([]float64, len(x.data))
	for i := range y {
		y[i] = x.data[i] * s.data[i/n]
	}
	return t.result(x.rows, n, y, func(dy []float64) {
		for i := range y {
			x.grad[i] += dy[i] * s.data[i/n]
			s.grad[i/n] += dy[i] * x.data[i]
		}
	})
}

// rowNorm is the column of the Euclidean norms of the rows of x.
func (t *tape) rowNorm(x *matrix) *matrix {
	n := x.cols
	y := make([]float64, x.rows)
	for i, v := range x.data {
		y[i/n] += v * v
	}
	y = each(y, math.Sqrt)
	return t.result(x.rows, 1, y, func(dy []float64) {
		for i, v := range x.data {
			x.grad[i] += dy[i/n] * v / y[i/n]
		}
	})
}

// columns is the columns from to to of x, one head of several.
func (t *tape) columns(x *matrix, from, to int) *matrix {
	n := to - from
	y := make([]float64, x.rows*n)
	for r := range x.rows {
		copy(y[r*n:(r+1)*n], x.data[r*x.cols+from:])
	}
	return t.result(x.rows, n, y, func(dy []float64) {
		for i := range y {
			x.grad[i/n*x.cols+from+i%n] += dy[i]
		}
	})
}

// beside puts matrices of as many rows beside each other.
func (t *tape) beside(parts []*matrix) *matrix {
	rows, cols := parts[0].rows, 0
	for _, p := range parts {
		cols += p.cols
	}
	y := make([]float64, rows*cols)
	loop := func(f func(p *matrix, pi, yi int)) {
		at := 0
		for _, p := range parts {
			for i := range p.data {
				f(p, i, i/p.cols*cols+at+i%p.cols)
			}
			at += p.cols
		}
	}
	loop(func(p *matrix, pi, yi int) { y[yi] = p.data[pi] })
	return t.result(rows, cols, y, func(dy []float64) {
		loop(func(p *matrix, pi, yi int) { p.grad[pi] += dy[yi] })
	})
}

// layerNorm is [LayerNorm]. With x̂ the normalized row and g the gradient of x̂,
// the gradient of x is (g - mean(g) - x̂·mean(g·x̂)) / standard deviation.
func (t *tape) layerNorm(x, w, b *matrix, eps float64) *matrix {
	n := x.cols
	ones, zeros := make([]float64, n), make([]float64, n)
	for i := range ones {
		ones[i] = 1
	}
	hat := LayerNorm(x.data, ones, zeros, eps)
	return t.result(x.rows, n, LayerNorm(x.data, w.data, b.data, eps), func(dy []float64) {
		for r := 0; r < len(hat); r += n {
			mean, square, meanG, meanGHat := 0.0, 0.0, 0.0, 0.0
			for i := range n {
				g := dy[r+i] * w.data[i]
				mean += x.data[r+i] / float64(n)
				square += x.data[r+i] * x.data[r+i] / float64(n)
				meanG += g / float64(n)
				meanGHat += g * hat[r+i] / float64(n)
			}
			deviation := math.Sqrt(square - mean*mean + eps)
			for i := range n {
				x.grad[r+i] += (dy[r+i]*w.data[i] - meanG - hat[r+i]*meanGHat) / deviation
				w.grad[i] += dy[r+i] * hat[r+i]
				b.grad[i] += dy[r+i]
			}
		}
	})
}

// rmsNorm is [RMSNorm]. With x̂ the normalized row and g the gradient of x̂, the
// gradient of x is (g - x̂·mean(g·x̂)) / root mean square.
func (t *tape) rmsNorm(x, w *matrix, eps float64) *matrix {
	n := x.cols
	return t.result(x.rows, n, RMSNorm(x.data, w.data, eps), func(dy []float64) {
		for r := 0; r < len(dy); r += n {
			square := 0.0
			for i := range n {
				square += x.data[r+i] * x.data[r+i] / float64(n)
			}
			rms, meanGHat := math.Sqrt(square+eps), 0.0
			for i := range n {
				meanGHat += dy[r+i] * w.data[i] * x.data[r+i] / rms / float64(n)
			}
			for i := range n {
				hat := x.data[r+i] / rms
				x.grad[r+i] += (dy[r+i]*w.data[i] - hat*meanGHat) / rms
				w.grad[i] += dy[r+i] * hat
			}
		}
	})
}

// rotary is [Rotary]; its transpose turns the other way.
func (t *tape) rotary(x *matrix, heads, dim int, pos []int32, freqs []float64) *matrix {
	return t.result(x.rows, x.cols, Rotary(x.data, heads, dim, pos, freqs), func(dy []float64) {
		back := Rotary(dy, heads, dim, pos, each(freqs, func(f float64) float64 { return -f }))
		for i := range back {
			x.grad[i] += back[i]
		}
	})
}

// softmax is [Softmax] of the square x over the elements that the mask leaves.
func (t *tape) softmax(x *matrix, m Mask) *matrix {
	n := x.cols
	masked := make([]float64, len(x.data))
	for i, v := range x.data {
		masked[i] = v
		if !m.Sees(i/n, i%n) {
			masked[i] = math.Inf(-1)
		}
	}
	p := Softmax(masked, n)
	return t.result(x.rows, n, p, func(dp []float64) {
		for r := 0; r < len(p); r += n {
			dot := 0.0
			for i := range n {
				dot += dp[r+i] * p[r+i]
			}
			for i := range n {
				x.grad[r+i] += p[r+i] * (dp[r+i] - dot)
			}
		}
	})
}

// attention is [Attention], put together from products and softmax.
func (t *tape) attention(q, k, v *matrix, heads, kvHeads, dim int, m Mask) *matrix {
	var out []*matrix
	for h := range heads {
		shared := h / (heads / kvHeads) * dim
		kh, vh := t.columns(k, shared, shared+dim), t.columns(v, shared, shared+dim)
		scores := t.scale(t.mulT(t.columns(q, h*dim, (h+1)*dim), kh), 1/math.Sqrt(float64(dim)))
		out = append(out, t.mul(t.softmax(scores, m), vh))
	}
	return t.beside(out)
}

// logSoftmax is [LogSoftmax] of every row.
func (t *tape) logSoftmax(x *matrix) *matrix {
	n := x.cols
	y := LogSoftmax(x.data, n)
	return t.result(x.rows, n, y, func(dy []float64) {
		for r := 0; r < len(y); r += n {
			sum := 0.0
			for i := range n {
				sum += dy[r+i]
			}
			for i := range n {
				x.grad[r+i] += dy[r+i] - math.Exp(y[r+i])*sum
			}
		}
	})
}

// dot is the sum of the elements of x times the constants c.
func (t *tape) dot(x *matrix, c []float64) *matrix {
	sameLength(x.data, c)
	sum := 0.0
	for i, v := range x.data {
		sum += v * c[i]
	}
	return t.result(1, 1, []float64{sum}, func(dy []float64) {
		for i := range c {
			x.grad[i] += dy[0] * c[i]
		}
	})
}
