package model

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// trainedAdapter returns an adapter whose every tensor matters.
func trainedAdapter(t testing.TB, m *Model, l LoRA) *Adapter {
	t.Helper()
	a, err := NewAdapter(m.Config, l, 3)
	if err != nil {
		t.Fatal(err)
	}
	a.Start(m.Tensor)
	rng := rand.New(rand.NewPCG(9, 9))
	for _, tensor := range a.Tensors() {
		for i := range tensor.Data {
			tensor.Data[i] += float32(rng.NormFloat64() * 0.3)
		}
	}
	return a
}

func TestAdapterRoundTrip(t *testing.T) {
	for name, c := range archConfigs() {
		embed := map[bool]string{true: "wte", false: "embed_tokens"}[c.ModelType == "gpt2"]
		norm := map[bool]string{true: "ln_1", false: "input_layernorm"}[c.ModelType == "gpt2"]
		down := map[bool]string{true: "mlp.c_proj", false: "down_proj"}[c.ModelType == "gpt2"]
		for _, l := range []LoRA{
			{R: 2, Alpha: 3},
			{R: 4, Alpha: 3, Dropout: 0.1, Targets: []string{AllLinear}, Exclude: []string{down}, RankStabilized: true, DoRA: true},
			{R: 1, Alpha: 3, Targets: []string{down}, ModulesToSave: []string{embed, norm}},
			{R: 1, Alpha: 3, Exclude: []string{down}, ModulesToSave: []string{down}},
		} {
			m, err := New(c, 5)
			if err != nil {
				t.Fatal(err)
			}
			a := trainedAdapter(t, m, l)
			dir := t.TempDir()
			if err := a.Save(dir, "base/model"); err != nil {
				t.Fatal(err)
			}
			back, err := LoadAdapter(dir, c)
			if err != nil {
				t.Fatalf("%s, %+v: %v", name, l, err)
			}
			if back.Hash() != a.Hash() {
				t.Errorf("%s, %+v: the adapter came back changed", name, l)
			}
			if back.LoRA.Dropout != l.Dropout || back.LoRA.DoRA != l.DoRA || back.LoRA.RankStabilized != l.RankStabilized || !slices.Equal(back.LoRA.Exclude, l.Exclude) {
				t.Errorf("%s: %+v came back as %+v", name, l, back.LoRA)
			}
		}
	}
}

// TestAdapterFiles looks at the keys and shapes that PEFT gives the same
// adapters.
func TestAdapterFiles(t *testing.T) {
	for _, test := range []struct {
		arch string
		lora LoRA
		want map[string][]int // some of the tensors
		n    int
		json map[string]any
	}{
		{"llama", LoRA{R: 2, Alpha: 4, Targets: []string{"q_proj", "v_proj"}, DoRA: true, ModulesToSave: []string{"lm_head"}}, map[string][]int{
			"base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight":         {2, 12},
			"base_model.model.model.layers.1.self_attn.v_proj.lora_B.weight":         {4, 2},
			"base_model.model.model.layers.1.self_attn.v_proj.lora_magnitude_vector": {4},
			"base_model.model.lm_head.weight":                                        {30, 12},
		}, 13, map[string]any{"peft_type": "LORA", "task_type": "CAUSAL_LM", "bias": "none", "r": 2.0, "lora_alpha": 4.0, "use_dora": true, "fan_in_fan_out": false, "base_model_name_or_path": "base"}},
		{"gpt2", LoRA{R: 2, Alpha: 4, Targets: []string{"c_attn"}, ModulesToSave: []string{"wte", "c_fc"}}, map[string][]int{
			"base_model.model.transformer.h.1.attn.c_attn.lora_A.weight": {2, 12},
			"base_model.model.transformer.h.1.attn.c_attn.lora_B.weight": {36, 2},
			"base_model.model.transformer.h.1.mlp.c_fc.weight":           {12, 20}, // Conv1D: [in, out]
			"base_model.model.transformer.h.1.mlp.c_fc.bias":             {20},
			"base_model.model.transformer.wte.weight":                    {30, 12},
			"base_model.model.lm_head.weight":                            {30, 12}, // tied here, not in PEFT
		}, 10, map[string]any{"fan_in_fan_out": true, "modules_to_save": []any{"wte", "c_fc", "lm_head"}, "target_modules": []any{"c_attn"}}},
		{"gpt2", LoRA{R: 2, Alpha: 4, RankStabilized: true}, nil, 16, map[string]any{"target_modules": []any{"c_attn", "c_proj", "c_fc"}, "use_rslora": true, "exclude_modules": nil}},
	} {
		m, err := New(archConfigs()[test.arch], 5)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := trainedAdapter(t, m, test.lora).Save(dir, "base"); err != nil {
			t.Fatal(err)
		}
		f, err := openTensors(filepath.Join(dir, AdapterWeightsFile))
		if err != nil {
			t.Fatal(err)
		}
		f.close()
		if len(f.headers) != test.n {
			t.Errorf("%s: %d tensors, want %d", test.arch, len(f.headers), test.n)
		}
		for name, shape := range test.want {
			if got := f.headers[name].Shape; !slices.Equal(got, shape) {
				t.Errorf("%s: %s is %v, want %v", test.arch, name, got, shape)
			}
		}
		b, err := os.ReadFile(filepath.Join(dir, AdapterConfigFile))
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		for key, want := range test.json {
			if !reflect.DeepEqual(got[key], want) {
				t.Errorf("%s: %s is %v, want %v", test.arch, key, got[key], want)
			}
		}
	}
}

// TestMergeDoRA compares a merged weight with the formula of the paper,
// W' = m·(W + s·B·A) / ‖W + s·B·A‖, with norms over the inputs.
func TestMergeDoRA(t *testing.T) {
	m, err := New(archConfigs()["gpt2"], 5)
	if err != nil {
		t.Fatal(err)
	}
	roughen(m, 4)
	a := trainedAdapter(t, m, LoRA{R: 4, Alpha: 6, DoRA: true, RankStabilized: true, ModulesToSave: []string{"ln_f"}})
	const name = "transformer.h.1.attn.c_attn.weight"
	w, p := slices.Clone(m.Tensor(name)), a.Pair(name)
	a.Merge(m, 1)
	for o := range 36 {
		row, sum := make([]float64, 12), 0.0
		for i := range row {
			for r := range 4 {
				row[i] += float64(p.B.Data[o*4+r]) * float64(p.A.Data[r*12+i])
			}
			row[i] = float64(w[o*12+i]) + 6/math.Sqrt(4)*row[i]
			sum += row[i] * row[i]
		}
		for i, v := range row {
			want := float64(p.Magnitude.Data[o]) * v / math.Sqrt(sum)
			if got := float64(m.Tensor(name)[o*12+i]); math.Abs(got-want) > 1e-5 {
				t.Fatalf("[%d, %d] is %g, want %g", o, i, got, want)
			}
		}
	}
	if got, want := m.Tensor("transformer.ln_f.bias")[2], a.SavedTensor("transformer.ln_f.bias").Data[2]; got != want {
		t.Errorf("the saved bias is %g, want %g", got, want)
	}
}

// TestStartChangesNothing merges adapters that were not trained.
func TestStartChangesNothing(t *testing.T) {
	for name, c := range archConfigs() {
		m, err := New(c, 5)
		if err != nil {
			t.Fatal(err)
		}
		merged, err := New(c, 5)
		if err != nil {
			t.Fatal(err)
		}
		a, err := NewAdapter(c, LoRA{R: 2, Alpha: 3, DoRA: true}, 1)
		if err != nil {
			t.Fatal(err)
		}
		a.Start(m.Tensor)
		a.Merge(merged, 1)
		if err := CompareWeights(m, merged, 1e-6); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLoRAValidate(t *testing.T) {
	c := archConfigs()
	for _, test := range []struct {
		arch string
		lora LoRA
		want string
	}{
		{"llama", LoRA{R: 0, Alpha: 1}, "rank"},
		{"llama", LoRA{R: 1, Alpha: math.NaN()}, "alpha"},
		{"llama", LoRA{R: 1, Alpha: 1, Dropout: 1}, "dropout"},
		{"llama", LoRA{R: 1, Alpha: 1, Targets: []string{"c_attn"}}, `"c_attn" is none of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj`},
		{"gpt2", LoRA{R: 1, Alpha: 1, Targets: []string{"q_proj"}}, `"q_proj" is none of c_attn, c_proj, c_fc`},
		{"llama", LoRA{R: 1, Alpha: 1, Targets: []string{"lm_head"}}, "lm_head"},
		{"llama", LoRA{R: 1, Alpha: 1, Exclude: []string{"x"}}, "exclude"},
		{"llama", LoRA{R: 1, Alpha: 1, ModulesToSave: []string{"wte"}}, "embed_tokens"},
		{"llama", LoRA{R: 1, Alpha: 1, ModulesToSave: []string{"q_proj"}}, "both"},
		{"llama", LoRA{R: 1, Alpha: 1, Targets: []string{"q_proj"}, Exclude: []string{"q_proj"}}, "no linear layer"},
		{"gpt2", LoRA{R: 1, Alpha: 1, ModulesToSave: []string{"lm_head"}}, "tied"},
	} {
		if _, err := NewAdapter(c[test.arch], test.lora, 1); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s, %+v: %v, want something with %q", test.arch, test.lora, err, test.want)
		}
	}
	a, err := NewAdapter(c["llama"], LoRA{R: 1, Alpha: 1, Targets: []string{"layers.1.self_attn.q_proj", "up_proj"}}, 1)
	if err != nil || len(a.Pairs) != 3 {
		t.Errorf("%d pairs, want 3; %v", len(a.Pairs), err)
	}
}

// TestLoadAdapterIsStrict damages an adapter's folder in every way and wants
// an error that names what is wrong.
func TestLoadAdapterIsStrict(t *testing.T) {
	edit := func(old, new string) func(string, *Adapter) error {
		return func(dir string, _ *Adapter) error {
			path := filepath.Join(dir, AdapterConfigFile)
			b, err := os.ReadFile(path)
			if err == nil && !strings.Contains(string(b), old) {
				err = errors.New("nothing to replace in " + string(b))
			}
			if err != nil {
				return err
			}
			return os.WriteFile(path, []byte(strings.Replace(string(b), old, new, 1)), 0o600)
		}
	}
	weights := func(change func([]Tensor) []Tensor) func(string, *Adapter) error {
		return func(dir string, a *Adapter) error {
			return WriteTensors(filepath.Join(dir, AdapterWeightsFile), change(a.Tensors()))
		}
	}
	const first = `"base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"`
	for _, test := range []struct {
		name, want string
		is         error
		damage     func(dir string, a *Adapter) error
	}{
		{"no config", "adapter_config.json is not there", ErrNoAdapter, func(dir string, _ *Adapter) error { return os.Remove(filepath.Join(dir, AdapterConfigFile)) }},
		{"no weights", "adapter_model.safetensors", os.ErrNotExist, func(dir string, _ *Adapter) error { return os.Remove(filepath.Join(dir, AdapterWeightsFile)) }},
		{"empty", "empty", nil, weights(func([]Tensor) []Tensor { return nil })},
		{"partial", first + " is missing", nil, weights(func(all []Tensor) []Tensor { return all[1:] })},
		{"extra", `"more" does not belong`, nil, weights(func(all []Tensor) []Tensor {
			return append(all, Tensor{TensorShape: TensorShape{"more", []int{1}}, Data: []float32{1}})
		})},
		{"another shape", first + " has shape [2 6]", nil, weights(func(all []Tensor) []Tensor {
			all[0].Shape, all[0].Data = []int{2, 6}, all[0].Data[:12]
			return all
		})},
		{"another rank", "has shape", nil, edit(`"r": 2`, `"r": 3`)},
		{"more targets", "k_proj.lora_A.weight\" is missing", nil, edit(`"q_proj"`, `"q_proj", "k_proj"`)},
		{"not a number", first + ": element 3 is NaN", nil, weights(func(all []Tensor) []Tensor {
			all[0].Data = slices.Clone(all[0].Data)
			all[0].Data[3] = float32(math.NaN())
			return all
		})},
		{"another method", "peft_type", ErrUnsupported, edit(`"LORA"`, `"LOHA"`)},
		{"another task", "task_type", ErrUnsupported, edit(`"CAUSAL_LM"`, `"SEQ_CLS"`)},
		{"biases", "bias", ErrUnsupported, edit(`"none"`, `"all"`)},
		{"ranks by layer", "rank_pattern", ErrUnsupported, edit(`"r": 2`, `"r": 2, "rank_pattern": {"q_proj": 4}`)},
		{"some layers", "layers_to_transform", ErrUnsupported, edit(`"r": 2`, `"r": 2, "layers_to_transform": [0]`)},
		{"changed base", "pissa", ErrUnsupported, edit(`"init_lora_weights": true`, `"init_lora_weights": "pissa_niter_4"`)},
		{"another layout", "fan_in_fan_out", nil, edit(`"fan_in_fan_out": false`, `"fan_in_fan_out": true`)},
		{"no such module", `"c_attn"`, nil, edit(`"q_proj"`, `"c_attn"`)},
		{"no targets", "target_modules", nil, edit(`"q_proj"`, ``)},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, err := New(smallConfig(true), 5)
			if err != nil {
				t.Fatal(err)
			}
			a := trainedAdapter(t, m, LoRA{R: 2, Alpha: 4, Targets: []string{"q_proj"}})
			dir := t.TempDir()
			if err := a.Save(dir, ""); err != nil {
				t.Fatal(err)
			}
			if err := test.damage(dir, a); err != nil {
				t.Fatal(err)
			}
			_, err = LoadAdapter(dir, m.Config)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("LoadAdapter says %v, want something with %q", err, test.want)
			}
			if test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("LoadAdapter says %v, want it to be %v", err, test.is)
			}
		})
	}
}

// TestAdapterTiedHead refuses files whose head and embedding differ, which
// PEFT unties.
func TestAdapterTiedHead(t *testing.T) {
	m, err := New(smallConfig(true), 5)
	if err != nil {
		t.Fatal(err)
	}
	a := trainedAdapter(t, m, LoRA{R: 2, Alpha: 4, Targets: []string{"q_proj"}, ModulesToSave: []string{"embed_tokens"}})
	dir := t.TempDir()
	if err := a.Save(dir, ""); err != nil {
		t.Fatal(err)
	}
	head := slices.Clone(a.SavedTensor(EmbedName).Data)
	head[0]++
	all := append(a.Tensors(), Tensor{TensorShape: TensorShape{"base_model.model.lm_head.weight", []int{30, 12}}, Data: head})
	if err := WriteTensors(filepath.Join(dir, AdapterWeightsFile), all); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadAdapter(dir, m.Config); !errors.Is(err, ErrUnsupported) {
		t.Errorf("LoadAdapter says %v", err)
	}
}

// TestPattern reads target_modules as a regular expression.
func TestPattern(t *testing.T) {
	linear, all := smallConfig(true).modules()
	for pattern, want := range map[string][]string{
		`"all-linear"`:        {AllLinear},
		`".*0.*\\.[qv]_proj"`: {"model.layers.0.self_attn.q_proj", "model.layers.0.self_attn.v_proj"},
		`["a", "b"]`:          {"a", "b"},
		`null`:                nil,
	} {
		var n names
		if err := json.Unmarshal([]byte(pattern), &n); err != nil {
			t.Fatal(err)
		}
		if got, err := n.resolve(linear); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s is %v, want %v; %v", pattern, got, want, err)
		}
	}
	if _, err := (names{pattern: "q"}).resolve(all); err == nil {
		t.Error("a pattern that matches nothing is no error")
	}
}

// TestBesideMergedReloaded compares the loss of an adapter beside its base
// with that of the merged model, and of both read back.
func TestBesideMergedReloaded(t *testing.T) {
	for name, c := range archConfigs() {
		norm := map[bool]string{true: "ln_1", false: "input_layernorm"}[c.ModelType == "gpt2"]
		for _, l := range []LoRA{{R: 3, Alpha: 2, RankStabilized: true}, {R: 2, Alpha: 3, DoRA: true, ModulesToSave: []string{norm}}} {
			m, err := New(c, 5)
			if err != nil {
				t.Fatal(err)
			}
			roughen(m, 2)
			a := trainedAdapter(t, m, l)
			beside := lossOf(t, m, a)
			dir := t.TempDir()
			if err := a.Save(dir, ""); err != nil {
				t.Fatal(err)
			}
			again, err := LoadAdapter(dir, m.Config)
			if err != nil {
				t.Fatal(err)
			}
			if got := lossOf(t, m, again); got != beside {
				t.Errorf("%s: loss %.7f, with the adapter read back %.7f", name, beside, got)
			}
			plain := lossOf(t, m, nil)
			again.Merge(m, 1)
			merged := lossOf(t, m, nil)
			if math.Abs(beside-merged) > 1e-4*math.Abs(beside) || math.Abs(plain-merged) < 1e-2 {
				t.Errorf("%s: loss %.6f beside the weights, %.6f merged, %.6f without", name, beside, merged, plain)
			}
			forward := func(m *Model) ([]float32, error) { return []float32{float32(lossOf(t, m, nil))}, nil }
			if err := m.VerifySaved(saved(t, m), forward); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func FuzzAdapterConfig(f *testing.F) {
	f.Add([]byte(`{"peft_type": "LORA", "r": 2, "target_modules": ["q_proj"], "modules_to_save": "norm"}`))
	f.Add([]byte(`{"peft_type": "LORA", "target_modules": "all-linear", "exclude_modules": null, "rank_pattern": {}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := readLoRA(b, smallConfig(false))
		if err == nil {
			_, _ = emptyAdapter(smallConfig(false), l) // must not panic
		}
	})
}
