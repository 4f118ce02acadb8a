package gguf

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"slices"

	"adapt/model"
)

// Load reads the model in a file, its weights decoded to float32. It is
// strict: a missing, extra or wrongly shaped tensor is an error that names it.
func Load(path string) (*model.Model, error) {
	g, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer g.Close()
	return g.Model()
}

// Model reads the model; see Load.
func (g *File) Model() (*model.Model, error) {
	m, err := g.model()
	if err != nil {
		return nil, fmt.Errorf("gguf: %w", err)
	}
	return m, nil
}

func (g *File) model() (*model.Model, error) {
	c, err := g.config()
	if err != nil {
		return nil, err
	}
	all, err := g.locate(c)
	if err != nil {
		return nil, err
	}
	m, err := model.Blank(c) // no larger than the file's tensors
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		data := m.Tensor(p.model)
		if err := g.Read(g.Tensor(p.file), data); err != nil {
			return nil, err
		}
		if p.heads > 0 {
			t := g.Tensor(p.file)
			copy(data, separate(data, p.heads, len(data)/t.Shape[0]))
		}
	}
	return m, nil
}

// locate checks that the file has the tensors of a model, and no others.
func (g *File) locate(c model.Config) ([]place, error) {
	shapes := map[string][]int{}
	for _, s := range c.Shapes() {
		shapes[s.Name] = s.Shape
	}
	all, expected := places(c), map[string]bool{}
	for _, p := range all {
		t := g.Tensor(p.file)
		if t == nil {
			return nil, fmt.Errorf("tensor %q is missing", p.file)
		}
		if !slices.Equal(t.Shape, shapes[p.model]) {
			return nil, fmt.Errorf("tensor %q has shape %v, the metadata asks for %v", p.file, t.Shape, shapes[p.model])
		}
		expected[p.file] = true
	}
	for _, t := range g.Tensors {
		if !expected[t.Name] && !derived(t.Name) {
			return nil, fmt.Errorf("tensor %q does not belong to a model of architecture %s", t.Name, architecture(c.ModelType))
		}
	}
	return all, nil
}

// outputs lists the tensors of a file with a model, matrices of the given type
// where their rows are whole blocks, else in F16 as llama.cpp does.
func outputs(m *model.Model, kind Type) []output {
	shapes := map[string][]int{}
	for _, s := range m.Config.Shapes() {
		shapes[s.Name] = s.Shape
	}
	var all []output
	if div := freqs(m.Config); div != nil {
		all = append(all, output{ropeFreqs, []int{len(div)}, F32, func() []float32 { return div }})
	}
	for _, p := range places(m.Config) {
		shape, data := shapes[p.model], m.Tensor(p.model)
		o := output{p.file, shape, kind, func() []float32 { return data }}
		if p.vector {
			o.kind = F32
		} else if shape[1]%formats[kind].elements != 0 {
			o.kind = F16
		}
		if p.heads > 0 {
			o.data = func() []float32 { return interleave(data, p.heads, len(data)/shape[0]) }
		}
		all = append(all, o)
	}
	return all
}

// checkRange reports a value that a type can not hold.
func checkRange(t output) error {
	limit := math.MaxFloat32
	if t.kind == F16 {
		limit = 65504
	}
	for i, v := range t.data() {
		if !(math.Abs(float64(v)) <= limit) {
			return fmt.Errorf("tensor %q: element %d is %g, which %s does not hold", t.name, i, v, t.kind)
		}
	}
	return nil
}

// verify reads a file back and compares every byte of every tensor with what
// should be there.
func verify(path string, tensors []output) error {
	g, err := Open(path)
	if err != nil {
		return err
	}
	defer g.Close()
	if len(g.Tensors) != len(tensors) {
		return fmt.Errorf("gguf: reading back: %d tensors, want %d", len(g.Tensors), len(tensors))
	}
	for _, want := range tensors {
		if err := g.verify(want); err != nil {
			return fmt.Errorf("gguf: reading back: tensor %q: %w", want.name, err)
		}
	}
	return nil
}

func (g *File) verify(want output) error {
	t := g.Tensor(want.name)
	if t == nil || t.Type != want.kind || !slices.Equal(t.Shape, want.shape) {
		return fmt.Errorf("is not there as %s %v", want.kind, want.shape)
	}
	f, data := formats[t.Type], want.data()
	r := io.NewSectionReader(g.r, g.data+t.offset, t.Type.size(t.elements()))
	block, got := make([]byte, f.bytes), make([]byte, f.bytes)
	for len(data) > 0 {
		if _, err := io.ReadFull(r, got); err != nil {
			return err
		}
		f.encode(block, data[:f.elements])
		if !bytes.Equal(block, got) {
			return fmt.Errorf("the bytes differ %d elements before its end", len(data))
		}
		data = data[f.elements:]
	}
	return nil
}
