package ingest

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

const (
	shingleWords = 5
	minHashes    = 128
	hashSeed     = 0x61646170 // of the hash functions; groups depend on it
)

// A Signature stands for a text where it is compared with others: its MinHashes.
// That of a text without words is the zero Signature.
type Signature [minHashes]uint64

// Sign returns the signature of a text, in O(words).
func Sign(text string) Signature {
	hashes := shingles(text)
	if len(hashes) == 0 {
		return Signature{}
	}
	return family.sign(hashes)
}

// Bytes is the signature as bytes.
func (s Signature) Bytes() []byte {
	b := make([]byte, 0, 8*minHashes)
	for _, h := range s {
		b = binary.LittleEndian.AppendUint64(b, h)
	}
	return b
}

// ParseSignature is the inverse of [Signature.Bytes].
func ParseSignature(b []byte) (s Signature, err error) {
	if len(b) != 8*minHashes {
		return s, fmt.Errorf("ingest: a signature of %d bytes, not %d", len(b), 8*minHashes)
	}
	for i := range s {
		s[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return s, nil
}

// A Signed is a document that is grouped by its signature, without its text.
type Signed struct {
	ID        string
	Signature Signature
}

// Group sets the Group of documents; see [Groups].
func Group(docs []*Document, jaccard float64) {
	signed := make([]Signed, len(docs))
	for i, d := range docs {
		signed[i] = Signed{d.ID, Sign(d.Text)}
	}
	for i, g := range Groups(signed, jaccard) {
		docs[i].Group = g
	}
}

// Groups returns the group of each document: near-duplicates, whose sets of
// five-word runs have an estimated Jaccard similarity of at least jaccard, share
// one, directly or through others. A group is named by its lowest document ID.
// With a jaccard of 0 or less each document is a group of its own.
//
// The similarity is estimated by MinHash with 128 hash functions, and in doubt
// documents are joined; candidates
// come from locality-sensitive hashing, so that time grows with the number of
// documents, not with its square (Leskovec, Rajaraman, Ullman: Mining of
// Massive Datasets, chapter 3).
func Groups(docs []Signed, jaccard float64) []string {
	sets := newUnion(len(docs))
	if jaccard > 0 {
		joinSimilar(docs, jaccard, sets)
	}
	lowest := make(map[int]string)
	for i, d := range docs {
		root := sets.find(i)
		if id, ok := lowest[root]; !ok || d.ID < id {
			lowest[root] = d.ID
		}
	}
	groups := make([]string, len(docs))
	for i := range docs {
		groups[i] = lowest[sets.find(i)]
	}
	return groups
}

// Similar returns the Jaccard similarity of the five-word runs of two
// documents, from 0 to 1. Two documents without words are not similar.
func Similar(a, b *Document) float64 {
	in := make(map[uint64]bool)
	for _, h := range shingles(a.Text) {
		in[h] = true
	}
	all, common := len(in), 0
	for _, h := range shingles(b.Text) {
		if both, ok := in[h]; !ok {
			in[h] = false
			all++
		} else if both {
			in[h] = false
			common++
		}
	}
	if all == 0 {
		return 0
	}
	return float64(common) / float64(all)
}

func joinSimilar(docs []Signed, jaccard float64, sets union) {
	bySignature := make(map[Signature]int)
	var distinct []int // documents with different signatures
	for i, d := range docs {
		if d.Signature == (Signature{}) {
			continue
		}
		if first, ok := bySignature[d.Signature]; ok {
			sets.join(first, i)
			continue
		}
		bySignature[d.Signature] = i
		distinct = append(distinct, i)
	}
	// An estimate that falls short by its standard error is taken all the same:
	// a near copy that is missed may come into two splits.
	least := jaccard - math.Sqrt(jaccard*max(1-jaccard, 0)/minHashes)
	rows := bandRows(jaccard)
	for band := 0; band+rows <= minHashes; band += rows {
		buckets := make(map[uint64]bucket)
		for _, i := range distinct {
			key := hashRow(docs[i].Signature[band : band+rows])
			buckets[key] = buckets[key].add(i, sets, func(other int) bool {
				return agree(&docs[i].Signature, &docs[other].Signature, least)
			})
		}
	}
}

// A bucket is the documents that share a band, in parts that were of one set
// when they were put in: a document is not compared with those of its own set,
// so that a thousand copies cost no million comparisons.
type bucket [][]int

// add puts document i in, and joins it to the sets of those that are similar.
func (b bucket) add(i int, sets union, similar func(other int) bool) bucket {
	own := -1
	for p, part := range b {
		if sets.find(i) != sets.find(part[0]) {
			for _, other := range part {
				if similar(other) {
					sets.join(i, other)
					break
				}
			}
		}
		if own < 0 && sets.find(i) == sets.find(part[0]) {
			own = p
		}
	}
	if own < 0 {
		return append(b, []int{i})
	}
	b[own] = append(b[own], i)
	return b
}

// bandRows returns how many hashes make a band: as many as leave a pair of the
// wanted similarity a chance of less than 1% to share no band.
func bandRows(jaccard float64) int {
	for _, rows := range []int{16, 8, 4, 2} {
		bands := float64(minHashes / rows)
		if math.Pow(1-math.Pow(min(jaccard, 1), float64(rows)), bands) < 0.01 {
			return rows
		}
	}
	return 1
}

// agree reports whether at least a share of the hashes is the same.
func agree(a, b *Signature, share float64) bool {
	most := minHashes - int(math.Ceil(share*minHashes)) // that may differ
	for i := range a {
		if a[i] != b[i] {
			if most--; most < 0 {
				return false
			}
		}
	}
	return true
}

// hashFamily are the functions h(x) = factor·x + term over 64 bits.
type hashFamily [minHashes]struct{ factor, term uint64 }

// family are the hash functions of all signatures.
var family = hashFunctions()

func hashFunctions() *hashFamily {
	rng := rand.New(rand.NewPCG(hashSeed, hashSeed))
	var f hashFamily
	for i := range f {
		f[i].factor, f[i].term = rng.Uint64()|1, rng.Uint64()
	}
	return &f
}

func (f *hashFamily) sign(hashes []uint64) Signature {
	var s Signature
	for i, h := range f {
		lowest := uint64(math.MaxUint64)
		for _, x := range hashes {
			lowest = min(lowest, h.factor*x+h.term)
		}
		s[i] = lowest
	}
	return s
}

// shingles returns the hashes of the runs of five words; a shorter text is one
// run.
func shingles(text string) []uint64 {
	words := normalWords(text)
	if len(words) == 0 {
		return nil
	}
	hashes := make([]uint64, len(words))
	for i, w := range words {
		hashes[i] = hashString(w)
	}
	n := max(len(words)-shingleWords+1, 1)
	for i := range n {
		hashes[i] = hashRow(hashes[i:min(i+shingleWords, len(words))])
	}
	slices.Sort(hashes[:n])
	return slices.Compact(hashes[:n])
}

// hashString is FNV-1a.
func hashString(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// hashRow mixes values in their order.
func hashRow(values []uint64) uint64 {
	h := uint64(len(values))
	for _, v := range values {
		h = mix(h ^ v)
	}
	return h
}

// mix is the finalizer of SplitMix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// union is a union-find structure over indexes; roots are the lowest ones.
type union []int

func newUnion(n int) union {
	u := make(union, n)
	for i := range u {
		u[i] = i
	}
	return u
}

func (u union) find(i int) int {
	for u[i] != i {
		u[i] = u[u[i]]
		i = u[i]
	}
	return i
}

func (u union) join(i, j int) {
	a, b := u.find(i), u.find(j)
	u[max(a, b)] = min(a, b)
}
