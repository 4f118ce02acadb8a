package gguf

import (
	"fmt"
	"strings"

	"adapt/model"
)

// A place connects a weight of a model with a tensor of a file.
type place struct {
	file   string // name of the tensor
	model  string // name of the weight
	vector bool   // a norm or a bias: kept in float32
	// heads is the number of heads whose rows are ordered otherwise in the file,
	// 0 for none. Hugging Face pairs row i of a head's first half with row i of
	// its second for rotation; llama.cpp's llama pairs neighbours.
	heads int
}

// places lists the tensors of a model in a file's order.
func places(c model.Config) []place {
	p := c.Parts()
	var all []place
	norm := func(file string, n model.Norm) {
		all = append(all, place{file: file + ".weight", model: n.Weight, vector: true})
		if n.Bias != "" {
			all = append(all, place{file: file + ".bias", model: n.Bias, vector: true})
		}
	}
	linear := func(file string, l model.Linear, heads int) {
		all = append(all, place{file: file + ".weight", model: l.Name, heads: heads})
		if l.Bias != "" {
			all = append(all, place{file: file + ".bias", model: l.Bias, vector: true, heads: heads})
		}
	}
	all = append(all, place{file: "token_embd.weight", model: p.Embed})
	if p.Positions != "" {
		all = append(all, place{file: "position_embd.weight", model: p.Positions, vector: true})
	}
	norm("output_norm", p.Norm)
	if p.Head != p.Embed {
		all = append(all, place{file: "output.weight", model: p.Head})
	}
	qHeads, kHeads := 0, 0
	if architecture(c.ModelType) == "llama" {
		qHeads, kHeads = c.Heads, c.KVHeads
	}
	for i, l := range p.Layers {
		blk := fmt.Sprintf("blk.%d.", i)
		norm(blk+"attn_norm", l.AttnNorm)
		if len(l.QKV) == 1 {
			linear(blk+"attn_qkv", l.QKV[0], 0)
		} else {
			linear(blk+"attn_q", l.QKV[0], qHeads)
			linear(blk+"attn_k", l.QKV[1], kHeads)
			linear(blk+"attn_v", l.QKV[2], 0)
		}
		linear(blk+"attn_output", l.Out, 0)
		norm(blk+"ffn_norm", l.MLPNorm)
		if l.Gate != nil {
			linear(blk+"ffn_gate", *l.Gate, 0)
		}
		linear(blk+"ffn_up", l.Up, 0)
		linear(blk+"ffn_down", l.Down, 0)
	}
	return all
}

// architecture is general.architecture of a model type.
func architecture(modelType string) string {
	if modelType == "mistral" {
		return "llama"
	}
	return modelType
}

// interleave returns the rows of w, [heads·dim, cols], with the halves of each
// head interleaved: row i of the first half becomes row 2i.
func interleave(w []float32, heads, cols int) []float32 {
	return permute(w, heads, cols, func(half, i int) (from, to int) { return i, i%half*2 + i/half })
}

// separate is the inverse of interleave.
func separate(w []float32, heads, cols int) []float32 {
	return permute(w, heads, cols, func(half, i int) (from, to int) { return i%half*2 + i/half, i })
}

func permute(w []float32, heads, cols int, row func(half, i int) (from, to int)) []float32 {
	out := make([]float32, len(w))
	dim := len(w) / cols / heads
	for h := range heads {
		for i := range dim {
			from, to := row(dim/2, i)
			copy(out[(h*dim+to)*cols:(h*dim+to+1)*cols], w[(h*dim+from)*cols:])
		}
	}
	return out
}

// derived reports whether files may hold a tensor that follows from the
// metadata.
func derived(name string) bool {
	return name == ropeFreqs || strings.HasSuffix(name, ".attn_rot_embd") || strings.HasSuffix(name, ".rope_freqs")
}
