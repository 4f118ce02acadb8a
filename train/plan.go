package train

import "math/rand/v2"

// pack puts sequences into batches of at most rows rows, in the order given.
func pack(order []int, seqs []Sequence, rows int) [][]int {
	var batches [][]int
	var batch []int
	used := 0
	for _, i := range order {
		n := seqs[i].rows()
		if used+n > rows && len(batch) > 0 {
			batches, batch, used = append(batches, batch), nil, 0
		}
		batch, used = append(batch, i), used+n
	}
	if len(batch) > 0 {
		batches = append(batches, batch)
	}
	return batches
}

// A plan says which sequences each step sees. An epoch is one pass over the
// training set in random order; wherever the replayed rows fall behind their
// share of all rows so far, a sequence of theirs comes between. Their passes
// are in random orders of their own.
type plan struct {
	seqs  []Sequence // the training set, then what is replayed
	train int        // how many are of the training set
	share float64    // of the rows that are replayed
	rows  int        // of a step
	steps int        // in all

	epoch  int // that is packed
	first  int // step at which it began
	stream *stream
	replay *stream
	seen   [2]int64 // rows so far: of the training set, replayed
	order  []int    // sequences of the epoch
	ends   []int    // of each of its steps in order
	used   int      // rows of the step under way
}

// A stream hands out sequences in one random order after the other.
type stream struct {
	first int // sequence; the others follow
	order []int
	at    int
	pcg   *rand.PCG
	rng   *rand.Rand // over pcg
}

func newStream(first, n int) *stream {
	s := &stream{first: first, order: make([]int, n), at: n, pcg: &rand.PCG{}}
	s.rng = rand.New(s.pcg)
	return s
}

// shuffle begins a pass. The order depends on the two seeds alone.
func (s *stream) shuffle(seed1, seed2 uint64) {
	for i := range s.order {
		s.order[i] = s.first + i
	}
	s.pcg.Seed(seed1, seed2)
	s.rng.Shuffle(len(s.order), func(i, j int) { s.order[i], s.order[j] = s.order[j], s.order[i] })
	s.at = 0
}

// newPlan plans c.Steps steps, or c.Epochs passes over the training set.
func newPlan(trainSet, replay []Sequence, c Config) *plan {
	p := &plan{train: len(trainSet), rows: c.BatchTokens}
	p.seqs = append(append(p.seqs, trainSet...), replay...)
	p.stream, p.replay = newStream(0, len(trainSet)), newStream(len(trainSet), len(replay))
	if len(replay) > 0 {
		p.share = c.Replay
	}
	p.pack(c.Seed)
	if p.steps = c.Steps; p.steps == 0 {
		p.steps = max(1, int(c.Epochs*float64(len(p.ends))+0.5))
	}
	return p
}

// replaySeed tells the orders of replayed passes from those of epochs.
const replaySeed = 1 << 63

// pack lays out the steps of the present epoch.
func (p *plan) pack(seed uint64) {
	p.stream.shuffle(seed, uint64(p.epoch))
	p.order, p.ends, p.used = p.order[:0], p.ends[:0], 0
	passes := uint64(0)
	for _, i := range p.stream.order {
		p.put(i)
		for p.behind() {
			if p.replay.at == len(p.replay.order) {
				p.replay.shuffle(seed, replaySeed|uint64(p.epoch)<<24|passes)
				passes++
			}
			p.put(p.replay.order[p.replay.at])
			p.replay.at++
		}
	}
	p.ends = append(p.ends, len(p.order))
}

// behind reports whether the replayed rows have less than their share.
func (p *plan) behind() bool {
	return p.share > 0 && float64(p.seen[1]) < p.share*float64(p.seen[0]+p.seen[1])
}

func (p *plan) put(i int) {
	n := p.seqs[i].rows()
	if p.used+n > p.rows && p.used > 0 {
		p.ends, p.used = append(p.ends, len(p.order)), 0
	}
	p.order, p.used = append(p.order, i), p.used+n
	if i < p.train {
		p.seen[0] += int64(n)
	} else {
		p.seen[1] += int64(n)
	}
}

// step returns the sequences of a step, which are valid until the next call.
// Steps are asked for in rising order.
func (p *plan) step(n int, seed uint64) []int {
	for n >= p.first+len(p.ends) {
		p.first += len(p.ends)
		p.epoch++
		p.pack(seed)
	}
	n -= p.first
	if n == 0 {
		return p.order[:p.ends[0]]
	}
	return p.order[p.ends[n-1]:p.ends[n]]
}
