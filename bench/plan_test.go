package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"adapt/pretrain"
)

func TestShapeOf(t *testing.T) {
	for _, test := range []struct {
		family string
		params float64
		width  int
	}{
		{"llama", 70e9, 8192}, {"llama", 8e9, 4096}, {"llama", 1.1e9, 2048}, {"llama", 135e6, 576}, {"llama", 405e9, 16384},
		{"gpt2", 124e6, 768}, {"gpt2", 350e6, 1024}, {"gpt2", 1.3e9, 2048}, {"gpt2", 175e9, 12288},
	} {
		c, err := shapeOf(test.family, test.params)
		if err != nil {
			t.Errorf("%s of %g: %v", test.family, test.params, err)
			continue
		}
		if off := math.Abs(float64(c.Params())/test.params - 1); c.Hidden != test.width || off > 0.06 {
			t.Errorf("%s of %g has width %d and %d weights", test.family, test.params, c.Hidden, c.Params())
		}
	}
	for _, bad := range []float64{0, -1, 1e30, math.NaN(), math.Inf(1)} {
		if _, err := shapeOf("llama", bad); err == nil {
			t.Errorf("%g weights are no error", bad)
		}
	}
	if _, err := shapeOf("rnn", 1e9); err == nil {
		t.Error("an unknown family is no error")
	}
}

// TestSolve gives steps whose parts are known.
func TestSolve(t *testing.T) {
	w := Workload{Config: gpt2Small(), Sequences: 4, Length: 256}
	works := []Workload{w.small(1, 1024), w.small(4, 1024), w.small(1, 32768)}
	var took [3]float64
	for i, s := range works {
		layers, head := s.flops()
		took[i] = layers/2e11 + head/3e11 + 0.01
	}
	c := solve(works, took)
	if math.Abs(c.layers/2e11-1) > 1e-9 || math.Abs(c.head/3e11-1) > 1e-9 || math.Abs(c.rest-0.01) > 1e-9 {
		t.Errorf("calibration is %+v", c)
	}
	layers, head := w.flops()
	if got, want := c.seconds(w), layers/2e11+head/3e11+0.01; math.Abs(got-want) > 1e-9 {
		t.Errorf("a step takes %g, want %g", got, want)
	}
}

func TestSmallKeepsWithinBounds(t *testing.T) {
	for _, w := range []Workload{
		{Config: gpt3XL(), Sequences: 4, Length: 256},
		{Config: llama(80, 8192, 64, 8, 28672, 128256, false), Sequences: 4, Length: 256, Rank: 16, Stored: "nf4"},
	} {
		s := w.small(4, calibrationHead)
		n, err := s.needs()
		if err != nil || n.Total() > calibrationBytes {
			t.Errorf("width %d needs %g bytes, %v", s.Config.Hidden, n.Total(), err)
		}
		if err := s.Config.Validate(); err != nil || s.Config.Dim() != w.Config.Dim() {
			t.Errorf("narrowed to %+v: %v", s.Config, err)
		}
	}
}

func TestPlan(t *testing.T) {
	var out, log bytes.Buffer
	args := []string{"bench", "plan", "--params", "70e9", "--memory", "24GB", "--rate", "400", "--disk", "0.01", "--json"}
	if err := execute(context.Background(), &out, &log, args...); err != nil {
		t.Fatal(err)
	}
	var list []Figure
	if err := json.Unmarshal(out.Bytes(), &list); err != nil {
		t.Fatal(err)
	}
	by := map[string]Figure{}
	for _, f := range list {
		by[f.Name] = f
	}
	c, err := shapeOf("llama", 70e9)
	if err != nil {
		t.Fatal(err)
	}
	params := float64(c.Params())
	for name, want := range map[string]float64{
		"full weights in float32": 4 * params / 1e9, "full gradients": 4 * params / 1e9, "full optimizer": 8 * params / 1e9,
	} {
		if got := by[name].Figure; math.Abs(got/want-1) > 1e-9 {
			t.Errorf("%s: %g GB, want %g", name, got, want)
		}
	}
	// Each row of q, k, v, o and the MLP in about half a byte, embeddings in two.
	if got := by["qlora weights in nf4"].Figure; got < 0.5*params/1e9 || got > 0.6*params/1e9 {
		t.Errorf("QLoRA keeps %g GB", got)
	}
	w := Workload{Config: c, Sequences: 4, Length: 256}
	layers, head := w.flops()
	if got, want := by["full time a step"].Figure, (layers+head)/400e9; math.Abs(got/want-1) > 1e-9 {
		t.Errorf("a step takes %g s, want %g", got, want)
	}
	if got, want := by["qlora time a step, streamed"].Figure, 2*by["qlora weights in nf4"].Figure/0.01; math.Abs(got/want-1) > 1e-9 {
		t.Errorf("a streamed step takes %g s, want %g", got, want)
	}
	if f := by["qlora total, checkpointing, streamed"]; f.Ratio == nil || math.Abs(*f.Ratio-f.Figure/24) > 1e-9 || *f.Ratio > 1 {
		t.Errorf("streamed %+v", f)
	}
	if by["full total"].Figure < 1000 || !strings.Contains(log.String(), "What fits into 24 GB: ") || strings.Contains(log.String(), "full total") {
		t.Errorf("full takes %g GB; verdict %q", by["full total"].Figure, log.String())
	}
}

func TestPlanOfFolder(t *testing.T) {
	dir := t.TempDir()
	b, err := json.Marshal(tiny(pretrain.Starter()))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	var out, log bytes.Buffer
	args := []string{"bench", "plan", dir, "--method", "lora", "--base", "int8", "--tokens", "16", "--length", "8", "--threads", "1", "--quick", "--memory", "1GB"}
	if err := execute(context.Background(), &out, &log, args...); err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	for _, part := range []string{"lora weights in int8", "2×8", "weights of type llama: 2 layers of width 16", "What fits into 1 GB: lora total"} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("no %q in\n%s", part, out.String())
		}
	}
}

func TestPlanRefuses(t *testing.T) {
	for name, args := range map[string][]string{
		"give a model's folder": {}, "neither llama": {"--params", "1e9", "--shape", "cnn"},
		"none of full":     {"--params", "1e9", "--method", "prune"},
		"want float32":     {"--params", "1e9", "--method", "lora", "--base", "int3"},
		"rank 0":           {"--params", "1e9", "--method", "lora", "--rank", "0"},
		"not of the form":  {"--params", "1e9", "--memory", "lots"},
		"neither float32":  {"--params", "1e9", "--precision", "fp8"},
		"must be positive": {"--params", "1e9", "--disk", "0"},
		"sequences of -1":  {"--params", "1e9", "--length", "-1"},
		"want from 1 to":   {"--params", "1e9", "--tokens", "0"},
		"want one of them": {"folder", "--params", "1e9"},
		"config.json":      {filepath.Join(t.TempDir(), "nothing")},
	} {
		err := execute(context.Background(), &bytes.Buffer{}, &bytes.Buffer{}, append([]string{"bench", "plan", "--rate", "1"}, args...)...)
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v: error %v does not say %q", args, err, name)
		}
	}
}

func TestParseBytes(t *testing.T) {
	for text, want := range map[string]float64{"24GB": 24e9, "1.5 GiB": 1.5 * (1 << 30), "500MB": 5e8, "1024": 1024, "2TB": 2e12} {
		if got, err := parseBytes(text); err != nil || got != want {
			t.Errorf("%q is %g, %v", text, got, err)
		}
	}
	for _, bad := range []string{"", "GB", "-1GB", "NaN", "Inf", "0"} {
		if v, err := parseBytes(bad); err == nil {
			t.Errorf("%q is %g", bad, v)
		}
	}
}

// TestCheckOnTinyShapes compares an estimate with a step in another process.
func TestCheckOnTinyShapes(t *testing.T) {
	w := Workload{Config: tiny(gpt2Small()), Sequences: 2, Length: 8}
	lora := w
	lora.Rank, lora.Stored = 2, "bf16"
	figures, err := check(context.Background(), Options{Quick: true, Threads: 1}, []named{{"tiny full", w}, {"tiny LoRA", lora}})
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(figures); i += 2 {
		f, off := figures[i], figures[i+1]
		if f.Ratio == nil || off.Target == nil || math.Abs(off.Figure-math.Abs(*f.Ratio-1)) > 1e-12 || *off.OK != (off.Figure <= checkTarget) {
			t.Errorf("%+v is off by %+v", f, off)
		}
	}
}

// TestStreamedIsBounded adds layers, which must only add what is trained.
func TestStreamedIsBounded(t *testing.T) {
	w := Workload{Config: llama(20, 1024, 16, 16, 4096, 32000, false), Sequences: 1, Length: 256, Rank: 4, Stored: "nf4", Checkpointing: true}
	deep := w
	deep.Config.Layers *= 4
	a, err := w.streamed()
	if err != nil {
		t.Fatal(err)
	}
	b, err := deep.streamed()
	if err != nil {
		t.Fatal(err)
	}
	trained := 16 * float64(deep.adapter()-w.adapter())
	inputs := 4.0 * 256 * 1024 * 60
	if math.Abs(b-a-trained-inputs) > 1e6 { // and the low-rank products
		t.Errorf("60 layers more take %g bytes, want %g", b-a, trained+inputs)
	}
}
