package medical

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"adapt/ingest"
	"adapt/label/formats"
)

// sampleReports reads the reports that ship with adapt, in all their formats.
func sampleReports(t *testing.T) map[string]*ingest.Document {
	t.Helper()
	const root = "../../samples/medical"
	files, err := ingest.Scan(root, nil)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*ingest.Document{}
	for _, f := range files {
		docs, _, err := ingest.Read(context.Background(), root, f, ingest.Limits{})
		if err != nil {
			continue // what is no report is quarantined
		}
		for i := range docs {
			out[docs[i].Key] = &docs[i]
		}
	}
	return out
}

// goldNames gives the extractor's findings for the categories of the samples'
// gold labels.
var goldNames = map[string][]string{
	"pleural effusion": {effusion}, "cardiomegaly": {cardiomegaly}, "fracture": {fracture, oldFracture}, "pneumothorax": {pneumothorax}, "consolidation": {consolidation, opacity}, "edema": {edema},
	"enlarged cardiomediastinum": {mediastinum}, "lung lesion": {lesion, nodule, mass, cavity}, "pneumonia": {pneumonia}, "free air": {freeAir}, "hilar enlargement": {hilar}, "vascular congestion": {congestion},
	"lung opacity": {opacity}, "atelectasis": {atelectasis}, "support devices": {devices, airwayTube, chestTube}, "degenerative changes": {degenerative}, "compression deformity": {vertebral}, "lymphadenopathy": {adenopathy},
	"pulmonary embolism": {embolism}, "kidney stone": {kidneyStone}, "sinus disease": {sinus}, "intracranial hemorrhage": {hemorrhage}, "coronary calcification": {athero}, "joint effusion": {jointEffusion}, "hydrocephalus": {hydrocephalus},
	"soft tissue swelling": {swelling}, "bronchiectasis": {bronchiectas}, "liver lesion": {liverLesion}, "hardware": {orthopedic}, "enthesophyte": {degenerative}, "aortic calcification": {athero, calcification}, "pericardial effusion": {pericardial},
	"diverticulitis": {diverticulitis}, "diverticulosis": {diverticulosis}, "gallstones": {gallstones}, "adrenal nodule": {adrenal}, "subdural hematoma": {subdural}, "loose body": {looseBody}, "infarct": {infarct}, "aortic aneurysm": {aneurysm},
	"bowel obstruction": {obstruction}, "osteoarthritis": {degenerative}, "chondrocalcinosis": {chondro}, "tortuous aorta": {tortuous}, "hydronephrosis": {hydronephrosis}, "thyroid nodule": {thyroid}, "scarring": {scarring},
	"bronchial thickening": {airways}, "interstitial disease": {markings, fibrosis}, "elevated hemidiaphragm": {elevated, eventration}, "central line": {centralLine}, "white matter disease": {whiteMatter}, "inguinal hernia": {hernia},
	"scalp hematoma": {scalp, swelling}, "emphysema": {emphysema}, "appendicitis": {appendicitis}, "pacemaker": {pacemaker}, "atrophy": {atrophy, volumeLoss}, "ascites": {ascites}, "midline shift": {midlineShift, shift},
	"nasogastric tube": {entericTube}, "hyperinflation": {hyperinflated}, "sternotomy": {postsurgery}, "mass": {mass, lesion}, "granuloma": {granuloma}, "scoliosis": {scoliosis}, "fatty liver": {fattyLiver}, "renal cyst": {renalCyst},
	"fibrosis": {fibrosis, markings}, "splenomegaly": {splenomegaly}, "cavitary lesion": {cavity}, "rotator cuff arthropathy": {degenerative}, "hiatal hernia": {hernia}, "pleural thickening": {thickening, pleuralOther},
}

// TestSamples measures the extractor against the gold labels of the reports
// that ship with adapt, sentence by sentence.
func TestSamples(t *testing.T) {
	docs := sampleReports(t)
	gold, err := formats.LoadGold("../../samples/medical/gold.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var tp, fp, fn, sides, wrongSides int
	for _, g := range gold {
		doc := docs[g.Key]
		if doc == nil {
			t.Fatalf("there is no document for gold label %s", g.Key)
		}
		names := goldNames[g.Category]
		if names == nil {
			t.Errorf("no finding means %q", g.Category)
			continue
		}
		want, got, side := g.Attrs["presence"] != Absent, false, ""
		for _, f := range Extract(g.Text) {
			if f.Asserted() && slices.Contains(names, f.Name) {
				got, side = true, f.Side
			}
		}
		verdict := ""
		switch {
		case want && got:
			tp++
			if g.Attrs["side"] != "" && side != "" {
				sides++
				if side != g.Attrs["side"] {
					wrongSides++
					verdict = "side " + side
				}
			}
		case want:
			fn++
			verdict = "missed"
		case got:
			fp++
			verdict = "extra"
		}
		if verdict != "" && os.Getenv("ADAPT_SHOW") == "samples" {
			t.Logf("%s %s %s: %s => %s", verdict, g.Key, g.Category, g.Text, line(Extract(g.Text)))
		}
	}
	t.Logf("gold labels: P %.3f R %.3f, %d of %d sides are wrong", ratio(tp, tp+fp), ratio(tp, tp+fn), wrongSides, sides)
	if ratio(tp, tp+fp) < 0.9 || ratio(tp, tp+fn) < 0.9 || ratio(wrongSides, sides) > 0.05 {
		t.Errorf("P %.3f R %.3f, %d of %d sides wrong: want 0.9, 0.9 and at most one in 20", ratio(tp, tp+fp), ratio(tp, tp+fn), wrongSides, sides)
	}
}

// TestSampleLabels checks that every sample report can be read, and that
// nearly all of them are training examples: their impressions say what their
// findings say.
func TestSampleLabels(t *testing.T) {
	docs := sampleReports(t)
	examples, claims, bad := 0, 0, 0
	for key, doc := range docs {
		l := labeled(t, doc, 1024)
		if l.Skipped != "" {
			t.Errorf("%s (%s) is skipped: %s", key, doc.Format, l.Skipped)
			continue
		}
		examples += len(l.Examples)
		for _, word := range []string{"FINDINGS", "IMPRESSION", "ictated", "igned by", "telephoned"} {
			if strings.Contains(l.Truth.Reference, word) {
				t.Errorf("%s: the impression runs on into %q", key, word)
			}
		}
		if len(l.Truth.Spans) == 0 && os.Getenv("ADAPT_SHOW") == "samples" {
			t.Logf("nothing %s: %s", key, l.Truth.Reference)
		}
		r := readReport(doc)
		for _, c := range standard().checker(r).check(r.text(partImpression)) {
			claims++
			if !c.Supported {
				bad++
				if os.Getenv("ADAPT_SHOW") == "samples" {
					t.Logf("%s %s %s [%s]\nF: %s\nI: %s", key, c.Kind, c.Category, c.Text, collapse(r.text(partFindings)), collapse(r.text(partImpression)))
				}
			}
		}
	}
	t.Logf("%d reports, %d examples, %.3f of %d claims unsupported", len(docs), examples, ratio(bad, claims), claims)
	if len(docs) < 250 || ratio(examples, len(docs)) < 0.8 {
		t.Errorf("%d examples from %d reports", examples, len(docs))
	}
}
