package web

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"adapt/domains"
	"adapt/ingest"
	"adapt/label/review"
	"adapt/registry"
)

// A labelDoc is the page of one document with its labels.
type labelDoc struct {
	base
	desk
	RunID      string
	Source     review.Source
	Parts      []docPart
	Items      []labelItem
	Categories []string
	Attributes []domains.Attribute
	Complete   bool // the person has said that there are no other labels
}

// A docPart is a range of the text that is shown as one element, or the mark
// of a page.
type docPart struct {
	Page       int // only: a page begins here
	Kind       string
	Start, End int
	Text       string
}

// A labelItem is a label as one person sees it.
type labelItem struct {
	review.Item
	State  string // "open", "kept", "changed", "rejected", "added"
	Mine   bool   // the state is the person's own answer
	Asked  bool   // it is in the queue
	Why    string
	Place  int // in the queue; -1: not in it
	Quote  string
	Page   int
	Others []otherAnswer
	// Disputed says that two people answered otherwise.
	Disputed bool
}

// An otherAnswer is what somebody else said.
type otherAnswer struct{ Reviewer, Verdict string }

func (s *site) showLabelDoc(w http.ResponseWriter, r *http.Request) error {
	if s.me(r) == "" {
		http.Redirect(w, r, "/runs/"+url.PathEscape(r.PathValue("id"))+"/labels", http.StatusSeeOther)
		return nil
	}
	view, err := s.labelDoc(r)
	if err != nil {
		return err
	}
	view.Parts = parts(view.Source.Document)
	return s.render(w, http.StatusOK, "labeldoc.html", view)
}

// labelDoc gathers what a person sees of a document, without its text.
func (s *site) labelDoc(r *http.Request) (labelDoc, error) {
	id, doc := r.PathValue("id"), r.PathValue("doc")
	view := labelDoc{base: s.base("Labels", "runs", r), RunID: id}
	var err error
	if view.desk, err = s.desk(r.Context(), id, s.me(r)); err != nil {
		return view, err
	}
	if view.Source, err = s.source(view.Tally, doc); err != nil {
		return view, err
	}
	view.Title = "Labels of " + view.Source.Name()
	d, err := s.domain(view.Review.Domain)
	if err != nil {
		return view, err
	}
	view.Categories = d.Categories()
	if a, ok := d.(domains.Attributed); ok {
		view.Attributes = a.Attributes()
	}
	view.fill()
	return view, nil
}

// fill makes the items out of the suggestions and of what this person may see
// of the answers.
func (v *labelDoc) fill() {
	all := v.Answers[v.Source.Document.ID]
	live := review.Live(all)
	outcome := review.Settle(all, v.Review.Reviewers)
	known := map[string]bool{}
	for _, it := range v.Source.Items {
		known[it.ID] = true
		v.Items = append(v.Items, labelItem{Item: it, State: "open", Place: -1})
	}
	for _, a := range live { // what people added
		if a.Action == registry.AnswerComplete {
			v.Complete = v.Complete || v.mine(a)
			continue
		}
		if !known[a.Item] && (v.mine(a) || v.Informed) && !v.suggests(a) {
			known[a.Item] = true
			r := a.Now
			if r.Category == "" {
				r = a.Was
			}
			v.Items = append(v.Items, labelItem{Item: review.Item{ID: a.Item, LabelRange: r, Attrs: a.Attrs}, State: "added", Place: -1})
		}
	}
	for i := range v.Items {
		v.answer(&v.Items[i], live, outcome)
	}
	for _, t := range v.Tasks {
		for i := range v.Items {
			if v.Items[i].ID == t.Item && v.Items[i].Place < 0 {
				v.Items[i].Asked, v.Items[i].Why, v.Items[i].Place = t.Open, t.Why, t.Place
			}
		}
	}
	text := v.Source.Document.Text
	v.Items = slices.DeleteFunc(v.Items, func(it labelItem) bool { return it.Start < 0 || it.End > len(text) || it.Start >= it.End })
	slices.SortStableFunc(v.Items, func(a, b labelItem) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End), cmp.Compare(a.Category, b.Category))
	})
	for i := range v.Items {
		it := &v.Items[i]
		it.Quote, it.Page = shorten(text[it.Start:it.End]), v.Source.Document.PageAt(it.Start)
	}
}

// suggests reports whether an answer of another run is about a label that is
// suggested in this one too.
func (v *labelDoc) suggests(a registry.ReviewAnswer) bool {
	f := review.Final{Was: a.Was, Now: a.Now, Keep: a.Now.Category != ""}
	return slices.ContainsFunc(v.Source.Items, func(it review.Item) bool { return f.About(it.LabelRange) })
}

func (v *labelDoc) mine(a registry.ReviewAnswer) bool {
	return review.Person(a.Reviewer) == review.Person(v.Me)
}

// answer shows on an item what was answered about it: the person's own answer,
// else, where the person may see it, what the others' come to.
func (v *labelDoc) answer(it *labelItem, live []registry.ReviewAnswer, o review.Outcome) {
	var mine *registry.ReviewAnswer
	for i, a := range live {
		if a.Item != it.ID || a.Action == registry.AnswerComplete {
			continue
		}
		if v.mine(a) {
			mine = &live[i] // the later one, given after seeing others, counts
			continue
		}
		if v.Informed {
			it.Others = append(it.Others, otherAnswer{a.Reviewer, verdict(a)})
		}
	}
	it.Disputed = v.Informed && o.Disputed[it.ID]
	if mine != nil {
		it.take(stateOfAnswer(*mine), mine.Now, mine.Attrs)
		it.Mine = true
		return
	}
	if !v.Informed {
		return
	}
	for _, f := range o.Finals {
		if f.Item == it.ID || f.About(it.LabelRange) {
			it.take(stateOfFinal(f), f.Now, f.Attrs)
			return
		}
	}
	if o.Complete {
		it.State = "rejected" // a suggestion that came after the review
	}
}

func stateOfFinal(f review.Final) string {
	switch {
	case !f.Keep:
		return "rejected"
	case f.Was.Category == "":
		return "added"
	case f.Now == f.Was:
		return "kept"
	}
	return "changed"
}

// take shows an answer's range; a rejected label stays where it was.
func (it *labelItem) take(state string, now registry.LabelRange, attrs map[string]string) {
	it.State = state
	if now.Category != "" {
		it.LabelRange, it.Attrs = now, attrs
	}
}

func stateOfAnswer(a registry.ReviewAnswer) string {
	switch a.Action {
	case registry.AnswerAccept:
		return "kept"
	case registry.AnswerFix:
		return "changed"
	case registry.AnswerAdd:
		return "added"
	}
	return "rejected"
}

func verdict(a registry.ReviewAnswer) string {
	switch {
	case a.Action == registry.AnswerFix && a.Now.Category != a.Was.Category:
		return "changed it to " + a.Now.Category
	case a.Action == registry.AnswerFix:
		return "changed it"
	case a.Action == registry.AnswerAdd:
		return "added it"
	}
	return a.Action + "ed it"
}

// maxQuote is how many characters of a label the list shows.
const maxQuote = 240

// shorten leaves out the middle of a long text.
func shorten(text string) string {
	r := []rune(strings.Join(strings.Fields(text), " "))
	if len(r) <= maxQuote {
		return string(r)
	}
	return string(r[:maxQuote*2/3]) + " … " + string(r[len(r)-maxQuote/3:])
}

// maxPart is how long an element of the text gets, in bytes: painting a label
// makes the elements that it lies in anew.
const maxPart = 4 << 10

// parts cuts a document's text for showing: at its blocks, or at blank lines
// where it has none, and where pages begin. Only white space is left out.
func parts(doc *ingest.Document) []docPart {
	var cuts []docPart
	at := 0
	add := func(kind string, start, end int) {
		start, end = max(start, at), min(end, len(doc.Text))
		if start < end {
			cuts = append(cuts, docPart{Kind: kind, Start: start, End: end})
			at = end
		}
	}
	for _, b := range doc.Blocks {
		add("plain", at, b.Start) // what no block holds
		add(strings.ReplaceAll(string(b.Kind), " ", "-"), b.Start, b.End)
	}
	for at < len(doc.Text) {
		end := len(doc.Text)
		if i := strings.Index(doc.Text[at:], "\n\n"); i >= 0 {
			end = at + i + 2
		}
		add("plain", at, end)
	}
	var out []docPart
	page := 0
	for _, c := range cuts {
		for c.Start < c.End {
			end := c.End
			if page < len(doc.Pages) && doc.Pages[page].Start <= c.Start {
				out = append(out, docPart{Page: doc.Pages[page].Number})
				page++
				continue
			}
			if page < len(doc.Pages) {
				end = min(end, max(doc.Pages[page].Start, c.Start+1))
			}
			end = cut(doc.Text, c.Start, end)
			if p, ok := trimmed(doc.Text, c.Kind, c.Start, end); ok {
				out = append(out, p)
			}
			c.Start = end
		}
	}
	return out
}

// cut returns an end that is not too far and splits no character, at a blank
// where there is one.
func cut(text string, start, end int) int {
	if end-start > maxPart {
		end = start + maxPart
		if i := strings.LastIndexAny(text[start:end], " \n"); i > 0 {
			end = start + i + 1
		}
	}
	for end < len(text) && !utf8.RuneStart(text[end]) {
		end++
	}
	return end
}

// trimmed is a part without white space around it; ok is false when nothing is
// left.
func trimmed(text, kind string, start, end int) (docPart, bool) {
	t := text[start:end]
	start += len(t) - len(strings.TrimLeft(t, " \t\r\n\f\v"))
	t = strings.Trim(t, " \t\r\n\f\v")
	return docPart{Kind: kind, Start: start, End: start + len(t), Text: t}, t != ""
}

// panel renders the list of labels.
func (s *site) panel(view labelDoc) (string, error) {
	var buf bytes.Buffer
	if err := s.pages["labeldoc.html"].ExecuteTemplate(&buf, "panel", view); err != nil {
		return "", fmt.Errorf("web: rendering the labels: %w", err)
	}
	return buf.String(), nil
}
