package model

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// LoRA configures low-rank adapters (Hu et al. 2021, arXiv:2106.09685). Its
// JSON keys are PEFT's. Modules are named by the ends of their paths: "q_proj"
// is that of every layer, "layers.0.self_attn.q_proj" that of the first.
type LoRA struct {
	R       int      `json:"r"`
	Alpha   float64  `json:"lora_alpha"`
	Dropout float64  `json:"lora_dropout"`    // of the adapter's input while it is trained
	Targets []string `json:"target_modules"`  // empty or "all-linear": every linear layer but the head
	Exclude []string `json:"exclude_modules"` // of the targets
	// RankStabilized scales by alpha/√r rather than alpha/r (Kalajdzievski
	// 2023, arXiv:2312.03732).
	RankStabilized bool `json:"use_rslora"`
	// DoRA trains the length of each row of a weight apart from its direction
	// (Liu et al. 2024, arXiv:2402.09353).
	DoRA bool `json:"use_dora"`
	// ModulesToSave are trained as a whole: norms, embeddings, linear layers.
	ModulesToSave []string `json:"modules_to_save"`
}

// AllLinear as a target stands for every linear layer but the head.
const AllLinear = "all-linear"

// Scale is the factor of the low-rank product.
func (l LoRA) Scale() float32 {
	if l.RankStabilized {
		return float32(l.Alpha / math.Sqrt(float64(l.R)))
	}
	return float32(l.Alpha / float64(l.R))
}

// Validate reports unusable numbers, or a module that models of c do not have.
func (l LoRA) Validate(c Config) error {
	if err := c.Validate(); err != nil {
		return err
	}
	if l.R <= 0 || l.R > maxWidth || !(l.Alpha > 0) {
		return fmt.Errorf("model: LoRA rank %d and alpha %g must be positive", l.R, l.Alpha)
	}
	if !(l.Dropout >= 0 && l.Dropout < 1) {
		return fmt.Errorf("model: LoRA dropout %g, want from 0 to below 1", l.Dropout)
	}
	linear, all := c.modules()
	for _, list := range []struct {
		what    string
		names   []string
		modules []string
	}{{"target", l.Targets, linear}, {"module to exclude", l.Exclude, linear}, {"module to save", l.ModulesToSave, all}} {
		for _, name := range list.names {
			if name == AllLinear && list.what == "target" {
				continue
			}
			if !slices.ContainsFunc(list.modules, func(path string) bool { return isModule(path, name) }) {
				return fmt.Errorf("model: LoRA %s %q is none of %s", list.what, name, strings.Join(lastNames(list.modules), ", "))
			}
		}
	}
	return l.checkSaved(c, all)
}

// checkSaved reports a module that is both target and saved, and a tied head
// that would be saved without the embedding, which is the same weight.
func (l LoRA) checkSaved(c Config, all []string) error {
	for _, path := range all {
		if l.saves(path) && l.targets(path) && c.linearWeights()[path+".weight"] {
			return fmt.Errorf("model: LoRA module %q is both a target and a module to save", path)
		}
	}
	a, err := archOf(c.ModelType)
	if err == nil && c.TieEmbeddings && l.saves(a.head) && !l.saves(a.embed) {
		return fmt.Errorf("model: LoRA module to save %q is tied to %q; name that one", a.head, a.embed)
	}
	return err
}

// isModule reports whether name is a module's path or the end of it.
func isModule(path, name string) bool { return path == name || strings.HasSuffix(path, "."+name) }

// modules lists the paths of the linear layers and of all modules; the tied
// head is among the latter.
func (c Config) modules() (linear, all []string) {
	weights := c.linearWeights()
	for _, s := range c.Shapes() {
		path, ok := strings.CutSuffix(s.Name, ".weight")
		if !ok {
			continue
		}
		all = append(all, path)
		if weights[s.Name] {
			linear = append(linear, path)
		}
	}
	if a, err := archOf(c.ModelType); err == nil && c.TieEmbeddings {
		all = append(all, a.head)
	}
	return linear, all
}

// lastNames returns the last parts of paths, each once.
func lastNames(paths []string) []string {
	var names []string
	for _, path := range paths {
		if name := path[strings.LastIndexByte(path, '.')+1:]; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// targets reports whether a linear layer has an adapter.
func (l LoRA) targets(path string) bool {
	is := func(name string) bool { return isModule(path, name) }
	if slices.ContainsFunc(l.Exclude, is) {
		return false
	}
	return len(l.Targets) == 0 || slices.Contains(l.Targets, AllLinear) || slices.ContainsFunc(l.Targets, is)
}

func (l LoRA) saves(path string) bool {
	return slices.ContainsFunc(l.ModulesToSave, func(name string) bool { return isModule(path, name) })
}

// An Adapter is a set of updates of a model's weights. Several may share one
// base.
type Adapter struct {
	LoRA   LoRA
	Config Config // of the base
	Pairs  []Pair
	// Saved are the weights of the modules to save, in place of the base's,
	// by the same names and in the same order.
	Saved  []Tensor
	byName map[string]*Pair
}

// A Pair is the update of one weight W [out, in]: W + Scale·B·A, with DoRA
// scaled so that each row has the length Magnitude.
type Pair struct {
	Name      string // of the weight
	A         Tensor // [r, in]
	B         Tensor // [out, r]
	Magnitude Tensor // [out] with DoRA, else without data
}

// NewAdapter returns an adapter that changes nothing yet: A uniform as PEFT
// initializes it (Kaiming with a = √5), B zero. With DoRA or modules to save
// it is to be used only after [Adapter.Start].
func NewAdapter(c Config, l LoRA, seed uint64) (*Adapter, error) {
	a, err := emptyAdapter(c, l)
	if err != nil {
		return nil, err
	}
	at := map[string]int{}
	for i, s := range c.Shapes() {
		at[s.Name] = i
	}
	for i := range a.Pairs {
		p := &a.Pairs[i]
		rng := rand.New(rand.NewPCG(seed, uint64(at[p.Name])|1<<32))
		bound := 1 / math.Sqrt(float64(p.A.Shape[1]))
		p.A.Data = make([]float32, p.A.size())
		for j := range p.A.Data {
			p.A.Data[j] = float32((2*rng.Float64() - 1) * bound)
		}
		p.B.Data = make([]float32, p.B.size())
		if l.DoRA {
			p.Magnitude.Data = make([]float32, p.Magnitude.size())
		}
	}
	for i := range a.Saved {
		a.Saved[i].Data = make([]float32, a.Saved[i].size())
	}
	return a, nil
}

// emptyAdapter returns an adapter whose tensors have no data.
func emptyAdapter(c Config, l LoRA) (*Adapter, error) {
	if err := l.Validate(c); err != nil {
		return nil, err
	}
	a := &Adapter{LoRA: l, Config: c, byName: map[string]*Pair{}}
	linear := c.linearWeights()
	for _, s := range c.Shapes() {
		path, isWeight := strings.CutSuffix(s.Name, ".weight")
		path = strings.TrimSuffix(path, ".bias")
		if l.saves(path) {
			a.Saved = append(a.Saved, Tensor{TensorShape: s})
		}
		if isWeight && linear[s.Name] && l.targets(path) {
			a.Pairs = append(a.Pairs, newPair(s, l))
		}
	}
	if len(a.Pairs) == 0 {
		return nil, fmt.Errorf("model: LoRA of targets %v without %v is on no linear layer", l.Targets, l.Exclude)
	}
	for i := range a.Pairs {
		a.byName[a.Pairs[i].Name] = &a.Pairs[i]
	}
	return a, nil
}

func newPair(s TensorShape, l LoRA) Pair {
	out, in := s.Shape[0], s.Shape[1]
	prefix := peftPrefix + strings.TrimSuffix(s.Name, ".weight")
	p := Pair{
		Name: s.Name,
		A:    Tensor{TensorShape: TensorShape{prefix + ".lora_A.weight", []int{l.R, in}}},
		B:    Tensor{TensorShape: TensorShape{prefix + ".lora_B.weight", []int{out, l.R}}},
	}
	if l.DoRA {
		p.Magnitude.TensorShape = TensorShape{prefix + ".lora_magnitude_vector", []int{out}}
	}
	return p
}

// Start copies what begins as the base's: the weights of the modules to save
// and, with DoRA, the lengths of rows. weight gives a base's weight by name,
// [out, in]; a model's Tensor does.
func (a *Adapter) Start(weight func(name string) []float32) {
	for _, s := range a.Saved {
		copy(s.Data, weight(s.Name))
	}
	if !a.LoRA.DoRA {
		return
	}
	for _, p := range a.Pairs {
		w := weight(p.Name)
		for o := range p.Magnitude.Data {
			p.Magnitude.Data[o] = float32(length(row(w, o, p.A.Shape[1])))
		}
	}
}

func row(w []float32, o, in int) []float32 { return w[o*in : (o+1)*in] }

func length(v []float32) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}

// Pair returns the update of the weight of that name, nil when it has none.
// A nil adapter has none at all.
func (a *Adapter) Pair(name string) *Pair {
	if a == nil {
		return nil
	}
	return a.byName[name]
}

// SavedTensor returns the weight that stands in place of the base's of that
// name, nil when it has none. A nil adapter has none at all.
func (a *Adapter) SavedTensor(name string) *Tensor {
	if a == nil {
		return nil
	}
	for i := range a.Saved {
		if a.Saved[i].Name == name {
			return &a.Saved[i]
		}
	}
	return nil
}

// Tensors lists all trained tensors by PEFT's names, in a fixed order, sharing
// memory with a.
func (a *Adapter) Tensors() []Tensor {
	var all []Tensor
	for _, p := range a.Pairs {
		all = append(all, p.A, p.B)
		if a.LoRA.DoRA {
			all = append(all, p.Magnitude)
		}
	}
	for _, s := range a.Saved {
		s.Name = peftPrefix + s.Name
		all = append(all, s)
	}
	return all
}

// Params returns the number of trained weights.
func (a *Adapter) Params() int {
	n := 0
	for _, t := range a.Tensors() {
		n += t.size()
	}
	return n
}

// Hash returns the SHA-256 of how the adapter applies and of all its bits.
func (a *Adapter) Hash() string {
	head := fmt.Sprintf("%s scale %g dora %t", a.Config.ModelType, a.LoRA.Scale(), a.LoRA.DoRA)
	return hashTensors(head, a.Tensors(), nil)
}
