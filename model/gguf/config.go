package gguf

import (
	"fmt"
	"math"
	"strconv"

	"adapt/model"
)

// ropeFreqs is the tensor by which Llama 3's files divide frequencies.
const ropeFreqs = "rope_freqs.weight"

// entries describes a model as metadata.
func entries(c model.Config, kind Type) ([]entry, error) {
	arch := architecture(c.ModelType)
	if c.LayerNorm() && c.Activation() != "gelu_tanh" {
		return nil, fmt.Errorf("llama.cpp computes the activation of %s as gelu_new, not %s", arch, c.HiddenAct)
	}
	positions := c.MaxPositions
	if w := c.Window(); w != 0 && w < positions {
		positions = w // llama.cpp has no window for these, and needs none up to its length
	}
	key := func(name string) string { return arch + "." + name }
	all := []entry{
		{"general.architecture", arch},
		{"general.type", "model"},
		{"general.alignment", uint32(alignment)},
		{"general.file_type", fileTypes[kind]},
		{"general.quantization_version", uint32(2)},
		{key("vocab_size"), uint32(c.VocabSize)},
		{key("context_length"), uint32(positions)},
		{key("embedding_length"), uint32(c.Hidden)},
		{key("block_count"), uint32(c.Layers)},
		{key("feed_forward_length"), uint32(c.Intermediate)},
		{key("attention.head_count"), uint32(c.Heads)},
		{key("attention.head_count_kv"), uint32(c.KVHeads)},
	}
	if c.LayerNorm() {
		return append(all, entry{key("attention.layer_norm_epsilon"), float32(c.NormEps)}), nil
	}
	all = append(all,
		entry{key("attention.layer_norm_rms_epsilon"), float32(c.NormEps)},
		entry{key("attention.key_length"), uint32(c.Dim())},
		entry{key("attention.value_length"), uint32(c.Dim())},
		entry{key("rope.dimension_count"), uint32(c.Dim())},
		entry{key("rope.freq_base"), float32(c.RopeTheta)},
	)
	switch s := c.RopeScaling; {
	case s == nil:
	case s.Type == "linear":
		all = append(all, entry{key("rope.scaling.type"), "linear"}, entry{key("rope.scaling.factor"), float32(s.Factor)})
	case arch != "llama":
		return nil, fmt.Errorf("llama.cpp has no rope_scaling of type %s for %s", s.Type, arch)
	}
	return all, nil
}

// fileTypes is general.file_type.
var fileTypes = map[Type]uint32{F32: 0, F16: 1, Q8_0: 7, BF16: 32}

// freqs returns by what the frequencies are divided, [Dim/2]; nil for nothing.
func freqs(c model.Config) []float32 {
	s := c.RopeScaling
	if s == nil || s.Type != "llama3" {
		return nil
	}
	div := make([]float32, c.Dim()/2)
	for i := range div {
		f := math.Pow(c.RopeTheta, -2*float64(i)/float64(c.Dim()))
		div[i] = float32(f / s.Frequency(f))
	}
	return div
}

// scaling finds the scaling that gives these divisors: of all models, Llama 3's
// factors differ alone.
func scaling(c model.Config, div []float32) (*model.RopeScaling, error) {
	largest := float32(1)
	for _, d := range div {
		if !(d >= 1 && d < 1e6) {
			return nil, fmt.Errorf("tensor %q divides a frequency by %g", ropeFreqs, d)
		}
		largest = max(largest, d)
	}
	if largest == 1 {
		return nil, nil
	}
	s := &model.RopeScaling{Type: "llama3", Factor: float64(largest), LowFreq: 1, HighFreq: 4, Original: 8192}
	c.RopeScaling = s
	for i, want := range freqs(c) {
		if math.Abs(float64(want-div[i])) > 1e-3*float64(want) {
			return nil, fmt.Errorf("%w: tensor %q scales positions otherwise than Llama 3 does", model.ErrUnsupported, ropeFreqs)
		}
	}
	return s, nil
}

// reader reads the metadata of an architecture, keeping the first error.
type reader struct {
	g    *File
	arch string
	err  error
}

func (r *reader) int(name string, missing int) int {
	v, ok := r.g.Meta[r.arch+"."+name]
	if !ok {
		return missing
	}
	if same, ok := v.([]int64); ok && len(same) > 0 { // one for each layer
		v = same[0]
		for _, n := range same {
			if n != same[0] {
				v = nil
			}
		}
	}
	n, ok := v.(int64)
	if (!ok || n < 0 || n > math.MaxInt32) && r.err == nil {
		r.err = fmt.Errorf("metadata %s.%s is %v, want one number", r.arch, name, v)
	}
	return int(n)
}

func (r *reader) float(name string, missing float64) float64 {
	v, ok := r.g.Meta[r.arch+"."+name]
	if !ok {
		return missing
	}
	f, ok := v.(float64)
	if !ok && r.err == nil {
		r.err = fmt.Errorf("metadata %s.%s is %v, want a number", r.arch, name, v)
	}
	// The shortest decimal fraction: 1e-5, not 9.99999974737875e-06.
	f, _ = strconv.ParseFloat(strconv.FormatFloat(f, 'g', -1, 32), 64)
	return f
}

func (r *reader) text(name string) string {
	s, _ := r.g.Meta[r.arch+"."+name].(string)
	return s
}

// config returns the configuration of the model in a file.
func (g *File) config() (model.Config, error) {
	arch, _ := g.Meta["general.architecture"].(string)
	r := &reader{g: g, arch: arch}
	c := model.Config{
		ModelType: arch, MaxPositions: r.int("context_length", 0), Hidden: r.int("embedding_length", 0),
		Layers: r.int("block_count", 0), Intermediate: r.int("feed_forward_length", 0), Heads: r.int("attention.head_count", 0),
		TieEmbeddings: g.Tensor("output.weight") == nil,
	}
	c.KVHeads = r.int("attention.head_count_kv", c.Heads)
	if t := g.Tensor("token_embd.weight"); t != nil && len(t.Shape) == 2 {
		c.VocabSize = t.Shape[0]
	}
	switch arch {
	case "llama", "qwen2":
		c.HiddenAct = "silu"
		c.NormEps, c.RopeTheta = r.float("attention.layer_norm_rms_epsilon", 1e-5), r.float("rope.freq_base", 10000)
		c.HeadDim = r.int("attention.key_length", 0)
		if c.HeadDim != 0 && c.HeadDim*c.Heads == c.Hidden {
			c.HeadDim = 0
		}
		c.AttentionBias = g.Tensor("blk.0.attn_q.bias") != nil && arch == "llama"
		c.MLPBias = g.Tensor("blk.0.ffn_up.bias") != nil
		r.rotary(&c)
	case "gpt2":
		c.HiddenAct, c.NormEps = "gelu_new", r.float("attention.layer_norm_epsilon", 1e-5)
	default:
		return c, fmt.Errorf("%w: general.architecture is %q, want llama, qwen2 or gpt2", model.ErrUnsupported, arch)
	}
	if w := r.int("attention.sliding_window", 0); w != 0 {
		c.SlidingWindow = w
		if arch == "llama" {
			c.ModelType = "mistral"
		}
	}
	if r.err != nil {
		return c, r.err
	}
	return c, c.Validate()
}

// rotary reads how positions rotate.
func (r *reader) rotary(c *model.Config) {
	fail := func(err error) {
		if r.err == nil {
			r.err = err
		}
	}
	if n := r.int("expert_count", 0); n != 0 {
		fail(fmt.Errorf("%w: a mixture of %d experts", model.ErrUnsupported, n))
	}
	if c.Heads > 0 {
		if n := r.int("rope.dimension_count", c.Dim()); n != c.Dim() {
			fail(fmt.Errorf("%w: %d of %d dimensions of a head are rotated", model.ErrUnsupported, n, c.Dim()))
		}
	}
	switch kind := r.text("rope.scaling.type"); kind {
	case "", "none":
	case "linear":
		c.RopeScaling = &model.RopeScaling{Type: "linear", Factor: r.float("rope.scaling.factor", 1)}
	default:
		fail(fmt.Errorf("%w: rope.scaling.type is %q", model.ErrUnsupported, kind))
	}
	t := r.g.Tensor(ropeFreqs)
	if t == nil || r.err != nil || c.Heads <= 0 {
		return
	}
	if len(t.Shape) != 1 || t.Shape[0] != c.Dim()/2 {
		fail(fmt.Errorf("tensor %q has shape %v, want [%d]", ropeFreqs, t.Shape, c.Dim()/2))
		return
	}
	div := make([]float32, t.Shape[0])
	if err := r.g.Read(t, div); err != nil {
		fail(err)
		return
	}
	s, err := scaling(*c, div)
	if err != nil {
		fail(err)
	}
	if s != nil {
		c.RopeScaling = s
	}
}
