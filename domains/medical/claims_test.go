package medical

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"adapt/eval"
)

// TestOpenIClaims measures the claim checker on impressions that people wrote:
// what it calls unsupported there is its own error or an addition of theirs.
func TestOpenIClaims(t *testing.T) {
	kinds := map[string]int{}
	claims, findings, bad, trained, reports := 0, 0, 0, 0, 0
	for _, s := range openi(t) {
		doc := s.document()
		r := readReport(doc)
		if !r.has(partFindings) || !r.has(partImpression) {
			continue
		}
		reports++
		checked := newChecker(r).check(r.text(partImpression))
		if len(unsupported(checked)) == 0 {
			trained++
		}
		for _, c := range checked {
			claims++
			kinds[c.Kind]++
			if !c.Supported {
				bad++
				if v := os.Getenv("V"); v != "" && s.uid%2 == 0 && (v == "all" || v == c.Kind) {
					t.Logf("%d %s: %s [%s]\nC: %s\nF: %s\nI: %s", s.uid, c.Kind, c.Category, c.Text, s.comparison, s.findings, s.impression)
				}
			}
			if c.Category != comparisonCategory && c.Category != numberCategory {
				findings++
			}
		}
	}
	t.Logf("%d reports, %d claims, %.3f unsupported, %d reports without any; %v", reports, claims, ratio(bad, claims), trained, kinds)
	_ = fmt.Sprint
	_ = strings.ToLower
	_ = eval.Claim{}
}
