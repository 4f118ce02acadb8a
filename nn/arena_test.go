package nn

import (
	"math/rand/v2"
	"testing"
)

// TestArrange places random lives in an arena: some much alike, some as the
// forward and backward passes of a deep network nest them.
func TestArrange(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	total, count := 0.0, 0
	for range 2000 {
		n, steps, most := 1+rng.IntN(60), 1+rng.IntN(40), 1+rng.IntN(3000)
		var places []*place
		for range n {
			first := rng.IntN(steps)
			p := &place{n: rng.IntN(most), first: first, last: first + rng.IntN(steps-first)}
			if rng.IntN(3) == 0 {
				p.last = steps - 1 - first // nested
				p.first, p.last = min(p.first, p.last), max(p.first, p.last)
			}
			places = append(places, p)
		}
		if size, peak := checkArrange(t, places); peak > 0 {
			total, count = total+float64(size)/float64(peak), count+1
		}
	}
	t.Logf("arenas are %.3f times the peak of live sizes, on average", total/float64(count))
}

func FuzzArrange(f *testing.F) {
	f.Add([]byte{10, 0, 5, 200, 3, 8, 64, 1, 1, 0, 0, 9})
	f.Add([]byte{16, 0, 0, 16, 0, 0, 17, 0, 1, 15, 1, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		var places []*place
		for ; len(b) >= 3 && len(places) < 200; b = b[3:] {
			places = append(places, &place{n: 3 * int(b[0]), first: int(b[1]), last: int(b[1]) + int(b[2])})
		}
		checkArrange(t, places)
	})
}

// checkArrange arranges places of their own and, after some, one that takes
// over its memory. It returns the arena's size and a bound that no arrangement
// can be below: the largest sum of sizes that live at the same time.
func checkArrange(t *testing.T, places []*place) (size, peak int) {
	t.Helper()
	for i, p := range places {
		p.offset = -1
		if i%5 == 4 {
			p.shared = places[i-1]
		}
	}
	size = arrange(places)
	sum, steps := 0, map[int]int{}
	for i, p := range places {
		switch {
		case p.shared != nil:
			if p.offset != -1 {
				t.Errorf("place %d shares memory, but got an offset of its own", i)
			}
			continue
		case p.n == 0:
			continue
		case p.offset < 0 || p.offset+p.n > size:
			t.Fatalf("place %d is at %d to %d in an arena of %d", i, p.offset, p.offset+p.n, size)
		case p.offset%align != 0:
			t.Errorf("place %d is at %d, which is no multiple of %d", i, p.offset, align)
		}
		sum += (p.n + align - 1) / align * align
		for s := p.first; s <= p.last; s++ {
			steps[s] += p.n
			peak = max(peak, steps[s])
		}
		for j, q := range places[:i] {
			if q.shared != nil || q.n == 0 {
				continue
			}
			if p.first <= q.last && q.first <= p.last && p.offset < q.offset+q.n && q.offset < p.offset+p.n {
				t.Fatalf("places %d and %d live at the same time and overlap: %+v, %+v", j, i, *q, *p)
			}
		}
	}
	if size > sum || size < peak {
		t.Fatalf("an arena of %d for places of %d together, of which %d live at a time", size, sum, peak)
	}
	return size, peak
}
