package app_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"regexp"
	"testing"

	"adapt/internal/app"
	"adapt/internal/tiny"
	"adapt/label/review"
	"adapt/registry"
)

// reviews answers about every label that a run asks about, on the pages.
func (o *office) reviews(id, name string) {
	t := o.t
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	body := func(res *http.Response, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s: status %d, %v: %s", res.Request.URL.Path, res.StatusCode, err, b)
		}
		return string(b)
	}
	page, err := url.Parse(o.WebPage("runs", id, "labels"))
	if err != nil {
		t.Fatal(err)
	}
	key := csrf.FindStringSubmatch(body(client.Get(page.String())))
	if key == nil {
		t.Fatal("the page has no form")
	}
	page.RawQuery = ""
	body(client.PostForm(page.JoinPath("me").String(), url.Values{"csrf": {key[1]}, "by": {name}}))
	tasks, err := o.Registry.ReviewTasks(t.Context(), id)
	if err != nil || len(tasks) == 0 {
		t.Fatalf("tasks are %+v, %v", tasks, err)
	}
	for _, k := range tasks {
		body(client.PostForm(page.JoinPath(k.Document, "answers").String(), url.Values{"csrf": {key[1]}, "item": {k.Item}, "action": {"accept"}, "seconds": {"2"}}))
	}
}

var csrf = regexp.MustCompile(`name="csrf" value="([0-9a-f]+)"`)

// followed waits until a run has ended with a verdict, whichever.
func (o *office) followed(id string) registry.Status {
	o.t.Helper()
	if err := o.Client.GetWorkflow(o.t.Context(), id, "").Get(o.t.Context(), nil); err != nil {
		o.t.Fatal(err)
	}
	r, err := o.Registry.GetRun(o.t.Context(), id)
	if err != nil {
		o.t.Fatal(err)
	}
	return r.Status
}

// TestReviewsOutliveTheProcess stops the process while a run waits for
// reviews, keeps answers that no run was told of, and starts another process:
// it goes on by itself. The next run over the documents asks for nothing that
// was answered.
func TestReviewsOutliveTheProcess(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers and trains")
	}
	home := t.TempDir()
	serve := func() *office {
		t.Helper()
		a, err := app.Serve(t.Context(), app.Options{Home: home, Code: "test"})
		if err != nil {
			t.Fatal(err)
		}
		return &office{App: a, t: t}
	}
	first := serve()
	first.reports, first.configs = filepath.Join(t.TempDir(), "reports"), t.TempDir()
	tiny.Reports(t, first.reports, 0, 12)
	tiny.Model(t, filepath.Join(first.configs, "base"))
	extra := "approval: {required: false}\nlabel: {review: {count: 2, deadline: 24h, on_deadline: stop}}\n"
	id := first.start("labels", extra)
	first.follow(id, registry.StatusWaiting)
	tasks, err := first.Registry.ReviewTasks(t.Context(), id)
	if err != nil || len(tasks) != 2 {
		t.Fatalf("tasks are %+v, %v", tasks, err)
	}
	docs, err := first.Registry.ReviewDocuments(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range docs {
		var src review.Source
		if err := first.Registry.Store().JSON(d.Source, &src); err != nil {
			t.Fatal(err)
		}
		for _, it := range src.Items {
			for _, k := range tasks {
				if k.Item != it.ID {
					continue
				}
				_, err := first.Registry.RecordAnswer(t.Context(), registry.ReviewAnswer{Domain: "medical", RunID: id, Document: d.Document, TextHash: d.TextHash,
					Item: it.ID, Action: registry.AnswerReject, Was: it.LabelRange, Reviewer: "Bea", Seconds: 3})
				if err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}

	second := serve()
	defer func() {
		if err := second.Close(); err != nil {
			t.Error(err)
		}
	}()
	second.reports, second.configs = first.reports, first.configs
	if status := second.followed(id); status == registry.StatusWaiting || status == registry.StatusFailed {
		t.Errorf("the run is %s", status)
	}
	sum, err := second.Summary(t.Context(), id)
	if err != nil || sum.Labeled.Reviewed != 2 {
		t.Errorf("the summary's labels are %+v, %v", sum.Labeled, err)
	}
	again := second.start("again", "seed: 3\n"+extra)
	second.followed(again)
	if _, err := second.Registry.GetReview(t.Context(), again); err == nil {
		t.Error("the next run asks again about what was answered")
	}
}
