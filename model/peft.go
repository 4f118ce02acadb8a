package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// This file reads and writes adapters as PEFT does: adapter_config.json and
// adapter_model.safetensors (https://huggingface.co/docs/peft, "Checkpoint
// format").

// The files of an adapter's folder.
const (
	AdapterConfigFile  = "adapter_config.json"
	AdapterWeightsFile = "adapter_model.safetensors"
	peftPrefix         = "base_model.model."
)

// ErrNoAdapter is returned, wrapped, for a folder without an adapter.
var ErrNoAdapter = errors.New("folder has no adapter")

// peftJSON is adapter_config.json.
type peftJSON struct {
	Base          string  `json:"base_model_name_or_path"`
	Bias          string  `json:"bias"`
	Exclude       names   `json:"exclude_modules"`
	FanInFanOut   bool    `json:"fan_in_fan_out"`
	Inference     bool    `json:"inference_mode"`
	Init          any     `json:"init_lora_weights"`
	Alpha         float64 `json:"lora_alpha"`
	LoRABias      bool    `json:"lora_bias,omitempty"`
	Dropout       float64 `json:"lora_dropout"`
	ModulesToSave names   `json:"modules_to_save"`
	PEFTType      string  `json:"peft_type"`
	R             int     `json:"r"`
	Targets       names   `json:"target_modules"`
	TaskType      *string `json:"task_type"`
	DoRA          bool    `json:"use_dora"`
	RSLoRA        bool    `json:"use_rslora"`
}

// plainKeys must be absent, null, false or empty: they change what an adapter
// computes.
var plainKeys = []string{
	"rank_pattern", "alpha_pattern", "layers_to_transform", "layers_pattern", "layer_replication", "lora_bias",
	"megatron_config", "trainable_token_indices", "target_parameters", "use_qalora", "alora_invocation_tokens",
	"arrow_config", "use_bdlora", "velora_config", "monteclora_config",
}

// names is a list of modules, or one string: a pattern, "all-linear".
type names struct {
	list    []string
	pattern string
}

func (n *names) UnmarshalJSON(b []byte) error {
	*n = names{}
	if b[0] == '"' {
		return json.Unmarshal(b, &n.pattern)
	}
	return json.Unmarshal(b, &n.list)
}

func (n names) MarshalJSON() ([]byte, error) { return json.Marshal(n.list) }

// resolve returns the list; for a pattern, the modules that it matches as a
// whole.
func (n names) resolve(modules []string) ([]string, error) {
	if n.pattern == "" {
		return n.list, nil
	}
	if n.pattern == AllLinear {
		return []string{AllLinear}, nil
	}
	re, err := regexp.Compile(`^(?:` + n.pattern + `)$`)
	if err != nil {
		return nil, fmt.Errorf("pattern of modules: %w", err)
	}
	var list []string
	for _, m := range modules {
		if re.MatchString(m) {
			list = append(list, m)
		}
	}
	if list == nil {
		return nil, fmt.Errorf("pattern %q matches none of the modules %s", n.pattern, strings.Join(lastNames(modules), ", "))
	}
	return list, nil
}

// Save writes the adapter to dir as PEFT does. base names the model below, a
// folder or a name on a hub; it may be "".
func (a *Adapter) Save(dir, base string) error {
	if err := a.save(dir, base); err != nil {
		return fmt.Errorf("model: saving the adapter: %w", err)
	}
	return nil
}

func (a *Adapter) save(dir, base string) error {
	for _, t := range a.Tensors() {
		if err := finite(t); err != nil {
			return err
		}
	}
	arch, err := archOf(a.Config.ModelType)
	if err != nil {
		return err
	}
	linear, _ := a.Config.modules()
	task := "CAUSAL_LM"
	j := peftJSON{
		Base: base, Bias: "none", Exclude: names{list: a.LoRA.Exclude}, FanInFanOut: arch.conv1D, Inference: true, Init: true,
		Alpha: a.LoRA.Alpha, Dropout: a.LoRA.Dropout, PEFTType: "LORA", R: a.LoRA.R, TaskType: &task,
		DoRA: a.LoRA.DoRA, RSLoRA: a.LoRA.RankStabilized,
		ModulesToSave: names{list: a.LoRA.ModulesToSave}, Targets: names{list: a.LoRA.Targets},
	}
	if len(a.LoRA.Targets) == 0 || slices.Contains(a.LoRA.Targets, AllLinear) {
		j.Targets.list = lastNames(linear)
	}
	if a.savesTied() && !a.LoRA.saves(arch.head) {
		j.ModulesToSave.list = append(slices.Clone(a.LoRA.ModulesToSave), arch.head)
	}
	b, err := json.MarshalIndent(j, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := writeTensors(filepath.Join(dir, AdapterWeightsFile), a.stored(), "F32"); err != nil {
		return err
	}
	return writeBytes(filepath.Join(dir, AdapterConfigFile), append(b, '\n'))
}

// savesTied reports whether the adapter replaces an embedding that is the head
// as well. PEFT unties the two, so that its files need both.
func (a *Adapter) savesTied() bool {
	return a.Config.TieEmbeddings && a.SavedTensor(a.Config.Parts().Embed) != nil
}

// stored returns the tensors as PEFT's file holds them.
func (a *Adapter) stored() []storedTensor {
	base := newModel(a.Config)
	var all []storedTensor
	for _, p := range a.Pairs {
		for _, t := range []Tensor{p.A, p.B, p.Magnitude} {
			if t.Name != "" {
				all = append(all, storedTensor{t.TensorShape, func() []float32 { return t.Data }})
			}
		}
	}
	for _, t := range a.Saved {
		s := base.store(t)
		s.Name = peftPrefix + s.Name
		all = append(all, s)
	}
	if a.savesTied() {
		t := a.SavedTensor(a.Config.Parts().Embed)
		all = append(all, storedTensor{TensorShape{a.tiedHead(), t.Shape}, func() []float32 { return t.Data }})
	}
	return all
}

func (a *Adapter) tiedHead() string {
	arch, err := archOf(a.Config.ModelType)
	if err != nil {
		panic(err) // the configuration was valid when a was made
	}
	return peftPrefix + arch.head + ".weight"
}

// LoadAdapter reads an adapter of PEFT for a base of the given configuration.
// It is strict: a missing, extra or wrongly shaped tensor is an error that
// names it, and so is whatever changes the computation and is not there.
func LoadAdapter(dir string, c Config) (*Adapter, error) {
	a, err := loadAdapter(dir, c)
	if err != nil {
		return nil, fmt.Errorf("model: adapter: %w", err)
	}
	return a, nil
}

// AdapterBase returns what an adapter's folder says that its base is: a folder
// or a name on a hub.
func AdapterBase(dir string) (string, error) {
	b, err := readSmall(filepath.Join(dir, AdapterConfigFile))
	if err != nil {
		return "", fmt.Errorf("model: adapter: %w", err)
	}
	var j peftJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return "", fmt.Errorf("model: adapter: %s: %w", AdapterConfigFile, err)
	}
	return j.Base, nil
}

func loadAdapter(dir string, c Config) (*Adapter, error) {
	b, err := readSmall(filepath.Join(dir, AdapterConfigFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s is not there", ErrNoAdapter, AdapterConfigFile)
	} else if err != nil {
		return nil, err
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	l, err := readLoRA(b, c)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", AdapterConfigFile, err)
	}
	a, err := emptyAdapter(c, l)
	if err != nil {
		return nil, err
	}
	if err := a.readWeights(filepath.Join(dir, AdapterWeightsFile)); err != nil {
		return nil, fmt.Errorf("%s: %w", AdapterWeightsFile, err)
	}
	return a, nil
}

func readLoRA(b []byte, c Config) (LoRA, error) {
	j := peftJSON{Bias: "none", R: 8, Alpha: 8}
	if err := json.Unmarshal(b, &j); err != nil {
		return LoRA{}, err
	}
	if err := j.check(b, c); err != nil {
		return LoRA{}, err
	}
	linear, all := c.modules()
	l := LoRA{R: j.R, Alpha: j.Alpha, Dropout: j.Dropout, RankStabilized: j.RSLoRA, DoRA: j.DoRA}
	var err error
	if l.Targets, err = j.Targets.resolve(linear); err != nil {
		return l, fmt.Errorf("target_modules: %w", err)
	}
	if len(l.Targets) == 0 {
		return l, errors.New("target_modules is empty")
	}
	if l.Exclude, err = j.Exclude.resolve(linear); err != nil {
		return l, fmt.Errorf("exclude_modules: %w", err)
	}
	if l.ModulesToSave, err = j.ModulesToSave.resolve(all); err != nil {
		return l, fmt.Errorf("modules_to_save: %w", err)
	}
	arch, err := archOf(c.ModelType)
	if err != nil {
		return l, err
	}
	if c.TieEmbeddings && l.saves(arch.embed) != l.saves(arch.head) {
		return l, fmt.Errorf("%w: modules_to_save has one of %q and %q, which are tied in the base and would be two weights", ErrUnsupported, arch.embed, arch.head)
	}
	return l, nil
}

// check reports what the file asks for that is not there.
func (j peftJSON) check(b []byte, c Config) error {
	arch, err := archOf(c.ModelType)
	if err != nil {
		return err
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(b, &keys); err != nil {
		return err
	}
	for _, key := range plainKeys {
		switch v := string(keys[key]); v {
		case "", "null", "false", "{}", "[]", `""`:
		default:
			return fmt.Errorf("%w: %s is %s", ErrUnsupported, key, v)
		}
	}
	init, _ := j.Init.(string)
	switch {
	case j.PEFTType != "LORA":
		return fmt.Errorf("%w: peft_type is %q, want \"LORA\"", ErrUnsupported, j.PEFTType)
	case j.TaskType != nil && *j.TaskType != "" && *j.TaskType != "CAUSAL_LM":
		return fmt.Errorf("%w: task_type is %q, want \"CAUSAL_LM\"", ErrUnsupported, *j.TaskType)
	case j.Bias != "none":
		return fmt.Errorf("%w: bias is %q, want \"none\"", ErrUnsupported, j.Bias)
	case j.FanInFanOut != arch.conv1D:
		return fmt.Errorf("fan_in_fan_out is %t, want %t for a base of type %s", j.FanInFanOut, arch.conv1D, arch.modelType)
	case init != "" && !slices.Contains([]string{"gaussian", "eva", "orthogonal"}, init):
		return fmt.Errorf("%w: init_lora_weights is %q, which changes the base; convert the adapter to plain LoRA", ErrUnsupported, init)
	}
	return nil
}

// readWeights fills the adapter's tensors. Nothing is allocated that the file
// does not hold.
func (a *Adapter) readWeights(path string) error {
	f, err := openTensors(path)
	if err != nil {
		return err
	}
	defer f.close()
	if len(f.headers) == 0 {
		return errors.New("the adapter is empty: the file has no tensors")
	}
	stored, base := a.stored(), newModel(a.Config)
	expected := map[string]bool{}
	for _, s := range stored {
		h, ok := f.headers[s.Name]
		if !ok {
			return fmt.Errorf("tensor %q is missing", s.Name)
		}
		if !slices.Equal(h.Shape, s.Shape) {
			return fmt.Errorf("tensor %q has shape %v, want %v", s.Name, h.Shape, s.Shape)
		}
		if _, err := dtypeSize(h.Dtype); err != nil {
			return fmt.Errorf("tensor %q: %w", s.Name, err)
		}
		expected[s.Name] = true
	}
	for name := range f.headers {
		if !expected[name] {
			return fmt.Errorf("tensor %q does not belong to the adapter that %s describes", name, AdapterConfigFile)
		}
	}
	for i := range a.Pairs {
		p := &a.Pairs[i]
		for _, t := range []*Tensor{&p.A, &p.B, &p.Magnitude} {
			if t.Name == "" {
				continue
			}
			if err := f.fill(t, t.Name, false); err != nil {
				return err
			}
		}
	}
	for i := range a.Saved {
		t := &a.Saved[i]
		if err := f.fill(t, peftPrefix+t.Name, base.transposed(t.Name)); err != nil {
			return err
		}
	}
	if a.savesTied() {
		return a.checkTied(f)
	}
	return nil
}

// checkTied reports a head that differs from the embedding it is tied to.
func (a *Adapter) checkTied(f *tensorFile) error {
	embed := a.SavedTensor(a.Config.Parts().Embed)
	head := Tensor{TensorShape: TensorShape{a.tiedHead(), embed.Shape}}
	if err := f.fill(&head, head.Name, false); err != nil {
		return err
	}
	for i, v := range head.Data {
		if math.Float32bits(v) != math.Float32bits(embed.Data[i]) {
			return fmt.Errorf("%w: tensor %q differs from the embedding, to which the base ties it", ErrUnsupported, head.Name)
		}
	}
	return nil
}

// fill allocates and reads a tensor, which must be finite.
func (f *tensorFile) fill(t *Tensor, name string, transposed bool) error {
	t.Data = make([]float32, t.size())
	if err := f.read(name, t.Data); err != nil {
		return err
	}
	if transposed {
		raw := t.Data
		t.Data = make([]float32, len(raw))
		transpose(t.Data, raw, t.Shape[1], t.Shape[0])
	}
	return finite(*t)
}

// finite reports a NaN or infinity in a tensor.
func finite(t Tensor) error {
	for i, v := range t.Data {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return fmt.Errorf("tensor %q: element %d is %g", t.Name, i, v)
		}
	}
	return nil
}
