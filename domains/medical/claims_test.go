package medical

import (
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"adapt/ingest"
)

// plain is a report of two sections for tests.
func plain(findings, impression string) *ingest.Document {
	return study{uid: 1, findings: findings, impression: impression}.document()
}

func TestCheck(t *testing.T) {
	const effusionLeft = "There is a small left pleural effusion. No pneumothorax. Heart size is normal."
	tests := []struct {
		name, findings, comparison, impression string
		want                                   map[string]string // category: kind
	}{
		{"supported", effusionLeft, "", "Small left pleural effusion.", map[string]string{effusion: supported}},
		{"wrong side", effusionLeft, "", "Small right pleural effusion.", map[string]string{effusion: wrongSide}},
		{"both sides", effusionLeft, "", "Bilateral pleural effusions.", map[string]string{effusion: wrongSide}},
		{"one of two sides", "Bilateral pleural effusions.", "", "Left pleural effusion.", map[string]string{effusion: supported}},
		{"two sides together", "Left pleural effusion. Right pleural effusion.", "", "Bilateral pleural effusions.", map[string]string{effusion: supported}},
		{"severity", effusionLeft, "", "Large left pleural effusion.", map[string]string{effusion: wrongSeverity}},
		{"severity a step apart", effusionLeft, "", "Moderate left pleural effusion.", map[string]string{effusion: supported}},
		{"contradicted", effusionLeft, "", "Left pneumothorax.", map[string]string{pneumothorax: contradictedFinding}},
		{"contradicted by a normal organ", effusionLeft, "", "Cardiomegaly.", map[string]string{cardiomegaly: contradictedFinding}},
		{"unsupported", effusionLeft, "", "Hiatal hernia.", map[string]string{hernia: unsupportedFinding}},
		{"denied though present", effusionLeft, "", "No pleural effusion.", map[string]string{effusion: contradictedFinding}},
		{"a kind denied", effusionLeft, "", "No large pleural effusion.", map[string]string{effusion: supported}},
		{"normal though acute", "Moderate right pneumothorax.", "", "No acute cardiopulmonary abnormality.", map[string]string{noFinding: contradictedFinding}},
		{"acute and said so", "Moderate right pneumothorax.", "", "Right pneumothorax. Otherwise no acute abnormality.", map[string]string{noFinding: supported, pneumothorax: supported}},
		{"normal", "The lungs are clear. The heart is normal.", "", "No acute disease.", map[string]string{noFinding: supported}},
		{"hedged conclusion", "Right lower lobe opacity.", "", "Possible right lower lobe pneumonia.", map[string]string{pneumonia: supported}},
		{"bold conclusion", "Right lower lobe opacity.", "", "Right lower lobe pneumonia.", map[string]string{pneumonia: unsupportedFinding}},
		{"inference", "Right lower lobe opacity.", "", "Right lower lobe opacity consistent with pneumonia.", map[string]string{pneumonia: supported, opacity: supported}},
		{"enlarged heart", "The cardiac silhouette is enlarged.", "", "Cardiomegaly.", map[string]string{cardiomegaly: supported}},
		{"congestion makes edema when hedged", "Vascular congestion.", "", "Vascular congestion, likely mild edema.", map[string]string{edema: supported}},
		{"number", "5 mm left upper lobe nodule.", "", "5 mm left upper lobe nodule.", map[string]string{numberCategory: supported}},
		{"number in other units", "A 1.5 cm nodule.", "", "15 mm nodule.", map[string]string{numberCategory: supported}},
		{"invented number", "5 mm left upper lobe nodule.", "", "8 mm left upper lobe nodule.", map[string]string{numberCategory: inventedNumber}},
		{"level", "Fracture of the right 7th rib.", "", "Right 8th rib fracture.", map[string]string{numberCategory: inventedNumber}},
		{"comparison", "Stable cardiomegaly.", "", "Stable cardiomegaly.", map[string]string{comparisonCategory: supported}},
		{"comparison named", "Cardiomegaly.", "Chest film of last year.", "Stable cardiomegaly.", map[string]string{comparisonCategory: supported}},
		{"invented comparison", "Cardiomegaly.", "None.", "Stable cardiomegaly.", map[string]string{comparisonCategory: inventedComparison}},
		{"changed the other way", "Left effusion has increased.", "Chest film.", "Improved left effusion.", map[string]string{comparisonCategory: inventedComparison}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := study{uid: 1, findings: tt.findings, comparison: tt.comparison, impression: "x"}.document()
			got := map[string]string{}
			for _, c := range standard().checker(readReport(doc)).check(tt.impression) {
				got[c.Category] = c.Kind
				if c.Supported != (c.Kind == supported) {
					t.Errorf("%s: Supported is %v and the kind %q", c.Category, c.Supported, c.Kind)
				}
				if c.Start < 0 || c.End > len(doc.Text) || c.Start > c.End {
					t.Errorf("%s: place %d-%d is not in the document", c.Category, c.Start, c.End)
				}
			}
			for category, kind := range tt.want {
				if got[category] != kind {
					t.Errorf("%s is %q, want %q (all: %v)", category, got[category], kind, got)
				}
			}
		})
	}
}

func TestClaimPointsAtItsSource(t *testing.T) {
	doc := plain("Heart is normal. Small left pleural effusion.", "x")
	claims := standard().checker(readReport(doc)).check("Left effusion.")
	if len(claims) != 1 {
		t.Fatalf("claims %v, want one", claims)
	}
	if got := doc.Text[claims[0].Start:claims[0].End]; got != "effusion" && got != "pleural effusion" {
		t.Errorf("the source is %q", got)
	}
}

// TestOpenIClaims measures the claim checker on impressions that people wrote:
// what it calls unsupported there is its own error or an addition of theirs.
func TestOpenIClaims(t *testing.T) {
	kinds := map[string]int{}
	claims, bad, clean, reports := 0, 0, 0, 0
	for _, s := range openi(t) {
		r := readReport(s.document())
		if !r.has(partFindings) || !r.has(partImpression) {
			continue
		}
		reports++
		checked := standard().checker(r).check(r.text(partImpression))
		if len(unsupported(checked)) == 0 {
			clean++
		}
		for _, c := range checked {
			claims++
			kinds[c.Kind]++
			if !c.Supported {
				bad++
			}
			if kind := os.Getenv("ADAPT_SHOW"); kind != "" && kind == c.Kind && s.uid%2 == 0 {
				t.Logf("%d %s [%s]\nC: %s\nF: %s\nI: %s", s.uid, c.Category, c.Text, s.comparison, s.findings, s.impression)
			}
		}
	}
	t.Logf("%d reports, %d claims, %.3f unsupported, %d reports without any; %v", reports, claims, ratio(bad, claims), clean, kinds)
	if rate := ratio(bad, claims); rate > 0.06 {
		t.Errorf("%.3f of the claims that people made are called unsupported, want at most 0.06", rate)
	}
}

var sideWord = regexp.MustCompile(`(?i)\b(left|right)\b`)

var measured = regexp.MustCompile(`(?i)\b(\d+(?:\.\d+)?)\s*(mm|cm)\b`)

// additions are findings to invent, with the words that would make them none.
var additions = []struct{ name, sentence string }{
	{pneumothorax, "Small right pneumothorax."}, {hernia, "Moderate hiatal hernia."}, {scoliosis, "Mild scoliosis."},
	{pacemaker, "Left chest pacemaker."}, {fracture, "Acute left rib fracture."}, {effusion, "Moderate left pleural effusion."},
	{cardiomegaly, "Moderate cardiomegaly."}, {consolidation, "Right lower lobe consolidation."}, {nodule, "Right upper lobe nodule."},
	{edema, "Mild pulmonary edema."}, {emphysema, "Emphysema."}, {mass, "Left hilar mass."},
}

// TestOpenICorruptions makes impressions wrong on purpose and counts how many
// of the wrongs the checker sees.
func TestOpenICorruptions(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	tried, caught := map[string]int{}, map[string]int{}
	for _, s := range openi(t) {
		r := readReport(s.document())
		if s.uid%2 == 0 || !r.has(partFindings) || !r.has(partImpression) {
			continue
		}
		c := standard().checker(r)
		impression := r.text(partImpression)
		if len(unsupported(c.check(impression))) > 0 {
			continue
		}
		try := func(kind, corrupted string) {
			tried[kind]++
			if len(unsupported(c.check(corrupted))) > 0 {
				caught[kind]++
			} else if os.Getenv("ADAPT_SHOW") == kind {
				t.Logf("%d %s\nF: %s\nI: %s\nX: %s", s.uid, kind, s.findings, impression, corrupted)
			}
		}
		said := Extract(impression)
		if sideWord.MatchString(impression) && slices.ContainsFunc(said, func(f Finding) bool { return f.Asserted() && (f.Side == left || f.Side == right) }) {
			try("side", sideWord.ReplaceAllStringFunc(impression, func(w string) string {
				if strings.EqualFold(w, left) {
					return right
				}
				return left
			}))
		}
		if measured.MatchString(impression) {
			try("number", measured.ReplaceAllStringFunc(impression, func(w string) string {
				m := measured.FindStringSubmatch(w)
				x, _ := strconv.ParseFloat(m[1], 64)
				return strconv.FormatFloat(x+3, 'f', -1, 64) + " " + m[2]
			}))
		}
		add := additions[rng.IntN(len(additions))]
		if !slices.ContainsFunc(c.findings, func(f Finding) bool { return f.Name == add.name && f.Asserted() }) {
			try("addition", impression+". "+add.sentence)
		}
		for _, f := range said {
			if f.Presence == Present && f.Name != noFinding && slices.ContainsFunc(c.findings, func(s Finding) bool { return s.Name == f.Name && s.Presence == Present }) {
				try("negation", "No "+impression[f.Start:f.End]+".")
				break
			}
		}
		if !c.compared {
			try("comparison", "Compared to the prior study, no change. "+impression)
		}
	}
	for _, kind := range []string{"side", "number", "addition", "negation", "comparison"} {
		recall := ratio(caught[kind], tried[kind])
		t.Logf("%-10s %4d of %4d caught: %.3f", kind, caught[kind], tried[kind], recall)
		if recall < 0.9 {
			t.Errorf("%s: %.3f of the corruptions are caught, want at least 0.9", kind, recall)
		}
	}
}
