package label

import (
	"crypto/sha256"
	"encoding/json"
	"iter"
	"maps"
	"slices"
)

// A DataDiff says how two data sets differ.
type DataDiff struct {
	// Functions are the versions of the domain's labels, From and To.
	Functions [2]string `json:"functions"`
	Seed      [2]int64  `json:"seed"`
	Documents DocDiff   `json:"documents"`
	// Labels are by category, those without a difference left out.
	Labels   []CategoryDiff `json:"labels"`
	Examples ItemDiff       `json:"examples"`
}

// Same reports whether nothing differs.
func (d DataDiff) Same() bool {
	return d.Functions[0] == d.Functions[1] && d.Documents.Added == nil && d.Documents.Removed == nil &&
		len(d.Documents.Moved) == 0 && len(d.Labels) == 0 && d.Examples.none()
}

// A DocDiff compares documents by ID. A file that was changed counts as
// removed and as added.
type DocDiff struct {
	Same    int           `json:"same"`
	Added   map[Split]int `json:"added,omitempty"`
	Removed map[Split]int `json:"removed,omitempty"`
	Moved   []Move        `json:"moved,omitempty"`
}

// A Move counts documents that went from one split to another.
type Move struct {
	From  Split `json:"from"`
	To    Split `json:"to"`
	Count int   `json:"count"`
}

// An ItemDiff counts labels or examples.
type ItemDiff struct {
	Same    int `json:"same"`
	Added   int `json:"added"`
	Removed int `json:"removed"`
	Changed int `json:"changed"`
}

func (d ItemDiff) none() bool { return d.Added == 0 && d.Removed == 0 && d.Changed == 0 }

// A CategoryDiff is an ItemDiff of one category's labels. Changed are labels
// whose range moved, or who gave them, or what qualifies them.
type CategoryDiff struct {
	Category string `json:"category"`
	ItemDiff
}

// CompareData compares two data sets with what labeling made of their
// documents. Of documents that are in one of the two alone, labels and
// examples count as added or removed.
func CompareData(from, to Dataset, before, after iter.Seq2[Labeled, error]) (DataDiff, error) {
	d := DataDiff{Functions: [2]string{from.Version, to.Version}, Seed: [2]int64{from.Seed, to.Seed}, Documents: compareDocs(from.Docs, to.Docs)}
	old, err := digests(from, before)
	if err != nil {
		return d, err
	}
	by := map[string]*ItemDiff{}
	of := func(category string) *ItemDiff {
		if by[category] == nil {
			by[category] = &ItemDiff{}
		}
		return by[category]
	}
	for l, err := range after {
		if err != nil {
			return d, err
		}
		if _, in := to.Docs[l.DocID]; in {
			was := old[l.DocID]
			delete(old, l.DocID)
			compareLabels(was.labels, digest(l).labels, of)
			compareExamples(was.examples, digest(l).examples, &d.Examples)
		}
	}
	for _, gone := range old {
		compareLabels(gone.labels, nil, of)
		compareExamples(gone.examples, nil, &d.Examples)
	}
	for _, c := range slices.Sorted(maps.Keys(by)) {
		if !by[c].none() {
			d.Labels = append(d.Labels, CategoryDiff{c, *by[c]})
		}
	}
	return d, nil
}

func compareDocs(from, to map[string]Split) DocDiff {
	var d DocDiff
	moves := map[Move]int{}
	for id, s := range to {
		was, ok := from[id]
		switch {
		case !ok:
			if d.Added == nil {
				d.Added = map[Split]int{}
			}
			d.Added[s]++
		case was == s:
			d.Same++
		default:
			moves[Move{From: was, To: s}]++
		}
	}
	for id, s := range from {
		if _, ok := to[id]; !ok {
			if d.Removed == nil {
				d.Removed = map[Split]int{}
			}
			d.Removed[s]++
		}
	}
	all := []Split{Train, Dev, Test}
	for _, a := range all {
		for _, b := range all {
			if n := moves[Move{From: a, To: b}]; n > 0 {
				d.Moved = append(d.Moved, Move{a, b, n})
			}
		}
	}
	return d
}

// docDigest is what is kept of a document's labels and examples: hashes.
type docDigest struct {
	labels   []labelDigest
	examples map[string][16]byte // by ID
}

type labelDigest struct {
	category   string
	start, end int
	rest       [16]byte // who gave it, and what qualifies it
}

func digests(in Dataset, all iter.Seq2[Labeled, error]) (map[string]docDigest, error) {
	out := map[string]docDigest{}
	for l, err := range all {
		if err != nil {
			return nil, err
		}
		if _, ok := in.Docs[l.DocID]; ok {
			out[l.DocID] = digest(l)
		}
	}
	return out, nil
}

func digest(l Labeled) docDigest {
	d := docDigest{examples: map[string][16]byte{}}
	for _, s := range l.Truth.Spans {
		d.labels = append(d.labels, labelDigest{s.Category, s.Start, s.End, hashOf(s.Origin, s.Attrs)})
	}
	for _, e := range l.Examples {
		d.examples[e.ID] = hashOf(e.Turns, e.Rejected)
	}
	return d
}

func hashOf(parts ...any) [16]byte {
	b, err := json.Marshal(parts)
	if err != nil {
		panic(err) // texts, numbers and maps of texts
	}
	sum := sha256.Sum256(b)
	return [16]byte(sum[:16])
}

// compareLabels pairs labels of equal category and range, then those that
// overlap, which have changed.
func compareLabels(old, now []labelDigest, of func(string) *ItemDiff) {
	used := make([]bool, len(old))
	left := now[:0:0]
	for _, n := range now {
		i := pairLabel(old, used, func(o labelDigest) bool {
			return o.category == n.category && o.start == n.start && o.end == n.end
		})
		switch {
		case i < 0:
			left = append(left, n)
		case old[i].rest == n.rest:
			of(n.category).Same++
		default:
			of(n.category).Changed++
		}
	}
	for _, n := range left {
		i := pairLabel(old, used, func(o labelDigest) bool {
			return o.category == n.category && o.start < n.end && n.start < o.end
		})
		if i < 0 {
			of(n.category).Added++
		} else {
			of(n.category).Changed++
		}
	}
	for i, o := range old {
		if !used[i] {
			of(o.category).Removed++
		}
	}
}

// pairLabel returns the first unused label that fits and marks it as used; -1
// where there is none.
func pairLabel(old []labelDigest, used []bool, fits func(labelDigest) bool) int {
	for i, o := range old {
		if !used[i] && fits(o) {
			used[i] = true
			return i
		}
	}
	return -1
}

func compareExamples(old, now map[string][16]byte, d *ItemDiff) {
	for id, hash := range now {
		switch was, ok := old[id]; {
		case !ok:
			d.Added++
		case was == hash:
			d.Same++
		default:
			d.Changed++
		}
	}
	for id := range old {
		if _, ok := now[id]; !ok {
			d.Removed++
		}
	}
}
