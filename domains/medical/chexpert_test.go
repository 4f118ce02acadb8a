package medical

import (
	"encoding/csv"
	"os"
	"slices"
	"testing"
)

// TestObserved holds the table of observations to the findings there are.
func TestObserved(t *testing.T) {
	reached := map[string]bool{}
	for name, s := range observed {
		if !slices.Contains(names(), name) {
			t.Errorf("%q is no finding", name)
		}
		for _, o := range s.observations {
			reached[o] = true
			if !slices.Contains(Observations(), o) {
				t.Errorf("%s belongs to %q, which is no observation", name, o)
			}
		}
	}
	if n := len(Observations()); n != 14 || len(reached) != n {
		t.Errorf("%d observations, %d of them reached; want 14", n, len(reached))
	}
}

func readCSV(t *testing.T, path string) [][]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestCheXpertSamples compares with what the CheXpert labeler says of the
// reports that come with it. Only what it says is compared: it leaves clear
// lungs unsaid.
func TestCheXpertSamples(t *testing.T) {
	reports := readCSV(t, sharedFile(t, "medical", "lexicons", "chexpert_labeler", "sample_reports.csv"))
	rows := readCSV(t, sharedFile(t, "medical", "lexicons", "chexpert_labeler", "labeled_reports.csv"))
	presence := map[string]string{"1.0": Present, "0.0": Absent, "-1.0": Uncertain}
	for i, row := range rows[1:] {
		got := map[string]string{}
		for _, o := range standard().observe(reports[i][0]) {
			got[o.Name] = o.Presence
		}
		for j, value := range row {
			if want := presence[value]; j > 0 && want != "" && got[rows[0][j]] != want {
				t.Errorf("report %d: %s is %q, want %q", i+1, rows[0][j], got[rows[0][j]], want)
			}
		}
	}
}

// TestObserveReport takes the strongest of what a report says.
func TestObserveReport(t *testing.T) {
	tests := []struct {
		name, text string
		want       map[string]Observation
	}{
		{"present before absent", "FINDINGS: No left effusion. Small right effusion.\nIMPRESSION: Effusion.",
			map[string]Observation{effusion: {effusion, Present, right, "small"}}},
		{"uncertain before absent", "FINDINGS: No consolidation.\nIMPRESSION: Possible left consolidation.",
			map[string]Observation{consolidation: {consolidation, Uncertain, left, ""}}},
		{"both sides", "FINDINGS: Small left effusion. Moderate right effusion.\nIMPRESSION: x",
			map[string]Observation{effusion: {effusion, Present, bilateral, "moderate"}}},
		{"the indication is not read", "INDICATION: Pneumonia.\nFINDINGS: Heart normal.\nIMPRESSION: x",
			map[string]Observation{pneumonia: {Name: pneumonia}, cardiomegaly: {Name: cardiomegaly, Presence: Absent}}},
		{"normal with a device", "FINDINGS: Lungs are clear. Left PICC.\nIMPRESSION: No acute disease.",
			map[string]Observation{noFinding: {Name: noFinding, Presence: Present}, devices: {devices, Present, left, ""}}},
		{"not normal", "FINDINGS: Lungs are clear. Cardiomegaly.\nIMPRESSION: No acute disease.",
			map[string]Observation{noFinding: {Name: noFinding}}},
		{"another finding is not normal either", "FINDINGS: Lungs are clear. Scoliosis.\nIMPRESSION: No acute disease.",
			map[string]Observation{noFinding: {Name: noFinding}}},
		{"two studies", "FINDINGS: Clear.\nIMPRESSION: Normal.\nFINDINGS: Left effusion.\nIMPRESSION: Effusion.",
			map[string]Observation{effusion: {effusion, Present, left, ""}}},
		{"an addendum", "FINDINGS: Clear.\nIMPRESSION: Normal.\nADDENDUM: Right pneumothorax.",
			map[string]Observation{pneumothorax: {pneumothorax, Present, right, ""}}},
		{"without sections", "The lungs are clear. There is no effusion.",
			map[string]Observation{noFinding: {Name: noFinding, Presence: Present}, effusion: {Name: effusion, Presence: Absent}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			all := ObserveReport(freeText(tt.text))
			if len(all) != 14 {
				t.Fatalf("%d observations", len(all))
			}
			for _, got := range all {
				if want, ok := tt.want[got.Name]; ok && got != want {
					t.Errorf("%+v, want %+v", got, want)
				}
			}
		})
	}
}

func TestParseLabelledErrors(t *testing.T) {
	for _, line := range []string{"x => *Edema", "x => +Oedema", "x => +Edema huge"} {
		if _, err := parseLabelled(line); err == nil {
			t.Errorf("%q was taken", line)
		}
	}
}
