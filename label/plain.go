package label

// Majority is a model that knows nothing and has the majority of votes decide:
// what any label model should beat. An even vote decides nothing.
func Majority(p *Panel) *Model { return plain(p, ExpectedPrecision) }

// AnyVote is a model that labels every candidate, whoever is against.
func AnyVote(p *Panel) *Model {
	m := plain(p, ExpectedPrecision)
	for _, c := range m.Of {
		c.Candidates = 1 // rates, below, are taken
		for j := range c.Funcs {
			c.Shown[j], c.Not[j] = Rates{1, 1, 1}, Rates{1, 1, 1}
		}
		c.Balance = 1 - 1e-9
	}
	return m
}

func plain(p *Panel, precision float64) *Model {
	m := &Model{Of: map[string]*CategoryModel{}}
	for i, category := range p.categories {
		c := &CategoryModel{Calibrated: Platt{Slope: 1}}
		for _, f := range p.funcs[i] {
			c.Funcs = append(c.Funcs, f.Name)
			c.Expected = append(c.Expected, precision)
		}
		c.Shown, c.Not = make([]Rates, len(c.Funcs)), make([]Rates, len(c.Funcs))
		m.Of[category] = c
	}
	return m
}
