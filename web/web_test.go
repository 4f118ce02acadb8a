package web

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"adapt/artifact"
	"adapt/domains/all"
	"adapt/progress"
	"adapt/registry"
)

const testToken = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// workflows is a RunService over a map, as a test sets it.
type workflows struct {
	mu       sync.Mutex
	runs     map[string]progress.Run
	decided  []progress.Decision
	refusal  error // what Decide answers
	silent   error // what Progress answers
	onDecide func(id string, d progress.Decision)
	news     []progress.LabelNews
}

func (f *workflows) Progress(_ context.Context, id string) (progress.Run, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	run, ok := f.runs[id]
	if f.silent != nil {
		return progress.Run{}, f.silent
	}
	if !ok {
		return progress.Run{}, errors.New("no such workflow")
	}
	return run, nil
}

func (f *workflows) Decide(_ context.Context, id string, d progress.Decision) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refusal != nil {
		return f.refusal
	}
	f.decided = append(f.decided, d)
	if f.onDecide != nil {
		f.onDecide(id, d)
	}
	return nil
}

func (f *workflows) LabelNews(_ context.Context, _ string, n progress.LabelNews) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refusal != nil {
		return f.refusal
	}
	f.news = append(f.news, n)
	return nil
}

func (f *workflows) set(run progress.Run) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.runs[run.RunID] = run
}

// A world is a server with a registry and workflows behind it.
type world struct {
	t      *testing.T
	reg    *registry.Registry
	flows  *workflows
	server *httptest.Server
	client *http.Client // signed in; follows no redirect
	log    *logBuffer
}

type logBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newWorld(t *testing.T) *world {
	t.Helper()
	reg, err := registry.Open(t.TempDir())
	noErr(t, err)
	t.Cleanup(func() { reg.Close() })
	w := &world{t: t, reg: reg, flows: &workflows{runs: map[string]progress.Run{}}, log: &logBuffer{}}
	h := New(Options{Registry: reg, Runs: w.flows, Domain: all.Get, Token: testToken, Poll: time.Millisecond,
		Log: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	w.server = httptest.NewServer(h)
	t.Cleanup(w.server.Close)
	w.client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return w
}

func noErr(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// request makes a signed-in request.
func (w *world) request(method, path string, form url.Values) *http.Request {
	w.t.Helper()
	req, err := http.NewRequest(method, w.server.URL+path, strings.NewReader(form.Encode()))
	noErr(w.t, err)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	k := newKeys(testToken)
	req.AddCookie(&http.Cookie{Name: k.cookie, Value: k.session})
	return req
}

func (w *world) do(req *http.Request) (*http.Response, string) {
	w.t.Helper()
	res, err := w.client.Do(req)
	noErr(w.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	noErr(w.t, err)
	return res, string(body)
}

// get returns a page that must have this status.
func (w *world) get(path string, status int) (*goquery.Document, *http.Response) {
	w.t.Helper()
	res, body := w.do(w.request("GET", path, nil))
	if res.StatusCode != status {
		w.t.Fatalf("GET %s: status %d, want %d\n%s", path, res.StatusCode, status, body)
	}
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(body))
	noErr(w.t, err)
	return doc, res
}

// post sends a form with the CSRF token.
func (w *world) post(path string, fields ...string) (*http.Response, *goquery.Document) {
	w.t.Helper()
	form := url.Values{"csrf": {newKeys(testToken).form}}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	res, body := w.do(w.request("POST", path, form))
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(body))
	noErr(w.t, err)
	return res, doc
}

func (w *world) folder(kind artifact.Kind, files map[string]string) artifact.Ref {
	w.t.Helper()
	dir := w.t.TempDir()
	for name, content := range files {
		noErr(w.t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	ref, err := w.reg.Store().PutDir(kind, dir)
	noErr(w.t, err)
	return ref
}

func (w *world) report() artifact.Ref {
	return w.folder(artifact.KindReport, map[string]string{
		"report.html": "<!doctype html><title>Report</title><style>h1{color:#246}</style><h1>Evidence</h1><script>document.title='taken over'</script>",
		"report.json": `{"f1":0.8}`, "report.md": "# Evidence\n",
	})
}

// waitingRun saves a run that waits for a decision.
func (w *world) waitingRun(id string) progress.Run {
	w.t.Helper()
	noErr(w.t, w.reg.SaveRun(w.t.Context(), registry.Run{ID: id, Domain: "legal", Status: registry.StatusWaiting, Trigger: registry.TriggerManual, StartedBy: "Ada"}))
	run := progress.Run{
		RunID: id, Domain: "legal", Status: "waiting", StartedBy: "Ada",
		Steps: []progress.Step{
			{Name: "ingest", Status: progress.Done, Detail: "412 documents, 3 quarantined", Done: 412, Total: 412, Unit: "documents"},
			{Name: "train", Status: progress.Done, Detail: "dev loss 0.41"},
			{Name: "approval", Status: progress.Running},
			{Name: "promote", Status: progress.Waiting},
		},
		Verdict: "pass",
		Reasons: []string{"extraction F1 0.81 is at least 0.60", "hallucination rate 0.02 <b>is below</b> 0.05"},
		Report:  w.report(), Waiting: true,
		Deadline: time.Date(2026, 3, 4, 5, 6, 0, 0, time.UTC),
	}
	w.flows.set(run)
	return run
}

func (w *world) model(domain, runID string, kind string) registry.Model {
	w.t.Helper()
	m, err := w.reg.AddModel(w.t.Context(), registry.Model{
		Ref: w.folder(artifact.KindModel, map[string]string{"w": domain + runID}), Domain: domain, Kind: kind, RunID: runID,
		Metrics: json.RawMessage(`{"extraction_f1":{"point":0.8123456,"low":0.7},"documents":1200}`), Report: w.report(),
		Lineage: registry.Lineage{Seed: 7, Code: "v1"},
	})
	noErr(w.t, err)
	return m
}

func (w *world) promote(m, previous registry.Model) {
	w.t.Helper()
	noErr(w.t, w.reg.Promote(w.t.Context(), registry.Promotion{Domain: m.Domain, Model: m.Ref, Previous: previous.Ref, RunID: m.RunID, By: "Ada", Reason: "better & safer", Kind: registry.PromotionApproval}))
}

func wantText(t *testing.T, sel *goquery.Selection, want ...string) {
	t.Helper()
	text := strings.Join(strings.Fields(sel.Text()), " ")
	for _, part := range want {
		if !strings.Contains(text, part) {
			t.Errorf("the text lacks %q:\n%s", part, text)
		}
	}
}

func TestRunsPage(t *testing.T) {
	w := newWorld(t)
	doc, _ := w.get("/", http.StatusOK)
	wantText(t, doc.Find("main"), "There is no run yet", "adapt run DOMAIN FOLDER")

	w.waitingRun("legal-1")
	noErr(t, w.reg.SaveRun(t.Context(), registry.Run{ID: "medical-2", Domain: "medical", Status: registry.StatusFailed, Trigger: registry.TriggerSchedule, StartedBy: "<script>x</script>"}))
	doc, _ = w.get("/", http.StatusOK)
	rows := doc.Find("table tbody tr")
	if rows.Length() != 2 {
		t.Fatalf("%d rows, want 2", rows.Length())
	}
	wantText(t, rows.First(), "medical-2", "Failed", "<script>x</script>", "(schedule)")
	wantText(t, doc.Find("section.ask"), "Waiting for people", "legal-1", "for a decision")
	if doc.Find("main script").Length() != 0 {
		t.Error("a name became markup")
	}
	doc, _ = w.get("/?domain=legal", http.StatusOK)
	if n := doc.Find("table tbody tr").Length(); n != 1 {
		t.Errorf("%d rows of one domain, want 1", n)
	}
}

func TestRunPage(t *testing.T) {
	w := newWorld(t)
	w.waitingRun("legal-1")
	doc, _ := w.get("/runs/legal-1", http.StatusOK)
	wantText(t, doc.Find("#state"), "Waiting", "A person has to decide")
	wantText(t, doc.Find("#steps"), "Ingest", "412 documents, 3 quarantined", "Promote", "not begun")
	wantText(t, doc.Find("#outcome"), "The gate says: pass", "<b>is below</b>", "Read the report", "Without a decision by")
	if got, _ := doc.Find("#outcome form time").Attr("datetime"); got != "2026-03-04T05:06:00Z" {
		t.Errorf("deadline is %q", got)
	}
	form := doc.Find("form")
	if got, _ := form.Attr("action"); got != "/runs/legal-1/decision" {
		t.Errorf("the form goes to %q", got)
	}
	for _, field := range []string{"by", "reason"} {
		if doc.Find("label[for="+field+"]").Length() != 1 || doc.Find("#"+field+"[required]").Length() != 1 {
			t.Errorf("field %s has no label or is not required", field)
		}
	}
	if got, _ := doc.Find("[data-events]").Attr("data-events"); got != "/runs/legal-1/events" {
		t.Errorf("events come from %q", got)
	}
}

func TestRunningStepShowsItsPace(t *testing.T) {
	w := newWorld(t)
	noErr(t, w.reg.SaveRun(t.Context(), registry.Run{ID: "r", Domain: "legal", Status: registry.StatusRunning}))
	w.flows.set(progress.Run{RunID: "r", Domain: "legal", Status: "running", Steps: []progress.Step{
		{Name: "train", Status: progress.Running, Done: 1200, Total: 4800, Unit: "steps", Rate: 4.125, ETA: 872},
		{Name: "evaluate", Status: progress.Running},
	}})
	doc, _ := w.get("/runs/r", http.StatusOK)
	wantText(t, doc.Find("#steps"), "1,200 of 4,800 steps · 4.12 a second, about 15 min left")
	if got, _ := doc.Find("#steps progress").First().Attr("value"); got != "250" {
		t.Errorf("bar is at %q of 1000", got)
	}
	if _, ok := doc.Find("#steps progress").Last().Attr("value"); ok {
		t.Error("a bar of an unknown length has a value")
	}
	if doc.Find("form").Length() != 0 {
		t.Error("a run that does not wait has a form")
	}
}

func TestRunPageWithoutTheWorkflow(t *testing.T) {
	w := newWorld(t)
	run := w.waitingRun("legal-1")
	w.flows.silent = errors.New("connection refused")
	doc, _ := w.get("/runs/legal-1", http.StatusOK)
	wantText(t, doc.Find("#trouble"), "The workflow does not answer")

	// An ended run is read from its summary, whatever form that has.
	run.Status, run.Waiting = "rejected", false
	summary, err := json.Marshal(run)
	noErr(t, err)
	noErr(t, w.reg.Finish(t.Context(), "legal-1", registry.StatusRejected, summary))
	doc, _ = w.get("/runs/legal-1", http.StatusOK)
	wantText(t, doc.Find("#state"), "Rejected")
	wantText(t, doc.Find("#steps"), "412 documents")
	if doc.Find("#trouble").Text() != "" || doc.Find("form").Length() != 0 {
		t.Error("an ended run has trouble or a form")
	}
	w.get("/runs/legal-1/report", http.StatusOK)

	noErr(t, w.reg.SaveRun(t.Context(), registry.Run{ID: "legal-2", Domain: "legal", Status: registry.StatusUnchanged, Summary: json.RawMessage(`{"new_documents":0,"f1":{"point":0.5}}`)}))
	doc, _ = w.get("/runs/legal-2", http.StatusOK)
	wantText(t, doc.Find("#steps dl"), "New documents", "F1: point", "0.5")
}

func TestRunThatOnlyTheWorkflowKnows(t *testing.T) {
	w := newWorld(t)
	w.flows.set(progress.Run{RunID: "new", Domain: "legal", Status: "running", StartedBy: "Ada"})
	doc, _ := w.get("/runs/new", http.StatusOK)
	wantText(t, doc.Find("main"), "Running", "started by Ada")
	w.get("/runs/none", http.StatusNotFound)
	w.get("/runs/none/events", http.StatusNotFound)
}

func TestApproveAndReject(t *testing.T) {
	w := newWorld(t)
	w.waitingRun("legal-1")
	for _, choice := range []string{"approve", "reject"} {
		res, _ := w.post("/runs/legal-1/decision", "decision", choice, "by", " Grace ", "reason", "read it all")
		if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/runs/legal-1?sent#outcome" {
			t.Errorf("%s: status %d to %q", choice, res.StatusCode, res.Header.Get("Location"))
		}
	}
	want := []progress.Decision{{Approve: true, By: "Grace", Reason: "read it all"}, {By: "Grace", Reason: "read it all"}}
	if len(w.flows.decided) != 2 || w.flows.decided[0] != want[0] || w.flows.decided[1] != want[1] {
		t.Errorf("decided %+v, want %+v", w.flows.decided, want)
	}
	doc, _ := w.get("/runs/legal-1?sent", http.StatusOK)
	wantText(t, doc.Find("main"), "Your decision was taken")
	if strings.Contains(w.log.String(), "Grace") || strings.Contains(w.log.String(), "read it all") {
		t.Error("the log tells who decided what")
	}
}

func TestADecisionThatIsNotTakenLosesNothing(t *testing.T) {
	tests := []struct {
		name               string
		choice, by, reason string
		refusal            error
		status             int
		message            string
		wantBy, wantReason string
	}{
		{"no name", "approve", " ", "good", nil, 400, "Give your name", "", "good"},
		{"no reason", "approve", "Ada", "\n", nil, 400, "Give a reason", "Ada", ""},
		{"no choice", "", "Ada", "good", nil, 400, "Choose to approve or to reject", "Ada", "good"},
		{"long name", "reject", strings.Repeat("é", 201), "x", nil, 400, "longer than 200", strings.Repeat("é", 201), "x"},
		{"not UTF-8", "reject", "Ada", "a\xffb", nil, 400, "not valid UTF-8", "Ada", "a\uFFFDb"},
		{"refused", "approve", "Ada", "mine", errors.New("Ada started this run and may not approve it; ask a colleague <now>"), 422, "ask a colleague <now>", "Ada", "mine"},
		{"too late", "approve", "Ada", "mine", context.DeadlineExceeded, 422, "reload the page", "Ada", "mine"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.waitingRun("legal-1")
			w.flows.refusal = tt.refusal
			res, doc := w.post("/runs/legal-1/decision", "decision", tt.choice, "by", tt.by, "reason", tt.reason)
			if res.StatusCode != tt.status {
				t.Errorf("status %d, want %d", res.StatusCode, tt.status)
			}
			wantText(t, doc.Find("[role=alert]"), tt.message)
			if got, _ := doc.Find("#by").Attr("value"); got != tt.wantBy {
				t.Errorf("name is %q, want %q", got, tt.wantBy)
			}
			if got := doc.Find("#reason").Text(); got != tt.wantReason {
				t.Errorf("reason is %q, want %q", got, tt.wantReason)
			}
			if len(w.flows.decided) != 0 {
				t.Errorf("decided %+v", w.flows.decided)
			}
		})
	}
}

// An event must not replace a form that came back with an error.
func TestAFormWithAnErrorHasTheVersionOfTheEmptyOne(t *testing.T) {
	w := newWorld(t)
	w.waitingRun("legal-1")
	page, _ := w.get("/runs/legal-1", http.StatusOK)
	_, back := w.post("/runs/legal-1/decision", "decision", "approve", "by", "Ada", "reason", "")
	was, _ := page.Find("#outcome").Attr("data-version")
	is, _ := back.Find("#outcome").Attr("data-version")
	if was == "" || was != is {
		t.Errorf("versions are %q and %q", was, is)
	}
}

func TestReportIsShutIn(t *testing.T) {
	w := newWorld(t)
	w.waitingRun("legal-1")
	doc, _ := w.get("/runs/legal-1/report", http.StatusOK)
	frame := doc.Find("iframe")
	if src, _ := frame.Attr("src"); src != "/runs/legal-1/report/report.html" {
		t.Errorf("the frame shows %q", src)
	}
	if sandbox, ok := frame.Attr("sandbox"); !ok || sandbox != "" {
		t.Errorf("sandbox is %q (%v), want one that allows nothing", sandbox, ok)
	}
	res, body := w.do(w.request("GET", "/runs/legal-1/report/report.html", nil))
	policy := res.Header.Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "sandbox;") || strings.Contains(policy, "script") || !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("policy is %q", policy)
	}
	if !strings.Contains(body, "<h1>Evidence</h1>") {
		t.Errorf("body is %q", body)
	}
	res, _ = w.do(w.request("GET", "/runs/legal-1/report/report.json", nil))
	if got := res.Header.Get("Content-Disposition"); got != `attachment; filename="report.json"` {
		t.Errorf("disposition is %q", got)
	}
	w.get("/runs/legal-1/report/other.html", http.StatusNotFound)
	w.get("/runs/legal-1/report/..%2f..%2freport.html", http.StatusNotFound)

	noErr(t, w.reg.SaveRun(t.Context(), registry.Run{ID: "early", Domain: "legal", Status: registry.StatusRunning}))
	doc, _ = w.get("/runs/early/report", http.StatusNotFound)
	wantText(t, doc.Find("main"), "There is no report yet")
}

func TestReportThatWasCleanedAway(t *testing.T) {
	w := newWorld(t)
	run := w.waitingRun("legal-1")
	noErr(t, os.Remove(w.reg.Store().Path(run.Report)))
	doc, _ := w.get("/runs/legal-1/report/report.html", http.StatusNotFound)
	wantText(t, doc.Find("main"), "The file is gone", "Was the folder moved or cleaned?")
}

func TestModelPages(t *testing.T) {
	w := newWorld(t)
	doc, _ := w.get("/models", http.StatusOK)
	wantText(t, doc.Find("main"), "There is no model yet")

	base, tuned := w.model("legal", "run-0", registry.KindBase), w.model("legal", "run-1", registry.KindCandidate)
	w.model("medical", "run-2", registry.KindCandidate)
	w.promote(base, registry.Model{})
	w.promote(tuned, base)

	doc, _ = w.get("/models", http.StatusOK)
	wantText(t, doc.Find("section").First(), "legal", "Champion: "+tuned.Name)
	wantText(t, doc.Find("section").Last(), "medical", "There is no champion yet.")

	doc, _ = w.get("/models/"+tuned.Name, http.StatusOK)
	wantText(t, doc.Find("main"), "Champion", "Extraction f1: point", "0.8123", "1,200", tuned.Ref.SHA256, "run-1", "Seed", "v1")
	w.get("/models/"+tuned.Name+"/report", http.StatusOK)
	w.get("/models/"+tuned.Name+"/report/report.html", http.StatusOK)
	w.get("/models/none", http.StatusNotFound)

	doc, _ = w.get("/domains/legal", http.StatusOK)
	moves := doc.Find("ol.history li")
	if moves.Length() != 2 {
		t.Fatalf("%d moves, want 2", moves.Length())
	}
	wantText(t, moves.First(), "Promoted "+tuned.Name, "from "+base.Name, "by Ada", "better & safer")
	doc, _ = w.get("/domains/medical", http.StatusOK)
	if doc.Find("form").Length() != 0 {
		t.Error("a rollback is offered where there is nothing to go back to")
	}
	w.get("/domains/none", http.StatusNotFound)
}

func TestRollback(t *testing.T) {
	w := newWorld(t)
	base, tuned := w.model("legal", "run-0", registry.KindBase), w.model("legal", "run-1", registry.KindCandidate)
	w.promote(base, registry.Model{})
	w.promote(tuned, base)
	doc, _ := w.get("/domains/legal", http.StatusOK)
	from, _ := doc.Find("input[name=from]").Attr("value")

	res, doc := w.post("/domains/legal/rollback", "from", from, "by", "Grace", "reason", "")
	if res.StatusCode != http.StatusBadRequest {
		t.Errorf("without a reason: status %d", res.StatusCode)
	}
	wantText(t, doc.Find("[role=alert]"), "Give a reason")

	res, _ = w.post("/domains/legal/rollback", "from", from, "by", "Grace", "reason", "wrong dates")
	if res.StatusCode != http.StatusSeeOther {
		t.Fatalf("status %d", res.StatusCode)
	}
	champion, _, err := w.reg.Champion(t.Context(), "legal")
	noErr(t, err)
	if champion.Ref != base.Ref {
		t.Errorf("champion is %s, want %s", champion.Name, base.Name)
	}

	// The same form sent again must not go back once more.
	res, doc = w.post("/domains/legal/rollback", "from", from, "by", "Grace", "reason", "wrong dates")
	if res.StatusCode != http.StatusConflict {
		t.Errorf("sent twice: status %d", res.StatusCode)
	}
	wantText(t, doc.Find("[role=alert]"), "the champion is")
}

// events reads the stream of a run's page.
func (w *world) events(id string) (next func() (kind, data string), stop func()) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	res, err := w.client.Do(w.request("GET", "/runs/"+id+"/events", nil).WithContext(ctx))
	noErr(w.t, err)
	if got := res.Header.Get("Content-Type"); got != "text/event-stream" {
		w.t.Fatalf("content type is %q", got)
	}
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	next = func() (kind, data string) {
		w.t.Helper()
		for lines.Scan() {
			line := lines.Text()
			switch {
			case strings.HasPrefix(line, "event: "):
				kind = line[len("event: "):]
			case strings.HasPrefix(line, "data: "):
				data = line[len("data: "):]
			case line == "" && kind != "":
				return kind, data
			}
		}
		return "", ""
	}
	return next, func() { cancel(); res.Body.Close() }
}

func TestEventsFollowARun(t *testing.T) {
	w := newWorld(t)
	run := w.waitingRun("legal-1")
	next, stop := w.events("legal-1")
	defer stop()
	got := map[string]region{}
	for range regionNames {
		kind, data := next()
		var re region
		noErr(t, json.Unmarshal([]byte(data), &re))
		if kind != "region" {
			t.Fatalf("event %q", kind)
		}
		got[re.ID] = re
	}
	page, _ := w.get("/runs/legal-1", http.StatusOK)
	for _, name := range regionNames {
		if was, _ := page.Find("#" + name).Attr("data-version"); was != got[name].Version {
			t.Errorf("region %s: the page has version %q, the event %q", name, was, got[name].Version)
		}
	}

	// Only what changes is sent again.
	run.Steps = slices.Clone(run.Steps) // the server reads the old ones
	run.Steps[2] = progress.Step{Name: "approval", Status: progress.Running, Detail: "reminded <once>"}
	w.flows.set(run)
	_, data := next()
	var re region
	noErr(t, json.Unmarshal([]byte(data), &re))
	if re.ID != "steps" || !strings.Contains(string(re.HTML), "reminded &lt;once&gt;") {
		t.Errorf("region %s: %s", re.ID, re.HTML)
	}

	// While the workflow is silent the form stays.
	w.flows.mu.Lock()
	w.flows.silent = errors.New("gone")
	w.flows.mu.Unlock()
	_, data = next()
	noErr(t, json.Unmarshal([]byte(data), &re))
	if re.ID != "trouble" || !strings.Contains(string(re.HTML), "does not answer") {
		t.Errorf("region %s: %s", re.ID, re.HTML)
	}

	run.Status, run.Waiting = "promoted", false
	w.flows.mu.Lock()
	w.flows.silent = nil
	w.flows.runs["legal-1"] = run
	w.flows.mu.Unlock()
	for kind := ""; kind != "end"; {
		if kind, _ = next(); kind == "" {
			t.Fatal("the stream ended without saying so")
		}
	}
	if kind, _ := next(); kind != "" {
		t.Errorf("event %q after the end", kind)
	}
}
