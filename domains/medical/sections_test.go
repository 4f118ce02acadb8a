package medical

import (
	"strings"
	"testing"

	"adapt/ingest"
)

func freeText(text string) *ingest.Document {
	return &ingest.Document{ID: "free", Format: "text", Text: text}
}

var clearNormal = map[part]string{partFindings: "Clear.", partImpression: "Normal."}

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
		{"any case", "finDINGS: Clear.\nimpression: Normal.", clearNormal},
		{"reason and prior", "REASON FOR EXAM: Cough.\nPRIOR STUDIES: None.\nPROTOCOL: Two views.\nDESCRIPTION: Clear.\nASSESSMENT: Normal.",
			map[part]string{partIndication: "Cough.", partComparison: "None.", partTechnique: "Two views.", partFindings: "Clear.", partImpression: "Normal."}},
		{"clinical information and summary", "Clinical information: Cough.\nReport: Clear.\nSummary: Normal.", map[part]string{partIndication: "Cough.", partFindings: "Clear.", partImpression: "Normal."}},
		{"bold with the colon outside", "**FINDINGS**: Clear.\n\n**IMPRESSION**: Normal.", clearNormal},
		{"markdown headings", "## Findings\nClear.\n\n### Impression\nNormal.", clearNormal},
		{"underlined", "FINDINGS\n--------\nClear.\n\nIMPRESSION\n==========\nNormal.", clearNormal},
		{"framed", "=== FINDINGS ===\nClear.\n=== IMPRESSION ===\nNormal.", clearNormal},
		{"in brackets", "[FINDINGS]\nClear.\n[IMPRESSION]\nNormal.", clearNormal},
		{"numbered", "1. FINDINGS:\nClear.\n2. IMPRESSION:\nNormal.", clearNormal},
		{"Roman numbers", "I. FINDINGS\nClear.\nII. IMPRESSION\nNormal.", clearNormal},
		{"bulleted", "* Findings: Clear.\n* Impression: Normal.", clearNormal},
		{"spaced letters", "F I N D I N G S:\nClear.\nI M P R E S S I O N:\nNormal.", clearNormal},
		{"tabs", "FINDINGS\tClear.\nIMPRESSION\tNormal.", clearNormal},
		{"wide colon", "FINDINGS： Clear.\nIMPRESSION： Normal.", clearNormal},
		{"en dash", "FINDINGS – Clear.\nIMPRESSION – Normal.", clearNormal},
		{"indented", "   FINDINGS:\n   Clear.\n   IMPRESSION:\n   Normal.", clearNormal},
		{"misspelt", "FINDIGNS: Clear.\nIMPRESION: Normal.", clearNormal},
		{"misspelt alone", "CLINCAL HISTORY: Cough.\nTECHIQUE: AP.\nCOMPARSION: None.\nFIDINGS: Clear.\nCONLCUSION: Normal.",
			map[part]string{partIndication: "Cough.", partTechnique: "AP.", partComparison: "None.", partFindings: "Clear.", partImpression: "Normal."}},
		{"in the plural", "Finding: Clear.\nImpressions: Normal.", clearNormal},
		{"qualified", "CT HEAD FINDINGS: Clear.\nFINAL IMPRESSION: Normal.", clearNormal},
		{"with a bracket", "FINDINGS (CHEST): Clear.\nIMPRESSION (PRELIMINARY): Normal.", clearNormal},
		{"and recommendations", "FINDINGS: Clear.\nIMPRESSION AND RECOMMENDATIONS: Normal.", clearNormal},
		{"a possessive", "RADIOLOGIST'S FINDINGS: Clear.\nRADIOLOGIST'S IMPRESSION: Normal.", clearNormal},
		{"merged", "FINDINGS/IMPRESSION: Clear and normal.", map[part]string{partFindings: "Clear and normal."}},
		{"merged with and", "FINDINGS AND IMPRESSION:\nClear and normal.", map[part]string{partFindings: "Clear and normal."}},
		{"inline without a colon", "FINDINGS: Clear. IMPRESSION Normal.", clearNormal},
		{"inline after a gap", "FINDINGS: Clear   IMPRESSION: Normal.", map[part]string{partFindings: "Clear", partImpression: "Normal."}},
		{"all in one line", "HISTORY: Cough. COMPARISON: None. TECHNIQUE: AP. FINDINGS: Clear. IMPRESSION: Normal.",
			map[part]string{partIndication: "Cough.", partComparison: "None.", partTechnique: "AP.", partFindings: "Clear.", partImpression: "Normal."}},
		{"views as findings", "INDICATION: Cough.\nPA AND LATERAL VIEWS OF THE CHEST: The lungs are clear. Heart normal.\nIMPRESSION: Normal.",
			map[part]string{partIndication: "Cough.", partFindings: "The lungs are clear. Heart normal.", partImpression: "Normal."}},
		{"views with a comma", "CHEST, TWO VIEWS: Clear.\nIMPRESSION: Normal.", clearNormal},
		{"views as technique", "PORTABLE CHEST RADIOGRAPH: AP view at 05:40.\nFINDINGS: Clear.\nIMPRESSION: Normal.",
			map[part]string{partTechnique: "AP view at 05:40.", partFindings: "Clear.", partImpression: "Normal."}},
		{"findings without a heading", "INDICATION: Cough.\n\nThe lungs are clear without consolidation or effusion. Heart normal.\n\nIMPRESSION: Normal.",
			map[part]string{partIndication: "Cough.\n\nThe lungs are clear without consolidation or effusion. Heart normal.", partFindings: "The lungs are clear without consolidation or effusion. Heart normal.", partImpression: "Normal."}},
		{"no heading but the impression's", "Chest film. The lungs are clear without consolidation or effusion.\nIMPRESSION: Normal.",
			map[part]string{partFindings: "Chest film. The lungs are clear without consolidation or effusion.", partImpression: "Normal."}},
		{"a paragraph beyond another heading", "INDICATION: Cough.\nDICTATED BY: [NAME]\n\nThe lungs are clear without any consolidation or effusion.\nIMPRESSION: Normal.",
			map[part]string{partIndication: "Cough.", partImpression: "Normal."}},
		{"too little to be findings", "Chest film.\nIMPRESSION: Normal.", map[part]string{partImpression: "Normal."}},
		{"interpretation beside an impression", "INTERPRETATION: Clear.\nIMPRESSION: Normal.", clearNormal},
		{"interpretation beside findings", "FINDINGS: Clear.\nINTERPRETATION: Normal.", clearNormal},
		{"final report", "FINAL REPORT\nEXAM: Chest.\nFINDINGS: Clear.\nIMPRESSION: Normal.", map[part]string{partTechnique: "Chest.", partFindings: "Clear.", partImpression: "Normal."}},
		{"report before findings", "REPORT: Two views.\nFINDINGS: Clear.\nIMPRESSION: Normal.", clearNormal},
		{"two studies", "CHEST\nFINDINGS: Clear.\nIMPRESSION: Normal.\n\nKNEE\nFINDINGS: Effusion.\nIMPRESSION: Effusion.", clearNormal},
		{"two regions, one impression", "CHEST FINDINGS: Clear.\nABDOMEN FINDINGS: No stone.\nIMPRESSION: Normal.",
			map[part]string{partFindings: "Clear.\nABDOMEN FINDINGS: No stone.", partImpression: "Normal."}},
		{"addendum behind", "FINDINGS: Clear.\nIMPRESSION: Normal.\nADDENDUM: A nodule was missed.", clearNormal},
		{"addendum before", "ADDENDUM: A nodule was missed.\nIMPRESSION: Nodule.\nORIGINAL REPORT\nFINDINGS: Clear.\nIMPRESSION: Normal.", clearNormal},
		{"recommendations end", "FINDINGS: Clear.\nIMPRESSION: Normal.\nRECOMMENDATION: None.", clearNormal},
		{"rule ends the impression", "FINDINGS: Clear.\nIMPRESSION: Normal.\n_________\nJ. Doe", clearNormal},
		{"rule between", "FINDINGS: Clear.\n-----\nIMPRESSION: Normal.", map[part]string{partFindings: "Clear.\n-----", partImpression: "Normal."}},
		{"a form of organs", "Findings:\nLungs: Clear.\nPleura: Normal.\nBones: Intact.\nImpression:\n- Normal.", map[part]string{partFindings: "Lungs: Clear.\nPleura: Normal.\nBones: Intact.", partImpression: "- Normal."}},
		{"a numbered impression", "FINDINGS: Clear.\nIMPRESSION:\n1. Normal.\n2. No change.", map[part]string{partFindings: "Clear.", partImpression: "1. Normal.\n2. No change."}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := readReport(freeText(tt.text))
			checkSections(t, tt.text, nil)
			for _, p := range []part{partIndication, partComparison, partTechnique, partFindings, partImpression} {
				if got := r.text(p); got != tt.want[p] {
					t.Errorf("%s is %q, want %q", p, got, tt.want[p])
				}
			}
		})
	}
}

// checkSections demands that the sections of a text cover it and lie apart, so
// that no word is lost between them.
func checkSections(t *testing.T, text string, blocks []ingest.Block) {
	t.Helper()
	at := 0
	for _, s := range sections(text, blocks) {
		if s.start != at || s.body < s.start || s.end < s.body || s.end > len(text) {
			t.Fatalf("section %+v of a text of %d bytes begins elsewhere than at %d", s, len(text), at)
		}
		at = s.end
	}
	if at != len(text) {
		t.Fatalf("the sections end at %d of %d bytes", at, len(text))
	}
}

func FuzzSections(f *testing.F) {
	for _, text := range hostile {
		if len(text) < 1000 {
			f.Add(text)
		}
	}
	f.Add("HISTORY: Cough.\n\nCHEST, TWO VIEWS: Clear.\n**IMPRESION**\n-----\n1. Normal. ADDENDUM: None.\n____\nSigned by [NAME]")
	f.Fuzz(func(t *testing.T, text string) {
		blocks := []ingest.Block{{Kind: ingest.BlockHeading, Start: len(text) / 3, End: len(text) / 2}, {Kind: ingest.BlockHeading, Start: -1, End: len(text) + 1}}
		checkSections(t, text, blocks)
		doc := freeText(text)
		doc.Blocks = blocks
		for p, s := range readReport(doc).parts {
			if s.start < 0 || s.end > len(text) || s.start > s.end {
				t.Fatalf("%s is at %d-%d of %d bytes", p, s.start, s.end, len(text))
			}
		}
		ObserveReport(doc)
	})
}

// TestBlockHeadings takes headings that only their style tells from text.
func TestBlockHeadings(t *testing.T) {
	text := "Findings noted\nThe lungs are clear.\nImpression\nNormal."
	at := func(words string) ingest.Block {
		i := strings.Index(text, words)
		return ingest.Block{Kind: ingest.BlockHeading, Level: 1, Start: i, End: i + len(words)}
	}
	doc := &ingest.Document{Text: text, Blocks: []ingest.Block{at("Findings"), at("Impression")}}
	r := readReport(doc)
	if r.text(partFindings) != "noted\nThe lungs are clear." || r.text(partImpression) != "Normal." {
		t.Errorf("findings %q, impression %q", r.text(partFindings), r.text(partImpression))
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
		checkSections(t, text, nil)
		for p, s := range r.parts {
			if s.start < 0 || s.end > len(text) || s.start > s.end {
				t.Errorf("%s is at %d-%d of %d bytes", p, s.start, s.end, len(text))
			}
		}
	}
	readReport(freeText(strings.Repeat("FINDINGS:\nIMPRESSION:\n", 5000)))
}
