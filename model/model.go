package model

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"

	"adapt/nn"
)

// A Model is a configuration with its weights in float32.
type Model struct {
	Config  Config
	Tensors []Tensor // in the order of Config.Shapes
	// Kept are files of the folder that was loaded which Save writes again.
	Kept   map[string][]byte
	byName map[string]*Tensor
	stream nn.Stream       // brings layers into memory and out of it; nil: all are there
	linear map[string]bool // weights of linear layers
}

// ErrNoWeights is returned, wrapped, for a model folder without weights.
var ErrNoWeights = errors.New("model folder has no weights")

// New returns a model with random weights: normal with standard deviation
// 0.02, smaller by sqrt(2·layers) where a layer writes to the residual stream
// (Radford et al. 2019), norms at one and biases at zero. The same seed gives
// the same bits.
func New(c Config, seed uint64) (*Model, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	m := allocate(c)
	inits := c.initializers()
	for i := range m.Tensors {
		t := &m.Tensors[i]
		init := inits[t.Name]
		rng := rand.New(rand.NewPCG(seed, uint64(i)))
		for j := range t.Data {
			t.Data[j] = init.constant
			if init.std > 0 {
				t.Data[j] = float32(rng.NormFloat64() * init.std)
			}
		}
	}
	return m, nil
}

// An initializer is a constant, or normal with mean 0 where std is positive.
type initializer struct {
	std      float64
	constant float32
}

func (c Config) initializers() map[string]initializer {
	p := c.Parts()
	normal := initializer{std: 0.02}
	residual := initializer{std: 0.02 / math.Sqrt(2*float64(c.Layers))}
	one := initializer{constant: 1}
	// Biases, left out, are zero.
	inits := map[string]initializer{p.Embed: normal, p.Head: normal, p.Norm.Weight: one}
	if p.Positions != "" {
		inits[p.Positions] = normal
	}
	for _, l := range p.Layers {
		for _, linear := range l.Linears() {
			inits[linear.Name] = normal
		}
		inits[l.Out.Name], inits[l.Down.Name] = residual, residual
		inits[l.AttnNorm.Weight], inits[l.MLPNorm.Weight] = one, one
	}
	return inits
}

// Blank returns a model whose weights are all zero.
func Blank(c Config) (*Model, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return allocate(c), nil
}

func allocate(c Config) *Model {
	m := newModel(c)
	for i := range m.Tensors {
		m.Tensors[i].Data = make([]float32, m.Tensors[i].size())
	}
	return m
}

// newModel returns a model whose tensors have no data yet.
func newModel(c Config) *Model {
	m := &Model{Config: c, byName: map[string]*Tensor{}, linear: c.linearWeights()}
	for _, s := range c.Shapes() {
		m.Tensors = append(m.Tensors, Tensor{TensorShape: s})
	}
	for i := range m.Tensors {
		m.byName[m.Tensors[i].Name] = &m.Tensors[i]
	}
	return m
}

// Tensor returns the weight of that name, which shares memory with the model.
// It panics on a name that the architecture does not have.
func (m *Model) Tensor(name string) []float32 {
	return m.tensor(name).Data
}

func (m *Model) tensor(name string) *Tensor {
	t, ok := m.byName[m.Config.untied(name)]
	if !ok {
		panic("model: no tensor " + name)
	}
	return t
}

// Hash returns the SHA-256 of the configuration's shapes and all weights' bits.
func (m *Model) Hash() string {
	return hashTensors("", m.Tensors, m.release())
}

// release returns a function that lets go of the memory of a layer's weights
// when it is called with one of them, nil when all weights are in memory.
func (m *Model) release() func(name string) {
	if m.stream == nil {
		return nil
	}
	layer := map[string]int{}
	for i, l := range m.Config.Parts().Layers {
		for _, w := range l.Linears() {
			layer[w.Name] = i
		}
	}
	return func(name string) {
		if i, ok := layer[name]; ok {
			m.stream.Release(i) // advice: without it the sum is the same
		}
	}
}

// hashTensors calls read, which may be nil, after each tensor.
func hashTensors(head string, tensors []Tensor, read func(name string)) string {
	h := sha256.New()
	io.WriteString(h, head)
	var buf []byte
	for _, t := range tensors {
		fmt.Fprintf(h, "%s %v\n", t.Name, t.Shape)
		for part := range slices.Chunk(t.Data, 1<<14) {
			buf = buf[:0]
			for _, v := range part {
				buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
			}
			h.Write(buf)
		}
		if t.Stored != nil {
			fmt.Fprintf(h, "%s\n", t.Stored.Kind)
			for _, p := range t.Stored.Parts() {
				h.Write(p.Data)
			}
		}
		if read != nil {
			read(t.Name)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
