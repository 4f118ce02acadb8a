package nn

import (
	"fmt"
	"math"

	"adapt/nn/kernel"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Noise is uniform noise on the embeddings of a training step, NEFTune (Jain et
// al. 2023, arXiv:2310.05914): each row gets values between ±Alpha/√(L·width),
// where L is the length of its sequence. Zero: none.
type Noise struct{ Alpha float64 }

// A Table has a row for each token: a weight, or a frozen one in any form of
// storage.
type Table struct {
	W      *Param
	Stored *kernel.Matrix
}

func (t Table) shape() (rows, width int) {
	if t.Stored != nil {
		return t.Stored.Rows, t.Stored.Cols
	}
	shape := t.W.Value.Shape()
	return shape[0], shape[1]
}

// Embed looks up the rows of table [vocabulary, width] for the batch's ids and
// returns [tokens, width]. Its gradient is dense in the table's shape.
func (g *Graph) Embed(table Table, noise Noise) *G.Node {
	vocab, width := table.shape()
	b := g.Batch
	o := &op{name: "embedding", shape: tensor.Shape{g.Tokens, width}}
	o.run = func(out []float32, in [][]float32) error {
		for i, id := range b.IDs {
			if id < 0 || int(id) >= vocab {
				return fmt.Errorf("token id %d is outside the vocabulary of %d", id, vocab)
			}
			row := out[i*width : (i+1)*width]
			if table.Stored != nil {
				table.Stored.DecodeRows(row, int(id), int(id)+1)
			} else {
				copy(row, in[0][int(id)*width:])
			}
		}
		if g.Train && noise.Alpha > 0 {
			g.addNoise(out, width, noise.Alpha)
		}
		return nil
	}
	if table.Stored != nil {
		// Gorgonia refuses a node without arguments.
		return g.forward(o, g.Param("stored table", []int{1}, make([]float32, 1), false).Node)
	}
	o.wrt = []bool{table.W.Train}
	o.diff = func(in G.Nodes, _, grad *G.Node) (G.Nodes, error) {
		return G.Nodes{g.rowsGrad(table.W, o, b.IDs, grad)}, nil
	}
	return g.forward(o, table.W.Node)
}

func (g *Graph) addNoise(x []float32, width int, alpha float64) {
	b := g.Batch
	for i := range max(0, len(b.Bounds)-1) {
		lo, hi := int(b.Bounds[i]), int(b.Bounds[i+1])
		a := float32(alpha / math.Sqrt(float64((hi-lo)*width)))
		kernel.UniformNoise(g.Threads, x[lo*width:hi*width], a, b.Seed, uint64(lo*width))
	}
}

// AddPositions adds to each row of x [tokens, width] the row of table
// [positions, width] at its position, as GPT-2 does (Radford et al. 2019).
func (g *Graph) AddPositions(x *G.Node, table *Param) *G.Node {
	width := x.Shape()[1]
	positions := table.Value.Shape()[0]
	must(table.Value.Shape()[1] == width, "positions have %v, want [_, %d]", table.Value.Shape(), width)
	b := g.Batch
	o := &op{name: "positions", shape: x.Shape().Clone(), wrt: []bool{true, table.Train}, inplace: []int{0}}
	o.run = func(out []float32, in [][]float32) error {
		for i, p := range b.Pos {
			if p < 0 || int(p) >= positions {
				return fmt.Errorf("position %d is outside the model's %d", p, positions)
			}
			row := out[i*width : (i+1)*width]
			copy(row, in[0][i*width:])
			kernel.Add(row, in[1][int(p)*width:(int(p)+1)*width])
		}
		return nil
	}
	o.diff = func(_ G.Nodes, _, grad *G.Node) (G.Nodes, error) {
		return G.Nodes{grad, g.rowsGrad(table, o, b.Pos, grad)}, nil
	}
	return g.forward(o, x, table.Node)
}

// rowsGrad adds each row's gradient to the row of a table that it came from, in
// the order of the rows. The gradient of an embedding that is also the head
// begins with what the loss has written there.
func (g *Graph) rowsGrad(table *Param, of *op, index []int32, grad *G.Node) *G.Node {
	width := table.Value.Shape()[1]
	return g.gradOf(table, of, nil, func(out []float32, beta float32, in [][]float32) error {
		if beta == 0 && !table.tiedHead {
			clear(out)
		}
		for i, id := range index[:g.Batch.used()] {
			kernel.Add(out[int(id)*width:(int(id)+1)*width], in[0][i*width:(i+1)*width])
		}
		return nil
	}, grad)
}
