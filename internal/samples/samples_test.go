package samples

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"adapt/label"
)

const shipped = "../../samples"

// made composes the samples once for all tests.
var made = sync.OnceValues(func() ([]file, error) { return compose(Seed) })

func makeSamples(t *testing.T) []file {
	t.Helper()
	files, err := made()
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestShippedFilesAreWhatTheGeneratorMakes(t *testing.T) {
	files := makeSamples(t)
	known := map[string]bool{}
	for _, f := range files {
		known[f.name] = true
		data, err := os.ReadFile(filepath.Join(shipped, filepath.FromSlash(f.name)))
		if err != nil {
			t.Errorf("%v; run go generate ./samples", err)
		} else if !bytes.Equal(data, f.data) {
			t.Errorf("%s differs from what the generator makes; run go generate ./samples", f.name)
		}
	}
	for _, dir := range []string{"legal", "medical"} {
		entries, err := os.ReadDir(filepath.Join(shipped, dir))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if !known[path.Join(dir, e.Name())] {
				t.Errorf("%s/%s is not among what the generator makes", dir, e.Name())
			}
		}
	}
}

func TestGenerateAgainGivesEqualBytes(t *testing.T) {
	dir := t.TempDir()
	if err := Generate(Seed, dir); err != nil {
		t.Fatal(err)
	}
	left := len(makeSamples(t))
	for _, f := range makeSamples(t) {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(f.name)))
		if err != nil || !bytes.Equal(data, f.data) {
			t.Errorf("%s differs in the second run (%v)", f.name, err)
		}
	}
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			left--
		}
		return err
	})
	if err != nil || left != 0 {
		t.Errorf("%d files too few (%v)", left, err)
	}
}

func TestAnotherSeedGivesOtherDocuments(t *testing.T) {
	a, err := newLegalWriter(Seed)
	if err != nil {
		t.Fatal(err)
	}
	b, err := newLegalWriter(Seed + 1)
	if err != nil {
		t.Fatal(err)
	}
	one, err := a.compose(supply, 1)
	if err != nil {
		t.Fatal(err)
	}
	other, err := b.compose(supply, 1)
	if err != nil {
		t.Fatal(err)
	}
	text := func(c *contract) []uint64 {
		var b strings.Builder
		for _, p := range c.blocks {
			b.WriteString(p.text + "\n")
		}
		return shingles(b.String())
	}
	if s := jaccard(text(one), text(other)); s > 0.3 {
		t.Errorf("the contracts of two seeds are alike by %.2f", s)
	}
}

func TestCounts(t *testing.T) {
	counts := map[string]int{}
	size := 0
	for _, f := range makeSamples(t) {
		size += len(f.data)
		dir, name := path.Split(f.name)
		counts[dir+path.Ext(name)]++
		if dir == "legal/" && path.Ext(name) != ".jsonl" {
			kind, _, _ := strings.Cut(name, "-")
			counts[kind]++
		}
	}
	for what, least := range map[string]int{
		"legal/.pdf": 16, "legal/.docx": 16, "legal/.txt": 16,
		"nda": 9, "services": 9, "licensing": 9, "lease": 9, "supply": 9,
		"medical/.txt": 200, "medical/.hl7": 50, "medical/.json": 50,
	} {
		if counts[what] < least {
			t.Errorf("%d of %s, want at least %d", counts[what], what, least)
		}
	}
	if size > 4<<20 {
		t.Errorf("the samples have %d bytes, want at most 4 MB", size)
	}
}

// split returns the documents by key and the gold labels of a folder.
func split(t *testing.T, folder string) (docs map[string]file, gold []label.Gold) {
	t.Helper()
	docs = map[string]file{}
	for _, f := range makeSamples(t) {
		name, ok := strings.CutPrefix(f.name, folder+"/")
		if !ok {
			continue
		}
		if name != "gold.jsonl" {
			docs[strings.TrimSuffix(name, path.Ext(name))] = f
			continue
		}
		d := json.NewDecoder(bytes.NewReader(f.data))
		d.DisallowUnknownFields()
		for d.More() {
			var g label.Gold
			if err := d.Decode(&g); err != nil {
				t.Fatalf("%s: %v", f.name, err)
			}
			gold = append(gold, g)
		}
	}
	return docs, gold
}

func TestGoldIsInTheDocuments(t *testing.T) {
	for _, folder := range []string{"legal", "medical"} {
		docs, gold := split(t, folder)
		texts := map[string]string{}
		for key, f := range docs {
			texts[key] = readWords(t, f)
		}
		labeled := map[string]bool{}
		for _, g := range gold {
			labeled[g.Key] = true
			if g.Absent {
				continue
			}
			if text := texts[g.Key]; g.Text == "" || !strings.Contains(text, strings.Join(strings.Fields(g.Text), " ")) {
				t.Errorf("%s/%s: the quote for %s is not in the document", folder, g.Key, g.Category)
			}
		}
		if len(labeled) != len(docs) {
			t.Errorf("%s: %d of %d documents have gold labels", folder, len(labeled), len(docs))
		}
	}
}

func TestLegalGoldIsComplete(t *testing.T) {
	docs, gold := split(t, "legal")
	valid := map[string]bool{}
	for _, c := range cuad {
		valid[c] = true
	}
	present, absent := map[string]map[string]bool{}, map[string]map[string]bool{}
	for key := range docs {
		present[key], absent[key] = map[string]bool{}, map[string]bool{}
	}
	contracts := map[string]int{}
	for _, g := range gold {
		if !valid[g.Category] {
			t.Errorf("%q is no category", g.Category)
		}
		if g.Absent {
			absent[g.Key][g.Category] = true
		} else if !present[g.Key][g.Category] {
			present[g.Key][g.Category] = true
			contracts[g.Category]++
		}
	}
	for key := range docs {
		for _, c := range cuad {
			if present[key][c] == absent[key][c] {
				t.Errorf("%s: %s is present %v and absent %v", key, c, present[key][c], absent[key][c])
			}
		}
		if !present[key]["Parties"] || !present[key]["Document Name"] {
			t.Errorf("%s lacks parties or a name", key)
		}
	}
	frequent := 0
	for _, n := range contracts {
		if n >= 9 {
			frequent++
		}
	}
	if frequent < 28 {
		t.Errorf("%d categories are in at least nine contracts, want 28", frequent)
	}
}

func TestPDFsHaveSeveralPages(t *testing.T) {
	for _, f := range makeSamples(t) {
		if !strings.HasSuffix(f.name, ".pdf") {
			continue
		}
		text, pages, err := readPDF(f.data)
		if err != nil || pages < 2 || pages > 4 {
			t.Errorf("%s: %d pages (%v), want 2 to 4", f.name, pages, err)
		}
		if strings.Contains(text, "?") || strings.ContainsRune(text, '\ufffd') {
			t.Errorf("%s: a character was lost in the encoding", f.name)
		}
	}
}

func TestContractsHaveSomeLength(t *testing.T) {
	docs, _ := split(t, "legal")
	for key, f := range docs {
		if n := len(strings.Fields(readWords(t, f))); n < 900 || n > 1800 {
			t.Errorf("%s has %d words, want 900 to 1,800", key, n)
		}
	}
}

// What is held out must not be a near-copy of what is trained on.
func TestNoNearCopies(t *testing.T) {
	for _, test := range []struct {
		folder      string
		median, max float64
	}{{"legal", 0.15, 0.35}, {"medical", 0.1, 0.55}} {
		docs, _ := split(t, test.folder)
		var keys, texts []string
		for _, f := range makeSamples(t) {
			key := strings.TrimSuffix(strings.TrimPrefix(f.name, test.folder+"/"), path.Ext(f.name))
			if _, ok := docs[key]; ok {
				keys = append(keys, key)
				texts = append(texts, body(readWords(t, f)))
			}
		}
		sorted, a, b := pairwise(texts)
		most, median, p99 := sorted[len(sorted)-1], sorted[len(sorted)/2], sorted[len(sorted)*99/100]
		t.Logf("%s: Jaccard of five-word shingles: median %.3f, 99%% %.3f, most %.3f", test.folder, median, p99, most)
		if most > test.max {
			t.Errorf("%s and %s are alike by %.2f, want at most %.2f", keys[a], keys[b], most, test.max)
		}
		if median > test.median {
			t.Errorf("%s: the median likeness is %.2f, want at most %.2f", test.folder, median, test.median)
		}
	}
}

var findingsOn = regexp.MustCompile(`(?is)findings(:| -|\b).*`)

// body is what a model reads of a report and answers: from the findings on.
// Contracts are taken whole.
func body(text string) string {
	if len(strings.Fields(text)) < 500 {
		if s := findingsOn.FindString(text); s != "" {
			return s
		}
	}
	return text
}

// broken finds sentences that a missing fact has cut short.
var broken = regexp.MustCompile(`\b(the|to|of|in|at|a|an|by|up)[.,]|both (upper|lower) lobes (op|con|sc)|the both| [.,;]`)

// An impression states nothing that the findings do not support: the numbers,
// the sides and the levels that it names are in the findings.
func TestImpressionsInventNothing(t *testing.T) {
	reports := composeReports(t)
	facts := regexp.MustCompile(`(?i)\b(\d+(\.\d+)? (mm|cm)|right|left|T\d+|L1|upper lobe|lower lobe|middle lobe|mild|moderate|severe|marked|small|large|tiny|trace|dense|patchy|focal)\b`)
	for _, r := range reports {
		findings := strings.ToLower(strings.Join(r.sentences, " "))
		for _, sentence := range r.impression {
			for _, fact := range facts.FindAllString(sentence, -1) {
				if !strings.Contains(findings, strings.TrimSuffix(strings.ToLower(fact), " lobe")) {
					t.Errorf("%s: the impression says %q, the findings do not: %q", r.key, fact, findings)
				}
			}
		}
		for _, sentence := range append(r.impression, r.sentences...) {
			if broken.MatchString(sentence) {
				t.Errorf("%s: %q is not whole", r.key, sentence)
			}
		}
		if n := len(r.sentences); n < 4 || n > 9 {
			t.Errorf("%s has %d sentences of findings, want 4 to 9", r.key, n)
		}
		if n := len(r.impression); n < 1 || n > 5 {
			t.Errorf("%s has %d sentences of impression, want 1 to 5", r.key, n)
		}
		if r.comparison == "" || strings.HasPrefix(r.comparison, "None") {
			for _, m := range r.mentions {
				if m.change != "" {
					t.Errorf("%s compares %s with nothing", r.key, m.name)
				}
			}
		}
	}
}

// written composes the reports, not laid out, once for all tests.
var written = sync.OnceValues(func() ([]*report, error) {
	w, err := newReportWriter(Seed)
	if err != nil {
		return nil, err
	}
	return w.all()
})

func composeReports(t *testing.T) []*report {
	t.Helper()
	reports, err := written()
	if err != nil {
		t.Fatal(err)
	}
	return reports
}

func TestShareOfNormalReports(t *testing.T) {
	reports := composeReports(t)
	normal := 0
	for _, r := range reports {
		positive := false
		for _, m := range r.mentions {
			positive = positive || m.presence != "absent"
		}
		if !positive {
			normal++
		}
	}
	if share := float64(normal) / float64(len(reports)); share < 0.22 || share > 0.38 {
		t.Errorf("%.2f of the reports are normal, want about 0.3", share)
	}
}
