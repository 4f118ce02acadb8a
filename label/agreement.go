package label

import (
	"maps"
	"math"
	"slices"
)

// An Agreement says how far two people who decided on the same labels, each
// without seeing the other's answer, came to the same. It holds no names.
type Agreement struct {
	Kappa
	// Categories are the same for the labels that were suggested with one
	// category, by name.
	Categories []CategoryAgreement `json:"categories,omitempty"`
}

// A CategoryAgreement is the agreement on one category's labels.
type CategoryAgreement struct {
	Category string `json:"category"`
	Kappa
}

// A Kappa is Cohen's kappa of two raters: their agreement beyond what two who
// answered at random, each with the own shares of answers, would have.
type Kappa struct {
	Items  int `json:"items"`
	Agreed int `json:"agreed"`
	// Observed and Expected are shares of agreement; both are 0 without items.
	Observed float64 `json:"observed"`
	Expected float64 `json:"expected"`
	// Value is in [-1,1], with a 95% interval. All three are nil where kappa is
	// not defined: without items, and where both gave one and the same answer
	// to everything, so that chance alone would make them agree.
	Value *float64 `json:"kappa"`
	Low   *float64 `json:"low"`
	High  *float64 `json:"high"`
}

// A RatedPair is what two people answered about one suggested label.
type RatedPair struct {
	Category      string // as suggested
	First, Second string // the answers, in any words
}

// Agree computes the agreement over all pairs and by category.
func Agree(pairs []RatedPair) Agreement {
	by := map[string][]RatedPair{}
	for _, p := range pairs {
		by[p.Category] = append(by[p.Category], p)
	}
	a := Agreement{Kappa: CohenKappa(pairs)}
	for _, c := range slices.Sorted(maps.Keys(by)) {
		a.Categories = append(a.Categories, CategoryAgreement{c, CohenKappa(by[c])})
	}
	return a
}

// CohenKappa computes kappa (J. Cohen, "A coefficient of agreement for nominal
// scales", 1960) with the large-sample standard error of Fleiss, Cohen and
// Everitt (1969), which takes items to be independent. Where everything was
// agreed on, or nothing, that error is 0 and says nothing: the interval is
// then what Wilson's interval for the observed share makes of kappa.
func CohenKappa(pairs []RatedPair) Kappa {
	k := Kappa{Items: len(pairs)}
	if k.Items == 0 {
		return k
	}
	n := float64(k.Items)
	first, second, cells := map[string]float64{}, map[string]float64{}, map[[2]string]float64{}
	for _, p := range pairs {
		first[p.First] += 1 / n
		second[p.Second] += 1 / n
		cells[[2]string{p.First, p.Second}] += 1 / n
		if p.First == p.Second {
			k.Agreed++
		}
	}
	k.Observed = float64(k.Agreed) / n
	for _, answer := range slices.Sorted(maps.Keys(first)) { // sums in one order give the same bits
		k.Expected += first[answer] * second[answer]
	}
	const one = 1 - 1e-12
	if k.Expected >= one {
		k.Expected = 1
		return k
	}
	value := (k.Observed - k.Expected) / (1 - k.Expected)
	low, high := k.wilson()
	if k.Agreed > 0 && k.Agreed < k.Items {
		se := kappaError(value, k.Expected, n, first, second, cells)
		low, high = value-z95*se, value+z95*se
	}
	low, high = max(low, -1), min(high, 1)
	k.Value, k.Low, k.High = &value, &low, &high
	return k
}

// z95 is the 97.5% quantile of the normal distribution.
const z95 = 1.959963984540054

// kappaError is the standard error of kappa.
func kappaError(kappa, expected, n float64, first, second map[string]float64, cells map[[2]string]float64) float64 {
	keys := slices.SortedFunc(maps.Keys(cells), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	var sum float64
	for _, c := range keys {
		if c[0] == c[1] {
			t := 1 - (first[c[0]]+second[c[0]])*(1-kappa)
			sum += cells[c] * t * t
		} else {
			t := (1 - kappa) * (second[c[0]] + first[c[1]])
			sum += cells[c] * t * t
		}
	}
	t := kappa - expected*(1-kappa)
	return math.Sqrt(max(sum-t*t, 0)/n) / (1 - expected)
}

// wilson is Wilson's interval of the observed share as an interval of kappa.
func (k Kappa) wilson() (low, high float64) {
	n, p := float64(k.Items), k.Observed
	z2 := z95 * z95
	mid := (p + z2/(2*n)) / (1 + z2/n)
	half := z95 / (1 + z2/n) * math.Sqrt(p*(1-p)/n+z2/(4*n*n))
	of := func(share float64) float64 { return (share - k.Expected) / (1 - k.Expected) }
	return of(mid - half), of(mid + half)
}
