package label

import (
	"math"
	"math/rand/v2"
	"testing"
)

// pairsOf makes n pairs of each cell of a table.
func pairsOf(category string, cells map[[2]string]int) []RatedPair {
	var pairs []RatedPair
	for c, n := range cells {
		for range n {
			pairs = append(pairs, RatedPair{category, c[0], c[1]})
		}
	}
	return pairs
}

func TestCohenKappa(t *testing.T) {
	none := math.NaN()
	tests := []struct {
		name           string
		cells          map[[2]string]int
		want, low, top float64
	}{
		{"no items", nil, none, none, none},
		{"one answer to everything", map[[2]string]int{{"yes", "yes"}: 9}, none, none, none},
		// Two readers of 50 grant proposals, the example in Wikipedia's "Cohen's
		// kappa"; the interval is 0.4 ± 1.96 · 0.1265.
		{"grants", map[[2]string]int{{"yes", "yes"}: 20, {"yes", "no"}: 5, {"no", "yes"}: 10, {"no", "no"}: 15}, 0.4, 0.152, 0.648},
		{"chance", map[[2]string]int{{"yes", "yes"}: 25, {"yes", "no"}: 25, {"no", "yes"}: 25, {"no", "no"}: 25}, 0, -0.196, 0.196},
		// All agreed: the interval is Wilson's for 10 of 10, from 0.7225.
		{"all agreed", map[[2]string]int{{"yes", "yes"}: 5, {"no", "no"}: 5}, 1, 0.445, 1},
		{"always opposite", map[[2]string]int{{"yes", "no"}: 5, {"no", "yes"}: 5}, -1, -1, -0.445},
		// One of the two says yes to everything: kappa is 0 by definition.
		{"one rater has one answer", map[[2]string]int{{"yes", "yes"}: 8, {"yes", "no"}: 2}, 0, 0, 0},
		{"one item, not agreed", map[[2]string]int{{"yes", "no"}: 1}, 0, 0, 0.793},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := CohenKappa(pairsOf("c", tt.cells))
			for _, f := range []struct {
				what string
				got  *float64
				want float64
			}{{"kappa", k.Value, tt.want}, {"low", k.Low, tt.low}, {"high", k.High, tt.top}} {
				switch {
				case math.IsNaN(f.want) != (f.got == nil):
					t.Errorf("%s is %v, want %v", f.what, f.got, f.want)
				case f.got != nil && math.Abs(*f.got-f.want) > 0.001:
					t.Errorf("%s is %.4f, want %.4f", f.what, *f.got, f.want)
				}
			}
		})
	}
}

// TestKappaErrorIsTheSpreadOfKappa compares the formula with resampling.
func TestKappaErrorIsTheSpreadOfKappa(t *testing.T) {
	pairs := pairsOf("c", map[[2]string]int{{"yes", "yes"}: 180, {"yes", "no"}: 30, {"no", "yes"}: 12, {"no", "no"}: 90, {"yes", "as B"}: 9, {"as B", "as B"}: 20})
	k := CohenKappa(pairs)
	rng := rand.New(rand.NewPCG(1, 2))
	var sum, square float64
	const times = 1000
	for range times {
		again := make([]RatedPair, len(pairs))
		for i := range again {
			again[i] = pairs[rng.IntN(len(pairs))]
		}
		v := *CohenKappa(again).Value
		sum, square = sum+v, square+v*v
	}
	spread := math.Sqrt(square/times - sum/times*sum/times)
	formula := (*k.High - *k.Low) / (2 * z95)
	if math.Abs(spread/formula-1) > 0.1 {
		t.Errorf("the formula says %.4f, resampling %.4f", formula, spread)
	}
}

func TestAgreeByCategory(t *testing.T) {
	pairs := append(pairsOf("B", map[[2]string]int{{"yes", "yes"}: 3}), pairsOf("A", map[[2]string]int{{"yes", "no"}: 1, {"no", "no"}: 1})...)
	a := Agree(pairs)
	if a.Items != 5 || a.Agreed != 4 || len(a.Categories) != 2 || a.Categories[0].Category != "A" || a.Categories[0].Items != 2 || a.Categories[1].Value != nil {
		t.Errorf("the agreement is %+v", a)
	}
}
