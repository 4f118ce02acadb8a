package tokenizer

import "container/heap"

// A joiner says whether two adjacent tokens merge: joined is the text of both.
// Pairs with a lower rank merge first. It is ok false where they do not merge.
type joiner func(left, right int32, joined string) (rank, id int32, ok bool)

// merge encodes one piece by byte-pair encoding in O(n log n), so that a
// hostile piece (a megabyte without a space) costs no quadratic time.
func merge(piece string, byteIDs *[256]int32, join joiner) []int32 {
	m := newMerger(piece, byteIDs, join)
	for len(m.pairs) > 0 {
		m.apply(heap.Pop(&m.pairs).(pair))
	}
	return m.ids()
}

// A part is one token of the piece on its way; parts form a linked list.
type part struct {
	start, end int
	id         int32
	prev, next int // indexes of parts; -1 at the ends
	dead       bool
}

// A pair is a possible merge of two neighbours. It is stale when either part
// has changed since.
type pair struct {
	rank, id    int32
	left, right int
	start, end  int
}

type pairHeap []pair

func (h pairHeap) Len() int { return len(h) }
func (h pairHeap) Less(i, j int) bool {
	if h[i].rank != h[j].rank {
		return h[i].rank < h[j].rank
	}
	return h[i].start < h[j].start
}
func (h pairHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *pairHeap) Push(x any)   { *h = append(*h, x.(pair)) }
func (h *pairHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

type merger struct {
	piece string
	parts []part
	pairs pairHeap
	join  joiner
}

func newMerger(piece string, byteIDs *[256]int32, join joiner) *merger {
	m := &merger{piece: piece, parts: make([]part, len(piece)), join: join}
	for i := range len(piece) {
		m.parts[i] = part{start: i, end: i + 1, id: byteIDs[piece[i]], prev: i - 1, next: i + 1}
	}
	if len(piece) > 0 {
		m.parts[len(piece)-1].next = -1
	}
	for i := range len(piece) - 1 {
		m.propose(i, i+1)
	}
	return m
}

// propose puts the pair of two neighbours on the heap if they merge.
func (m *merger) propose(left, right int) {
	if left < 0 || right < 0 {
		return
	}
	l, r := &m.parts[left], &m.parts[right]
	rank, id, ok := m.join(l.id, r.id, m.piece[l.start:r.end])
	if ok {
		heap.Push(&m.pairs, pair{rank, id, left, right, l.start, r.end})
	}
}

// apply merges a pair unless it is stale.
func (m *merger) apply(p pair) {
	l, r := &m.parts[p.left], &m.parts[p.right]
	if l.dead || r.dead || l.next != p.right || l.start != p.start || r.end != p.end {
		return
	}
	l.end, l.id, l.next = r.end, p.id, r.next
	r.dead = true
	if l.next >= 0 {
		m.parts[l.next].prev = p.left
	}
	m.propose(l.prev, p.left)
	m.propose(p.left, l.next)
}

func (m *merger) ids() []int32 {
	var ids []int32
	if len(m.parts) == 0 {
		return nil
	}
	for i := 0; i >= 0; i = m.parts[i].next {
		ids = append(ids, m.parts[i].id)
	}
	return ids
}
