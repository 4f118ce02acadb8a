package nn

import (
	"fmt"

	"adapt/nn/kernel"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Embed looks up the rows of table [vocabulary, width] for the batch's ids and
// returns [tokens, width]. With train its gradient is dense in the table's
// shape.
func (g *Graph) Embed(table *G.Node, train bool) *G.Node {
	vocab, width := table.Shape()[0], table.Shape()[1]
	b := g.Batch
	return g.add(&op{
		name: "embed", shape: tensor.Shape{g.Tokens, width}, wrt: []bool{train},
		run: func(out []float32, in [][]float32) error {
			for i, id := range b.IDs {
				if id < 0 || int(id) >= vocab {
					return fmt.Errorf("token id %d is outside the vocabulary of %d", id, vocab)
				}
				copy(out[i*width:(i+1)*width], in[0][int(id)*width:])
			}
			return nil
		},
		diff: func(in G.Nodes, _, grad *G.Node) (G.Nodes, error) {
			return G.Nodes{g.embedGrad(vocab, width, grad)}, nil
		},
	}, table)
}

// embedGrad adds each token's gradient to its row, in the order of the tokens.
func (g *Graph) embedGrad(vocab, width int, grad *G.Node) *G.Node {
	b := g.Batch
	return g.add(&op{
		name: "embedGrad", shape: tensor.Shape{vocab, width},
		run: func(out []float32, in [][]float32) error {
			clear(out)
			for i, id := range b.IDs[:b.used()] {
				kernel.Add(out[int(id)*width:(int(id)+1)*width], in[0][i*width:(i+1)*width])
			}
			return nil
		},
	}, grad)
}

// used is the number of rows that belong to sequences.
func (b *Batch) used() int {
	if len(b.Bounds) == 0 {
		return 0
	}
	return int(b.Bounds[len(b.Bounds)-1])
}
