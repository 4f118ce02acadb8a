package bench

import (
	"context"
	"fmt"

	"adapt/pretrain"
)

// Targets of a training step.
const (
	stepTarget      = 0.60 // of the FMA limit, at GPT-2's shape
	starterTarget   = 0.45 // at the starter's
	memoryTarget    = 1.3  // times what the algorithm needs
	loraTimeTarget  = 0.75 // of full fine-tuning
	loraSpaceTarget = 0.45
)

// Train measures steps of training: GPT-2 124M's and the starter's shape, LoRA,
// checkpointing, bf16.
func Train(ctx context.Context, o Options) ([]Figure, error) {
	return trainFigures(ctx, o, Workload{Config: gpt2Small(), Sequences: 4, Length: 256}, Workload{Config: pretrain.Starter(), Sequences: 8, Length: 512})
}

func trainFigures(ctx context.Context, o Options, large, small Workload) ([]Figure, error) {
	b := &trainBench{ctx: ctx, o: o}
	full, err := b.workload("gpt2", large, stepTarget)
	if err != nil {
		return nil, err
	}
	if _, err := b.workload("starter", small, starterTarget); err != nil {
		return nil, err
	}
	lora := large
	lora.Rank = 16
	if err := b.beside("gpt2 LoRA r=16", "full", lora, full, loraTimeTarget, loraSpaceTarget); err != nil {
		return nil, err
	}
	stored := lora
	stored.Stored = "nf4"
	if err := b.beside("gpt2 QLoRA r=16", "full", stored, full, 0, 0); err != nil {
		return nil, err
	}
	again := large
	again.Checkpointing = true
	if err := b.beside("gpt2 checkpointing", "full", again, full, 0, 0); err != nil {
		return nil, err
	}
	rounded := large
	rounded.Precision = "bf16"
	if err := b.beside("gpt2 bf16", "float32", rounded, full, 0, 0); err != nil {
		return nil, err
	}
	return b.figures, nil
}

type trainBench struct {
	ctx     context.Context
	o       Options
	figures []Figure
}

func (b *trainBench) add(f Figure) {
	b.figures = append(b.figures, f)
	b.o.logf("%s %s: %s %s", f.Name, f.Shape, number(f.Figure), f.Unit)
}

func (b *trainBench) run(name string, w Workload) (Steps, error) {
	b.o.logf("%s: %d weights, %d × %d tokens", name, w.Config.Params(), w.Sequences, w.Length)
	return fresh(b.ctx, Run{Workload: w, Threads: b.o.threads(), Rounds: b.o.rounds()}, b.o.Log)
}

func (b *trainBench) shape(w Workload) string {
	return fmt.Sprintf("%d×%d, %s", w.Sequences, w.Length, cores(b.o.threads()))
}

// workload adds all figures of full fine-tuning.
func (b *trainBench) workload(name string, w Workload, target float64) (Steps, error) {
	s, err := b.run(name, w)
	if err != nil {
		return s, err
	}
	shape := b.shape(w)
	seconds, limit := s.median()
	layers, head := w.flops()
	b.add(Figure{Name: name + " step", Shape: shape, Figure: (layers + head) / seconds / 1e9, Unit: gflops}.of(limit).atLeast(target))
	b.add(Figure{Name: name + " speed", Shape: shape, Figure: float64(w.tokens()) / seconds, Unit: "tokens/s"})
	b.add(Figure{Name: name + " allocations", Shape: shape, Figure: s.allocations(), Unit: "a step"}.atMost(0))
	return s, b.memory(name, w, s)
}

// memory adds the peak and the planned activations beside what is needed.
func (b *trainBench) memory(name string, w Workload, s Steps) error {
	needs, err := w.needs()
	if err != nil {
		return err
	}
	if s.Peak > 0 {
		b.add(Figure{Name: name + " peak memory", Shape: b.shape(w), Figure: megabytes(float64(s.Peak)), Unit: "MB"}.of(megabytes(needs.Total())).atMost(memoryTarget))
	}
	b.add(Figure{Name: name + " activations planned", Shape: b.shape(w), Figure: megabytes(float64(s.Plan.Arena)), Unit: "MB"}.of(megabytes(needs.Activations)))
	return nil
}

// beside adds the time and the memory of a workload beside those of another.
func (b *trainBench) beside(name, other string, w Workload, of Steps, time, space float64) error {
	s, err := b.run(name, w)
	if err != nil {
		return err
	}
	seconds, _ := s.median()
	limit, _ := of.median()
	shape := b.shape(w)
	judge := func(f Figure, target float64) {
		if target > 0 {
			f = f.atMost(target)
		}
		b.add(f)
	}
	judge(Figure{Name: name + " time / " + other, Shape: shape, Figure: seconds, Unit: "s"}.of(limit), time)
	if s.Peak > 0 {
		judge(Figure{Name: name + " memory / " + other, Shape: shape, Figure: megabytes(float64(s.Peak)), Unit: "MB"}.of(megabytes(float64(of.Peak))), space)
	}
	return b.memory(name, w, s)
}

func megabytes(bytes float64) float64 { return bytes / 1e6 }
