package generate

import (
	"math/bits"
	"sync"

	"adapt/nn/kernel"
)

// A cache is the state of one exchange: keys and values of its tokens.
type cache struct {
	d      *Decoder
	len    int
	prefix int // of the first tokens, that see each other; they are added at once
	slab   *slab
}

// A slab is memory for the keys and values of up to size tokens: for each layer
// keys [key-value heads·dim, keyStride] and values [size, key-value heads·dim],
// each with room for what [kernel.CachedAttention] reads beyond them.
type slab struct {
	size int
	data []float32
}

// keyStride is no power of two, so that rows do not compete for the cache.
func (s *slab) keyStride() int { return s.size + 16 }

// layerSize is the elements of a layer in a slab of that size, and where its
// values begin.
func (d *Decoder) layerSize(size int) (all, values int) {
	values = d.width()*(size+16) + kernel.CachePad
	return values + size*d.width() + kernel.CachePad, values
}

// slabs are those that are free, by the logarithm of their size.
type slabs [bits.UintSize]sync.Pool

// leastSlab is the size of the smallest, in tokens.
const leastSlab = 64

// width is that of a token's keys.
func (d *Decoder) width() int { return d.c.KVHeads * d.c.Dim() }

func (d *Decoder) slabBytes(tokens int) int {
	all, _ := d.layerSize(tokens)
	return 4 * d.c.Layers * all
}

// getSlab returns memory for at least n tokens.
func (d *Decoder) getSlab(n int) *slab {
	class := bits.Len(uint(max(n, leastSlab) - 1))
	if s, ok := d.slabs[class].Get().(*slab); ok {
		return s
	}
	size := min(1<<class, max(n, d.c.MaxPositions))
	return &slab{size, make([]float32, d.slabBytes(size)/4)}
}

func (d *Decoder) putSlab(s *slab) { d.slabs[bits.Len(uint(s.size-1))].Put(s) }

func (d *Decoder) newCache() *cache { return &cache{d: d} }

// layer returns the keys and values of a layer.
func (c *cache) layer(l int) (k, v []float32) {
	all, values := c.d.layerSize(c.slab.size)
	data := c.slab.data[l*all : (l+1)*all]
	return data[:values], data[values:]
}

// reserve makes room for n more tokens.
func (c *cache) reserve(n int) {
	if c.slab != nil && c.len+n <= c.slab.size {
		return
	}
	old, width := *c, c.d.width()
	c.slab = c.d.getSlab(c.len + n)
	if old.slab == nil {
		return
	}
	for l := range c.d.c.Layers {
		k, v := c.layer(l)
		oldK, oldV := old.layer(l)
		for i := range width {
			copy(k[i*c.slab.keyStride():], oldK[i*old.slab.keyStride():][:c.len])
		}
		copy(v, oldV[:c.len*width])
	}
	c.d.putSlab(old.slab)
}

// truncate forgets all but the first n tokens.
func (c *cache) truncate(n int) { c.len = n }

// close gives the memory back. The cache is empty again.
func (c *cache) close() {
	if c.slab != nil {
		c.d.putSlab(c.slab)
	}
	c.slab, c.len, c.prefix = nil, 0, 0
}
