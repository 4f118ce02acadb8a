package kernel

// Dropout writes y = x/(1-p), or 0 with probability p. Element i is dropped or
// not by seed and offset+i alone, so that the same call on the gradient is the
// way back, and a training that goes on after a stop drops what it would have
// dropped. y may be x.
func Dropout(threads int, y, x []float32, p float32, seed, offset uint64) {
	active.dropoutAll(threads, y, x, p, seed, offset)
}

func (o *ops) dropoutAll(threads int, y, x []float32, p float32, seed, offset uint64) {
	p = min(max(p, 0), 1)
	d := draw{limit: uint32(float64(p) * (1 << drawBits)), scale: 1 / (1 - p)}
	if d.limit == 1<<drawBits {
		clear(y[:len(x)])
		return
	}
	d.each(threads, y[:len(x)], x, seed, offset, o.dropout)
}

// UniformNoise adds to each element of y noise from a uniform distribution
// between -a and a, of which seed and offset+i decide the one of element i. It is
// the noise of NEFTune (Jain et al. 2023, arXiv:2310.05914) if a is
// alpha/sqrt(tokens*dim).
func UniformNoise(threads int, y []float32, a float32, seed, offset uint64) {
	active.uniformNoise(threads, y, a, seed, offset)
}

func (o *ops) uniformNoise(threads int, y []float32, a float32, seed, offset uint64) {
	// The draw n is an integer below 2^24: a*((2n+1)/2^24 - 1).
	d := draw{scale: a * 0x1p-23, shift: a*0x1p-24 - a}
	d.each(threads, y, y, seed, offset, o.noise)
}

// draw says how to draw random numbers for consecutive elements, and what to do
// with them. The assembly knows the order of the fields.
type draw struct {
	key0, key1 uint32
	first      uint32 // the counter of the first element
	limit      uint32 // Dropout drops draws below it
	scale      float32
	shift      float32
}

// drawBits is how many bits a draw has: as many as a float32 can tell apart.
const drawBits = 24

// each calls f in parallel for parts of y and x. A counter has 32 bits: parts end
// where the upper half of the index changes, which goes into the keys.
func (d draw) each(threads int, y, x []float32, seed, offset uint64, f func(y, x []float32, d draw)) {
	type args struct {
		d    draw
		y, x []float32
		f    func(y, x []float32, d draw)
	}
	for len(x) > 0 {
		n := int(min(uint64(len(x)), 1<<32-offset&(1<<32-1)))
		key := mix64(mix64(seed) + offset>>32)
		d.key0, d.key1, d.first = uint32(key), uint32(key>>32), uint32(offset)
		parallelWith(threads, chunks(n), 6*chunk, args{d, y[:n], x[:n], f}, func(g *args, lo, hi int) {
			lo, hi = elements(lo, hi, len(g.x))
			part := g.d
			part.first += uint32(lo)
			g.f(g.y[lo:hi], g.x[lo:hi], part)
		})
		y, x, offset = y[n:], x[n:], offset+uint64(n)
	}
}

// mix64 is the output function of SplitMix64 (Steele, Lea and Flood 2014).
func mix64(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// next returns the draw of a counter: MurmurHash3's finalizer, twice, so that the
// draws of two pairs of keys are not each other's in another order.
func (d *draw) next(counter uint32) uint32 {
	return mix32(mix32(counter^d.key0)^d.key1) >> (32 - drawBits)
}

const (
	murmur1 = 0x85ebca6b
	murmur2 = 0xc2b2ae35
)

func mix32(x uint32) uint32 {
	x = (x ^ x>>16) * murmur1
	x = (x ^ x>>13) * murmur2
	return x ^ x>>16
}

func dropoutGo(y, x []float32, d draw) {
	for i, v := range x {
		if d.next(d.first+uint32(i)) < d.limit {
			y[i] = 0
		} else {
			y[i] = v * d.scale
		}
	}
}

func noiseGo(y, x []float32, d draw) {
	for i, v := range x {
		y[i] = v + (float32(d.next(d.first+uint32(i)))*d.scale + d.shift)
	}
}
