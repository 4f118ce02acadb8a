package kernel

import (
	"math"
	"testing"
)

func TestLayerNorm(t *testing.T) {
	const rows, dim, eps = 700, 69, 1e-5
	rng := rngFor(t)
	x, w, b, dy := random(rng, rows*dim), random(rng, dim), random(rng, dim), random(rng, rows*dim)
	for i := range dim {
		x[5*dim+i] += 1000 // the variance is far below the mean
		x[6*dim+i] = 2     // no variance
	}
	forward := func() []float64 {
		y := make([]float64, len(x))
		for r := range rows {
			var mean, variance float64
			for _, v := range x[r*dim : (r+1)*dim] {
				mean += float64(v) / dim
			}
			for _, v := range x[r*dim : (r+1)*dim] {
				variance += (float64(v) - mean) * (float64(v) - mean) / dim
			}
			for i := range dim {
				y[r*dim+i] = (float64(x[r*dim+i])-mean)/math.Sqrt(variance+eps)*float64(w[i]) + float64(b[i])
			}
		}
		return y
	}
	loss := func() float64 { return dot64(forward(), dy) }
	eachThreads(t, func(t *testing.T, o *ops, threads int) [][]float32 {
		y, dx, dw, db := nans(len(x)), nans(len(x)), nans(dim), nans(dim)
		o.layerNormRows(threads, y, x, w, b, rows, dim, eps)
		o.layerNormGrad(threads, dx, dw, db, x, w, dy, rows, dim, eps)
		if threads == 1 {
			want := forward()
			near(t, "y", y[:5*dim], want[:5*dim], 1e-5)
			near(t, "y of a large mean", y[5*dim:6*dim], want[5*dim:6*dim], 1e-3) // the input itself has 6e-5
			near(t, "y", y[6*dim:], want[6*dim:], 1e-5)
			checkGrad(t, "dx", x[7*dim:], dx[7*dim:], loss)
			checkGrad(t, "dw", w, dw, loss)
			checkGrad(t, "db", b, db, loss)
		}
		frozen := nans(len(x))
		o.layerNormGrad(threads, frozen, nil, nil, x, w, dy, rows, dim, eps)
		agree(t, "dx of frozen weights", frozen[7*dim:], dx[7*dim:], 1e-6)
		for _, want := range []struct{ dw, db []float32 }{{dw, nil}, {nil, db}} {
			var gotW, gotB []float32
			if want.dw != nil {
				gotW = nans(dim)
			} else {
				gotB = nans(dim)
			}
			inPlace := append([]float32(nil), dy...)
			o.layerNormGrad(threads, inPlace, gotW, gotB, x, w, inPlace, rows, dim, eps)
			agree(t, "dx in place", inPlace, dx, 0)
			agree(t, "dw alone", gotW, want.dw, 0)
			agree(t, "db alone", gotB, want.db, 0)
		}
		return [][]float32{y, dx, dw, db, frozen}
	})
}

func TestLayerNormNotFinite(t *testing.T) {
	const rows, dim = 3, 40
	for _, o := range machineLevels() {
		for _, bad := range []float32{nan, inf} {
			rng := rngFor(t)
			x, w, y := random(rng, rows*dim), random(rng, dim), make([]float32, rows*dim)
			x[dim+35] = bad
			o.layerNormRows(1, y, x, w, w, rows, dim, 1e-5)
			for i, v := range y {
				if (v != v) != (i/dim == 1) {
					t.Fatalf("%s: with %g in row 1, element %d of row %d is %g", o.level, bad, i%dim, i/dim, v)
				}
			}
		}
	}
}
