package medical

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"adapt/ingest"
)

// A study is a row of the Open-i reports with the codes that people gave it.
type study struct {
	uid                     int
	codes                   []string // "Cardiomegaly/borderline"
	indication, comparison  string
	findings, impression    string
	unindexed, unremarkable bool
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
			findings: r[6], impression: r[7], unindexed: r[1] == "No Indexing", unremarkable: r[1] == "normal"})
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

// An observation ties names of findings to the codes that mean the same.
type observation struct {
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

var observations = []observation{
	{[]string{cardiomegaly, mediastinum}, anyOf(heads("Cardiomegaly"), headWith("Cardiac Shadow", "enlarged", "borderline", "prominent"), headWith("Heart", "enlarged"), headWith("Mediastinum", "enlarged", "prominent")), 0},
	{[]string{opacity}, heads("Opacity", "Airspace Disease", "Infiltrate", "Density"), 0},
	{[]string{atelectasis}, heads("Pulmonary Atelectasis"), 0},
	{[]string{effusion}, heads("Pleural Effusion"), 0},
	{[]string{pneumothorax}, heads("Pneumothorax", "Hydropneumothorax"), 0},
	{[]string{edema}, heads("Pulmonary Edema"), 0},
	{[]string{consolidation}, heads("Consolidation"), 0},
	{[]string{pneumonia}, heads("Pneumonia"), 0},
	{[]string{fracture, oldFracture}, heads("Fractures, Bone"), 0},
	{[]string{granuloma}, heads("Granuloma", "Calcified Granuloma", "Granulomatous Disease"), 0},
	{[]string{nodule}, heads("Nodule"), 0},
	{[]string{mass}, heads("Mass"), 0},
	{[]string{emphysema}, heads("Emphysema", "Pulmonary Emphysema", "Bullous Emphysema", "Pulmonary Disease, Chronic Obstructive"), 0},
	{[]string{hyperinflated}, headWith("Lung", "hyperdistention"), 0},
	{[]string{lowVolumes}, headWith("Lung", "hypoinflation"), 0},
	{[]string{hernia}, heads("Hernia, Hiatal", "Hernia, Diaphragmatic"), 0},
	{[]string{scoliosis}, heads("Scoliosis"), 0},
	{[]string{kyphosis}, heads("Kyphosis"), 0},
	{[]string{degenerative}, anyOf(heads("Osteophyte", "Spondylosis", "Arthritis", "Hyperostosis, Diffuse Idiopathic Skeletal"), headWith("Thoracic Vertebrae", "degenerative"), headWith("Spine", "degenerative"), headWith("Lumbar Vertebrae", "degenerative"), headWith("Shoulder", "degenerative"), headWith("Cervical Vertebrae", "degenerative")), 0},
	{[]string{scarring}, heads("Cicatrix"), 0},
	{[]string{athero}, anyOf(heads("Atherosclerosis"), headWith("Calcinosis", "aorta", "blood vessels", "coronary vessels", "aorta, thoracic")), 0},
	{[]string{tortuous}, anyOf(headWith("Aorta", "tortuous", "prominent"), headWith("Aorta, Thoracic", "tortuous", "prominent")), 0},
	{[]string{blunting}, headWith("Costophrenic Angle", "blunted"), 0},
	{[]string{thickening}, heads("Thickening"), 0},
	{[]string{congestion}, heads("Pulmonary Congestion"), 0},
	{[]string{elevated}, headWith("Diaphragm", "elevated"), 0},
	{[]string{eventration}, heads("Diaphragmatic Eventration"), 0},
	{[]string{osteopenia}, heads("Bone Diseases, Metabolic", "Osteoporosis"), 0},
	{[]string{centralLine}, heads("Catheters, Indwelling"), 0},
	{[]string{crowding}, headWith("Markings", "bronchovascular"), 0},
	{[]string{markings}, anyOf(headWith("Markings", "interstitial"), headWith("Opacity", "interstitial"), headWith("Lung", "interstitial")), 0},
}

func TestOpenI(t *testing.T) {
	type counts struct{ tp, fp, fn int }
	score := func(keep func(uid int) bool, verbose string) []counts {
		out := make([]counts, len(observations))
		for _, s := range openi(t) {
			if !keep(s.uid) || s.unindexed {
				continue
			}
			text := s.findings + "\n\n" + s.impression
			found := map[string]Finding{}
			for _, f := range Extract(text) {
				if f.Presence == Present {
					found[f.Name] = f
				}
			}
			for i, o := range observations {
				want, got := false, false
				for _, c := range s.codes {
					parts := strings.Split(c, "/")
					want = want || o.code(strings.TrimSpace(parts[0]), parts[1:])
				}
				quote := ""
				for _, n := range o.names {
					if f, ok := found[n]; ok {
						got = true
						quote = text[f.Start:f.End]
					}
				}
				switch {
				case want && got:
					out[i].tp++
				case want:
					out[i].fn++
					if verbose == o.names[0] {
						t.Logf("MISS %d %v\n%s", s.uid, s.codes, text)
					}
				case got:
					out[i].fp++
					if verbose == o.names[0] {
						t.Logf("EXTRA %d [%s] %v\n%s", s.uid, quote, s.codes, text)
					}
				}
			}
		}
		return out
	}
	even := score(func(uid int) bool { return uid%2 == 0 }, os.Getenv("V"))
	odd := score(func(uid int) bool { return uid%2 == 1 }, "")
	var all counts
	for i, o := range observations {
		e, c := even[i], odd[i]
		f1 := ratio(2*c.tp, 2*c.tp+c.fp+c.fn)
		t.Logf("%-26s odd P %.3f R %.3f F1 %.3f (%3d %3d %3d)   even P %.3f R %.3f F1 %.3f", o.names[0],
			ratio(c.tp, c.tp+c.fp), ratio(c.tp, c.tp+c.fn), f1, c.tp, c.fp, c.fn,
			ratio(e.tp, e.tp+e.fp), ratio(e.tp, e.tp+e.fn), ratio(2*e.tp, 2*e.tp+e.fp+e.fn))
		all.tp, all.fp, all.fn = all.tp+c.tp, all.fp+c.fp, all.fn+c.fn
		if f1 < o.floor {
			t.Errorf("%s: F1 %.3f on odd uids, want at least %.2f", o.names[0], f1, o.floor)
		}
	}
	t.Logf("%-26s odd P %.3f R %.3f F1 %.3f", "micro", ratio(all.tp, all.tp+all.fp), ratio(all.tp, all.tp+all.fn), ratio(2*all.tp, 2*all.tp+all.fp+all.fn))
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
