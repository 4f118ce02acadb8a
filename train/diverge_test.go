package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"adapt/model"
)

// untied returns a model whose embedding of token 39 is not a number.
func untied(t *testing.T) *model.Model {
	t.Helper()
	c := tinyConfig()
	c.TieEmbeddings = false
	m, err := model.New(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	m.Tensor(model.EmbedName)[39*16] = float32(math.NaN())
	return m
}

// with returns a sequence that has a token in it.
func with(id string, token int32) Sequence {
	return Sequence{ID: id, IDs: []int32{1, 2, token, 3, 4}}
}

func TestDivergenceNamesStepLayerAndExamples(t *testing.T) {
	for name, test := range map[string]struct {
		model func() *model.Model
		seqs  []Sequence
		dev   []Sequence
		want  []string
		not   []string
	}{
		"loss of two examples": {
			func() *model.Model { return untied(t) },
			append(counting(9, 1), with("bad one", 39), with("good one", 38), with("bad two", 39)), nil,
			[]string{"step 1: training diverged", "the loss is NaN", "first in embedding", "bad one", "bad two"},
			[]string{"good one", "s0", "s8"},
		},
		"loss of the dev set": {
			func() *model.Model { return untied(t) },
			counting(9, 1), append(counting(9, 2), with("bad dev", 39)),
			[]string{"step 0: training diverged", "loss of the dev set is NaN", "first in embedding", "examples bad dev"},
			[]string{"s0"},
		},
		"weight of a layer": {
			func() *model.Model {
				m := newModel(t)
				m.Tensor(model.LayerName(1, "mlp.down_proj"))[5] = float32(math.Inf(1))
				return m
			},
			counting(9, 1), nil, []string{"step 1", "first in layer 1, linear", "and more"}, nil,
		},
		"gradient": {
			// Gates of zero hide values that are too large for the way back.
			func() *model.Model {
				m := newModel(t)
				for _, part := range []struct {
					name  string
					value float32
				}{{"gate_proj", 0}, {"up_proj", 1e36}, {"down_proj", 1e5}} {
					w := m.Tensor(model.LayerName(1, "mlp."+part.name))
					for i := range w {
						w[i] = part.value * float32(1+i%3)
					}
				}
				return m
			},
			counting(2, 1), nil, []string{"step 1: training diverged: the gradient of", "first in layer 1, gradient of", "examples s1, s0"}, nil,
		},
	} {
		for _, micro := range []int{64, 12} {
			c := tinyTrain()
			c.MicroTokens, c.Overlength = micro, "drop"
			_, err := Fit(context.Background(), test.model(), test.seqs, test.dev, c, Options{})
			if !errors.Is(err, ErrDiverged) {
				t.Errorf("%s: got %v", name, err)
				continue
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%s, %d rows at a time: %q is not in\n%v", name, micro, want, err)
				}
			}
			for _, not := range test.not {
				if strings.Contains(err.Error(), not+",") || strings.Contains(err.Error(), not+";") {
					t.Errorf("%s, %d rows at a time: %q is in\n%v", name, micro, not, err)
				}
			}
		}
	}
}

// TestDivergenceKeepsTheCheckpoint lets a run break half way and wants the
// checkpoint before it, with finite weights, from which it breaks again.
func TestDivergenceKeepsTheCheckpoint(t *testing.T) {
	c := tinyTrain()
	c.Steps, c.Checkpoint = 10, time.Nanosecond
	dir := t.TempDir()
	fit := func(breakAt int) error {
		m := newModel(t)
		_, err := Fit(context.Background(), m, counting(40, 1), nil, c, Options{Dir: dir, Progress: func(p Progress) {
			if p.Step == breakAt {
				m.Tensor(model.NormName)[0] = float32(math.Inf(1))
			}
		}})
		return err
	}
	// The weights break after step 5 and before its checkpoint.
	err := fit(5)
	if !errors.Is(err, ErrDiverged) || !strings.Contains(err.Error(), "weight model.norm.weight is not finite") || !strings.Contains(err.Error(), "checkpoint of step 4 is kept") {
		t.Fatalf("got %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || entries[0].Name() != "step-4" {
		t.Errorf("the folder has %v", entries)
	}
	if _, err := os.Stat(filepath.Join(dir, "step-4", "state.safetensors")); err != nil {
		t.Error(err)
	}
	if err := fit(-1); err != nil {
		t.Errorf("going on from the checkpoint: %v", err)
	}
}

func TestLossThatIsNotFinite(t *testing.T) {
	if _, err := Loss(untied(t), []Sequence{with("bad", 39)}, Config{BatchTokens: 16}); !errors.Is(err, ErrDiverged) {
		t.Errorf("got %v", err)
	}
}

// TestCulprits finds bad sequences among many, however they are spread.
func TestCulprits(t *testing.T) {
	for _, bad := range [][]int{{0}, {15}, {3, 4}, {0, 7, 15}, {1, 2, 3, 4, 5, 6}} {
		var seqs []Sequence
		for i := range 16 {
			seqs = append(seqs, with(fmt.Sprint(i), 30))
		}
		var which, want []int
		for i := range seqs {
			which = append(which, i)
		}
		for i, b := range bad {
			seqs[b].IDs[2] = 39
			if i < maxNamed {
				want = append(want, b)
			}
		}
		r := prepared(t, untied(t), seqs, Config{BatchTokens: 64, Threads: 1, LearningRate: 1, Epochs: 1}, Options{})
		if got := r.step.culprits(seqs, which, maxNamed); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%v gives %v", bad, got)
		}
	}
}
