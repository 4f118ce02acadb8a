package bench

import (
	"bytes"
	"context"
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"

	"adapt/model"
	"adapt/pretrain"
)

// TestFLOPs counts a step of a tiny GPT-2 by hand.
func TestFLOPs(t *testing.T) {
	c := gpt2(2, 8, 2)
	c.VocabSize = 10
	w := Workload{Config: c, Sequences: 3, Length: 5}
	// A layer has 8·24 + 8·8 + 8·32 + 32·8 = 768 weights in linear layers.
	layers, head := w.flops()
	if want := 15.0 * (6*2*768 + 2*3*2*6*8); layers != want {
		t.Errorf("layers cost %g, want %g", layers, want)
	}
	if want := 15.0 * 6 * 80; head != want {
		t.Errorf("the head costs %g, want %g", head, want)
	}
	w.Rank = 4
	// A and B: 4·(32+16+40+40) weights a layer.
	if got := w.adapter(); got != 2*4*128 {
		t.Errorf("the adapter has %d weights", got)
	}
	layers, head = w.flops()
	if want := 15.0 * (4*2*768 + 6*1024 + 2*3*2*6*8); layers != want || head != 15*4*80 {
		t.Errorf("with LoRA %g and %g, want %g and %g", layers, head, want, 15.0*4*80)
	}
}

// TestFLOPsOfGPT2 compares with 6·N a token, as usual.
func TestFLOPsOfGPT2(t *testing.T) {
	w := Workload{Config: gpt2Small(), Sequences: 4, Length: 256}
	layers, head := w.flops()
	if ratio := (layers + head) / (6 * 124e6 * 1024); math.Abs(ratio-1.02) > 0.02 {
		t.Errorf("a step costs %.3f times 6·N·tokens", ratio)
	}
}

func TestNeeds(t *testing.T) {
	c := gpt2(1, 64, 2)
	c.VocabSize, c.MaxPositions = 100, 16
	w := Workload{Config: c, Sequences: 1, Length: 16}
	n, err := w.needs()
	if err != nil {
		t.Fatal(err)
	}
	params := float64(c.Params())
	// 2 norms' inputs, 3 of qkv, 1 of attention, 4 before the GELU, 2 heads; the
	// last norm's input; 16 rows of logits with input and gradients.
	activations := 4.0 * (16*(10*64+2) + 16*64 + max(16*(100+2*64)+2*16*64, 16*(2*64+8*64)))
	if n.Weights != 4*params || n.Gradients != 4*params || n.Moments != 8*params || n.Adapter != 0 || n.Activations != activations {
		t.Errorf("needs %+v with %g weights, want activations %g", n, params, activations)
	}
	w.Rank, w.Stored = 2, "bf16"
	linear := float64(64*192 + 64*64 + 2*64*256)
	n, err = w.needs()
	if err != nil || n.Weights != 4*params-2*(linear+6400) || n.Gradients != 4*float64(w.adapter()) {
		t.Errorf("with LoRA over bf16 %+v, %v", n, err)
	}
	w.Stored = "nf4"
	// Half a byte an element, a byte a block of 64, and 8 bytes for each group of
	// 256 blocks or for all.
	if n, err = w.needs(); err != nil || math.Abs((n.Weights-4*(params-linear)+2*6400)/linear-0.516) > 0.005 {
		t.Errorf("NF4 takes %g bytes an element, %v", (n.Weights-4*(params-linear)+2*6400)/linear, err)
	}
	w.Stored = "int3"
	if _, err := w.needs(); err == nil {
		t.Error("weights of 3 bits are no error")
	}
}

func TestCheckpointingNeedsLess(t *testing.T) {
	w := Workload{Config: gpt2Small(), Sequences: 4, Length: 256}
	all := w.activations()
	w.Checkpointing = true
	if some := w.activations(); some > all/2 {
		t.Errorf("activations of %g bytes became %g", all, some)
	}
}

func tiny(c model.Config) model.Config {
	c.Layers, c.Hidden, c.Intermediate, c.Heads, c.KVHeads, c.VocabSize, c.MaxPositions = 2, 16, 32, 2, 2, 64, 32
	return c
}

// TestTrainOnTinyShapes runs steps in other processes.
func TestTrainOnTinyShapes(t *testing.T) {
	log := &bytes.Buffer{}
	o := Options{Quick: true, Threads: 2, Log: log}
	figures, err := trainFigures(context.Background(), o, Workload{Config: tiny(gpt2Small()), Sequences: 2, Length: 8}, Workload{Config: tiny(pretrain.Starter()), Sequences: 2, Length: 8})
	if err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	by := map[string]Figure{}
	for _, f := range figures {
		by[f.Name] = f
		if f.Limit != nil && math.Abs(*f.Ratio - f.Figure / *f.Limit) > 1e-12 {
			t.Errorf("%+v", f)
		}
	}
	for _, name := range []string{"gpt2 step", "starter step", "gpt2 allocations", "gpt2 LoRA r=16 time / full"} {
		if f, ok := by[name]; !ok || f.OK == nil || f.Target == nil {
			t.Errorf("%s is %+v", name, f)
		}
	}
	if f := by["starter speed"]; !(f.Figure > 0) || f.Shape != "2×8, 2 cores" {
		t.Errorf("speed is %+v", f)
	}
	if runtime.GOOS == "linux" && by["gpt2 peak memory"].Figure < 5 {
		t.Errorf("a process had %g MB", by["gpt2 peak memory"].Figure)
	}
	// The machine's plan of the activations is near what the algorithm needs.
	if f := by["starter activations planned"]; *f.Ratio < 0.5 || *f.Ratio > 2 {
		t.Errorf("planned activations are %+v", f)
	}
}

func TestStepStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r := Run{Workload: Workload{Config: tiny(gpt2Small()), Sequences: 1, Length: 8}, Threads: 1, Rounds: 1}
	if _, err := fresh(ctx, r, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled measurement gives %v", err)
	}
	r.Workload.Config.Heads = 3
	log := &bytes.Buffer{}
	if _, err := fresh(context.Background(), r, log); err == nil || !strings.Contains(log.String(), "heads") {
		t.Errorf("an impossible shape gives %v, %s", err, log)
	}
}

func TestMedianStep(t *testing.T) {
	s := Steps{Seconds: []float64{2, 1, 4}, Limits: []float64{100, 100, 400}, Allocations: []float64{0, 7, 0}}
	if seconds, limit := s.median(); seconds != 2 || limit != 100 {
		t.Errorf("median step takes %g s at %g", seconds, limit)
	}
	if n := s.allocations(); n != 0 {
		t.Errorf("median of allocations is %g", n)
	}
}
