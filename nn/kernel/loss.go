package kernel

import "math"

// CrossEntropy takes rows of vocab logits, one for each target. For each row i
// it writes loss[i] = -sum(q*log(softmax(logits))), without the weight, and
// overwrites the logits by the gradient scale*weights[i]*(softmax - q). q is 1 at
// targets[i]; with label smoothing (Szegedy et al. 2016, arXiv:1512.00567) it is
// (1-smooth) times that, plus smooth/vocab everywhere. A row whose target is
// negative is ignored: its loss and its gradient are zero. A row with a logit
// that is NaN or +Inf has a loss and a gradient of NaN.
func CrossEntropy(threads int, logits []float32, vocab int, targets []int32, weights, loss []float32, scale, smooth float32) {
	active.crossEntropy(threads, logits, vocab, targets, weights, loss, scale, smooth)
}

func (o *ops) crossEntropy(threads int, logits []float32, vocab int, targets []int32, weights, loss []float32, scale, smooth float32) {
	type args struct {
		o             *ops
		logits        []float32
		vocab         int
		targets       []int32
		weights, loss []float32
		scale, smooth float32
	}
	g := args{o, logits, vocab, targets, weights, loss, scale, smooth}
	parallelWith(threads, len(targets), 8*vocab, g, func(g *args, lo, hi int) {
		o, vocab, smooth := g.o, g.vocab, g.smooth
		for i := lo; i < hi; i++ {
			row := g.logits[i*vocab : (i+1)*vocab]
			t := g.targets[i]
			if t < 0 {
				clear(row)
				g.loss[i] = 0
				continue
			}
			m, x := o.max(row), row[t]
			if smooth != 0 {
				x += smooth * (o.sum(row)/float32(vocab) - x)
			}
			sum := o.expSum(row, m)
			g.loss[i] = float32(math.Log(float64(sum))) + m - x
			grad := g.scale * g.weights[i]
			if smooth != 0 {
				o.scaleAdd(row, grad/sum, -grad*smooth/float32(vocab))
			} else {
				o.scale(row, grad/sum)
			}
			row[t] -= grad * (1 - smooth)
		}
	})
}

// CrossEntropyKL is [CrossEntropy] plus beta times the divergence from the
// softmax of the reference logits ref, which are like logits and are left alone.
// It writes loss[i] as CrossEntropy does, kl[i] = sum(r*log(r/softmax(logits)))
// where r is the softmax of the row of ref, and the gradient
// scale*weights[i]*((1+beta)*softmax - onehot - beta*r).
func CrossEntropyKL(threads int, logits, ref []float32, vocab int, targets []int32, weights, loss, kl []float32, scale, beta float32) {
	active.crossEntropyKL(threads, logits, ref, vocab, targets, weights, loss, kl, scale, beta)
}

func (o *ops) crossEntropyKL(threads int, logits, ref []float32, vocab int, targets []int32, weights, loss, kl []float32, scale, beta float32) {
	type args struct {
		o                 *ops
		logits, ref       []float32
		vocab             int
		targets           []int32
		weights, loss, kl []float32
		scale, beta       float32
	}
	g := args{o, logits, ref, vocab, targets, weights, loss, kl, scale, beta}
	parallelWith(threads, len(targets), 18*vocab, g, func(g *args, lo, hi int) {
		o, vocab := g.o, g.vocab
		buf := getBuffer(vocab)
		defer putBuffer(buf)
		r := buf.data
		for i := lo; i < hi; i++ {
			row, refRow := g.logits[i*vocab:(i+1)*vocab], g.ref[i*vocab:(i+1)*vocab]
			t := g.targets[i]
			if t < 0 {
				clear(row)
				g.loss[i], g.kl[i] = 0, 0
				continue
			}
			copy(r, refRow)
			mr := o.max(r)
			sumR := o.expSum(r, mr)
			apart := o.dotDiff(r, refRow, row) / sumR // the mean of ref-logits
			m, x := o.max(row), row[t]
			sum := o.expSum(row, m)
			// In float64, as two close logarithms are subtracted.
			lse := math.Log(float64(sum)) + float64(m)
			lseR := math.Log(float64(sumR)) + float64(mr)
			g.loss[i] = float32(lse - float64(x))
			g.kl[i] = float32(float64(apart) + lse - lseR)
			grad := g.scale * g.weights[i]
			o.scale(row, grad*(1+g.beta)/sum)
			o.axpy(row, -grad*g.beta/sumR, r)
			row[t] -= grad
		}
	})
}

func scaleAddGo(x []float32, a, b float32) {
	for i, v := range x {
		x[i] = a*v + b
	}
}

// dotDiffGo is the sum of p*(x-y) where p is not 0: a term of p=0 is 0 even if x
// and y are both -Inf.
func dotDiffGo(p, x, y []float32) float32 {
	var s0, s1 float32
	for i, v := range p {
		if v == 0 {
			continue
		}
		if i%2 == 0 {
			s0 += v * (x[i] - y[i])
		} else {
			s1 += v * (x[i] - y[i])
		}
	}
	return s0 + s1
}
