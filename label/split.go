package label

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"
)

// A DocGroup is a document to split, with the group that it may not be parted
// from. Without a group it stands alone.
type DocGroup struct {
	ID    string `json:"id"`
	Group string `json:"group,omitempty"`
}

func (d DocGroup) group() string {
	if d.Group == "" {
		return d.ID
	}
	return d.Group
}

// SplitDocs divides documents by group into splits and returns each
// document's. dev and test are shares of the groups.
//
// A group that holds a document of frozenTest goes to Test as a whole, also
// beyond the share, so that what was once tested on is never trained on. The
// other groups are ordered by a hash of seed and group and cut: the result
// depends on neither the order of docs nor their number of pages. With three
// groups or more, every split that is asked for (share > 0) gets at least one
// group and so does Train, unless all are frozen.
func SplitDocs(docs []DocGroup, dev, test float64, seed int64, frozenTest map[string]bool) map[string]Split {
	frozen := map[string]bool{}
	seen := map[string]bool{}
	for _, d := range docs {
		seen[d.group()] = true
		if frozenTest[d.ID] {
			frozen[d.group()] = true
		}
	}
	var free []ranked
	for g := range seen {
		if !frozen[g] {
			free = append(free, ranked{g, splitHash(seed, g)})
		}
	}
	slices.SortFunc(free, func(a, b ranked) int {
		return cmp.Or(slices.Compare(a.hash[:], b.hash[:]), cmp.Compare(a.group, b.group))
	})

	nTest := max(share(test, len(seen))-len(frozen), 0)
	nDev := share(dev, len(seen))
	// Train comes first where there are too few groups for all.
	nTest = min(nTest, max(len(free)-1, 0))
	nDev = min(nDev, max(len(free)-nTest-1, 0))
	if nDev == 0 && dev > 0 && nTest > 1 {
		nTest, nDev = nTest-1, 1
	}

	byGroup := map[string]Split{}
	for g := range frozen {
		byGroup[g] = Test
	}
	for i, r := range free {
		switch {
		case i < nTest:
			byGroup[r.group] = Test
		case i < nTest+nDev:
			byGroup[r.group] = Dev
		default:
			byGroup[r.group] = Train
		}
	}
	splits := make(map[string]Split, len(docs))
	for _, d := range docs {
		splits[d.ID] = byGroup[d.group()]
	}
	return splits
}

type ranked struct {
	group string
	hash  [sha256.Size]byte
}

func splitHash(seed int64, group string) [sha256.Size]byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(seed))
	return sha256.Sum256(append(b, group...))
}

// share returns the number of n groups that a share amounts to, at least one
// when there are three.
func share(s float64, n int) int {
	if s <= 0 || n < 2 {
		return 0
	}
	k := int(math.Round(s * float64(n)))
	if n >= 3 {
		k = max(k, 1)
	}
	return min(k, n)
}
