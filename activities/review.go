package activities

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"

	"adapt/activities/api"
	"adapt/artifact"
	"adapt/config"
	"adapt/ingest"
	"adapt/ingest/deid"
	"adapt/label"
	"adapt/label/review"
	"adapt/registry"
	"adapt/tokenizer"
)

// reviewVersion is part of the key under which reviewed labels are remembered.
// Count it up when answers come to mean something else.
const reviewVersion = 1

// byDocument are answers by document, on whichever text of it.
type byDocument map[string][]registry.ReviewAnswer

func (a *Activities) answers(ctx context.Context, domain string) (byDocument, []registry.ReviewAnswer, error) {
	all, err := a.Registry.Answers(ctx, domain)
	by := byDocument{}
	for _, ans := range all {
		by[ans.Document] = append(by[ans.Document], ans)
	}
	return by, all, err
}

// on returns the answers on a document as its text is.
func (by byDocument) on(doc *ingest.Document) []registry.ReviewAnswer {
	all := by[doc.ID]
	if len(all) == 0 {
		return nil
	}
	hash := review.TextHash(doc.Text)
	return slices.DeleteFunc(slices.Clone(all), func(a registry.ReviewAnswer) bool { return a.TextHash != hash })
}

// reviewed puts what people answered, in this run or an earlier one, in the
// place of suggestions.
func (a *Activities) reviewed(ctx context.Context, in api.DocumentsInput, s setting, suggested api.Labeled) (api.Labeled, error) {
	by, all, err := a.answers(ctx, in.Domain)
	if err != nil || len(all) == 0 {
		return suggested, err
	}
	who := reviewers(s.config)
	key := registry.StepKey("review", reviewVersion, s.domain.Version(), suggested.Labeled, in.Documents, in.Base, s.config.Train.MaxTokens, who, len(all), all[len(all)-1].ID)
	return once(ctx, a, key, func(ctx context.Context) (api.Labeled, error) {
		tok, limit, err := a.tokenizer(in.Base, s.config.Train.MaxTokens)
		if err != nil {
			return api.Labeled{}, err
		}
		decided := 0
		var pairs []label.RatedPair
		out, err := a.relabeled(ctx, in.Documents, suggested.Labeled, func(doc *ingest.Document, l label.Labeled) (label.Labeled, error) {
			answers := by.on(doc)
			if len(answers) == 0 || l.Skipped != "" {
				return l, nil
			}
			o := review.Settle(answers, who)
			pairs = append(pairs, review.Pairs(answers)...)
			decided += len(o.Finals)
			return relabel(s, doc, l, o, tok, limit)
		})
		if err != nil || decided == 0 && len(pairs) == 0 && out.Labeled == suggested.Labeled {
			return suggested, err // the answers are of other documents, or of another text of these
		}
		out.Suggested, out.Reviewed, out.Teacher, out.Votes = suggested.Labeled, decided, suggested.Teacher, suggested.Votes
		if len(pairs) > 0 {
			out.Agreement, err = a.store().PutJSON(artifact.KindDataset, label.Agree(pairs))
		}
		return out, err
	})
}

// reviewers is how many people decide on each label.
func reviewers(c config.Config) int { return max(c.Label.Review.Who, 1) }

// relabeled stores what f makes of the labels of each document.
func (a *Activities) relabeled(ctx context.Context, documents, labeled artifact.Ref, f func(*ingest.Document, label.Labeled) (label.Labeled, error)) (out api.Labeled, err error) {
	w, err := a.store().Create(artifact.KindExamples)
	if err != nil {
		return out, err
	}
	defer w.Discard()
	err = a.eachLabeled(ctx, documents, labeled, func(doc *ingest.Document, l label.Labeled) error {
		l, err := f(doc, l)
		if err != nil {
			return err
		}
		countsOf(l).addTo(&out)
		return w.Line(l)
	})
	if err != nil {
		return out, err
	}
	out.Labeled, err = w.Keep()
	return out, err
}

// relabel makes a document's truth and examples anew after people's decisions.
// A document of which they say that it holds no other labels counts as
// annotated by them; else the suggestions that they have not decided on stay.
func relabel(s setting, doc *ingest.Document, l label.Labeled, o review.Outcome, tok tokenizer.Tokenizer, limit int) (label.Labeled, error) {
	origin := l.Truth.Origin
	if o.Complete {
		origin = label.OriginReview
	}
	return withSpans(s, doc, l, review.Apply(doc.Text, l.Truth.Spans, o), origin, tok, limit)
}

// withSpans labels a document as if a person had annotated these spans, and
// then says who did. A domain that takes its truth from the document's own
// words keeps its examples.
func withSpans(s setting, doc *ingest.Document, l label.Labeled, spans []label.Span, origin label.Origin, tok tokenizer.Tokenizer, limit int) (label.Labeled, error) {
	gold := make([]label.Gold, 0, len(spans)+1)
	for _, sp := range spans {
		gold = append(gold, label.Gold{Key: doc.Key, Category: sp.Category, Text: sp.Text, Start: sp.Start, Attrs: sp.Attrs})
	}
	if len(gold) == 0 { // no annotation at all would have the functions speak
		gold = append(gold, label.Gold{Key: doc.Key, Category: s.domain.Categories()[0], Absent: true})
	}
	out, err := s.domain.Label(doc, gold, tok, limit)
	if err != nil {
		return l, err
	}
	out.Votes = l.Votes
	if out.Skipped != "" {
		return out, nil
	}
	if out.Truth.Origin != label.OriginGold {
		out.Truth.Spans = spans
		if len(out.Examples) == 1 {
			out.Examples[0].Labels = map[string]int{}
			for _, sp := range spans {
				out.Examples[0].Labels[sp.Category]++
			}
		}
	}
	for i := range out.Truth.Spans {
		whose(&out.Truth.Spans[i], spans)
	}
	out.Truth.Origin = origin
	for i := range out.Examples {
		out.Examples[i].Origin = origin
	}
	return out, nil
}

// whose gives a span the origin and the confidence of the one that it was made
// of; of several that were joined, the most trusted.
func whose(s *label.Span, from []label.Span) {
	best := -1
	for i, f := range from {
		if f.Category == s.Category && f.Start < s.End && s.Start < f.End && (best < 0 || f.Origin == label.OriginReview && from[best].Origin != label.OriginReview) {
			best = i
		}
	}
	if best >= 0 {
		s.Origin, s.Confidence = from[best].Origin, from[best].Confidence
	}
}

// askReview chooses the labels that people are asked about, and marks the run
// as waiting for them. Where people have decided on enough labels already, it
// asks nothing.
func (a *Activities) askReview(ctx context.Context, in api.ReviewInput) (api.Asked, error) {
	return run(ctx, a, in.Job, "review", func(ctx context.Context, m *meter) (api.Asked, error) {
		s, err := a.setting(in.Job)
		if err != nil {
			return api.Asked{}, err
		}
		m.say("choosing what to ask")
		q, err := a.questions(ctx, in, s)
		if err != nil {
			return api.Asked{}, err
		}
		c := s.config.Label.Review
		tasks := review.Queue(q.open, review.Options{Count: c.Count - q.decided(), SpotChecks: c.SpotChecks, Seed: s.config.Seed})
		out := api.Asked{Wanted: min(c.Count, q.decided()+len(tasks)), Reviewed: q.decided()}
		if len(tasks) == 0 {
			return out, nil
		}
		sources, err := a.sources(ctx, in, s, tasks)
		if err != nil {
			return out, err
		}
		rev := registry.Review{RunID: in.RunID, Domain: in.Domain, Wanted: out.Wanted, Reviewers: reviewers(s.config), Deadline: in.Deadline, Elsewhere: q.decided()}
		for _, d := range sources {
			rev.Elsewhere -= q.finals[d.Document]
		}
		if err := a.Registry.OpenReview(ctx, rev, sources, tasks); err != nil {
			return out, err
		}
		return out, a.Registry.SetStatus(ctx, in.RunID, registry.StatusWaiting)
	})
}

// questions are what could be asked of a run's documents.
type questions struct {
	open   []review.Candidate
	finals map[string]int // labels that are decided, by document
}

func (q questions) decided() int {
	n := 0
	for _, k := range q.finals {
		n += k
	}
	return n
}

// questions reads documents and suggestions. What people annotated is not
// asked, nor what they have answered.
func (a *Activities) questions(ctx context.Context, in api.ReviewInput, s setting) (questions, error) {
	q := questions{finals: map[string]int{}}
	by, _, err := a.answers(ctx, in.Domain)
	if err != nil {
		return q, err
	}
	err = a.eachLabeled(ctx, in.Documents, in.Labeled, func(doc *ingest.Document, l label.Labeled) error {
		if l.Skipped != "" || l.Truth.Origin == label.OriginGold {
			return nil
		}
		o := review.Settle(by.on(doc), reviewers(s.config))
		if n := len(o.Finals); n > 0 {
			q.finals[doc.ID] = n
		}
		for _, it := range review.NewSource(doc, l).Items {
			if !o.Decides(it.LabelRange) {
				q.open = append(q.open, review.Candidate{Document: doc.ID, Item: it})
			}
		}
		return nil
	})
	return q, err
}

// sources stores the documents of the tasks with all their suggestions, in the
// order of their IDs. Where names are removed from texts, the names of their
// files, which may hold them, are left out too.
func (a *Activities) sources(ctx context.Context, in api.ReviewInput, s setting, tasks []registry.ReviewTask) ([]registry.ReviewDocument, error) {
	asked := map[string]bool{}
	for _, t := range tasks {
		asked[t.Document] = true
	}
	var docs []registry.ReviewDocument
	err := a.eachLabeled(ctx, in.Documents, in.Labeled, func(doc *ingest.Document, l label.Labeled) error {
		if !asked[doc.ID] {
			return nil
		}
		if namesRemoved(s) {
			nameless := *doc
			nameless.File, nameless.Key = "", ""
			doc = &nameless
		}
		src := review.NewSource(doc, l)
		ref, err := a.store().PutJSON(artifact.KindReview, src)
		docs = append(docs, registry.ReviewDocument{Document: doc.ID, TextHash: src.TextHash, Source: ref})
		return err
	})
	return docs, err
}

// namesRemoved reports whether the names of persons are removed from texts.
func namesRemoved(s setting) bool {
	c := s.config.Ingest
	if !c.Deidentify {
		return false
	}
	if len(c.Deid.Kinds) == 0 {
		return slices.Contains(s.domain.Deid().Kinds, deid.Name)
	}
	kinds, err := deid.ParseKinds(c.Deid.Kinds)
	return err != nil || slices.Contains(kinds, deid.Name)
}

// eachLabeled calls f for every document with its labels, of which one at a
// time is in memory: both lists are in the order of the documents' IDs.
func (a *Activities) eachLabeled(ctx context.Context, documents, labeled artifact.Ref, f func(*ingest.Document, label.Labeled) error) error {
	next, stop := iter.Pull2(artifact.Each[label.Labeled](a.store(), labeled))
	defer stop()
	for doc, err := range artifact.Each[*ingest.Document](a.store(), documents) {
		if err := cmp.Or(err, ctx.Err()); err != nil {
			return err
		}
		l, err, ok := next()
		if err != nil {
			return err
		}
		if !ok || l.DocID != doc.ID {
			return errors.New("the labels are not those of the documents")
		}
		if err := f(doc, l); err != nil {
			return err
		}
	}
	return nil
}

// countReview says how far people are.
func (a *Activities) countReview(ctx context.Context, job api.Job) (api.Reviewed, error) {
	return run(ctx, a, job, "review", func(ctx context.Context, _ *meter) (api.Reviewed, error) {
		t, err := review.Count(ctx, a.Registry, job.RunID)
		return api.Reviewed{Reviewed: t.Reviewed, Disputed: t.Disputed}, err
	})
}

// endReview closes the review; the run goes on.
func (a *Activities) endReview(ctx context.Context, job api.Job) (api.Reviewed, error) {
	return run(ctx, a, job, "review", func(ctx context.Context, _ *meter) (api.Reviewed, error) {
		if err := a.Registry.CloseReview(ctx, job.RunID); err != nil {
			return api.Reviewed{}, err
		}
		t, err := review.Count(ctx, a.Registry, job.RunID)
		if err != nil {
			return api.Reviewed{}, err
		}
		return api.Reviewed{Reviewed: t.Reviewed, Disputed: t.Disputed}, a.Registry.SetStatus(ctx, job.RunID, registry.StatusRunning)
	})
}
