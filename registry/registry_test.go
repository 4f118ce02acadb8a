package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"adapt/artifact"
)

// open opens a registry in a new folder, with a clock that goes on by a second
// at each look.
func open(t *testing.T) *Registry {
	t.Helper()
	return openAt(t, t.TempDir())
}

func openAt(t *testing.T, home string) *Registry {
	t.Helper()
	r, err := Open(home)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	var mu sync.Mutex
	clock := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	r.now = func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		clock = clock.Add(time.Second)
		return clock
	}
	return r
}

// folder stores a folder artifact of one file.
func folder(t *testing.T, r *Registry, kind artifact.Kind, content string) artifact.Ref {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	ref, err := r.Store().PutDir(kind, dir)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// addModel adds a candidate whose weights are its run's ID.
func addModel(t *testing.T, r *Registry, domain, runID string) Model {
	t.Helper()
	m, err := r.AddModel(t.Context(), Model{Ref: folder(t, r, artifact.KindModel, runID), Domain: domain, Kind: KindCandidate, RunID: runID})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error is %v, want %v", err, want)
	}
}

func noErr(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestRunsGoTheirWay(t *testing.T) {
	ctx, r := t.Context(), open(t)
	config, err := r.Store().PutJSON(artifact.KindConfig, map[string]int{"seed": 1})
	noErr(t, err)
	run := Run{ID: "legal-1", Domain: "legal", FolderHash: "ab", Status: StatusRunning, Trigger: TriggerManual, StartedBy: "Ada", Config: config}
	noErr(t, r.SaveRun(ctx, run))
	noErr(t, r.SetStatus(ctx, run.ID, StatusWaiting))
	noErr(t, r.Finish(ctx, run.ID, StatusRejected, json.RawMessage(`{"f1":0.5}`)))

	got, err := r.GetRun(ctx, run.ID)
	noErr(t, err)
	if !got.Updated.After(got.Created) {
		t.Errorf("updated %v is not after created %v", got.Updated, got.Created)
	}
	want := run
	want.Status, want.Summary, want.Created, want.Updated = StatusRejected, json.RawMessage(`{"f1":0.5}`), got.Created, got.Updated
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}

	// A retried activity finishes again; a late one may not change the end.
	noErr(t, r.Finish(ctx, run.ID, StatusRejected, nil))
	wantErr(t, r.Finish(ctx, run.ID, StatusPromoted, nil), ErrConflict)
	wantErr(t, r.SetStatus(ctx, run.ID, StatusRunning), ErrConflict)

	// The same run begun again keeps when it was first begun.
	noErr(t, r.SaveRun(ctx, run))
	again, err := r.GetRun(ctx, run.ID)
	noErr(t, err)
	if again.Status != StatusRunning || !again.Created.Equal(got.Created) {
		t.Errorf("begun again: %+v", again)
	}
}

func TestARunsReportIsInItsSummary(t *testing.T) {
	hash := strings.Repeat("a", 64)
	tests := []struct {
		summary string
		want    string
	}{
		{"", ""},
		{`{"f1":1}`, ""},
		{`{"report":{"kind":"","sha256":"","size":0}}`, ""},
		{`{"model":{"kind":"model","sha256":"` + hash + `","size":1}}`, ""},
		{`{"out":[{"report":{"kind":"report","sha256":"` + hash + `","size":3}}]}`, "report:" + hash},
	}
	for _, tt := range tests {
		got := Run{Summary: json.RawMessage(tt.summary)}.Report()
		if got.IsZero() != (tt.want == "") || !got.IsZero() && got.String() != tt.want {
			t.Errorf("%s: report is %s, want %s", tt.summary, got, tt.want)
		}
	}
}

func TestRunsAreListedNewestFirst(t *testing.T) {
	ctx, r := t.Context(), open(t)
	for i, d := range []string{"legal", "medical", "legal"} {
		noErr(t, r.SaveRun(ctx, Run{ID: fmt.Sprintf("%s-%d", d, i), Domain: d, Status: StatusRunning}))
	}
	noErr(t, r.SetStatus(ctx, "legal-0", StatusWaiting))
	tests := []struct {
		filter RunFilter
		want   string
	}{
		{RunFilter{}, "legal-2 medical-1 legal-0"},
		{RunFilter{Domain: "legal"}, "legal-2 legal-0"},
		{RunFilter{Status: StatusWaiting}, "legal-0"},
		{RunFilter{Limit: 1}, "legal-2"},
		{RunFilter{Domain: "history"}, ""},
	}
	for _, tt := range tests {
		runs, err := r.ListRuns(ctx, tt.filter)
		noErr(t, err)
		var ids []string
		for _, run := range runs {
			ids = append(ids, run.ID)
		}
		if got := strings.Join(ids, " "); got != tt.want {
			t.Errorf("%+v lists %q, want %q", tt.filter, got, tt.want)
		}
	}
}

func TestBadRunsAreRefused(t *testing.T) {
	ctx, r := t.Context(), open(t)
	wantErr(t, r.SaveRun(ctx, Run{Domain: "legal", Status: StatusRunning}), ErrInvalid)
	wantErr(t, r.SaveRun(ctx, Run{ID: "a", Status: StatusRunning}), ErrInvalid)
	wantErr(t, r.SaveRun(ctx, Run{ID: "a", Domain: "legal", Status: "asleep"}), ErrInvalid)
	wantErr(t, r.SaveRun(ctx, Run{ID: "a", Domain: "legal", Status: StatusRunning, Summary: json.RawMessage("{")}), ErrInvalid)
	wantErr(t, r.SaveRun(ctx, Run{ID: "a", Domain: "legal", Status: StatusRunning, Config: artifact.Ref{SHA256: "../x"}}), ErrInvalid)
	wantErr(t, r.Finish(ctx, "a", StatusWaiting, nil), ErrInvalid)
	wantErr(t, r.Finish(ctx, "a", StatusFailed, nil), ErrNotFound)
	wantErr(t, r.SetStatus(ctx, "a", StatusFailed), ErrInvalid)
	_, err := r.GetRun(ctx, "a")
	wantErr(t, err, ErrNotFound)
}

func TestStepKeyTellsPartsApart(t *testing.T) {
	keys := map[string]string{}
	for _, parts := range [][]any{
		{"ab", "c"}, {"a", "bc"}, {"abc"}, {"a", "b", "c"}, {[]string{"a", "b"}, "c"},
		{"a", 1}, {"a", "1"}, {"a", nil}, {"a"}, {},
	} {
		key := StepKey(parts...)
		if len(key) != 64 || key != StepKey(parts...) {
			t.Errorf("StepKey(%v) = %q, not one hash", parts, key)
		}
		if other, ok := keys[key]; ok {
			t.Errorf("%v and %s have one key", parts, other)
		}
		keys[key] = fmt.Sprint(parts)
	}
	a, b := StepKey(map[string]int{"x": 1, "y": 2}), StepKey(map[string]int{"y": 2, "x": 1})
	if a != b {
		t.Error("the order of a map changes the key")
	}
}

func TestAStepIsDoneOnce(t *testing.T) {
	type made struct {
		Docs  artifact.Ref   `json:"docs"`
		Parts []artifact.Ref `json:"parts"`
		None  artifact.Ref   `json:"none"`
		Count int            `json:"count"`
	}
	ctx, r := t.Context(), open(t)
	ran := 0
	do := func(context.Context) (made, error) {
		ran++
		docs, err := r.Store().PutBytes(artifact.KindDocuments, []byte("{}\n"))
		return made{Docs: docs, Parts: []artifact.Ref{folder(t, r, artifact.KindModel, "weights")}, Count: 7}, err
	}
	first, found, err := Once(ctx, r, "key", do)
	noErr(t, err)
	if found || ran != 1 {
		t.Fatalf("first: found %v, ran %d times", found, ran)
	}
	second, found, err := Once(ctx, r, "key", do)
	noErr(t, err)
	if !found || ran != 1 || !reflect.DeepEqual(first, second) {
		t.Errorf("second: found %v, ran %d times, %+v want %+v", found, ran, second, first)
	}

	// When a file of a folder that the value refers to is gone, the step is
	// done again, and its result is whole again.
	var tree artifact.Tree
	noErr(t, r.Store().JSON(first.Parts[0], &tree))
	noErr(t, os.Remove(r.Store().Path(tree.Files[0].Ref)))
	if _, found, err := r.Lookup(ctx, "key"); found || err != nil {
		t.Errorf("with a file gone: found %v, error %v", found, err)
	}
	if _, found, err = Once(ctx, r, "key", do); found || err != nil || ran != 2 {
		t.Errorf("again: found %v, error %v, ran %d times", found, err, ran)
	}
	if _, found, _ := r.Lookup(ctx, "key"); !found {
		t.Error("not found after it was done again")
	}
}

func TestAFailedStepIsNotRemembered(t *testing.T) {
	ctx, r := t.Context(), open(t)
	failure := errors.New("disk full")
	_, _, err := Once(ctx, r, "key", func(context.Context) (int, error) { return 0, failure })
	wantErr(t, err, failure)
	if _, found, err := r.Lookup(ctx, "key"); found || err != nil {
		t.Errorf("found %v, error %v", found, err)
	}
	gone := artifact.Ref{Kind: artifact.KindRaw, SHA256: strings.Repeat("a", 64), Size: 1}
	wantErr(t, r.Remember(ctx, "key", gone), artifact.ErrNotFound)
}

func TestFrozenAndSeenDocuments(t *testing.T) {
	ctx, r := t.Context(), open(t)
	noErr(t, r.FreezeTest(ctx, "legal", []string{"a", "b"}))
	noErr(t, r.FreezeTest(ctx, "legal", []string{"b", "c"}))
	noErr(t, r.FreezeTest(ctx, "medical", []string{"z"}))
	noErr(t, r.RecordDocuments(ctx, "legal", "folder1", []string{"a"}))
	noErr(t, r.RecordDocuments(ctx, "legal", "folder1", []string{"a", "d"}))
	noErr(t, r.RecordDocuments(ctx, "legal", "folder2", []string{"e"}))

	frozen, err := r.FrozenTest(ctx, "legal")
	noErr(t, err)
	if want := map[string]bool{"a": true, "b": true, "c": true}; !reflect.DeepEqual(frozen, want) {
		t.Errorf("frozen %v, want %v", frozen, want)
	}
	seen, err := r.SeenDocuments(ctx, "legal", "folder1")
	noErr(t, err)
	if want := map[string]bool{"a": true, "d": true}; !reflect.DeepEqual(seen, want) {
		t.Errorf("seen %v, want %v", seen, want)
	}

	// A list with a bad ID freezes nothing.
	wantErr(t, r.FreezeTest(ctx, "legal", []string{"x", ""}), ErrInvalid)
	frozen, err = r.FrozenTest(ctx, "legal")
	noErr(t, err)
	if frozen["x"] {
		t.Error("half a list was frozen")
	}
}

func TestDecisionsAreKept(t *testing.T) {
	ctx, r := t.Context(), open(t)
	no := Decision{RunID: "r", By: "Grace", Reason: "too many fabricated quotes"}
	yes := Decision{RunID: "r", Approve: true, By: "Grace", Reason: "looked again"}
	for _, d := range []Decision{no, no, yes, yes} { // each sent twice
		noErr(t, r.RecordDecision(ctx, d))
	}
	got, err := r.Decisions(ctx, "r")
	noErr(t, err)
	if len(got) != 2 || got[0].Reason != no.Reason || !got[1].Approve || !got[1].At.After(got[0].At) {
		t.Errorf("decisions are %+v", got)
	}
	wantErr(t, r.RecordDecision(ctx, Decision{RunID: "r", By: " ", Reason: "x"}), ErrInvalid)
	wantErr(t, r.RecordDecision(ctx, Decision{RunID: "r", By: "x", Reason: "\t"}), ErrInvalid)
	for _, q := range []string{`UPDATE decisions SET reason = 'other'`, `DELETE FROM decisions`} {
		if _, err := r.db.ExecContext(ctx, q); err == nil || !strings.Contains(err.Error(), "audit trail") {
			t.Errorf("%s: error is %v", q, err)
		}
	}
}
