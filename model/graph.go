package model

import (
	"fmt"

	"adapt/nn"

	G "gorgonia.org/gorgonia"
)

// A Net is a model as a graph with its loss.
type Net struct {
	Graph  *nn.Graph
	Loss   *G.Node
	Params []*nn.Param // the trained ones
}

// Build makes the graph of one packed step of tokens rows. With train,
// Params are all weights of the model, or the adapter's alone when there is
// one; without, the graph has no gradients. Weights share memory with m and a.
func (m *Model) Build(a *Adapter, tokens, threads int, train bool) (net *Net, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("model: building the graph: %v", r)
		}
	}()
	if err := m.Config.buildable(); err != nil {
		return nil, err
	}
	b := &builder{m: m, a: a, full: train && a == nil, g: nn.NewGraph(tokens, threads), net: &Net{}}
	b.net.Graph, b.net.Loss = b.g, b.loss(train)
	return b.net, nil
}

// buildable reports what the graph does not compute.
func (c Config) buildable() error {
	a, err := archOf(c.ModelType)
	if err != nil {
		return err
	}
	if qkv, out, mlp := a.biases(c); qkv || out || mlp || a.layerNorm || a.positions != "" || a.gate == "" || c.Window() != 0 {
		return fmt.Errorf("%w: no graph for biases, LayerNorm, learned positions, plain MLPs or sliding windows (model_type %q)", ErrUnsupported, c.ModelType)
	}
	return nil
}

type builder struct {
	m    *Model
	a    *Adapter
	full bool // whether the model's own weights are trained
	g    *nn.Graph
	net  *Net
}

func (b *builder) loss(train bool) *G.Node {
	c, eps := b.m.Config, float32(b.m.Config.NormEps)
	heads := nn.Heads{Query: c.Heads, KeyValue: c.KVHeads, Dim: c.Dim()}
	heads.Cos, heads.Sin = c.Rope(c.MaxPositions)
	embed := b.param(EmbedName)
	x := b.g.Embed(embed, b.full)
	for l := range c.Layers {
		h := b.g.RMSNorm(x, b.param(LayerName(l, "input_layernorm")), eps, b.full)
		qkv := b.g.Linear(h, b.weight(l, "self_attn.q_proj"), b.weight(l, "self_attn.k_proj"), b.weight(l, "self_attn.v_proj"))
		x = b.g.Residual(x, b.g.Linear(b.g.Attention(qkv, heads), b.weight(l, "self_attn.o_proj")))
		h = b.g.RMSNorm(x, b.param(LayerName(l, "post_attention_layernorm")), eps, b.full)
		gateUp := b.g.Linear(h, b.weight(l, "mlp.gate_proj"), b.weight(l, "mlp.up_proj"))
		x = b.g.Residual(x, b.g.Linear(b.g.SwiGLU(gateUp, c.Intermediate), b.weight(l, "mlp.down_proj")))
	}
	x = b.g.RMSNorm(x, b.param(NormName), eps, b.full)
	head := embed
	if !c.TieEmbeddings {
		head = b.param(HeadName)
	}
	return b.g.Loss(x, head, b.full, !train)
}

// param adds a weight of the model.
func (b *builder) param(name string) *G.Node {
	t := b.m.tensor(name)
	p := b.g.Param(name, t.Shape, t.Data)
	if b.full {
		b.net.Params = append(b.net.Params, p)
	}
	return p.Node
}

// weight adds a linear layer's weight with its adapter.
func (b *builder) weight(layer int, part string) nn.Weight {
	name := LayerName(layer, part)
	w := nn.Weight{W: b.param(name), Train: b.full}
	if p := b.a.Pair(name); p != nil {
		pa, pb := b.g.Param(p.A.Name, p.A.Shape, p.A.Data), b.g.Param(p.B.Name, p.B.Shape, p.B.Data)
		b.net.Params = append(b.net.Params, pa, pb)
		w.A, w.B, w.Scale = pa.Node, pb.Node, b.a.LoRA.Scale()
	}
	return w
}
