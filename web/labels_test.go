package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"adapt/artifact"
	"adapt/domains/all"
	"adapt/ingest"
	"adapt/label"
	"adapt/label/review"
	"adapt/registry"
)

// leaseText is a hostile contract: its words would be markup, script and
// instructions if anything took them for more than words.
const leaseText = `LEASE <script>document.title='taken over'</script> AGREEMENT

This Lease — “the Lease” — is made on March 1, 2021 between Café Nord LLC and Contoso Ltd.

The lease is governed by the laws of Ohio. <img src=x onerror=alert(1)> &amp; nothing else.

In no event shall either party’s liability exceed $5,000.

Neither party may assign this lease without consent.
`

// span makes a label of the first occurrence of a quote.
func span(t *testing.T, text, category, quote string) label.Span {
	t.Helper()
	i := strings.Index(text, quote)
	if i < 0 {
		t.Fatalf("the text has no %q", quote)
	}
	return label.Span{Category: category, Start: i, End: i + len(quote), Text: quote, Origin: label.OriginRules, Confidence: 0.6}
}

func (w *world) leaseSpans() []label.Span {
	return []label.Span{
		span(w.t, leaseText, "Agreement Date", "March 1, 2021"),
		span(w.t, leaseText, "Parties", "Café Nord LLC"),
		span(w.t, leaseText, "Governing Law", "The lease is governed by the laws of Ohio."),
		span(w.t, leaseText, "Cap on Liability", "In no event shall either party’s liability exceed $5,000."),
	}
}

// asked opens a review of documents with suggested labels, all of them asked.
func (w *world) asked(runID, domain string, reviewers int, docs map[*ingest.Document][]label.Span, votes ...label.Vote) []review.Source {
	w.t.Helper()
	noErr(w.t, w.reg.SaveRun(w.t.Context(), registry.Run{ID: runID, Domain: domain, Status: registry.StatusWaiting, Trigger: registry.TriggerManual, StartedBy: "Ada"}))
	var sources []review.Source
	for doc, spans := range docs {
		sources = append(sources, review.NewSource(doc, label.Labeled{Truth: label.Truth{Spans: spans}, Votes: votes}))
	}
	slices.SortFunc(sources, func(a, b review.Source) int { return strings.Compare(a.Document.ID, b.Document.ID) })
	var rd []registry.ReviewDocument
	var tasks []registry.ReviewTask
	for _, src := range sources {
		ref, err := w.reg.Store().PutJSON(artifact.KindReview, src)
		noErr(w.t, err)
		rd = append(rd, registry.ReviewDocument{Document: src.Document.ID, TextHash: src.TextHash, Source: ref})
		for _, it := range src.Items {
			why := registry.WhyUnsure
			if it.Conflict() {
				why = registry.WhyConflict
			}
			tasks = append(tasks, registry.ReviewTask{Document: src.Document.ID, Item: it.ID, Category: it.Category, Confidence: it.Confidence, Why: why})
		}
	}
	rev := registry.Review{RunID: runID, Domain: domain, Wanted: len(tasks), Reviewers: reviewers, Deadline: time.Date(2026, 3, 4, 5, 6, 0, 0, time.UTC)}
	noErr(w.t, w.reg.OpenReview(w.t.Context(), rev, rd, tasks))
	return sources
}

func (w *world) askedLease(reviewers int) review.Source {
	w.t.Helper()
	doc := &ingest.Document{ID: "doc-a", File: "Lease <b>of Jane</b>.txt", Text: leaseText}
	votes := []label.Vote{
		{Category: "Governing Law", Start: 150, End: 210, Func: "law/governed"}, {Category: "Governing Law", Start: 150, End: 210, Func: "law/choice", Against: true},
	}
	return w.asked("legal-1", "legal", reviewers, map[*ingest.Document][]label.Span{doc: w.leaseSpans()}, votes...)[0]
}

// as makes a request in somebody's name.
func (w *world) as(name, method, path string, form url.Values) (*http.Response, string) {
	w.t.Helper()
	if form != nil {
		form.Set("csrf", newKeys(testToken).form)
	}
	req := w.request(method, path, form)
	if name != "" {
		s := newSite(Options{Token: testToken})
		req.AddCookie(&http.Cookie{Name: s.nameCookie(), Value: encodeName(name)})
	}
	return w.do(req)
}

// answer sends an answer that must have this status.
func (w *world) answer(name string, status int, fields ...string) labelReply {
	w.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	res, body := w.as(name, "POST", "/runs/legal-1/labels/doc-a/answers", form)
	var reply labelReply
	if err := json.Unmarshal([]byte(body), &reply); err != nil || res.StatusCode != status {
		w.t.Fatalf("%v by %s: status %d, want %d: %s", fields, name, res.StatusCode, status, body)
	}
	return reply
}

func (w *world) answers() []registry.ReviewAnswer {
	w.t.Helper()
	all, err := w.reg.Answers(w.t.Context(), "legal")
	noErr(w.t, err)
	return all
}

func TestLabelPagesEscapeAndFit(t *testing.T) {
	w := newWorld(t)
	src := w.askedLease(1)
	doc, res := w.get("/runs/legal-1/labels", http.StatusOK)
	wantHeaders(t, res)
	wantText(t, doc.Find("main"), "0 of 4 labels reviewed", "Who are you?", "Lease <b>of Jane</b>.txt", "conflict", "unsure, 60% sure", "Governing Law")
	if doc.Find("main b").Length() != 0 {
		t.Error("the file's name became markup")
	}
	if res, _ := w.as("", "GET", "/runs/legal-1/labels/doc-a", nil); res.StatusCode != http.StatusSeeOther {
		t.Errorf("without a name: status %d", res.StatusCode)
	}
	res, body := w.as("Ann", "GET", "/runs/legal-1/labels/doc-a", nil)
	wantHeaders(t, res)
	page, err := goquery.NewDocumentFromReader(strings.NewReader(body))
	noErr(t, err)
	if page.Find("#text script, #text img, [style], script:not([src]), [onclick]").Length() != 0 {
		t.Error("the document's text became markup")
	}
	for _, n := range page.Find("#text .part").EachIter() {
		start, end := number(t, n, "data-start"), number(t, n, "data-end")
		if got := n.Text(); got != leaseText[start:end] {
			t.Errorf("bytes %d to %d are %q, shown is %q", start, end, leaseText[start:end], got)
		}
	}
	if n := page.Find("#panel .item").Length(); n != len(src.Items) {
		t.Errorf("%d labels are listed, want %d", n, len(src.Items))
	}
	wantText(t, page.Find("#panel"), "Against: law/choice", "For: law/governed", "0 of 4 reviewed", "4 left for you")
	if page.Find("[role=listbox] [role=option]").Length() < 41 || page.Find("h1").Length() != 1 {
		t.Error("the page lacks its categories or heading")
	}
	for _, b := range page.Find("button, input, select, dialog, progress").EachIter() {
		id, _ := b.Attr("id")
		named := strings.TrimSpace(b.Text()) != "" || b.Is("[aria-label], [aria-labelledby], [type=hidden]") || page.Find("label[for='"+id+"']").Length() > 0
		if !named {
			h, _ := goquery.OuterHtml(b)
			t.Errorf("no accessible name: %s", h)
		}
	}
	if res, _ := w.as("Ann", "GET", "/runs/legal-1/labels/doc-zzz", nil); res.StatusCode != http.StatusNotFound {
		t.Errorf("an unknown document: status %d", res.StatusCode)
	}
	w.get("/runs/legal-9/labels", http.StatusNotFound)
	if log := w.log.String(); strings.Contains(log, "Jane") || strings.Contains(log, "Ohio") {
		t.Errorf("the log tells of documents: %s", log)
	}
}

func number(t *testing.T, n *goquery.Selection, attr string) int {
	t.Helper()
	v, err := strconv.Atoi(n.AttrOr(attr, ""))
	noErr(t, err)
	return v
}

func TestWhoReviews(t *testing.T) {
	w := newWorld(t)
	w.askedLease(1)
	res, _ := w.post("/runs/legal-1/labels/me", "by", "  Ann \t Lee ")
	if res.StatusCode != http.StatusSeeOther || len(res.Cookies()) != 1 {
		t.Fatalf("status %d, cookies %v", res.StatusCode, res.Cookies())
	}
	c := res.Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode {
		t.Errorf("the cookie is %+v", c)
	}
	req := w.request("GET", "/runs/legal-1/labels", nil)
	req.AddCookie(c)
	_, body := w.do(req)
	if !strings.Contains(body, "You review as <strong>Ann Lee</strong>") {
		t.Error("the name was not kept")
	}
	for _, bad := range []string{"", " ", strings.Repeat("x", 201), "\xff"} {
		res, doc := w.post("/runs/legal-1/labels/me", "by", bad)
		if res.StatusCode != http.StatusBadRequest || doc.Find("[role=alert]").Length() != 1 {
			t.Errorf("the name %q: status %d", bad, res.StatusCode)
		}
	}
}

func TestAnswersAreRecorded(t *testing.T) {
	w := newWorld(t)
	src := w.askedLease(1)
	date, parties, law, limit := src.Items[0], src.Items[1], src.Items[2], src.Items[3]

	reply := w.answer("Ann", 200, "item", date.ID, "action", "accept", "seconds", "3.26")
	if reply.Said != "Accepted: Agreement Date" || len(reply.Open) != 3 || !strings.Contains(reply.Panel, "1 of 4") {
		t.Errorf("the reply is %+v", reply)
	}
	w.answer("Ann", 200, "item", parties.ID, "action", "reject", "seconds", "99999999")
	w.answer("Ann", 200, "item", law.ID, "action", "fix", "category", "Governing Law", "start", strconv.Itoa(law.Start), "end", strconv.Itoa(law.End-1))
	at := strings.Index(leaseText, "Neither") - 1 // with the line break before it
	w.answer("Ann", 200, "action", "add", "category", "Anti-Assignment", "start", strconv.Itoa(at), "end", strconv.Itoa(len(leaseText)))
	all := w.answers()
	if len(all) != 4 {
		t.Fatalf("answers are %+v", all)
	}
	if a := all[0]; a.Seconds != 3.3 || a.Reviewer != "Ann" || a.Now != date.LabelRange || a.Was != date.LabelRange || a.RunID != "legal-1" || a.TextHash != src.TextHash {
		t.Errorf("the first is %+v", a)
	}
	if a := all[1]; a.Seconds != longest || a.Now.Category != "" || a.Was != parties.LabelRange {
		t.Errorf("the second is %+v", a)
	}
	if a := all[2]; a.Now.End != law.End-1 || a.Was != law.LabelRange {
		t.Errorf("the third is %+v", a)
	}
	if a := all[3]; leaseText[a.Now.Start:a.Now.End] != "Neither party may assign this lease without consent." || a.Action != "add" {
		t.Errorf("the fourth is %+v", a)
	}

	// Complete is refused while anything is open; undo takes back the last.
	if r := w.answer("Ann", 422, "action", "complete"); !strings.Contains(r.Error, "1 are open") {
		t.Errorf("complete: %q", r.Error)
	}
	w.answer("Ann", 200, "item", limit.ID, "action", "accept")
	w.answer("Ann", 200, "action", "complete")
	if r := w.answer("Ann", 200, "action", "undo"); strings.Contains(r.Panel, "this document is complete") {
		t.Errorf("after the undo: %s", r.Panel)
	}
	if r := w.answer("Ann", 200, "action", "undo"); r.Item != limit.ID || len(r.Open) != 1 {
		t.Errorf("the undo is %+v", r)
	}
	if r := w.answer("Bea", 422, "action", "undo"); !strings.Contains(r.Error, "nothing of yours") {
		t.Errorf("another's undo: %q", r.Error)
	}
	if n := len(w.answers()); n != 8 {
		t.Errorf("%d rows, want 8: an undo is a row of its own", n)
	}
	// The run heard of every change of the count.
	var heard []int
	for _, n := range w.flows.news {
		heard = append(heard, n.Reviewed)
	}
	if want := []int{1, 2, 3, 4, 5, 4}; !slices.Equal(heard, want) {
		t.Errorf("the run heard %v, want %v", heard, want)
	}
}

func TestBadAnswersAreRefused(t *testing.T) {
	w := newWorld(t)
	src := w.askedLease(1)
	it := src.Items[2]
	good := map[string]string{"item": it.ID, "action": "fix", "category": "Governing Law", "start": strconv.Itoa(it.Start), "end": strconv.Itoa(it.End)}
	dash := strings.Index(leaseText, "—")
	for name, change := range map[string][2]string{
		"no such item": {"item", "0000"}, "no such action": {"action", "guess"}, "no such category": {"category", "<b>"},
		"negative": {"start", "-1"}, "beyond": {"end", "999999"}, "no number": {"start", "x"}, "empty": {"end", strconv.Itoa(it.Start)},
		"inside a character": {"start", strconv.Itoa(dash + 1)},
	} {
		var fields []string
		for k, v := range good {
			if k == change[0] {
				v = change[1]
			}
			fields = append(fields, k, v)
		}
		if r := w.answer("Ann", 422, fields...); r.Error == "" {
			t.Errorf("%s: no error", name)
		}
	}
	if r := w.answer("", 422, "item", it.ID, "action", "accept"); !strings.Contains(r.Error, "name") {
		t.Errorf("nameless: %q", r.Error)
	}
	if n := len(w.answers()); n != 0 {
		t.Errorf("%d answers were kept", n)
	}
	req := w.request("POST", "/runs/legal-1/labels/doc-a/answers", url.Values{"item": {it.ID}, "action": {"accept"}})
	if res, _ := w.do(req); res.StatusCode != http.StatusForbidden {
		t.Errorf("without the form's key: status %d", res.StatusCode)
	}
}

// TestTheSecondSeesNothingOfTheFirst goes through a review by two: neither
// page tells of the other's answers before both are done, and then a dispute
// can be settled.
func TestTheSecondSeesNothingOfTheFirst(t *testing.T) {
	w := newWorld(t)
	src := w.askedLease(2)
	for i, it := range src.Items {
		action := "accept"
		if i == 3 {
			action = "reject"
		}
		w.answer("Ann", 200, "item", it.ID, "action", action)
	}
	w.answer("Ann", 200, "action", "add", "category", "Anti-Assignment", "start", strconv.Itoa(strings.Index(leaseText, "Neither")), "end", strconv.Itoa(len(leaseText)))

	_, body := w.as("Bea", "GET", "/runs/legal-1/labels/doc-a", nil)
	page, err := goquery.NewDocumentFromReader(strings.NewReader(body))
	noErr(t, err)
	panel := page.Find("#panel")
	if strings.Contains(panel.Text(), "Ann") || panel.Find(".kept, .rejected, .added").Length() != 0 || panel.Find(".item").Length() != 4 {
		t.Errorf("the second sees %s", panel.Text())
	}
	for i, it := range src.Items {
		r := w.answer("Bea", 200, "item", it.ID, "action", "accept")
		if i < 3 && strings.Contains(r.Panel, "Ann") {
			t.Error("the second saw the first's answers before she was done")
		}
		if i == 3 && (!strings.Contains(r.Panel, "disputed") || !strings.Contains(r.Panel, "Ann rejected it")) {
			t.Errorf("done, the second sees %s", r.Panel)
		}
	}
	doc, _ := w.get("/runs/legal-1/labels", http.StatusOK)
	wantText(t, doc.Find("main"), "3 of 4 labels that two people answered independently were answered alike", "1 is disputed", "Ann: 5 answers", "Bea: 4 answers")
	if k := doc.Find("#kappa").Text(); !strings.HasPrefix(k, "0.00 [") { // one of the two said yes to everything
		t.Errorf("kappa is %q", k)
	}
	w.answer("Bea", 200, "item", src.Items[3].ID, "action", "reject")
	all := w.answers()
	if last := all[len(all)-1]; !last.Informed {
		t.Errorf("the settling answer is %+v", last)
	}
	for _, a := range all[:len(all)-1] {
		if a.Informed {
			t.Errorf("%+v was given without seeing another's", a)
		}
	}
	tally, err := review.Count(t.Context(), w.reg, "legal-1")
	noErr(t, err)
	if tally.Disputed != 0 || tally.Reviewed != 5 || tally.Agreement.Agreed != 3 {
		t.Errorf("settled: %+v", tally)
	}
}

func TestAttributesOfALabel(t *testing.T) {
	w := newWorld(t)
	text := "FINDINGS: Small left effusion.\n\nIMPRESSION: Small left pleural effusion.\n"
	i := strings.LastIndex(text, "pleural effusion")
	src := w.asked("medical-1", "medical", 1, map[*ingest.Document][]label.Span{
		{ID: "doc-m", File: "a.txt", Text: text}: {{Category: "Pleural Effusion", Start: i, End: i + 16, Attrs: map[string]string{"presence": "present", "side": "left"}, Origin: label.OriginReport}},
	})[0]
	_, body := w.as("Ann", "GET", "/runs/medical-1/labels/doc-m", nil)
	page, err := goquery.NewDocumentFromReader(strings.NewReader(body))
	noErr(t, err)
	if got := page.Find("[data-attr=side] option[selected]").Text(); got != "left" {
		t.Errorf("the side is %q", got)
	}
	it := src.Items[0]
	send := func(status int, category, side string) {
		t.Helper()
		res, body := w.as("Ann", "POST", "/runs/medical-1/labels/doc-m/answers", url.Values{"item": {it.ID}, "action": {"fix"},
			"category": {category}, "start": {strconv.Itoa(it.Start)}, "end": {strconv.Itoa(it.End)}, "attr.presence": {"uncertain"}, "attr.side": {side}})
		if res.StatusCode != status {
			t.Errorf("side %q: status %d: %s", side, res.StatusCode, body)
		}
	}
	d, err := all.Get("medical")
	noErr(t, err)
	category := d.Categories()[0]
	send(422, category, "middle")
	send(200, category, "right")
	kept, err := w.reg.Answers(t.Context(), "medical")
	noErr(t, err)
	if len(kept) != 1 || kept[0].Attrs["side"] != "right" || kept[0].Attrs["presence"] != "uncertain" {
		t.Errorf("answers are %+v", kept)
	}
}

func TestGoOnWithWhatThereIs(t *testing.T) {
	w := newWorld(t)
	w.askedLease(1)
	if res, body := w.as("", "POST", "/runs/legal-1/labels/go-on", url.Values{}); res.StatusCode != http.StatusBadRequest || !strings.Contains(body, "Give your name first") {
		t.Errorf("nameless: status %d", res.StatusCode)
	}
	if res, _ := w.as("Ann", "POST", "/runs/legal-1/labels/go-on", url.Values{}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("status %d", res.StatusCode)
	}
	if n := w.flows.news; len(n) != 1 || !n[0].GoOn || n[0].By != "Ann" {
		t.Errorf("the run heard %+v", n)
	}
}

func TestWorthTelling(t *testing.T) {
	told := 0
	for n := range 5000 {
		if worthTelling(n, n+1, 5000) {
			told++
		}
	}
	if told > 100 || !worthTelling(4999, 5000, 5000) || !worthTelling(9, 10, 10) || !worthTelling(3, 2, 10) || worthTelling(7, 7, 10) {
		t.Errorf("told %d times", told)
	}
}

// TestPartsHoldTheText checks that nothing but white space is left out of the
// text that is shown, whatever its blocks and pages.
func TestPartsHoldTheText(t *testing.T) {
	long := strings.Repeat("wörd ", 3000) + strings.Repeat("x", 10000)
	docs := []*ingest.Document{
		{Text: leaseText},
		{Text: long},
		{Text: "a\n\n\n\nb"},
		{Text: ""},
		{Text: leaseText, Blocks: []ingest.Block{{Kind: ingest.BlockHeading, Start: 0, End: 20}, {Kind: ingest.BlockClause, Start: 70, End: 160}, {Kind: ingest.BlockTable, Start: 150, End: 200}},
			Pages: []ingest.Page{{Number: 1, Start: 0, End: 100}, {Number: 2, Start: 100, End: len(leaseText)}}},
		{Text: leaseText, Blocks: []ingest.Block{{Kind: ingest.BlockHeading, Start: 0, End: 99999}}, Pages: []ingest.Page{{Number: 1}, {Number: 2}, {Number: 3, Start: 5}}},
	}
	for i, doc := range docs {
		var b strings.Builder
		at, pages := 0, 0
		for _, p := range parts(doc) {
			if p.Page > 0 {
				pages++
				continue
			}
			if p.Start < at || p.Text != doc.Text[p.Start:p.End] || strings.TrimSpace(doc.Text[at:p.Start]) != "" || len(p.Text) > maxPart+4 {
				t.Fatalf("document %d: part %+v after %d", i, p, at)
			}
			b.WriteString(p.Text)
			at = p.End
		}
		if strings.TrimSpace(doc.Text[at:]) != "" || pages != len(doc.Pages) {
			t.Errorf("document %d: the end is missing after %d; %d of %d pages", i, at, pages, len(doc.Pages))
		}
	}
}
