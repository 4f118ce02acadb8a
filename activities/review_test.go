package activities

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"adapt/activities/api"
	"adapt/artifact"
	"adapt/config"
	"adapt/ingest"
	"adapt/internal/tiny"
	"adapt/label"
	"adapt/label/review"
	"adapt/registry"
)

const contractText = `SERVICES AGREEMENT

This Services Agreement is made as of March 1, 2021 by and between Northwind Traders LLC and Contoso Limited.

This Agreement shall be governed by and construed in accordance with the laws of the State of Delaware, without regard to conflicts of law.

In no event shall the aggregate liability of either party exceed the fees paid in the preceding twelve months.

Neither party may assign this Agreement without the prior written consent of the other party.

Either party may terminate this Agreement for convenience upon ninety days written notice to the other party.
`

// A desk is what the activities of labeling need: a run, a base model and
// documents.
type desk struct {
	*Activities
	t    *testing.T
	job  api.Job
	docs []*ingest.Document
	in   api.DocumentsInput
}

func newDesk(t *testing.T, c config.Config, texts ...string) *desk {
	t.Helper()
	d := &desk{Activities: open(t), t: t}
	d.job = job(t, d.Activities, c, t.TempDir())
	dir := t.TempDir()
	tiny.Model(t, dir)
	base, err := PutModel(d.store(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range texts {
		d.docs = append(d.docs, &ingest.Document{ID: fmt.Sprintf("doc%d", i), Key: fmt.Sprintf("file%d", i), Text: text, Group: fmt.Sprintf("g%d", i)})
	}
	docs, err := d.putDocuments(d.docs)
	if err != nil {
		t.Fatal(err)
	}
	d.in = api.DocumentsInput{Job: d.job, Base: base, Documents: docs}
	err = d.Registry.SaveRun(t.Context(), registry.Run{ID: d.job.RunID, Domain: c.Domain, Status: registry.StatusRunning, Trigger: registry.TriggerManual, StartedBy: "Ann"})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *desk) label() api.Labeled {
	d.t.Helper()
	l, err := perform[api.Labeled](d.t, d.Activities, api.LabelAll, d.in)
	if err != nil {
		d.t.Fatal(err)
	}
	return l
}

func (d *desk) read(ref artifact.Ref) []label.Labeled {
	d.t.Helper()
	l, err := d.labeled(ref)
	if err != nil {
		d.t.Fatal(err)
	}
	return l
}

func (d *desk) ask(l api.Labeled) api.Asked {
	d.t.Helper()
	asked, err := perform[api.Asked](d.t, d.Activities, api.AskReview, api.ReviewInput{
		Job: d.job, Documents: d.in.Documents, Labeled: l.Suggestions(), Deadline: time.Now().Add(time.Hour),
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return asked
}

// say records an answer about a label of the i-th document.
func (d *desk) say(i int, who, action string, was, now registry.LabelRange) {
	d.t.Helper()
	hash := review.TextHash(d.docs[i].Text)
	place := was
	if action == registry.AnswerAdd {
		place = now
	}
	item := review.ItemID(hash, place)
	if action == registry.AnswerComplete {
		item = ""
	}
	_, err := d.Registry.RecordAnswer(d.t.Context(), registry.ReviewAnswer{
		Domain: d.job.Domain, RunID: d.job.RunID, Document: d.docs[i].ID, TextHash: hash, Item: item,
		Action: action, Was: was, Now: now, Reviewer: who,
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

func of(s label.Span) registry.LabelRange {
	return registry.LabelRange{Category: s.Category, Start: s.Start, End: s.End}
}

func find(spans []label.Span, category string) *label.Span {
	for i := range spans {
		if spans[i].Category == category {
			return &spans[i]
		}
	}
	return nil
}

func reviewing(domain string, count, who int) config.Config {
	c := config.Default(domain)
	c.Label.Review.Count, c.Label.Review.Who = count, who
	c.Split.MaxLeakage = 1 // the contracts of these tests are copies with a word changed
	return c
}

func TestAnswersTakeThePlaceOfSuggestions(t *testing.T) {
	d := newDesk(t, reviewing("legal", 3, 1), contractText, "LEASE AGREEMENT\n\nThis lease is governed by the laws of the State of Texas.\n")
	first := d.label()
	if !first.Suggested.IsZero() || first.Reviewed != 0 {
		t.Errorf("without answers: %+v", first)
	}
	spans := d.read(first.Labeled)[0].Truth.Spans
	law, cap := find(spans, "Governing Law"), find(spans, "Cap on Liability")
	if law == nil || cap == nil {
		t.Fatalf("the functions found %+v", spans)
	}
	at := strings.Index(contractText, "Neither party may assign")
	end := at + strings.Index(contractText[at:], "\n")

	d.say(0, "Ann", registry.AnswerAccept, of(*law), of(*law))
	d.say(0, "Ann", registry.AnswerReject, of(*cap), registry.LabelRange{})
	d.say(0, "Ann", registry.AnswerAdd, registry.LabelRange{}, registry.LabelRange{Category: "Non-Compete", Start: at, End: end})
	got := d.label()
	if got.Suggested != first.Labeled || got.Labeled == first.Labeled || got.Reviewed != 3 || got.Gold != 0 {
		t.Errorf("with answers: %+v", got)
	}
	labeled := d.read(got.Labeled)
	truth := labeled[0].Truth
	if truth.Origin != label.OriginRules {
		t.Errorf("a document that is reviewed in part is of %q", truth.Origin)
	}
	if s := find(truth.Spans, "Governing Law"); s == nil || s.Origin != label.OriginReview || s.Text != law.Text {
		t.Errorf("the accepted label is %+v", s)
	}
	if s := find(truth.Spans, "Cap on Liability"); s != nil {
		t.Errorf("the rejected label is there: %+v", s)
	}
	if s := find(truth.Spans, "Non-Compete"); s == nil || s.Origin != label.OriginReview {
		t.Errorf("the added label is %+v", s)
	}
	for _, s := range truth.Spans {
		if s.Category != "Governing Law" && s.Category != "Non-Compete" && s.Origin != label.OriginRules {
			t.Errorf("nobody decided on %+v", s)
		}
	}
	counts := map[string]int{}
	for _, e := range labeled[0].Examples {
		for c, n := range e.Labels {
			counts[c] += n
		}
	}
	if counts["Cap on Liability"] != 0 || counts["Governing Law"] == 0 {
		t.Errorf("the examples teach %v", counts)
	}
	if other := labeled[1].Truth; find(other.Spans, "Governing Law") == nil || other.Spans[0].Origin == label.OriginReview {
		t.Errorf("the other document is %+v", other)
	}

	d.say(0, "Ann", registry.AnswerComplete, registry.LabelRange{}, registry.LabelRange{})
	got = d.label()
	truth = d.read(got.Labeled)[0].Truth
	if got.Gold != 1 || truth.Origin != label.OriginReview || len(truth.Spans) != 2 {
		t.Errorf("a complete review: %+v, %d annotated", truth, got.Gold)
	}
	if again := d.label(); again != got {
		t.Errorf("the same again is %+v, was %+v", again, got)
	}
}

func TestADocumentWithoutLabelsIsNotLabeledByFunctions(t *testing.T) {
	d := newDesk(t, reviewing("legal", 1, 1), contractText)
	for _, s := range d.read(d.label().Labeled)[0].Truth.Spans {
		d.say(0, "Ann", registry.AnswerReject, of(s), registry.LabelRange{})
	}
	if spans := d.read(d.label().Labeled)[0].Truth.Spans; len(spans) != 0 {
		t.Errorf("all was rejected, and %+v is left", spans)
	}
}

func TestFilesThatMayNamePatientsAreNotShown(t *testing.T) {
	for domain, want := range map[string]string{"medical": "document doc0", "legal": "Jane Doe.txt"} {
		c := reviewing(domain, 1, 1)
		if domain == "legal" {
			c.Ingest.Deid.Kinds = []string{"email"}
		}
		d := newDesk(t, c, contractText+"\nFINDINGS: Clear lungs.\n\nIMPRESSION: Small left pleural effusion.\n")
		d.docs[0].File = "Jane Doe.txt"
		docs, err := d.putDocuments(d.docs)
		if err != nil {
			t.Fatal(err)
		}
		d.in.Documents = docs
		d.ask(d.label())
		asked, err := d.Registry.ReviewDocuments(t.Context(), d.job.RunID)
		if err != nil || len(asked) != 1 {
			t.Fatalf("%s: asked about %+v, %v", domain, asked, err)
		}
		var src review.Source
		if err := d.store().JSON(asked[0].Source, &src); err != nil {
			t.Fatal(err)
		}
		if got := src.Name(); got != want {
			t.Errorf("%s: the document is called %q, want %q", domain, got, want)
		}
	}
}

func TestReviewsOfReports(t *testing.T) {
	text := "FINDINGS: There is a small left pleural effusion. The heart is enlarged.\n\nIMPRESSION: Small left pleural effusion. Cardiomegaly.\n"
	d := newDesk(t, reviewing("medical", 1, 1), text)
	before := d.read(d.label().Labeled)[0]
	if len(before.Truth.Spans) < 2 || len(before.Examples) != 1 {
		t.Fatalf("labeled %+v", before)
	}
	first := before.Truth.Spans[0]
	d.say(0, "Ann", registry.AnswerReject, of(first), registry.LabelRange{})
	after := d.read(d.label().Labeled)[0]
	if len(after.Truth.Spans) != len(before.Truth.Spans)-1 || find(after.Truth.Spans, first.Category) != nil {
		t.Errorf("after the rejection: %+v", after.Truth.Spans)
	}
	if after.Truth.Reference != before.Truth.Reference || after.Examples[0].Labels[first.Category] != 0 {
		t.Errorf("the example is %+v", after.Examples[0])
	}
}

func TestWhatIsAsked(t *testing.T) {
	d := newDesk(t, reviewing("legal", 4, 1), contractText, strings.Replace(contractText, "Delaware", "Ohio", 1))
	l := d.label()
	asked := d.ask(l)
	if asked != (api.Asked{Wanted: 4}) {
		t.Errorf("asked %+v", asked)
	}
	ctx := t.Context()
	run, err := d.Registry.GetRun(ctx, d.job.RunID)
	if err != nil || run.Status != registry.StatusWaiting {
		t.Errorf("the run is %s, %v", run.Status, err)
	}
	tasks, err := d.Registry.ReviewTasks(ctx, d.job.RunID)
	if err != nil || len(tasks) != 4 {
		t.Fatalf("tasks are %+v, %v", tasks, err)
	}
	docs, err := d.Registry.ReviewDocuments(ctx, d.job.RunID)
	if err != nil || len(docs) == 0 {
		t.Fatalf("documents are %+v, %v", docs, err)
	}
	var src review.Source
	if err := d.store().JSON(docs[0].Source, &src); err != nil {
		t.Fatal(err)
	}
	if src.Document.ID != docs[0].Document || src.TextHash != docs[0].TextHash || len(src.Items) < 3 {
		t.Errorf("the source is %+v", src)
	}

	// One of them is answered; the next run asks for the other three.
	for i, doc := range d.docs {
		if doc.ID == docs[0].Document {
			it := src.Items[0]
			d.say(i, "Ann", registry.AnswerAccept, it.LabelRange, it.LabelRange)
		}
	}
	got, err := perform[api.Reviewed](t, d.Activities, api.CountReview, d.job)
	if err != nil || got.Reviewed != 1 {
		t.Errorf("counted %+v, %v", got, err)
	}
	if got, err = perform[api.Reviewed](t, d.Activities, api.EndReview, d.job); err != nil || got.Reviewed != 1 {
		t.Errorf("ended with %+v, %v", got, err)
	}
	if run, err = d.Registry.GetRun(ctx, d.job.RunID); err != nil || run.Status != registry.StatusRunning {
		t.Errorf("the run is %s, %v", run.Status, err)
	}
	if asked := d.ask(d.label()); asked != (api.Asked{Wanted: 4, Reviewed: 1}) {
		t.Errorf("asked again: %+v", asked)
	}
	if tasks, err = d.Registry.ReviewTasks(ctx, d.job.RunID); err != nil || len(tasks) != 3 {
		t.Errorf("asked again about %+v, %v", tasks, err)
	}
	for _, k := range tasks {
		if k.Item == src.Items[0].ID {
			t.Error("what was answered is asked again")
		}
	}
}

func TestAskingForMoreThanThereIs(t *testing.T) {
	d := newDesk(t, reviewing("legal", 1000, 1), contractText)
	l := d.label()
	n := len(d.read(l.Labeled)[0].Truth.Spans)
	if asked := d.ask(l); asked.Wanted < n || asked.Wanted > 100 {
		t.Errorf("of %d labels asked %+v", n, asked)
	}
}

func TestAgreementIsPartOfTheDataSet(t *testing.T) {
	d := newDesk(t, reviewing("legal", 3, 2), contractText, strings.Replace(contractText, "Delaware", "Ohio", 1), strings.Replace(contractText, "Delaware", "Utah", 1))
	spans := d.read(d.label().Labeled)[0].Truth.Spans
	for i, s := range spans {
		d.say(0, "Ann", registry.AnswerAccept, of(s), of(s))
		if i == 0 {
			d.say(0, "Bea", registry.AnswerReject, of(s), registry.LabelRange{})
		} else {
			d.say(0, "Bea", registry.AnswerAccept, of(s), of(s))
		}
	}
	l := d.label()
	if l.Agreement.IsZero() || l.Reviewed != len(spans)-1 {
		t.Fatalf("labeled %+v", l)
	}
	split, err := perform[api.Split](t, d.Activities, api.SplitUp, api.SplitInput{Job: d.job, Documents: d.in.Documents, Labeled: l.Labeled, Agreement: l.Agreement})
	if err != nil {
		t.Fatal(err)
	}
	set, err := d.dataset(split.Dataset)
	if err != nil || set.Agreement == nil || set.Agreement.Items != len(spans) || set.Agreement.Agreed != len(spans)-1 {
		t.Errorf("the data set's agreement is %+v, %v", set.Agreement, err)
	}
}
