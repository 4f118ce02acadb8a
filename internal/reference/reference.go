// Package reference is a plain and slow implementation of decoder-only
// transformers in float64, with gradients, for tests to compare the trainer
// with. Everything is written from the papers as loops that can be read beside
// them; nothing is shared with packages nn, model and generate, not even a
// matrix product. Sequences are run one by one, without packing, padding,
// tiles, chunks or caches, so that a mistake in any of those shows.
//
// It has three parts: operations on slices (ops.go) with finite differences
// ([Gradient]), to check one operation's gradient against an independent
// function; a reverse-mode tape (tape.go), itself checked against finite
// differences; and whole models on that tape ([Model.Run]).
//
// Matrices are row-major. Linear weights are [out, in], whatever the
// architecture's files hold. Functions panic on slices whose lengths do not fit
// together, as a test wants.
package reference

import "math"

// Float64 returns x in float64.
func Float64(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// Float32 returns x rounded to float32.
func Float32(x []float64) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = float32(v)
	}
	return y
}

// RelativeError returns the largest difference between got and want, as a
// share of the largest absolute value of want: the error of the tensor, to
// which a small element's own rounding counts little. It is infinite when got
// holds a NaN.
func RelativeError(got []float32, want []float64) float64 {
	return relativeError(Float64(got), want)
}

func relativeError(got, want []float64) float64 {
	sameLength(got, want)
	worst, size := 0.0, 0.0
	for i, w := range want {
		if math.IsNaN(got[i]) {
			return math.Inf(1)
		}
		worst, size = max(worst, math.Abs(got[i]-w)), max(size, math.Abs(w))
	}
	if size == 0 {
		return worst
	}
	return worst / size
}

// Gradient returns the gradient of f at x by central differences of fourth
// order (Abramowitz and Stegun 1964, 25.3.6),
//
//	(f(x-2h) - 8f(x-h) + 8f(x+h) - f(x+2h)) / 12h,
//
// whose error is of the order of 1e-12 for a smooth f of the size of one. f
// must not keep x, which holds its old values afterwards.
func Gradient(f func(x []float64) float64, x []float64) []float64 {
	grad := make([]float64, len(x))
	for i := range x {
		grad[i] = derivative(f, x, i)
	}
	return grad
}

// derivative is one element of Gradient.
func derivative(f func(x []float64) float64, x []float64, i int) float64 {
	old := x[i]
	defer func() { x[i] = old }()
	h := 1e-3 * max(1, math.Abs(old))
	at := func(steps float64) float64 {
		x[i] = old + steps*h
		return f(x)
	}
	return (at(-2) - 8*at(-1) + 8*at(1) - at(2)) / (12 * h)
}

func sameLength(a, b []float64) {
	if len(a) != len(b) {
		panic("reference: vectors of different lengths")
	}
}
