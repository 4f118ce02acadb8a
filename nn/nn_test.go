package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"adapt/nn/kernel"

	G "gorgonia.org/gorgonia"
)

func random(n int, seed uint64) []float32 {
	rng := rand.New(rand.NewPCG(seed, 0))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}

// run computes results of a graph.
func run(t *testing.T, g *Graph, results ...*G.Node) (*Machine, error) {
	t.Helper()
	vm, err := NewMachine(g, results...)
	if err != nil {
		t.Fatal(err)
	}
	return vm, vm.RunAll()
}

// TestGorgoniaUsesTheKernels wants products that Gorgonia itself makes to run on
// the project's kernels.
func TestGorgoniaUsesTheKernels(t *testing.T) {
	if _, ok := G.WhichBLAS().(kernel.BLAS); !ok {
		t.Errorf("Gorgonia's BLAS is %T", G.WhichBLAS())
	}
}

func TestEmbedRefusesUnknownIDs(t *testing.T) {
	for _, id := range []int32{-1, 5, 1 << 30} {
		g := NewGraph(3, Options{Threads: 1})
		x := g.Embed(Table{W: g.Param("table", []int{5, 2}, random(10, 1), false)}, Noise{})
		g.Batch.IDs[1] = id
		if _, err := run(t, g, x); err == nil || !strings.Contains(err.Error(), "outside the vocabulary") {
			t.Errorf("id %d gives %v", id, err)
		}
	}
}

// TestLinearPacksItsWeights compares two weights over one input with each
// alone, computed by a plain loop.
func TestLinearPacksItsWeights(t *testing.T) {
	const tokens, in = 3, 4
	outs := []int{2, 5}
	x, w := random(tokens*in, 1), [][]float32{random(2*in, 2), random(5*in, 3)}
	g := NewGraph(tokens, Options{Threads: 2})
	y := g.Linear(g.Param("x", []int{tokens, in}, x, false).Node,
		Weight{W: g.Param("a", []int{2, in}, w[0], false)}, Weight{W: g.Param("b", []int{5, in}, w[1], false)})
	vm, err := run(t, g, y)
	if err != nil {
		t.Fatal(err)
	}
	got := vm.Value(y)
	at := 0
	for k, out := range outs {
		for i := range tokens {
			for j := range out {
				want := 0.0
				for l := range in {
					want += float64(x[i*in+l]) * float64(w[k][j*in+l])
				}
				if math.Abs(float64(got[at])-want) > 1e-5 {
					t.Errorf("weight %d, row %d, column %d: %g, want %g", k, i, j, got[at], want)
				}
				at++
			}
		}
	}
}

// TestLossOfUniformLogits knows the answer: the logarithm of the vocabulary.
func TestLossOfUniformLogits(t *testing.T) {
	const tokens, vocab = 700, 6 // more rows than one chunk
	g := NewGraph(tokens, Options{Threads: 2})
	for i := range tokens {
		g.Batch.Targets[i], g.Batch.Weights[i] = int32(i%vocab), 2
	}
	g.Batch.Targets[3] = -1
	g.Batch.Norm = 10
	loss := g.Loss(g.Param("x", []int{tokens, 4}, random(tokens*4, 1), false).Node, Head{W: g.Param("head", []int{vocab, 4}, make([]float32, vocab*4), false)})
	vm, err := run(t, g, loss)
	if err != nil {
		t.Fatal(err)
	}
	want := 2 * (tokens - 1) * math.Log(vocab)
	if got := g.Batch.Sum; math.Abs(got-want) > 1e-2 {
		t.Errorf("sum of losses %g, want %g", got, want)
	}
	if got := vm.Value(loss)[0]; math.Abs(float64(got)-want/10) > 1e-2 {
		t.Errorf("loss %g, want %g", got, want/10)
	}
}

func TestWrongShapesPanic(t *testing.T) {
	for name, build := range map[string]func(g *Graph){
		"linear": func(g *Graph) {
			g.Linear(g.Param("x", []int{3, 4}, random(12, 1), false).Node, Weight{W: g.Param("w", []int{2, 5}, random(10, 1), false)})
		},
		"norm": func(g *Graph) {
			g.RMSNorm(g.Param("x", []int{3, 4}, random(12, 1), false).Node, g.Param("w", []int{5}, random(5, 1), false), 1e-5)
		},
		"swiglu": func(g *Graph) { g.SwiGLU(g.Param("x", []int{3, 4}, random(12, 1), false).Node, 4) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("a wrong shape passed")
				}
			}()
			build(NewGraph(3, Options{Threads: 1}))
		})
	}
}

// TestOneOperationForAWeight wants no silent loss of the gradient of a weight
// that two operations use.
func TestOneOperationForAWeight(t *testing.T) {
	for name, build := range map[string]func(g *Graph, x *G.Node, w *Param) *G.Node{
		"two linear layers": func(g *Graph, x *G.Node, w *Param) *G.Node {
			return weightedSum(g, g.Linear(g.Linear(x, Weight{W: w}), Weight{W: w}), random(12, 3))
		},
		"linear and head": func(g *Graph, x *G.Node, w *Param) *G.Node {
			return g.Loss(g.Linear(x, Weight{W: w}), Head{W: w})
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if r := recover(); r == nil || !strings.Contains(fmt.Sprint(r), "of two operations") {
					t.Errorf("got %v", r)
				}
			}()
			g := NewGraph(3, Options{Threads: 1, Train: true})
			w := g.Param("w", []int{4, 4}, random(16, 1), true)
			G.Grad(build(g, g.Param("x", []int{3, 4}, random(12, 2), false).Node, w), w.Node)
		})
	}
}
