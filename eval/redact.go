package eval

import (
	"fmt"
	"slices"
)

// Redact takes the cases of documents out of a report, because these were
// deleted, and returns how many it took. The figures stay: they tell nothing of
// a single document.
func Redact(r *Report, docIDs []string) int {
	before := len(r.Worst)
	r.Worst = slices.DeleteFunc(r.Worst, func(e Example) bool { return slices.Contains(docIDs, e.DocID) })
	n := before - len(r.Worst)
	if n > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("Documents were deleted on request after this report was made; %d of them stood among its cases and are no longer shown.", n))
	}
	return n
}
