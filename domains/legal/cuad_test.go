package legal

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"adapt/domains"
	"adapt/eval"
	"adapt/ingest"
	"adapt/label"
	"adapt/label/formats"
)

// every is how many of CUAD's contracts the tests skip between two that they
// read; 1 reads all of them, for measuring.
var every = flag.Int("every", 16, "read every n-th contract of CUAD")

// cuadDir finds the contracts, which lie beside the repository.
func cuadDir(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
	}
	cuad := filepath.Join(filepath.Dir(dir), "shared", "data", "legal", "cuad")
	if _, err := os.Stat(cuad); err != nil {
		t.Skip("the CUAD contracts are not beside the repository")
	}
	return cuad
}

// contract is a document of CUAD with its annotations.
type contract struct {
	doc  *ingest.Document
	gold []label.Gold
}

// cuadContracts reads every n-th contract that keep accepts.
func cuadContracts(t *testing.T, keep func(key string) bool) []contract {
	t.Helper()
	dir := cuadDir(t)
	gold, err := formats.LoadGold(filepath.Join(dir, "clauses.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	index := label.Index(gold)
	files, err := os.ReadDir(filepath.Join(dir, "contracts"))
	if err != nil {
		t.Fatal(err)
	}
	var out []contract
	n := 0
	for _, f := range files {
		key := strings.TrimSuffix(f.Name(), ".txt")
		if keep != nil && !keep(key) {
			continue
		}
		if n++; n%*every != 0 {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, "contracts", f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		g := index.For(key)
		if len(g) < len(categories) {
			t.Fatalf("contract %d has %d annotations, want at least one a category", n, len(g))
		}
		out = append(out, contract{&ingest.Document{ID: key, Key: key, Text: string(text)}, g})
	}
	return out
}

// sum adds outcomes up.
func sum(outcomes []eval.Outcome) (all eval.Counts, by map[string]eval.Counts) {
	by = map[string]eval.Counts{}
	for _, o := range outcomes {
		for c, n := range o.Counts {
			b := by[c]
			by[c] = eval.Counts{TP: b.TP + n.TP, FP: b.FP + n.FP, FN: b.FN + n.FN}
			all = eval.Counts{TP: all.TP + n.TP, FP: all.FP + n.FP, FN: all.FN + n.FN}
		}
	}
	return all, by
}

func prf(c eval.Counts) (p, r, f float64) {
	if c.TP == 0 {
		return 0, 0, 0
	}
	p = float64(c.TP) / float64(c.TP+c.FP)
	r = float64(c.TP) / float64(c.TP+c.FN)
	return p, r, 2 * p * r / (p + r)
}

func report(t *testing.T, what string, outcomes []eval.Outcome) float64 {
	t.Helper()
	all, by := sum(outcomes)
	p, r, f := prf(all)
	t.Logf("%s: precision %.3f recall %.3f F1 %.3f over %d documents", what, p, r, f, len(outcomes))
	for _, c := range categories {
		p, r, f := prf(by[c.name])
		t.Logf("  %-36s P %.3f R %.3f F1 %.3f  %v", c.name, p, r, f, by[c.name])
	}
	return f
}

// oracleAnswer is what a model that knows the labels would answer.
func oracleAnswer(t *testing.T, c contract) (domains.Answer, label.Truth) {
	t.Helper()
	segs := segments(c.doc.Text)
	truth, shown, err := goldTruth(c.doc, segs, c.gold)
	if err != nil {
		t.Fatal(err)
	}
	probs := make([]map[int]float64, len(segs))
	for i, cs := range shown {
		probs[i] = map[int]float64{}
		for _, c := range cs {
			probs[i][c] = 1
		}
	}
	return domains.Answer{DocID: c.doc.ID, Items: gather(c.doc.Text, segs, probs)}, truth
}

// TestOracle measures how much segments and narrowing cost: a model that
// labels every segment right can not do better.
func TestOracle(t *testing.T) {
	d := New(Options{})
	var outcomes []eval.Outcome
	spans, lost, claims, unsupported := 0, 0, 0, 0
	for _, c := range cuadContracts(t, nil) {
		a, truth := oracleAnswer(t, c)
		o := d.Outcome(c.doc, truth, a, domains.Settings{Threshold: 0.5})
		outcomes = append(outcomes, o)
		spans += len(truth.Spans)
		lost += total(truth.Unlocated)
		for _, c := range o.Claims {
			claims++
			if !c.Supported {
				unsupported++
			}
		}
	}
	if lost*100 > spans {
		t.Errorf("%d of %d annotations were not located in their own text", lost, spans)
	}
	if f := report(t, "oracle", outcomes); f < 0.80 {
		t.Errorf("right segments score an F1 of only %.3f", f)
	}
	t.Logf("claims %d, unsupported %d, spans %d, not located %d", claims, unsupported, spans, lost)
}

// TestRules measures the labeling functions on contracts that they were not
// written on.
func TestRules(t *testing.T) {
	d := New(Options{})
	var outcomes []eval.Outcome
	var seg eval.Counts
	for _, c := range cuadContracts(t, HeldOut) {
		segs := segments(c.doc.Text)
		truth, gold, err := goldTruth(c.doc, segs, c.gold)
		if err != nil {
			t.Fatal(err)
		}
		rules, shown, _ := d.ruleTruth(c.doc, segs)
		for i := range segs {
			for _, c := range shown[i] {
				if has(gold[i], c) {
					seg.TP++
				} else {
					seg.FP++
				}
			}
			for _, c := range gold[i] {
				if !has(shown[i], c) {
					seg.FN++
				}
			}
		}
		a := domains.Answer{Items: spanItems(rules.Spans)}
		for i := range a.Items {
			a.Items[i].Confidence = 1
		}
		outcomes = append(outcomes, d.Outcome(c.doc, truth, a, domains.Settings{Threshold: 0.5}))
	}
	p, r, f := prf(seg)
	t.Logf("segments: precision %.3f recall %.3f F1 %.3f", p, r, f)
	report(t, "labeling functions", outcomes)
	if f < 0.20 {
		t.Errorf("labeling functions reach an F1 of %.3f on segments, want 0.20", f)
	}
}

func has(list []int, x int) bool {
	for _, y := range list {
		if x == y {
			return true
		}
	}
	return false
}
