package activities

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"

	"adapt/activities/api"
	"adapt/artifact"
	"adapt/config"
	"adapt/domains"
	"adapt/ingest"
	"adapt/label"
	"adapt/label/review"
	"adapt/label/teacher"
	"adapt/registry"
)

// taughtVersion is part of the key under which a teacher's labels are
// remembered. Count it up when the way from answers to labels changes.
const taughtVersion = 1

// taught has a teacher propose labels, where the configuration names one, and
// puts those that the documents support beside the suggestions.
func (a *Activities) taught(ctx context.Context, in api.DocumentsInput, s setting, suggested api.Labeled, m *meter) (api.Labeled, error) {
	c := s.config.Label.Teacher
	if !c.On() {
		return suggested, nil
	}
	key := registry.StepKey("taught", taughtVersion, teacher.Version, s.domain.Version(), suggested.Labeled, in.Documents, in.Base,
		s.config.Train.MaxTokens, c.URL, c.Model, c.MaxDocuments, c.Use, s.domain.Categories())
	return alone(ctx, a, key, func(ctx context.Context) (api.Labeled, error) {
		client, err := a.teacher(c)
		if err != nil {
			return suggested, err
		}
		l := lesson{Activities: a, setting: s, client: client, dropped: map[string]int{}, labels: map[string][]label.Span{}}
		asked, err := l.pupils(ctx, in.Documents, suggested.Labeled, c.MaxDocuments)
		if err != nil {
			return suggested, err
		}
		if err := l.ask(ctx, asked, m); err != nil {
			return suggested, err
		}
		out, err := l.enter(ctx, in, suggested.Labeled)
		out.Votes = suggested.Votes
		out.Teacher = &api.Taught{Documents: len(asked), Proposed: l.proposed, Kept: l.kept, Dropped: reasonCounts(l.dropped)}
		return out, err
	})
}

// teacher returns a client with the key of the environment.
func (a *Activities) teacher(c config.Teacher) (*teacher.Client, error) {
	var key string
	if c.KeyEnv != "" {
		if key = os.Getenv(c.KeyEnv); key == "" {
			return nil, badInput("label.teacher.key_env names an environment variable that is not set where adapt runs; set it, and start the run again")
		}
	}
	client, err := teacher.NewClient(c.URL, c.Model, key, c.Timeout)
	if err != nil {
		return nil, badInput("label.teacher: %v", err)
	}
	return client, nil
}

// A lesson is one asking of a teacher about documents.
type lesson struct {
	*Activities
	setting setting
	client  *teacher.Client

	mu       sync.Mutex
	labels   map[string][]label.Span // that are supported, of each document that is asked about
	proposed int
	kept     int
	dropped  map[string]int
}

// pupils are the documents that the teacher is asked about: the first ones, by
// ID, that no person annotated.
func (l *lesson) pupils(ctx context.Context, documents, labeled artifact.Ref, most int) ([]*ingest.Document, error) {
	var asked []*ingest.Document
	err := l.eachLabeled(ctx, documents, labeled, func(doc *ingest.Document, made label.Labeled) error {
		if made.Skipped == "" && made.Truth.Origin != label.OriginGold && (most == 0 || len(asked) < most) {
			asked = append(asked, doc)
			l.labels[doc.ID] = nil
		}
		return nil
	})
	return asked, err
}

// ask asks about every window of the documents. What was answered before is
// not paid for again.
func (l *lesson) ask(ctx context.Context, asked []*ingest.Document, m *meter) error {
	type question struct {
		doc *ingest.Document
		at  label.Range
	}
	var questions []question
	for _, doc := range asked {
		for _, at := range teacher.Windows(doc.Text) {
			questions = append(questions, question{doc, at})
		}
	}
	c := l.setting.config.Label.Teacher
	m.say("asking the teacher at %s about %d de-identified documents", c.Host(), len(asked))
	m.start("questions", 0, len(questions))
	err := each(ctx, c.Concurrency, len(questions), func(ctx context.Context, i int) error {
		defer m.add(1)
		q := questions[i]
		answer, err := l.answer(ctx, q.doc, q.at)
		if err == nil {
			l.take(q.doc, q.at, answer)
		}
		return err
	})
	if errors.Is(err, teacher.ErrRefused) {
		return badInput("label.teacher: %v", err)
	}
	if err != nil {
		return fmt.Errorf("asking the teacher: %w", err)
	}
	return nil
}

// A taughtAnswer is what a teacher wrote about a part of a document. It names
// the document, so that it can be deleted with it.
type taughtAnswer struct {
	Document string `json:"document"`
	Answer   string `json:"answer"`
}

// answer asks about one window, or finds what was answered about it.
func (l *lesson) answer(ctx context.Context, doc *ingest.Document, at label.Range) (string, error) {
	c := l.setting.config.Label.Teacher
	messages := teacher.Messages(l.setting.domain.Categories(), doc.Text[at.Start:at.End])
	key := registry.StepKey("teacher", teacher.Version, c.URL, c.Model, doc.ID, messages)
	ref, err := once(ctx, l.Activities, key, func(ctx context.Context) (artifact.Ref, error) {
		text, err := l.client.Ask(ctx, messages)
		if err != nil {
			return artifact.Ref{}, err
		}
		return l.store().PutJSON(artifact.KindAnswers, taughtAnswer{doc.ID, text})
	})
	if err != nil {
		return "", err
	}
	var kept taughtAnswer
	err = l.store().JSON(ref, &kept)
	return kept.Answer, err
}

// take checks an answer against the document.
func (l *lesson) take(doc *ingest.Document, at label.Range, answer string) {
	spans, proposed, dropped := teacher.Check(answer, doc.Text, at, l.setting.domain.Categories())
	supported := spans
	if supporter, ok := l.setting.domain.(domains.Supporter); ok {
		supported = nil
		for _, s := range spans {
			if s, ok := supporter.Support(doc, s); ok {
				supported = append(supported, s)
			} else {
				dropped[teacher.Unsupported]++
			}
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.proposed += proposed
	l.kept += len(supported)
	for reason, n := range dropped {
		l.dropped[reason] += n
	}
	l.labels[doc.ID] = append(l.labels[doc.ID], supported...)
}

// enter puts the proposals beside the suggestions. Each is a vote; with use:
// train one that nobody else suggested is a label too. That the teacher, asked
// about a whole document, did not propose a suggested label is a vote against
// it, so that reviewers are asked about it first.
func (l *lesson) enter(ctx context.Context, in api.DocumentsInput, labeled artifact.Ref) (api.Labeled, error) {
	tok, limit, err := l.tokenizer(in.Base, l.setting.config.Train.MaxTokens)
	if err != nil {
		return api.Labeled{}, err
	}
	return l.relabeled(ctx, in.Documents, labeled, func(doc *ingest.Document, made label.Labeled) (label.Labeled, error) {
		proposals, asked := l.labels[doc.ID]
		if !asked {
			return made, nil
		}
		slices.SortFunc(proposals, review.ByPlace)
		fresh := slices.DeleteFunc(slices.Clone(proposals), func(p label.Span) bool { return overlaps(made.Truth.Spans, p) })
		votes := made.Votes
		for _, s := range made.Truth.Spans {
			votes = append(votes, label.Vote{Category: s.Category, Start: s.Start, End: s.End, Func: teacher.Func, Against: !overlaps(proposals, s)})
		}
		for _, p := range fresh {
			votes = append(votes, label.Vote{Category: p.Category, Start: p.Start, End: p.End, Func: teacher.Func})
		}
		if l.setting.config.Label.Teacher.Use == config.UseTrain && len(fresh) > 0 {
			spans := append(slices.Clone(made.Truth.Spans), fresh...)
			slices.SortStableFunc(spans, review.ByPlace)
			if made, err = withSpans(l.setting, doc, made, spans, made.Truth.Origin, tok, limit); err != nil {
				return made, err
			}
		}
		made.Votes = votes
		return made, nil
	})
}

func overlaps(spans []label.Span, s label.Span) bool {
	return slices.ContainsFunc(spans, func(o label.Span) bool { return o.Category == s.Category && o.Start < s.End && s.Start < o.End })
}

// reasonCounts lists what was dropped, by reason.
func reasonCounts(by map[string]int) []api.ReasonCount {
	var counts []api.ReasonCount
	for _, reason := range slices.Sorted(maps.Keys(by)) {
		counts = append(counts, api.ReasonCount{Reason: reason, Count: by[reason]})
	}
	return counts
}
