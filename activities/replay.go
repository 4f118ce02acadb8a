package activities

import (
	"context"
	"fmt"
	"os"

	"adapt/config"
	"adapt/eval"
	"adapt/generate"
	"adapt/model"
	"adapt/tokenizer"
	"adapt/train"
)

// replayTokens is how much general text there is to replay at most. A training
// that replays more repeats it.
const replayTokens = 64 << 10

// heldOut is one in how many stretches of general text is not replayed but
// measured on.
const heldOut = 10

// replay returns up to most tokens of general text to replay and to measure forgetting on, as
// sequences of the model's. base must not be trained meanwhile.
func replay(ctx context.Context, base *model.Model, tok tokenizer.Tokenizer, c config.Config, most int, m *meter) (repeat, general []train.Sequence, err error) {
	var texts []string
	switch from := c.Train.Forgetting.Replay; from {
	case config.ReplayNone:
		return nil, nil, nil
	case config.ReplaySelf:
		texts, err = dream(ctx, base, tok, uint64(c.Seed), c.Train.MaxTokens, most, m)
	default:
		texts, err = stretches(from)
	}
	if err != nil {
		return nil, nil, err
	}
	tokens := 0
	for i, text := range texts {
		ids := append(append([]int32(nil), tok.Markers().Begin...), tok.Encode(text)...)
		s := train.Sequence{ID: fmt.Sprint("general/", i), IDs: ids[:min(len(ids), c.Train.MaxTokens+1)]}
		if i%heldOut == 0 {
			general = append(general, s)
		} else {
			repeat = append(repeat, s)
		}
		if tokens += len(s.IDs); tokens >= most {
			break
		}
	}
	return repeat, general, nil
}

// stretches cuts a text file into pieces of some hundred tokens.
func stretches(path string) ([]string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, badInput("train.forgetting.replay can not be read: %s; write self, none or the path of a text file", withoutPath(err))
	}
	return eval.Stretches(string(b), stretch), nil
}

// dream lets the base model write text of its own, from nothing: what it still
// knows is what it must not forget (self-synthesized rehearsal, Huang et al.
// 2024, arXiv:2403.01244).
func dream(ctx context.Context, base *model.Model, tok tokenizer.Tokenizer, seed uint64, length, most int, m *meter) ([]string, error) {
	t, err := together(base, tok, false)
	if err != nil {
		return nil, err
	}
	length = min(length, t.MaxTokens()-len(tok.Markers().Begin)-1)
	texts := make([]string, max(heldOut, most/length))
	m.say("writing general text to replay")
	m.start("texts", 0, len(texts))
	err = each(ctx, t.Parallel(), len(texts), func(ctx context.Context, i int) error {
		s, err := t.Begin(ctx)
		if err != nil {
			return err
		}
		defer s.Close()
		if err := s.(*generate.Session).Sample(generate.Sampling{Temperature: 1, Seed: seed<<20 + uint64(i)}); err != nil {
			return err
		}
		w, err := s.Write(length)
		texts[i] = w.Text
		m.add(1)
		return err
	})
	return texts, err
}
