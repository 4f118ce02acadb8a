package medical

import (
	"strings"
	"testing"

	"adapt/ingest"
)

func freeText(text string) *ingest.Document {
	return &ingest.Document{ID: "free", Format: "text", Text: text}
}

func TestSections(t *testing.T) {
	tests := []struct {
		name, text string
		want       map[part]string
	}{
		{"capitals", "INDICATION: Cough.\nFINDINGS: The lungs are clear.\nHeart normal.\nIMPRESSION: Normal chest.\n",
			map[part]string{partIndication: "Cough.", partFindings: "The lungs are clear.\nHeart normal.", partImpression: "Normal chest."}},
		{"dashes", "Findings - clear lungs.\nConclusion - normal.", map[part]string{partFindings: "clear lungs.", partImpression: "normal."}},
		{"bare lines", "FINDINGS\nClear lungs.\n\nIMPRESSION\n1. Normal.\n2. Nothing else.", map[part]string{partFindings: "Clear lungs.", partImpression: "1. Normal.\n2. Nothing else."}},
		{"opinion", "Findings:\n\nClear.\n\nOpinion:\nNormal.", map[part]string{partFindings: "Clear.", partImpression: "Normal."}},
		{"one line", "EXAM: Chest. FINDINGS: Clear lungs. IMPRESSION: Normal.", map[part]string{partTechnique: "Chest.", partFindings: "Clear lungs.", partImpression: "Normal."}},
		{"capitals without a mark", "FINDINGS The lungs are clear.\nIMPRESSION No acute disease.", map[part]string{partFindings: "The lungs are clear.", partImpression: "No acute disease."}},
		{"markdown", "**Findings:** Clear.\n**Impression:** Normal.", map[part]string{partFindings: "Clear.", partImpression: "Normal."}},
		{"organ headings stay", "FINDINGS:\nLUNGS: Clear.\nHEART: Normal.\nIMPRESSION: Normal.", map[part]string{partFindings: "LUNGS: Clear.\nHEART: Normal.", partImpression: "Normal."}},
		{"signature ends", "FINDINGS: Clear.\nIMPRESSION: Normal.\nElectronically signed by: [NAME]", map[part]string{partFindings: "Clear.", partImpression: "Normal."}},
		{"carriage returns", "FINDINGS:\r\nClear.\r\nIMPRESSION:\r\nNormal.\r\n", map[part]string{partFindings: "Clear.", partImpression: "Normal."}},
		{"the word in a sentence", "FINDINGS: The findings are stable.\nIMPRESSION: My impression is unchanged.", map[part]string{partFindings: "The findings are stable.", partImpression: "My impression is unchanged."}},
		{"the first with words", "FINDINGS:\nFINDINGS: Clear.\nIMPRESSION: Normal.", map[part]string{partFindings: "Clear.", partImpression: "Normal."}},
		{"none", "The lungs are clear.", map[part]string{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := readReport(freeText(tt.text))
			for _, p := range []part{partIndication, partComparison, partTechnique, partFindings, partImpression} {
				if got := r.text(p); got != tt.want[p] {
					t.Errorf("%s is %q, want %q", p, got, tt.want[p])
				}
			}
		})
	}
}

func TestDeclaredSections(t *testing.T) {
	text := "Clear lungs.\nNormal."
	doc := &ingest.Document{Text: text, Sections: []ingest.Section{{Name: "findings", Start: 0, End: 12}, {Name: "conclusion", Start: 13, End: 20}}}
	r := readReport(doc)
	if r.text(partFindings) != "Clear lungs." || r.text(partImpression) != "Normal." {
		t.Errorf("findings %q, impression %q", r.text(partFindings), r.text(partImpression))
	}

	t.Run("headings within a field", func(t *testing.T) {
		text := "FINDINGS: Clear lungs.\nIMPRESSION: Normal."
		r := readReport(&ingest.Document{Text: text, Sections: []ingest.Section{{Name: "report", Start: 0, End: len(text)}}})
		if r.text(partFindings) != "Clear lungs." || r.text(partImpression) != "Normal." {
			t.Errorf("findings %q, impression %q", r.text(partFindings), r.text(partImpression))
		}
	})
	t.Run("ranges out of the text", func(t *testing.T) {
		r := readReport(&ingest.Document{Text: "x", Sections: []ingest.Section{{Name: "findings", Start: 0, End: 99}, {Name: "impression", Start: -1, End: 1}}})
		if r.has(partFindings) || r.has(partImpression) {
			t.Error("sections outside of the text were taken")
		}
	})
}

func TestHostileSections(t *testing.T) {
	for _, text := range hostile {
		r := readReport(freeText(text))
		for p, s := range r.parts {
			if s.start < 0 || s.end > len(text) || s.start > s.end {
				t.Errorf("%s is at %d-%d of %d bytes", p, s.start, s.end, len(text))
			}
		}
	}
	readReport(freeText(strings.Repeat("FINDINGS:\nIMPRESSION:\n", 5000)))
}
