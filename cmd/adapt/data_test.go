package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"adapt/artifact"
	"adapt/ingest"
	"adapt/label"
	"adapt/label/formats"
	"adapt/prompt"
	"adapt/registry"
)

var updateGolden = flag.Bool("update", false, "rewrite the golden files")

// twoDataSets makes a data folder with the data sets of two runs of the domain
// legal: in the second, a document is gone, one is new, one has moved, and the
// labels of one are others.
func twoDataSets(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	reg, err := registry.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer reg.Close()
	text := "This Agreement is governed by the laws of Ohio. 🙂\nIt renews every year."
	for run := 1; run <= 2; run++ {
		id := fmt.Sprintf("legal-0a1b2c3d4e-%d", run)
		err := reg.SaveRun(t.Context(), registry.Run{ID: id, Domain: "legal", FolderHash: "f", Status: registry.StatusRejected})
		if err != nil {
			t.Fatal(err)
		}
		d := label.Dataset{Domain: "legal", Version: fmt.Sprintf("legal-%d", run), Seed: 1,
			Leakage: label.Leakage{Similarity: 0.8, Held: 2, HeldExchanges: 2, Exchanges: 1, General: 0.001}}
		var docs []*ingest.Document
		var labeled []label.Labeled
		splits := []label.Split{label.Train, label.Train, label.Dev, label.Test}
		for i, split := range splits {
			if run == 2 && i == 0 {
				i = 9
			}
			if run == 2 && i == 1 {
				split = label.Dev
			}
			doc := &ingest.Document{ID: fmt.Sprintf("%032x", i), Key: fmt.Sprintf("Doe/lease-%d", i), Format: []string{"pdf", "text"}[i%2], Text: text}
			docs = append(docs, doc)
			l := label.Labeled{DocID: doc.ID, Truth: label.Truth{DocID: doc.ID, Origin: label.OriginGold, Spans: []label.Span{
				{Category: "Governing Law", Start: 18, End: 47, Origin: label.OriginGold},
				{Category: "Renewal Term", Start: 53, End: 74, Origin: label.OriginRules, Confidence: 0.75},
			}}}
			if run == 2 && i == 2 {
				l.Truth.Spans[0].Start = 0
			}
			for n := range 2 {
				l.Examples = append(l.Examples, label.Example{ID: fmt.Sprint(doc.ID, "/", n), DocID: doc.ID, Turns: []prompt.Turn{{Input: "Which clause?", Output: " law"}, {Input: fmt.Sprint("And ", i, "?"), Output: " none", Weight: 0.5}}})
			}
			labeled = append(labeled, l)
			d.Add(l, split, doc.Format, []int{20, 70})
		}
		v := registry.DatasetVersion{Domain: "legal", RunID: id}
		if v.Documents, err = artifact.PutLines(reg.Store(), artifact.KindDocuments, docs); err != nil {
			t.Fatal(err)
		}
		if v.Labeled, err = artifact.PutLines(reg.Store(), artifact.KindExamples, labeled); err != nil {
			t.Fatal(err)
		}
		if v.Ref, err = reg.Store().PutJSON(artifact.KindDataset, d); err != nil {
			t.Fatal(err)
		}
		if err := reg.AddDataset(t.Context(), v); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// times are those of the machine that runs the test.
var times = regexp.MustCompile(`\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:[0-9.]+Z)?`)

func golden(t *testing.T, name, got string) {
	t.Helper()
	got = times.ReplaceAllString(got, "2026-01-02 03:04")
	path := filepath.Join("testdata", name)
	if *updateGolden {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

func TestDataCommands(t *testing.T) {
	dir := twoDataSets(t)
	first, second := "legal-0a1b2c3d4e-1", "legal-0a1b2c3d4e-2"
	for name, args := range map[string][]string{
		"data-list.golden":      {"data", "list"},
		"data-show.golden":      {"data", "show"},
		"data-show.json.golden": {"data", "show", first, "--json"},
		"data-diff.golden":      {"data", "diff", first, second},
		"data-diff.json.golden": {"data", "diff", first, second, "--json"},
		"data-same.golden":      {"data", "diff", first, first},
	} {
		code, out := cli(t, dir, args...)
		if code != exitOK {
			t.Errorf("%s: exit code %d: %s", name, code, out)
		}
		golden(t, name, out)
	}
	svg := filepath.Join(t.TempDir(), "data.svg")
	if code, out := cli(t, dir, "data", "show", "--plot", svg); code != exitOK {
		t.Errorf("plot: %d: %s", code, out)
	}
	if b, err := os.ReadFile(svg); err != nil || !strings.Contains(string(b), `xmlns="http://www.w3.org/2000/svg"`) {
		t.Errorf("the drawing is %.80s, %v", b, err)
	}
	if code, out := cli(t, dir, "data", "show", "--plot", svg); code != exitUsage || !strings.Contains(out, "is there already") {
		t.Errorf("over a file: %d: %s", code, out)
	}
	for args, want := range map[string]string{
		"data show ffff":                       "`adapt data list` lists the data sets",
		"data diff " + first + " nothing":      "not found",
		"data export --format brat --out /tmp": "holds files already",
	} {
		if code, out := cli(t, dir, strings.Fields(args)...); code == exitOK || !strings.Contains(out, want) {
			t.Errorf("%s: %d: %s", args, code, out)
		}
	}
}

func TestDataExport(t *testing.T) {
	dir := twoDataSets(t)
	to := func(name string) string { return filepath.Join(t.TempDir(), name) }
	for _, f := range formats.Formats() {
		out := to(f.Name)
		code, text := cli(t, dir, "data", "export", "--format", f.Name, "--out", out)
		if f.Name == "trl-preference" || f.Name == "trl-preference-chat" {
			if code != exitUsage || !strings.Contains(text, "0 rejected answers") {
				t.Errorf("%s: %d: %s", f.Name, code, text)
			}
			continue
		}
		if code != exitOK {
			t.Errorf("%s: %d: %s", f.Name, code, text)
			continue
		}
		if strings.Contains(text, "lease") {
			t.Errorf("%s: the output names documents: %s", f.Name, text)
		}
		s, err := formats.Load(out)
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		if f.Labels && len(s.Docs) != 3 || f.Exchanges && len(s.Exchanges) < 6 {
			t.Errorf("%s: %d documents and %d exchanges", f.Name, len(s.Docs), len(s.Exchanges))
		}
		for _, d := range s.Docs {
			if d.Split == label.Test || strings.Contains(d.Key, "Doe") {
				t.Errorf("%s: a document of %s named %s", f.Name, d.Split, d.Key)
			}
		}
		if code, text := cli(t, dir, "data", "export", "--format", f.Name, "--out", out); code != exitUsage || !strings.Contains(text, "nothing is overwritten") {
			t.Errorf("%s again: %d: %s", f.Name, code, text)
		}
	}

	out := to("test")
	args := []string{"data", "export", "--format", "label-studio", "--split", "test", "--names", "--out", out}
	if code, text := cli(t, dir, args...); code != exitUsage || !strings.Contains(text, "--frozen-test") {
		t.Errorf("the test split: %d: %s", code, text)
	}
	if code, text := cli(t, dir, append(args, "--frozen-test")...); code != exitOK || !strings.Contains(text, "warning: the test split") {
		t.Errorf("the test split with the flag: %d: %s", code, text)
	}
	s, err := formats.Load(out)
	if err != nil || len(s.Docs) != 1 || s.Docs[0].Key != "Doe/lease-3" || s.Docs[0].Split != label.Test {
		t.Errorf("read %+v, %v", s, err)
	}
	if code, text := cli(t, dir, "data", "check", out); code != exitOK || !strings.Contains(text, "label-studio: 1 documents, 1 labels by people, 1 suggestions") {
		t.Errorf("check: %d: %s", code, text)
	}
	if code, text := cli(t, dir, "data", "export", "--format", "nothing", "--out", to("x")); code != exitUsage || !strings.Contains(text, "no format") {
		t.Errorf("an unknown format: %d: %s", code, text)
	}
	if code, text := cli(t, dir, "data", "export", "--format", "brat", "--split", "valid", "--out", to("x")); code != exitUsage || !strings.Contains(text, "train, dev and test") {
		t.Errorf("an unknown split: %d: %s", code, text)
	}
}
