package web

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"adapt/domains/all"
	"adapt/ingest"
	"adapt/label"
	"adapt/label/review"
	"adapt/registry"
	"adapt/tokenizer"
)

// openLabels signs a person in and opens the first label that is asked.
func openLabels(ctx context.Context, w *world, run, name string) error {
	if err := nameInBrowser(ctx, w, run, name); err != nil {
		return err
	}
	return chromedp.Run(ctx,
		chromedp.Click("#begin", chromedp.ByQuery),
		until(`document.querySelector("#labeling[data-ready]") !== null`),
	)
}

// nameInBrowser says who reviews.
func nameInBrowser(ctx context.Context, w *world, run, name string) error {
	return chromedp.Run(ctx,
		chromedp.Navigate(w.server.URL+"/runs/"+run+"/labels"),
		chromedp.Evaluate(`document.querySelectorAll("details").forEach((d) => { d.open = true })`, nil),
		chromedp.Evaluate(`document.getElementById("by").value = ""`, nil),
		chromedp.SendKeys("#by", name+"\r", chromedp.ByQuery),
		until(`document.querySelector("#begin")?.closest("section").innerText.includes("`+name+`")`),
	)
}

// status waits until the page says a text.
func status(text string) chromedp.ActionFunc { return until(contains("said", text)) }

// key presses a key as a keyboard does: a character that the page takes for
// itself is not typed anywhere.
func key(k string, modifiers ...input.Modifier) chromedp.Action {
	if len(k) > 1 || k < " " || k > "~" {
		return chromedp.KeyEvent(k, chromedp.KeyModifiers(modifiers...))
	}
	return chromedp.ActionFunc(func(ctx context.Context) error {
		if err := input.DispatchKeyEvent(input.KeyDown).WithKey(k).WithText(k).Do(ctx); err != nil {
			return err
		}
		return input.DispatchKeyEvent(input.KeyUp).WithKey(k).Do(ctx)
	})
}

// labelsInABrowser reviews a document by keyboard alone: accept, fix, reject,
// add, undo, complete; then a second person does, and the agreement is shown.
func labelsInABrowser(t *testing.T, browser context.Context) {
	w := newWorld(t)
	ctx, complained := tab(t, browser, w)
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	src := w.askedLease(2)
	date, parties, law, limit := src.Items[0], src.Items[1], src.Items[2], src.Items[3]
	noErr(t, openLabels(ctx, w, "legal-1", "Ann"))
	noErr(t, chromedp.Run(ctx,
		until(`document.querySelector("mark.current")?.textContent === "March 1, 2021"`),
		// Help by keyboard, and away.
		key("?"), until(`document.getElementById("help").open`),
		key(kb.Escape), until(`!document.getElementById("help").open`),

		key("a"), status("Accepted: Agreement Date"),
		// The next one is chosen: the party, whose range is given a word less at
		// its end, and another character less.
		until(`document.querySelector("mark.current")?.textContent === "Café Nord LLC"`),
		key("f"), status("Range: Café Nord LLC"),
		key(kb.ArrowLeft), status("Range: Café Nord"),
		key(","), status("Range: Café Nor"), key("."), status("Range: Café Nord"),
		key(kb.ArrowLeft, input.ModifierShift), status("Range: between Café Nord"),
		key(kb.ArrowRight, input.ModifierShift), key(kb.ArrowRight, input.ModifierShift), status("Range: Nord"),
		key(kb.ArrowLeft, input.ModifierShift), key(kb.Enter), status("Changed: Parties"),
		until(`[...document.querySelectorAll("mark.changed")].some((m) => m.textContent === "Café Nord")`),

		// The law is of another category, of which a part of the name is typed.
		until(`document.querySelector("mark.current")?.textContent.startsWith("The lease is governed")`),
		key("c"), until(`document.getElementById("choose").open`),
		chromedp.SendKeys("#category", "audit", chromedp.ByQuery),
		until(`document.querySelector("#categories [aria-selected=true]")?.textContent === "Audit Rights"`),
		key(kb.Enter), status("Changed: Audit Rights"),
		key("u"), status("Taken back"),
		key("a"), status("Accepted: Governing Law"),
		key("r"), status("Rejected: Cap on Liability"), status("nothing is left for you"),

		// A label is added: from here down to the next part, then to its end.
		key("i"), status("New label:"),
		key(kb.Escape), status("Left as it was"),
		key("i"), key(kb.ArrowUp), status("New label: In"), key(kb.ArrowDown),
		until(contains("said", "New label: Neither")),
		key(kb.ArrowRight), key(kb.ArrowRight), key(kb.ArrowRight), status("New label: Neither party may assign"),
		key(kb.Enter), until(`document.getElementById("choose").open`),
		chromedp.SendKeys("#category", "anti", chromedp.ByQuery), key(kb.ArrowDown), key(kb.ArrowUp), key(kb.Enter),
		status("Added: Anti-Assignment"),
		key("d"), status("The document is complete"), until(contains("panel", "this document is complete")),
		key("n"), status("Nothing is left for you"),
		key("j"), status(date.Category), key("j"), status(parties.Category), key("k"), status(date.Category),
	))
	w.flows.mu.Lock()
	heard := len(w.flows.news)
	w.flows.mu.Unlock()

	// The second person sees no answer of the first, and disagrees once.
	noErr(t, openLabels(ctx, w, "legal-1", "Bea"))
	var kept int
	noErr(t, chromedp.Run(ctx,
		chromedp.Evaluate(`document.querySelectorAll("#panel .kept, #panel .changed, #panel .rejected, #panel .added").length`, &kept),
		key("a"), status("Accepted: Agreement Date"),
		key("f"), key(kb.ArrowLeft), key(kb.Enter), status("Changed: Parties"),
		key("r"), status("Rejected: Governing Law"),
		key("r"), status("Rejected: Cap on Liability"), status("nothing is left for you"),
		until(`document.getElementById("panel").textContent.includes("Ann accepted it")`),
		chromedp.Navigate(w.server.URL+"/runs/legal-1/labels"),
		until(`document.getElementById("kappa")?.innerText.startsWith("0.50")`),
	))
	if kept != 0 {
		t.Errorf("the second person sees %d answers of the first", kept)
	}
	if len(w.flows.news) <= heard {
		t.Error("the run was told nothing of the second person's answers")
	}
	for _, want := range []struct {
		item   string
		action string
		text   string
	}{
		{date.ID, registry.AnswerAccept, "March 1, 2021"}, {parties.ID, registry.AnswerFix, "Café Nord"},
		{law.ID, registry.AnswerAccept, leaseText[law.Start:law.End]}, {limit.ID, registry.AnswerReject, ""}, {"", registry.AnswerAdd, "Neither party may assign"},
	} {
		found := false
		for _, a := range review.Live(w.answers()) {
			text := leaseText[a.Now.Start:a.Now.End]
			found = found || a.Reviewer == "Ann" && a.Action == want.action && (want.item == "" || a.Item == want.item) && text == want.text
		}
		if !found {
			t.Errorf("there is no answer %+v of the first person", want)
		}
	}
	for _, a := range w.answers() {
		if a.Seconds < 0 || a.Seconds > 60 {
			t.Errorf("an answer took %v seconds", a.Seconds)
		}
	}
	if c := complained.all(); len(c) != 0 {
		t.Errorf("the browser complained: %q", c)
	}
}

// longContractInABrowser goes through a contract of 300 KB with 200 labels.
func longContractInABrowser(t *testing.T, browser context.Context) {
	w := newWorld(t)
	ctx, complained := tab(t, browser, w)
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var b strings.Builder
	var spans []label.Span
	for i := 0; b.Len() < 300<<10; i++ {
		if i%12 == 0 {
			spans = append(spans, label.Span{Category: "Governing Law", Start: b.Len(), End: b.Len() + 47, Origin: label.OriginRules, Confidence: 0.5})
		}
		fmt.Fprintf(&b, "Clause %05d is governed by “the laws” of Ohio. %s\n\n", i, strings.Repeat("The parties agree on the terms set forth herein. ", 2))
	}
	w.asked("legal-1", "legal", 1, map[*ingest.Document][]label.Span{{ID: "doc-a", File: "long.txt", Text: b.String()}: spans})
	noErr(t, openLabels(ctx, w, "legal-1", "Ann"))
	var perKey float64
	noErr(t, chromedp.Run(ctx,
		until(`document.querySelector("mark.current") !== null`),
		// The time from a key to the page that shows what it did, of 20.
		chromedp.Evaluate(`(async () => {
			const begin = performance.now();
			for (let i = 0; i < 20; i++) {
				document.dispatchEvent(new KeyboardEvent("keydown", { key: "j", bubbles: true }));
				document.querySelector("mark.current").getBoundingClientRect();
				await new Promise(requestAnimationFrame);
			}
			return (performance.now() - begin) / 20;
		})()`, &perKey, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }),
		key("a"), status("Accepted: Governing Law"),
	))
	t.Logf("%d KB, %d labels: %.0f ms from a key to the painted page", b.Len()>>10, len(spans), perKey)
	if perKey > 2000 {
		t.Errorf("a key takes %.0f ms", perKey)
	}
	if c := complained.all(); len(c) != 0 {
		t.Errorf("the browser complained: %q", c)
	}
}

// selectionInABrowser adds what is selected in the text, across characters of
// several bytes.
func selectionInABrowser(t *testing.T, browser context.Context) {
	w := newWorld(t)
	ctx, _ := tab(t, browser, w)
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	w.askedLease(1)
	noErr(t, openLabels(ctx, w, "legal-1", "Ann"))
	noErr(t, chromedp.Run(ctx,
		chromedp.Evaluate(`(() => {
			const part = [...document.querySelectorAll("#text .part")].find((p) => p.textContent.includes("Contoso"));
			const walker = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
			let node;
			while ((node = walker.nextNode()) && !node.data.includes("Contoso"));
			const r = document.createRange(), at = node.data.indexOf("Contoso");
			r.setStart(node, at);
			r.setEnd(node, at + "Contoso Ltd".length);
			document.getSelection().removeAllRanges();
			document.getSelection().addRange(r);
		})()`, nil),
		chromedp.Sleep(50*time.Millisecond), // the browser tells of selections a moment later
		key("i"), until(`document.getElementById("choose").open`),
		chromedp.SendKeys("#category", "parties\r", chromedp.ByQuery),
		status("Added: Parties"),
	))
	all := w.answers()
	if len(all) != 1 || leaseText[all[0].Now.Start:all[0].Now.End] != "Contoso Ltd" {
		t.Errorf("answers are %+v", all)
	}
}

const galleryReview = "legal-20260113-aa00bb"

// labelGallery makes reviews of the samples of both domains, partly done, and
// returns their pages.
func (w *world) labelGallery() map[string]string {
	w.t.Helper()
	sources := w.askedSample(galleryReview, "legal", 2, "*.pdf")
	medical := w.askedSample("medical-20260113-cc11dd", "medical", 1, "*.txt")
	say := func(src review.Source, run, domain, who, action string, i int) {
		it := src.Items[i]
		a := registry.ReviewAnswer{Domain: domain, RunID: run, Document: src.Document.ID, TextHash: src.TextHash, Item: it.ID, Action: action, Was: it.LabelRange, Reviewer: who, Seconds: 8}
		if action != registry.AnswerReject {
			a.Now = it.LabelRange
		}
		_, err := w.reg.RecordAnswer(w.t.Context(), a)
		noErr(w.t, err)
	}
	for i := range sources.Items {
		action := registry.AnswerAccept
		if i%4 == 3 {
			action = registry.AnswerReject
		}
		say(sources, galleryReview, "legal", "Ada Lovelace", action, i)
		if i < 3 {
			say(sources, galleryReview, "legal", "Grace Hopper", registry.AnswerAccept, i)
		}
	}
	say(medical, "medical-20260113-cc11dd", "medical", "Grace Hopper", registry.AnswerReject, 1)
	return map[string]string{
		"labels": "/runs/" + galleryReview + "/labels", "labels-document": "/runs/" + galleryReview + "/labels/" + sources.Document.ID,
		"labels-report": "/runs/medical-20260113-cc11dd/labels/" + medical.Document.ID,
	}
}

// askedSample asks about the labels of the first sample that matches and has
// some.
func (w *world) askedSample(run, domain string, reviewers int, pattern string) review.Source {
	w.t.Helper()
	root := "../samples/" + domain
	d, err := all.Get(domain)
	noErr(w.t, err)
	tok, err := tokenizer.Starter()
	noErr(w.t, err)
	files, err := ingest.Scan(root, []string{pattern})
	noErr(w.t, err)
	for _, f := range files {
		docs, _, err := ingest.Read(w.t.Context(), root, f, ingest.Limits{})
		if err != nil || len(docs) == 0 {
			continue
		}
		l, err := d.Label(&docs[0], nil, tok, 512)
		noErr(w.t, err)
		if len(l.Truth.Spans) < 3 {
			continue
		}
		for i := range l.Truth.Spans {
			l.Truth.Spans[i].Confidence = []float64{0.51, 0.93, 0.64}[i%3]
		}
		return w.asked(run, domain, reviewers, map[*ingest.Document][]label.Span{&docs[0]: l.Truth.Spans}, l.Votes...)[0]
	}
	w.t.Fatalf("no sample of %s has labels", domain)
	return review.Source{}
}
