package nn

import (
	"fmt"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
)

// visits notes what a run tells its stream.
type visits []string

func (v *visits) Prefetch(layer int) error { *v = append(*v, fmt.Sprint("fetch ", layer)); return nil }
func (v *visits) Release(layer int) error  { *v = append(*v, fmt.Sprint("release ", layer)); return nil }

// TestStreamFollowsTheLayers goes forward through three layers and back.
func TestStreamFollowsTheLayers(t *testing.T) {
	const tokens, width = 3, 4
	g := NewGraph(tokens, Options{Threads: 1, Train: true})
	in := g.Param("x", []int{tokens, width}, random(tokens*width, 1), true)
	x := in.Node
	for i := range 3 {
		g.Begin(fmt.Sprint("layer ", i))
		w := g.Param(fmt.Sprint("w", i), []int{width, width}, random(width*width, uint64(i)), false)
		x = g.Residual(x, g.GELU(g.Linear(x, Weight{W: w}), true))
	}
	g.Begin("")
	head := g.Param("head", []int{5, width}, random(5*width, 9), false)
	loss := g.Loss(x, Head{W: head})
	for i := range tokens {
		g.Batch.Targets[i], g.Batch.Weights[i] = 1, 1
	}
	g.Batch.Bounds, g.Batch.Norm = []int32{0, tokens}, 1
	grads, err := G.Grad(loss, in.Node)
	if err != nil {
		t.Fatal(err)
	}
	vm, err := NewMachine(g, append(G.Nodes{loss}, grads...)...)
	if err != nil {
		t.Fatal(err)
	}
	var got visits
	g.Stream = &got
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	want := visits{"fetch 1", "release 0", "fetch 2", "release 1", "release 2", "fetch 0", "release 1", "release 0"}
	if !slices.Equal(got, want) {
		t.Errorf("the stream was told %v, want %v", got, want)
	}
}
