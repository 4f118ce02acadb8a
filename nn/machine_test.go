package nn

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"adapt/nn/kernel"

	G "gorgonia.org/gorgonia"
)

// values are what a run leaves: the objective, then every gradient.
type values [][]float32

func (v values) equal(w values) bool {
	return slices.EqualFunc(v, w, func(a, b []float32) bool {
		return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
	})
}

// onMachine runs a scene's objective and gradients twice, so that nothing of
// the first run may remain in the second.
func (s *scene) onMachine(t *testing.T, objective *G.Node) (values, *Machine) {
	t.Helper()
	results := append(G.Nodes{objective}, s.gradients(t, objective)...)
	vm, err := run(t, s.g, results...)
	if err != nil {
		t.Fatal(err)
	}
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	var v values
	for _, n := range results {
		v = append(v, slices.Clone(vm.Value(n)))
	}
	return v, vm
}

// onGorgonia does the same on Gorgonia's machine, where no result shares memory
// with another.
func (s *scene) onGorgonia(t *testing.T, objective *G.Node) values {
	t.Helper()
	results := append(G.Nodes{objective}, s.gradients(t, objective)...)
	vm := G.NewTapeMachine(s.g.ExprGraph)
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	var v values
	for _, n := range results {
		v = append(v, slices.Clone(floats(n.Value())))
	}
	return v
}

// TestSharedMemoryOfOperations runs the graph of every gradient check on both
// machines.
func TestSharedMemoryOfOperations(t *testing.T) {
	for _, c := range gradientCases() {
		build := func() (*scene, *G.Node) {
			s := newScene(c.tokens, Options{Threads: 2})
			result, _ := c.build(s)
			objective, _ := s.objective(result)
			return s, objective
		}
		s, objective := build()
		shared, _ := s.onMachine(t, objective)
		s, objective = build()
		if !shared.equal(s.onGorgonia(t, objective)) {
			t.Errorf("%s: other bits than on Gorgonia's machine", c.name)
		}
	}
}

// TestSharedMemoryOfRandomGraphs wants equal bits from random graphs, of which
// results are read late and often, on both machines, with checkpoints and
// without.
func TestSharedMemoryOfRandomGraphs(t *testing.T) {
	for seed := range uint64(40) {
		build := func(o Options) (*scene, *G.Node) {
			o.Threads = 1
			return randomGraph(seed, o)
		}
		s, objective := build(Options{})
		want := s.onGorgonia(t, objective)
		for _, v := range want {
			if kernel.HasNaNInf(1, v) {
				t.Fatalf("graph %d: a value is not finite", seed)
			}
		}
		s, objective = build(Options{})
		plain, _ := s.onMachine(t, objective)
		if !plain.equal(want) {
			t.Errorf("graph %d: other bits than on Gorgonia's machine", seed)
		}
		s, objective = build(Options{Checkpoint: true})
		again, vm := s.onMachine(t, objective)
		if !again.equal(want) {
			t.Errorf("graph %d: other bits with checkpoints", seed)
		}
		checkRecomputed(t, vm)
	}
}

// randomGraph joins random operations, each over random results of the earlier
// ones, under a loss.
func randomGraph(seed uint64, o Options) (*scene, *G.Node) {
	const tokens, width, vocab = 7, 8, 5
	rng := rand.New(rand.NewPCG(seed, 9))
	s := newScene(tokens, o)
	g := s.g
	packed(g.Batch, 4, 2)
	table := s.param(vocab, width)
	rows := G.Nodes{g.Embed(Table{W: table}, Noise{Alpha: float64(rng.IntN(2))})}
	unread := map[*G.Node]bool{rows[0]: true}
	pick := func() *G.Node {
		n := rows[rng.IntN(len(rows))]
		delete(unread, n)
		return n
	}
	weight := func(out int) Weight {
		w := Weight{W: s.around(0, 0.3, out, width)}
		if rng.IntN(2) == 0 {
			w.Bias = s.param(out)
		}
		if rng.IntN(2) == 0 {
			w.LoRA = &LowRank{A: s.around(0, 0.3, 2, width), B: s.around(0, 0.3, out, 2), Scale: 0.5, Dropout: 0.2}
			if rng.IntN(2) == 0 {
				w.LoRA.Magnitude = s.positive(out)
			}
		}
		return w
	}
	for i := range 4 + rng.IntN(12) {
		if rng.IntN(4) == 0 {
			g.Begin([]string{"", fmt.Sprint("layer ", i)}[rng.IntN(2)])
		}
		var y *G.Node
		switch rng.IntN(7) {
		case 0:
			y = g.Linear(pick(), weight(width))
		case 1:
			y = g.RMSNorm(pick(), s.around(1, 0.3, width), 1e-5)
		case 2:
			y = g.LayerNorm(pick(), s.around(1, 0.3, width), s.param(width), 1e-5)
		case 3:
			y = g.Residual(pick(), pick())
		case 4:
			y = g.GELU(pick(), rng.IntN(2) == 0)
		case 5:
			y = g.SwiGLU(g.Linear(pick(), weight(width), weight(width)), width)
		case 6:
			w := weight(2 * width) // two query heads and one of keys and values
			w.Outs = []int{width, width / 2, width / 2}
			y = g.Attention(g.Linear(pick(), w), Heads{Query: 2, KeyValue: 1, Dim: width / 2})
		}
		y = g.RMSNorm(y, s.freeze(s.around(1, 0, width)), 1e-3) // so that no values grow without end
		rows, unread[y] = append(rows, y), true
	}
	g.Begin("")
	x := rows[0]
	for _, n := range rows[1:] {
		if unread[n] {
			x = g.Residual(n, x)
		}
	}
	return s, g.Loss(x, Head{W: table, Tied: true})
}

// checkRecomputed wants every operation of the forward pass at most twice among
// the steps, and every other once.
func checkRecomputed(t *testing.T, vm *Machine) {
	t.Helper()
	count := map[*op]int{}
	for _, s := range vm.steps {
		count[s.op]++
	}
	for o, n := range count {
		if n > 2 || n == 2 && o.segment == 0 {
			t.Errorf("%s runs %d times", o.where(), n)
		}
	}
}

// stack is a model of layers as Llama's, of which a test may change weights.
func stack(layers, tokens int, o Options) (s *scene, objective *G.Node) {
	const width, vocab, inner, heads = 16, 5, 48, 2
	s = newScene(tokens, o)
	g := s.g
	packed(g.Batch, tokens/2, tokens-tokens/2-1)
	linear := func(out, in int) Weight { return Weight{W: s.around(0, 0.2, out, in)} }
	x := g.Embed(Table{W: s.param(vocab, width)}, Noise{})
	for i := range layers {
		g.Begin(fmt.Sprint("layer ", i))
		h := g.RMSNorm(x, s.around(1, 0.1, width), 1e-5)
		qkv := g.Linear(h, linear(width, width), linear(width, width), linear(width, width))
		out := linear(width, width)
		out.LoRA = &LowRank{A: s.param(2, width), B: s.around(0, 0.1, width, 2), Scale: 1, Dropout: 0.1}
		x = g.Residual(x, g.Linear(g.Attention(qkv, Heads{Query: heads, KeyValue: heads, Dim: width / heads}), out))
		h = g.RMSNorm(x, s.around(1, 0.1, width), 1e-5)
		x = g.Residual(x, g.Linear(g.SwiGLU(g.Linear(h, linear(inner, width), linear(inner, width)), inner), linear(width, inner)))
	}
	g.Begin("")
	x = g.LayerNorm(x, s.around(1, 0.1, width), s.param(width), 1e-5)
	return s, g.Loss(x, Head{W: s.param(vocab, width)})
}

// TestCheckpoint wants a deep stack to give the same bits in less memory, and
// every layer to be computed again once.
func TestCheckpoint(t *testing.T) {
	const layers, tokens = 12, 96
	s, objective := stack(layers, tokens, Options{Threads: 2})
	want, plain := s.onMachine(t, objective)
	s, objective = stack(layers, tokens, Options{Threads: 2, Checkpoint: true})
	got, again := s.onMachine(t, objective)
	if !got.equal(want) {
		t.Error("other bits than without")
	}
	checkRecomputed(t, again)
	runs := map[*op]int{}
	for _, st := range again.steps {
		if st.op.segment != 0 {
			runs[st.op]++
		}
	}
	twice := 0
	for _, n := range runs {
		twice += n - 1
	}
	// Of each layer all is computed again but its result.
	if want := len(runs) - layers; twice != want {
		t.Errorf("%d operations run again, want %d", twice, want)
	}
	a, b := plain.Memory(), again.Memory()
	t.Logf("arena of %d layers: %d KiB (%d KiB unshared), with checkpoints %d KiB (%d KiB unshared)",
		layers, a.Arena>>10, a.Unshared>>10, b.Arena>>10, b.Unshared>>10)
	if 2*b.Arena > a.Arena {
		t.Errorf("an arena of %d bytes with checkpoints, %d without", b.Arena, a.Arena)
	}
	if a.Gradients != b.Gradients {
		t.Errorf("gradients of %d bytes with checkpoints, %d without", b.Gradients, a.Gradients)
	}
}

func TestMemory(t *testing.T) {
	s, objective := stack(4, 64, Options{Threads: 1})
	_, vm := s.onMachine(t, objective)
	m, gradients, largest := vm.Memory(), 0, 0
	for _, p := range s.params {
		gradients += 4 * p.Value.Shape().TotalSize()
	}
	for _, st := range vm.steps {
		if st.op.fixed == nil {
			largest = max(largest, 4*len(st.out))
		}
	}
	if m.Gradients != gradients {
		t.Errorf("gradients of %d bytes, want %d", m.Gradients, gradients)
	}
	if m.Arena != 4*len(vm.arena) || m.Arena > m.Unshared || m.Arena < largest {
		t.Errorf("an arena of %d bytes, %d unshared, for results of up to %d", m.Arena, m.Unshared, largest)
	}
}

// TestEvaluationNeedsLess runs the forward pass alone, where every result is
// read soon.
func TestEvaluationNeedsLess(t *testing.T) {
	s, objective := stack(8, 64, Options{Threads: 1})
	loss, vm := s.onMachine(t, objective)
	training := vm.Memory()
	s, objective = stack(8, 64, Options{Threads: 1})
	vm, err := run(t, s.g, objective)
	if err != nil {
		t.Fatal(err)
	}
	if got := vm.Value(objective)[0]; got != loss[0][0] {
		t.Errorf("loss %g forward only, %g in training", got, loss[0][0])
	}
	if m := vm.Memory(); m.Gradients != 0 || 4*m.Arena > training.Arena {
		t.Errorf("forward only needs %+v, training %+v", m, training)
	}
}

func TestDiagnose(t *testing.T) {
	for _, test := range []struct {
		weight int // of the stack's
		want   string
	}{
		{0, "embedding"},
		{1, "layer 0, RMS norm"},
		{2 + 2*layerWeights, "layer 2, linear"},
		{layerWeights, "layer 0, linear"},
		{1 + 3*layerWeights, "layer norm"},
		{3 + 3*layerWeights, "loss"},
	} {
		for _, checkpoint := range []bool{false, true} {
			s, objective := stack(3, 8, Options{Threads: 1, Checkpoint: checkpoint})
			_, vm := s.onMachine(t, objective)
			if err := vm.Diagnose(); err != nil {
				t.Fatalf("of finite values: %v", err)
			}
			w := s.params[test.weight].Value.Data().([]float32)
			for i := range w {
				w[i] = float32(math.NaN())
			}
			err := vm.Diagnose()
			if !errors.Is(err, ErrNotFinite) || !strings.HasSuffix(err.Error(), ": "+test.want) {
				t.Errorf("NaN in weight %d gives %q, want %q", test.weight, err, test.want)
			}
		}
	}
}

// layerWeights is how many weights a layer of stack has.
const layerWeights = 11

// TestDiagnoseGradient wants a value that only the backward pass makes to be
// found there: the slope of a norm of tiny values overflows.
func TestDiagnoseGradient(t *testing.T) {
	s := newScene(3, Options{Threads: 1})
	s.g.Begin("layer 7")
	x := s.around(0, 0, 3, 4)
	y := s.g.RMSNorm(x.Node, s.around(1e30, 0, 4), 1e-38)
	objective, factors := s.objective(y)
	for i := range factors {
		factors[i] = 1e15
	}
	_, vm := s.onMachine(t, objective)
	err := vm.Diagnose()
	if want := "layer 7, gradient of the RMS norm"; !errors.Is(err, ErrNotFinite) || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %q, want %q", err, want)
	}
}

func TestRunAllocatesNothing(t *testing.T) {
	for _, o := range []Options{{Threads: 1}, {Threads: 1, Checkpoint: true}, {Threads: 2}} {
		s, objective := stack(3, 400, o)
		_, vm := s.onMachine(t, objective)
		allocations := testing.AllocsPerRun(10, func() {
			if err := vm.RunAll(); err != nil {
				t.Fatal(err)
			}
		})
		if allocations != 0 {
			t.Errorf("%+v: %v allocations a run of %d steps", o, allocations, len(vm.steps))
		}
	}
}

// TestMicroBatches wants the gradients of two micro-batches to add up to those
// of both in one batch.
func TestMicroBatches(t *testing.T) {
	const tokens = 10
	fill := func(b *Batch, at, first int) {
		for i := range tokens {
			b.IDs[at+i], b.Targets[at+i] = int32(3*(first+i))%5, int32((first+i)*(first+i))%5
			b.Weights[at+i], b.Pos[at+i] = float32(first+i)/8, int32(i)
		}
		b.Norm = 9
	}
	whole, objective := accumulating(2 * tokens)
	fill(whole.g.Batch, 0, 0)
	fill(whole.g.Batch, tokens, tokens)
	whole.g.Batch.Bounds = []int32{0, tokens, 2 * tokens}
	want, _ := whole.onMachine(t, objective)

	parts, objective := accumulating(tokens)
	b := parts.g.Batch
	b.Bounds = []int32{0, tokens}
	results := append(G.Nodes{objective}, parts.gradients(t, objective)...)
	vm, err := NewMachine(parts.g, results...)
	if err != nil {
		t.Fatal(err)
	}
	loss := float32(0)
	for i := range 2 {
		fill(b, 0, i*tokens)
		parts.g.Accumulate = i > 0
		if err := vm.RunAll(); err != nil {
			t.Fatal(err)
		}
		loss += vm.Value(objective)[0]
	}
	if math.Abs(float64(loss-want[0][0])) > 1e-5 {
		t.Errorf("losses add up to %g, want %g", loss, want[0][0])
	}
	for i, p := range parts.params {
		if e := relativeError(p.Grad().Data().([]float32), want[1+i]); e > 2e-6 {
			t.Errorf("%s, %v: the gradient is off by %.1e", p.Name, p.Value.Shape(), e)
		}
	}
}

// accumulating is a graph of every kind of trained weight.
func accumulating(tokens int) (*scene, *G.Node) {
	const width, vocab = 8, 5
	s := newScene(tokens, Options{Threads: 2})
	g, table := s.g, s.param(vocab, width)
	x := g.AddPositions(g.Embed(Table{W: table}, Noise{}), s.param(10, width))
	h := g.LayerNorm(x, s.around(1, 0.3, width), s.param(width), 1e-5)
	qkv := g.Linear(h, Weight{
		W: s.param(3*width, width), Bias: s.param(3 * width), Outs: []int{width, width, width},
		LoRA: &LowRank{A: s.param(2, width), B: s.param(3*width, 2), Scale: 0.5, Magnitude: s.positive(3 * width)},
	})
	x = g.Residual(x, g.Attention(qkv, Heads{Query: 2, KeyValue: 2, Dim: width / 2}))
	h = g.RMSNorm(x, s.around(1, 0.3, width), 1e-5)
	h = g.SwiGLU(g.Linear(h, Weight{W: s.param(width, width)}, Weight{W: s.param(width, width), LoRA: &LowRank{A: s.param(3, width), B: s.param(width, 3), Scale: 2}}), width)
	return s, g.Loss(g.Residual(x, h), Head{W: table, Tied: true})
}

func relativeError(got, want []float32) float64 {
	worst, size := 0.0, 0.0
	for i, w := range want {
		worst = max(worst, math.Abs(float64(got[i]-w)))
		size = max(size, math.Abs(float64(w)))
	}
	return worst / size
}
