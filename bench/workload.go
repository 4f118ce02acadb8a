package bench

import (
	"adapt/model"
	"adapt/nn/kernel"
	"adapt/train"
)

// A Workload is a training step: what is trained, on how much, and how.
type Workload struct {
	Config        model.Config
	Sequences     int    // in a step
	Length        int    // tokens of each
	Rank          int    // of LoRA on all linear layers; 0: full fine-tuning
	Stored        string // how the frozen linear weights are kept: "float32", "bf16", "int8" or "nf4"
	Checkpointing bool   // compute activations again rather than keep them
	Precision     string // of the products: "float32" or "bf16"
}

func (w Workload) tokens() int { return w.Sequences * w.Length }

// linears calls f for each linear layer but the head.
func (w Workload) linears(f func(l model.Linear)) {
	for _, layer := range w.Config.Parts().Layers {
		for _, l := range layer.Linears() {
			f(l)
		}
	}
}

// adapter is the number of LoRA's weights.
func (w Workload) adapter() int {
	n := 0
	w.linears(func(l model.Linear) { n += w.Rank * (l.In + l.Out()) })
	return n
}

// flops counts what a step's arithmetic needs, its model FLOPs, as
// [train.CountFLOPs] does.
func (w Workload) flops() (layers, head float64) {
	ids := make([]int32, w.Length+1) // which tokens they are makes no difference
	seqs := make([]train.Sequence, w.Sequences)
	for i := range seqs {
		seqs[i].IDs = ids
	}
	return train.CountFLOPs(w.Config, w.adapter(), seqs)
}

const flopsNote = `Model FLOPs of a step: forward, each token costs 2 for each weight of the linear
layers and of the (tied) head, and 2·(L+1)·width in the attention of each layer
over sequences of L tokens, causal; backward costs twice that. With LoRA, frozen
weights cost backward once. After Chowdhery et al. 2022 (PaLM), appendix B, who
count attention in full.`

// Needs is what a step's algorithm must have in memory, in bytes.
type Needs struct {
	Weights     float64 // of the model, as they are kept
	Adapter     float64 // weights of LoRA
	Gradients   float64 // of what is trained
	Moments     float64 // AdamW's two
	Activations float64 // at their peak
}

// Total is the sum of all.
func (n Needs) Total() float64 {
	return n.Weights + n.Adapter + n.Gradients + n.Moments + n.Activations
}

// needs counts from the algorithm, not from this program's data structures.
func (w Workload) needs() (Needs, error) {
	weights, err := w.weights()
	n := Needs{Weights: weights, Activations: w.activations()}
	trained := float64(w.Config.Params())
	if w.Rank > 0 {
		trained = float64(w.adapter())
		n.Adapter = 4 * trained
	}
	n.Gradients, n.Moments = 4*trained, 8*trained
	return n, err
}

// weights counts the bytes of the weights as they are kept: those of the linear
// layers as w says, then embeddings and head in bfloat16 unless that is float32,
// and vectors and positions in float32.
func (w Workload) weights() (float64, error) {
	kind, err := storedKind(w.Stored)
	if err != nil {
		return 0, err
	}
	kinds, bytes := w.kinds(kind), 0.0
	for _, t := range w.Config.Shapes() {
		n := 4.0
		for _, d := range t.Shape {
			n *= float64(d)
		}
		if kind, ok := kinds[t.Name]; ok && kind != kernel.F32 {
			if n, err = storedSize(kind, t.Shape[0], t.Shape[1]); err != nil {
				return 0, err
			}
		}
		bytes += n
	}
	return bytes, nil
}

// kinds are the forms of storage of the weights that have another than float32.
func (w Workload) kinds(linear kernel.Kind) map[string]kernel.Kind {
	kinds := map[string]kernel.Kind{}
	if linear == kernel.F32 {
		return kinds
	}
	p := w.Config.Parts()
	kinds[p.Embed], kinds[p.Head] = kernel.BF16, kernel.BF16
	w.linears(func(l model.Linear) { kinds[l.Name] = linear })
	return kinds
}

// storedKind is the form of storage of that name; "" is float32.
func storedKind(name string) (kernel.Kind, error) {
	if name == "" {
		return kernel.F32, nil
	}
	return kernel.ParseKind(name)
}

func storedSize(kind kernel.Kind, rows, cols int) (float64, error) {
	parts, err := kernel.MatrixParts(kind, rows, cols)
	bytes := 0.0
	for _, p := range parts {
		bytes += float64(p.Size())
	}
	return bytes, err
}

// lossRows is how many rows of logits are needed at a time: enough for a product
// at full speed.
const lossRows = 512

// activations counts the bytes at the peak of a step.
//
// A layer keeps for the way back: what goes into each norm, queries, keys and
// values, the result of attention and a sum for each head, and what goes into the
// MLP's activation; with LoRA the low-rank products. Results of norms and of
// activations are cheaper to compute again (Korthikanti et al. 2022,
// arXiv:2205.05198). The peak is either in the loss, when all layers are kept and
// there is a chunk of logits, or in the last layer's way back. With checkpointing
// a layer keeps its input alone, and one layer at a time has all.
func (w Workload) activations() float64 {
	c, tokens := w.Config, float64(w.tokens())
	d, attn, kv, m := float64(c.Hidden), float64(c.Heads*c.Dim()), float64(c.KVHeads*c.Dim()), float64(c.Intermediate)
	into := m // what goes into the activation
	if w.Config.Parts().Layers[0].Gate != nil {
		into = 2 * m
	}
	layer := 2*d + attn + 2*kv + attn + float64(c.Heads) + into
	w.linears(func(model.Linear) { layer += float64(w.Rank) / float64(c.Layers) })
	back := 2*d + into + m
	rows := min(tokens, lossRows)
	loss := rows*(float64(c.VocabSize)+2*d) + 2*tokens*d
	kept := tokens * d // before the last norm
	if w.Checkpointing {
		kept += tokens * d * float64(c.Layers)
		return 4 * (kept + max(loss, tokens*(layer+back)))
	}
	return 4 * (kept + tokens*layer*float64(c.Layers) + max(loss, tokens*back))
}
