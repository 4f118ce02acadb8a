package eval

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

// A panel holds what outcomes say in a form that can be weighed again and
// again: sums by group of documents. Every metric is a function of weighted
// sums, or of a sweep over candidates sorted by confidence. Weights of 1 give
// the point values, multiplicities of drawn groups a bootstrap resample, and
// a 0 among ones a jackknife value. Undefined values are NaN.
//
// The light measures are few and cheap; the heavy ones need every category or
// every candidate.
type panel struct {
	groups     []string
	categories []string
	values     []string // names of per-document values

	light block
	heavy block
	pool  curve
	byCat []curve

	lightKeys, heavyKeys []key
}

// A key names a measure.
type key struct{ metric, category string }

// The columns of the light block; two follow for every value: sum and number.
const (
	colDocs = iota
	colAnswered
	colTokens
	colClaims
	colUnsupported
	colHallucinated
	colTP
	colFP
	colFN
	lightCols
)

// The columns of the heavy block, for each category.
const (
	catTP = iota
	catFP
	catFN
	catClaims
	catUnsupported
	catCols
)

// heavyPooled is how many heavy measures precede those of the categories.
const heavyPooled = 4

// catMeasures are the measures of one category, in the order of heavyKeys.
var catMeasures = [...]string{
	ExtractionPrecision, ExtractionRecall, ExtractionF1, HallucinationRate,
	AUPR, PrecisionAt80Recall, PrecisionAt90Recall,
}

// newPanel sums outcomes by group. Names that the two sides of a comparison
// must share come from names.
func newPanel(outcomes []Outcome, n names) *panel {
	p := &panel{groups: n.groups, categories: n.categories, values: n.values}
	p.light = newBlock(len(p.groups), lightCols+2*len(p.values))
	p.heavy = newBlock(len(p.groups), catCols*len(p.categories))
	p.pool.positives = make([]float64, len(p.groups))
	p.byCat = make([]curve, len(p.categories))
	for i := range p.byCat {
		p.byCat[i].positives = make([]float64, len(p.groups))
	}
	group := index(p.groups)
	category := index(p.categories)
	for _, o := range sorted(outcomes) {
		p.add(o, group[groupOf(o)], category)
	}
	p.pool.prepare()
	for i := range p.byCat {
		p.byCat[i].prepare()
	}
	p.lightKeys = []key{
		{ExtractionPrecision, ""}, {ExtractionRecall, ""}, {ExtractionF1, ""},
		{HallucinationRate, ""}, {HallucinatedAnswers, ""}, {AnswerRate, ""}, {MeanTokens, ""},
	}
	for _, v := range p.values {
		p.lightKeys = append(p.lightKeys, key{v, ""})
	}
	p.heavyKeys = []key{{ExtractionMacroF1, ""}, {AUPR, ""}, {PrecisionAt80Recall, ""}, {PrecisionAt90Recall, ""}}
	for _, c := range p.categories {
		for _, m := range catMeasures {
			p.heavyKeys = append(p.heavyKeys, key{m, c})
		}
	}
	return p
}

func (p *panel) add(o Outcome, group int, category map[string]int) {
	row := p.light.row(group)
	row[colDocs]++
	if answered(o) {
		row[colAnswered]++
	}
	row[colTokens] += float64(o.Tokens)
	row[colClaims] += float64(len(o.Claims))
	cats := p.heavy.row(group)
	unsupported := 0
	for _, c := range o.Claims {
		if !c.Supported {
			unsupported++
		}
		if i, ok := category[c.Category]; ok {
			cats[i*catCols+catClaims]++
			if !c.Supported {
				cats[i*catCols+catUnsupported]++
			}
		}
	}
	row[colUnsupported] += float64(unsupported)
	if unsupported > 0 {
		row[colHallucinated]++
	}
	for name, c := range o.Counts {
		row[colTP] += float64(c.TP)
		row[colFP] += float64(c.FP)
		row[colFN] += float64(c.FN)
		if i, ok := category[name]; ok {
			cats[i*catCols+catTP] += float64(c.TP)
			cats[i*catCols+catFP] += float64(c.FP)
			cats[i*catCols+catFN] += float64(c.FN)
		}
	}
	for i, name := range p.values {
		if v, ok := o.Values[name]; ok && !math.IsNaN(v) && !math.IsInf(v, 0) {
			row[lightCols+2*i] += v
			row[lightCols+2*i+1]++
		}
	}
	for name, n := range positives(o) {
		p.pool.positives[group] += float64(n)
		if i, ok := category[name]; ok {
			p.byCat[i].positives[group] += float64(n)
		}
	}
	for _, s := range o.Scored {
		c := candidate{confidence: s.Confidence, group: int32(group), correct: s.Correct}
		p.pool.candidates = append(p.pool.candidates, c)
		if i, ok := category[s.Category]; ok {
			p.byCat[i].candidates = append(p.byCat[i].candidates, c)
		}
	}
}

// weighLight writes the light measures under weights w, in the order of
// lightKeys. sums is scratch of the light block's width.
func (p *panel) weighLight(w, sums, out []float64) {
	p.light.sum(w, sums)
	p.lightOf(sums, out)
}

func (p *panel) lightOf(sums, out []float64) {
	out[0], out[1], out[2] = precisionRecallF1(sums[colTP], sums[colFP], sums[colFN])
	out[3] = sums[colUnsupported] / sums[colClaims]
	out[4] = sums[colHallucinated] / sums[colAnswered]
	out[5] = sums[colAnswered] / sums[colDocs]
	out[6] = sums[colTokens] / sums[colDocs]
	for i := range p.values {
		out[7+i] = sums[lightCols+2*i] / sums[lightCols+2*i+1]
	}
}

// weighHeavy writes the heavy measures under weights w, in the order of
// heavyKeys. sums is scratch of the heavy block's width.
func (p *panel) weighHeavy(w, sums, out []float64) {
	p.heavy.sum(w, sums)
	p.heavyOf(sums, out)
	out[1], out[2], out[3] = p.pool.sweep(w)
	for i := range p.categories {
		o := out[heavyPooled+i*len(catMeasures):]
		o[4], o[5], o[6] = p.byCat[i].sweep(w)
	}
}

// heavyOf writes the heavy measures that need no sweep.
func (p *panel) heavyOf(sums, out []float64) {
	macro, supported := 0.0, 0.0
	for i := range p.categories {
		s := sums[i*catCols : (i+1)*catCols]
		o := out[heavyPooled+i*len(catMeasures):]
		o[0], o[1], o[2] = precisionRecallF1(s[catTP], s[catFP], s[catFN])
		o[3] = s[catUnsupported] / s[catClaims]
		if s[catTP]+s[catFN] > 0 {
			macro += o[2]
			supported++
		}
	}
	out[0] = macro / supported
}

// evidence counts, for every measure, the groups that speak to it: those for
// which the measure is defined on their own, or, for sweeps, that hold true
// items.
func (p *panel) evidence() (light, heavy []int) {
	light, heavy = make([]int, len(p.lightKeys)), make([]int, len(p.heavyKeys))
	lightOut, heavyOut := make([]float64, len(light)), make([]float64, len(heavy))
	for g := range p.groups {
		p.lightOf(p.light.row(g), lightOut)
		countDefined(lightOut, light)
		p.heavyOf(p.heavy.row(g), heavyOut)
		fillSweep(heavyOut[1:4], p.pool.positives[g])
		for i := range p.categories {
			o := heavyOut[heavyPooled+i*len(catMeasures):]
			fillSweep(o[4:7], p.byCat[i].positives[g])
		}
		countDefined(heavyOut, heavy)
	}
	return light, heavy
}

func countDefined(values []float64, n []int) {
	for i, v := range values {
		if !math.IsNaN(v) {
			n[i]++
		}
	}
}

func fillSweep(out []float64, positives float64) {
	v := math.NaN()
	if positives > 0 {
		v = 1
	}
	for i := range out {
		out[i] = v
	}
}

func precisionRecallF1(tp, fp, fn float64) (p, r, f float64) {
	return tp / (tp + fp), tp / (tp + fn), 2 * tp / (2*tp + fp + fn)
}

// A block is a table of sums: one row a group.
type block struct {
	width int
	cells []float64
}

func newBlock(rows, width int) block { return block{width, make([]float64, rows*width)} }

func (b block) row(i int) []float64 { return b.cells[i*b.width : (i+1)*b.width] }

// sum adds the rows, weighted.
func (b block) sum(w, out []float64) {
	clear(out)
	for i, wi := range w {
		if wi == 0 {
			continue
		}
		for j, v := range b.row(i) {
			out[j] += wi * v
		}
	}
}

// names are the axes of a panel, each sorted.
type names struct{ groups, categories, values []string }

// namesOf collects the axes of all given outcomes.
func namesOf(sets ...[]Outcome) names {
	groups, categories, values := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, outcomes := range sets {
		for _, o := range outcomes {
			groups[groupOf(o)] = true
			for c := range o.Counts {
				categories[c] = true
			}
			for c := range o.Positives {
				categories[c] = true
			}
			for _, s := range o.Scored {
				categories[s.Category] = true
			}
			for _, c := range o.Claims {
				categories[c.Category] = true
			}
			for v := range o.Values {
				values[v] = true
			}
		}
	}
	delete(categories, "") // claims about the document as a whole
	return names{keys(groups), keys(categories), keys(values)}
}

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func index(names []string) map[string]int {
	m := make(map[string]int, len(names))
	for i, n := range names {
		m[n] = i
	}
	return m
}

// sorted returns outcomes in an order that does not depend on the caller, so
// that sums of floating-point values do not either.
func sorted(outcomes []Outcome) []Outcome {
	return slices.SortedStableFunc(slices.Values(outcomes), func(a, b Outcome) int {
		return cmp.Or(cmp.Compare(groupOf(a), groupOf(b)), cmp.Compare(a.DocID, b.DocID))
	})
}

// groupOf names the outcome's group; a document without one stands alone.
func groupOf(o Outcome) string {
	if o.Group != "" {
		return "g:" + o.Group
	}
	return "d:" + o.DocID
}

func answered(o Outcome) bool { return o.Answered || len(o.Claims) > 0 }

// positives returns the number of true items by category. Outcomes without
// Positives have them in their Counts.
func positives(o Outcome) map[string]int {
	if o.Positives != nil {
		return o.Positives
	}
	p := make(map[string]int, len(o.Counts))
	for name, c := range o.Counts {
		p[name] = c.Support()
	}
	return p
}
