package nn

import "slices"

// align is the multiple at which places begin, in elements: a cache line.
const align = 16

// arrange gives every place of its own an offset, so that no two that live at
// the same time overlap, and returns the size of the arena. Larger places
// choose first, each the lowest gap that it fits in: the greedy method of
// Pisarchyk and Lee 2020 (arXiv:2001.03288).
func arrange(places []*place) int {
	var own []*place
	for _, p := range places {
		if p.shared == nil && p.n > 0 {
			own = append(own, p)
		}
	}
	slices.SortStableFunc(own, func(a, b *place) int { return b.n - a.n })
	var placed []*place // by offset
	size := 0
	for _, p := range own {
		at := 0
		for _, q := range placed {
			if q.first > p.last || q.last < p.first {
				continue
			}
			if q.offset-at >= p.n {
				break
			}
			at = max(at, (q.offset+q.n+align-1)/align*align)
		}
		p.offset = at
		size = max(size, at+p.n)
		i, _ := slices.BinarySearchFunc(placed, at, func(q *place, at int) int { return q.offset - at })
		placed = slices.Insert(placed, i, p)
	}
	return size
}
