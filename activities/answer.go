package activities

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"adapt/activities/api"
	"adapt/artifact"
	"adapt/config"
	"adapt/domains"
	"adapt/eval"
	"adapt/ingest"
	"adapt/label"
	"adapt/registry"
	"adapt/samples"
)

// answerVersion is part of the key under which answers are remembered. Count
// it up when decoding comes to give other answers.
const answerVersion = 2

// answer has a model read one part of the data set, document by document.
func (a *Activities) answer(ctx context.Context, in api.AnswerInput) (api.Answers, error) {
	return run(ctx, a, in.Job, "evaluate", func(ctx context.Context, m *meter) (api.Answers, error) {
		s, err := a.setting(in.Job)
		if err != nil {
			return api.Answers{}, err
		}
		docs, err := a.toAnswer(in, s.config)
		if err != nil {
			return api.Answers{}, err
		}
		key := registry.StepKey("answer", answerVersion, s.domain.Name(), s.domain.Version(), in.Model, in.Documents, in.Dataset, in.Split, len(docs))
		out, err := alone(ctx, a, key, func(ctx context.Context) (api.Answers, error) {
			m.say("%s on the %s documents", in.Part, in.Split)
			return a.answerAll(ctx, in.Model, s.domain, docs, key, m)
		})
		if err != nil {
			return out, err
		}
		return out, a.checkAnswers(ctx, s, in, out.Answers)
	})
}

// toAnswer returns the documents of a part, in order of ID, as many as the
// configuration allows.
func (a *Activities) toAnswer(in api.AnswerInput, c config.Config) ([]*ingest.Document, error) {
	all, err := a.documents(in.Documents)
	if err != nil {
		return nil, err
	}
	d, err := a.dataset(in.Dataset)
	if err != nil {
		return nil, err
	}
	docs := part(all, d, label.Split(in.Split))
	if n := c.Eval.MaxTest; n > 0 && in.Split == api.Test && len(docs) > n {
		docs = docs[:n]
	}
	return docs, nil
}

func (a *Activities) answerAll(ctx context.Context, ref artifact.Ref, d domains.Domain, docs []*ingest.Document, key string, m *meter) (api.Answers, error) {
	work, err := a.Home.Work("answer-" + key)
	if err != nil {
		return api.Answers{}, err
	}
	journal, err := openJournal(filepath.Join(work, "answers.jsonl"))
	if err != nil {
		return api.Answers{}, err
	}
	defer journal.close()
	model, err := a.reader(ref)
	if err != nil {
		return api.Answers{}, err
	}
	m.start("documents", len(journal.done), len(docs))
	err = each(ctx, model.Parallel(), len(docs), func(ctx context.Context, i int) error {
		if journal.has(docs[i].ID) {
			return nil
		}
		ans, err := d.Answer(ctx, model, docs[i])
		if err != nil {
			return err
		}
		m.add(1)
		return journal.write(ans)
	})
	if err != nil {
		return api.Answers{}, err
	}
	answers := make([]domains.Answer, len(docs))
	for i, doc := range docs {
		answers[i] = journal.done[doc.ID]
	}
	out, err := artifact.PutLines(a.store(), artifact.KindAnswers, answers)
	if err != nil {
		return api.Answers{}, err
	}
	return api.Answers{Answers: out, Documents: len(docs)}, os.RemoveAll(work)
}

// A journal keeps answers as they come, a line each, so that an evaluation
// that was killed goes on where it stopped.
type journal struct {
	mu   sync.Mutex
	file *os.File
	done map[string]domains.Answer
}

// openJournal reads the answers that are there. A last line that was cut off
// is dropped.
func openJournal(path string) (*journal, error) {
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	j := &journal{done: map[string]domains.Answer{}}
	whole := 0
	for {
		n := bytes.IndexByte(b[whole:], '\n')
		if n < 0 {
			break
		}
		var ans domains.Answer
		if json.Unmarshal(b[whole:whole+n], &ans) != nil {
			break
		}
		j.done[ans.DocID] = ans
		whole += n + 1
	}
	if j.file, err = os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
		return nil, err
	}
	if err := j.file.Truncate(int64(whole)); err != nil {
		return nil, errors.Join(err, j.file.Close())
	}
	if _, err := j.file.Seek(int64(whole), 0); err != nil {
		return nil, errors.Join(err, j.file.Close())
	}
	return j, nil
}

func (j *journal) has(doc string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	_, ok := j.done[doc]
	return ok
}

// write keeps an answer. What is kept in memory is what a reading of the line
// gives, so that a run and its resumption are the same.
func (j *journal) write(ans domains.Answer) error {
	line, err := json.Marshal(ans)
	if err != nil {
		return fmt.Errorf("keeping an answer: %w", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("keeping an answer: %w", err)
	}
	j.done[ans.DocID] = ans
	return nil
}

func (j *journal) close() error { return j.file.Close() }

// stretch is how many bytes of general text are measured at a time.
const stretch = 2048

// forgetting measures a model on general text.
func (a *Activities) forgetting(ctx context.Context, in api.ForgettingInput) (api.Forgotten, error) {
	return run(ctx, a, in.Job, "evaluate", func(ctx context.Context, m *meter) (api.Forgotten, error) {
		s, err := a.setting(in.Job)
		if err != nil {
			return api.Forgotten{}, err
		}
		text, err := generalText(s.config.Eval)
		if err != nil {
			return api.Forgotten{}, err
		}
		key := registry.StepKey("forgetting", answerVersion, in.Model, text, s.config.Eval.GeneralTokens)
		return once(ctx, a, key, func(ctx context.Context) (api.Forgotten, error) {
			m.say("reading general text")
			return a.measure(ctx, in.Model, text, s.config.Eval.GeneralTokens, m)
		})
	})
}

// measure reads stretches of the text until it has read maxTokens tokens.
func (a *Activities) measure(ctx context.Context, ref artifact.Ref, text string, maxTokens int, m *meter) (api.Forgotten, error) {
	model, err := a.reader(ref)
	if err != nil {
		return api.Forgotten{}, err
	}
	pieces := cutToTokens(model, eval.Stretches(text, stretch), maxTokens)
	m.start("stretches", 0, len(pieces))
	losses := make([]eval.LogLoss, len(pieces))
	err = each(ctx, model.Parallel(), len(pieces), func(ctx context.Context, i int) error {
		nats, n, err := model.LogLoss(ctx, pieces[i], model.MaxTokens())
		losses[i] = eval.LogLoss{Nats: nats, Tokens: n}
		m.add(1)
		return err
	})
	if err != nil {
		return api.Forgotten{}, err
	}
	ref, err = artifact.PutLines(a.store(), artifact.KindOutcomes, losses)
	return api.Forgotten{Losses: ref, Tokens: eval.SumLogLoss(losses).Tokens}, err
}

// cutToTokens keeps the first pieces that have maxTokens tokens together.
func cutToTokens(m domains.Model, pieces []string, maxTokens int) []string {
	n := 0
	for i, p := range pieces {
		if n >= maxTokens {
			return pieces[:i]
		}
		n += len(m.Tokenizer().Encode(p))
	}
	return pieces
}

// generalText returns the text for the forgetting check.
func generalText(c config.Eval) (string, error) {
	if c.GeneralText == config.GeneralSample {
		return samples.General(), nil
	}
	b, err := os.ReadFile(c.GeneralText)
	if err != nil {
		return "", badInput("eval.general_text can not be read: %s", withoutPath(err))
	}
	return string(b), nil
}
