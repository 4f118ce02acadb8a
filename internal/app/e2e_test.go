package app_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"adapt/activities/api"
	"adapt/artifact"
	"adapt/internal/app"
	"adapt/internal/tiny"
	"adapt/progress"
	"adapt/registry"
	"adapt/workflows"
)

var update = flag.Bool("update", false, "record the histories of package workflows anew")

// patience is how long a step of these tests may take on a busy machine.
const patience = 3 * time.Minute

// An office is a data folder that is served, a folder of reports, and a tiny
// model to fine-tune.
type office struct {
	*app.App
	t       *testing.T
	reports string
	configs string
}

func newOffice(t *testing.T) *office {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a whole server and trains")
	}
	o := &office{t: t, reports: filepath.Join(t.TempDir(), "Doe_Jane"), configs: t.TempDir()}
	tiny.Reports(t, o.reports, 0, 24)
	tiny.Model(t, filepath.Join(o.configs, "base"))
	a, err := app.Serve(t.Context(), app.Options{Home: t.TempDir(), Code: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	o.App = a
	return o
}

// start starts a run with a configuration and returns its ID.
func (o *office) start(name, extra string) string {
	o.t.Helper()
	id, _, err := o.Start(o.t.Context(), o.request(name, extra))
	if err != nil {
		o.t.Fatal(err)
	}
	return id
}

func (o *office) request(name, extra string) app.Request {
	o.t.Helper()
	if !strings.Contains(extra, "gates:") {
		extra += tiny.Gate
	}
	text := tiny.Config
	if strings.Contains(extra, "train:") {
		text = trainLine.ReplaceAllString(text, "")
	}
	path := filepath.Join(o.configs, name+".yaml")
	if err := os.WriteFile(path, []byte(text+extra), 0o600); err != nil {
		o.t.Fatal(err)
	}
	return app.Request{Domain: "medical", Folder: o.reports, Config: path, By: "Ann"}
}

var trainLine = regexp.MustCompile(`(?m)^train: .*\n`)

// allTrained is a training with an adapter, replay, a reference and the choice
// of weights by a metric.
const allTrained = `train:
  {method: lora, epochs: 1, learning_rate: 1e-3, batch_tokens: 256, max_tokens: 256, overlength: drop, checkpoint_seconds: 1, threads: 1,
  eval_every: 8, best: extraction_f1, lora: {r: 2, alpha: 4}, forgetting: {replay: self, kl: 0.1}}
`

// follow waits until a run has ended or waits for a person.
func (o *office) follow(id string, want registry.Status) progress.Run {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.t.Context(), patience)
	defer cancel()
	var last progress.Run
	got, err := o.Follow(ctx, id, func(r progress.Run) { last = r })
	if err != nil {
		o.t.Fatalf("%v; the run is %+v", err, last)
	}
	if got != want {
		o.t.Fatalf("run %s is %s, want %s; reasons: %v", id, got, want, last.Reasons)
	}
	return last
}

func TestTheWholeJob(t *testing.T) {
	o := newOffice(t)
	ctx := t.Context()
	if err := os.WriteFile(filepath.Join(o.reports, "empty.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(o.reports, "scan.pdf"), []byte("no PDF at all"), 0o600); err != nil {
		t.Fatal(err)
	}

	id := o.start("review", "")
	o.follow(id, registry.StatusWaiting)
	if again, attached, err := o.Start(ctx, o.request("review", "")); err != nil || !attached || again != id {
		t.Errorf("starting it again gave %s, %v, %v", again, attached, err)
	}
	o.refuses(id)
	if err := o.Decide(ctx, id, progress.Decision{Approve: true, By: "Bea", Reason: "good"}); err != nil {
		t.Fatal(err)
	}
	o.follow(id, registry.StatusPromoted)
	first := o.promoted(id)
	o.record("adapt-approved", id)
	o.record("ingest", id+"/ingest")
	o.record("train", id+"/train")

	t.Run("the same again changes nothing", func(t *testing.T) {
		again := o.start("review", "")
		if again == id {
			t.Fatal("an ended run was taken up again")
		}
		o.follow(again, registry.StatusUnchanged)
	})
	t.Run("predict", func(t *testing.T) { o.predicts() })
	t.Run("a bad gate", func(t *testing.T) {
		bad := o.start("strict", "seed: 7\n"+allTrained+"gates: [{metric: extraction_f1, min: 0.999, min_documents: 1}]\n")
		run := o.follow(bad, registry.StatusRejected)
		if len(run.Reasons) == 0 || run.Verdict == "pass" {
			t.Errorf("the run is %+v", run)
		}
		for _, name := range []string{"data.txt", "log.jsonl"} {
			if b, err := os.ReadFile(o.Home.Path("training", bad, name)); err != nil || len(b) == 0 {
				t.Errorf("the training's %s: %v", name, err)
			}
		}
		out := filepath.Join(t.TempDir(), "adapter")
		if err := o.Export(run.Candidate, out, "peft", "f32"); err != nil {
			t.Error(err)
		}
		o.record("adapt-rejected", bad)
		live, _, err := o.Registry.Champion(ctx, "medical")
		if err != nil || live.Ref != first {
			t.Errorf("the champion is %s, %v", live.Name, err)
		}
	})
	t.Run("cancelled while it waits", func(t *testing.T) {
		c := o.start("cancel", "seed: 8\n")
		o.follow(c, registry.StatusWaiting)
		if err := o.Cancel(ctx, c); err != nil {
			t.Fatal(err)
		}
		o.follow(c, registry.StatusCancelled)
		o.record("adapt-cancelled", c)
	})
	t.Run("people review labels", func(t *testing.T) {
		r := o.start("labels", "seed: 9\napproval: {required: false}\nlabel: {review: {count: 3, deadline: 1h}}\n")
		run := o.follow(r, registry.StatusWaiting)
		if run.Waiting || run.Reviews.Wanted != 3 || run.Reviews.Reviewed != 0 {
			t.Fatalf("the run is %+v", run)
		}
		o.reviews(r, "Bea")
		o.followed(r)
		sum, err := o.Summary(ctx, r)
		if err != nil || sum.Labeled.Reviewed != 3 || sum.Labeled.Suggested.IsZero() {
			t.Errorf("the summary's labels are %+v, %v", sum.Labeled, err)
		}
		o.record("adapt-reviewed", r)
	})
	t.Run("retraining", func(t *testing.T) { o.retrains() })
	t.Run("schedules", func(t *testing.T) { o.schedules() })
	t.Run("histories tell nothing", func(t *testing.T) { o.keepsSecrets() })
}

// refuses tries decisions that may not be made.
func (o *office) refuses(id string) {
	o.t.Helper()
	for want, d := range map[string]progress.Decision{
		"may not approve": {Approve: true, By: "ann", Reason: "mine"},
		"needs a reason":  {Approve: true, By: "Bea"},
		"needs the name":  {Reason: "x"},
	} {
		if err := o.Decide(o.t.Context(), id, d); err == nil || !strings.Contains(err.Error(), want) {
			o.t.Errorf("%+v: %v, want %q", d, err, want)
		}
	}
}

// promoted checks what a promoted run left and returns the champion.
func (o *office) promoted(id string) artifact.Ref {
	t := o.t
	t.Helper()
	sum, err := o.Summary(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	live, ok, err := o.Registry.Champion(t.Context(), "medical")
	if err != nil || !ok || live.Ref != sum.Candidate || live.RunID != id {
		t.Errorf("the champion is %+v, %v", live, err)
	}
	if sum.Ingested.Quarantined != 2 || sum.Ingested.Count < 20 || sum.Trained.Steps == 0 || len(sum.Figures) == 0 || sum.DecidedBy != "Bea" {
		t.Errorf("the summary is %+v", sum)
	}
	aside, err := o.Quarantined(t.Context(), id)
	if err != nil || len(aside) != 2 || aside[0].File != "empty.txt" || aside[1].Detail == "" {
		t.Errorf("put aside %+v, %v", aside, err)
	}
	report, err := o.Report(id, sum.Report)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(report); err != nil || !strings.Contains(string(b), id) {
		t.Errorf("the report: %v", err)
	}
	history, err := o.Registry.History(t.Context(), "medical")
	if err != nil || len(history) != 2 || history[0].Kind != registry.PromotionApproval || history[1].Kind != registry.PromotionFirst {
		t.Errorf("the history is %+v, %v", history, err)
	}
	return live.Ref
}

func (o *office) predicts() {
	files, err := filepath.Glob(filepath.Join(o.reports, "*.txt"))
	if err != nil {
		o.t.Fatal(err)
	}
	files = slices.DeleteFunc(files, func(f string) bool { return strings.HasSuffix(f, "empty.txt") })
	ps, err := o.Predict(o.t.Context(), "medical", files[0], "")
	if err != nil || len(ps) != 1 || ps[0].Answer == nil {
		o.t.Errorf("predicted %+v, %v", ps, err)
	}
	if _, err := o.Predict(o.t.Context(), "medical", filepath.Join(o.reports, "scan.pdf"), ""); err == nil || !strings.Contains(err.Error(), "can not be read") {
		o.t.Errorf("a bad file: %v", err)
	}
}

// retrains runs what a schedule runs, before and after a report has come in.
func (o *office) retrains() {
	ctx, t := o.t.Context(), o.t
	r := o.request("auto", "approval: {required: false}\n")
	r.Config = filepath.Join(o.configs, "auto.yaml")
	retrain := func(n int) (workflows.RetrainResult, string) {
		in := o.retrainInput(r)
		id := fmt.Sprintf("retrain-test-%d", n)
		w, err := o.Client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: id, TaskQueue: api.Queue}, workflows.Retrain, in)
		if err != nil {
			t.Fatal(err)
		}
		var got workflows.RetrainResult
		if err := w.Get(ctx, &got); err != nil {
			t.Fatal(err)
		}
		return got, id
	}
	got, id := retrain(1)
	if got.Status != string(registry.StatusUnchanged) || got.New != 0 {
		t.Errorf("nothing new: %+v", got)
	}
	o.record("retrain-unchanged", id)
	tiny.Reports(t, o.reports, 24, 28)
	got, id = retrain(2)
	if got.New != 4 || got.RunID == "" || got.Status == string(registry.StatusUnchanged) {
		t.Errorf("four new reports: %+v", got)
	}
	o.record("retrain-new", id)
	if got, _ = retrain(3); got.New != 0 {
		t.Errorf("after the run: %+v", got)
	}
}

// retrainInput is what a schedule over the request would start with.
func (o *office) retrainInput(r app.Request) workflows.RetrainInput {
	o.t.Helper()
	id, err := o.CreateSchedule(o.t.Context(), app.ScheduleRequest{Request: r, Every: 24 * 365 * time.Hour})
	if err != nil {
		o.t.Fatal(err)
	}
	defer func() {
		if err := o.DeleteSchedule(o.t.Context(), id); err != nil {
			o.t.Error(err)
		}
	}()
	d, err := o.Client.ScheduleClient().GetHandle(o.t.Context(), id).Describe(o.t.Context())
	if err != nil {
		o.t.Fatal(err)
	}
	var in workflows.RetrainInput
	args := d.Schedule.Action.(*client.ScheduleWorkflowAction).Args
	if err := app.Decode(args[0], &in); err != nil {
		o.t.Fatal(err)
	}
	return in
}

func (o *office) schedules() {
	ctx, t := o.t.Context(), o.t
	r := app.ScheduleRequest{Request: o.request("nightly", ""), Cron: "0 2 * * *"}
	id, err := o.CreateSchedule(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.CreateSchedule(ctx, r); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("a second one: %v", err)
	}
	if err := o.PauseSchedule(ctx, id, true); err != nil {
		t.Fatal(err)
	}
	all, err := o.Schedules(ctx)
	if err != nil || len(all) != 1 || all[0].ID != id || !all[0].Paused || all[0].Cron != "0 2 * * *" || all[0].Folder != o.reports || all[0].By != "Ann" {
		t.Errorf("schedules are %+v, %v", all, err)
	}
	if err := o.DeleteSchedule(ctx, id); err != nil {
		t.Fatal(err)
	}
	if err := o.PauseSchedule(ctx, id, true); err == nil || !strings.Contains(err.Error(), "no schedule") {
		t.Errorf("a deleted one: %v", err)
	}
}

// history reads all events of a workflow's last execution.
func (o *office) history(id string) *historypb.History {
	o.t.Helper()
	h := &historypb.History{}
	it := o.Client.GetWorkflowHistory(o.t.Context(), id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for it.HasNext() {
		e, err := it.Next()
		if err != nil {
			o.t.Fatal(err)
		}
		h.Events = append(h.Events, e)
	}
	return h
}

// record keeps a history for the replay tests.
func (o *office) record(name, id string) {
	o.t.Helper()
	// How it ended is another test's matter.
	_ = o.Client.GetWorkflow(o.t.Context(), id, "").Get(o.t.Context(), nil)
	if !*update {
		return
	}
	h := o.history(id)
	b, err := protojson.MarshalOptions{Multiline: true, Indent: " "}.Marshal(h)
	if err != nil {
		o.t.Fatal(err)
	}
	host, err := os.Hostname()
	if err != nil {
		o.t.Fatal(err)
	}
	b = bytes.ReplaceAll(b, []byte(`"`+host+":"), []byte(`"worker:`))
	path := filepath.Join("..", "..", "workflows", "testdata", name+".json")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		o.t.Fatal(err)
	}
	if err := os.WriteFile(path, append(b, '\n'), 0o644); err != nil {
		o.t.Fatal(err)
	}
}

// keepsSecrets looks through every history for the folder's name, the files'
// names and the words of the reports, and for payloads that are too large.
func (o *office) keepsSecrets() {
	t := o.t
	words := append([]string{"Doe_Jane", o.Home.Dir(), "FINDINGS", "IMPRESSION", "opacity", "effusion"}, o.fileNames()...)
	runs, err := o.Registry.ListRuns(t.Context(), registry.RunFilter{})
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{"retrain-test-1", "retrain-test-2"}
	for _, r := range runs {
		ids = append(ids, r.ID, r.ID+"/ingest", r.ID+"/train")
	}
	for _, id := range ids {
		for _, e := range o.history(id).Events {
			if n := proto.Size(e); n > 64<<10 {
				t.Errorf("%s: event %d has %d bytes", id, e.EventId, n)
			}
			text := e.String()
			for _, w := range words {
				if strings.Contains(text, w) {
					t.Errorf("%s: event %d (%s) holds %q", id, e.EventId, e.EventType, w)
				}
			}
		}
	}
}

func (o *office) fileNames() []string {
	entries, err := os.ReadDir(o.reports)
	if err != nil {
		o.t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestWrongRequestsDoNothing(t *testing.T) {
	a, err := app.Open(app.Options{Home: t.TempDir(), Code: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("docs/a.txt", "FINDINGS: clear.")
	write("hollow/config.json", "{}")
	write("nothing/.keep", "")
	docs := filepath.Join(dir, "docs")
	tests := []struct {
		name, domain, folder, config, want string
	}{
		{"unknown domain", "legla", docs, "", "legal"},
		{"no folder", "medical", filepath.Join(dir, "none"), "", "does not exist"},
		{"no documents", "medical", filepath.Join(dir, "nothing"), "", "no documents"},
		{"misspelt key", "medical", docs, write("a.yaml", "trian: {epochs: 1}\n"), `did you mean "train"`},
		{"no configuration", "medical", docs, filepath.Join(dir, "none.yaml"), "none.yaml"},
		{"no base", "medical", docs, write("b.yaml", "model: {base: nowhere}\n"), "is no folder"},
		{"no weights", "medical", docs, write("c.yaml", "model: {base: hollow}\n"), "base model"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := a.Start(t.Context(), app.Request{Domain: tt.domain, Folder: tt.folder, Config: tt.config})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want %q", err, tt.want)
			}
		})
	}
	if runs, err := a.Registry.ListRuns(t.Context(), registry.RunFilter{}); err != nil || len(runs) != 0 {
		t.Errorf("runs were noted: %v, %v", runs, err)
	}
}
