package medical

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"adapt/eval"
	"adapt/ingest"
)

// A study is a row of the Open-i reports with the codes that people gave it.
type study struct {
	uid                    int
	codes                  []string // "Cardiomegaly/borderline"
	indication, comparison string
	findings, impression   string
	unindexed              bool
}

// openi reads the Indiana University reports, or skips the test where the
// machine does not have them.
func openi(t testing.TB) []study {
	t.Helper()
	path := sharedFile(t, "medical", "openi", "indiana_reports.csv")
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []study
	for _, r := range rows[1:] {
		uid, err := strconv.Atoi(r[0])
		if err != nil {
			t.Fatalf("uid %q: %v", r[0], err)
		}
		out = append(out, study{uid: uid, codes: strings.Split(r[1], ";"), indication: r[4], comparison: r[5],
			findings: r[6], impression: r[7], unindexed: r[1] == "No Indexing"})
	}
	return out
}

// sharedFile finds a file of the data that lies beside the repository.
func sharedFile(t testing.TB, elems ...string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for range 8 {
		path := filepath.Join(append([]string{dir, "shared", "data"}, elems...)...)
		if _, err := os.Stat(path); err == nil {
			return path
		}
		dir = filepath.Dir(dir)
	}
	t.Skip("no shared data beside the repository: the real reports are not measured")
	return ""
}

// document lays a study out as the CSV reader does.
func (s study) document() *ingest.Document {
	var text strings.Builder
	doc := &ingest.Document{ID: fmt.Sprintf("openi-%d", s.uid), Key: strconv.Itoa(s.uid), Format: "csv"}
	for _, part := range [][2]string{{"indication", s.indication}, {"comparison", s.comparison}, {"findings", s.findings}, {"impression", s.impression}} {
		start := text.Len()
		text.WriteString(part[1])
		doc.Sections = append(doc.Sections, ingest.Section{Name: part[0], Start: start, End: text.Len()})
		text.WriteString("\n")
	}
	doc.Text = text.String()
	doc.Group = doc.ID
	return doc
}

// A coding ties names of findings to the codes that mean the same.
type coding struct {
	names []string
	code  func(head string, attrs []string) bool
	floor float64 // F1 on odd uids that the extractor is known to keep
}

func heads(want ...string) func(string, []string) bool {
	return func(head string, _ []string) bool {
		for _, w := range want {
			if head == w {
				return true
			}
		}
		return false
	}
}

func headWith(head string, attrs ...string) func(string, []string) bool {
	return func(h string, as []string) bool {
		if !strings.HasPrefix(h, head) {
			return false
		}
		for _, a := range as {
			for _, w := range attrs {
				if a == w {
					return true
				}
			}
		}
		return false
	}
}

func anyOf(fs ...func(string, []string) bool) func(string, []string) bool {
	return func(h string, as []string) bool {
		for _, f := range fs {
			if f(h, as) {
				return true
			}
		}
		return false
	}
}

var codings = []coding{
	{[]string{cardiomegaly, mediastinum}, anyOf(heads("Cardiomegaly"), headWith("Cardiac Shadow", "enlarged", "borderline", "prominent"), headWith("Heart", "enlarged"), headWith("Mediastinum", "enlarged", "prominent")), 0.93},
	{[]string{opacity}, heads("Opacity", "Airspace Disease", "Infiltrate", "Density"), 0.90},
	{[]string{atelectasis}, heads("Pulmonary Atelectasis"), 0.80},
	{[]string{effusion}, heads("Pleural Effusion"), 0.90},
	{[]string{pneumothorax}, heads("Pneumothorax", "Hydropneumothorax"), 0.85},
	{[]string{edema}, heads("Pulmonary Edema"), 0.80},
	{[]string{consolidation}, heads("Consolidation"), 0.84},
	{[]string{pneumonia}, heads("Pneumonia"), 0.68},
	{[]string{fracture, oldFracture}, heads("Fractures, Bone"), 0.80},
	{[]string{granuloma}, heads("Granuloma", "Calcified Granuloma", "Granulomatous Disease"), 0.95},
	{[]string{nodule}, heads("Nodule"), 0.76},
	{[]string{mass}, heads("Mass"), 0.90},
	{[]string{emphysema}, heads("Emphysema", "Pulmonary Emphysema", "Bullous Emphysema", "Pulmonary Disease, Chronic Obstructive"), 0.93},
	{[]string{hyperinflated}, headWith("Lung", "hyperdistention"), 0.93},
	{[]string{lowVolumes}, headWith("Lung", "hypoinflation"), 0.93},
	{[]string{hernia}, heads("Hernia, Hiatal", "Hernia, Diaphragmatic"), 0.90},
	{[]string{scoliosis}, heads("Scoliosis"), 0.88},
	{[]string{kyphosis}, heads("Kyphosis"), 0.95},
	{[]string{degenerative}, anyOf(heads("Osteophyte", "Spondylosis", "Arthritis", "Hyperostosis, Diffuse Idiopathic Skeletal"), headWith("Thoracic Vertebrae", "degenerative"), headWith("Spine", "degenerative"), headWith("Lumbar Vertebrae", "degenerative"), headWith("Shoulder", "degenerative"), headWith("Cervical Vertebrae", "degenerative")), 0.93},
	{[]string{scarring}, heads("Cicatrix"), 0.66},
	{[]string{athero}, anyOf(heads("Atherosclerosis"), headWith("Calcinosis", "aorta", "blood vessels", "coronary vessels", "aorta, thoracic")), 0.95},
	{[]string{tortuous}, anyOf(headWith("Aorta", "tortuous", "prominent"), headWith("Aorta, Thoracic", "tortuous", "prominent")), 0.95},
	{[]string{blunting}, headWith("Costophrenic Angle", "blunted"), 0.90},
	{[]string{thickening}, heads("Thickening"), 0.56},
	{[]string{congestion}, heads("Pulmonary Congestion"), 0.87},
	{[]string{elevated}, headWith("Diaphragm", "elevated"), 0.93},
	{[]string{eventration}, heads("Diaphragmatic Eventration"), 0.95},
	{[]string{osteopenia}, heads("Bone Diseases, Metabolic", "Osteoporosis"), 0.95},
	{[]string{centralLine}, heads("Catheters, Indwelling"), 0.86},
	{[]string{crowding}, headWith("Markings", "bronchovascular"), 0.93},
	{[]string{markings}, anyOf(headWith("Markings", "interstitial"), headWith("Opacity", "interstitial"), headWith("Lung", "interstitial")), 0.76},
}

// asserted returns the names of the findings that a study's report says are
// there, with the words that say so.
func (s study) asserted() map[string]string {
	text := s.findings + "\n\n" + s.impression
	out := map[string]string{}
	for _, f := range Extract(text) {
		if f.Presence == Present {
			out[f.Name] = text[f.Start:f.End]
		}
	}
	return out
}

// coded reports whether a person gave the study one of the codes.
func (o coding) coded(s study) bool {
	return slices.ContainsFunc(s.codes, func(code string) bool {
		parts := strings.Split(code, "/")
		return o.code(strings.TrimSpace(parts[0]), parts[1:])
	})
}

// TestOpenI measures the extractor against the codes that people gave to
// reports. The rules were made on even uids; odd ones are judged. The coders
// read doubtful findings as present where this test does not, so that recall
// is lowest where readers hedge (atelectasis or scarring).
func TestOpenI(t *testing.T) {
	counts := make([]eval.Counts, len(codings))
	for _, s := range openi(t) {
		if s.uid%2 == 0 || s.unindexed {
			continue
		}
		found := s.asserted()
		for i, o := range codings {
			quote, got := "", false
			for _, name := range o.names {
				if q, ok := found[name]; ok {
					quote, got = q, true
				}
			}
			c, verdict := &counts[i], ""
			switch want := o.coded(s); {
			case want && got:
				c.TP++
			case want:
				c.FN++
				verdict = "missed"
			case got:
				c.FP++
				verdict = "extra"
			}
			if verdict != "" && os.Getenv("ADAPT_SHOW") == o.names[0] {
				t.Logf("%d %s [%s] %v\nF: %s\nI: %s", s.uid, verdict, quote, s.codes, s.findings, s.impression)
			}
		}
	}
	var all eval.Counts
	for i, o := range codings {
		c := counts[i]
		f1 := ratio(2*c.TP, 2*c.TP+c.FP+c.FN)
		t.Logf("%-26s P %.3f R %.3f F1 %.3f (%3d coded)", o.names[0], ratio(c.TP, c.TP+c.FP), ratio(c.TP, c.TP+c.FN), f1, c.TP+c.FN)
		if f1 < o.floor {
			t.Errorf("%s: F1 %.3f, want at least %.2f", o.names[0], f1, o.floor)
		}
		all.TP, all.FP, all.FN = all.TP+c.TP, all.FP+c.FP, all.FN+c.FN
	}
	t.Logf("%-26s P %.3f R %.3f F1 %.3f", "all", ratio(all.TP, all.TP+all.FP), ratio(all.TP, all.TP+all.FN), ratio(2*all.TP, 2*all.TP+all.FP+all.FN))
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
