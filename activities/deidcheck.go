package activities

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"adapt/activities/api"
	"adapt/artifact"
	"adapt/config"
	"adapt/domains"
	"adapt/eval"
	"adapt/ingest"
	"adapt/ingest/deid"
	"adapt/label"
	"adapt/registry"
)

// A leakCheck looks for identifiers in what is made of documents: in examples
// before they are trained on, in what models answer, and in reports before
// they are stored. Its errors say of which kind an identifier is and where it
// stands, never what it is.
type leakCheck struct {
	engine *deid.Engine
	warn   bool // count what is found and go on
	docs   map[string]*ingest.Document
	found  []foundLeak
}

// A foundLeak is an identifier that was found.
type foundLeak struct {
	kind       deid.Kind
	doc, where string
	at         int
}

// leakCheck returns the check for a job, or nil where de-identification is
// turned off.
func (a *Activities) leakCheck(s setting, documents artifact.Ref) (*leakCheck, error) {
	engine, err := a.deid(s)
	if engine == nil || err != nil {
		return nil, err
	}
	docs, err := a.documents(documents)
	if err != nil {
		return nil, err
	}
	c := &leakCheck{engine: engine, warn: s.config.Ingest.Deid.OnLeak == config.LeakWarn, docs: map[string]*ingest.Document{}}
	for _, d := range docs {
		c.docs[d.ID] = d
	}
	return c, nil
}

// look checks a text about a document. where says which text it is.
func (c *leakCheck) look(doc, text string, from deid.Source, where string, args ...any) {
	if text == "" {
		return
	}
	var about []*ingest.Document
	if d := c.docs[doc]; d != nil {
		about = append(about, d)
	}
	for _, l := range c.engine.Check(text, from, about...) {
		c.found = append(c.found, foundLeak{l.Kind, doc, fmt.Sprintf(where, args...), l.At})
	}
}

// verdict is an error when something was found and the configuration says that
// this stops the run.
func (c *leakCheck) verdict() error {
	if c.warn || len(c.found) == 0 {
		return nil
	}
	f := c.found[0]
	more := ""
	if n := len(c.found) - 1; n > 0 {
		more = fmt.Sprintf(" (and %d more)", n)
	}
	return badInput("the leak check found an identifier of the kind %s in %s of document %s, at byte %d%s; "+
		"look at it there, and if it is none, set ingest.deid.on_leak to warn or leave the kind out of ingest.deid.kinds; docs/deidentification.md says more",
		strings.ToLower(string(f.kind)), f.where, f.doc, f.at, more)
}

// checkExamples looks through what documents were labeled with.
func (a *Activities) checkExamples(s setting, documents artifact.Ref, ref artifact.Ref) error {
	c, err := a.leakCheck(s, documents)
	if c == nil || err != nil {
		return err
	}
	labeled, err := a.labeled(ref)
	if err != nil {
		return err
	}
	c.examples(labeled)
	return c.verdict()
}

func (c *leakCheck) examples(labeled []label.Labeled) {
	for _, l := range labeled {
		for i, e := range l.Examples {
			for j, turn := range e.Turns {
				c.look(l.DocID, turn.Input, deid.Quoted, "turn %d of example %d", j+1, i+1)
				c.look(l.DocID, turn.Output, deid.Quoted, "the answer of turn %d of example %d", j+1, i+1)
			}
		}
		c.look(l.DocID, l.Truth.Reference, deid.Quoted, "the reference")
		for i, span := range l.Truth.Spans {
			c.look(l.DocID, span.Text, deid.Quoted, "label %d", i+1)
		}
	}
}

// checkAnswers looks through what a model answered.
func (a *Activities) checkAnswers(ctx context.Context, s setting, in api.AnswerInput, ref artifact.Ref) error {
	c, err := a.leakCheck(s, in.Documents)
	if c == nil || err != nil {
		return err
	}
	answers, err := artifact.Lines[domains.Answer](a.store(), ref)
	if err != nil {
		return err
	}
	c.answers(answers, a.origin(ctx, in.Domain, in.Model))
	return c.verdict()
}

func (c *leakCheck) answers(answers []domains.Answer, from deid.Source) {
	for _, ans := range answers {
		c.look(ans.DocID, ans.Text, from, "the answer")
		for i, item := range ans.Items {
			c.look(ans.DocID, item.Text, deid.Quoted, "item %d of the answer", i+1)
		}
	}
}

// origin says what a model may know of documents: one that was brought in from
// outside knows none of the team's.
func (a *Activities) origin(ctx context.Context, domain string, model artifact.Ref) deid.Source {
	if m, err := a.Registry.GetModel(ctx, domain, model.SHA256); err == nil && m.Kind == registry.KindBase {
		return deid.Foreign
	}
	return deid.Written
}

// report looks through what a report shows of documents and answers.
func (c *leakCheck) report(r eval.Report, candidate, champion deid.Source) {
	for _, w := range r.Worst {
		c.look(w.DocID, w.Reference, deid.Quoted, "the reference in the report")
		c.look(w.DocID, w.Candidate, candidate, "the candidate's answer in the report")
		c.look(w.DocID, w.Champion, champion, "the champion's answer in the report")
		for i, claim := range w.Claims {
			c.look(w.DocID, claim.Text, candidate, "claim %d in the report", i+1)
		}
		for i, claim := range w.ChampionClaims {
			c.look(w.DocID, claim.Text, champion, "claim %d of the champion in the report", i+1)
		}
	}
	for i, note := range r.Notes {
		c.look("", note, deid.Quoted, "note %d of the report", i+1)
	}
}

// checkReport looks through a report and says in it what became of
// identifiers.
func (a *Activities) checkReport(ctx context.Context, e *evidence, r *eval.Report) error {
	c, err := a.leakCheck(e.setting, e.in.Documents)
	if err != nil {
		return err
	}
	if c != nil {
		c.report(*r, a.origin(ctx, e.in.Domain, e.candidate.Model), a.origin(ctx, e.in.Domain, e.champion.Model))
		if err := c.verdict(); err != nil {
			return err
		}
	}
	if note := a.leakNote(ctx, e, c); note != "" {
		r.Notes = append(r.Notes, note)
	}
	return nil
}

// leakNote says in a report what became of identifiers. It counts those of
// examples and answers; the report quotes them.
func (a *Activities) leakNote(ctx context.Context, e *evidence, c *leakCheck) string {
	if c == nil {
		return "De-identification was turned off: examples, answers and this report may name people, and no leak check was made."
	}
	if !c.warn {
		return "" // a leak has stopped the run
	}
	c.found = nil
	c.examples(e.labeled)
	for _, m := range []*contender{e.candidate, e.champion} {
		from := a.origin(ctx, e.in.Domain, m.Model)
		c.answers(m.dev, from)
		c.answers(m.test, from)
	}
	if len(c.found) == 0 {
		return ""
	}
	kinds, docs := map[string]int{}, []string{}
	for _, f := range c.found {
		kinds[strings.ToLower(string(f.kind))]++
		docs = append(docs, f.doc)
	}
	slices.Sort(docs)
	var parts []string
	for _, k := range counts(kinds) {
		parts = append(parts, fmt.Sprintf("%s %d", k.Name, k.Count))
	}
	return fmt.Sprintf("The leak check found what may be identifiers in the examples or answers of %d documents (%s), and ingest.deid.on_leak is warn.", len(slices.Compact(docs)), strings.Join(parts, ", "))
}
