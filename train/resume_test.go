package train

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"adapt/model"
)

// errKilled stands for a process that ends without a word.
var errKilled = errors.New("killed")

// fitUntil fits and is stopped after some steps: by cancelling, which leaves a
// checkpoint, or in the middle of things.
func fitUntil(m *model.Model, c Config, opt Options, steps int, kill bool) (res Result, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			err = errKilled
		}
	}()
	opt.Progress = func(Progress) {
		if steps--; steps == 0 {
			if kill {
				panic(errKilled)
			}
			cancel()
		}
	}
	return Fit(ctx, m, counting(30, 1), counting(10, 2), c, opt)
}

// evenness is a metric of no use that depends on all weights.
func evenness(_ context.Context, m *model.Model) (float64, error) {
	sum := 0.0
	for _, t := range m.Tensors {
		for i, v := range t.Data {
			sum -= float64(v) * float64(v) * float64(1+i%3)
		}
	}
	return sum, nil
}

// TestResumeIsBitIdentical stops runs again and again, takes them up with
// another number of threads, and wants weights, result and log of a run that
// nothing disturbed.
func TestResumeIsBitIdentical(t *testing.T) {
	lora := func(change func(*model.LoRA)) func(*Config, *Options) {
		return func(c *Config, _ *Options) {
			c.LoRA = &model.LoRA{R: 2, Alpha: 4}
			change(c.LoRA)
		}
	}
	for name, change := range map[string]func(c *Config, o *Options){
		"full":          func(c *Config, _ *Options) {},
		"lora":          lora(func(*model.LoRA) {}),
		"dropout":       lora(func(l *model.LoRA) { l.Dropout = 0.2 }),
		"dora":          lora(func(l *model.LoRA) { l.DoRA, l.ModulesToSave = true, []string{"norm"} }),
		"accumulation":  func(c *Config, _ *Options) { c.MicroTokens = 24 },
		"noise":         func(c *Config, _ *Options) { c.NEFTune, c.MicroTokens = 5, 40 },
		"smoothing":     func(c *Config, _ *Options) { c.Smoothing = 0.1 },
		"frozen":        func(c *Config, _ *Options) { c.Freeze = []string{"embed_tokens", "layers.0"} },
		"checkpointing": func(c *Config, _ *Options) { c.Checkpointing = true },
		"bf16":          func(c *Config, _ *Options) { c.Precision = "bf16" },
		"prefix":        func(c *Config, _ *Options) { c.PrefixLM = true },
		"replay":        func(c *Config, o *Options) { c.Replay, o.Replay, o.General = 0.3, text(5, 20), text(3, 11) },
		"divergence":    func(c *Config, _ *Options) { c.KL = 0.5 },
		"metric":        func(c *Config, o *Options) { c.Best, o.Metric = "metric", evenness },
		"wsd":           func(c *Config, _ *Options) { c.Schedule, c.Warmup = "wsd", 0.2 },
		"patience":      func(c *Config, _ *Options) { c.Patience, c.LearningRate = 2, 1 },
		"all": func(c *Config, o *Options) {
			c.LoRA = &model.LoRA{R: 2, Alpha: 4, Dropout: 0.1}
			c.MicroTokens, c.NEFTune, c.Replay, c.KL, c.Best, c.Checkpointing = 24, 5, 0.2, 0.3, "metric", true
			o.Replay, o.General, o.Metric = text(5, 20), text(3, 11), evenness
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := tinyTrain()
			c.Epochs, c.EvalEvery, c.Checkpoint = 4, 3, time.Nanosecond
			var opt Options
			change(&c, &opt)
			whole, opt2 := newModel(t), opt
			opt2.Log = t.TempDir()
			want, err := Fit(context.Background(), whole, counting(30, 1), counting(10, 2), c, opt2)
			if err != nil {
				t.Fatal(err)
			}
			opt.Dir, opt.Log = t.TempDir(), t.TempDir()
			var got Result
			var m *model.Model
			for round := range 100 {
				m = newModel(t)
				c.Threads = 1 + round%3
				got, err = fitUntil(m, c, opt, 2, round%2 == 0)
				if err == nil {
					break
				}
				if !errors.Is(err, context.Canceled) && !errors.Is(err, errKilled) {
					t.Fatal(err)
				}
			}
			if m.Hash() != whole.Hash() {
				t.Error("weights differ after resuming")
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("results differ:\n%+v\n%+v", got, want)
			}
			if got, want := timeless(t, opt.Log), timeless(t, opt2.Log); !reflect.DeepEqual(got, want) {
				t.Errorf("logs differ:\n%+v\n%+v", got, want)
			}
			if got := steps(t, filepath.Join(opt.Log, eventsFile)); len(got) != want.Steps+2 {
				t.Errorf("%d steps give the events %v", want.Steps, got)
			}
			c.LearningRate *= 2
			if _, err := Fit(context.Background(), newModel(t), counting(30, 1), counting(10, 2), c, opt); !errors.Is(err, ErrOtherRun) {
				t.Errorf("another configuration gives %v, want ErrOtherRun", err)
			}
		})
	}
}

// timeless reads log.jsonl without what clocks said.
func timeless(t *testing.T, dir string) []entry {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, logFile))
	if err != nil {
		t.Fatal(err)
	}
	var all []entry
	for line := range strings.Lines(string(b)) {
		var e entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		e.Time, e.TokensPerSec = time.Time{}, 0
		all = append(all, e)
	}
	for i, e := range all {
		if e.Step != i {
			t.Errorf("line %d is of step %d", i+1, e.Step)
		}
	}
	return all
}

// TestDoneRunGivesItsResultAgain wants a finished run that is started again to
// hand over the same adapter and result without a step.
func TestDoneRunGivesItsResultAgain(t *testing.T) {
	c := tinyTrain()
	c.Epochs, c.LoRA = 4, &model.LoRA{R: 2, Alpha: 4}
	dir := t.TempDir()
	var hashes []string
	var results []Result
	for range 2 {
		m := newModel(t)
		res, err := Fit(context.Background(), m, counting(30, 1), counting(10, 2), c, Options{
			Dir:     dir,
			Adapter: func(a *model.Adapter) error { hashes = append(hashes, a.Hash()); return nil },
			Progress: func(p Progress) {
				if len(results) > 0 {
					t.Errorf("step %d is taken again", p.Step)
				}
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		hashes, results = append(hashes, m.Hash()), append(results, res)
	}
	if hashes[0] != hashes[2] || hashes[1] != hashes[3] || !reflect.DeepEqual(results[0], results[1]) {
		t.Errorf("started again: %v, %+v", hashes, results)
	}
}
