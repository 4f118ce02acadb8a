package review

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"

	"adapt/registry"
)

// Options say what to ask.
type Options struct {
	Count int // labels to ask about
	// SpotChecks is the share of Count that is drawn at random from what is left
	// after the least sure ones were taken. Precision measured on unsure labels
	// alone says nothing of the others.
	SpotChecks float64
	Seed       int64
}

// A Candidate is an item that may be asked about.
type Candidate struct {
	Document string
	Item     Item
}

// Queue chooses what to ask: first what the label model is least sure of and
// where functions contradict each other, then the spot checks. The order does
// not depend on that of the candidates.
func Queue(candidates []Candidate, o Options) []registry.ReviewTask {
	type ranked struct {
		Candidate
		score float64
		draw  [sha256.Size]byte
	}
	all := make([]ranked, len(candidates))
	for i, c := range candidates {
		b := binary.LittleEndian.AppendUint64(nil, uint64(o.Seed))
		all[i] = ranked{c, doubt(c.Item), sha256.Sum256(append(b, c.Document+"\x00"+c.Item.ID...))}
	}
	byDraw := func(a, b ranked) int { return slices.Compare(a.draw[:], b.draw[:]) }
	slices.SortFunc(all, func(a, b ranked) int { return cmp.Or(cmp.Compare(b.score, a.score), byDraw(a, b)) })

	count := min(max(o.Count, 0), len(all))
	spot := int(math.Round(o.SpotChecks * float64(count)))
	unsure, rest := all[:count-spot], all[count-spot:]
	slices.SortFunc(rest, byDraw)
	var tasks []registry.ReviewTask
	add := func(r ranked, why string) {
		tasks = append(tasks, registry.ReviewTask{
			Document: r.Document, Item: r.Item.ID, Category: r.Item.Category, Confidence: r.Item.Confidence, Why: why,
		})
	}
	for _, r := range unsure {
		why := registry.WhyUnsure
		if r.Item.Conflict() {
			why = registry.WhyConflict
		}
		add(r, why)
	}
	for _, r := range rest[:spot] {
		add(r, registry.WhySpotCheck)
	}
	return tasks
}

// doubt says how much an item needs a person, in [0,1]: 1 at even odds, 0 at
// certainty. Where functions contradict each other it is at least 0.9, and
// where nothing was estimated it is 0.5.
func doubt(it Item) float64 {
	d := 0.5
	if it.Confidence > 0 {
		d = 1 - 2*math.Abs(it.Confidence-0.5)
	}
	if it.Conflict() {
		d = max(d, 0.9)
	}
	return d
}
