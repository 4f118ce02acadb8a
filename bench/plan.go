package bench

import (
	"context"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"

	"adapt/model"

	"github.com/spf13/cobra"
)

// A Plan asks what training a model would take.
type Plan struct {
	Config        model.Config
	Methods       []string // of full, lora, qlora
	Rank          int      // of LoRA
	Tokens        int      // of a step
	Length        int      // of each sequence
	Precision     string   // of the products: "float32" or "bf16"
	Base          string   // how LoRA's frozen weights are kept; qlora has nf4
	Checkpointing bool     // in the time of a step
	Memory        float64  // bytes of the machine; 0: not known
	Rate          float64  // GFLOP/s of a step; 0: measured
	Disk          float64  // GB/s at which streamed weights are read
}

// workload returns the step of a method.
func (p Plan) workload(method string) (Workload, error) {
	length := min(p.Length, p.Tokens, p.Config.MaxPositions)
	if length < 1 {
		return Workload{}, fmt.Errorf("steps of %d tokens in sequences of %d", p.Tokens, p.Length)
	}
	w := Workload{
		Config: p.Config, Sequences: max(p.Tokens/length, 1), Length: length,
		Checkpointing: p.Checkpointing, Precision: p.Precision,
	}
	switch method {
	case "full":
	case "lora":
		w.Rank, w.Stored = p.Rank, p.Base
	case "qlora":
		w.Rank, w.Stored = p.Rank, "nf4"
	default:
		return w, fmt.Errorf("method %q is none of full, lora, qlora", method)
	}
	if method != "full" && w.Rank < 1 {
		return w, fmt.Errorf("LoRA of rank %d", w.Rank)
	}
	_, err := storedKind(w.Stored)
	return w, err
}

// figures estimates each method and says in a sentence what fits.
func (p Plan) figures(ctx context.Context, o Options) ([]Figure, string, error) {
	var figures []Figure
	var fits []string
	for _, method := range p.Methods {
		w, err := p.workload(method)
		if err != nil {
			return nil, "", err
		}
		list, ways, err := p.memory(method, w)
		if err != nil {
			return nil, "", err
		}
		figures, fits = append(figures, list...), append(fits, ways...)
		seconds, err := p.seconds(ctx, o, w)
		if err != nil {
			return nil, "", err
		}
		shape := fmt.Sprintf("%d×%d", w.Sequences, w.Length)
		figures = append(figures, Figure{Name: method + " time a step", Shape: shape, Figure: seconds, Unit: "s"})
		if w.Rank > 0 {
			weights, err := w.weights()
			if err != nil {
				return nil, "", err
			}
			// Forward and backward read the weights once each, while others are used.
			figures = append(figures, Figure{
				Name: method + " time a step, streamed", Shape: shape, Figure: math.Max(seconds, 2*weights/p.Disk/1e9), Unit: "s",
			})
		}
	}
	return figures, p.verdict(fits), nil
}

func (p Plan) verdict(fits []string) string {
	switch {
	case p.Memory == 0:
		return "How much memory the machine has is not known; give --memory."
	case len(fits) == 0:
		return fmt.Sprintf("Nothing of this fits into %s GB.", number(p.Memory/1e9))
	}
	return fmt.Sprintf("What fits into %s GB: %s.", number(p.Memory/1e9), strings.Join(fits, "; "))
}

// memory lists what a method needs, and which ways of running it fit.
func (p Plan) memory(method string, w Workload) (figures []Figure, fits []string, err error) {
	keep, again := w, w
	keep.Checkpointing, again.Checkpointing = false, true
	n, err := keep.needs()
	if err != nil {
		return nil, nil, err
	}
	shape := fmt.Sprintf("%d×%d", w.Sequences, w.Length)
	add := func(name string, bytes float64, bounded bool) {
		f := Figure{Name: method + " " + name, Shape: shape, Figure: bytes / 1e9, Unit: "GB"}
		if bounded && p.Memory > 0 {
			if f = f.of(p.Memory / 1e9); *f.Ratio <= 1 {
				fits = append(fits, f.Name)
			}
		}
		figures = append(figures, f)
	}
	kept := w.Stored
	if kept == "" {
		kept = "float32"
	}
	add("weights in "+kept, n.Weights, false)
	if w.Rank > 0 {
		add(fmt.Sprint("adapter of rank ", w.Rank), n.Adapter, false)
	}
	add("gradients", n.Gradients, false)
	add("optimizer", n.Moments, false)
	add("activations", n.Activations, false)
	add("activations, checkpointing", again.activations(), false)
	for _, way := range []struct {
		name string
		of   func() (float64, error)
		only bool
	}{
		{"total", keep.memory, true},
		{"total, checkpointing", again.memory, true},
		{"total, checkpointing, streamed", again.streamed, w.Rank > 0},
	} {
		if !way.only {
			continue
		}
		bytes, err := way.of()
		if err != nil {
			return nil, nil, err
		}
		add(way.name, bytes, true)
	}
	return figures, fits, nil
}

func (p Plan) seconds(ctx context.Context, o Options, w Workload) (float64, error) {
	if p.Rate > 0 {
		layers, head := w.flops()
		return (layers + head) / p.Rate / 1e9, nil
	}
	c, err := calibrate(ctx, o, w)
	return c.seconds(w), err
}

// parseBytes reads 24GB, 16GiB, 500MB or a number of bytes.
func parseBytes(s string) (float64, error) {
	text, unit := strings.TrimSpace(s), 1.0
	for _, u := range []struct {
		name  string
		bytes float64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}} {
		if rest, ok := strings.CutSuffix(text, u.name); ok {
			text, unit = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v > 0) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("memory %q is not of the form 24GB, 16GiB or 500MB", s)
	}
	return v * unit, nil
}

// machineMemory returns the machine's memory in bytes, 0 if it is not known.
func machineMemory() float64 {
	b, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	n, err := statusBytes(b, "MemTotal")
	if err != nil {
		return 0
	}
	return float64(n)
}

const planLong = `Plan estimates what training a model takes: weights, gradients, the optimizer's
moments and activations, kept or computed again (checkpointing), for full
fine-tuning, LoRA over frozen weights, and QLoRA over weights in 4 bits; and the
time of a step.

The model is a folder with a config.json, or a number of weights: then it has the
published shape of the family that is nearest, with as many layers as the number
takes. The size of weights in a form of storage is that of their file too.
Streamed means that frozen weights are read from a mapped file layer by layer and
are never all in memory.

The time comes from three steps of small models of the same width (narrower where
that would take more than 2.5 GB), run now, or from --rate. Streamed weights are
read twice a step, at --disk, which is assumed and not measured.

Plan --check runs steps of GPT-2 124M and 350M (full) and of a 1.3B model (LoRA
over bf16) and prints estimates beside what was measured. It takes 8 GB and some
minutes.`

// planCommand is `adapt bench plan`.
func planCommand(o *Options, asJSON *bool) *cobra.Command {
	p := Plan{}
	var params float64
	var shape, method, memory string
	var check bool
	cmd := &cobra.Command{
		Use:   "plan [FOLDER]",
		Short: "What training a model of any size would take",
		Long:  planLong,
		Example: `  adapt bench plan --params 70e9
  adapt bench plan ./my-model --method qlora --memory 24GB
  adapt bench plan --params 1.3e9 --shape gpt2 --method lora --base bf16
  adapt bench plan --check`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Log = cmd.ErrOrStderr()
			if check {
				list, err := Check(cmd.Context(), *o)
				if err != nil {
					return fmt.Errorf("bench: %w", err)
				}
				return show(cmd, *asJSON, list, "", Verdict(list))
			}
			err := p.complete(args, params, shape, method, memory)
			if err != nil {
				return fmt.Errorf("bench: plan: %w", err)
			}
			list, verdict, err := p.figures(cmd.Context(), *o)
			if err != nil {
				return fmt.Errorf("bench: plan: %w", err)
			}
			return show(cmd, *asJSON, list, p.describe(), verdict)
		},
	}
	f := cmd.Flags()
	f.Float64Var(&params, "params", 0, "number of weights, such as 70e9")
	f.StringVar(&shape, "shape", "llama", "family of the shape: llama or gpt2")
	f.StringVar(&method, "method", "all", "full, lora, qlora or all")
	f.IntVar(&p.Rank, "rank", 16, "of LoRA, on all linear layers")
	f.IntVar(&p.Tokens, "tokens", 1024, "tokens in a step")
	f.IntVar(&p.Length, "length", 256, "tokens in a sequence")
	f.StringVar(&p.Precision, "precision", "float32", "of the products: float32 or bf16")
	f.StringVar(&p.Base, "base", "float32", "how LoRA keeps frozen weights: float32, bf16, int8 or nf4")
	f.BoolVar(&p.Checkpointing, "checkpointing", false, "count the time with checkpointing")
	f.StringVar(&memory, "memory", "", "of the machine, such as 24GB (default: this one's)")
	f.Float64Var(&p.Rate, "rate", 0, "GFLOP/s that a step reaches (default: measured now)")
	f.Float64Var(&p.Disk, "disk", 1, "GB/s at which streamed weights are read")
	f.BoolVar(&check, "check", false, "run steps of 124M, 350M and 1.3B and compare")
	return cmd
}

// complete makes the plan of the command's arguments.
func (p *Plan) complete(args []string, params float64, shape, method, memory string) (err error) {
	switch {
	case len(args) == 1 && params != 0:
		return fmt.Errorf("a folder and --params were given; want one of them")
	case len(args) == 1:
		p.Config, err = model.ReadConfig(args[0])
	case params == 0:
		return fmt.Errorf("give a model's folder, or --params, such as 70e9")
	default:
		p.Config, err = shapeOf(shape, params)
	}
	if err != nil {
		return err
	}
	if p.Precision != "float32" && p.Precision != "bf16" {
		return fmt.Errorf("precision %q is neither float32 nor bf16", p.Precision)
	}
	if !(p.Disk > 0) || p.Rate < 0 {
		return fmt.Errorf("--disk %g and --rate %g must be positive", p.Disk, p.Rate)
	}
	if p.Tokens < 1 || p.Tokens > 1<<24 {
		return fmt.Errorf("--tokens %d: want from 1 to %d", p.Tokens, 1<<24)
	}
	p.Methods = []string{method}
	if method == "all" {
		p.Methods = []string{"full", "lora", "qlora"}
	}
	if p.Memory = machineMemory(); memory != "" {
		p.Memory, err = parseBytes(memory)
	}
	return err
}

func (p Plan) describe() string {
	c := p.Config
	return fmt.Sprintf("%.3g weights of type %s: %d layers of width %d, %d heads (%d key-value), MLP %d, vocabulary %d.",
		float64(c.Params()), c.ModelType, c.Layers, c.Hidden, c.Heads, c.KVHeads, c.Intermediate, c.VocabSize)
}

// checkTarget is how far estimates may be off, as a share.
const checkTarget = 0.2

// Check runs steps and compares them with their estimates.
func Check(ctx context.Context, o Options) ([]Figure, error) {
	w := func(c model.Config) Workload { return Workload{Config: c, Sequences: 4, Length: 256} }
	frozen := w(gpt3XL())
	frozen.Rank, frozen.Stored = 16, "bf16"
	return check(ctx, o, []named{
		{"124M full", w(gpt2Small())}, {"350M full", w(gpt2Medium())}, {"1.3B LoRA over bf16", frozen},
	})
}

type named struct {
	name string
	Workload
}

func check(ctx context.Context, o Options, works []named) ([]Figure, error) {
	var figures []Figure
	for _, w := range works {
		c, err := calibrate(ctx, o, w.Workload)
		if err != nil {
			return nil, err
		}
		bytes, err := w.memory()
		if err != nil {
			return nil, err
		}
		o.logf("running %s", w.name)
		s, err := fresh(ctx, Run{Workload: w.Workload, Threads: o.threads(), Rounds: 3}, o.Log)
		if err != nil {
			return nil, err
		}
		seconds, _ := s.median()
		shape := fmt.Sprintf("%d×%d, %s", w.Sequences, w.Length, cores(o.threads()))
		compare := func(what, unit string, estimate, measured float64) {
			f := Figure{Name: w.name + " " + what + " estimated / measured", Shape: shape, Figure: estimate, Unit: unit}.of(measured)
			off := Figure{Name: w.name + " " + what + " off by", Shape: shape, Figure: math.Abs(*f.Ratio - 1), Unit: "share"}.atMost(checkTarget)
			figures = append(figures, f, off)
			o.logf("%s: %s %s, measured %s", f.Name, number(estimate), unit, number(measured))
		}
		compare("time", "s", c.seconds(w.Workload), seconds)
		if s.Peak > 0 {
			compare("memory", "MB", megabytes(bytes), megabytes(float64(s.Peak)))
		}
	}
	return figures, nil
}
