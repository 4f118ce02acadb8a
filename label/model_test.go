package label

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
)

// planted draws votes of independent functions on segments, of which share show
// the category.
func planted(seed uint64, segments int, share float64, shown, not []Rates) (patterns []Pattern, truth []bool) {
	r := rand.New(rand.NewPCG(seed, 1))
	for range segments {
		y := r.Float64() < share
		rates := not
		if y {
			rates = shown
		}
		b := make([]byte, len(rates))
		found := false
		for j, p := range rates {
			switch u := r.Float64(); {
			case u < p.For:
				b[j] = '+'
				found = true
			case u < p.For+p.Against:
				b[j] = '-'
			default:
				b[j] = '.'
			}
		}
		if found {
			patterns, truth = append(patterns, Pattern(b)), append(truth, y)
		}
	}
	return patterns, truth
}

func names(k int) (names []string, expected []float64, asked []int) {
	for j := range k {
		names = append(names, fmt.Sprintf("f%02d", j))
	}
	return names, make([]float64, k), make([]int, k)
}

func tallyOf(segments int, patterns []Pattern, truth []bool) *Tally {
	c := &CategoryTally{Rows: map[Pattern]*Rows{}}
	if len(patterns) > 0 {
		c.Funcs, c.Expected, c.Asked = names(len(patterns[0]))
	}
	for j := range c.Asked {
		c.Asked[j] = segments
	}
	for i, p := range patterns {
		c.row(p).N++
		if truth != nil {
			if truth[i] {
				c.row(p).Right[i%2]++
			} else {
				c.row(p).Wrong[i%2]++
			}
		}
	}
	return &Tally{Segments: segments, Of: map[string]*CategoryTally{"A": c}}
}

// TestFitRecovers plants how functions vote and looks for it in what is learned
// without any gold.
func TestFitRecovers(t *testing.T) {
	for seed := range uint64(5) {
		shown := []Rates{{For: 0.8, Abstain: 0.2}, {For: 0.6, Abstain: 0.4}, {For: 0.7, Abstain: 0.3}, {For: 0.4, Abstain: 0.6}, {Against: 0.05, Abstain: 0.95}}
		not := []Rates{{For: 0.01, Abstain: 0.99}, {For: 0.002, Abstain: 0.998}, {For: 0.03, Abstain: 0.97}, {For: 0.001, Abstain: 0.999}, {Against: 0.5, Abstain: 0.5}}
		const segments, share = 60_000, 0.02
		patterns, truth := planted(seed, segments, share, shown, not)
		m := Fit(tallyOf(segments, patterns, nil)).Of["A"]
		if math.Abs(m.Balance-share) > 0.004 {
			t.Errorf("seed %d: balance %.4f, want %.4f", seed, m.Balance, share)
		}
		for j := range shown {
			if d := math.Abs(m.Shown[j].For - shown[j].For); d > 0.06 {
				t.Errorf("seed %d: function %d votes for %.3f of what is shown, want %.3f", seed, j, m.Shown[j].For, shown[j].For)
			}
			if d := math.Abs(m.Not[j].For - not[j].For); d > 0.005 {
				t.Errorf("seed %d: function %d votes for %.4f of the rest, want %.4f", seed, j, m.Not[j].For, not[j].For)
			}
		}
		if m.Shown[4].Against > 0.12 || m.Not[4].Against < 0.4 {
			t.Errorf("seed %d: the function against has %.3f and %.3f, want 0.05 and 0.5", seed, m.Shown[4].Against, m.Not[4].Against)
		}
		right := 0
		for i, p := range patterns {
			if Decided(m.probability(p)) == truth[i] {
				right++
			}
		}
		if acc := float64(right) / float64(len(patterns)); acc < 0.93 {
			t.Errorf("seed %d: %.3f of the candidates come out right", seed, acc)
		}
	}
}

// TestFitByHand compares with cases that can be computed by hand.
func TestFitByHand(t *testing.T) {
	// Of one function nothing can be learned: its votes are worth what is expected.
	one := tallyOf(1000, slicesOf(Pattern("+"), 50), nil)
	if p := Fit(one).Probability("A", "+"); math.Abs(p-ExpectedPrecision) > 0.08 {
		t.Errorf("one function alone: probability %.3f, want about %.2f", p, ExpectedPrecision)
	}
	// A vote for and one against, equally trusted, of which nothing more is known.
	none := tallyOf(0, nil, nil)
	none.Of["A"].Funcs, none.Of["A"].Expected, none.Of["A"].Asked = names(2)
	m := Fit(none)
	if p := m.Probability("A", "+-"); p != 0.5 || Decided(p) {
		t.Errorf("a tie has probability %v and gives a label", p)
	}
	if p, want := m.Probability("A", "++"), 0.49/(0.49+0.09); math.Abs(p-want) > 1e-12 {
		t.Errorf("two votes: %v, want %v", p, want)
	}
	if p := m.Probability("unknown", "+"); Decided(p) {
		t.Error("an unknown category is labeled")
	}
	// With gold for every candidate, the rates are shares that can be counted.
	var patterns []Pattern
	var truth []bool
	for _, row := range []struct {
		p    Pattern
		n    int
		true bool
	}{{"+.", 30, true}, {"+.", 30, false}, {"++", 40, true}} {
		for range row.n {
			patterns, truth = append(patterns, row.p), append(truth, row.true)
		}
	}
	m = Fit(tallyOf(100, patterns, truth))
	if p := m.Probability("A", "+."); math.Abs(p-0.5) > 0.06 {
		t.Errorf("half of the candidates are right, probability %.3f", p)
	}
	if p := m.Probability("A", "++"); p < 0.9 {
		t.Errorf("all of the candidates are right, probability %.3f", p)
	}
}

func slicesOf(p Pattern, n int) []Pattern {
	out := make([]Pattern, n)
	for i := range out {
		out[i] = p
	}
	return out
}

// TestFitIgnoresOrder permutes functions and documents.
func TestFitIgnoresOrder(t *testing.T) {
	funcs := []Func{holds("a", "A", "a", For), holds("b", "A", "b", For), holds("c", "A", "c", Against), holds("d", "B", "d", For)}
	texts := []string{"a b", "a", "b c", "a b c d", "d", "", "a c", "b d"}
	r := rand.New(rand.NewPCG(3, 4))
	var want []byte
	for range 20 {
		r.Shuffle(len(funcs), func(i, j int) { funcs[i], funcs[j] = funcs[j], funcs[i] })
		r.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
		p := panelOf(t, funcs...)
		total := NewTally(p)
		for _, text := range texts {
			doc := NewTally(p)
			segs := []Segment{{Lower: text}}
			doc.Add(1, p.Vote(segs), nil, 0)
			if err := total.Merge(doc); err != nil {
				t.Fatal(err)
			}
		}
		got, err := json.Marshal(struct {
			M *Model
			A []FuncReport
		}{Fit(total), Analyze(total, Fit(total))})
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got
		}
		if string(got) != string(want) {
			t.Fatal("the order of functions or documents changes the model")
		}
	}
	var back struct{ M *Model }
	if err := json.Unmarshal(want, &back); err != nil {
		t.Fatal(err)
	}
	back.M.Of["A"].Shown = nil
	broken, _ := json.Marshal(back.M)
	if err := json.Unmarshal(broken, new(Model)); err == nil {
		t.Error("a damaged model is read")
	}
}

// TestCalibrate plants functions that copy each other, which makes the label
// model overconfident, and expects gold to mend it.
func TestCalibrate(t *testing.T) {
	patterns, truth := planted(9, 40_000, 0.02,
		[]Rates{{For: 0.8, Abstain: 0.2}, {For: 0.7, Abstain: 0.3}}, []Rates{{For: 0.03, Abstain: 0.97}, {For: 0.02, Abstain: 0.98}})
	for i, p := range patterns {
		patterns[i] = p[:1] + p[:1] + p[:1] + p // three copies of one function
	}
	c := Calibrate(tallyOf(40_000, patterns, truth))
	if c.Candidates != len(patterns) || c.Before < 0.1 || c.After > c.Before/3 || c.After > 0.05 {
		t.Errorf("calibration %+v over %d candidates", c, len(patterns))
	}
	if c := Calibrate(tallyOf(100, slicesOf("+", 9), nil)); c != (Calibration{}) {
		t.Errorf("without gold: %+v", c)
	}
}

// TestAnalyze counts on paper.
func TestAnalyze(t *testing.T) {
	p := panelOf(t, holds("a", "A", "a", For), holds("b", "A", "b", For), holds("c", "A", "c", Against))
	tally := NewTally(p)
	segs := []Segment{{Lower: "a b"}, {Lower: "a c"}, {Lower: "b"}, {Lower: "c"}, {Lower: "x"}}
	gold := map[int]bool{0: true, 4: true}
	tally.Add(len(segs), p.Vote(segs), func(i int, _ string) bool { return gold[i] }, 0)
	got := Analyze(tally, nil)
	want := []FuncReport{
		{Func: "a", Category: "A", Polarity: []string{"for"}, Votes: 2, Coverage: 0.4, Overlaps: 0.4, Conflict: 0.2, Right: 1, Wrong: 1, Missed: 1, Learned: 0.5},
		{Func: "b", Category: "A", Polarity: []string{"for"}, Votes: 2, Coverage: 0.4, Overlaps: 0.2, Right: 1, Wrong: 1, Missed: 1, Learned: 0.5},
		{Func: "c", Category: "A", Polarity: []string{"against"}, Votes: 1, Coverage: 0.2, Overlaps: 0.2, Conflict: 0.2, Right: 1, Missed: 1, Learned: 0.5},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestTallyForAnotherPanel finds functions by their names.
func TestTallyForAnotherPanel(t *testing.T) {
	old := panelOf(t, holds("a", "A", "a", For), holds("gone", "A", "b", For))
	tally := NewTally(old)
	segs := []Segment{{Lower: "a b"}, {Lower: "b"}, {Lower: "a"}}
	tally.Add(3, old.Vote(segs), nil, 0)
	got := tally.For(panelOf(t, holds("a", "A", "a", For), holds("0new", "A", "z", For)))
	c := got.Of["A"]
	if !reflect.DeepEqual(c.Funcs, []string{"0new", "a"}) || !reflect.DeepEqual(c.Asked, []int{0, 3}) ||
		len(c.Rows) != 1 || c.Rows["?+"].N != 2 {
		t.Errorf("tally %+v", c)
	}
	if p := Fit(got).Probability("A", "?+"); p < 0.5 {
		t.Errorf("a function that was never asked counts: %v", p)
	}
	if err := got.Merge(tally); err == nil {
		t.Error("tallies of different functions are added up")
	}
}
