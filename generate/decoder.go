// Package generate runs models: it decodes with a key-value cache, one exchange
// or many together, scores given answers, and measures the loss of text. It
// needs no graph.
//
// An exchange gets the same bits whatever exchanges it is computed with and
// however many threads there are. For that, every row of a linear layer is
// computed by one of two ways whose results do not depend on the rows beside it
// ([kernel.GemmRows], and [kernel.GemmMatrix] for more than [kernel.FewRows]
// rows), and which of them depends on how many tokens the exchange itself adds.
package generate

import (
	"errors"
	"fmt"
	"sync"

	"adapt/model"
	"adapt/nn/kernel"
)

// ErrContextFull is returned, wrapped, when an exchange outgrows the model's
// positions.
var ErrContextFull = errors.New("context is full")

// Options say how a decoder computes. The zero value is one thread, no adapter
// and causal attention.
type Options struct {
	// Threads is the number of cores that one step uses; 0: one.
	Threads int
	// Adapter is applied beside the weights, which stay as they are: several
	// decoders with different adapters share one model's.
	Adapter *model.Adapter
	// Prefix has the first input of an exchange attended in both directions (the
	// prefix language model of Raffel et al. 2020, arXiv:1910.10683).
	Prefix bool
}

// A Decoder holds what all exchanges with a model share. It is safe for use by
// several goroutines.
type Decoder struct {
	c        model.Config
	o        Options
	embed    *kernel.Matrix
	position *kernel.Matrix // nil: rotary ones
	layers   []layer
	norm     norm
	head     *kernel.Matrix
	cos, sin []float32
	slabs    slabs
	spaces   sync.Pool // of *space
}

// NewDecoder prepares m, whose weights must not change while it is used, nor
// the adapter's. The error wraps [model.ErrUnsupported] when a weight has
// nothing to compute with or the adapter is another model's.
func NewDecoder(m *model.Model, o Options) (*Decoder, error) {
	if err := m.Config.Validate(); err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}
	o.Threads = max(1, o.Threads)
	d := &Decoder{c: m.Config, o: o}
	w, err := newWeights(m, o)
	if err != nil {
		return nil, err
	}
	p := m.Config.Parts()
	d.embed, d.head = w.matrix(p.Embed), w.matrix(p.Head)
	if p.Positions != "" {
		d.position = w.matrix(p.Positions)
	} else {
		d.cos, d.sin = m.Config.Rope(m.Config.MaxPositions)
	}
	for _, l := range p.Layers {
		d.layers = append(d.layers, w.layer(l))
	}
	d.norm = w.norm(p.Norm)
	if w.err != nil {
		return nil, w.err
	}
	return d, nil
}

// MaxPositions is how many tokens an exchange may have.
func (d *Decoder) MaxPositions() int { return d.c.MaxPositions }

// ReadBytes is how many bytes of weights and cache one step reads that adds one
// token to an exchange of n tokens: what bounds the speed of decoding.
func (d *Decoder) ReadBytes(n int) int {
	bytes := d.head.SizeBytes()
	for i := range d.layers {
		for _, l := range d.layers[i].linears() {
			bytes += l.sizeBytes()
		}
	}
	if window := d.c.Window(); window > 0 {
		n = min(n, window)
	}
	return bytes + 4*2*d.c.Layers*d.c.KVHeads*d.c.Dim()*n
}
