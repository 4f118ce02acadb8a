package model

import (
	"fmt"

	"adapt/nn"
	"adapt/nn/kernel"

	G "gorgonia.org/gorgonia"
)

// BuildOptions say what a graph trains and how it computes.
type BuildOptions struct {
	nn.Options
	// Freeze reports weights that full fine-tuning leaves alone; nil: none.
	Freeze    func(name string) bool
	Noise     nn.Noise      // on the embeddings in training
	Smoothing float32       // of the labels
	Reference *nn.Reference // that the model is to stay near to; nil: none
	KL        float32       // weight of the divergence from it
}

// A Net is a model as a graph with its loss.
type Net struct {
	Graph  *nn.Graph
	Hidden *G.Node     // [tokens, width], after the last norm
	Loss   *G.Node     // see [nn.Graph.Loss]
	Params []*nn.Param // the trained ones
}

// Build makes the graph of one packed step of tokens rows. With o.Train, Params
// are the model's weights that o.Freeze leaves, or the adapter's alone when
// there is one. Weights share memory with m and a.
func (m *Model) Build(a *Adapter, tokens int, o BuildOptions) (net *Net, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("model: building the graph: %v", r)
		}
	}()
	b := &builder{m: m, a: a, o: o, g: nn.NewGraph(tokens, o.Options), net: &Net{}, params: map[string]*nn.Param{}}
	b.build()
	return b.net, nil
}

// Machine differentiates the loss and plans the run. Without trained weights
// it runs forward only; with hidden it keeps the hidden states.
func (n *Net) Machine(hidden bool) (*nn.Machine, error) {
	results := G.Nodes{n.Loss}
	if hidden {
		results = append(results, n.Hidden)
	}
	if len(n.Params) > 0 {
		nodes := make(G.Nodes, len(n.Params))
		for i, p := range n.Params {
			nodes[i] = p.Node
		}
		grads, err := G.Grad(n.Loss, nodes...)
		if err != nil {
			return nil, fmt.Errorf("model: differentiating: %w", err)
		}
		results = append(results, grads...)
	}
	return nn.NewMachine(n.Graph, results...)
}

type builder struct {
	m      *Model
	a      *Adapter
	o      BuildOptions
	g      *nn.Graph
	net    *Net
	params map[string]*nn.Param // made so far, by name
}

func (b *builder) build() {
	c, p := b.m.Config, b.m.Config.Parts()
	b.g.Stream = b.m.stream
	heads := nn.Heads{Query: c.Heads, KeyValue: c.KVHeads, Dim: c.Dim(), Window: c.Window()}
	if p.Positions == "" {
		heads.Cos, heads.Sin = c.Rope(c.MaxPositions)
	}
	x := b.g.Embed(b.table(p.Embed), b.o.Noise)
	if p.Positions != "" {
		x = b.g.AddPositions(x, b.param(p.Positions))
	}
	for i, l := range p.Layers {
		b.g.Begin(fmt.Sprint("layer ", i))
		h := b.norm(x, l.AttnNorm)
		qkv := b.g.Linear(h, b.weights(l.QKV...)...)
		x = b.g.Residual(x, b.g.Linear(b.g.Attention(qkv, heads), b.weights(l.Out)...))
		h = b.norm(x, l.MLPNorm)
		x = b.g.Residual(x, b.g.Linear(b.mlp(h, l), b.weights(l.Down)...))
	}
	b.g.Begin("")
	b.net.Graph, b.net.Hidden = b.g, b.norm(x, p.Norm)
	table := b.table(p.Head)
	b.net.Loss = b.g.Loss(b.net.Hidden, nn.Head{
		W: table.W, Stored: table.Stored, Tied: p.Head == p.Embed,
		Smoothing: b.o.Smoothing, Reference: b.o.Reference, KL: b.o.KL,
	})
}

func (b *builder) mlp(h *G.Node, l LayerParts) *G.Node {
	if l.Gate != nil {
		return b.g.SwiGLU(b.g.Linear(h, b.weights(*l.Gate, l.Up)...), b.m.Config.Intermediate)
	}
	return b.g.GELU(b.g.Linear(h, b.weights(l.Up)...), b.m.Config.Activation() == "gelu")
}

func (b *builder) norm(x *G.Node, n Norm) *G.Node {
	eps := float32(b.m.Config.NormEps)
	if n.Bias == "" {
		return b.g.RMSNorm(x, b.param(n.Weight), eps)
	}
	return b.g.LayerNorm(x, b.param(n.Weight), b.param(n.Bias), eps)
}

// param adds a weight of the model, or what the adapter has in its place.
func (b *builder) param(name string) *nn.Param {
	if p := b.params[name]; p != nil {
		return p
	}
	t, train := b.m.tensor(name), b.a == nil && (b.o.Freeze == nil || !b.o.Freeze(name))
	if saved := b.a.SavedTensor(name); saved != nil {
		t, train = saved, true
	}
	p := b.add(*t, train)
	b.params[name] = p
	return p
}

func (b *builder) add(t Tensor, train bool) *nn.Param {
	p := b.g.Param(t.Name, t.Shape, t.Data, train)
	if p.Train {
		b.net.Params = append(b.net.Params, p)
	}
	return p
}

// stored returns a weight's packed form, nil when it is a plain one or the
// adapter has another in its place.
func (b *builder) stored(name string) *kernel.Matrix {
	if b.a.SavedTensor(name) != nil {
		return nil
	}
	return b.m.tensor(name).Stored
}

func (b *builder) table(name string) nn.Table {
	if s := b.stored(name); s != nil {
		return nn.Table{Stored: s}
	}
	return nn.Table{W: b.param(name)}
}

// weights adds linear layers with their adapters.
func (b *builder) weights(layers ...Linear) []nn.Weight {
	var all []nn.Weight
	for _, l := range layers {
		w := nn.Weight{Stored: b.stored(l.Name), Outs: l.Outs}
		if w.Stored == nil {
			w.W = b.param(l.Name)
		}
		if l.Bias != "" {
			w.Bias = b.param(l.Bias)
		}
		if p := b.a.Pair(l.Name); p != nil {
			w.LoRA = &nn.LowRank{
				A: b.add(p.A, true), B: b.add(p.B, true),
				Scale: b.a.LoRA.Scale(), Dropout: float32(b.a.LoRA.Dropout),
			}
			if b.a.LoRA.DoRA {
				w.LoRA.Magnitude = b.add(p.Magnitude, true)
			}
		}
		all = append(all, w)
	}
	return all
}
