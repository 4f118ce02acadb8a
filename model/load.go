package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
)

// Load reads a Hugging Face folder: config.json and model.safetensors, or the
// shards that model.safetensors.index.json lists, in F32, F16 or BF16. It is
// strict: a missing, extra or wrongly shaped tensor is an error that names it.
func Load(dir string) (*Model, error) {
	c, paths, err := find(dir)
	if err != nil {
		return nil, err
	}
	kept, err := readKept(dir)
	if err != nil {
		return nil, err
	}
	m, err := readModel(c, paths)
	if err != nil {
		return nil, err
	}
	m.Kept = kept
	return m, nil
}

// Check reports what Load would, without reading the weights: a folder that is no
// model, a tensor that is missing, extra or wrongly shaped.
func Check(dir string) error {
	c, paths, err := find(dir)
	if err != nil {
		return err
	}
	in, err := newModel(c).locate(paths)
	if err != nil {
		return err
	}
	in.close()
	_, err = readKept(dir)
	return err
}

// find reads a folder's configuration and lists its files of weights.
func find(dir string) (Config, []string, error) {
	c, err := ReadConfig(dir)
	if err != nil {
		return Config{}, nil, err
	}
	paths, err := weightFiles(dir)
	return c, paths, err
}

// readModel reads the weights of a model from safetensors files. Nothing is
// allocated that the files do not hold.
func readModel(c Config, paths []string) (*Model, error) {
	m := newModel(c)
	in, err := m.locate(paths)
	if err != nil {
		return nil, err
	}
	defer in.close()
	for i := range m.Tensors {
		t := &m.Tensors[i]
		t.Data = make([]float32, t.size())
		if err := in.read(t); err != nil {
			return nil, fmt.Errorf("model: %w", err)
		}
	}
	return m, nil
}

// A located is where the files hold the tensors of a model.
type located struct {
	m     *Model
	files []*tensorFile
	at    map[string]place // by the model's name
}

type place struct {
	file *tensorFile
	name string // in the file
}

func (in *located) close() {
	for _, f := range in.files {
		f.close()
	}
}

// locate opens safetensors files and finds every tensor of m in them, once
// and in its shape.
func (m *Model) locate(paths []string) (*located, error) {
	in := &located{m: m, at: map[string]place{}}
	if err := in.open(paths); err != nil {
		in.close()
		return nil, err
	}
	return in, nil
}

func (in *located) open(paths []string) error {
	for _, path := range paths {
		f, err := openTensors(path)
		if err != nil {
			return fmt.Errorf("model: %s: %w", filepath.Base(path), err)
		}
		in.files = append(in.files, f)
		if err := in.add(f); err != nil {
			return fmt.Errorf("model: %s: %w", filepath.Base(path), err)
		}
	}
	for _, t := range in.m.Tensors {
		if _, ok := in.at[t.Name]; !ok {
			return fmt.Errorf("model: tensor %q is missing from the weights", t.Name)
		}
	}
	return nil
}

func (in *located) add(f *tensorFile) error {
	a, err := archOf(in.m.Config.ModelType)
	if err != nil {
		return err
	}
	known := func(name string) bool { return in.m.byName[name] != nil }
	names := make([]string, 0, len(f.headers))
	for name := range f.headers {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, inFile := range names {
		name, buffer := a.fileName(inFile, known)
		if buffer || (name == a.head+".weight" && in.m.Config.TieEmbeddings) {
			continue
		}
		t, ok := in.m.byName[name]
		if !ok {
			return fmt.Errorf("tensor %q does not belong to the model of this config.json (%s)", inFile, a.class)
		}
		if _, twice := in.at[name]; twice {
			return fmt.Errorf("tensor %q is there twice", inFile)
		}
		if got, want := f.headers[inFile].Shape, in.m.stored(t).Shape; !slices.Equal(got, want) {
			return fmt.Errorf("tensor %q has shape %v, config.json asks for %v", inFile, got, want)
		}
		if _, err := dtypeSize(f.headers[inFile].Dtype); err != nil {
			return fmt.Errorf("tensor %q: %w", inFile, err)
		}
		in.at[name] = place{f, inFile}
	}
	return nil
}

// read decodes a tensor of the model.
func (in *located) read(t *Tensor) error {
	p := in.at[t.Name]
	if !in.m.transposed(t.Name) {
		return p.file.read(p.name, t.Data)
	}
	raw := make([]float32, len(t.Data))
	if err := p.file.read(p.name, raw); err != nil {
		return err
	}
	transpose(t.Data, raw, t.Shape[1], t.Shape[0])
	return nil
}

// transposed reports whether files hold a weight as [in, out].
func (m *Model) transposed(name string) bool {
	a, err := archOf(m.Config.ModelType)
	return err == nil && a.conv1D && m.linear[name]
}

// stored returns a tensor's shape in files.
func (m *Model) stored(t *Tensor) TensorShape {
	if m.transposed(t.Name) {
		return TensorShape{t.Name, []int{t.Shape[1], t.Shape[0]}}
	}
	return t.TensorShape
}

// transpose writes src, [rows, cols], to dst as [cols, rows], in blocks that
// stay in the cache.
func transpose(dst, src []float32, rows, cols int) {
	const block = 32
	for i0 := 0; i0 < rows; i0 += block {
		for j0 := 0; j0 < cols; j0 += block {
			for i := i0; i < min(rows, i0+block); i++ {
				for j := j0; j < min(cols, j0+block); j++ {
					dst[j*rows+i] = src[i*cols+j]
				}
			}
		}
	}
}

// weightFiles lists a folder's safetensors files.
func weightFiles(dir string) ([]string, error) {
	single := filepath.Join(dir, weightsFile)
	if _, err := os.Stat(single); err == nil {
		return []string{single}, nil
	}
	b, err := readSmall(filepath.Join(dir, indexFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: neither %s nor %s is there (pytorch_model.bin is not read: save the model with safe_serialization=True)", ErrNoWeights, weightsFile, indexFile)
	} else if err != nil {
		return nil, err
	}
	var index struct {
		WeightMap map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(b, &index); err != nil {
		return nil, fmt.Errorf("model: %s: %w", indexFile, err)
	}
	var paths []string
	for _, file := range index.WeightMap {
		if !filepath.IsLocal(file) {
			return nil, fmt.Errorf("model: %s names the file %q outside the folder", indexFile, file)
		}
		if path := filepath.Join(dir, file); !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
	}
	sort.Strings(paths)
	return paths, nil
}
