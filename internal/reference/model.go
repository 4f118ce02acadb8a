package reference

import (
	"fmt"
	"slices"
	"strings"
)

// A Model is a configuration with its weights.
type Model struct {
	Config  Config
	Weights map[string][]float64 // by the names of Config.Shapes
	// Adapters are updates of linear weights, by the weight's name.
	Adapters map[string]Adapter
}

// An Adapter updates a linear weight W [out, in]. Without Magnitude the weight
// becomes W + Scale·B·A (LoRA, Hu et al. 2021, arXiv:2106.09685). With it, it
// becomes V = W + Scale·B·A with each row of V brought to the length that
// Magnitude gives (DoRA, Liu et al. 2024, arXiv:2402.09353, equation 5; a row
// here, an output feature, is a column in the paper).
type Adapter struct {
	Rank      int
	Scale     float64
	A         []float64 // [Rank, in]
	B         []float64 // [out, Rank]
	Magnitude []float64 // [out]; nil for LoRA
	// ThroughNorm takes the gradient through the length of V's rows. Without
	// it that length counts as a constant, as section 4.3 of the paper proposes
	// and PEFT does: then the gradients are not those of the loss.
	ThroughNorm bool
}

// A Sequence is one example.
type Sequence struct {
	IDs []int32
	// Targets are the tokens to predict at each position, as long as IDs;
	// negative: none. Nil for all when only logits are wanted.
	Targets []int32
	Weights []float64 // of each position in the loss; nil: ones
	Prefix  int       // see Mask
	// Teacher is the logits of the model to stay near to, [len(IDs), vocab];
	// nil when Objective.KL is 0.
	Teacher []float64
}

// An Objective says what the loss is: the cross-entropy plus KL times the
// divergence from the teacher, each summed over the positions that have a
// target by their weights, over Norm.
type Objective struct {
	Norm      float64 // 0: the sum of the weights of positions with a target
	Smoothing float64 // see CrossEntropy
	KL        float64 // see the function KL
}

// A Result is what a model makes of sequences.
type Result struct {
	Logits [][]float64 // of each sequence, [len(IDs), vocab]
	Loss   float64
	// CrossEntropy and KL are the weighted sums, before the factor and Norm.
	CrossEntropy, KL float64
	// Gradients of the loss by every weight, under its name, and by the
	// adapters, for "x.weight" under "x.lora_A.weight", "x.lora_B.weight" and
	// "x.lora_magnitude_vector.weight": PEFT's names without their
	// "base_model.model.".
	Gradients map[string][]float64
}

// NextTokens returns the targets of predicting each next token of ids.
func NextTokens(ids []int32) []int32 { return append(slices.Clone(ids[1:]), -1) }

// Run computes the logits, the loss and its gradients. It panics on weights
// that are missing, of a wrong length or not the architecture's.
func (m Model) Run(sequences []Sequence, o Objective) Result {
	r, res, loss := m.forward(sequences, o)
	r.t.backward(loss)
	res.Gradients = map[string][]float64{}
	for name, leaf := range r.leaves {
		res.Gradients[name] = leaf.grad
	}
	return res
}

// forward is Run before it goes back.
func (m Model) forward(sequences []Sequence, o Objective) (*run, Result, *matrix) {
	r := &run{c: m.Config.filled(), m: m, t: &tape{}, leaves: map[string]*matrix{}, effective: map[string]*matrix{}}
	r.weights()
	if o.Norm == 0 {
		for _, s := range sequences {
			for i := range s.Targets {
				o.Norm += rowWeight(s.Targets, s.Weights, i)
			}
		}
	}
	var res Result
	loss := r.t.leaf(1, 1, []float64{0})
	for _, s := range sequences {
		logits := r.logits(s)
		res.Logits = append(res.Logits, logits.data)
		if s.Targets != nil {
			loss = r.t.add(loss, r.loss(&res, logits, s, o))
		}
	}
	res.Loss = loss.data[0]
	return r, res, loss
}

// run is a model on a tape.
type run struct {
	c         Config // filled
	m         Model
	t         *tape
	leaves    map[string]*matrix
	effective map[string]*matrix // linear weights with their adapters
}

// weights puts all weights on the tape.
func (r *run) weights() {
	for _, s := range r.c.Shapes() {
		w, ok := r.m.Weights[s.Name]
		must(ok, "no weight %s", s.Name)
		must(len(w) == s.Rows*s.Cols, "%s has %d values, want [%d, %d]", s.Name, len(w), s.Rows, s.Cols)
		r.leaves[s.Name] = r.t.leaf(s.Rows, s.Cols, w)
	}
	for name := range r.m.Weights {
		must(r.leaves[name] != nil, "%s is no weight of %s", name, r.c.Architecture)
	}
	for name, a := range r.m.Adapters {
		must(r.leaves[name] != nil, "an adapter on %s, which is no weight of %s", name, r.c.Architecture)
		r.effective[name] = r.adapted(strings.TrimSuffix(name, ".weight"), r.leaves[name], a)
	}
}

// adapted is a weight with its adapter.
func (r *run) adapted(module string, w *matrix, a Adapter) *matrix {
	leaf := func(part string, rows, cols int, data []float64) *matrix {
		m := r.t.leaf(rows, cols, data)
		r.leaves[module+"."+part+".weight"] = m
		return m
	}
	low, high := leaf("lora_A", a.Rank, w.cols, a.A), leaf("lora_B", w.rows, a.Rank, a.B)
	v := r.t.add(w, r.t.scale(r.t.mul(high, low), a.Scale))
	if a.Magnitude == nil {
		return v
	}
	length := r.t.rowNorm(v)
	if !a.ThroughNorm {
		length = r.t.leaf(v.rows, 1, length.data)
	}
	return r.t.scaleRows(v, r.t.over(leaf("lora_magnitude_vector", w.rows, 1, a.Magnitude), length))
}

// weight is a weight with its adapter, if it has one.
func (r *run) weight(name string) *matrix {
	if w := r.effective[name]; w != nil {
		return w
	}
	return r.leaves[name]
}

// linear applies a linear layer, with its bias when it has one.
func (r *run) linear(x *matrix, module string) *matrix {
	y := r.t.mulT(x, r.weight(module+".weight"))
	if b := r.leaves[module+".bias"]; b != nil {
		y = r.t.addRow(y, b)
	}
	return y
}

func (r *run) logits(s Sequence) *matrix {
	pos := make([]int32, len(s.IDs))
	for i := range pos {
		pos[i] = int32(i)
	}
	mask := Mask{Prefix: s.Prefix, Window: r.c.Window}
	var x *matrix
	head := "model.embed_tokens.weight"
	if r.c.Architecture == GPT2 {
		x, head = r.gpt2(s.IDs, pos, mask), "transformer.wte.weight"
	} else {
		x = r.llama(s.IDs, pos, mask)
	}
	if !r.c.Tied {
		head = "lm_head.weight"
	}
	return r.t.mulT(x, r.weight(head))
}

// llama is the hidden states of Llama and its kin after the last norm.
func (r *run) llama(ids, pos []int32, mask Mask) *matrix {
	t, c := r.t, r.c
	freqs := Frequencies(c.HeadDim, c.RopeTheta, c.RopeScaling)
	for i := range freqs {
		freqs[i] /= c.RopeFactor
	}
	norm := func(x *matrix, name string) *matrix { return t.rmsNorm(x, r.leaves[name+".weight"], c.Eps) }
	x := t.embed(r.leaves["model.embed_tokens.weight"], ids)
	for l := range c.Layers {
		p := fmt.Sprintf("model.layers.%d.", l)
		h := norm(x, p+"input_layernorm")
		q := t.rotary(r.linear(h, p+"self_attn.q_proj"), c.Heads, c.HeadDim, pos, freqs)
		k := t.rotary(r.linear(h, p+"self_attn.k_proj"), c.KVHeads, c.HeadDim, pos, freqs)
		v := r.linear(h, p+"self_attn.v_proj")
		attention := t.attention(q, k, v, c.Heads, c.KVHeads, c.HeadDim, mask)
		x = t.add(x, r.linear(attention, p+"self_attn.o_proj"))
		h = norm(x, p+"post_attention_layernorm")
		gated := t.times(t.silu(r.linear(h, p+"mlp.gate_proj")), r.linear(h, p+"mlp.up_proj"))
		x = t.add(x, r.linear(gated, p+"mlp.down_proj"))
	}
	return norm(x, "model.norm")
}

// gpt2 is the hidden states of GPT-2 after the last norm.
func (r *run) gpt2(ids, pos []int32, mask Mask) *matrix {
	t, c := r.t, r.c
	width := c.Heads * c.HeadDim
	norm := func(x *matrix, name string) *matrix {
		return t.layerNorm(x, r.leaves[name+".weight"], r.leaves[name+".bias"], c.Eps)
	}
	gelu := t.gelu
	if c.ErfGELU {
		gelu = t.geluErf
	}
	x := t.add(t.embed(r.leaves["transformer.wte.weight"], ids), t.embed(r.leaves["transformer.wpe.weight"], pos))
	for l := range c.Layers {
		p := fmt.Sprintf("transformer.h.%d.", l)
		qkv := r.linear(norm(x, p+"ln_1"), p+"attn.c_attn")
		q, k, v := t.columns(qkv, 0, width), t.columns(qkv, width, 2*width), t.columns(qkv, 2*width, 3*width)
		attention := t.attention(q, k, v, c.Heads, c.Heads, c.HeadDim, mask)
		x = t.add(x, r.linear(attention, p+"attn.c_proj"))
		h := gelu(r.linear(norm(x, p+"ln_2"), p+"mlp.c_fc"))
		x = t.add(x, r.linear(h, p+"mlp.c_proj"))
	}
	return norm(x, "transformer.ln_f")
}

// loss is a sequence's part of the loss; it adds to the sums of res.
func (r *run) loss(res *Result, logits *matrix, s Sequence, o Objective) *matrix {
	t, vocab := r.t, r.c.Vocab
	must(len(s.Targets) == len(s.IDs) && (s.Weights == nil || len(s.Weights) == len(s.IDs)), "%d tokens, %d targets, %d weights", len(s.IDs), len(s.Targets), len(s.Weights))
	must(o.Norm > 0, "no position has a weight in the loss")
	res.CrossEntropy += CrossEntropy(logits.data, vocab, s.Targets, s.Weights, o.Smoothing)
	logp := t.logSoftmax(logits)
	loss := t.scale(t.dot(logp, goals(vocab, s.Targets, s.Weights, o.Smoothing)), -1/o.Norm)
	if o.KL == 0 {
		return loss
	}
	// The divergence is the cross-entropy with the teacher's distribution less
	// that distribution's entropy, which is a constant.
	res.KL += KL(s.Teacher, logits.data, vocab, s.Targets, s.Weights)
	p, entropy := Softmax(s.Teacher, vocab), 0.0
	for i, logTeacher := range LogSoftmax(s.Teacher, vocab) {
		p[i] *= rowWeight(s.Targets, s.Weights, i/vocab)
		entropy -= p[i] * logTeacher
	}
	divergence := t.add(t.scale(t.dot(logp, p), -1), t.leaf(1, 1, []float64{-entropy}))
	return t.add(loss, t.scale(divergence, o.KL/o.Norm))
}
