package model

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"adapt/nn"
	"adapt/nn/kernel"
)

// A Frozen is a model whose matrices lie in files that are mapped into memory,
// so that it may be larger than the memory. Its weights never change. It is
// safe for use by several goroutines until it is closed.
type Frozen struct {
	Config   Config
	matrices map[string]*kernel.Matrix
	vectors  map[string]*Tensor
	maps     []*mapping
	spans    map[string][]mapped // of each matrix
}

// A span is a range of bytes of a mapping.
type span struct{ lo, hi int }

type mapped struct {
	in *mapping
	span
}

// OpenFrozen opens a Hugging Face folder with its linear layers' weights in a
// kind of storage. Embeddings and head are bfloat16, or float32 with that kind;
// norms, biases and learned positions are in memory in float32.
//
// What the folder's files hold in that form already is used as it lies there.
// The rest is converted once, one matrix in memory at a time, into a file in
// cacheDir, which is found again by the names, sizes and times of the folder's
// files. The files must not change while they are open.
func OpenFrozen(dir string, kind kernel.Kind, cacheDir string, threads int) (*Frozen, error) {
	c, paths, err := find(dir)
	if err != nil {
		return nil, err
	}
	in, err := newModel(c).locate(paths)
	if err != nil {
		return nil, err
	}
	defer in.close()
	f := &Frozen{Config: c, matrices: map[string]*kernel.Matrix{}, vectors: map[string]*Tensor{}, spans: map[string][]mapped{}}
	if err := f.open(in, kind, cacheDir, threads); err != nil {
		return nil, errors.Join(fmt.Errorf("model: frozen weights: %w", err), f.Close())
	}
	return f, nil
}

func (f *Frozen) open(in *located, kind kernel.Kind, cacheDir string, threads int) error {
	byFile := map[*tensorFile]*mapping{}
	var convert []frozenMatrix
	positions := f.Config.Parts().Positions
	for i := range in.m.Tensors {
		t := &in.m.Tensors[i]
		if len(t.Shape) == 1 || t.Name == positions {
			t.Data = make([]float32, t.size())
			if err := in.read(t); err != nil {
				return err
			}
			f.vectors[t.Name] = t
			continue
		}
		w := frozenMatrix{t, kind}
		if !in.m.linear[t.Name] && kind != kernel.F32 {
			w.kind = kernel.BF16
		}
		p := in.at[t.Name]
		if !w.isStored(in) {
			convert = append(convert, w)
			continue
		}
		if byFile[p.file] == nil {
			m, err := f.mapFile(p.file.f.Name())
			if err != nil {
				return err
			}
			byFile[p.file] = m
		}
		if err := f.add(w, byFile[p.file], p.file, []string{p.name}); err != nil {
			return err
		}
	}
	if len(convert) == 0 {
		return nil
	}
	return f.openCache(in, convert, kind, cacheDir, threads)
}

// mapFile maps a file for as long as f is open.
func (f *Frozen) mapFile(path string) (*mapping, error) {
	m, err := mapFile(path)
	if err != nil {
		return nil, err
	}
	f.maps = append(f.maps, m)
	return m, nil
}

// openCache maps the file of converted matrices, which is made where it is
// missing.
func (f *Frozen) openCache(in *located, matrices []frozenMatrix, kind kernel.Kind, cacheDir string, threads int) error {
	if cacheDir == "" {
		return fmt.Errorf("tensor %q and %d others are not stored as %s and no folder for converted weights is given", matrices[0].Name, len(matrices)-1, kind)
	}
	name, err := in.fingerprint(kind)
	if err != nil {
		return err
	}
	path := filepath.Join(cacheDir, name+"-"+kind.String()+".safetensors")
	cache, err := openFrozenCache(path, in, matrices, threads)
	if err != nil {
		return err
	}
	defer cache.close()
	m, err := f.mapFile(path)
	if err != nil {
		return err
	}
	for _, w := range matrices {
		parts, err := w.parts()
		if err != nil {
			return err
		}
		var names []string
		for _, p := range parts {
			names = append(names, p.Name)
		}
		if err := f.add(w, m, cache, names); err != nil {
			return fmt.Errorf("%s: %w; delete the file", path, err)
		}
	}
	return nil
}

// add makes a matrix of the tensors of those names in a mapped file.
func (f *Frozen) add(w frozenMatrix, m *mapping, file *tensorFile, names []string) error {
	var data [][]byte
	var spans []mapped
	for _, name := range names {
		h, ok := file.headers[name]
		if !ok {
			return fmt.Errorf("tensor %q is missing", name)
		}
		s := span{int(file.base + h.Offsets[0]), int(file.base + h.Offsets[1])}
		if s.hi > len(m.data) {
			return fmt.Errorf("tensor %q ends at %d of %d bytes: the file has changed", name, s.hi, len(m.data))
		}
		data, spans = append(data, m.data[s.lo:s.hi]), append(spans, mapped{m, s})
	}
	matrix, err := kernel.MatrixFromBytes(w.kind, w.Shape[0], w.Shape[1], data...)
	if err != nil {
		return fmt.Errorf("tensor %q: %w", w.Name, err)
	}
	f.matrices[w.Name], f.spans[w.Name] = matrix, spans
	return nil
}

// Matrix returns a weight that is a matrix: of a linear layer [out, in], the
// embedding or the head. It panics on another name.
func (f *Frozen) Matrix(name string) *kernel.Matrix {
	w, ok := f.matrices[f.Config.untied(name)]
	if !ok {
		panic("model: no matrix " + name)
	}
	return w
}

// Vector returns a norm's weight, a bias or the learned positions, which must
// not be changed. It panics on another name.
func (f *Frozen) Vector(name string) []float32 {
	t, ok := f.vectors[name]
	if !ok {
		panic("model: no vector " + name)
	}
	return t.Data
}

// Tensor decodes any weight into memory of its own.
func (f *Frozen) Tensor(name string) []float32 {
	if t, ok := f.vectors[name]; ok {
		return slices.Clone(t.Data)
	}
	w := f.Matrix(name)
	data := make([]float32, w.Rows*w.Cols)
	w.DecodeRows(data, 0, w.Rows)
	return data
}

// Model returns the weights as a model to build graphs of, which stream them
// layer by layer. It is valid until f is closed.
func (f *Frozen) Model() *Model {
	m := newModel(f.Config)
	m.stream = f
	for i := range m.Tensors {
		t := &m.Tensors[i]
		if v, ok := f.vectors[t.Name]; ok {
			t.Data = v.Data
		} else {
			t.Stored = f.matrices[t.Name]
		}
	}
	return m
}

var _ nn.Stream = (*Frozen)(nil)

// Release gives the memory of a layer's matrices back to the system; they are
// read again when they are used. Training releases a layer after its forward
// and its backward pass.
func (f *Frozen) Release(layer int) error {
	// Some systems map pages around one that is used, of the neighbours too.
	for l := max(0, layer-1); l <= min(layer+1, f.Config.Layers-1); l++ {
		if err := f.advise(l, (*mapping).release); err != nil {
			return err
		}
	}
	return nil
}

// Prefetch asks for a layer's matrices to be read in the background.
func (f *Frozen) Prefetch(layer int) error { return f.advise(layer, (*mapping).prefetch) }

func (f *Frozen) advise(layer int, how func(*mapping, span) error) error {
	a, err := archOf(f.Config.ModelType)
	if err != nil {
		return err
	}
	for _, l := range a.layerParts(f.Config, fmt.Sprintf(a.layer, layer)).Linears() {
		for _, s := range f.spans[l.Name] {
			if err := how(s.in, s.span); err != nil {
				return fmt.Errorf("model: memory of layer %d: %w", layer, err)
			}
		}
	}
	return nil
}

// SizeBytes is how many bytes the matrices have in their files.
func (f *Frozen) SizeBytes() int {
	n := 0
	for _, w := range f.matrices {
		n += w.SizeBytes()
	}
	return n
}

// Close unmaps the files; no matrix may be used after it.
func (f *Frozen) Close() error {
	var all error
	for _, m := range f.maps {
		all = errors.Join(all, m.close())
	}
	f.maps, f.matrices = nil, nil
	return all
}
