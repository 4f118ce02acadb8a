package web

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"

	"adapt/progress"
	"adapt/registry"
)

// screenshots is where the browser tests leave pictures of the pages.
var screenshots = flag.String("screenshots", "", "write pictures of the pages to this folder")

// TestInABrowser drives a headless Chromium through the pages; each part has
// its own tab.
func TestInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes seconds: run without -short")
	}
	path := chromium()
	if path == "" {
		t.Skip("Chromium is not installed: the pages are not tried in a browser")
	}
	ctx, stop := startBrowser(t.Context(), path)
	defer stop()
	noErr(t, chromedp.Run(ctx)) // starts it
	t.Run("a review", func(t *testing.T) { reviewInABrowser(t, ctx) })
	t.Run("a report runs nothing", func(t *testing.T) { reportInABrowser(t, ctx) })
	t.Run("labels by keyboard", func(t *testing.T) { labelsInABrowser(t, ctx) })
	t.Run("a selection becomes a label", func(t *testing.T) { selectionInABrowser(t, ctx) })
	t.Run("a long contract", func(t *testing.T) { longContractInABrowser(t, ctx) })
	t.Run("pages fit", func(t *testing.T) { pagesInABrowser(t, ctx) })
}

func startBrowser(ctx context.Context, path string) (context.Context, func()) {
	opts := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), // its user data is a new folder, removed at the end
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("force-prefers-reduced-motion", true), chromedp.WSURLReadTimeout(time.Minute),
	}
	ctx, cancelTime := context.WithTimeout(ctx, 5*time.Minute)
	ctx, cancelAlloc := chromedp.NewExecAllocator(ctx, opts...)
	quiet := func(string, ...any) {} // the protocol of a newer browser has news
	ctx, cancel := chromedp.NewContext(ctx, chromedp.WithErrorf(quiet), chromedp.WithLogf(quiet))
	return ctx, func() {
		chromedp.Cancel(ctx) // waits for the browser's end
		cancel()
		cancelAlloc()
		cancelTime()
	}
}

// tab opens a tab, signed in to w, and returns what the browser complains of
// in it.
func tab(t *testing.T, browser context.Context, w *world) (context.Context, *complaints) {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	c := &complaints{}
	chromedp.ListenTarget(ctx, c.listen)
	noErr(t, chromedp.Run(ctx, cdplog.Enable(), chromedp.Navigate(w.server.URL+"/?token="+testToken)))
	return ctx, c
}

func chromium() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// complaints are the errors in the browser's console: a script that failed, a
// thing that the policy forbade.
type complaints struct {
	mu   sync.Mutex
	text []string
}

func (c *complaints) listen(event any) {
	if e, ok := event.(*cdplog.EventEntryAdded); ok && e.Entry.Level == cdplog.LevelError {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.text = append(c.text, e.Entry.Text+" "+e.Entry.URL)
	}
}

func (c *complaints) all() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text
}

// until waits until an expression holds in the page, also over a change of the
// page.
func until(js string) chromedp.ActionFunc {
	return func(ctx context.Context) error {
		for {
			var ok bool
			if err := chromedp.Evaluate(js, &ok).Do(ctx); err == nil && ok {
				return nil
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("waiting for %s: %w", js, ctx.Err())
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
}

func contains(id, text string) string {
	return `document.getElementById("` + id + `").innerText.includes("` + text + `")`
}

func reviewInABrowser(t *testing.T, browser context.Context) {
	w := newWorld(t)
	ctx, complained := tab(t, browser, w)
	run := w.waitingRun("legal-1")
	waiting := run
	run.Status, run.Waiting, run.Verdict, run.Reasons = "running", false, "", nil
	train := progress.Step{Name: "train", Status: progress.Running, Done: 100, Total: 400, Unit: "steps", Rate: 5, ETA: 60}
	run.Steps = []progress.Step{train}
	w.flows.set(run)
	w.flows.onDecide = func(id string, d progress.Decision) {
		noErr(t, w.reg.RecordDecision(context.Background(), registry.Decision{RunID: id, Approve: d.Approve, By: d.By, Reason: d.Reason}))
		done := waiting
		done.Status, done.Waiting = "promoted", false
		w.flows.runs[id] = done
	}
	set := func(change func()) chromedp.ActionFunc {
		return func(context.Context) error { change(); return nil }
	}
	var address, typed string
	var same bool
	err := chromedp.Run(ctx,
		chromedp.Location(&address),
		chromedp.Reload(),
		chromedp.Click("table a", chromedp.ByQuery),
		chromedp.WaitVisible("#steps progress", chromedp.ByQuery),
		chromedp.Evaluate(`window.stays = true`, nil),

		// Progress arrives without a reload.
		until(`document.querySelector("#steps progress").value === 250`),
		set(func() {
			r := run
			r.Steps = []progress.Step{train}
			r.Steps[0].Done = 300
			w.flows.set(r)
		}),
		until(`document.querySelector("#steps progress").value === 750`),

		// So does the form, and what one types stays while the run goes on.
		set(func() { w.flows.set(waiting) }),
		chromedp.SendKeys("#by", "Grace", chromedp.ByQuery),
		set(func() {
			r := waiting
			r.Steps = append([]progress.Step{{Name: "notify", Status: progress.Done, Detail: "reminded the reviewers"}}, r.Steps...)
			w.flows.set(r)
		}),
		until(contains("steps", "reminded the reviewers")),
		chromedp.Value("#by", &typed, chromedp.ByQuery),
		chromedp.Evaluate(`window.stays === true`, &same),
		chromedp.SendKeys("#reason", "read the report", chromedp.ByQuery),

		// The keyboard alone is enough: from the reason, Tab reaches Approve.
		chromedp.KeyEvent("\t"),
		until(`document.activeElement.value === "approve"`),
		chromedp.KeyEvent("\r"),
		until(`location.search === "?sent"`),
		until(contains("state", "Promoted")),
		until(contains("outcome", "read the report")),
	)
	noErr(t, err)
	if strings.Contains(address, "token") {
		t.Error("the token stayed in the address")
	}
	if typed != "Grace" || !same {
		t.Errorf("typed text is %q; the page is the same one: %v", typed, same)
	}
	want := progress.Decision{Approve: true, By: "Grace", Reason: "read the report"}
	if len(w.flows.decided) != 1 || w.flows.decided[0] != want {
		t.Errorf("decided %+v, want %+v", w.flows.decided, want)
	}
	if c := complained.all(); len(c) != 0 {
		t.Errorf("the browser complained: %q", c)
	}
}

func reportInABrowser(t *testing.T, browser context.Context) {
	w := newWorld(t)
	ctx, _ := tab(t, browser, w) // it complains of the script, as it should
	w.waitingRun("legal-1")
	var title, heading string
	noErr(t, chromedp.Run(ctx,
		chromedp.Navigate(w.server.URL+"/runs/legal-1/report/report.html"),
		chromedp.Text("h1", &heading, chromedp.ByQuery),
		chromedp.Title(&title),
	))
	if title != "Report" || heading != "Evidence" {
		t.Errorf("title %q, heading %q: a script of the report ran, or the report is not there", title, heading)
	}
}

// pagesInABrowser opens every page, wide and as on a phone, and wants none to
// be wider than its window. With -screenshots, it takes pictures, light and
// dark.
func pagesInABrowser(t *testing.T, browser context.Context) {
	w := newWorld(t)
	pages := w.gallery()
	for name, path := range w.labelGallery() {
		pages[name] = path
	}
	ctx, complained := tab(t, browser, w)
	noErr(t, nameInBrowser(ctx, w, galleryReview, "Grace Hopper"))
	for name, path := range pages {
		noErr(t, chromedp.Run(ctx, chromedp.Navigate(w.server.URL+path)))
		for _, width := range []int64{1200, 390} {
			var over int
			noErr(t, chromedp.Run(ctx,
				chromedp.EmulateViewport(width, 800),
				chromedp.Evaluate(`document.documentElement.scrollWidth - window.innerWidth`, &over),
			))
			if over > 0 {
				t.Errorf("%s is %d pixels too wide for a window of %d", name, over, width)
			}
			for _, scheme := range []string{"light", "dark"} {
				picture(t, ctx, name, width, scheme)
			}
		}
	}
	for _, c := range complained.all() {
		// The page of an error is asked for here, and the frame of a report may
		// run nothing: both are as they should be.
		if !strings.Contains(c, "404") && !strings.Contains(c, "sandboxed") {
			t.Errorf("the browser complained: %q", c)
		}
	}
}

// picture writes a picture of the page that is open, when pictures are wanted.
func picture(t *testing.T, ctx context.Context, name string, width int64, scheme string) {
	t.Helper()
	if *screenshots == "" {
		return
	}
	var png []byte
	noErr(t, chromedp.Run(ctx,
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
		chromedp.FullScreenshot(&png, 100),
	))
	noErr(t, os.MkdirAll(*screenshots, 0o700))
	file := filepath.Join(*screenshots, name+"-"+scheme+map[bool]string{true: "-phone"}[width < 600]+".png")
	noErr(t, os.WriteFile(file, png, 0o600))
}

// gallery makes runs and models of every kind and returns pages, by name.
func (w *world) gallery() map[string]string {
	w.t.Helper()
	ctx := w.t.Context()
	save := func(id, domain string, status registry.Status, by string) {
		noErr(w.t, w.reg.SaveRun(ctx, registry.Run{ID: id, Domain: domain, Status: status, StartedBy: by, Trigger: registry.TriggerManual}))
	}
	base, tuned := w.model("legal", "legal-20260102-0aa1b2", registry.KindBase), w.model("legal", "legal-20260107-9c3d41", registry.KindCandidate)
	w.promote(base, registry.Model{})
	w.promote(tuned, base)
	save("legal-20260102-0aa1b2", "legal", registry.StatusPromoted, "Ada Lovelace")
	save("legal-20260107-9c3d41", "legal", registry.StatusRejected, "Ada Lovelace")
	save("medical-20260108-77e0f2", "medical", registry.StatusFailed, "nightly")
	save("medical-20260109-12ab34", "medical", registry.StatusUnchanged, "nightly")
	save("medical-20260110-55cd66", "medical", registry.StatusRunning, "Grace Hopper")
	w.flows.set(progress.Run{RunID: "medical-20260110-55cd66", Domain: "medical", Status: "running", StartedBy: "Grace Hopper", Steps: []progress.Step{
		{Name: "ingest", Status: progress.Done, Detail: "1,204 documents, 3 quarantined (2 encrypted, 1 without text)"},
		{Name: "de-identify", Status: progress.Done, Detail: "5,310 identifiers removed"},
		{Name: "label", Status: progress.Skipped, Detail: "the labels exist already"},
		{Name: "train", Status: progress.Running, Detail: "loss 0.412, dev loss 0.455", Done: 1260, Total: 4000, Unit: "steps", Rate: 6.31, ETA: 434},
		{Name: "general text", Status: progress.Running, Detail: "measuring what the model forgot"},
		{Name: "evaluate", Status: progress.Waiting},
		{Name: "approval", Status: progress.Waiting},
	}})
	w.waitingRun("legal-20260111-ab12cd")
	noErr(w.t, w.reg.RecordDecision(ctx, registry.Decision{RunID: "legal-20260111-ab12cd", By: "Grace Hopper", Reason: "The dates of two leases are wrong.\nTry again with more leases."}))
	save("legal-20260112-eeff00", "legal", registry.StatusFailed, "Ada Lovelace")
	w.flows.set(progress.Run{RunID: "legal-20260112-eeff00", Domain: "legal", Status: "failed", Error: "No usable document: 12 files were read and all of them quarantined. Look at the reasons below, and add files with text.", Steps: []progress.Step{
		{Name: "ingest", Status: progress.Failed, Detail: "12 quarantined"}, {Name: "train", Status: progress.Skipped},
	}})
	set := w.dataset("legal-20260113-aa00bb", contracts(70))
	return map[string]string{
		"data": "/data", "dataset": "/data/" + set.Version(), "runs": "/", "run-running": "/runs/medical-20260110-55cd66", "run-waiting": "/runs/legal-20260111-ab12cd",
		"run-failed": "/runs/legal-20260112-eeff00", "report": "/runs/legal-20260111-ab12cd/report", "models": "/models",
		"model": "/models/" + tuned.Name, "domain": "/domains/legal", "error": "/nowhere",
	}
}
