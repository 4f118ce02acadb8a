package medical

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"adapt/eval"
)

// observationCodes ties the observations to the codes that people gave the
// Open-i reports. There is none for what the coders did not code as such:
// pleura that is scarred, for one, is coded as a scar.
var observationCodes = map[string]func(head string, attrs []string) bool{
	noFinding:     heads("normal"),
	mediastinum:   headWith("Mediastinum", "enlarged", "prominent"),
	cardiomegaly:  anyOf(heads("Cardiomegaly"), headWith("Cardiac Shadow", "enlarged", "borderline", "prominent"), headWith("Heart", "enlarged")),
	opacity:       anyOf(heads("Opacity", "Airspace Disease", "Infiltrate", "Lung Diseases, Interstitial"), headWith("Density", "lung", "base", "lower lobe", "upper lobe", "middle lobe", "lingula", "apex"), headWith("Markings", "interstitial", "lung"), headWith("Cicatrix", "lung", "base", "apex", "upper lobe", "lower lobe", "middle lobe", "lingula"), headWith("Thickening", "bronchi")),
	lesion:        anyOf(heads("Nodule", "Cavitation"), headWith("Mass", "lung", "hilum", "base", "lower lobe", "upper lobe")),
	edema:         heads("Pulmonary Edema", "Pulmonary Congestion", "Heart Failure"),
	consolidation: heads("Consolidation"),
	pneumonia:     heads("Pneumonia"),
	atelectasis:   heads("Pulmonary Atelectasis"),
	pneumothorax:  heads("Pneumothorax", "Hydropneumothorax"),
	effusion:      heads("Pleural Effusion", "Hydropneumothorax"),
	pleuralOther:  headWith("Thickening", "pleura"),
	fracture:      heads("Fractures, Bone"),
	devices:       heads("Catheters, Indwelling", "Implanted Medical Device", "Medical Device", "Tube, Inserted", "Stents", "Spinal Fusion"),
}

// reportKey is a report's text without what differs between copies.
func reportKey(s study) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s.findings+s.impression)
}

// openiHalves returns the reports with even uids, which rules may be written
// by, and those with odd ones whose text is none of an even one.
func openiHalves(t testing.TB) (seen, judged []study) {
	known := map[string]bool{}
	all := openi(t)
	for _, s := range all {
		if s.uid%2 == 0 {
			known[reportKey(s)] = true
		}
	}
	for _, s := range all {
		switch {
		case s.unindexed || s.findings+s.impression == "":
		case s.uid%2 == 0:
			seen = append(seen, s)
		case !known[reportKey(s)]:
			judged = append(judged, s)
		}
	}
	return seen, judged
}

// TestOpenIObservations measures the observations of whole reports against the
// codes that people gave them. The coders code what is said to be there, maybe
// or surely; so both count as asserted.
func TestOpenIObservations(t *testing.T) {
	seen, judged := openiHalves(t)
	for name, half := range map[string][]study{"seen": seen, "judged": judged} {
		var outcomes []eval.Outcome
		for _, s := range half {
			id := strconv.Itoa(s.uid)
			o := eval.Outcome{DocID: id, Group: reportKey(s), Counts: map[string]eval.Counts{}, Answered: true}
			for _, got := range ObserveReport(s.document()) {
				said := got.Presence == Present || got.Presence == Uncertain
				want := coding{code: observationCodes[got.Name]}.coded(s)
				verdict := ""
				switch {
				case said && want:
					o.Counts[got.Name] = eval.Counts{TP: 1}
				case said:
					o.Counts[got.Name] = eval.Counts{FP: 1}
					verdict = "extra"
				case want:
					o.Counts[got.Name] = eval.Counts{FN: 1}
					verdict = "missed"
				}
				if verdict != "" && name == "seen" && os.Getenv("ADAPT_SHOW") == got.Name {
					t.Logf("%d %s %s %v\nF: %s\nI: %s", s.uid, verdict, got.Name, s.codes, s.findings, s.impression)
				}
			}
			outcomes = append(outcomes, o)
		}
		sum := eval.Summarize(outcomes, eval.Options{Resamples: 1000, Seed: 1})
		var out strings.Builder
		table(&out, "observation", sum, append(Observations(), ""))
		t.Logf("%s: %d reports\n%s", name, len(half), out.String())
		if f1 := sum.Figure(eval.ExtractionF1, "").Value; name == "judged" && f1 < 0.85 {
			t.Errorf("micro F1 is %.3f, want at least 0.85", f1)
		}
	}
}
