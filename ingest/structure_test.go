package ingest

import (
	"fmt"
	"strings"
	"testing"
)

// show writes blocks as lines: kind, level, label, text.
func show(d Document) string {
	var lines []string
	for _, b := range d.Blocks {
		text := strings.ReplaceAll(d.Text[b.Start:b.End], "\n", "⏎")
		if r := []rune(text); len(r) > 50 {
			text = string(r[:50]) + "…"
		}
		lines = append(lines, fmt.Sprintf("%s %d [%s] %s", b.Kind, b.Level, b.Label, text))
	}
	return strings.Join(lines, "\n")
}

// checkBlocks holds a document's blocks to their invariants.
func checkBlocks(t testing.TB, d Document) {
	t.Helper()
	at := 0
	for _, b := range d.Blocks {
		if b.Start < at || b.End <= b.Start || b.End > len(d.Text) {
			t.Fatalf("block %+v does not follow %d in a text of %d bytes", b, at, len(d.Text))
		}
		at = b.End
		if text := d.Text[b.Start:b.End]; text != strings.TrimSpace(text) {
			t.Errorf("block %+v begins or ends with white space", b)
		}
		if b.Level < 0 || b.Level > 20 || b.Label != "" && b.Level == 0 {
			t.Errorf("block %+v has no level", b)
		}
	}
}

func TestStructure(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"articles", "SERVICES AGREEMENT\n\nARTICLE I\nDEFINITIONS\n\nSection 1.01 Terms. The words below have these meanings, as set forth in\nSection 1.02 of this Agreement.\n\n(a) \"Fee\" means the fee;\n\n(b) \"Term\" means:\n\n(i) one year; or\n\n(ii) two years.\n\nSection 1.02 Use. Anything else.\n\nARTICLE II TERM\n\nSection 2.01 Length. It lasts.\n",
			"heading 1 [] SERVICES AGREEMENT\nheading 1 [ARTICLE I] ARTICLE I⏎DEFINITIONS\nclause 2 [Section 1.01] Section 1.01 Terms. The words below have these mea…\nclause 3 [(a)] (a) \"Fee\" means the fee;\nclause 3 [(b)] (b) \"Term\" means:\nclause 4 [(i)] (i) one year; or\nclause 4 [(ii)] (ii) two years.\nclause 2 [Section 1.02] Section 1.02 Use. Anything else.\nheading 1 [ARTICLE II] ARTICLE II TERM\nclause 2 [Section 2.01] Section 2.01 Length. It lasts."},
		{"numbers", "1. Fees\n\n1.1 The fee is 5.\n\n1.2 It is due in\n30 days.\n\n2. Term.\n\n2.1 As in Section 1.2 above\n\n9. Not the next one at all\n\n3. Law\n",
			"heading 1 [1.] 1. Fees\nclause 2 [1.1] 1.1 The fee is 5.\nclause 2 [1.2] 1.2 It is due in⏎30 days.\nheading 1 [2.] 2. Term.\nclause 2 [2.1] 2.1 As in Section 1.2 above\nparagraph 0 [] 9. Not the next one at all\nclause 1 [3.] 3. Law"},
		{"a ninth letter", "(h) eight;\n\n(i) nine;\n\n(j) ten.", "paragraph 0 [] (h) eight;\nclause 1 [(i)] (i) nine;\nparagraph 0 [] (j) ten."},
		{"letters past i", "(a) x;\n\n(b) x;\n\n(c) x;\n\n(d) x;\n\n(e) x;\n\n(f) x;\n\n(g) x;\n\n(h) x;\n\n(i) x;\n\n(j) x.",
			"clause 1 [(a)] (a) x;\nclause 1 [(b)] (b) x;\nclause 1 [(c)] (c) x;\nclause 1 [(d)] (d) x;\nclause 1 [(e)] (e) x;\nclause 1 [(f)] (f) x;\nclause 1 [(g)] (g) x;\nclause 1 [(h)] (h) x;\nclause 1 [(i)] (i) x;\nclause 1 [(j)] (j) x."},
		{"run on", "It is agreed as follows: 1. Scope. The work is this. 2. Price. It costs 2.5 each. Paid in 3. parts. 3. Term. One year.",
			"paragraph 0 [] It is agreed as follows:\nclause 1 [1.] 1. Scope. The work is this.\nclause 1 [2.] 2. Price. It costs 2.5 each. Paid in 3. parts.\nclause 1 [3.] 3. Term. One year."},
		{"bullets and a table", "Items:\n\n• one\n• two\n\nPart     Count    Price\nBolt     5        1.00\nNut      7        2.00\n\nEnd of it.",
			"paragraph 0 [] Items:\nlist item 1 [•] • one\nlist item 1 [•] • two\ntable 0 [] Part     Count    Price⏎Bolt     5        1.00⏎Nut…\nparagraph 0 [] End of it."},
		{"pages", "1. One\n\nThe sentence of this first clause is surely long enough to go on across the end of\n\n- 2 -\n\nthe page as if nothing were there.\n\n2. Two\n\nMore.",
			"heading 1 [1.] 1. One\nparagraph 0 [] The sentence of this first clause is surely long e…\nheading 1 [2.] 2. Two\nparagraph 0 [] More."},
		{"contents", "TABLE OF CONTENTS\n\n1. Scope\n\n2. Price\n\nAGREEMENT\n\n1. Scope\n\nThe work.\n\n2. Price\n\nThe price.",
			"heading 1 [] TABLE OF CONTENTS\nparagraph 0 [] 1. Scope\nparagraph 0 [] 2. Price\nheading 1 [] AGREEMENT\nheading 1 [1.] 1. Scope\nparagraph 0 [] The work.\nheading 1 [2.] 2. Price\nparagraph 0 [] The price."},
		{"appendix", "1. Scope\n\n2. Price\n\nEXHIBIT A\n\n1. First\n\n2. Second", "clause 1 [1.] 1. Scope\nclause 1 [2.] 2. Price\nheading 1 [] EXHIBIT A\nclause 1 [1.] 1. First\nclause 1 [2.] 2. Second"},
		{"number alone", "4.\n\nTerm of the lease\n", "paragraph 0 [] 4.\nparagraph 0 [] Term of the lease"},
		{"number alone that begins", "1.\n\nTerm of the lease is a year.\n", "clause 1 [1.] 1.⏎⏎Term of the lease is a year."},
		{"report", "FINDINGS:\nThe heart is normal in size. Lungs are clear.\n\nIMPRESSION:\n1. No acute disease.\n2. Old fracture.",
			"heading 1 [] FINDINGS:\nparagraph 0 [] The heart is normal in size. Lungs are clear.\nheading 1 [] IMPRESSION:\nclause 1 [1.] 1. No acute disease.\nclause 1 [2.] 2. Old fracture."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := mustRead(t, "a.txt", []byte(tt.text))
			checkBlocks(t, d)
			if got := show(d); got != tt.want {
				t.Errorf("blocks:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}
