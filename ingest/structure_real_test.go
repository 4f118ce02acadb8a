package ingest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// topLevels are the numbered headings and clauses of the first level of real
// contracts, in order, as a reader of the contracts listed them: the label and
// how the text after it begins.
var topLevels = []struct {
	file   string // how its name begins
	upTo   string // the heading after which an appendix has numbers of its own
	titles []string
}{
	{"ALCOSTORESINC_12_14_2005", "", []string{"ARTICLE I|GENERAL UNDERTAKING", "ARTICLE II|DUTIES OF AGENT", "ARTICLE III|TERMINATION"}},
	{"BICYCLETHERAPEUTICSPLC_03_10_2020", "", []string{
		"(1)|BICYCLETX LIMITED", "(2)|NIGEL CROCKETT", // the parties
		"1.|COMMENCEMENT OF EMPLOYMENT", "2.|JOB TITLE", "3.|PLACE OF WORK", "4.|REMUNERATION", "5|BENEFITS", "6|EXPENSES", "7|HOURS OF WORK",
		"8|HOLIDAYS", "9|SICKNESS AND OTHER ABSENCE", "10|GARDEN LEAVE", "11|NOTICE", "12|DISCIPLINARY, DISMISSAL AND", "13|OUTSIDE EMPLOYMENT, CONFIDENTIAL",
		"14|RESTRICTIVE COVENANTS", "15|INTELLECTUAL PROPERTY", "16|LITIGATION ASSISTANCE", "17|COLLECTIVE AGREEMENTS", "18|DATA PROTECTION",
		"19|THIRD PARTY RIGHTS", "20|DEFINITIONS", "21|ENTIRE AGREEMENT", "22|JURISDICTION AND CHOICE OF LAW", "23|NOTICES"}},
	{"HarpoonTherapeuticsInc_20200312", "", []string{
		"ARTICLE 1|DEFINITIONS", "ARTICLE 2|COLLABORATION MANAGEMENT", "ARTICLE 3|DEVELOPMENT AND REGULATORY", "ARTICLE 4|COMMERCIALIZATION",
		"ARTICLE 5|GRANT OF RIGHTS", "ARTICLE 6|PAYMENTS AND RECORDS", "ARTICLE 7|INTELLECTUAL PROPERTY", "ARTICLE 8|PHARMACOVIGILANCE AND SAFETY",
		"ARTICLE 9|CONFIDENTIALITY AND NON-DISCLOSURE", "ARTICLE 10|REPRESENTATIONS AND WARRANTIES", "ARTICLE 11|INDEMNITY",
		"ARTICLE 12|TERM AND TERMINATION", "ARTICLE 13|MISCELLANEOUS"}},
	{"RandWorldwideInc_20010402", "", []string{
		"SECTION 1|DEFINITIONS", "SECTION 2|SUBJECT MATTER", "SECTION 3|OWNERSHIP AND LICENSING RIGHTS", "SECTION 4|DEVELOPMENT AND COMMERCIALIZATION",
		"SECTION 5|CUSTOMER BILLING", "SECTION 6|DASSAULT SYSTEMES", "SECTION 7|COMPETITIVE RESTRICTIONS", "SECTION 8|REPRESENTATIONS AND WARRANTIES",
		"SECTION 9|INDEMNITIES AND LIMITATIONS", "SECTION 10|TERM AND TERMINATION", "SECTION 11|MISCELLANEOUS"}},
	{"LOGANSROADHOUSEINC_03_27_1998", "", []string{
		"1.|PRIMARY SPONSOR.", "2.|TERM.", "3.|SERVICES TO BE PROVIDED", "4.|ASSOCIATE AND SECONDARY", "5.|CONTINGENT SPONSORS.", "6.|COMPENSATION.",
		"7.|TRADEMARKS.", "8.|CONFIDENTIALITY.", "9.|POWER AND AUTHORITY.", "10.|SPECIAL RIGHT", "11.|FORCE MAJEURE.", "12.|RELEASE.", "13.|INSURANCE.",
		"14.|NOTICES.", "15.|WAIVERS.", "16.|NATURE OF RELATIONSHIP.", "17.|AMENDMENTS AND ASSIGNMENTS.", "18.|GOVERNING LAW.", "19.|SEVERABILITY.",
		"20.|BENEFITS.", "21.|CAPTIONS.", "22.|COUNTERPARTS.", "23.|ENTIRE AGREEMENT."}},
	{"WHITESMOKE,INC_11_08_2011", "11.|GENERAL", []string{
		"1.|DEFINITIONS", "2.|LICENSE GRANTS AND RESTRICTIONS", "3.|DISTRIBUTION AND OTHER", "4.|PAYMENT TERMS", "5.|TERM AND TERMINATION",
		"6.|CONFIDENTIAL INFORMATION", "7.|PROPRIETARY RIGHTS", "8.|WARRANTIES", "9.|LIMITATION OF LIABILITY", "10.|INDEMNIFICATION BY GOOGLE.", "11.|GENERAL"}},
}

func TestRealStructure(t *testing.T) {
	dir := filepath.Join(shared(t, "legal/cuad"), "contracts")
	for _, tt := range topLevels {
		t.Run(tt.file, func(t *testing.T) {
			names, err := filepath.Glob(filepath.Join(dir, tt.file+"*.txt"))
			if err != nil || len(names) != 1 {
				t.Fatalf("%d files, error %v", len(names), err)
			}
			docs, _, err := Read(context.Background(), dir, File{Path: filepath.Base(names[0])}, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			checkBlocks(t, docs[0])
			var got []string
			for _, b := range docs[0].Blocks {
				if b.Label == "" || b.Level != 1 || b.Kind == BlockListItem {
					continue
				}
				words := strings.Join(strings.Fields(docs[0].Text[b.Start+len(b.Label):b.End]), " ")
				got = append(got, b.Label+"|"+words)
				if tt.upTo != "" && strings.HasPrefix(b.Label+"|"+words, tt.upTo) {
					break
				}
			}
			if !slices.EqualFunc(got, tt.titles, strings.HasPrefix) {
				t.Errorf("first level:\n%.2000s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(tt.titles, "\n"))
			}
		})
	}
}

// TestRealBlocks counts what is found in all real contracts, most of which
// have numbered clauses.
func TestRealBlocks(t *testing.T) {
	dir := filepath.Join(shared(t, "legal/cuad"), "contracts")
	files, err := Scan(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	var blocks, labelled, characters, inBlocks int
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(dir, f.Path))
		if err != nil {
			t.Fatal(err)
		}
		text, err := decodeText(data)
		if err != nil {
			t.Fatal(err)
		}
		d := Document{Text: text}
		Structure(&d)
		checkBlocks(t, d)
		for _, b := range d.Blocks {
			blocks++
			inBlocks += b.End - b.Start
			if b.Label != "" && b.Kind != BlockListItem {
				labelled++
			}
		}
		characters += len(strings.TrimSpace(text))
	}
	t.Logf("%d contracts: %d blocks, %d with a number, %.1f%% of the bytes in a block", len(files), blocks, labelled, 100*float64(inBlocks)/float64(characters))
	if labelled < 40*len(files) || float64(inBlocks) < 0.95*float64(characters) {
		t.Error("the structure of real contracts is not found")
	}
}

func BenchmarkStructure(b *testing.B) {
	clause := "Section %d.0 The supplier shall deliver the goods to the place that the order names.\n\n(a) within ten days; and\n\n(b) at its own risk, as set forth in\nSection 2.1 of this Agreement.\n\n"
	for _, n := range []int{100, 1000, 10000} {
		text := "AGREEMENT\n\n" + strings.Repeat(strings.ReplaceAll(clause, "%d", "1"), n)
		b.Run(fmt.Sprintf("%dkB", len(text)/1000), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				d := Document{Text: text}
				Structure(&d)
			}
		})
		capitals := strings.Repeat("THE SUPPLIER DISCLAIMS ALL WARRANTIES, WHETHER EXPRESS OR IMPLIED, OF THE\n", len(text)/75)
		b.Run(fmt.Sprintf("capitals-%dkB", len(capitals)/1000), func(b *testing.B) {
			b.SetBytes(int64(len(capitals)))
			for b.Loop() {
				d := Document{Text: capitals}
				Structure(&d)
			}
		})
	}
}
