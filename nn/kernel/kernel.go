// Package kernel computes: matrix products, normalization, attention, losses
// and optimizer steps on float32 slices in row-major order.
//
// Every function takes the number of goroutines that it may use, and gives the
// same bits for every such number: work is cut into pieces that do not depend
// on it, and no sum is split between goroutines.
//
// The inner loops exist three times: in portable Go, for AVX2 with FMA, and for
// AVX-512. The best that the machine can run is chosen when the program starts;
// see [Level].
package kernel

// Add adds x to dst, element by element.
func Add(dst, x []float32) { active.add(dst[:len(x)], x) }

// Axpy adds a*x to dst.
func Axpy(dst []float32, a float32, x []float32) { active.axpy(dst[:len(x)], a, x) }

// Scale multiplies x by a in place.
func Scale(x []float32, a float32) { active.scale(x, a) }

// Dot returns the inner product of a and b, which have the same length.
func Dot(a, b []float32) float32 { return active.dot(a, b[:len(a)]) }

// SumSquares returns the sum of the squares of x, summed in float64 in an order
// that depends on the length only.
func SumSquares(x []float32) float64 { return active.sumSquares(x) }

// HasNaNInf reports whether x holds a value that is not finite.
func HasNaNInf(threads int, x []float32) bool { return !active.finiteAll(threads, x) }

func (o *ops) finiteAll(threads int, x []float32) bool {
	const block = 1 << 14
	buf := getBuffer(ceilDiv(len(x), block)) // for each block 0, or 1 if it holds one
	defer putBuffer(buf)
	clear(buf.data)
	type args struct {
		o      *ops
		x, bad []float32
	}
	parallelWith(threads, len(buf.data), block, args{o, x, buf.data}, func(g *args, lo, hi int) {
		for b := lo; b < hi; b++ {
			if !g.o.finite(g.x[b*block : min(len(g.x), (b+1)*block)]) {
				g.bad[b] = 1
				break
			}
		}
	})
	return o.max(buf.data) <= 0
}
