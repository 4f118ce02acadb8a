package eval

import "math"

// A Summary is what one model's outcomes amount to over documents.
type Summary struct {
	// Documents that the figures are over, and the groups of near-duplicates
	// that they form, which are what resampling draws.
	Documents int `json:"documents"`
	Groups    int `json:"groups"`
	Answered  int `json:"answered"`

	Counts      Counts         `json:"counts"`
	Claims      int            `json:"claims"`
	Unsupported int            `json:"unsupported"`
	Kinds       map[string]int `json:"unsupported_kinds,omitempty"` // why claims are unsupported
	Origins     map[string]int `json:"origins,omitempty"`           // documents by origin of their truth

	Figures    map[string]Figure `json:"figures"` // by metric name
	Categories []CategorySummary `json:"categories,omitempty"`

	// NearTrain summarizes, apart, the documents that nearly are training
	// documents: they flatter a model that learned them by heart.
	NearTrain *Summary `json:"near_train,omitempty"`
}

// A CategorySummary is the part of a Summary that is about one category.
type CategorySummary struct {
	Name        string            `json:"name"`
	Counts      Counts            `json:"counts"`
	Claims      int               `json:"claims"`
	Unsupported int               `json:"unsupported"`
	Figures     map[string]Figure `json:"figures"`
}

// A NamedSummary is a further system to compare with: "nearest training
// neighbour".
type NamedSummary struct {
	Name    string  `json:"name"`
	Summary Summary `json:"summary"`
}

// Summarize measures outcomes: every metric with a 95% confidence interval by
// bootstrap over groups of documents, so that near-duplicates do not pose as
// independent evidence. Documents near the training documents are summarized
// apart. The result depends on the set of outcomes and opt alone, not on the
// outcomes' order.
func Summarize(outcomes []Outcome, opt Options) Summary {
	far, near := apart(outcomes)
	s := summarize(far, opt)
	if len(near) > 0 {
		n := summarize(near, opt)
		s.NearTrain = &n
	}
	return s
}

func apart(outcomes []Outcome) (far, near []Outcome) {
	for _, o := range outcomes {
		if o.NearTrain {
			near = append(near, o)
		} else {
			far = append(far, o)
		}
	}
	return far, near
}

func summarize(outcomes []Outcome, opt Options) Summary {
	p := newPanel(outcomes, namesOf(outcomes))
	s := count(outcomes, p)
	set := func(k key, f Figure) {
		if k.category == "" {
			s.Figures[k.metric] = f
			return
		}
		for i := range s.Categories {
			if s.Categories[i].Name == k.category {
				s.Categories[i].Figures[k.metric] = f
			}
		}
	}
	light, heavy := p.figures(opt)
	for i, k := range p.lightKeys {
		set(k, light[i])
	}
	for i, k := range p.heavyKeys {
		set(k, heavy[i])
	}
	return s
}

// count fills in what needs no statistics.
func count(outcomes []Outcome, p *panel) Summary {
	s := Summary{
		Documents: len(outcomes), Groups: len(p.groups),
		Kinds: map[string]int{}, Origins: map[string]int{}, Figures: map[string]Figure{},
	}
	categories := make([]CategorySummary, len(p.categories))
	for i, name := range p.categories {
		categories[i] = CategorySummary{Name: name, Figures: map[string]Figure{}}
	}
	at := index(p.categories)
	for _, o := range outcomes {
		if answered(o) {
			s.Answered++
		}
		if o.Origin != "" {
			s.Origins[o.Origin]++
		}
		for name, c := range o.Counts {
			s.Counts = s.Counts.Add(c)
			if i, ok := at[name]; ok {
				categories[i].Counts = categories[i].Counts.Add(c)
			}
		}
		for _, c := range o.Claims {
			s.Claims++
			i, known := at[c.Category]
			if known {
				categories[i].Claims++
			}
			if c.Supported {
				continue
			}
			s.Unsupported++
			s.Kinds[c.Kind]++
			if known {
				categories[i].Unsupported++
			}
		}
	}
	s.Categories = categories
	return s
}

// figures measures the panel, with intervals.
func (p *panel) figures(opt Options) (light, heavy []Figure) {
	light, heavy = make([]Figure, len(p.lightKeys)), make([]Figure, len(p.heavyKeys))
	groups := len(p.groups)
	if groups == 0 {
		return light, heavy
	}
	ones := make([]float64, groups)
	for i := range ones {
		ones[i] = 1
	}
	lightSums, heavySums := make([]float64, p.light.width), make([]float64, p.heavy.width)
	lightOut, heavyOut := make([]float64, len(light)), make([]float64, len(heavy))

	resamples := opt.resamples()
	fewer := heavyResamples(p, resamples)
	lightDrawn, heavyDrawn := newSeries(len(light), resamples), newSeries(len(heavy), fewer)
	draw(groups, resamples, opt.Seed, func(r int, w []float64) {
		p.weighLight(w, lightSums, lightOut)
		lightDrawn.add(lightOut)
		if r < fewer {
			p.weighHeavy(w, heavySums, heavyOut)
			heavyDrawn.add(heavyOut)
		}
	})
	lightLeft, heavyLeft := newSeries(len(light), 200), newSeries(len(heavy), 200)
	leaveOut(groups, func(w []float64) {
		p.weighLight(w, lightSums, lightOut)
		lightLeft.add(lightOut)
		p.weighHeavy(w, heavySums, heavyOut)
		heavyLeft.add(heavyOut)
	})
	p.weighLight(ones, lightSums, lightOut)
	p.weighHeavy(ones, heavySums, heavyOut)
	lightN, heavyN := p.evidence()
	for i, k := range p.lightKeys {
		light[i] = interval(lightOut[i], lightN[i], metricOrGuess(k.metric), lightDrawn[i], lightLeft[i])
	}
	for i, k := range p.heavyKeys {
		heavy[i] = interval(heavyOut[i], heavyN[i], metricOrGuess(k.metric), heavyDrawn[i], heavyLeft[i])
	}
	return light, heavy
}

// series holds the values of each measure over resamples.
type series [][]float64

func newSeries(measures, length int) series {
	s := make(series, measures)
	for i := range s {
		s[i] = make([]float64, 0, length)
	}
	return s
}

func (s series) add(values []float64) {
	for i, v := range values {
		s[i] = append(s[i], v)
	}
}

// Figure returns a metric's figure, undefined when it was not measured. An
// empty category means all.
func (s Summary) Figure(metric, category string) Figure {
	if category == "" {
		return s.Figures[metric]
	}
	for _, c := range s.Categories {
		if c.Name == category {
			return c.Figures[metric]
		}
	}
	return Figure{}
}

// Set adds a figure that was measured elsewhere: the perplexities.
func (s *Summary) Set(metric string, f Figure) {
	if s.Figures == nil {
		s.Figures = map[string]Figure{}
	}
	if math.IsNaN(f.Value) || math.IsInf(f.Value, 0) {
		f = Figure{N: f.N}
	}
	s.Figures[metric] = f
}
