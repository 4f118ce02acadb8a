package nn

import (
	"errors"
	"fmt"
	"slices"

	"adapt/nn/kernel"

	G "gorgonia.org/gorgonia"
)

// ErrNotFinite is returned, wrapped with the layer and operation, by
// [Machine.Diagnose].
var ErrNotFinite = errors.New("a value is not finite")

// A Machine runs a graph of this package's operations, forward and backward.
// Unlike Gorgonia's own machines it knows when each result is read last, so
// that results share the memory of one arena, a run allocates nothing, and a
// checkpointed layer is computed again where the backward pass needs it.
type Machine struct {
	g     *Graph
	steps []step
	arena []float32
	plan  Memory
	value map[*G.Node]*place
}

var _ G.VM = (*Machine)(nil)

// Memory says what a machine needs, in bytes, beside weights.
type Memory struct {
	Gradients int // of trained weights
	Arena     int // activations, their gradients and scratch space
	Unshared  int // the arena if no result shared memory with another
}

// A step runs one op.
type step struct {
	op  *op
	in  [][]float32
	out []float32

	// While the plan is made: the places of arguments, result and buffers.
	args []*place
	dest *place
	bufs []bufPlace
}

type bufPlace struct {
	buf   *buf
	place *place
}

// A place is memory with its life: the steps that write it first and read it
// last.
type place struct {
	data        []float32 // when fixed, or after the plan is made
	n           int
	first, last int
	offset      int
	planned     bool
	shared      *place // whose memory this one takes over
}

// NewMachine plans how to run g for the given results, which stay readable
// until the next run; the gradients of weights always do.
func NewMachine(g *Graph, results ...*G.Node) (*Machine, error) {
	m := &Machine{g: g, value: map[*G.Node]*place{}}
	c := &compiler{m: m, kept: map[*G.Node]bool{}, dropped: map[*G.Node]bool{}, bufs: map[*buf]*place{}}
	for _, n := range needed(g, results) {
		if err := c.node(n); err != nil {
			return nil, err
		}
	}
	for _, n := range results {
		if p := m.value[n]; p != nil {
			p.last = len(m.steps) // beyond the end
		}
	}
	m.allocate(c.places)
	return m, nil
}

// needed lists what the results depend on in the order in which it was made,
// which is an order in which it can run.
func needed(g *Graph, results G.Nodes) G.Nodes {
	seen := map[*G.Node]bool{}
	var list G.Nodes
	var visit func(n *G.Node)
	visit = func(n *G.Node) {
		if n == nil || seen[n] {
			return
		}
		seen[n] = true
		for _, in := range inputs(g, n) {
			visit(in)
		}
		list = append(list, n)
	}
	for _, n := range results {
		visit(n)
	}
	slices.SortFunc(list, func(a, b *G.Node) int { return int(a.ID() - b.ID()) })
	return list
}

func inputs(g *Graph, n *G.Node) G.Nodes {
	if o, ok := n.Op().(*op); ok {
		return o.inputs
	}
	var in G.Nodes
	for it := g.From(n.ID()); it.Next(); {
		in = append(in, it.Node().(*G.Node))
	}
	return in
}

// A compiler turns nodes into steps.
type compiler struct {
	m       *Machine
	kept    map[*G.Node]bool // forward results that another layer reads
	dropped map[*G.Node]bool // forward results that must be computed again to be read
	bufs    map[*buf]*place
	places  []*place
	forward []*G.Node // nodes of checkpointed layers, in order
	back    bool      // whether the backward pass has begun
}

func (c *compiler) newPlace(n int) *place {
	p := &place{n: n, first: len(c.m.steps), last: len(c.m.steps), planned: true}
	c.places = append(c.places, p)
	return p
}

func (c *compiler) node(n *G.Node) error {
	switch o := n.Op().(type) {
	case nil:
		if n.Value() != nil {
			c.m.value[n] = &place{data: floats(n.Value())}
		}
		return nil
	case *op:
		c.forget(n, o)
		return c.step(n, o)
	default:
		return c.sum(n)
	}
}

func floats(v G.Value) []float32 {
	switch data := v.Data().(type) {
	case []float32:
		return data
	case float32:
		return []float32{data}
	}
	return nil
}

// sum makes a step of an addition that Gorgonia puts where a value was used
// twice.
func (c *compiler) sum(n *G.Node) error {
	in := inputs(c.m.g, n)
	if len(in) != 2 || !in[0].Shape().Eq(in[1].Shape()) || len(in[0].Shape()) == 0 {
		return fmt.Errorf("nn: %v is no operation of this package", n.Op())
	}
	o := &op{
		name: "sum of gradients", shape: n.Shape().Clone(), inputs: in, inplace: []int{0, 1},
		run: func(out []float32, in [][]float32) error {
			kernel.AddTo(c.m.g.Threads, out, in[0], in[1])
			return nil
		},
	}
	if after, ok := in[1].Op().(*op); ok {
		o.layer = after.layer
	}
	return c.step(n, o)
}

// segment is the part of the forward pass that op belongs to and that the
// backward pass computes again as a whole: with checkpoints its layer, else the
// op alone if it is cheap (selective recomputation, Korthikanti et al. 2022,
// arXiv:2205.05198). 0: none, its result is kept.
func (c *compiler) segment(o *op) int {
	switch {
	case c.m.g.Checkpoint || o.segment == 0:
		return o.segment
	case o.cheap:
		return int(o.id)
	}
	return 0
}

// forget drops the results of the forward pass's segments when the backward
// pass begins, and computes a segment again before the first op that reads one.
func (c *compiler) forget(n *G.Node, o *op) {
	if !c.back {
		c.remember(n, o)
		return
	}
	for _, in := range o.inputs {
		if c.dropped[in] {
			c.again(c.segment(in.Op().(*op)))
		}
	}
	for _, b := range o.reads {
		for _, f := range c.forward {
			if from := f.Op().(*op); c.dropped[f] && slices.Contains(from.saves, b) {
				c.again(c.segment(from))
			}
		}
	}
}

// remember notes what of the forward pass is kept, and begins the backward pass
// after the loss.
func (c *compiler) remember(n *G.Node, o *op) {
	for _, in := range o.inputs {
		if from, ok := in.Op().(*op); ok && c.m.g.Checkpoint && c.segment(from) != c.segment(o) {
			c.kept[in] = true // what the next layer begins from
		}
	}
	if c.segment(o) != 0 {
		c.forward = append(c.forward, n)
	}
	if o.name == lossName {
		c.back = true
		for _, f := range c.forward {
			c.dropped[f] = !c.kept[f]
		}
	}
}

// again runs the forward pass of a segment once more.
func (c *compiler) again(segment int) {
	for _, f := range c.forward {
		if o := f.Op().(*op); c.segment(o) == segment && c.dropped[f] {
			c.dropped[f] = false
			c.step(f, o) // has run before without an error
		}
	}
}

func (c *compiler) step(n *G.Node, o *op) error {
	s, at := step{op: o}, len(c.m.steps)
	for _, in := range o.inputs {
		p := c.m.value[in]
		if p == nil {
			return fmt.Errorf("nn: %s reads %v, which has no value", o.where(), in)
		}
		p.last = at
		s.args = append(s.args, p)
	}
	for _, b := range o.reads {
		p := c.bufs[b]
		p.last = at
		s.bufs = append(s.bufs, bufPlace{b, p})
	}
	for _, b := range o.saves {
		c.bufs[b] = c.newPlace(b.n)
		s.bufs = append(s.bufs, bufPlace{b, c.bufs[b]})
	}
	for _, b := range o.scratch {
		s.bufs = append(s.bufs, bufPlace{b, c.newPlace(b.n)})
	}
	if o.fixed != nil {
		s.dest = &place{data: o.fixed}
		c.m.plan.Gradients += 4 * len(o.fixed)
	} else {
		s.dest = c.newPlace(o.shape.TotalSize())
	}
	c.m.value[n] = s.dest
	c.m.steps = append(c.m.steps, s)
	return nil
}

// allocate gives every place its part of the arena, and every step its slices.
func (m *Machine) allocate(places []*place) {
	m.takeOver()
	for _, p := range places {
		m.plan.Unshared += 4 * p.n
	}
	size := arrange(places)
	m.arena = make([]float32, size)
	m.plan.Arena = 4 * size
	for _, p := range places {
		root := p
		for root.shared != nil {
			root = root.shared
		}
		p.data = m.arena[root.offset:][:p.n:p.n]
	}
	for i := range m.steps {
		s := &m.steps[i]
		for _, p := range s.args {
			s.in = append(s.in, p.data)
		}
		s.out = s.dest.data
	}
}

// takeOver lets results have the memory of an argument that is read for the
// last time, where the op can work in place.
func (m *Machine) takeOver() {
	for i, s := range m.steps {
		for _, a := range s.op.inplace {
			from := s.args[a]
			if !from.planned || from.last != i || from.n != s.dest.n || !s.dest.planned || s.dest.shared != nil {
				continue
			}
			if slices.Index(s.args, from) != a || slices.Contains(s.args[a+1:], from) {
				continue // is read as another argument too
			}
			s.dest.shared = from
			root := from
			for root.shared != nil {
				root = root.shared
			}
			root.last = max(root.last, s.dest.last)
			break
		}
	}
}

// RunAll runs the graph over its batch.
func (m *Machine) RunAll() error { return m.run(nil) }

// run calls look, which may be nil, after each step.
func (m *Machine) run(look func(*step) error) error {
	at := stream{s: m.g.Stream, layer: -1, layers: m.g.layers}
	for i := range m.steps {
		s := &m.steps[i]
		if err := at.enter(s.op); err != nil {
			return err
		}
		for _, b := range s.bufs {
			b.buf.data = b.place.data
		}
		if err := s.op.compute(s.out, s.in); err != nil {
			return err
		}
		if look == nil {
			continue
		}
		if err := look(s); err != nil {
			return err
		}
	}
	return at.leave()
}

// stream follows a run through the layers.
type stream struct {
	s             Stream
	layer, layers int
}

// enter tells the stream when another layer begins: the one before is released,
// and the one after, in the same direction, is fetched meanwhile.
func (t *stream) enter(o *op) error {
	if t.s == nil || o.layer == nil || o.layer.index == t.layer {
		return nil
	}
	next := o.layer.index + 1
	if o.layer.index < t.layer {
		next = o.layer.index - 1
	}
	err := t.leave()
	if next >= 0 && next < t.layers {
		err = errors.Join(err, t.s.Prefetch(next))
	}
	t.layer = o.layer.index
	return err
}

func (t *stream) leave() error {
	if t.s == nil || t.layer < 0 {
		return nil
	}
	return t.s.Release(t.layer)
}

// Diagnose runs the graph and returns an error that wraps [ErrNotFinite] and
// names the first operation that gave a value that is not finite.
func (m *Machine) Diagnose() error {
	return m.run(func(s *step) error {
		if kernel.HasNaNInf(m.g.Threads, s.out) {
			return fmt.Errorf("%w: %s", ErrNotFinite, s.op.where())
		}
		return nil
	})
}

// Value returns a result of the last run.
func (m *Machine) Value(n *G.Node) []float32 { return m.value[n].data }

// Memory returns what the machine needs.
func (m *Machine) Memory() Memory { return m.plan }

// Reset does nothing: a run leaves nothing to clean up.
func (m *Machine) Reset() {}

// Close lets go of the arena.
func (m *Machine) Close() error {
	m.arena, m.steps, m.value = nil, nil, nil
	return nil
}
