package live

import (
	"testing"

	"adapt/internal/home"
	"adapt/progress"
)

func TestMerge(t *testing.T) {
	h, err := home.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []progress.Step{
		{Name: "train", Done: 1, Total: 10},
		{Name: "train", Done: 5, Total: 10, Unit: "steps", Rate: 2, ETA: 2.5, Detail: "loss 1.5"},
		{Name: "ingest", Done: 3, Total: 3},
	} {
		if err := Write(h, "legal-1", s); err != nil {
			t.Fatal(err)
		}
	}
	run := progress.Run{RunID: "legal-1", Steps: []progress.Step{
		{Name: "ingest", Status: progress.Done, Detail: "3 documents"},
		{Name: "train", Status: progress.Running},
		{Name: "evaluate", Status: progress.Running, Detail: "candidate"},
	}}
	Merge(h, &run)
	want := []progress.Step{
		{Name: "ingest", Status: progress.Done, Detail: "3 documents"},
		{Name: "train", Status: progress.Running, Done: 5, Total: 10, Unit: "steps", Rate: 2, ETA: 2.5, Detail: "loss 1.5"},
		{Name: "evaluate", Status: progress.Running, Detail: "candidate"},
	}
	for i, s := range run.Steps {
		if s != want[i] {
			t.Errorf("step %d is %+v, want %+v", i, s, want[i])
		}
	}
	if note := Description(h, "legal-1"); note != "" {
		t.Errorf("note %q before there is one", note)
	}
	if err := Describe(h, "legal-1", "12 sequences"); err != nil {
		t.Fatal(err)
	}
	if note := Description(h, "legal-1"); note != "12 sequences" {
		t.Errorf("note %q", note)
	}
	if err := Forget(h, "legal-1"); err != nil {
		t.Fatal(err)
	}
	if _, ok := Read(h, "legal-1", "train"); ok {
		t.Error("not forgotten")
	}
}

func TestNamesStayInTheFolder(t *testing.T) {
	h, err := home.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"", "..", "../x", `a\b`} {
		if Write(h, id, progress.Step{Name: "train"}) == nil || Forget(h, id) == nil {
			t.Errorf("%q was taken", id)
		}
	}
}
