package model

// Clone returns a model of the same configuration that has copies of the
// weights whose names own reports and shares all others with m.
func (m *Model) Clone(own func(name string) bool) *Model {
	c := newModel(m.Config)
	for i, t := range m.Tensors {
		if own(t.Name) && t.Data != nil {
			t.Data = append([]float32(nil), t.Data...)
		}
		c.Tensors[i] = t
	}
	c.Kept, c.stream = m.Kept, m.stream
	return c
}

// Weight returns the weight of that name in the form in which it is stored,
// sharing memory with the model. It panics on a name that the architecture does
// not have.
func (m *Model) Weight(name string) Tensor { return *m.tensor(name) }
