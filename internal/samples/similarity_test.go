package samples

import "slices"

// pairwise returns the similarities of all pairs, ascending, and the pair that
// is most alike.
func pairwise(texts []string) (sorted []float64, a, b int) {
	sets := make([][]uint64, len(texts))
	for i, t := range texts {
		sets[i] = shingles(t)
	}
	most := -1.0
	for i := range sets {
		for j := range i {
			s := jaccard(sets[i], sets[j])
			sorted = append(sorted, s)
			if s > most {
				most, a, b = s, i, j
			}
		}
	}
	slices.Sort(sorted)
	return sorted, a, b
}
