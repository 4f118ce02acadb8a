package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"time"

	"adapt/model"
	"adapt/nn"
	"adapt/nn/kernel"
	"adapt/train"
)

// A Run asks for a number of steps of a workload.
type Run struct {
	Workload Workload
	Threads  int
	Rounds   int // steps that are measured
}

// Steps is what some steps came to.
type Steps struct {
	Seconds     []float64 // of each step
	Limits      []float64 // of arithmetic around each, in GFLOP/s
	Allocations []float64 // of each
	Peak        int64     // bytes of the process, the program itself included; 0: not known
	Plan        nn.Memory // what the graph's machine says that it needs
}

// warm is how many steps come before those that are measured: they meet page
// faults, and the optimizer makes its state.
const warm = 2

// median returns the step with the median speed beside its limit: how many
// seconds it took, and that limit.
func (s Steps) median() (seconds, limit float64) {
	var rounds []round
	for i := range s.Seconds {
		rounds = append(rounds, round{rate: 1 / s.Seconds[i], limit: s.Limits[i]})
	}
	r := median(rounds)
	return 1 / r.rate, r.limit
}

// allocations returns the median number of a step's allocations.
func (s Steps) allocations() float64 {
	var rounds []round
	for _, n := range s.Allocations {
		rounds = append(rounds, round{n, 1})
	}
	return median(rounds).rate
}

// measure trains a model with random weights on random tokens by package train.
func (r Run) measure(ctx context.Context) (Steps, error) {
	w := r.Workload
	m, err := w.model(r.Threads)
	if err != nil {
		return Steps{}, err
	}
	c := train.Config{
		Seed: 1, Steps: 1 << 30, LearningRate: 1e-5, WeightDecay: 0.1, Clip: 1, Threads: r.Threads,
		BatchTokens: w.tokens(), MaxTokens: w.Length, LoRA: w.lora(), KeepAdapter: w.Rank > 0, // a stored base can not be merged into
		Precision: w.Precision, Checkpointing: w.Checkpointing,
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// The weights may have been there in another form before.
	s := sampler{threads: r.Threads, rounds: r.Rounds, stop: cancel, peak: resetPeak() == nil}
	_, err = train.Fit(ctx, m, w.sequences(), nil, c, train.Options{Progress: s.step, Adapter: func(*model.Adapter) error { return nil }})
	if !s.done() {
		return Steps{}, err
	}
	s.steps.Plan, err = w.plan(m, r.Threads)
	return s.steps, err
}

// A sampler measures between one step and the next.
type sampler struct {
	threads, rounds int
	stop            func()
	steps           Steps
	peak            bool // whether the peak began with this measurement
	seen            int
	limit           float64
	allocations     uint64
	began           time.Time
	memory          runtime.MemStats // here, so that it is no allocation of the step
}

func (s *sampler) done() bool { return len(s.steps.Seconds) == s.rounds }

func (s *sampler) step(train.Progress) {
	took := time.Since(s.began)
	runtime.ReadMemStats(&s.memory)
	before := s.limit
	s.limit = kernel.PeakFMA(s.threads, 30*time.Millisecond)
	if s.seen++; s.seen > warm && !s.done() {
		s.steps.Seconds = append(s.steps.Seconds, took.Seconds())
		s.steps.Limits = append(s.steps.Limits, (before+s.limit)/2)
		s.steps.Allocations = append(s.steps.Allocations, float64(s.memory.Mallocs-s.allocations))
	}
	if s.done() {
		if s.peak {
			s.steps.Peak, _ = peakMemory() // 0 where it is not known
		}
		s.stop()
	}
	runtime.ReadMemStats(&s.memory)
	s.allocations, s.began = s.memory.Mallocs, time.Now()
}

// model returns random weights, the frozen ones stored as w says.
func (w Workload) model(threads int) (*model.Model, error) {
	m, err := model.New(w.Config, 1)
	if err != nil {
		return nil, err
	}
	kind, err := storedKind(w.Stored)
	if err != nil {
		return nil, err
	}
	kinds := w.kinds(kind)
	for i := range m.Tensors {
		t := &m.Tensors[i]
		kind, ok := kinds[t.Name]
		if !ok {
			continue
		}
		if t.Stored, err = kernel.QuantizeMatrix(threads, kind, t.Shape[0], t.Shape[1], t.Data); err != nil {
			return nil, fmt.Errorf("%s: %w", t.Name, err)
		}
		t.Data = nil
	}
	return m, nil
}

func (w Workload) lora() *model.LoRA {
	if w.Rank == 0 {
		return nil
	}
	return &model.LoRA{R: w.Rank, Alpha: 2 * float64(w.Rank)}
}

func (w Workload) sequences() []train.Sequence {
	rng := rand.New(rand.NewPCG(1, 2))
	seqs := make([]train.Sequence, w.Sequences)
	for i := range seqs {
		seqs[i].IDs = make([]int32, w.Length+1)
		for j := range seqs[i].IDs {
			seqs[i].IDs[j] = int32(rng.IntN(w.Config.VocabSize))
		}
	}
	return seqs
}

// plan builds the step's graph once more to ask what it needs.
func (w Workload) plan(m *model.Model, threads int) (nn.Memory, error) {
	var a *model.Adapter
	if l := w.lora(); l != nil {
		var err error
		if a, err = model.NewAdapter(m.Config, *l, 1); err != nil {
			return nn.Memory{}, err
		}
	}
	net, err := m.Build(a, w.tokens(), model.BuildOptions{Options: nn.Options{
		Threads: threads, Train: true, Checkpoint: w.Checkpointing, BF16: w.Precision == "bf16",
	}})
	if err != nil {
		return nn.Memory{}, err
	}
	vm, err := net.Machine(false)
	if err != nil {
		return nn.Memory{}, err
	}
	defer vm.Close()
	return vm.Memory(), nil
}

// fresh measures in a process of its own, so that the peaks of one workload's
// memory do not hide those of the next.
func fresh(ctx context.Context, r Run, log io.Writer) (Steps, error) {
	var s Steps
	self, err := os.Executable()
	if err != nil {
		return s, err
	}
	request, err := json.Marshal(r)
	if err != nil {
		return s, err
	}
	cmd := exec.CommandContext(ctx, self, "bench", stepCommand, string(request))
	cmd.Stderr = log
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return s, ctx.Err()
	}
	if err != nil {
		return s, fmt.Errorf("measuring steps in another process: %w", err)
	}
	return s, json.Unmarshal(out, &s)
}

const stepCommand = "step"

// serve is the other process.
func serve(ctx context.Context, request string, out io.Writer) error {
	var r Run
	if err := json.Unmarshal([]byte(request), &r); err != nil {
		return fmt.Errorf("bench: request: %w", err)
	}
	s, err := r.measure(ctx)
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	return json.NewEncoder(out).Encode(s)
}
