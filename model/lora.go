package model

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"adapt/nn/kernel"
)

// LoRA configures low-rank adapters (Hu et al. 2021, arXiv:2106.09685).
type LoRA struct {
	R       int      `json:"r"`
	Alpha   float64  `json:"lora_alpha"`
	Targets []string `json:"target_modules"` // "q_proj", …; empty: every linear layer
}

// Scale is the factor of the low-rank product.
func (l LoRA) Scale() float32 { return float32(l.Alpha / float64(l.R)) }

// Validate reports an unusable rank or a target module that models of c do not
// have.
func (l LoRA) Validate(c Config) error {
	if l.R <= 0 || l.Alpha <= 0 {
		return fmt.Errorf("model: LoRA rank %d and alpha %g must be positive", l.R, l.Alpha)
	}
	modules := c.modules()
	for _, t := range l.Targets {
		if !slices.Contains(modules, t) {
			return fmt.Errorf("model: LoRA target %q is none of %s", t, strings.Join(modules, ", "))
		}
	}
	return nil
}

// modules lists the last names of the linear layers.
func (c Config) modules() []string {
	var names []string
	for _, l := range c.Parts().Layers[0].Linears() {
		if name := module(l.Name); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// module returns the last name of a weight's module.
func module(weight string) string {
	path := strings.TrimSuffix(weight, ".weight")
	return path[strings.LastIndexByte(path, '.')+1:]
}

func (l LoRA) targets(name string) bool {
	return len(l.Targets) == 0 || slices.Contains(l.Targets, module(name))
}

// An Adapter is a set of low-rank updates of a model's weights.
type Adapter struct {
	LoRA   LoRA
	Pairs  []Pair
	byName map[string]*Pair
}

// A Pair is the update Scale·B·A of one weight [out, in].
type Pair struct {
	Name string // of the weight
	A    Tensor // [r, in]
	B    Tensor // [out, r]
}

// NewAdapter returns an adapter that changes nothing yet: A uniform as PEFT
// initializes it (Kaiming with a = √5), B zero.
func NewAdapter(c Config, l LoRA, seed uint64) (*Adapter, error) {
	if err := l.Validate(c); err != nil {
		return nil, err
	}
	a := &Adapter{LoRA: l}
	linear := newModel(c).linear
	for i, s := range c.Shapes() {
		if !linear[s.Name] || !l.targets(s.Name) {
			continue
		}
		out, in := s.Shape[0], s.Shape[1]
		prefix := "base_model.model." + strings.TrimSuffix(s.Name, ".weight")
		p := Pair{
			Name: s.Name,
			A:    Tensor{TensorShape{prefix + ".lora_A.weight", []int{l.R, in}}, make([]float32, l.R*in)},
			B:    Tensor{TensorShape{prefix + ".lora_B.weight", []int{out, l.R}}, make([]float32, out*l.R)},
		}
		rng := rand.New(rand.NewPCG(seed, uint64(i)|1<<32))
		bound := 1 / math.Sqrt(float64(in))
		for j := range p.A.Data {
			p.A.Data[j] = float32((2*rng.Float64() - 1) * bound)
		}
		a.Pairs = append(a.Pairs, p)
	}
	a.byName = make(map[string]*Pair, len(a.Pairs))
	for i := range a.Pairs {
		a.byName[a.Pairs[i].Name] = &a.Pairs[i]
	}
	return a, nil
}

// Pair returns the update of the weight of that name, nil when it has none.
// A nil adapter has none at all.
func (a *Adapter) Pair(name string) *Pair {
	if a == nil {
		return nil
	}
	return a.byName[name]
}

// Merge adds the updates to the weights of m, for good.
func (a *Adapter) Merge(m *Model, threads int) {
	for _, p := range a.Pairs {
		w, out, in := m.Tensor(p.Name), p.B.Shape[0], p.A.Shape[1]
		kernel.Gemm(threads, false, false, out, in, a.LoRA.R, a.LoRA.Scale(), p.B.Data, a.LoRA.R, p.A.Data, in, 1, w, in)
	}
}
