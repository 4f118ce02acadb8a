package tokenizer

import "slices"

// A joiner says whether two adjacent tokens merge: joined is the text of both.
// Pairs with a lower rank merge first, the leftmost of equals. It is ok false
// where they do not merge.
type joiner func(left, right int32, joined string) (rank, id int32, ok bool)

// A part is one token of a piece on its way to be merged.
type part struct {
	start, end int // bytes of the piece
	id         int32
	prev, next int32 // indexes of parts in a list; -1 at the ends
}

// shortPiece is the number of parts up to which looking through all pairs for
// the lowest rank is faster than a heap.
const shortPiece = 48

// merge applies byte-pair encoding to the parts of a piece, in O(n log n), so
// that a hostile piece (a megabyte without a space) costs no quadratic time.
// It overwrites parts.
func merge(piece string, parts []part, join joiner) []int32 {
	if len(parts) <= shortPiece {
		return mergeShort(piece, parts, join)
	}
	return mergeLong(piece, parts, join)
}

// byteParts returns every byte of a piece as a part.
func byteParts(piece string, byteIDs *[256]int32) []part {
	parts := make([]part, len(piece))
	for i := range len(piece) {
		parts[i] = part{start: i, end: i + 1, id: byteIDs[piece[i]]}
	}
	return parts
}

func mergeShort(piece string, parts []part, join joiner) []int32 {
	type pair struct {
		rank, id int32
		ok       bool
	}
	look := func(i int) pair {
		l, r := &parts[i], &parts[i+1]
		rank, id, ok := join(l.id, r.id, piece[l.start:r.end])
		return pair{rank, id, ok}
	}
	var room [shortPiece]pair
	pairs := room[:0] // pairs[i] joins parts[i] and parts[i+1]
	for i := range len(parts) - 1 {
		pairs = append(pairs, look(i))
	}
	for {
		best := -1
		for i, p := range pairs {
			if p.ok && (best < 0 || p.rank < pairs[best].rank) {
				best = i
			}
		}
		if best < 0 {
			break
		}
		parts[best].end, parts[best].id = parts[best+1].end, pairs[best].id
		parts = slices.Delete(parts, best+1, best+2)
		pairs = slices.Delete(pairs, best, best+1)
		if best < len(pairs) {
			pairs[best] = look(best)
		}
		if best > 0 {
			pairs[best-1] = look(best - 1)
		}
	}
	ids := make([]int32, len(parts))
	for i, p := range parts {
		ids[i] = p.id
	}
	return ids
}

// A candidate is a possible merge of two neighbours. It is stale when either
// part has changed since.
type candidate struct {
	rank, id    int32
	left, right int32
	start, end  int
}

func (c candidate) before(d candidate) bool {
	if c.rank != d.rank {
		return c.rank < d.rank
	}
	return c.start < d.start
}

type merger struct {
	piece string
	parts []part
	heap  []candidate
	join  joiner
}

func mergeLong(piece string, parts []part, join joiner) []int32 {
	m := &merger{piece: piece, parts: parts, join: join}
	for i := range parts {
		parts[i].prev, parts[i].next = int32(i-1), int32(i+1)
	}
	parts[len(parts)-1].next = -1
	for i := range int32(len(parts) - 1) {
		m.propose(i, i+1)
	}
	for len(m.heap) > 0 {
		m.apply(m.pop())
	}
	var ids []int32
	for i := int32(0); i >= 0; i = parts[i].next {
		ids = append(ids, parts[i].id)
	}
	return ids
}

// propose puts the pair of two neighbours on the heap if they merge.
func (m *merger) propose(left, right int32) {
	if left < 0 || right < 0 {
		return
	}
	l, r := &m.parts[left], &m.parts[right]
	if rank, id, ok := m.join(l.id, r.id, m.piece[l.start:r.end]); ok {
		m.push(candidate{rank, id, left, right, l.start, r.end})
	}
}

// apply merges a pair unless it is stale: a part that was merged into its left
// neighbour is empty, and one that grew ends elsewhere.
func (m *merger) apply(c candidate) {
	l, r := &m.parts[c.left], &m.parts[c.right]
	if l.next != c.right || l.end != r.start || r.end != c.end {
		return
	}
	l.end, l.id, l.next = r.end, c.id, r.next
	r.end = r.start
	if l.next >= 0 {
		m.parts[l.next].prev = c.left
	}
	m.propose(l.prev, c.left)
	m.propose(c.left, l.next)
}

func (m *merger) push(c candidate) {
	h := append(m.heap, c)
	i := len(h) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !c.before(h[up]) {
			break
		}
		h[i] = h[up]
		i = up
	}
	h[i] = c
	m.heap = h
}

func (m *merger) pop() candidate {
	h := m.heap
	top, c := h[0], h[len(h)-1]
	h = h[:len(h)-1]
	m.heap = h
	if len(h) == 0 {
		return top
	}
	i := 0
	for {
		down := 2*i + 1
		if down >= len(h) {
			break
		}
		if down+1 < len(h) && h[down+1].before(h[down]) {
			down++
		}
		if !h[down].before(c) {
			break
		}
		h[i] = h[down]
		i = down
	}
	h[i] = c
	return top
}
