package model

import "fmt"

// A Linear names the weight [sum of Outs, In] of a linear layer.
type Linear struct {
	Name string
	Bias string // "" for none; [sum of Outs]
	In   int
	Outs []int // widths of the outputs: one, or queries', keys' and values'
}

// Out is the width of all outputs together.
func (l Linear) Out() int {
	n := 0
	for _, o := range l.Outs {
		n += o
	}
	return n
}

// A Norm names the weight and the bias of a norm over the width.
type Norm struct{ Weight, Bias string } // Bias is "" for RMSNorm

// LayerParts names the weights of one layer:
//
//	x += Out(attention(QKV(AttnNorm(x))))
//	x += Down(act(Gate(h)) * Up(h)), or Down(act(Up(h))), with h = MLPNorm(x)
type LayerParts struct {
	AttnNorm Norm
	QKV      []Linear // three, or one fused
	Out      Linear
	MLPNorm  Norm
	Gate     *Linear // nil: plain MLP
	Up, Down Linear
}

// Linears lists the linear layers in the order of the computation.
func (l LayerParts) Linears() []Linear {
	all := append([]Linear(nil), l.QKV...)
	all = append(all, l.Out)
	if l.Gate != nil {
		all = append(all, *l.Gate)
	}
	return append(all, l.Up, l.Down)
}

// Parts names all weights of a model by what they do.
type Parts struct {
	Embed     string // [vocabulary, width]
	Positions string // [positions, width]; "" for rotary ones
	Layers    []LayerParts
	Norm      Norm
	Head      string // [vocabulary, width]; the embedding when tied
}

// Parts returns the names of the weights. It panics on a configuration that
// does not validate.
func (c Config) Parts() Parts {
	a, err := archOf(c.ModelType)
	if err != nil {
		panic(err)
	}
	p := Parts{Embed: a.embed + ".weight", Norm: a.normParts(a.norm), Head: a.head + ".weight"}
	if a.positions != "" {
		p.Positions = a.positions + ".weight"
	}
	if c.TieEmbeddings {
		p.Head = p.Embed
	}
	for l := range c.Layers {
		p.Layers = append(p.Layers, a.layerParts(c, fmt.Sprintf(a.layer, l)))
	}
	return p
}

func (a *arch) layerParts(c Config, prefix string) LayerParts {
	qkvBias, outBias, mlpBias := a.biases(c)
	linear := func(module string, bias bool, in int, outs ...int) Linear {
		l := Linear{Name: prefix + module + ".weight", In: in, Outs: outs}
		if bias {
			l.Bias = prefix + module + ".bias"
		}
		return l
	}
	q, kv := c.Heads*c.Dim(), c.KVHeads*c.Dim()
	p := LayerParts{
		AttnNorm: a.normParts(prefix + a.attnNorm),
		Out:      linear(a.out, outBias, q, c.Hidden),
		MLPNorm:  a.normParts(prefix + a.mlpNorm),
		Up:       linear(a.up, mlpBias, c.Hidden, c.Intermediate),
		Down:     linear(a.down, mlpBias, c.Intermediate, c.Hidden),
	}
	if len(a.qkv) == 1 {
		p.QKV = []Linear{linear(a.qkv[0], qkvBias, c.Hidden, q, kv, kv)}
	} else {
		for i, out := range []int{q, kv, kv} {
			p.QKV = append(p.QKV, linear(a.qkv[i], qkvBias, c.Hidden, out))
		}
	}
	if a.gate != "" {
		gate := linear(a.gate, mlpBias, c.Hidden, c.Intermediate)
		p.Gate = &gate
	}
	return p
}

func (a *arch) normParts(module string) Norm {
	n := Norm{Weight: module + ".weight"}
	if a.layerNorm {
		n.Bias = module + ".bias"
	}
	return n
}

// untied returns the name under which a weight is kept: the embedding's for a
// tied head.
func (c Config) untied(name string) string {
	if a, err := archOf(c.ModelType); err == nil && c.TieEmbeddings && name == a.head+".weight" {
		return a.embed + ".weight"
	}
	return name
}

// linearWeights are the names of the linear layers' weights, the head's not
// among them.
func (c Config) linearWeights() map[string]bool {
	names := map[string]bool{}
	for _, l := range c.Parts().Layers {
		for _, linear := range l.Linears() {
			names[linear.Name] = true
		}
	}
	return names
}

// A TensorShape is the name, as in Hugging Face's files, and shape of a weight.
// The shape of a linear layer's is [out, in], whatever the files have.
type TensorShape struct {
	Name  string
	Shape []int
}

func (t TensorShape) size() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Shapes lists every weight of the model, in a fixed order.
func (c Config) Shapes() []TensorShape {
	p := c.Parts()
	shapes := []TensorShape{{p.Embed, []int{c.VocabSize, c.Hidden}}}
	norm := func(n Norm) {
		shapes = append(shapes, TensorShape{n.Weight, []int{c.Hidden}})
		if n.Bias != "" {
			shapes = append(shapes, TensorShape{n.Bias, []int{c.Hidden}})
		}
	}
	linear := func(linears ...Linear) {
		for _, l := range linears {
			shapes = append(shapes, TensorShape{l.Name, []int{l.Out(), l.In}})
			if l.Bias != "" {
				shapes = append(shapes, TensorShape{l.Bias, []int{l.Out()}})
			}
		}
	}
	if p.Positions != "" {
		shapes = append(shapes, TensorShape{p.Positions, []int{c.MaxPositions, c.Hidden}})
	}
	for _, l := range p.Layers {
		norm(l.AttnNorm)
		linear(l.QKV...)
		linear(l.Out)
		norm(l.MLPNorm)
		if l.Gate != nil {
			linear(*l.Gate)
		}
		linear(l.Up, l.Down)
	}
	norm(p.Norm)
	if p.Head != p.Embed {
		shapes = append(shapes, TensorShape{p.Head, []int{c.VocabSize, c.Hidden}})
	}
	return shapes
}

// Names of weights outside the layers in Llama and its relatives.
const (
	EmbedName = "model.embed_tokens.weight"
	NormName  = "model.norm.weight"
	HeadName  = "lm_head.weight"
)

// LayerName returns the name of a weight of a layer in Llama and its
// relatives: LayerName(3, "mlp.up_proj") is "model.layers.3.mlp.up_proj.weight".
func LayerName(layer int, part string) string {
	return fmt.Sprintf("model.layers.%d.%s.weight", layer, part)
}
