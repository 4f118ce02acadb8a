package web

import (
	"net/http"
	"testing"

	"adapt/artifact"
	"adapt/label"
	"adapt/registry"
)

// dataset makes a run with a data set.
func (w *world) dataset(runID string, d label.Dataset) registry.DatasetVersion {
	w.t.Helper()
	noErr(w.t, w.reg.SaveRun(w.t.Context(), registry.Run{ID: runID, Domain: d.Domain, FolderHash: "f", Status: registry.StatusRunning}))
	ref, err := w.reg.Store().PutJSON(artifact.KindDataset, d)
	noErr(w.t, err)
	noErr(w.t, w.reg.AddDataset(w.t.Context(), registry.DatasetVersion{Ref: ref, Domain: d.Domain, RunID: runID}))
	v, err := w.reg.GetDataset(w.t.Context(), runID)
	noErr(w.t, err)
	return v
}

// contracts is what a run over contracts may make.
func contracts(train int) label.Dataset {
	return label.Dataset{
		Domain: "legal", Version: "legal-4", Seed: 7,
		Skipped: map[string]int{"no text": 2},
		Leakage: label.Leakage{Similarity: 0.8, Held: 30, Near: 1},
		Splits: map[label.Split]label.Counts{
			label.Train: {Docs: train, Groups: train, Examples: 1200, Tokens: 90_000, Formats: map[string]int{"pdf": train}, Origins: map[label.Origin]int{label.OriginGold: train},
				Labels: map[string]int{"Irrevocable Or Perpetual License": 12, "<b>Governing</b> Law": train}, Lengths: label.Histogram{0, 10, 1190}},
			label.Dev:  {Docs: 10, Formats: map[string]int{"text": 10}, Labels: map[string]int{"<b>Governing</b> Law": 9}},
			label.Test: {Docs: 20, Origins: map[label.Origin]int{label.OriginReview: 20}},
		},
	}
}

func TestDataPages(t *testing.T) {
	w := newWorld(t)
	doc, _ := w.get("/data", http.StatusOK)
	wantText(t, doc.Find("main"), "There is no data set yet")

	first := w.dataset("legal-1", contracts(70))
	second := w.dataset("legal-2", contracts(71))
	doc, _ = w.get("/data", http.StatusOK)
	if rows := doc.Find("tbody tr"); rows.Length() != 2 {
		t.Errorf("%d data sets are listed", rows.Length())
	}
	wantText(t, doc.Find("tbody tr").First(), second.Version(), "71, 10, 20", "1200", "legal-2")

	for _, name := range []string{second.Version(), "legal-2"} {
		doc, _ = w.get("/data/"+name, http.StatusOK)
		wantText(t, doc.Find("main"), second.Version(), first.Version(), "legal-4", "1 of 30 dev and test documents (3.3%)", "Left out: 2 (no text).",
			"Labels by category", "<b>Governing</b> Law", "32–63")
		if n := doc.Find("figure svg rect.bar").Length(); n < 6 {
			t.Errorf("the drawing has %d bars", n)
		}
		wantText(t, doc.Find("figure svg"), "<b>Governing</b> Law")
	}
	w.get("/data/ffffffff", http.StatusNotFound)
}
