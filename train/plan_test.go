package train

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// text returns sequences of general text, which counts backwards.
func text(n, rows int) []Sequence {
	seqs := make([]Sequence, n)
	for i := range seqs {
		ids := make([]int32, rows+1)
		for j := range ids {
			ids[j] = int32(31 + (i+8*j)%9)
		}
		seqs[i] = Sequence{ID: fmt.Sprint("text ", i), IDs: ids}
	}
	return seqs
}

func TestPlanReplaysItsShare(t *testing.T) {
	for _, test := range []struct {
		share      float64
		text, rows int // sequences of replayed text and their length
	}{{0, 10, 20}, {0.05, 7, 20}, {0.1, 3, 31}, {0.3, 50, 5}, {0.75, 4, 12}} {
		c := Config{Seed: 3, BatchTokens: 64, Steps: 200, Replay: test.share}
		seqs := counting(40, 1)
		p := newPlan(seqs, text(test.text, test.rows), c)
		var rows [2]float64
		seen := map[int]int{}
		for step := range p.steps {
			which := p.step(step, c.Seed)
			used := 0
			for _, i := range which {
				n := p.seqs[i].rows()
				used += n
				seen[i]++
				if i < p.train {
					rows[0] += float64(n)
				} else {
					rows[1] += float64(n)
				}
			}
			if used == 0 || used > 64 {
				t.Fatalf("share %g: step %d has %d rows", test.share, step, used)
			}
			// At no step is the share off by more than a sequence and a step.
			if share := rows[1] - test.share*(rows[0]+rows[1]); math.Abs(share) > float64(test.rows+64) {
				t.Fatalf("share %g: %g rows of text in %g after step %d", test.share, rows[1], rows[0]+rows[1], step)
			}
		}
		least, most := math.MaxInt, 0
		for i := range p.train {
			least, most = min(least, seen[i]), max(most, seen[i])
		}
		if most-least > 1 {
			t.Errorf("share %g: an example is seen %d times and another %d times", test.share, most, least)
		}
		if got := rows[1] / (rows[0] + rows[1]); math.Abs(got-test.share) > 0.02 {
			t.Errorf("share %g: got %g", test.share, got)
		}
	}
}

// TestPlanFromAnyStep wants a plan that begins in the middle to go on as one
// that began at the start.
func TestPlanFromAnyStep(t *testing.T) {
	c := Config{Seed: 3, BatchTokens: 64, Epochs: 5, Replay: 0.2}
	newOne := func() *plan { return newPlan(counting(40, 1), text(9, 20), c) }
	whole := newOne()
	for step := range whole.steps {
		if got, want := newOne().step(step, c.Seed), whole.step(step, c.Seed); !slices.Equal(got, want) {
			t.Fatalf("step %d: %v, want %v", step, got, want)
		}
	}
	other := newOne()
	if slices.Equal(newOne().step(0, 3), newPlan(counting(40, 1), text(9, 20), Config{Seed: 4, BatchTokens: 64, Epochs: 5}).step(0, 4)) {
		t.Error("another seed gives the same first step")
	}
	if a, b := slices.Clone(other.step(0, 3)), other.step(len(other.ends), 3); slices.Equal(a, b) {
		t.Error("the second epoch begins like the first")
	}
}

func TestSplit(t *testing.T) {
	seqs := text(6, 0)
	for i, rows := range []int{3, 9, 4, 6, 1, 7} {
		seqs[i] = text(1, rows)[0]
	}
	which := []int{0, 1, 2, 3, 4, 5}
	for rows, want := range map[int][][]int{
		30: {{0, 1, 2, 3, 4, 5}},       // all in the order that they came
		10: {{1, 4}, {5, 0}, {3, 2}},   // longest first
		15: {{1, 3}, {5, 2, 0, 4}},     // two full ones
		9:  {{1}, {5, 4}, {3, 0}, {2}}, // more than rows/total
		29: {{1, 5, 3, 2, 0}, {4}},     // one row too few
	} {
		b := bins{rows: rows}
		for range 2 { // the second time in used memory
			if got := b.split(which, seqs); !equal(got, want) {
				t.Errorf("%d rows: %v, want %v", rows, got, want)
			}
		}
		if got := b.split(which[:1], seqs); !equal(got, [][]int{{0}}) {
			t.Errorf("%d rows: one sequence gives %v", rows, got)
		}
	}
}

func equal(a, b [][]int) bool { return slices.EqualFunc(a, b, slices.Equal[[]int]) }
