package model

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
)

// A Model is a configuration with its weights in float32.
type Model struct {
	Config  Config
	Tensors []Tensor // in the order of Config.Shapes
	byName  map[string]*Tensor
}

// ErrNoWeights is returned, wrapped, for a model folder without weights.
var ErrNoWeights = errors.New("model folder has no weights")

// New returns a model with random weights: normal with standard deviation
// 0.02, smaller by sqrt(2·layers) where a layer writes to the residual stream
// (Radford et al. 2019), and norms at one. The same seed gives the same bits.
func New(c Config, seed uint64) (*Model, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	m := allocate(c)
	for i := range m.Tensors {
		t := &m.Tensors[i]
		rng := rand.New(rand.NewPCG(seed, uint64(i)))
		std := 0.02
		if strings.HasSuffix(t.Name, "o_proj.weight") || strings.HasSuffix(t.Name, "down_proj.weight") {
			std /= math.Sqrt(2 * float64(c.Layers))
		}
		for j := range t.Data {
			if len(t.Shape) == 1 {
				t.Data[j] = 1
			} else {
				t.Data[j] = float32(rng.NormFloat64() * std)
			}
		}
	}
	return m, nil
}

func allocate(c Config) *Model {
	m := &Model{Config: c, byName: map[string]*Tensor{}}
	for _, s := range c.Shapes() {
		m.Tensors = append(m.Tensors, Tensor{TensorShape: s, Data: make([]float32, s.size())})
	}
	for i := range m.Tensors {
		m.byName[m.Tensors[i].Name] = &m.Tensors[i]
	}
	return m
}

// Tensor returns the weight of that name, which shares memory with the model.
// It panics on a name that the architecture does not have.
func (m *Model) Tensor(name string) []float32 {
	if name == HeadName && m.Config.TieEmbeddings {
		name = EmbedName
	}
	return m.tensor(name).Data
}

func (m *Model) tensor(name string) *Tensor {
	t, ok := m.byName[name]
	if !ok {
		panic("model: no tensor " + name)
	}
	return t
}

// Hash returns the SHA-256 of the configuration's shapes and all weights' bits.
func (m *Model) Hash() string {
	h := sha256.New()
	for _, t := range m.Tensors {
		fmt.Fprintf(h, "%s %v\n", t.Name, t.Shape)
		binary.Write(h, binary.LittleEndian, t.Data)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Load reads a Hugging Face folder: config.json and model.safetensors, or the
// shards that model.safetensors.index.json lists, in F32, F16 or BF16. It is
// strict: a missing, extra or wrongly shaped tensor is an error that names it.
func Load(dir string) (*Model, error) {
	c, err := ReadConfig(dir)
	if err != nil {
		return nil, err
	}
	paths, err := weightFiles(dir)
	if err != nil {
		return nil, err
	}
	m := allocate(c)
	seen := map[string]bool{}
	for _, path := range paths {
		if err := m.readFile(path, seen); err != nil {
			return nil, fmt.Errorf("model: %s: %w", filepath.Base(path), err)
		}
	}
	for _, t := range m.Tensors {
		if !seen[t.Name] {
			return nil, fmt.Errorf("model: tensor %q is missing from the weights", t.Name)
		}
	}
	return m, nil
}

func (m *Model) readFile(path string, seen map[string]bool) error {
	f, err := openTensors(path)
	if err != nil {
		return err
	}
	defer f.close()
	names := make([]string, 0, len(f.headers))
	for name := range f.headers {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if derived(name) || (name == HeadName && m.Config.TieEmbeddings) {
			continue
		}
		t, ok := m.byName[name]
		switch {
		case !ok:
			return fmt.Errorf("tensor %q does not belong to a Llama model of this config.json", name)
		case seen[name]:
			return fmt.Errorf("tensor %q is there twice", name)
		case !slices.Equal(f.headers[name].Shape, t.Shape):
			return fmt.Errorf("tensor %q has shape %v, config.json asks for %v", name, f.headers[name].Shape, t.Shape)
		}
		if err := f.read(name, t.Data); err != nil {
			return err
		}
		seen[name] = true
	}
	return nil
}

// derived reports whether old files store a tensor that follows from the
// configuration.
func derived(name string) bool { return strings.HasSuffix(name, "rotary_emb.inv_freq") }

// weightFiles lists a folder's safetensors files.
func weightFiles(dir string) ([]string, error) {
	single := filepath.Join(dir, "model.safetensors")
	if _, err := os.Stat(single); err == nil {
		return []string{single}, nil
	}
	b, err := os.ReadFile(single + ".index.json")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: neither model.safetensors nor model.safetensors.index.json is there (pytorch_model.bin is not read: save the model with safe_serialization=True)", ErrNoWeights)
	} else if err != nil {
		return nil, err
	}
	var index struct {
		WeightMap map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(b, &index); err != nil {
		return nil, fmt.Errorf("model: model.safetensors.index.json: %w", err)
	}
	var paths []string
	for _, file := range index.WeightMap {
		if !filepath.IsLocal(file) {
			return nil, fmt.Errorf("model: model.safetensors.index.json names the file %q outside the folder", file)
		}
		if path := filepath.Join(dir, file); !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
	}
	sort.Strings(paths)
	return paths, nil
}

// Save writes config.json and model.safetensors to dir in float32, which
// loads back to the same bits.
func (m *Model) Save(dir string) error { return m.save(dir, "F32") }

// SaveBF16 writes the weights in bfloat16, half as large and rounded to 8 bits
// of precision.
func (m *Model) SaveBF16(dir string) error { return m.save(dir, "BF16") }

func (m *Model) save(dir, dtype string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("model: saving: %w", err)
	}
	c := m.Config
	c.Architectures, c.ModelType = []string{"LlamaForCausalLM"}, "llama"
	c.TorchDtype = map[string]string{"F32": "float32", "BF16": "bfloat16"}[dtype]
	b, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("model: saving: %w", err)
	}
	if err := writeTensors(filepath.Join(dir, "model.safetensors"), m.Tensors, dtype); err != nil {
		return fmt.Errorf("model: saving: %w", err)
	}
	err = writeFile(filepath.Join(dir, "config.json"), func(w io.Writer) error {
		_, err := w.Write(append(b, '\n'))
		return err
	})
	if err != nil {
		return fmt.Errorf("model: saving: %w", err)
	}
	return nil
}
