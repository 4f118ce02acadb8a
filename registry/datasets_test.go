package registry

import (
	"errors"
	"strings"
	"testing"

	"adapt/artifact"
)

func TestDatasets(t *testing.T) {
	r, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ctx := t.Context()
	hash := func(c string) artifact.Ref {
		return artifact.Ref{Kind: artifact.KindDataset, SHA256: strings.Repeat(c, 64), Size: 1}
	}
	for id, folder := range map[string]string{"legal-1": "f1", "legal-2": "f1", "legal-3": "f2", "legal-4": "f1"} {
		if err := r.SaveRun(ctx, Run{ID: id, Domain: "legal", FolderHash: folder, Status: StatusRunning}); err != nil {
			t.Fatal(err)
		}
	}
	add := func(ref artifact.Ref, run string) {
		t.Helper()
		d := DatasetVersion{Ref: ref, Documents: hash("d"), Labeled: hash("e"), Domain: "legal", RunID: run}
		for range 2 { // a second time changes nothing
			if err := r.AddDataset(ctx, d); err != nil {
				t.Fatal(err)
			}
		}
	}
	first, second := hash("a"), hash("b")
	second.SHA256 = strings.Repeat("a", 6) + strings.Repeat("b", 58)
	add(first, "legal-1")
	add(second, "legal-2")
	add(hash("c"), "legal-3")
	add(second, "legal-4") // the same again

	all, err := r.ListDatasets(ctx, "legal")
	if err != nil || len(all) != 4 || all[0].RunID != "legal-4" || all[3].Ref != first {
		t.Fatalf("listed %+v, %v", all, err)
	}
	if none, err := r.ListDatasets(ctx, "medical"); err != nil || len(none) != 0 {
		t.Errorf("of another domain: %+v, %v", none, err)
	}
	tests := []struct {
		name   string
		run    string
		parent artifact.Ref
		err    error
	}{
		{name: "legal-1", run: "legal-1"},
		{name: "legal-2", run: "legal-2", parent: first},
		{name: "legal-3", run: "legal-3"}, // another folder
		{name: "legal-4", run: "legal-4", parent: first},
		{name: second.Short(), run: "legal-4", parent: first},
		{name: "aaaaaa", err: ErrAmbiguous},
		{name: "aaa", err: ErrNotFound}, // too short
		{name: "ffff", err: ErrNotFound},
	}
	for _, tt := range tests {
		d, err := r.GetDataset(ctx, tt.name)
		if !errors.Is(err, tt.err) || d.RunID != tt.run || d.Parent != tt.parent {
			t.Errorf("%s: %+v, %v", tt.name, d, err)
		}
	}
	if err := r.AddDataset(ctx, DatasetVersion{Ref: first, RunID: "x"}); !errors.Is(err, ErrInvalid) {
		t.Errorf("without a domain: %v", err)
	}
}
