package train

import (
	"fmt"
	"math"
	"strings"
)

// A Sequence is one example as tokens.
type Sequence struct {
	ID  string
	IDs []int32
	// Loss[i] weighs the prediction of IDs[i] from IDs[:i]; nil weighs all
	// tokens by one.
	Loss []float32
}

func (s *Sequence) weight(i int) float32 {
	if s.Loss == nil {
		return 1
	}
	return s.Loss[i]
}

// rows is how many rows the sequence takes in a step: its last token is only
// predicted.
func (s *Sequence) rows() int { return max(0, len(s.IDs)-1) }

// trained is the sum of the weights that reach the loss: the first token is
// predicted from nothing and never does.
func (s *Sequence) trained() float64 {
	sum := 0.0
	for i := 1; i < len(s.IDs); i++ {
		sum += float64(s.weight(i))
	}
	return sum
}

// prefix is the number of tokens before the first trained one.
func (s *Sequence) prefix() int {
	for i := 1; i < len(s.IDs); i++ {
		if s.weight(i) != 0 {
			return i
		}
	}
	return s.rows()
}

// cut returns the sequence without what is beyond the given number of rows.
func (s Sequence) cut(rows int) Sequence {
	s.IDs = s.IDs[:rows+1]
	if s.Loss != nil {
		s.Loss = s.Loss[:rows+1]
	}
	return s
}

// check reports what does not fit a vocabulary, or tokens and weights that do
// not fit each other.
func (s *Sequence) check(vocab int) error {
	if s.Loss != nil && len(s.Loss) != len(s.IDs) {
		return fmt.Errorf("train: %w: %s has %d tokens and %d weights", ErrData, s.ID, len(s.IDs), len(s.Loss))
	}
	for i, id := range s.IDs {
		if id < 0 || int(id) >= vocab {
			return fmt.Errorf("train: %w: %s has token %d, which is outside the vocabulary of %d", ErrData, s.ID, id, vocab)
		}
		if w := float64(s.weight(i)); !(w >= 0) || math.IsInf(w, 0) {
			return fmt.Errorf("train: %w: %s weighs token %d by %g", ErrData, s.ID, i, w)
		}
	}
	return nil
}

// sorted is what usable makes of a set of sequences.
type sorted struct {
	kept      []Sequence
	long      []string // IDs of those beyond MaxTokens
	silent    int      // left out: without any loss
	dropped   int      // left out: too long, or nothing to train on in what was left
	truncated int      // kept without their ends
}

// sortOut applies the configuration's rule to sequences that are too long and
// leaves out those without any loss.
func sortOut(seqs []Sequence, c Config) sorted {
	var out sorted
	for _, s := range seqs {
		switch long := s.rows() > c.MaxTokens; {
		case s.trained() == 0:
			out.silent++
		case !long:
			out.kept = append(out.kept, s)
		default:
			out.long = append(out.long, s.ID)
			if short := s.cut(c.MaxTokens); c.Overlength == truncate && short.trained() > 0 {
				out.kept, out.truncated = append(out.kept, short), out.truncated+1
			} else {
				out.dropped++
			}
		}
	}
	return out
}

// usable sorts sequences out, after checking them against a vocabulary.
func usable(seqs []Sequence, vocab int, c Config) (sorted, error) {
	for i := range seqs {
		if err := seqs[i].check(vocab); err != nil {
			return sorted{}, err
		}
	}
	out := sortOut(seqs, c)
	if len(out.long) > 0 && c.Overlength == raise {
		return sorted{}, fmt.Errorf("train: %w: %d sequences have more than %d tokens, first %s; raise train.max_tokens or set train.overlength to drop or truncate",
			ErrOverlength, len(out.long), c.MaxTokens, strings.Join(out.long[:min(3, len(out.long))], ", "))
	}
	return out, nil
}
