package kernel

import (
	"math"
	"testing"
)

func TestDropout(t *testing.T) {
	const n, p, seed, offset = 100_003, 0.3, 11, 1<<32 - 50_000 // the counter's upper half changes
	x := random(rngFor(t), n)
	var reference []float32
	eachThreads(t, func(t *testing.T, o *ops, threads int) [][]float32 {
		y, dx := nans(n), append([]float32(nil), x...)
		o.dropoutAll(threads, y, x, p, seed, offset)
		o.dropoutAll(threads, dx, dx, p, seed, offset) // in place, as backward
		agree(t, "backward", dx, y, 0)
		kept := 0
		for i, v := range y {
			if v == 0 {
				continue
			}
			kept++
			if want := x[i] / (1 - p); math.Abs(float64(v-want)) > 1e-6*math.Abs(float64(want)) {
				t.Fatalf("element %d is %g, want %g or 0", i, v, want)
			}
		}
		// Five standard deviations.
		if d := math.Abs(float64(kept) - n*(1-p)); d > 5*math.Sqrt(n*p*(1-p)) {
			t.Errorf("%d of %d were kept, want %g", kept, n, n*(1-p))
		}
		// Any part, taken alone, is dropped alike: that is what resuming needs.
		part := nans(1000)
		o.dropoutAll(threads, part, x[49_537:50_537], p, seed, offset+49_537)
		agree(t, "part", part, y[49_537:50_537], 0)
		if reference == nil {
			reference = y
		}
		agree(t, "other level", y, reference, 0)
		return [][]float32{y}
	})
	for _, o := range machineLevels() {
		y := nans(100)
		o.dropoutAll(1, y, x[:100], 0, seed, 0)
		agree(t, "none dropped", y, x[:100], 0)
		o.dropoutAll(1, y, x[:100], 1, seed, 0)
		agree(t, "all dropped", y, make([]float32, 100), 0)
	}
}

// TestDrawsAreIndependent checks bits of draws of neighbouring elements, seeds and
// layers, which are a power of two apart, against each other.
func TestDrawsAreIndependent(t *testing.T) {
	const n = 1 << 16
	ones := make([]float32, n)
	for i := range ones {
		ones[i] = 1
	}
	mask := func(seed, offset uint64) []float32 {
		y := make([]float32, n)
		Dropout(1, y, ones, 0.5, seed, offset)
		return y
	}
	base := mask(1, 0)
	for name, other := range map[string][]float32{
		"next element": mask(1, 1), "128 on": mask(1, 128), "2^20 on": mask(1, 1<<20), "2^32 on": mask(1, 1<<32),
		"2^33 on": mask(1, 1<<33), "next seed": mask(2, 0), "seed 2^32 on": mask(1<<32+1, 0), "seed 0": mask(0, 0),
	} {
		var both float64
		for i := range base {
			both += float64((base[i] - 1) * (other[i] - 1))
		}
		if limit := 5 * math.Sqrt(n); math.Abs(both) > limit {
			t.Errorf("%s: %g more draws agree than differ, want at most %g", name, both, limit)
		}
	}
}

func TestUniformNoise(t *testing.T) {
	const n, a, seed = 100_003, 0.25, 3
	eachThreads(t, func(t *testing.T, o *ops, threads int) [][]float32 {
		y := make([]float32, n)
		o.uniformNoise(threads, y, a, seed, 9)
		var sum, squares float64
		for _, v := range y {
			if v < -a || v > a {
				t.Fatalf("noise of %g, want at most %g", v, a)
			}
			sum += float64(v)
			squares += float64(v) * float64(v)
		}
		variance := a * a / 3.0
		if math.Abs(sum/n) > 5*math.Sqrt(variance/n) || math.Abs(squares/n/variance-1) > 0.02 {
			t.Errorf("mean %g and variance %g, want 0 and %g", sum/n, squares/n, variance)
		}
		again := append([]float32(nil), y...)
		o.uniformNoise(threads, again, a, seed, 9)
		for i := range again {
			if again[i] != 2*y[i] {
				t.Fatalf("element %d has noise %g, then %g", i, y[i], again[i]-y[i])
			}
		}
		return [][]float32{y}
	})
}
